//! Requests and their answers, of a whole cluster.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use super::{Body, Cluster, Moment, Options};
use crate::store::{Change, Persist};

struct Nowhere;

impl Persist for Nowhere {
    fn commit(&mut self, _: Vec<Change>) -> io::Result<()> {
        Ok(())
    }
}

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn cluster() -> Cluster {
    let options = Options {
        clock: Arc::new(|| Moment { unix_ms: 1_800_000_000_000, virtual_ms: 0 }),
        admin_token: "admin".to_owned(),
        signing: [7; 32],
        authority: String::new(),
        address: "127.0.0.1:1".to_owned(),
        objects: Vec::new(),
        outside: None,
    };
    Cluster::open(options, Vec::new(), Box::new(Nowhere)).unwrap()
}

fn answer(cluster: &Cluster, method: &str, path: &str, accept: &str, body: &Value) -> (u16, Body) {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    send(cluster, method, path, accept, text)
}

fn send(cluster: &Cluster, method: &str, path: &str, accept: &str, body: String) -> (u16, Body) {
    let request = Request::builder().method(method).uri(path).header("authorization", "Bearer admin");
    let request = request.header("accept", accept).header("content-type", "application/json");
    let response = cluster.handle(&request.body(Bytes::from(body)).unwrap());
    (response.status().as_u16(), response.into_body())
}

fn ask(cluster: &Cluster, method: &str, path: &str, body: &Value) -> (u16, Value) {
    match answer(cluster, method, path, "application/json", body) {
        (status, Body::Whole(bytes)) => (status, serde_json::from_slice(&bytes).unwrap()),
        (status, Body::Watch(_)) => (status, json!("a watch")),
    }
}

fn get(cluster: &Cluster, path: &str) -> (u16, Value) {
    ask(cluster, "GET", path, &Value::Null)
}

/// A cluster with a few ConfigMaps, of which `a` and `b` have a label.
fn with_maps() -> Cluster {
    let cluster = cluster();
    for (name, labels) in [("a", json!({"l": "1"})), ("b", json!({"l": "1"})), ("c", json!({})), ("d", json!({}))] {
        let (status, said) = ask(&cluster, "POST", MAPS, &json!({"metadata": {"name": name, "labels": labels}}));
        assert_eq!(status, 201, "{said}");
    }
    cluster
}

fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap().iter();
    items.map(|item| item["metadata"]["name"].as_str().unwrap()).filter(|name| name.len() == 1).collect()
}

