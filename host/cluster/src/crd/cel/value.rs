//! Values of CEL expressions, and how those of objects become them.

use std::cmp::Ordering;
use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::quantity::Quantity;
use super::semver::Semver;
use super::url::Url;
use super::{names, types};
use crate::crd::format;
use crate::crd::props::Props;

/// A value.
#[derive(Debug, Clone)]
pub(crate) enum Val {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(Arc<str>),
    Bytes(Arc<[u8]>),
    List(Arc<List>),
    /// In the order in which the entries were made.
    Map(Arc<Vec<(Val, Val)>>),
    /// An object with declared fields, by their names as expressions write them; what is not declared is not there.
    Object(Arc<Vec<(Arc<str>, Val)>>),
    Timestamp(OffsetDateTime),
    /// Nanoseconds.
    Duration(i64),
    /// A type, by its name.
    Type(Arc<str>),
    Optional(Option<Arc<Val>>),
    Quantity(Quantity),
    Url(Arc<Url>),
    Ip(IpAddr),
    Cidr(IpAddr, u8),
    /// A named format of names.
    Format(&'static str),
    Semver(Arc<Semver>),
}

/// A list, and whether its items have no order (`x-kubernetes-list-type`).
#[derive(Debug, Clone)]
pub(crate) struct List {
    pub(crate) items: Vec<Val>,
    pub(crate) kind: Order,
}

/// How items of a list stand to one another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Order {
    Ordered,
    /// A set: equal in any order, added to without repetition.
    Set,
    /// Items with these keys: equal in any order, added to by key.
    Keyed(Vec<Arc<str>>),
}

impl Val {
    pub(crate) fn text(text: impl AsRef<str>) -> Self {
        Self::String(Arc::from(text.as_ref()))
    }

    pub(crate) fn list(items: Vec<Val>) -> Self {
        Self::List(Arc::new(List { items, kind: Order::Ordered }))
    }

    pub(crate) fn some(value: Val) -> Self {
        Self::Optional(Some(Arc::new(value)))
    }

    /// The name of the type, as `type()` has it.
    pub(crate) fn type_name(&self) -> &str {
        match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::String(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "list",
            Self::Map(_) | Self::Object(_) => "map",
            Self::Timestamp(_) => "google.protobuf.Timestamp",
            Self::Duration(_) => "google.protobuf.Duration",
            Self::Type(_) => "type",
            Self::Optional(_) => "optional_type",
            Self::Quantity(_) => "kubernetes.Quantity",
            Self::Url(_) => "kubernetes.URL",
            Self::Ip(_) => "net.IP",
            Self::Cidr(..) => "net.CIDR",
            Self::Format(_) => "kubernetes.NamedFormat",
            Self::Semver(_) => "kubernetes.Semver",
        }
    }

    /// How many characters, items or entries there are; 1 for all else. For what a call costs.
    pub(crate) fn size(&self) -> u64 {
        let count = match self {
            Self::String(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::List(list) => list.items.len(),
            Self::Map(entries) => entries.len(),
            Self::Object(fields) => fields.len(),
            _ => 1,
        };
        count as u64
    }

    /// Whether this is a value that stands for nothing: `""`, 0, an empty list.
    pub(crate) fn is_zero(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Bool(is) => !is,
            Self::Int(number) => *number == 0,
            Self::Uint(number) => *number == 0,
            Self::Double(number) => *number == 0.0,
            Self::Duration(span) => *span == 0,
            Self::Optional(value) => value.is_none(),
            Self::Timestamp(time) => time.unix_timestamp() == -62_135_596_800,
            Self::String(_) | Self::Bytes(_) | Self::List(_) | Self::Map(_) | Self::Object(_) => self.size() == 0,
            _ => false,
        }
    }

