//! `/v2/kubernetes`: clusters, node pools, and what is done to them.
//!
//! Shapes and statuses are those of DigitalOcean's document. Where it is silent
//! the stricter of the likely behaviours was chosen, so that a client that gets
//! along here gets along there: a deleted cluster is shown `deleting` for a while
//! and keeps its name until it is gone; pools change, and a kubeconfig is handed
//! out, only once the control plane runs (412); the last pool stays (422); a
//! deleted pool is gone from the answers at once, its nodes with it.

mod access;
mod associated;
mod clusters;
mod follow;
mod input;
mod inventory;
mod lifecycle;
mod lint;
mod model;
mod network;
mod played;
mod pools;
mod registry;
mod upgrades;
mod view;

use http::{Method, StatusCode};

use super::answer::Refusal;
use super::{Context, Handler, catalogue};
use crate::clock::Now;
use crate::routes::Route;
use crate::service::Answer;
use crate::store::Transaction;
pub(super) use associated::Resource;
pub(super) use associated::inventory as associated_inventory;
pub(crate) use associated::{Made, add as associate};
pub(crate) use follow::follow;
pub(super) use inventory::inventory;
use model::{CLUSTERS, Cluster};
pub(crate) use played::{Played, Worker, played};

/// The name in the authority of each cluster.
pub(crate) const CLUSTER_CA: &str = "k8saas Cluster CA";

/// The routes of Kubernetes.
pub(super) fn routes() -> Vec<Route<Handler>> {
    const CLUSTERS: &str = "/v2/kubernetes/clusters";
    const CLUSTER: &str = "/v2/kubernetes/clusters/{cluster}";
    const POOLS: &str = "/v2/kubernetes/clusters/{cluster}/node_pools";
    const POOL: &str = "/v2/kubernetes/clusters/{cluster}/node_pools/{pool}";
    const RECYCLE: &str = "/v2/kubernetes/clusters/{cluster}/node_pools/{pool}/recycle";
    const NODE: &str = "/v2/kubernetes/clusters/{cluster}/node_pools/{pool}/nodes/{node}";
    const ASSOCIATED: &str = "/v2/kubernetes/clusters/{cluster}/destroy_with_associated_resources";
    const SELECTIVE: &str = "/v2/kubernetes/clusters/{cluster}/destroy_with_associated_resources/selective";
    const DANGEROUS: &str = "/v2/kubernetes/clusters/{cluster}/destroy_with_associated_resources/dangerous";
    const LINT: &str = "/v2/kubernetes/clusters/{cluster}/clusterlint";
    let table: [(Method, &'static str, Handler); 28] = [
        (Method::GET, "/v2/kubernetes/options", options),
        (Method::GET, CLUSTERS, clusters::list),
        (Method::POST, CLUSTERS, clusters::create),
        (Method::GET, CLUSTER, clusters::get),
        (Method::PUT, CLUSTER, clusters::update),
        (Method::DELETE, CLUSTER, clusters::delete),
        (Method::GET, POOLS, pools::list),
        (Method::POST, POOLS, pools::create),
        (Method::GET, POOL, pools::get),
        (Method::PUT, POOL, pools::update),
        (Method::DELETE, POOL, pools::delete),
        (Method::POST, RECYCLE, pools::recycle),
        (Method::DELETE, NODE, pools::delete_node),
        (Method::GET, "/v2/kubernetes/clusters/{cluster}/kubeconfig", access::kubeconfig),
        (Method::GET, "/v2/kubernetes/clusters/{cluster}/credentials", access::credentials),
        (Method::GET, "/v2/kubernetes/clusters/{cluster}/user", access::user),
        (Method::GET, "/v2/kubernetes/clusters/{cluster}/upgrades", upgrades::list),
        (Method::POST, "/v2/kubernetes/clusters/{cluster}/upgrade", upgrades::start),
        (Method::GET, "/v2/kubernetes/clusters/{cluster}/status_messages", clusters::status_messages),
        (Method::GET, ASSOCIATED, associated::list),
        (Method::DELETE, SELECTIVE, associated::destroy_selective),
        (Method::DELETE, DANGEROUS, associated::destroy_all),
        (Method::POST, LINT, lint::start),
        (Method::GET, LINT, lint::get),
        (Method::POST, "/v2/kubernetes/registry", registry::add_default),
        (Method::DELETE, "/v2/kubernetes/registry", registry::remove_default),
        (Method::POST, "/v2/kubernetes/registries", registry::add),
        (Method::DELETE, "/v2/kubernetes/registries", registry::remove),
    ];
    table.into_iter().map(|(method, template, handler)| Route { method, template, handler }).collect()
}

fn options(_: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    Ok(Answer::json(StatusCode::OK, &catalogue::options()))
}

/// The cluster that the path names, as of now.
fn cluster(context: &Context<'_, '_>) -> Result<Cluster, Refusal> {
    named(context, context.parameter(0))
}

/// The cluster with an id, as of now.
fn named(context: &Context<'_, '_>, id: &str) -> Result<Cluster, Refusal> {
    let stored: Option<Cluster> = context.transaction.get(CLUSTERS, id)?;
    stored.and_then(|cluster| cluster.settle(context.now)).ok_or_else(Refusal::not_found)
}

/// The network of a cluster, and its nodes as Droplets; of one that is gone there is nothing to tell.
pub(super) fn droplets(
    transaction: &Transaction<'_>,
    id: &str,
    now: Now,
) -> Result<(Option<String>, Vec<u64>), serde_json::Error> {
    let stored: Option<Cluster> = transaction.get(CLUSTERS, id)?;
    let Some(cluster) = stored.and_then(|cluster| cluster.settle(now)) else { return Ok((None, Vec::new())) };
    let nodes = cluster.pools.iter().flat_map(|pool| &pool.nodes);
    let droplets = nodes.filter_map(|node| node.droplet_id.parse().ok()).collect();
    Ok((Some(cluster.vpc_uuid), droplets))
}

/// Every cluster, as of now, the oldest first.
fn all(context: &Context<'_, '_>) -> Result<Vec<Cluster>, Refusal> {
    let stored: Vec<Cluster> = context.transaction.list(CLUSTERS)?;
    let mut clusters: Vec<Cluster> = stored.into_iter().filter_map(|cluster| cluster.settle(context.now)).collect();
    clusters.sort_by(|a, b| (a.created_ms, &a.id).cmp(&(b.created_ms, &b.id)));
    Ok(clusters)
}

/// Stores a cluster that was changed just now.
fn store(context: &mut Context<'_, '_>, cluster: &mut Cluster) -> Result<(), Refusal> {
    cluster.updated_ms = context.now.real_ms;
    Ok(context.transaction.put(CLUSTERS, &cluster.id, cluster)?)
}

/// 202 or 204 without a body.
fn accepted(status: StatusCode) -> Result<Answer, Refusal> {
    Ok(Answer::empty(status))
}
