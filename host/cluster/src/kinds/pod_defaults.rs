//! What a Pod, or a template of Pods, is when it does not say otherwise.

use serde_json::{Value, json};

use super::image_reference;
use crate::object::{
    at, default, default_number, entries, existing, flag, has, int, items, items_mut, make, remove, set, text,
};
use crate::quantity::Quantity;

/// The defaults of `template`, a PodTemplateSpec in a workload.
pub(super) fn template(template: &mut Value) {
    make(template, "metadata");
    if let Some(spec) = make(template, "spec") {
        pod_spec(spec);
    }
}

/// The defaults that only a Pod itself has, beside those of its spec.
pub(super) fn pod(pod: &mut Value) {
    let Some(spec) = make(pod, "spec") else { return };
    for list in ["containers", "initContainers"] {
        for container in items_mut(spec, list) {
            requests_from_limits(container);
        }
    }
    if has(spec, "resources") {
        pod_requests(spec);
    }
    default(spec, "enableServiceLinks", true);
    if flag(spec, "hostNetwork") {
        for list in ["containers", "initContainers"] {
            for port in items_mut(spec, list).iter_mut().flat_map(|container| items_mut(container, "ports")) {
                default_number(port, "hostPort", int(port, "containerPort").unwrap_or_default());
            }
        }
    }
    pod_spec(spec);
}

/// What a container is limited to is what it asks for, where it does not say what it asks for.
fn requests_from_limits(container: &mut Value) {
    let limits = at(at(container, "resources"), "limits").clone();
    if limits.is_null() {
        return;
    }
    let Some(resources) = make(container, "resources") else { return };
    let Some(requests) = make(resources, "requests") else { return };
    for (resource, quantity) in limits.as_object().into_iter().flatten() {
        if !has(requests, resource) {
            set(requests, resource, quantity.clone());
        }
    }
}

/// What a Pod as a whole asks for, where it is limited as a whole: what its containers do, else its limits.
fn pod_requests(spec: &mut Value) {
    let limits = at(at(spec, "resources"), "limits").clone();
    if limits.as_object().is_none_or(serde_json::Map::is_empty) {
        return;
    }
    let asked: Vec<(&str, Quantity)> =
        ["cpu", "memory"].iter().filter_map(|name| Some((*name, asked_for(spec, name)?))).collect();
    let Some(requests) = make(spec, "resources").and_then(|resources| make(resources, "requests")) else { return };
    for (name, quantity) in asked {
        default(requests, name, quantity.to_string());
    }
    for (name, limit) in limits.as_object().into_iter().flatten() {
        if matches!(name.as_str(), "cpu" | "memory") || name.starts_with("hugepages-") {
            default(requests, name, limit.clone());
        }
    }
}

/// How much of a resource the containers ask for at most at one time; `None` if none does.
fn asked_for(spec: &Value, name: &str) -> Option<Quantity> {
    let asked = |container: &Value| {
        Quantity::parse(text(at(at(container, "resources"), "requests"), name)).unwrap_or_else(|_| Quantity::zero())
    };
    let all = ["initContainers", "containers"].iter().flat_map(|list| items(spec, list));
    all.into_iter().find(|container| has(at(at(container, "resources"), "requests"), name))?;
    let mut running = Quantity::zero();
    let mut peak = Quantity::zero();
    for container in items(spec, "initContainers") {
        let with = running.plus(&asked(container));
        if text(container, "restartPolicy") == "Always" {
            running = with.clone();
        }
        peak = peak.max(with);
    }
    let total = items(spec, "containers").iter().fold(running, |sum, container| sum.plus(&asked(container)));
    Some(total.max(peak))
}