    /// A field of an object, or an entry of a map.
    pub(crate) fn field(&self, name: &str) -> Option<&Val> {
        match self {
            Self::Object(fields) => {
                let find = |name: &str| fields.iter().find(|(known, _)| &**known == name).map(|(_, value)| value);
                find(name).or_else(|| find(&names::reserved(name)?))
            }
            Self::Map(entries) => entries
                .iter()
                .find(|(key, _)| matches!(key, Self::String(key) if &**key == name))
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// Order, where there is one; numbers of any type compare.
    pub(crate) fn compare(&self, other: &Val) -> Option<Ordering> {
        match (self, other) {
            (Self::Bool(one), Self::Bool(two)) => Some(one.cmp(two)),
            (Self::Int(one), Self::Int(two)) => Some(one.cmp(two)),
            (Self::Uint(one), Self::Uint(two)) => Some(one.cmp(two)),
            (Self::Double(one), Self::Double(two)) => one.partial_cmp(two),
            (Self::Int(one), Self::Uint(two)) => Some(i128::from(*one).cmp(&i128::from(*two))),
            (Self::Uint(one), Self::Int(two)) => Some(i128::from(*one).cmp(&i128::from(*two))),
            (Self::Int(one), Self::Double(two)) => (*one as f64).partial_cmp(two),
            (Self::Double(one), Self::Int(two)) => one.partial_cmp(&(*two as f64)),
            (Self::Uint(one), Self::Double(two)) => (*one as f64).partial_cmp(two),
            (Self::Double(one), Self::Uint(two)) => one.partial_cmp(&(*two as f64)),
            (Self::String(one), Self::String(two)) => Some(one.cmp(two)),
            (Self::Bytes(one), Self::Bytes(two)) => Some(one.cmp(two)),
            (Self::Timestamp(one), Self::Timestamp(two)) => Some(one.cmp(two)),
            (Self::Duration(one), Self::Duration(two)) => Some(one.cmp(two)),
            (Self::Quantity(one), Self::Quantity(two)) => Some(one.cmp(two)),
            (Self::Semver(one), Self::Semver(two)) => Some(one.cmp(two)),
            _ => None,
        }
    }
}

impl PartialEq for Val {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::List(one), Self::List(two)) => one.equals(two),
            (Self::Map(one), Self::Map(two)) => {
                one.len() == two.len()
                    && one.iter().all(|(key, value)| two.iter().any(|(other, two)| key == other && value == two))
            }
            (Self::Object(one), Self::Object(two)) => {
                one.len() == two.len() && one.iter().all(|(name, value)| other.field(name) == Some(value))
            }
            (Self::Object(fields), map @ Self::Map(entries)) | (map @ Self::Map(entries), Self::Object(fields)) => {
                fields.len() == entries.len() && fields.iter().all(|(name, value)| map.field(name) == Some(value))
            }
            (Self::Type(one), Self::Type(two)) => one == two,
            (Self::Optional(one), Self::Optional(two)) => one == two,
            (Self::Url(one), Self::Url(two)) => one == two,
            (Self::Ip(one), Self::Ip(two)) => one == two,
            (Self::Cidr(one, bits), Self::Cidr(two, other)) => one == two && bits == other,
            (Self::Format(one), Self::Format(two)) => one == two,
            (one, two) => one.compare(two) == Some(Ordering::Equal),
        }
    }
}

impl List {
    fn equals(&self, other: &List) -> bool {
        if self.items.len() != other.items.len() {
            return false;
        }
        match (&self.kind, &other.kind) {
            (Order::Ordered, Order::Ordered) => self.items == other.items,
            (Order::Ordered, _) => other.equals(self),
            (Order::Set, _) => self.items.iter().all(|item| other.items.contains(item)),
            (Order::Keyed(keys), _) => {
                self.items.iter().all(|item| other.items.iter().any(|two| same_keys(keys, item, two) && item == two))
            }
        }
    }

    /// One list behind another, as the first one's kind has it.
    pub(crate) fn plus(&self, other: &List) -> List {
        let mut items = self.items.clone();
        for item in &other.items {
            match &self.kind {
                Order::Ordered => items.push(item.clone()),
                Order::Set => {
                    if !items.contains(item) {
                        items.push(item.clone());
                    }
                }
                Order::Keyed(keys) => match items.iter().position(|known| same_keys(keys, known, item)) {
                    Some(at) => items[at] = item.clone(),
                    None => items.push(item.clone()),
                },
            }
        }
        List { items, kind: self.kind.clone() }
    }
}

fn same_keys(keys: &[Arc<str>], one: &Val, two: &Val) -> bool {
    keys.iter().all(|key| one.field(key) == two.field(key))
}

