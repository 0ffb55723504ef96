//! Who owns which field, over whole sessions of applies and updates.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::schema::{NodeRef, builtin};

const NOW: &str = "2026-01-02T03:04:05Z";

/// An object at one endpoint, changed by several managers.
struct Session {
    node: NodeRef,
    kind: &'static str,
    api_version: &'static str,
    live: Option<Value>,
}

impl Session {
    fn of(name: &'static str, api_version: &'static str, kind: &'static str) -> Self {
        assert!(matches!(builtin(name).shape, Shape::Object(_)), "{name}");
        Self { node: NodeRef::Named(name), kind, api_version, live: None }
    }

    fn config_map() -> Self {
        Self::of("io.k8s.api.core.v1.ConfigMap", "v1", "ConfigMap")
    }

    fn deployment() -> Self {
        Self::of("io.k8s.api.apps.v1.Deployment", "apps/v1", "Deployment")
    }

    fn target(&self) -> Target<'_> {
        let subject = Subject { group: "", resource: "things", name: "a" };
        Target { node: self.node.get(), kind: self.kind, reset: &["status"], subject }
    }

    fn writer<'a>(&self, manager: &'a str, operation: Operation) -> Writer<'a> {
        Writer { manager, operation, subresource: "", api_version: self.api_version, now: NOW }
    }

    /// Applies a configuration without `apiVersion`, `kind` and a name.
    fn apply_as(&mut self, manager: &str, config: Value, force: bool) -> Result<(), Refusal> {
        let config = self.whole(config);
        let writer = self.writer(manager, Operation::Apply);
        self.live = Some(apply(self.live.as_ref(), &config, self.target(), writer, force)?);
        Ok(())
    }

    fn apply(&mut self, manager: &str, config: Value) {
        self.apply_as(manager, config, false).unwrap();
    }

    fn refused(&mut self, manager: &str, config: Value) -> String {
        self.apply_as(manager, config, false).unwrap_err().message
    }

    /// Merges a patch as an update.
    fn patch(&mut self, manager: &str, patch: &Value) {
        let mut new = self.live.clone().unwrap();
        crate::patch::merge_patch(&mut new, patch).unwrap();
        note(self.live.as_ref(), &mut new, self.target(), self.writer(manager, Operation::Update));
        self.live = Some(new);
    }

    fn create(&mut self, manager: &str, object: Value) {
        let mut new = self.whole(object);
        note(None, &mut new, self.target(), self.writer(manager, Operation::Update));
        self.live = Some(new);
    }

    fn whole(&self, mut object: Value) -> Value {
        object["apiVersion"] = json!(self.api_version);
        object["kind"] = json!(self.kind);
        object["metadata"]["name"] = json!("a");
        object
    }

    fn at(&self, pointer: &str) -> Value {
        self.live.as_ref().unwrap().pointer(pointer).cloned().unwrap_or_default()
    }

    /// The fields of each manager; `+` marks updaters.
    fn owners(&self) -> Value {
        let mut owners = Map::new();
        for entry in self.at("/metadata/managedFields").as_array().into_iter().flatten() {
            let mark = if entry["operation"] == "Update" { "+" } else { "" };
            assert_eq!(entry["fieldsType"], "FieldsV1");
            assert_eq!(entry["apiVersion"], self.api_version);
            owners.insert(format!("{}{mark}", entry["manager"].as_str().unwrap()), entry["fieldsV1"].clone());
        }
        Value::Object(owners)
    }
}

