//! What the stack grants the plugins that could do anything with a cluster: enough for its rows, and nothing beside them.

use std::fs;
use std::path::PathBuf;

use maps_tests::{copy_folder, root};
use serde_json::json;

use crate::platform::Platform;

/// Takes a chart of the stack's from a folder, as its next version may be.
fn with_own_chart(platform: &Platform) -> PathBuf {
    let chart = platform.stack.path().join("charts/metrics-server");
    fs::create_dir_all(&chart).unwrap();
    copy_folder(&root().join("host/rehearsal/charts/metrics-server"), &chart).unwrap();
    let components = platform.stack.path().join("components.yaml");
    let mut text = fs::read_to_string(&components).unwrap();
    for (field, value) in [("chart", "'charts/metrics-server'"), ("repo", "null"), ("version", "null")] {
        let from = format!("      {field}: \"${{inputs.charts");
        assert!(text.contains(&from), "{from}");
        let to = format!("      {field}: \"${{each.key == 'metrics-server' ? {value} : inputs.charts");
        text = text.replacen(&from, &to, 1);
    }
    fs::write(components, text).unwrap();
    chart
}

fn named(namespace: &str, kind: &str, name: &str) -> String {
    let api_version = if kind == "ConfigMap" { "v1" } else { "rbac.authorization.k8s.io/v1" };
    let more = match kind {
        "ClusterRoleBinding" => {
            json!({"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}})
        }
        _ => json!({}),
    };
    let mut object =
        json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": namespace}});
    object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    if namespace.is_empty() {
        let _ = object["metadata"].as_object_mut().unwrap().remove("namespace");
    }
    object.to_string()
}

#[test]
fn what_a_chart_suddenly_brings_is_denied_by_its_name_before_anything_is_written() {
    let platform = Platform::up();
    let extra = with_own_chart(&platform).join("templates/extra.yaml");
    let writes = platform.cloud.calls("write");
    for (namespace, kind, name, denied) in [
        ("", "ClusterRoleBinding", "gotcha", "ClusterRoleBinding gotcha"),
        ("kube-system", "ConfigMap", "coredns", "ConfigMap kube-system/coredns"),
        ("default", "ConfigMap", "metrics-server-more", "default/metrics-server-more"),
    ] {
        fs::write(&extra, named(namespace, kind, name)).unwrap();
        for command in ["plan", "run"] {
            let refused = platform.maps(command, if command == "run" { &["--yes"] } else { &[] });
            assert_eq!(refused.code, Some(3), "{command} {name}: {}\n{}", refused.stdout, refused.stderr);
            assert!(refused.stdout.contains(denied), "{command} {name}: {}", refused.stdout);
        }
    }
    assert_eq!(platform.cloud.calls("write"), writes, "something was written");
    fs::write(&extra, named("kube-system", "ConfigMap", "metrics-server-more")).unwrap();
    assert_eq!(platform.again(&[]).expect(0).changes(), [0, 1, 0, 0]);
    assert_eq!(platform.object("kube-system", "configmap", "metrics-server-more")["kind"], "ConfigMap");
}

#[test]
fn what_a_manifest_suddenly_brings_is_denied_by_its_name() {
    let platform = Platform::up();
    let file = platform.stack.path().join("manifests/maps/network-policies.yaml");
    let text = fs::read_to_string(&file).unwrap();
    let writes = platform.cloud.calls("write");
    for (namespace, kind, name) in [("", "ClusterRoleBinding", "gotcha"), ("default", "ConfigMap", "stray")] {
        fs::write(&file, format!("{text}---\n{}\n", named(namespace, kind, name))).unwrap();
        let refused = platform.again(&[]);
        assert_eq!(refused.code, Some(3), "{name}: {}\n{}", refused.stdout, refused.stderr);
        assert!(refused.stdout.contains(name), "{}", refused.stdout);
    }
    assert_eq!(platform.cloud.calls("write"), writes, "something was written");
}
