//! Databases, schedules and backups: made, awaited, read back, found again, deleted.

use maps_sdk::Class;
use maps_sdk::testing::kube::{self, Verb};
use maps_sdk::testing::{lines, set_now};

use super::fake::{Fake, healthy, verbs};
use super::*;

fn made(fake: &Fake, inputs: &Value) -> types::Resource {
    let begun = pending(CLUSTER.create(inputs, None));
    fake.says("Cluster/db", healthy(u32::try_from(inputs["instances"].as_u64().unwrap()).unwrap()));
    done(CLUSTER.create(inputs, Some(&begun.checkpoint)))
}

#[test]
fn a_database_is_done_when_it_is_healthy() {
    let fake = Fake::start();
    let inputs = database(&json!({
        "image": "ghcr.io/cloudnative-pg/postgresql:17.5", "synchronous": {"number": 1},
        "bootstrap": {"initdb": {"database": "maps", "owner": "maps", "secret": "credentials"}},
        "superuser": {"enabled": true},
    }));
    assert_eq!(inputs["parameters"]["max_connections"], "100", "settings are texts");
    let begun = pending(CLUSTER.create(&inputs, None));
    assert!(begun.note.unwrap().contains("CloudNativePG has not looked at it yet"));
    let calls = kube::calls();
    assert_eq!(verbs(), [Verb::Get, Verb::Apply]);
    let applied = &calls[1].object;
    assert_eq!(
        (applied["kind"].as_str(), applied["apiVersion"].as_str()),
        (Some("Cluster"), Some("postgresql.cnpg.io/v1"))
    );
    assert_eq!(applied["metadata"]["annotations"]["maps.dev/token"], TOKEN);
    let spec = json!({
        "instances": 2, "imageName": "ghcr.io/cloudnative-pg/postgresql:17.5", "enableSuperuserAccess": true,
        "storage": {"size": "10Gi"},
        "postgresql": {"parameters": {"max_connections": "100"}, "synchronous": {"method": "any", "number": 1}},
        "bootstrap": {"initdb": {"database": "maps", "owner": "maps", "secret": {"name": "credentials"}}},
    });
    assert_eq!(applied["spec"], spec);

    let setting_up =
        json!({"phase": "Setting up primary", "phaseReason": "Creating primary instance db-1", "instances": 1});
    fake.says("Cluster/db", setting_up);
    let again = pending(CLUSTER.create(&inputs, Some(&begun.checkpoint)));
    let note = again.note.unwrap();
    assert!(note.contains("Setting up primary: Creating primary instance db-1, 0 of 2 instances are ready"), "{note}");
    assert_eq!(verbs().last(), Some(&Verb::Get), "nothing is applied twice, and nobody else is asked so soon");

    fake.says("Cluster/db", healthy(1));
    let fewer = pending(CLUSTER.create(&inputs, Some(&again.checkpoint)));
    assert!(fewer.note.unwrap().contains("1 of 2 instances are ready"));
    fake.says("Cluster/db", healthy(2));
    let object = done(CLUSTER.create(&inputs, Some(&fewer.checkpoint)));
    assert_eq!(object.id, "maps/db");
    let told = json!({
        "uid": "u1", "name": "db", "namespace": "maps", "phase": "Cluster in healthy state", "healthy": true,
        "primary": "db-1", "ready_instances": 2, "image": "ghcr.io/cloudnative-pg/postgresql:17.5", "write_host": "db-rw.maps.svc",
        "read_host": "db-r.maps.svc", "read_only_host": "db-ro.maps.svc", "port": 5432, "app_secret": "credentials",
        "superuser_secret": "db-superuser", "ca_secret": "db-ca",
    });
    assert_eq!(parsed(&object.outputs), told);
    assert_eq!(parsed(&object.inputs), inputs);
    let planned = CLUSTER.preview(&inputs, None).err().map(|problem| problem.code);
    assert_eq!(planned, None, "its own marks are on it");
}

