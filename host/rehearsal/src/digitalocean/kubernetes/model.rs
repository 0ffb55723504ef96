//! What is stored of a cluster.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The collection of clusters, by id.
pub(super) const CLUSTERS: &str = "digitalocean/kubernetes/clusters";

/// A cluster; times named `_at` are virtual, those named `_ms` real.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Cluster {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) region: String,
    pub(super) version: String,
    pub(super) cluster_subnet: String,
    pub(super) service_subnet: String,
    pub(super) vpc_uuid: String,
    pub(super) worker_subnet_uuid: String,
    /// The address the control plane gets once it runs; none if it is highly available.
    pub(super) ipv4: Option<String>,
    /// The user's tags; DigitalOcean's own are added when it is shown.
    pub(super) tags: Vec<String>,
    pub(super) pools: Vec<Pool>,
    pub(super) maintenance: Maintenance,
    pub(super) auto_upgrade: bool,
    pub(super) surge_upgrade: bool,
    pub(super) isolated_workers: bool,
    pub(super) ha: bool,
    pub(super) registry_enabled: bool,
    pub(super) registries: Vec<String>,
    pub(super) add_ons: AddOns,
    pub(super) access: Access,
    pub(super) created_ms: u64,
    pub(super) updated_ms: u64,
    /// When it has finished provisioning.
    pub(super) ready_at: u64,
    /// The upgrade under way.
    pub(super) upgrade: Option<Upgrade>,
    /// When a deletion that was accepted ends.
    pub(super) gone_at: Option<u64>,
}

/// An upgrade under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Upgrade {
    pub(super) to: String,
    pub(super) done_at: u64,
}

/// The weekly window for disruptive work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Maintenance {
    pub(super) start_time: String,
    pub(super) day: Day,
    /// Whether the user chose it; otherwise it was chosen at random.
    pub(super) chosen: bool,
}

/// A day of a maintenance window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Day {
    #[default]
    Any,
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// Secrets by which a cluster is reached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Access {
    pub(super) token: String,
    pub(super) ca_pem: String,
    /// What the cluster's own API server signs its certificate with.
    pub(super) ca_key_pem: String,
}

/// A pool of like nodes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Pool {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) size: String,
    /// How many nodes are wanted; those being drained come on top.
    pub(super) count: u32,
    pub(super) tags: Vec<String>,
    pub(super) labels: Option<BTreeMap<String, String>>,
    pub(super) taints: Vec<Taint>,
    pub(super) auto_scale: bool,
    pub(super) min_nodes: u32,
    pub(super) max_nodes: u32,
    pub(super) nodes: Vec<Node>,
}

/// A taint on every node of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Taint {
    pub(super) key: String,
    #[serde(default)]
    pub(super) value: String,
    pub(super) effect: TaintEffect,
}

/// What a taint does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum TaintEffect {
    NoSchedule,
    PreferNoSchedule,
    NoExecute,
}

/// A worker node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Node {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) droplet_id: String,
    pub(super) created_ms: u64,
    pub(super) updated_ms: u64,
    pub(super) ready_at: u64,
    pub(super) removal: Option<Removal>,
}

/// A node on its way out: drained first, then deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Removal {
    pub(super) drained_at: u64,
    pub(super) gone_at: u64,
}

/// Parts of a cluster that are configured as a whole; what was never set is null.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct AddOns {
    pub(super) control_plane_firewall: Option<Firewall>,
    pub(super) cluster_autoscaler_configuration: Option<Autoscaler>,
    pub(super) sso: Option<Sso>,
    pub(super) routing_agent: Option<Switch>,
    pub(super) amd_gpu_device_plugin: Option<Switch>,
    pub(super) amd_gpu_device_metrics_exporter_plugin: Option<Switch>,
    pub(super) nvidia_gpu_device_plugin: Option<Switch>,
    pub(super) rdma_shared_dev_plugin: Option<Switch>,
    pub(super) coredns_autoscaler: Option<Switch>,
    pub(super) p2p_oci_registry_plugin: Option<Switch>,
}

impl AddOns {
    /// These, changed by what a request sets.
    pub(super) fn changed_by(self, set: Self) -> Self {
        Self {
            control_plane_firewall: set.control_plane_firewall.or(self.control_plane_firewall),
            cluster_autoscaler_configuration: set
                .cluster_autoscaler_configuration
                .or(self.cluster_autoscaler_configuration),
            sso: set.sso.or(self.sso),
            routing_agent: set.routing_agent.or(self.routing_agent),
            amd_gpu_device_plugin: set.amd_gpu_device_plugin.or(self.amd_gpu_device_plugin),
            amd_gpu_device_metrics_exporter_plugin: set
                .amd_gpu_device_metrics_exporter_plugin
                .or(self.amd_gpu_device_metrics_exporter_plugin),
            nvidia_gpu_device_plugin: set.nvidia_gpu_device_plugin.or(self.nvidia_gpu_device_plugin),
            rdma_shared_dev_plugin: set.rdma_shared_dev_plugin.or(self.rdma_shared_dev_plugin),
            coredns_autoscaler: set.coredns_autoscaler.or(self.coredns_autoscaler),
            p2p_oci_registry_plugin: set.p2p_oci_registry_plugin.or(self.p2p_oci_registry_plugin),
        }
    }
}

/// Something that is on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Switch {
    #[serde(default)]
    pub(super) enabled: bool,
}

/// Who reaches the control plane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Firewall {
    #[serde(default)]
    pub(super) enabled: bool,
    #[serde(default)]
    pub(super) allowed_addresses: Vec<String>,
}

/// How the cluster autoscaler behaves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Autoscaler {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) scale_down_utilization_threshold: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) scale_down_unneeded_time: Option<String>,
    #[serde(default)]
    pub(super) expanders: Vec<Expander>,
}

/// How the autoscaler chooses a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Expander {
    Random,
    Priority,
    LeastWaste,
}

/// Single sign-on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sso {
    #[serde(default)]
    pub(super) enabled: bool,
    #[serde(default)]
    pub(super) required: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) issuer_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) client_id: Option<String>,
}
