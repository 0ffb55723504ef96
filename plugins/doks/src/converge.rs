//! From a live cluster to the wanted one: each round looks at what is there and writes what differs,
//! so a round that was cut off is simply made again.

use maps_sdk::http::Request;
use maps_sdk::{Class, Problem};

use crate::live::Live;
use crate::model::{AddOns, Autoscaler, Firewall, Inputs};
use crate::{api, body, mark, order, pools, version};

/// How many rounds may write before it is clear that the service never takes what is written.
const MAX_ROUNDS: u32 = 24;

/// A request, and what it does in words.
pub(crate) struct Write {
    pub note: String,
    pub request: Request,
}

impl Write {
    pub(crate) fn new(note: impl Into<String>, request: Request) -> Self {
        Self { note: note.into(), request }
    }
}

/// What a round comes to.
pub(crate) enum Round {
    /// All is as wanted.
    Settled,
    /// Something is under way.
    Waits(String),
    /// Another version is wanted; [`upgrade`] says which comes next.
    Upgrades,
    /// This is to be written.
    Writes(Vec<Write>),
}

/// One round of a cluster that is there. `record` is what was known of it before.
pub(crate) fn round(live: &Live, wanted: &Inputs, record: Option<&Inputs>) -> Result<Round, Problem> {
    match live.status.state.as_str() {
        "provisioning" | "upgrading" => return Ok(Round::Waits(format!("the cluster is {}", live.status.state))),
        "deleting" => {
            let message = format!("the cluster {} is being deleted by somebody else", live.name);
            return Err(Problem::new(Class::Conflict, "cluster-deleting", message));
        }
        _ => {}
    }
    let settings = settings(live, wanted)?;
    if settings.is_some() {
        return Ok(Round::Writes(settings.into_iter().collect()));
    }
    let registries = registries(live, wanted)?;
    if !registries.is_empty() {
        return Ok(Round::Writes(registries));
    }
    if !version::fits(&wanted.version, &live.version) {
        if version::older(&wanted.version, &live.version) {
            let message =
                format!("the cluster runs {}, and Kubernetes cannot go back to {}", live.version, wanted.version);
            return Err(Problem::invalid("version-goes-back", message).at("version"));
        }
        return Ok(Round::Upgrades);
    }
    let writes = pools::writes(live, wanted, record)?;
    if !writes.is_empty() {
        return Ok(Round::Writes(writes));
    }
    if let Some(note) = pools::lack(live, wanted) {
        return Ok(Round::Waits(note));
    }
    Ok(match pools::unwanted(live, wanted, record).next() {
        Some(there) => Round::Waits(format!("the pool {} is being removed", there.name)),
        None => Round::Settled,
    })
}

/// Has a service had enough rounds to take what is written?
pub(crate) fn within_bounds(rounds: u32, writes: &[Write]) -> Result<(), Problem> {
    if rounds < MAX_ROUNDS {
        return Ok(());
    }
    let message = format!("after {rounds} rounds the cluster is still not as it should be: {}", said(writes));
    Err(Problem::internal("cluster-does-not-converge", message))
}

/// What writes do, in words.
pub(crate) fn said(writes: &[Write]) -> String {
    writes.iter().map(|write| write.note.as_str()).collect::<Vec<_>>().join(", ")
}

/// The upgrade that comes next, by what is offered to this cluster and to new ones.
pub(crate) fn upgrade(live: &Live, wanted: &Inputs, offered: &[String], all: &[String]) -> Result<Write, Problem> {
    let Some(target) = version::next(&wanted.version, &live.version, offered, all) else {
        let message = format!("the cluster runs {}, and {} is not offered as an upgrade", live.version, wanted.version);
        return Err(Problem::invalid("version-not-offered", message).at("version").help(offer(offered)));
    };
    let on_the_way = if version::fits(&wanted.version, target) { "" } else { " on the way" };
    Ok(Write::new(format!("upgrading to {target}{on_the_way}"), api::upgrade(&live.id, target)?))
}

/// The versions on offer, as help.
pub(crate) fn offer(offered: &[String]) -> String {
    match offered {
        [] => "no version is offered at present".to_owned(),
        some => format!("offered are {}", some.join(", ")),
    }
}

