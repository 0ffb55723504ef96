//! PATCH: from a patch and what is there to the object that is to be.

use std::sync::Arc;

use http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value, json};

use super::State;
use super::intake;
use super::query::WriteOptions;
use super::write::{self, Write, Written};
use crate::apply::Operation;
use crate::decode::{self, Strictness};
use crate::patch;
use crate::registry::Resource;
use crate::status::Refusal;

/// The kinds of patches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// RFC 6902.
    Json,
    /// RFC 7386.
    Merge,
    /// Kubernetes' own, for built-in kinds.
    Strategic,
    /// Server-side apply.
    Apply,
}

impl Kind {
    /// The kind that a request says.
    pub(crate) fn read(headers: &HeaderMap, custom: bool) -> Result<Self, Refusal> {
        let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        match given.split(';').next().unwrap_or_default().trim() {
            "application/json-patch+json" => Ok(Self::Json),
            "application/merge-patch+json" => Ok(Self::Merge),
            "application/strategic-merge-patch+json" if !custom => Ok(Self::Strategic),
            "application/apply-patch+yaml" => Ok(Self::Apply),
            "application/strategic-merge-patch+json" => {
                let served = "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml";
                Err(Refusal::new(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "UnsupportedMediaType",
                    format!(
                        "the body of the request was in an unknown format - accepted media types include: {served}"
                    ),
                ))
            }
            _ => {
                let code = StatusCode::UNSUPPORTED_MEDIA_TYPE;
                let mut refusal = Refusal::new(code, "UnsupportedMediaType", "415: Unsupported Media Type");
                refusal.details = Some(Map::new());
                Err(refusal)
            }
        }
    }
}

/// A patch of one object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patch<'a> {
    /// Its kind.
    pub(crate) kind: Kind,
    /// The body.
    pub(crate) body: &'a [u8],
    /// What the parameters say.
    pub(crate) options: &'a WriteOptions,
    /// The object's name.
    pub(crate) name: &'a str,
}

/// 422 for a patch that leaves no valid object, with the patch in it, as upstream words it.
fn spoiled(shown: &str, why: &str) -> Refusal {
    let message = format!(" \"\" is invalid: patch: Invalid value: {shown:?}: {why}");
    let mut refusal = Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message);
    let cause =
        json!({"reason": "FieldValueInvalid", "message": format!("Invalid value: {shown:?}: {why}"), "field": "patch"});
    refusal.details = Some(Map::from_iter([("causes".to_owned(), json!([cause]))]));
    refusal
}

/// A patch of a value without a kind's own structure, such as a Scale.
pub(crate) fn merge_into(current: &Value, kind: Kind, body: &[u8]) -> Result<Value, Refusal> {
    let given = match kind {
        Kind::Apply => decode::yaml(body),
        Kind::Json | Kind::Merge | Kind::Strategic => decode::json(body),
    };
    let given = given.map_err(Refusal::bad_request)?.value;
    if kind == Kind::Json {
        return patch::json_patch(current, &given);
    }
    let mut merged = current.clone();
    patch::merge_patch(&mut merged, &given)?;
    Ok(merged)
}

/// Carries out a patch.
pub(crate) fn patch(state: &mut State, write: Write<'_>, asked: Patch<'_>) -> Result<Written, Refusal> {
    let resource = Arc::clone(write.resource);
    let old = state.store.get(&resource.key, write.namespace, asked.name).cloned();
    if asked.kind == Kind::Apply {
        return apply(state, write, asked, old.as_ref());
    }
    let Some(old) = old else { return Err(Refusal::not_found(resource.subject(asked.name))) };
    let current = shown(&resource, &old, write.version);
    let text = std::str::from_utf8(asked.body).unwrap_or_default();
    let given = decode::json(asked.body).map_err(Refusal::bad_request)?.value;
    let mut patched = match asked.kind {
        Kind::Json => patch::json_patch(&current, &given)?,
        Kind::Strategic => {
            let served = resource.version(write.version).ok_or_else(|| Refusal::internal("no structure is known"))?;
            patch::strategic(&current, &given, served.node.get())?
        }
        Kind::Merge | Kind::Apply => {
            let mut merged = current;
            patch::merge_patch(&mut merged, &given)?;
            merged
        }
    };
    let whole = if asked.kind == Kind::Strategic { text.to_owned() } else { patched.to_string() };
    let faults = resource.decode(&mut patched, write.version).map_err(|refusal| match refusal.code {
        StatusCode::BAD_REQUEST => {
            let why = refusal.message.split_once(": ").map_or(refusal.message.as_str(), |(_, why)| why);
            spoiled(&whole, why)
        }
        _ => refusal,
    })?;
    if asked.options.strictness == Strictness::Strict && !faults.is_empty() {
        let why = format!("strict decoding error: {}", faults.join(", "));
        return Err(spoiled(&whole, &why));
    }
    settle_identity(&resource, &mut patched, write, asked.name)?;
    let warnings = if asked.options.strictness == Strictness::Warn { faults } else { Vec::new() };
    let mut written = write::update(state, write, &old, patched)?;
    written.warnings.splice(0..0, warnings);
    Ok(written)
}

