//! Annotations that say who made an object: stack, address, and the token of its making.

use std::collections::BTreeMap;

use maps_sdk::{Context, Report};
use serde_json::{Map, Value, json};

const STACK: &str = "maps.dev/stack";
const ADDRESS: &str = "maps.dev/address";
const TOKEN: &str = "maps.dev/token";
/// What the keys of all of them begin with.
const PREFIX: &str = "maps.dev/";

/// Who makes an object.
#[derive(Clone, Copy)]
pub struct Maker<'a> {
    /// Of the stack.
    pub context: &'a Context,
    /// The resource.
    pub address: &'a str,
    /// What the making is told by.
    pub token: &'a str,
}

/// Writes the marks into an object.
pub fn mark(object: &mut Value, maker: Maker<'_>) {
    let Some(Value::Object(metadata)) = object.get_mut("metadata") else { return };
    let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
    if let Value::Object(annotations) = annotations {
        for (key, value) in [(STACK, maker.context.stack.as_str()), (ADDRESS, maker.address), (TOKEN, maker.token)] {
            annotations.insert(key.to_owned(), value.into());
        }
    }
}

/// Is a key one of ours?
pub fn is_mark(key: &str) -> bool {
    key.starts_with(PREFIX)
}

/// Annotations without the marks.
pub fn users(annotations: Option<&Value>) -> Map<String, Value> {
    let all = annotations.and_then(Value::as_object).cloned().unwrap_or_default();
    all.into_iter().filter(|(key, _)| !is_mark(key)).collect()
}

/// Reports labels and annotations that maps sets itself.
pub fn check(report: &mut Report, labels: &BTreeMap<String, String>, annotations: &BTreeMap<String, String>) {
    for (name, texts) in [("labels", labels), ("annotations", annotations)] {
        for key in texts.keys().filter(|key| is_mark(key)) {
            report.invalid(format!("{name}.{key}"), "reserved-key", "keys that begin with `maps.dev/` are set by maps");
        }
    }
}

/// Does a live object carry this token?
pub fn carries(live: &Value, token: &str) -> bool {
    annotation(live, TOKEN) == Some(token)
}

/// The token that a live object carries.
pub fn token(live: &Value) -> Option<String> {
    annotation(live, TOKEN).map(str::to_owned)
}

/// Whose a live object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// This resource's.
    Ours,
    /// Another resource's or stack's, in words.
    Another(String),
    /// It was made without maps.
    Nobody,
}

/// Whose is a live object?
pub fn owner(live: &Value, context: &Context, address: &str) -> Owner {
    let (stack, of) = (annotation(live, STACK), annotation(live, ADDRESS));
    match (stack, of) {
        (None, None) => Owner::Nobody,
        (Some(stack), Some(of)) if stack == context.stack && of == address => Owner::Ours,
        (stack, of) => Owner::Another(format!("\"{}\" of the stack {}", of.unwrap_or("?"), stack.unwrap_or("?"))),
    }
}

fn annotation<'v>(live: &'v Value, key: &str) -> Option<&'v str> {
    live.pointer("/metadata/annotations")?.get(key)?.as_str()
}
