//! CloudNativePG: Clusters of databases get their Pods, volume claims, Services and Secrets, and report how they are;
//! Backups are made, at once or by a schedule. It acts while the operator's Deployment is available and where that
//! looks, and runs no database.

mod backup;
mod belongings;
mod certificate;
mod cluster;
mod instance;
mod operator;
mod pod;
mod schedule;
mod secret;
mod store;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use serde_json::{Value, json};

use super::api::{Change, Key, Now, Resource};
use super::deployment::DEPLOYMENTS;
use super::object::{controlled_by, ensure, fields, is_deleted, label, name, namespace, owners, text, uid};
use super::pods::PODS;
use super::protection::CLAIMS;
use super::{Controller, Desk, Picks};
use crate::status::Refusal;

const GROUP: &str = "postgresql.cnpg.io";
const CLUSTERS: Resource = Resource::of(GROUP, "clusters");
const BACKUPS: Resource = Resource::of(GROUP, "backups");
const SCHEDULES: Resource = Resource::of(GROUP, "scheduledbackups");
const SECRETS: Resource = Resource::of("", "secrets");
const MANAGER: &str = "manager";
const COMPONENT: &str = "cloudnative-pg";
const HEALTHY: &str = "Cluster in healthy state";

/// The label with the Cluster's name.
const OF_CLUSTER: &str = "cnpg.io/cluster";
/// The label with what an instance is: `primary` or `replica`.
const ROLE: &str = "cnpg.io/instanceRole";

/// The operator. It remembers, in virtual milliseconds, since when what takes its time goes on.
#[derive(Debug, Default)]
pub(super) struct Databases {
    since: HashMap<String, u64>,
}

impl Controller for Databases {
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>) {
        let Some(object) = change.object() else { return };
        if change.new.is_none() {
            self.since.remove(uid(object));
        }
        if change.resource == CLUSTERS {
            picks.add(Key::to(&CLUSTERS, object));
            for resource in [BACKUPS, SCHEDULES] {
                pick(picks, &resource, Some(namespace(object)));
            }
        } else if change.resource == BACKUPS || change.resource == SCHEDULES {
            picks.add(Key::to(&change.resource, object));
            let parent = label(object, schedule::PARENT).unwrap_or_default();
            if change.resource == BACKUPS && !parent.is_empty() {
                picks.add(Key::new(&SCHEDULES, namespace(object), parent));
            }
        } else if change.resource == DEPLOYMENTS && operator::runs(object) {
            for resource in [CLUSTERS, BACKUPS, SCHEDULES] {
                pick(picks, &resource, None);
            }
        } else if change.resource == PODS || change.resource == CLAIMS {
            if let Some(of) = label(object, OF_CLUSTER) {
                picks.add(Key::new(&CLUSTERS, namespace(object), of));
            }
        } else if change.resource == SECRETS {
            // It may be one that a database begins with, or one of the database's own that somebody took away.
            pick(picks, &CLUSTERS, Some(namespace(object)));
        }
    }

    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some(object) = desk.api.get(key).filter(|object| !is_deleted(object)) else { return Ok(()) };
        if !operator::is_up(desk.api, &key.namespace) {
            return Ok(());
        }
        match &key.resource {
            backups if *backups == BACKUPS => backup::look(&mut self.since, key, &object, desk),
            schedules if *schedules == SCHEDULES => schedule::look(key, &object, desk),
            _ => cluster::look(&mut self.since, key, &object, desk),
        }
    }
}

fn pick(picks: &mut Picks<'_>, resource: &Resource, place: Option<&str>) {
    for found in picks.api.list(resource, place) {
        picks.add(Key::to(resource, &found));
    }
}

/// Seconds since 1970 as schedules count them: with the virtual time that passed beside the real one.
fn clock(now: Now) -> i64 {
    now.unix.max(i64::try_from(now.millis / 1000).unwrap_or_default())
}

/// Is an object one that this one made?
fn is_of(object: &Value, owner: &Value) -> bool {
    owners(object).iter().any(|of| text(of, "/uid") == uid(owner))
}

/// Gives what a Cluster makes its owner, its label, and what it hands on to all that it makes.
fn owned(cluster: &Value, mut object: Value) -> Value {
    let metadata = ensure(&mut object, &["metadata"]);
    metadata["namespace"] = json!(namespace(cluster));
    metadata["ownerReferences"] = json!([controlled_by(cluster)]);
    metadata["labels"][OF_CLUSTER] = json!(name(cluster));
    metadata["labels"]["app.kubernetes.io/managed-by"] = json!(COMPONENT);
    for part in ["labels", "annotations"] {
        for (key, value) in fields(cluster, &format!("/spec/inheritedMetadata/{part}")).into_iter().flatten() {
            metadata[part][key] = value.clone();
        }
    }
    object
}

/// Makes what is not there yet.
fn put(resource: &Resource, cluster: &Value, object: Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    if desk.api.get(&Key::new(resource, namespace(cluster), name(&object))).is_none() {
        desk.api.create(resource, owned(cluster, object), MANAGER)?;
    }
    Ok(())
}
