//! Making, finding, reading and removing.

use maps_sdk::testing;
use serde_json::json;

use super::cloud::Cloud;
use super::*;

#[test]
fn a_cluster_is_made_in_two_calls_and_reads_back_as_it_was_asked_for() {
    let cloud = Cloud::start();
    let inputs = checked(&inputs());
    let begun = pending(create(&inputs, None));
    assert_eq!(
        (begun.id.as_deref(), parsed(&begun.checkpoint)["id"].as_str()),
        (Some("cluster-0001"), Some("cluster-0001"))
    );
    let waiting = pending(create(&inputs, Some(begun.checkpoint)));
    cloud.settle();
    let made = done(create(&inputs, Some(waiting.checkpoint)));
    assert_eq!(writes(), ["POST clusters"]);

    let mut expected = inputs;
    // Left out by the user, and set by DigitalOcean.
    expected["vpc_uuid"] = "vpc-default".into();
    expected["maintenance_policy"] = json!({"start_time": "02:00", "day": "any"});
    (expected["ha"], expected["add_ons"]) = (false.into(), json!({}));
    (expected["registry_enabled"], expected["registries"]) = (false.into(), json!([]));
    assert_eq!(parsed(&made.inputs), expected);
    let outputs = parsed(&made.outputs);
    assert_eq!(outputs["version"], "1.33.1-do.10", "the newest by number, not by letter");
    assert!(outputs.get("kubeconfig").is_none(), "nobody asked for it");
    let read = read(&made, &[]).unwrap();
    assert_eq!((parsed(&read.inputs), parsed(&read.outputs)), (expected, outputs));
}

#[test]
fn a_cluster_carries_the_marks_of_its_making() {
    let cloud = Cloud::start();
    pending(create(&checked(&inputs()), None));
    let tags = cloud.cluster()["tags"].clone();
    for mark in ["maps-stack:shop", "maps-address:cluster--a-b--", &format!("maps-token:{TOKEN}")] {
        assert!(tags.as_array().unwrap().contains(&mark.into()), "{mark} is not in {tags}");
    }
}

#[test]
fn a_lost_reply_is_found_again_by_the_token() {
    let cloud = Cloud::start();
    let inputs = checked(&inputs());
    assert!(matches!(find(&inputs), wire::FindOutcome::Absent));
    pending(create(&inputs, None));
    let wire::FindOutcome::Unfinished(unfinished) = find(&inputs) else { panic!("it is being made") };
    cloud.settle();
    done(create(&inputs, Some(unfinished.checkpoint)));
    assert!(matches!(find(&inputs), wire::FindOutcome::Found(_)));
    cloud.meddle(|cluster| cluster["status"] = json!({"state": "error", "message": "no capacity"}));
    let wire::FindOutcome::Unusable(unusable) = find(&inputs) else { panic!("it is broken") };
    assert!(unusable.why.contains("no capacity"));
    cloud.meddle(|cluster| cluster["status"]["state"] = "degraded".into());
    assert!(matches!(find(&inputs), wire::FindOutcome::Found(_)), "it is there, whatever it lacks");
    cloud.meddle(|cluster| cluster["tags"] = json!([]));
    assert!(matches!(find(&inputs), wire::FindOutcome::Absent), "a cluster without our token is not ours");
}

#[test]
fn a_create_that_cannot_work_says_why() {
    let cloud = Cloud::start();
    let mut wanted = checked(&inputs());
    wanted["version"] = "1.29".into();
    let problem = failed(create(&wanted, None));
    assert_eq!((problem.code.as_str(), problem.path.as_deref()), ("version-not-offered", Some("version")));
    assert!(problem.help.unwrap().contains("1.33.1-do.10"));

    let wanted = checked(&inputs());
    let begun = pending(create(&wanted, None));
    assert_eq!(failed(create(&wanted, None)).code, "cluster-name-taken");
    cloud.meddle(|cluster| cluster["status"] = json!({"state": "error", "message": "no capacity"}));
    let problem = failed(create(&wanted, Some(begun.checkpoint)));
    assert_eq!(problem.code, "cluster-failed");
    assert!(problem.message.contains("no capacity"));
}

