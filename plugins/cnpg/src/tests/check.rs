//! What `check` refuses, and where.

use super::*;

fn refuses(kind: &str, good: &Value, cases: &[(Value, &str, &str)]) {
    assert!(check(kind, good).is_ok(), "{:?}", check(kind, good));
    for (change, code, path) in cases {
        let mut inputs = good.clone();
        merge(&mut inputs, change);
        assert_eq!(check(kind, &inputs), Err(vec![((*code).to_owned(), (*path).to_owned())]), "{change}");
    }
}

fn good() -> Value {
    json!({"name": "db", "namespace": "maps", "instances": 3, "storage": {"size": "100Gi"}})
}

#[test]
fn databases() {
    refuses(
        "cluster",
        &good(),
        &[
            (json!({"name": "Db"}), "bad-name", "name"),
            (json!({"name": "1db"}), "bad-name", "name"),
            (json!({"name": "a".repeat(51)}), "bad-name", "name"),
            (json!({"namespace": "a.b"}), "bad-namespace", "namespace"),
            (json!({"instances": 0}), "no-instance", "instances"),
            (json!({"instances": -1}), "wrong-shape", "instances"),
            (json!({"image": "postgres"}), "bad-image", "image"),
            (json!({"image": "postgres:latest"}), "bad-image", "image"),
            (json!({"synchronous": {"number": 0}}), "no-standby", "synchronous.number"),
            (json!({"synchronous": {"number": 3}}), "too-few-instances", "synchronous.number"),
            (
                json!({"synchronous": {"data_durability": "preferred", "standby_names_pre": ["x"]}}),
                "other-standbys",
                "synchronous.data_durability",
            ),
            (json!({"storage": {"size": "100GB"}}), "bad-size", "storage.size"),
            (json!({"storage": {"size": "0"}}), "bad-size", "storage.size"),
            (json!({"storage": {"size": "1Gi", "class": ""}}), "empty", "storage.class"),
            (json!({"wal_storage": {"size": "lots"}}), "bad-size", "wal_storage.size"),
            (json!({"storage": null}), "wrong-shape", "storage"),
            (json!({"wal": {"retention": "7d"}}), "wrong-shape", "wal"),
            (json!({"resources": {"requests": {"cpu": "one"}}}), "bad-quantity", "resources.requests.cpu"),
            (
                json!({"resources": {"requests": {"cpu": 2}, "limits": {"cpu": "1500m"}}}),
                "more-than-the-limit",
                "resources.requests.cpu",
            ),
            (
                json!({"resources": {"requests": {"memory": "128Mi"}}, "parameters": {"shared_buffers": "256MB"}}),
                "less-than-the-buffers",
                "resources.requests.memory",
            ),
            (json!({"superuser": {"enabled": false, "secret": "a"}}), "superuser-off", "superuser.secret"),
            (
                json!({"primary_update_strategy": "supervised", "instances": 1}),
                "one-instance",
                "primary_update_strategy",
            ),
            (json!({"timeout": "soon"}), "bad-duration", "timeout"),
            (json!({"labels": {"maps.dev/x": "y"}}), "reserved-key", "labels.maps.dev/x"),
            (
                json!({"annotations": {"cnpg.io/hibernation": "yes"}}),
                "bad-hibernation",
                "annotations.cnpg.io/hibernation",
            ),
            (
                json!({"affinity": {"tolerations": [{"effect": "NoSchedule"}]}}),
                "no-key",
                "affinity.tolerations[0].operator",
            ),
            (
                json!({"affinity": {"tolerations": [{"key": "a", "operator": "Exists", "value": "b"}]}}),
                "value-unused",
                "affinity.tolerations[0].value",
            ),
            (
                json!({"affinity": {"tolerations": [{"key": "a", "seconds": 5}]}}),
                "seconds-unused",
                "affinity.tolerations[0].seconds",
            ),
            (json!({"managed_roles": [{"name": "postgres"}]}), "reserved-role", "managed_roles[0].name"),
            (json!({"managed_roles": [{"name": "a"}, {"name": "a"}]}), "role-twice", "managed_roles[1].name"),
            (
                json!({"managed_roles": [{"name": "a", "connection_limit": -2}]}),
                "bad-number",
                "managed_roles[0].connection_limit",
            ),
        ],
    );
}

