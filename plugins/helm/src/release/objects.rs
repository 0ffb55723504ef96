//! Documents of manifests and hooks as objects of the cluster, each with its name in full.

use std::collections::BTreeSet;

use bstr::{BStr, ByteSlice as _};
use maps_helm_engine::render::split;
use maps_helm_engine::{json, yaml};
use maps_kube_objects::cluster::Scopes;
use maps_kube_objects::id::{Key, ObjectId, text};
use maps_kube_objects::order;
use maps_sdk::Problem;
use maps_sdk::kube::Cluster;
use serde_json::{Map, Value};

const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
const RELEASE_NAME: &str = "meta.helm.sh/release-name";
const RELEASE_NAMESPACE: &str = "meta.helm.sh/release-namespace";
const POLICY: &str = "helm.sh/resource-policy";

/// An object that a release holds.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) id: ObjectId,
    pub(crate) wave: usize,
    pub(crate) object: Value,
}

/// Which release.
#[derive(Clone, Copy)]
pub(crate) struct Of<'a> {
    pub(crate) name: &'a str,
    pub(crate) namespace: &'a str,
}

/// The object of one document; none where it holds nothing but comments.
///
/// # Errors
/// What is no object.
pub(crate) fn parse(document: &[u8]) -> Result<Vec<Value>, Problem> {
    let wrong = |why: String| {
        let begin: String = document.as_bstr().to_str_lossy().chars().take(120).collect();
        Problem::invalid("manifest", format!("a document of the chart is no object of Kubernetes: {why}: {begin}…"))
    };
    let value = yaml::parse_numbers(document).map_err(wrong)?;
    let json = json::emit(&value).map_err(wrong)?;
    let value: Value = serde_json::from_slice(&json).map_err(|error| wrong(error.to_string()))?;
    flattened(value).map_err(|why| wrong(why.to_owned()))
}

/// A list's items in its place, and nothing for nothing.
fn flattened(value: Value) -> Result<Vec<Value>, &'static str> {
    let is_list = text(&value, "/kind").is_some_and(|kind| kind.ends_with("List"));
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Object(mut map) if is_list && map.get("items").is_some_and(Value::is_array) => {
            let Some(Value::Array(items)) = map.remove("items") else { return Ok(Vec::new()) };
            items
                .into_iter()
                .map(flattened)
                .collect::<Result<Vec<_>, _>>()
                .map(|all| all.into_iter().flatten().collect())
        }
        Value::Object(map) => {
            let object = Value::Object(map);
            match ObjectId::of(&object) {
                Some(_) => Ok(vec![without_nulls(object)]),
                None => Err("it lacks `apiVersion`, `kind` or `metadata.name`"),
            }
        }
        _ => Err("it is no map"),
    }
}

/// Go's typed clients never send a null that a template left behind; server-side apply takes one for a removal.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => map
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key, without_nulls(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        plain => plain,
    }
}

/// All objects of a stored manifest, as they stand there.
///
/// # Errors
/// What is no object.
pub(crate) fn of_manifest(manifest: &str) -> Result<Vec<Value>, Problem> {
    let mut all = Vec::new();
    for document in split(BStr::new(manifest)) {
        all.extend(parse(document)?);
    }
    Ok(all)
}

/// Objects with their names in full, in the order in which they are written. An object that stands there twice
/// counts as it stands last.
///
/// # Errors
/// When the cluster could not be asked where kinds are.
pub(crate) fn items(objects: Vec<Value>, cluster: &Cluster, namespace: &str) -> Result<Vec<Item>, Problem> {
    let scopes = Scopes::of(objects.iter(), cluster)?;
    let mut items: Vec<Item> = Vec::with_capacity(objects.len());
    let mut seen: BTreeSet<Key> = BTreeSet::new();
    for mut object in objects {
        let Some(id) = scopes.place(&object, namespace) else { continue };
        if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
            match &id.namespace {
                Some(namespace) => drop(metadata.insert("namespace".to_owned(), namespace.as_str().into())),
                None => drop(metadata.remove("namespace")),
            }
        }
        let item = Item { wave: order::wave(&id), id, object };
        if seen.insert(item.id.key()) {
            items.push(item);
        } else if let Some(there) = items.iter_mut().find(|there| there.id.key() == item.id.key()) {
            *there = item;
        }
    }
    items.sort_by_key(|item| item.wave);
    Ok(items)
}

