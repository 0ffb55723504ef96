//! Namespaces, Secrets, and objects that are only read.

use maps_sdk::testing;

use super::*;
use maps_kube_objects::testing::Fake;

const NAMESPACE: &str = "kube/namespace";
const SECRET: &str = "kube/secret";
const OBJECT: &str = "kube/object";

#[track_caller]
fn codes(kind: &str, inputs: &Value) -> Vec<String> {
    check(kind, inputs).err().into_iter().flatten().map(|(code, path, _)| format!("{code} {path}")).collect()
}

#[test]
fn a_namespace_lives_with_its_labels_and_goes_with_its_contents() {
    let fake = Fake::start("maps");
    testing::set_now(0);
    let inputs = checked(
        NAMESPACE,
        &json!({"name": "shop", "labels": {"team": "a"}, "pod_security": {"enforce": "restricted"}}),
    );
    assert!(matches!(find(NAMESPACE, &inputs), wire::FindOutcome::Absent));
    let made = made(NAMESPACE, &inputs);
    assert_eq!((made.id.as_str(), parsed(&made.inputs)), ("shop", inputs.clone()));
    let labels = json!({"team": "a", "pod-security.kubernetes.io/enforce": "restricted"});
    assert_eq!(fake.live("Namespace shop").unwrap()["metadata"]["labels"], labels);
    assert!(matches!(find(NAMESPACE, &inputs), wire::FindOutcome::Found(found) if Made::from(found.clone()) == made));
    fake.change("Namespace shop", &json!({"metadata": {"labels": {"kubernetes.io/metadata.name": "shop"}}}));
    assert_eq!(read(NAMESPACE, &made).unwrap(), made, "labels of others are theirs");
    fake.change("Namespace shop", &json!({"metadata": {"labels": {"team": "b"}}}));
    assert_eq!(parsed(&read(NAMESPACE, &made).unwrap().inputs)["labels"], json!({"team": "b"}));
    let mut changed = inputs;
    changed["pod_security"] = json!({"enforce": "baseline", "warn": "restricted"});
    changed["force"] = true.into();
    let after = done(update(NAMESPACE, &made, &changed, None));
    assert_eq!(read(NAMESPACE, &after).unwrap(), after);
    let token_of = |live: Value| live["metadata"]["annotations"]["maps.dev/token"].clone();
    assert_eq!(token_of(fake.live("Namespace shop").unwrap()), token(0), "an update keeps the mark of its making");
    fake.0.borrow_mut().held.insert("Namespace shop".to_owned());
    let wire::DeleteOutcome::Pending(waits) = delete(NAMESPACE, &after, None) else { panic!("it does not wait") };
    assert!(waits.note.unwrap().contains("with all that is in it (finalizers example.com/hold)"));
    let late = super::after(&waits.checkpoint, 600_000);
    assert!(matches!(delete(NAMESPACE, &after, Some(late)), wire::DeleteOutcome::Failed(_)));
    fake.0.borrow_mut().held.clear();
    assert!(matches!(delete(NAMESPACE, &after, None), wire::DeleteOutcome::Done));
    assert!(matches!(delete(NAMESPACE, &after, None), wire::DeleteOutcome::Done));
    assert_eq!(read(NAMESPACE, &after), None);
}

