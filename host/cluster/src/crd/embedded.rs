//! Objects inside objects (`x-kubernetes-embedded-resource`): their `apiVersion`, `kind` and `metadata`.

use serde_json::{Value, json};

use super::props::Props;
use crate::invalid::Invalid;
use crate::kinds::{metadata, name};
use crate::object::{set, text};
use crate::schema::{Shape, builtin};

const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// What is wrong with the metadata of objects that are embedded.
pub(crate) fn validate(path: &str, value: &Value, schema: &Props, errors: &mut Vec<Invalid>) {
    match value {
        Value::Object(fields) => {
            if schema.embedded {
                embedded(path, value, errors);
            }
            for (name, field) in fields {
                if let Some(child) = schema.properties.get(name) {
                    validate(&join(path, name), field, child, errors);
                } else if let Some(child) = schema.additional_schema() {
                    validate(&format!("{path}[{name}]"), field, child, errors);
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                if let Some(child) = &schema.items {
                    validate(&format!("{path}[{index}]"), item, child, errors);
                }
            }
        }
        _ => {}
    }
}

/// Drops what is unknown in the metadata of objects that are embedded, and adds its paths.
pub(crate) fn prune(path: &str, value: &mut Value, schema: &Props, unknown: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let at = join(path, name);
                if schema.embedded && name == "metadata" {
                    prune_meta(&at, field, unknown);
                }
                if let Some(child) = schema.properties.get(name).or(schema.additional_schema()) {
                    prune(&at, field, child, unknown);
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                if let Some(child) = &schema.items {
                    prune(&format!("{path}[{index}]"), item, child, unknown);
                }
            }
        }
        _ => {}
    }
}

fn prune_meta(path: &str, metadata: &mut Value, unknown: &mut Vec<String>) {
    let Shape::Object(known) = &builtin(OBJECT_META).shape else { return };
    let Some(fields) = metadata.as_object_mut() else { return };
    fields.retain(|name, field| {
        let is_known = known.fields.contains_key(name.as_str());
        if !is_known {
            unknown.push(join(path, name));
        }
        is_known && !(name == "creationTimestamp" && field.is_null())
    });
}

fn join(path: &str, name: &str) -> String {
    match path.is_empty() {
        true => name.to_owned(),
        false => format!("{path}.{name}"),
    }
}

fn embedded(path: &str, value: &Value, errors: &mut Vec<Invalid>) {
    let at = join(path, "apiVersion");
    match value.get("apiVersion") {
        None => errors.push(Invalid::required(at, "")),
        Some(Value::String(version)) if version.is_empty() => errors.push(Invalid::required(at, "")),
        Some(Value::String(version)) if version.matches('/').count() > 1 => {
            let detail = format!("unexpected GroupVersion string: {version}");
            errors.push(Invalid::invalid(at, &version.as_str().into(), detail));
        }
        Some(Value::String(_)) => {}
        Some(other) => errors.push(Invalid::invalid(at, other, "must be a string")),
    }
    let at = join(path, "kind");
    match value.get("kind") {
        None => errors.push(Invalid::required(at, "")),
        Some(Value::String(kind)) if kind.is_empty() => errors.push(Invalid::required(at, "")),
        Some(Value::String(kind)) => {
            let wrong = name::dns1035(&kind.to_lowercase());
            if !wrong.is_empty() {
                let detail = format!("may have mixed case, but should otherwise match: {}", wrong.join(","));
                errors.push(Invalid::invalid(at, &kind.as_str().into(), detail));
            }
        }
        Some(other) => errors.push(Invalid::invalid(at, other, "must be a string")),
    }
    if let Some(metadata) = value.get("metadata") {
        let at = join(path, "metadata");
        match metadata.is_object() || metadata.is_null() {
            true => errors.extend(meta(path, metadata)),
            false => errors.push(Invalid::invalid(at, metadata, "must be an object")),
        }
    }
}

/// What is wrong with embedded metadata; a name is not asked for.
fn meta(path: &str, metadata: &Value) -> Vec<Invalid> {
    let mut object = json!({"metadata": metadata});
    if text(metadata, "name").is_empty() {
        set(at_mut(&mut object), "name", "fakename");
    }
    let namespaced = !text(metadata, "namespace").is_empty();
    let mut errors = metadata::validate(&object, namespaced, &segment);
    for error in &mut errors {
        error.path = join(path, &error.path);
    }
    errors
}

fn at_mut(object: &mut Value) -> &mut Value {
    &mut object["metadata"]
}

/// What may stand in a path: anything but `.`, `..` and text with `/` or `%`.
fn segment(name: &str) -> Vec<String> {
    if name == "." || name == ".." {
        return vec![format!("may not be '{name}'")];
    }
    ["/", "%"].iter().filter(|part| name.contains(**part)).map(|part| format!("may not contain '{part}'")).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn embedded_objects_say_what_they_are() {
        let schema = Props::read(
            &json!({"type": "object", "properties": {"e": {"type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true}}}),
        );
        let mut object = json!({"e": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "nope": 1, "creationTimestamp": null}}});
        let mut unknown = Vec::new();
        prune("", &mut object, &schema, &mut unknown);
        assert_eq!(unknown, ["e.metadata.nope"]);
        assert_eq!(object["e"]["metadata"], json!({"name": "x"}));
        let found = |value: Value| {
            let mut errors = Vec::new();
            validate("", &value, &schema, &mut errors);
            errors.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(
            found(json!({"e": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}}})),
            Vec::<String>::new()
        );
        assert_eq!(
            found(json!({"e": {"apiVersion": "a/b/c"}})),
            ["e.apiVersion: Invalid value: \"a/b/c\": unexpected GroupVersion string: a/b/c", "e.kind: Required value",]
        );
    }
}