#[test]
fn outputs_are_known_before_anything_is_made() {
    let fake = Fake::start();
    let planned = CLUSTER.preview(&database(&json!({})), None).unwrap();
    assert_eq!((&planned["write_host"], &planned["app_secret"]), (&json!("db-rw.maps.svc"), &json!("db-app")));
    assert_eq!(verbs(), [Verb::Get, Verb::DryRun], "the operator's own checks are tried");
    assert!(!fake.has("Cluster/db"));
    fake.forget_calls();
    let unknown = json!({"$unknown": true});
    let initdb = json!({"database": "a", "owner": "a", "secret": unknown});
    let inputs = database(&json!({"image": unknown, "bootstrap": {"initdb": initdb}}));
    let planned = CLUSTER.preview(&inputs, None).unwrap();
    assert_eq!((&planned["write_host"], planned.get("app_secret")), (&json!("db-rw.maps.svc"), None));
    assert_eq!(CLUSTER.preview(&database(&json!({"name": unknown})), None).unwrap(), json!({}));
    assert!(verbs().is_empty(), "what is not known is not tried");
}

#[test]
fn what_the_operator_would_refuse_is_told_in_the_plan() {
    let fake = Fake::start();
    fake.0.borrow_mut().refusal = Some((Class::Invalid, "invalid"));
    assert_eq!(CLUSTER.preview(&database(&json!({})), None).unwrap_err().code, "invalid");
    for (class, code) in [(Class::NotFound, "kind-unknown"), (Class::Unavailable, "internal-error")] {
        fake.0.borrow_mut().refusal = Some((class, code));
        assert!(CLUSTER.preview(&database(&json!({})), None).is_ok(), "{code}: it may come before, in the same plan");
    }
}

#[test]
fn a_database_of_another_is_never_taken_over() {
    let fake = Fake::start();
    let inputs = database(&json!({}));
    let object = made(&fake, &inputs);
    fake.change("Cluster/db", |live| live["metadata"]["annotations"]["maps.dev/token"] = json!("another"));
    let problem = failed(CLUSTER.create(&inputs, None));
    assert_eq!((problem.class, problem.code.as_str()), (Class::Conflict, "object-of-another"));
    fake.change("Cluster/db", |live| live["metadata"]["annotations"] = json!({}));
    let problem = CLUSTER.preview(&inputs, None).unwrap_err();
    assert!(problem.message.contains("made without maps"), "{}", problem.message);
    assert!(problem.help.unwrap().contains("import: maps/db"));
    assert!(CLUSTER.preview(&inputs, Some(&object)).is_ok(), "an imported one is ours");
}

#[test]
fn what_others_set_is_no_drift_and_what_they_change_is() {
    let fake = Fake::start();
    let inputs =
        database(&json!({"affinity": {"node_selector": {"pool": "a"}, "tolerations": [{"operator": "Exists"}]}}));
    let object = made(&fake, &inputs);
    fake.change("Cluster/db", |live| {
        // The operator's webhook fills these in.
        live["spec"]["postgresql"]["parameters"]["archive_mode"] = json!("on");
        live["spec"]["affinity"]["podAntiAffinityType"] = json!("preferred");
        live["spec"]["bootstrap"] = json!({"initdb": {"database": "app", "owner": "app"}});
        live["spec"]["enablePDB"] = json!(true);
    });
    assert_eq!(parsed(&CLUSTER.read(&object).unwrap().inputs), inputs);
    fake.change("Cluster/db", |live| {
        live["spec"]["instances"] = json!(3);
        live["spec"]["postgresql"]["parameters"]["max_connections"] = json!("200");
    });
    let drifted = parsed(&CLUSTER.read(&object).unwrap().inputs);
    assert_eq!((&drifted["instances"], &drifted["parameters"]["max_connections"]), (&json!(3), &json!("200")));
    let imported = parsed(&CLUSTER.import("maps/db").inputs);
    assert_eq!(imported["bootstrap"]["initdb"]["owner"], "app", "of an import all is told");
    assert_eq!(imported["wait"], true);
    fake.change("Cluster/db", |live| live["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z"));
    assert!(CLUSTER.read(&object).is_none());
    assert_eq!(failed(CLUSTER.create(&inputs, None)).class, Class::Unavailable);
}

