//! Deleting: at once, or when finalizers and grace have passed.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::State;
use super::query::DeleteOptions;
use super::write::{is_finished, metadata_of, name_of};
use crate::crd::conditions;
use crate::registry::Resource;
use crate::status::Refusal;

/// The finalizer that waits for dependants to be let go.
const ORPHAN: &str = "orphan";
/// The finalizer that waits for dependants to be deleted.
const FOREGROUND: &str = "foregroundDeletion";

/// Kinds whose delete answers with the object even when it is gone at once (upstream's `ReturnDeletedObject`).
const RETURNED: [&str; 14] = [
    "/namespaces",
    "/persistentvolumeclaims",
    "/persistentvolumes",
    "/pods",
    "/podtemplates",
    "/resourcequotas",
    "/serviceaccounts",
    "/services",
    "storage.k8s.io/csidrivers",
    "storage.k8s.io/csinodes",
    "storage.k8s.io/csistoragecapacities",
    "storage.k8s.io/storageclasses",
    "storage.k8s.io/volumeattachments",
    "storage.k8s.io/volumeattributesclasses",
];

/// Kinds whose dependants stay unless a delete says otherwise, as they did before owner references.
const ORPHANING: [&str; 2] = ["batch/jobs", "/replicationcontrollers"];

/// The one kind that is given time to end.
const PODS: &str = "/pods";

/// Definitions, whose objects go first.
const DEFINITIONS: &str = "apiextensions.k8s.io/customresourcedefinitions";

/// Notes on a definition that its objects are to be deleted, and keeps it until they are.
fn pend(definition: &mut Value, now: &str) {
    let metadata = metadata_of(definition);
    let finalizers = metadata.entry("finalizers").or_insert_with(|| json!([]));
    if let Some(list) = finalizers.as_array_mut().filter(|list| !list.iter().any(|held| held == conditions::CLEANUP)) {
        list.push(Value::from(conditions::CLEANUP));
    }
    conditions::terminating(&mut definition["status"], conditions::Deletion::Pending, now);
}

/// What a delete did.
#[derive(Debug)]
pub(crate) enum Removed {
    /// The object is gone; this was its last form.
    Gone(Arc<Value>),
    /// It is marked, and goes when what holds it lets go.
    Marked(Arc<Value>),
}

impl Removed {
    /// The body that answers it.
    pub(crate) fn answer(&self, resource: &Resource, shown: impl FnOnce(&Value) -> Value) -> Value {
        match self {
            Self::Gone(object) if !RETURNED.contains(&&*resource.key) => success(resource, object),
            Self::Gone(object) | Self::Marked(object) => shown(object),
        }
    }
}

fn success(resource: &Resource, object: &Value) -> Value {
    let mut details = Map::from_iter([
        ("name".to_owned(), Value::from(name_of(object))),
        ("kind".to_owned(), Value::from(resource.plural.as_str())),
    ]);
    if !resource.group.is_empty() {
        details.insert("group".to_owned(), Value::from(resource.group.as_str()));
    }
    if let Some(uid) = object.pointer("/metadata/uid") {
        details.insert("uid".to_owned(), uid.clone());
    }
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
}

/// Deletes an object, or marks it.
pub(crate) fn remove(
    state: &mut State,
    resource: &Arc<Resource>,
    namespace: &str,
    old: &Arc<Value>,
    options: &DeleteOptions,
) -> Result<Removed, Refusal> {
    let name = name_of(old).to_owned();
    check_preconditions(resource, old, options)?;
    let mut object = Value::clone(old);
    let marked = old.pointer("/metadata/deletionTimestamp").is_some_and(Value::is_string);
    finalize(resource, &mut object, options);
    if &*resource.key == DEFINITIONS && !marked {
        pend(&mut object, &state.moment.stamp());
    }
    let grace = grace(resource, &object, options);
    let namespace_kept = &*resource.key == "/namespaces"
        && object.pointer("/spec/finalizers").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    let held = object.pointer("/metadata/finalizers").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    let until = state.moment.stamp_after(grace);
    if !held && !namespace_kept && grace == 0 {
        if options.dry_run {
            return Ok(Removed::Gone(Arc::new(object)));
        }
        if &*resource.key == PODS {
            // A Pod is marked even if it goes at once, as whoever watches it is told.
            mark(resource, &mut object, grace, until);
            if object != **old {
                object = Value::clone(&state.put(resource, namespace, &name, object));
            }
        }
        return Ok(Removed::Gone(state.remove(resource, namespace, &name, object)));
    }
    mark(resource, &mut object, grace, until);
    if &*resource.key == "/namespaces"
        && let Some(fields) = object.as_object_mut()
    {
        fields.insert("status".to_owned(), terminating(fields.get("status")));
    }
    let object = match options.dry_run {
        true => Arc::new(object),
        false if is_finished(resource, &object) => {
            return Ok(Removed::Gone(state.remove(resource, namespace, &name, object)));
        }
        false if object == **old => Arc::clone(old),
        false => state.put(resource, namespace, &name, object),
    };
    Ok(Removed::Marked(object))
}

