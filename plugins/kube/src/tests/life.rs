//! A manifest from its making to its end.

use maps_sdk::testing;

use super::*;
use maps_kube_objects::testing::Fake;

#[test]
fn objects_are_applied_marked_waited_for_and_deleted() {
    let fake = Fake::start("maps");
    testing::set_now(1_000);
    let inputs = manifest(&[deployment(2), config_map("settings", "1")]);
    let begun = pending(create(MANIFEST, std::slice::from_ref(&inputs)).pop().unwrap());
    assert_eq!(begun.note.as_deref(), Some("Deployment default/web: its controller has not seen it yet"));
    fake.set_status("Deployment default/web", running(2));
    let made = done(create_from(MANIFEST, &[(inputs.clone(), Some(begun.checkpoint))]).pop().unwrap());
    assert_eq!(made.id, token(0));
    assert_eq!(parsed(&made.inputs), inputs, "what was wanted is what is told");
    let outputs = parsed(&made.outputs);
    let map = json!({"api_version": "v1", "kind": "ConfigMap", "namespace": "default", "name": "settings"});
    let web = json!({"api_version": "apps/v1", "kind": "Deployment", "namespace": "default", "name": "web"});
    assert_eq!(outputs["objects"], json!([map, web]));
    let live = fake.live("ConfigMap default/settings").unwrap();
    let marks = json!({"maps.dev/stack": "shop", "maps.dev/address": "it-0", "maps.dev/token": token(0)});
    assert_eq!(live["metadata"]["annotations"], marks);
    assert_eq!(read(MANIFEST, &made).unwrap(), made, "a read agrees with the create");
    assert!(matches!(delete(MANIFEST, &made, None), wire::DeleteOutcome::Done));
    assert_eq!(fake.names(), [""; 0]);
    assert!(matches!(delete(MANIFEST, &made, None), wire::DeleteOutcome::Done), "deleting twice succeeds");
    assert_eq!(read(MANIFEST, &made), None);
}

#[test]
fn an_update_writes_what_differs_and_prunes_what_is_left_out() {
    let fake = Fake::start("maps");
    let before = made(MANIFEST, &manifest(&[config_map("a", "1"), config_map("b", "1"), config_map("c", "1")]));
    fake.forget_calls();
    let inputs = manifest(&[config_map("a", "1"), config_map("b", "2")]);
    let after = done(update(MANIFEST, &before, &inputs, None));
    assert_eq!(called(Verb::Apply), ["ConfigMap b"]);
    assert_eq!(called(Verb::Delete), ["ConfigMap c"]);
    assert_eq!(fake.names(), ["ConfigMap default/a", "ConfigMap default/b"]);
    assert_eq!(read(MANIFEST, &after).unwrap(), after);
    let mut keeping = manifest(&[config_map("a", "1")]);
    keeping["prune"] = false.into();
    done(update(MANIFEST, &after, &keeping, None));
    assert_eq!(fake.names(), ["ConfigMap default/a", "ConfigMap default/b"]);
}

#[test]
fn another_namespace_moves_the_objects_that_name_none() {
    let fake = Fake::start("maps");
    fake.put(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}}));
    let before = made(MANIFEST, &manifest(&[config_map("a", "1")]));
    let inputs = checked(MANIFEST, &json!({"manifest": [config_map("a", "1")], "namespace": "other"}));
    done(update(MANIFEST, &before, &inputs, None));
    assert_eq!(fake.names(), ["ConfigMap other/a", "Namespace other"]);
}

#[test]
fn a_crash_is_found_by_its_token_and_what_is_missing_or_unready_is_left_to_an_update() {
    let fake = Fake::start("maps");
    let inputs = manifest(&[config_map("a", "1"), config_map("b", "1"), deployment(1)]);
    assert!(matches!(find(MANIFEST, &inputs), wire::FindOutcome::Absent));
    fake.put({
        let mut foreign = config_map("b", "1");
        foreign["metadata"]["namespace"] = "default".into();
        foreign
    });
    assert!(matches!(find(MANIFEST, &inputs), wire::FindOutcome::Absent), "one of the same name that others made");
    pending(create(MANIFEST, std::slice::from_ref(&inputs)).pop().unwrap());
    fake.remove("ConfigMap default/b");
    let wire::FindOutcome::Found(found) = find(MANIFEST, &inputs) else { panic!("nothing is found") };
    let found = Made::from(found);
    assert_eq!(found.id, token(0));
    let objects = parsed(&found.inputs)["manifest"].clone();
    assert_eq!(objects, json!({"ConfigMap": {"a": config_map("a", "1")}}));
    assert_eq!(
        parsed(&found.outputs)["objects"].as_array().unwrap().len(),
        2,
        "what is not ready is there all the same"
    );
    fake.set_status("Deployment default/web", running(1));
    done(update(MANIFEST, &found, &inputs, None));
    assert_eq!(fake.names().len(), 3);
}