/// An object in the version that is spoken.
fn shown(resource: &Resource, object: &Value, version: &str) -> Value {
    let mut object = object.clone();
    if let Some(kind) = resource.built_in()
        && version != resource.stored
    {
        kind.behaviour.from_stored(&mut object, version);
    }
    if let Some(fields) = object.as_object_mut() {
        fields.insert("apiVersion".to_owned(), Value::from(resource.api_version(version)));
    }
    object
}

/// A patch may not turn an object into another one.
fn settle_identity(resource: &Resource, patched: &mut Value, write: Write<'_>, name: &str) -> Result<(), Refusal> {
    let Some(fields) = patched.as_object_mut() else {
        return Err(Refusal::bad_request("the patch leaves no object"));
    };
    let expected = resource.api_version(write.version);
    let said = fields.get("apiVersion").and_then(Value::as_str).unwrap_or_default().to_owned();
    let kind = fields.get("kind").and_then(Value::as_str).unwrap_or_default();
    if (!said.is_empty() && said != expected) || (!kind.is_empty() && kind != resource.kind) {
        return Err(Refusal::bad_request(format!(
            "the API version in the data ({said}) does not match the expected API version ({expected})"
        )));
    }
    fields.insert("apiVersion".to_owned(), Value::from(expected));
    fields.insert("kind".to_owned(), Value::from(resource.kind.as_str()));
    intake::settle_place(patched, write.namespace, name)
}

/// Server-side apply.
fn apply(state: &mut State, write: Write<'_>, asked: Patch<'_>, old: Option<&Arc<Value>>) -> Result<Written, Refusal> {
    let resource = Arc::clone(write.resource);
    let parsed = decode::yaml(asked.body).map_err(|why| Refusal::bad_request(format!("error decoding YAML: {why}")))?;
    if asked.options.strictness == Strictness::Strict && !parsed.duplicates.is_empty() {
        return Err(Refusal::bad_request(format!("error strict decoding YAML: {}", parsed.duplicates.join(", "))));
    }
    let mut config = parsed.value;
    check_applied(&resource, write.version, &config)?;
    if config.pointer("/metadata/managedFields").is_some_and(|value| !value.is_null()) {
        return Err(Refusal::bad_request("metadata.managedFields must be nil"));
    }
    let live = old.map(|old| shown(&resource, old, write.version));
    if old.is_none() && !write.subresource.is_empty() {
        return Err(Refusal::not_found(resource.subject(asked.name)));
    }
    if old.is_none() && config.pointer("/metadata/uid").and_then(Value::as_str).is_some_and(|uid| !uid.is_empty()) {
        let uid = config.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default();
        let why = format!("uid mismatch: the provided object specified uid {uid}, and no existing object was found");
        return Err(Refusal::conflict(resource.subject(asked.name), &why));
    }
    intake::settle_place(&mut config, write.namespace, asked.name)?;
    let write = Write { operation: Operation::Apply, ..write };
    let now = state.moment.stamp();
    let mut merged = write.apply(live.as_ref(), &config, asked.options.force, &now)?;
    // The structure was checked while merging; what is left is made canonical.
    let faults = resource.decode(&mut merged, write.version)?;
    let warnings = if asked.options.strictness == Strictness::Ignore { Vec::new() } else { faults };
    let mut written = match old {
        Some(old) => {
            if let Some(revision) = config.pointer("/metadata/resourceVersion").filter(|value| value.is_string()) {
                write::metadata_of(&mut merged).insert("resourceVersion".to_owned(), revision.clone());
            }
            write::update(state, write, old, merged)?
        }
        None => {
            state.may_create(&write)?;
            write::create(state, write, merged)?
        }
    };
    written.warnings.splice(0..0, warnings);
    written.warnings.extend(parsed.duplicates);
    Ok(written)
}

/// An applied object says what it is.
fn check_applied(resource: &Resource, version: &str, config: &Value) -> Result<(), Refusal> {
    let text = |at: &str| config.get(at).and_then(Value::as_str).unwrap_or_default();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let (group, said) = api_version.split_once('/').unwrap_or(("", api_version));
    if api_version.is_empty() || kind.is_empty() {
        return Err(Refusal::bad_request(format!("invalid object type: {group}/{said}, Kind={kind}")));
    }
    let expected = resource.api_version(version);
    if api_version != expected || kind != resource.kind {
        let wanted = match resource.group.as_str() {
            "" => format!("/{version}, Kind={}", resource.kind),
            group => format!("{group}/{version}, Kind={}", resource.kind),
        };
        if api_version == expected || resource.built_in().is_none() {
            return Err(Refusal::bad_request(format!(
                "invalid object type: {group}/{said}, Kind={kind}, expected {wanted}"
            )));
        }
        return Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "BadRequest",
            format!("the API version in the data ({api_version}) does not match the expected API version ({expected})"),
        ));
    }
    Ok(())
}
