//! Reading: one object, lists by selector, by page and by revision.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::continuation::Continuation;
use super::query::Query;
use crate::invalid::Invalid;
use crate::registry::Resource;
use crate::selector::{Fields, Labels};
use crate::status::{Refusal, Subject};
use crate::store::{Happened, Store};

/// The selectors of a list, a watch or a deletion of many.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    /// By labels.
    pub(crate) labels: Labels,
    /// By fields.
    pub(crate) fields: Fields,
}

impl Selection {
    /// Reads them; fields that the resource does not offer are refused.
    pub(crate) fn read(query: &Query, resource: &Resource, version: &str) -> Result<Self, Refusal> {
        let labels = Labels::parse(query.get("labelSelector").unwrap_or_default()).map_err(Refusal::bad_request)?;
        let fields = Fields::parse(query.get("fieldSelector").unwrap_or_default()).map_err(Refusal::bad_request)?;
        for path in fields.paths() {
            let known = match path {
                "metadata.name" => true,
                "metadata.namespace" => match resource.built_in() {
                    // Kinds without words of their own take it wherever their objects live.
                    Some(kind) => kind.namespaced || own_words(resource, path).is_none(),
                    None => resource.namespaced,
                },
                path => match resource.built_in() {
                    Some(kind) => kind.selectable.contains(&path),
                    None => resource
                        .custom(version)
                        .is_some_and(|version| version.selectable.iter().any(|known| known == path)),
                },
            };
            if !known {
                return Err(Refusal::bad_request(unknown_field(resource, path)));
            }
        }
        Ok(Self { labels, fields })
    }

    /// Whether everything is selected.
    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether this object is selected.
    pub(crate) fn select(&self, object: &Value) -> bool {
        self.labels.select(object) && self.fields.select(object)
    }
}

fn unknown_field(resource: &Resource, path: &str) -> String {
    own_words(resource, path).unwrap_or_else(|| {
        format!("{path:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")
    })
}

/// What kinds say that have a function of their own for the names of their fields.
fn own_words(resource: &Resource, path: &str) -> Option<String> {
    match (resource.group.as_str(), resource.kind.as_str()) {
        ("batch", "Job") => Some(format!("field label {path:?} not supported for batchv1.Job")),
        ("resource.k8s.io", "ResourceSlice") => {
            Some(format!("field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: {path}"))
        }
        ("", "Pod" | "Node" | "Namespace" | "Secret" | "Service" | "ReplicationController" | "Event")
        | ("events.k8s.io", "Event")
        | ("certificates.k8s.io", "CertificateSigningRequest") => Some(format!("field label not supported: {path}")),
        _ if resource.built_in().is_none() => Some(format!("field label not supported: {path}")),
        _ => None,
    }
}

/// A page of a list.
#[derive(Debug)]
pub(crate) struct Page {
    /// Its objects.
    pub(crate) objects: Vec<Arc<Value>>,
    /// The list's own metadata.
    pub(crate) metadata: Map<String, Value>,
}

/// 410, for what is asked for at a revision that is forgotten.
pub(crate) fn expired(message: impl Into<String>) -> Refusal {
    Refusal::new(StatusCode::GONE, "Expired", message)
}

/// 504, for a revision that is not there yet.
pub(crate) fn too_new(revision: u64, current: u64) -> Refusal {
    let message = format!("Timeout: Too large resource version: {revision}, current: {current}");
    let mut refusal = Refusal::new(StatusCode::GATEWAY_TIMEOUT, "Timeout", message);
    let cause = json!({"reason": "ResourceVersionTooLarge", "message": "Too large resource version"});
    refusal.details = Some(Map::from_iter([("causes".to_owned(), json!([cause]))]));
    refusal.retry_after = Some(1);
    refusal
}

/// `resourceVersion` as a number; none and `0` are both nothing in particular.
pub(crate) fn revision(query: &Query) -> Result<Option<u64>, Refusal> {
    match query.get("resourceVersion") {
        None | Some("" | "0") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| {
            let why = format!("strconv.ParseUint: parsing {text:?}: invalid syntax");
            let message = format!("resourceVersion: Invalid value: {text:?}: {why}");
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "", message)
        }),
    }
}

/// What the parameters of a list or a watch break, in the words of upstream's `ListOptions`.
fn refuse(wrong: &[Invalid]) -> Result<(), Refusal> {
    match wrong {
        [] => Ok(()),
        wrong => Err(Refusal::invalid(Subject { group: "meta.k8s.io", resource: "ListOptions", name: "" }, wrong)),
    }
}

const MATCH: &str = "resourceVersionMatch";

/// What `continue` does not go with.
fn not_resumed(query: &Query, wrong: &mut Vec<Invalid>) {
    if query.get("continue").is_some_and(|text| !text.is_empty()) {
        wrong.push(Invalid::forbidden(MATCH, "resourceVersionMatch is forbidden when continue is provided"));
    }
}