/// Nothing is finer than a thousandth: what is, is rounded up.
fn round_up(holder: &mut Value) {
    for list in ["limits", "requests"] {
        let Some(quantities) = existing(holder, list).and_then(Value::as_object_mut) else { continue };
        for quantity in quantities.values_mut() {
            let Ok(amount) = Quantity::parse(quantity.as_str().unwrap_or_default()) else { continue };
            if let (false, Ok(rounded)) = (amount.is_milli(), Quantity::parse(&format!("{}m", amount.milli_value()))) {
                *quantity = Value::from(rounded.to_string());
            }
        }
    }
}

/// The defaults of a PodSpec, wherever it stands.
fn pod_spec(spec: &mut Value) {
    default(spec, "dnsPolicy", "ClusterFirst");
    default(spec, "restartPolicy", "Always");
    make(spec, "securityContext");
    default(spec, "terminationGracePeriodSeconds", 30);
    default(spec, "schedulerName", "default-scheduler");
    // The field is there, but its feature is not on unless asked for.
    remove(spec, "schedulingGroup");
    // The older name of the field is kept beside the newer one, which wins.
    let account = match text(spec, "serviceAccountName") {
        "" => text(spec, "serviceAccount").to_owned(),
        account => account.to_owned(),
    };
    for name in ["serviceAccountName", "serviceAccount"] {
        match account.is_empty() {
            true => remove(spec, name),
            false => set(spec, name, account.as_str()),
        }
    }
    for volume in items_mut(spec, "volumes") {
        self::volume(volume);
    }
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for container in items_mut(spec, list) {
            self::container(container);
        }
    }
}

fn volume(volume: &mut Value) {
    // A volume of a name and nothing else is an empty directory.
    if volume.as_object().is_some_and(|fields| fields.iter().all(|(key, value)| key == "name" || value.is_null())) {
        set(volume, "emptyDir", json!({}));
    }
    if let Some(image) = existing(volume, "image") {
        let policy = pull_policy(text(image, "reference"));
        default(image, "pullPolicy", policy);
    }
    if let Some(path) = existing(volume, "hostPath").filter(|path| !has(path, "type")) {
        set(path, "type", "");
    }
    for source in ["secret", "configMap", "downwardAPI", "projected"] {
        if let Some(source) = existing(volume, source) {
            default(source, "defaultMode", 0o644);
        }
    }
    if let Some(source) = existing(volume, "downwardAPI") {
        items_mut(source, "items").iter_mut().for_each(field_reference);
    }
    for source in existing(volume, "projected").into_iter().flat_map(|source| items_mut(source, "sources")) {
        if let Some(projection) = existing(source, "downwardAPI") {
            items_mut(projection, "items").iter_mut().for_each(field_reference);
        }
        if let Some(token) = existing(source, "serviceAccountToken") {
            default(token, "expirationSeconds", 3600);
        }
    }
    if let Some(template) = existing(volume, "ephemeral").and_then(|source| existing(source, "volumeClaimTemplate")) {
        make(template, "metadata");
        if let Some(spec) = make(template, "spec") {
            default(spec, "volumeMode", "Filesystem");
            make(spec, "resources");
        }
    }
    let more: &[(&str, &[(&str, Value)])] = &[
        ("iscsi", &[("iscsiInterface", json!("default"))]),
        ("rbd", &[("pool", json!("rbd")), ("user", json!("admin")), ("keyring", json!("/etc/ceph/keyring"))]),
        (
            "azureDisk",
            &[
                ("cachingMode", json!("ReadWrite")),
                ("kind", json!("Shared")),
                ("fsType", json!("ext4")),
                ("readOnly", json!(false)),
            ],
        ),
        ("scaleIO", &[("storageMode", json!("ThinProvisioned")), ("fsType", json!("xfs"))]),
    ];
    for (source, defaults) in more {
        if let Some(source) = existing(volume, source) {
            for (field, value) in *defaults {
                default(source, field, value.clone());
            }
        }
    }
}

/// What a value that is taken from the Pod does not say.
fn field_reference(holder: &mut Value) {
    if let Some(reference) = existing(holder, "fieldRef") {
        default(reference, "apiVersion", "v1");
    }
    if let Some(reference) = existing(holder, "resourceFieldRef") {
        default(reference, "divisor", "0");
    }
}

