//! Decoding into Go's types and encoding again: what is left of an object, and what is said of the rest.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::time;
use super::tree::{Tree, child, float, note};
use crate::quantity::Quantity;
use crate::schema::{Absent, Field, Fields, Node, Scalar, Shape};

/// What decoding makes of a document.
#[derive(Debug)]
pub(super) struct Decoded {
    /// The object, as Go would encode it.
    pub(super) value: Value,
    /// Unknown fields and those that come twice, as strict decoding words them, in the document's order.
    pub(super) strict: Vec<String>,
}

/// Decodes a document into a type; `name` is the Go type's (`v1.ConfigMap`).
///
/// # Errors
/// What Go's decoder says of the first value that does not fit.
pub(super) fn decode(tree: Tree, node: &Node, name: &str) -> Result<Decoded, String> {
    let mut reader = Reader::default();
    let value = reader.read(tree, node, name, "")?;
    match reader.misfit {
        Some(misfit) => Err(misfit),
        None => Ok(Decoded { value: value.unwrap_or_else(|| zero(node)), strict: reader.strict }),
    }
}

/// What Go's encoder writes of a type's zero value.
fn zero(node: &Node) -> Value {
    match &node.shape {
        Shape::Object(about) => {
            let mut fields = Map::new();
            fill(&mut fields, about);
            Value::Object(fields)
        }
        Shape::Scalar(scalar) => match scalar {
            Scalar::String => Value::from(""),
            Scalar::Integer(_) | Scalar::Number | Scalar::IntOrString => Value::from(0),
            Scalar::Boolean => Value::Bool(false),
            Scalar::Quantity => Value::from("0"),
            Scalar::Duration => Value::from("0s"),
            Scalar::Bytes | Scalar::Time | Scalar::MicroTime => Value::Null,
        },
        Shape::Any | Shape::Map { .. } | Shape::List { .. } => Value::Null,
    }
}

/// Adds the fields that Go's encoder writes though nothing is there.
fn fill(fields: &mut Map<String, Value>, about: &Fields) {
    for (name, field) in &about.fields {
        if field.go.absent != Absent::Omitted && !fields.contains_key(&**name) {
            let value = if field.go.absent == Absent::Zero { zero(field.node.get()) } else { Value::Null };
            fields.insert(name.to_string(), value);
        }
    }
}

/// Where the decoder is, and what it found so far.
#[derive(Default)]
struct Reader {
    /// The type of the object whose field is read.
    owner: Box<str>,
    /// The names of the fields that lead here, without indices and keys of maps.
    fields: Vec<Box<str>>,
    /// The first value that is of another type; Go goes on after it.
    misfit: Option<String>,
    strict: Vec<String>,
}

impl Reader {
    /// Reads a value; nothing where it is null or does not fit.
    ///
    /// # Errors
    /// What ends decoding at once: texts that types of their own (times, quantities) cannot read.
    fn read(&mut self, tree: Tree, node: &Node, name: &str, path: &str) -> Result<Option<Value>, String> {
        if tree == Tree::Null {
            return Ok(None);
        }
        match &node.shape {
            Shape::Any => Ok(Some(tree.into_value())),
            Shape::Scalar(scalar) => self.scalar(tree, *scalar, name),
            Shape::Object(about) => match tree {
                Tree::Object(fields) => self.object(fields, about, path).map(Some),
                other => Ok(self.mismatch(other.kind(), name)),
            },
            Shape::Map { values, .. } => match tree {
                Tree::Object(fields) => {
                    let element = name.strip_prefix("map").and_then(|rest| rest.split_once(']'));
                    let element = element.map_or_else(|| plain_name(values.get()), |(_, name)| name.to_owned());
                    self.map(fields, values.get(), &element, path).map(Some)
                }
                other => Ok(self.mismatch(other.kind(), name)),
            },
            Shape::List { items, .. } => match tree {
                Tree::Array(trees) => {
                    let element = name.strip_prefix("[]").map_or_else(|| plain_name(items.get()), str::to_owned);
                    let mut list = Vec::with_capacity(trees.len());
                    for (index, tree) in trees.into_iter().enumerate() {
                        let item = self.read(tree, items.get(), &element, &format!("{path}[{index}]"))?;
                        list.push(item.unwrap_or_else(|| zero(items.get())));
                    }
                    Ok(Some(Value::Array(list)))
                }
                other => Ok(self.mismatch(other.kind(), name)),
            },
        }
    }

    fn object(&mut self, fields: Vec<(String, Tree)>, about: &Fields, path: &str) -> Result<Value, String> {
        let mut object = Map::new();
        let mut seen: Vec<String> = Vec::new();
        let owner = self.owner.clone();
        for (name, tree) in fields {
            let at = child(path, &name);
            let Some(field) = about.fields.get(name.as_str()) else {
                if about.preserve_unknown {
                    object.insert(name, tree.into_value());
                } else {
                    note(&mut self.strict, format!("unknown field {at:?}"));
                }
                continue;
            };
            if seen.contains(&name) {
                note(&mut self.strict, format!("duplicate field {at:?}"));
            }
            self.fields.push(name.as_str().into());
            self.owner.clone_from(&about.name);
            let value = self.read(tree, field.node.get(), &field.go.name, &at)?;
            self.fields.pop();
            self.owner.clone_from(&owner);
            match value.and_then(|value| kept(value, field)) {
                Some(value) => object.insert(name.clone(), value),
                None => object.remove(&name),
            };
            seen.push(name);
        }
        fill(&mut object, about);
        Ok(Value::Object(object))
    }

