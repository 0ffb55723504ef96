//! Clusters and pools as DigitalOcean tells of them. What is new to us must not break a read, so no
//! set of words is closed here that is not DigitalOcean's own for good.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use crate::model::{AddOns, Autoscaler, Day, Expander, Firewall, MaintenancePolicy, Sso, Taint};

/// A cluster.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Live {
    pub id: String,
    pub name: String,
    pub region: String,
    pub version: String,
    #[serde(default)]
    pub vpc_uuid: Option<String>,
    #[serde(default)]
    pub worker_subnet_uuid: Option<String>,
    #[serde(default)]
    pub cluster_subnet: Option<String>,
    #[serde(default)]
    pub service_subnet: Option<String>,
    #[serde(default)]
    pub ipv4: Option<String>,
    #[serde(default)]
    pub endpoint: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub tags: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub node_pools: Vec<LivePool>,
    #[serde(default)]
    maintenance_policy: Option<Window>,
    #[serde(default)]
    pub auto_upgrade: bool,
    #[serde(default)]
    pub surge_upgrade: bool,
    #[serde(default)]
    pub isolated_workers: bool,
    #[serde(default)]
    pub ha: bool,
    #[serde(default)]
    control_plane_firewall: Option<LiveFirewall>,
    #[serde(default)]
    cluster_autoscaler_configuration: Option<LiveAutoscaler>,
    #[serde(default)]
    sso: Option<LiveSso>,
    #[serde(default)]
    coredns_autoscaler: Option<Switch>,
    #[serde(default)]
    routing_agent: Option<Switch>,
    #[serde(default)]
    p2p_oci_registry_plugin: Option<Switch>,
    #[serde(default)]
    amd_gpu_device_plugin: Option<Switch>,
    #[serde(default)]
    amd_gpu_device_metrics_exporter_plugin: Option<Switch>,
    #[serde(default)]
    nvidia_gpu_device_plugin: Option<Switch>,
    #[serde(default)]
    rdma_shared_dev_plugin: Option<Switch>,
    #[serde(default)]
    pub registry_enabled: bool,
    #[serde(default, deserialize_with = "or_default")]
    pub registries: Vec<String>,
    pub status: Status,
    #[serde(default)]
    pub created_at: Option<String>,
}

/// A list that may come as null.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// A cluster's state.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Status {
    pub state: String,
    #[serde(default)]
    pub message: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct Window {
    start_time: String,
    day: Day,
}

#[derive(Clone, Debug, Deserialize)]
struct LiveFirewall {
    #[serde(default)]
    enabled: bool,
    #[serde(default, deserialize_with = "or_default")]
    allowed_addresses: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct LiveAutoscaler {
    #[serde(default)]
    scale_down_utilization_threshold: Option<f64>,
    #[serde(default)]
    scale_down_unneeded_time: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    expanders: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct LiveSso {
    #[serde(default)]
    enabled: bool,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    issuer_url: Option<String>,
    #[serde(default)]
    client_id: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct Switch {
    #[serde(default)]
    enabled: bool,
}

/// A node pool.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct LivePool {
    pub id: String,
    pub name: String,
    pub size: String,
    pub count: u32,
    #[serde(default, deserialize_with = "or_default")]
    pub tags: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub labels: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "or_default")]
    pub taints: Vec<Taint>,
    #[serde(default)]
    pub auto_scale: bool,
    #[serde(default)]
    pub min_nodes: u32,
    #[serde(default)]
    pub max_nodes: u32,
    #[serde(default, deserialize_with = "or_default")]
    nodes: Vec<Node>,
}

#[derive(Clone, Debug, Deserialize)]
struct Node {
    #[serde(default)]
    status: Option<NodeStatus>,
}

#[derive(Clone, Debug, Deserialize)]
struct NodeStatus {
    state: String,
}

impl Live {
    /// Is this its state?
    pub(crate) fn is(&self, state: &str) -> bool {
        self.status.state == state
    }

    /// Is the control plane there to be asked?
    pub(crate) fn is_up(&self) -> bool {
        matches!(self.status.state.as_str(), "running" | "degraded" | "upgrading")
    }

    /// DigitalOcean's own words on its state, to end a sentence with.
    pub(crate) fn why(&self) -> String {
        let message = self.status.message.as_deref().filter(|message| !message.is_empty());
        message.map_or_else(String::new, |message| format!(": {message}"))
    }

    /// The maintenance window.
    pub(crate) fn maintenance_policy(&self) -> Option<MaintenancePolicy> {
        let window = self.maintenance_policy.as_ref()?;
        Some(MaintenancePolicy { start_time: window.start_time.clone(), day: window.day })
    }

    /// The firewall, where one was ever set.
    pub(crate) fn firewall(&self) -> Option<Firewall> {
        let LiveFirewall { enabled, allowed_addresses } = self.control_plane_firewall.clone()?;
        Some(Firewall { enabled, allowed_addresses })
    }

    /// The autoscaler's settings, where some were ever set.
    pub(crate) fn autoscaler(&self) -> Option<Autoscaler> {
        let live = self.cluster_autoscaler_configuration.clone()?;
        let expander = |name: &String| {
            [("random", Expander::Random), ("priority", Expander::Priority), ("least_waste", Expander::LeastWaste)]
                .into_iter()
                .find_map(|(known, expander)| (known == name).then_some(expander))
        };
        Some(Autoscaler {
            scale_down_utilization_threshold: live.scale_down_utilization_threshold,
            scale_down_unneeded_time: live.scale_down_unneeded_time,
            expanders: Some(live.expanders.iter().filter_map(expander).collect()),
        })
    }

    /// Single sign-on, where it was ever set.
    pub(crate) fn sso(&self) -> Option<Sso> {
        let LiveSso { enabled, required, issuer_url, client_id } = self.sso.clone()?;
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        Some(Sso { enabled, required, issuer_url: some(issuer_url), client_id: some(client_id) })
    }

    /// What runs in it.
    pub(crate) fn add_ons(&self) -> AddOns {
        let on = |switch: &Option<Switch>| switch.as_ref().map(|switch| switch.enabled);
        AddOns {
            coredns_autoscaler: on(&self.coredns_autoscaler),
            routing_agent: on(&self.routing_agent),
            p2p_oci_registry_plugin: on(&self.p2p_oci_registry_plugin),
            amd_gpu_device_plugin: on(&self.amd_gpu_device_plugin),
            amd_gpu_device_metrics_exporter_plugin: on(&self.amd_gpu_device_metrics_exporter_plugin),
            nvidia_gpu_device_plugin: on(&self.nvidia_gpu_device_plugin),
            rdma_shared_dev_plugin: on(&self.rdma_shared_dev_plugin),
        }
    }
}

impl LivePool {
    /// How many nodes there are, those that come and go included.
    pub(crate) fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// How many nodes run.
    pub(crate) fn running(&self) -> usize {
        self.in_state("running")
    }

    /// Are all of its nodes on their way out?
    pub(crate) fn is_leaving(&self) -> bool {
        !self.nodes.is_empty() && self.in_state("deleting") == self.nodes.len()
    }

    fn in_state(&self, state: &str) -> usize {
        self.nodes.iter().filter(|node| node.status.as_ref().is_some_and(|status| status.state == state)).count()
    }
}
