//! What a cluster holds from the start: namespaces, the API's own Service, priorities, flow control, API services.

use serde_json::{Value, json};

use super::api_service;
use super::flow_control;

/// Where the API server is behind the Service `kubernetes`.
const SERVER: &str = "10.116.0.2";

/// Everything but the roles of RBAC; ServiceAccounts and root certificates of namespaces follow from controllers.
///
/// `authority` is the certificate authority of clients, as PEM; `now` is RFC 3339 in whole seconds.
pub(crate) fn bootstrap(authority: &str, now: &str) -> Vec<Value> {
    let mut objects: Vec<Value> = ["default", "kube-system", "kube-public", "kube-node-lease"]
        .into_iter()
        .map(|name| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}))
        .collect();
    objects.extend(api_server());
    objects.extend(config_maps(authority, now));
    objects.extend(priority_classes());
    objects.push(json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR",
        "metadata": {"name": "kubernetes", "finalizers": ["networking.k8s.io/service-cidr-finalizer"]},
        "spec": {"cidrs": ["10.96.0.0/16"]},
        "status": {"conditions": [{
            "type": "Ready", "status": "True", "reason": "", "message": "Kubernetes Service CIDR is ready",
            "lastTransitionTime": now,
        }]},
    }));
    objects.extend(flow_control::bootstrap(now));
    objects.extend(api_service::bootstrap());
    objects
}

/// The Service that leads to the API server, with its endpoints.
fn api_server() -> [Value; 3] {
    let metadata = |labels: Value| json!({"name": "kubernetes", "namespace": "default", "labels": labels});
    [
        json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": metadata(json!({"component": "apiserver", "provider": "kubernetes"})),
            "spec": {
                "clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1"], "type": "ClusterIP",
                "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}],
            },
        }),
        json!({
            "apiVersion": "v1", "kind": "Endpoints",
            "metadata": metadata(json!({"endpointslice.kubernetes.io/skip-mirror": "true"})),
            "subsets": [{
                "addresses": [{"ip": SERVER}], "ports": [{"name": "https", "port": 6443, "protocol": "TCP"}],
            }],
        }),
        json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": metadata(json!({"kubernetes.io/service-name": "kubernetes"})),
            "addressType": "IPv4",
            "endpoints": [{"addresses": [SERVER], "conditions": {"ready": true}}],
            "ports": [{"name": "https", "port": 6443, "protocol": "TCP"}],
        }),
    ]
}

fn config_maps(authority: &str, now: &str) -> [Value; 2] {
    let today = now.split('T').next().unwrap_or_default();
    [
        json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "extension-apiserver-authentication", "namespace": "kube-system"},
            "data": {
                "client-ca-file": authority,
                "requestheader-allowed-names": "[\"front-proxy-client\"]",
                "requestheader-client-ca-file": authority,
                "requestheader-extra-headers-prefix": "[\"X-Remote-Extra-\"]",
                "requestheader-group-headers": "[\"X-Remote-Group\"]",
                "requestheader-uid-headers": "[]",
                "requestheader-username-headers": "[\"X-Remote-User\"]",
            },
        }),
        json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {
                "name": "kube-apiserver-legacy-service-account-token-tracking", "namespace": "kube-system",
            },
            "data": {"since": today},
        }),
    ]
}

fn priority_classes() -> [Value; 2] {
    [
        (
            "system-cluster-critical",
            2_000_000_000,
            "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
        ),
        (
            "system-node-critical",
            2_000_001_000,
            "Used for system critical pods that must not be moved from their current node.",
        ),
    ]
    .map(|(name, value, description)| {
        json!({
            "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name},
            "value": value, "description": description, "preemptionPolicy": "PreemptLowerPriority",
        })
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::kinds::{field, metadata};
    use crate::registry::built_in;

    #[test]
    fn the_kinds_take_them() {
        let mut seen = BTreeSet::new();
        for mut object in bootstrap("PEM", "2026-01-01T00:00:00Z") {
            let api_version = field::text(&object, "/apiVersion").to_owned();
            let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
            let name = field::text(&object, "/metadata/name").to_owned();
            assert!(seen.insert((api_version.clone(), object["kind"].to_string(), name.clone())), "{name} twice");
            let kind = built_in()
                .iter()
                .find(|kind| kind.group == group && object["kind"] == kind.kind && kind.versions[0].0 == version);
            let Some(kind) = kind else { panic!("{api_version} {}", object["kind"]) };
            kind.behaviour.default(&mut object);
            let mut wrong = metadata::validate(&object, kind.namespaced, &|name| kind.behaviour.validate_name(name));
            wrong.extend(kind.behaviour.validate(&object));
            assert_eq!(wrong, Vec::new(), "{} {name}", kind.kind);
        }
    }
}
