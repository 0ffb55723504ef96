//! What is no resource: health, version, discovery, OpenAPI.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use serde_json::Value;

use super::query::Query;
use super::respond::{self, Accept};
use super::state::State;
use super::{Body, not_served};
use crate::discovery;
use crate::openapi;
use crate::status::Refusal;

/// Answers a request for a path.
pub(crate) fn answer(state: &State, request: &Request<Bytes>, query: &Query) -> Result<Response<Body>, Refusal> {
    let path = request.uri().path();
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(Refusal::method_not_allowed());
    }
    match parts.as_slice() {
        ["healthz" | "livez" | "readyz", ..] => Ok(health(&parts, query)),
        ["openapi", rest @ ..] => Ok(document(state, request.headers(), rest)),
        [] => {
            let paths = openapi::paths(&state.registry);
            json(request, query, &serde_json::json!({"paths": paths}))
        }
        ["version"] => json(request, query, &discovery::version()),
        ["api" | "apis"] => {
            let core = parts == ["api"];
            if let Some(api) = aggregated(request.headers()) {
                let body = discovery::aggregated(&state.registry, core, api);
                let mut response = respond::value(StatusCode::OK, Accept::JSON, &body);
                let media = format!("application/json;g=apidiscovery.k8s.io;v={api};as=APIGroupDiscoveryList");
                if let Ok(media) = HeaderValue::from_str(&media) {
                    response.headers_mut().insert(header::CONTENT_TYPE, media);
                }
                return Ok(response);
            }
            let body = match core {
                true => discovery::core_versions(&state.address),
                false => discovery::group_list(&state.registry),
            };
            json(request, query, &body)
        }
        ["api", version] => found(request, query, discovery::resources(&state.registry, "", version)),
        ["apis", group] => found(request, query, discovery::group(&state.registry, group)),
        ["apis", group, version] => found(request, query, discovery::resources(&state.registry, group, version)),
        _ => Ok(not_served()),
    }
}

fn json(request: &Request<Bytes>, query: &Query, body: &Value) -> Result<Response<Body>, Refusal> {
    let accept = Accept::read(request.headers(), query.flag("pretty"))?;
    Ok(respond::value(StatusCode::OK, accept, body))
}

fn found(request: &Request<Bytes>, query: &Query, body: Option<Value>) -> Result<Response<Body>, Refusal> {
    body.map_or_else(|| Ok(not_served()), |body| json(request, query, &body))
}

/// The version of aggregated discovery that the client takes first.
fn aggregated(headers: &HeaderMap) -> Option<&'static str> {
    let accept = headers.get(header::ACCEPT)?.to_str().ok()?;
    let first = accept.split(',').find(|choice| choice.trim_start().starts_with("application/json"))?;
    let has = |what: &str| first.split(';').any(|part| part.trim() == what);
    if !has("g=apidiscovery.k8s.io") || !has("as=APIGroupDiscoveryList") {
        return None;
    }
    ["v2", "v2beta1"].into_iter().find(|version| has(&format!("v={version}")))
}

/// The checks that the verbose form lists.
const CHECKS: [&str; 3] = ["ping", "log", "etcd"];

fn health(parts: &[&str], query: &Query) -> Response<Body> {
    match parts {
        [check] if query.get("verbose").is_some() => {
            let lines: String = CHECKS.iter().map(|name| format!("[+]{name} ok\n")).collect();
            respond::text(StatusCode::OK, format!("{lines}{check} check passed\n"))
        }
        [_] => respond::text(StatusCode::OK, "ok"),
        [_, name] if CHECKS.contains(name) => respond::text(StatusCode::OK, "ok"),
        _ => not_served(),
    }
}

/// An OpenAPI document.
fn document(state: &State, headers: &HeaderMap, path: &[&str]) -> Response<Body> {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let body = match path {
        ["v2"] if openapi::is_v2_protobuf(accept) => {
            let body = Bytes::from(openapi::v2_protobuf(&state.registry));
            return respond::with_type(StatusCode::OK, openapi::V2_PROTOBUF, body);
        }
        ["v2"] => Some(openapi::v2(&state.registry)),
        // The index is JSON that upstream calls text.
        ["v3"] => return respond::text(StatusCode::OK, openapi::v3_index(&state.registry).to_string()),
        ["v3", rest @ ..] => openapi::v3(&state.registry, &rest.join("/")),
        _ => None,
    };
    match body {
        Some(body) => respond::value(StatusCode::OK, Accept::JSON, &body),
        None => not_served(),
    }
}
