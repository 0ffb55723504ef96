//! What leaves: paths, bodies, journal and log, and what never does.

use maps_engine::Class;

use super::*;

#[tokio::test]
async fn an_apply_is_journalled_logged_and_written_as_the_api_has_it() {
    let server = Server::start(echoing).await;
    let bench = bench(&server, Operation::Create);
    let made = bench.apply(&object("v1", "ConfigMap", json!({"data": {"a": "b"}}))).await.unwrap();
    assert_eq!(made["data"]["a"], "b");
    let asked = server.asked();
    assert_eq!(asked[0].line, "GET /api/v1");
    let line = "PATCH /api/v1/namespaces/maps/configmaps/settings?fieldManager=maps&fieldValidation=Strict&force=false";
    assert_eq!(asked[1].line, line);
    assert!(asked[1].head.contains("content-type: application/apply-patch+yaml"), "{}", asked[1].head);
    assert!(asked[1].head.contains(&format!("authorization: bearer {TOKEN}")));
    assert!(!asked[1].head.contains("impersonate"));
    let entries = bench.journal.0.lock().unwrap().clone();
    assert!(
        matches!(&entries[..], [Entry::Call { summary, rule, .. }] if summary == "apply configmaps maps/settings" && rule.as_str() == "apply"),
        "{entries:?}"
    );
    let audit = bench.audit().await;
    let told: Vec<_> =
        audit.iter().map(|line| (line["summary"].as_str().unwrap(), line["outcome"].as_str().unwrap())).collect();
    assert_eq!(
        told,
        [
            ("discovery of v1", "answered"),
            ("apply configmaps maps/settings", "sent"),
            ("apply configmaps maps/settings", "answered"),
        ]
    );
    assert_eq!(audit[1]["interface"], "kube-write");
}

#[tokio::test]
async fn rt14_a_dry_run_is_one_whatever_the_guest_does() {
    let server = Server::start(echoing).await;
    let bench = bench(&server, Operation::Preview);
    bench.dry_run(&object("v1", "ConfigMap", json!({}))).await.unwrap();
    assert!(server.lines()[1].ends_with("&force=true&dryRun=All"), "{:?}", server.lines());
    assert!(bench.journal.0.lock().unwrap().is_empty());
    // The write half's functions are not linked in a plan; called all the same, they find no operation.
    let problem = bench.apply(&object("v1", "ConfigMap", json!({}))).await.unwrap_err();
    assert_eq!((problem.class, problem.code.as_str()), (Class::Denied, "write-outside-apply"));
    bench.logged("write-outside-apply", None).await;
    assert_eq!(server.asked().len(), 2, "nothing left");
}

#[tokio::test]
async fn rt18_an_object_that_no_step_names_is_denied_and_never_sent() {
    let server = Server::start(echoing).await;
    let bench = bench(&server, Operation::Update);
    let mut other = object("v1", "ConfigMap", json!({}));
    other["metadata"]["name"] = json!("other");
    let problem = bench.apply(&other).await.unwrap_err();
    assert_eq!((problem.class, problem.code.as_str()), (Class::Denied, "kube-binding"), "{problem:?}");
    bench.logged("kube-binding", Some("apply")).await;
    let elsewhere = Deleting {
        items: vec![0],
        object: reference(kind("v1", "Secret"), Some("maps"), "settings"),
        propagation: None,
        uid: None,
        resource_version: None,
    };
    let problem = bench.http.kube_delete(&bench.scope, &bench.handle, vec![elsewhere]).await.remove(0).unwrap_err();
    assert_eq!(problem.code, "kube-binding");
    assert_eq!(server.lines(), ["GET /api/v1"]);
}

#[tokio::test]
async fn rt13_rt16_subresources_watches_and_names_that_lead_elsewhere_cannot_be_asked_for() {
    let server = Server::start(echoing).await;
    let bench = bench(&server, Operation::Read);
    for (kind_name, name) in
        [("Pod", "web/exec"), ("Pod", "web/log?follow=1"), ("Secret", "x?watch=true"), ("Pod", "..")]
    {
        let problem = bench.get(reference(kind("v1", kind_name), Some("maps"), name)).await.unwrap_err();
        assert_eq!(problem.code, "kube-name", "{name}");
    }
    for namespace in ["maps/pods/web/exec", "../..", "a?watch=1"] {
        let problem = bench.get(reference(kind("v1", "Pod"), Some(namespace), "web")).await.unwrap_err();
        assert_eq!(problem.code, "kube-namespace", "{namespace}");
    }
    let listing = Listing {
        kind: kind("v1", "Secret"),
        namespace: None,
        label_selector: Some("a=b&watch=true".to_owned()),
        field_selector: None,
    };
    assert_eq!(bench.list(listing).await.unwrap_err().code, "kind-unknown");
    assert!(
        server.lines().iter().all(|line| !line.contains("&watch") && !line.contains("exec")),
        "{:?}",
        server.lines()
    );
    // What discovery tells of subresources, and of names that are none, is no kind that could be named.
    for hidden in ["PodExecOptions", "Evil"] {
        let found = bench.http.kube_resolve(&bench.scope, &bench.handle, vec![kind("v1", hidden)]).await.remove(0);
        assert_eq!(found.unwrap(), None);
    }
    for version in ["v1/../../x", "apps/v1/namespaces", ""] {
        let problem = bench.get(reference(kind(version, "Pod"), Some("maps"), "web")).await.unwrap_err();
        assert_eq!(problem.code, "kube-api-version", "{version}");
    }
}

