//! Which part of an old value a part of a new one goes with.

use serde_json::Value;

use super::props::Props;

/// Whether two values are the same, map lists in any order.
pub(crate) fn same(new: &Value, old: &Value, schema: &Props) -> bool {
    match (new, old) {
        (Value::Array(new), Value::Array(old_items)) if is_map(schema) => {
            new.len() == old_items.len()
                && new.iter().all(|item| {
                    self::item(old, item, schema).is_some_and(|old| match &schema.items {
                        Some(child) => same(item, old, child),
                        None => item == old,
                    })
                })
        }
        (Value::Array(new), Value::Array(old)) => match &schema.items {
            Some(child) => new.len() == old.len() && new.iter().zip(old).all(|(new, old)| same(new, old, child)),
            None => new == old,
        },
        (Value::Object(new), Value::Object(old)) => {
            new.len() == old.len()
                && new.iter().all(|(name, value)| {
                    let child = schema.properties.get(name).or(schema.additional_schema());
                    old.get(name).is_some_and(|old| match child {
                        Some(child) => same(value, old, child),
                        None => value == old,
                    })
                })
        }
        (new, old) => new == old,
    }
}

/// The old item with the same keys, in lists that have keys.
pub(crate) fn item<'a>(old: &'a Value, item: &Value, schema: &Props) -> Option<&'a Value> {
    if !is_map(schema) {
        return None;
    }
    let default = |key: &String| {
        let child = schema.items.as_deref().and_then(|items| items.properties.get(key));
        child.and_then(|child| child.default.as_ref())
    };
    let keys = |item: &Value| -> Option<Vec<Option<Value>>> {
        let fields = item.as_object()?;
        Some(schema.map_keys.iter().map(|key| fields.get(key).or(default(key)).cloned()).collect())
    };
    let wanted = keys(item)?;
    let found = old.as_array()?.iter().filter(|old| keys(old).as_ref() == Some(&wanted)).collect::<Vec<_>>();
    match found.as_slice() {
        [one] => Some(one),
        [first, ..] => Some(first),
        [] => None,
    }
}

fn is_map(schema: &Props) -> bool {
    schema.list_type.as_deref() == Some("map")
}
