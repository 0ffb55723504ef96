//! Fields: what a name behind a dot is of a value.

use std::rc::Rc;

use crate::function::Method;
use crate::value::{Bytes, IntKind, List, Map, Member, Object, Str, Type, Value};

/// A value, and whether it came out of an `interface {}` just now: then Go still knows that type of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    pub(super) value: Value,
    pub(super) wrapped: bool,
}

impl Cell {
    pub(super) fn known(value: Value) -> Self {
        Self { value, wrapped: false }
    }
}

/// A method, with what it is called on.
pub(super) struct Bound {
    pub(super) receiver: Rc<dyn Object>,
    pub(super) method: &'static Method,
}

/// What a name is of a value.
pub(super) enum Found {
    Value(Cell),
    Method(Bound),
}

/// Looks up a name. `arguments`: some follow, which only a method takes.
///
/// # Errors
/// Go's words for a name that is not there.
pub(super) fn member(
    receiver: &Value,
    wrapped: bool,
    name: &Str,
    strict: bool,
    arguments: bool,
) -> Result<Found, String> {
    let unnamed = |receiver: &Value| match receiver.go_type() {
        Some(actual) if !wrapped => format!("can't evaluate field {name} in type {actual}"),
        _ => format!("can't evaluate field {name} in type interface {{}}"),
    };
    match receiver {
        Value::Nil if wrapped => Err(format!("nil pointer evaluating interface {{}}.{name}")),
        Value::Nil if strict => Err(format!("nil data; no entry for key \"{name}\"")),
        Value::Nil => Ok(Found::Value(Cell::default())),
        Value::Map(map) => {
            if let Some(bound) = super::values_methods::bind(map, name) {
                return Ok(Found::Method(bound));
            }
            entry(map, name, strict, arguments)
        }
        Value::Object(object) => {
            let text = std::str::from_utf8(name).unwrap_or_default();
            match object.member(text) {
                Some(Member::Method(method)) => {
                    return Ok(Found::Method(Bound { receiver: Rc::clone(object), method }));
                }
                Some(Member::Field(_)) if arguments => {
                    return Err(format!("{name} has arguments but cannot be invoked as function"));
                }
                Some(Member::Field(value)) => return Ok(Found::Value(Cell::known(value))),
                None => {}
            }
            match object.underlying() {
                Some(Value::Map(map)) => entry(&map, name, strict, arguments),
                _ => Err(unnamed(receiver)),
            }
        }
        _ => Err(unnamed(receiver)),
    }
}

/// An entry of a map, which takes no arguments; what is missing is the zero value of the map's elements.
fn entry(map: &Map, name: &Str, strict: bool, arguments: bool) -> Result<Found, String> {
    if arguments {
        return Err(format!("{name} is not a method but has arguments"));
    }
    let interface = element(map) == Type::Any;
    match map.get(name) {
        Some(value) => Ok(Found::Value(Cell { value, wrapped: interface })),
        None if strict => Err(format!("map has no entry for key \"{name}\"")),
        None => Ok(Found::Value(Cell { value: zero(&element(map)), wrapped: interface })),
    }
}

/// The type of a map's elements.
pub(super) fn element(map: &Map) -> Type {
    match map.go_type() {
        Type::Map(element) => (**element).clone(),
        Type::Named { name: "engine.files", .. } => Type::List(Box::new(Type::Int(IntKind::Uint8))),
        // The other named maps of a template are over map[string]interface {}.
        _ => Type::Any,
    }
}

/// Go's zero value of a type.
fn zero(of: &Type) -> Value {
    match of {
        Type::Any | Type::Named { .. } => Value::Nil,
        Type::Bool => Value::Bool(false),
        Type::Int(kind) => Value::Int(0, *kind),
        Type::Uint64 => Value::Uint(0),
        Type::Float64 => Value::Float(0.0),
        Type::Str => Value::str(""),
        Type::List(element) if **element == Type::Int(IntKind::Uint8) => Bytes::nil().into(),
        Type::List(element) => Value::List(List::nil((**element).clone())),
        Type::Map(_) => Value::Map(Map::nil(of.clone())),
    }
}

/// What `range` goes through.
#[derive(Debug)]
pub(super) enum Items {
    List(List, usize),
    Map(std::vec::IntoIter<(Str, Value)>, bool),
    Int(i64, i64, IntKind),
    Uint(u64, u64),
}

/// One iteration: the index or key, and the element.
pub(super) struct Item {
    pub(super) index: Value,
    pub(super) element: Cell,
}

impl Items {
    /// The items of a value: `None` where there are none to go through.
    ///
    /// # Errors
    /// `Err` where it has no items at all.
    pub(super) fn of(value: &Value) -> Result<Option<Self>, ()> {
        Ok(match value {
            Value::Nil => None,
            Value::List(list) => (!list.is_empty()).then(|| Self::List(list.clone(), 0)),
            Value::Map(map) => {
                let interface = element(map) == Type::Any;
                (!map.is_empty()).then(|| Self::Map(map.to_vec().into_iter(), interface))
            }
            Value::Int(end, kind) => (*end > 0).then_some(Self::Int(0, *end, *kind)),
            Value::Uint(end) => (*end > 0).then_some(Self::Uint(0, *end)),
            Value::Object(object) => match object.underlying() {
                Some(value @ (Value::List(_) | Value::Map(_))) => return Self::of(&value),
                _ => return Err(()),
            },
            Value::Bool(_) | Value::Float(_) | Value::Str(_) => return Err(()),
        })
    }
}

impl Iterator for Items {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        match self {
            Self::List(list, next) => {
                let value = list.get(*next)?;
                let index = Value::int(i64::try_from(*next).ok()?);
                *next += 1;
                Some(Item { index, element: Cell { value, wrapped: *list.element() == Type::Any } })
            }
            Self::Map(entries, interface) => {
                let (key, value) = entries.next()?;
                Some(Item { index: Value::Str(key), element: Cell { value, wrapped: *interface } })
            }
            Self::Int(next, end, kind) => {
                let value = Value::Int(*next, *kind);
                *next = (*next < *end).then(|| *next + 1)?;
                Some(Item { index: Value::Nil, element: Cell::known(value) })
            }
            Self::Uint(next, end) => {
                let value = Value::Uint(*next);
                *next = (*next < *end).then(|| *next + 1)?;
                Some(Item { index: Value::Nil, element: Cell::known(value) })
            }
        }
    }
}
