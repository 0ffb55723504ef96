//! Request bodies: JSON objects of a known shape, what is unknown in them passed over as the API does.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::answer::Refusal;
use crate::service::Call;

/// A body that must be there.
pub(super) fn required<T: DeserializeOwned>(call: &Call) -> Result<T, Refusal> {
    if call.body.is_empty() {
        return Err(Refusal::bad_request("the request body is missing"));
    }
    parse(call)
}

/// A body that may be left out.
pub(super) fn optional<T: DeserializeOwned + Default>(call: &Call) -> Result<T, Refusal> {
    if call.body.is_empty() { Ok(T::default()) } else { parse(call) }
}

fn parse<T: DeserializeOwned>(call: &Call) -> Result<T, Refusal> {
    let value: Value = serde_json::from_slice(&call.body)
        .map_err(|error| Refusal::bad_request(format!("the request body is not valid JSON: {error}")))?;
    // Serde would take a list for a struct, field by field.
    if !value.is_object() {
        return Err(Refusal::bad_request("the request body must be a JSON object"));
    }
    T::deserialize(value).map_err(|error| Refusal::bad_request(format!("the request body does not fit: {error}")))
}