#[test]
fn what_the_service_decides_is_no_drift_and_what_others_change_is() {
    let cloud = Cloud::start();
    let mut wanted = inputs();
    wanted["node_pools"] = json!([{"name": "main", "size": "s-2vcpu-4gb", "autoscale": {"min": 1, "max": 4},
        "taints": [{"key": "a", "effect": "NoExecute"}, {"key": "b", "effect": "NoSchedule"}]}]);
    let made = made(&cloud, &checked(&wanted));
    cloud.meddle(|cluster| {
        cluster["version"] = "1.33.2-do.0".into();
        cluster["tags"].as_array_mut().unwrap().reverse();
        cluster["node_pools"][0]["count"] = 3.into();
        cluster["node_pools"][0]["taints"].as_array_mut().unwrap().reverse();
    });
    assert_eq!(parsed(&read(&made, &[]).unwrap().inputs), parsed(&made.inputs));

    cloud.meddle(|cluster| {
        cluster["version"] = "1.34.0-do.0".into();
        cluster["tags"].as_array_mut().unwrap().push("stray".into());
        cluster["node_pools"][0]["max_nodes"] = 9.into();
    });
    let drifted = parsed(&read(&made, &[]).unwrap().inputs);
    assert_eq!(drifted["version"], "1.34.0-do.0");
    assert!(drifted["tags"].as_array().unwrap().contains(&"stray".into()));
    assert_eq!(drifted["node_pools"][0]["autoscale"]["max"], 9);
}

#[test]
fn several_clusters_are_read_by_one_list_and_only_wanted_kubeconfigs_are_fetched() {
    let cloud = Cloud::start();
    let one = made(&cloud, &checked(&inputs()));
    let mut other = inputs();
    other["name"] = "other".into();
    let two = made(&cloud, &checked(&other));
    let gone = types::Resource { id: "cluster-9999".to_owned(), inputs: "{}".to_owned(), outputs: "{}".to_owned() };
    let before = testing::calls().len();
    let request = |prior: &types::Resource, ephemeral: &[&str]| wire::ReadRequest {
        kind: "doks/cluster".into(),
        address: "cluster".into(),
        id: prior.id.clone(),
        prior: prior.clone(),
        ephemeral: ephemeral.iter().map(|name| (*name).to_owned()).collect(),
    };
    let outcomes = MapsPlugin::read(
        context(),
        vec![request(&one, &[]), request(&gone, &["kubeconfig"]), request(&two, &["kubeconfig"])],
    );
    let [wire::ReadOutcome::Found(first), wire::ReadOutcome::Absent, wire::ReadOutcome::Found(second)] =
        outcomes.as_slice()
    else {
        panic!("{outcomes:?}");
    };
    assert!(parsed(&first.outputs).get("kubeconfig").is_none());
    assert_eq!(parsed(&second.outputs)["kubeconfig"], json!({"$sealed": format!("kubeconfig of {}", two.id)}));
    let paths: Vec<String> = testing::calls()[before..]
        .iter()
        .map(|call| call.url.rsplit("/kubernetes/").next().unwrap().to_owned())
        .collect();
    assert_eq!(
        paths,
        ["clusters?page=1&per_page=200", "clusters/cluster-9999", &format!("clusters/{}/kubeconfig", two.id)]
    );
}

#[test]
fn a_delete_waits_until_the_cluster_is_gone_and_can_be_repeated() {
    let cloud = Cloud::start();
    let object = made(&cloud, &checked(&inputs()));
    let wire::DeleteOutcome::Pending(pending) = delete(&object, None) else { panic!("it takes a while") };
    // The host was killed before it stored the checkpoint.
    assert!(matches!(delete(&object, None), wire::DeleteOutcome::Pending(_)));
    assert!(matches!(delete(&object, Some(pending.checkpoint.clone())), wire::DeleteOutcome::Pending(_)));
    cloud.settle();
    assert!(matches!(delete(&object, Some(pending.checkpoint)), wire::DeleteOutcome::Done));
    assert!(matches!(delete(&object, None), wire::DeleteOutcome::Done));
    assert_eq!(cloud.count(), 0);
    assert!(read(&object, &[]).is_none());
}

