//! The rows of the MAPS platform that work, and what a user does with such a stack: run it again,
//! change it, lose parts of it, and take it down.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod aws;

use maps_tests::{CloudServer, Finished, StackDir};
use serde_json::Value;

struct Platform {
    stack: StackDir,
    cloud: CloudServer,
}

impl Platform {
    fn new(name: &str) -> Self {
        let stack = StackDir::copy_of(name);
        let cloud = CloudServer::start(&stack.path().join("cloud"), &[]);
        Self { stack, cloud }
    }

    fn maps(&self, command: &str, more: &[&str]) -> Finished {
        let flag = self.cloud.flag();
        self.stack.maps().run([command, "stack.yaml", &flag, "--output", "json"].iter().chain(more))
    }

    fn up(&self) -> Finished {
        self.maps("run", &["--yes"]).expect(0)
    }

    /// Replaces a part of a file that the stack includes.
    fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.stack.path().join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has no {from:?}");
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
    }

    fn plan(&self) -> Vec<Value> {
        self.maps("plan", &[]).expect(0).events()
    }
}

/// The steps of a plan's events that do something, as `action address`.
fn actions(events: &[Value]) -> Vec<String> {
    events
        .iter()
        .filter(|event| event["event"] == "step" && event["action"] != "same")
        .map(|event| format!("{} {}", event["action"].as_str().unwrap(), event["address"].as_str().unwrap()))
        .collect()
}

#[test]
fn a01_a_cluster_named_maps_in_fra1_at_the_newest_1_33_without_ha() {
    let platform = Platform::new("maps");
    let first = platform.up();
    assert_eq!(first.summary()["failed"], 0);
    assert!(first.changes()[0] > 0);
    let clusters = platform.cloud.client().clusters();
    assert_eq!(clusters.len(), 1);
    let (_, options) = platform.cloud.client().call("GET", "/v2/kubernetes/options", None);
    let newest = options["options"]["versions"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|version| version["slug"].as_str())
        .filter(|slug| slug.starts_with("1.33."))
        .max_by_key(|slug| {
            slug.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse::<u32>().ok()).collect::<Vec<_>>()
        })
        .unwrap()
        .to_owned();
    let cluster = &clusters[0];
    assert_eq!(cluster["name"], "maps");
    assert_eq!(cluster["region"], "fra1");
    assert_eq!(cluster["version"], Value::String(newest));
    assert_eq!(cluster["ha"], false);
    assert_eq!(cluster["status"]["state"], "running");
}

#[test]
fn a02_two_node_pools_one_fixed_one_autoscaled() {
    let platform = Platform::new("maps");
    let _ = platform.up();
    let clusters = platform.cloud.client().clusters();
    let pools = clusters[0]["node_pools"].as_array().unwrap();
    assert_eq!(pools.len(), 2);
    let pool = |name: &str| pools.iter().find(|pool| pool["name"] == name).unwrap();
    let general = pool("general-purpose");
    assert_eq!(
        (&general["size"], &general["count"], &general["auto_scale"]),
        (&"s-2vcpu-4gb".into(), &2.into(), &false.into())
    );
    let workloads = pool("workloads");
    assert_eq!(
        (&workloads["size"], &workloads["auto_scale"], &workloads["min_nodes"], &workloads["max_nodes"]),
        (&"s-4vcpu-8gb".into(), &true.into(), &1.into(), &3.into())
    );
}

#[test]
fn a_second_run_changes_nothing_and_destroy_leaves_what_was_there() {
    let platform = Platform::new("maps");
    let before = platform.cloud.inventory();
    let _ = platform.up();
    assert_ne!(platform.cloud.inventory(), before);
    let writes = platform.cloud.calls("write");
    let second = platform.up();
    assert_eq!(second.changes(), [0; 4]);
    assert_eq!(second.summary()["calls"]["write"], 0);
    assert_eq!(platform.cloud.calls("write"), writes);
    let _ = platform.maps("destroy", &["--yes"]).expect(0);
    assert_eq!(platform.cloud.inventory(), before);
}

#[test]
fn hello_comes_up_and_goes() {
    let platform = Platform::new("hello");
    let before = platform.cloud.inventory();
    assert!(platform.up().changes()[0] > 0);
    assert_eq!(platform.up().changes(), [0; 4]);
    let _ = platform.maps("destroy", &["--yes"]).expect(0);
    assert_eq!(platform.cloud.inventory(), before);
}

