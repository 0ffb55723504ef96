//! Releases that the real helm and maps hand to each other.

use serde_json::json;

use crate::world::{Shop, told};

/// Hooks take time that helm really waits for, and maps does not.
const INSTALL: [&str; 5] = ["install", "shop", "./chart", "--create-namespace", "--no-hooks"];

#[test]
fn helm_knows_what_maps_installed() {
    let shop = Shop::new();
    shop.values("replicas: 2");
    shop.up();
    let list: serde_json::Value = serde_json::from_str(&shop.helm(&["list", "-o", "json"])).unwrap();
    let said = ["name", "revision", "status", "chart", "app_version"].map(|key| list[0][key].clone());
    assert_eq!(said, ["shop", "1", "deployed", "shop-1.2.3", "4.5"]);
    assert_eq!(shop.helm(&["get", "values", "shop", "-o", "json"]).trim(), "{\"replicas\":2}");
    assert!(shop.helm(&["get", "manifest", "shop"]).contains("# Source: shop/templates/web.yaml"));
    assert!(shop.helm(&["get", "notes", "shop"]).contains("2 of nginx:1"));
    shop.values("replicas: 3");
    shop.up();
    let history: serde_json::Value = serde_json::from_str(&shop.helm(&["history", "shop", "-o", "json"])).unwrap();
    let said = [0, 1].map(|at| history[at]["description"].clone());
    assert_eq!(said, ["Install complete", "Upgrade complete"]);
    shop.helm(&["rollback", "shop", "1", "--no-hooks"]);
    assert_eq!((shop.history().len(), shop.replicas()), (3, json!(2)));
    shop.helm(&["uninstall", "shop", "--no-hooks"]);
    assert!(shop.history().is_empty() && shop.names("apps/deployments").is_empty());
}

#[test]
fn what_helm_installed_is_taken_over() {
    let shop = Shop::new();
    shop.helm(&INSTALL);
    let plan = told(&shop.maps("plan", &[]).expect(0));
    assert!(plan.contains("the release shop/shop is there already (deployed, version 1); it is taken over"), "{plan}");
    assert_eq!(shop.up(), [1, 0, 0, 0]);
    assert_eq!(shop.history(), ["1 superseded", "2 deployed"]);
    shop.rests();
    assert!(shop.helm(&["status", "shop"]).contains("STATUS: deployed"));
    shop.leaves_nothing();
}

#[test]
fn what_helm_does_between_two_runs_is_told_and_undone() {
    let shop = Shop::new();
    shop.up();
    shop.helm(&["upgrade", "shop", "./chart", "--set", "replicas=3", "--no-hooks"]);
    assert_eq!(shop.replicas(), json!(3));
    let drift = told(&shop.maps("plan", &["--detailed-exitcode"]).expect(2));
    assert!(drift.contains("version 2 (deployed) of helm is there, and not version 1"), "{drift}");
    assert!(drift.contains("Deployment shop/shop: spec.replicas 3 → 1"), "{drift}");
    assert_eq!(shop.up(), [0, 1, 0, 0]);
    assert_eq!((shop.replicas(), shop.history().pop()), (json!(1), Some("3 deployed".to_owned())));
    shop.rests();
    shop.helm(&["rollback", "shop", "2", "--no-hooks"]);
    assert_eq!(shop.replicas(), json!(3));
    assert_eq!(shop.up(), [0, 1, 0, 0]);
    assert_eq!((shop.replicas(), shop.history().pop()), (json!(1), Some("5 deployed".to_owned())));
    shop.helm(&["uninstall", "shop", "--no-hooks"]);
    assert_eq!(shop.up(), [1, 0, 0, 0]);
    assert_eq!(shop.history(), ["1 deployed"]);
    // Gone already, there is nothing to delete; what hooks left, helm leaves.
    shop.helm(&["uninstall", "shop", "--no-hooks"]);
    shop.kubectl(&["delete", "jobs", "--all"]);
    shop.leaves_nothing();
}

#[test]
fn what_a_killed_helm_left_pending_is_taken_up() {
    // Its hook runs for as long as it is looked at: virtual time goes on where maps waits.
    let shop = Shop::new();
    shop.helm_killed(&["install", "shop", "./chart", "--create-namespace"], "pending-install");
    assert_eq!(shop.up(), [1, 0, 0, 0]);
    assert_eq!(shop.history(), ["1 failed", "2 deployed"]);
    shop.rests();

    shop.helm_killed(&["upgrade", "shop", "./chart", "--set", "replicas=3"], "pending-upgrade");
    assert_eq!(shop.up(), [0, 1, 0, 0]);
    assert_eq!(shop.history(), ["1 failed", "2 superseded", "3 failed", "4 deployed"]);
    shop.rests();

    shop.helm_killed(&["rollback", "shop", "2"], "pending-rollback");
    assert_eq!(shop.up(), [0, 1, 0, 0]);
    assert_eq!(shop.history().pop(), Some("6 deployed".to_owned()));
    shop.rests();
    shop.leaves_nothing();
}

#[test]
fn a_release_that_helm_left_pending_goes_with_its_stack() {
    let shop = Shop::new();
    shop.up();
    shop.helm_killed(&["upgrade", "shop", "./chart", "--set", "replicas=3"], "pending-upgrade");
    shop.leaves_nothing();
}
