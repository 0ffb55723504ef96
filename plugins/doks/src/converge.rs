//! From a live cluster to the wanted one: each round looks at what is there and writes what differs,
//! so a round that was cut off is simply made again.

use maps_sdk::http::{Request, write_all};
use maps_sdk::{Class, Problem, Step};

use crate::api::{self, ClusterBody, Live, LivePool, PoolBody, Window};
use crate::model::{Inputs, NodePool};
use crate::{mark, order, version};

/// How many rounds may write before it is clear that the service never takes what is written.
const MAX_ROUNDS: u32 = 12;

/// What a round came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Round {
    /// All is as wanted.
    Settled,
    /// Something was written.
    Wrote(String),
    /// Something is under way.
    Waits(String),
}

/// One round. `rounds` is how many have written before.
pub(crate) fn round(live: &Live, wanted: &Inputs, step: Step, rounds: u32) -> Result<Round, Problem> {
    match live.status.state.as_str() {
        "provisioning" | "upgrading" => return Ok(Round::Waits(format!("the cluster is {}", live.status.state))),
        "deleting" => {
            let message = format!("the cluster {} is being deleted by somebody else", live.name);
            return Err(Problem::new(Class::Conflict, "cluster-deleting", message));
        }
        _ => {}
    }
    let writes = match settings(live, wanted)? {
        Some(write) => vec![write],
        None => match upgrade(live, wanted)? {
            Some(write) => vec![write],
            None => pools(live, wanted)?,
        },
    };
    if writes.is_empty() {
        return Ok(waiting(live, wanted));
    }
    if rounds >= MAX_ROUNDS {
        let message = format!("after {rounds} rounds the cluster is still not as it should be: {}", said(&writes));
        return Err(Problem::internal("cluster-does-not-converge", message));
    }
    let note = said(&writes);
    for answer in write_all(writes.into_iter().map(|write| (vec![step], write.request)).collect()) {
        // A pool that is already gone is what its removal wanted.
        answer?.accepted_or_absent()?;
    }
    Ok(Round::Wrote(note))
}

/// A request, and what it does in words.
struct Write {
    note: String,
    request: Request,
}

fn said(writes: &[Write]) -> String {
    writes.iter().map(|write| write.note.as_str()).collect::<Vec<_>>().join(", ")
}

/// The cluster's own settings.
fn settings(live: &Live, wanted: &Inputs) -> Result<Option<Write>, Problem> {
    if live.ha && !wanted.ha {
        return Err(Problem::invalid(
            "ha-stays-on",
            "DigitalOcean cannot switch a highly available control plane back",
        )
        .at("ha")
        .help("set ha: true, or replace the cluster"));
    }
    let tags = live.tags.as_deref().unwrap_or_default();
    let window = wanted.maintenance_policy.as_ref().map(window);
    let same = order::same(&mark::users(live.tags.as_ref()), &wanted.tags)
        && live.auto_upgrade == wanted.auto_upgrade
        && live.surge_upgrade == wanted.surge_upgrade
        && live.ha == wanted.ha
        && (window.is_none() || window == live.maintenance_policy);
    if same {
        return Ok(None);
    }
    let marks = tags.iter().filter(|tag| mark::is_mark(tag));
    let body = ClusterBody {
        name: &wanted.name,
        tags: wanted.tags.iter().chain(marks).cloned().collect(),
        maintenance_policy: window,
        auto_upgrade: wanted.auto_upgrade,
        surge_upgrade: wanted.surge_upgrade,
        ha: wanted.ha.then_some(true),
    };
    Ok(Some(Write { note: "changing the cluster's settings".to_owned(), request: api::update(&live.id, &body)? }))
}

/// The maintenance window as the API has it.
pub(crate) fn window(policy: &crate::model::MaintenancePolicy) -> Window {
    Window { start_time: policy.start_time.clone(), day: policy.day }
}

/// The Kubernetes version.
fn upgrade(live: &Live, wanted: &Inputs) -> Result<Option<Write>, Problem> {
    if version::fits(&wanted.version, &live.version) {
        return Ok(None);
    }
    if version::older(&wanted.version, &live.version) {
        let message = format!("the cluster runs {}, and Kubernetes cannot go back to {}", live.version, wanted.version);
        return Err(Problem::invalid("version-goes-back", message).at("version"));
    }
    let offered = api::upgrades(&live.id)?;
    let Some(target) = version::newest(&wanted.version, &offered) else {
        let message = format!("the cluster runs {}, and {} is not offered as an upgrade", live.version, wanted.version);
        return Err(Problem::invalid("version-not-offered", message).at("version").help(offer(&offered)));
    };
    Ok(Some(Write { note: format!("upgrading to {target}"), request: api::upgrade(&live.id, target)? }))
}

/// The versions on offer, as help.
pub(crate) fn offer(offered: &[String]) -> String {
    match offered {
        [] => "no version is offered at present".to_owned(),
        some => format!("offered are {}", some.join(", ")),
    }
}

