//! A live cluster or pool in the kinds' own shapes. What the user may write in several ways (a
//! version's beginning, tags in any order) is told as it was last known, as long as that still holds.

use maps_sdk::{Resource, Secret};

use crate::cluster::Cluster;
use crate::live::{Live, LivePool};
use crate::model::{Autoscale, Firewall, Inputs, NodePool, Outputs, PoolInputs, PoolOutputs};
use crate::node_pool::Pool;
use crate::{mark, order, pools, version};

/// Labels that DigitalOcean sets itself.
const DIGITALOCEANS: &str = "doks.digitalocean.com/";

/// A cluster. Without anything known of it, as for an import, all its pools are its own but those
/// that are resources themselves.
pub(crate) fn cluster(live: &Live, known: Option<&Inputs>, kubeconfig: Option<Secret>) -> Resource<Cluster> {
    let some = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let version = known.map(|known| &known.version).filter(|wanted| version::fits(wanted, &live.version));
    let registries = known.and_then(|known| known.registries.as_deref());
    let inputs = Inputs {
        name: live.name.clone(),
        region: live.region.clone(),
        version: version.unwrap_or(&live.version).clone(),
        ha: Some(live.ha),
        auto_upgrade: live.auto_upgrade,
        surge_upgrade: live.surge_upgrade,
        maintenance_policy: live.maintenance_policy(),
        vpc_uuid: some(&live.vpc_uuid),
        worker_subnet_uuid: some(&live.worker_subnet_uuid),
        cluster_subnet: some(&live.cluster_subnet),
        service_subnet: some(&live.service_subnet),
        isolated_workers: live.isolated_workers,
        control_plane_firewall: live.firewall().map(|live| {
            let known = known.and_then(|known| known.control_plane_firewall.as_ref());
            let before = known.map(|known| known.allowed_addresses.as_slice());
            Firewall { allowed_addresses: order::as_before(live.allowed_addresses, before), ..live }
        }),
        cluster_autoscaler_configuration: live.autoscaler(),
        sso: live.sso(),
        add_ons: Some(live.add_ons()),
        registry_enabled: Some(live.registry_enabled),
        registries: Some(order::as_before(live.registries.clone(), registries)),
        tags: order::as_before(mark::users(&live.tags), known.map(|known| known.tags.as_slice())),
        node_pools: node_pools(live, known),
        // DigitalOcean knows nothing of it.
        destroy_associated: known.map(|known| known.destroy_associated.clone()).unwrap_or_default(),
    };
    let outputs = Outputs {
        id: live.id.clone(),
        endpoint: some(&live.endpoint),
        status: live.status.state.clone(),
        version: live.version.clone(),
        ipv4: some(&live.ipv4),
        created_at: some(&live.created_at),
        kubeconfig,
    };
    Resource { id: live.id.clone(), inputs, outputs }
}

/// A cluster's own pools: those that are known in their order, then the others.
fn node_pools(live: &Live, known: Option<&Inputs>) -> Vec<NodePool> {
    let before = known.map(|known| known.node_pools.as_slice()).unwrap_or_default();
    let place = |pool: &LivePool| before.iter().position(|known| known.name == pool.name).unwrap_or(usize::MAX);
    let named = |name: &str| known.is_none() || before.iter().any(|known| known.name == name);
    let mut own: Vec<&LivePool> = live.node_pools.iter().filter(|pool| pools::is_own(pool, named)).collect();
    own.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.name.cmp(&b.name)));
    own.into_iter().map(|pool| node_pool(pool, before.iter().find(|known| known.name == pool.name))).collect()
}

fn node_pool(live: &LivePool, known: Option<&NodePool>) -> NodePool {
    let labels = live.labels.iter().filter(|(name, _)| {
        !name.starts_with(DIGITALOCEANS) || known.is_some_and(|known| known.labels.contains_key(*name))
    });
    NodePool {
        name: live.name.clone(),
        size: live.size.clone(),
        // What the autoscaler decides is no drift.
        count: if live.auto_scale { known.and_then(|known| known.count) } else { Some(live.count) },
        autoscale: live.auto_scale.then_some(Autoscale { min: live.min_nodes, max: live.max_nodes }),
        labels: labels.map(|(name, value)| (name.clone(), value.clone())).collect(),
        taints: order::as_before(live.taints.clone(), known.map(|known| known.taints.as_slice())),
        tags: order::as_before(mark::users(&live.tags), known.map(|known| known.tags.as_slice())),
    }
}

/// A pool that is a resource of its own.
pub(crate) fn pool(cluster: &str, live: &LivePool, known: Option<&PoolInputs>) -> Resource<Pool> {
    let inputs = PoolInputs::of(cluster, node_pool(live, known.map(PoolInputs::pool).as_ref()));
    let outputs = PoolOutputs { id: live.id.clone(), nodes: u32::try_from(live.nodes()).unwrap_or(u32::MAX) };
    Resource { id: live.id.clone(), inputs, outputs }
}

/// Is a live pool as it is wanted, in all but its size?
pub(crate) fn same(live: &LivePool, wanted: &NodePool) -> bool {
    let told = node_pool(live, Some(wanted));
    NodePool { size: wanted.size.clone(), ..told } == *wanted
}
