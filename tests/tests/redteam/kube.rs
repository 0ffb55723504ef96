//! The red guest with a kubeconfig that it never sees: what the host lets it do with a cluster.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maps_tests::{CloudServer, StackDir};
use serde_json::{Value as Json, json};

use crate::component::guest;
use crate::service::{HOSTS, Manner};
use crate::world::{SECRET, World};

/// What the guest's kubeconfig lets it in with.
const TOKEN: &str = "red_cluster_0123456789abcdef0123456789";

/// As an API server answers, which keeps whatever is applied and has what releases have made.
pub(crate) fn answer(method: &str, path: &str, body: &str) -> (u16, Json) {
    let resource = |name: &str, kind: &str, namespaced: bool| json!({"name": name, "kind": kind, "namespaced": namespaced, "verbs": []});
    let listed = |resources: Json| (200, json!({"kind": "APIResourceList", "resources": resources}));
    match (method, path) {
        ("GET", "/api/v1") => listed(json!([
            resource("configmaps", "ConfigMap", true),
            resource("secrets", "Secret", true),
            resource("pods", "Pod", true),
            resource("pods/exec", "PodExecOptions", true),
            resource("nodes/proxy", "NodeProxyOptions", false),
        ])),
        ("GET", "/apis/rbac.authorization.k8s.io/v1") => {
            listed(json!([resource("clusterroles", "ClusterRole", false)]))
        }
        ("GET", path) => {
            let absent = || (404, json!({"kind": "Status", "reason": "NotFound", "details": {"name": "x"}}));
            crate::releases::found(path).map_or_else(absent, |found| (200, found))
        }
        _ => (200, serde_json::from_str(body).unwrap_or_default()),
    }
}

fn kubeconfig(cluster: &str, user: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: [{{name: a, context: {{cluster: c, user: u}}}}]\nclusters: [{{name: c, cluster: {{{cluster}}}}}]\nusers: [{{name: u, user: {{{user}}}}}]\n"
    )
}

fn world() -> World {
    cluster_world(&guest("red-kube"))
}

/// With a component that is given a cluster.
pub(crate) fn cluster_world(component: &[u8]) -> World {
    let mut world = World::of(component, "red", None);
    world.service.answers(Manner::Cluster);
    let ca = STANDARD.encode(&world.service.ca);
    let cluster = format!("server: https://{}, certificate-authority-data: {ca}", HOSTS[0]);
    world.cluster = Some(kubeconfig(&cluster, &format!("token: {TOKEN}")));
    world
}

fn object(kind: &str, name: &str) -> Json {
    json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "red"}})
}

pub(crate) fn order(verb: &str, object: &Json) -> Json {
    json!({"do": verb, "object": object})
}

#[tokio::test]
async fn rt13_subresources_cannot_be_asked_for() {
    let world = world();
    for name in ["web/exec", "web/portforward", "web/attach", "x/../../nodes/n/proxy"] {
        let answers = world.call("read", &order("get", &object("Pod", name)), &["one"]).await.unwrap();
        assert_eq!(answers[0].as_ref().unwrap_err().code, "kube-name", "{name}");
    }
    for kind in ["PodExecOptions", "NodeProxyOptions"] {
        let answers = world.call("create", &order("create", &object(kind, "one")), &["one"]).await.unwrap();
        assert_eq!(answers[0].as_ref().unwrap_err().code, "kind-unknown", "{kind}");
    }
    let asked = world.service.asked();
    assert!(asked.iter().all(|asked| !["exec", "proxy", "portforward"].iter().any(|word| asked.line.contains(word))));
    assert!(world.log().await.iter().any(|line| line["code"] == "kube-name"));
    world.serves_the_next_call().await;
}

#[tokio::test]
async fn rt14_a_dry_run_cannot_be_forged_into_an_apply() {
    let world = world();
    for operation in ["preview", "read"] {
        for verb in ["apply", "create", "delete"] {
            let orders = order(verb, &object("ConfigMap", "one"));
            world.refused(operation, &orders, &["one"], "write-outside-apply", None).await;
        }
    }
    let mut forged = object("ConfigMap", "one");
    forged["dryRun"] = json!([]);
    let answers = world.call("preview", &order("dry-run", &forged), &["one"]).await.unwrap();
    assert!(answers[0].is_ok(), "{answers:?}");
    let tried = world.service.writes().pop().unwrap();
    assert!(tried.ends_with("&dryRun=All"), "{tried}");
}

#[tokio::test]
async fn rt15_a_read_in_a_plan_stays_within_what_is_granted() {
    let world = world();
    world.refused("preview", &order("get", &object("Secret", "one")), &["one"], "kube-no-rule", None).await;
    world.refused("preview", &order("list", &object("Secret", "")), &["one"], "kube-no-rule", None).await;
    let mut elsewhere = object("ConfigMap", "one");
    elsewhere["metadata"]["namespace"] = json!("kube-system");
    world.refused("preview", &order("get", &elsewhere), &["one"], "kube-namespace", Some("read-objects")).await;
    let mut everywhere = object("ConfigMap", "");
    everywhere["metadata"] = json!({});
    world.refused("read", &order("list", &everywhere), &["one"], "kube-namespace", Some("read-objects")).await;
}

