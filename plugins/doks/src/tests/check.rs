//! What `check` accepts, refuses and leaves open, and what the schema says.

use serde_json::json;

use super::*;

#[test]
fn defaults_are_filled_in_and_nothing_else_changes() {
    let mut expected = inputs();
    for field in ["auto_upgrade", "surge_upgrade", "isolated_workers"] {
        expected[field] = false.into();
    }
    expected["destroy_associated"] = json!([]);
    let pool = &mut expected["node_pools"][0];
    (pool["labels"], pool["taints"], pool["tags"]) = (json!({}), json!([]), json!([]));
    assert_eq!(checked(&inputs()), expected);
    assert_eq!(checked(&expected), expected, "checking twice changes nothing more");
}

#[test]
fn each_mistake_is_told_at_its_place() {
    let pool = |more: Value| {
        let mut pool = json!({"name": "main", "size": "s", "count": 1});
        for (key, value) in more.as_object().unwrap() {
            pool[key] = value.clone();
        }
        json!({"node_pools": [pool]})
    };
    let firewall = |enabled: bool, addresses: Value| json!({"control_plane_firewall": {"enabled": enabled, "allowed_addresses": addresses}});
    let autoscaler = |settings: Value| json!({"cluster_autoscaler_configuration": settings});
    let cases = [
        (json!({"name": "Upper"}), "bad-name", "name"),
        (json!({"name": "-edge"}), "bad-name", "name"),
        (json!({"name": "1st"}), "bad-name", "name"),
        (json!({"name": "x".repeat(64)}), "bad-name", "name"),
        (json!({"region": "FRA 1"}), "bad-region", "region"),
        (json!({"version": "one"}), "bad-version", "version"),
        (json!({"version": "1.33.1-do."}), "bad-version", "version"),
        (json!({"tags": ["a", "b c"]}), "bad-tag", "tags[1]"),
        (json!({"tags": ["a", "a"]}), "duplicate-tag", "tags[1]"),
        (json!({"tags": ["maps-token:x"]}), "reserved-tag", "tags[0]"),
        (json!({"tags": ["k8s"]}), "reserved-tag", "tags[0]"),
        (json!({"maintenance_policy": {"start_time": "24:00"}}), "bad-time", "maintenance_policy.start_time"),
        (json!({"version": "1.33.1-do.3", "auto_upgrade": true}), "exact-version", "version"),
        (json!({"cluster_subnet": "10.0.0.0"}), "bad-subnet", "cluster_subnet"),
        (json!({"service_subnet": "10.0.0.0/33"}), "bad-subnet", "service_subnet"),
        (json!({"worker_subnet_uuid": "s"}), "no-vpc", "worker_subnet_uuid"),
        (firewall(true, json!([])), "nobody-allowed", "control_plane_firewall.allowed_addresses"),
        (firewall(false, json!(["x"])), "bad-address", "control_plane_firewall.allowed_addresses[0]"),
        (
            firewall(true, json!(["1.2.3.4", "1.2.3.4"])),
            "duplicate-address",
            "control_plane_firewall.allowed_addresses[1]",
        ),
        (
            autoscaler(json!({"scale_down_utilization_threshold": 1.5})),
            "bad-share",
            "cluster_autoscaler_configuration.scale_down_utilization_threshold",
        ),
        (
            autoscaler(json!({"scale_down_unneeded_time": "10"})),
            "bad-duration",
            "cluster_autoscaler_configuration.scale_down_unneeded_time",
        ),
        (
            autoscaler(json!({"scale_down_unneeded_time": "5s1m"})),
            "bad-duration",
            "cluster_autoscaler_configuration.scale_down_unneeded_time",
        ),
        (
            autoscaler(json!({"scale_down_unneeded_time": "1é"})),
            "bad-duration",
            "cluster_autoscaler_configuration.scale_down_unneeded_time",
        ),
        (
            autoscaler(json!({"expanders": ["random", "random"]})),
            "duplicate-expander",
            "cluster_autoscaler_configuration.expanders[1]",
        ),
        (json!({"sso": {"enabled": false, "required": true}}), "sso-off", "sso.required"),
        (json!({"sso": {"enabled": true, "issuer_url": "https://a.example"}}), "sso-incomplete", "sso.client_id"),
        (json!({"sso": {"enabled": false, "issuer_url": "http://a.example"}}), "bad-url", "sso.issuer_url"),
        (json!({"registries": ["a", "a"]}), "duplicate-registry", "registries[1]"),
        (json!({"registries": ["a"], "registry_enabled": false}), "registry-off", "registry_enabled"),
        (json!({"destroy_associated": ["volumes", "volumes"]}), "duplicate-kind", "destroy_associated[1]"),
        (json!({"destroy_associated": ["droplets"]}), "wrong-shape", "destroy_associated[0]"),
        (json!({"add_ons": {"teleport": true}}), "wrong-shape", "add_ons.teleport"),
        (json!({"node_pools": []}), "no-node-pool", "node_pools"),
        (pool(json!({"name": ""})), "bad-name", "node_pools[0].name"),
        (pool(json!({"size": ""})), "no-size", "node_pools[0].size"),
        (pool(json!({"count": null})), "no-count", "node_pools[0].count"),
        (pool(json!({"count": 0})), "no-nodes", "node_pools[0].count"),
        (pool(json!({"autoscale": {"min": 3, "max": 2}})), "autoscale-bounds", "node_pools[0].autoscale.min"),
        (pool(json!({"count": 5, "autoscale": {"min": 1, "max": 2}})), "count-out-of-bounds", "node_pools[0].count"),
        (pool(json!({"taints": [{"key": "", "effect": "NoExecute"}]})), "no-taint-key", "node_pools[0].taints[0].key"),
        (pool(json!({"taints": [{"key": "a", "effect": "Never"}]})), "wrong-shape", "node_pools[0].taints[0].effect"),
        (pool(json!({"count": "two"})), "wrong-shape", "node_pools[0].count"),
        (pool(json!({"colour": "red"})), "wrong-shape", "node_pools[0].colour"),
        (json!({"region": null}), "wrong-shape", "region"),
    ];
    for (change, code, path) in cases {
        let mut wanted = inputs();
        for (key, value) in change.as_object().unwrap() {
            wanted[key] = value.clone();
        }
        assert_eq!(check(&wanted), Err(vec![(code.to_owned(), path.to_owned())]), "{change}");
    }
}

