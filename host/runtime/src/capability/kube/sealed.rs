//! Secrets in objects: opened on their way to the server where a Secret has them, sealed in everything that
//! comes back.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maps_engine::{Class, Problem, Value};
use serde_json::{Map, Value as Json, json};

use crate::capability::http::sealed;
use crate::scope::CallScope;

/// What holds bytes that are no text: `{"base64": …}`, sealed as a whole.
const BYTES: &str = "base64";
/// Where `kubectl apply` keeps the object that it was last given, its secrets as well.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Is it a Secret of the core group?
pub(super) fn is_secret(group: &str, kind: &str) -> bool {
    group.is_empty() && kind == "Secret"
}

/// A Secret as the server takes it: what was sealed is encoded, and what is in `stringData` stands in `data`,
/// since a field manager owns what it applied and the server keeps `data` alone.
///
/// `raw` is as the guest wrote it. A text there that repeats a secret is marked as one, and is a text all the same.
pub(super) fn opened(object: &Value, raw: &Json) -> Result<Json, Problem> {
    let mut json = plain(object)?;
    let Value::Map(members) = object.peek() else { return Ok(json) };
    let mut data = Map::new();
    for (part, is_text) in [("data", false), ("stringData", true)] {
        let Some(Value::Map(values)) = members.get(part).map(Value::peek) else { continue };
        for (key, value) in values {
            let place = format!("{part}.{key}");
            let is_sealed = raw.get(part).and_then(|values| values.get(key)).is_some_and(Json::is_object);
            data.insert(key.clone(), Json::String(encoded(value, is_sealed, is_text, &place)?));
        }
    }
    if let Some(object) = json.as_object_mut() {
        let there = object.remove("stringData").is_some() | object.contains_key("data");
        if there {
            object.insert("data".to_owned(), Json::Object(data));
        }
    }
    Ok(json)
}

/// An object with its secrets in clear, for the server alone.
pub(super) fn plain(object: &Value) -> Result<Json, Problem> {
    serde_json::to_value(object.clone().revealed()).map_err(|error| super::internal(&error.to_string()))
}

fn encoded(value: &Value, is_sealed: bool, is_text: bool, place: &str) -> Result<String, Problem> {
    match value.peek() {
        Value::String(text) if is_sealed || is_text => Ok(STANDARD.encode(text)),
        Value::String(encoded) => Ok(encoded.clone()),
        Value::Map(map) if is_sealed && map.len() == 1 => match map.get(BYTES).and_then(Value::as_str) {
            Some(encoded) => Ok(encoded.to_owned()),
            None => Err(misfit(place)),
        },
        Value::Number(number) if is_sealed => Ok(STANDARD.encode(number.to_string())),
        Value::Bool(truth) if is_sealed => Ok(STANDARD.encode(truth.to_string())),
        // Of a value that is left empty the server makes an empty one.
        Value::Null if !is_sealed => Ok(String::new()),
        _ => Err(misfit(place)),
    }
}

fn misfit(place: &str) -> Problem {
    let message = format!("`{place}` of the Secret is no text");
    Problem::new(Class::Invalid, "secret-not-text", message)
        .help("values of `data` are base64, those of `stringData` text, or sealed")
}

/// What a Secret holds, and the annotation that would repeat it, taken out of it with their places.
pub(super) fn take(object: &mut Json) -> Vec<(String, Value)> {
    let mut held = Vec::new();
    for part in ["data", "stringData"] {
        let Some(values) = object.get_mut(part).filter(|values| !values.is_null()) else { continue };
        let Some(map) = values.as_object_mut() else {
            held.push((format!("/{part}"), Value::from(values.take())));
            continue;
        };
        for (key, value) in map {
            let taken = value.take();
            let value = match (part, taken.as_str()) {
                ("data", Some(encoded)) => decoded(encoded),
                _ => Value::from(taken),
            };
            held.push((format!("/{part}/{}", token(key)), value));
        }
    }
    let annotations = object.pointer_mut("/metadata/annotations").and_then(Json::as_object_mut);
    if let Some(kept) = annotations.and_then(|annotations| annotations.get_mut(LAST_APPLIED)) {
        held.push((format!("/metadata/annotations/{}", token(LAST_APPLIED)), Value::from(kept.take())));
    }
    held
}

/// Puts back what was taken out, sealed.
pub(super) fn put(scope: &CallScope, object: &mut Json, held: Vec<(String, Value)>) {
    for (place, value) in held {
        // A key that repeats a secret was scrubbed meanwhile, and what stood under it stays out.
        if let Some(there) = object.pointer_mut(&place) {
            *there = sealed(scope, value);
        }
    }
}

/// A key as a JSON pointer has it.
fn token(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// What base64 stands for: a text, or bytes that are none. What is no base64 is sealed as it is.
fn decoded(encoded: &str) -> Value {
    match STANDARD.decode(encoded).map(String::from_utf8) {
        Ok(Ok(text)) => Value::String(text),
        Ok(Err(_)) => Value::from(json!({BYTES: encoded})),
        Err(_) => Value::from(encoded),
    }
}
