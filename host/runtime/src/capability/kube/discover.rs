//! What a server is and all that it serves, by aggregated discovery (`apidiscovery.k8s.io`, since 1.26), or by
//! asking for each group's version.

use std::collections::BTreeMap;

use maps_engine::Problem;
use maps_engine::capability::{KubeFacts, KubePlace, Verb};
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::batch::{Batch, NOTHING};
use super::cluster::{ApiResource, is_plain, unreadable};
use super::wire;
use crate::capability::http::Echo;

/// The server's version and its kinds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::capability) struct Discovery {
    /// `v1.33.1`.
    pub(in crate::capability) git_version: String,
    pub(in crate::capability) major: String,
    pub(in crate::capability) minor: String,
    pub(in crate::capability) kinds: Vec<ApiResource>,
}

/// Versions of groups that one server may have: hundreds of operators' are far below.
const MOST_VERSIONS: usize = 2_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    git_version: String,
    #[serde(default)]
    major: String,
    #[serde(default)]
    minor: String,
}

/// Either of the forms that a server may answer with.
#[derive(Deserialize)]
struct Groups {
    /// Of `APIGroupDiscoveryList`.
    #[serde(default)]
    items: Vec<Aggregated>,
    /// Of `APIVersions`.
    #[serde(default)]
    versions: Vec<String>,
    /// Of `APIGroupList`.
    #[serde(default)]
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Aggregated {
    #[serde(default)]
    metadata: Named,
    #[serde(default)]
    versions: Vec<Served>,
}

#[derive(Default, Deserialize)]
struct Named {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Served {
    version: String,
    #[serde(default)]
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    resource: String,
    response_kind: Option<ResponseKind>,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    verbs: Vec<String>,
}

#[derive(Deserialize)]
struct ResponseKind {
    #[serde(default)]
    kind: String,
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    versions: Vec<OfGroup>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfGroup {
    group_version: String,
}

impl Batch<'_> {
    /// Asks anew each time: what is applied in a run may bring kinds with it.
    pub(super) async fn discovery(&self) -> Result<Discovery, Problem> {
        let version: Version = self.asked("/version", false).await?;
        let (core, others) = futures::join!(self.asked::<Groups>("/api", true), self.asked::<Groups>("/apis", true));
        let (core, others) = (core?, others?);
        let mut by_version: BTreeMap<String, Vec<ApiResource>> = BTreeMap::new();
        for group in core.items.iter().chain(&others.items) {
            for served in &group.versions {
                let (api_version, kinds) = group.kinds(served);
                by_version.insert(api_version, kinds);
            }
        }
        let named = others.groups.into_iter().flat_map(|group| group.versions).map(|of| of.group_version);
        for api_version in core.versions.into_iter().chain(named).take(MOST_VERSIONS) {
            let kinds = self.discover(&api_version, &[]).await?;
            by_version.insert(api_version, kinds.to_vec());
        }
        let mut kinds = Vec::new();
        for (api_version, of_version) in by_version {
            // What comes after needs no discovery of its own.
            kinds.extend(self.cluster.learn(&api_version, of_version).iter().cloned());
        }
        let Version { git_version, major, minor } = version;
        Ok(Discovery { git_version, major, minor, kinds })
    }

    async fn asked<T: DeserializeOwned + Send>(&self, path: &'static str, aggregated: bool) -> Result<T, Problem> {
        let what = format!("discovery of {path}");
        let facts = KubeFacts { verb: None, group: "*", ..self.facts(Verb::Get, &NOTHING, KubePlace::All, &[]) };
        let (rule, steps) = self.decide(&facts, &what)?;
        let wire = wire::root_of(path, aggregated);
        let read = |_: &Echo, status: u16, _: &HeaderMap, body: &[u8]| match status {
            200..=299 => Ok(serde_json::from_slice(body).map_err(|_| unreadable())),
            _ => Err(None),
        };
        self.send(rule, &steps, &what, &wire, &read).await
    }
}

impl Aggregated {
    fn kinds(&self, served: &Served) -> (String, Vec<ApiResource>) {
        let group = self.metadata.name.as_str();
        let version = &served.version;
        let api_version = if group.is_empty() { version.clone() } else { format!("{group}/{version}") };
        let kinds = served.resources.iter().filter(|resource| is_plain(&resource.resource)).filter_map(|resource| {
            let kind = resource.response_kind.as_ref().map(|of| &of.kind).filter(|kind| !kind.is_empty())?;
            Some(ApiResource {
                group: group.to_owned(),
                version: version.clone(),
                kind: kind.clone(),
                name: resource.resource.clone(),
                namespaced: resource.scope == "Namespaced",
                verbs: resource.verbs.clone(),
            })
        });
        (api_version, kinds.collect())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn aggregated_discovery_is_read_without_what_no_rule_could_name() {
        let list: Groups = serde_json::from_value(json!({
            "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {},
            "items": [{"metadata": {"name": "apps", "creationTimestamp": null}, "versions": [{"version": "v1", "resources": [
                {"resource": "deployments", "responseKind": {"group": "apps", "version": "v1", "kind": "Deployment"},
                 "scope": "Namespaced", "singularResource": "deployment", "verbs": ["get"],
                 "subresources": [{"subresource": "scale", "responseKind": {"kind": "Scale"}, "verbs": ["get"]}]},
                {"resource": "../x", "responseKind": {"kind": "X"}, "scope": "Cluster", "verbs": []},
                {"resource": "nothings", "scope": "Cluster", "verbs": []},
            ]}]}],
        }))
        .unwrap();
        let group = list.items.first().unwrap();
        let (api_version, kinds) = group.kinds(group.versions.first().unwrap());
        assert_eq!(api_version, "apps/v1");
        let [only] = kinds.as_slice() else { panic!("{kinds:?}") };
        assert_eq!((only.kind.as_str(), only.name.as_str(), only.namespaced), ("Deployment", "deployments", true));
    }
}