#[test]
fn parameters() {
    let with = |name: &str, value: Value| json!({"parameters": {name: value}});
    refuses(
        "cluster",
        &good(),
        &[
            (with("archive_mode", json!("on")), "fixed-parameter", "parameters.archive_mode"),
            (with("port", json!(5433)), "fixed-parameter", "parameters.port"),
            (with("shared_preload_libraries", json!("a")), "fixed-parameter", "parameters.shared_preload_libraries"),
            (with("synchronous_standby_names", json!("*")), "fixed-parameter", "parameters.synchronous_standby_names"),
            (with("shared_buffers", json!("256M")), "bad-size", "parameters.shared_buffers"),
            (with("min_wal_size", json!("2GB")), "bad-wal-size", "parameters.min_wal_size"),
            (with("max_wal_size", json!("64MB")), "bad-wal-size", "parameters.max_wal_size"),
            (
                json!({"parameters": {"max_wal_size": "4GB"}, "wal_storage": {"size": "2Gi"}}),
                "bad-wal-size",
                "parameters.max_wal_size",
            ),
            (with("wal_level", json!("much")), "bad-wal-level", "parameters.wal_level"),
            (with("wal_level", json!("minimal")), "bad-wal-level", "parameters.wal_level"),
            (with("wal_log_hints", json!(false)), "bad-wal-hints", "parameters.wal_log_hints"),
            (with("wal_log_hints", json!("perhaps")), "bad-truth", "parameters.wal_log_hints"),
            (with("max_connections", json!(["100"])), "wrong-shape", "parameters.max_connections"),
        ],
    );
    let mut all = good();
    all["parameters"] = json!({"max_connections": 100, "jit": false, "random_page_cost": 1.1, "huge_pages": "try"});
    let texts = json!({"max_connections": "100", "jit": "off", "random_page_cost": "1.1", "huge_pages": "try"});
    assert_eq!(checked("cluster", &all)["parameters"], texts);
}

#[test]
fn beginnings() {
    let with = |bootstrap: Value| json!({"bootstrap": bootstrap});
    let target = |target: Value| json!({"bootstrap": {"recovery": {"backup": "b", "target": target}}});
    const TARGET: &str = "bootstrap.recovery.target";
    refuses(
        "cluster",
        &good(),
        &[
            (with(json!({})), "no-bootstrap", "bootstrap"),
            (with(json!({"initdb": {}, "recovery": {"backup": "b"}})), "two-bootstraps", "bootstrap"),
            (with(json!({"initdb": {"database": "a"}})), "no-owner", "bootstrap.initdb.owner"),
            (with(json!({"initdb": {"owner": "a"}})), "no-database", "bootstrap.initdb.database"),
            (with(json!({"initdb": {"secret": ""}})), "empty", "bootstrap.initdb.secret"),
            (with(json!({"initdb": {"wal_segment_size": 24}})), "bad-segment", "bootstrap.initdb.wal_segment_size"),
            (with(json!({"initdb": {"locale": "C", "locale_ctype": "C"}})), "two-locales", "bootstrap.initdb.locale"),
            (with(json!({"recovery": {}})), "no-source", "bootstrap.recovery"),
            (with(json!({"recovery": {"backup": "b", "source": "s"}})), "two-sources", "bootstrap.recovery"),
            (with(json!({"recovery": {"source": "s"}})), "unknown-source", "bootstrap.recovery.source"),
            (with(json!({"pg_basebackup": {"source": "s"}})), "unknown-source", "bootstrap.pg_basebackup.source"),
            (
                json!({
                    "bootstrap": {"recovery": {"source": "s"}},
                    "external_clusters": [{"name": "s", "connection_parameters": {"host": "h"}}],
                }),
                "no-backups",
                "bootstrap.recovery.source",
            ),
            (
                json!({
                    "bootstrap": {"pg_basebackup": {"source": "s"}}, "external_clusters": [{"name": "s", "plugin": {"name": "p"}}],
                }),
                "no-connection",
                "bootstrap.pg_basebackup.source",
            ),
            (json!({"external_clusters": [{"name": "s"}]}), "no-way-there", "external_clusters[0]"),
            (target(json!({"time": "2026-01-01", "lsn": "0/3"})), "two-targets", TARGET),
            (target(json!({"time": "yesterday"})), "bad-time", "bootstrap.recovery.target.time"),
            (target(json!({"lsn": "3000028"})), "bad-lsn", "bootstrap.recovery.target.lsn"),
            (target(json!({"name": "before"})), "no-backup-id", "bootstrap.recovery.target.backup_id"),
            (target(json!({"timeline": 0})), "bad-timeline", "bootstrap.recovery.target.timeline"),
        ],
    );
    let mut whole = good();
    whole["bootstrap"] = json!({"recovery": {"backup": "b", "target": {"xid": 12, "backup_id": "20260101T000000", "timeline": "latest"}}});
    assert_eq!(checked("cluster", &whole)["bootstrap"]["recovery"]["target"]["xid"], "12");
}