#[test]
fn a_wait_ends_with_what_is_wrong() {
    let fake = Fake::start("maps");
    testing::set_now(0);
    let inputs = manifest(&[deployment(2)]);
    let begun = pending(create(MANIFEST, std::slice::from_ref(&inputs)).pop().unwrap());
    let mut half = running(2);
    half["availableReplicas"] = 1.into();
    fake.set_status("Deployment default/web", half);
    fake.0.borrow_mut().events = vec![
        json!({"reason": "FailedScheduling", "message": "0/3 nodes are available", "lastTimestamp": "2026-01-01T00:00:02Z"}),
        json!({"reason": "Old", "message": "before", "lastTimestamp": "2026-01-01T00:00:01Z"}),
    ];
    let on = create_from(MANIFEST, &[(inputs.clone(), Some(after(&begun.checkpoint, 599_999)))]).pop().unwrap();
    assert_eq!(pending(on).note.as_deref(), Some("Deployment default/web: 1 of 2 replicas are available"));
    let late = after(&begun.checkpoint, 600_000);
    let problem = failed(create_from(MANIFEST, &[(inputs, Some(late))]).pop().unwrap());
    assert_eq!(problem.code, "timed-out");
    assert_eq!(
        problem.message,
        "not ready within 10m: Deployment default/web: 1 of 2 replicas are available; latest warning: FailedScheduling: 0/3 nodes are available"
    );
}

#[test]
fn what_has_failed_is_not_waited_for() {
    let fake = Fake::start("maps");
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "move"}});
    let failure = json!({"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]});
    fake.0.borrow_mut().statuses.insert("Job".to_owned(), failure);
    let problem = failed(create(MANIFEST, &[manifest(&[job])]).pop().unwrap());
    assert_eq!(
        (problem.code.as_str(), problem.message.as_str()),
        ("not-ready", "Job default/move: it failed: BackoffLimitExceeded")
    );
}

#[test]
fn further_conditions_are_waited_for_and_readiness_can_be_left_out() {
    let fake = Fake::start("maps");
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "move"}});
    fake.0.borrow_mut().statuses.insert("Job".to_owned(), json!({"startTime": "2026-01-01T00:00:00Z"}));
    let wait = json!([{"for": "condition=Complete", "on": "Job/move"}]);
    let inputs = checked(MANIFEST, &json!({"manifest": [job], "wait": wait}));
    let begun = pending(create(MANIFEST, std::slice::from_ref(&inputs)).pop().unwrap());
    assert_eq!(begun.note.as_deref(), Some("Job default/move: it has no condition Complete yet"));
    fake.set_status(
        "Job default/move",
        json!({"startTime": "x", "conditions": [{"type": "Complete", "status": "True"}]}),
    );
    done(create_from(MANIFEST, &[(inputs, Some(begun.checkpoint))]).pop().unwrap());
    made(MANIFEST, &checked(MANIFEST, &json!({"manifest": [deployment(1)], "ready": false})));
}

#[test]
fn a_custom_resource_without_a_status_is_given_a_grace() {
    let fake = Fake::start("maps");
    fake.0.borrow_mut().kinds.insert("Widget".to_owned());
    testing::set_now(5_000);
    let widget = json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}});
    let inputs = manifest(&[widget]);
    let begun = pending(create(MANIFEST, std::slice::from_ref(&inputs)).pop().unwrap());
    testing::set_now(14_999);
    let on = pending(create_from(MANIFEST, &[(inputs.clone(), Some(begun.checkpoint))]).pop().unwrap());
    testing::set_now(15_000);
    let made = done(create_from(MANIFEST, &[(inputs.clone(), Some(on.checkpoint))]).pop().unwrap());
    fake.set_status("Widget default/w", json!({"conditions": [{"type": "Ready", "status": "False", "message": "no"}]}));
    let mut changed = inputs;
    changed["manifest"]["Widget"]["w"]["spec"] = json!({"size": 2});
    let waits = pending(update(MANIFEST, &made, &changed, None));
    assert_eq!(waits.note.as_deref(), Some("Widget default/w: it is not ready: no"));
}

#[test]
fn a_delete_waits_for_finalizers_and_leaves_what_is_not_its_own() {
    let fake = Fake::start("maps");
    testing::set_now(0);
    let made = made(MANIFEST, &manifest(&[config_map("a", "1"), config_map("b", "1")]));
    fake.0.borrow_mut().held.insert("ConfigMap default/a".to_owned());
    fake.remove("ConfigMap default/b");
    let mut another = config_map("b", "2");
    another["metadata"]["namespace"] = "default".into();
    fake.put(another);
    let wire::DeleteOutcome::Pending(waits) = delete(MANIFEST, &made, None) else { panic!("it does not wait") };
    assert_eq!(waits.note.as_deref(), Some("being deleted: ConfigMap default/a (finalizers example.com/hold)"));
    let late = after(&waits.checkpoint, 600_000);
    let wire::DeleteOutcome::Failed(problem) = delete(MANIFEST, &made, Some(late)) else { panic!() };
    assert!(problem.message.contains("not gone within 10m"), "{}", problem.message);
    fake.0.borrow_mut().held.clear();
    testing::set_now(1_000);
    assert!(matches!(delete(MANIFEST, &made, Some(waits.checkpoint)), wire::DeleteOutcome::Done));
    assert_eq!(fake.names(), ["ConfigMap default/b"], "an object of the same name that others made meanwhile");
}

#[test]
fn a_secret_goes_to_the_host_as_the_api_has_it() {
    let fake = Fake::start("maps");
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"},
        "data": {"bytes": "/w=="}, "stringData": {"plain": "hello", "sealed": {"$sealed": "h"}}});
    made(MANIFEST, &manifest(&[secret]));
    let data = json!({"bytes": "/w==", "plain": "aGVsbG8=", "sealed": {"$sealed": "h"}});
    assert_eq!(fake.live("Secret default/a").unwrap()["data"], data);
}
