//! The guest of clusters under the rules of a plugin that keeps releases as Helm does: it tries what is another
//! release's. `one`, in the namespace `one`, is its own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maps_runtime::limits::Limits;
use maps_runtime::package::package;
use maps_tests::without_sections;
use serde_json::{Value as Json, json};

use crate::component::guest;
use crate::kube::{cluster_world, order};
use crate::world::World;

/// The manifest, with rules like those of the plugin helm.
const MANIFEST: &str = r#"
maps: v1
plugin: red-kube
version: 0.1.0
description: A plugin that does with a cluster what its config says, under the rules of one that keeps releases.
config: {type: object}
capabilities:
  log: {reason: an honest plugin logs too}
  reveal:
    reason: goes on from a release's last version
    secrets:
      - type: helm.sh/release.v1
        bind:
          /metadata/name: "sh.helm.release.v1.{inputs.name}.v{number}"
          /metadata/namespace: "{inputs.name}"
  kube:
    - id: read-objects
      effect: read
      verbs: [get, list, dry-run]
      groups: ["**"]
      resources: ["**"]
      namespaces: ["**"]
      names: ["**"]
      manager: helm
      reason: looks at what a release has made
    - id: create-thing
      effect: write
      operations: [create, update]
      verbs: [apply, create]
      groups: ["**"]
      resources: ["**"]
      namespaces: ["**"]
      names: ["**"]
      objects: [planned, prior, marked]
      marks: &marks
        /metadata/annotations/meta.helm.sh~1release-name: "{inputs.name}"
        /metadata/annotations/meta.helm.sh~1release-namespace: "{inputs.name}"
      manager: helm
      reason: applies the objects of its step
    - id: prune-thing
      effect: write
      operations: [update, delete]
      verbs: [delete]
      groups: ["**"]
      resources: ["**"]
      namespaces: ["**"]
      names: ["**"]
      objects: [planned, prior, marked]
      marks: *marks
      reason: removes what its chart no longer has
    - id: keep-release
      effect: write
      verbs: [apply, create, delete]
      groups: [core]
      resources: [secrets]
      namespaces: ["*"]
      names: ["sh.helm.release.v1.*"]
      manager: helm
      bind:
        /name: "sh.helm.release.v1.{inputs.name}.v{number}"
        /namespace: "{inputs.name}"
      reason: keeps the release's versions
"#;

/// What a record holds, each something else.
fn record(namespace: &str, name: &str) -> String {
    STANDARD.encode(format!("what was installed of {namespace}/{name}"))
}

/// The type of the Secrets that Helm keeps releases in.
const RELEASE: &str = "helm.sh/release.v1";

/// What is in the cluster: records of releases, one Secret that only calls itself so, and what releases made.
pub(crate) fn found(path: &str) -> Option<Json> {
    let secret = |kind: &str, namespace: &str, name: &str| {
        json!({"apiVersion": "v1", "kind": "Secret", "type": kind, "data": {"release": record(namespace, name)},
            "metadata": {"name": name, "namespace": namespace, "uid": "u"}})
    };
    let marked = |name: &str, release: &str, namespace: &str| {
        let marks = json!({"meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": namespace});
        json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": "red", "uid": "u", "annotations": marks}})
    };
    let all = [
        secret(RELEASE, "one", "sh.helm.release.v1.one.v1"),
        secret(RELEASE, "one", "sh.helm.release.v1.one.v1.v2"),
        secret(RELEASE, "one", "sh.helm.release.v1.other.v1"),
        secret(RELEASE, "other", "sh.helm.release.v1.one.v1"),
        secret("Opaque", "one", "sh.helm.release.v1.one.v3"),
        marked("ours", "one", "one"),
        marked("of-another", "other", "one"),
        marked("elsewhere", "one", "other"),
    ];
    if path.starts_with("/api/v1/secrets?") {
        let secrets: Vec<&Json> = all.iter().filter(|object| object["kind"] == "Secret").collect();
        return Some(json!({"kind": "SecretList", "metadata": {}, "items": secrets}));
    }
    let of = |object: &&Json| {
        let part = |name: &str| object["metadata"][name].as_str().unwrap();
        let plural = if object["kind"] == "Secret" { "secrets" } else { "configmaps" };
        path == format!("/api/v1/namespaces/{}/{plural}/{}", part("namespace"), part("name"))
    };
    all.iter().find(of).cloned()
}

async fn world() -> World {
    let component = package(&without_sections(&guest("red-kube")), MANIFEST, None, &Limits::default()).await;
    cluster_world(&component.unwrap())
}

fn object(kind: &str, namespace: &str, name: &str) -> Json {
    json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}})
}