#[test]
fn managers_share_fields_and_lose_them() {
    let mut map = Session::config_map();
    map.apply("one", json!({"data": {"x": "1", "y": "1"}}));
    assert_eq!(map.owners(), json!({"one": {"f:data": {"f:x": {}, "f:y": {}}}}));
    let before = map.live.clone();
    map.apply("one", json!({"data": {"x": "1", "y": "1"}}));
    assert_eq!(map.live, before);
    map.apply("one", json!({"data": {"x": "2"}}));
    assert_eq!(map.at("/data"), json!({"x": "2"}));
    assert_eq!(map.owners(), json!({"one": {"f:data": {"f:x": {}}}}));

    let refusal = map.apply_as("two", json!({"data": {"x": "3"}}), false).unwrap_err();
    assert_eq!(
        refusal.body(),
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": 409, "reason": "Conflict",
            "message": "Apply failed with 1 conflict: conflict with \"one\": .data.x",
            "details": {"causes": [
                {"reason": "FieldManagerConflict", "message": "conflict with \"one\"", "field": ".data.x"},
            ]},
        })
    );
    map.apply("two", json!({"data": {"x": "2", "z": "9"}}));
    assert_eq!(map.owners(), json!({"one": {"f:data": {"f:x": {}}}, "two": {"f:data": {"f:x": {}, "f:z": {}}}}));
    map.apply("one", json!({"data": {}}));
    assert_eq!(map.at("/data"), json!({"x": "2", "z": "9"}));
    assert_eq!(map.owners(), json!({"one": {"f:data": {}}, "two": {"f:data": {"f:x": {}, "f:z": {}}}}));
    map.apply("two", json!({}));
    assert_eq!(map.owners(), json!({"one": {"f:data": {}}}));
}

#[test]
fn force_takes_the_ownership() {
    let mut map = Session::config_map();
    map.apply("one", json!({"data": {"x": "1"}}));
    map.apply_as("two", json!({"data": {"x": "2"}}), true).unwrap();
    assert_eq!(map.owners(), json!({"two": {"f:data": {"f:x": {}}}}));
    assert_eq!(
        map.refused("one", json!({"data": {"x": "1"}})),
        "Apply failed with 1 conflict: conflict with \"two\": .data.x"
    );
    map.patch("editor", &json!({"data": {"x": "5", "b": "1"}}));
    assert_eq!(map.owners(), json!({"editor+": {"f:data": {"f:b": {}, "f:x": {}}}}));
    map.apply("three", json!({"data": {"c": "1"}}));
    assert_eq!(
        map.refused("one", json!({"data": {"b": "2", "c": "2", "x": "1"}})),
        "Apply failed with 3 conflicts: conflicts with \"editor\" using v1:\n- .data.b\n- .data.x\nconflicts with \"three\":\n- .data.c"
    );
}

#[test]
fn empty_maps_have_owners() {
    let mut map = Session::config_map();
    map.apply("one", json!({"data": {"a": "1"}}));
    map.apply("one", json!({"data": {}}));
    assert_eq!(map.owners(), json!({"one": {"f:data": {}}}));
    assert_eq!(map.at("/data"), Value::Null);
}

#[test]
fn a_create_and_its_updates_are_of_their_managers() {
    let mut map = Session::config_map();
    map.create("kubectl", json!({"data": {"a": "1"}, "metadata": {"labels": {"l": "1"}}}));
    assert_eq!(
        map.owners(),
        json!({"kubectl+": {"f:data": {".": {}, "f:a": {}}, "f:metadata": {"f:labels": {".": {}, "f:l": {}}}}})
    );
    map.patch("kubectl", &json!({"data": {"b": "1"}}));
    map.patch("other", &json!({"data": {"a": "2"}, "metadata": {"labels": null}}));
    assert_eq!(map.owners(), json!({"kubectl+": {"f:data": {".": {}, "f:b": {}}}, "other+": {"f:data": {"f:a": {}}}}));
    map.patch("other", &json!({"metadata": {"managedFields": [{}]}}));
    assert_eq!(map.at("/metadata/managedFields"), Value::Null);
    map.patch("other", &json!({"data": {"a": "3"}}));
    assert_eq!(map.at("/metadata/managedFields"), Value::Null);
    map.apply("one", json!({"data": {"a": "3"}}));
    assert_eq!(
        map.owners(),
        json!({"one": {"f:data": {"f:a": {}}}, "before-first-apply+": {"f:data": {".": {}, "f:a": {}, "f:b": {}}}})
    );
    assert_eq!(map.at("/metadata/managedFields/0/time"), Value::Null);
    assert_eq!(map.at("/metadata/managedFields/1/time"), json!(NOW));
}

