//! What of a database that is there cannot be changed.

use super::fake::Fake;
use super::*;

fn there(inputs: &Value) -> types::Resource {
    let _ = CLUSTER.create(inputs, None);
    types::Resource { id: "maps/db".into(), inputs: inputs.to_string(), outputs: json!({"uid": "u1"}).to_string() }
}

#[test]
fn changes_that_would_be_refused_or_do_nothing() {
    let old = json!({
        "image": "pg:17.1", "storage": {"size": "10Gi", "class": "fast"}, "wal_storage": {"size": "2Gi"},
        "bootstrap": {"initdb": {"database": "maps", "owner": "maps", "secret": "one", "post_init_sql": ["select 1"]}},
        "parameters": {"wal_level": "logical"},
    });
    let with = |change: &Value| {
        let mut all = old.clone();
        merge(&mut all, change);
        database(&all)
    };
    let initdb = |change: &Value| {
        let mut initdb = old["bootstrap"]["initdb"].clone();
        merge(&mut initdb, change);
        json!({"bootstrap": {"initdb": initdb}})
    };
    let switchover = |image: &str, parameters: Value| json!({"primary_update_method": "switchover", "image": image, "parameters": parameters});
    let cases = [
        (json!({"storage": {"size": "9Gi", "class": "fast"}}), Err("volume-shrinks")),
        (json!({"storage": {"size": "20Gi", "class": "fast"}}), Ok(())),
        (json!({"storage": {"size": "10Gi", "class": "slow"}}), Err("class-stays")),
        (json!({"storage": {"size": "10Gi"}}), Ok(())),
        (json!({"wal_storage": null}), Err("volume-stays")),
        (json!({"wal_storage": {"size": "1.5Gi"}}), Err("volume-shrinks")),
        (json!({"image": "pg:16.9"}), Err("version-goes-back")),
        (json!({"image": "pg:17.0"}), Ok(())),
        (switchover("pg:18.1", json!({"wal_level": "replica"})), Err("image-and-parameters")),
        (json!({"image": "pg:18.1", "parameters": {"wal_level": "replica"}}), Ok(())),
        (json!({"parameters": {"wal_level": "replica"}}), Ok(())),
        (initdb(&json!({"database": "other"})), Err("bootstrap-is-over")),
        (initdb(&json!({"post_init_sql": ["select 2"]})), Err("bootstrap-is-over")),
        (initdb(&json!({"encoding": "LATIN1"})), Err("bootstrap-is-over")),
        (initdb(&json!({"post_init_sql": null})), Ok(())),
        (initdb(&json!({"secret": "two"})), Ok(())),
        (json!({"bootstrap": {"recovery": {"backup": "b"}}}), Err("bootstrap-is-over")),
        (json!({"bootstrap": null}), Ok(())),
        (initdb(&json!({"owner": {"$unknown": true}, "post_init_sql": [{"$unknown": true}]})), Ok(())),
        (initdb(&json!({"secret": "two", "owner": "other"})), Err("bootstrap-is-over")),
        (switchover("pg:17.2", json!({"wal_level": {"$unknown": true}})), Ok(())),
        (switchover("pg:17.2", json!({})), Err("image-and-parameters")),
        (json!({"instances": 5}), Ok(())),
        (json!({"name": "another", "storage": {"size": "1Gi"}}), Ok(())),
    ];
    for (change, expected) in cases {
        let _fake = Fake::start();
        let prior = there(&database(&old));
        let told = CLUSTER.preview(&with(&change), Some(&prior));
        match expected {
            Ok(()) => assert!(told.is_ok(), "{change}: {told:?}"),
            Err(code) => {
                let problem = told.unwrap_err();
                assert_eq!(problem.code, code, "{change}");
                assert!(problem.path.is_some() && problem.help.is_some(), "{change}: {problem:?}");
            }
        }
    }
}

#[test]
fn a_log_that_is_read_cannot_be_shortened() {
    let _fake = Fake::start();
    let of = |level: &str| {
        database(&json!({
            "instances": 1, "annotations": {"cnpg.io/skipWalArchiving": "enabled"},
            "parameters": {"wal_level": level, "max_wal_senders": "0"},
        }))
    };
    let prior = there(&of("replica"));
    assert_eq!(CLUSTER.preview(&of("minimal"), Some(&prior)).unwrap_err().code, "log-level-falls");
}
