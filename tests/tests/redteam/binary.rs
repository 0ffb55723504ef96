//! The red guest in the real `maps`: planning with it changes nothing in the local cloud, nor anywhere.

use std::path::{Path, PathBuf};

use maps_tests::{CloudServer, Finished, StackDir, without_sections};
use serde_json::{Value as Json, json};

use crate::component::guest;
use crate::service::{HOSTS, Service};

const CLUSTERS: &str = "https://api.digitalocean.com/v2/kubernetes/clusters";

/// The red guest's rules, and rules that do point at the local cloud.
fn manifest() -> String {
    let own = maps_tests::root().join("tests/guests/red/plugin.yaml");
    let more = format!(
        r#"
    - {{id: list-clusters, effect: read, methods: [GET], url: "{CLUSTERS}", credential: api, reason: lists}}
    - id: make-cluster
      effect: write
      methods: [POST]
      url: {CLUSTERS}
      bind: {{body: {{/name: "{{inputs.name}}"}}}}
      credential: api
      reason: makes a cluster
"#
    );
    std::fs::read_to_string(own).unwrap() + &more
}

/// A cloud and a service that both are untouched by a plan.
struct Stage {
    stack: StackDir,
    cloud: CloudServer,
    service: Service,
    /// A folder with the cloud's `cloud.json` and the service in it.
    dir: PathBuf,
}

impl Stage {
    fn new() -> Self {
        let stack = StackDir::with("");
        let cloud = CloudServer::start(&stack.path().join("cloud"), &[]);
        let service = Service::start();
        let dir = stack.path().join("both");
        std::fs::create_dir(&dir).unwrap();
        let mut description = cloud.description();
        let authority = std::fs::read(description["ca"].as_str().unwrap()).unwrap();
        std::fs::write(dir.join("ca.pem"), [authority, service.ca.clone()].concat()).unwrap();
        description["ca"] = dir.join("ca.pem").to_str().unwrap().into();
        for host in HOSTS {
            description["hosts"][host] = service.at.to_string().into();
        }
        std::fs::write(dir.join("cloud.json"), description.to_string()).unwrap();
        std::fs::write(dir.join("plugin.yaml"), manifest()).unwrap();
        std::fs::write(dir.join("bare.wasm"), without_sections(&guest("red"))).unwrap();
        let build = ["plugin", "build", "both", "--module", "both/bare.wasm", "--out", "red.wasm"];
        let _ = stack.maps().run(build).expect(0);
        Self { stack, cloud, service, dir }
    }

    /// Has the guest do as ordered.
    fn order(&self, kind: &str, orders: &Json) {
        let text = json!({
            "maps": "v1",
            "stack": "red",
            "inputs": {"token": {"type": "string", "secret": true, "from": "env.DIGITALOCEAN_TOKEN"}},
            "credentials": {"cloud": {"value": "${inputs.token}", "hosts": ["api.digitalocean.com", "api.red.example"]}},
            "plugins": {"red": {"source": "./red.wasm", "credentials": {"api": "cloud"}, "config": orders}},
            "resources": {"one": {"type": kind, "with": {"name": "one"}}},
        });
        self.stack.write(&text.to_string());
    }

    fn maps(&self, command: &str, more: &[&str]) -> Finished {
        let rehearse = format!("--rehearse={}", self.dir.display());
        self.stack.maps().run([command, "stack.yaml", &rehearse, "--output", "json"].iter().chain(more))
    }

    fn writes(&self) -> (Json, u64, Vec<String>) {
        (self.cloud.inventory(), self.cloud.calls("write"), self.service.writes())
    }

    /// Plans with a guest that tries to make a cluster, and to change a thing, in this operation.
    fn plan_changes_nothing(&self, kind: &str, operation: &str, code: &str) {
        let before = self.writes();
        let cluster = json!({"write": true, "method": "POST", "url": CLUSTERS, "body": cluster()});
        let thing = json!({"write": true, "method": "PUT", "body": {"name": "one"}});
        for call in [cluster, thing] {
            self.order(kind, &json!({"act": "call", "in": operation, "call": call}));
            let planned = self.maps("plan", &[]);
            assert_eq!(self.writes(), before, "{}{}", planned.stdout, planned.stderr);
            assert_eq!(planned.code, Some(3), "{}{}", planned.stdout, planned.stderr);
            let text = format!("{}{}", planned.stdout, planned.stderr);
            assert!(
                text.contains(&format!("`http-write` is refused in {operation}")) && !text.contains("not-refused"),
                "{text}"
            );
            let line = audit(self.stack.path()).pop().expect("a line in the audit log");
            assert_eq!([&line["code"], &line["operation"]], [code, operation], "{line}");
        }
    }
}

/// A cluster that the local cloud would make.
fn cluster() -> Json {
    let pools = json!([{"name": "web", "size": "s-1vcpu-2gb", "count": 1}]);
    json!({"name": "one", "region": "fra1", "version": "1.33.9-do.3", "node_pools": pools})
}

/// The denials in the audit log of the stack's rehearsal.
fn audit(dir: &Path) -> Vec<Json> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(audit(&path));
        } else if path.ends_with("audit.jsonl") {
            maps_runtime::audit::verify(&path).unwrap();
            let text = std::fs::read_to_string(path).unwrap();
            let lines = text.lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
            found.extend(lines.filter(|line| line["outcome"] == "denied"));
        }
    }
    found
}

#[test]
fn rt14_a_plan_with_a_guest_that_writes_in_check_and_preview_changes_nothing() {
    let stage = Stage::new();
    stage.plan_changes_nothing("red/thing", "check", "access-in-pure-call");
    stage.plan_changes_nothing("red/previewed", "preview", "write-outside-apply");
    // The same call is allowed and made where a run may make it: it was not refused for another reason.
    let call = json!({"write": true, "method": "POST", "url": CLUSTERS, "body": cluster()});
    stage.order("red/thing", &json!({"act": "call-allowed", "in": "create", "call": call}));
    let _ = stage.maps("run", &["--yes"]).expect(0);
    assert_eq!(stage.cloud.client().clusters().len(), 1);
    assert_eq!(stage.service.writes(), ["PUT api.red.example/things/one"]);
}

#[test]
fn rt14_a_plan_with_a_guest_that_writes_in_read_changes_nothing() {
    let stage = Stage::new();
    stage.order("red/thing", &json!({}));
    let _ = stage.maps("run", &["--yes"]).expect(0);
    stage.plan_changes_nothing("red/thing", "read", "write-outside-apply");
    // The host serves the next run.
    stage.order("red/thing", &json!({}));
    assert_eq!(stage.maps("run", &["--yes"]).expect(0).changes(), [0; 4]);
}

#[test]
fn rt14_a_plan_with_a_guest_that_writes_in_find_changes_nothing() {
    let stage = Stage::new();
    stage.order("red/thing", &json!({}));
    // Killed when the thing was made and nobody was told: the next plan looks back with `find`.
    let killed = stage.maps("run", &["--yes", "--fault", "crash-sent@1"]);
    assert_eq!(killed.signal, Some(9), "{}{}", killed.stdout, killed.stderr);
    assert!(stage.service.has("one"));
    stage.plan_changes_nothing("red/thing", "find", "write-outside-apply");
    stage.order("red/thing", &json!({}));
    let _ = stage.maps("run", &["--yes"]).expect(0);
    assert_eq!(stage.service.writes().len(), 1, "it was taken over, not made again");
}
