//! Node pools and their nodes.

use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::super::answer::Refusal;
use super::super::{Context, body};
use super::input::{self, NewPool, PoolSettings};
use super::model::{Cluster, Pool};
use super::{accepted, cluster, store};
use crate::service::Answer;

/// `GET /v2/kubernetes/clusters/{cluster}/node_pools`
pub(super) fn list(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let cluster = cluster(context)?;
    let shown: Vec<_> = cluster.pools.iter().map(|pool| cluster.show_pool(pool, context.now)).collect();
    Ok(Answer::json(StatusCode::OK, &json!({ "node_pools": shown })))
}

/// `GET /v2/kubernetes/clusters/{cluster}/node_pools/{pool}`
pub(super) fn get(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let cluster = cluster(context)?;
    let at = position(&cluster, context)?;
    answer(StatusCode::OK, context, &cluster, at)
}

/// `POST /v2/kubernetes/clusters/{cluster}/node_pools`
pub(super) fn create(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let mut cluster = cluster(context)?;
    cluster.must_run(context.now)?;
    let mut pool = body::required::<NewPool>(context.call)?.check()?;
    pool.scale(cluster.node_ready_at(context.now), context.now)?;
    cluster.pools.push(pool);
    input::check_pools(&cluster.pools)?;
    store(context, &mut cluster)?;
    answer(StatusCode::CREATED, context, &cluster, cluster.pools.len() - 1)
}

/// `PUT /v2/kubernetes/clusters/{cluster}/node_pools/{pool}`
pub(super) fn update(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let mut cluster = cluster(context)?;
    let at = position(&cluster, context)?;
    cluster.must_run(context.now)?;
    let settings: PoolSettings = body::required(context.call)?;
    let ready_at = cluster.node_ready_at(context.now);
    let pool = &mut cluster.pools[at];
    settings.apply(pool)?;
    pool.scale(ready_at, context.now)?;
    input::check_pools(&cluster.pools)?;
    store(context, &mut cluster)?;
    answer(StatusCode::ACCEPTED, context, &cluster, at)
}

/// `DELETE /v2/kubernetes/clusters/{cluster}/node_pools/{pool}`: the pool is gone at once, its nodes behind it.
pub(super) fn delete(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let mut cluster = cluster(context)?;
    let at = position(&cluster, context)?;
    cluster.must_run(context.now)?;
    cluster.pools.remove(at);
    if cluster.pools.is_empty() {
        return Err(Refusal::unprocessable("the last node pool of a cluster cannot be deleted"));
    }
    store(context, &mut cluster)?;
    accepted(StatusCode::NO_CONTENT)
}

#[derive(Default, Deserialize)]
struct Recycle {
    #[serde(default)]
    nodes: Vec<String>,
}

/// `POST /v2/kubernetes/clusters/{cluster}/node_pools/{pool}/recycle`
pub(super) fn recycle(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let mut cluster = cluster(context)?;
    let at = position(&cluster, context)?;
    cluster.must_run(context.now)?;
    let request: Recycle = body::optional(context.call)?;
    let ready_at = cluster.node_ready_at(context.now);
    let pool = &mut cluster.pools[at];
    for id in &request.nodes {
        remove(pool, id, false, context)?;
    }
    pool.scale(ready_at, context.now)?;
    store(context, &mut cluster)?;
    accepted(StatusCode::ACCEPTED)
}

/// `DELETE /v2/kubernetes/clusters/{cluster}/node_pools/{pool}/nodes/{node}`
pub(super) fn delete_node(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let mut cluster = cluster(context)?;
    let at = position(&cluster, context)?;
    cluster.must_run(context.now)?;
    let (skip_drain, replace) = (flag(context, "skip_drain")?, flag(context, "replace")?);
    let ready_at = cluster.node_ready_at(context.now);
    let pool = &mut cluster.pools[at];
    let already = pool.nodes.iter().any(|node| node.id == context.parameter(2) && node.removal.is_some());
    remove(pool, context.parameter(2), skip_drain, context)?;
    if replace {
        pool.scale(ready_at, context.now)?;
    } else if !already {
        let least = if pool.auto_scale { pool.min_nodes } else { 1 };
        if pool.count <= least {
            return Err(Refusal::unprocessable(format!("the node pool must keep at least {least} nodes")));
        }
        pool.count -= 1;
    }
    store(context, &mut cluster)?;
    accepted(StatusCode::ACCEPTED)
}

fn remove(pool: &mut Pool, id: &str, skip_drain: bool, context: &Context<'_, '_>) -> Result<(), Refusal> {
    let node = pool.nodes.iter_mut().find(|node| node.id == id).ok_or_else(Refusal::not_found)?;
    node.begin_removal(skip_drain, context.now);
    Ok(())
}

fn flag(context: &Context<'_, '_>, name: &str) -> Result<bool, Refusal> {
    match context.call.query(name) {
        None | Some("0") => Ok(false),
        Some("1") => Ok(true),
        Some(_) => Err(Refusal::bad_request(format!("{name} must be 0 or 1"))),
    }
}

/// Where the pool that the path names stands in its cluster.
fn position(cluster: &Cluster, context: &Context<'_, '_>) -> Result<usize, Refusal> {
    let wanted = context.parameter(1);
    cluster.pools.iter().position(|pool| pool.id == wanted).ok_or_else(Refusal::not_found)
}

fn answer(status: StatusCode, context: &Context<'_, '_>, cluster: &Cluster, at: usize) -> Result<Answer, Refusal> {
    Ok(Answer::json(status, &json!({ "node_pool": cluster.show_pool(&cluster.pools[at], context.now) })))
}
