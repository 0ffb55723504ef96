//! Upgrades of a cluster's Kubernetes.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::answer::Refusal;
use super::super::{Context, body, catalogue};
use super::{accepted, cluster, store};
use crate::service::Answer;

#[derive(Deserialize)]
struct Request {
    version: Option<String>,
}

/// `GET /v2/kubernetes/clusters/{cluster}/upgrades`
pub(super) fn list(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let available = catalogue::upgrades(&cluster(context)?.version);
    let available = if available.is_empty() { Value::Null } else { Value::Array(available) };
    Ok(Answer::json(StatusCode::OK, &json!({ "available_upgrade_versions": available })))
}

/// `POST /v2/kubernetes/clusters/{cluster}/upgrade`
pub(super) fn start(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let mut cluster = cluster(context)?;
    cluster.must_run(context.now)?;
    let request: Request = body::required(context.call)?;
    let version = request.version.ok_or_else(|| Refusal::invalid("version is required"))?;
    let to = catalogue::upgrade(&cluster.version, &version)
        .ok_or_else(|| Refusal::invalid("the cluster cannot be upgraded to this version"))?;
    cluster.begin_upgrade(to, context.now);
    store(context, &mut cluster)?;
    accepted(StatusCode::ACCEPTED)
}
