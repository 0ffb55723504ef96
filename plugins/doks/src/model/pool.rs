//! A node pool: within a cluster's own settings, and as a resource beside them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    /// Tags of the Droplets, besides those that DigitalOcean and maps set.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// The settings of a node pool beside a cluster's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PoolInputs {
    /// The cluster's id: `${cluster.id}`.
    #[schemars(extend("x-maps-replace" = true, "x-maps-lives-in" = true))]
    pub cluster: String,
    /// The pool's name, unique in the cluster.
    pub name: String,
    /// The slug of a Droplet size, such as `s-2vcpu-4gb`. Another size is another pool: the old one goes
    /// first, since both cannot have the name.
    #[schemars(extend("x-maps-replace" = true))]
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
    /// Tags of the Droplets, besides those that DigitalOcean and maps set.
    #[serde(default)]
    pub tags: Vec<String>,
}

impl PoolInputs {
    /// The pool itself.
    pub(crate) fn pool(&self) -> NodePool {
        let Self { cluster: _, name, size, count, autoscale, labels, taints, tags } = self.clone();
        NodePool { name, size, count, autoscale, labels, taints, tags }
    }

    /// A pool in a cluster.
    pub(crate) fn of(cluster: &str, pool: NodePool) -> Self {
        let NodePool { name, size, count, autoscale, labels, taints, tags } = pool;
        Self { cluster: cluster.to_owned(), name, size, count, autoscale, labels, taints, tags }
    }
}

/// What DigitalOcean tells of a node pool.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PoolOutputs {
    /// DigitalOcean's identifier.
    pub id: String,
    /// How many nodes it has now, those on their way included.
    #[schemars(extend("x-maps-computed" = true))]
    pub nodes: u32,
}

/// Where a long operation on a pool goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolCheckpoint {
    /// The pool that is being made; none while its cluster cannot take one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// How many rounds have written something.
    #[serde(default)]
    pub rounds: u32,
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
