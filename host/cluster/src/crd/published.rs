//! A schema as OpenAPI v3 publishes it: with the fields that every object has, and without what is not structure.

use serde_json::{Map, Value, json};

const OBJECT_META: &str = "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// Keywords that are published as they are.
const KEPT: [&str; 29] = [
    "default",
    "description",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "nullable",
    "pattern",
    "required",
    "title",
    "type",
    "uniqueItems",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-map-type",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-validations",
    "x-kubernetes-group-version-kind",
];

/// The schema of a version, published.
pub(crate) fn publish(schema: Option<&Value>, group: &str, version: &str, kind: &str) -> Value {
    let mut published = match schema {
        None => json!({"type": "object"}),
        Some(schema) => {
            let mut published = structure(schema);
            with_meta(&mut published, false);
            published
        }
    };
    if let Some(fields) = published.as_object_mut() {
        let kinds = json!([{"group": group, "version": version, "kind": kind}]);
        fields.insert("x-kubernetes-group-version-kind".to_owned(), kinds);
    }
    published
}

fn structure(schema: &Value) -> Value {
    let empty = Map::new();
    let fields = schema.as_object().unwrap_or(&empty);
    let mut published = Map::new();
    let yes = |key: &str| fields.get(key).and_then(Value::as_bool) == Some(true);
    for (key, value) in fields {
        let value = match key.as_str() {
            _ if value.is_null()
                || *value == Value::Bool(false) && key != "additionalProperties" && key != "default" =>
            {
                continue;
            }
            "properties" => {
                let children = value.as_object().into_iter().flatten();
                Value::Object(children.map(|(name, child)| (name.clone(), structure(child))).collect())
            }
            "items" | "not" => structure(value),
            "additionalProperties" if value.is_object() => structure(value),
            "additionalProperties" => value.clone(),
            "allOf" | "anyOf" | "oneOf" => value.as_array().into_iter().flatten().map(structure).collect(),
            key if KEPT.contains(&key) => value.clone(),
            _ => continue,
        };
        published.insert(key.clone(), value);
    }
    let both = json!([{"type": "integer"}, {"type": "string"}]);
    let in_first = fields.get("allOf").and_then(|all| all.get(0)).and_then(|first| first.get("anyOf"));
    if yes("x-kubernetes-int-or-string") && fields.get("anyOf") != Some(&both) && in_first != Some(&both) {
        match published.contains_key("anyOf") {
            false => {
                published.insert("anyOf".to_owned(), both);
            }
            true => {
                let all = published.entry("allOf").or_insert_with(|| json!([]));
                if let Some(all) = all.as_array_mut() {
                    all.insert(0, json!({"anyOf": both}));
                }
            }
        }
    }
    let mut published = Value::Object(published);
    if yes("x-kubernetes-embedded-resource") {
        with_meta(&mut published, true);
    }
    published
}

/// Adds `apiVersion`, `kind` and `metadata`.
fn with_meta(schema: &mut Value, embedded: bool) {
    let conventions = "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md";
    let (version, kind) = match embedded {
        false => (
            format!(
                "APIVersion defines the versioned schema of this representation of an object. Servers should convert \
                 recognized schemas to the latest internal value, and may reject unrecognized values. More info: \
                 {conventions}#resources"
            ),
            format!(
                "Kind is a string value representing the REST resource this object represents. Servers may infer this \
                 from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: \
                 {conventions}#types-kinds"
            ),
        ),
        true => (
            format!(
                "apiVersion defines the versioned schema of this representation of an object. More info: \
                 {conventions}#resources"
            ),
            format!(
                "kind is a string value representing the type of this object. More info: {conventions}#types-kinds"
            ),
        ),
    };
    let metadata = format!("Standard object's metadata. More info: {conventions}#metadata");
    let Some(fields) = schema.as_object_mut() else {
        return;
    };
    let properties = fields.entry("properties").or_insert_with(|| json!({}));
    if let Some(properties) = properties.as_object_mut() {
        properties.insert("apiVersion".to_owned(), json!({"description": version, "type": "string"}));
        properties.insert("kind".to_owned(), json!({"description": kind, "type": "string"}));
        properties.insert("metadata".to_owned(), json!({"description": metadata, "allOf": [{"$ref": OBJECT_META}]}));
    }
    if embedded {
        let required = fields.entry("required").or_insert_with(|| json!([]));
        if let Some(required) = required.as_array_mut() {
            for name in ["apiVersion", "kind"].map(Value::from) {
                if !required.contains(&name) {
                    required.push(name);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn published_schemas() {
        let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
            "port": {"x-kubernetes-int-or-string": true}, "e": {"type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true},
            "x": {"type": "string", "example": "a", "nullable": false}}}}});
        let published = publish(Some(&schema), "g", "v1", "K");
        assert_eq!(published["x-kubernetes-group-version-kind"], json!([{"group": "g", "version": "v1", "kind": "K"}]));
        let spec = &published["properties"]["spec"]["properties"];
        assert_eq!(
            spec["port"],
            json!({"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]})
        );
        assert_eq!(spec["x"], json!({"type": "string"}));
        assert_eq!(spec["e"]["required"], json!(["apiVersion", "kind"]));
        assert_eq!(published["properties"]["metadata"]["allOf"][0]["$ref"], OBJECT_META);
    }
}
