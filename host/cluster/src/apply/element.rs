//! One step of a path into an object, in the notations of `fieldsV1` and of refusals.

use std::cmp::Ordering;
use std::fmt;

use serde_json::{Map, Value};

use crate::patch::printed;

/// One step: which child of an object or of a list.
#[derive(Debug, Clone)]
pub(super) enum Element {
    /// `f:name`: a field.
    Field(String),
    /// `k:{"name":"a"}`: the item with these fields, sorted by name.
    Key(Vec<(String, Value)>),
    /// `v:"a"`: this item of a set.
    Value(Value),
    /// `i:0`: the item at this place.
    Index(i64),
}

/// Why the text of an element is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// A kind of element that a later server may know; it is dropped.
    Unknown,
    /// No element.
    Malformed,
}

impl Element {
    /// A field.
    pub(super) fn field(name: impl Into<String>) -> Self {
        Self::Field(name.into())
    }

    /// As a key of `fieldsV1`.
    pub(super) fn encoded(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Key(fields) => {
                let fields: Map<String, Value> = fields.iter().cloned().collect();
                format!("k:{}", Value::Object(fields))
            }
            Self::Value(value) => format!("v:{value}"),
            Self::Index(index) => format!("i:{index}"),
        }
    }

    /// From a key of `fieldsV1`.
    pub(super) fn decode(text: &str) -> Result<Self, Unreadable> {
        let (kind, rest) = text.split_once(':').filter(|(kind, _)| kind.len() == 1).ok_or(Unreadable::Malformed)?;
        let json = || serde_json::from_str::<Value>(rest).map_err(|_| Unreadable::Malformed);
        match kind {
            "f" => Ok(Self::Field(rest.to_owned())),
            "v" => Ok(Self::Value(json()?)),
            "i" => rest.parse().map(Self::Index).map_err(|_| Unreadable::Malformed),
            "k" => match json()? {
                Value::Object(fields) => Ok(Self::key(fields)),
                _ => Err(Unreadable::Malformed),
            },
            _ => Err(Unreadable::Unknown),
        }
    }

    /// The item with these fields.
    pub(super) fn key(fields: impl IntoIterator<Item = (String, Value)>) -> Self {
        let mut fields: Vec<(String, Value)> = fields.into_iter().collect();
        fields.sort_by(|(one, _), (other, _)| one.cmp(other));
        Self::Key(fields)
    }
}

/// As refusals print it: `.spec`, `[name="a"]`, `[="a"]`, `[0]`.
impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Key(fields) => {
                let fields: Vec<String> =
                    fields.iter().map(|(name, value)| format!("{name}={}", shown(value))).collect();
                write!(f, "[{}]", fields.join(","))
            }
            Self::Value(value) => write!(f, "[={}]", shown(value)),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// A path as refusals print it: `.spec.containers[name="a"].image`.
pub(super) fn shown_path(path: &[Element]) -> String {
    path.iter().map(ToString::to_string).collect()
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::String(text) => format!("{text:?}"),
        other => printed(other),
    }
}

impl PartialEq for Element {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Element {}

impl PartialOrd for Element {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Fields come first, then keys, values and indices.
impl Ord for Element {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Field(one), Self::Field(other)) => one.cmp(other),
            (Self::Key(one), Self::Key(other)) => {
                let pairs = one.iter().zip(other).map(|((name, value), (other_name, other_value))| {
                    name.cmp(other_name).then_with(|| compare(value, other_value))
                });
                pairs.fold(Ordering::Equal, Ordering::then).then(one.len().cmp(&other.len()))
            }
            (Self::Value(one), Self::Value(other)) => compare(one, other),
            (Self::Index(one), Self::Index(other)) => one.cmp(other),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl Element {
    fn rank(&self) -> u8 {
        match self {
            Self::Field(_) => 0,
            Self::Key(_) => 1,
            Self::Value(_) => 2,
            Self::Index(_) => 3,
        }
    }
}

/// A total order of values: numbers, texts, booleans, lists, objects, null.
pub(super) fn compare(one: &Value, other: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Number(_) => 0,
        Value::String(_) => 1,
        Value::Bool(_) => 2,
        Value::Array(_) => 3,
        Value::Object(_) => 4,
        Value::Null => 5,
    };
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => a.as_f64().unwrap_or(f64::MAX).total_cmp(&b.as_f64().unwrap_or(f64::MAX)),
        },
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Array(a), Value::Array(b)) => {
            let items = a.iter().zip(b).map(|(a, b)| compare(a, b));
            items.fold(Ordering::Equal, Ordering::then).then(a.len().cmp(&b.len()))
        }
        (Value::Object(a), Value::Object(b)) => {
            let (mut a, mut b): (Vec<_>, Vec<_>) = (a.iter().collect(), b.iter().collect());
            a.sort_by_key(|(name, _)| *name);
            b.sort_by_key(|(name, _)| *name);
            let fields = a.iter().zip(&b).map(|((name, value), (other_name, other_value))| {
                name.cmp(other_name).then_with(|| compare(value, other_value))
            });
            fields.fold(Ordering::Equal, Ordering::then).then(a.len().cmp(&b.len()))
        }
        _ => rank(one).cmp(&rank(other)),
    }
}

/// Whether two values are the same; `1` and `1.0` are.
pub(super) fn equal(one: &Value, other: &Value) -> bool {
    compare(one, other) == Ordering::Equal
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn elements_are_read_and_written() {
        let cases = [
            ("f:spec", ".spec"),
            ("f:app.kubernetes.io/name", ".app.kubernetes.io/name"),
            (r#"k:{"containerPort":80,"protocol":"TCP"}"#, r#"[containerPort=80,protocol="TCP"]"#),
            (r#"v:"a""#, r#"[="a"]"#),
            ("v:1", "[=1]"),
            ("v:true", "[=true]"),
            ("v:null", "[=null]"),
            ("i:3", "[3]"),
        ];
        for (text, shown) in cases {
            let element = Element::decode(text);
            assert_eq!(element.as_ref().map(Element::encoded), Ok(text.to_owned()));
            assert_eq!(element.map(|element| element.to_string()), Ok(shown.to_owned()));
        }
        for (text, why) in [
            ("", Unreadable::Malformed),
            ("spec", Unreadable::Malformed),
            ("x:spec", Unreadable::Unknown),
            ("k:1", Unreadable::Malformed),
            ("v:{", Unreadable::Malformed),
            ("i:a", Unreadable::Malformed),
        ] {
            assert_eq!(Element::decode(text), Err(why), "{text}");
        }
    }

    #[test]
    fn elements_have_an_order() {
        let ordered = [
            "f:a",
            "f:b",
            r#"k:{"a":1}"#,
            r#"k:{"a":1,"b":2}"#,
            r#"k:{"a":2}"#,
            "v:1",
            "v:1.5",
            "v:2",
            r#"v:"a""#,
            "v:false",
            "v:true",
            "i:0",
            "i:1",
        ];
        let elements: Vec<Element> = ordered.iter().filter_map(|text| Element::decode(text).ok()).collect();
        assert_eq!(elements.len(), ordered.len());
        for pair in elements.windows(2) {
            assert!(pair.first() < pair.last(), "{pair:?}");
        }
        assert!(equal(&json!({"a": [1]}), &json!({"a": [1.0]})));
    }
}
