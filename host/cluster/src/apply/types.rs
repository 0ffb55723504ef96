//! How ownership sees a type: what a value may be, and of what its parts are.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::element::Element;
use crate::schema::{Absent, Field, Fields, Node, NodeRef, Scalar, Shape, Topology};

/// The type of a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Type<'a> {
    /// As a node has it.
    Node(&'a Node),
    /// By what the value is: objects field by field, lists as one, below what preserves unknown fields.
    Deduced,
    /// As one, whatever it is.
    Leaf,
}

/// What a single value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Single {
    /// A number.
    Numeric,
    /// Text.
    String,
    /// Yes or no.
    Boolean,
    /// Any of these.
    Untyped,
    /// Objects and lists too.
    Anything,
}

/// An object's type.
#[derive(Debug, Clone, Copy)]
pub(super) struct MapType<'a> {
    fields: Option<&'a BTreeMap<Box<str>, Field>>,
    /// Of what values of other names are; `None` where there may be none.
    pub(super) element: Option<Type<'a>>,
    /// Whether it is owned as one.
    pub(super) atomic: bool,
}

/// A list's type.
#[derive(Debug, Clone, Copy)]
pub(super) struct ListType<'a> {
    /// Of what its items are.
    pub(super) items: Type<'a>,
    topology: &'a Topology,
}

/// What values of a type may be.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Forms<'a> {
    /// A single value.
    pub(super) single: Option<Single>,
    /// A list.
    pub(super) list: Option<ListType<'a>>,
    /// An object.
    pub(super) map: Option<MapType<'a>>,
}

impl<'a> Type<'a> {
    /// The type of a part.
    pub(super) fn of(node: &'a NodeRef) -> Self {
        match (node, &node.get().shape) {
            // Go's types for raw JSON are owned as one; custom resources' objects that keep all fields are not.
            (NodeRef::Named(_), Shape::Any) => Self::Leaf,
            (_, _) => Self::root(node.get()),
        }
    }

    /// The type of a whole object.
    pub(super) fn root(node: &'a Node) -> Self {
        match &node.shape {
            Shape::Any => Self::Deduced,
            _ => Self::Node(node),
        }
    }

    /// What its values may be.
    pub(super) fn forms(self) -> Forms<'a> {
        let node = match self {
            Self::Leaf => return Forms { single: Some(Single::Anything), ..Forms::default() },
            Self::Deduced => {
                return Forms {
                    single: Some(Single::Untyped),
                    list: Some(ListType { items: Self::Leaf, topology: &Topology::Atomic }),
                    map: Some(MapType { fields: None, element: Some(Self::Deduced), atomic: false }),
                };
            }
            Self::Node(node) => node,
        };
        match &node.shape {
            Shape::Any => Self::Deduced.forms(),
            Shape::Scalar(scalar) => Forms { single: Some(single(*scalar)), ..Forms::default() },
            Shape::Object(fields) => {
                let element = fields.preserve_unknown.then_some(Self::Deduced);
                let map = MapType { fields: Some(&fields.fields), element, atomic: fields.atomic };
                Forms { map: Some(map), ..Forms::default() }
            }
            Shape::Map { values, atomic } => {
                let map = MapType { fields: None, element: Some(Self::of(values)), atomic: *atomic };
                Forms { map: Some(map), ..Forms::default() }
            }
            Shape::List { items, topology, .. } => {
                Forms { list: Some(ListType { items: Self::of(items), topology }), ..Forms::default() }
            }
        }
    }
}

fn single(scalar: Scalar) -> Single {
    match scalar {
        Scalar::String | Scalar::Bytes | Scalar::Duration => Single::String,
        Scalar::Integer(_) | Scalar::Number => Single::Numeric,
        Scalar::Boolean => Single::Boolean,
        Scalar::IntOrString | Scalar::Quantity | Scalar::Time | Scalar::MicroTime => Single::Untyped,
    }
}

impl<'a> Forms<'a> {
    /// What is left when the value is known; all, where it is none of these.
    pub(super) fn of_value(self, value: Option<&Value>) -> Self {
        let none = Self::default();
        match value {
            Some(Value::Bool(_) | Value::Number(_) | Value::String(_)) if self.single.is_some() => {
                Self { single: self.single, ..none }
            }
            Some(Value::Array(_)) if self.list.is_some() => Self { list: self.list, ..none },
            Some(Value::Object(_)) if self.map.is_some() => Self { map: self.map, ..none },
            _ => self,
        }
    }

    /// Whether both leave the same.
    pub(super) fn same(self, other: Self) -> bool {
        let left = |forms: Self| (forms.single.is_some(), forms.list.is_some(), forms.map.is_some());
        left(self) == left(other)
    }
}

