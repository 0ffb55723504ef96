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
    for (version, code) in [("1.32", "version-goes-back"), ("1.36", "version-not-offered")] {
        let mut wanted = wanted.clone();
        wanted["version"] = version.into();
        assert_eq!(failed(update(&object, &wanted, None)).code, code);
    }
}

#[test]
fn a_version_further_on_is_reached_by_the_ones_between() {
    let (cloud, object, wanted) = start(|inputs| inputs["version"] = "1.35".into());
    let (after, _) = converge(&cloud, &object, &wanted);
    let versions: Vec<Value> = testing::calls()
        .into_iter()
        .filter(|call| call.url.ends_with("/upgrade"))
        .map(|call| call.body["version"].clone())
        .collect();
    assert_eq!(versions, ["1.34.0-do.1", "1.35.2-do.0"]);
    assert_eq!(
        (parsed(&after.inputs)["version"].as_str(), cloud.cluster()["version"].as_str()),
        (Some("1.35"), Some("1.35.2-do.0"))
    );
}

#[test]
fn registries_are_integrated_and_taken_away() {
    let (cloud, object, wanted) = start(|inputs| inputs["registries"] = json!(["a", "b"]));
    let (after, _) = converge(&cloud, &object, &wanted);
    assert_eq!(writes()[1..], ["POST registries"]);
    assert_eq!(parsed(&after.inputs)["registry_enabled"], true);
    let mut less = wanted;
    less["registries"] = json!(["b"]);
    let (after, _) = converge(&cloud, &after, &checked(&less));
    assert_eq!(
        (writes()[2..].to_vec(), testing::calls().pop().unwrap().half),
        (vec!["DELETE registries".to_owned()], Half::Read)
    );
    let mut off = inputs();
    (off["registries"], off["registry_enabled"]) = (json!([]), false.into());
    converge(&cloud, &after, &checked(&off));
    assert_eq!(cloud.cluster()["registry_enabled"], false);
    let mut whole = inputs();
    whole["registry_enabled"] = true.into();
    converge(&cloud, &after, &checked(&whole));
    assert_eq!(writes().pop().unwrap(), "POST registry");
}

#[test]
fn a_registry_is_integrated_before_a_new_cluster_is_done() {
    let cloud = Cloud::start();
    let mut wanted = inputs();
    wanted["registry_enabled"] = true.into();
    let wanted = checked(&wanted);
    let begun = pending(create(&wanted, None));
    cloud.settle();
    assert!(matches!(find(&wanted), wire::FindOutcome::Unfinished(_)), "it lacks its registry");
    let integrated = pending(create(&wanted, Some(begun.checkpoint)));
    done(create(&wanted, Some(integrated.checkpoint)));
    assert_eq!(writes(), ["POST clusters", "POST registry"]);
    assert!(matches!(find(&wanted), wire::FindOutcome::Found(_)));
}

#[test]
fn a_change_of_an_autoscaled_pool_keeps_the_nodes_it_has() {
    let (cloud, object, wanted) = start(|inputs| {
        inputs["node_pools"][0] =
            json!({"name": "main", "size": "s-2vcpu-4gb", "count": 2, "autoscale": {"min": 1, "max": 9}});
    });
    let (after, _) = converge(&cloud, &object, &wanted);
    cloud.meddle(|cluster| cluster["node_pools"][0]["count"] = 7.into());
    cloud.settle();
    assert_eq!(parsed(&read(&after, &[]).unwrap().inputs), parsed(&after.inputs), "the autoscaler's count is no drift");
    let mut labelled = wanted;
    labelled["node_pools"][0]["labels"] = json!({"a": "b"});
    converge(&cloud, &after, &labelled);
    assert_eq!(cloud.cluster()["node_pools"][0]["count"], 7);
}

#[test]
fn pools_of_others_are_left_alone() {
    let (cloud, object, wanted) = start(|inputs| inputs["node_pools"][0]["count"] = 3.into());
    cloud.meddle(|cluster| {
        let mut pool = cluster["node_pools"][0].clone();
        (pool["id"], pool["name"], pool["tags"]) = ("by-hand".into(), "by-hand".into(), json!([]));
        let mut apart = pool.clone();
        (apart["id"], apart["name"], apart["tags"]) = ("apart".into(), "apart".into(), json!(["maps-pool:apart"]));
        // Left behind by an update that was cut off and is not recorded.
        let mut orphan = pool.clone();
        (orphan["id"], orphan["name"], orphan["tags"]) = ("orphan".into(), "orphan".into(), json!(["maps-pool:own"]));
        cluster["node_pools"].as_array_mut().unwrap().extend([pool, apart, orphan]);
    });
    let (after, _) = converge(&cloud, &object, &wanted);
    let pools = "clusters/cluster-0001/node_pools";
    assert_eq!(writes()[1..], [format!("PUT {pools}/pool-0002"), format!("DELETE {pools}/orphan")]);
    assert_eq!(parsed(&after.inputs)["node_pools"], wanted["node_pools"]);
    let mut named = wanted;
    named["node_pools"].as_array_mut().unwrap().push(json!({"name": "apart", "size": "s-2vcpu-4gb", "count": 2}));
    let problem = failed(update(&after, &checked(&named), None));
    assert_eq!((problem.code.as_str(), problem.path.as_deref()), ("node-pool-name-taken", Some("node_pools[1].name")));
}

#[test]
fn a_batch_of_updates_is_two_lists_of_calls() {
    let cloud = Cloud::start();
    let mut requests = Vec::new();
    for name in ["one", "two", "three"] {
        let mut wanted = inputs();
        wanted["name"] = name.into();
        let prior = made(&cloud, &checked(&wanted));
        wanted["tags"] = json!(["new"]);
        let inputs = checked(&wanted).to_string();
        let (kind, address) = ("doks/cluster".to_owned(), name.to_owned());
        requests.push(wire::UpdateRequest { kind, address, inputs, prior, changed: Vec::new(), checkpoint: None });
    }
    let before = testing::calls().len();
    let outcomes = MapsPlugin::update(context(), requests);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, wire::MutationOutcome::Pending(_))), "{outcomes:?}");
    let halves: Vec<Half> = testing::calls()[before..].iter().map(|call| call.half).collect();
    assert_eq!(halves, [Half::Read, Half::Read, Half::Read, Half::Write, Half::Write, Half::Write]);
    let items: Vec<Vec<u32>> = testing::calls()[before + 3..].iter().map(|call| call.items.clone()).collect();
    assert_eq!(items, [[0], [1], [2]]);
}

#[test]
fn a_highly_available_control_plane_stays_so() {
    let (cloud, object, wanted) = start(|inputs| inputs["ha"] = false.into());
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
