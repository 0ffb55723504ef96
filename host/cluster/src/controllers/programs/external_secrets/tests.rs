//! Lives of ExternalSecrets.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::controllers::api::Api;
use crate::controllers::testing::Memory;
use crate::controllers::{Controllers, settle};

fn begin() -> (Memory, Controllers) {
    let mut api = Memory::default();
    api.make(json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "external-secrets", "namespace": "es"},
        "status": {"availableReplicas": 1},
    }));
    (api, Controllers::only(vec![Box::new(Operator::default())]))
}

fn external(store: &str) -> Value {
    json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
        "metadata": {"name": "db", "namespace": "a", "labels": {"l": "1"}},
        "spec": {
            "refreshInterval": "1m", "secretStoreRef": {"name": store}, "target": {"name": "credentials"},
            "data": [{"secretKey": "password", "remoteRef": {"key": "/maps/db/password"}}],
        },
    })
}

fn store() -> Value {
    json!({
        "apiVersion": "external-secrets.io/v1", "kind": "SecretStore", "metadata": {"name": "aws", "namespace": "a"},
        "spec": {"provider": {"aws": {
            "service": "ParameterStore", "region": "eu-central-1",
            "auth": {"secretRef": {
                "accessKeyIDSecretRef": {"name": "key", "key": "id"},
                "secretAccessKeySecretRef": {"name": "key", "key": "secret"},
            }},
        }}},
    })
}

fn key() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key", "namespace": "a"},
        "data": {"id": "QUtJQQ==", "secret": "cw=="},
    })
}

fn ready(api: &Memory, object: &Value) -> (String, String) {
    let object = api.now_of(object).unwrap();
    let ready = condition(&object, "Ready").unwrap();
    (text(ready, "/status").to_owned(), text(ready, "/reason").to_owned())
}

#[test]
fn a_secret_is_made_of_a_parameter_and_follows_it() {
    let (mut api, mut work) = begin();
    api.set_parameter("AKIA eu-central-1 /maps/db/password", "first");
    let (made, aws) = (api.make(external("aws")), api.make(store()));
    settle(&mut api, &mut work);
    assert_eq!(ready(&api, &aws), ("False".into(), "InvalidProviderConfig".into()));
    assert_eq!(ready(&api, &made), ("False".into(), "SecretSyncedError".into()));
    api.make(key());
    settle(&mut api, &mut work);
    assert_eq!(ready(&api, &aws), ("True".into(), "Valid".into()));
    assert_eq!(ready(&api, &made), ("True".into(), "SecretSynced".into()));
    let secret = |api: &Memory| api.get(&Key::new(&SECRETS, "a", "credentials")).unwrap();
    let first = secret(&api);
    assert_eq!((text(&first, "/data/password"), text(&first, "/type")), ("Zmlyc3Q=", "Opaque"));
    assert_eq!(first["metadata"]["labels"]["l"], "1");
    assert_eq!(text(&first, "/metadata/ownerReferences/0/uid"), uid(&made));
    let status = api.now_of(&made).unwrap()["status"].clone();
    assert_eq!(status["binding"]["name"], "credentials");
    api.set_parameter("AKIA eu-central-1 /maps/db/password", "second");
    api.pass(&mut work, 59_000);
    assert_eq!(text(&secret(&api), "/data/password"), "Zmlyc3Q=");
    api.pass(&mut work, 1_000);
    assert_eq!(text(&secret(&api), "/data/password"), "c2Vjb25k");
    api.change(&secret(&api), |secret| secret["data"]["password"] = json!("Zm9yZ2Vk"));
    settle(&mut api, &mut work);
    assert_eq!(text(&secret(&api), "/data/password"), "c2Vjb25k", "what somebody changed is mended");
}

#[test]
fn what_the_store_does_not_give_is_said_without_the_secret() {
    let (mut api, mut work) = begin();
    api.make(key());
    api.make(store());
    let made = api.make(external("aws"));
    settle(&mut api, &mut work);
    assert_eq!(ready(&api, &made), ("False".into(), "SecretSyncedError".into()));
    let said: Vec<_> = api.all("", "events").iter().map(|event| text(event, "/message").to_owned()).collect();
    let expected = "error processing spec.data[0] (key: /maps/db/password), err: Secret does not exist";
    assert!(said.iter().any(|said| said == expected), "{said:?}");
    api.set_parameter("AKIA eu-central-1 /maps/db/password", "late");
    api.pass(&mut work, 10_000);
    assert_eq!(ready(&api, &made), ("True".into(), "SecretSynced".into()));
}

#[test]
fn nothing_happens_without_the_operator() {
    let mut api = Memory::default();
    let mut work = Controllers::only(vec![Box::new(Operator::default())]);
    let made = api.make(external("aws"));
    settle(&mut api, &mut work);
    assert_eq!(api.now_of(&made).unwrap(), made);
}

#[test]
fn what_is_gone_outside_goes_where_the_policy_says_so() {
    let (mut api, mut work) = begin();
    api.make(key());
    api.make(store());
    api.set_parameter("AKIA eu-central-1 /maps/db/password", "first");
    let mut asked = external("aws");
    asked["spec"]["target"]["deletionPolicy"] = json!("Delete");
    let made = api.make(asked);
    settle(&mut api, &mut work);
    let there = |api: &Memory| api.get(&Key::new(&SECRETS, "a", "credentials")).is_some();
    assert!(there(&api));
    api.forget_parameter("AKIA eu-central-1 /maps/db/password");
    api.pass(&mut work, 60_000);
    assert!(!there(&api));
    assert_eq!(ready(&api, &made), ("True".into(), "SecretDeleted".into()));
}

#[test]
fn values_are_found_by_path_and_name() {
    let (mut api, mut work) = begin();
    api.make(key());
    api.make(store());
    for name in ["/maps/db/password", "/maps/db/user", "/other/password"] {
        api.set_parameter(&format!("AKIA eu-central-1 {name}"), name);
    }
    let mut asked = external("aws");
    asked["spec"]["data"] = json!([]);
    asked["spec"]["dataFrom"] = json!([{"find": {"path": "/maps", "name": {"regexp": "pass"}}}]);
    api.make(asked);
    settle(&mut api, &mut work);
    let secret = api.get(&Key::new(&SECRETS, "a", "credentials")).unwrap();
    let fields: Vec<&String> = secret["data"].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["_maps_db_password"]);
}
