//! The clusters whose API servers are to answer, as those who play them need to know them.

use serde_json::{Map, Value};

use super::lifecycle::ClusterState;
use super::model::{CLUSTERS, Cluster, Node, Pool};
use crate::clock::Now;
use crate::store::Documents;

/// A cluster that is there, or on its way.
#[derive(Debug, Clone)]
pub(crate) struct Played {
    /// Its id.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
    /// Its region.
    pub(crate) region: String,
    /// Its version, without what DigitalOcean appends: `1.33.1`.
    pub(crate) version: String,
    /// The logical host of its API server.
    pub(crate) host: String,
    /// The administrator's token.
    pub(crate) token: String,
    /// The certificate of its authority, as PEM.
    pub(crate) ca_pem: String,
    /// The key of its authority, as PEM.
    pub(crate) ca_key_pem: String,
    /// Its nodes.
    pub(crate) workers: Vec<Worker>,
}

/// A node of a cluster.
#[derive(Debug, Clone)]
pub(crate) struct Worker {
    /// Its name.
    pub(crate) name: String,
    /// Its pool's name.
    pub(crate) pool: String,
    /// Its pool's id.
    pub(crate) pool_id: String,
    /// `s-2vcpu-4gb`
    pub(crate) size: String,
    /// The labels that its pool gives it.
    pub(crate) labels: Map<String, Value>,
    /// The taints that its pool gives it.
    pub(crate) taints: Vec<Value>,
    /// Whether it runs.
    pub(crate) ready: bool,
}

/// Every cluster that is not gone at this moment.
pub(crate) fn played(documents: &Documents, now: Now) -> Result<Vec<Played>, serde_json::Error> {
    let clusters: Vec<Cluster> = documents.list(CLUSTERS)?;
    Ok(clusters.into_iter().filter_map(|cluster| cluster.settle(now)).map(|cluster| show(&cluster, now)).collect())
}

fn show(cluster: &Cluster, now: Now) -> Played {
    let up = cluster.state(now) != ClusterState::Provisioning;
    let workers = cluster.pools.iter().flat_map(|pool| pool.nodes.iter().map(move |node| worker(pool, node, now, up)));
    Played {
        id: cluster.id.clone(),
        name: cluster.name.clone(),
        region: cluster.region.clone(),
        version: cluster.version.split('-').next().unwrap_or_default().to_owned(),
        host: format!("{}.k8s.ondigitalocean.com", cluster.id),
        token: cluster.access.token.clone(),
        ca_pem: cluster.access.ca_pem.clone(),
        ca_key_pem: cluster.access.ca_key_pem.clone(),
        workers: workers.collect(),
    }
}

fn worker(pool: &Pool, node: &Node, now: Now, up: bool) -> Worker {
    let labels = pool.labels.iter().flatten().map(|(key, value)| (key.clone(), Value::from(value.as_str())));
    Worker {
        name: node.name.clone(),
        pool: pool.name.clone(),
        pool_id: pool.id.clone(),
        size: pool.size.clone(),
        labels: labels.collect(),
        taints: pool.taints.iter().filter_map(|taint| serde_json::to_value(taint).ok()).collect(),
        ready: up && node.state(now) == "running",
    }
}
