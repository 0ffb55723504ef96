//! Requests and answers held against DigitalOcean's own OpenAPI document.
//!
//! Where the document is not at hand, that is printed once, and only the shape
//! of errors and the presence of the limit headers are checked.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Write;
use std::path::PathBuf;
use std::sync::LazyLock;

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::Reply;

static DOCUMENT: LazyLock<Option<Value>> = LazyLock::new(|| {
    let base = std::env::var_os("MAPS_REFERENCE")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let path = base.join("digitalocean/openapi-subset.json");
    let document = std::fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok());
    if document.is_none() {
        // Past the test harness, which shows what is printed only when a test fails.
        let note = format!(
            "{} is not at hand: shapes are checked without it
",
            path.display()
        );
        std::io::stderr().write_all(note.as_bytes()).unwrap();
    }
    document
});

/// Panics unless the exchange is one the document allows.
pub(crate) fn check(method: &Method, path: &str, body: Option<&Value>, reply: &Reply) {
    for header in ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"] {
        assert!(reply.header(header).parse::<u64>().is_ok(), "{method} {path}: no {header}");
    }
    let status = reply.status.as_u16();
    if status >= 400 {
        let error = reply.json();
        assert!(error["id"].is_string() && error["message"].is_string(), "{method} {path}: {}", reply.text);
    }
    if status == 204 {
        assert_eq!(reply.text, "", "{method} {path}: a 204 has no body");
    }
    let Some(document) = DOCUMENT.as_ref() else { return };
    let path = path.split('?').next().unwrap();
    let Some(operation) = operation(document, method, path) else {
        assert!(matches!(status, 401 | 404 | 405 | 429 | 500), "{method} {path} is not documented, yet {status}");
        return;
    };
    if let (Some(body), true) = (body, status < 400) {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "{method} {path} takes no body");
        validate(schema, body, Strict::No, &format!("request of {method} {path}"));
    }
    let responses = &operation["responses"];
    let documented = &responses[status.to_string()];
    assert!(status >= 400 || documented.is_object(), "{method} {path} does not answer {status}");
    let response = if documented.is_object() { documented } else { &responses["default"] };
    match response["content"].as_object().and_then(|content| content.iter().next()) {
        None => assert_eq!(reply.text, "", "{method} {path}: {status} has no body"),
        Some((media, content)) => {
            let sent = reply.header("content-type").split(';').next().unwrap();
            assert_eq!(sent, media, "{method} {path}");
            if media == "application/json" {
                validate(&content["schema"], &reply.json(), Strict::Yes, &format!("{status} of {method} {path}"));
            }
        }
    }
}

/// Whether fields that the schema does not name are refused.
#[derive(Clone, Copy, PartialEq)]
enum Strict {
    Yes,
    No,
}

fn validate(schema: &Value, value: &Value, strict: Strict, what: &str) {
    let schema = modern(schema, strict, true);
    let validator = jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .should_validate_formats(true)
        .build(&schema)
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    let errors: Vec<String> =
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{what}:\n{}\n{value:#}", errors.join("\n"));
}

/// An OpenAPI 3.0 schema as JSON Schema 2020-12: `nullable` becomes a type, and
/// no field may come that none of the schemas over it names.
fn modern(schema: &Value, strict: Strict, outermost: bool) -> Value {
    let Some(fields) = schema.as_object() else { return schema.clone() };
    let mut out = Map::new();
    for (name, field) in fields {
        match name.as_str() {
            "nullable" | "example" | "examples" | "readOnly" | "deprecated" | "discriminator" | "xml" => {}
            "properties" => {
                let inner = field.as_object().unwrap().iter();
                out.insert(name.clone(), inner.map(|(k, v)| (k.clone(), modern(v, strict, true))).collect());
            }
            "items" | "additionalProperties" => {
                out.insert(name.clone(), modern(field, strict, true));
            }
            "allOf" | "anyOf" | "oneOf" => {
                let parts = field.as_array().unwrap().iter();
                out.insert(name.clone(), parts.map(|part| modern(part, strict, false)).collect());
            }
            _ => {
                out.insert(name.clone(), field.clone());
            }
        }
    }
    // The document's own example of a new cluster has `registries`; its schema forgets it.
    if let Some(properties) = out.get_mut("properties").and_then(Value::as_object_mut)
        && properties.contains_key("registry_enabled")
    {
        properties.entry("registries").or_insert_with(|| json!({ "type": ["array", "null"] }));
    }
    let shaped = out.contains_key("properties") || out.contains_key("allOf");
    if outermost && strict == Strict::Yes && shaped && !out.contains_key("additionalProperties") {
        out.insert("unevaluatedProperties".to_owned(), json!(false));
    }
    let schema = Value::Object(out);
    if fields.get("nullable") == Some(&json!(true)) { json!({ "anyOf": [{ "type": "null" }, schema] }) } else { schema }
}

fn operation<'d>(document: &'d Value, method: &Method, path: &str) -> Option<&'d Value> {
    let given: Vec<&str> = path.split('/').collect();
    let fits = |template: &str| {
        let wanted: Vec<&str> = template.split('/').collect();
        wanted.len() == given.len()
            && wanted.iter().zip(&given).all(|(wanted, given)| wanted.starts_with('{') || wanted == given)
    };
    let (_, operations) = document["paths"].as_object()?.iter().find(|(template, _)| fits(template))?;
    operations.get(method.as_str().to_ascii_lowercase())
}