/// A value of an object, by its schema.
pub(crate) fn convert(value: &Value, schema: &Props, root: bool) -> Val {
    match value {
        Value::Null => Val::Null,
        Value::Bool(is) => Val::Bool(*is),
        Value::Number(number) => match (number.as_i64(), schema.kind.as_str()) {
            (Some(integer), "number") => Val::Double(integer as f64),
            (Some(integer), _) => Val::Int(integer),
            (None, "integer") => Val::Int(number.as_f64().unwrap_or_default() as i64),
            (None, _) => Val::Double(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => string(text, schema),
        Value::Array(items) => {
            let child = schema.items.as_deref();
            let items = items
                .iter()
                .map(|item| child.map_or_else(|| plain(item), |child| convert(item, child, child.embedded)));
            let kind = match schema.list_type.as_deref() {
                Some("set") => Order::Set,
                Some("map") => Order::Keyed(
                    schema
                        .map_keys
                        .iter()
                        .map(|key| names::escape(key).map_or_else(|| hidden(key), Arc::from))
                        .collect(),
                ),
                _ => Order::Ordered,
            };
            Val::List(Arc::new(List { items: items.collect(), kind }))
        }
        Value::Object(fields) if schema.int_or_string || schema.kind.is_empty() => {
            plain(&Value::Object(fields.clone()))
        }
        Value::Object(fields) => match schema.additional_schema() {
            Some(child) => {
                let entries =
                    fields.iter().map(|(name, value)| (Val::text(name), convert(value, child, child.embedded)));
                Val::Map(Arc::new(entries.collect()))
            }
            None => {
                // A field that is null is one that is absent; what is not declared counts for equality alone.
                let meta = (root || schema.embedded) && !types::declares_meta(schema);
                let present = fields.iter().filter(|(_, value)| !value.is_null());
                let known = present.map(|(name, value)| {
                    let escaped = names::escape(name);
                    match (schema.properties.get(name), escaped) {
                        (_, Some(escaped)) if meta && name == "metadata" => (Arc::from(escaped), metadata(value)),
                        (_, Some(escaped)) if meta && (name == "apiVersion" || name == "kind") => {
                            (Arc::from(escaped), plain(value))
                        }
                        (Some(child), Some(escaped)) => (Arc::from(escaped), convert(value, child, child.embedded)),
                        (Some(child), None) => (hidden(name), convert(value, child, child.embedded)),
                        (None, _) => (hidden(name), plain(value)),
                    }
                });
                Val::Object(Arc::new(known.collect()))
            }
        },
    }
}

/// The name of a field that no expression can read.
fn hidden(name: &str) -> Arc<str> {
    Arc::from(format!("\0{name}"))
}

/// Of metadata expressions see the name and what it was generated from.
fn metadata(value: &Value) -> Val {
    let fields = value.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    let known = fields.map(|(name, value)| match name.as_str() {
        "name" | "generateName" => (Arc::from(name.as_str()), plain(value)),
        name => (hidden(name), plain(value)),
    });
    Val::Object(Arc::new(known.collect()))
}

fn string(text: &str, schema: &Props) -> Val {
    let read = match (schema.kind.as_str(), schema.format.as_str()) {
        ("string", "byte") => {
            base64::engine::general_purpose::STANDARD.decode(text).ok().map(|bytes| Val::Bytes(Arc::from(bytes)))
        }
        ("string", "duration") => format::duration(text).and_then(|nanos| i64::try_from(nanos).ok()).map(Val::Duration),
        ("string", "date") => OffsetDateTime::parse(&format!("{text}T00:00:00Z"), &Rfc3339).ok().map(Val::Timestamp),
        ("string", "date-time") => OffsetDateTime::parse(text, &Rfc3339).ok().map(Val::Timestamp),
        _ => None,
    };
    read.unwrap_or_else(|| Val::text(text))
}

/// A value without a schema.
pub(crate) fn plain(value: &Value) -> Val {
    match value {
        Value::Null => Val::Null,
        Value::Bool(is) => Val::Bool(*is),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => Val::Int(integer),
            None => Val::Double(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => Val::text(text),
        Value::Array(items) => Val::list(items.iter().map(plain).collect()),
        Value::Object(fields) => {
            Val::Map(Arc::new(fields.iter().map(|(name, value)| (Val::text(name), plain(value))).collect()))
        }
    }
}
