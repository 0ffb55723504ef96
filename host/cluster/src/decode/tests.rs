//! What bodies become, and what is said of those that cannot be read.

#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::{Encoding, Expected, fit, object, strict_refusal};
use crate::schema::builtin;

fn expected(group: &'static str, kind: &'static str) -> Expected<'static> {
    let package = match group {
        "" => "core",
        "rbac.authorization.k8s.io" => "rbac",
        other => other.split('.').next().unwrap(),
    };
    let node = builtin(&format!("io.k8s.api.{package}.v1.{kind}"));
    Expected { group, version: "v1", kind, node: Some(node) }
}

fn refused(group: &'static str, kind: &'static str, body: &str) -> String {
    let refusal = object(body.as_bytes(), Encoding::Json, expected(group, kind)).unwrap_err();
    assert_eq!(refusal.code, 400, "{body}");
    refusal.message
}

fn fitted(name: &str, value: Value) -> Value {
    let mut value = value;
    fit(&mut value, builtin(name)).unwrap();
    value
}

#[test]
fn what_cannot_be_read_is_refused_in_upstreams_words() {
    let pod = "{\"spec\":{\"containers\":[{\"name\":\"a\",";
    let cases = [
        (
            "",
            "ConfigMap",
            "{",
            "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: unexpected end of JSON input ({)",
        ),
        (
            "",
            "ConfigMap",
            "",
            "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)",
        ),
        (
            "",
            "ConfigMap",
            "xyz",
            "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: invalid character 'x' looking for beginning of value (78797a)",
        ),
        (
            "",
            "ConfigMap",
            r#"{"apiVersion":"a/b/c"}"#,
            r#"the object provided is unrecognized (must be of type ConfigMap): unexpected GroupVersion string: a/b/c ({"apiVersion":"a/b/c"})"#,
        ),
        (
            "",
            "ConfigMap",
            r#"{"data":{"a":1}}"#,
            r#"ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ConfigMap.data of type string"#,
        ),
        (
            "",
            "ConfigMap",
            r#"{"data":[]}"#,
            r#"ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal array into Go struct field ConfigMap.data of type map[string]string"#,
        ),
        (
            "",
            "ConfigMap",
            r#"{"metadata":{"labels":{"a":true}}}"#,
            r#"ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string"#,
        ),
        (
            "",
            "ConfigMap",
            r#"{"metadata":"x"}"#,
            r#"ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal string into Go struct field ConfigMap.metadata of type v1.ObjectMeta"#,
        ),
        (
            "",
            "ConfigMap",
            r#"{"metadata":{"creationTimestamp":"noon"}}"#,
            r#"ConfigMap in version "v1" cannot be handled as a ConfigMap: parsing time "noon" as "2006-01-02T15:04:05Z07:00": cannot parse "noon" as "2006""#,
        ),
        (
            "",
            "ConfigMap",
            r#"{"metadata":{"creationTimestamp":5}}"#,
            r#"ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ObjectMeta.metadata.creationTimestamp of type string"#,
        ),
        (
            "",
            "ConfigMap",
            r#"{"apiVersion":"v1","kind":"Secret"}"#,
            r#"Secret in version "v1" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): unknown conversion"#,
        ),
        (
            "",
            "ConfigMap",
            r#"{"apiVersion":"v1","kind":"Nope"}"#,
            r#"Nope in version "v1" cannot be handled as a ConfigMap: no kind "Nope" is registered for version "v1" in scheme "pkg/api/legacyscheme/scheme.go:30""#,
        ),
        (
            "",
            "ConfigMap",
            r#"{"apiVersion":"v9","kind":"ConfigMap"}"#,
            r#"ConfigMap in version "v9" cannot be handled as a ConfigMap: no kind "ConfigMap" is registered for version "v9" in scheme "pkg/api/legacyscheme/scheme.go:30""#,
        ),
        (
            "apps",
            "Deployment",
            r#"{"apiVersion":"apps/v1beta1","kind":"Deployment"}"#,
            "the API version in the data (apps/v1beta1) does not match the expected API version (apps/v1)",
        ),
        (
            "apps",
            "Deployment",
            r#"{"spec":{"replicas":"3"}}"#,
            r#"Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"#,
        ),
        (
            "apps",
            "Deployment",
            r#"{"spec":{"replicas":1.5}}"#,
            r#"Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32"#,
        ),
        (
            "apps",
            "Deployment",
            r#"{"spec":{"replicas":3000000000}}"#,
            r#"Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32"#,
        ),
        (
            "",
            "Pod",
            &format!("{pod}\"env\":[{{\"name\":\"A\",\"value\":1}}]}}]}}}}"),
            r#"Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string"#,
        ),
        (
            "",
            "Pod",
            &format!("{pod}\"imagePullPolicy\":1}}]}}}}"),
            r#"Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal number into Go struct field Container.spec.containers.imagePullPolicy of type v1.PullPolicy"#,
        ),
        (
            "",
            "Pod",
            &format!("{pod}\"resources\":{{\"limits\":{{\"cpu\":\"1x\"}}}}}}]}}}}"),
            r#"Pod in version "v1" cannot be handled as a Pod: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"#,
        ),
        (
            "",
            "Pod",
            r#"{"spec":{"containers":{}}}"#,
            r#"Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container"#,
        ),
        (
            "",
            "Service",
            r#"{"spec":{"ports":[{"port":1,"targetPort":1.5}]}}"#,
            r#"Service in version "v1" cannot be handled as a Service: json: cannot unmarshal number 1.5 into Go struct field ServicePort.spec.ports.targetPort of type int32"#,
        ),
        (
            "",
            "Secret",
            r#"{"data":{"a":"%%%%"}}"#,
            r#"Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 0"#,
        ),
    ];
    for (group, kind, body, message) in cases {
        assert_eq!(refused(group, kind, body), message, "{body}");
    }
}