/// The cluster's own settings.
fn settings(live: &Live, wanted: &Inputs) -> Result<Option<Write>, Problem> {
    if live.ha && wanted.ha == Some(false) {
        return Err(Problem::invalid(
            "ha-stays-on",
            "DigitalOcean cannot switch a highly available control plane back",
        )
        .at("ha")
        .help("set ha: true, or replace the cluster"));
    }
    let same = live.name == wanted.name
        && order::same(&mark::users(&live.tags), &wanted.tags)
        && live.auto_upgrade == wanted.auto_upgrade
        && live.surge_upgrade == wanted.surge_upgrade
        && wanted.ha.is_none_or(|wanted| live.ha == wanted)
        && wanted.maintenance_policy.as_ref().is_none_or(|wanted| live.maintenance_policy().as_ref() == Some(wanted))
        && wanted.sso.as_ref().is_none_or(|wanted| live.sso().as_ref() == Some(wanted))
        && wanted.control_plane_firewall.as_ref().is_none_or(|wanted| same_firewall(live.firewall(), wanted))
        && wanted.cluster_autoscaler_configuration.as_ref().is_none_or(|wanted| same_autoscaler(live, wanted))
        && wanted.add_ons.as_ref().is_none_or(|wanted| same_add_ons(&live.add_ons(), wanted));
    if same {
        return Ok(None);
    }
    let marks = live.tags.iter().filter(|tag| mark::is_mark(tag)).cloned();
    let request = api::update(&live.id, &body::Settings::of(wanted, marks))?;
    Ok(Some(Write::new("changing the cluster's settings", request)))
}

fn same_firewall(live: Option<Firewall>, wanted: &Firewall) -> bool {
    live.is_some_and(|live| {
        live.enabled == wanted.enabled && order::same(&live.allowed_addresses, &wanted.allowed_addresses)
    })
}

fn same_autoscaler(live: &Live, wanted: &Autoscaler) -> bool {
    let live = live.autoscaler().unwrap_or_default();
    left_or_same(&wanted.scale_down_utilization_threshold, &live.scale_down_utilization_threshold)
        && left_or_same(&wanted.scale_down_unneeded_time, &live.scale_down_unneeded_time)
        && left_or_same(&wanted.expanders, &live.expanders)
}

fn same_add_ons(live: &AddOns, wanted: &AddOns) -> bool {
    left_or_same(&wanted.coredns_autoscaler, &live.coredns_autoscaler)
        && left_or_same(&wanted.routing_agent, &live.routing_agent)
        && left_or_same(&wanted.p2p_oci_registry_plugin, &live.p2p_oci_registry_plugin)
        && left_or_same(&wanted.amd_gpu_device_plugin, &live.amd_gpu_device_plugin)
        && left_or_same(&wanted.amd_gpu_device_metrics_exporter_plugin, &live.amd_gpu_device_metrics_exporter_plugin)
        && left_or_same(&wanted.nvidia_gpu_device_plugin, &live.nvidia_gpu_device_plugin)
        && left_or_same(&wanted.rdma_shared_dev_plugin, &live.rdma_shared_dev_plugin)
}

/// Is it left to DigitalOcean, or as it is?
fn left_or_same<T: PartialEq>(wanted: &Option<T>, live: &Option<T>) -> bool {
    wanted.is_none() || wanted == live
}

/// The registries that nodes pull from.
pub(crate) fn registries(live: &Live, wanted: &Inputs) -> Result<Vec<Write>, Problem> {
    let mut writes = Vec::new();
    if let Some(names) = &wanted.registries {
        let among = |names: &[String], others: &[String]| -> Vec<String> {
            names.iter().filter(|name| !others.contains(name)).cloned().collect()
        };
        let (missing, surplus) = (among(names, &live.registries), among(&live.registries, names));
        if !missing.is_empty() {
            writes.push(Write::new("adding registries", api::registries(&live.id, &missing, true)?));
        }
        if !surplus.is_empty() {
            writes.push(Write::new("removing registries", api::registries(&live.id, &surplus, false)?));
        }
    }
    match wanted.registry_enabled {
        Some(wanted) if writes.is_empty() && wanted != live.registry_enabled => {
            let note = if wanted { "integrating the registry" } else { "removing the registry" };
            writes.push(Write::new(note, api::registry(&live.id, wanted)?));
        }
        _ => {}
    }
    Ok(writes)
}
