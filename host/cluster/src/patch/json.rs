//! JSON patches (RFC 6902) with the liberties that the API server's library takes: negative indices count from
//! the end, a missing member reads as null, `replace` adds a member that is not there.

use http::StatusCode;
use serde_json::{Map, Value};

use super::{printed, undecodable, unprocessable};
use crate::status::Refusal;

/// How many operations one patch may have.
const MOST_OPERATIONS: usize = 10_000;

/// What an operation has.
const FIELDS: [&str; 4] = ["op", "path", "from", "value"];

pub(super) fn apply(target: &Value, patch: &Value) -> Result<Value, Refusal> {
    let operations = operations(patch)?;
    if operations.len() > MOST_OPERATIONS {
        let message = format!(
            "Request entity too large: The allowed maximum operations in a JSON patch is {MOST_OPERATIONS}, got {}",
            operations.len()
        );
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", message));
    }
    let mut document = target.clone();
    for operation in operations {
        operate(&mut document, operation).ok_or_else(unprocessable)?;
    }
    Ok(document)
}

pub(super) fn unknown(patch: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (index, operation) in patch.as_array().into_iter().flatten().enumerate() {
        for key in operation.as_object().into_iter().flat_map(Map::keys) {
            if !FIELDS.contains(&key.as_str()) {
                found.push(format!("json patch unknown field \"[{index}].{key}\""));
            }
        }
    }
    found
}

/// The operations, if each has the types that it should have.
fn operations(patch: &Value) -> Result<&[Value], Refusal> {
    let operations = match patch {
        Value::Array(operations) => operations,
        Value::Null => return Ok(&[]),
        other => {
            let kind = printed::json_kind(other);
            return Err(undecodable(&format!(
                "json: cannot unmarshal {kind} into Go value of type []handlers.jsonPatchOp"
            )));
        }
    };
    for operation in operations {
        let fields = match operation {
            Value::Object(fields) => fields,
            Value::Null => continue,
            other => {
                let kind = printed::json_kind(other);
                return Err(undecodable(&format!(
                    "json: cannot unmarshal {kind} into Go value of type handlers.jsonPatchOp"
                )));
            }
        };
        for name in ["op", "path", "from"] {
            if let Some(wrong) = fields.get(name).filter(|value| !value.is_string() && !value.is_null()) {
                let kind = printed::json_kind(wrong);
                return Err(undecodable(&format!(
                    "json: cannot unmarshal {kind} into Go struct field jsonPatchOp.{name} of type string"
                )));
            }
        }
    }
    Ok(operations)
}

/// `None` where it cannot be done.
fn operate(document: &mut Value, operation: &Value) -> Option<()> {
    let text = |name: &str| operation.get(name).and_then(Value::as_str);
    let path = text("path")?;
    let value = operation.get("value");
    match text("op")? {
        "add" => add(document, path, value.cloned().unwrap_or(Value::Null)),
        "remove" => remove(document, path).map(drop),
        "replace" => replace(document, path, value),
        "move" => {
            let value = remove(document, text("from")?)?;
            add(document, path, value)
        }
        "copy" => {
            let value = read(document, text("from")?)?.cloned().unwrap_or(Value::Null);
            add(document, path, value)
        }
        "test" => test(document, path, value),
        _ => None,
    }
}

fn test(document: &mut Value, path: &str, expected: Option<&Value>) -> Option<()> {
    let found = match path {
        "" => Some(&*document),
        path => read(document, path)?,
    };
    let same = match (found.filter(|value| !value.is_null()), expected) {
        (None, expected) => expected.is_none_or(Value::is_null),
        (Some(found), expected) => Some(found) == expected,
    };
    same.then_some(())
}

/// What is at a path: `None` where nothing can be, `Some(None)` for a member that an object does not have.
fn read<'a>(document: &'a mut Value, path: &str) -> Option<Option<&'a Value>> {
    let (container, key) = locate(document, path)?;
    match container {
        Value::Object(fields) => Some(fields.get(&key)),
        Value::Array(items) => {
            let index = index(&key, items.len())?;
            items.get(index).map(Some)
        }
        _ => None,
    }
}

