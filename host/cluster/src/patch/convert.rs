//! What a strategic merge patch leaves that its kind cannot hold, in the words of upstream's conversion.

use serde_json::Value;

use super::printed::go_type;
use crate::schema::{Field, Node, Scalar, Shape};

/// Why a patched object is none of its type; `None` where nothing is said here of what is wrong.
pub(crate) fn misfit(value: &Value, node: &Node) -> Option<String> {
    find(value, node, "")
}

fn find(value: &Value, node: &Node, go: &str) -> Option<String> {
    if value.is_null() {
        return None;
    }
    match (&node.shape, value) {
        (Shape::Object(fields), Value::Object(object)) => object.iter().find_map(|(name, value)| {
            let field: &Field = fields.fields.get(name.as_str())?;
            find(value, field.node.get(), &field.go.name)
        }),
        (Shape::Map { values, .. }, Value::Object(object)) => {
            let of = go.split_once(']').map_or("", |(_, of)| of);
            object.values().find_map(|value| find(value, values.get(), of))
        }
        (Shape::List { items, .. }, Value::Array(list)) => {
            let of = go.strip_prefix("[]").unwrap_or_default();
            list.iter().find_map(|item| find(item, items.get(), of))
        }
        (Shape::Object(_), other) => Some(format!("cannot restore struct from: {}", go_kind(other))),
        (Shape::Map { .. }, other) => Some(format!("cannot restore map from {}", go_kind(other))),
        (Shape::List { .. }, other) => Some(format!("cannot restore slice from {}", go_kind(other))),
        (Shape::Scalar(scalar), value) => single(value, *scalar, go),
        (Shape::Any, _) => None,
    }
}

/// Go converts whole numbers and texts among themselves, which JSON does not; the rest it does not know.
fn single(value: &Value, scalar: Scalar, go: &str) -> Option<String> {
    let basic = match scalar {
        Scalar::String => "string",
        Scalar::Boolean => "bool",
        Scalar::Integer(32) => "int32",
        Scalar::Integer(_) => "int64",
        Scalar::Number => "float64",
        // These read themselves; what they say the decoder says.
        _ => return None,
    };
    let go = if go.is_empty() { basic } else { go };
    match (scalar, value) {
        (Scalar::String, Value::String(_)) | (Scalar::Boolean, Value::Bool(_)) | (Scalar::Number, Value::Number(_)) => {
            None
        }
        (Scalar::String, Value::Number(number)) if !number.is_f64() => Some(format!("cannot convert int64 to {go}")),
        (Scalar::Integer(_), Value::Number(number)) => {
            let broken = number.is_f64() && number.as_f64().is_some_and(|float| float.fract() != 0.0);
            broken.then(|| format!("cannot convert float64 to {go}"))
        }
        _ => Some(format!("unrecognized type: {basic}")),
    }
}

fn go_kind(value: &Value) -> &'static str {
    match value {
        Value::Array(_) => "slice",
        Value::Object(_) => "map",
        other => go_type(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::builtin;
    use serde_json::json;

    #[test]
    fn what_is_wrong_is_said_as_upstream_does() {
        let node = builtin("io.k8s.api.apps.v1.Deployment");
        let cases = [
            (json!({"spec": {"replicas": 1, "paused": true}, "metadata": {"labels": {"a": "b"}}}), None),
            (json!({"spec": {"replicas": null}}), None),
            (json!({"spec": "x"}), Some("cannot restore struct from: string")),
            (json!({"spec": {"replicas": true}}), Some("unrecognized type: int32")),
            (json!({"metadata": {"labels": ["a"]}}), Some("cannot restore map from slice")),
            (json!({"metadata": {"finalizers": "a"}}), Some("cannot restore slice from string")),
            (json!({"metadata": {"labels": {"a": 1}}}), Some("cannot convert int64 to string")),
            (json!({"spec": {"replicas": 1.5}}), Some("cannot convert float64 to int32")),
            (json!({"metadata": {"labels": {"a": {}}}}), Some("unrecognized type: string")),
        ];
        for (object, expected) in cases {
            assert_eq!(misfit(&object, node).as_deref(), expected, "{object}");
        }
    }
}
