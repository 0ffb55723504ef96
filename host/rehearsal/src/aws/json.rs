//! Input and output of the JSON protocol.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::context::Context;
use super::refusal::Refusal;
use crate::service::Answer;

/// Reads an operation's input; what has the wrong type is refused.
pub(super) fn input<T: DeserializeOwned>(context: &Context<'_, '_>) -> Result<T, Refusal> {
    let body = if context.call.body.is_empty() { &b"{}"[..] } else { &context.call.body };
    serde_json::from_slice(body).map_err(|error| Refusal::bad("SerializationException", error.to_string()))
}

/// An operation's output.
pub(super) fn output(body: &Value) -> Answer {
    Answer::of(StatusCode::OK, "application/x-amz-json-1.1", body.to_string())
}

/// A field that has to be there.
pub(super) fn need<'f>(field: &'f Option<String>, name: &str) -> Result<&'f str, Refusal> {
    field.as_deref().ok_or_else(|| {
        invalid(&format!("Value null at '{name}' failed to satisfy constraint: Member must not be null"))
    })
}

/// Input that does not fit the service's model.
pub(super) fn invalid(why: &str) -> Refusal {
    Refusal::bad("ValidationException", format!("1 validation error detected: {why}"))
}

/// A number within bounds, or what stands for none.
pub(super) fn bounded(given: Option<usize>, name: &str, default: usize, most: usize) -> Result<usize, Refusal> {
    match given.unwrap_or(default) {
        0 => Err(invalid(&format!(
            "Value '0' at '{name}' failed to satisfy constraint: Member must have value greater than or equal to 1"
        ))),
        number if number > most => Err(invalid(&format!(
            "Value '{number}' at '{name}' failed to satisfy constraint: Member must have value less than or equal to {most}"
        ))),
        number => Ok(number),
    }
}

/// Bytes of a blob.
pub(super) fn blob(text: &str) -> Result<Vec<u8>, Refusal> {
    STANDARD.decode(text).map_err(|_| Refusal::bad("SerializationException", "A blob is not base64."))
}

/// A blob of bytes.
pub(super) fn encoded(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Milliseconds as the seconds of a timestamp.
pub(super) fn timestamp(ms: u64) -> Value {
    // Milliseconds of this era are exact in a double.
    json!(ms as f64 / 1000.0)
}

/// A place in a list as the opaque token of its next page.
pub(super) fn token(place: &str) -> String {
    STANDARD.encode(place)
}

/// The place that a token names.
pub(super) fn place(token: Option<&String>, code: &'static str) -> Result<String, Refusal> {
    let Some(token) = token else { return Ok(String::new()) };
    let place = STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    place.ok_or_else(|| Refusal::bad(code, "The specified token isn't valid."))
}

/// A tag on the wire, in either spelling.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Tag {
    #[serde(rename = "Key", alias = "TagKey")]
    pub(super) key: String,
    #[serde(rename = "Value", alias = "TagValue", default)]
    pub(super) value: String,
}

/// Tags by key.
pub(super) fn tags(list: Vec<Tag>) -> BTreeMap<String, String> {
    list.into_iter().map(|tag| (tag.key, tag.value)).collect()
}