/// The events of a watch that has an end.
async fn events(cluster: &Cluster, path: &str, accept: &str) -> Vec<Value> {
    let (status, body) = answer(cluster, "GET", path, accept, &Value::Null);
    let Body::Watch(mut lines) = body else { panic!("{status} for {path}") };
    let mut events = Vec::new();
    while let Some(line) = lines.recv().await {
        events.push(serde_json::from_slice(&line).unwrap());
    }
    events
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

#[test]
fn a_page_says_that_there_is_more_whatever_is_selected() {
    let cluster = with_maps();
    let (_, page) = get(&cluster, &format!("{MAPS}?limit=2&labelSelector=l"));
    assert_eq!(names(&page), ["a", "b"]);
    assert_eq!(page["metadata"].get("remainingItemCount"), None);
    let on = page["metadata"]["continue"].as_str().unwrap();
    let (_, rest) = get(&cluster, &format!("{MAPS}?limit=2&labelSelector=l&continue={on}"));
    assert_eq!((names(&rest), rest["metadata"].get("continue")), (vec![], None));

    let (_, page) = get(&cluster, &format!("{MAPS}?limit=1"));
    let (_, all) = get(&cluster, MAPS);
    let count = all["items"].as_array().unwrap().len();
    assert_eq!(page["metadata"]["remainingItemCount"], count - 1);
    let (_, whole) = get(&cluster, &format!("{MAPS}?limit=1&resourceVersion=0"));
    assert_eq!((names(&whole).len(), whole["metadata"].get("continue")), (4, None));
}

#[test]
fn parameters_that_do_not_go_together_are_refused() {
    let cluster = cluster();
    let forbidden = |why: &str| format!("resourceVersionMatch: Forbidden: {why}");
    let requires = forbidden("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
    let resumed = forbidden("resourceVersionMatch is forbidden when continue is provided");
    let unless = forbidden("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
    let only = "resourceVersionMatch: Unsupported value: \"Exact\": supported values: \"NotOlderThan\"";
    let cases = [
        ("sendInitialEvents=false", "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list".to_owned()),
        ("watch=1&sendInitialEvents=true", requires.clone()),
        ("watch=1&sendInitialEvents=1&resourceVersionMatch=Exact", format!("[{requires}, {only}]")),
        ("watch=1&resourceVersionMatch=NotOlderThan", unless),
        ("watch=1&continue=x", resumed),
    ];
    for (query, expect) in cases {
        let (status, said) = get(&cluster, &format!("{MAPS}?{query}"));
        assert_eq!(status, 422, "{query}: {said}");
        assert_eq!(said["message"], format!("ListOptions.meta.k8s.io \"\" is invalid: {expect}"));
    }
}

#[test]
fn one_object_is_read_even_if_a_watch_is_asked_for() {
    let cluster = with_maps();
    let (status, said) = get(&cluster, &format!("{MAPS}/a?watch=true"));
    assert_eq!((status, &said["metadata"]["name"]), (200, &json!("a")));
    let path = "/api/v1/watch/namespaces/default/configmaps/a?fieldSelector=metadata.name%3Db";
    let (status, said) = get(&cluster, path);
    assert_eq!(status, 400);
    assert_eq!(said["message"], "fieldSelector metadata.name doesn't match requested name");
}

#[test]
fn a_form_that_does_not_fit_is_refused() {
    let cluster = with_maps();
    let said = |path: &str, form: &str| {
        let accept = format!("application/json;as={form};v=v1;g=meta.k8s.io");
        let (status, Body::Whole(body)) = answer(&cluster, "GET", path, &accept, &Value::Null) else {
            panic!("{path}")
        };
        (status, serde_json::from_slice::<Value>(&body).unwrap())
    };
    let (status, refusal) = said(MAPS, "PartialObjectMetadata");
    let expect = "you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)";
    assert_eq!((status, &refusal["message"], &refusal["reason"]), (406, &json!(expect), &json!("NotAcceptable")));
    let (status, refusal) = said(&format!("{MAPS}/a"), "PartialObjectMetadataList");
    let expect = "you requested PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)";
    assert_eq!((status, &refusal["message"]), (406, &json!(expect)));
    let (status, refusal) = said(&format!("{MAPS}?includeObject=All"), "Table");
    let expect = "Unable to convert to Table as requested: includeObject: Invalid value: \"All\": must be 'Metadata', \
                  'Object', 'None', or empty";
    assert_eq!((status, &refusal["message"]), (400, &json!(expect)));
    let (_, table) = said(&format!("{MAPS}/a?includeObject=None"), "Table");
    assert_eq!(table["rows"][0].get("object"), Some(&Value::Null));
}

#[test]
fn what_came_before_the_server_is_forgotten() {
    let cluster = cluster();
    let (status, said) = get(&cluster, &format!("{MAPS}?resourceVersion=1&resourceVersionMatch=Exact"));
    assert_eq!((status, &said["reason"]), (410, &json!("Expired")));
    assert_eq!(said["message"], "The resourceVersion for the provided list is too old.");
}

#[test]
fn an_object_that_was_made_anew_is_no_more_the_one_that_was_read() {
    let cluster = with_maps();
    let (status, said) = ask(&cluster, "PUT", &format!("{MAPS}/a"), &json!({"metadata": {"name": "a", "uid": "x"}}));
    assert_eq!(status, 409);
    let told = said["message"].as_str().unwrap();
    let expect = "Operation cannot be fulfilled on configmaps \"a\": StorageError: invalid object, Code: 4, Key: \
                  /registry/configmaps/default/a, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in \
                  precondition: x, UID in object meta: ";
    assert!(told.starts_with(expect), "{told}");
}

#[test]
fn options_that_are_no_json_are_a_fault_of_the_server() {
    let cluster = with_maps();
    let answer = send(&cluster, "DELETE", &format!("{MAPS}/a"), "application/json", "{".to_owned());
    let (500, Body::Whole(body)) = answer else { panic!("{answer:?}") };
    let said: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(said["message"], "couldn't get version/kind; json parse error: unexpected end of JSON input");
}

#[test]
fn what_may_not_change_is_refused_with_what_changed() {
    let cluster = cluster();
    let claims = "/api/v1/namespaces/default/persistentvolumeclaims";
    let claim = |mode: &str| {
        json!({"metadata": {"name": "c"}, "spec": {
            "accessModes": [mode], "storageClassName": "", "resources": {"requests": {"storage": "1Gi"}},
        }})
    };
    assert_eq!(ask(&cluster, "POST", claims, &claim("ReadWriteOnce")).0, 201);
    let (status, said) = ask(&cluster, "PUT", &format!("{claims}/c"), &claim("ReadOnlyMany"));
    assert_eq!(status, 422);
    let expect = "PersistentVolumeClaim \"c\" is invalid: spec: Forbidden: spec is immutable after creation except \
                  resources.requests and volumeAttributesClassName for bound claims\n@@ -1,6 +1,6 @@\n {\n  \
                  \"AccessModes\": [\n-  \"ReadWriteOnce\"\n+  \"ReadOnlyMany\"\n  ],\n  \"Selector\": null,\n  \
                  \"Resources\": {\n";
    assert_eq!(said["message"], expect);

    let pods = "/api/v1/namespaces/default/pods";
    let pod = |name: &str| {
        let containers = json!([{"name": "c", "image": "i", "command": [name]}]);
        json!({"metadata": {"name": "p"}, "spec": {"containers": containers, "automountServiceAccountToken": false}})
    };
    let (status, said) = ask(&cluster, "POST", pods, &pod("a"));
    assert_eq!(status, 201, "{said}");
    let mut changed = get(&cluster, &format!("{pods}/p")).1;
    changed["spec"]["containers"][0]["command"] = json!(["b"]);
    let (status, said) = ask(&cluster, "PUT", &format!("{pods}/p"), &changed);
    assert_eq!(status, 422, "{said}");
    let told = said["message"].as_str().unwrap();
    let expect = "was previously negative)\n@@ -6,7 +6,7 @@\n    \"Name\": \"c\",\n    \"Image\": \"i\",\n    \
                  \"Command\": [\n-    \"a\"\n+    \"b\"\n    ],\n    \"Args\": null,\n    \"WorkingDir\": \"\",\n";
    assert!(told.ends_with(expect), "{told}");
}

#[test]
fn owners_are_told_as_go_has_them() {
    let cluster = cluster();
    let owner = |name: &str| json!({"apiVersion": "v1", "kind": "Pod", "name": name, "uid": name, "controller": true});
    let body = json!({"metadata": {"name": "x", "ownerReferences": [owner("a"), owner("b")]}});
    let (status, said) = ask(&cluster, "POST", MAPS, &body);
    assert_eq!(status, 422);
    let one =
        |name: &str| format!(r#"{{"apiVersion":"v1","kind":"Pod","name":"{name}","uid":"{name}","controller":true}}"#);
    let expect = format!(
        "ConfigMap \"x\" is invalid: metadata.ownerReferences: Invalid value: [{},{}]: Only one reference can have \
         Controller set to true. Found \"true\" in references for Pod/a and Pod/b",
        one("a"),
        one("b")
    );
    assert_eq!(said["message"], expect);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_wants_bookmarks_is_told_when_it_has_all_and_before_it_ends() {
    let cluster = with_maps();
    let watch = format!("{MAPS}?watch=1&timeoutSeconds=4&labelSelector=l&allowWatchBookmarks=true");
    let seen = events(&cluster, &watch, "application/json").await;
    assert_eq!(kinds(&seen), ["ADDED", "ADDED", "BOOKMARK", "BOOKMARK"]);
    let (_, now) = get(&cluster, MAPS);
    let revision = &now["metadata"]["resourceVersion"];
    let annotations = json!({"k8s.io/initial-events-end": "true"});
    let metadata = json!({"resourceVersion": revision, "annotations": annotations});
    assert_eq!(seen[2]["object"], json!({"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata}));
    assert_eq!(seen[3]["object"]["metadata"], json!({"resourceVersion": revision}));

    let watch = "/api/v1/namespaces/default/pods?watch=1&timeoutSeconds=1&allowWatchBookmarks=true";
    let seen = events(&cluster, watch, "application/json").await;
    assert_eq!((kinds(&seen), &seen[0]["object"]["spec"]), (vec!["BOOKMARK"], &json!({"containers": null})));
    let table = "application/json;as=Table;v=v1;g=meta.k8s.io";
    let seen = events(&cluster, &format!("{MAPS}?watch=1&timeoutSeconds=1&labelSelector=l"), table).await;
    let columns: Vec<bool> = seen.iter().map(|event| event["object"]["columnDefinitions"].is_null()).collect();
    assert_eq!(columns, [false, true]);
    let seen = events(&cluster, &watch.replace("pods", "secrets"), table).await;
    assert_eq!(seen[0]["object"]["rows"][0]["cells"], json!(["", "", 0, "<unknown>"]));
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_goes_at_once_is_marked_first() {
    let cluster = cluster();
    let pods = "/api/v1/namespaces/default/pods";
    let pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    let (status, made) = ask(&cluster, "POST", pods, &pod);
    assert_eq!(status, 201, "{made}");
    let (_, now) = get(&cluster, pods);
    let (status, said) = ask(&cluster, "DELETE", &format!("{pods}/p"), &Value::Null);
    let metadata = &said["metadata"];
    assert_eq!((status, &metadata["deletionGracePeriodSeconds"], &metadata["generation"]), (200, &json!(0), &json!(2)));
    let revision = now["metadata"]["resourceVersion"].as_str().unwrap();
    let watch = format!("{pods}?watch=1&timeoutSeconds=1&resourceVersion={revision}");
    let seen = events(&cluster, &watch, "application/json").await;
    assert_eq!(kinds(&seen), ["MODIFIED", "DELETED"]);
    assert!(seen.iter().all(|event| event["object"]["metadata"]["deletionTimestamp"].is_string()), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn a_watch_from_too_long_ago_ends_with_an_error() {
    let cluster = with_maps();
    let seen = events(&cluster, &format!("{MAPS}?watch=1&resourceVersion=1"), "application/json").await;
    assert_eq!(kinds(&seen), ["ERROR"]);
    assert_eq!((&seen[0]["object"]["code"], &seen[0]["object"]["reason"]), (&json!(410), &json!("Expired")));
}