#[test]
fn what_is_unknown_or_comes_twice_is_told_in_order() {
    let body = r#"{"zeta":1,"data":{"a":"1","a":"2"},"metadata":{"name":"n","nope":{}},"alpha":1,"Data":{}}"#;
    let decoded = object(body.as_bytes(), Encoding::Json, expected("", "ConfigMap")).unwrap();
    let strict = [
        r#"unknown field "zeta""#,
        r#"duplicate field "data.a""#,
        r#"unknown field "metadata.nope""#,
        r#"unknown field "alpha""#,
        r#"unknown field "Data""#,
    ];
    assert_eq!(decoded.strict, strict);
    let whole = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "n"}, "data": {"a": "2"}});
    assert_eq!(decoded.value, whole);
    assert_eq!(
        strict_refusal("ConfigMap", "v1", &decoded.strict[..2]).message,
        r#"ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "zeta", duplicate field "data.a""#
    );
    let pod = r#"{"spec":{"containers":[{"name":"a"},{"name":"b","ports":[{"containerPort":1,"nope":1}]}]}}"#;
    let decoded = object(pod.as_bytes(), Encoding::Json, expected("", "Pod")).unwrap();
    assert_eq!(decoded.strict, [r#"unknown field "spec.containers[1].ports[0].nope""#]);
}

#[test]
fn custom_objects_stay_as_they_are() {
    let widget = Expected { group: "kd.example.com", version: "v1", kind: "Widget", node: None };
    let body = br#"{"apiVersion":"kd.example.com/v1","kind":"Widget","spec":{"a":1,"a":null,"f":1.0}}"#;
    let decoded = object(body, Encoding::Json, widget).unwrap();
    assert_eq!(decoded.value["spec"], json!({"a": null, "f": 1}));
    assert_eq!(decoded.strict, [r#"duplicate field "spec.a""#]);
    let other = object(br#"{"apiVersion":"v1","kind":"Widget"}"#, Encoding::Json, widget).unwrap_err();
    assert_eq!(
        other.message,
        "the API version in the data (v1) does not match the expected API version (kd.example.com/v1)"
    );
    let none = object(br#"{"apiVersion":"kd.example.com/v1"}"#, Encoding::Json, widget).unwrap_err();
    assert_eq!(
        none.message,
        r#"the object provided is unrecognized (must be of type Widget): Object 'Kind' is missing in '{"apiVersion":"kd.example.com/v1"}' ({"apiVersion":"kd.example.com/ ...)"#
    );
}

#[test]
fn objects_become_what_their_types_encode() {
    let cases = [
        // Zero values with `omitempty`, nulls, unknown fields go; times and quantities become canonical.
        (
            "io.k8s.api.core.v1.ConfigMap",
            json!({"data": {}, "binaryData": null, "immutable": false, "nope": 1,
                   "metadata": {"name": "", "labels": {}, "creationTimestamp": null, "generation": 0, "annotations": {"a": null}}}),
            json!({"immutable": false, "metadata": {"annotations": {"a": ""}}}),
        ),
        // Structs, and what has no `omitempty`, come.
        ("io.k8s.api.rbac.v1.ClusterRole", json!({}), json!({"metadata": {}, "rules": null})),
        ("io.k8s.api.rbac.v1.ClusterRole", json!({"rules": []}), json!({"metadata": {}, "rules": null})),
        (
            "io.k8s.api.core.v1.Container",
            json!({"name": "a", "resources": {"limits": {"cpu": 1, "memory": "1024Mi"}}, "tty": false}),
            json!({"name": "a", "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}),
        ),
        ("io.k8s.api.core.v1.Container", json!({}), json!({"name": "", "resources": {}})),
        ("io.k8s.api.core.v1.ServicePort", json!({"port": 80}), json!({"port": 80, "targetPort": 0})),
        (
            "io.k8s.api.core.v1.PodCondition",
            json!({"type": "Ready", "status": "True", "lastTransitionTime": "2024-01-01T00:00:00+01:00"}),
            json!({"type": "Ready", "status": "True", "lastProbeTime": null, "lastTransitionTime": "2023-12-31T23:00:00Z"}),
        ),
        (
            "io.k8s.api.core.v1.PodSpec",
            json!({"containers": [null]}),
            json!({"containers": [{"name": "", "resources": {}}]}),
        ),
        (
            "io.k8s.api.apps.v1.Deployment",
            json!({"spec": null}),
            json!({"metadata": {}, "status": {}, "spec": {
                "selector": null, "strategy": {}, "template": {"metadata": {}, "spec": {"containers": null}},
            }}),
        ),
        // Pointers to structs stay, even without anything inside.
        (
            "io.k8s.api.core.v1.Volume",
            json!({"name": "v", "emptyDir": {}, "secret": null}),
            json!({"name": "v", "emptyDir": {}}),
        ),
        (
            "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps",
            json!({"maximum": 50, "minimum": 0.5, "default": 1.0}),
            json!({"maximum": 50, "minimum": 0.5, "default": 1}),
        ),
        // What is not looked into stays as it is.
        (
            "io.k8s.api.apps.v1.ControllerRevision",
            json!({"revision": 1, "data": {"x": null, "y": []}}),
            json!({"metadata": {}, "revision": 1, "data": {"x": null, "y": []}}),
        ),
    ];
    for (name, given, expected) in cases {
        let value = fitted(name, given.clone());
        assert_eq!(value, expected, "{name}: {given}");
        assert_eq!(fitted(name, value), expected, "again: {name}: {given}");
    }
}

#[test]
fn yaml_is_read_too() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: yml}\ndata: {a: 'x'}\nnope: 1\n";
    let decoded = object(text.as_bytes(), Encoding::Yaml, expected("", "ConfigMap")).unwrap();
    assert_eq!(decoded.value["data"], json!({"a": "x"}));
    assert_eq!(decoded.strict, [r#"unknown field "nope""#]);
}
