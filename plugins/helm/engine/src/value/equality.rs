//! When two values are deeply equal: Go's `reflect.DeepEqual`.

use super::{Object, Value};

/// How deeply values may be nested that are compared: deeper ones contain themselves.
const MAX_DEPTH: usize = 500;

/// How many values one comparison may look at: a map that holds itself at many places has no end.
const MAX_STEPS: usize = 10_000_000;

/// Two values that could not be compared to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the values are too large to be compared, or contain themselves")]
pub struct Incomparable;

impl From<Incomparable> for crate::function::Failure {
    fn from(error: Incomparable) -> Self {
        Self::Error(error.to_string())
    }
}

impl Value {
    /// Whether both have the same type and hold the same: a number is never equal to one of another type, nor a
    /// nil slice to an empty one.
    ///
    /// # Errors
    /// [`Incomparable`].
    pub fn deeply_equals(&self, other: &Self) -> Result<bool, Incomparable> {
        self.deeply_equals_counted(other, &mut 0)
    }

    /// The same, adding to `steps` how many values were looked at. All that were counted so far are bounded
    /// together.
    ///
    /// # Errors
    /// [`Incomparable`].
    pub fn deeply_equals_counted(&self, other: &Self, steps: &mut usize) -> Result<bool, Incomparable> {
        equal(self, other, 0, steps)
    }
}

fn equal(one: &Value, other: &Value, depth: usize, steps: &mut usize) -> Result<bool, Incomparable> {
    *steps += 1;
    if depth > MAX_DEPTH || *steps > MAX_STEPS {
        return Err(Incomparable);
    }
    Ok(match (one, other) {
        (Value::Nil, Value::Nil) => true,
        (Value::Bool(one), Value::Bool(other)) => one == other,
        (Value::Int(one, kind), Value::Int(other, other_kind)) => one == other && kind == other_kind,
        (Value::Uint(one), Value::Uint(other)) => one == other,
        (Value::Float(one), Value::Float(other)) => one == other,
        (Value::Str(one), Value::Str(other)) => one == other,
        (Value::List(one), Value::List(other)) => {
            if one.element() != other.element() || one.is_nil() != other.is_nil() || one.len() != other.len() {
                return Ok(false);
            }
            if one.same(other) {
                return Ok(true);
            }
            for (one, other) in one.borrow().iter().zip(other.borrow().iter()) {
                if !equal(one, other, depth + 1, steps)? {
                    return Ok(false);
                }
            }
            true
        }
        (Value::Map(one), Value::Map(other)) => {
            if one.go_type() != other.go_type() || one.is_nil() != other.is_nil() || one.len() != other.len() {
                return Ok(false);
            }
            if one.same(other) {
                return Ok(true);
            }
            for ((key, one), (other_key, other)) in one.borrow().iter().zip(other.borrow().iter()) {
                if key != other_key || !equal(one, other, depth + 1, steps)? {
                    return Ok(false);
                }
            }
            true
        }
        (Value::Object(one), Value::Object(other)) => {
            if std::rc::Rc::ptr_eq(one, other) {
                return Ok(true);
            }
            objects(&**one, &**other, depth, steps)?
        }
        _ => false,
    })
}

/// Objects are equal by what is beneath them, or by their fields, or by what they print.
fn objects(one: &dyn Object, other: &dyn Object, depth: usize, steps: &mut usize) -> Result<bool, Incomparable> {
    if one.go_type() != other.go_type() {
        return Ok(false);
    }
    if let (Some(one), Some(other)) = (one.underlying(), other.underlying()) {
        return equal(&one, &other, depth + 1, steps);
    }
    if let (Some(one), Some(other)) = (one.fields(), other.fields()) {
        if one.len() != other.len() {
            return Ok(false);
        }
        for ((_, one), (_, other)) in one.iter().zip(&other) {
            if !equal(one, other, depth + 1, steps)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    Ok(one.print() == other.print())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use crate::value::{List, Map, Type};

    #[test]
    fn compares_types_as_well_as_contents() {
        let list = |items: &[i64]| Value::list(items.iter().map(|item| Value::int(*item)).collect());
        let map = |value: Value| Value::from(Map::from_iter([("a".into(), value)]));
        let cases = [
            (Value::Nil, Value::Nil, true),
            (Value::int(1), Value::int(1), true),
            (Value::int(1), Value::int64(1), false),
            (Value::int(1), Value::Float(1.0), false),
            (Value::Float(f64::NAN), Value::Float(f64::NAN), false),
            (Value::str("a"), Value::str("a"), true),
            (list(&[1, 2]), list(&[1, 2]), true),
            (list(&[1, 2]), list(&[2, 1]), false),
            (list(&[]), List::nil(Type::Any).into(), false),
            (list(&[]), List::new(Type::Str, Vec::new()).into(), false),
            (map(list(&[1])), map(list(&[1])), true),
            (map(Value::int(1)), map(Value::Nil), false),
        ];
        for (one, other, expected) in cases {
            assert_eq!(one.deeply_equals(&other), Ok(expected), "{one:?} {other:?}");
            assert_eq!(other.deeply_equals(&one), Ok(expected), "{other:?} {one:?}");
        }
    }

    #[test]
    fn ends_with_maps_that_contain_themselves() {
        let circle = || {
            let map = Map::new();
            map.set("self", map.clone().into());
            map
        };
        let (one, other) = (circle(), circle());
        assert_eq!(Value::Map(one.clone()).deeply_equals(&Value::Map(other.clone())), Err(Incomparable));
        // Without this the two would never be freed.
        one.remove(b"self");
        other.remove(b"self");
    }
}
