//! The parts of a cluster that are set as a whole. Most are sent to DigitalOcean as they stand here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When DigitalOcean may work on the cluster, for four hours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MaintenancePolicy {
    /// `HH:MM` in UTC.
    pub start_time: String,
    /// The day of the week.
    #[serde(default)]
    pub day: Day,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Day {
    /// Whichever suits DigitalOcean.
    #[default]
    Any,
    /// Monday.
    Monday,
    /// Tuesday.
    Tuesday,
    /// Wednesday.
    Wednesday,
    /// Thursday.
    Thursday,
    /// Friday.
    Friday,
    /// Saturday.
    Saturday,
    /// Sunday.
    Sunday,
}

/// Who reaches the control plane. DigitalOcean offers it to invited accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Firewall {
    /// Is it on?
    pub enabled: bool,
    /// The public addresses that are let in, as IPv4 addresses or ranges in CIDR notation.
    #[serde(default)]
    pub allowed_addresses: Vec<String>,
}

/// How the cluster autoscaler behaves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Autoscaler {
    /// The share of a node that must be in use for it to stay, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-computed" = true))]
    pub scale_down_utilization_threshold: Option<f64>,
    /// How long a node must be unneeded before it goes, such as `10m0s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-computed" = true))]
    pub scale_down_unneeded_time: Option<String>,
    /// By what it chooses the pool that grows, the first one first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-computed" = true))]
    pub expanders: Option<Vec<Expander>>,
}

/// By what the autoscaler chooses a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Expander {
    /// Any that fits.
    Random,
    /// The cluster's own list of priorities.
    Priority,
    /// The one that leaves the least idle.
    LeastWaste,
}

/// Single sign-on by OpenID Connect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sso {
    /// Is it on?
    pub enabled: bool,
    /// No other way in is left. The kubeconfig of the outputs then opens nothing.
    #[serde(default)]
    pub required: bool,
    /// The identity provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer_url: Option<String>,
    /// The client that is registered there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}

/// What DigitalOcean runs in a cluster; what is left out is as DigitalOcean has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddOns {
    /// As many copies of CoreDNS as the cluster's size needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-computed" = true))]
    pub coredns_autoscaler: Option<bool>,
    /// Routes of the nodes, set by a custom resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-computed" = true))]
    pub routing_agent: Option<bool>,
    /// Nodes hand images to each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-computed" = true))]
    pub p2p_oci_registry_plugin: Option<bool>,
    /// GPUs of AMD; on by itself where a pool has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-computed" = true))]
    pub amd_gpu_device_plugin: Option<bool>,
    /// Metrics of GPUs of AMD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-computed" = true))]
    pub amd_gpu_device_metrics_exporter_plugin: Option<bool>,
    /// GPUs of Nvidia; on by itself where a pool has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-computed" = true))]
    pub nvidia_gpu_device_plugin: Option<bool>,
    /// Devices for remote direct memory access.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-computed" = true))]
    pub rdma_shared_dev_plugin: Option<bool>,
}

/// What a cluster's controllers make in the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Associated {
    /// Those of services of type LoadBalancer.
    LoadBalancers,
    /// Those of persistent volume claims, with what is on them.
    Volumes,
    /// Snapshots of such volumes.
    VolumeSnapshots,
}
