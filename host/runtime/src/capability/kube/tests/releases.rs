//! What the host gives a plugin that keeps releases as Helm does: Secrets of its own in clear, objects by their marks,
//! a field manager that is not its choice, all that a server serves.

use maps_engine::Class;

use super::*;
use crate::capability::kube::{ApiResource, Deleted};

const RELEASE: &str = "helm.sh/release.v1";

fn capabilities() -> Json {
    let mut rules = rules();
    for rule in rules.as_array_mut().unwrap() {
        rule["manager"] = json!("helm");
    }
    let marks = json!({
        "/metadata/annotations/meta.helm.sh~1release-name": "{inputs.name}",
        "/metadata/annotations/meta.helm.sh~1release-namespace": "{inputs.namespace}",
    });
    for at in [1, 2] {
        rules[at]["objects"] = json!(["planned", "prior", "marked"]);
        rules[at]["marks"] = marks.clone();
    }
    rules[2].as_object_mut().unwrap().remove("manager");
    let mut keep = rules[1].clone();
    keep["id"] = json!("keep-release");
    keep["verbs"] = json!(["apply", "create", "delete"]);
    (keep["groups"], keep["resources"]) = (json!(["core"]), json!(["secrets"]));
    (keep["namespaces"], keep["names"]) = (json!(["*"]), json!(["sh.helm.release.v1.*"]));
    keep.as_object_mut().unwrap().retain(|key, _| !["objects", "marks"].contains(&key.as_str()));
    let own = "sh.helm.release.v1.{inputs.name}.v{number}";
    keep["bind"] = json!({"/name": own, "/namespace": "{inputs.namespace}"});
    rules.as_array_mut().unwrap().push(keep);
    let imported = "sh.helm.release.v1.{id.1}.v{number}";
    let secrets = json!([{
        "type": RELEASE,
        "bind": {"/metadata/name": own, "/metadata/namespace": "{inputs.namespace}"},
        "import": {"/metadata/name": imported, "/metadata/namespace": "{id.0}"},
    }]);
    json!({"kube": rules, "reveal": {"reason": "keeps releases", "secrets": secrets}})
}

/// A call about the release `web` of the namespace `maps`.
fn release(server: &Server, operation: Operation) -> Bench {
    granted(server, operation, None)
}

fn granted(server: &Server, operation: Operation, grant: Option<Json>) -> Bench {
    let mut bench = bench_of(capabilities(), transport(server), &server.kubeconfig(), operation, grant);
    bench.scope.steps[0].inputs = Value::from(json!({"name": "web", "namespace": "maps"}));
    bench
}

fn secret(of: &str, namespace: &str, name: &str) -> Json {
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": of, "data": {"release": STANDARD.encode("what was installed")},
        "metadata": {"name": name, "namespace": namespace, "uid": "u"},
    })
}

/// A cluster with three releases' Secrets, and one that only calls itself so.
async fn cluster() -> Server {
    Server::start(|asked| {
        let all = [
            secret(RELEASE, "maps", "sh.helm.release.v1.web.v1"),
            secret(RELEASE, "maps", "sh.helm.release.v1.web.v12"),
            secret(RELEASE, "maps", "sh.helm.release.v1.web.v1.v2"),
            secret(RELEASE, "maps", "sh.helm.release.v1.other.v1"),
            secret(RELEASE, "other", "sh.helm.release.v1.web.v1"),
            secret("Opaque", "maps", "sh.helm.release.v1.web.v3"),
        ];
        if asked.line.starts_with("GET /api/v1/secrets?") {
            return (200, json!({"kind": "SecretList", "metadata": {}, "items": all}));
        }
        let of = |secret: &&Json| {
            let part = |name: &str| secret["metadata"][name].as_str().unwrap();
            asked.line == format!("GET /api/v1/namespaces/{}/secrets/{}", part("namespace"), part("name"))
        };
        all.iter().find(of).map_or_else(|| echoing(asked), |found| (200, found.clone()))
    })
    .await
}

/// The namespaces and names of what is shown in clear.
async fn shown(bench: &Bench) -> Vec<String> {
    let listing = Listing { kind: kind("v1", "Secret"), namespace: None, label_selector: None, field_selector: None };
    let all = bench.list(listing).await.unwrap();
    assert_eq!(all.len(), 6);
    let clear = all.iter().filter(|secret| secret["data"]["release"].is_string());
    let name = |secret: &Json| format!("{}/{}", secret["metadata"]["namespace"], secret["metadata"]["name"]);
    clear.map(|secret| name(secret).replace('"', "")).collect()
}

