//! A whole platform in one run: a cluster, what AWS has for it, and all that is in it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod databases;

use maps_tests::{CloudServer, StackDir};
use serde_json::{Value, json};

fn summary(stack: &StackDir, cloud: &CloudServer, command: &[&str]) -> Value {
    let flag = cloud.flag();
    let arguments = command.iter().copied().chain(["stack.yaml", flag.as_str(), "--output", "json"]);
    let finished = stack.maps().run(arguments).expect(0);
    let last = finished.stdout.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|e| panic!("{e}: {last}"))
}

#[test]
fn a_platform_comes_up_in_one_run_stays_as_it_is_and_goes_again() {
    let stack = StackDir::with(include_str!("../../stacks/platform.yaml"));
    let home = tempfile::tempdir().unwrap();
    let cloud = CloudServer::start(&home.path().join("cloud"), &[]);
    let before = cloud.inventory();

    let made = summary(&stack, &cloud, &["run", "--yes"]);
    assert_eq!((&made["failed"], &made["blocked"]), (&json!(0), &json!(0)), "{made}");
    assert_eq!(made["created"], 11, "{made}");
    let inside = &cloud.inventory()["kubernetes"]["platform"];
    assert_eq!(inside["example.com/sites"]["default/docs"]["spec"]["host"], "docs.example.com");
    assert_eq!(inside["apps/deployments"]["maps/web"]["spec"]["replicas"], 2);
    // The value came from AWS by the key that the stack made for it, and nobody but the cluster has seen it.
    let secret = &inside["secrets"]["maps/postgres-credentials"];
    assert!(secret["data"]["password"].as_str().is_some_and(|value| !value.is_empty()), "{secret}");

    let again = summary(&stack, &cloud, &["run", "--yes"]);
    assert_eq!(again["unchanged"], 11, "{again}");
    assert_eq!(again["calls"]["write"], 0, "{again}");

    let gone = summary(&stack, &cloud, &["destroy", "--yes"]);
    assert_eq!((&gone["deleted"], &gone["failed"]), (&json!(11), &json!(0)), "{gone}");
    assert_eq!(cloud.inventory(), before);
}

#[test]
fn buckets_of_spaces_and_their_key_come_up_stay_and_go() {
    let stack = StackDir::with(include_str!("../../stacks/spaces.yaml"));
    let home = tempfile::tempdir().unwrap();
    let cloud = CloudServer::start(&home.path().join("cloud"), &[]);
    let before = cloud.inventory();

    let made = summary(&stack, &cloud, &["run", "--yes"]);
    assert_eq!((&made["created"], &made["failed"]), (&json!(3), &json!(0)), "{made}");
    let there = cloud.inventory()["digitalocean"].clone();
    let grant = json!([{"bucket": "shop-backups", "permission": "readwrite"}]);
    assert_eq!(there["spaces_keys"], json!([{"name": "shop-backups", "grants": grant}]));
    let bucket = &there["spaces_buckets"][0];
    assert_eq!((&bucket["region"], &bucket["versioning"]), (&json!("fra1"), &json!("Enabled")), "{bucket}");
    let again = summary(&stack, &cloud, &["run", "--yes"]);
    assert_eq!((&again["unchanged"], &again["calls"]["write"]), (&json!(3), &json!(0)), "{again}");

    // Another grant is given to the same key, and another text makes another key.
    stack.edit("permission: readwrite", "permission: read");
    assert_eq!(summary(&stack, &cloud, &["run", "--yes"])["updated"], 1);
    stack.edit("rotate: \"1\"", "rotate: \"2\"");
    assert_eq!(summary(&stack, &cloud, &["run", "--yes"])["replaced"], 1);
    let keys = cloud.inventory()["digitalocean"]["spaces_keys"].clone();
    assert_eq!(keys, json!([{"name": "shop-backups", "grants": [{"bucket": "shop-backups", "permission": "read"}]}]));

    let gone = summary(&stack, &cloud, &["destroy", "--yes"]);
    assert_eq!((&gone["deleted"], &gone["failed"]), (&json!(3), &json!(0)), "{gone}");
    assert_eq!(cloud.inventory(), before);
}
