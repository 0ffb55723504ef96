//! The cluster and its nodes: rows A1 and A2, and what an operator does with a cluster.

use maps_tests::StackDir;
use serde_json::Value;

use crate::platform::{Platform, actions};

#[test]
fn a01_a_cluster_named_maps_in_fra1_at_the_newest_1_33_without_ha() {
    let platform = Platform::up();
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
fn a02_two_node_pools_one_fixed_one_autoscaled_and_each_holds_what_it_is_for() {
    let platform = Platform::up();
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
    // Of all that the stack deployed, each pod runs where the document wants it.
    let pods: Value = serde_json::from_str(&platform.ask("kubectl", &["get", "pods", "-A", "-o", "json"])).unwrap();
    let systems = ["cert-manager", "ingress-nginx", "external-secrets", "cnpg-system"];
    let (mut system, mut services) = (0, 0);
    for pod in pods["items"].as_array().unwrap() {
        let (namespace, name) = (&pod["metadata"]["namespace"], &pod["metadata"]["name"]);
        let wanted = match namespace.as_str().unwrap() {
            "maps" => "workloads",
            other if systems.contains(&other) => "general-purpose",
            _ => continue,
        };
        let selector = &pod["spec"]["nodeSelector"]["doks.digitalocean.com/node-pool"];
        if pod["metadata"]["ownerReferences"][0]["kind"] == "Job" {
            continue; // A chart's hook: gone again, and nobody's load.
        }
        let node = pod["spec"]["nodeName"].as_str().unwrap_or_else(|| panic!("{name} waits for a node"));
        assert!(node.starts_with(wanted) || selector == wanted, "{namespace}/{name} is on {node}");
        *(if wanted == "workloads" { &mut services } else { &mut system }) += 1;
    }
    assert!(system >= 6 && services >= 5, "{system} and {services}");
}

/// A cluster that stands.
fn standing() -> Platform {
    let platform = Platform::of(StackDir::cluster());
    let _ = platform.again(&[]).expect(0);
    platform
}

#[test]
fn a_changed_pool_count_is_one_update() {
    let platform = standing();
    platform.stack.edit("count: 2", "count: 3");
    let plan = platform.plan();
    assert_eq!(actions(&plan), ["update cluster"]);
    assert_eq!(platform.again(&[]).changes(), [0, 1, 0, 0]);
    let clusters = platform.cloud.client().clusters();
    let pools = clusters[0]["node_pools"].as_array().unwrap();
    assert!(pools.iter().any(|pool| pool["name"] == "general-purpose" && pool["count"] == 3));
    assert_eq!(platform.again(&[]).changes(), [0; 4]);
}

#[test]
fn a_changed_region_is_one_replacement_with_the_reason_on_the_field() {
    let platform = standing();
    platform.stack.edit("region: fra1", "region: ams3");
    let plan = platform.plan();
    assert_eq!(actions(&plan), ["replace cluster"]);
    let step = plan.iter().find(|event| event["event"] == "step" && event["action"] == "replace").unwrap();
    let field = step["diff"].as_array().unwrap().iter().find(|row| row["path"] == "region").unwrap();
    assert_eq!((&field["old"], &field["new"], &field["replaces"]), (&"fra1".into(), &"ams3".into(), &true.into()));
    assert_eq!(platform.again(&[]).changes(), [0, 0, 1, 0]);
    let clusters = platform.cloud.client().clusters();
    assert_eq!(clusters.len(), 1);
    assert_eq!(clusters[0]["region"], "ams3");
}

#[test]
fn a_pool_deleted_behind_its_back_is_drift() {
    let platform = standing();
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
    assert_eq!(platform.again(&[]).changes(), [0, 1, 0, 0]);
    assert_eq!(platform.cloud.inventory(), wanted);
}

#[test]
fn a_cluster_deleted_behind_its_back_is_planned_anew() {
    let platform = standing();
    let wanted = platform.cloud.inventory();
    let client = platform.cloud.client();
    let path = format!("/v2/kubernetes/clusters/{}", client.clusters()[0]["id"].as_str().unwrap());
    assert_eq!(client.call("DELETE", &path, None).0, 204);
    // The cloud takes its (virtual) time to delete; a plan in between would say so.
    let plan = platform.plan();
    assert_eq!(actions(&plan), ["create cluster"]);
    assert!(plan.iter().any(|event| event.to_string().contains("gone")));
    assert_eq!(platform.again(&[]).changes(), [1, 0, 0, 0]);
    assert_eq!(platform.cloud.inventory(), wanted);
}
