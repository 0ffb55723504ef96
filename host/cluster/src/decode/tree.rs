//! A document as it was written: fields in order, also those that come twice, numbers as their digits.

use serde_json::{Map, Number, Value};

/// A value of a document.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tree {
    Null,
    Bool(bool),
    /// As it was written.
    Number(Box<str>),
    String(String),
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl Tree {
    /// The value, the last of fields with one name.
    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(bool) => Value::Bool(bool),
            Self::Number(digits) => number(&digits),
            Self::String(text) => Value::String(text),
            Self::Array(items) => Value::Array(items.into_iter().map(Self::into_value).collect()),
            Self::Object(fields) => {
                Value::Object(fields.into_iter().map(|(name, value)| (name, value.into_value())).collect::<Map<_, _>>())
            }
        }
    }

    /// What Go's `json` calls a value like this one.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }

    /// The last field of this name.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(fields) => fields.iter().rev().find(|(each, _)| each == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The paths of fields that come twice, as strict decoding words them.
    pub(super) fn duplicates(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.find_duplicates("", &mut found);
        found
    }

    fn find_duplicates(&self, path: &str, found: &mut Vec<String>) {
        match self {
            Self::Object(fields) => {
                for (index, (name, value)) in fields.iter().enumerate() {
                    let at = child(path, name);
                    if fields[..index].iter().any(|(before, _)| before == name) {
                        note(found, format!("duplicate field {at:?}"));
                    }
                    value.find_duplicates(&at, found);
                }
            }
            Self::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    item.find_duplicates(&format!("{path}[{index}]"), found);
                }
            }
            _ => {}
        }
    }
}

impl From<Value> for Tree {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(bool) => Self::Bool(bool),
            Value::Number(number) => Self::Number(number.to_string().into()),
            Value::String(text) => Self::String(text),
            Value::Array(items) => Self::Array(items.into_iter().map(Self::from).collect()),
            Value::Object(fields) => {
                Self::Object(fields.into_iter().map(|(name, value)| (name, Self::from(value))).collect())
            }
        }
    }
}

/// Adds what strict decoding finds, once, and no more than it tells.
pub(super) fn note(found: &mut Vec<String>, text: String) {
    if found.len() < 100 && !found.contains(&text) {
        found.push(text);
    }
}

/// The path of a field below `path`.
pub(super) fn child(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// A number where its type is not known: whole if it can be.
fn number(digits: &str) -> Value {
    digits.parse::<i64>().map_or_else(|_| float(digits), Value::from)
}

/// A floating point number, as Go writes it: without a point if it is whole.
pub(super) fn float(digits: &str) -> Value {
    match digits.parse::<f64>() {
        // 2^63 is exact as a float.
        Ok(float) if float.fract() == 0.0 && float.abs() < 9_223_372_036_854_775_808.0 => Value::from(float as i64),
        Ok(float) => Number::from_f64(float).map_or(Value::Null, Value::Number),
        Err(_) => Value::Null,
    }
}
