//! The two strategies: `RollingUpdate`, which never has too few or too many, and `Recreate`, which ends all first.

use std::sync::Arc;

use serde_json::Value;

use super::{Rollout, counted, size};
use crate::controllers::object::{namespace, text, uid};
use crate::controllers::{Desk, pods};
use crate::status::Refusal;

impl Rollout<'_> {
    /// One step of a rolling update: up, or else down, or else done.
    pub(super) fn roll(&mut self, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        self.sync_revision(desk, true)?;
        let Some(current) = self.current() else { return Ok(()) };
        let target = match size(&current) {
            have if have >= self.wanted() => self.wanted(),
            have => self.new_size(have),
        };
        if self.resize(&current, target, desk)? || self.shrink_old(desk)? {
            return Ok(());
        }
        if self.is_complete() { self.clean_up(desk) } else { Ok(()) }
    }

    /// Ends all old Pods, and begins the new ones when the last of them is gone.
    pub(super) fn recreate(&mut self, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        self.sync_revision(desk, false)?;
        let mut shrunk = false;
        for set in self.old() {
            shrunk |= self.resize(&set, 0, desk)?;
        }
        if shrunk || self.old_pods_run(desk) {
            return Ok(());
        }
        self.sync_revision(desk, true)?;
        let Some(current) = self.current() else { return Ok(()) };
        self.resize(&current, self.wanted(), desk)?;
        if self.is_complete() { self.clean_up(desk) } else { Ok(()) }
    }

    fn old_pods_run(&self, desk: &Desk<'_>) -> bool {
        let old = self.old();
        if old.iter().any(|set| counted(set, "replicas") > 0) {
            return true;
        }
        let of_old = |pod: &Arc<Value>| {
            let owner = crate::controllers::object::controller(pod).map(|owner| text(owner, "/uid").to_owned());
            owner.is_some_and(|owner| old.iter().any(|set| uid(set) == owner))
        };
        let pods = desk.api.list(&pods::PODS, Some(namespace(&self.object)));
        pods.iter().any(|pod| of_old(pod) && !pods::is_ended(pod))
    }

    /// How large the current ReplicaSet may be, which has `have` replicas: as many as the surge allows.
    pub(super) fn new_size(&self, have: i64) -> i64 {
        if !self.is_rolling() {
            return self.wanted();
        }
        let total: i64 = self.sets.iter().map(|set| size(set)).sum();
        let room = self.wanted() + self.max_surge() - total;
        if room <= 0 { have } else { have + room.min(self.wanted() - have) }
    }

    /// Takes old replicas away, first those that are not well, as far as enough stay available.
    fn shrink_old(&mut self, desk: &mut Desk<'_>) -> Result<bool, Refusal> {
        let total: i64 = self.sets.iter().map(|set| size(set)).sum();
        let Some(current) = self.current() else { return Ok(false) };
        let least = self.wanted() - self.max_unavailable();
        let unavailable = size(&current) - counted(&current, "availableReplicas");
        let may = total - least - unavailable;
        if may <= 0 || self.old().iter().all(|set| size(set) == 0) {
            return Ok(false);
        }
        let mut taken = 0;
        for set in self.old_by_age() {
            let unwell = size(&set) - counted(&set, "availableReplicas");
            let take = unwell.min(may - taken);
            if size(&set) > 0 && take > 0 {
                self.resize(&set, size(&set) - take, desk)?;
                taken += take;
            }
        }
        let available: i64 = self.sets.iter().map(|set| counted(set, "availableReplicas")).sum();
        let mut spare = available - least;
        for set in self.old_by_age() {
            let take = size(&set).min(spare);
            if take > 0 {
                self.resize(&set, size(&set) - take, desk)?;
                spare -= take;
                taken += take;
            }
        }
        Ok(taken > 0)
    }

    fn old_by_age(&self) -> Vec<Arc<Value>> {
        let mut old: Vec<_> = self.old().into_iter().filter(|set| size(set) > 0).collect();
        old.sort_by_key(|set| text(set, "/metadata/creationTimestamp").to_owned());
        old
    }
}
