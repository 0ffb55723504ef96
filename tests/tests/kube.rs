//! Objects of a cluster as an operator has them: from files, drifted, taken, pruned, and many.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::{Mutex, MutexGuard, PoisonError};

use maps_tests::scenario::{objects, with_kubeconfig};
use maps_tests::{CloudServer, Finished, StackDir};
use serde_json::{Value, json};

/// The kubeconfig of a cluster to run against in earnest, instead of the local cloud's: `cargo xtask test --cluster`.
const CLUSTER: &str = "MAPS_TEST_CLUSTER";
/// The rules that are granted the server of that cluster, which may have a private address.
const RULES: [&str; 5] = ["read-objects", "apply-objects", "delete-objects", "write-namespace", "write-secret"];
/// One at a time has that cluster: all of them use the same names.
static TURN: Mutex<()> = Mutex::new(());

struct Shop {
    stack: StackDir,
    /// None where the cluster is somebody else's.
    cloud: Option<CloudServer>,
    _turn: Option<MutexGuard<'static, ()>>,
}

impl Shop {
    fn new() -> Self {
        let stack = objects();
        let Some(kubeconfig) = std::env::var_os(CLUSTER) else {
            let cloud = CloudServer::start(&stack.path().join("cloud"), &[]);
            with_kubeconfig(&stack, &cloud);
            return Self { stack, cloud: Some(cloud), _turn: None };
        };
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let text = std::fs::read_to_string(kubeconfig).unwrap();
        let host = text.split_once("server: https://").expect("the kubeconfig names an https server").1;
        let host = host.split(['/', ':', '\n', '"']).next().unwrap_or_default();
        let rules = RULES.map(|id| format!("{{id: {id}, servers: [\"{host}\"]}}")).join(", ");
        let config = "config: {cluster: \"${inputs.kubeconfig}\"}";
        stack.edit("default: KUBECONFIG", &format!("default: {}", Value::from(text)));
        stack.edit(config, &format!("{config}, grant: {{log: {{}}, clock: {{}}, kube: [{rules}]}}"));
        let _ = stack.maps().run(["plugin", "approve", "stack.yaml"]).expect(0);
        Self { stack, cloud: None, _turn: Some(turn) }
    }

    fn maps(&self, command: &[&str]) -> Finished {
        let flag = self.cloud.as_ref().map(CloudServer::flag);
        let rest = ["stack.yaml", "--output", "json"].into_iter().chain(flag.as_deref());
        self.stack.maps().run(command.iter().copied().chain(rest))
    }

    fn up(&self) -> Value {
        self.maps(&["run", "--yes"]).expect(0).summary()
    }

    /// Looks at what is in the local cloud's cluster, by other means than maps'; into another one nobody looks.
    fn look(&self, at: impl FnOnce(&Value)) {
        if let Some(cloud) = &self.cloud {
            at(&cloud.inventory()["kubernetes"]["standing"]);
        }
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        if self.cloud.is_none() {
            // Somebody else's cluster is left as it was, also after a failure.
            let _ = self.maps(&["destroy", "--yes"]);
        }
    }
}

#[test]
fn objects_come_up_once_and_go_again() {
    let shop = Shop::new();
    let made = shop.up();
    assert_eq!((&made["created"], &made["failed"]), (&json!(4), &json!(0)), "{made}");
    shop.look(|inside| {
        assert_eq!(inside["example.com/gauges"]["shop/first"]["spec"]["size"], 1);
        assert_eq!(inside["configmaps"]["shop/two"]["data"]["key"], "2");
    });
    let again = shop.up();
    assert_eq!((&again["unchanged"], &again["calls"]["write"]), (&json!(4), &json!(0)), "{again}");
    let gone = shop.maps(&["destroy", "--yes"]).expect(0).summary();
    assert_eq!((&gone["deleted"], &gone["failed"]), (&json!(4), &json!(0)), "{gone}");
    shop.look(|inside| {
        assert!(inside["namespaces"].get("shop").is_none() && inside.get("example.com/gauges").is_none(), "{inside}");
    });
}

#[test]
fn what_is_left_out_is_pruned_and_what_is_changed_is_changed() {
    let shop = Shop::new();
    shop.up();
    shop.stack.edit("data: {key: \"1\"}", "data: {key: changed}");
    shop.stack.edit("        - {apiVersion: v1, kind: ConfigMap, metadata: {name: two}, data: {key: \"2\"}}\n", "");
    let changed = shop.up();
    assert_eq!((&changed["updated"], &changed["unchanged"]), (&json!(1), &json!(3)), "{changed}");
    assert_eq!(changed["calls"]["write"], 2, "one is applied and one deleted: {changed}");
    shop.look(|inside| {
        let maps = &inside["configmaps"];
        assert_eq!(maps["shop/one"]["data"]["key"], "changed");
        assert!(maps.get("shop/two").is_none());
    });
}

#[test]
fn files_stand_in_for_manifests_as_they_are_or_with_expressions() {
    let shop = Shop::new();
    let write = |name: &str, text: &str| std::fs::write(shop.stack.path().join(name), text).unwrap();
    let map = |name: &str, value: &str| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{key: '{value}'}}\n")
    };
    write("plain.yaml", &format!("{}---\n{}", map("plain", "${HOME} $${x}"), map("more", "1")));
    write("worked.yaml", &format!("---\n{}---\n{}", map("worked", "team ${space.labels.team}"), map("most", "1")));
    let resource = |name: &str, call: &str| {
        format!(
            "  {name}:\n    type: kube/manifest\n    with: {{namespace: \"${{space.name}}\", manifest: '${{{call}}}'}}\n"
        )
    };
    let both = resource("plain", "file(\"plain.yaml\")") + &resource("worked", "template(\"worked.yaml\")");
    shop.stack.edit("  gauges:\n", &format!("{both}  gauges:\n"));
    assert_eq!(shop.up()["created"], 6);
    shop.look(|inside| {
        let maps = &inside["configmaps"];
        assert_eq!(maps["shop/plain"]["data"]["key"], "${HOME} $${x}");
        assert_eq!(maps["shop/worked"]["data"]["key"], "team a");
        assert!(maps.get("shop/more").is_some() && maps.get("shop/most").is_some());
    });
    write("plain.yaml", &map("plain", "changed"));
    let changed = shop.up();
    assert_eq!((&changed["updated"], &changed["unchanged"]), (&json!(1), &json!(5)), "{changed}");
}

#[test]
fn five_hundred_manifests_take_few_requests_when_nothing_changed() {
    let shop = Shop::new();
    let keys: Vec<String> = (0..500).map(|n| format!("m{n}: \"{n}\"")).collect();
    let many = format!(
        "  many:\n    each: {{{}}}\n    type: kube/manifest\n    with:\n      namespace: \"${{space.name}}\"\n      \
         manifest: {{apiVersion: v1, kind: ConfigMap, metadata: {{name: \"${{each.key}}\"}}, \
         data: {{key: \"${{each.value}}\"}}}}\n",
        keys.join(", ")
    );
    shop.stack.edit("  gauges:\n", &format!("{many}  gauges:\n"));
    let made = shop.up();
    assert_eq!((&made["created"], &made["failed"]), (&json!(504), &json!(0)), "{made}");
    let again = shop.up();
    assert_eq!((&again["unchanged"], &again["calls"]["write"]), (&json!(504), &json!(0)), "{again}");
    assert!(again["calls"]["read"].as_u64().unwrap() <= 30, "{again}");
}