fn pull_policy(image: &str) -> &'static str {
    match image_reference::tag(image) {
        "latest" => "Always",
        _ => "IfNotPresent",
    }
}

fn container(container: &mut Value) {
    let policy = pull_policy(text(container, "image"));
    default(container, "imagePullPolicy", policy);
    default(container, "terminationMessagePath", "/dev/termination-log");
    default(container, "terminationMessagePolicy", "File");
    if let Some(resources) = make(container, "resources") {
        round_up(resources);
    }
    for port in items_mut(container, "ports") {
        default(port, "protocol", "TCP");
    }
    for variable in items_mut(container, "env") {
        if let Some(source) = existing(variable, "valueFrom") {
            field_reference(source);
            if let Some(reference) = existing(source, "fileKeyRef") {
                default(reference, "optional", false);
            }
        }
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let Some(probe) = existing(container, probe) else { continue };
        default_number(probe, "timeoutSeconds", 1);
        default_number(probe, "periodSeconds", 10);
        default_number(probe, "successThreshold", 1);
        default_number(probe, "failureThreshold", 3);
        http_get(probe);
        if let Some(grpc) = existing(probe, "grpc").filter(|grpc| !has(grpc, "service")) {
            set(grpc, "service", "");
        }
    }
    if let Some(lifecycle) = existing(container, "lifecycle") {
        for hook in ["postStart", "preStop"] {
            if let Some(hook) = existing(lifecycle, hook) {
                http_get(hook);
            }
        }
    }
    if let Some(security) = existing(container, "securityContext") {
        // `procMount` has no default of its own: a runtime's default is what an absent one means.
        if text(security, "procMount").is_empty() {
            remove(security, "procMount");
        }
    }
}

fn http_get(handler: &mut Value) {
    if let Some(get) = existing(handler, "httpGet") {
        default(get, "path", "/");
        default(get, "scheme", "HTTP");
    }
}

