//! Objects as text, as Go's encoder orders and escapes them: what refusals of patches quote.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::schema::{Node, Shape};

/// Objects that a patch takes apart, by JSON pointer: Go writes these again by the names of their fields, and the
/// rest as it was encoded, by the order of the type's fields.
#[derive(Debug, Default)]
pub(crate) struct TakenApart(BTreeSet<String>);

impl TakenApart {
    /// What a merge patch takes apart.
    pub(crate) fn by_merge(patch: &Value) -> Self {
        let mut objects = Self::default();
        objects.merge(patch, "");
        objects
    }

    fn merge(&mut self, patch: &Value, at: &str) {
        if let Some(fields) = patch.as_object() {
            self.0.insert(at.to_owned());
            for (name, value) in fields {
                self.merge(value, &format!("{at}/{}", token(name)));
            }
        }
    }

    /// What a JSON patch takes apart.
    pub(crate) fn by_operations(patch: &Value) -> Self {
        let mut objects = BTreeSet::from([String::new()]);
        for operation in patch.as_array().into_iter().flatten() {
            for path in ["path", "from"].iter().filter_map(|field| operation.get(field)?.as_str()) {
                objects.extend(path.match_indices('/').map(|(at, _)| path[..at].to_owned()));
            }
        }
        Self(objects)
    }
}

/// A name as a part of a JSON pointer.
fn token(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Writes an object of a type.
pub(crate) fn encoded(object: &Value, node: &Node, apart: &TakenApart) -> String {
    let mut text = String::new();
    write(&mut text, object, Some(node), "", apart);
    text
}

fn write(text: &mut String, value: &Value, node: Option<&Node>, at: &str, apart: &TakenApart) {
    match value {
        Value::Object(fields) => {
            let about = match node.map(|node| &node.shape) {
                Some(Shape::Object(about)) => Some(about),
                _ => None,
            };
            let mut fields: Vec<_> = fields.iter().collect();
            if let (Some(about), false) = (about, apart.0.contains(at)) {
                let place = |name: &str| about.fields.get(name).map_or(u32::MAX, |field| field.go.place);
                fields.sort_by_key(|(name, _)| place(name));
            }
            text.push('{');
            for (index, (name, value)) in fields.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                text.push_str(&quoted(name));
                text.push(':');
                let inner = match node.map(|node| &node.shape) {
                    Some(Shape::Object(about)) => about.fields.get(name.as_str()).map(|field| field.node.get()),
                    Some(Shape::Map { values, .. }) => Some(values.get()),
                    _ => None,
                };
                write(text, value, inner, &format!("{at}/{}", token(name)), apart);
            }
            text.push('}');
        }
        Value::Array(items) => {
            let inner = match node.map(|node| &node.shape) {
                Some(Shape::List { items, .. }) => Some(items.get()),
                _ => None,
            };
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write(text, item, inner, &format!("{at}/{index}"), apart);
            }
            text.push(']');
        }
        Value::String(string) => text.push_str(&quoted(string)),
        other => text.push_str(&other.to_string()),
    }
}

/// A string in quotes; Go escapes what HTML would mistake.
fn quoted(string: &str) -> String {
    let text = Value::from(string).to_string();
    let text = text.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e");
    text.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{TakenApart, encoded};
    use crate::schema::builtin;

    #[test]
    fn fields_are_in_gos_order_but_where_a_patch_took_apart() {
        let deployment = builtin("io.k8s.api.apps.v1.Deployment");
        let object = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "<a>", "labels": {"b": "1", "a": "2"}},
            "spec": {"nope": 1, "replicas": 1, "selector": {}, "paused": true},
            "status": {"conditions": [{"message": "m", "status": "True", "type": "T"}], "replicas": 1},
        });
        let cases = [
            (
                TakenApart::by_merge(&json!({"spec": {"nope": 1}})),
                r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"\u003ca\u003e","labels":{"a":"2","b":"1"}},"spec":{"nope":1,"paused":true,"replicas":1,"selector":{}},"status":{"replicas":1,"conditions":[{"type":"T","status":"True","message":"m"}]}}"#,
            ),
            (
                TakenApart::by_operations(&json!([{"op": "add", "path": "/status/conditions/0/x", "value": 1}])),
                r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"\u003ca\u003e","labels":{"a":"2","b":"1"}},"spec":{"replicas":1,"selector":{},"paused":true,"nope":1},"status":{"conditions":[{"message":"m","status":"True","type":"T"}],"replicas":1}}"#,
            ),
            (
                TakenApart::default(),
                r#"{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"\u003ca\u003e","labels":{"a":"2","b":"1"}},"spec":{"replicas":1,"selector":{},"paused":true,"nope":1},"status":{"replicas":1,"conditions":[{"type":"T","status":"True","message":"m"}]}}"#,
            ),
        ];
        for (apart, expected) in cases {
            assert_eq!(encoded(&object, deployment, &apart), expected);
        }
    }
}
