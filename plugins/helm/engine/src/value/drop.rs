//! Frees what is nested deeply without recursion: a template can nest lists without end, and Rust would go down into
//! each of them, one frame of the stack a level.

use super::Value;

/// Drops values, and what they hold and nobody else does.
pub(super) fn dismantle(mut pending: Vec<Value>) {
    while let Some(value) = pending.pop() {
        match value {
            Value::List(list) => pending.append(&mut list.into_items()),
            Value::Map(map) => pending.extend(map.into_entries().into_values()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Map;
    use super::*;

    #[test]
    fn a_deep_value_goes_without_recursion() {
        let mut value = Value::Nil;
        for _ in 0..200_000 {
            let map = Map::new();
            map.set("a", value);
            value = Value::list(vec![Value::Map(map), Value::Nil]);
        }
        let shared = value.clone();
        drop(value);
        assert!(matches!(&shared, Value::List(list) if list.len() == 2));
        drop(shared);
    }
}
