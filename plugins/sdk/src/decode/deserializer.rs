//! A serde deserializer over JSON that tracks its path, and answers placeholders for unknowns.

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, Expected, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Value;

use super::is_unknown;
use crate::problem::Problem;

/// Where a decoder stands, as a chain of its callers' frames.
#[derive(Clone, Copy)]
pub(super) enum Trail<'a> {
    Root,
    Member(&'a Trail<'a>, &'a str),
    Item(&'a Trail<'a>, usize),
}

impl Trail<'_> {
    pub(super) fn path(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Member(Trail::Root, key) => (*key).to_owned(),
            Self::Member(parent, key) => format!("{}.{key}", parent.path()),
            Self::Item(parent, index) => format!("{}[{index}]", parent.path()),
        }
    }
}

/// What does not fit, and where.
#[derive(Debug)]
pub(super) struct Error {
    message: String,
    /// A member of the object at hand, which is not part of the path yet.
    member: Option<&'static str>,
    path: Option<String>,
}

impl Error {
    /// Says where, unless something further in already did.
    fn at(mut self, trail: Trail<'_>) -> Self {
        if self.path.is_none() {
            self.path = Some(match self.member.take() {
                Some(member) => Trail::Member(&trail, member).path(),
                None => trail.path(),
            });
        }
        self
    }

    /// As a problem; `what` says what was decoded.
    pub(super) fn into_problem(self, what: &str) -> Problem {
        let problem = Problem::invalid("wrong-shape", format!("{what}: {}", self.message));
        match self.path.or_else(|| self.member.map(str::to_owned)) {
            Some(path) if !path.is_empty() => problem.at(path),
            _ => problem,
        }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self { message: message.to_string(), member: None, path: None }
    }

    // Serde's own words for these quote the value, and nobody knows whether it is one to be shown: a secret may
    // stand in clear in the wrong place.

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("this is {}, and {expected} is needed", shape(found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("this is {} that does not fit: {expected} is needed", shape(found)))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(format_args!("this is none of what it may be: {}", expected.join(", ")))
    }

    fn missing_field(field: &'static str) -> Self {
        Self { message: format!("`{field}` is missing"), member: Some(field), path: None }
    }
}

/// What is said where a secret stands and its type takes none.
const SECRET: &str = "this is a secret, and the plugin has to see what stands here";

/// Is this a secret's handle?
fn is_handle(value: &Value) -> bool {
    matches!(value, Value::Object(map) if map.len() == 1 && map.contains_key("$sealed"))
}

/// What a value is, without the value.
fn shape(found: Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "true or false",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "a whole number",
        Unexpected::Float(_) => "a number",
        Unexpected::Char(_) | Unexpected::Str(_) | Unexpected::Bytes(_) => "a text",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::Seq | Unexpected::TupleVariant => "a list",
        Unexpected::Map | Unexpected::StructVariant => "a map",
        _ => "something else",
    }
}

/// A value to be decoded, and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Decoder<'a, 'de> {
    /// What is there.
    pub(super) value: &'de Value,
    /// Where it is.
    pub(super) trail: Trail<'a>,
    /// Are unknowns placeholders?
    pub(super) tolerant: bool,
}

impl Decoder<'_, '_> {
    fn placeholder(&self) -> bool {
        self.tolerant && is_unknown(self.value)
    }
}

/// Methods that answer a placeholder for an unknown, and what is there for all else.
macro_rules! placeholders {
    ($($method:ident => $visit:ident($placeholder:expr);)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            if self.placeholder() {
                visitor.$visit($placeholder).map_err(|error: Error| error.at(self.trail))
            } else {
                self.deserialize_any(visitor)
            }
        }
    )*};
}

