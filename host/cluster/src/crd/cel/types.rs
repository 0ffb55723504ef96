//! The types of CEL expressions, with how large their values can get: what rules are checked against.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::names;
use crate::crd::props::Props;

/// The largest request that the server takes, in bytes.
const REQUEST: u64 = 3 * 1024 * 1024;

/// A size of which nothing is known.
pub(crate) const UNBOUNDED: u64 = u64::MAX;

/// A type; numbers are the most characters, items or entries that a value has.
#[allow(clippy::enum_variant_names)] // `Type` is CEL's own name for the type of types.
#[derive(Debug, Clone)]
pub(crate) enum Type {
    /// Anything, only known when the expression runs.
    Dyn(u64),
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String(u64),
    Bytes(u64),
    Timestamp,
    Duration,
    List(Arc<Type>, u64),
    Map(Arc<Type>, Arc<Type>, u64),
    Object(Arc<BTreeMap<String, Type>>),
    /// The type of a type.
    Type,
    Optional(Arc<Type>),
    /// A type of a library: `kubernetes.Quantity`.
    Opaque(&'static str),
}

impl Type {
    /// Anything, of any size.
    pub(crate) const DYN: Self = Self::Dyn(UNBOUNDED);

    /// How large a value can be; 1 for what has no size.
    pub(crate) fn most(&self) -> u64 {
        match self {
            Self::Dyn(most) | Self::String(most) | Self::Bytes(most) | Self::List(_, most) | Self::Map(_, _, most) => {
                *most
            }
            Self::Bool | Self::Int | Self::Uint | Self::Double | Self::Null | Self::Timestamp | Self::Duration => 1,
            Self::Object(_) | Self::Type | Self::Optional(_) | Self::Opaque(_) => UNBOUNDED,
        }
    }

    pub(crate) fn is_dyn(&self) -> bool {
        matches!(self, Self::Dyn(_))
    }

    /// Whether values of both can stand in one place.
    pub(crate) fn fits(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Dyn(_), _) | (_, Self::Dyn(_)) => true,
            (Self::Null, other) | (other, Self::Null) => matches!(
                other,
                Self::Null | Self::Object(_) | Self::Timestamp | Self::Duration | Self::Opaque(_) | Self::Optional(_)
            ),
            (Self::List(one, _), Self::List(two, _)) | (Self::Optional(one), Self::Optional(two)) => one.fits(two),
            (Self::Map(key, value, _), Self::Map(other_key, other, _)) => key.fits(other_key) && value.fits(other),
            (Self::Object(one), Self::Object(two)) => {
                Arc::ptr_eq(one, two)
                    || one.len() == two.len()
                        && one.iter().all(|(name, one)| two.get(name).is_some_and(|two| one.fits(two)))
            }
            (Self::Opaque(one), Self::Opaque(two)) => one == two,
            (one, two) => std::mem::discriminant(one) == std::mem::discriminant(two),
        }
    }

    /// The type of a place that takes values of both, which fit: the larger sizes.
    pub(crate) fn join(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Dyn(one), other) | (other, Self::Dyn(one)) => Self::Dyn((*one).max(other.most())),
            (Self::Null, other) | (other, Self::Null) => other.clone(),
            (Self::String(one), Self::String(two)) => Self::String(*one.max(two)),
            (Self::Bytes(one), Self::Bytes(two)) => Self::Bytes(*one.max(two)),
            (Self::List(one, most), Self::List(two, other)) => Self::List(Arc::new(one.join(two)), *most.max(other)),
            (Self::Map(key, one, most), Self::Map(_, two, other)) => {
                Self::Map(key.clone(), Arc::new(one.join(two)), *most.max(other))
            }
            (Self::Optional(one), Self::Optional(two)) => Self::Optional(Arc::new(one.join(two))),
            (one, _) => one.clone(),
        }
    }

    /// The type without what is not known: a list of nothing takes whatever is put into it.
    pub(crate) fn or(self, other: &Self) -> Self {
        match (&self, other) {
            (Self::Dyn(_), other) => other.clone(),
            (Self::List(one, most), Self::List(two, _)) if one.is_dyn() => Self::List(two.clone(), *most),
            _ => self,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dyn(_) => f.write_str("dyn"),
            Self::Null => f.write_str("null"),
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Uint => f.write_str("uint"),
            Self::Double => f.write_str("double"),
            Self::String(_) => f.write_str("string"),
            Self::Bytes(_) => f.write_str("bytes"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Duration => f.write_str("duration"),
            Self::List(item, _) => write!(f, "list({item})"),
            Self::Map(key, value, _) => write!(f, "map({key}, {value})"),
            Self::Object(_) => f.write_str("object"),
            Self::Type => f.write_str("type"),
            Self::Optional(of) => write!(f, "optional_type({of})"),
            Self::Opaque(name) => f.write_str(name),
        }
    }
}

