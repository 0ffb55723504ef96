//! How long things take in virtual time, and what a cluster is at a given moment.
//!
//! Nothing runs in the background: a change stores when it will be done, and
//! what is shown is computed from that and the clock.

use super::super::answer::Refusal;
use super::model::{Cluster, Node, Pool, Removal, Upgrade};
use crate::clock::Now;
use crate::entropy;

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;

/// A control plane takes four minutes, a highly available one six.
const PROVISION: u64 = 4 * MINUTE;
const PROVISION_HA: u64 = 6 * MINUTE;
/// The first nodes run a little after the control plane.
const FIRST_NODES: u64 = 45 * SECOND;
/// A node added to a running cluster.
const ADD_NODE: u64 = 90 * SECOND;
/// A node on its way out.
const DRAIN_NODE: u64 = 30 * SECOND;
const DELETE_NODE: u64 = 30 * SECOND;
/// An upgrade of the control plane and the nodes.
const UPGRADE: u64 = 8 * MINUTE;
/// The API answers 204 at once and goes on showing the cluster for this long.
const DELETE_CLUSTER: u64 = 30 * SECOND;

/// The state of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClusterState {
    Provisioning,
    Running,
    Upgrading,
    Deleting,
}

impl ClusterState {
    /// As the API names it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Provisioning => "provisioning",
            Self::Running => "running",
            Self::Upgrading => "upgrading",
            Self::Deleting => "deleting",
        }
    }
}

/// When a control plane that is made now will run.
pub(super) fn provisioned_at(now: Now, ha: bool) -> u64 {
    now.virtual_ms.saturating_add(if ha { PROVISION_HA } else { PROVISION })
}

impl Cluster {
    /// The cluster as it is at a moment: what has ended by then is folded in. Gone is `None`.
    pub(super) fn settle(mut self, now: Now) -> Option<Self> {
        let now = now.virtual_ms;
        if self.gone_at.is_some_and(|at| at <= now) {
            return None;
        }
        if let Some(Upgrade { to, done_at }) = self.upgrade.take() {
            if done_at <= now {
                self.version = to;
            } else {
                self.upgrade = Some(Upgrade { to, done_at });
            }
        }
        for pool in &mut self.pools {
            pool.nodes.retain(|node| node.removal.is_none_or(|removal| removal.gone_at > now));
        }
        Some(self)
    }

    /// Its state at a moment.
    pub(super) fn state(&self, now: Now) -> ClusterState {
        if self.gone_at.is_some() {
            ClusterState::Deleting
        } else if self.ready_at > now.virtual_ms {
            ClusterState::Provisioning
        } else if self.upgrade.is_some() {
            ClusterState::Upgrading
        } else {
            ClusterState::Running
        }
    }

    /// Refuses what only a running cluster can do.
    pub(super) fn must_run(&self, now: Now) -> Result<(), Refusal> {
        match self.state(now) {
            ClusterState::Running => Ok(()),
            state => Err(Refusal::precondition(format!("the cluster is not running: its state is {}", state.as_str()))),
        }
    }

    /// Refuses what needs an API server before there is one.
    pub(super) fn must_be_reachable(&self, now: Now) -> Result<(), Refusal> {
        match self.state(now) {
            ClusterState::Provisioning => self.must_run(now),
            ClusterState::Running | ClusterState::Upgrading | ClusterState::Deleting => Ok(()),
        }
    }

    /// Begins its deletion; one that is under way goes on as it was.
    pub(super) fn begin_delete(&mut self, now: Now) {
        self.gone_at.get_or_insert(now.virtual_ms.saturating_add(DELETE_CLUSTER));
    }

    /// Begins an upgrade.
    pub(super) fn begin_upgrade(&mut self, to: &str, now: Now) {
        self.upgrade = Some(Upgrade { to: to.to_owned(), done_at: now.virtual_ms.saturating_add(UPGRADE) });
    }