#[test]
fn throttling_is_told_with_its_time() {
    testing::http(|_| {
        let mut answer = testing::json(429, json!({"id": "too_many_requests", "message": "slow down"}));
        answer.headers.push(("retry-after".to_owned(), "7".to_owned()));
        Ok(answer)
    });
    let wire::FindOutcome::Failed(problem) = find(&checked(&inputs())) else { panic!("it was throttled") };
    assert_eq!((problem.class, problem.retry_after_ms), (types::ProblemClass::Throttled, Some(7_000)));
}

#[test]
fn an_import_takes_a_name_and_every_pool_that_is_no_resource_itself() {
    let cloud = Cloud::start();
    let made = made(&cloud, &checked(&inputs()));
    cloud.meddle(|cluster| {
        let mut pool = cluster["node_pools"][0].clone();
        (pool["id"], pool["name"]) = ("hand-made".into(), "by-hand".into());
        let pools = cluster["node_pools"].as_array_mut().unwrap();
        pool["tags"] = json!([]);
        pools.push(pool.clone());
        (pool["id"], pool["name"], pool["tags"]) = ("apart".into(), "apart".into(), json!(["maps-pool:apart"]));
        pools.push(pool);
    });
    let bare = |id: &str| types::Resource { id: id.to_owned(), inputs: "{}".to_owned(), outputs: "{}".to_owned() };
    for id in ["maps", &made.id] {
        let imported = read(&bare(id), &["kubeconfig"]).unwrap();
        assert_eq!(imported.id, made.id);
        let names: Vec<Value> = parsed(&imported.inputs)["node_pools"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pool| pool["name"].clone())
            .collect();
        assert_eq!(names, ["by-hand", "main"]);
    }
    assert!(read(&bare("other"), &[]).is_none());
    let after = parsed(&read(&made, &[]).unwrap().inputs);
    assert_eq!(after["node_pools"], parsed(&made.inputs)["node_pools"], "a pool added by hand is no drift");
}

#[test]
fn what_the_controllers_made_is_listed_and_goes_as_the_stack_says() {
    for (goes, request, stays) in [
        (json!([]), "DELETE clusters/cluster-0001", "1 load balancer (lb), 2 volumes (a, b)"),
        (
            json!(["volumes"]),
            "DELETE clusters/cluster-0001/destroy_with_associated_resources/selective",
            "1 load balancer (lb)",
        ),
        (
            json!(["volumes", "volume_snapshots", "load_balancers"]),
            "DELETE clusters/cluster-0001/destroy_with_associated_resources/dangerous",
            "",
        ),
    ] {
        let cloud = Cloud::start();
        let mut wanted = inputs();
        wanted["destroy_associated"] = goes.clone();
        let object = made(&cloud, &checked(&wanted));
        cloud.associate(&["lb"], &["a", "b"]);
        let wire::DeleteOutcome::Pending(pending) = delete(&object, None) else { panic!("it takes a while") };
        assert_eq!(writes()[1..], [request], "{goes}");
        let last = testing::calls().pop().unwrap();
        if request.ends_with("selective") {
            assert_eq!(last.body, json!({"volumes": ["id-of-a", "id-of-b"]}));
        }
        let note = pending.note.unwrap_or_default();
        assert_eq!(note.contains("stays"), !stays.is_empty(), "{note}");
        assert!(note.ends_with(stays), "{note}");
        let wire::DeleteOutcome::Pending(again) = delete(&object, Some(pending.checkpoint)) else { panic!("a while") };
        assert_eq!(again.note.unwrap_or_default(), note, "it is said as long as it takes");
    }
}

#[test]
fn a_refusal_names_the_request_for_the_support() {
    testing::http(|_| {
        Ok(testing::json(403, json!({"id": "forbidden", "message": "You are not authorized", "request_id": "r-1"})))
    });
    let wire::FindOutcome::Failed(problem) = find(&checked(&inputs())) else { panic!("it was refused") };
    assert_eq!(problem.class, types::ProblemClass::Denied);
    assert!(
        problem.message.contains("You are not authorized") && problem.message.contains("r-1"),
        "{}",
        problem.message
    );
}
