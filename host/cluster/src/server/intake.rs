//! From the body of a create or an update to an object of the kind that the path means.

use http::{HeaderMap, StatusCode, header};
use serde_json::Value;

use crate::decode::{self, Parsed, Strictness};
use crate::registry::{Registry, Resource};
use crate::status::Refusal;

/// The encodings of bodies that are objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// `application/json`
    Json,
    /// `application/yaml`
    Yaml,
    /// `application/vnd.kubernetes.protobuf`
    Protobuf,
}

/// The encoding that a request says, JSON where it says none.
pub(crate) fn encoding(headers: &HeaderMap) -> Result<Encoding, Refusal> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match given.split(';').next().unwrap_or_default().trim() {
        "" | "application/json" => Ok(Encoding::Json),
        "application/yaml" => Ok(Encoding::Yaml),
        "application/vnd.kubernetes.protobuf" => Ok(Encoding::Protobuf),
        _ => {
            let served = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
            let message =
                format!("the body of the request was in an unknown format - accepted media types include: {served}");
            Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message))
        }
    }
}

/// A body as a value; `kind` is the one that it should hold.
pub(crate) fn parse(headers: &HeaderMap, body: &[u8], kind: &str) -> Result<Parsed, Refusal> {
    let unread = |format: &str, why: String| {
        let shown = String::from_utf8_lossy(body);
        Refusal::bad_request(format!(
            "the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; \
             {format} parse error: {why} ({})",
            shortened(&shown)
        ))
    };
    match encoding(headers)? {
        Encoding::Json => decode::json(body).map_err(|why| unread("json", why)),
        Encoding::Yaml => decode::yaml(body).map_err(|why| unread("yaml", why)),
        Encoding::Protobuf => {
            let value = decode::protobuf(body).map_err(Refusal::bad_request)?;
            Ok(Parsed { value, duplicates: Vec::new() })
        }
    }
}

/// The start of a body, as upstream quotes it: in hexadecimal where it is no text.
fn shortened(body: &str) -> String {
    const MOST: usize = 1024;
    match body {
        "" => "<empty>".to_owned(),
        body if body.len() > MOST => body.chars().take(MOST).chain("...".chars()).collect(),
        body => body.to_owned(),
    }
}

/// Group versions that upstream still knows and no longer serves: their objects are told apart from unknown ones.
const RETIRED: [&str; 14] = [
    "apps/v1beta1",
    "apps/v1beta2",
    "autoscaling/v2beta1",
    "autoscaling/v2beta2",
    "batch/v1beta1",
    "certificates.k8s.io/v1beta1",
    "coordination.k8s.io/v1beta1",
    "discovery.k8s.io/v1beta1",
    "events.k8s.io/v1beta1",
    "extensions/v1beta1",
    "networking.k8s.io/v1beta1",
    "policy/v1beta1",
    "rbac.authorization.k8s.io/v1beta1",
    "storage.k8s.io/v1beta1",
];

/// Refuses a body that says it is something else; what it leaves out is what the path means.
pub(crate) fn check_kind(
    registry: &Registry,
    resource: &Resource,
    version: &str,
    object: &mut Value,
) -> Result<(), Refusal> {
    let expected = resource.api_version(version);
    let Some(fields) = object.as_object_mut() else {
        return Err(Refusal::bad_request("the body is no object"));
    };
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let (api_version, kind) = (text(fields.get("apiVersion")), text(fields.get("kind")));
    if resource.built_in().is_none() && (kind.is_empty() || api_version.is_empty()) {
        let missing = if kind.is_empty() { "Kind" } else { "apiVersion" };
        let shown = Value::Object(fields.clone());
        return Err(Refusal::bad_request(format!(
            "{} in version {version:?} cannot be handled as a {}: Object '{missing}' is missing in '{shown}'",
            resource.kind, resource.kind
        )));
    }
    let (group, said_version) = match api_version.split_once('/') {
        _ if api_version.is_empty() => (resource.group.as_str(), version),
        Some((group, version)) => (group, version),
        None => ("", api_version.as_str()),
    };
    let said_kind = if kind.is_empty() { resource.kind.clone() } else { kind };
    let same_version = group == resource.group && said_version == version;
    if same_version && said_kind == resource.kind {
        fields.insert("apiVersion".to_owned(), Value::from(expected));
        fields.insert("kind".to_owned(), Value::from(said_kind));
        return Ok(());
    }
    let other = registry.of_kind(group, said_version, &said_kind);
    let told = if same_version { version.to_owned() } else { api_version.clone() };
    if resource.built_in().is_none() {
        if same_version {
            return Err(Refusal::bad_request(format!(
                "{said_kind} in version {told:?} cannot be handled as a {}",
                resource.kind
            )));
        }
    } else if other.is_none() && !RETIRED.contains(&api_version.as_str()) {
        let scheme = "pkg/api/legacyscheme/scheme.go:30";
        return Err(Refusal::bad_request(format!(
            "{said_kind} in version {said_version:?} cannot be handled as a {}: no kind {said_kind:?} is registered for \
             version {told:?} in scheme {scheme:?}",
            resource.kind
        )));
    } else if other.is_some_and(|other| other.kind != resource.kind || other.group != resource.group) {
        let internal = match resource.group.split('.').next().unwrap_or_default() {
            "" => "core",
            group => group,
        };
        return Err(Refusal::bad_request(format!(
            "{said_kind} in version {said_version:?} cannot be handled as a {kind}: converting ({said_version}.{said_kind}) \
             to ({internal}.{kind}): unknown conversion",
            kind = resource.kind
        )));
    }
    Err(Refusal::bad_request(format!(
        "the API version in the data ({api_version}) does not match the expected API version ({expected})"
    )))
}

/// An object of the resource, decoded, and what the client is to be warned of.
pub(crate) fn object(
    registry: &Registry,
    resource: &Resource,
    version: &str,
    parsed: Parsed,
    strictness: Strictness,
) -> Result<(Value, Vec<String>), Refusal> {
    let Parsed { mut value, duplicates } = parsed;
    check_kind(registry, resource, version, &mut value)?;
    let mut faults = duplicates;
    faults.extend(resource.decode(&mut value, version)?);
    match strictness {
        Strictness::Ignore => Ok((value, Vec::new())),
        Strictness::Warn => Ok((value, faults)),
        Strictness::Strict if faults.is_empty() => Ok((value, faults)),
        Strictness::Strict => Err(Refusal::bad_request(format!(
            "{} in version {version:?} cannot be handled as a {}: strict decoding error: {}",
            resource.kind,
            resource.kind,
            faults.join(", ")
        ))),
    }
}

/// Settles the name and the namespace of a body with those of the path.
pub(crate) fn settle_place(object: &mut Value, namespace: &str, name: &str) -> Result<(), Refusal> {
    let metadata = super::write::metadata_of(object);
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let said = text(metadata.get("namespace"));
    if !said.is_empty() && said != namespace {
        if namespace.is_empty() {
            // A cluster-scoped object names no namespace.
            metadata.remove("namespace");
        } else {
            let message = "the namespace of the provided object does not match the namespace sent on the request";
            return Err(Refusal::bad_request(message));
        }
    }
    if !namespace.is_empty() {
        metadata.insert("namespace".to_owned(), Value::from(namespace));
    }
    let said = text(metadata.get("name"));
    if !name.is_empty() {
        if said.is_empty() {
            metadata.insert("name".to_owned(), Value::from(name));
        } else if said != name {
            return Err(Refusal::bad_request(format!(
                "the name of the object ({said}) does not match the name on the URL ({name})"
            )));
        }
    }
    Ok(())
}