fn add(document: &mut Value, path: &str, value: Value) -> Option<()> {
    let (container, key) = locate(document, path)?;
    match container {
        Value::Object(fields) => {
            fields.insert(key, value);
        }
        Value::Array(items) if key == "-" => items.push(value),
        Value::Array(items) => {
            let index = index(&key, items.len() + 1)?;
            items.insert(index, value);
        }
        _ => return None,
    }
    Some(())
}

fn remove(document: &mut Value, path: &str) -> Option<Value> {
    let (container, key) = locate(document, path)?;
    match container {
        Value::Object(fields) => fields.remove(&key),
        Value::Array(items) => {
            let index = index(&key, items.len())?;
            Some(items.remove(index))
        }
        _ => None,
    }
}

fn replace(document: &mut Value, path: &str, value: Option<&Value>) -> Option<()> {
    if path.is_empty() {
        document.clone_from(value.filter(|value| value.is_object() || value.is_array())?);
        return Some(());
    }
    let value = value.cloned().unwrap_or(Value::Null);
    let (container, key) = locate(document, path)?;
    match container {
        Value::Object(fields) => {
            fields.insert(key, value);
        }
        Value::Array(items) => {
            let index = index(&key, items.len())?;
            *items.get_mut(index)? = value;
        }
        _ => return None,
    }
    Some(())
}

/// What holds the last part of a path, and that part. What stands before the first `/` is not looked at.
fn locate<'a>(document: &'a mut Value, path: &str) -> Option<(&'a mut Value, String)> {
    let (_, path) = path.split_once('/')?;
    let mut parts: Vec<&str> = path.split('/').collect();
    let key = unescaped(parts.pop()?);
    let mut container = document;
    for part in parts {
        let part = unescaped(part);
        container = match container {
            Value::Object(fields) => fields.get_mut(&part)?,
            Value::Array(items) => {
                let index = index(&part, items.len())?;
                items.get_mut(index)?
            }
            _ => return None,
        };
    }
    Some((container, key))
}