#[test]
fn an_interrupted_create_is_found_and_gone_on_with() {
    let fake = Fake::start();
    let inputs = database(&json!({}));
    assert!(matches!(CLUSTER.find(&inputs), wire::FindOutcome::Absent));
    let _ = pending(CLUSTER.create(&inputs, None));
    let wire::FindOutcome::Unfinished(unfinished) = CLUSTER.find(&inputs) else { panic!("it is there") };
    fake.says("Cluster/db", healthy(2));
    let _ = done(CLUSTER.create(&inputs, Some(&unfinished.checkpoint)));
    assert!(matches!(CLUSTER.find(&inputs), wire::FindOutcome::Found(_)));
    fake.change("Cluster/db", |live| live["metadata"]["annotations"]["maps.dev/token"] = json!("another"));
    assert!(matches!(CLUSTER.find(&inputs), wire::FindOutcome::Absent));
}

#[test]
fn a_change_is_waited_for_even_where_all_was_healthy_before() {
    let fake = Fake::start();
    let object = made(&fake, &database(&json!({})));
    let wider = database(&json!({"parameters": {"max_connections": 200}}));
    let begun = pending(CLUSTER.update(&object, &wider, None));
    assert!(begun.note.unwrap().contains("has not looked at the change yet"));
    let _ = done(CLUSTER.update(&object, &wider, Some(&begun.checkpoint)));
    let newer =
        database(&json!({"parameters": {"max_connections": 200}, "image": "ghcr.io/cloudnative-pg/postgresql:17.6"}));
    let begun = pending(CLUSTER.update(&object, &newer, None));
    let old = pending(CLUSTER.update(&object, &newer, Some(&begun.checkpoint)));
    assert!(old.note.unwrap().contains("it still runs ghcr.io/cloudnative-pg/postgresql:17.5"));
    let kept = database(
        &json!({"parameters": {"max_connections": 200}, "image": "ghcr.io/cloudnative-pg/postgresql:17.6", "labels": {"a": "b"}, "wait": false}),
    );
    let _ = done(CLUSTER.update(&object, &kept, None));
}

#[test]
fn a_change_that_was_cut_off_is_waited_for_and_not_made_twice() {
    let fake = Fake::start();
    let _ = made(&fake, &database(&json!({})));
    let wider = database(&json!({"parameters": {"max_connections": 200}}));
    let _ = pending(CLUSTER.update(&CLUSTER.import("maps/db"), &wider, None));
    // Whoever begins again reads what was applied, and perhaps what the operator said before it saw that.
    let applied = CLUSTER.read(&types::Resource { inputs: wider.to_string(), ..CLUSTER.import("maps/db") }).unwrap();
    assert_eq!(parsed(&applied.inputs), wider);
    fake.forget_calls();
    let begun = pending(CLUSTER.update(&applied, &wider, None));
    assert!(begun.note.unwrap().contains("has not looked at the change yet"));
    fake.says("Cluster/db", json!({"phase": "Applying configuration", "instances": 2, "readyInstances": 1}));
    let on = pending(CLUSTER.update(&applied, &wider, Some(&begun.checkpoint)));
    fake.says("Cluster/db", healthy(2));
    let object = done(CLUSTER.update(&applied, &wider, Some(&on.checkpoint)));
    assert_eq!(parsed(&object.outputs)["ready_instances"], 2);
    assert!(verbs().iter().all(|verb| *verb == Verb::Get), "{:?}", verbs());
}

#[test]
fn a_database_that_is_to_sleep_is_done_when_it_does() {
    let fake = Fake::start();
    let object = made(&fake, &database(&json!({})));
    let asleep = database(&json!({"annotations": {"cnpg.io/hibernation": "on"}}));
    let begun = pending(CLUSTER.update(&object, &asleep, None));
    let said = |state: &str, reason: &str| {
        let condition = json!({"type": "cnpg.io/hibernation", "status": state, "reason": reason});
        json!({"phase": "Cluster in healthy state", "instances": 2, "readyInstances": 0, "conditions": [condition]})
    };
    fake.says("Cluster/db", said("False", "DeletingPods"));
    let on = pending(CLUSTER.update(&object, &asleep, Some(&begun.checkpoint)));
    assert!(on.note.unwrap().contains("it is not asleep yet: DeletingPods"));
    fake.says("Cluster/db", said("True", "Hibernated"));
    let object = done(CLUSTER.update(&object, &asleep, Some(&on.checkpoint)));
    assert_eq!(parsed(&object.outputs)["healthy"], true);
}