#[test]
fn two_pools_of_one_name_are_refused() {
    let mut wanted = inputs();
    let twin = wanted["node_pools"][0].clone();
    wanted["node_pools"].as_array_mut().unwrap().push(twin);
    assert_eq!(check(&wanted), Err(vec![("duplicate-node-pool".to_owned(), "node_pools[1].name".to_owned())]));
}

#[test]
fn unknowns_pass_wherever_they_are_and_come_back_as_they_were() {
    let unknown = json!({"$unknown": true});
    for pointer in [
        "/name",
        "/region",
        "/version",
        "/ha",
        "/tags",
        "/tags/1",
        "/maintenance_policy",
        "/vpc_uuid",
        "/node_pools",
        "/node_pools/0",
        "/node_pools/0/name",
        "/node_pools/0/size",
        "/node_pools/0/count",
        "/node_pools/0/autoscale",
        "/node_pools/0/autoscale/min",
        "/node_pools/0/autoscale/max",
        "/node_pools/0/labels",
        "/node_pools/0/labels/a",
        "/node_pools/0/taints",
        "/node_pools/0/taints/0/effect",
        "/node_pools/0/taints/0/key",
        "/node_pools/1",
    ] {
        let mut wanted = inputs();
        let more = json!({"autoscale": {"min": 1, "max": 2}, "labels": {"a": "b"}, "taints": [{"key": "k", "effect": "NoExecute"}]});
        for (key, value) in more.as_object().unwrap() {
            wanted["node_pools"][0][key] = value.clone();
        }
        let second = json!({"name": "second", "size": "s", "count": 1});
        wanted["node_pools"].as_array_mut().unwrap().push(second);
        wanted["maintenance_policy"] = json!({"start_time": "02:00"});
        wanted["vpc_uuid"] = "v".into();
        wanted["ha"] = true.into();
        *wanted.pointer_mut(pointer).unwrap() = unknown.clone();
        let checked = check(&wanted).unwrap_or_else(|problems| panic!("{pointer}: {problems:?}"));
        assert_eq!(checked.pointer(pointer), Some(&unknown), "{pointer}");
        assert_eq!(checked.to_string().matches("$unknown").count(), 1, "{pointer}: {checked}");
    }
}

#[test]
fn what_is_known_is_judged_beside_what_is_not() {
    let mut wanted = inputs();
    wanted["name"] = json!({"$unknown": true});
    wanted["region"] = "no region".into();
    wanted["node_pools"][0]["count"] = json!({"$unknown": true});
    wanted["node_pools"][0]["name"] = "Upper".into();
    let expected = [("bad-region", "region"), ("bad-name", "node_pools[0].name")];
    assert_eq!(check(&wanted), Err(expected.map(|(code, path)| (code.to_owned(), path.to_owned())).to_vec()));
}

#[test]
fn the_schema_says_what_the_engine_must_know() {
    let kinds = parsed(&MapsPlugin::describe());
    let kind = &kinds["kinds"]["doks/cluster"];
    let input = |name: &str| &kind["inputs"]["properties"][name];
    assert!(input("name").get("x-maps-replace").is_none(), "a cluster can be renamed");
    for name in ["region", "vpc_uuid", "worker_subnet_uuid", "cluster_subnet", "service_subnet"] {
        assert_eq!(input(name)["x-maps-replace"], true, "{name}");
        assert_eq!(input(name)["type"], "string", "{name}");
    }
    assert_eq!(input("node_pools")["x-maps-key"], "name");
    assert_eq!(input("maintenance_policy")["x-maps-computed"], true);
    assert_eq!(input("maintenance_policy")["type"], "object");
    assert_eq!(kind["inputs"]["required"], json!(["name", "region", "version", "node_pools"]));
    assert_eq!(kind["inputs"]["additionalProperties"], false);
    let kubeconfig = &kind["outputs"]["properties"]["kubeconfig"];
    assert_eq!((&kubeconfig["x-maps-secret"], &kubeconfig["x-maps-ephemeral"]), (&json!(true), &json!(true)));
    assert_eq!(kubeconfig["type"], "string");
    let pool = &kinds["kinds"]["doks/node-pool"]["inputs"]["properties"]["cluster"];
    assert_eq!((&pool["x-maps-lives-in"], &pool["x-maps-replace"]), (&json!(true), &json!(true)));
    let text = kinds.to_string();
    assert!(!text.contains("$ref") && !text.contains("\"null\""), "{text}");
    assert_eq!(MapsPlugin::describe(), MapsPlugin::describe());
}