    fn map(&mut self, fields: Vec<(String, Tree)>, node: &Node, name: &str, path: &str) -> Result<Value, String> {
        let mut map = Map::new();
        for (key, tree) in fields {
            let at = child(path, &key);
            if map.contains_key(&key) {
                note(&mut self.strict, format!("duplicate field {at:?}"));
            }
            let value = self.read(tree, node, name, &at)?.unwrap_or_else(|| zero(node));
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }

    fn scalar(&mut self, tree: Tree, scalar: Scalar, name: &str) -> Result<Option<Value>, String> {
        match (scalar, tree) {
            (Scalar::String, Tree::String(text)) => Ok(Some(Value::String(text))),
            (Scalar::Boolean, Tree::Bool(bool)) => Ok(Some(Value::Bool(bool))),
            (Scalar::Bytes, Tree::String(text)) => Ok(self.bytes(&text)),
            (Scalar::Integer(bits), Tree::Number(digits)) => Ok(match integer(&digits, bits) {
                Some(value) => Some(Value::from(value)),
                None => self.mismatch(&format!("number {digits}"), name),
            }),
            (Scalar::Number, Tree::Number(digits)) => Ok(match float(&digits) {
                Value::Null => self.mismatch(&format!("number {digits}"), name),
                value => Some(value),
            }),
            (Scalar::IntOrString, Tree::String(text)) => Ok(Some(Value::String(text))),
            (Scalar::IntOrString, Tree::Number(digits)) => match integer(&digits, 32) {
                Some(value) => Ok(Some(Value::from(value))),
                None => Err(self.told(&format!("number {digits}"), "int32")),
            },
            (Scalar::IntOrString, other) => Err(self.told(other.kind(), "int32")),
            (Scalar::Quantity, tree) => {
                let text = match tree {
                    Tree::String(text) => text,
                    other => other.into_value().to_string(),
                };
                Quantity::parse(text.trim())
                    .map(|quantity| Some(Value::from(quantity.to_string())))
                    .map_err(str::to_owned)
            }
            (Scalar::Time, Tree::String(text)) => time::canonical(&text).map(Value::from).map(Some),
            (Scalar::MicroTime, Tree::String(text)) => time::canonical_micro(&text).map(Value::from).map(Some),
            (Scalar::Duration, Tree::String(text)) => Ok(Some(Value::String(text))),
            (Scalar::Time | Scalar::MicroTime | Scalar::Duration, other) => Err(self.told(other.kind(), "string")),
            (_, other) => Ok(self.mismatch(other.kind(), name)),
        }
    }

    fn bytes(&mut self, text: &str) -> Option<Value> {
        // Go's decoder skips line ends.
        let text: String = text.chars().filter(|char| !matches!(char, '\r' | '\n')).collect();
        match STANDARD.decode(&text) {
            Ok(bytes) => Some(Value::from(STANDARD.encode(bytes))),
            Err(error) => {
                let at = match error {
                    base64::DecodeError::InvalidByte(at, _) | base64::DecodeError::InvalidLastSymbol(at, _) => at,
                    base64::DecodeError::InvalidLength(_) | base64::DecodeError::InvalidPadding => text.len() / 4 * 4,
                };
                self.misfit.get_or_insert_with(|| format!("illegal base64 data at input byte {at}"));
                None
            }
        }
    }

    fn mismatch(&mut self, what: &str, name: &str) -> Option<Value> {
        if self.misfit.is_none() {
            self.misfit = Some(self.told(what, name));
        }
        None
    }

    /// Go's `json.UnmarshalTypeError`.
    fn told(&self, what: &str, name: &str) -> String {
        if self.fields.is_empty() {
            return format!("json: cannot unmarshal {what} into Go value of type {name}");
        }
        let path = self.fields.join(".");
        format!("json: cannot unmarshal {what} into Go struct field {}.{path} of type {name}", self.owner)
    }
}

/// The Go name of a type that has no other.
fn plain_name(node: &Node) -> String {
    match &node.shape {
        Shape::Scalar(Scalar::String) => "string".to_owned(),
        Shape::Scalar(Scalar::Integer(bits)) => format!("int{bits}"),
        Shape::Scalar(Scalar::Boolean) => "bool".to_owned(),
        Shape::Scalar(Scalar::Bytes) => "[]uint8".to_owned(),
        Shape::Scalar(_) => "resource.Quantity".to_owned(),
        Shape::Object(about) => format!("v1.{}", about.name),
        Shape::Any => "interface {}".to_owned(),
        Shape::Map { .. } | Shape::List { .. } => "[]string".to_owned(),
    }
}

/// The value, unless encoding leaves it out. Lists and maps without anything are not told from none: objects
/// are stored in a form (protobuf) that does not know the difference.
fn kept(value: Value, field: &Field) -> Option<Value> {
    let empty = match &value {
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty() && matches!(field.node.get().shape, Shape::Map { .. }),
        _ => false,
    };
    let zero = match &value {
        Value::Null => true,
        Value::Bool(bool) => !bool,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(_) | Value::Object(_) => empty,
    };
    let bytes = matches!(field.node.get().shape, Shape::Scalar(Scalar::Bytes));
    match () {
        () if field.omits_zero && zero => None,
        () if field.go.absent == Absent::Null && (empty || bytes && zero) => Some(Value::Null),
        () => Some(value),
    }
}

fn integer(digits: &str, bits: u8) -> Option<i64> {
    let value: i64 = digits.parse().ok()?;
    match bits {
        32 => i32::try_from(value).ok().map(i64::from),
        _ => Some(value),
    }
}