#[test]
fn a_created_deployment_owns_what_go_does_not_always_write() {
    let mut deployment = Session::deployment();
    deployment.create(
        "kubectl",
        json!({"spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "a"}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}},
            "template": {
                "metadata": {"labels": {"app": "a"}},
                "spec": {"containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80, "protocol": "TCP"}]}]},
            },
        }}),
    );
    assert_eq!(
        deployment.owners(),
        json!({"kubectl+": {"f:spec": {
            "f:replicas": {},
            "f:selector": {},
            "f:strategy": {"f:rollingUpdate": {".": {}, "f:maxSurge": {}}, "f:type": {}},
            "f:template": {
                "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
                "f:spec": {"f:containers": {"k:{\"name\":\"c\"}": {
                    ".": {}, "f:image": {}, "f:name": {}, "f:resources": {},
                    "f:ports": {".": {}, "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {
                        ".": {}, "f:containerPort": {}, "f:protocol": {},
                    }},
                }}},
            },
        }}})
    );
}

fn containers(containers: &Value) -> Value {
    json!({"spec": {"template": {"spec": {"containers": containers}}}})
}

#[test]
fn lists_of_objects_are_merged_by_their_keys() {
    let mut deployment = Session::deployment();
    deployment.apply("one", containers(&json!([{"name": "a", "image": "i:1", "ports": [{"containerPort": 80}]}])));
    deployment
        .apply("two", containers(&json!([{"name": "side", "image": "s:1", "env": [{"name": "E", "value": "1"}]}])));
    deployment.apply("three", containers(&json!([{"name": "a", "env": [{"name": "T", "value": "3"}]}])));
    let names = |deployment: &Session| -> Vec<Value> {
        let list = deployment.at("/spec/template/spec/containers");
        list.as_array().unwrap().iter().map(|container| container["name"].clone()).collect()
    };
    assert_eq!(names(&deployment), ["a", "side"]);
    assert_eq!(
        deployment.owners()["one"],
        json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"a\"}": {
            ".": {}, "f:image": {}, "f:name": {},
            "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}},
        }}}}}})
    );
    deployment.apply(
        "one",
        containers(&json!([{"name": "a", "image": "i:1", "ports": [
            {"containerPort": 80, "name": "h"}, {"containerPort": 80, "protocol": "UDP"},
        ]}])),
    );
    assert_eq!(
        deployment.at("/spec/template/spec/containers/0/ports"),
        json!([{"containerPort": 80, "name": "h"}, {"containerPort": 80, "protocol": "UDP"}])
    );
    deployment.apply("one", containers(&json!([{"name": "a", "image": "i:2"}])));
    assert_eq!(deployment.at("/spec/template/spec/containers/0/ports"), Value::Null);
    assert_eq!(
        deployment.refused("two", containers(&json!([{"name": "a", "image": "other:9"}]))),
        "Apply failed with 1 conflict: conflict with \"one\": .spec.template.spec.containers[name=\"a\"].image"
    );
    deployment.apply("two", containers(&json!([])));
    assert_eq!(names(&deployment), ["a"]);
    deployment.apply("one", json!({}));
    // What the third manager has of it holds the container.
    assert_eq!(
        deployment.at("/spec/template/spec/containers"),
        json!([
            {"name": "a", "env": [{"name": "T", "value": "3"}], "resources": {}},
        ])
    );
    assert_eq!(
        deployment.refused("x", containers(&json!([{"name": "a", "image": "i:1"}, {"name": "a"}]))),
        "failed to create typed patch object (/a; apps/v1, Kind=Deployment): .spec.template.spec.containers: duplicate entries for key [name=\"a\"]"
    );
}

