//! What others change is seen, what the server writes by itself is not, and many objects are few requests.

use super::*;
use maps_kube_objects::testing::Fake;

#[track_caller]
fn web(replicas: u32) -> (Fake, Made) {
    let fake = Fake::start("maps");
    fake.0.borrow_mut().statuses.insert("Deployment".to_owned(), running(replicas));
    let made = made(MANIFEST, &manifest(&[deployment(replicas), config_map("a", "1")]));
    fake.forget_calls();
    (fake, made)
}

#[test]
fn where_nothing_changed_nothing_is_tried() {
    let (fake, made) = web(2);
    fake.change(
        "Deployment default/web",
        &json!({"metadata": {"labels": {"added": "by others"}}, "spec": {"paused": true}}),
    );
    fake.set_status("Deployment default/web", running(1));
    assert_eq!(read(MANIFEST, &made).unwrap(), made);
    assert_eq!(called(Verb::DryRun), [""; 0]);
}

#[test]
fn what_others_changed_is_told_at_its_place() {
    let (fake, made) = web(2);
    fake.change("Deployment default/web", &json!({"spec": {"replicas": 5}}));
    let found = read(MANIFEST, &made).unwrap();
    let (mut wanted, now) = (parsed(&made.inputs), parsed(&found.inputs));
    wanted["manifest"]["Deployment"]["web"]["spec"]["replicas"] = 5.into();
    assert_eq!(now, wanted, "and the quantity in another form is no change");
    assert_eq!(called(Verb::DryRun), ["Deployment web"]);
    // It is taken back only by force, since others own it now.
    let wanted = parsed(&made.inputs);
    let problem = failed(update(MANIFEST, &found, &wanted, None));
    assert_eq!(problem.code, "field-manager-conflict");
    let mut forced = wanted;
    forced["force"] = true.into();
    let after = done(update(MANIFEST, &found, &forced, None));
    assert_eq!(fake.live("Deployment default/web").unwrap()["spec"]["replicas"], 2);
    assert_eq!(read(MANIFEST, &after).unwrap(), after);
}

#[test]
fn an_object_that_is_gone_is_left_out_and_made_again() {
    let (fake, made) = web(2);
    fake.remove("ConfigMap default/a");
    let found = read(MANIFEST, &made).unwrap();
    assert_eq!(parsed(&found.inputs)["manifest"].as_object().unwrap().keys().collect::<Vec<_>>(), ["Deployment"]);
    let after = done(update(MANIFEST, &found, &parsed(&made.inputs), None));
    assert_eq!(called(Verb::Apply), ["ConfigMap a"]);
    assert_eq!(parsed(&after.inputs), parsed(&made.inputs));
    fake.remove("ConfigMap default/a");
    fake.remove("Deployment default/web");
    assert_eq!(read(MANIFEST, &after), None);
}

#[test]
fn an_object_that_others_made_in_its_place_is_not_ours() {
    let (fake, made) = web(1);
    fake.remove("ConfigMap default/a");
    let mut another = config_map("a", "1");
    another["metadata"]["namespace"] = "default".into();
    fake.put(another);
    let found = read(MANIFEST, &made).unwrap();
    assert!(parsed(&found.inputs)["manifest"].get("ConfigMap").is_none());
}

#[test]
fn secrets_come_back_as_they_are_for_the_engine_to_compare() {
    let fake = Fake::start("maps");
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": {"$sealed": "wanted"}}});
    let made = made(MANIFEST, &manifest(&[secret]));
    fake.change("Secret default/s", &json!({"data": {"b": {"$sealed": "others"}}}));
    {
        let mut state = fake.0.borrow_mut();
        drop(std::mem::take(&mut state.events));
    }
    fake.forget_calls();
    let found = read(MANIFEST, &made).unwrap();
    assert_eq!(parsed(&found.inputs)["manifest"]["Secret"]["s"]["data"], json!({"a": {"$sealed": "wanted"}}));
    assert_eq!(called(Verb::DryRun), [""; 0]);
    assert!(!found.outputs.contains("wanted"));
}

#[test]
fn five_hundred_manifests_are_read_and_planned_in_few_requests() {
    let fake = Fake::start("maps");
    let mut all = Vec::new();
    for n in 0..500 {
        let object = match n % 3 {
            0 => config_map(&format!("c{n}"), "1"),
            1 => json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": format!("a{n}")}}),
            _ => {
                json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": format!("s{n}")}, "stringData": {"k": {"$sealed": "h"}}})
            }
        };
        let namespace = format!("n{}", n % 50);
        if n < 50 {
            fake.put(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}));
        }
        all.push(checked(MANIFEST, &json!({"manifest": [object], "namespace": namespace})));
    }
    let made: Vec<_> = create(MANIFEST, &all).into_iter().map(done).collect();
    fake.forget_calls();
    let found = read_all(MANIFEST, &made);
    for (outcome, made) in found.into_iter().zip(&made) {
        let wire::ReadOutcome::Found(found) = outcome else { panic!("one is not found") };
        assert_eq!(Made::from(found), *made);
    }
    let each: Vec<_> = all.into_iter().zip(made.into_iter().map(Some)).collect();
    for previewed in preview_all(MANIFEST, &each) {
        assert_eq!(previewed.unwrap().objects.len(), 1);
    }
    assert_eq!(called(Verb::List), ["ConfigMap", "Secret", "ServiceAccount"]);
    assert_eq!(kube::calls().len(), 3);
}
