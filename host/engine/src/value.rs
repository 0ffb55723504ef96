//! The one value type: JSON, plus what only maps knows of a value — that it is not known yet, or
//! that it is secret.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::Error as _};
use serde_json::Number;

/// The key of the object that stands for an unknown where values cross as JSON.
pub const UNKNOWN_KEY: &str = "$unknown";
/// The key of the object that stands for a sealed secret where values cross to a guest.
pub const SEALED_KEY: &str = "$sealed";
/// The key of the object that stands for an encrypted secret at rest.
pub const ENCRYPTED_KEY: &str = "$encrypted";
/// What people see in place of a secret.
pub const SECRET_TEXT: &str = "«secret»";

/// A map of values, in the order of its keys so that equal values print equally.
pub type Map = BTreeMap<String, Value>;

/// A value of a stack, an input or an output.
///
/// Comparison looks through secrecy: a secret equals another when what they hold is equal.
/// `Debug` never shows a secret, and serialising one is an error: a secret leaves only through a
/// codec that the store or the runtime brings (see [`Value::map_secrets`]).
#[derive(Clone, Default)]
pub enum Value {
    /// JSON's null; for an input, the same as leaving it out.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// An integer or a finite float.
    Number(Number),
    /// Text.
    String(String),
    /// An ordered list.
    List(Vec<Value>),
    /// Names to values.
    Map(Map),
    /// Decided during apply.
    Unknown,
    /// Never shown, stored only encrypted. Never nested: see [`Value::secret`].
    Secret(Box<Value>),
}

impl Value {
    /// Marks a value as secret. Nothing changes for one that already is, and an unknown stays
    /// unknown: its secrecy is decided where it is made known, by the schema.
    pub fn secret(self) -> Self {
        match self {
            secret @ (Self::Secret(_) | Self::Unknown) => secret,
            plain => Self::Secret(Box::new(plain.revealed())),
        }
    }

    /// The value without any secret mark, at any depth. For comparing and for sinks only.
    pub fn revealed(self) -> Self {
        match self {
            Self::Secret(inner) => inner.revealed(),
            Self::List(items) => Self::List(items.into_iter().map(Self::revealed).collect()),
            Self::Map(map) => Self::Map(map.into_iter().map(|(k, v)| (k, v.revealed())).collect()),
            plain => plain,
        }
    }

    /// Looks through the secret mark at the top, if any.
    pub fn peek(&self) -> &Self {
        match self {
            Self::Secret(inner) => inner.peek(),
            plain => plain,
        }
    }

    /// Is this value, or anything in it, decided only during apply?
    pub fn has_unknown(&self) -> bool {
        match self {
            Self::Unknown => true,
            Self::Secret(inner) => inner.has_unknown(),
            Self::List(items) => items.iter().any(Self::has_unknown),
            Self::Map(map) => map.values().any(Self::has_unknown),
            _ => false,
        }
    }

    /// Is this value, or anything in it, secret?
    pub fn has_secret(&self) -> bool {
        match self {
            Self::Secret(_) => true,
            Self::List(items) => items.iter().any(Self::has_secret),
            Self::Map(map) => map.values().any(Self::has_secret),
            _ => false,
        }
    }

    /// The member of a map, looking through secrecy at the top of `self`.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self.peek() {
            Self::Map(map) => map.get(key),
            _ => None,
        }
    }

    /// The text of a string, looking through secrecy.
    pub fn as_str(&self) -> Option<&str> {
        match self.peek() {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The map, looking through secrecy.
    pub fn as_map(&self) -> Option<&Map> {
        match self.peek() {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// Replaces every secret, at any depth, by what `codec` makes of what it holds. This is the
    /// only way in which a secret leaves the model: encrypted for the store, as a handle for a guest.
    ///
    /// # Errors
    /// The codec's, at the first secret that it cannot take.
    pub fn map_secrets<E>(self, codec: &mut impl FnMut(Self) -> Result<Self, E>) -> Result<Self, E> {
        Ok(match self {
            Self::Secret(inner) => codec(*inner)?,
            Self::List(items) => Self::List(items.into_iter().map(|v| v.map_secrets(codec)).collect::<Result<_, _>>()?),
            Self::Map(map) => {
                Self::Map(map.into_iter().map(|(k, v)| Ok((k, v.map_secrets(codec)?))).collect::<Result<_, E>>()?)
            }
            plain => plain,
        })
    }

    /// The value as people may see it: JSON with `«secret»` and `«unknown»` in their places.
    pub fn redacted(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match self {
            Self::Null => Json::Null,
            Self::Bool(b) => Json::Bool(*b),
            Self::Number(n) => Json::Number(n.clone()),
            Self::String(s) => Json::String(s.clone()),
            Self::List(items) => Json::Array(items.iter().map(Self::redacted).collect()),
            Self::Map(map) => Json::Object(map.iter().map(|(k, v)| (k.clone(), v.redacted())).collect()),
            Self::Unknown => Json::String("«unknown»".to_owned()),
            Self::Secret(_) => Json::String(SECRET_TEXT.to_owned()),
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self.peek(), other.peek()) {
            (Self::Null, Self::Null) | (Self::Unknown, Self::Unknown) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => {
                // Two integers are compared exactly; as doubles large ones would look equal.
                a == b || (a.is_f64() || b.is_f64()) && a.as_f64() == b.as_f64()
            }
            (Self::String(a), Self::String(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => a == b,
            _ => false,
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.redacted(), f)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(b) => serializer.serialize_bool(*b),
            Self::Number(n) => n.serialize(serializer),
            Self::String(s) => serializer.serialize_str(s),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(map) => serializer.collect_map(map),
            Self::Unknown => serializer.collect_map([(UNKNOWN_KEY, true)]),
            Self::Secret(_) => Err(S::Error::custom("a secret is encrypted or sealed before it is written")),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from(serde_json::Value::deserialize(deserializer)?))
    }
}

/// JSON as maps reads it: `{"$unknown": true}` becomes an unknown; `$sealed` and `$encrypted`
/// stay as they are, for the codec that knows them.
impl From<serde_json::Value> for Value {
    fn from(json: serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match json {
            Json::Null => Self::Null,
            Json::Bool(b) => Self::Bool(b),
            Json::Number(n) => Self::Number(n),
            Json::String(s) => Self::String(s),
            Json::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Json::Object(map) if map.len() == 1 && map.get(UNKNOWN_KEY) == Some(&Json::Bool(true)) => Self::Unknown,
            Json::Object(map) => Self::Map(map.into_iter().map(|(k, v)| (k, Self::from(v))).collect()),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number.into())
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Self::List(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_equal_when_they_are_the_same_number() {
        let number = |n: Number| Value::Number(n);
        assert_eq!(number(1.into()), Value::from(serde_json::json!(1.0)));
        assert_ne!(number(u64::MAX.into()), number((u64::MAX - 1).into()));
        assert_ne!(number(i64::MAX.into()), number((i64::MAX - 1).into()));
    }
}
