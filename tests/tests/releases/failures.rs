//! Releases that fail: what they leave, and how the next run goes on from it or takes it away.

use serde_json::json;

use crate::world::{Shop, told};

/// Values with which an installation fails, and what is said of it.
const FAILING: [(&str, &str); 3] = [
    ("fails: pre-install", "the pre-install hook Job shop-pre-install failed"),
    ("fails: post-install", "the post-install hook Job shop-post-install failed"),
    ("image: \"registry.invalid/web:1\"", "not ready within 2m: Deployment shop/shop"),
];

#[test]
fn an_installation_that_failed_is_the_stack_s_and_the_next_run_goes_on_from_it() {
    for (values, said) in FAILING {
        let shop = Shop::new();
        shop.values(values);
        let failed = shop.run();
        assert_eq!(failed.code, Some(1), "{failed:?}");
        assert!(told(&failed).contains(said), "{said}: {failed:?}");
        assert_eq!(shop.history(), ["1 failed"]);
        // Mended in the values, and in the chart's files: neither is what failed.
        shop.values("");
        let file = shop.stack.path().join("chart/templates/NOTES.txt");
        std::fs::write(file, "mended\n").unwrap();
        let plan = told(&shop.maps("plan", &[]).expect(0));
        assert!(plan.contains("version 1 is not deployed: failed"), "{plan}");
        let mended = shop.run().expect(0);
        assert_eq!(mended.summary()["failed"], 0, "{mended:?}");
        assert_eq!(shop.history(), ["1 failed", "2 deployed"]);
        shop.rests();
        shop.leaves_nothing();
    }
}

#[test]
fn an_installation_that_failed_is_taken_away_by_a_destroy() {
    for (values, _) in &FAILING[..2] {
        let shop = Shop::new();
        shop.values(values);
        assert_eq!(shop.run().code, Some(1));
        // Whoever looks at it meanwhile loses nothing.
        let _ = shop.maps("plan", &[]).expect(0);
        shop.leaves_nothing();
        assert_eq!(shop.maps("destroy", &["--yes"]).expect(0).changes(), [0; 4], "nothing is remembered");
    }
}

#[test]
fn an_installation_that_failed_goes_where_its_resource_goes_from_the_stack() {
    let shop = Shop::new();
    shop.values(FAILING[0].0);
    assert_eq!(shop.run().code, Some(1));
    let text = shop.stack.text();
    let (head, _) = text.split_once("resources:").unwrap();
    shop.stack.write(head);
    assert_eq!(shop.up(), [0, 0, 0, 1]);
    assert!(shop.history().is_empty() && shop.names("batch/jobs").is_empty());
}

#[test]
fn an_installation_that_fails_leaves_nothing_where_that_is_asked_for() {
    for (values, said) in &FAILING[1..] {
        let shop = Shop::new();
        shop.set("rollback_on_failure: true");
        shop.values(values);
        let failed = shop.run();
        assert_eq!(failed.code, Some(1), "{failed:?}");
        assert!(told(&failed).contains(said) && told(&failed).contains("it was uninstalled"), "{said}: {failed:?}");
        assert!(shop.history().is_empty() && shop.names("apps/deployments").is_empty(), "{values}");
        shop.leaves_nothing();
    }
}

/// Values with which an upgrade fails, and what is said of it.
const FAILING_UPGRADES: [(&str, &str); 3] = [
    ("replicas: 2, fails: pre-upgrade", "the pre-upgrade hook Job shop-pre-upgrade failed"),
    ("replicas: 2, service: false, fails: post-upgrade", "the post-upgrade hook Job shop-post-upgrade failed"),
    ("replicas: 2, image: \"registry.invalid/web:1\"", "not ready within 2m: Deployment shop/shop"),
];

#[test]
fn an_upgrade_that_fails_goes_back_where_that_is_asked_for() {
    for (values, said) in FAILING_UPGRADES {
        let shop = Shop::new();
        shop.set("rollback_on_failure: true");
        shop.up();
        shop.values(values);
        let failed = shop.run();
        assert_eq!(failed.code, Some(1), "{failed:?}");
        let told = told(&failed);
        assert!(told.contains(said) && told.contains("it was rolled back (Rollback to 1)"), "{said}: {told}");
        assert_eq!(shop.history(), ["1 superseded", "2 failed", "3 deployed"]);
        let live = shop.object("apps/deployments", "shop");
        assert_eq!(live["spec"]["template"]["spec"]["containers"][0]["image"], "nginx:1");
        assert_eq!((shop.replicas(), shop.names("services")), (json!(1), vec!["shop".to_owned()]));
        // What was wanted is still wanted, and mended it comes.
        shop.values("replicas: 3");
        assert_eq!(shop.up(), [0, 1, 0, 0]);
        assert_eq!((shop.replicas(), shop.history().len()), (json!(3), 4));
        shop.rests();
    }
}

#[test]
fn an_upgrade_that_failed_stays_to_be_looked_at_and_is_gone_on_from() {
    for (values, said) in &FAILING_UPGRADES[1..] {
        let shop = Shop::new();
        shop.up();
        shop.values(values);
        let failed = shop.run();
        assert_eq!(failed.code, Some(1), "{failed:?}");
        assert!(told(&failed).contains(said), "{said}: {failed:?}");
        assert_eq!(shop.history(), ["1 deployed", "2 failed"]);
        let plan = told(&shop.maps("plan", &[]).expect(0));
        assert!(plan.contains("version 2 (failed) of maps is there, and not version 1"), "{plan}");
        shop.values("replicas: 3");
        assert_eq!(shop.up(), [0, 1, 0, 0]);
        assert_eq!(shop.history(), ["1 superseded", "2 failed", "3 deployed"]);
        assert_eq!(shop.replicas(), json!(3));
        shop.rests();
        shop.leaves_nothing();
    }
}

#[test]
fn what_a_failed_upgrade_made_goes_with_the_release() {
    let shop = Shop::new();
    shop.values("service: false");
    shop.up();
    shop.values("fails: post-upgrade");
    assert_eq!(shop.run().code, Some(1));
    assert_eq!(shop.names("services"), ["shop"]);
    assert!(shop.names("batch/jobs").contains(&"shop-post-upgrade".to_owned()));
    shop.leaves_nothing();
}

#[test]
fn a_hook_of_deletion_that_failed_runs_again() {
    for event in ["pre-delete", "post-delete"] {
        let shop = Shop::new();
        shop.values(&format!("fails: {event}"));
        shop.up();
        for _ in 0..2 {
            let failed = shop.maps("destroy", &["--yes"]);
            assert_eq!(failed.code, Some(1), "{failed:?}");
            let said = format!("the {event} hook Job shop-{event} failed");
            assert!(told(&failed).contains(&said), "{failed:?}");
            assert_eq!(shop.history(), ["1 uninstalling"]);
        }
        // Whoever mends it has to install it once more.
        shop.values("");
        assert_eq!(shop.up(), [0, 1, 0, 0]);
        assert_eq!(shop.history().pop(), Some("2 deployed".to_owned()));
        shop.leaves_nothing();
    }
}