#[test]
fn sets_are_merged_item_by_item() {
    let mut map = Session::config_map();
    let finalizers = |list: Value| json!({"metadata": {"finalizers": list}});
    map.apply("one", finalizers(json!(["x/a"])));
    map.apply("two", finalizers(json!(["x/b"])));
    assert_eq!(map.at("/metadata/finalizers"), json!(["x/a", "x/b"]));
    assert_eq!(map.owners()["two"], json!({"f:metadata": {"f:finalizers": {"v:\"x/b\"": {}}}}));
    map.apply("one", json!({}));
    assert_eq!(map.at("/metadata/finalizers"), json!(["x/b"]));
}

#[test]
fn the_order_of_a_list_is_the_configuration_s() {
    let mut deployment = Session::deployment();
    let named = |names: &[&str]| containers(&names.iter().map(|name| json!({"name": name})).collect());
    let cases: [(&[&str], &[&str], &[&str]); 6] = [
        (&["a", "b", "c"], &["c", "a"], &["b", "c", "a"]),
        (&["a", "b", "c"], &["a", "x", "c"], &["a", "b", "x", "c"]),
        (&["a", "b"], &["x", "a"], &["x", "a", "b"]),
        (&["a", "b", "c"], &["b"], &["a", "b", "c"]),
        (&["a", "b"], &["b", "a"], &["b", "a"]),
        (&[], &["b", "a"], &["b", "a"]),
    ];
    for (live, config, expected) in cases {
        deployment.live = None;
        deployment.apply("one", named(live));
        deployment.apply("two", named(config));
        let list = deployment.at("/spec/template/spec/containers");
        let found: Vec<&str> = list.as_array().unwrap().iter().filter_map(|item| item["name"].as_str()).collect();
        assert_eq!(found, expected, "{live:?} and {config:?}");
    }
}

#[test]
fn what_does_not_fit_the_type_is_refused() {
    let cases = [
        (json!({"datum": 1}), ".datum: field not declared in schema"),
        (json!({"data": {"a": 1}}), ".data.a: expected string, got &value.valueUnstructured{Value:1}"),
        (
            json!({"data": {"a": {"b": "c"}}}),
            ".data.a: expected string, got &value.valueUnstructured{Value:map[string]interface {}{\"b\":\"c\"}}",
        ),
        (json!({"data": ["a"]}), ".data: expected map, got &{[a]}"),
        (json!({"immutable": "yes"}), ".immutable: expected boolean, got &{yes}"),
        (json!({"metadata": {"finalizers": "x"}}), ".metadata.finalizers: expected list, got &{x}"),
        (json!({"metadata": {"finalizers": ["x", "x"]}}), ".metadata.finalizers: duplicate entries for key [=\"x\"]"),
        (json!({"metadata": {"generation": "x"}}), ".metadata.generation: expected numeric (int or float), got string"),
        (
            json!({"metadata": {"ownerReferences": [{"name": "x"}]}}),
            ".metadata.ownerReferences: element 0: associative list with keys has an element that omits key field \"uid\" (and doesn't have default value)",
        ),
        (
            json!({"data": {"a": 1}, "immutable": 1}),
            "errors:\n  .data.a: expected string, got &value.valueUnstructured{Value:1}\n  .immutable: expected boolean, got &{1}",
        ),
    ];
    for (config, why) in cases {
        let refusal = Session::config_map().apply_as("one", config, false).unwrap_err();
        assert_eq!(
            refusal.message,
            format!("failed to create typed patch object (/a; v1, Kind=ConfigMap): {why}").replace("; v1", "; /v1")
        );
        assert_eq!((refusal.code.as_u16(), refusal.reason, refusal.details), (500, "", None));
    }
}