#[test]
fn plugins_of_the_operator_stand_where_it_looks_for_them() {
    let _fake = Fake::start();
    let barman = json!({"name": "barman-cloud.cloudnative-pg.io", "parameters": {"barmanObjectName": "store"}});
    let mut archiver = barman.clone();
    archiver["is_wal_archiver"] = json!(true);
    let inputs = database(&json!({
        "plugins": [archiver], "bootstrap": {"pg_basebackup": {"source": "old", "database": "maps", "owner": "maps"}},
        "external_clusters": [{
            "name": "old", "plugin": barman, "connection_parameters": {"host": "old-rw", "port": 5432},
            "password": {"name": "old", "key": "password"},
        }],
    }));
    let _ = pending(CLUSTER.create(&inputs, None));
    let spec = kube::calls().pop().unwrap().object["spec"].clone();
    let mut written = barman.clone();
    written["isWALArchiver"] = json!(true);
    assert_eq!(spec["plugins"], json!([written]));
    let source = json!([{
        "name": "old", "plugin": barman, "connectionParameters": {"host": "old-rw", "port": "5432"},
        "password": {"name": "old", "key": "password"},
    }]);
    assert_eq!(spec["externalClusters"], source);
    let begins = json!({"pg_basebackup": {"source": "old", "database": "maps", "owner": "maps"}});
    assert_eq!(spec["bootstrap"], begins);

    let backup =
        json!({"name": "one", "namespace": "maps", "cluster": "db", "method": "plugin", "plugin": {"name": "barman"}});
    let _ = pending(BACKUP.create(&checked("backup", &backup), None));
    let spec = kube::calls().pop().unwrap().object["spec"].clone();
    assert_eq!((&spec["method"], &spec["pluginConfiguration"]), (&json!("plugin"), &json!({"name": "barman"})));
}

#[test]
fn what_is_set_no_more_is_taken_away() {
    let fake = Fake::start();
    let object = made(&fake, &database(&json!({"description": "old", "log_level": "debug"})));
    fake.forget_calls();
    let _ = CLUSTER.update(&object, &database(&json!({"log_level": "debug"})), None);
    assert_eq!(verbs(), [Verb::Get, Verb::Apply]);
    assert!(kube::calls()[1].object["spec"].get("description").is_none());
}