/// Notes when an object goes; a second delete may shorten its grace, never lengthen it.
fn mark(resource: &Resource, object: &mut Value, grace: i64, until: String) {
    let metadata = metadata_of(object);
    if metadata.get("deletionTimestamp").is_some_and(Value::is_string) {
        let left = metadata.get("deletionGracePeriodSeconds").and_then(Value::as_i64).unwrap_or_default();
        if grace < left {
            metadata.insert("deletionGracePeriodSeconds".to_owned(), Value::from(grace));
            metadata.insert("deletionTimestamp".to_owned(), Value::from(until));
        }
        return;
    }
    metadata.insert("deletionTimestamp".to_owned(), Value::from(until));
    // A namespace knows no grace: it goes when its content has gone.
    if &*resource.key != "/namespaces" {
        metadata.insert("deletionGracePeriodSeconds".to_owned(), Value::from(grace));
    }
    if let Some(generation) = metadata.get("generation").and_then(Value::as_i64).filter(|generation| *generation > 0) {
        metadata.insert("generation".to_owned(), Value::from(generation + 1));
    }
}

/// A namespace's status with the phase that follows a delete.
fn terminating(status: Option<&Value>) -> Value {
    let mut status = status.cloned().unwrap_or_else(|| json!({}));
    if let Some(fields) = status.as_object_mut() {
        fields.insert("phase".to_owned(), Value::from("Terminating"));
    }
    status
}

fn check_preconditions(resource: &Resource, old: &Value, options: &DeleteOptions) -> Result<(), Refusal> {
    let name = name_of(old);
    let known = |field: &str| old.pointer(&format!("/metadata/{field}")).and_then(Value::as_str).unwrap_or_default();
    let conflict = |what: &str, asked: &str, known: &str| {
        let why = format!(
            "the {what} in the precondition ({asked}) does not match the {what} in record ({known}). \
             The object might have been {}",
            if what == "UID" { "deleted and then recreated" } else { "modified" }
        );
        Err(Refusal::conflict(resource.kind_subject(name), &why))
    };
    match (&options.uid, &options.revision) {
        (Some(uid), _) if uid != known("uid") => conflict("UID", uid, known("uid")),
        (_, Some(revision)) if revision != known("resourceVersion") => {
            conflict("ResourceVersion", revision, known("resourceVersion"))
        }
        _ => Ok(()),
    }
}

/// Adds and takes away the finalizers that say what becomes of dependants.
fn finalize(resource: &Resource, object: &mut Value, options: &DeleteOptions) {
    let metadata = metadata_of(object);
    let list = metadata.get("finalizers").and_then(Value::as_array);
    let mut finalizers: Vec<Value> = list.cloned().unwrap_or_default();
    let has = |list: &[Value], one: &str| list.iter().any(|known| known == one);
    let default = ORPHANING.contains(&&*resource.key) && options.propagation.is_none();
    let policy = options.propagation.as_deref();
    let orphan = policy == Some("Orphan") || (policy.is_none() && (has(&finalizers, ORPHAN) || default));
    let foreground = policy == Some("Foreground") || (policy.is_none() && has(&finalizers, FOREGROUND));
    let before = finalizers.clone();
    finalizers.retain(|known| known != ORPHAN && known != FOREGROUND);
    if orphan {
        finalizers.push(Value::from(ORPHAN));
    }
    if foreground {
        finalizers.push(Value::from(FOREGROUND));
    }
    let same = before.len() == finalizers.len() && before.iter().all(|one| finalizers.contains(one));
    match finalizers.is_empty() {
        _ if same => {}
        true => {
            metadata.remove("finalizers");
        }
        false => {
            metadata.insert("finalizers".to_owned(), Value::Array(finalizers));
        }
    }
}

/// How long an object may take to end, in seconds; only a Pod on a node takes any.
fn grace(resource: &Resource, object: &Value, options: &DeleteOptions) -> i64 {
    if &*resource.key != PODS {
        return 0;
    }
    let placed = object.pointer("/spec/nodeName").and_then(Value::as_str).is_some_and(|node| !node.is_empty());
    let ended = matches!(object.pointer("/status/phase").and_then(Value::as_str), Some("Failed" | "Succeeded"));
    if !placed || ended {
        return 0;
    }
    let own = object.pointer("/spec/terminationGracePeriodSeconds").and_then(Value::as_i64);
    let grace = options.grace.or(own).unwrap_or(30);
    if grace < 0 { 1 } else { grace }
}

/// 404 for what is deleted and not there.
pub(crate) fn nothing(resource: &Resource, name: &str) -> Refusal {
    Refusal::not_found(resource.subject(name))
}