    /// When a node that is added now will run.
    pub(super) fn node_ready_at(&self, now: Now) -> u64 {
        now.virtual_ms.saturating_add(ADD_NODE).max(self.ready_at.saturating_add(FIRST_NODES))
    }
}

impl Pool {
    /// Adds or drains nodes until as many as `count` stay.
    pub(super) fn scale(&mut self, ready_at: u64, now: Now) -> Result<(), Refusal> {
        let wanted = self.count as usize;
        let staying = self.nodes.iter().filter(|node| node.removal.is_none()).count();
        for _ in staying..wanted {
            self.nodes.push(Node::new(&self.name, ready_at, now)?);
        }
        let leaving = self.nodes.iter_mut().rev().filter(|node| node.removal.is_none());
        for node in leaving.take(staying.saturating_sub(wanted)) {
            node.begin_removal(false, now);
        }
        Ok(())
    }
}

impl Node {
    fn new(pool: &str, ready_at: u64, now: Now) -> Result<Self, Refusal> {
        Ok(Self {
            id: entropy::uuid()?,
            name: format!("{pool}-{}", entropy::suffix(5)?),
            droplet_id: (400_000_000 + entropy::below(200_000_000)?).to_string(),
            created_ms: now.real_ms,
            updated_ms: now.real_ms,
            ready_at,
            removal: None,
        })
    }

    /// Begins to drain it, or to delete it without.
    pub(super) fn begin_removal(&mut self, skip_drain: bool, now: Now) {
        if self.removal.is_none() {
            let drained_at = now.virtual_ms.saturating_add(if skip_drain { 0 } else { DRAIN_NODE });
            self.removal = Some(Removal { drained_at, gone_at: drained_at.saturating_add(DELETE_NODE) });
            self.updated_ms = now.real_ms;
        }
    }

    /// Its state at a moment, as the API names it.
    pub(super) fn state(&self, now: Now) -> &'static str {
        match self.removal {
            Some(removal) if removal.drained_at > now.virtual_ms => "draining",
            Some(_) => "deleting",
            None if self.ready_at > now.virtual_ms => "provisioning",
            None => "running",
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn at(virtual_ms: u64) -> Now {
        Now { real_ms: 0, virtual_ms }
    }

    fn pool(count: u32) -> Pool {
        let mut pool = Pool {
            id: "p".to_owned(),
            name: "workers".to_owned(),
            size: "s-2vcpu-4gb".to_owned(),
            count,
            tags: Vec::new(),
            labels: None,
            taints: Vec::new(),
            auto_scale: false,
            min_nodes: 0,
            max_nodes: 0,
            nodes: Vec::new(),
        };
        pool.scale(100, at(0)).unwrap();
        pool
    }

    fn states(pool: &Pool, now: u64) -> Vec<&'static str> {
        pool.nodes.iter().map(|node| node.state(at(now))).collect()
    }

    #[test]
    fn nodes_are_added_and_the_newest_drained() {
        let mut pool = pool(2);
        assert_eq!(states(&pool, 99), ["provisioning", "provisioning"]);
        assert_eq!(states(&pool, 100), ["running", "running"]);
        let oldest = pool.nodes[0].id.clone();
        pool.count = 1;
        pool.scale(0, at(1000)).unwrap();
        assert_eq!(states(&pool, 1000), ["running", "draining"]);
        assert_eq!(states(&pool, 1000 + DRAIN_NODE), ["running", "deleting"]);
        assert_eq!(pool.nodes[0].id, oldest);
    }

    #[test]
    fn scaling_back_up_while_a_node_drains_adds_another_one() {
        let mut pool = pool(2);
        pool.count = 1;
        pool.scale(0, at(0)).unwrap();
        pool.count = 2;
        pool.scale(500, at(0)).unwrap();
        assert_eq!(states(&pool, 200), ["running", "draining", "provisioning"]);
    }
}
