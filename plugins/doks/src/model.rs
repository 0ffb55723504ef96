//! What a user says of a cluster, and what DigitalOcean tells of it.

use std::collections::BTreeMap;

use maps_sdk::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The settings of a cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// The cluster's name, unique in the account.
    #[schemars(extend("x-maps-replace" = true))]
    pub name: String,
    /// The region's slug, such as `fra1`.
    #[schemars(extend("x-maps-replace" = true))]
    pub region: String,
    /// A version slug (`1.33.1-do.3`), the beginning of one (`1.33`), or `latest`. The newest that fits
    /// is taken; a cluster whose version still fits is left alone.
    pub version: String,
    /// A control plane of several machines. It can be switched on later, never off.
    #[serde(default)]
    pub ha: bool,
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
    /// Tags of the cluster, besides those that DigitalOcean and maps set.
    #[serde(default)]
    pub tags: Vec<String>,
    /// The groups of machines that it runs on, at least one.
    #[schemars(extend("x-maps-key" = "name"))]
    pub node_pools: Vec<NodePool>,
}

/// Machines of one size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodePool {
    /// The pool's name, unique in the cluster.
    pub name: String,
    /// The slug of a Droplet size, such as `s-2vcpu-4gb`. Another size is another pool: the new one is
    /// up before the old one goes.
    pub size: String,
    /// How many nodes. With `autoscale` the autoscaler decides, and this is only where it starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Lets the load decide how many nodes there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscale: Option<Autoscale>,
    /// Kubernetes labels of the nodes.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Kubernetes taints of the nodes.
    #[serde(default)]
    pub taints: Vec<Taint>,
    /// Tags of the Droplets, besides those that DigitalOcean sets.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// The bounds of the autoscaler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Autoscale {
    /// The fewest nodes.
    pub min: u32,
    /// The most nodes.
    pub max: u32,
}

/// Keeps pods that do not tolerate it away from a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Taint {
    /// Its key.
    pub key: String,
    /// Its value.
    #[serde(default)]
    pub value: String,
    /// What it does.
    pub effect: Effect,
}

/// What a taint does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Effect {
    /// New pods stay away.
    NoSchedule,
    /// New pods stay away if there is another place.
    PreferNoSchedule,
    /// Running pods are moved away too.
    NoExecute,
}

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

/// What DigitalOcean tells of a cluster.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// DigitalOcean's identifier.
    pub id: String,
    /// Where the Kubernetes API answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// `running`, `degraded`, `upgrading`, …
    pub status: String,
    /// The exact version slug.
    pub version: String,
    /// The control plane's address; none with `ha`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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
    /// How many rounds of an update have written something.
    #[serde(default)]
    pub rounds: u32,
}
