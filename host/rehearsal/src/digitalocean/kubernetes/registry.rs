//! Container registries that clusters may pull from.

use http::StatusCode;
use serde::Deserialize;

use super::super::answer::Refusal;
use super::super::{Context, body};
use super::model::Cluster;
use super::{accepted, named, store};
use crate::service::Answer;

#[derive(Deserialize)]
struct Request {
    #[serde(default)]
    cluster_uuids: Vec<String>,
    #[serde(default)]
    registries: Vec<String>,
}

/// `POST /v2/kubernetes/registry`
pub(super) fn add_default(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    change(context, |cluster, _| cluster.registry_enabled = true)
}

/// `DELETE /v2/kubernetes/registry`
pub(super) fn remove_default(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    change(context, |cluster, _| {
        cluster.registry_enabled = false;
        cluster.registries.clear();
    })
}

/// `POST /v2/kubernetes/registries`
pub(super) fn add(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    change(context, |cluster, registries| {
        for registry in registries {
            if !cluster.registries.contains(registry) {
                cluster.registries.push(registry.clone());
            }
        }
        cluster.registry_enabled = !cluster.registries.is_empty();
    })
}

/// `DELETE /v2/kubernetes/registries`
pub(super) fn remove(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    change(context, |cluster, registries| {
        cluster.registries.retain(|registry| !registries.contains(registry));
        cluster.registry_enabled = !cluster.registries.is_empty();
    })
}

/// Changes every cluster that the body names, or none if one is unknown.
fn change(context: &mut Context<'_, '_>, set: impl Fn(&mut Cluster, &[String])) -> Result<Answer, Refusal> {
    let request: Request = body::required(context.call)?;
    for id in &request.cluster_uuids {
        let mut cluster = named(context, id)?;
        set(&mut cluster, &request.registries);
        store(context, &mut cluster)?;
    }
    accepted(StatusCode::NO_CONTENT)
}
