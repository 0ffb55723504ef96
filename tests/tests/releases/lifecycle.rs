//! A release that goes well: made, left alone, changed, drifted, and taken away.

use serde_json::json;

use crate::world::{Shop, told};

#[test]
fn a_release_comes_up_once_with_all_that_a_chart_has_and_goes_again() {
    let shop = Shop::new();
    assert_eq!(shop.up(), [1, 0, 0, 0]);
    assert_eq!(shop.history(), ["1 deployed"]);
    assert_eq!(shop.names("apps/deployments"), ["shop"]);
    assert_eq!(shop.names("services"), ["shop"]);
    assert_eq!(shop.names("example.com/gauges"), ["shop"], "its kind comes from crds/");
    assert_eq!(shop.names("batch/jobs"), ["shop-post-install", "shop-pre-install"]);
    let job = shop.object("batch/jobs", "shop-pre-install");
    assert_eq!(job["metadata"]["annotations"]["meta.helm.sh/release-name"], "shop");
    let live = shop.object("apps/deployments", "shop");
    assert_eq!(live["metadata"]["labels"]["app.kubernetes.io/managed-by"], "Helm");
    shop.rests();
    shop.leaves_nothing();
}

#[test]
fn an_upgrade_tells_what_changes_and_prunes() {
    let shop = Shop::new();
    shop.up();
    shop.values("replicas: 2, service: false");
    let plan = told(&shop.maps("plan", &[]).expect(0));
    for line in
        ["Deployment shop/shop: spec.replicas 1 → 2", "Gauge shop/shop: spec.replicas 1 → 2", "Service shop/shop: goes"]
    {
        assert!(plan.contains(line), "{line}\n{plan}");
    }
    assert!(!plan.contains("nginx"), "what stays is not told: {plan}");
    assert_eq!(shop.up(), [0, 1, 0, 0]);
    assert_eq!((shop.history(), shop.replicas()), (vec!["1 superseded".to_owned(), "2 deployed".to_owned()], json!(2)));
    assert!(shop.names("services").is_empty());
    shop.rests();
    shop.leaves_nothing();
}

#[test]
fn what_a_chart_may_see_of_secrets_is_the_operator_s_decision() {
    let shop = Shop::new();
    shop.stack.edit("plugins:", "  password: {type: string, secret: true, default: hunter2-of-the-shop}\nplugins:");
    shop.values("password: \"${inputs.password}\"");
    let writes = shop.cloud.calls("write");
    let refused = shop.run();
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert!(
        told(&refused).contains("`values.password` is a secret") && told(&refused).contains("allow: {reveal: true}"),
        "{refused:?}"
    );
    assert_eq!(shop.cloud.calls("write"), writes);
    shop.stack.edit("{helm: {source: helm,", "{helm: {source: helm, allow: {reveal: true},");
    let made = shop.run().expect(0);
    assert_eq!(made.changes(), [1, 0, 0, 0]);
    assert!(!told(&made).contains("hunter2"), "{made:?}");
    assert_eq!(shop.object("secrets", "shop")["data"]["password"], "aHVudGVyMi1vZi10aGUtc2hvcA==");
    for entry in walk(&shop.stack.path().join(".maps")) {
        let bytes = std::fs::read(&entry).unwrap();
        assert!(!bytes.windows(7).any(|part| part == b"hunter2"), "{} has it in clear", entry.display());
    }
    shop.rests();
    shop.leaves_nothing();
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(walk(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn without_waiting_a_release_is_done_once_it_is_applied() {
    let shop = Shop::new();
    shop.set("wait: false");
    shop.values("image: \"registry.invalid/web:1\"");
    assert_eq!(shop.up(), [1, 0, 0, 0]);
    assert_eq!(shop.history(), ["1 deployed"]);
    shop.rests();
    shop.leaves_nothing();
}

#[test]
fn hooks_go_by_their_policies() {
    let shop = Shop::new();
    shop.values(
        "policies: {pre-install: hook-succeeded, post-install: hook-failed, pre-upgrade: \"before-hook-creation,hook-succeeded\"}",
    );
    shop.up();
    assert_eq!(shop.names("batch/jobs"), ["shop-post-install"], "it did not fail");
    shop.values("replicas: 2, policies: {pre-upgrade: \"before-hook-creation,hook-succeeded\", post-upgrade: hook-failed}, fails: post-upgrade");
    let failed = shop.run();
    assert_eq!(failed.code, Some(1), "{failed:?}");
    assert_eq!(shop.names("batch/jobs"), ["shop-post-install"], "the one that failed has gone");
    shop.leaves_nothing();
}

#[test]
fn what_others_change_is_told_by_its_fields_and_put_back() {
    let shop = Shop::new();
    shop.up();
    shop.kubectl(&["scale", "deployment", "shop", "--replicas=3"]);
    shop.kubectl(&["delete", "service", "shop"]);
    let drift = shop.maps("plan", &["--detailed-exitcode"]).expect(2);
    for said in ["Deployment shop/shop", "spec.replicas", "Service shop/shop"] {
        assert!(told(&drift).contains(said), "{said}: {drift:?}");
    }
    assert_eq!(shop.up(), [0, 1, 0, 0]);
    assert_eq!((shop.replicas(), shop.names("services")), (json!(1), vec!["shop".to_owned()]));
    shop.rests();
}
