//! Objects of a cluster as an operator has them: from files, drifted, taken, pruned, and many.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use maps_tests::scenario::{objects, with_kubeconfig};
use maps_tests::{CloudServer, Finished, StackDir};
use serde_json::{Value, json};

struct Shop {
    stack: StackDir,
    cloud: CloudServer,
}

impl Shop {
    fn new() -> Self {
        let stack = objects();
        let cloud = CloudServer::start(&stack.path().join("cloud"), &[]);
        with_kubeconfig(&stack, &cloud);
        Self { stack, cloud }
    }

    fn maps(&self, command: &[&str]) -> Finished {
        let flag = self.cloud.flag();
        self.stack.maps().run(command.iter().copied().chain(["stack.yaml", flag.as_str(), "--output", "json"]))
    }

    fn up(&self) -> Value {
        self.maps(&["run", "--yes"]).expect(0).summary()
    }

    fn inside(&self) -> Value {
        self.cloud.inventory()["kubernetes"]["standing"].clone()
    }
}

#[test]
fn objects_come_up_once_and_go_again() {
    let shop = Shop::new();
    let made = shop.up();
    assert_eq!((&made["created"], &made["failed"]), (&json!(4), &json!(0)), "{made}");
    let inside = shop.inside();
    assert_eq!(inside["example.com/gauges"]["shop/first"]["spec"]["size"], 1);
    assert_eq!(inside["configmaps"]["shop/two"]["data"]["key"], "2");
    let again = shop.up();
    assert_eq!((&again["unchanged"], &again["calls"]["write"]), (&json!(4), &json!(0)), "{again}");
    let gone = shop.maps(&["destroy", "--yes"]).expect(0).summary();
    assert_eq!((&gone["deleted"], &gone["failed"]), (&json!(4), &json!(0)), "{gone}");
    let inside = shop.inside();
    assert!(inside["namespaces"].get("shop").is_none() && inside.get("example.com/gauges").is_none(), "{inside}");
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
    let maps = &shop.inside()["configmaps"];
    assert_eq!(maps["shop/one"]["data"]["key"], "changed");
    assert!(maps.get("shop/two").is_none());
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
    let maps = &shop.inside()["configmaps"];
    assert_eq!(maps["shop/plain"]["data"]["key"], "${HOME} $${x}");
    assert_eq!(maps["shop/worked"]["data"]["key"], "team a");
    assert!(maps.get("shop/more").is_some() && maps.get("shop/most").is_some());
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
