//! What a server warns of in Pods and their templates: what is deprecated, doubled or means nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::name;
use crate::object::{at, entries, has, int, items, text};
use crate::path::Path;

const DEPRECATED_ANNOTATIONS: &[(&str, &str)] = &[
    (
        "scheduler.alpha.kubernetes.io/critical-pod",
        "non-functional in v1.16+; use the \"priorityClassName\" field instead",
    ),
    ("security.alpha.kubernetes.io/sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
    ("security.alpha.kubernetes.io/unsafe-sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
];

const DEPRECATED_VOLUMES: &[(&str, &str, &str)] = &[
    ("photonPersistentDisk", "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
    ("gitRepo", "gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"),
    ("scaleIO", "scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    ("flocker", "flocker", "deprecated in v1.22, non-functional in v1.25+"),
    ("storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+"),
    ("quobyte", "quobyte", "deprecated in v1.22, non-functional in v1.25+"),
    ("glusterfs", "glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    ("cephfs", "cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    ("rbd", "rbd", "deprecated in v1.28, non-functional in v1.31+"),
];

/// What a label of nodes is to be replaced by, if it is deprecated.
pub(crate) fn deprecated_node_label(key: &str) -> Option<&'static str> {
    Some(match key {
        "beta.kubernetes.io/arch" => "deprecated since v1.14; use \"kubernetes.io/arch\" instead",
        "beta.kubernetes.io/os" => "deprecated since v1.14; use \"kubernetes.io/os\" instead",
        "failure-domain.beta.kubernetes.io/region" => {
            "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead"
        }
        "failure-domain.beta.kubernetes.io/zone" => {
            "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead"
        }
        "beta.kubernetes.io/instance-type" => {
            "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead"
        }
        "app.kubernetes.io/created-by" => "deprecated since v1.9",
        "scheduler.alpha.kubernetes.io/preferAvoidPods" => "deprecated since v1.22; use Taints and Tolerations instead",
        "node-role.kubernetes.io/master" => "use \"node-role.kubernetes.io/control-plane\" instead",
        _ => return None,
    })
}

/// A name that Pods' names begin with, but that is no name of a host.
pub(super) fn of_name(object: &Value) -> Option<String> {
    let wrong = name::label(text(at(object, "metadata"), "name"));
    (!wrong.is_empty()).then(|| {
        format!(
            "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label \
             is recommended: [{}]",
            wrong.join(" ")
        )
    })
}

/// Warnings for `spec.template` of a workload. On updates only if the spec is not as it was.
pub(super) fn of_template(object: &Value, old: Option<&Value>) -> Vec<String> {
    let spec = at(object, "spec");
    if old.is_some_and(|old| at(old, "spec") == spec) {
        return Vec::new();
    }
    warnings(at(spec, "template"), &Path::new("spec.template"))
}

/// Warnings for a Pod (an empty path) or a template.
pub(super) fn warnings(pod: &Value, path: &Path) -> Vec<String> {
    let (metadata, spec, path_of_spec) = (at(pod, "metadata"), at(pod, "spec"), path.child("spec"));
    let annotations = at(metadata, "annotations");
    let path_of_annotations = path.child("metadata").child("annotations");
    let mut said = Vec::new();
    placement(spec, &path_of_spec, &mut said);
    for (key, what) in DEPRECATED_ANNOTATIONS.iter().filter(|(key, _)| has(annotations, key)) {
        said.push(format!("{}: {what}", path_of_annotations.key(key)));
    }
    for (index, volume) in items(spec, "volumes").iter().enumerate() {
        for (_, shown, what) in DEPRECATED_VOLUMES.iter().filter(|(field, _, _)| has(volume, field)) {
            said.push(format!("{}: {what}", path_of_spec.child("volumes").index(index).child(shown)));
        }
    }
    doubles(spec, "hostAliases", "ip", &path_of_spec, &mut said);
    doubles(spec, "imagePullSecrets", "name", &path_of_spec, &mut said);
    for (index, secret) in items(spec, "imagePullSecrets").iter().enumerate() {
        if text(secret, "name").is_empty() {
            let path = path_of_spec.child("imagePullSecrets").index(index).child("name");
            said.push(format!("{path}: invalid empty name \"\""));
        }
    }
    for resource in ["memory", "ephemeral-storage"] {
        fraction(at(spec, "overhead"), resource, &path_of_spec.child("overhead"), &mut said);
    }
    let pod_seccomp = "seccomp.security.alpha.kubernetes.io/pod";
    let seccomp = "non-functional in v1.27+; use the \"seccompProfile\" field instead";
    if !has(at(spec, "securityContext"), "seccompProfile") && has(annotations, pod_seccomp) {
        said.push(format!("{}: {seccomp}", path_of_annotations.key(pod_seccomp)));
    }
    let mut ports: BTreeMap<String, Vec<(Path, &Value)>> = BTreeMap::new();
    let mut of_ports = Vec::new();
    for (container, path_of_container) in containers(spec, &path_of_spec) {
        let name = text(container, "name");
        let context = at(container, "securityContext");
        let key = format!("container.seccomp.security.alpha.kubernetes.io/{name}");
        if !has(context, "seccompProfile") && has(annotations, &key) {
            said.push(format!("{}: {seccomp}", path_of_annotations.key(&key)));
        }
        let key = format!("container.apparmor.security.beta.kubernetes.io/{name}");
        let profiled = has(at(spec, "securityContext"), "appArmorProfile") || has(context, "appArmorProfile");
        if !profiled && has(annotations, &key) {
            let what = "deprecated since v1.30; use the \"appArmorProfile\" field instead";
            said.push(format!("{}: {what}", path_of_annotations.key(&key)));
        }
        for (resource, list) in [
            ("memory", "limits"),
            ("memory", "requests"),
            ("ephemeral-storage", "limits"),
            ("ephemeral-storage", "requests"),
        ] {
            let path = path_of_container.child("resources").child(list);
            fraction(at(at(container, "resources"), list), resource, &path, &mut said);
        }
        environment(container, &path_of_container, &mut said);
        for (index, port) in items(container, "ports").iter().enumerate() {
            let path = path_of_container.child("ports").index(index);
            one_port(port, path, &mut ports, &mut of_ports);
        }
    }
    said.append(&mut of_ports);
    if int(spec, "terminationGracePeriodSeconds").is_some_and(|seconds| seconds < 0) {
        let path = path_of_spec.child("terminationGracePeriodSeconds");
        said.push(format!("{path}: must be >= 0; negative values are invalid and will be treated as 1"));
    }
    affinity_selectors(at(spec, "affinity"), &path_of_spec.child("affinity"), &mut said);
    said
}

/// All containers of a Pod in the order in which they are looked at.
fn containers<'a>(spec: &'a Value, path: &Path) -> impl Iterator<Item = (&'a Value, Path)> {
    let lists = ["initContainers", "containers", "ephemeralContainers"];
    let paths = lists.map(|list| path.child(list));
    lists.into_iter().zip(paths).flat_map(move |(list, path)| {
        items(spec, list).iter().enumerate().map(move |(index, container)| (container, path.index(index)))
    })
}

fn placement(spec: &Value, path: &Path, said: &mut Vec<String>) {
    for (key, _) in entries(spec, "nodeSelector") {
        if let Some(what) = deprecated_node_label(key) {
            said.push(format!("{}: {what}", path.child("nodeSelector").key(key)));
        }
    }
    let nodes = at(at(spec, "affinity"), "nodeAffinity");
    let path_of_nodes = path.child("affinity").child("nodeAffinity");
    let required = "requiredDuringSchedulingIgnoredDuringExecution";
    let preferred = "preferredDuringSchedulingIgnoredDuringExecution";
    for (index, term) in items(at(nodes, required), "nodeSelectorTerms").iter().enumerate() {
        node_term(term, &path_of_nodes.child(required).child("nodeSelectorTerms").index(index), said);
    }
    for (index, term) in items(nodes, preferred).iter().enumerate() {
        node_term(at(term, "preference"), &path_of_nodes.child(preferred).index(index).child("preference"), said);
    }
    for (index, constraint) in items(spec, "topologySpreadConstraints").iter().enumerate() {
        let path = path.child("topologySpreadConstraints").index(index);
        let key = text(constraint, "topologyKey");
        if let Some(what) = deprecated_node_label(key) {
            said.push(format!("{}: {key} is {what}", path.child("topologyKey")));
        }
        if !has(constraint, "labelSelector") {
            said.push(format!("{}: a null labelSelector results in matching no pod", path.child("labelSelector")));
        }
    }
}

fn node_term(term: &Value, path: &Path, said: &mut Vec<String>) {
    for (index, expression) in items(term, "matchExpressions").iter().enumerate() {
        let key = text(expression, "key");
        if let Some(what) = deprecated_node_label(key) {
            let path = path.child("matchExpressions").index(index).child("key");
            said.push(format!("{path}: {key} is {what}"));
        }
    }
}

fn doubles(spec: &Value, list: &str, field: &str, path: &Path, said: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for (index, item) in items(spec, list).iter().enumerate() {
        let value = text(item, field);
        if !seen.insert(value) {
            let path = path.child(list).index(index).child(field);
            said.push(format!("{path}: duplicate {field} {value:?}"));
        }
    }
}

fn fraction(quantities: &Value, resource: &str, path: &Path, said: &mut Vec<String>) {
    let quantity = text(quantities, resource);
    if quantity.ends_with(['m', 'u', 'n']) {
        said.push(format!("{}: fractional byte value {quantity:?} is invalid, must be an integer", path.key(resource)));
    }
}

fn environment(container: &Value, path: &Path, said: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for (index, variable) in items(container, "env").iter().enumerate() {
        let (name, value) = (text(variable, "name"), text(variable, "value"));
        if seen.insert(name) {
            continue;
        }
        // Building on the value before is fine.
        let before = format!("$({name})");
        if has(variable, "valueFrom") || value == before || !value.contains(&before) {
            let path = path.child("env").index(index);
            said.push(format!("{path}: hides previous definition of {name:?}, which may be dropped when using apply"));
        }
    }
}

fn one_port<'a>(
    port: &'a Value,
    path: Path,
    ports: &mut BTreeMap<String, Vec<(Path, &'a Value)>>,
    said: &mut Vec<String>,
) {
    let (address, host) = (text(port, "hostIP"), int(port, "hostPort").unwrap_or_default());
    let (number, protocol) = (int(port, "containerPort").unwrap_or_default(), text(port, "protocol"));
    if !address.is_empty() && host == 0 {
        let name = text(port, "name");
        let shown = format!("{{Name:{name} HostPort:0 ContainerPort:{number} Protocol:{protocol} HostIP:{address}}}");
        said.push(format!("{path}: hostIP set without hostPort: {shown}"));
    }
    let others = ports.entry(format!("{number}/{protocol}")).or_default();
    for (other_path, other) in others.iter() {
        let (other_address, other_host) = (text(other, "hostIP"), int(other, "hostPort").unwrap_or_default());
        if address == other_address && host == other_host {
            said.push(format!("{path}: duplicate port definition with {other_path}"));
        } else if host == 0 || other_host == 0 {
            said.push(format!("{path}: overlapping port definition with {other_path}"));
        } else if host == other_host && address.is_empty() != other_address.is_empty() {
            said.push(format!("{path}: dangerously ambiguous port definition with {other_path}"));
        }
    }
    others.push((path, port));
}

fn affinity_selectors(affinity: &Value, path: &Path, said: &mut Vec<String>) {
    let nothing = "a null labelSelector results in matching no pod";
    for kind in ["podAffinity", "podAntiAffinity"] {
        let pods = at(affinity, kind);
        let required = "requiredDuringSchedulingIgnoredDuringExecution";
        for (index, _) in items(pods, required).iter().enumerate().filter(|(_, it)| !has(it, "labelSelector")) {
            let path = path.child(kind).child(required).index(index).child("labelSelector");
            said.push(format!("{path}: {nothing}"));
        }
        let preferred = "preferredDuringSchedulingIgnoredDuringExecution";
        for (index, term) in items(pods, preferred).iter().enumerate() {
            if !has(at(term, "podAffinityTerm"), "labelSelector") {
                let path = path.child(kind).child(preferred).index(index).child("podAffinityTerm.labelSelector");
                said.push(format!("{path}: {nothing}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn doubtful_pods_are_warned_of() {
        let pod = json!({"metadata": {"annotations": {"scheduler.alpha.kubernetes.io/critical-pod": ""}}, "spec": {
            "nodeSelector": {"beta.kubernetes.io/os": "linux"},
            "imagePullSecrets": [{"name": "a"}, {"name": "a"}],
            "terminationGracePeriodSeconds": -1,
            "containers": [{
                "name": "c",
                "env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}, {"name": "A", "value": "$(A)3"}],
                "ports": [{"containerPort": 80, "protocol": "TCP"}, {"containerPort": 80, "protocol": "TCP"}],
                "resources": {"limits": {"memory": "100m"}},
            }],
        }});
        let expect = [
            "spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead",
            "metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the \
             \"priorityClassName\" field instead",
            "spec.imagePullSecrets[1].name: duplicate name \"a\"",
            "spec.containers[0].resources.limits[memory]: fractional byte value \"100m\" is invalid, must be an integer",
            "spec.containers[0].env[1]: hides previous definition of \"A\", which may be dropped when using apply",
            "spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]",
            "spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1",
        ];
        assert_eq!(warnings(&pod, &Path::new("")), expect);
        let object = json!({"spec": {"template": pod}});
        assert_eq!(of_template(&object, None).len(), expect.len());
        assert!(of_template(&object, Some(&object)).is_empty(), "nothing changed");
    }
}