/// The type of what a schema describes; `None` where it describes nothing that rules can be about.
pub(crate) fn declare(schema: &Props, root: bool) -> Option<Type> {
    if schema.int_or_string {
        return Some(Type::Dyn(REQUEST - 2));
    }
    let count = |most: i64| u64::try_from(most).unwrap_or(0);
    match schema.kind.as_str() {
        "array" => {
            let child = schema.items.as_deref()?;
            let item = declare(child, child.embedded)?;
            let most = schema.max_items.map_or_else(|| (REQUEST - 2) / (least_size(child) + 1), count);
            Some(Type::List(Arc::new(item), most))
        }
        "object" => {
            if let Some(child) = schema.additional_schema() {
                let value = declare(child, child.embedded)?;
                let most = schema.max_properties.map_or_else(|| (REQUEST - 2) / (least_size(child) + 6), count);
                return Some(Type::Map(Arc::new(Type::String(REQUEST - 2)), Arc::new(value), most));
            }
            let mut fields = BTreeMap::new();
            for (name, child) in &schema.properties {
                if let (Some(name), Some(field)) = (names::escape(name), declare(child, child.embedded)) {
                    fields.insert(name, field);
                }
            }
            if (root || schema.embedded) && !declares_meta(schema) {
                let text = Type::String(REQUEST - 2);
                let metadata = [("name", text.clone()), ("generateName", text.clone())];
                let metadata = metadata.into_iter().map(|(name, field)| (name.to_owned(), field)).collect();
                fields.insert("metadata".to_owned(), Type::Object(Arc::new(metadata)));
                fields.insert("apiVersion".to_owned(), text.clone());
                fields.insert("kind".to_owned(), text);
            }
            Some(Type::Object(Arc::new(fields)))
        }
        "string" => Some(match (schema.format.as_str(), schema.max_length) {
            ("byte", Some(most)) => Type::Bytes(count(most)),
            ("byte", None) => Type::Bytes(REQUEST - 2),
            ("duration", _) => Type::Duration,
            ("date" | "date-time", _) => Type::Timestamp,
            // A character can take four bytes.
            (_, Some(most)) => Type::String(count(most).saturating_mul(4)),
            (_, None) if !schema.enumeration.is_empty() => {
                let lengths = schema.enumeration.iter().filter_map(|value| value.as_str()).map(str::len);
                Type::String(lengths.max().unwrap_or(0) as u64)
            }
            (_, None) => Type::String(REQUEST - 2),
        }),
        "boolean" => Some(Type::Bool),
        "number" => Some(Type::Double),
        "integer" => Some(Type::Int),
        _ => None,
    }
}

/// Whether a schema itself says what `apiVersion`, `kind` and the names in `metadata` are.
pub(crate) fn declares_meta(schema: &Props) -> bool {
    let is =
        |schema: &Props, name: &str, kind: &str| schema.properties.get(name).is_some_and(|field| field.kind == kind);
    let names = |metadata: &Props| is(metadata, "name", "string") && is(metadata, "generateName", "string");
    is(schema, "kind", "string")
        && is(schema, "apiVersion", "string")
        && is(schema, "metadata", "object")
        && schema.properties.get("metadata").is_some_and(names)
}

/// The fewest bytes that a value takes in a request.
fn least_size(schema: &Props) -> u64 {
    if schema.int_or_string {
        return 1;
    }
    match schema.kind.as_str() {
        "string" => match schema.format.as_str() {
            "duration" => 4,
            "date" => 12,
            "date-time" => 22,
            _ => 2,
        },
        "boolean" => 4,
        "array" => 2,
        "object" if schema.additional_schema().is_some() => 2,
        "object" => {
            let required = schema.required.iter().filter_map(|name| Some((name, schema.properties.get(name)?)));
            let sizes = required
                .filter(|(_, child)| child.default.is_none() && declare(child, child.embedded).is_some())
                .map(|(name, child)| name.len() as u64 + least_size(child) + 4);
            2 + sizes.sum::<u64>()
        }
        _ => 1,
    }
}

/// How often a value of this schema can stand in a request, where nothing says how often.
pub(crate) fn most_often(schema: &Props) -> u64 {
    REQUEST / (least_size(schema) + 1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn schemas_have_types() {
        let declared = |schema: serde_json::Value| declare(&Props::read(&schema), false);
        assert_eq!(
            declared(json!({"type": "array", "items": {"type": "string"}})).unwrap().to_string(),
            "list(string)"
        );
        assert_eq!(
            declared(json!({"type": "object", "additionalProperties": {"type": "integer"}})).unwrap().to_string(),
            "map(string, int)"
        );
        assert!(declared(json!({"x-kubernetes-preserve-unknown-fields": true})).is_none());
        assert!(matches!(declared(json!({"type": "string", "maxLength": 5})), Some(Type::String(20))));
        assert!(matches!(
            declared(json!({"type": "array", "items": {"type": "integer"}})),
            Some(Type::List(_, 1_572_863))
        ));
        let Some(Type::Object(fields)) =
            declare(&Props::read(&json!({"type": "object", "properties": {"a-b": {"type": "number"}}})), true)
        else {
            panic!()
        };
        assert_eq!(fields.keys().collect::<Vec<_>>(), ["a__dash__b", "apiVersion", "kind", "metadata"]);
    }
}
