//! A cluster.

use maps_sdk::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::parts::{AddOns, Associated, Autoscaler, Firewall, MaintenancePolicy, Sso};
use super::pool::NodePool;

/// The settings of a cluster. What is left out and has no default is DigitalOcean's to decide, and
/// no drift whatever it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// The cluster's name, unique in the account.
    pub name: String,
    /// The region's slug, such as `fra1`.
    #[schemars(extend("x-maps-replace" = true))]
    pub region: String,
    /// A version slug (`1.33.1-do.3`), the beginning of one (`1.33`), or `latest`. The newest that fits
    /// is taken; a cluster whose version still fits is left alone. A newer minor version is reached one
    /// minor version at a time.
    pub version: String,
    /// A control plane of several machines. It can be switched on later, never off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-computed" = true))]
    pub ha: Option<bool>,
    /// New patch releases are installed in the maintenance window.
    #[serde(default)]
    pub auto_upgrade: bool,
    /// Upgrades bring up new nodes before they take old ones away.
    #[serde(default)]
    pub surge_upgrade: bool,
    /// When DigitalOcean may work on the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-computed" = true))]
    pub maintenance_policy: Option<MaintenancePolicy>,
    /// The private network; the region's default one if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-computed" = true, "x-maps-replace" = true))]
    pub vpc_uuid: Option<String>,
    /// The subnet of the private network that the nodes are in; its default one if left out. Needs
    /// `vpc_uuid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-computed" = true, "x-maps-replace" = true))]
    pub worker_subnet_uuid: Option<String>,
    /// The addresses of pods, in CIDR notation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-computed" = true, "x-maps-replace" = true))]
    pub cluster_subnet: Option<String>,
    /// The addresses of services, in CIDR notation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-computed" = true, "x-maps-replace" = true))]
    pub service_subnet: Option<String>,
    /// Nodes have no public address; their private network then needs a NAT gateway.
    #[serde(default)]
    #[schemars(extend("x-maps-replace" = true))]
    pub isolated_workers: bool,
    /// Who reaches the control plane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-computed" = true))]
    pub control_plane_firewall: Option<Firewall>,
    /// How the autoscaler of the pools behaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-computed" = true))]
    pub cluster_autoscaler_configuration: Option<Autoscaler>,
    /// Single sign-on to the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-computed" = true))]
    pub sso: Option<Sso>,
    /// What DigitalOcean runs in the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-computed" = true))]
    pub add_ons: Option<AddOns>,
    /// Nodes pull from the account's container registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-computed" = true))]
    pub registry_enabled: Option<bool>,
    /// The container registries that nodes pull from, by name, where the account has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-computed" = true))]
    pub registries: Option<Vec<String>>,
    /// Tags of the cluster, besides those that DigitalOcean and maps set.
    #[serde(default)]
    pub tags: Vec<String>,
    /// The cluster's own groups of machines, at least one. Its own are those that it made, and those
    /// that are named here. A pool that a `doks/node-pool` or somebody's hand added is left alone and
    /// is no drift. An import takes every pool over that no `doks/node-pool` made: its plan shows those
    /// that are not named here as going.
    #[schemars(extend("x-maps-key" = "name"))]
    pub node_pools: Vec<NodePool>,
    /// What goes with the cluster when it is destroyed, of what its controllers made and DigitalOcean
    /// bills. All else of it stays, and is listed when the cluster goes.
    #[serde(default)]
    pub destroy_associated: Vec<Associated>,
}

/// What DigitalOcean tells of a cluster.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// DigitalOcean's identifier.
    pub id: String,
    /// Where the Kubernetes API answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// `running`, `degraded`, `upgrading`, …
    #[schemars(extend("x-maps-computed" = true))]
    pub status: String,
    /// The exact version slug.
    pub version: String,
    /// The control plane's address; none with `ha`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-computed" = true))]
    pub ipv4: Option<String>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// Full access to the cluster, as a kubeconfig in YAML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-ephemeral" = true))]
    pub kubeconfig: Option<Secret>,
}

/// Where a long operation goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The cluster that is being made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// How many rounds have written something.
    #[serde(default)]
    pub rounds: u32,
    /// What stays when the cluster is gone, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stays: Option<String>,
}
