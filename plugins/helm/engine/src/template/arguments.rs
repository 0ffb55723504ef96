//! Holds values against parameters, as Go's reflection assigns them.

use super::compiler::nil;
use crate::function::Parameter;
use crate::value::{Type, Value};

/// What a parameter gets of a value. `wrapped`: the value came out of an `interface {}` just now, so that a nil one
/// still has that type.
///
/// # Errors
/// Go's words for a value that is not assignable.
pub(super) fn checked(value: Value, wrapped: bool, parameter: Parameter) -> Result<Value, String> {
    if is_assignable(&value, parameter) {
        return Ok(value);
    }
    let expected = parameter.go_type();
    let Some(actual) = value.go_type() else {
        if wrapped {
            return Err(format!("wrong type for value; expected {expected}; got interface {{}}"));
        }
        return nil(parameter).ok_or_else(|| format!("invalid value; expected {expected}"));
    };
    Err(format!("wrong type for value; expected {expected}; got {actual}"))
}

fn is_assignable(value: &Value, parameter: Parameter) -> bool {
    use crate::value::IntKind;
    match (parameter, value) {
        (Parameter::Any | Parameter::Reflect, _)
        | (Parameter::Bool, Value::Bool(_))
        | (Parameter::Int, Value::Int(_, IntKind::Int))
        | (Parameter::Int64, Value::Int(_, IntKind::Int64))
        | (Parameter::Named { kind: "uint32", .. }, Value::Int(_, IntKind::Uint32))
        | (Parameter::Float64, Value::Float(_))
        | (Parameter::Str, Value::Str(_)) => true,
        (Parameter::List, Value::List(list)) => *list.element() == Type::Any,
        (Parameter::Strings, Value::List(list)) => *list.element() == Type::Str,
        // Named maps of a template are all over map[string]interface {}.
        (Parameter::Map, Value::Map(map)) => match map.go_type() {
            Type::Map(element) => **element == Type::Any,
            _ => true,
        },
        (Parameter::Time, Value::Object(object)) => {
            matches!(object.go_type(), Type::Named { name: "time.Time" | "*time.Time", .. })
        }
        (Parameter::Named { name, .. }, Value::Object(object)) => {
            matches!(object.go_type(), Type::Named { name: actual, .. } if actual == name)
        }
        _ => false,
    }
}
