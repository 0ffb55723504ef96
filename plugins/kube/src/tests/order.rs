//! What needs another comes after it, also across the resources of one batch.

use maps_sdk::testing;

use super::*;
use maps_kube_objects::testing::Fake;

fn definition() -> Value {
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "widgets.example.com"},
        "spec": {"group": "example.com", "names": {"kind": "Widget", "plural": "widgets"}, "scope": "Namespaced"}})
}

fn widget() -> Value {
    json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": "shop"}})
}

fn namespace() -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
}

fn of(api_version: &str, kind: &str) -> Value {
    json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x", "namespace": "shop"}})
}

#[test]
fn one_manifest_is_applied_in_order_and_deleted_in_reverse() {
    let fake = Fake::start("maps");
    fake.0.borrow_mut().statuses.insert("Pod".to_owned(), json!({"phase": "Succeeded"}));
    let objects = [
        of("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
        of("v1", "Pod"),
        of("v1", "Service"),
        of("rbac.authorization.k8s.io/v1", "Role"),
        of("v1", "Secret"),
        namespace(),
        of("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ];
    let made = made(MANIFEST, &manifest(&objects));
    let applied = [
        "Namespace shop",
        "Role x",
        "Secret x",
        "RoleBinding x",
        "Service x",
        "Pod x",
        "ValidatingWebhookConfiguration x",
    ];
    assert_eq!(called(Verb::Apply), applied);
    fake.forget_calls();
    assert!(matches!(delete(MANIFEST, &made, None), wire::DeleteOutcome::Done));
    assert_eq!(called(Verb::Delete).first().map(String::as_str), Some("ValidatingWebhookConfiguration x"));
    assert_eq!(called(Verb::Delete).last().map(String::as_str), Some("Namespace shop"));
}

#[test]
fn objects_of_a_new_kind_wait_until_it_is_established_also_those_of_other_resources() {
    let fake = Fake::start("maps");
    testing::set_now(0);
    let all = [manifest(&[widget()]), manifest(&[definition(), namespace()]), manifest(&[config_map("a", "1")])];
    let mut begun = create(MANIFEST, &all);
    assert_eq!(called(Verb::Apply), ["CustomResourceDefinition widgets.example.com", "Namespace shop", "ConfigMap a"]);
    done(begun.pop().unwrap());
    let on = pending(begun.pop().unwrap());
    assert_eq!(on.note.as_deref(), Some("CustomResourceDefinition widgets.example.com: it is not yet established"));
    let waits = pending(begun.pop().unwrap());
    assert_eq!(waits.note.as_deref(), Some("CustomResourceDefinition widgets.example.com is not established yet"));
    let established = json!({"conditions": [{"type": "Established", "status": "True"}]});
    fake.set_status("CustomResourceDefinition widgets.example.com", established);
    fake.0.borrow_mut().kinds.insert("Widget".to_owned());
    fake.0.borrow_mut().statuses.insert("Widget".to_owned(), json!({"phase": "Done"}));
    let checkpoints = [waits.checkpoint, on.checkpoint].map(Some);
    let each: Vec<_> = all.into_iter().zip(checkpoints).collect();
    create_from(MANIFEST, &each).into_iter().for_each(|outcome| drop(done(outcome)));
    assert!(fake.live("Widget shop/w").is_some());
}

#[test]
fn a_kind_that_nobody_defines_is_told_after_a_while() {
    let _fake = Fake::start("maps");
    testing::set_now(0);
    let mut widget = widget();
    widget["metadata"]["namespace"] = "default".into();
    let inputs = manifest(&[widget]);
    let begun = pending(create(MANIFEST, std::slice::from_ref(&inputs)).pop().unwrap());
    assert_eq!(begun.note.as_deref(), Some("Widget default/w waits for its kind to be defined"));
    testing::set_now(60_000);
    let problem = failed(create_from(MANIFEST, &[(inputs, Some(begun.checkpoint))]).pop().unwrap());
    assert_eq!(problem.code, "kind-unknown");
    assert!(problem.help.unwrap().contains("depends_on"));
}

#[test]
fn kinds_in_no_namespace_get_none() {
    let fake = Fake::start("maps");
    fake.0.borrow_mut().kinds.insert("ClusterIssuer".to_owned());
    fake.0.borrow_mut().statuses.insert("ClusterIssuer".to_owned(), json!({"ok": true}));
    let issuer = json!({"apiVersion": "cert-manager.io/v1", "kind": "ClusterIssuer", "metadata": {"name": "i", "namespace": "default"}});
    made(MANIFEST, &manifest(&[issuer]));
    assert_eq!(fake.live("ClusterIssuer i").unwrap()["metadata"].get("namespace"), None);
}

#[test]
fn the_failure_of_one_resource_is_not_that_of_another() {
    let fake = Fake::start("maps");
    let refusal = maps_sdk::Problem::invalid("invalid", "data: field is immutable when `immutable` is set");
    fake.0.borrow_mut().refusals.insert("ConfigMap default/b".to_owned(), refusal);
    let mut all = create(MANIFEST, &[manifest(&[config_map("a", "1")]), manifest(&[config_map("b", "1")])]);
    let problem = failed(all.pop().unwrap());
    assert_eq!(problem.path.as_deref(), Some("manifest.ConfigMap.b"));
    assert_eq!(problem.message, "ConfigMap default/b: data: field is immutable when `immutable` is set");
    assert!(problem.help.unwrap().contains("cannot be changed in place"));
    done(all.pop().unwrap());
}
