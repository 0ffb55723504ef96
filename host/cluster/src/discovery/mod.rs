//! What is served: groups, versions, resources, in the old form and the aggregated one.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::registry::{Registry, Resource, Subresource};

/// The version that is played, as `/version` tells it.
pub(crate) const VERSION: &str = "v1.36.2";

/// `/version`
pub(crate) fn version() -> Value {
    json!({
        "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36",
        "minCompatibilityMajor": "1", "minCompatibilityMinor": "35",
        "gitVersion": VERSION, "gitCommit": "0000000000000000000000000000000000000000", "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z", "goVersion": "go1.26.0", "compiler": "gc", "platform": "linux/amd64",
    })
}

/// `/api`
pub(crate) fn core_versions(address: &str) -> Value {
    json!({
        "kind": "APIVersions", "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    })
}

/// The groups but the core, with their versions in the order of preference.
fn groups(registry: &Registry) -> Vec<(String, Vec<String>)> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for resource in registry.all().filter(|resource| !resource.group.is_empty()) {
        let at = match groups.iter().position(|(group, _)| *group == resource.group) {
            Some(at) => at,
            None => {
                groups.push((resource.group.clone(), Vec::new()));
                groups.len() - 1
            }
        };
        for version in &resource.versions {
            if !groups[at].1.contains(&version.name) {
                groups[at].1.push(version.name.clone());
            }
        }
    }
    groups
}

fn group_document(name: &str, versions: &[String]) -> Map<String, Value> {
    let listed: Vec<Value> = versions
        .iter()
        .map(|version| json!({"groupVersion": format!("{name}/{version}"), "version": version}))
        .collect();
    Map::from_iter([
        ("name".to_owned(), Value::from(name)),
        ("preferredVersion".to_owned(), listed.first().cloned().unwrap_or_default()),
        ("versions".to_owned(), Value::Array(listed)),
    ])
}

/// `/apis`
pub(crate) fn group_list(registry: &Registry) -> Value {
    let groups: Vec<Value> =
        groups(registry).iter().map(|(name, versions)| Value::Object(group_document(name, versions))).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// `/apis/GROUP`
pub(crate) fn group(registry: &Registry, name: &str) -> Option<Value> {
    let groups = groups(registry);
    let (name, versions) = groups.iter().find(|(known, _)| known == name)?;
    let mut document = group_document(name, versions);
    document.insert("kind".to_owned(), Value::from("APIGroup"));
    document.insert("apiVersion".to_owned(), Value::from("v1"));
    Some(Value::Object(document))
}

/// `/api/v1` and `/apis/GROUP/VERSION`
pub(crate) fn resources(registry: &Registry, group: &str, version: &str) -> Option<Value> {
    let group_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    let mut listed: Vec<(String, Value)> = Vec::new();
    for resource in registry.all().filter(|resource| resource.group == group && resource.version(version).is_some()) {
        if !resource.verbs().is_empty() {
            listed.push((resource.plural.clone(), resource_document(resource, version)));
        }
        for sub in resource.subresources(version) {
            listed.push((format!("{}/{}", resource.plural, sub.name), subresource_document(resource, sub)));
        }
    }
    if listed.is_empty() {
        return None;
    }
    listed.sort_by(|(one, _), (other, _)| one.cmp(other));
    let resources: Vec<Value> = listed.into_iter().map(|(_, document)| document).collect();
    Some(json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources,
    }))
}

fn resource_document(resource: &Resource, version: &str) -> Value {
    let mut document = json!({
        "name": resource.plural, "singularName": resource.singular, "namespaced": resource.namespaced,
        "kind": resource.kind, "verbs": resource.verbs(),
    });
    if let Some(fields) = document.as_object_mut() {
        if !resource.short_names.is_empty() {
            fields.insert("shortNames".to_owned(), json!(resource.short_names));
        }
        if !resource.categories.is_empty() {
            fields.insert("categories".to_owned(), json!(resource.categories));
        }
        if resource.allows("list") && resource.allows("create") {
            fields.insert("storageVersionHash".to_owned(), Value::from(storage_hash(resource, version)));
        }
    }
    document
}