#[test]
fn one_that_does_not_get_healthy_says_why() {
    let fake = Fake::start();
    let inputs = database(&json!({"timeout": "2m"}));
    let begun = pending(CLUSTER.create(&inputs, None));
    fake.says("Cluster/db", json!({"phase": "Setting up primary", "phaseReason": "Creating primary instance db-1"}));
    let unscheduled =
        json!({"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"});
    fake.0.borrow_mut().lists.insert("Pod".into(), json!([
        {"metadata": {"name": "db-1"}, "status": {"phase": "Pending", "conditions": [unscheduled]}},
        {"metadata": {"name": "db-2"}, "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}},
    ]));
    let event = |name: &str, time: &str| json!({"involvedObject": {"kind": "Cluster", "name": name}, "reason": "Missing", "message": "no Secret", "lastTimestamp": time});
    fake.0.borrow_mut().lists.insert(
        "Event".into(),
        json!([event("db", "2026-01-01"), event("db", "2026-01-02"), event("dbx", "2026-01-03")]),
    );
    set_now(65_000);
    let halfway = pending(CLUSTER.create(&inputs, Some(&begun.checkpoint)));
    set_now(130_000);
    let problem = failed(CLUSTER.create(&inputs, Some(&halfway.checkpoint)));
    set_now(0);
    assert_eq!((problem.class, problem.code.as_str()), (Class::Internal, "timed-out"));
    let said = "Cluster maps/db is not ready within 120s: Setting up primary: Creating primary instance db-1, 0 of 2 instances are ready; \
                Pod db-1: Unschedulable: 0/3 nodes; Cluster db: Missing: no Secret";
    assert_eq!(problem.message, said);
    for phase in [
        "Cluster is in an unrecoverable state, needs manual intervention",
        "Cluster is unrecoverable and needs manual intervention",
    ] {
        fake.says("Cluster/db", json!({"phase": phase}));
        assert_eq!(failed(CLUSTER.create(&inputs, Some(&begun.checkpoint))).code, "not-recoverable", "{phase}");
    }
}

#[test]
fn a_deleted_database_is_gone_when_its_volumes_are() {
    let fake = Fake::start();
    let object = made(&fake, &database(&json!({})));
    let claim = |uid: &str| json!({"metadata": {"name": format!("of-{uid}"), "ownerReferences": [{"uid": uid}]}});
    fake.0.borrow_mut().lists.insert("PersistentVolumeClaim".into(), json!([claim("u1"), claim("other")]));
    let wire::DeleteOutcome::Pending(left) = CLUSTER.delete(&object, None) else { panic!("a claim is left") };
    assert_eq!(left.note.unwrap(), "Cluster maps/db waits for PersistentVolumeClaim of-u1");
    assert!(
        lines().iter().any(|line| line.contains("goes with its volumes, and there are no backups of it")),
        "{:?}",
        lines()
    );
    assert!(!fake.has("Cluster/db"));
    fake.0.borrow_mut().lists.clear();
    assert!(matches!(CLUSTER.delete(&object, Some(&left.checkpoint)), wire::DeleteOutcome::Done));
    assert!(matches!(CLUSTER.delete(&object, None), wire::DeleteOutcome::Done), "what is gone is done");
}

#[test]
fn another_of_the_name_is_not_deleted() {
    let fake = Fake::start();
    let object = made(&fake, &database(&json!({})));
    fake.change("Cluster/db", |live| live["metadata"]["uid"] = json!("another"));
    assert!(matches!(CLUSTER.delete(&object, None), wire::DeleteOutcome::Done));
    assert!(fake.has("Cluster/db"));
    fake.change("Cluster/db", |live| live["metadata"]["uid"] = json!("u1"));
    fake.0.borrow_mut().holds = true;
    let wire::DeleteOutcome::Pending(held) = CLUSTER.delete(&object, None) else { panic!("it is held") };
    assert!(held.note.unwrap().contains("what is its own"));
}

#[test]
fn a_schedule_is_done_at_once_and_a_backup_when_it_is_made() {
    let fake = Fake::start();
    let schedule = json!({"name": "daily", "namespace": "maps", "cluster": "db", "schedule": "0 0 2 * * *", "backup_owner_reference": "self"});
    let schedule = checked("scheduled-backup", &schedule);
    let object = done(SCHEDULE.create(&schedule, None));
    let spec = json!({
        "cluster": {"name": "db"}, "schedule": "0 0 2 * * *", "immediate": false, "suspend": false,
        "method": "barmanObjectStore", "backupOwnerReference": "self",
    });
    assert_eq!(kube::calls().last().unwrap().object["spec"], spec);
    fake.says("ScheduledBackup/daily", json!({"lastScheduleTime": "2026-01-01T02:00:00Z"}));
    let read = SCHEDULE.read(&object).unwrap();
    assert_eq!(parsed(&read.outputs)["last_schedule"], "2026-01-01T02:00:00Z");
    assert_eq!(parsed(&read.inputs), schedule);
    assert!(matches!(SCHEDULE.delete(&object, None), wire::DeleteOutcome::Done));

    let backup = checked("backup", &json!({"name": "one", "namespace": "maps", "cluster": "db"}));
    let begun = pending(BACKUP.create(&backup, None));
    fake.says("Backup/one", json!({"phase": "failed", "error": "AccessDenied"}));
    let problem = failed(BACKUP.create(&backup, Some(&begun.checkpoint)));
    assert!(problem.message.contains("the backup failed: AccessDenied"), "{}", problem.message);
    fake.says("Backup/one", json!({"phase": "completed", "backupId": "20260101T020000"}));
    let object = done(BACKUP.create(&backup, Some(&begun.checkpoint)));
    assert_eq!(parsed(&object.outputs)["backup_id"], "20260101T020000");
}

#[test]
fn a_cluster_without_the_operator_is_told() {
    let fake = Fake::start();
    fake.0.borrow_mut().refusal = Some((Class::NotFound, "kind-unknown"));
    let problem = failed(CLUSTER.create(&database(&json!({})), None));
    assert!(problem.help.unwrap().contains("CloudNativePG"), "who reads it learns what to do");
}
