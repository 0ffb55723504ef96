//! What a plan says before anything is written.

use maps_sdk::testing;

use super::*;
use maps_kube_objects::testing::Fake;

fn in_default(mut object: Value) -> Value {
    object["metadata"]["namespace"] = "default".into();
    object
}

#[test]
fn a_plan_tries_what_is_new_and_names_all_objects() {
    let fake = Fake::start("maps");
    let previewed = preview(&manifest(&[config_map("a", "1"), deployment(1)]), None).unwrap();
    let objects: Vec<Value> = previewed.objects.iter().map(|object| parsed(object)).collect();
    assert_eq!(objects[0], json!({"api_version": "v1", "kind": "ConfigMap", "namespace": "default", "name": "a"}));
    assert_eq!(parsed(&previewed.outputs)["objects"], json!(objects));
    assert_eq!(called(Verb::DryRun), ["ConfigMap a", "Deployment web"]);
    assert_eq!(fake.names(), [""; 0], "nothing was written");
    let before = made(MANIFEST, &manifest(&[config_map("a", "1"), config_map("b", "1")]));
    fake.forget_calls();
    preview(&manifest(&[config_map("a", "1"), config_map("b", "2")]), Some(&before)).unwrap();
    assert_eq!(called(Verb::DryRun), ["ConfigMap b"]);
}

#[test]
fn refusals_are_told_with_the_plan() {
    let fake = Fake::start("maps");
    let refusal = maps_sdk::Problem::invalid("invalid", "spec.replicas: Invalid value: -1");
    fake.0.borrow_mut().refusals.insert("Deployment default/web".to_owned(), refusal);
    let problem = preview(&manifest(&[deployment(1)]), None).unwrap_err();
    assert_eq!(problem.message, "Deployment default/web: spec.replicas: Invalid value: -1");
    assert_eq!(problem.path.as_deref(), Some("manifest.Deployment.web"));
}

#[test]
fn a_field_of_another_type_is_refused_whatever_the_server_calls_it() {
    let fake = Fake::start("maps");
    let message = "failed to create typed patch object (default/a; /v1, Kind=ConfigMap): .data.key: expected string";
    let refusal = maps_sdk::Problem::new(maps_sdk::Class::Unavailable, "http-500", message);
    fake.0.borrow_mut().refusals.insert("ConfigMap default/a".to_owned(), refusal);
    let problem = preview(&manifest(&[config_map("a", "1")]), None).unwrap_err();
    assert_eq!((problem.class, problem.code.as_str()), (maps_sdk::Class::Invalid, "wrong-shape"));
    let problem = failed(create(MANIFEST, &[manifest(&[config_map("a", "1")])]).pop().unwrap());
    assert_eq!(problem.class, maps_sdk::Class::Invalid);
}

#[test]
fn what_another_manager_owns_is_a_conflict_that_force_takes() {
    let fake = Fake::start("maps");
    fake.put(in_default(config_map("a", "theirs")));
    let mut inputs = manifest(&[config_map("a", "ours")]);
    let problem = preview(&inputs, None).unwrap_err();
    assert_eq!(problem.code, "field-manager-conflict");
    assert!(problem.message.contains(".data.key: conflict with \"kubectl\""), "{}", problem.message);
    assert!(problem.help.unwrap().contains("force: true"));
    inputs["force"] = true.into();
    preview(&inputs, None).unwrap();
    assert!(
        testing::lines().iter().any(|line| line.contains("ConfigMap default/a is there already; it is taken over"))
    );
}

#[test]
fn what_another_stack_made_is_not_taken_without_force() {
    let fake = Fake::start("maps");
    let mut theirs = in_default(config_map("a", "1"));
    theirs["metadata"]["annotations"] = json!({"maps.dev/stack": "other", "maps.dev/address": "settings"});
    fake.put(theirs);
    let mut inputs = manifest(&[config_map("a", "1")]);
    let problem = preview(&inputs, None).unwrap_err();
    assert_eq!(problem.code, "object-of-another");
    assert_eq!(problem.message, "ConfigMap default/a belongs to \"settings\" of the stack other");
    inputs["force"] = true.into();
    preview(&inputs, None).unwrap();
}

#[test]
fn what_comes_with_the_same_plan_is_no_refusal() {
    let _fake = Fake::start("maps");
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
    let widget = json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}});
    let mut map = config_map("a", "1");
    map["metadata"]["namespace"] = "shop".into();
    let previewed = preview(&manifest(&[namespace, map, widget]), None).unwrap();
    assert_eq!(previewed.objects.len(), 3);
    assert_eq!(called(Verb::DryRun), ["Namespace shop", "ConfigMap a"], "a kind that is not served is not tried");
}

#[test]
fn what_is_not_known_yet_is_not_tried() {
    let _fake = Fake::start("maps");
    let mut map = config_map("a", "1");
    map["data"]["key"] = json!({"$unknown": true});
    let inputs = manifest(&[map]);
    assert_eq!(preview(&inputs, None).unwrap().objects.len(), 1);
    assert_eq!(called(Verb::DryRun), [""; 0]);
    let whole = checked(MANIFEST, &json!({"manifest": {"$unknown": true}}));
    assert_eq!(preview(&whole, None).unwrap().objects.len(), 0);
}

#[test]
fn several_refusals_are_told_together() {
    let fake = Fake::start("maps");
    for name in ["a", "b", "c", "d"] {
        let refusal = maps_sdk::Problem::invalid("invalid", "no");
        fake.0.borrow_mut().refusals.insert(format!("ConfigMap default/{name}"), refusal);
    }
    let all = ["a", "b", "c", "d"].map(|name| config_map(name, "1"));
    let problem = preview(&manifest(&all), None).unwrap_err();
    assert_eq!(
        problem.message,
        "ConfigMap default/a: no; ConfigMap default/b: no; ConfigMap default/c: no; and 1 more objects"
    );
}
