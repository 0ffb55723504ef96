//! `index` and `len`.

use std::collections::BTreeMap;

use crate::context::Context;
use crate::function::{Answer, Failure};
use crate::functions::reflect::type_name;
use crate::value::{Bytes, IntKind, List, Map, Type, Value};

/// What a named map or slice is over; everything else is itself.
fn underlying(value: &Value) -> Value {
    match value {
        Value::Object(object) => object.underlying().unwrap_or_else(|| value.clone()),
        other => other.clone(),
    }
}

/// The type of a value as messages name it: pointers are what they point to.
fn indirect_type(value: &Value) -> String {
    let name = type_name(value);
    name.strip_prefix('*').map(str::to_owned).unwrap_or(name)
}

pub(super) fn index(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    let Some((item, indices)) = arguments.split_first().filter(|(item, _)| !matches!(item, Value::Nil)) else {
        return Err("index of untyped nil".into());
    };
    let mut item = item.clone();
    for index in indices {
        item = match &item {
            Value::Nil => return Err("index of nil pointer".into()),
            Value::Object(object) => match (item.bytes(), object.underlying()) {
                (Some(bytes), _) => at_byte(bytes.as_str(), index, "slice")?,
                (None, Some(under)) => step(&under, index)?,
                (None, None) => step(&item, index)?,
            },
            other => step(other, index)?,
        };
    }
    Ok(item)
}

fn step(item: &Value, index: &Value) -> Answer {
    match item {
        Value::Str(text) => at_byte(text, index, "string"),
        Value::List(list) => {
            let at = position(index, list.len())?;
            list.get(at).ok_or_else(|| "reflect: slice index out of range".into())
        }
        Value::Map(map) => match index {
            Value::Str(key) => Ok(map.get(key).unwrap_or_else(|| missing(map))),
            Value::Nil => Err("value is nil; should be of type string".into()),
            other => Err(format!("value has type {}; should be string", type_name(other)).into()),
        },
        other => Err(format!("can't index item of type {}", indirect_type(other)).into()),
    }
}

fn at_byte(text: &[u8], index: &Value, kind: &str) -> Answer {
    let at = position(index, text.len())?;
    match text.get(at) {
        Some(&byte) => Ok(Value::Int(byte.into(), IntKind::Uint8)),
        None => Err(format!("reflect: {kind} index out of range").into()),
    }
}

/// An index as a number. The length itself is let through, as Go does, which finds out later.
fn position(index: &Value, length: usize) -> Result<usize, Failure> {
    let number = match index {
        Value::Int(number, _) => *number,
        Value::Uint(number) => number.cast_signed(),
        Value::Nil => return Err("cannot index slice/array with nil".into()),
        Value::Object(object) => match object.data() {
            Some(Value::Int(number, _)) => number,
            _ => return Err(format!("cannot index slice/array with type {}", type_name(index)).into()),
        },
        other => return Err(format!("cannot index slice/array with type {}", type_name(other)).into()),
    };
    let found = usize::try_from(number).ok().filter(|&position| position <= length);
    found.ok_or_else(|| format!("index out of range: {number}").into())
}

/// What a map holds under a key that it has not: the zero of its elements' type.
fn missing(map: &Map) -> Value {
    match map.go_type() {
        Type::Map(element) => zero(element),
        // A chart's files are a map of byte slices.
        Type::Named { name: "engine.files", .. } => Bytes::nil().into(),
        _ => Value::Nil,
    }
}

fn zero(of: &Type) -> Value {
    match of {
        Type::Any | Type::Named { .. } => Value::Nil,
        Type::Bool => Value::Bool(false),
        Type::Int(kind) => Value::Int(0, *kind),
        Type::Uint64 => Value::Uint(0),
        Type::Float64 => Value::Float(0.0),
        Type::Str => Value::from(""),
        Type::List(element) => Value::List(List::nil((**element).clone())),
        Type::Map(_) => Value::Map(Map::typed(of.clone(), BTreeMap::new())),
    }
}

pub(super) fn len(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    let value = arguments.first().unwrap_or(&Value::Nil);
    if let Some(bytes) = value.bytes() {
        return Ok(Value::int(bytes.as_str().len() as i64));
    }
    let length = match underlying(value) {
        Value::Nil => return Err("len of nil pointer".into()),
        Value::Str(text) => text.len(),
        Value::List(list) => list.len(),
        Value::Map(map) => map.len(),
        other => return Err(format!("len of type {}", indirect_type(&other)).into()),
    };
    Ok(Value::int(length as i64))
}