/// The class of quality of service of a Pod, by what its containers ask for and are limited to.
pub(super) fn quality_of_service(pod: &Value) -> &'static str {
    let spec = at(pod, "spec");
    let mut any = false;
    let mut guaranteed = true;
    let counted = |name: &str| matches!(name, "cpu" | "memory");
    let is_zero = |quantity: &Value| {
        let quantity = quantity.as_str().unwrap_or_default();
        quantity.trim_end_matches(|c: char| c.is_ascii_alphabetic()).parse::<f64>() == Ok(0.0)
    };
    let holders: Vec<&Value> = match has(spec, "resources") {
        true => vec![spec],
        false => items(spec, "containers").iter().chain(items(spec, "initContainers")).collect(),
    };
    for holder in holders {
        let resources = at(holder, "resources");
        let of = |list: &'static str| entries(resources, list).filter(move |(name, it)| counted(name) && !is_zero(it));
        any |= of("requests").next().is_some() || of("limits").next().is_some();
        let limits: Vec<_> = of("limits").collect();
        // Each container is limited in both, and asks for no less than it may have.
        guaranteed &= limits.len() == 2;
        guaranteed &= of("requests").all(|(name, quantity)| limits.contains(&(name, quantity)));
    }
    match (any, guaranteed) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn templates_are_filled_in() {
        let mut value = json!({"spec": {
            "serviceAccount": "robot",
            "containers": [{
                "name": "a", "image": "nginx",
                "ports": [{"containerPort": 80}],
                "env": [{"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
                "livenessProbe": {"httpGet": {"port": 80}, "periodSeconds": 5},
                "readinessProbe": {"grpc": {"port": 9}},
                "lifecycle": {"preStop": {"httpGet": {"path": "/bye", "port": "http"}}},
                "resources": {"limits": {"cpu": "1"}},
            }],
            "volumes": [
                {"name": "a"}, {"name": "b", "secret": {"secretName": "s"}}, {"name": "c", "hostPath": {"path": "/x"}},
                {"name": "d", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}},
            ],
        }});
        template(&mut value);
        let expect = json!({"metadata": {}, "spec": {
            "serviceAccount": "robot", "serviceAccountName": "robot", "dnsPolicy": "ClusterFirst", "restartPolicy": "Always",
            "securityContext": {}, "terminationGracePeriodSeconds": 30, "schedulerName": "default-scheduler",
            "containers": [{
                "name": "a", "image": "nginx", "imagePullPolicy": "Always",
                "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
                "ports": [{"containerPort": 80, "protocol": "TCP"}],
                "env": [{"name": "IP", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}}}],
                "livenessProbe": {
                    "httpGet": {"path": "/", "port": 80, "scheme": "HTTP"},
                    "periodSeconds": 5, "timeoutSeconds": 1, "successThreshold": 1, "failureThreshold": 3,
                },
                "readinessProbe": {
                    "grpc": {"port": 9, "service": ""},
                    "periodSeconds": 10, "timeoutSeconds": 1, "successThreshold": 1, "failureThreshold": 3,
                },
                "lifecycle": {"preStop": {"httpGet": {"path": "/bye", "port": "http", "scheme": "HTTP"}}},
                "resources": {"limits": {"cpu": "1"}},
            }],
            "volumes": [
                {"name": "a", "emptyDir": {}}, {"name": "b", "secret": {"secretName": "s", "defaultMode": 420}},
                {"name": "c", "hostPath": {"path": "/x", "type": ""}},
                {"name": "d", "projected": {
                    "defaultMode": 420, "sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 3600}}],
                }},
            ],
        }});
        assert_eq!(value, expect);
        let once = value.clone();
        template(&mut value);
        assert_eq!(value, once, "a second time changes nothing");
    }

    #[test]
    fn pods_have_more() {
        let mut value = json!({"spec": {"hostNetwork": true, "containers": [{
            "name": "a", "image": "nginx:1", "ports": [{"containerPort": 80}],
            "resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m"}},
        }]}});
        pod(&mut value);
        assert_eq!(value["spec"]["enableServiceLinks"], json!(true));
        let container = &value["spec"]["containers"][0];
        assert_eq!(container["ports"][0], json!({"containerPort": 80, "hostPort": 80, "protocol": "TCP"}));
        assert_eq!(container["resources"]["requests"], json!({"cpu": "500m", "memory": "1Gi"}));
        assert_eq!(container["imagePullPolicy"], "IfNotPresent");
        assert_eq!(quality_of_service(&value), "Burstable");
    }

    #[test]
    fn pods_are_limited_as_a_whole() {
        let container = |cpu: &str| json!({"name": "c", "image": "i", "resources": {"requests": {"cpu": cpu}}});
        let mut value = json!({"spec": {
            "resources": {"limits": {"cpu": "3", "memory": "1Gi"}},
            "initContainers": [container("2")], "containers": [container("500m"), container("0.0001")],
        }});
        pod(&mut value);
        assert_eq!(value["spec"]["resources"]["requests"], json!({"cpu": "2", "memory": "1Gi"}));
        assert_eq!(value["spec"]["containers"][1]["resources"]["requests"]["cpu"], "1m");
    }

    #[test]
    fn quality_follows_resources() {
        let cases = [
            (json!({}), "BestEffort"),
            (json!({"requests": {"cpu": "0"}}), "BestEffort"),
            (json!({"requests": {"cpu": "1"}}), "Burstable"),
            (json!({"limits": {"cpu": "1"}}), "Burstable"),
            (json!({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1", "memory": "1Gi"}}), "Guaranteed"),
        ];
        for (resources, expect) in cases {
            let value = json!({"spec": {"containers": [{"name": "a", "resources": resources}]}});
            assert_eq!(quality_of_service(&value), expect, "{value}");
        }
    }
}
