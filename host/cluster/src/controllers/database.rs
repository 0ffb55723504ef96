//! CloudNativePG: a Cluster of databases reports health some time after it was asked for, with its Services and the
//! application's credentials. It acts while the operator's Deployment is available, and runs no database.

use std::collections::HashMap;

use base64::Engine;
use serde_json::{Value, json};

use super::api::{Change, Key, Resource};
use super::deployment::DEPLOYMENTS;
use super::endpoints::SERVICES;
use super::object::{controlled_by, ensure, integer, is_deleted, name, namespace, text, uid};
use super::scheduler::put_condition;
use super::{Controller, Desk, Picks};
use crate::status::Refusal;

const CLUSTERS: Resource = Resource::of("postgresql.cnpg.io", "clusters");
const SECRETS: Resource = Resource::of("", "secrets");
const MANAGER: &str = "cloudnative-pg";
/// Virtual milliseconds until a database is there.
const PATIENCE: u64 = 30_000;

/// Brings databases up; it remembers since when, in virtual time.
#[derive(Debug, Default)]
pub(super) struct Databases {
    since: HashMap<String, u64>,
}

fn is_operator(deployment: &Value) -> bool {
    let name = name(deployment);
    name.contains("cloudnative-pg") || name.starts_with("cnpg-controller-manager")
}

impl Controller for Databases {
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>) {
        let Some(object) = change.object() else { return };
        if change.resource == CLUSTERS {
            picks.add(Key::to(&CLUSTERS, object));
            if change.new.is_none() {
                self.since.remove(uid(object));
            }
        } else if change.resource == DEPLOYMENTS && is_operator(object) {
            for cluster in picks.api.list(&CLUSTERS, None) {
                picks.add(Key::to(&CLUSTERS, &cluster));
            }
        }
    }

    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some((before, mut cluster)) = super::fetch(desk, key) else { return Ok(()) };
        let runs =
            |deployment: &Value| is_operator(deployment) && integer(deployment, "/status/availableReplicas") > Some(0);
        if is_deleted(&cluster) || !desk.api.list(&DEPLOYMENTS, None).iter().any(|deployment| runs(deployment)) {
            return Ok(());
        }
        let now = desk.api.now().millis;
        let due = *self.since.entry(uid(&cluster).to_owned()).or_insert(now) + PATIENCE;
        let instances = integer(&cluster, "/spec/instances").unwrap_or(1);
        let healthy = now >= due || text(&cluster, "/status/phase") == "Cluster in healthy state";
        if !healthy {
            desk.again_after(due - now, key.clone());
        } else {
            put_services(&cluster, desk)?;
            put_credentials(&cluster, desk)?;
        }
        let title = name(&cluster).to_owned();
        let status = ensure(&mut cluster, &["status"]);
        status["instances"] = json!(instances);
        status["readyInstances"] = json!(if healthy { instances } else { 0 });
        status["phase"] = json!(if healthy { "Cluster in healthy state" } else { "Setting up primary" });
        status["targetPrimary"] = json!(format!("{title}-1"));
        let (state, reason, message) = match healthy {
            true => ("True", "ClusterIsReady", "Cluster is Ready"),
            false => ("False", "ClusterIsNotReady", "Cluster Is Not Ready"),
        };
        if healthy {
            status["currentPrimary"] = json!(format!("{title}-1"));
            status["writeService"] = json!(format!("{title}-rw"));
            status["readService"] = json!(format!("{title}-r"));
        }
        let stamp = desk.timestamp();
        let told = json!({
            "type": "Ready", "status": state, "reason": reason, "message": message, "lastTransitionTime": stamp,
        });
        put_condition(&mut cluster, told);
        if cluster != *before {
            desk.api.update(&CLUSTERS, "status", cluster, MANAGER)?;
        }
        Ok(())
    }
}

