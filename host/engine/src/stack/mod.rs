//! `stack.yaml` and what it includes: parsed, with spans, into a [`Stack`].

mod build;
mod check;
mod credentials;
mod embed;
mod inputs;
mod load;
mod model;
mod options;
mod parse;
mod position;
mod read;
mod resources;
mod scalar;
mod settings;
pub(crate) mod yaml;

pub use inputs::{Parameters, Plant};
pub use load::{MAX_INCLUDES, SourceError, Sources};
pub use model::*;
pub use parse::Parsed;
pub use resources::{MAX_DEPENDENCIES, MAX_RESOURCES, UNFOLDING_BUDGET};
pub use yaml::{MAX_DEPTH, MAX_FILE_BYTES, MAX_NODES};

use crate::value::{ENCRYPTED_KEY, SEALED_KEY, UNKNOWN_KEY, Value};

/// Keys that stand for something else where values cross as JSON, as the only key of a map.
pub(crate) const RESERVED_KEYS: [&str; 3] = [UNKNOWN_KEY, SEALED_KEY, ENCRYPTED_KEY];

/// The reserved key of a map in `value`, if there is one. Text from outside that is turned into a
/// value must have none: it could claim to be a secret's handle.
pub fn reserved_key(value: &Value) -> Option<&'static str> {
    match value {
        Value::Map(map) => {
            let only = if map.len() == 1 { map.keys().next() } else { None };
            let reserved = only.and_then(|key| RESERVED_KEYS.into_iter().find(|reserved| reserved == key));
            reserved.or_else(|| map.values().find_map(reserved_key))
        }
        Value::List(items) => items.iter().find_map(reserved_key),
        Value::Secret(inner) => reserved_key(inner),
        _ => None,
    }
}