#[test]
fn an_applied_object_has_the_type_of_its_endpoint() {
    let map = Session::config_map();
    let writer = map.writer("one", Operation::Apply);
    for (config, message) in [
        (json!({"kind": "ConfigMap"}), "invalid object type: /, Kind=ConfigMap"),
        (json!({"apiVersion": "v1", "kind": "Secret"}), "invalid object type: /v1, Kind=Secret"),
        (json!({"apiVersion": "apps/v1", "kind": "ConfigMap"}), "invalid object type: apps/v1, Kind=ConfigMap"),
        (
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"managedFields": []}}),
            "metadata.managedFields must be nil",
        ),
    ] {
        let refusal = apply(None, &config, map.target(), writer, false).unwrap_err();
        assert_eq!((refusal.code.as_u16(), refusal.message.as_str()), (400, message));
    }
}

#[test]
fn updates_keep_at_most_ten_managers() {
    let mut map = Session::config_map();
    map.create("first", json!({"data": {"a": "0"}}));
    for number in 1..12 {
        map.patch(&format!("m{number:02}"), &json!({"data": {format!("k{number}"): "1"}}));
    }
    let owners = map.owners();
    let names: Vec<&String> = owners.as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 10);
    assert_eq!(owners["ancient-changes+"], json!({"f:data": {".": {}, "f:a": {}, "f:k1": {}, "f:k2": {}}}));
}

#[test]
fn kubectl_takes_over_what_it_applied_from_its_side() {
    let mut map = Session::config_map();
    let applied = r#"{"apiVersion":"v1","data":{"a":"1"},"kind":"ConfigMap","metadata":{"name":"a"}}"#;
    let annotations = json!({"kubectl.kubernetes.io/last-applied-configuration": applied});
    map.create("kubectl-client-side-apply", json!({"data": {"a": "1"}, "metadata": {"annotations": annotations}}));
    assert!(map.refused("other", json!({"data": {"a": "2"}})).contains("kubectl-client-side-apply"));
    map.apply("kubectl", json!({"data": {"a": "2"}}));
    assert_eq!(map.at("/data"), json!({"a": "2"}));
    assert_eq!(
        map.at("/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration"),
        json!("{\"apiVersion\":\"v1\",\"data\":{\"a\":\"2\"},\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"}}\n")
    );
    map.patch("editor", &json!({"data": {"a": "3"}}));
    map.patch("editor", &json!({"data": {"b": "3"}}));
    assert_eq!(
        map.refused("kubectl", json!({"data": {"a": "2"}})),
        "Apply failed with 1 conflict: conflict with \"editor\" using v1: .data.a"
    );
}

#[test]
fn times_alone_are_no_change() {
    let entry = |time: &str| json!({"manager": "m", "time": time});
    let old = json!({"metadata": {"managedFields": [entry("1")]}, "data": {}});
    let mut new = json!({"metadata": {"managedFields": [entry("2")]}, "data": {}});
    keep_times(&old, &mut new);
    assert_eq!(new, old);
    let mut new = json!({"metadata": {"managedFields": [entry("2")]}, "data": {"a": "1"}});
    let before = new.clone();
    keep_times(&old, &mut new);
    assert_eq!(new, before);
}

