//! Reads the arguments of a function, whose number and types the evaluator has checked.

use crate::context::Context;
use crate::function::Failure;
use crate::value::{List, Map, Str, Type, Value};

/// What a panic of Go at a nil pointer says: Sprig asks a nil for its type.
pub(super) const NIL_DEREFERENCE: &str = "runtime error: invalid memory address or nil pointer dereference";

/// Counts values that will be copied or looked at: each is about as much as 16 bytes.
pub(super) fn spend_items(context: &mut dyn Context, count: usize) -> Result<(), Failure> {
    context.spend(count.saturating_mul(16))
}

/// Counts steps that make nothing: in parts, so that they are not taken for bytes that need room.
pub(crate) fn spend_steps(context: &mut dyn Context, count: usize) -> Result<(), Failure> {
    const PART: usize = 1 << 20;
    let mut left = count;
    while left > 0 {
        context.spend(left.min(PART))?;
        left = left.saturating_sub(PART);
    }
    Ok(())
}

/// The argument at `index`; nil where there is none.
pub(super) fn any(arguments: &[Value], index: usize) -> Value {
    arguments.get(index).cloned().unwrap_or_default()
}

/// The string at `index`.
pub(super) fn text(arguments: &[Value], index: usize) -> Result<&Str, Failure> {
    match arguments.get(index) {
        Some(Value::Str(text)) => Ok(text),
        _ => Err(mismatch(index, "string")),
    }
}

/// The `int` at `index`.
pub(super) fn int(arguments: &[Value], index: usize) -> Result<i64, Failure> {
    match arguments.get(index) {
        Some(Value::Int(number, _)) => Ok(*number),
        _ => Err(mismatch(index, "int")),
    }
}

/// The `bool` at `index`.
pub(super) fn boolean(arguments: &[Value], index: usize) -> Result<bool, Failure> {
    match arguments.get(index) {
        Some(Value::Bool(value)) => Ok(*value),
        _ => Err(mismatch(index, "bool")),
    }
}

/// The `map[string]interface {}` at `index`; nil becomes Go's nil map.
pub(super) fn map(arguments: &[Value], index: usize) -> Result<Map, Failure> {
    match arguments.get(index) {
        Some(Value::Map(map)) => Ok(map.clone()),
        Some(Value::Nil) => Ok(Map::nil(Type::Map(Box::new(Type::Any)))),
        _ => Err(mismatch(index, "map[string]interface {}")),
    }
}

/// The slice that a function of Sprig finds in an argument by reflection, or its message for another kind: the
/// `refusal`, with the kind behind it.
pub(super) fn slice(arguments: &[Value], index: usize, refusal: &str) -> Result<List, Failure> {
    match arguments.get(index) {
        Some(Value::List(list)) => return Ok(list.clone()),
        Some(Value::Object(object)) => {
            if let Some(Value::List(list)) = object.underlying() {
                return Ok(list);
            }
        }
        _ => {}
    }
    match arguments.get(index).and_then(Value::go_type) {
        Some(kind) => Err(format!("{refusal} {}", kind.kind()).into()),
        None => Err(NIL_DEREFERENCE.into()),
    }
}

/// An evaluator's mistake, told rather than panicked about.
fn mismatch(index: usize, expected: &str) -> Failure {
    format!("argument {} is not of type {expected}", index + 1).into()
}
