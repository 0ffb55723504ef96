//! Reading and setting fields of objects, an absent field being what Go's zero value is.

use serde_json::{Map, Value};

/// Nothing, to refer to.
pub(crate) static NULL: Value = Value::Null;

/// A field, `null` where it is absent.
pub(crate) fn at<'a>(object: &'a Value, name: &str) -> &'a Value {
    object.get(name).unwrap_or(&NULL)
}

/// Whether a field is there and not `null`.
pub(crate) fn has(object: &Value, name: &str) -> bool {
    !at(object, name).is_null()
}

/// A field's text, empty where it is absent.
pub(crate) fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    at(object, name).as_str().unwrap_or_default()
}

/// A field's whole number.
pub(crate) fn int(object: &Value, name: &str) -> Option<i64> {
    at(object, name).as_i64()
}

/// Whether a field says yes.
pub(crate) fn flag(object: &Value, name: &str) -> bool {
    at(object, name).as_bool().unwrap_or_default()
}

/// A field's items, none where it is absent.
pub(crate) fn items<'a>(object: &'a Value, name: &str) -> &'a [Value] {
    at(object, name).as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A field's items, to change them.
pub(crate) fn items_mut<'a>(object: &'a mut Value, name: &str) -> &'a mut [Value] {
    object.get_mut(name).and_then(Value::as_array_mut).map(Vec::as_mut_slice).unwrap_or_default()
}

/// A field's entries, in the order of their keys.
pub(crate) fn entries<'a>(object: &'a Value, name: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    at(object, name).as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

/// How many entries or items a field has.
pub(crate) fn count(object: &Value, name: &str) -> usize {
    match at(object, name) {
        Value::Object(entries) => entries.len(),
        Value::Array(items) => items.len(),
        _ => 0,
    }
}

/// An object in a field, to change it; made where there is none. `None` if `object` is no object.
pub(crate) fn make<'a>(object: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    let field = object.as_object_mut()?.entry(name).or_insert(Value::Null);
    if field.is_null() {
        *field = Value::Object(Map::new());
    }
    Some(field)
}

/// A field that is there, to change it.
pub(crate) fn existing<'a>(object: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    object.get_mut(name).filter(|field| !field.is_null())
}

/// Sets a field.
pub(crate) fn set(object: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(name.to_owned(), value.into());
    }
}

/// Removes a field.
pub(crate) fn remove(object: &mut Value, name: &str) {
    if let Some(fields) = object.as_object_mut() {
        fields.remove(name);
    }
}

/// Sets a field that is absent or empty text: the default of a string, or of anything that is a pointer in Go.
pub(crate) fn default(object: &mut Value, name: &str, value: impl Into<Value>) {
    if matches!(at(object, name), Value::Null) || at(object, name).as_str() == Some("") {
        set(object, name, value);
    }
}

/// Sets a number that is absent or 0: the default of a number that is no pointer in Go.
pub(crate) fn default_number(object: &mut Value, name: &str, value: i64) {
    if matches!(int(object, name), None | Some(0)) {
        set(object, name, value);
    }
}

/// Keeps a field as it was in `old`, also its absence.
pub(crate) fn keep(object: &mut Value, old: &Value, name: &str) {
    match old.get(name) {
        Some(value) => set(object, name, value.clone()),
        None => remove(object, name),
    }
}
