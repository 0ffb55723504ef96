//! From JSON to typed inputs, with paths in the errors and placeholders for what is not known yet.
//!
//! A plan checks inputs before all of them are known. So that a kind can do that with its ordinary
//! types, an unknown is decoded as a placeholder of the type that is asked for (an empty text, a
//! zero, a struct of placeholders), and put back where it was when the inputs are returned.

mod deserializer;
#[cfg(test)]
mod tests;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::problem::Problem;
use deserializer::{Decoder, Error, Trail};

const UNKNOWN: &str = "$unknown";

/// Is this `{"$unknown": true}`?
fn is_unknown(value: &Value) -> bool {
    matches!(value, Value::Object(map) if map.len() == 1 && map.get(UNKNOWN) == Some(&Value::Bool(true)))
}

/// Decodes what must be known by now. `what` says what it is, for the message.
pub(crate) fn strict<T: DeserializeOwned>(value: &Value, what: &str) -> Result<T, Problem> {
    decode(value, false).map_err(|error| error.into_problem(what))
}

/// Decodes what may hold unknowns, as placeholders.
pub(crate) fn tolerant<T: DeserializeOwned>(value: &Value, what: &str) -> Result<T, Problem> {
    decode(value, true).map_err(|error| error.into_problem(what))
}

fn decode<T: DeserializeOwned>(value: &Value, tolerant: bool) -> Result<T, Error> {
    T::deserialize(Decoder { value, trail: Trail::Root, tolerant })
}

/// The paths of all unknowns; the empty path if the whole is one.
pub(crate) fn unknown_paths(value: &Value) -> Vec<String> {
    fn walk(value: &Value, trail: Trail<'_>, found: &mut Vec<String>) {
        match value {
            unknown if is_unknown(unknown) => found.push(trail.path()),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    walk(item, Trail::Item(&trail, index), found);
                }
            }
            Value::Object(map) => {
                for (key, member) in map {
                    walk(member, Trail::Member(&trail, key), found);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(value, Trail::Root, &mut found);
    found
}

/// Puts the unknowns of `original` back over their placeholders.
pub(crate) fn restore_unknowns(original: &Value, decoded: &mut Value) {
    match (original, decoded) {
        (unknown, place) if is_unknown(unknown) => place.clone_from(unknown),
        (Value::Array(items), Value::Array(places)) => {
            for (item, place) in items.iter().zip(places) {
                restore_unknowns(item, place);
            }
        }
        (Value::Object(map), Value::Object(places)) => {
            for (key, member) in map {
                match places.get_mut(key) {
                    Some(place) => restore_unknowns(member, place),
                    // A placeholder that its type leaves out when it is empty.
                    None if !unknown_paths(member).is_empty() => {
                        places.insert(key.clone(), member.clone());
                    }
                    None => {}
                }
            }
        }
        _ => {}
    }
}

/// Removes members that are null: null and absent mean the same, and absent is what goes out.
pub(crate) fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.into_iter()
                .filter(|(_, member)| !member.is_null())
                .map(|(key, member)| (key, without_nulls(member)))
                .collect::<Map<_, _>>(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        plain => plain,
    }
}
