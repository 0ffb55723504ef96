//! Bringing a live cluster to other inputs.

use serde_json::json;

use super::cloud::Cloud;
use super::*;

/// Calls `update` until it is done, with the cloud settling in between; answers the rounds it took.
fn converge(cloud: &Cloud, prior: &types::Resource, inputs: &Value) -> (types::Resource, usize) {
    let mut checkpoint = None;
    for round in 1..20 {
        match update(prior, inputs, checkpoint.take()) {
            wire::MutationOutcome::Done(object) => return (object, round),
            wire::MutationOutcome::Pending(pending) => checkpoint = Some(pending.checkpoint),
            wire::MutationOutcome::Failed(problem) => panic!("{problem:?}"),
        }
        cloud.settle();
    }
    panic!("it never settles");
}

fn start(change: impl FnOnce(&mut Value)) -> (Cloud, types::Resource, Value) {
    let cloud = Cloud::start();
    let object = made(&cloud, &checked(&inputs()));
    let mut wanted = inputs();
    change(&mut wanted);
    (cloud, object, checked(&wanted))
}

#[test]
fn a_count_is_one_write() {
    let (cloud, object, wanted) = start(|inputs| inputs["node_pools"][0]["count"] = 3.into());
    let (after, _) = converge(&cloud, &object, &wanted);
    assert_eq!(writes()[1..], ["PUT clusters/cluster-0001/node_pools/pool-0002"]);
    assert_eq!(parsed(&after.inputs)["node_pools"], wanted["node_pools"]);
}

#[test]
fn nothing_to_change_writes_nothing() {
    let (cloud, object, wanted) = start(|inputs| inputs["version"] = "1.33.1-do.10".into());
    let (after, rounds) = converge(&cloud, &object, &wanted);
    assert_eq!((writes().len(), rounds), (1, 1));
    assert_eq!(parsed(&after.inputs)["version"], "1.33.1-do.10");
}

#[test]
fn another_size_is_up_before_the_old_pool_goes() {
    let (cloud, object, wanted) = start(|inputs| inputs["node_pools"][0]["size"] = "s-4vcpu-8gb".into());
    converge(&cloud, &object, &wanted);
    let pools = "clusters/cluster-0001/node_pools";
    assert_eq!(
        writes()[1..],
        [format!("PUT {pools}/pool-0002"), format!("POST {pools}"), format!("DELETE {pools}/pool-0002")]
    );
    let cluster = cloud.cluster();
    assert_eq!(cluster["node_pools"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&cluster["node_pools"][0]["name"], &cluster["node_pools"][0]["size"]),
        (&json!("main"), &json!("s-4vcpu-8gb"))
    );
}

#[test]
fn an_old_pool_stays_while_its_successor_has_no_nodes() {
    let (cloud, object, wanted) = start(|inputs| inputs["node_pools"][0]["size"] = "s-4vcpu-8gb".into());
    let mut checkpoint = None;
    for _ in 0..6 {
        // The cloud does not settle: nothing new gets ready.
        checkpoint = Some(pending(update(&object, &wanted, checkpoint)).checkpoint);
    }
    assert!(!writes().iter().any(|write| write.starts_with("DELETE")), "{:?}", writes());
    assert_eq!(cloud.cluster()["node_pools"].as_array().unwrap().len(), 2);
}

#[test]
fn pools_are_added_and_removed_together_and_a_cut_off_round_is_made_again() {
    let (cloud, object, wanted) = start(|inputs| {
        inputs["node_pools"] = json!([
            {"name": "a", "size": "s-1vcpu-2gb", "count": 1, "labels": {"tier": "a"}},
            {"name": "b", "size": "s-1vcpu-2gb", "autoscale": {"min": 1, "max": 3},
             "taints": [{"key": "k", "value": "v", "effect": "NoSchedule"}]},
        ]);
    });
    // Killed after the writes: the checkpoint of this round is lost.
    pending(update(&object, &wanted, None));
    let (after, _) = converge(&cloud, &object, &wanted);
    let pools = "clusters/cluster-0001/node_pools";
    assert_eq!(writes()[1..], [format!("POST {pools}"), format!("POST {pools}"), format!("DELETE {pools}/pool-0002")]);
    assert_eq!(parsed(&after.inputs)["node_pools"], wanted["node_pools"]);
}

#[test]
fn settings_change_and_keep_the_marks() {
    let (cloud, object, wanted) = start(|inputs| {
        inputs["ha"] = true.into();
        inputs["auto_upgrade"] = true.into();
        inputs["tags"] = json!(["new"]);
        inputs["maintenance_policy"] = json!({"start_time": "04:30", "day": "sunday"});
    });
    let (after, _) = converge(&cloud, &object, &wanted);
    assert_eq!(writes()[1..], ["PUT clusters/cluster-0001"]);
    assert!(cloud.cluster()["tags"].as_array().unwrap().contains(&format!("maps-token:{TOKEN}").into()));
    let after = parsed(&after.inputs);
    for field in ["ha", "auto_upgrade", "tags", "maintenance_policy"] {
        assert_eq!(after[field], wanted[field], "{field}");
    }
}

#[test]
fn a_version_goes_up_and_never_back() {
    let (cloud, object, wanted) = start(|inputs| inputs["version"] = "1.34".into());
    converge(&cloud, &object, &wanted);
    assert_eq!(writes()[1..], ["POST clusters/cluster-0001/upgrade"]);
    assert_eq!(cloud.cluster()["version"], "1.34.0-do.1");
    for (version, code) in [("1.32", "version-goes-back"), ("1.35", "version-not-offered")] {
        let mut wanted = wanted.clone();
        wanted["version"] = version.into();
        assert_eq!(failed(update(&object, &wanted, None)).code, code);
    }
}

#[test]
fn a_highly_available_control_plane_stays_so() {
    let (cloud, object, wanted) = start(|_| {});
    cloud.meddle(|cluster| cluster["ha"] = true.into());
    assert_eq!(failed(update(&object, &wanted, None)).code, "ha-stays-on");
}

#[test]
fn a_service_that_never_takes_a_value_is_found_out() {
    let (cloud, object, wanted) = start(|inputs| inputs["node_pools"][0]["count"] = 3.into());
    let mut checkpoint = None;
    let problem = loop {
        match update(&object, &wanted, checkpoint.take()) {
            wire::MutationOutcome::Pending(pending) => checkpoint = Some(pending.checkpoint),
            other => break failed(other),
        }
        cloud.meddle(|cluster| cluster["node_pools"][0]["count"] = 2.into());
        cloud.settle();
    };
    assert_eq!(problem.code, "cluster-does-not-converge");
    assert!(problem.message.contains("changing the pool main"));
}

#[test]
fn a_cluster_that_is_gone_is_not_found() {
    let (_, object, wanted) = start(|_| {});
    let gone = types::Resource { id: "cluster-9999".to_owned(), ..object };
    assert_eq!(failed(update(&gone, &wanted, None)).class, types::ProblemClass::NotFound);
}