#[test]
fn a_rehearsal_in_process_keeps_its_cloud_between_runs() {
    let stack = StackDir::copy_of("maps");
    let run = || stack.maps().run(["run", "stack.yaml", "--rehearse", "--yes", "--output", "json"]).expect(0);
    assert!(run().changes()[0] > 0);
    assert_eq!(run().changes(), [0; 4]);
    let fresh = stack.maps().run(["run", "stack.yaml", "--rehearse", "--fresh", "--yes", "--output", "json"]).expect(0);
    assert!(fresh.changes()[0] > 0);
}

#[test]
fn a_changed_pool_count_is_one_update() {
    let platform = Platform::new("maps");
    let _ = platform.up();
    platform.stack.edit("count: 2", "count: 3");
    let plan = platform.plan();
    assert_eq!(actions(&plan), ["update cluster"]);
    assert_eq!(platform.up().changes(), [0, 1, 0, 0]);
    let clusters = platform.cloud.client().clusters();
    let pools = clusters[0]["node_pools"].as_array().unwrap();
    assert!(pools.iter().any(|pool| pool["name"] == "general-purpose" && pool["count"] == 3));
    assert_eq!(platform.up().changes(), [0; 4]);
}

#[test]
fn a_changed_region_is_one_replacement_with_the_reason_on_the_field() {
    let platform = Platform::new("maps");
    let _ = platform.up();
    platform.stack.edit("region: fra1", "region: ams3");
    let plan = platform.plan();
    assert_eq!(actions(&plan), ["replace cluster"]);
    let step = plan.iter().find(|event| event["event"] == "step" && event["action"] == "replace").unwrap();
    let field = step["diff"].as_array().unwrap().iter().find(|row| row["path"] == "region").unwrap();
    assert_eq!((&field["old"], &field["new"], &field["replaces"]), (&"fra1".into(), &"ams3".into(), &true.into()));
    assert_eq!(platform.up().changes(), [0, 0, 1, 0]);
    let clusters = platform.cloud.client().clusters();
    assert_eq!(clusters.len(), 1);
    assert_eq!(clusters[0]["region"], "ams3");
}

#[test]
fn a_pool_deleted_behind_its_back_is_drift() {
    let platform = Platform::new("maps");
    let _ = platform.up();
    let wanted = platform.cloud.inventory();
    let client = platform.cloud.client();
    let cluster = client.clusters().remove(0);
    let pool = cluster["node_pools"].as_array().unwrap().iter().find(|pool| pool["name"] == "workloads").unwrap();
    let path = format!(
        "/v2/kubernetes/clusters/{}/node_pools/{}",
        cluster["id"].as_str().unwrap(),
        pool["id"].as_str().unwrap()
    );
    assert_eq!(client.call("DELETE", &path, None).0, 204);
    let plan = platform.plan();
    assert_eq!(actions(&plan), ["update cluster"]);
    let step = plan.iter().find(|event| event["event"] == "step" && event["action"] == "update").unwrap();
    assert!(step.to_string().contains("drifted"), "{step}");
    assert_eq!(platform.up().changes(), [0, 1, 0, 0]);
    assert_eq!(platform.cloud.inventory(), wanted);
}

#[test]
fn a_cluster_deleted_behind_its_back_is_planned_anew() {
    let platform = Platform::new("maps");
    let _ = platform.up();
    let wanted = platform.cloud.inventory();
    let client = platform.cloud.client();
    let path = format!("/v2/kubernetes/clusters/{}", client.clusters()[0]["id"].as_str().unwrap());
    assert_eq!(client.call("DELETE", &path, None).0, 204);
    // The cloud takes its (virtual) time to delete; a plan in between would say so.
    let plan = platform.plan();
    assert_eq!(actions(&plan), ["create cluster"]);
    assert!(plan.iter().any(|event| event.to_string().contains("gone")));
    assert_eq!(platform.up().changes(), [1, 0, 0, 0]);
    assert_eq!(platform.cloud.inventory(), wanted);
}

#[test]
fn a_plan_writes_nothing_anywhere() {
    let platform = Platform::new("maps");
    let before = platform.cloud.inventory();
    let planned = actions(&platform.plan());
    assert!(planned.contains(&"create cluster".to_owned()) && planned.len() == 17, "{planned:?}");
    assert_eq!(platform.cloud.inventory(), before);
    assert_eq!(platform.cloud.calls("write"), 0);
    let differences = platform.maps("plan", &["--detailed-exitcode"]);
    assert_eq!(differences.code, Some(2));
    let _ = platform.up();
    assert_eq!(platform.maps("plan", &["--detailed-exitcode"]).code, Some(0));
}