/// Writes into an object of a manifest whose it is, as Helm does.
pub(crate) fn own(object: &mut Value, of: Of<'_>) {
    put(object, "labels", MANAGED_BY, "Helm");
    mark(object, of);
}

/// Writes into an object which release made it.
pub(crate) fn mark(object: &mut Value, of: Of<'_>) {
    put(object, "annotations", RELEASE_NAME, of.name);
    put(object, "annotations", RELEASE_NAMESPACE, of.namespace);
}

fn put(object: &mut Value, part: &str, key: &str, value: &str) {
    let Some(Value::Object(metadata)) = object.get_mut("metadata") else { return };
    let map = metadata.entry(part).or_insert_with(|| Value::Object(Map::new()));
    if map.is_null() {
        *map = Value::Object(Map::new());
    }
    if let Value::Object(map) = map {
        map.insert(key.to_owned(), value.into());
    }
}

/// Why an object that is there is not this release's; none where it is.
pub(crate) fn foreign(live: &Value, of: Of<'_>) -> Option<String> {
    let said = |part: &str, key: &str| live.pointer(part)?.get(key)?.as_str();
    let by = said("/metadata/labels", MANAGED_BY);
    let release = said("/metadata/annotations", RELEASE_NAME);
    let namespace = said("/metadata/annotations", RELEASE_NAMESPACE);
    if (by, release, namespace) == (Some("Helm"), Some(of.name), Some(of.namespace)) {
        return None;
    }
    Some(match (release, by) {
        (Some(release), _) => format!("it belongs to the release {release} in {}", namespace.unwrap_or("?")),
        (None, Some("Helm")) => "it says that Helm manages it, and names no release".to_owned(),
        (None, Some(by)) => format!("it says that {by} manages it"),
        (None, None) => format!("no release made it{}", managers(live)),
    })
}

/// Who wrote an object, for people.
fn managers(live: &Value) -> String {
    let entries = live.pointer("/metadata/managedFields").and_then(Value::as_array).into_iter().flatten();
    let names: BTreeSet<&str> = entries.filter_map(|entry| text(entry, "/manager")).collect();
    if names.is_empty() {
        return String::new();
    }
    format!(", it was written by {}", names.into_iter().collect::<Vec<_>>().join(", "))
}

/// Is it to stay when its release lets go of it?
pub(crate) fn is_kept(object: &Value) -> bool {
    let policy = object.pointer("/metadata/annotations").and_then(|map| map.get(POLICY)).and_then(Value::as_str);
    policy.is_some_and(|policy| policy.trim().eq_ignore_ascii_case("keep"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn documents_become_objects() {
        let manifest = "---\n# Source: a\nkind: A\napiVersion: v1\nmetadata: {name: a}\nspec: {n: null, i: 3, f: 1.5}\n---\n# only a comment\n---\nkind: List\napiVersion: v1\nitems:\n- {kind: B, apiVersion: v1, metadata: {name: b}}\n";
        let all = of_manifest(manifest).unwrap();
        assert_eq!(
            all,
            [
                json!({"kind": "A", "apiVersion": "v1", "metadata": {"name": "a"}, "spec": {"i": 3, "f": 1.5}}),
                json!({"kind": "B", "apiVersion": "v1", "metadata": {"name": "b"}}),
            ]
        );
        for bad in ["kind: A\n", "- a\n", "text", "a: [\n"] {
            assert_eq!(of_manifest(bad).unwrap_err().code, "manifest", "{bad}");
        }
    }

    #[test]
    fn an_object_says_whose_it_is() {
        let of = Of { name: "web", namespace: "apps" };
        let mut object = json!({"metadata": {"labels": null}});
        assert_eq!(foreign(&object, of).as_deref(), Some("no release made it"));
        own(&mut object, of);
        assert_eq!(foreign(&object, of), None);
        let other = foreign(&object, Of { name: "other", namespace: "apps" }).unwrap();
        assert_eq!(other, "it belongs to the release web in apps");
        let by = json!({"metadata": {"labels": {MANAGED_BY: "argocd"}}});
        assert_eq!(foreign(&by, of).as_deref(), Some("it says that argocd manages it"));
    }

    #[test]
    fn a_policy_keeps_an_object() {
        let with = |policy: &str| json!({"metadata": {"annotations": {POLICY: policy}}});
        assert!(
            is_kept(&with("keep")) && is_kept(&with(" Keep ")) && !is_kept(&with("delete")) && !is_kept(&json!({}))
        );
    }
}
