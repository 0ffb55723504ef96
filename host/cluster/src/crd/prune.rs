//! Drops what a schema does not declare from an object, and says what it was.

use serde_json::Value;

use super::props::Props;

const META: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// Drops unknown fields; `root` objects have metadata whatever the schema says. Returns the paths, sorted.
pub(crate) fn prune(value: &mut Value, schema: &Props, root: bool) -> Vec<String> {
    let mut unknown = Vec::new();
    walk(value, Some(schema), root, "", &mut unknown);
    unknown.sort();
    unknown
}

fn walk(value: &mut Value, schema: Option<&Props>, root: bool, path: &str, unknown: &mut Vec<String>) {
    if let Some(schema) = schema.filter(|schema| schema.preserves()) {
        return keep(value, schema, root, path, unknown);
    }
    match value {
        Value::Object(fields) => fields.retain(|name, field| {
            let at = join(path, name);
            let declared = schema.map(|schema| {
                if (root || schema.embedded) && META.contains(&name.as_str()) {
                    return true;
                }
                match (schema.properties.get(name), &schema.additional) {
                    (Some(child), _) => walk(field, Some(child), false, &at, unknown),
                    (None, Some(_)) => walk(field, schema.additional_schema(), false, &at, unknown),
                    (None, None) => return false,
                }
                true
            });
            if declared == Some(true) {
                return true;
            }
            unknown.push(at);
            false
        }),
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                let child = schema.and_then(|schema| schema.items.as_deref());
                walk(item, child, false, &format!("{path}[{index}]"), unknown);
            }
        }
        _ => {}
    }
}

/// Below `x-kubernetes-preserve-unknown-fields`: what is declared is pruned in turn, all else stays.
fn keep(value: &mut Value, schema: &Props, root: bool, path: &str, unknown: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                if (root || schema.embedded) && META.contains(&name.as_str()) {
                    continue;
                }
                let at = join(path, name);
                match (schema.properties.get(name), &schema.additional) {
                    (Some(child), _) => walk(field, Some(child), false, &at, unknown),
                    (None, Some(_)) => walk(field, schema.additional_schema(), false, &at, unknown),
                    (None, None) => {}
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                if let Some(child) = &schema.items {
                    keep(item, child, false, &format!("{path}[{index}]"), unknown);
                }
            }
        }
        _ => {}
    }
}

fn join(path: &str, name: &str) -> String {
    match path.is_empty() {
        true => name.to_owned(),
        false => format!("{path}.{name}"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::needless_pass_by_value)]

    use serde_json::json;

    use super::*;

    fn check(schema: Value, mut object: Value, kept: Value, unknown: &[&str]) {
        assert_eq!(prune(&mut object, &Props::read(&schema), true), unknown, "{schema}");
        assert_eq!(object, kept, "{schema}");
    }

    #[test]
    fn unknown_fields_go() {
        let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
            "a": {"type": "string"}, "l": {"type": "array", "items": {"type": "object", "properties": {"k": {"type": "string"}}}},
            "m": {"type": "object", "additionalProperties": {"type": "object", "properties": {"x": {"type": "string"}}}},
            "p": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {"q": {"type": "object"}}},
            "e": {"type": "object", "x-kubernetes-embedded-resource": true, "properties": {"spec": {"type": "object"}}}}}}});
        check(
            schema,
            json!({"kind": "K", "metadata": {"name": "n"}, "other": 1, "spec": {"a": "x", "b": 1, "l": [{"k": "1", "z": 2}],
                "m": {"any": {"x": "1", "y": 2}}, "p": {"free": {"deep": 1}, "q": {"gone": 1}},
                "e": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "status": {}, "spec": {"s": 1}}}}),
            json!({"kind": "K", "metadata": {"name": "n"}, "spec": {"a": "x", "l": [{"k": "1"}],
                "m": {"any": {"x": "1"}}, "p": {"free": {"deep": 1}, "q": {}},
                "e": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {}}}}),
            &["other", "spec.b", "spec.e.spec.s", "spec.e.status", "spec.l[0].z", "spec.m.any.y", "spec.p.q.gone"],
        );
    }
}
