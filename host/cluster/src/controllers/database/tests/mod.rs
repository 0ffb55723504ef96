//! Databases from their making to their end, in virtual time.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)] // `json!` is written where it is passed.

mod bucket;

use std::sync::Arc;

use base64::Engine;

use super::*;
use crate::controllers::object::{condition, items};
use crate::controllers::testing::Memory;
use crate::controllers::{Controllers, settle};

/// The operator alone: Pods become ready when a test says so, as a kubelet would.
struct World {
    api: Memory,
    work: Controllers,
}

impl World {
    fn new() -> Self {
        let work = Controllers::only(vec![Box::new(Databases::default())]);
        Self { api: Memory::default(), work }
    }

    fn with_operator() -> Self {
        let mut world = Self::new();
        world.operator(json!([]));
        world
    }

    fn operator(&mut self, env: Value) -> Arc<Value> {
        self.api.make(json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "cnpg", "namespace": "cnpg-system"},
            "spec": {"template": {"spec": {"containers": [
                {"name": "manager", "image": "ghcr.io/cloudnative-pg/cloudnative-pg:1.30.0", "env": env},
            ]}}},
            "status": {"availableReplicas": 1},
        }))
    }

    fn cluster(&mut self, spec: Value) -> Arc<Value> {
        let mut object = json!({
            "apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "metadata": {"name": "db", "namespace": "a"},
            "spec": {"instances": 2, "storage": {"size": "10Gi", "storageClass": "do-block-storage"}},
        });
        for (field, value) in spec.as_object().unwrap() {
            object["spec"][field] = value.clone();
        }
        self.api.make(object)
    }

    /// Lets time pass, in which Pods that are there get ready.
    fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            for pod in self.api.all("", "pods") {
                if !crate::controllers::pods::is_ready(&pod) && !is_deleted(&pod) {
                    self.api.change_status(&pod, |status| {
                        *status = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]});
                    });
                }
            }
            self.api.pass(&mut self.work, 1_000);
        }
    }

    fn status(&self, cluster: &Value) -> Value {
        self.api.now_of(cluster).unwrap()["status"].clone()
    }

    fn names(&self, plural: &'static str) -> Vec<String> {
        self.api.all("", plural).iter().map(|of| name(of).to_owned()).collect()
    }

    fn secret(&self, title: &str, field: &str) -> String {
        let secrets = self.api.all("", "secrets");
        let secret = secrets.iter().find(|of| name(of) == title).unwrap();
        let encoded = text(secret, &format!("/data/{field}"));
        String::from_utf8(base64::engine::general_purpose::STANDARD.decode(encoded).unwrap()).unwrap()
    }
}

#[test]
fn nothing_happens_where_no_operator_looks() {
    let mut world = World::new();
    let made = world.cluster(json!({}));
    world.pass(60);
    assert_eq!(world.api.now_of(&made).unwrap(), made, "nobody is there");
    world.operator(json!([{"name": "WATCH_NAMESPACE", "value": "b, c"}]));
    world.pass(60);
    assert_eq!(world.api.now_of(&made).unwrap(), made, "it looks elsewhere");
    world.operator_of("a");
    world.pass(60);
    assert_eq!(text(&world.status(&made), "/phase"), HEALTHY);
}

impl World {
    fn operator_of(&mut self, place: &str) {
        let there = self.api.all("apps", "deployments").remove(0);
        self.api.change(&there, |of| {
            of["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"] = json!(place);
        });
    }
}

