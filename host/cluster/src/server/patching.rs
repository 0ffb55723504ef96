//! PATCH: from a patch and what is there to the object that is to be.

use std::sync::Arc;

use http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value, json};

use super::State;
use super::intake;
use super::query::WriteOptions;
use super::write::{self, Write, Written, versioned};
use crate::apply::Operation;
use crate::decode::{self, Parsed, Strictness, TakenApart, encoded};
use crate::invalid::Invalid;
use crate::patch;
use crate::registry::Resource;
use crate::schema::Node;
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

/// What a patch makes of an object, and what strict decoding says of it.
#[derive(Debug)]
pub(crate) struct Patched {
    /// The object, in the form of its type.
    pub(crate) object: Value,
    /// Duplicate and unknown fields.
    pub(crate) faults: Vec<String>,
}

/// Carries out a patch that is no apply; `fit` makes the outcome canonical, or says why it cannot be.
pub(crate) fn carry_out(
    current: Value,
    (kind, body, strictness): (Kind, &[u8], Strictness),
    node: &Node,
    fit: &dyn Fn(&mut Value) -> Result<Vec<String>, String>,
) -> Result<Patched, Refusal> {
    let Parsed { value: given, duplicates: mut faults } = decode::json(body).map_err(|why| match kind {
        Kind::Strategic => Refusal::bad_request(why),
        Kind::Json | Kind::Merge | Kind::Apply => Refusal::bad_request(format!("error decoding patch: {why}")),
    })?;
    let mut object = match kind {
        Kind::Json => {
            faults.iter_mut().for_each(|fault| fault.insert_str(0, "json patch "));
            faults.extend(patch::json_patch_unknown(&given));
            patch::json_patch(&current, &given)?
        }
        Kind::Strategic => patch::strategic(&current, &given, node)?,
        Kind::Merge | Kind::Apply => {
            let mut merged = current;
            patch::merge_patch(&mut merged, &given)?;
            merged
        }
    };
    let shown = match kind {
        Kind::Strategic => patch::printed(&given),
        Kind::Json => encoded(&object, node, &TakenApart::by_operations(&given)),
        Kind::Merge | Kind::Apply => encoded(&object, node, &TakenApart::by_merge(&given)),
    };
    if kind == Kind::Strategic
        && let Some(why) = patch::misfit(&object, node)
    {
        return Err(spoiled(&shown, &why));
    }
    faults.extend(fit(&mut object).map_err(|why| spoiled(&shown, &why))?);
    match strictness {
        Strictness::Ignore => faults.clear(),
        Strictness::Strict if !faults.is_empty() => return Err(spoiled(&shown, &decode::strict_error(&faults))),
        Strictness::Strict | Strictness::Warn => {}
    }
    Ok(Patched { object, faults })
}

/// An applied configuration, with what strict decoding says of it; strictly, that refuses it only once it is applied.
pub(crate) fn read_config(body: &[u8]) -> Result<Parsed, Refusal> {
    let mut parsed = decode::yaml(body).map_err(|why| Refusal::bad_request(format!("error decoding YAML: {why}")))?;
    if parsed.value.is_null() {
        parsed.value = json!({});
    }
    if !parsed.value.is_object() {
        let kind = patch::json_kind(&parsed.value);
        return Err(Refusal::bad_request(format!(
            "error decoding YAML: error unmarshaling JSON: while decoding JSON: \
             json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"
        )));
    }
    for duplicate in &mut parsed.duplicates {
        // JSON is read as YAML here, whose parser tells the line and the key.
        let key = duplicate.strip_prefix("duplicate field \"").and_then(|path| path.strip_suffix('"'));
        if let Some(key) = key.and_then(|path| path.rsplit('.').next()) {
            *duplicate = format!("yaml: unmarshal errors:\n  line 1: key {key:?} already set in map");
        }
        duplicate.insert_str(0, "error converting YAML to JSON: ");
    }
    Ok(parsed)
}

/// What is to be warned of in an applied configuration, or its refusal.
pub(crate) fn config_warnings(duplicates: Vec<String>, strictness: Strictness) -> Result<Vec<String>, Refusal> {
    match (strictness, duplicates.first()) {
        (Strictness::Ignore, _) => Ok(Vec::new()),
        (Strictness::Strict, Some(why)) => Err(Refusal::bad_request(format!("error strict decoding YAML: {why}"))),
        (Strictness::Strict | Strictness::Warn, _) => Ok(duplicates),
    }
}

