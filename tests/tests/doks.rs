//! DigitalOcean Kubernetes as an operator has it: pools of several owners in one cluster, what
//! controllers made, clusters that were there before.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use maps_tests::{Client, CloudServer, Finished, StackDir};
use serde_json::{Value, json};

const SIGKILL: i32 = 9;
/// A run that makes more calls than this is not the run these tests know.
const MOST_CALLS: usize = 60;

struct Account {
    stack: StackDir,
    cloud: CloudServer,
}

impl Account {
    fn new() -> Self {
        let stack = StackDir::copy_of("doks");
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

    fn cluster(&self) -> (Client, Value) {
        let client = self.cloud.client();
        let cluster = client.clusters().remove(0);
        (client, cluster)
    }

    fn pools(&self) -> Vec<String> {
        let (_, cluster) = self.cluster();
        let pools = cluster["node_pools"].as_array().unwrap();
        let mut names: Vec<String> = pools.iter().map(|pool| pool["name"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    }

    /// Adds a pool by hand.
    fn meddle(&self, name: &str) {
        let (client, cluster) = self.cluster();
        let path = format!("/v2/kubernetes/clusters/{}/node_pools", cluster["id"].as_str().unwrap());
        let body = json!({"name": name, "size": "s-1vcpu-2gb", "count": 1});
        assert_eq!(client.call("POST", &path, Some(&body)).0, 201);
    }

    /// Has a controller in the cluster make something.
    fn associate(&self, kind: &str, name: &str) {
        let body = json!({"cluster": "shop", "kind": kind, "name": name});
        let (status, answer) = self.cloud.client().control("POST", "/associated", Some(&body));
        assert_eq!(status, 200, "{answer}");
    }
}

#[test]
fn the_stack_comes_up_stays_as_it_is_and_goes() {
    let account = Account::new();
    let before = account.cloud.inventory();
    assert_eq!(account.up().changes(), [2, 0, 0, 0]);
    let (_, cluster) = account.cluster();
    for (field, value) in [
        ("auto_upgrade", json!(true)),
        ("surge_upgrade", json!(true)),
        ("registry_enabled", json!(true)),
        ("coredns_autoscaler", json!({"enabled": true})),
        ("control_plane_firewall", json!({"enabled": true, "allowed_addresses": ["203.0.113.0/24"]})),
    ] {
        assert_eq!(cluster[field], value, "{field}");
    }
    let writes = account.cloud.calls("write");
    assert_eq!(account.up().changes(), [0; 4]);
    assert_eq!(account.cloud.calls("write"), writes);
    let _ = account.maps("destroy", &["--yes"]).expect(0);
    assert_eq!(account.cloud.inventory(), before);
}

#[test]
fn a_clusters_pools_a_pool_apart_and_one_made_by_hand_leave_each_other_alone() {
    let account = Account::new();
    let _ = account.up();
    account.meddle("by-hand");
    assert_eq!(account.up().changes(), [0; 4], "a pool of somebody else is no drift");
    account.stack.edit("name: web\n          size: s-2vcpu-4gb", "name: front\n          size: s-4vcpu-8gb");
    assert_eq!(account.up().changes(), [0, 1, 0, 0]);
    assert_eq!(account.pools(), ["batch", "by-hand", "front"]);
    account.stack.edit("work: batch}", "work: night}");
    assert_eq!(account.up().changes(), [0, 1, 0, 0]);
    account.stack.edit("size: s-4vcpu-8gb\n      autoscale", "size: c-4\n      autoscale");
    assert_eq!(account.up().changes(), [0, 0, 1, 0]);
    assert_eq!(account.pools(), ["batch", "by-hand", "front"]);
    let text = account.stack.text();
    let (head, tail) =
        (text.split("  # Lives and dies").next().unwrap(), "outputs:\n  endpoint: \"${cluster.endpoint}\"\n");
    account.stack.write(&format!("{head}{tail}"));
    assert_eq!(account.up().changes(), [0, 0, 0, 1]);
    assert_eq!(account.pools(), ["by-hand", "front"]);
    assert_eq!(account.up().changes(), [0; 4]);
}

#[test]
fn a_replaced_cluster_takes_its_pools_with_it() {
    let account = Account::new();
    let _ = account.up();
    account.stack.edit("region: fra1", "region: ams3");
    assert_eq!(account.up().changes(), [0, 0, 2, 0]);
    assert_eq!(account.pools(), ["batch", "web"]);
    assert_eq!(account.up().changes(), [0; 4]);
}

#[test]
fn what_stays_of_a_destroyed_cluster_is_told_and_the_rest_goes_with_it() {
    let account = Account::new();
    let _ = account.up();
    account.associate("load_balancers", "ingress");
    account.associate("volumes", "orders");
    let gone = account.maps("destroy", &["--yes"]).expect(0);
    assert!(gone.stdout.contains("1 volume (orders)"), "{}", gone.stdout);
    let left = &account.cloud.inventory()["digitalocean"];
    assert_eq!(left["volumes"], json!([{"name": "orders", "cluster": null}]));
    assert_eq!((&left["load_balancers"], &left["kubernetes_clusters"]), (&json!([]), &json!([])));
}

#[test]
fn a_cluster_and_a_pool_are_imported_by_name() {
    let account = Account::new();
    let _ = account.up();
    let (_, made) = account.cluster();
    std::fs::remove_dir_all(account.stack.path().join(".maps")).unwrap();
    let taken = account.maps("run", &["--yes"]);
    assert_eq!(taken.code, Some(1), "{taken:?}");
    assert!(taken.stdout.contains("import: shop"), "the refusal says how to take it over: {}", taken.stdout);

    std::fs::remove_dir_all(account.stack.path().join(".maps")).unwrap();
    account.stack.edit("\n  # Lives and dies", "    options: {import: shop}\n\n  # Lives and dies");
    account.stack.edit(
        "\noutputs:\n",
        "    options: {import: shop/batch}\n\noutputs:\n  kubeconfig: \"${cluster.kubeconfig}\"\n",
    );
    let writes = account.cloud.calls("write");
    let imported = account.up();
    let summary = imported.summary();
    // What DigitalOcean does not know, such as how a version was written, is recorded by an update.
    assert_eq!((&summary["adopted"], imported.changes()), (&json!(1), [0, 1, 0, 0]), "{imported:?}");
    assert_eq!(account.cloud.calls("write"), writes, "an import changes nothing");
    assert_eq!(account.up().changes(), [0; 4]);
    let again = account.up();
    assert_eq!((again.changes(), account.cloud.calls("write")), ([0; 4], writes));
    assert_eq!(account.cluster().1["id"], made["id"]);
}

#[test]
fn a_pool_whose_making_is_killed_at_each_call_is_found_again() {
    let wanted = {
        let account = Account::new();
        let _ = account.up();
        account.cloud.inventory()
    };
    for call in 1..MOST_CALLS {
        let account = Account::new();
        let whole = account.stack.text();
        let head = whole.split("  # Lives and dies").next().unwrap();
        account.stack.write(&format!("{head}outputs:\n  endpoint: \"${{cluster.endpoint}}\"\n"));
        let _ = account.up();
        account.stack.write(&whole);
        let hit = account.maps("run", &["--yes", "--fault", &format!("crash-sent@{call}")]);
        let over = hit.code == Some(0);
        assert!(over || hit.signal == Some(SIGKILL), "{call}: {hit:?}");
        let _ = account.up();
        assert_eq!(account.cloud.inventory(), wanted, "killed at call {call}");
        assert_eq!(account.up().changes(), [0; 4], "killed at call {call}");
        if over {
            assert!(call > 4, "the run made {} calls", call - 1);
            return;
        }
    }
    panic!("no end after {MOST_CALLS} calls");
}