#[test]
fn backups() {
    let key = |name: &str| json!({"name": "keys", "key": name});
    let store = |change: &Value| {
        let mut store = json!({
            "destination": "s3://bucket/postgres",
            "credentials": {"access_key_id": key("ID"), "secret_access_key": key("SECRET")},
        });
        merge(&mut store, change);
        store
    };
    let with = |change: Value| json!({"backup": {"object_store": store(&change)}});
    const AT: &str = "backup.object_store";
    let cases = [
        (with(json!({"destination": "bucket/postgres"})), "bad-destination", format!("{AT}.destination")),
        (with(json!({"destination": "s3://"})), "bad-destination", format!("{AT}.destination")),
        (with(json!({"endpoint": "fra1.digitaloceanspaces.com"})), "bad-endpoint", format!("{AT}.endpoint")),
        (with(json!({"credentials": {}})), "no-credentials", format!("{AT}.credentials")),
        (with(json!({"credentials": {"access_key_id": key("ID")}})), "no-credentials", format!("{AT}.credentials")),
        (
            with(json!({"credentials": {"access_key_id": key("ID"), "inherit_from_iam_role": true}})),
            "two-credentials",
            format!("{AT}.credentials"),
        ),
        (
            with(json!({"credentials": {"access_key_id": key(""), "secret_access_key": key("S")}})),
            "empty",
            format!("{AT}.credentials.access_key_id.key"),
        ),
        (with(json!({"wal": {"max_parallel": 0}})), "bad-number", format!("{AT}.wal.max_parallel")),
        (with(json!({"data": {"jobs": 0}})), "bad-number", format!("{AT}.data.jobs")),
        (with(json!({"data": {"compression": "zstd"}})), "wrong-shape", format!("{AT}.data.compression")),
        (
            json!({"backup": {"object_store": store(&json!({})), "retention": "0d"}}),
            "bad-retention",
            "backup.retention".to_owned(),
        ),
        (
            json!({"external_clusters": [{"name": "a", "object_store": store(&json!({}))}, {"name": "a", "object_store": store(&json!({}))}]}),
            "cluster-twice",
            "external_clusters[1].name".to_owned(),
        ),
        (
            json!({"plugins": [{"name": "a", "is_wal_archiver": true}], "backup": {"object_store": store(&json!({}))}}),
            "two-archives",
            "plugins[0].is_wal_archiver".to_owned(),
        ),
        (json!({"plugins": [{"name": "a"}, {"name": "a"}]}), "plugin-twice", "plugins[1].name".to_owned()),
        (json!({"plugins": [{"name": ""}]}), "empty", "plugins[0].name".to_owned()),
        (
            json!({
                "bootstrap": {"recovery": {"source": "old"}}, "backup": {"object_store": store(&json!({"server_name": "old"}))},
                "external_clusters": [{"name": "old", "object_store": store(&json!({}))}],
            }),
            "same-archive",
            "backup.object_store.server_name".to_owned(),
        ),
    ];
    let cases: Vec<(Value, &str, &str)> =
        cases.iter().map(|(change, code, path)| (change.clone(), *code, path.as_str())).collect();
    refuses("cluster", &good(), &cases);
    refuses(
        "scheduled-backup",
        &json!({"name": "daily", "namespace": "maps", "cluster": "db", "schedule": "0 0 2 * * *"}),
        &[
            (json!({"schedule": "0 2 * * *"}), "bad-schedule", "schedule"),
            (json!({"name": "Daily"}), "bad-name", "name"),
            (json!({"cluster": ""}), "bad-name", "cluster"),
            (json!({"backup_owner_reference": "me"}), "wrong-shape", "backup_owner_reference"),
            (json!({"method": "plugin"}), "no-plugin", "plugin"),
            (json!({"plugin": {"name": "a"}}), "plugin-unused", "method"),
        ],
    );
    refuses(
        "backup",
        &json!({"name": "one", "namespace": "maps", "cluster": "db"}),
        &[(json!({"timeout": ""}), "bad-duration", "timeout"), (json!({"method": "tape"}), "wrong-shape", "method")],
    );
}

#[test]
fn what_is_not_known_yet_is_no_fault() {
    let unknown = json!({"$unknown": true});
    let mut inputs = good();
    inputs["instances"] = unknown.clone();
    inputs["synchronous"] = json!({"number": 2});
    inputs["storage"] = json!({"size": unknown, "class": "a"});
    inputs["parameters"] = json!({"shared_buffers": unknown});
    inputs["bootstrap"] = json!({"initdb": {"database": "a", "owner": unknown, "secret": unknown}});
    assert_eq!(checked("cluster", &inputs)["parameters"]["shared_buffers"], unknown);
}
