//! From JSON to typed inputs, with paths in the errors and placeholders for what is not known yet.
//!
//! A plan checks inputs before all of them are known. So that a kind can do that with its ordinary
//! types, an unknown is decoded as a placeholder of the type that is asked for (an empty text, a
//! zero, a struct of placeholders), and put back where it was when the inputs are returned.

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value};

use crate::problem::Problem;

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

/// Where a decoder stands, as a chain of its callers' frames.
#[derive(Clone, Copy)]
enum Trail<'a> {
    Root,
    Member(&'a Trail<'a>, &'a str),
    Item(&'a Trail<'a>, usize),
}

impl Trail<'_> {
    fn path(&self) -> String {
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
struct Error {
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

    fn into_problem(self, what: &str) -> Problem {
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

    fn missing_field(field: &'static str) -> Self {
        Self { message: format!("`{field}` is missing"), member: Some(field), path: None }
    }
}

#[derive(Clone, Copy)]
struct Decoder<'a, 'de> {
    value: &'de Value,
    trail: Trail<'a>,
    tolerant: bool,
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
        known.map_err(|error| error.at(self.trail))
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
        i128 u128 char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
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
            None => Err(de::Error::custom(format!("`{}` needs a value", self.variant))),
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
            Some(_) => Err(de::Error::custom(format!("`{}` takes no value", self.variant))),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        let trail = Trail::Member(&self.at.trail, self.variant);
        seed.deserialize(self.content(trail)?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        let trail = Trail::Member(&self.at.trail, self.variant);
        de::Deserializer::deserialize_seq(self.content(trail)?, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        let trail = Trail::Member(&self.at.trail, self.variant);
        de::Deserializer::deserialize_struct(self.content(trail)?, "", fields, visitor)
    }
}