#[test]
fn a_database_comes_up_one_instance_after_the_other() {
    let mut world = World::with_operator();
    let made = world.cluster(json!({
        "bootstrap": {"initdb": {"owner": "maps", "database": "shop"}}, "enableSuperuserAccess": true,
        "walStorage": {"size": "2Gi"}, "affinity": {"nodeSelector": {"pool": "workloads"}},
        "inheritedMetadata": {"labels": {"team": "maps"}},
    }));
    world.pass(1);
    let status = world.status(&made);
    assert_eq!(status["phase"], "Setting up primary");
    assert_eq!(status["phaseReason"], "Creating primary instance db-1");
    assert_eq!((&status["readyInstances"], &status["targetPrimary"]), (&json!(0), &json!("db-1")));
    assert_eq!(world.names("persistentvolumeclaims"), ["db-1", "db-1-wal"]);
    let claim = world.api.all("", "persistentvolumeclaims").remove(0);
    assert_eq!(claim["spec"]["storageClassName"], "do-block-storage");
    assert_eq!(claim["spec"]["resources"]["requests"]["storage"], "10Gi");
    assert!(world.names("pods").is_empty(), "the files are made first");
    world.pass(15);
    assert_eq!(world.status(&made)["phase"], "Creating a new replica");
    assert_eq!(world.status(&made)["currentPrimary"], "db-1");
    world.pass(20);
    let status = world.status(&made);
    assert_eq!((&status["phase"], &status["readyInstances"]), (&json!(HEALTHY), &json!(2)), "{status}");
    assert_eq!(status["instanceNames"], json!(["db-1", "db-2"]));
    assert_eq!(condition(&world.api.now_of(&made).unwrap(), "Ready").unwrap()["status"], "True");
    let pods = world.api.all("", "pods");
    let roles: Vec<&str> = pods.iter().map(|pod| label(pod, ROLE).unwrap()).collect();
    assert_eq!(roles, ["primary", "replica"]);
    assert_eq!(
        (label(&pods[0], "team"), &pods[0]["spec"]["nodeSelector"]),
        (Some("maps"), &json!({"pool": "workloads"}))
    );
    assert_eq!(world.names("services"), ["db-r", "db-ro", "db-rw"]);
    assert_eq!(world.names("serviceaccounts"), ["db"]);
    assert_eq!(world.names("secrets"), ["db-app", "db-ca", "db-replication", "db-server", "db-superuser"]);
    let password = world.secret("db-app", "password");
    assert_eq!(world.secret("db-app", "uri"), format!("postgresql://maps:{password}@db-rw.a:5432/shop"));
    assert_eq!(world.secret("db-app", "pgpass"), format!("db-rw:5432:shop:maps:{password}\n"));
    assert_eq!(world.secret("db-superuser", "dbname"), "*");
    assert!(world.secret("db-server", "tls.crt").contains("BEGIN CERTIFICATE"));
    let all = ["pods", "persistentvolumeclaims", "services", "secrets", "serviceaccounts"];
    for of in all.iter().flat_map(|plural| world.api.all("", plural)) {
        assert!(is_of(&of, &made), "{} goes with its database", name(&of));
    }
}

#[test]
fn a_database_waits_for_the_secret_that_it_begins_with() {
    let mut world = World::with_operator();
    let initdb = json!({"owner": "maps", "database": "maps", "secret": {"name": "credentials"}});
    let made = world.cluster(json!({"bootstrap": {"initdb": initdb}}));
    world.pass(60);
    let status = world.status(&made);
    assert_eq!(status["phase"], "Setting up primary");
    assert_eq!(status["phaseReason"], "while getting secret credentials: secrets \"credentials\" not found");
    assert!(world.names("persistentvolumeclaims").is_empty());
    let data = json!({"username": "cG9zdGdyZXM=", "password": "c2VjcmV0"});
    let secret = world.api.make(json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "credentials", "namespace": "a"}, "data": data,
    }));
    settle(&mut world.api, &mut world.work);
    assert_eq!(world.status(&made)["phaseReason"], "wrong username 'postgres' in secret, expected 'maps'");
    world.api.change(&secret, |secret| secret["data"]["username"] = json!("bWFwcw=="));
    world.pass(40);
    assert_eq!(world.status(&made)["phase"], HEALTHY);
    assert!(!world.names("secrets").contains(&"db-app".to_owned()), "its own is what the application connects with");
}