#[tokio::test]
async fn rt16_no_role_undoes_the_rules_and_no_secret_is_watched() {
    let world = world();
    for verbs in [json!(["bind"]), json!(["escalate"]), json!(["impersonate"]), json!(["*"])] {
        let mut role = object("ClusterRole", "one");
        role["apiVersion"] = json!("rbac.authorization.k8s.io/v1");
        role["rules"] = json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": verbs}]);
        world.refused("create", &order("apply", &role), &["one"], "kube-escalation", Some("create-thing")).await;
    }
    let mut watch = order("list", &object("ConfigMap", ""));
    watch["selector"] = json!("a=b&watch=true&resourceVersion=0");
    let answers = world.call("read", &watch, &["one"]).await.unwrap();
    assert_eq!(answers[0].as_ref().unwrap_err().class, maps_engine::Class::NotFound, "{answers:?}");
    let asked = world.service.asked();
    let listed = asked.iter().find(|asked| asked.line.contains("limit=500")).unwrap();
    assert!(
        listed.line.contains("labelSelector=a%3Db%26watch%3Dtrue") && !listed.line.contains("&watch"),
        "{}",
        listed.line
    );
    assert!(asked.iter().all(|asked| !asked.text.to_lowercase().contains("impersonate-")));
}

#[tokio::test]
async fn rt18_a_write_beside_its_step_is_denied() {
    let world = world();
    let orders = order("apply", &object("ConfigMap", "two"));
    world.refused("create", &orders, &["one"], "kube-binding", Some("create-thing")).await;
    world
        .refused("create", &order("apply", &object("Secret", "one")), &["one"], "kube-binding", Some("create-thing"))
        .await;
    let mut elsewhere = object("ConfigMap", "one");
    elsewhere["metadata"]["namespace"] = json!("kube-system");
    world.refused("update", &order("apply", &elsewhere), &["one"], "kube-binding", Some("create-thing")).await;
    // What the outputs never named is not the step's to remove.
    let orders = order("delete", &object("ConfigMap", "one"));
    world.refused("delete", &orders, &["one"], "kube-binding", Some("prune-thing")).await;
    world.refused("create", &orders, &["one"], "kube-operation", Some("prune-thing")).await;
}

#[tokio::test]
async fn rt19_rt26_handles_open_clusters_and_secrets_in_their_places_alone() {
    let world = world();
    for forged in [json!("https://evil.example"), json!({"$sealed": "00112233445566778899aabbccddeeff"})] {
        let mut orders = order("get", &object("ConfigMap", "one"));
        // Taken for the kubeconfig by the guest; a forged handle within a config would not reach it.
        orders["cluster"] = forged.get("$sealed").cloned().unwrap_or(forged);
        world.refused("read", &orders, &["one"], "foreign-handle", Some("read-objects")).await;
    }
    let mut open = object("ConfigMap", "one");
    open["data"] = json!({"password": "«secret»"});
    world.refused("create", &order("apply", &open), &["one"], "sealed-elsewhere", Some("create-thing")).await;
    assert!(world.service.asked().iter().all(|asked| !asked.text.contains(SECRET)));
}

#[tokio::test]
async fn rt40_a_hostile_kubeconfig_is_refused_and_the_next_call_served() {
    let mut world = world();
    let honest = world.cluster.clone().unwrap();
    let server = format!("server: https://{}", HOSTS[0]);
    let token = format!("token: {TOKEN}");
    for (cluster, user, code) in [
        (server.clone(), "exec: {command: sh, args: [-c, id]}".to_owned(), "kubeconfig-exec"),
        (server.clone(), "auth-provider: {name: gcp}".to_owned(), "kubeconfig-auth-provider"),
        (server.clone(), "tokenFile: /etc/passwd".to_owned(), "kubeconfig-file"),
        (server.clone(), format!("{token}, as: root"), "kubeconfig-impersonate"),
        (format!("{server}, proxy-url: 'http://evil.example'"), token.clone(), "kubeconfig-proxy"),
        (format!("{server}, insecure-skip-tls-verify: true"), token.clone(), "kubeconfig-insecure"),
        ("server: https://169.254.169.254".to_owned(), token.clone(), "egress-unrehearsed"),
        ("server: 'https://inside.example:6443'".to_owned(), token.clone(), "egress-unrehearsed"),
    ] {
        world.cluster = Some(kubeconfig(&cluster, &user));
        let answers = world.call("read", &order("get", &object("ConfigMap", "one")), &["one"]).await.unwrap();
        let problem = answers.into_iter().next().unwrap().unwrap_err();
        assert_eq!((problem.class, problem.code.as_str()), (maps_engine::Class::Denied, code), "{problem:?}");
        let last = world.log().await.pop().unwrap();
        let said = [&last["outcome"], &last["code"], &last["rule"], &last["interface"]];
        assert_eq!(said, ["denied", code, "read-objects", "kube-read"], "{last}");
        assert!(!last.to_string().contains(TOKEN));
        world.cluster = Some(honest.clone());
        world.serves_the_next_call().await;
    }
}

