//! Clusters and pools as the API shows them.

use serde_json::{Map, Value, json};

use super::lifecycle::ClusterState;
use super::model::{Cluster, Node, Pool};
use crate::clock::{Now, date};

/// How long a maintenance window is.
const MAINTENANCE_DURATION: &str = "4h0m0s";

impl Cluster {
    /// The whole cluster.
    pub(super) fn show(&self, now: Now) -> Result<Value, serde_json::Error> {
        let state = self.state(now);
        let reachable = state != ClusterState::Provisioning;
        let mut shown = Map::new();
        let fields = json!({
            "id": self.id,
            "name": self.name,
            "region": self.region,
            "version": self.version,
            "cluster_subnet": self.cluster_subnet,
            "service_subnet": self.service_subnet,
            "vpc_uuid": self.vpc_uuid,
            "worker_subnet_uuid": self.worker_subnet_uuid,
            "ipv4": self.ipv4.as_deref().filter(|_| reachable).unwrap_or_default(),
            "endpoint": if reachable { self.endpoint() } else { String::new() },
            "tags": self.all_tags(&self.tags, &[]),
            "node_pools": self.pools.iter().map(|pool| self.show_pool(pool, now)).collect::<Vec<_>>(),
            "maintenance_policy": {
                "start_time": self.maintenance.start_time,
                "duration": MAINTENANCE_DURATION,
                "day": self.maintenance.day,
            },
            "auto_upgrade": self.auto_upgrade,
            "surge_upgrade": self.surge_upgrade,
            "isolated_workers": self.isolated_workers,
            "ha": self.ha,
            "registry_enabled": self.registry_enabled,
            "registries": self.registries,
            "status": self.show_status(state),
            "created_at": date(self.created_ms),
            "updated_at": date(self.updated_ms),
        });
        for part in [fields, serde_json::to_value(&self.add_ons)?] {
            if let Value::Object(part) = part {
                shown.extend(part);
            }
        }
        Ok(Value::Object(shown))
    }

    /// One of its pools.
    pub(super) fn show_pool(&self, pool: &Pool, now: Now) -> Value {
        json!({
            "id": pool.id,
            "name": pool.name,
            "size": pool.size,
            "count": pool.count,
            "tags": self.all_tags(&pool.tags, &["k8s:worker"]),
            "labels": pool.labels,
            "taints": pool.taints,
            "auto_scale": pool.auto_scale,
            "min_nodes": pool.min_nodes,
            "max_nodes": pool.max_nodes,
            "nodes": pool.nodes.iter().map(|node| show_node(node, now)).collect::<Vec<_>>(),
        })
    }

    /// Where its API server is.
    pub(super) fn endpoint(&self) -> String {
        format!("https://{}.k8s.ondigitalocean.com", self.id)
    }

    fn show_status(&self, state: ClusterState) -> Value {
        match state {
            ClusterState::Running => json!({ "state": "running" }),
            other => json!({ "state": other.as_str(), "message": other.as_str() }),
        }
    }

    fn all_tags(&self, own: &[String], further: &[&str]) -> Vec<String> {
        let mut tags = own.to_vec();
        tags.push("k8s".to_owned());
        tags.push(format!("k8s:{}", self.id));
        tags.extend(further.iter().map(|tag| (*tag).to_owned()));
        tags
    }
}

fn show_node(node: &Node, now: Now) -> Value {
    let state = node.state(now);
    // A node has neither name nor droplet before it is there.
    let there = state != "provisioning";
    json!({
        "id": node.id,
        "name": if there { node.name.as_str() } else { "" },
        "status": { "state": state },
        "droplet_id": if there { node.droplet_id.as_str() } else { "" },
        "created_at": date(node.created_ms),
        "updated_at": date(node.updated_ms),
    })
}