#[tokio::test]
async fn rt16_a_role_that_undoes_the_rules_is_denied_before_it_is_sent() {
    let server = Server::start(echoing).await;
    let bench = bench(&server, Operation::Create);
    let rule = json!({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]});
    let role = object("rbac.authorization.k8s.io/v1", "ClusterRole", json!({"rules": [rule]}));
    let problem = bench.apply(&role).await.unwrap_err();
    assert_eq!((problem.class, problem.code.as_str()), (Class::Denied, "kube-escalation"));
    bench.logged("kube-escalation", Some("apply")).await;
    let plain = object(
        "rbac.authorization.k8s.io/v1",
        "ClusterRole",
        json!({"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}),
    );
    bench.apply(&plain).await.unwrap();
    assert!(
        server.lines().last().unwrap().starts_with("PATCH /apis/rbac.authorization.k8s.io/v1/clusterroles/settings?")
    );
}

#[tokio::test]
async fn kinds_are_discovered_once_and_what_is_missing_is_asked_for_again() {
    let server = Server::start(|_| not_found("configmaps", "x")).await;
    let bench = bench(&server, Operation::Read);
    let all: Vec<_> = (0..20).map(|n| reference(kind("v1", "ConfigMap"), Some("maps"), &format!("x{n}"))).collect();
    let found = bench.http.kube_get(&bench.scope, &bench.handle, all).await;
    assert!(found.into_iter().all(|answer| answer == Ok(None)));
    assert_eq!(server.lines().iter().filter(|line| *line == "GET /api/v1").count(), 1);
    let problem = bench.get(reference(kind("v1", "Missing"), None, "x")).await.unwrap_err();
    assert_eq!((problem.class, problem.code.as_str()), (Class::NotFound, "kind-unknown"));
    assert_eq!(server.lines().iter().filter(|line| *line == "GET /api/v1").count(), 2);
    let absent = bench.http.kube_resolve(&bench.scope, &bench.handle, vec![kind("nobody.example.com/v1", "X")]).await;
    assert_eq!(absent, [Ok(None)]);
    let problem = bench.get(reference(kind("v1", "ConfigMap"), None, "x")).await.unwrap_err();
    assert_eq!(problem.code, "namespace-missing");
}

#[tokio::test]
async fn deletes_carry_their_preconditions_and_tell_what_became_of_the_object() {
    let server = Server::start(|asked| match asked.body["preconditions"]["uid"].as_str() {
        Some("gone") => (200, json!({"kind": "Status", "apiVersion": "v1", "status": "Success"})),
        Some("going") => (200, json!({"kind": "ConfigMap", "metadata": {"deletionTimestamp": "now"}})),
        Some("absent") => not_found("configmaps", "settings"),
        _ => (409, json!({"kind": "Status", "reason": "Conflict", "message": "the UID in the precondition is not the object's"})),
    })
    .await;
    let bench = bench(&server, Operation::Delete);
    let delete = |uid: &str| Deleting {
        items: vec![0],
        object: reference(kind("v1", "ConfigMap"), Some("maps"), "settings"),
        propagation: Some("Foreground"),
        uid: Some(uid.to_owned()),
        resource_version: Some("7".to_owned()),
    };
    let all = ["gone", "going", "absent", "other"].map(delete).to_vec();
    let mut answers = bench.http.kube_delete(&bench.scope, &bench.handle, all).await;
    let conflict = answers.pop().unwrap().unwrap_err();
    assert_eq!((conflict.class, conflict.code.as_str()), (Class::Conflict, "conflict"));
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers, [super::super::Deleted::Gone, super::super::Deleted::UnderWay, super::super::Deleted::Absent]);
    let asked = server.asked().pop().unwrap();
    assert!(asked.line == "DELETE /api/v1/namespaces/maps/configmaps/settings", "{}", asked.line);
    assert_eq!(
        (&asked.body["propagationPolicy"], &asked.body["preconditions"]["resourceVersion"]),
        (&json!("Foreground"), &json!("7"))
    );
    assert_eq!(bench.journal.0.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn a_server_that_is_busy_is_asked_again_and_not_for_ever() {
    let busy = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&busy);
    let server = Server::start(move |asked| match count.fetch_add(1, Ordering::SeqCst) {
        0 => (429, json!({"kind": "Status", "reason": "TooManyRequests", "message": "too many"})),
        _ => echoing(asked),
    })
    .await;
    let bench = bench(&server, Operation::Create);
    bench.apply(&object("v1", "ConfigMap", json!({}))).await.unwrap();
    assert_eq!(busy.load(Ordering::SeqCst), 2);
    assert_eq!(bench.journal.0.lock().unwrap().len(), 2, "each attempt is announced");
}

#[tokio::test]
async fn what_an_object_must_say_is_told() {
    let server = Server::start(echoing).await;
    let bench = bench(&server, Operation::Create);
    let mut generated = object("v1", "ConfigMap", json!({}));
    generated["metadata"] = json!({"generateName": "x-", "namespace": "maps"});
    for (object, code) in [
        (generated, "kube-generate-name"),
        (json!({"kind": "ConfigMap", "metadata": {"name": "x"}}), "kube-object"),
        (json!({"apiVersion": "v1", "kind": "ConfigMap"}), "kube-object"),
        (json!([1]), "kube-object"),
        (object("v1", "ConfigMap", json!({"data": {"a": {"$unknown": true}}})), "kube-object-unknown"),
        (object("v1", "ConfigMap", json!({"data": {"a": "x".repeat(3 << 20)}})), "kube-object-size"),
    ] {
        assert_eq!(bench.apply(&object).await.unwrap_err().code, code);
    }
    assert!(server.lines().iter().all(|line| line.starts_with("GET /api")), "{:?}", server.lines());
}
