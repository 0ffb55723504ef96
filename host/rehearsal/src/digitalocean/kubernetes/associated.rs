//! Billable resources that a cluster's controllers made, and destroying them along with it.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::answer::Refusal;
use super::super::{Context, body};
use super::model::{CLUSTERS, Cluster};
use super::{accepted, cluster, store};
use crate::clock::Now;
use crate::entropy;
use crate::service::Answer;
use crate::store::{Documents, Transaction};

/// The kinds, as the API names them; each has a collection of [`Resource`]s by id.
const KINDS: [&str; 3] = ["load_balancers", "volumes", "volume_snapshots"];

/// What of a resource does not differ between two runs.
const SHOWN: [&str; 4] = ["size_unit", "size_gigabytes", "enable_proxy_protocol", "network"];

/// One such resource.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::digitalocean) struct Resource {
    pub(in crate::digitalocean) id: String,
    pub(in crate::digitalocean) name: String,
    /// The id of the cluster whose controllers made it.
    pub(in crate::digitalocean) cluster: String,
    #[serde(default)]
    pub(in crate::digitalocean) region: String,
    #[serde(default)]
    pub(in crate::digitalocean) created_ms: u64,
    /// The object in the cluster that it is for, by its key there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) object: Option<String>,
    /// What else the API tells of it.
    #[serde(default)]
    pub(in crate::digitalocean) about: Value,
}

impl Resource {
    /// All of a kind.
    pub(in crate::digitalocean) fn all(
        transaction: &Transaction<'_>,
        kind: &str,
    ) -> Result<Vec<Self>, serde_json::Error> {
        transaction.list(&collection(kind))
    }

    /// One of a kind.
    pub(in crate::digitalocean) fn find(
        transaction: &Transaction<'_>,
        kind: &str,
        id: &str,
    ) -> Result<Option<Self>, serde_json::Error> {
        transaction.get(&collection(kind), id)
    }

    /// Takes it away.
    pub(in crate::digitalocean) fn remove(&self, transaction: &mut Transaction<'_>, kind: &str) {
        transaction.remove(&collection(kind), &self.id);
    }
}

pub(super) fn collection(kind: &str) -> String {
    format!("digitalocean/associated/{kind}")
}

/// The resources of one kind that belong to the cluster of the path.
fn of(context: &Context<'_, '_>, kind: &str) -> Result<Vec<Resource>, Refusal> {
    let all: Vec<Resource> = context.transaction.list(&collection(kind))?;
    Ok(all.into_iter().filter(|resource| resource.cluster == context.parameter(0)).collect())
}

/// `GET …/destroy_with_associated_resources`
pub(super) fn list(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    cluster(context)?;
    let mut shown = Map::new();
    for kind in KINDS {
        let resources = of(context, kind)?;
        let resources = resources.iter().map(|resource| json!({ "id": resource.id, "name": resource.name }));
        shown.insert(kind.to_owned(), resources.collect());
    }
    Ok(Answer::json(StatusCode::OK, &Value::Object(shown)))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Selection {
    load_balancers: Vec<String>,
    volumes: Vec<String>,
    volume_snapshots: Vec<String>,
}

/// `DELETE …/destroy_with_associated_resources/selective`
pub(super) fn destroy_selective(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let selection: Selection = body::optional(context.call)?;
    let chosen = [selection.load_balancers, selection.volumes, selection.volume_snapshots];
    for (kind, ids) in KINDS.iter().zip(chosen) {
        let associated = of(context, kind)?;
        for id in ids {
            if !associated.iter().any(|resource| resource.id == id) {
                return Err(Refusal::invalid(format!("{kind}: {id} does not belong to this cluster")));
            }
            context.transaction.remove(&collection(kind), &id);
        }
    }
    destroy(context)
}

/// `DELETE …/destroy_with_associated_resources/dangerous`
pub(super) fn destroy_all(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    for kind in KINDS {
        for resource in of(context, kind)? {
            context.transaction.remove(&collection(kind), &resource.id);
        }
    }
    destroy(context)
}

fn destroy(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let mut cluster = cluster(context)?;
    cluster.begin_delete(context.now);
    store(context, &mut cluster)?;
    accepted(StatusCode::NO_CONTENT)
}

/// What a cluster's controllers are to have made, though nothing in it asked for it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Made {
    /// The cluster, by id or name.
    cluster: String,
    /// One of the kinds.
    kind: String,
    /// The resource's name.
    name: String,
}

/// Adds a resource as if a controller in the cluster had made it; answers its id, or why it cannot be.
pub(crate) fn add(transaction: &mut Transaction<'_>, now: Now, made: Made) -> Result<String, String> {
    let said = |error: &dyn std::fmt::Display| error.to_string();
    let clusters: Vec<Cluster> = transaction.list(CLUSTERS).map_err(|error| said(&error))?;
    let mut there = clusters.into_iter().filter_map(|cluster| cluster.settle(now));
    let Some(cluster) = there.find(|cluster| cluster.id == made.cluster || cluster.name == made.cluster) else {
        return Err(format!("there is no cluster {}", made.cluster));
    };
    if !KINDS.contains(&made.kind.as_str()) {
        return Err(format!("{} is none of {}", made.kind, KINDS.join(", ")));
    }
    let id = entropy::uuid().map_err(|error| said(&error))?;
    let resource = Resource {
        id: id.clone(),
        name: made.name,
        cluster: cluster.id,
        region: cluster.region,
        created_ms: now.real_ms,
        object: None,
        about: Value::Null,
    };
    transaction.put(&collection(&made.kind), &id, &resource).map_err(|error| said(&error))?;
    Ok(id)
}

/// Every such resource, by kind, with the name of its cluster; null once that is gone.
pub(in crate::digitalocean) fn inventory(documents: &Documents) -> Result<Map<String, Value>, serde_json::Error> {
    let clusters: Vec<Cluster> = documents.list(CLUSTERS)?;
    let clusters: Vec<Cluster> =
        clusters.into_iter().filter_map(|cluster| cluster.settle(Now::end_of_time())).collect();
    let name = |id: &str| clusters.iter().find(|cluster| cluster.id == id).map(|cluster| cluster.name.as_str());
    let mut kinds = Map::new();
    for kind in KINDS {
        let resources: Vec<Resource> = documents.list(&collection(kind))?;
        let shown = resources.iter().map(|one| {
            let mut shown = json!({ "name": one.name, "cluster": name(&one.cluster) });
            for what in SHOWN.iter().filter(|what| !one.about[**what].is_null()) {
                shown[*what] = one.about[*what].clone();
            }
            shown
        });
        kinds.insert(kind.to_owned(), shown.collect());
    }
    Ok(kinds)
}
