//! A secret as a plugin holds it: a handle that only the host can open.

use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
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

/// On the wire: `{"$sealed": "HANDLE"}`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(rename = "$sealed")]
    sealed: String,
}

impl<T> Serialize for Secret<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Wire { sealed: self.handle.clone() }.serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Wire::deserialize(deserializer).map(|wire| Self::from_handle(wire.sealed))
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
