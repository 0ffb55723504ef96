//! A secret as a plugin holds it: a handle that only the host can open.

use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::schema::SECRET;

/// A sealed value. It can be passed on, as a whole, to where the manifest allows it (a `sink` of
/// an http rule, an output, a checkpoint); what it holds cannot be read, compared or measured.
///
/// `T` is what the host finds in it, and shapes the schema only. Fields of this type are marked
/// `x-maps-secret` by themselves. A handle lives for one call: never keep its text.
pub struct Secret<T = String> {
    handle: String,
    holds: PhantomData<fn() -> T>,
}

impl<T> Secret<T> {
    /// The secret that a handle from the host stands for.
    pub fn from_handle(handle: impl Into<String>) -> Self {
        Self { handle: handle.into(), holds: PhantomData }
    }

    /// The handle, for a capability that takes one.
    pub fn handle(&self) -> &str {
        &self.handle
    }
}

impl<T> Clone for Secret<T> {
    fn clone(&self) -> Self {
        Self::from_handle(self.handle.clone())
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("«secret»")
    }
}

/// The one member that it has on the wire: `{"$sealed": "HANDLE"}`.
const SEALED: &str = "$sealed";

/// What is told of anything else, and none of it: it may be the secret itself, in clear.
const CLEAR: &str = "a secret is needed, and this is a value in clear: refer to an output that is a secret, or to an \
                     input of the stack with `secret: true`";

impl<T> Serialize for Secret<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut wire = serializer.serialize_struct("Secret", 1)?;
        wire.serialize_field(SEALED, &self.handle)?;
        wire.end()
    }
}

impl<'de, T> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct("Secret", &[SEALED], Wire).map(Self::from_handle)
    }
}

/// Reads a handle. The visitor's own methods would quote what they do not take, so that each is here.
struct Wire;

/// Methods that refuse, without a word about what is there.
macro_rules! refuse {
    ($($method:ident($kind:ty);)*) => {$(
        fn $method<E: de::Error>(self, _: $kind) -> Result<String, E> {
            Err(E::custom(CLEAR))
        }
    )*};
}

impl<'de> Visitor<'de> for Wire {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret")
    }

    refuse! {
        visit_bool(bool);
        visit_i64(i64);
        visit_u64(u64);
        visit_i128(i128);
        visit_u128(u128);
        visit_f64(f64);
        visit_char(char);
        visit_str(&str);
        visit_bytes(&[u8]);
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<String, A::Error> {
        Err(de::Error::custom(CLEAR))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<String, A::Error> {
        let clear = || de::Error::custom(CLEAR);
        // Keys may be what is secret, too.
        if members.next_key::<String>()?.is_none_or(|key| key != SEALED) {
            return Err(clear());
        }
        let handle = members.next_value()?;
        if members.next_key::<IgnoredAny>()?.is_some() { Err(clear()) } else { Ok(handle) }
    }
}

impl<T: JsonSchema> JsonSchema for Secret<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Secret_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = T::json_schema(generator);
        schema.insert(SECRET.to_owned(), true.into());
        schema
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::decode;

    #[derive(Debug, Deserialize)]
    struct Config {
        #[serde(rename = "cluster")]
        _cluster: Secret,
    }

    #[test]
    fn a_handle_goes_there_and_back() {
        let wire = json!({"$sealed": "h1"});
        let secret: Secret = serde_json::from_value(wire.clone()).unwrap();
        assert_eq!((secret.handle(), serde_json::to_value(&secret).unwrap()), ("h1", wire));
    }

    #[test]
    fn a_secret_in_clear_is_refused_by_its_place_and_never_quoted() {
        for clear in [
            json!("hunter2"),
            json!(424_242),
            json!(-424_242),
            json!(4242.42),
            json!(true),
            json!(["hunter2"]),
            json!({"hunter2": 424_242}),
            json!({"$sealed": "hunter2", "more": 1}),
        ] {
            let config = json!({ "cluster": clear });
            let strict = decode::strict::<Config>(&config, "config").unwrap_err();
            let tolerant = decode::tolerant::<Config>(&config, "config").unwrap_err();
            for problem in [strict, tolerant] {
                assert_eq!(problem.message, format!("config: {CLEAR}"), "{clear}");
                assert_eq!(problem.path.as_deref(), Some("cluster"), "{clear}");
            }
        }
    }
}
