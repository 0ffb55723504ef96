//! Reading: one object, lists by selector, by page and by revision.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::query::Query;
use crate::registry::Resource;
use crate::selector::{Fields, Labels};
use crate::status::Refusal;
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

/// Where a list goes on; the form is upstream's.
fn token(revision: u64, start: &str) -> String {
    URL_SAFE_NO_PAD.encode(json!({"v": "meta.k8s.io/v1", "rv": revision, "start": format!("{start}\u{0}")}).to_string())
}

fn resumed(token: &str) -> Result<(u64, String), Refusal> {
    let wrong = |why: &str| Refusal::bad_request(format!("continue key is not valid: {why}"));
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|error| wrong(&error.to_string()))?;
    let token: Value = serde_json::from_slice(&bytes).map_err(|error| wrong(&error.to_string()))?;
    if token["v"] != "meta.k8s.io/v1" {
        return Err(wrong("server does not recognize this encoded version"));
    }
    let start = token["start"].as_str().unwrap_or_default().trim_end_matches('\u{0}').to_owned();
    match token["rv"].as_u64() {
        Some(revision) if revision > 0 && !start.is_empty() => Ok((revision, start)),
        _ => Err(wrong("incorrect encoded start resourceVersion (version meta.k8s.io/v1)")),
    }
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

/// `resourceVersionMatch` beside the other parameters of a list, as upstream validates them.
fn check_match(query: &Query, watch: bool) -> Result<(), Refusal> {
    use crate::invalid::Invalid;
    use crate::status::Subject;
    let Some(given) = query.get("resourceVersionMatch").filter(|text| !text.is_empty()) else {
        if query.flag("sendInitialEvents") {
            let wrong = Invalid::forbidden(
                "resourceVersionMatch",
                "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
            );
            return Err(Refusal::invalid(
                Subject { group: "meta.k8s.io", resource: "ListOptions", name: "" },
                &[wrong],
            ));
        }
        return Ok(());
    };
    let revision = query.get("resourceVersion").unwrap_or_default();
    let mut wrong = Vec::new();
    if watch && query.get("sendInitialEvents").is_none() {
        wrong.push(Invalid::forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden for watch"));
    }
    if !watch && revision.is_empty() {
        wrong.push(Invalid::forbidden(
            "resourceVersionMatch",
            "resourceVersionMatch is forbidden unless resourceVersion is provided",
        ));
    }
    if query.get("continue").is_some_and(|text| !text.is_empty()) {
        wrong.push(Invalid::forbidden(
            "resourceVersionMatch",
            "resourceVersionMatch is forbidden when continue is provided",
        ));
    }
    if !["Exact", "NotOlderThan"].contains(&given) {
        wrong.push(Invalid::not_supported("resourceVersionMatch", &json!(given), &["Exact", "NotOlderThan", ""]));
    }
    if given == "Exact" && revision == "0" {
        wrong.push(Invalid::forbidden(
            "resourceVersionMatch",
            "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"",
        ));
    }
    match wrong.as_slice() {
        [] => Ok(()),
        wrong => Err(Refusal::invalid(Subject { group: "meta.k8s.io", resource: "ListOptions", name: "" }, wrong)),
    }
}

/// Whether a watch's parameters go together.
pub(crate) fn check_watch(query: &Query) -> Result<(), Refusal> {
    check_match(query, true)
}

/// A list, or a page of one.
pub(crate) fn list(
    store: &Store,
    resource: &Resource,
    namespace: &str,
    query: &Query,
    selection: &Selection,
) -> Result<Page, Refusal> {
    check_match(query, false)?;
    let limit = query.number("limit")?.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
    query.number("timeoutSeconds")?;
    let asked = revision(query)?;
    let (at, start) = match query.get("continue").filter(|text| !text.is_empty()) {
        Some(token) => {
            if asked.is_some() {
                return Err(Refusal::bad_request("specifying resource version is not allowed when using continue"));
            }
            let (revision, start) = resumed(token)?;
            (revision, Some(start))
        }
        None => match asked {
            Some(revision) if revision > store.revision() => return Err(too_new(revision, store.revision())),
            Some(revision) if query.get("resourceVersionMatch") == Some("Exact") => (revision, None),
            // Upstream: a limit beside a revision, without a match, means exactly this revision.
            Some(revision) if limit.is_some() && query.get("resourceVersionMatch").is_none() => (revision, None),
            _ => (store.revision(), None),
        },
    };
    let all = objects_at(store, resource, namespace, at)?;
    let behind = all.into_iter().filter(|(key, _)| start.as_ref().is_none_or(|start| key > start));
    let selected = behind.filter(|(_, object)| selection.select(object));
    let mut metadata = Map::from_iter([("resourceVersion".to_owned(), Value::from(at.to_string()))]);
    let objects = match limit {
        None => selected.map(|(_, object)| object).collect(),
        Some(limit) => {
            let mut page: Vec<(String, Arc<Value>)> = Vec::new();
            let mut rest = 0_u64;
            for one in selected {
                if page.len() < limit {
                    page.push(one);
                } else {
                    rest += 1;
                }
            }
            if let (true, Some((last, _))) = (rest > 0, page.last()) {
                metadata.insert("continue".to_owned(), Value::from(token(at, last)));
                if selection.is_empty() {
                    metadata.insert("remainingItemCount".to_owned(), Value::from(rest));
                }
            }
            page.into_iter().map(|(_, object)| object).collect()
        }
    };
    Ok(Page { objects, metadata })
}

/// What there was at a revision: what there is, less what happened since.
fn objects_at(
    store: &Store,
    resource: &Resource,
    namespace: &str,
    revision: u64,
) -> Result<std::collections::BTreeMap<String, Arc<Value>>, Refusal> {
    let mut objects: std::collections::BTreeMap<String, Arc<Value>> =
        store.list(&resource.key, namespace).map(|(key, object)| (key.to_owned(), Arc::clone(object))).collect();
    if revision >= store.revision() {
        return Ok(objects);
    }
    let Some(events) = store.after(revision) else {
        let message = "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";
        return Err(expired(message));
    };
    let prefix = if namespace.is_empty() { String::new() } else { format!("{namespace}/") };
    let mine: Vec<_> =
        events.filter(|event| event.resource == resource.key && event.key.starts_with(&prefix)).collect();
    for event in mine.into_iter().rev() {
        match (&event.before, event.happened) {
            (Some(before), _) => objects.insert(event.key.clone(), Arc::clone(before)),
            (None, Happened::Added | Happened::Modified | Happened::Deleted) => objects.remove(&event.key),
        };
    }
    Ok(objects)
}