fn unescaped(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

/// An index below `length`; a negative one counts from the end.
fn index(text: &str, length: usize) -> Option<usize> {
    let index: i64 = text.parse().ok()?;
    let length = i64::try_from(length).ok()?;
    let index = if index < 0 { index + length } else { index };
    usize::try_from(index).ok().filter(|_| index < length)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use serde_json::json;

    #[test]
    fn patches_that_apply() {
        let letters = json!({"foo": ["all", "grass", "cows", "eat"]});
        let cases = [
            (
                json!({"foo": "bar"}),
                json!([{"op": "add", "path": "/baz", "value": "qux"}]),
                json!({"baz": "qux", "foo": "bar"}),
            ),
            (
                json!({"foo": ["a", "b"]}),
                json!([{"op": "add", "path": "/foo/1", "value": "q"}]),
                json!({"foo": ["a", "q", "b"]}),
            ),
            (
                json!({"foo": ["a", "b"]}),
                json!([{"op": "add", "path": "/foo/-1", "value": "q"}]),
                json!({"foo": ["a", "b", "q"]}),
            ),
            (
                json!({"foo": ["a"]}),
                json!([{"op": "add", "path": "/foo/-", "value": ["b"]}]),
                json!({"foo": ["a", ["b"]]}),
            ),
            (json!({"foo": ["a", "b", "c"]}), json!([{"op": "remove", "path": "/foo/1"}]), json!({"foo": ["a", "c"]})),
            (json!({"foo": ["a", "b", "c"]}), json!([{"op": "remove", "path": "/foo/-2"}]), json!({"foo": ["a", "c"]})),
            (json!({"a": {"b": null}}), json!([{"op": "remove", "path": "/a/b"}]), json!({"a": {}})),
            (
                json!({"a": {"b": 1}}),
                json!([{"op": "replace", "path": "/a/b", "value": null}]),
                json!({"a": {"b": null}}),
            ),
            (json!({"a": {}}), json!([{"op": "replace", "path": "/a/new", "value": 1}]), json!({"a": {"new": 1}})),
            (json!({"a": 1}), json!([{"op": "replace", "path": "", "value": {"b": 2}}]), json!({"b": 2})),
            (
                json!({"a": {"x": 1}, "b": {}}),
                json!([{"op": "move", "from": "/a/x", "path": "/b/y"}]),
                json!({"a": {}, "b": {"y": 1}}),
            ),
            (
                letters,
                json!([{"op": "move", "from": "/foo/1", "path": "/foo/3"}]),
                json!({"foo": ["all", "cows", "eat", "grass"]}),
            ),
            (
                json!({"a": [1, 2], "b": []}),
                json!([{"op": "copy", "from": "/a", "path": "/b/0"}]),
                json!({"a": [1, 2], "b": [[1, 2]]}),
            ),
            (json!({"a": {}}), json!([{"op": "copy", "from": "/a/none", "path": "/b"}]), json!({"a": {}, "b": null})),
            (
                json!({"a/b": 1, "~1": 2}),
                json!([{"op": "remove", "path": "/a~1b"}, {"op": "test", "path": "/~01", "value": 2}]),
                json!({"~1": 2}),
            ),
            (
                json!({"a": 1}),
                json!([{"op": "test", "path": "/none", "value": null}, {"op": "test", "path": "/none"}]),
                json!({"a": 1}),
            ),
            (json!({"a": 1}), json!([{"op": "test", "path": "", "value": {"a": 1}}]), json!({"a": 1})),
            (json!({"a": 1}), json!([{"op": "add", "path": "/b"}]), json!({"a": 1, "b": null})),
            (json!({"a": 1}), json!([]), json!({"a": 1})),
            (json!({"a": 1}), json!(null), json!({"a": 1})),
        ];
        for (target, patch, expected) in cases {
            assert_eq!(apply(&target, &patch).unwrap(), expected, "{target} with {patch}");
        }
    }

    #[test]
    fn patches_that_do_not_apply() {
        let cases = [
            (json!({"foo": "bar"}), json!([{"op": "add", "path": "/baz/bat", "value": 1}])),
            (json!({"foo": null}), json!([{"op": "add", "path": "/foo/bat", "value": 1}])),
            (json!({"a": {"b": 1}}), json!([{"op": "remove", "path": "/a/c"}])),
            (json!({"a": {"b": 1}}), json!([{"op": "move", "from": "/a/c", "path": "/a/d"}])),
            (json!({"a": [1]}), json!([{"op": "remove", "path": "/a/1"}])),
            (json!({"a": [1]}), json!([{"op": "add", "path": "/a/-3", "value": 1}])),
            (json!({"a": [1]}), json!([{"op": "add", "path": "/a/x", "value": 1}])),
            (json!({"a": [1]}), json!([{"op": "replace", "path": "/a/1", "value": 1}])),
            (json!({"a": []}), json!([{"op": "remove", "path": "/a/-"}])),
            (json!({"a": 1}), json!([{"op": "add", "path": "", "value": {}}])),
            (json!({"a": 1}), json!([{"op": "add", "pathz": "/b", "value": 1}])),
            (json!({"a": 1}), json!([{"op": "test", "path": "/a", "value": 2}])),
            (json!({"a": 1}), json!([{"op": "test", "path": "/a"}])),
            (json!({"a": []}), json!([{"op": "test", "path": "/a", "value": null}])),
            (json!({"a": 1}), json!([{"op": "drop", "path": "/a"}])),
            (json!({"a": 1}), json!([{"op": null, "path": "/a"}])),
            (json!({"a": 1}), json!([null])),
        ];
        for (target, patch) in cases {
            let refusal = apply(&target, &patch).unwrap_err();
            assert_eq!(
                refusal.body(),
                json!({
                    "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": 422,
                    "message": "the server rejected our request due to an error in our request",
                    "reason": "Invalid", "details": {},
                }),
                "{target} with {patch}"
            );
        }
    }

    #[test]
    fn what_is_no_patch() {
        let many = Value::Array(vec![json!({"op": "add", "path": "/a", "value": 1}); 10_001]);
        let cases = [
            (
                json!({}),
                400,
                "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
            ),
            (
                json!(["x"]),
                400,
                "error decoding patch: json: cannot unmarshal string into Go value of type handlers.jsonPatchOp",
            ),
            (
                json!([{"op": 1}]),
                400,
                "error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string",
            ),
            (many, 413, "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001"),
        ];
        for (patch, code, message) in cases {
            let refusal = apply(&json!({}), &patch).unwrap_err();
            assert_eq!((refusal.code.as_u16(), refusal.message.as_str()), (code, message));
        }
        let unknown = unknown(&json!([{"op": "add"}, {"vlaue": 1, "path": "/a"}]));
        assert_eq!(unknown, [r#"json patch unknown field "[1].vlaue""#]);
    }
}
