//! What is sent to DigitalOcean.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::live::LivePool;
use crate::mark;
use crate::model::{AddOns, Autoscaler, Firewall, Inputs, MaintenancePolicy, NodePool, Sso, Taint};

/// The settings that a cluster is made with and can be changed by. What the user left out is not sent:
/// it stays as it is.
#[derive(Serialize)]
pub(crate) struct Settings<'a> {
    name: &'a str,
    tags: Vec<String>,
    auto_upgrade: bool,
    surge_upgrade: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    ha: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maintenance_policy: Option<&'a MaintenancePolicy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    control_plane_firewall: Option<&'a Firewall>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster_autoscaler_configuration: Option<&'a Autoscaler>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sso: Option<&'a Sso>,
    #[serde(flatten)]
    add_ons: BTreeMap<&'static str, Switch>,
}

#[derive(Serialize)]
struct Switch {
    enabled: bool,
}

impl<'a> Settings<'a> {
    /// The wanted settings, with these marks among the tags.
    pub(crate) fn of(wanted: &'a Inputs, marks: impl IntoIterator<Item = String>) -> Self {
        Self {
            name: &wanted.name,
            tags: wanted.tags.iter().cloned().chain(marks).collect(),
            auto_upgrade: wanted.auto_upgrade,
            surge_upgrade: wanted.surge_upgrade,
            ha: wanted.ha,
            maintenance_policy: wanted.maintenance_policy.as_ref(),
            control_plane_firewall: wanted.control_plane_firewall.as_ref(),
            cluster_autoscaler_configuration: wanted.cluster_autoscaler_configuration.as_ref(),
            sso: wanted.sso.as_ref(),
            add_ons: wanted.add_ons.as_ref().map(switches).unwrap_or_default(),
        }
    }
}

fn switches(add_ons: &AddOns) -> BTreeMap<&'static str, Switch> {
    let named = [
        ("coredns_autoscaler", add_ons.coredns_autoscaler),
        ("routing_agent", add_ons.routing_agent),
        ("p2p_oci_registry_plugin", add_ons.p2p_oci_registry_plugin),
        ("amd_gpu_device_plugin", add_ons.amd_gpu_device_plugin),
        ("amd_gpu_device_metrics_exporter_plugin", add_ons.amd_gpu_device_metrics_exporter_plugin),
        ("nvidia_gpu_device_plugin", add_ons.nvidia_gpu_device_plugin),
        ("rdma_shared_dev_plugin", add_ons.rdma_shared_dev_plugin),
    ];
    named.into_iter().filter_map(|(name, enabled)| Some((name, Switch { enabled: enabled? }))).collect()
}

/// The body that makes a cluster.
#[derive(Serialize)]
pub(crate) struct NewCluster<'a> {
    #[serde(flatten)]
    settings: Settings<'a>,
    region: &'a str,
    version: &'a str,
    isolated_workers: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    vpc_uuid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worker_subnet_uuid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster_subnet: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_subnet: Option<&'a str>,
    node_pools: Vec<Pool<'a>>,
}

impl<'a> NewCluster<'a> {
    /// The wanted cluster, at a version and with these marks.
    pub(crate) fn of(wanted: &'a Inputs, version: &'a str, marks: Vec<String>) -> Self {
        Self {
            settings: Settings::of(wanted, marks),
            region: &wanted.region,
            version,
            isolated_workers: wanted.isolated_workers,
            vpc_uuid: wanted.vpc_uuid.as_deref(),
            worker_subnet_uuid: wanted.worker_subnet_uuid.as_deref(),
            cluster_subnet: wanted.cluster_subnet.as_deref(),
            service_subnet: wanted.service_subnet.as_deref(),
            node_pools: wanted.node_pools.iter().map(|pool| Pool::new(pool, mark::own(&pool.tags))).collect(),
        }
    }
}

/// The body that makes or changes a node pool; a change does not take the size.
#[derive(Serialize)]
pub(crate) struct Pool<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<&'a str>,
    count: u32,
    tags: Vec<String>,
    labels: &'a BTreeMap<String, String>,
    taints: &'a [Taint],
    auto_scale: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_nodes: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_nodes: Option<u32>,
}

impl<'a> Pool<'a> {
    /// A new pool.
    pub(crate) fn new(pool: &'a NodePool, tags: Vec<String>) -> Self {
        let start = pool.autoscale.map_or(1, |scale| scale.min.max(1));
        Self {
            name: &pool.name,
            size: Some(&pool.size),
            count: pool.count.unwrap_or(start),
            tags,
            labels: &pool.labels,
            taints: &pool.taints,
            auto_scale: pool.autoscale.is_some(),
            min_nodes: pool.autoscale.map(|scale| scale.min),
            max_nodes: pool.autoscale.map(|scale| scale.max),
        }
    }

    /// A change of a live pool. Where the autoscaler decides, it has the nodes that it has, as far as
    /// the new bounds allow: a change of its labels is no reason to take nodes away.
    pub(crate) fn changed(pool: &'a NodePool, tags: Vec<String>, live: &LivePool) -> Self {
        let new = Self::new(pool, tags);
        let count = match pool.autoscale {
            Some(scale) => live.count.max(scale.min).min(scale.max),
            None => new.count,
        };
        Self { size: None, count, ..new }
    }

    /// A live pool as it is, but for its name, and marked as one of its cluster's own.
    pub(crate) fn renamed(live: &'a LivePool, name: &'a str) -> Self {
        Self {
            name,
            size: None,
            count: live.count,
            tags: mark::own(&mark::users(&live.tags)),
            labels: &live.labels,
            taints: &live.taints,
            auto_scale: live.auto_scale,
            min_nodes: live.auto_scale.then_some(live.min_nodes),
            max_nodes: live.auto_scale.then_some(live.max_nodes),
        }
    }
}

/// The body that starts an upgrade.
#[derive(Serialize)]
pub(crate) struct Upgrade<'a> {
    pub version: &'a str,
}

/// The body that integrates a registry with a cluster, or ends that.
#[derive(Serialize)]
pub(crate) struct Registry<'a> {
    pub cluster_uuids: [&'a str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registries: Option<&'a [String]>,
}

/// The body that names what goes with a cluster.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Selection {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub load_balancers: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volume_snapshots: Vec<String>,
}
