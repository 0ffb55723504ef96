//! Requests and answers held against DigitalOcean's own OpenAPI document.
//!
//! The document is not in the repository. It is looked for in the folder that `MAPS_REFERENCE` names, or
//! else in `shared` beside the repository, as `digitalocean/openapi-subset.json`.

mod schema;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::{Map, Value};

use schema::Side;

/// An OpenAPI document.
#[derive(Debug)]
pub struct Document(Value);

/// One request and its answer.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    /// The method, in upper case.
    pub method: &'a str,
    /// The path with its query.
    pub path: &'a str,
    /// The request's body; empty for none.
    pub request: &'a [u8],
    /// The answer's status.
    pub status: u16,
    /// The answer's content type.
    pub content_type: &'a str,
    /// The answer's body.
    pub answer: &'a [u8],
}

static DIGITALOCEAN: LazyLock<Option<Document>> = LazyLock::new(|| {
    let base = std::env::var_os("MAPS_REFERENCE")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let text = std::fs::read(base.join("digitalocean/openapi-subset.json")).ok()?;
    serde_json::from_slice(&text).ok().map(Document)
});

/// DigitalOcean's document, if it is at hand.
pub fn digitalocean() -> Option<&'static Document> {
    DIGITALOCEAN.as_ref()
}

impl Document {
    /// A document from its JSON.
    pub fn new(json: Value) -> Self {
        Self(json)
    }

    /// What is wrong with a request: a path or a query that is not documented, a body of another shape,
    /// a member that is not named or that only the service sets.
    pub fn request_faults(&self, exchange: &Exchange<'_>) -> Vec<String> {
        let (path, query) = exchange.path.split_once('?').unwrap_or((exchange.path, ""));
        let what = format!("{} {path}", exchange.method);
        let Some((shared, operation)) = self.operation(exchange.method, path) else {
            return vec![format!("{what} is not documented")];
        };
        let named = |name: &str| {
            let parameters = [shared.get("parameters"), operation.get("parameters")];
            let mut all = parameters.into_iter().flatten().filter_map(Value::as_array).flatten();
            all.any(|parameter| parameter["in"] == "query" && parameter["name"] == name)
        };
        let names = query.split('&').filter_map(|pair| pair.split('=').next()).filter(|name| !name.is_empty());
        let mut faults: Vec<String> = names
            .filter(|name| !named(name))
            .map(|name| format!("{what}: the query {name} is not documented"))
            .collect();
        if exchange.request.is_empty() {
            if operation["requestBody"]["required"] == true {
                faults.push(format!("{what} needs a body"));
            }
            return faults;
        }
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        match serde_json::from_slice(exchange.request) {
            _ if !schema.is_object() => faults.push(format!("{what} takes no body")),
            Ok(body) => faults.extend(schema::faults(schema, &body, Side::Request, &format!("the request {what}"))),
            Err(error) => faults.push(format!("the request {what} is no JSON: {error}")),
        }
        faults
    }

    /// What is wrong with an answer: a status that is not documented, another content type, a body of
    /// another shape, a member that is not named.
    pub fn answer_faults(&self, exchange: &Exchange<'_>) -> Vec<String> {
        let path = exchange.path.split('?').next().unwrap_or_default();
        let (status, method) = (exchange.status, exchange.method);
        let what = format!("{status} of {method} {path}");
        let text = String::from_utf8_lossy(exchange.answer);
        let Some((_, operation)) = self.operation(method, path) else {
            return match status {
                401 | 404 | 405 | 429 | 500 => Vec::new(),
                _ => vec![format!("{what}: the path is not documented")],
            };
        };
        let documented = &operation["responses"][status.to_string()];
        if status < 400 && !documented.is_object() {
            return vec![format!("{what} is not documented")];
        }
        let response = if documented.is_object() { documented } else { &operation["responses"]["default"] };
        let Some((media, content)) = response["content"].as_object().and_then(|content| content.iter().next()) else {
            return if text.is_empty() { Vec::new() } else { vec![format!("{what} has no body, yet came {text}")] };
        };
        let sent = exchange.content_type.split(';').next().unwrap_or_default();
        if sent != media {
            return vec![format!("{what} is {media}, yet came {sent:?}")];
        }
        if media != "application/json" {
            return Vec::new();
        }
        match serde_json::from_slice(exchange.answer) {
            Ok(body) => schema::faults(&content["schema"], &body, Side::Answer, &what),
            Err(error) => vec![format!("{what} is no JSON: {error}")],
        }
    }

    /// A path's item, and the operation in it.
    fn operation(&self, method: &str, path: &str) -> Option<(&Map<String, Value>, &Value)> {
        let given: Vec<&str> = path.split('/').collect();
        let fits = |template: &str| {
            let wanted: Vec<&str> = template.split('/').collect();
            wanted.len() == given.len()
                && wanted.iter().zip(&given).all(|(wanted, given)| wanted.starts_with('{') || wanted == given)
        };
        let (_, item) = self.0["paths"].as_object()?.iter().find(|(template, _)| fits(template))?;
        let item = item.as_object()?;
        Some((item, item.get(&method.to_ascii_lowercase())?))
    }
}

#[cfg(test)]
mod tests;
