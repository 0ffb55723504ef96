//! Databases of CloudNativePG as an operator has them: made, changed, refused, backed up, deleted.

use maps_tests::scenario::with_kubeconfig;
use maps_tests::{CloudServer, Finished, StackDir};
use serde_json::{Value, json};

struct Shop {
    stack: StackDir,
    cloud: CloudServer,
}

impl Shop {
    fn new() -> Self {
        let stack = StackDir::with(include_str!("../../stacks/databases.yaml"));
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

    fn output(&self, name: &str) -> Value {
        let flag = self.cloud.flag();
        let told = self.stack.maps().run(["output", "stack.yaml", flag.as_str(), "--output", "json"]).expect(0);
        told.events().into_iter().find(|event| event["name"] == name).unwrap_or_default()["value"].clone()
    }

    /// The keys of all objects in the bucket.
    fn written(&self) -> Vec<String> {
        self.cloud.aws().s3("GET", "/shop-backups?list-type=2", &[], "").texts("Contents/Key")
    }
}

#[test]
fn a_database_comes_up_is_backed_up_grows_and_goes() {
    let shop = Shop::new();
    let made = shop.up();
    assert_eq!((&made["created"], &made["failed"]), (&json!(10), &json!(0)), "{made}");
    let written = shop.written();
    assert!(written.iter().any(|key| key.starts_with("postgres/db/wals/")), "{written:?}");
    assert!(written.iter().any(|key| key.ends_with("/backup.info")), "{written:?}");
    let inside = &shop.cloud.inventory()["kubernetes"]["standing"];
    let spec = &inside["postgresql.cnpg.io/clusters"]["default/db"]["spec"];
    assert_eq!(spec["postgresql"]["parameters"]["max_connections"], "100");
    assert_eq!(spec["bootstrap"]["initdb"]["secret"]["name"], "credentials");

    let again = shop.up();
    assert_eq!((&again["unchanged"], &again["calls"]["write"]), (&json!(10), &json!(0)), "{again}");

    shop.stack.edit("      instances: 1\n", "      instances: 2\n      synchronous: {number: 1}\n");
    let grown = shop.up();
    assert_eq!((&grown["updated"], &grown["failed"]), (&json!(1), &json!(0)), "{grown}");
    assert_eq!(shop.output("ready"), json!(2));

    // A bucket is deleted when it is empty.
    for key in shop.written() {
        assert_eq!(shop.cloud.aws().s3("DELETE", &format!("/shop-backups/{key}"), &[], "").status, 204);
    }
    let gone = shop.maps(&["destroy", "--yes"]).expect(0).summary();
    assert_eq!(gone["failed"], 0, "{gone}");
    let left = shop.cloud.inventory();
    let inside = left["kubernetes"]["standing"].as_object().expect("a cluster stands");
    let named = |name: &str| inside.values().filter_map(Value::as_object).any(|all| all.contains_key(name));
    let gone = ["default/db", "default/db-1", "default/db-app", "default/credentials", "default/nightly"];
    assert!(gone.iter().all(|name| !named(name)), "{inside:?}");
    assert!(left["digitalocean"]["volumes"].as_array().is_some_and(Vec::is_empty), "{left}");
    assert!(left["aws"]["buckets"].as_array().is_some_and(Vec::is_empty), "{left}");
}

#[test]
fn a_plan_refuses_what_a_database_cannot_become() {
    let shop = Shop::new();
    let _ = shop.up();
    let writes = shop.cloud.calls("write");
    for (from, to, told) in [
        ("size: 1Gi", "size: 512Mi", "cannot shrink"),
        ("class: do-block-storage", "class: do-block-storage-retain", "keep the StorageClass"),
        ("postgis:17", "postgis:16", "cannot go back"),
        ("database: shop", "database: other", "looks at `bootstrap` once"),
        ("max_connections: 100", "archive_mode: off", "sets `archive_mode` itself"),
        ("\"0 0 2 * * *\"", "\"0 2 * * *\"", "seconds come first"),
    ] {
        shop.stack.edit(from, to);
        let refused = shop.maps(&["run", "--yes"]);
        assert_ne!(refused.code, Some(0), "{to}");
        assert!(refused.stdout.contains(told), "{to}: {refused:?}");
        shop.stack.edit(to, from);
    }
    assert_eq!(shop.cloud.calls("write"), writes, "nothing was written");
}
