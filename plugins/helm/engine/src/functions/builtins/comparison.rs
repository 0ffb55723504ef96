//! `eq`, `ne`, `lt`, `le`, `gt`, `ge`: between values of one kind, with no conversion but between signed and
//! unsigned integers.

use std::rc::Rc;

use crate::context::Context;
use crate::format;
use crate::function::{Answer, Failure};
use crate::functions::reflect::{kind, type_name};
use crate::value::{IntKind, Value};

/// What can be compared by itself.
#[derive(Clone, Copy)]
enum Basic<'a> {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Str(&'a [u8]),
}

impl<'a> Basic<'a> {
    fn of(value: &'a Value) -> Option<Self> {
        Some(match value {
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Int(number, IntKind::Uint8 | IntKind::Uint16 | IntKind::Uint32) => {
                Self::Uint(number.cast_unsigned())
            }
            Value::Int(number, _) => Self::Int(*number),
            Value::Uint(number) => Self::Uint(*number),
            Value::Float(number) => Self::Float(*number),
            Value::Str(text) => Self::Str(text),
            Value::Object(object) => match object.data() {
                Some(Value::Int(number, _)) => Self::Int(number),
                _ => return None,
            },
            Value::Nil | Value::List(_) | Value::Map(_) => return None,
        })
    }

    /// Whether both are equal; `None` where they are of different kinds.
    fn equals(self, other: Self) -> Option<bool> {
        Some(match (self, other) {
            (Self::Bool(one), Self::Bool(other)) => one == other,
            (Self::Int(one), Self::Int(other)) => one == other,
            (Self::Uint(one), Self::Uint(other)) => one == other,
            (Self::Int(signed), Self::Uint(unsigned)) | (Self::Uint(unsigned), Self::Int(signed)) => {
                u64::try_from(signed) == Ok(unsigned)
            }
            (Self::Float(one), Self::Float(other)) => one == other,
            (Self::Str(one), Self::Str(other)) => one == other,
            _ => return None,
        })
    }
}

/// Whether this is nil, or a nil slice or map.
fn is_nil(value: &Value) -> bool {
    match value {
        Value::Nil => true,
        Value::List(list) => list.is_nil(),
        Value::Map(map) => map.is_nil(),
        Value::Object(_) => value.bytes().is_some_and(crate::value::Bytes::is_nil),
        _ => false,
    }
}

fn incompatible(one: &Value, other: &Value) -> Failure {
    format!("incompatible types for comparison: {} and {}", type_name(one), type_name(other)).into()
}

/// A value in a message, as Go's `%s` or `%v` prints it there.
fn shown(verb: &[u8], value: &Value) -> Result<String, Failure> {
    Ok(String::from_utf8_lossy(&format::printf(verb, std::slice::from_ref(value))?).into_owned())
}

/// Whether two values are equal.
fn equal(one: &Value, other: &Value) -> Result<bool, Failure> {
    match (Basic::of(one), Basic::of(other)) {
        (Some(left), Some(right)) => left.equals(right).ok_or_else(|| incompatible(one, other)),
        (None, None) => equal_others(one, other),
        _ if matches!(one, Value::Nil) || matches!(other, Value::Nil) => Ok(false),
        _ => Err(incompatible(one, other)),
    }
}

/// Compares what is none of the basic kinds: with nil, or pointers and structs with each other.
fn equal_others(one: &Value, other: &Value) -> Result<bool, Failure> {
    let (one_kind, other_kind) = (kind(one), kind(other));
    if one_kind != other_kind && !matches!(one, Value::Nil) && !matches!(other, Value::Nil) {
        return Err(format!(
            "non-comparable types {}: {}, {}: {}",
            shown(b"%s", one)?,
            type_name(one),
            type_name(other),
            shown(b"%v", other)?
        )
        .into());
    }
    if is_nil(one) || is_nil(other) {
        return Ok(is_nil(one) == is_nil(other));
    }
    match (one, other) {
        (Value::Object(left), Value::Object(right)) if !matches!(other_kind, "map" | "slice") => {
            Ok(Rc::ptr_eq(left, right) || other_kind == "struct" && one.deeply_equals(other)?)
        }
        _ => Err(format!("non-comparable type {}: {}", shown(b"%s", other)?, type_name(other)).into()),
    }
}

/// Whether one value is less than another.
fn less(one: &Value, other: &Value) -> Result<bool, Failure> {
    let invalid = || Failure::from("invalid type for comparison");
    let left = Basic::of(one).ok_or_else(invalid)?;
    let right = Basic::of(other).ok_or_else(invalid)?;
    Ok(match (left, right) {
        (Basic::Bool(_), Basic::Bool(_)) => return Err(invalid()),
        (Basic::Int(left), Basic::Int(right)) => left < right,
        (Basic::Uint(left), Basic::Uint(right)) => left < right,
        (Basic::Int(left), Basic::Uint(right)) => u64::try_from(left).map_or(true, |left| left < right),
        (Basic::Uint(left), Basic::Int(right)) => u64::try_from(right).is_ok_and(|right| left < right),
        (Basic::Float(left), Basic::Float(right)) => left < right,
        (Basic::Str(left), Basic::Str(right)) => left < right,
        _ => return Err(incompatible(one, other)),
    })
}

/// Both sides of a comparison.
fn sides(arguments: &[Value]) -> (&Value, &Value) {
    match arguments {
        [one, other, ..] => (one, other),
        _ => (&Value::Nil, &Value::Nil),
    }
}

/// Whether the first argument equals any other one.
pub(super) fn eq(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    let Some((first, rest)) = arguments.split_first().filter(|(_, rest)| !rest.is_empty()) else {
        return Err("missing argument for comparison".into());
    };
    for other in rest {
        if equal(first, other)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

pub(super) fn ne(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    let (one, other) = sides(arguments);
    Ok(Value::Bool(!equal(one, other)?))
}

pub(super) fn lt(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    let (one, other) = sides(arguments);
    Ok(Value::Bool(less(one, other)?))
}

fn less_or_equal(one: &Value, other: &Value) -> Result<bool, Failure> {
    Ok(less(one, other)? || equal(one, other)?)
}

pub(super) fn le(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    let (one, other) = sides(arguments);
    Ok(Value::Bool(less_or_equal(one, other)?))
}

/// Not less and not equal, which a number that is none is too.
pub(super) fn gt(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    let (one, other) = sides(arguments);
    Ok(Value::Bool(!less_or_equal(one, other)?))
}

pub(super) fn ge(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    let (one, other) = sides(arguments);
    Ok(Value::Bool(!less(one, other)?))
}
