//! Reading and writing fields of objects by JSON pointer, where absent is the same as empty, as in Go.

use std::sync::LazyLock;

use serde_json::{Map, Value};

/// The text at a place; empty if there is none.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The integer at a place; 0 if there is none.
pub(crate) fn int(value: &Value, pointer: &str) -> i64 {
    value.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}

/// The boolean at a place; false if there is none.
pub(crate) fn flag(value: &Value, pointer: &str) -> bool {
    value.pointer(pointer).and_then(Value::as_bool).unwrap_or_default()
}

/// The items at a place; none if there is no list.
pub(crate) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The texts of a list.
pub(crate) fn texts<'a>(value: &'a Value, pointer: &str) -> Vec<&'a str> {
    list(value, pointer).iter().filter_map(Value::as_str).collect()
}

/// The fields at a place; none if there is no object.
pub(crate) fn map<'a>(value: &'a Value, pointer: &str) -> &'a Map<String, Value> {
    static EMPTY: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
    value.pointer(pointer).and_then(Value::as_object).unwrap_or(&EMPTY)
}

/// Whether something other than null is there.
pub(crate) fn has(value: &Value, pointer: &str) -> bool {
    value.pointer(pointer).is_some_and(|found| !found.is_null())
}

/// Sets a field, with the objects on the way to it; a value that is no object on the way is left alone.
pub(crate) fn set(value: &mut Value, pointer: &str, new: impl Into<Value>) {
    let mut at = value;
    let mut parts = pointer.split('/').skip(1).map(unescape).peekable();
    while let Some(part) = parts.next() {
        if at.is_null() {
            *at = Value::Object(Map::new());
        }
        let next = match at {
            Value::Object(fields) if parts.peek().is_none() => {
                fields.insert(part, new.into());
                return;
            }
            Value::Object(fields) => fields.entry(part).or_insert(Value::Null),
            Value::Array(items) => match part.parse::<usize>().ok().and_then(|index| items.get_mut(index)) {
                Some(item) => item,
                None => return,
            },
            _ => return,
        };
        if parts.peek().is_none() {
            *next = new.into();
            return;
        }
        at = next;
    }
}

/// Sets a field that is not there (or null).
pub(crate) fn default(value: &mut Value, pointer: &str, new: impl Into<Value>) {
    if !has(value, pointer) {
        set(value, pointer, new);
    }
}

/// Sets a text that is not there or empty.
pub(crate) fn default_text(value: &mut Value, pointer: &str, new: &str) {
    if text(value, pointer).is_empty() {
        set(value, pointer, new);
    }
}

/// Takes a field away.
pub(crate) fn remove(value: &mut Value, pointer: &str) -> Option<Value> {
    let (parent, name) = pointer.rsplit_once('/')?;
    value.pointer_mut(parent)?.as_object_mut()?.remove(&unescape(name))
}

/// Makes a field what it is in another object: the same value, or none.
pub(crate) fn keep(value: &mut Value, old: &Value, pointer: &str) {
    match old.pointer(pointer) {
        Some(was) => set(value, pointer, was.clone()),
        None => {
            remove(value, pointer);
        }
    }
}

/// The items at a place, to be changed.
pub(crate) fn list_mut<'a>(value: &'a mut Value, pointer: &str) -> &'a mut [Value] {
    value.pointer_mut(pointer).and_then(Value::as_array_mut).map(Vec::as_mut_slice).unwrap_or_default()
}

/// Whether two values mean the same: null, absent, empty objects and empty lists are alike, as for
/// `apiequality.Semantic.DeepEqual` of Go's nil and empty.
pub(crate) fn same(one: Option<&Value>, other: Option<&Value>) -> bool {
    fn empty(value: Option<&Value>) -> bool {
        match value {
            None | Some(Value::Null) => true,
            Some(Value::Array(items)) => items.is_empty(),
            Some(Value::Object(fields)) => fields.values().all(|field| empty(Some(field))),
            Some(Value::String(text)) => text.is_empty(),
            Some(_) => false,
        }
    }
    match (one, other) {
        (Some(Value::Object(one)), Some(Value::Object(other))) => {
            one.iter().all(|(name, value)| same(Some(value), other.get(name)))
                && other.iter().all(|(name, value)| one.contains_key(name) || empty(Some(value)))
        }
        (Some(Value::Array(one)), Some(Value::Array(other))) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(Some(one), Some(other)))
        }
        (one, other) if empty(one) && empty(other) => true,
        (one, other) => one == other,
    }
}

fn unescape(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sets_with_what_is_on_the_way() {
        let mut value = json!({"a": [{"b": 1}], "c": 1});
        set(&mut value, "/a/0/d", 2);
        set(&mut value, "/x/kubernetes.io~1y", "z");
        set(&mut value, "/c/d", 1);
        default(&mut value, "/a/0/b", 7);
        assert_eq!(value, json!({"a": [{"b": 1, "d": 2}], "c": 1, "x": {"kubernetes.io/y": "z"}}));
        assert_eq!(remove(&mut value, "/x/kubernetes.io~1y"), Some(json!("z")));
        assert_eq!(remove(&mut value, "/nope/a"), None);
    }

    #[test]
    fn empty_is_absent() {
        assert!(same(Some(&json!({"a": null, "b": [], "c": {"d": ""}})), None));
        assert!(same(Some(&json!({"a": 1})), Some(&json!({"a": 1, "b": {}}))));
        assert!(!same(Some(&json!({"a": 1})), Some(&json!({"a": 2}))));
        assert!(!same(Some(&json!([1])), None));
    }
}
