//! Reading and mending of objects that are JSON: metadata, owners, conditions.

use serde_json::{Map, Value, json};

/// The text at a pointer, empty where there is none.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The integer at a pointer.
pub(crate) fn integer(object: &Value, pointer: &str) -> Option<i64> {
    object.pointer(pointer).and_then(Value::as_i64)
}

/// Whether there is `true` at a pointer.
pub(crate) fn truth(object: &Value, pointer: &str) -> bool {
    object.pointer(pointer).and_then(Value::as_bool).unwrap_or_default()
}

/// The items at a pointer, none where there is no list.
pub(crate) fn items<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The fields at a pointer.
pub(crate) fn fields<'a>(object: &'a Value, pointer: &str) -> Option<&'a Map<String, Value>> {
    object.pointer(pointer).and_then(Value::as_object)
}

/// `metadata.name`
pub(crate) fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

/// `metadata.namespace`, empty for what lives in none.
pub(crate) fn namespace(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

/// `metadata.uid`
pub(crate) fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

/// Whether it is to be deleted.
pub(crate) fn is_deleted(object: &Value) -> bool {
    object.pointer("/metadata/deletionTimestamp").is_some_and(|moment| !moment.is_null())
}

/// Whether this finalizer holds it.
pub(crate) fn has_finalizer(object: &Value, finalizer: &str) -> bool {
    items(object, "/metadata/finalizers").iter().any(|held| held == finalizer)
}

/// Takes a finalizer away; whether there was one.
pub(crate) fn remove_finalizer(object: &mut Value, finalizer: &str) -> bool {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return false };
    let Some(held) = metadata.get_mut("finalizers").and_then(Value::as_array_mut) else { return false };
    let before = held.len();
    held.retain(|held| held != finalizer);
    let removed = held.len() < before;
    if held.is_empty() {
        metadata.remove("finalizers");
    }
    removed
}

/// `metadata.ownerReferences`
pub(crate) fn owners(object: &Value) -> &[Value] {
    items(object, "/metadata/ownerReferences")
}

/// The owner that manages it.
pub(crate) fn controller(object: &Value) -> Option<&Value> {
    owners(object).iter().find(|owner| truth(owner, "/controller"))
}

/// A reference by which `owner` manages what it makes.
pub(crate) fn controlled_by(owner: &Value) -> Value {
    json!({
        "apiVersion": text(owner, "/apiVersion"), "kind": text(owner, "/kind"), "name": name(owner), "uid": uid(owner),
        "controller": true, "blockOwnerDeletion": true,
    })
}

/// A label's value.
pub(crate) fn label<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    fields(object, "/metadata/labels")?.get(key)?.as_str()
}

/// An annotation's value.
pub(crate) fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    fields(object, "/metadata/annotations")?.get(key)?.as_str()
}

/// The group and the version of an `apiVersion`.
pub(crate) fn group_version(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

/// The value at a path of fields, made (with all that leads there) where it is missing. What is no object on the
/// way is replaced by one.
pub(crate) fn ensure<'a>(object: &'a mut Value, path: &[&str]) -> &'a mut Value {
    let mut at = object;
    for field in path {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        at = &mut at[*field];
    }
    at
}

/// Sets the value at a path of fields; `None` takes it away.
pub(crate) fn set(object: &mut Value, path: &[&str], value: Option<Value>) {
    let Some((last, before)) = path.split_last() else { return };
    match value {
        Some(value) => *ensure(ensure(object, before), &[last]) = value,
        None => {
            let mut at = Some(object);
            for field in before {
                at = at.and_then(|at| at.get_mut(*field));
            }
            if let Some(fields) = at.and_then(Value::as_object_mut) {
                fields.remove(*last);
            }
        }
    }
}

/// A condition by its type.
pub(crate) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    items(object, "/status/conditions").iter().find(|condition| text(condition, "/type") == kind)
}

/// Whether a condition is `True`.
pub(crate) fn is_true(object: &Value, kind: &str) -> bool {
    condition(object, kind).is_some_and(|condition| text(condition, "/status") == "True")
}

/// Seconds since 1970 as RFC 3339 in UTC.
pub(crate) fn rfc3339(unix: i64) -> String {
    let moment = time::OffsetDateTime::from_unix_timestamp(unix).unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
    moment.format(&time::format_description::well_known::Rfc3339).unwrap_or_default()
}

/// The seconds since 1970 of an RFC 3339 moment.
pub(crate) fn unix(moment: &str) -> Option<i64> {
    time::OffsetDateTime::parse(moment, &time::format_description::well_known::Rfc3339)
        .ok()
        .map(time::OffsetDateTime::unix_timestamp)
}

/// An id like the cloud's, of two random numbers.
pub(super) fn uuid(one: u64, other: u64) -> String {
    let (a, b, c) = (one >> 32, (one >> 16) & 0xffff, one & 0xfff);
    let (d, e) = (((other >> 48) & 0x3fff) | 0x8000, other & 0xffff_ffff_ffff);
    format!("{a:08x}-{b:04x}-4{c:03x}-{d:04x}-{e:012x}")
}
