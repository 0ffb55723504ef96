//! The OpenAPI documents that clients read: what kinds look like, and what may be asked of their paths.
//!
//! Documents are made from the facts of built-in types and from what CustomResourceDefinitions publish. They
//! describe hardly anything in words.

mod custom;
mod paths;
mod protobuf;
mod schema;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha512};

use crate::registry::{Registry, Resource, Source};
pub(crate) use protobuf::{MEDIA as V2_PROTOBUF, is_asked as is_v2_protobuf};
use schema::{Dialect, Schemas};

/// What is served beside groups and versions.
const OTHERS: [&str; 3] = [".well-known/openid-configuration", "openid/v1/jwks", "version"];

/// The paths of the root, sorted.
pub(crate) fn paths(registry: &Registry) -> Vec<String> {
    let groups = groups(registry).map(|path| format!("/{path}"));
    let others =
        ["healthz", "healthz/ping", "livez", "livez/ping", "openapi/v2", "openapi/v3", "readyz", "readyz/ping"];
    let others = OTHERS.into_iter().chain(others).map(|path| format!("/{path}"));
    groups.chain(others).collect::<BTreeSet<_>>().into_iter().collect()
}

/// `api`, `apis`, `apis/GROUP`, and every group's versions.
fn groups(registry: &Registry) -> impl Iterator<Item = String> {
    let mut paths = BTreeSet::from(["api".to_owned(), "apis".to_owned()]);
    for resource in registry.all() {
        for version in &resource.versions {
            match resource.group.as_str() {
                "" => paths.insert(format!("api/{}", version.name)),
                group => paths.insert(format!("apis/{group}")) | paths.insert(format!("apis/{group}/{}", version.name)),
            };
        }
    }
    paths.into_iter()
}

/// `/openapi/v3`: where the documents are. The hashes change with what they are of.
pub(crate) fn v3_index(registry: &Registry) -> Value {
    let paths: Map<String, Value> = groups(registry)
        .chain(OTHERS.map(str::to_owned))
        .map(|path| {
            let hash = Sha512::digest(format!("{path}\n{}", fingerprint(registry, &path)));
            let hash: String = hash.iter().map(|byte| format!("{byte:02X}")).collect();
            let address = json!({"serverRelativeURL": format!("/openapi/v3/{path}?hash={hash}")});
            (path, address)
        })
        .collect();
    json!({"paths": paths})
}

/// What a document depends on: the version of this program, and what definitions publish.
fn fingerprint(registry: &Registry, path: &str) -> String {
    let mut text = env!("CARGO_PKG_VERSION").to_owned();
    let Some((group, version)) = group_version(path) else { return text };
    for resource in registry.all().filter(|resource| resource.group == group) {
        if let Some(custom) = resource.custom(version) {
            let verbs = (custom.status, custom.scale.is_some());
            text.push_str(&format!("{} {} {verbs:?} {}\n", resource.kind, resource.plural, custom.schema));
        }
    }
    text
}

fn group_version(path: &str) -> Option<(&str, &str)> {
    match path.split('/').collect::<Vec<_>>().as_slice() {
        ["api", version] => Some(("", version)),
        ["apis", group, version] => Some((group, version)),
        _ => None,
    }
}

/// `/openapi/v3/PATH`; nothing where nothing is served.
pub(crate) fn v3(registry: &Registry, path: &str) -> Option<Value> {
    if let Some((group, version)) = group_version(path) {
        return registry.serves(group, version).then(|| of_version(registry, group, version));
    }
    if !groups(registry).any(|known| known == path) && !OTHERS.contains(&path) {
        return None;
    }
    let mut schemas = Schemas::new(Dialect::V3);
    let answer = match path.split('/').collect::<Vec<_>>().as_slice() {
        ["api"] => "io.k8s.apimachinery.pkg.apis.meta.v1.APIVersions",
        ["apis"] => "io.k8s.apimachinery.pkg.apis.meta.v1.APIGroupList",
        ["apis", _] => "io.k8s.apimachinery.pkg.apis.meta.v1.APIGroup",
        _ => "io.k8s.apimachinery.pkg.version.Info",
    };
    schemas.need(answer);
    Some(document(schemas, paths::single(path, answer)))
}

fn of_version(registry: &Registry, group: &str, version: &str) -> Value {
    let mut schemas = Schemas::new(Dialect::V3);
    let mut paths = Map::new();
    for resource in registry.all().filter(|one| one.group == group && one.version(version).is_some()) {
        describe(resource, version, &mut schemas, &mut paths);
    }
    document(schemas, paths)
}

fn describe(resource: &Resource, version: &str, schemas: &mut Schemas, paths: &mut Map<String, Value>) {
    let name = match &resource.source {
        Source::BuiltIn(kind) => {
            let name = kind.versions.iter().find(|(each, _)| *each == version).map_or("", |(_, name)| *name);
            schemas.need(name);
            if kind.verbs.contains(&"list") {
                schemas.need(&format!("{name}List"));
            }
            name.to_owned()
        }
        Source::Custom(_) => custom::describe(resource, version, schemas),
    };
    paths::describe(resource, version, &name, schemas, paths);
}

fn document(schemas: Schemas, paths: Map<String, Value>) -> Value {
    let mut document = json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.36.2"},
        "components": {
            "securitySchemes": {"BearerToken": {
                "type": "apiKey", "name": "authorization", "in": "header",
                "description": "Bearer Token authentication",
            }},
        },
    });
    document["paths"] = Value::Object(paths);
    document["components"]["schemas"] = Value::Object(schemas.into_map());
    document
}

/// `/openapi/v2`: everything in one document.
pub(crate) fn v2(registry: &Registry) -> Value {
    let mut schemas = Schemas::new(Dialect::V2);
    let mut paths = Map::new();
    let mut versions: BTreeMap<(&str, &str), Vec<&Resource>> = BTreeMap::new();
    for resource in registry.all() {
        for version in &resource.versions {
            versions.entry((&resource.group, &version.name)).or_default().push(resource);
        }
    }
    for ((_, version), resources) in versions {
        for resource in resources {
            describe(resource, version, &mut schemas, &mut paths);
        }
    }
    let mut document = json!({
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": "v1.36.2"},
        "securityDefinitions": {"BearerToken": {
            "type": "apiKey", "name": "authorization", "in": "header",
            "description": "Bearer Token authentication",
        }},
        "security": [{"BearerToken": []}],
    });
    document["paths"] = Value::Object(paths);
    document["definitions"] = Value::Object(schemas.into_map());
    document
}

/// [`v2`] in protobuf, of the media type [`V2_PROTOBUF`].
pub(crate) fn v2_protobuf(registry: &Registry) -> Vec<u8> {
    protobuf::encode(&v2(registry))
}

#[cfg(test)]
mod tests;
