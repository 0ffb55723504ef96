//! Clusters as an inventory shows them: what the user asked for, without what was made up.

use serde_json::{Value, json};

use super::model::{CLUSTERS, Cluster, Pool};
use crate::clock::Now;
use crate::store::Documents;

/// Every cluster once all that was begun has ended.
pub(in crate::digitalocean) fn inventory(documents: &Documents) -> Result<Value, serde_json::Error> {
    let clusters: Vec<Cluster> = documents.list(CLUSTERS)?;
    let end = Now::end_of_time();
    Ok(clusters.into_iter().filter_map(|cluster| cluster.settle(end)).map(|cluster| show(&cluster, end)).collect())
}

fn show(cluster: &Cluster, end: Now) -> Value {
    let window = cluster
        .maintenance
        .chosen
        .then(|| json!({ "start_time": cluster.maintenance.start_time, "day": cluster.maintenance.day }));
    json!({
        "name": cluster.name,
        "region": cluster.region,
        "version": cluster.version,
        "state": cluster.state(end).as_str(),
        "cluster_subnet": cluster.cluster_subnet,
        "service_subnet": cluster.service_subnet,
        "tags": cluster.tags,
        "maintenance_policy": window,
        "auto_upgrade": cluster.auto_upgrade,
        "surge_upgrade": cluster.surge_upgrade,
        "isolated_workers": cluster.isolated_workers,
        "ha": cluster.ha,
        "registry_enabled": cluster.registry_enabled,
        "registries": cluster.registries,
        "add_ons": cluster.add_ons,
        "node_pools": cluster.pools.iter().map(show_pool).collect::<Vec<_>>(),
    })
}

fn show_pool(pool: &Pool) -> Value {
    json!({
        "name": pool.name,
        "size": pool.size,
        "count": pool.count,
        "nodes": pool.nodes.len(),
        "tags": pool.tags,
        "labels": pool.labels,
        "taints": pool.taints,
        "auto_scale": pool.auto_scale,
        "min_nodes": pool.min_nodes,
        "max_nodes": pool.max_nodes,
    })
}
