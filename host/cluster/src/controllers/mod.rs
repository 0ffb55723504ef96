//! What follows from a change: the controllers of a cluster, run to rest after each request.
//!
//! [`settle`] reads what changed since it last ran, lets each controller pick the objects it has to look at, and
//! looks at them until nothing is left. It waits for nothing: what has to wait is due at a moment of virtual time,
//! and the earliest such moment is what [`settle`] returns. All that controllers remember can be read again from
//! the store, and is, after a restart.

mod aggregation;
mod api;
mod api_service;
mod autoscaler;
pub(crate) mod aws;
mod balancer;
mod budget;
mod cron_job;
mod daemon_set;
mod database;
mod definition;
mod deployment;
mod endpoints;
mod event;
mod garbage;
mod history;
mod job;
mod kubelet;
mod lifecycle;
mod mirror;
mod namespace;
mod node;
pub(crate) mod object;
mod pods;
pub(crate) mod programs;
mod protection;
mod queue;
mod replica_set;
mod scheduler;
mod service_account;
mod stateful_set;
#[cfg(test)]
mod testing;
mod volume;

use std::sync::Arc;

use serde_json::Value;

#[allow(unused_imports)] // The server implements the trait with these.
pub(crate) use api::{Api, Change, Deletion, Key, Now, Propagation, Resource, Served};
use queue::{Queue, Who};

use crate::status::Refusal;

/// Who writes: the `manager` of what controllers do.
pub(crate) const MANAGER: &str = "kube-controller-manager";

/// Looks in one settling, so that controllers that never agree do not hang a request; the rest is done a second later.
const LOOKS: usize = 5_000;

/// One controller.
pub(crate) trait Controller: std::fmt::Debug + Send {
    /// Picks what to look at after a change. Called for every change, so it has to be cheap for what is not its own.
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>);

    /// Brings about what an object asks for; a refusal is tried again later.
    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal>;
}

/// Where a controller puts what it picked.
pub(crate) struct Picks<'a> {
    /// The store, to find related objects.
    pub(crate) api: &'a dyn Api,
    queue: &'a mut Queue,
    who: Who,
}

impl Picks<'_> {
    /// To be looked at.
    pub(crate) fn add(&mut self, key: Key) {
        self.queue.add(self.who, key);
    }

    /// To be looked at after so many virtual milliseconds.
    pub(crate) fn add_after(&mut self, millis: u64, key: Key) {
        self.queue.add_at(self.api.now().millis.saturating_add(millis), self.who, key);
    }
}

/// What a controller works with while it looks at an object.
pub(crate) struct Desk<'a> {
    /// The store.
    pub(crate) api: &'a mut dyn Api,
    queue: &'a mut Queue,
    recorder: &'a mut event::Recorder,
    who: Who,
}

impl Desk<'_> {
    /// To be looked at (again) soon.
    pub(crate) fn again(&mut self, key: Key) {
        self.queue.add(self.who, key);
    }

    /// To be looked at after so many virtual milliseconds.
    pub(crate) fn again_after(&mut self, millis: u64, key: Key) {
        self.queue.add_at(self.api.now().millis.saturating_add(millis), self.who, key);
    }

    /// Now, as RFC 3339.
    pub(crate) fn timestamp(&self) -> String {
        object::rfc3339(self.api.now().unix)
    }

    /// Writes the status, if it differs from what is there.
    pub(crate) fn put_status(&mut self, resource: &Resource, old: &Value, new: Value) -> Result<(), Refusal> {
        if old.get("status") != new.get("status") {
            self.api.update(resource, "status", new, MANAGER)?;
        }
        Ok(())
    }

    /// Notes an event about an object that all is well.
    pub(crate) fn normal(&mut self, about: &Value, component: &str, reason: &str, message: &str) {
        self.recorder.record(self.api, about, &event::Said { kind: "Normal", component, reason, message });
    }

    /// Notes an event about an object that something is wrong.
    pub(crate) fn warning(&mut self, about: &Value, component: &str, reason: &str, message: &str) {
        self.recorder.record(self.api, about, &event::Said { kind: "Warning", component, reason, message });
    }
}

