//! What a manifest may be.

use super::*;

#[track_caller]
fn refused(manifest: &Value, code: &str, says: &str) {
    let problems = check(MANIFEST, &json!({"manifest": manifest})).unwrap_err();
    assert!(problems.iter().any(|(c, _, message)| c == code && message.contains(says)), "{problems:?}");
}

const YAML: &str = "
apiVersion: v1
kind: ConfigMap
metadata: {name: a, creationTimestamp: null}
data: {key: '$100 ${x}'}
status: {gone: true}
---
# nothing
---
apiVersion: v1
kind: List
items:
- {apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop, uid: x}}
- {apiVersion: v1, kind: Service, metadata: {name: web}}
";

#[test]
fn documents_lists_and_objects_are_told_by_kind_and_name() {
    let inputs = checked(MANIFEST, &json!({"manifest": YAML}));
    let expected = json!({
        "ConfigMap": {"a": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"key": "$100 ${x}"}}},
        "Deployment": {"shop/web": {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}}},
        "Service": {"web": {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}},
    });
    assert_eq!(inputs["manifest"], expected);
    assert_eq!(checked(MANIFEST, &inputs), inputs, "a check of its own answer changes nothing");
    let inline = checked(
        MANIFEST,
        &json!({"manifest": [config_map("a", "1"), "{apiVersion: v1, kind: Service, metadata: {name: b}}"]}),
    );
    assert_eq!(inline["manifest"].as_object().unwrap().keys().collect::<Vec<_>>(), ["ConfigMap", "Service"]);
    let one = checked(MANIFEST, &json!({"manifest": config_map("a", "1")}));
    assert_eq!(one["manifest"]["ConfigMap"]["a"]["data"]["key"], "1");
}

#[test]
fn what_is_left_out_has_its_default() {
    let inputs = manifest(&[config_map("a", "1")]);
    for (field, value) in [
        ("namespace", json!("default")),
        ("ready", json!(true)),
        ("prune", json!(true)),
        ("force", json!(false)),
        ("timeout", json!("10m")),
    ] {
        assert_eq!(inputs[field], value, "{field}");
    }
}

#[test]
fn mistakes_are_told_with_their_place() {
    refused(&json!("a: [1\nb: 2"), "bad-yaml", "line 2");
    refused(&json!("a: 1\na: 2"), "bad-yaml", "line 2, column 1");
    refused(
        &json!("\n---\nkind: ConfigMap\nmetadata: {name: a}"),
        "not-an-object",
        "`apiVersion` is missing (ConfigMap a), line 3",
    );
    refused(&json!("apiVersion: v1\nmetadata: {name: a}"), "not-an-object", "`kind` is missing");
    refused(&json!({"apiVersion": "v1", "kind": "Pod", "metadata": {}}), "not-an-object", "`metadata.name` is missing");
    refused(
        &json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "a-"}}),
        "generated-name",
        "give it a `name`",
    );
    refused(
        &json!([config_map("a", "1"), config_map("a", "2")]),
        "object-twice",
        "ConfigMap a stands in the manifest twice",
    );
    refused(&json!("- 1"), "no-object", "a number");
    refused(&json!("# nothing"), "empty-manifest", "no object");
    refused(&json!([]), "empty-manifest", "no object");
    refused(&json!({"$sealed": "h"}), "secret-manifest", "secret");
    refused(&json!(7), "bad-manifest", "YAML");
    refused(
        &json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"k": "%"}}),
        "bad-secret",
        "no base64",
    );
}

#[test]
fn kinds_of_one_name_and_two_groups_are_two() {
    let of = |group: &str| json!({"apiVersion": format!("{group}/v1"), "kind": "Backup", "metadata": {"name": "a"}});
    let inputs = manifest(&[of("a.example"), of("b.example")]);
    assert_eq!(inputs["manifest"]["Backup"].as_object().unwrap().keys().collect::<Vec<_>>(), ["a", "a (b.example)"]);
    assert_eq!(checked(MANIFEST, &inputs), inputs);
}

#[test]
fn a_secret_has_its_values_in_clear_in_one_place() {
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"},
        "data": {"text": "aGVsbG8=", "bytes": "/w=="}, "stringData": {"more": "plain", "sealed": {"$sealed": "h"}}});
    let inputs = manifest(&[secret]);
    let data = json!({"text": "hello", "bytes": {"base64": "/w=="}, "more": "plain", "sealed": {"$sealed": "h"}});
    assert_eq!(inputs["manifest"]["Secret"]["a"]["data"], data);
    assert_eq!(checked(MANIFEST, &inputs), inputs);
}

#[test]
fn what_is_not_known_yet_goes_back_as_it_came() {
    let unknown = json!({"$unknown": true});
    let whole = checked(MANIFEST, &json!({"manifest": unknown}));
    assert_eq!(whole["manifest"], unknown);
    let mut named = config_map("a", "1");
    named["metadata"]["name"] = unknown.clone();
    let inputs = checked(MANIFEST, &json!({"manifest": [named]}));
    assert_eq!(inputs["manifest"], json!([named]));
    let mut valued = config_map("a", "1");
    valued["data"]["key"] = unknown.clone();
    let inputs = checked(MANIFEST, &json!({"manifest": [valued]}));
    assert_eq!(inputs["manifest"]["ConfigMap"]["a"]["data"]["key"], unknown);
}

#[test]
fn waits_and_times_are_checked() {
    let with = |more: Value| {
        let mut inputs = json!({"manifest": [deployment(1)]});
        inputs.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        check(MANIFEST, &inputs)
            .err()
            .map(|problems| problems.into_iter().map(|(code, path, _)| (code, path)).collect::<Vec<_>>())
    };
    let at = |code: &str, path: &str| Some(vec![(code.to_owned(), path.to_owned())]);
    assert_eq!(with(json!({"wait": [{"for": "condition=Available", "on": "Deployment/web"}]})), None);
    assert_eq!(with(json!({"wait": [{"for": "condition=Available", "on": "deployment/default/web"}]})), None);
    assert_eq!(with(json!({"wait": [{"for": "soon", "on": "Deployment/web"}]})), at("bad-wait", "wait[0].for"));
    assert_eq!(
        with(json!({"wait": [{"for": "condition=Ready", "on": "Deployment/other"}]})),
        at("no-such-object", "wait[0].on")
    );
    assert_eq!(with(json!({"timeout": "soon"})), at("bad-duration", "timeout"));
    assert_eq!(with(json!({"namespace": "Web"})), at("bad-namespace", "namespace"));
}