#[tokio::test]
async fn rt43_only_the_release_s_own_secrets_come_back_in_clear_and_that_is_logged() {
    let server = cluster().await;
    let bench = release(&server, Operation::Preview);
    let own = ["maps/sh.helm.release.v1.web.v1", "maps/sh.helm.release.v1.web.v12"];
    assert_eq!(shown(&bench).await, own);
    let told = bench.audit().await.pop().unwrap();
    assert_eq!(
        (told["interface"].as_str(), told["summary"].as_str()),
        (Some("reveal"), Some("2 secrets shown in clear"))
    );
    let one = |name: &str| reference(kind("v1", "Secret"), Some("maps"), name);
    let found = bench.get(one("sh.helm.release.v1.web.v1")).await.unwrap().unwrap();
    assert_eq!(found["data"]["release"], STANDARD.encode("what was installed"));
    let found = bench.get(one("sh.helm.release.v1.other.v1")).await.unwrap().unwrap();
    assert_eq!(bench.opened(&found["data"]["release"]), Value::from("what was installed"));
}

#[tokio::test]
async fn rt43_an_import_sees_what_its_id_names_and_a_grant_can_take_it_away() {
    let server = cluster().await;
    let mut bench = release(&server, Operation::Read);
    bench.scope.steps[0].inputs = Value::from(json!({}));
    assert!(shown(&bench).await.is_empty(), "an id is known for nothing yet");
    bench.scope.steps[0].id = Some("other/web".to_owned());
    assert_eq!(shown(&bench).await, ["other/sh.helm.release.v1.web.v1"]);
    // What has inputs goes by these: an id is what the plugin says.
    bench.scope.steps[0].inputs = Value::from(json!({"name": "gone", "namespace": "maps"}));
    assert!(shown(&bench).await.is_empty());
    let bench = granted(&server, Operation::Read, Some(json!({"kube": [{"id": "read"}]})));
    assert!(shown(&bench).await.is_empty());
    assert!(bench.audit().await.iter().all(|line| line["interface"] != "reveal"));
}

#[tokio::test]
async fn rt44_the_rule_says_in_whose_name_is_applied_and_the_guest_cannot() {
    let server = cluster().await;
    let bench = release(&server, Operation::Create);
    let mut settings = object("v1", "ConfigMap", json!({"fieldManager": "kube-controller-manager"}));
    settings["metadata"]["managedFields"] = json!([{"manager": "kube-controller-manager", "operation": "Apply"}]);
    bench.apply(&settings).await.unwrap();
    bench.dry_run(&settings).await.unwrap();
    let write = Writing { items: vec![0], object: settings.to_string(), force: false };
    bench.http.kube_create(&bench.scope, &bench.handle, vec![write]).await.remove(0).unwrap();
    let managers: Vec<_> = server
        .lines()
        .iter()
        .filter_map(|line| line.split_once("fieldManager=").map(|(_, rest)| rest.split('&').next().unwrap().to_owned()))
        .collect();
    assert_eq!(managers, ["helm", "helm", "helm"]);
}

#[tokio::test]
async fn rt45_a_release_s_secret_is_written_by_its_own_step_alone() {
    let server = cluster().await;
    let bench = release(&server, Operation::Update);
    let value = |namespace: &str, name: &str| {
        let mut secret = secret(RELEASE, namespace, name);
        secret["metadata"].as_object_mut().unwrap().remove("uid");
        secret
    };
    bench.apply(&value("maps", "sh.helm.release.v1.web.v13")).await.unwrap();
    let asked = server.asked().len();
    for (namespace, name) in [
        ("maps", "sh.helm.release.v1.other.v1"),
        ("other", "sh.helm.release.v1.web.v13"),
        ("maps", "sh.helm.release.v1.web.v"),
        ("maps", "sh.helm.release.v1.web.v01"),
        ("maps", "sh.helm.release.v1.web.v1.v2"),
        ("maps", "sh.helm.release.v1.webv1"),
    ] {
        let problem = bench.apply(&value(namespace, name)).await.unwrap_err();
        assert_eq!((problem.class, problem.code.as_str()), (Class::Denied, "kube-binding"), "{namespace}/{name}");
        bench.logged("kube-binding", Some("apply")).await;
    }
    // Each was looked at, for marks of the release that it has not got, and never written.
    let after = server.lines().split_off(asked);
    assert!(after.iter().all(|line| line.starts_with("GET ")), "{after:?}");
}

fn marked(name: &str, namespace: &str) -> Json {
    let marks = json!({"meta.helm.sh/release-name": name, "meta.helm.sh/release-namespace": namespace});
    json!({
        "apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "b"},
        "metadata": {"name": "old", "namespace": "maps", "uid": "u-1", "annotations": marks},
    })
}

async fn remove(bench: &Bench, name: &str) -> Result<Deleted, Problem> {
    let object = reference(kind("v1", "ConfigMap"), Some("maps"), name);
    let delete = Deleting { items: vec![0], object, propagation: None, uid: None, resource_version: None };
    bench.http.kube_delete(&bench.scope, &bench.handle, vec![delete]).await.remove(0)
}

