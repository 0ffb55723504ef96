//! Billable resources that a cluster's controllers made, and destroying them along with it.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::answer::Refusal;
use super::super::{Context, body};
use super::{accepted, cluster, store};
use crate::service::Answer;

/// The kinds, as the API names them; each has a collection of [`Resource`]s by id.
const KINDS: [&str; 3] = ["load_balancers", "volumes", "volume_snapshots"];

/// One such resource.
#[derive(Debug, Serialize, Deserialize)]
struct Resource {
    id: String,
    name: String,
    cluster: String,
}

fn collection(kind: &str) -> String {
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