/// Eight bytes that change with the stored version; upstream hashes the same three words.
fn storage_hash(resource: &Resource, _: &str) -> String {
    let digest = Sha256::digest(format!("{}/{}/{}", resource.group, resource.stored, resource.kind));
    STANDARD.encode(&digest[..8])
}

fn subresource_document(resource: &Resource, sub: &Subresource) -> Value {
    let kind = if sub.kind.is_empty() { &resource.kind } else { sub.kind };
    let mut document = json!({
        "name": format!("{}/{}", resource.plural, sub.name), "singularName": "", "namespaced": resource.namespaced,
        "kind": kind, "verbs": sub.verbs,
    });
    if let (Some((group, version, _)), Some(fields)) = (sub.speaks, document.as_object_mut()) {
        if !group.is_empty() {
            fields.insert("group".to_owned(), Value::from(group));
        }
        fields.insert("version".to_owned(), Value::from(version));
    }
    document
}

/// The aggregated form of `/api` (`core`) or `/apis`.
pub(crate) fn aggregated(registry: &Registry, core: bool, api: &str) -> Value {
    let mut items: Vec<(String, Vec<String>)> = match core {
        true => vec![(String::new(), vec!["v1".to_owned()])],
        false => groups(registry),
    };
    let items: Vec<Value> = items
        .drain(..)
        .map(|(group, versions)| {
            let versions: Vec<Value> = versions
                .iter()
                .map(|version| {
                    json!({
                        "version": version, "resources": aggregated_resources(registry, &group, version),
                        "freshness": "Current",
                    })
                })
                .collect();
            let mut metadata = json!({"creationTimestamp": null});
            if let (false, Some(fields)) = (group.is_empty(), metadata.as_object_mut()) {
                fields.insert("name".to_owned(), Value::from(group));
            }
            json!({"metadata": metadata, "versions": versions})
        })
        .collect();
    json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": format!("apidiscovery.k8s.io/{api}"), "metadata": {}, "items": items,
    })
}

fn aggregated_resources(registry: &Registry, group: &str, version: &str) -> Vec<Value> {
    let found = registry.all().filter(|resource| resource.group == group && resource.version(version).is_some());
    let by_name: BTreeMap<&str, &Arc<Resource>> = found.map(|resource| (resource.plural.as_str(), resource)).collect();
    by_name.values().map(|resource| aggregated_resource(resource, version)).collect()
}

fn aggregated_resource(resource: &Resource, version: &str) -> Value {
    let own = |group: &str, version: &str, kind: &str| json!({"group": group, "version": version, "kind": kind});
    // Upstream leaves group and version out where they are those of the list.
    let built_in = resource.built_in().is_some();
    let (group, spoken) = if built_in { ("", "") } else { (resource.group.as_str(), version) };
    let mut document = json!({
        "resource": resource.plural, "responseKind": own(group, spoken, &resource.kind),
        "scope": if resource.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": resource.singular, "verbs": resource.verbs(),
    });
    let Some(fields) = document.as_object_mut() else { return document };
    if !resource.short_names.is_empty() {
        fields.insert("shortNames".to_owned(), json!(resource.short_names));
    }
    if !resource.categories.is_empty() {
        fields.insert("categories".to_owned(), json!(resource.categories));
    }
    let mut subs = resource.subresources(version);
    subs.sort_by_key(|sub| sub.name);
    let subs: Vec<Value> = subs
        .iter()
        .map(|sub| {
            let kind = if sub.kind.is_empty() { &resource.kind } else { sub.kind };
            let speaks = match sub.speaks {
                Some((group, version, _)) => own(group, version, kind),
                None => own(group, spoken, kind),
            };
            json!({"subresource": sub.name, "responseKind": speaks, "verbs": sub.verbs})
        })
        .collect();
    if !subs.is_empty() {
        fields.insert("subresources".to_owned(), Value::Array(subs));
    }
    document
}
