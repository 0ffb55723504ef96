//! CEL's binary operators, over known values without secret marks.

use std::cmp::Ordering;

use cel::common::ast::operators;
use serde_json::Number;

use super::MAX_TEXT;
use crate::value::Value;

/// An operator of two operands that are both needed. `&&`, `||` and `?:` are not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
}

impl Operator {
    /// By the name that the parser gives it.
    pub(super) fn find(name: &str) -> Option<Self> {
        Some(match name {
            operators::ADD => Self::Add,
            operators::SUBSTRACT => Self::Subtract,
            operators::MULTIPLY => Self::Multiply,
            operators::DIVIDE => Self::Divide,
            operators::MODULO => Self::Modulo,
            operators::EQUALS => Self::Equal,
            operators::NOT_EQUALS => Self::NotEqual,
            operators::LESS => Self::Less,
            operators::LESS_EQUALS => Self::LessEqual,
            operators::GREATER => Self::Greater,
            operators::GREATER_EQUALS => Self::GreaterEqual,
            operators::IN => Self::In,
            _ => return None,
        })
    }

    fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::In => "in",
        }
    }

    /// Does it look at everything in its operands, or only at their outside?
    pub(super) fn is_deep(self) -> bool {
        matches!(self, Self::Equal | Self::NotEqual | Self::In)
    }

    /// Applies it. The message of a failure names types, never values.
    pub(super) fn apply(self, left: Value, right: Value) -> Result<Value, String> {
        let overflow = || format!("`{}` overflows 64 bits", self.symbol());
        match (self, left, right) {
            (Self::Equal, a, b) => Ok(Value::Bool(a == b)),
            (Self::NotEqual, a, b) => Ok(Value::Bool(a != b)),
            (Self::In, item, Value::List(items)) => Ok(Value::Bool(items.contains(&item))),
            (Self::In, Value::String(key), Value::Map(map)) => Ok(Value::Bool(map.contains_key(&key))),
            (Self::Add, Value::String(a), Value::String(b)) => {
                if a.len() + b.len() > MAX_TEXT {
                    return Err(format!("the text grows beyond {} KiB", MAX_TEXT >> 10));
                }
                Ok(Value::String(a + &b))
            }
            (Self::Add, Value::List(mut a), Value::List(b)) => {
                a.extend(b);
                Ok(Value::List(a))
            }
            (Self::Less | Self::LessEqual | Self::Greater | Self::GreaterEqual, a, b) => {
                let order = compare(&a, &b).ok_or_else(|| self.mismatch(&a, &b))?;
                Ok(Value::Bool(match self {
                    Self::Less => order == Ordering::Less,
                    Self::LessEqual => order != Ordering::Greater,
                    Self::Greater => order == Ordering::Greater,
                    _ => order != Ordering::Less,
                }))
            }
            (_, Value::Number(a), Value::Number(b)) => match (integer(&a), integer(&b)) {
                (Some(x), Some(y)) => self.integers(x, y)?.map(Value::Number).ok_or_else(overflow),
                (None, None) => self.doubles(&a, &b).map(Value::Number),
                _ => Err(format!("`{}` takes two integers or two doubles, and these are one of each", self.symbol())),
            },
            (_, a, b) => Err(self.mismatch(&a, &b)),
        }
    }

    /// None on overflow.
    fn integers(self, a: i128, b: i128) -> Result<Option<Number>, String> {
        let result = match self {
            Self::Add => a.checked_add(b),
            Self::Subtract => a.checked_sub(b),
            Self::Multiply => a.checked_mul(b),
            Self::Divide | Self::Modulo if b == 0 => return Err("division by zero".to_owned()),
            Self::Divide => a.checked_div(b),
            Self::Modulo => a.checked_rem(b),
            _ => None,
        };
        Ok(result.and_then(|n| i64::try_from(n).map(Number::from).or_else(|_| u64::try_from(n).map(Number::from)).ok()))
    }

    fn doubles(self, a: &Number, b: &Number) -> Result<Number, String> {
        let (Some(x), Some(y)) = (a.as_f64(), b.as_f64()) else { return Err("this number is not finite".to_owned()) };
        let result = match self {
            Self::Add => x + y,
            Self::Subtract => x - y,
            Self::Multiply => x * y,
            Self::Divide => x / y,
            _ => return Err(format!("`{}` takes two integers", self.symbol())),
        };
        Number::from_f64(result).ok_or_else(|| format!("the result of `{}` is not finite", self.symbol()))
    }

    fn mismatch(self, a: &Value, b: &Value) -> String {
        format!("`{}` cannot be used with {} and {}", self.symbol(), type_name(a), type_name(b))
    }
}

/// A number without a fraction, as it was written: `1.0` is a double.
pub(super) fn integer(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

/// Negation, of a number.
pub(super) fn negate(value: &Value) -> Result<Value, String> {
    match value {
        Value::Number(n) => match integer(n) {
            Some(int) => i64::try_from(-int).map(Value::from).map_err(|_| "`-` overflows 64 bits".to_owned()),
            None => n
                .as_f64()
                .and_then(|double| Number::from_f64(-double))
                .map(Value::Number)
                .ok_or_else(|| "not finite".to_owned()),
        },
        other => Err(format!("`-` cannot be used with {}", type_name(other))),
    }
}

fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Number(a), Value::Number(b)) => match (integer(a), integer(b)) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
        },
        _ => None,
    }
}

/// What a value is, in words.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a bool",
        Value::Number(n) if n.is_f64() => "a double",
        Value::Number(_) => "an integer",
        Value::String(_) => "a string",
        Value::List(_) => "a list",
        Value::Map(_) => "a map",
        Value::Unknown => "an unknown",
        Value::Secret(inner) => type_name(inner),
    }
}