#[test]
fn it_grows_shrinks_and_gets_larger_volumes() {
    let mut world = World::with_operator();
    let made = world.cluster(json!({}));
    world.pass(40);
    world.api.change(&made, |of| {
        of["spec"]["instances"] = json!(3);
        of["spec"]["storage"]["size"] = json!("20Gi");
    });
    world.pass(20);
    assert_eq!(
        (world.names("pods"), &world.status(&made)["readyInstances"]),
        (vec!["db-1".into(), "db-2".into(), "db-3".into()], &json!(3))
    );
    for claim in world.api.all("", "persistentvolumeclaims") {
        assert_eq!(claim["spec"]["resources"]["requests"]["storage"], "20Gi", "{}", name(&claim));
    }
    assert_eq!(world.api.all("policy", "poddisruptionbudgets").len(), 2);
    world.api.change(&made, |of| of["spec"]["instances"] = json!(1));
    world.pass(20);
    let status = world.status(&made);
    assert_eq!((&status["phase"], &status["instances"]), (&json!(HEALTHY), &json!(1)), "{status}");
    assert_eq!(
        (world.names("pods"), world.names("persistentvolumeclaims")),
        (vec!["db-1".into()], vec!["db-1".into()])
    );
    assert_eq!(world.api.all("policy", "poddisruptionbudgets").len(), 1);
    world.api.change(&made, |of| of["spec"]["instances"] = json!(2));
    world.pass(20);
    assert_eq!(world.names("pods"), ["db-1", "db-4"], "no number is given twice");
}

#[test]
fn a_new_image_comes_to_the_standbys_first() {
    let mut world = World::with_operator();
    let made = world.cluster(json!({"imageName": "pg:17.1", "primaryUpdateMethod": "switchover"}));
    world.pass(40);
    world.api.change(&made, |of| of["spec"]["imageName"] = json!("pg:17.2"));
    settle(&mut world.api, &mut world.work);
    let images = |world: &World| {
        let pods = world.api.all("", "pods");
        pods.iter().map(|pod| format!("{} {}", name(pod), pod::image(pod))).collect::<Vec<_>>()
    };
    assert_eq!(images(&world), ["db-1 pg:17.1", "db-2 pg:17.2"]);
    world.pass(30);
    assert_eq!(images(&world), ["db-1 pg:17.2", "db-2 pg:17.2"]);
    let status = world.status(&made);
    assert_eq!(
        (&status["phase"], &status["image"], &status["currentPrimary"]),
        (&json!(HEALTHY), &json!("pg:17.2"), &json!("db-2"))
    );
}

#[test]
fn a_standby_takes_over_where_the_primary_stays_away() {
    let mut world = World::with_operator();
    let made = world.cluster(json!({}));
    world.pass(40);
    let primary = world.api.all("", "pods").remove(0);
    world.api.change_status(&primary, |status| status["conditions"][0]["status"] = json!("False"));
    world.api.pass(&mut world.work, 15_000);
    assert_eq!(world.status(&made)["currentPrimary"], "db-2");
    world.pass(20);
    let pods = world.api.all("", "pods");
    let roles: Vec<&str> = pods.iter().map(|pod| label(pod, ROLE).unwrap()).collect();
    assert_eq!((roles, &world.status(&made)["phase"]), (vec!["replica", "primary"], &json!(HEALTHY)));
}

