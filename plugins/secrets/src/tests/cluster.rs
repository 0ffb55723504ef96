//! Stores and external secrets: applied, awaited, read back, deleted.

use std::cell::RefCell;
use std::collections::BTreeMap;

use maps_sdk::testing::kube::{self, KubeCall, Verb};

use super::*;

const STORE: Of = Of("secret-store");
const EXTERNAL: Of = Of("external-secret");

thread_local! {
    static OBJECTS: RefCell<BTreeMap<String, Value>> = const { RefCell::new(BTreeMap::new()) };
}

/// A cluster that keeps what is applied, and whose operator says this of everything.
fn cluster(says: Option<(&'static str, &'static str, &'static str)>) {
    let key = |call: &KubeCall| format!("{}/{}", call.kind, call.name);
    kube::cluster(move |call| {
        OBJECTS.with_borrow_mut(|objects| match call.verb {
            Verb::Apply => {
                let mut object = call.object.clone();
                object["metadata"]["uid"] = json!("u1");
                if let (Some((status, reason, message)), true) = (says, call.kind != "Secret") {
                    let ready = json!({"type": "Ready", "status": status, "reason": reason, "message": message});
                    object["status"] = json!({"conditions": [ready]});
                }
                objects.insert(key(call), object.clone());
                Ok(object)
            }
            Verb::Get => Ok(objects.get(&key(call)).cloned().unwrap_or_default()),
            Verb::Delete => Ok(json!(if objects.remove(&key(call)).is_some() { "gone" } else { "absent" })),
            other => panic!("not expected: {other:?}"),
        })
    });
}

fn store() -> Value {
    let key = json!({"access_key_id": sealed("id"), "secret_access_key": sealed("secret")});
    let mut inputs = json!({"name": "postgres", "namespace": "maps", "region": "eu-central-1"});
    inputs.as_object_mut().unwrap().extend(key.as_object().unwrap().clone());
    checked("secret-store", &inputs)
}

fn external() -> Value {
    let data = json!({"password": "/maps/postgres/password"});
    checked("external-secret", &json!({"name": "db", "namespace": "maps", "store": "postgres", "data": data}))
}

#[test]
fn a_store_is_its_credentials_and_itself_and_done_when_it_is_ready() {
    cluster(Some(("True", "Valid", "store validated")));
    let made = done(STORE.create(&store(), None));
    assert_eq!((made.id.as_str(), parsed(&made.outputs)), ("maps/postgres", json!({"uid": "u1"})));
    let calls = kube::calls();
    let order: Vec<(&str, &[u32])> = calls.iter().map(|call| (call.kind.as_str(), call.items.as_slice())).collect();
    assert_eq!(order, [("Secret", &[0][..]), ("SecretStore", &[0][..])]);
    let data = json!({"access-key-id": sealed("id"), "secret-access-key": sealed("secret")});
    assert_eq!(calls[0].object["data"], data, "the host opens the values, not the plugin");
    let auth = &calls[1].object["spec"]["provider"]["aws"]["auth"]["secretRef"];
    assert_eq!(auth["secretAccessKeySecretRef"], json!({"name": "postgres", "key": "secret-access-key"}));
    let marks = &calls[1].object["metadata"]["annotations"];
    assert_eq!(marks["maps.dev/token"], TOKEN);

    let read = found(STORE.read(&made));
    assert_eq!(parsed(&read.inputs), store());
    assert!(matches!(STORE.find(&store(), None), wire::FindOutcome::Found(_)));
    assert!(matches!(STORE.delete(&made), wire::DeleteOutcome::Done));
    assert!(matches!(STORE.read(&made), wire::ReadOutcome::Absent));
}

#[test]
fn what_is_not_ready_is_asked_after_and_not_applied_again() {
    cluster(Some(("False", "SecretSyncedError", "could not get secret data from provider")));
    let begun = pending(EXTERNAL.create(&external(), None));
    let note = begun.note.clone().unwrap();
    assert!(note.contains("SecretSyncedError: could not get secret data from provider"), "{note}");
    let again = pending(EXTERNAL.create(&external(), Some(&begun.checkpoint)));
    let waited = |pending: &wire::Pending| parsed(&pending.checkpoint)["waited_ms"].as_u64().unwrap();
    assert_eq!((waited(&begun), waited(&again)), (2_000, 4_000));
    let verbs: Vec<Verb> = kube::calls().iter().map(|call| call.verb).collect();
    assert_eq!(verbs, [Verb::Apply, Verb::Get]);
    let late = failed(EXTERNAL.create(&external(), Some(r#"{"waited_ms": 300000}"#)));
    assert_eq!(late.code, "timed-out");
    assert!(late.message.contains("maps/db is not ready within 5m: SecretSyncedError"), "{}", late.message);
}

#[test]
fn an_external_secret_names_the_secret_that_it_keeps() {
    cluster(Some(("True", "SecretSynced", "secret synced")));
    let made = done(EXTERNAL.create(&external(), None));
    assert_eq!(parsed(&made.outputs), json!({"uid": "u1", "secret": "db"}));
    let spec = &kube::calls()[0].object["spec"];
    let remote = json!([{"secretKey": "password", "remoteRef": {"key": "/maps/postgres/password"}}]);
    assert_eq!((&spec["data"], &spec["refreshInterval"]), (&remote, &json!("1h")));
    // The server tells durations in its own words.
    OBJECTS.with_borrow_mut(|objects| {
        objects.get_mut("ExternalSecret/db").unwrap()["spec"]["refreshInterval"] = json!("1h0m0s");
    });
    assert_eq!(parsed(&found(EXTERNAL.read(&made)).inputs), external());
}

#[test]
fn a_template_adds_keys_to_those_that_are_read() {
    cluster(Some(("True", "SecretSynced", "secret synced")));
    let mut wanted = external();
    wanted["type"] = json!("kubernetes.io/basic-auth");
    wanted["template"] = json!({"username": "maps", "url": "maps:{{ .password }}@db"});
    let wanted = checked("external-secret", &wanted);
    let made = done(EXTERNAL.create(&wanted, None));
    let target = kube::calls()[0].object["spec"]["target"].clone();
    assert_eq!(target["template"]["mergePolicy"], "Merge", "what is read stays");
    assert_eq!(target["template"]["data"], wanted["template"]);
    assert_eq!(target["template"]["type"], "kubernetes.io/basic-auth");
    assert_eq!(parsed(&found(EXTERNAL.read(&made)).inputs), wanted);
}

#[test]
fn a_cluster_without_the_operator_is_told() {
    kube::cluster(|call| match call.kind.as_str() {
        "Secret" => Ok(call.object.clone()),
        _ => Err(refusal(Class::NotFound, "kind-unknown")),
    });
    let problem = failed(STORE.create(&store(), None));
    assert_eq!(problem.code, "kind-unknown");
    assert!(problem.help.unwrap().contains("External Secrets"), "who reads it learns what to do");
    let prior = resource("maps/db", &external(), &json!({"uid": "u1", "secret": "db"}));
    assert!(matches!(EXTERNAL.read(&prior), wire::ReadOutcome::Absent), "without its kind there is no object");
    assert!(matches!(EXTERNAL.delete(&prior), wire::DeleteOutcome::Done));
}

#[test]
fn inputs_that_no_cluster_takes_are_told_before() {
    let wrong = json!({"name": "Db", "namespace": "maps", "store": "s", "refresh": "soon", "data": {}, "template": {"a b": ""}});
    let codes: Vec<String> = check("external-secret", &wrong).unwrap_err().into_iter().map(|(code, _)| code).collect();
    assert_eq!(codes, ["bad-name", "no-data", "bad-key", "bad-duration"]);
}
