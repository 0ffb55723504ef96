//! From the body of a create or an update to an object of the kind that the path means.

use http::{HeaderMap, StatusCode, header};
use serde_json::Value;

use crate::decode::{self, Decoded, Encoding, Expected, Parsed, Strictness};
use crate::registry::Resource;
use crate::schema;
use crate::status::Refusal;

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

/// A body of options as a value.
pub(crate) fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Parsed, Refusal> {
    let parsed = match encoding(headers)? {
        Encoding::Json => decode::json(body),
        Encoding::Yaml => decode::yaml(body),
        Encoding::Protobuf => decode::protobuf(body).map(|value| Parsed { value, duplicates: Vec::new() }),
    };
    // Upstream takes this for a fault of its own.
    parsed.map_err(|why| {
        let message = format!("couldn't get version/kind; json parse error: {why}");
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "", message)
    })
}

/// A body that is a built-in kind of its own, such as a Scale.
pub(crate) fn of_kind(
    headers: &HeaderMap,
    body: &[u8],
    (group, version, kind): (&str, &str, &str),
) -> Result<Value, Refusal> {
    let name = schema::types().find(|(_, known)| {
        known.is_some_and(|known| (known.group, known.version, known.kind) == (group, version, kind))
    });
    let node = name.map(|(name, _)| schema::builtin(name));
    decode::object(body, encoding(headers)?, Expected { group, version, kind, node }).map(|decoded| decoded.value)
}

/// An object of the resource, decoded, and what the client is to be warned of.
pub(crate) fn object(
    headers: &HeaderMap,
    body: &[u8],
    resource: &Resource,
    version: &str,
    strictness: Strictness,
) -> Result<(Value, Vec<String>), Refusal> {
    let served = resource.built_in().and_then(|_| resource.version(version));
    let expected = Expected {
        group: &resource.group,
        version,
        kind: &resource.kind,
        node: served.map(|served| served.node.get()),
    };
    let Decoded { mut value, mut strict } = decode::object(body, encoding(headers)?, expected)?;
    if served.is_none() {
        strict.extend(resource.decode(&mut value, version)?);
    }
    match strictness {
        Strictness::Ignore => Ok((value, Vec::new())),
        Strictness::Warn => Ok((value, strict)),
        Strictness::Strict if strict.is_empty() => Ok((value, strict)),
        Strictness::Strict => Err(decode::strict_refusal(&resource.kind, version, &strict)),
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
            return Err(Refusal::bad_request(format!(
                "the name of the object ({name} based on URL) was undeterminable: name must be provided"
            )));
        }
        if said != name {
            return Err(Refusal::bad_request(format!(
                "the name of the object ({said}) does not match the name on the URL ({name})"
            )));
        }
    }
    Ok(())
}
