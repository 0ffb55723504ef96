//! Sprig's conversions: `int`, `int64`, `float64`, `toString`, `toStrings`, `toDecimal`, `atoi`.
//!
//! They never fail: what is no number is 0.

mod parse;

#[cfg(test)]
mod tests;

pub(crate) use parse::{NotANumber, parse_float, parse_int};

use crate::context::Context;
use crate::format;
use crate::function::{Answer, Function, Parameter};
use crate::value::{List, Type, Value};

/// What casts.
pub const TABLE: &[Function] = &[
    Function { name: "int", parameters: &[Parameter::Any], variadic: None, call: int },
    Function { name: "int64", parameters: &[Parameter::Any], variadic: None, call: int64 },
    Function { name: "float64", parameters: &[Parameter::Any], variadic: None, call: float64 },
    Function { name: "toString", parameters: &[Parameter::Any], variadic: None, call: to_string },
    Function { name: "toStrings", parameters: &[Parameter::Any], variadic: None, call: to_strings },
    Function { name: "toDecimal", parameters: &[Parameter::Any], variadic: None, call: to_decimal },
    Function { name: "atoi", parameters: &[Parameter::Str], variadic: None, call: atoi },
];

/// Anything as an `int64`: floats lose their fraction, strings are read in the base that they say (`0x`, `0`), and
/// what is no number is 0.
pub(crate) fn to_i64(value: &Value) -> i64 {
    match value {
        Value::Int(number, _) => *number,
        Value::Uint(number) => number.cast_signed(),
        Value::Float(number) => truncate(*number),
        Value::Bool(truth) => i64::from(*truth),
        Value::Str(text) => parse_int(without_zero_decimals(text), 0).unwrap_or(0),
        // Of the named numbers, these two are known to the library that casts.
        Value::Object(object) => match (object.go_type(), object.data()) {
            (Type::Named { name: "time.Month" | "time.Weekday", .. }, Some(Value::Int(number, _))) => number,
            _ => 0,
        },
        Value::Nil | Value::List(_) | Value::Map(_) => 0,
    }
}

/// Anything as an `int`, which has 64 bits.
pub(crate) fn to_int(value: &Value) -> i64 {
    to_i64(value)
}

/// Anything as a `float64`; what is no number is 0.
pub(crate) fn to_f64(value: &Value) -> f64 {
    match value {
        Value::Float(number) => *number,
        Value::Uint(number) => *number as f64,
        Value::Str(text) => parse_float(text).unwrap_or(0.0),
        other => to_i64(other) as f64,
    }
}

/// A float without its fraction; what does not fit is the least number, as processors of the x86 have it.
fn truncate(number: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&number) { number as i64 } else { i64::MIN }
}

/// A text without a decimal part of zeros: "1.00" is "1", "1.50" and "1." stay.
fn without_zero_decimals(text: &[u8]) -> &[u8] {
    let Some(point) = text.iter().rposition(|&byte| byte != b'0') else {
        return text;
    };
    match text.get(point) {
        Some(b'.') if point + 1 < text.len() => text.get(..point).unwrap_or(text),
        _ => text,
    }
}

fn argument(arguments: &[Value]) -> &Value {
    arguments.first().unwrap_or(&Value::Nil)
}

fn int(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    Ok(Value::int(to_int(argument(arguments))))
}

fn int64(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    Ok(Value::int64(to_i64(argument(arguments))))
}

fn float64(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    Ok(Value::Float(to_f64(argument(arguments))))
}

fn to_string(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let value = argument(arguments);
    let text = format::strval(value)?;
    if !matches!(value, Value::Str(_)) {
        context.spend(text.len())?;
    }
    Ok(Value::Str(text))
}

fn to_strings(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let strings = format::strings(argument(arguments))?;
    context.spend(strings.iter().map(|text| text.len()).sum::<usize>() + strings.len())?;
    Ok(Value::List(List::strings(strings)))
}

/// Octal digits as a number, such as the mode of a file.
fn to_decimal(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    let text = format::print(argument(arguments))?;
    Ok(Value::int64(parse_int(&text, 8).unwrap_or(0)))
}

/// Decimal digits as a number; one that does not fit is the nearest that does.
fn atoi(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    let Value::Str(text) = argument(arguments) else {
        return Ok(Value::int(0));
    };
    Ok(Value::int(match parse_int(text, 10) {
        Ok(number) | Err(NotANumber::Range(number)) => number,
        Err(NotANumber::Syntax) => 0,
    }))
}