/// All controllers, with what they remember between two settlings.
#[derive(Debug)]
pub(crate) struct Controllers {
    controllers: Vec<Box<dyn Controller>>,
    queue: Queue,
    recorder: event::Recorder,
    /// The last resourceVersion read; `None`: everything has to be read.
    seen: Option<u64>,
}

impl Default for Controllers {
    fn default() -> Self {
        Self { controllers: all(), queue: Queue::default(), recorder: event::Recorder::default(), seen: None }
    }
}

/// Every controller, the ones that others wait for first.
fn all() -> Vec<Box<dyn Controller>> {
    vec![
        Box::new(definition::Definitions),
        Box::new(namespace::Lifecycle),
        Box::new(service_account::Belongings),
        Box::new(service_account::Tokens),
        Box::new(garbage::Collector::default()),
        Box::new(deployment::Rollouts::default()),
        Box::new(replica_set::Replicas::sets()),
        Box::new(replica_set::Replicas::controllers()),
        Box::new(stateful_set::Stateful::default()),
        Box::new(daemon_set::Daemons::default()),
        Box::new(job::Jobs::default()),
        Box::new(cron_job::CronJobs::default()),
        Box::new(volume::Binding::default()),
        Box::new(lifecycle::Welcome),
        Box::new(scheduler::Scheduler::default()),
        Box::new(kubelet::Kubelet::default()),
        Box::new(endpoints::Backends),
        Box::new(mirror::Mirror),
        Box::new(balancer::Balancers::default()),
        Box::new(protection::InUse),
        Box::new(aggregation::Aggregation),
        Box::new(budget::Budgets),
        Box::new(budget::Quotas),
        Box::new(autoscaler::Autoscalers::default()),
        Box::new(api_service::Aggregated),
        Box::new(api_service::Registration),
        Box::new(programs::external_secrets::Operator::default()),
        Box::new(database::Databases::default()),
        Box::new(programs::ingress_nginx::Ingresses),
        Box::new(programs::external_dns::ExternalDns::default()),
        Box::new(programs::cert_manager::CertManager::default()),
        Box::new(programs::cert_manager::Injector),
    ]
}

impl Controllers {
    /// Only these, for tests of one.
    #[cfg(test)]
    pub(crate) fn only(controllers: Vec<Box<dyn Controller>>) -> Self {
        Self { controllers, ..Self::default() }
    }

    fn observe(&mut self, api: &dyn Api, change: &Change) {
        for (who, controller) in self.controllers.iter_mut().enumerate() {
            controller.observe(change, &mut Picks { api, queue: &mut self.queue, who });
        }
    }

    /// Reads what changed.
    fn read(&mut self, api: &dyn Api) {
        match self.seen.map(|seen| (seen, api.changes(seen))) {
            Some((_, Some((latest, changes)))) => {
                for change in changes {
                    self.observe(api, &change);
                }
                self.seen = Some(latest);
            }
            // Either nothing was read yet, or the store no longer knows so old changes: begin anew.
            unknown => {
                if unknown.is_some() {
                    *self = Self::default();
                }
                self.seen = Some(api.version());
                for served in api.served() {
                    for object in api.list(&served.resource, None) {
                        let resource = served.resource.clone();
                        self.observe(api, &Change { resource, old: None, new: Some(object) });
                    }
                }
            }
        }
    }
}

/// Does what follows from all changes until now; returns the virtual millisecond at which to be called again, if any.
pub(crate) fn settle(api: &mut dyn Api, work: &mut Controllers) -> Option<u64> {
    for _ in 0..LOOKS {
        work.read(api);
        let now = api.now().millis;
        work.queue.wake(now);
        let Some((who, key)) = work.queue.pop() else { return work.queue.due() };
        let Some(controller) = work.controllers.get_mut(who) else { continue };
        let mut desk = Desk { api, queue: &mut work.queue, recorder: &mut work.recorder, who };
        match controller.look(&key, &mut desk) {
            Ok(()) => work.queue.succeeded(who, key),
            Err(_) => work.queue.failed(now, who, key),
        }
    }
    Some(api.now().millis.saturating_add(1000))
}

/// The latest state of an object, as a value to change.
fn fetch(desk: &Desk<'_>, key: &Key) -> Option<(Arc<Value>, Value)> {
    let object = desk.api.get(key)?;
    let copy = Value::clone(&object);
    Some((object, copy))
}