/// The node pools. What is wanted comes first; what is not wanted goes once that is up, so that the
/// work has somewhere to move.
fn pools(live: &Live, wanted: &Inputs) -> Result<Vec<Write>, Problem> {
    let id = live.id.as_str();
    let mut writes = Vec::new();
    for pool in &wanted.node_pools {
        let note = |what: &str| format!("{what} the pool {}", pool.name);
        match live.node_pools.iter().find(|there| there.name == pool.name) {
            None => writes.push(Write { note: note("adding"), request: api::add_pool(id, &body(pool, true))? }),
            // A pool's size is fixed. Under another name it is no longer wanted, and its successor can
            // have the name.
            Some(there) if there.size != pool.size => {
                let retired = retired_name(there);
                let aside = PoolBody { name: &retired, ..as_it_is(there) };
                writes.push(Write { note: note("setting aside"), request: api::update_pool(id, &there.id, &aside)? });
            }
            Some(there) if !same(there, pool) => {
                let request = api::update_pool(id, &there.id, &body(pool, false))?;
                writes.push(Write { note: note("changing"), request });
            }
            Some(_) => {}
        }
    }
    if writes.is_empty() && waiting_for(live, wanted).is_none() {
        for there in live.node_pools.iter().filter(|there| !is_wanted(there, wanted) && !is_leaving(there)) {
            let note = format!("removing the pool {}", there.name);
            writes.push(Write { note, request: api::delete_pool(id, &there.id) });
        }
    }
    Ok(writes)
}

fn is_wanted(there: &LivePool, wanted: &Inputs) -> bool {
    wanted.node_pools.iter().any(|pool| pool.name == there.name)
}

/// Are all of its nodes on their way out?
fn is_leaving(there: &LivePool) -> bool {
    let nodes = there.nodes.as_deref().unwrap_or_default();
    !nodes.is_empty() && nodes.iter().all(|node| node.status.as_ref().is_some_and(|status| status.state == "deleting"))
}

/// A name for a pool that is set aside; the id makes it the pool's own.
fn retired_name(there: &LivePool) -> String {
    let tail: String = there.id.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
    let head: String = there.name.chars().take(45).collect();
    format!("{head}-retired-{tail}")
}

/// Is a live pool as wanted, in all but its size?
fn same(there: &LivePool, pool: &NodePool) -> bool {
    let scale = there.auto_scale.then_some((there.min_nodes, there.max_nodes));
    let count = pool.autoscale.is_some() || pool.count == Some(there.count);
    scale == pool.autoscale.map(|scale| (scale.min, scale.max))
        && count
        && there.labels.as_ref().map_or(pool.labels.is_empty(), |labels| *labels == pool.labels)
        && order::same(there.taints.as_deref().unwrap_or_default(), &pool.taints)
        && order::same(&mark::users(there.tags.as_ref()), &pool.tags)
}

/// The body for a wanted pool.
pub(crate) fn body(pool: &NodePool, new: bool) -> PoolBody<'_> {
    let start = pool.autoscale.map_or(1, |scale| scale.min.max(1));
    PoolBody {
        name: &pool.name,
        size: new.then_some(pool.size.as_str()),
        count: pool.count.unwrap_or(start),
        tags: &pool.tags,
        labels: &pool.labels,
        taints: &pool.taints,
        auto_scale: pool.autoscale.is_some(),
        min_nodes: pool.autoscale.map(|scale| scale.min),
        max_nodes: pool.autoscale.map(|scale| scale.max),
    }
}

/// The body that leaves a pool as it is.
fn as_it_is(there: &LivePool) -> PoolBody<'_> {
    const NONE: &std::collections::BTreeMap<String, String> = &std::collections::BTreeMap::new();
    PoolBody {
        name: &there.name,
        size: None,
        count: there.count,
        tags: there.tags.as_deref().unwrap_or_default(),
        labels: there.labels.as_ref().unwrap_or(NONE),
        taints: there.taints.as_deref().unwrap_or_default(),
        auto_scale: there.auto_scale,
        min_nodes: there.auto_scale.then_some(there.min_nodes),
        max_nodes: there.auto_scale.then_some(there.max_nodes),
    }
}

fn waiting(live: &Live, wanted: &Inputs) -> Round {
    if let Some(note) = waiting_for(live, wanted) {
        return Round::Waits(note);
    }
    match live.node_pools.iter().find(|there| !is_wanted(there, wanted)) {
        Some(there) => Round::Waits(format!("the pool {} is being removed", there.name)),
        None => Round::Settled,
    }
}

/// What the wanted pools still lack, in words.
pub(crate) fn waiting_for(live: &Live, wanted: &Inputs) -> Option<String> {
    let (mut ready, mut needed) = (0_usize, 0_usize);
    for pool in &wanted.node_pools {
        let there = live.node_pools.iter().find(|there| there.name == pool.name);
        let target = match (pool.autoscale, there) {
            // The autoscaler may have asked for more than it has; its minimum is what is waited for.
            (Some(scale), _) => scale.min,
            (None, _) => pool.count.unwrap_or(1),
        };
        let target = usize::try_from(target).unwrap_or(usize::MAX);
        needed += target;
        ready += there.map_or(0, running).min(target);
    }
    (ready < needed).then(|| format!("{ready} of {needed} nodes are ready"))
}

fn running(pool: &LivePool) -> usize {
    let nodes = pool.nodes.as_deref().unwrap_or_default();
    nodes.iter().filter(|node| node.status.as_ref().is_some_and(|status| status.state == "running")).count()
}