/// Whether the parameters of a list go together.
fn check_list(query: &Query) -> Result<(), Refusal> {
    let (given, revision) = (query.get(MATCH).unwrap_or_default(), query.get("resourceVersion").unwrap_or_default());
    let mut wrong = Vec::new();
    if !given.is_empty() {
        if revision.is_empty() {
            let why = "resourceVersionMatch is forbidden unless resourceVersion is provided";
            wrong.push(Invalid::forbidden(MATCH, why));
        }
        not_resumed(query, &mut wrong);
        if !["Exact", "NotOlderThan"].contains(&given) {
            wrong.push(Invalid::not_supported(MATCH, &json!(given), &["Exact", "NotOlderThan", ""]));
        }
        if given == "Exact" && revision == "0" {
            let why = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
            wrong.push(Invalid::forbidden(MATCH, why));
        }
    }
    if query.get("sendInitialEvents").is_some() {
        wrong.push(Invalid::forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
    }
    refuse(&wrong)
}

/// Whether a watch begins with what is there, if its parameters go together.
pub(crate) fn initial_events(query: &Query) -> Result<bool, Refusal> {
    let mut given = query.get(MATCH).unwrap_or_default();
    let mut initial = query.get("sendInitialEvents").map(|_| query.flag("sendInitialEvents"));
    // A watch from nowhere in particular means the same, as it did before there were words for it.
    if initial.is_none() && given.is_empty() && matches!(query.get("resourceVersion"), None | Some("" | "0")) {
        (initial, given) = (Some(true), "NotOlderThan");
    }
    let mut wrong = Vec::new();
    if initial.is_some() && given != "NotOlderThan" {
        let why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
        wrong.push(Invalid::forbidden(MATCH, why));
    }
    if !given.is_empty() {
        if initial.is_none() {
            let why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
            wrong.push(Invalid::forbidden(MATCH, why));
        }
        if given != "NotOlderThan" {
            wrong.push(Invalid::not_supported(MATCH, &json!(given), &["NotOlderThan"]));
        }
        not_resumed(query, &mut wrong);
    }
    refuse(&wrong)?;
    Ok(initial.unwrap_or_default())
}

/// A list, or a page of one.
pub(crate) fn list(
    store: &Store,
    resource: &Resource,
    namespace: &str,
    query: &Query,
    selection: &Selection,
) -> Result<Page, Refusal> {
    check_list(query)?;
    let limit = query.number("limit")?.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
    query.number("timeoutSeconds")?;
    let asked = revision(query)?;
    let (at, start) = match query.get("continue").filter(|text| !text.is_empty()) {
        Some(token) => {
            let Continuation { revision, start } = Continuation::read(token)?;
            if asked.is_some() {
                return Err(Refusal::bad_request("specifying resource version is not allowed when using continue"));
            }
            (revision.unwrap_or_else(|| store.revision()), Some(start))
        }
        None => match asked {
            Some(revision) if revision > store.revision() => return Err(too_new(revision, store.revision())),
            Some(revision) if query.get("resourceVersionMatch") == Some("Exact") => (revision, None),
            // Upstream: a limit beside a revision, without a match, means exactly this revision.
            Some(revision) if limit.is_some() && query.get("resourceVersionMatch").is_none() => (revision, None),
            _ => (store.revision(), None),
        },
    };
    // What is asked for at any revision comes from upstream's cache, which has no pages.
    let limit = limit.filter(|_| start.is_some() || query.get("resourceVersion") != Some("0"));
    let all = match objects_at(store, resource, namespace, at) {
        Some(all) => all,
        None if start.is_some() => return Err(expired(CONTINUE_EXPIRED)),
        None => return Err(expired("The resourceVersion for the provided list is too old.")),
    };
    let mut behind = all.into_iter().filter(|(key, _)| start.as_ref().is_none_or(|start| key > start));
    let mut metadata = Map::from_iter([("resourceVersion".to_owned(), Value::from(at.to_string()))]);
    let (mut objects, mut last) = (Vec::new(), String::new());
    while let Some((key, object)) = behind.next() {
        if limit.is_some_and(|limit| objects.len() >= limit) {
            // That there is more is known of what is there, not of what is selected.
            metadata.insert("continue".to_owned(), Value::from(Continuation::token(at, &last)));
            if selection.is_empty() {
                metadata.insert("remainingItemCount".to_owned(), Value::from(behind.count() + 1));
            }
            break;
        }
        if selection.select(&object) {
            objects.push(object);
            last = key;
        }
    }
    Ok(Page { objects, metadata })
}

/// What a client is told whose page is of a revision that is forgotten.
const CONTINUE_EXPIRED: &str = "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

/// What there was at a revision, which is what there is, less what happened since; `None` if that is forgotten.
fn objects_at(
    store: &Store,
    resource: &Resource,
    namespace: &str,
    revision: u64,
) -> Option<BTreeMap<String, Arc<Value>>> {
    let mut objects: BTreeMap<String, Arc<Value>> =
        store.list(&resource.key, namespace).map(|(key, object)| (key.to_owned(), Arc::clone(object))).collect();
    if revision >= store.revision() {
        return Some(objects);
    }
    let events = store.after(revision)?;
    let prefix = if namespace.is_empty() { String::new() } else { format!("{namespace}/") };
    let mine: Vec<_> =
        events.filter(|event| event.resource == resource.key && event.key.starts_with(&prefix)).collect();
    for event in mine.into_iter().rev() {
        match (&event.before, event.happened) {
            (Some(before), _) => objects.insert(event.key.clone(), Arc::clone(before)),
            (None, Happened::Added | Happened::Modified | Happened::Deleted) => objects.remove(&event.key),
        };
    }
    Some(objects)
}