fn put_services(cluster: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    for (part, role) in [("rw", "primary"), ("ro", "replica"), ("r", "instance")] {
        let title = format!("{}-{part}", name(cluster));
        if desk.api.get(&Key::new(&SERVICES, namespace(cluster), &title)).is_some() {
            continue;
        }
        let which = if part == "r" { "cnpg.io/podRole" } else { "cnpg.io/instanceRole" };
        let service = json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {
                "name": title, "namespace": namespace(cluster), "labels": {"cnpg.io/cluster": name(cluster)},
                "ownerReferences": [controlled_by(cluster)],
            },
            "spec": {
                "type": "ClusterIP", "selector": {"cnpg.io/cluster": name(cluster), which: role},
                "ports": [{"name": "postgres", "port": 5432, "protocol": "TCP", "targetPort": 5432}],
            },
        });
        desk.api.create(&SERVICES, service, MANAGER)?;
    }
    Ok(())
}

/// The Secret with which the application connects, unless the Cluster names one of its own.
fn put_credentials(cluster: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let title = format!("{}-app", name(cluster));
    let own = !text(cluster, "/spec/bootstrap/initdb/secret/name").is_empty();
    if own || desk.api.get(&Key::new(&SECRETS, namespace(cluster), &title)).is_some() {
        return Ok(());
    }
    let stated = |field: &str| match text(cluster, &format!("/spec/bootstrap/initdb/{field}")) {
        "" => "app".to_owned(),
        stated => stated.to_owned(),
    };
    let (user, database) = (stated("owner"), stated("database"));
    let password = format!("{:016x}{:016x}", desk.api.random(), desk.api.random());
    let host = format!("{}-rw", name(cluster));
    let uri = format!("postgresql://{user}:{password}@{host}.{}:5432/{database}", namespace(cluster));
    let encode = |text: &str| json!(base64::engine::general_purpose::STANDARD.encode(text));
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/basic-auth",
        "metadata": {
            "name": title, "namespace": namespace(cluster), "ownerReferences": [controlled_by(cluster)],
            "labels": {"cnpg.io/cluster": name(cluster), "cnpg.io/userType": "app"},
        },
        "data": {
            "username": encode(&user), "user": encode(&user), "password": encode(&password), "host": encode(&host),
            "port": encode("5432"), "dbname": encode(&database), "uri": encode(&uri),
            "pgpass": encode(&format!("{host}:5432:{database}:{user}:{password}\n")),
        },
    });
    desk.api.create(&SECRETS, secret, MANAGER)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::controllers::testing::Memory;
    use crate::controllers::{Controllers, settle};

    #[test]
    fn a_database_is_healthy_half_a_minute_after_its_operator_saw_it() {
        let (mut api, mut work) = (Memory::default(), Controllers::only(vec![Box::new(Databases::default())]));
        let made = api.make(json!({
            "apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "metadata": {"name": "db", "namespace": "a"},
            "spec": {"instances": 3, "bootstrap": {"initdb": {"owner": "maps", "database": "maps"}}},
        }));
        api.pass(&mut work, 60_000);
        assert_eq!(api.now_of(&made).unwrap(), made, "nobody is there");
        api.make(json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "cloudnative-pg", "namespace": "b"},
            "status": {"availableReplicas": 1},
        }));
        settle(&mut api, &mut work);
        assert_eq!(text(&api.now_of(&made).unwrap(), "/status/phase"), "Setting up primary");
        assert!(api.all("", "secrets").is_empty());
        api.pass(&mut work, 30_000);
        let status = api.now_of(&made).unwrap()["status"].clone();
        assert_eq!((&status["readyInstances"], &status["phase"]), (&json!(3), &json!("Cluster in healthy state")));
        let services = api.all("", "services");
        assert_eq!(services.iter().map(|service| name(service)).collect::<Vec<_>>(), ["db-r", "db-ro", "db-rw"]);
        assert_eq!(text(&api.all("", "secrets").remove(0), "/data/username"), "bWFwcw==");
    }
}
