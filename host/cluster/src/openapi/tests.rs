//! Documents hold what clients look for, and every reference in them leads somewhere.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{groups, v2, v3, v3_index};
use crate::registry::Registry;

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(target) if name == "$ref" => {
                        found.insert(target.clone());
                    }
                    value => references(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let registry = Registry::new();
    for path in groups(&registry) {
        let document = v3(&registry, &path).unwrap();
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        for target in found {
            let name = target.strip_prefix("#/components/schemas/").unwrap();
            assert!(document["components"]["schemas"][name].is_object(), "{path}: {name}");
        }
        assert!(v3_index(&registry)["paths"][&path].is_object());
    }
    let document = v2(&registry);
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for target in found {
        let name = target.strip_prefix("#/definitions/").unwrap();
        assert!(document["definitions"][name].is_object(), "{name}");
    }
    assert!(v3(&registry, "apis/none/v1").is_none() && v3(&registry, "nope").is_none());
}

#[test]
fn documents_hold_what_clients_look_for() {
    let registry = Registry::new();
    let core = v3(&registry, "api/v1").unwrap();
    let schemas = &core["components"]["schemas"];
    let config_map = &schemas["io.k8s.api.core.v1.ConfigMap"];
    assert_eq!(
        config_map["x-kubernetes-group-version-kind"],
        json!([{"group": "", "version": "v1", "kind": "ConfigMap"}])
    );
    let data = json!({"type": "object", "additionalProperties": {"type": "string", "default": ""}});
    assert_eq!(config_map["properties"]["binaryData"]["type"], "object");
    assert_eq!(
        schemas["io.k8s.api.core.v1.ConfigMap"]["properties"]["data"]["additionalProperties"],
        data["additionalProperties"]
    );
    let object = &core["paths"]["/api/v1/namespaces/{namespace}/configmaps/{name}"];
    let methods: Vec<_> = object.as_object().unwrap().keys().collect();
    assert_eq!(methods, ["delete", "get", "parameters", "patch", "put"]);
    let patch = &object["patch"];
    assert!(patch["parameters"].as_array().unwrap().iter().any(|one| one["name"] == "fieldValidation"));
    assert_eq!(patch["x-kubernetes-group-version-kind"]["kind"], "ConfigMap");
    assert_eq!(patch["operationId"], "patchCoreV1NamespacedConfigMap");
    assert!(patch["requestBody"]["content"]["application/strategic-merge-patch+json"].is_object());
    let ports = &schemas["io.k8s.api.core.v1.ServiceSpec"]["properties"]["ports"];
    assert_eq!(ports["x-kubernetes-list-map-keys"], json!(["port", "protocol"]));
    assert_eq!(ports["x-kubernetes-patch-merge-key"], "port");
    let volumes = &schemas["io.k8s.api.core.v1.PodSpec"]["properties"]["volumes"];
    assert_eq!(volumes["x-kubernetes-patch-strategy"], "merge,retainKeys");
    assert_eq!(schemas["io.k8s.api.core.v1.ServicePort"]["properties"]["protocol"]["default"], "TCP");
    let scale = &v3(&registry, "apis/apps/v1").unwrap()["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale"]
        ["get"];
    assert_eq!(scale["x-kubernetes-group-version-kind"]["group"], "autoscaling");
}