#[test]
fn backups_by_a_schedule_in_virtual_time() {
    let mut world = World::with_operator();
    let reference = |key: &str| json!({"name": "keys", "key": key});
    let store = json!({
        "destinationPath": "s3://backups/pg", "s3Credentials": {"accessKeyId": reference("ID"), "secretAccessKey": reference("SECRET")},
    });
    let made = world.cluster(json!({"instances": 1, "backup": {"barmanObjectStore": store, "retentionPolicy": "30d"}}));
    let scheduled = world.api.make(json!({
        "apiVersion": "postgresql.cnpg.io/v1", "kind": "ScheduledBackup", "metadata": {"name": "daily", "namespace": "a"},
        "spec": {"schedule": "0 30 2 * * *", "cluster": {"name": "db"}, "immediate": true, "backupOwnerReference": "self"},
    }));
    world.pass(60);
    let backups = world.api.all("postgresql.cnpg.io", "backups");
    assert_eq!(backups.len(), 1, "the first is made at once");
    assert_eq!(text(&backups[0], "/status/phase"), "failed");
    assert!(text(&backups[0], "/status/error").contains("secrets \"keys\" not found"));
    assert!(is_of(&backups[0], &scheduled));
    let archiving = condition(&world.api.now_of(&made).unwrap(), "ContinuousArchiving").cloned().unwrap();
    assert_eq!(archiving["status"], "False");
    world.api.suspend(&scheduled, true);
    world.api.pass(&mut world.work, 86_400_000);
    assert_eq!(world.api.all("postgresql.cnpg.io", "backups").len(), 1, "it is suspended");
    world.api.suspend(&scheduled, false);
    world.api.pass(&mut world.work, 86_400_000);
    let backups = world.api.all("postgresql.cnpg.io", "backups");
    assert!(backups.len() > 1, "the next day has its own");
    let titles: Vec<&str> = backups.iter().map(|of| name(of)).collect();
    assert!(titles.iter().all(|title| title.starts_with("daily-2023111")), "{titles:?}");
    let next = text(&world.api.now_of(&scheduled).unwrap(), "/status/nextScheduleTime").to_owned();
    assert!(next.ends_with("T02:30:00Z"), "{next}");
}

impl Memory {
    fn suspend(&mut self, scheduled: &Value, suspend: bool) {
        self.change(scheduled, |of| of["spec"]["suspend"] = json!(suspend));
    }
}

#[test]
fn a_backup_says_why_it_cannot_be_made() {
    let mut world = World::with_operator();
    let backup = world.api.make(json!({
        "apiVersion": "postgresql.cnpg.io/v1", "kind": "Backup", "metadata": {"name": "one", "namespace": "a"},
        "spec": {"cluster": {"name": "db"}},
    }));
    settle(&mut world.api, &mut world.work);
    assert_eq!(text(&world.api.now_of(&backup).unwrap(), "/status/phase"), "pending");
    let events = world.api.all("", "events");
    assert!(events.iter().any(|event| text(event, "/message") == "Unknown cluster db, will retry in 30 seconds"));
    world.cluster(json!({}));
    world.pass(1);
    let status = &world.api.now_of(&backup).unwrap()["status"];
    assert_eq!(status["phase"], "failed");
    assert!(text(status, "/error").contains("no backup section"));
    assert!(items(status, "/nothing").is_empty());
}

#[test]
fn schedules_have_seconds_first() {
    use crate::controllers::object::{rfc3339, unix};
    let from = unix("2026-02-28T10:17:20Z").unwrap();
    for (schedule, expected) in [
        ("0 0 2 * * *", "2026-03-01T02:00:00Z"),
        ("*/15 * * * * *", "2026-02-28T10:17:30Z"),
        ("5 17 10 * * *", "2026-03-01T10:17:05Z"),
        ("25,40 17 10 * * *", "2026-02-28T10:17:25Z"),
        ("30-50/10 * * * * ?", "2026-02-28T10:17:30Z"),
        ("@daily", "2026-03-01T00:00:00Z"),
    ] {
        let next = schedule::Seconds::parse(schedule).unwrap().after(from).unwrap();
        assert_eq!(rfc3339(next), expected, "{schedule}");
    }
    for wrong in ["", "0 2 * * *", "60 * * * * *", "*/0 * * * * *"] {
        assert!(schedule::Seconds::parse(wrong).is_none(), "{wrong}");
    }
}