/// Carries out a patch.
pub(crate) fn patch(state: &mut State, write: Write<'_>, asked: Patch<'_>) -> Result<Written, Refusal> {
    let resource = Arc::clone(write.resource);
    let old = state.store.get(&resource.key, write.namespace, asked.name).cloned();
    if asked.kind == Kind::Apply {
        return apply(state, write, asked, old.as_ref());
    }
    let Some(old) = old else { return Err(Refusal::not_found(resource.subject(asked.name))) };
    let served = resource.version(write.version).ok_or_else(|| Refusal::internal("no structure is known"))?;
    let node = served.node.get();
    let fit = |object: &mut Value| match resource.built_in() {
        Some(_) => {
            if asked.kind != Kind::Strategic {
                check_type(state, &resource, write.version, object)?;
            }
            decode::fit(object, node)
        }
        None => resource.decode(object, write.version).map_err(|refusal| {
            let message = refusal.message.as_str();
            message.split_once(": ").map_or(message, |(_, why)| why).to_owned()
        }),
    };
    let current = versioned(&resource, &old, write.version);
    let what = (asked.kind, asked.body, asked.options.strictness);
    let Patched { mut object, faults } = carry_out(current, what, node, &fit)?;
    settle_identity(&resource, &mut object, write, asked.name)?;
    let mut written = write::update(state, write, &old, object)?;
    written.warnings.splice(0..0, faults);
    Ok(written)
}

/// A patched object of a built-in kind is still decoded as what it says it is.
fn check_type(state: &State, resource: &Resource, version: &str, object: &Value) -> Result<(), String> {
    let text = |name: &str| object.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let expected = resource.api_version(version);
    let (api_version, kind) = (text("apiVersion").unwrap_or(&expected), text("kind").unwrap_or(&resource.kind));
    if api_version == expected && kind == resource.kind {
        return Ok(());
    }
    let (group, said) = api_version.split_once('/').unwrap_or(("", api_version));
    let internal = |group: &str| match group.split('.').next().unwrap_or_default() {
        "" => "core".to_owned(),
        group => group.to_owned(),
    };
    match state.registry.of_kind(group, said, kind).filter(|other| other.built_in().is_some()) {
        None => {
            let scheme = "pkg/api/legacyscheme/scheme.go:30";
            Err(format!("no kind {kind:?} is registered for version {api_version:?} in scheme {scheme:?}"))
        }
        // Another version of the same kind is converted.
        Some(other) if other.kind == resource.kind && other.group == resource.group => Ok(()),
        Some(_) => Err(format!(
            "converting ({said}.{kind}) to ({}.{}): unknown conversion",
            internal(&resource.group),
            resource.kind
        )),
    }
}

/// A patch may not turn an object into another one.
fn settle_identity(resource: &Resource, patched: &mut Value, write: Write<'_>, name: &str) -> Result<(), Refusal> {
    let Some(fields) = patched.as_object_mut() else {
        return Err(Refusal::bad_request("the patch leaves no object"));
    };
    let expected = resource.api_version(write.version);
    if resource.built_in().is_none() {
        let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
        let mut wrong = Vec::new();
        if text("kind") != resource.kind {
            wrong.push(Invalid::invalid("kind", &json!(text("kind")), format!("must be {}", resource.kind)));
        }
        if text("apiVersion") != expected {
            wrong.push(Invalid::invalid("apiVersion", &json!(text("apiVersion")), format!("must be {expected}")));
        }
        if !wrong.is_empty() {
            return Err(Refusal::invalid(resource.kind_subject(name), &wrong));
        }
    }
    fields.insert("apiVersion".to_owned(), Value::from(expected));
    fields.insert("kind".to_owned(), Value::from(resource.kind.as_str()));
    intake::settle_place(patched, write.namespace, name)
}

/// Server-side apply.
fn apply(state: &mut State, write: Write<'_>, asked: Patch<'_>, old: Option<&Arc<Value>>) -> Result<Written, Refusal> {
    let resource = Arc::clone(write.resource);
    let Parsed { value: config, duplicates } = read_config(asked.body)?;
    let live = old.map(|old| versioned(&resource, old, write.version));
    let write = Write { operation: Operation::Apply, ..write };
    let now = state.moment.stamp();
    let mut merged = write.apply(live.as_ref(), &config, asked.options.force, &now)?;
    let warnings = config_warnings(duplicates, asked.options.strictness)?;
    // The structure was checked while merging; what is left is made canonical.
    resource.decode(&mut merged, write.version)?;
    let uid = config.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default();
    if old.is_none() && !uid.is_empty() {
        let why = format!("uid mismatch: the provided object specified uid {uid}, and no existing object was found");
        return Err(Refusal::conflict(resource.subject(asked.name), &why));
    }
    intake::settle_place(&mut merged, write.namespace, asked.name)?;
    let mut written = match old {
        Some(old) => write::update(state, write, old, merged)?,
        None if !write.subresource.is_empty() => return Err(Refusal::not_found(resource.subject(asked.name))),
        None => {
            state.may_create(&write)?;
            write::create(state, write, merged)?
        }
    };
    written.warnings.splice(0..0, warnings);
    Ok(written)
}
