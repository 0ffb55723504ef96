//! Schemas of custom kinds, as their definitions publish them.

use serde_json::{Map, Value, json};

use super::schema::{Dialect, LIST_META, OBJECT_META, Schemas};
use crate::registry::Resource;

/// Puts in the schemas of a kind and its list; returns the kind's name.
pub(super) fn describe(resource: &Resource, version: &str, schemas: &mut Schemas) -> String {
    let package: Vec<&str> = resource.group.split('.').rev().collect();
    let name = format!("{}.{version}.{}", package.join("."), resource.kind);
    let of_kind = |kind: &str| json!([{"group": resource.group, "version": version, "kind": kind}]);
    let published = resource.custom(version).map_or(Value::Null, |custom| custom.schema.clone());
    let mut schema = if published.is_object() { published } else { json!({"type": "object"}) };
    publish(&mut schema, schemas);
    own_fields(&mut schema, schemas.reference(OBJECT_META));
    schema["x-kubernetes-group-version-kind"] = of_kind(&resource.kind);
    schemas.insert(name.clone(), schema);
    let list = json!({
        "type": "object",
        "required": ["items"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": schemas.reference(LIST_META),
            "items": {"type": "array", "items": schemas.reference_to(&name)},
        },
        "x-kubernetes-group-version-kind": of_kind(&resource.list_kind),
    });
    schemas.insert(format!("{name}List"), list);
    name
}

/// What every object has.
fn own_fields(schema: &mut Value, metadata: Value) {
    let Some(fields) = schema.as_object_mut() else { return };
    let properties = fields.entry("properties").or_insert_with(|| Value::Object(Map::new()));
    if let Some(properties) = properties.as_object_mut() {
        properties.insert("apiVersion".to_owned(), json!({"type": "string"}));
        properties.insert("kind".to_owned(), json!({"type": "string"}));
        properties.insert("metadata".to_owned(), metadata);
    }
}

/// From the form that a definition states to the one that is published.
fn publish(schema: &mut Value, schemas: &mut Schemas) {
    let Some(fields) = schema.as_object_mut() else { return };
    let says = |name: &str| fields.get(name) == Some(&Value::Bool(true));
    let (either, embedded, anything) = (
        says("x-kubernetes-int-or-string"),
        says("x-kubernetes-embedded-resource"),
        says("x-kubernetes-preserve-unknown-fields"),
    );
    let v2 = schemas.dialect() == Dialect::V2;
    if either && !v2 && !fields.contains_key("anyOf") {
        fields.insert("anyOf".to_owned(), json!([{"type": "integer"}, {"type": "string"}]));
    }
    if v2 {
        // Swagger clients hold these for statements of their own.
        for name in ["anyOf", "oneOf", "allOf", "not", "nullable"] {
            if name == "nullable" && fields.remove(name) == Some(Value::Bool(true)) {
                fields.remove("type");
                fields.remove("items");
                fields.remove("properties");
            }
            fields.remove(name);
        }
        if anything {
            fields.remove("properties");
            fields.remove("items");
        }
        fields.remove("default");
    }
    if let Some(properties) = fields.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(|property| publish(property, schemas));
    }
    for name in ["items", "additionalProperties"] {
        if let Some(inner) = fields.get_mut(name) {
            publish(inner, schemas);
        }
    }
    if embedded && !(v2 && anything) {
        let metadata = schemas.reference(OBJECT_META);
        own_fields(schema, metadata);
        let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        let missing = ["apiVersion", "kind"].map(Value::from).into_iter().filter(|name| !required.contains(name));
        schema["required"] = required.iter().cloned().chain(missing).collect();
    }
}
