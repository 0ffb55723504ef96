//! Node pools: whose they are, what they lack, and what changes them.

use maps_sdk::{Class, Problem};

use crate::api;
use crate::body;
use crate::converge::Write;
use crate::live::{Live, LivePool};
use crate::mark;
use crate::model::{Inputs, NodePool};
use crate::told;

/// Is a live pool one of its cluster's own? Those are that carry the cluster's mark, and those that it
/// names; never one that is a resource itself.
pub(crate) fn is_own(pool: &LivePool, named: impl Fn(&str) -> bool) -> bool {
    !mark::is_apart(&pool.tags) && (mark::is_own(&pool.tags) || named(&pool.name))
}

/// What brings a cluster's own pools to the wanted ones. What is wanted comes first; what is not
/// wanted goes once that is up, so that the work has somewhere to move.
pub(crate) fn writes(live: &Live, wanted: &Inputs, record: Option<&Inputs>) -> Result<Vec<Write>, Problem> {
    let id = live.id.as_str();
    let mut writes = Vec::new();
    for (index, pool) in wanted.node_pools.iter().enumerate() {
        let note = |what: &str| format!("{what} the pool {}", pool.name);
        let tags = || mark::own(&pool.tags);
        match live.node_pools.iter().find(|there| there.name == pool.name) {
            None => writes.push(Write::new(note("adding"), api::add_pool(id, &body::Pool::new(pool, tags()))?)),
            Some(there) if mark::is_apart(&there.tags) => {
                let message = format!("the pool {} of the cluster {} is a resource of its own", pool.name, live.name);
                return Err(Problem::new(Class::Conflict, "node-pool-name-taken", message)
                    .at(format!("node_pools[{index}].name"))
                    .help("choose another name, or leave it out here"));
            }
            // A pool's size is fixed. Under another name it is no longer wanted, and its successor can
            // have the name.
            Some(there) if there.size != pool.size => {
                let retired = retired_name(there);
                let aside = body::Pool::renamed(there, &retired);
                writes.push(Write::new(note("setting aside"), api::update_pool(id, &there.id, &aside)?));
            }
            Some(there) if !told::same(there, pool) => {
                let changed = body::Pool::changed(pool, tags(), there);
                writes.push(Write::new(note("changing"), api::update_pool(id, &there.id, &changed)?));
            }
            Some(_) => {}
        }
    }
    if writes.is_empty() && lack(live, wanted).is_none() {
        for there in unwanted(live, wanted, record).filter(|there| !there.is_leaving()) {
            let note = format!("removing the pool {}", there.name);
            writes.push(Write::new(note, api::delete_pool(id, &there.id)));
        }
    }
    Ok(writes)
}

/// The cluster's own pools that are not wanted: marked ones, and those that were recorded as its own.
pub(crate) fn unwanted<'l>(
    live: &'l Live,
    wanted: &'l Inputs,
    record: Option<&'l Inputs>,
) -> impl Iterator<Item = &'l LivePool> {
    let names = |inputs: &Inputs, name: &str| inputs.node_pools.iter().any(|pool| pool.name == name);
    live.node_pools.iter().filter(move |pool| {
        is_own(pool, |name| record.is_some_and(|record| names(record, name))) && !names(wanted, &pool.name)
    })
}

/// A name for a pool that is set aside; the id makes it the pool's own.
fn retired_name(there: &LivePool) -> String {
    let tail: String = there.id.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
    let head: String = there.name.chars().take(45).collect();
    format!("{head}-retired-{tail}")
}

/// What the wanted pools of a cluster still lack, in words.
pub(crate) fn lack(live: &Live, wanted: &Inputs) -> Option<String> {
    let pools = wanted.node_pools.iter();
    missing(pools.map(|pool| (pool, live.node_pools.iter().find(|there| there.name == pool.name))))
}

/// How many nodes of how many wanted ones run, unless all do.
pub(crate) fn missing<'p>(pools: impl Iterator<Item = (&'p NodePool, Option<&'p LivePool>)>) -> Option<String> {
    let (mut ready, mut needed) = (0_usize, 0_usize);
    for (pool, there) in pools {
        let target = match pool.autoscale {
            // The autoscaler may have asked for more than it has; its minimum is what is waited for.
            Some(scale) => scale.min,
            None => pool.count.unwrap_or(1),
        };
        let target = usize::try_from(target).unwrap_or(usize::MAX);
        needed += target;
        ready += there.map_or(0, LivePool::running).min(target);
    }
    (ready < needed).then(|| format!("{ready} of {needed} nodes are ready"))
}