#[test]
fn a_namespace_that_others_made_is_imported_by_its_name() {
    let fake = Fake::start("maps");
    let labels =
        json!({"team": "a", "kubernetes.io/metadata.name": "shop", "pod-security.kubernetes.io/warn": "baseline"});
    fake.put(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": labels}}));
    let import = Made { id: "shop".to_owned(), inputs: "{}".to_owned(), outputs: "{}".to_owned() };
    let found = parsed(&read(NAMESPACE, &import).unwrap().inputs);
    assert_eq!((&found["labels"], &found["pod_security"]), (&json!({"team": "a"}), &json!({"warn": "baseline"})));
}

#[test]
fn names_and_keys_are_checked() {
    assert_eq!(codes(NAMESPACE, &json!({"name": "Shop"})), ["bad-name name"]);
    assert_eq!(
        codes(NAMESPACE, &json!({"name": "s", "labels": {"maps.dev/x": "1"}})),
        ["reserved-key labels.maps.dev/x"]
    );
    let twice = json!({"name": "s", "labels": {"pod-security.kubernetes.io/warn": "x"}, "pod_security": {}});
    assert_eq!(codes(NAMESPACE, &twice), ["label-twice labels.pod-security.kubernetes.io/warn"]);
    assert_eq!(codes(SECRET, &json!({"name": "a_b"})), ["bad-name name"]);
    assert_eq!(
        codes(SECRET, &json!({"name": "a", "string_data": {"a b": {"$sealed": "h"}}})),
        ["bad-key string_data.a b"]
    );
    let tls = json!({"name": "a", "type": "kubernetes.io/tls", "string_data": {"tls.crt": {"$sealed": "h"}}});
    assert_eq!(codes(SECRET, &tls), ["missing-key string_data"]);
    let object = |more: Value| {
        let mut inputs = json!({"api_version": "v1", "kind": "Service", "namespace": "default", "name": "a"});
        inputs.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        codes(OBJECT, &inputs)
    };
    assert_eq!(object(json!({"fields": {"ip": "{.a"}})), ["bad-path fields.ip"]);
    assert_eq!(object(json!({"namespace": null})), ["no-namespace namespace"]);
    assert_eq!(object(json!({"kind": "Node", "namespace": null})), [""; 0]);
    assert_eq!(object(json!({"wait": ["condition=Ready", "ready"]})), ["bad-wait wait[1]"]);
    assert_eq!(object(json!({"timeout": "soon"})), ["bad-duration timeout"]);
    let both = json!({"wait": ["condition=Ready"], "optional": true});
    assert!(object(both)[0].starts_with("optional-wait"));
}

#[test]
fn an_object_is_waited_for_until_it_is_as_it_should_be() {
    let fake = Fake::start("maps");
    testing::set_now(0);
    let path = "{.status.loadBalancer.ingress[0].ip}";
    let wanted = json!({
        "api_version": "v1", "kind": "Service", "namespace": "default", "name": "web", "timeout": "10s",
        "fields": {"ip": path}, "wait": [format!("jsonpath={path}")],
    });
    let inputs = checked(OBJECT, &wanted);
    let first = |inputs: &Value| create(OBJECT, std::slice::from_ref(inputs)).pop().unwrap();
    let note = |outcome| pending(outcome).note.unwrap();
    assert_eq!(note(first(&inputs)), "Service default/web: it is not there yet");
    fake.put(json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "default"}}));
    assert_eq!(note(first(&inputs)), format!("Service default/web: there is nothing at {path} yet"));
    let previewed = preview_all(OBJECT, &[(inputs.clone(), None)]).pop().unwrap().unwrap();
    assert_eq!(parsed(&previewed.outputs), json!({}), "it will be other than it is");
    let request = |checkpoint: &str| wire::CreateRequest {
        kind: OBJECT.to_owned(),
        address: "it".to_owned(),
        inputs: inputs.to_string(),
        token: token(0),
        checkpoint: Some(checkpoint.to_owned()),
    };
    let late = request(r#"{"taken": {"spent": 10000, "at": 0, "asked": 0}}"#);
    let problem = failed(MapsPlugin::create(context(), vec![late]).pop().unwrap());
    assert_eq!(problem.code, "timed-out");
    assert!(problem.message.contains("within 10s: there is nothing at"), "{}", problem.message);
    fake.change("Service default/web", &json!({"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}}));
    assert_eq!(parsed(&made(OBJECT, &inputs).outputs)["fields"], json!({"ip": "192.0.2.1"}));
}

#[test]
fn a_secret_is_written_sealed_and_read_sealed() {
    let fake = Fake::start("maps");
    let inputs = checked(SECRET, &json!({"name": "db", "string_data": {"password": {"$sealed": "h"}}}));
    assert_eq!((&inputs["type"], &inputs["namespace"]), (&json!("Opaque"), &json!("default")));
    let made = made(SECRET, &inputs);
    assert_eq!(made.id, "default/db");
    assert_eq!(fake.live("Secret default/db").unwrap()["data"], json!({"password": {"$sealed": "h"}}));
    assert!(!made.outputs.contains("\"h\""), "values are in no output");
    assert_eq!(read(SECRET, &made).unwrap(), made);
    assert!(matches!(find(SECRET, &inputs), wire::FindOutcome::Found(found) if Made::from(found.clone()) == made));
    fake.change("Secret default/db", &json!({"data": {"password": {"$sealed": "changed"}, "more": {"$sealed": "m"}}}));
    let found = read(SECRET, &made).unwrap();
    assert_eq!(parsed(&found.inputs)["string_data"], json!({"password": {"$sealed": "changed"}}));
    assert!(matches!(delete(SECRET, &made, None), wire::DeleteOutcome::Done));
    assert_eq!(read(SECRET, &made), None);
    let import = Made { id: "db".to_owned(), inputs: "{}".to_owned(), outputs: "{}".to_owned() };
    assert!(matches!(read_all(SECRET, &[import]).pop().unwrap(), wire::ReadOutcome::Failed(p) if p.code == "bad-id"));
}

#[test]
fn an_existing_object_is_read_and_never_written() {
    let fake = Fake::start("maps");
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "default"},
        "spec": {"ports": [{"port": 80}, {"port": 443}]}, "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}});
    let fields =
        json!({"ip": "{.status.loadBalancer.ingress[0].ip}", "ports": "{.spec.ports[*].port}", "none": "{.spec.none}"});
    let wanted =
        json!({"api_version": "v1", "kind": "Service", "namespace": "default", "name": "web", "fields": fields});
    let inputs = checked(OBJECT, &wanted);
    let problem = failed(create(OBJECT, std::slice::from_ref(&inputs)).pop().unwrap());
    assert_eq!(
        (problem.code.as_str(), problem.message.as_str()),
        ("object-missing", "there is no Service default/web")
    );
    let previewed = preview_all(OBJECT, &[(inputs.clone(), None)]).pop().unwrap().unwrap();
    assert_eq!(parsed(&previewed.outputs), json!({}), "it may yet be made");
    fake.put(service);
    let previewed = preview_all(OBJECT, &[(inputs.clone(), None)]).pop().unwrap().unwrap();
    assert_eq!(parsed(&previewed.outputs)["fields"], json!({"ip": "192.0.2.1", "ports": [80, 443]}));
    let made = made(OBJECT, &inputs);
    assert_eq!(parsed(&made.outputs)["fields"], parsed(&previewed.outputs)["fields"]);
    assert_eq!(read(OBJECT, &made).unwrap(), made);
    assert!(matches!(delete(OBJECT, &made, None), wire::DeleteOutcome::Done));
    assert!(kube::calls().iter().all(|call| call.half() == testing::Half::Read));
    fake.remove("Service default/web");
    assert_eq!(read(OBJECT, &made), None);
    let mut optional = inputs;
    optional["optional"] = true.into();
    let made = super::made(OBJECT, &checked(OBJECT, &optional));
    assert_eq!(parsed(&made.outputs), json!({"found": false, "uid": "", "fields": {}}));
    assert_eq!(read(OBJECT, &made).unwrap(), made);
}

#[test]
fn without_a_cluster_the_config_is_told() {
    let context = wire::Context { stack: "shop".to_owned(), config: "{}".to_owned() };
    let request = wire::CreateRequest {
        kind: NAMESPACE.to_owned(),
        address: "it".to_owned(),
        inputs: checked(NAMESPACE, &json!({"name": "a"})).to_string(),
        token: token(0),
        checkpoint: None,
    };
    let problem = failed(MapsPlugin::create(context, vec![request]).pop().unwrap());
    assert!(problem.help.unwrap().contains("cluster.kubeconfig"));
}