#[tokio::test]
async fn rt18_a_resource_cannot_claim_an_object_that_its_step_did_not_plan() {
    let world = world();
    let claims = json!({"api_version": "v1", "kind": "Secret", "namespace": "kube-system", "name": "admin"});
    let orders = json!({"do": "apply", "object": object("ConfigMap", "one"), "claims": claims});
    let error = world.call("create", &orders, &["one"]).await.unwrap_err();
    world.was_stopped(&error, "create", "contract", "Secret admin under `objects`").await;
    world.serves_the_next_call().await;
}

/// After a crash, what is found becomes the resource's own: to be kept, gone on with, or deleted before any plan.
#[tokio::test]
async fn rt18_what_is_found_cannot_claim_an_object_that_the_interrupted_step_did_not_plan() {
    let world = world();
    let claims = json!({"api_version": "v1", "kind": "Secret", "namespace": "kube-system", "name": "admin"});
    for answer in ["found", "unfinished", "unusable"] {
        let honest = world.call("find", &json!({"do": answer}), &["one"]).await.unwrap();
        assert!(honest[0].is_ok(), "{answer}: {honest:?}");
        let error = world.call("find", &json!({"do": answer, "claims": claims}), &["one"]).await.unwrap_err();
        world.was_stopped(&error, "find", "contract", "Secret admin under `objects`").await;
        world.serves_the_next_call().await;
    }
}

/// The guest without orders, in a cluster that another plugin makes in the same run.
#[test]
fn a_cluster_that_is_made_in_the_same_run_is_written_to_by_its_sealed_kubeconfig() {
    let stack = StackDir::with("");
    std::fs::write(stack.path().join("red-kube.wasm"), guest("red-kube")).unwrap();
    let cloud = CloudServer::start(&stack.path().join("cloud"), &[]);
    let text = json!({
        "maps": "v1",
        "stack": "red",
        "inputs": {"token": {"type": "string", "secret": true, "from": "env.DIGITALOCEAN_TOKEN"}},
        "credentials": {"digitalocean": {"value": "${inputs.token}", "hosts": ["api.digitalocean.com"]}},
        "plugins": {
            "doks": {"source": "doks", "credentials": {"api": "digitalocean"}},
            "red-kube": {
                "source": "./red-kube.wasm",
                "config": {"cluster": "${cluster.kubeconfig}", "namespace": "default"},
                "grant": {"log": {}, "kube": [
                    {"id": "create-thing", "namespaces": ["default"], "servers": ["*.k8s.ondigitalocean.com"]},
                    {"id": "prune-thing", "namespaces": ["default"], "servers": ["*.k8s.ondigitalocean.com"]},
                ]},
            },
        },
        "resources": {
            "cluster": {"type": "doks/cluster", "with": {
                "name": "red", "region": "fra1", "version": "1.33", "node_pools": [{"name": "web", "size": "s-1vcpu-2gb", "count": 1}],
            }},
            "settings": {"type": "red-kube/thing", "with": {"name": "settings", "size": 1, "secret": SECRET}},
        },
    });
    stack.write(&text.to_string());
    let maps =
        |command: &str| stack.maps().run([command, "stack.yaml", &cloud.flag(), "--yes", "--output", "json"]).expect(0);
    let logged = |part: &str| -> Vec<(String, i64)> {
        let log = files(&stack.path().join(".maps")).into_iter().find(|file| file.ends_with("audit.jsonl")).unwrap();
        let text = std::fs::read_to_string(log).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
        let about =
            lines.filter(|line| line["summary"].as_str().unwrap().contains(part) && line["outcome"] == "answered");
        about.map(|line| (line["summary"].as_str().unwrap().to_owned(), line["status"].as_i64().unwrap())).collect()
    };
    let roles = stack.maps().run(["audit", "stack.yaml", "--emit", "rbac"]).expect(0).stdout;
    for said in ["---\n", "kind: Role\n", "name: maps-red-kube\n", "namespace: default\n", "- patch\n", "- delete\n"] {
        assert!(roles.contains(said), "{said} in\n{roles}");
    }
    assert!(!roles.contains("ClusterRole"), "{roles}");
    assert_eq!(maps("run").changes(), [2, 0, 0, 0]);
    assert_eq!(logged("configmaps"), [("apply configmaps default/settings".to_owned(), 201)]);
    assert_eq!(maps("run").changes(), [0; 4]);
    assert_eq!(logged("configmaps").len(), 1);
    let _ = maps("destroy");
    assert_eq!(logged("delete configmaps"), [("delete configmaps default/settings".to_owned(), 200)]);
}

fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}
