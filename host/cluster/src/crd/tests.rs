//! Objects of the recorded definition, pruned, defaulted and validated as the recorded server did.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::needless_pass_by_value)]

use serde_json::{Value, json};

use super::*;

/// The definition of the recorded interactions.
pub(super) fn widgets() -> Value {
    serde_json::from_str(
        r##"{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "widgets.kd.example.com"}, "spec": {
        "group": "kd.example.com", "scope": "Namespaced", "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList", "shortNames": ["wix"], "categories": ["kdall"]},
        "conversion": {"strategy": "None"},
        "versions": [{"name": "v1", "served": true, "storage": true, "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.size"}},
            "additionalPrinterColumns": [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}, {"name": "Phase", "type": "string", "jsonPath": ".status.phase", "priority": 1}],
            "selectableFields": [{"jsonPath": ".spec.color"}],
            "schema": {"openAPIV3Schema": {"type": "object", "required": ["spec"], "properties": {
                "spec": {"type": "object", "required": ["size"], "x-kubernetes-validations": [{"rule": "self.size <= self.limit", "message": "size must not pass limit"}], "properties": {
                    "size": {"type": "integer", "minimum": 1, "maximum": 50}, "limit": {"type": "integer", "default": 10}, "color": {"type": "string", "default": "blue", "enum": ["blue", "red"]},
                    "id": {"type": "string", "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "id is immutable"}]},
                    "nick": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 5}, "when": {"type": "string", "format": "date-time"}, "port": {"x-kubernetes-int-or-string": true},
                    "tags": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
                    "parts": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["key"], "items": {"type": "object", "required": ["key"], "properties": {"key": {"type": "string"}, "v": {"type": "integer", "default": 7}}}},
                    "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}, "nul": {"type": "string", "nullable": true, "default": "d"}}},
                "status": {"type": "object", "properties": {"phase": {"type": "string"}, "size": {"type": "integer"}, "conditions": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"],
                    "items": {"type": "object", "required": ["type"], "properties": {"type": {"type": "string"}, "status": {"type": "string"}}}}}}}}}}]}}"##,
    )
    .unwrap()
}

fn version() -> Version {
    Definition::compile(&widgets()).versions.remove(0)
}

fn widget(spec: Value) -> Value {
    json!({"apiVersion": "kd.example.com/v1", "kind": "Widget", "metadata": {"name": "x"}, "spec": spec})
}

const BLOCKED: &str = "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";

fn check(spec: Value, expected: &[&str]) {
    let version = version();
    let mut object = widget(spec);
    version.prune(&mut object);
    version.default(&mut object);
    let found: Vec<String> = version.validate(&object, None).iter().map(ToString::to_string).collect();
    assert_eq!(found, expected, "{object}");
}

#[test]
fn objects_are_defaulted_and_pruned() {
    let version = version();
    let mut object = widget(json!({"size": 3, "parts": [{"key": "a"}], "extra": 1, "any": {"kept": {"deep": [1]}}}));
    assert_eq!(version.prune(&mut object), ["unknown field \"spec.extra\""]);
    version.default(&mut object);
    assert_eq!(
        object["spec"],
        json!({"size": 3, "parts": [{"key": "a", "v": 7}], "any": {"kept": {"deep": [1]}}, "color": "blue", "limit": 10, "nul": "d"})
    );
    let mut object = widget(json!({"size": 3, "nul": null, "color": null}));
    version.default(&mut object);
    assert_eq!(object["spec"], json!({"size": 3, "nul": null, "color": "blue", "limit": 10}));
}

#[test]
fn objects_are_validated() {
    check(json!({"size": 3}), &[]);
    check(json!({"color": "red"}), &["spec.size: Required value", BLOCKED]);
    check(
        json!({"size": "three"}),
        &[
            "spec.size: Invalid value: \"string\": spec.size in body must be of type integer: \"string\"",
            ".spec.size: Invalid value: 0: .spec.size accessor error: three is of the type string, expected int64",
            BLOCKED,
        ],
    );
    check(
        json!({"size": 51, "limit": 99}),
        &["spec.size: Invalid value: 51: spec.size in body should be less than or equal to 50"],
    );
    check(
        json!({"size": 3, "color": "green"}),
        &["spec.color: Unsupported value: \"green\": supported values: \"blue\", \"red\"", BLOCKED],
    );
    check(
        json!({"size": 3, "nick": "A1"}),
        &["spec.nick: Invalid value: \"A1\": spec.nick in body should match '^[a-z]+$'"],
    );
    check(json!({"size": 3, "nick": "abcdefgh"}), &["spec.nick: Too long: may not be more than 5 bytes", BLOCKED]);
    check(
        json!({"size": 3, "when": "noon"}),
        &["spec.when: Invalid value: \"noon\": spec.when in body must be of type date-time: \"noon\"", BLOCKED],
    );
    check(json!({"size": 3, "tags": ["a", "a"]}), &["spec.tags[1]: Duplicate value: \"a\""]);
    check(
        json!({"size": 3, "parts": [{"key": "a"}, {"key": "a"}]}),
        &["spec.parts[1]: Duplicate value: {\"key\":\"a\"}"],
    );
    check(
        json!({"size": 3, "port": {}}),
        &[
            "spec.port: Invalid value: \"object\": spec.port in body must be of type integer,string: \"object\"",
            BLOCKED,
        ],
    );
}

#[test]
fn a_status_is_validated_by_itself() {
    let version = version();
    let old = widget(json!({"size": 3, "limit": 10}));
    let mut new = old.clone();
    new["status"] = json!({"phase": 1, "size": -1});
    let found: Vec<String> = version.validate_status(&new, &old).iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "status.phase: Invalid value: \"integer\": phase in body must be of type string: \"integer\"",
            ".status.size: Invalid value: -1: should be a non-negative integer",
            BLOCKED,
        ]
    );
}

#[test]
fn what_a_version_says_of_itself() {
    let mut crd = widgets();
    crd["spec"]["versions"][0]["deprecated"] = json!(true);
    for name in ["v2", "v10", "v1beta1", "v11alpha2", "foo1"] {
        let more =
            json!({"name": name, "served": true, "storage": false, "schema": {"openAPIV3Schema": {"type": "object"}}});
        crd["spec"]["versions"].as_array_mut().unwrap().push(more);
    }
    let definition = Definition::compile(&crd);
    let names: Vec<&str> = definition.versions.iter().map(|version| version.name.as_str()).collect();
    assert_eq!(names, ["v10", "v2", "v1", "v1beta1", "v11alpha2", "foo1"]);
    let v1 = &definition.versions[2];
    assert_eq!(v1.deprecation.as_deref(), Some("kd.example.com/v1 Widget is deprecated"));
    assert_eq!(v1.selectable, ["spec.color"]);
    assert!(v1.status && v1.scale.is_some());
    let mut object = widget(json!({"size": 3, "color": "red"}));
    object["metadata"]["name"] = json!("one");
    let cells: Vec<Value> = v1.columns.iter().map(|column| cell(column, &object, 0)).collect();
    assert_eq!(cells, [json!(3), json!(null)]);
    assert_eq!(v1.selected(&object, "spec.color").as_deref(), Some("red"));
    assert_eq!(v1.selected(&object, "spec.size"), None);
    assert_eq!(definition.versions[0].columns[0]["name"], "Age");
}