#[tokio::test]
async fn rt41_rt42_what_no_plan_names_is_written_only_where_the_cluster_says_that_it_is_the_release_s_own() {
    let own = Server::start(|asked| match asked.line.as_str() {
        "GET /api/v1/namespaces/maps/configmaps/old" => (200, marked("web", "maps")),
        _ => echoing(asked),
    })
    .await;
    let bench = release(&own, Operation::Update);
    assert_eq!(remove(&bench, "old").await.unwrap(), Deleted::Gone);
    let deleted = own.asked().pop().unwrap();
    assert_eq!(deleted.body["preconditions"]["uid"], "u-1", "another one of its name is not meant");
    let mut again = marked("web", "maps");
    again["metadata"].as_object_mut().unwrap().remove("uid");
    bench.apply(&again).await.unwrap();
    assert_eq!(own.asked().pop().unwrap().body["metadata"]["uid"], "u-1");

    for (name, namespace) in [("other", "maps"), ("web", "other")] {
        let foreign = Server::start(move |asked| match asked.line.as_str() {
            "GET /api/v1/namespaces/maps/configmaps/old" => (200, marked(name, namespace)),
            _ => echoing(asked),
        })
        .await;
        let bench = release(&foreign, Operation::Update);
        assert_eq!(remove(&bench, "old").await.unwrap_err().code, "kube-binding");
        bench.logged("kube-binding", Some("prune")).await;
        assert_eq!(bench.apply(&again).await.unwrap_err().code, "kube-binding");
        bench.logged("kube-binding", Some("apply")).await;
        // Where there is nothing, nothing is made, and nothing is to be deleted.
        again["metadata"]["name"] = json!("nothing");
        assert_eq!(bench.apply(&again).await.unwrap_err().code, "kube-binding");
        again["metadata"]["name"] = json!("old");
        assert_eq!(remove(&bench, "nothing").await.unwrap(), Deleted::Absent);
        assert!(foreign.lines().iter().all(|line| line.starts_with("GET ")), "{:?}", foreign.lines());
    }
}

#[tokio::test]
async fn a_server_tells_what_it_serves_in_one_form_or_the_other() {
    let version = json!({"gitVersion": "v1.33.1", "major": "1", "minor": "33"});
    let old = {
        let version = version.clone();
        Server::start(move |asked| match asked.line.as_str() {
            "GET /version" => (200, version.clone()),
            "GET /api" => (200, json!({"kind": "APIVersions", "versions": ["v1"]})),
            "GET /apis" => (
                200,
                json!({"kind": "APIGroupList", "groups": [{"name": "apps", "versions": [{"groupVersion": "apps/v1", "version": "v1"}]}]}),
            ),
            _ => echoing(asked),
        })
        .await
    };
    let new = Server::start(move |asked| {
        let one = |group: &str, resource: &str, kind: &str, scope: &str| {
            let of = json!({"group": group, "version": "v1", "kind": kind});
            let resources = json!([{"resource": resource, "responseKind": of, "scope": scope, "verbs": ["get"]}]);
            let versions = json!([{"version": "v1", "resources": resources, "freshness": "Current"}]);
            json!({"kind": "APIGroupDiscoveryList", "items": [{"metadata": {"name": group}, "versions": versions}]})
        };
        match asked.line.as_str() {
            "GET /version" => (200, version.clone()),
            "GET /api" => (200, one("", "configmaps", "ConfigMap", "Namespaced")),
            "GET /apis" => (200, one("apps", "deployments", "Deployment", "Namespaced")),
            _ => (500, json!({})),
        }
    })
    .await;
    for (server, requests) in [(&old, 5), (&new, 3)] {
        let bench = release(server, Operation::Preview);
        let found = bench.http.kube_discover(&bench.scope, &bench.handle).await.unwrap();
        assert_eq!((found.git_version.as_str(), found.major.as_str(), found.minor.as_str()), ("v1.33.1", "1", "33"));
        let has = |group: &str, kind: &str, name: &str| {
            let is_it = |item: &&ApiResource| item.group == group && item.kind == kind && item.name == name;
            found.kinds.iter().any(|item| is_it(&item) && item.namespaced && item.version == "v1")
        };
        assert!(has("", "ConfigMap", "configmaps") && has("apps", "Deployment", "deployments"), "{:?}", found.kinds);
        assert_eq!(server.lines().len(), requests, "{:?}", server.lines());
        // What was learnt is not asked for once more.
        bench
            .http
            .kube_resolve(&bench.scope, &bench.handle, vec![kind("apps/v1", "Deployment")])
            .await
            .remove(0)
            .unwrap();
        assert_eq!(server.lines().len(), requests);
    }
    assert!(
        new.asked()[1].head.contains("accept: application/json;g=apidiscovery.k8s.io;v=v2"),
        "{}",
        new.asked()[1].head
    );
}
