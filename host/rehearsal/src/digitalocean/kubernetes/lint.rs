//! Clusterlint runs: an empty cluster gives no cause for complaint.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::answer::Refusal;
use super::super::{Context, body};
use super::cluster;
use crate::clock::date;
use crate::entropy;
use crate::service::Answer;

/// The collection of runs, by cluster: the latest of each.
const RUNS: &str = "digitalocean/kubernetes/clusterlint";

#[derive(Debug, Serialize, Deserialize)]
struct Run {
    id: String,
    requested_ms: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Request {
    include_groups: Vec<String>,
    include_checks: Vec<String>,
    exclude_groups: Vec<String>,
    exclude_checks: Vec<String>,
}

/// `POST /v2/kubernetes/clusters/{cluster}/clusterlint`
pub(super) fn start(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let cluster = cluster(context)?;
    cluster.must_run(context.now)?;
    body::optional::<Request>(context.call)?;
    let run = Run { id: entropy::uuid()?, requested_ms: context.now.real_ms };
    context.transaction.put(RUNS, &cluster.id, &run)?;
    Ok(Answer::json(StatusCode::ACCEPTED, &json!({ "run_id": run.id })))
}

/// `GET /v2/kubernetes/clusters/{cluster}/clusterlint`
pub(super) fn get(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let cluster = cluster(context)?;
    let run: Run = context.transaction.get(RUNS, &cluster.id)?.ok_or_else(Refusal::not_found)?;
    if context.call.query("run_id").is_some_and(|wanted| wanted != run.id) {
        return Err(Refusal::not_found());
    }
    let moment = date(run.requested_ms);
    let body = json!({ "run_id": run.id, "requested_at": moment, "completed_at": moment, "diagnostics": [] });
    Ok(Answer::json(StatusCode::OK, &body))
}
