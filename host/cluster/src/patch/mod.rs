//! The three patches that are not server-side apply.

mod convert;
mod json;
mod printed;
mod strategic;

use http::StatusCode;
use serde_json::{Map, Value};

use crate::schema::Node;
use crate::status::Refusal;

pub(crate) use convert::misfit;
pub(crate) use printed::{json_kind, printed};

/// RFC 6902. 400 where the patch is none, 413 for more than 10,000 operations, a bare 422 where it does not apply.
pub(crate) fn json_patch(target: &Value, patch: &Value) -> Result<Value, Refusal> {
    json::apply(target, patch)
}

/// What strict decoding says of a JSON patch: `json patch unknown field "[0].vlaue"`.
pub(crate) fn json_patch_unknown(patch: &Value) -> Vec<String> {
    json::unknown(patch)
}

/// RFC 7386, with null items of new lists dropped as the API server's library does. 400 where the patch is no object.
pub(crate) fn merge_patch(target: &mut Value, patch: &Value) -> Result<(), Refusal> {
    match (target.as_object_mut(), patch) {
        (Some(target), Value::Object(patch)) => merge(target, patch),
        (None, Value::Object(_)) => *target = pruned(patch),
        (_, Value::Null) => return Err(Refusal::bad_request("Invalid JSON Patch")),
        (_, other) => {
            let kind = json_kind(other);
            return Err(undecodable(&format!(
                "json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"
            )));
        }
    }
    Ok(())
}

/// Kubernetes' strategic merge patch, with `$patch`, `$retainKeys`, `$deleteFromPrimitiveList`, `$setElementOrder`.
pub(crate) fn strategic(target: &Value, patch: &Value, node: &Node) -> Result<Value, Refusal> {
    strategic::apply(target, patch, node)
}

/// 422 without a word: what the API server makes of a patch that cannot be applied.
fn unprocessable() -> Refusal {
    let message = "the server rejected our request due to an error in our request";
    let mut refusal = Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message);
    refusal.details = Some(Map::new());
    refusal
}

/// 400 for a body that is no patch.
fn undecodable(why: &str) -> Refusal {
    Refusal::bad_request(format!("error decoding patch: {why}"))
}

fn merge(target: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (key, value) in patch {
        match (value, target.get_mut(key)) {
            (Value::Null, _) => {
                target.remove(key);
            }
            (Value::Object(value), Some(Value::Object(current))) => merge(current, value),
            // A list in an object's place is taken with its nulls, as upstream's library takes it.
            (Value::Array(_), Some(current @ Value::Object(_))) => *current = value.clone(),
            (_, _) => {
                target.insert(key.clone(), pruned(value));
            }
        }
    }
}

fn pruned(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(key, value)| (key.clone(), pruned(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().filter(|item| !item.is_null()).map(pruned).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use serde_json::json;

    #[test]
    fn a_merge_patch_merges_objects_and_replaces_the_rest() {
        let cases = [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
            (json!({"a": null}), json!({"a": {"b": null, "c": 1}}), json!({"a": {"c": 1}})),
            (json!({"a": "x"}), json!({"a": {"b": null}}), json!({"a": {}})),
            (json!({}), json!({"a": [{"b": null, "c": 1}, null]}), json!({"a": [{"c": 1}]})),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
        ];
        for (target, patch, expected) in cases {
            let mut merged = target.clone();
            merge_patch(&mut merged, &patch).unwrap();
            assert_eq!(merged, expected, "{target} with {patch}");
        }
    }

    #[test]
    fn a_merge_patch_is_an_object() {
        let refusal = merge_patch(&mut json!({}), &json!([1])).unwrap_err();
        assert_eq!(refusal.code, StatusCode::BAD_REQUEST);
        assert_eq!(
            refusal.message,
            "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"
        );
    }
}