#[test]
fn scale_has_the_owners_of_the_replicas() {
    let replicas = [("apps/v1", "spec.replicas")];
    let owner = |manager: &str, operation: &str, fields: Value| json!({"manager": manager, "operation": operation, "apiVersion": "apps/v1", "fieldsType": "FieldsV1", "fieldsV1": fields, "time": NOW});
    let parent = json!([
        owner("one", "Apply", json!({"f:spec": {"f:paused": {}, "f:replicas": {}}})),
        owner("two", "Apply", json!({"f:spec": {"f:paused": {}}})),
    ]);
    let in_scale = scale::to_scale(Some(&parent), &replicas).unwrap();
    let mut entry = owner("one", "Apply", json!({"f:spec": {"f:replicas": {}}}));
    entry["apiVersion"] = json!("autoscaling/v1");
    assert_eq!(in_scale, json!([entry]));

    let session = Session::of("io.k8s.api.autoscaling.v1.Scale", "autoscaling/v1", "Scale");
    let live = json!({"metadata": {"name": "a", "uid": "u", "managedFields": in_scale}, "spec": {"replicas": 1}});
    let mut new = live.clone();
    new["spec"]["replicas"] = json!(2);
    let writer = Writer { subresource: "scale", ..session.writer("scaler", Operation::Update) };
    note(Some(&live), &mut new, session.target(), writer);
    let merged = scale::to_parent(Some(&parent), new.pointer("/metadata/managedFields"), "apps/v1", &replicas).unwrap();
    let mut scaler = owner("scaler", "Update", json!({"f:spec": {"f:replicas": {}}}));
    scaler["subresource"] = json!("scale");
    scaler.as_object_mut().unwrap().remove("time");
    assert_eq!(merged, json!([owner("one", "Apply", json!({"f:spec": {"f:paused": {}}})), parent[1], scaler]));
}

#[test]
fn custom_resources_follow_their_schema() {
    use crate::schema::{Field, Fields, Go, ListPatch, Scalar, Topology};
    let field =
        |node: Node| Field { node: NodeRef::inline(node), required: false, omits_zero: false, go: Go::default() };
    let text = || Node::of(Shape::Scalar(Scalar::String));
    let list = |items: Node, topology: Topology| {
        Node::of(Shape::List { items: NodeRef::inline(items), topology, patch: ListPatch::Replace })
    };
    let object = |fields: Vec<(&str, Node)>, preserve_unknown: bool| {
        let fields = fields.into_iter().map(|(name, node)| (Box::from(name), field(node))).collect();
        Node::of(Shape::Object(Fields { fields, preserve_unknown, ..Fields::default() }))
    };
    let part = object(vec![("key", text()), ("v", text())], false);
    let spec = object(
        vec![
            ("parts", list(part, Topology::Map(vec!["key".into()]))),
            ("tags", list(text(), Topology::Set)),
            ("plain", list(text(), Topology::Atomic)),
            ("any", object(vec![], true)),
        ],
        false,
    );
    let mut root = object(vec![("apiVersion", text()), ("kind", text()), ("spec", spec)], false);
    if let Shape::Object(fields) = &mut root.shape {
        let node = NodeRef::Named("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
        fields.fields.insert("metadata".into(), Field { node, required: false, omits_zero: false, go: Go::default() });
    }
    let mut session =
        Session { node: NodeRef::inline(root), kind: "Widget", api_version: "kd.example.com/v1", live: None };
    session.create(
        "kubediff",
        json!({"spec": {"parts": [{"key": "a", "v": "7"}], "any": {"kept": {"deep": 1}, "list": [1]}}}),
    );
    assert_eq!(
        session.owners(),
        json!({"kubediff+": {"f:spec": {
            ".": {},
            "f:any": {".": {}, "f:kept": {".": {}, "f:deep": {}}, "f:list": {}},
            "f:parts": {".": {}, "k:{\"key\":\"a\"}": {".": {}, "f:key": {}, "f:v": {}}},
        }}})
    );
    session.apply(
        "one",
        json!({"spec": {"parts": [{"key": "b"}], "tags": ["x"], "plain": ["p"], "any": {"more": {"x": 1}}}}),
    );
    assert_eq!(
        session.owners()["one"],
        json!({"f:spec": {
            "f:any": {"f:more": {".": {}, "f:x": {}}},
            "f:parts": {"k:{\"key\":\"b\"}": {".": {}, "f:key": {}}}, "f:plain": {}, "f:tags": {"v:\"x\"": {}},
        }})
    );
    session.apply("one", json!({"spec": {}}));
    assert_eq!(
        session.at("/spec"),
        json!({"parts": [{"key": "a", "v": "7"}], "any": {"kept": {"deep": 1}, "list": [1]}})
    );
}