impl<'a> MapType<'a> {
    /// Whether a field of this name is declared.
    pub(super) fn declares(self, name: &str) -> bool {
        self.fields.is_some_and(|fields| fields.contains_key(name))
    }

    /// Of what the value of this name is; `None` where there may be none.
    pub(super) fn part(self, name: &str) -> Option<Type<'a>> {
        let field = self.fields.and_then(|fields| fields.get(name));
        field.map(|field| Type::of(&field.node)).or(self.element)
    }

    /// Whether nothing is declared of it, so that changes of its type need no care.
    pub(super) fn is_deduced(self) -> bool {
        matches!(self.element, Some(Type::Deduced)) && self.fields.is_none_or(BTreeMap::is_empty)
    }

    fn default_of(self, name: &str) -> Option<&'a Value> {
        self.fields?.get(name)?.node.get().default.as_ref()
    }
}

impl ListType<'_> {
    /// Whether it is owned as one.
    pub(super) fn atomic(self) -> bool {
        *self.topology == Topology::Atomic
    }

    /// By what an item is told apart, or why it cannot be.
    pub(super) fn element(self, item: &Value) -> Result<Element, String> {
        match self.topology {
            Topology::Atomic => Err("invalid indexing of non-associative list".to_owned()),
            Topology::Set => match item {
                Value::Object(_) => Err("associative list without keys has an element that's a map type".to_owned()),
                Value::Array(_) => Err("not supported: associative list with lists as elements".to_owned()),
                Value::Null => Err("associative list without keys has an element that's an explicit null".to_owned()),
                value => Ok(Element::Value(value.clone())),
            },
            Topology::Map(keys) => self.keyed(item, keys),
        }
    }

    fn keyed(self, item: &Value, keys: &[Box<str>]) -> Result<Element, String> {
        let fields = match item {
            Value::Object(fields) => fields,
            Value::Null => return Err("associative list with keys may not have a null element".to_owned()),
            _ => return Err("associative list with keys may not have non-map elements".to_owned()),
        };
        let map = self.items.forms().map;
        let mut key = Vec::new();
        for name in keys {
            let value = fields.get(&**name).or_else(|| map.and_then(|map| map.default_of(name))).ok_or_else(|| {
                if map.is_none() {
                    return format!("couldn't find default value for {name}: associative list may not have non-map types");
                }
                format!(
                    "associative list with keys has an element that omits key field {name:?} (and doesn't have default value)"
                )
            })?;
            key.push((name.to_string(), value.clone()));
        }
        Ok(Element::key(key))
    }
}

/// An object of a built-in type with what Go's encoder writes where nothing is there; others are as they are.
pub(super) fn completed(value: &Value, node: &Node) -> Value {
    match (&node.shape, value) {
        (Shape::Object(fields), Value::Object(object)) if !fields.name.is_empty() => {
            let mut object: Map<String, Value> = object
                .iter()
                .map(|(name, value)| {
                    let field = fields.fields.get(name.as_str());
                    (name.clone(), field.map_or_else(|| value.clone(), |field| completed(value, field.node.get())))
                })
                .collect();
            add_absent(&mut object, fields);
            Value::Object(object)
        }
        (Shape::Map { values, .. }, Value::Object(object)) => {
            let parts = object.iter().map(|(name, value)| (name.clone(), completed(value, values.get())));
            Value::Object(parts.collect())
        }
        (Shape::List { items, .. }, Value::Array(list)) => {
            Value::Array(list.iter().map(|item| completed(item, items.get())).collect())
        }
        _ => value.clone(),
    }
}

fn add_absent(object: &mut Map<String, Value>, fields: &Fields) {
    for (name, field) in &fields.fields {
        if object.contains_key(&**name) {
            continue;
        }
        let zero = match field.go.absent {
            Absent::Omitted => continue,
            Absent::Null => Value::Null,
            Absent::Zero => zero(field.node.get()),
        };
        object.insert(name.to_string(), zero);
    }
}

/// Go's zero value of a type, as its encoder writes it.
fn zero(node: &Node) -> Value {
    match &node.shape {
        Shape::Object(_) => completed(&Value::Object(Map::new()), node),
        Shape::Scalar(Scalar::Integer(_) | Scalar::Number | Scalar::IntOrString) => Value::from(0),
        Shape::Scalar(Scalar::Boolean) => Value::from(false),
        Shape::Scalar(Scalar::Time | Scalar::MicroTime) | Shape::Any | Shape::Map { .. } | Shape::List { .. } => {
            Value::Null
        }
        Shape::Scalar(Scalar::Quantity) => Value::from("0"),
        Shape::Scalar(Scalar::Duration) => Value::from("0s"),
        Shape::Scalar(Scalar::String | Scalar::Bytes) => Value::from(""),
    }
}
