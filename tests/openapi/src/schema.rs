//! Values held against a schema of OpenAPI 3.0.

use serde_json::{Map, Value, json};

/// Who says a value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The client: what only the service sets is refused.
    Request,
    /// The service.
    Answer,
}

/// What is wrong with a value.
pub(crate) fn faults(schema: &Value, value: &Value, side: Side, what: &str) -> Vec<String> {
    let schema = modern(schema, side, true);
    let validator =
        jsonschema::options().with_draft(jsonschema::Draft::Draft202012).should_validate_formats(true).build(&schema);
    match validator {
        Ok(validator) => {
            let told = validator.iter_errors(value);
            told.map(|error| format!("{what}: at {:?}: {error}", error.instance_path().to_string())).collect()
        }
        Err(error) => vec![format!("{what}: the document's schema: {error}")],
    }
}

/// An OpenAPI 3.0 schema as JSON Schema 2020-12: `nullable` becomes a type, and no member may come
/// that none of the schemas over it names.
fn modern(schema: &Value, side: Side, outermost: bool) -> Value {
    let Some(fields) = schema.as_object() else { return schema.clone() };
    let mut out = Map::new();
    for (name, field) in fields {
        let inner = match (name.as_str(), field) {
            ("nullable" | "example" | "examples" | "readOnly" | "deprecated" | "discriminator" | "xml", _) => continue,
            ("properties", Value::Object(members)) => {
                let sent = members.iter().filter(|(_, member)| side == Side::Answer || member["readOnly"] != true);
                sent.map(|(name, member)| (name.clone(), modern(member, side, true))).collect()
            }
            ("items" | "additionalProperties", inner) => modern(inner, side, true),
            ("allOf" | "anyOf" | "oneOf", Value::Array(parts)) => {
                parts.iter().map(|part| modern(part, side, false)).collect()
            }
            (_, plain) => plain.clone(),
        };
        out.insert(name.clone(), inner);
    }
    // The document's own example of a new cluster has `registries`; its schema forgets it.
    let whole = fields.get("properties").and_then(Value::as_object);
    if side == Side::Answer
        && whole.is_some_and(|members| members.contains_key("registry_enabled"))
        && let Some(Value::Object(members)) = out.get_mut("properties")
    {
        members.entry("registries").or_insert_with(|| json!({ "type": ["array", "null"] }));
    }
    let shaped = out.contains_key("properties") || out.contains_key("allOf");
    if outermost && shaped && !out.contains_key("additionalProperties") {
        out.insert("unevaluatedProperties".to_owned(), json!(false));
    }
    let schema = Value::Object(out);
    if fields.get("nullable") == Some(&json!(true)) { json!({ "anyOf": [{ "type": "null" }, schema] }) } else { schema }
}