#[tokio::test]
async fn rt41_rt42_what_no_plan_names_is_only_written_where_it_is_marked_as_the_release_s_own() {
    let world = world().await;
    for name in ["of-another", "elsewhere"] {
        let foreign = object("ConfigMap", "red", name);
        world.refused("update", &order("delete", &foreign), &["one"], "kube-binding", Some("prune-thing")).await;
        world.refused("delete", &order("delete", &foreign), &["one"], "kube-binding", Some("prune-thing")).await;
        // It says itself that it is the release's own; what is there decides.
        let mut claimed = foreign.clone();
        claimed["metadata"]["annotations"] =
            json!({"meta.helm.sh/release-name": "one", "meta.helm.sh/release-namespace": "one"});
        world.refused("update", &order("apply", &claimed), &["one"], "kube-binding", Some("create-thing")).await;
        // Nothing is there that could be marked.
        claimed["metadata"]["name"] = json!("nothing");
        world.refused("create", &order("apply", &claimed), &["one"], "kube-binding", Some("create-thing")).await;
    }
    let own = object("ConfigMap", "red", "ours");
    let answers = world.call("update", &order("delete", &own), &["one"]).await.unwrap();
    assert!(answers[0].is_ok(), "{answers:?}");
    let deleted = world.service.asked().pop().unwrap();
    assert!(deleted.line.starts_with("DELETE ") && deleted.text.contains("\"uid\":\"u\""), "{}", deleted.text);
}

#[tokio::test]
async fn rt43_the_records_of_other_releases_stay_sealed() {
    let world = world().await;
    for (namespace, name, is_own) in [
        ("one", "sh.helm.release.v1.one.v1", true),
        ("one", "sh.helm.release.v1.one.v1.v2", false),
        ("one", "sh.helm.release.v1.other.v1", false),
        ("other", "sh.helm.release.v1.one.v1", false),
        ("one", "sh.helm.release.v1.one.v3", false),
    ] {
        let mut orders = order("get", &object("Secret", namespace, name));
        orders["tells"] = true.into();
        let answers = world.call("preview", &orders, &["one"]).await.unwrap();
        let told = answers.into_iter().next().unwrap().unwrap_err();
        assert_eq!(told.code, "shown");
        assert_eq!(told.message.contains(&record(namespace, name)), is_own, "{namespace}/{name}: {told:?}");
        let revealed = world.log().await.iter().filter(|line| line["interface"] == "reveal").count();
        assert_eq!(revealed, 1, "what is shown is logged, and nothing else");
    }
    let mut all = order("list", &json!({"apiVersion": "v1", "kind": "Secret", "metadata": {}}));
    all["tells"] = true.into();
    let told = world.call("preview", &all, &["one"]).await.unwrap().remove(0).unwrap_err();
    let clear = record("one", "sh.helm.release.v1.one.v1");
    assert_eq!((told.message.contains(&clear), told.message.matches("$sealed").count()), (true, 4), "{told:?}");
    world.serves_the_next_call().await;
}

#[tokio::test]
async fn rt44_the_rule_says_in_whose_name_is_applied() {
    let world = world().await;
    let mut forged = object("ConfigMap", "red", "one");
    forged["fieldManager"] = json!("kube-controller-manager");
    forged["metadata"]["managedFields"] = json!([{"manager": "kube-controller-manager", "operation": "Apply"}]);
    for verb in ["apply", "create"] {
        let answers = world.call("create", &order(verb, &forged), &["one"]).await.unwrap();
        assert!(answers[0].is_ok(), "{verb}: {answers:?}");
    }
    for write in world.service.writes() {
        assert!(write.contains("fieldManager=helm") && !write.contains("kube-controller-manager"), "{write}");
    }
    assert!(world.service.writes().len() >= 2);
    world.serves_the_next_call().await;
}

#[tokio::test]
async fn rt45_the_record_of_another_release_is_neither_written_nor_deleted() {
    let world = world().await;
    let own = object("Secret", "one", "sh.helm.release.v1.one.v13");
    let answers = world.call("create", &order("apply", &own), &["one"]).await.unwrap();
    assert!(answers[0].is_ok(), "{answers:?}");
    for (namespace, name) in [
        ("one", "sh.helm.release.v1.other.v1"),
        ("other", "sh.helm.release.v1.one.v1"),
        ("one", "sh.helm.release.v1.one.v"),
        ("one", "sh.helm.release.v1.one.v01"),
        ("one", "sh.helm.release.v1.one.v1.v2"),
        ("one", "sh.helm.release.v1.onev1"),
    ] {
        let foreign = object("Secret", namespace, name);
        world.refused("update", &order("apply", &foreign), &["one"], "kube-binding", Some("create-thing")).await;
        // Of what is not there nothing is asked.
        if found(&format!("/api/v1/namespaces/{namespace}/secrets/{name}")).is_some() {
            world.refused("update", &order("delete", &foreign), &["one"], "kube-binding", Some("prune-thing")).await;
        }
    }
    assert!(world.service.writes().iter().all(|write| !write.starts_with("DELETE ")));
}