impl<'de> de::Deserializer<'de> for Decoder<'_, 'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let known = match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(truth) => visitor.visit_bool(*truth),
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), _, _) => visitor.visit_u64(number),
                (None, Some(number), _) => visitor.visit_i64(number),
                (None, None, Some(number)) => visitor.visit_f64(number),
                (None, None, None) => Err(de::Error::custom("a number out of range")),
            },
            Value::Array(items) => visitor.visit_seq(Items { items: items.iter().enumerate(), at: &self }),
            Value::Object(map) => visitor.visit_map(Members { members: map.iter(), member: None, at: &self }),
        };
        let told = |error: Error| if is_handle(self.value) { de::Error::custom(SECRET) } else { error };
        known.map_err(|error| told(error).at(self.trail))
    }

    placeholders! {
        deserialize_bool => visit_bool(false);
        deserialize_i8 => visit_u64(0);
        deserialize_i16 => visit_u64(0);
        deserialize_i32 => visit_u64(0);
        deserialize_i64 => visit_u64(0);
        deserialize_u8 => visit_u64(0);
        deserialize_u16 => visit_u64(0);
        deserialize_u32 => visit_u64(0);
        deserialize_u64 => visit_u64(0);
        deserialize_f32 => visit_f64(0.0);
        deserialize_f64 => visit_f64(0.0);
        deserialize_str => visit_borrowed_str("");
        deserialize_string => visit_borrowed_str("");
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.placeholder() {
            return visitor.visit_seq(Items { items: [].iter().enumerate(), at: &self });
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Error> {
        if self.placeholder() {
            return visitor.visit_seq(Repeated { left: length, at: &self }).map_err(|error| error.at(self.trail));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.placeholder() {
            return visitor.visit_map(Fields { fields: [].iter(), member: "", at: &self });
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if self.placeholder() {
            let fields = Fields { fields: fields.iter(), member: "", at: &self };
            return visitor.visit_map(fields).map_err(|error| error.at(self.trail));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let (variant, content) = match self.value {
            _ if self.placeholder() => (variants.first().copied().unwrap_or_default(), None),
            Value::String(variant) => (variant.as_str(), None),
            Value::Object(map) if map.len() == 1 => match map.iter().next() {
                Some((variant, content)) => (variant.as_str(), Some(content)),
                None => ("", None),
            },
            _ => {
                let expected = format!("expected one of {}", variants.join(", "));
                return Err(<Error as de::Error>::custom(expected).at(self.trail));
            }
        };
        let at = self;
        visitor.visit_enum(Variant { variant, content, at: &at }).map_err(|error| error.at(at.trail))
    }

    forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit unit_struct identifier ignored_any
    }
}

struct Items<'a, 'de> {
    items: std::iter::Enumerate<std::slice::Iter<'de, Value>>,
    at: &'a Decoder<'a, 'de>,
}

impl<'de> de::SeqAccess<'de> for Items<'_, 'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some((index, value)) = self.items.next() else { return Ok(None) };
        let trail = Trail::Item(&self.at.trail, index);
        let item = Decoder { value, trail, tolerant: self.at.tolerant };
        seed.deserialize(item).map(Some).map_err(|error| error.at(trail))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

/// The items of a tuple that is unknown as a whole: each is unknown.
struct Repeated<'a, 'de> {
    left: usize,
    at: &'a Decoder<'a, 'de>,
}

impl<'de> de::SeqAccess<'de> for Repeated<'_, 'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        seed.deserialize(*self.at).map(Some)
    }
}

struct Members<'a, 'de> {
    members: serde_json::map::Iter<'de>,
    member: Option<(&'de str, &'de Value)>,
    at: &'a Decoder<'a, 'de>,
}

impl<'de> de::MapAccess<'de> for Members<'_, 'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some((key, value)) = self.members.next() else { return Ok(None) };
        self.member = Some((key, value));
        let decoder: StrDeserializer<'_, Error> = key.as_str().into_deserializer();
        seed.deserialize(decoder).map(Some).map_err(|error| error.at(Trail::Member(&self.at.trail, key)))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let (key, value) = self.member.take().unwrap_or(("", &Value::Null));
        let trail = Trail::Member(&self.at.trail, key);
        let member = Decoder { value, trail, tolerant: self.at.tolerant };
        seed.deserialize(member).map_err(|error| error.at(trail))
    }
}

/// The members of a struct that is unknown as a whole: each is unknown.
struct Fields<'a, 'de> {
    fields: std::slice::Iter<'static, &'static str>,
    member: &'static str,
    at: &'a Decoder<'a, 'de>,
}

impl<'de> de::MapAccess<'de> for Fields<'_, 'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some(field) = self.fields.next() else { return Ok(None) };
        self.member = field;
        let decoder: StrDeserializer<'_, Error> = (*field).into_deserializer();
        seed.deserialize(decoder).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(Decoder { trail: Trail::Member(&self.at.trail, self.member), ..*self.at })
    }
}

struct Variant<'a, 'de> {
    variant: &'a str,
    content: Option<&'de Value>,
    at: &'a Decoder<'a, 'de>,
}

impl<'a, 'de> Variant<'a, 'de> {
    fn content(&self, trail: Trail<'a>) -> Result<Decoder<'a, 'de>, Error> {
        match self.content {
            Some(value) => Ok(Decoder { value, trail, tolerant: self.at.tolerant }),
            None => Err(de::Error::custom("this form needs a value: write it as a map of one member")),
        }
    }
}

impl<'de> de::EnumAccess<'de> for Variant<'_, 'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let decoder: StrDeserializer<'_, Error> = self.variant.into_deserializer();
        Ok((seed.deserialize(decoder)?, self))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        match self.content {
            None => Ok(()),
            Some(_) => Err(de::Error::custom("this form takes no value: write its name alone")),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        let trail = Trail::Member(&self.at.trail, self.variant);
        seed.deserialize(self.content(trail)?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Error> {
        let trail = Trail::Member(&self.at.trail, self.variant);
        de::Deserializer::deserialize_tuple(self.content(trail)?, length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        let trail = Trail::Member(&self.at.trail, self.variant);
        de::Deserializer::deserialize_struct(self.content(trail)?, "", fields, visitor)
    }
}
