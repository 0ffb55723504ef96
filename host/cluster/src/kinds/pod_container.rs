//! What is wrong with the containers of a Pod: names, ports, environment, mounts, probes, hooks.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::labels::form;
use super::{name, pod_mount, pod_resources, pod_security, pod_source};
use crate::invalid::Invalid;
use crate::object::{at, has, int, items, text};
use crate::path::Path;

/// What containers of a Pod have to fit in with.
pub(super) struct Surroundings<'a> {
    /// The volumes that are valid, by name.
    pub(super) volumes: BTreeMap<&'a str, &'a Value>,
    /// The names of the Pod's resource claims.
    pub(super) claims: BTreeSet<&'a str>,
    /// `terminationGracePeriodSeconds`.
    pub(super) grace: Option<i64>,
    /// `restartPolicy`.
    pub(super) restart: &'a str,
    /// Whether the Pod uses the users of the host.
    pub(super) host_users: bool,
}

/// A number that may not be negative.
pub(super) fn nonnegative(path: Path, value: Option<i64>) -> Option<Invalid> {
    let value = value.filter(|value| *value < 0)?;
    Some(Invalid::invalid(path, &Value::from(value), "must be greater than or equal to 0"))
}

/// `containers`.
pub(super) fn containers(containers: &[Value], around: &Surroundings<'_>, path: &Path) -> Vec<Invalid> {
    if containers.is_empty() {
        return vec![Invalid::required(path, "")];
    }
    let mut errors = Vec::new();
    let mut names = BTreeSet::new();
    for (index, container) in containers.iter().enumerate() {
        let path = path.index(index);
        common(container, around, &path, &mut errors);
        if !names.insert(text(container, "name")) {
            errors.push(Invalid::duplicate(path.child("name"), at(container, "name")));
        }
        hooks_and_probes(container, around, &path, &mut errors);
        restart_rules(container, false, &path, &mut errors);
    }
    host_port_conflicts(containers, path, &mut errors);
    errors
}

/// `initContainers`.
pub(super) fn init_containers(spec: &Value, around: &Surroundings<'_>, path: &Path) -> Vec<Invalid> {
    let mut errors = Vec::new();
    let mut names: BTreeSet<&str> = items(spec, "containers").iter().map(|container| text(container, "name")).collect();
    for (index, container) in items(spec, "initContainers").iter().enumerate() {
        let at_path = path.index(index);
        common(container, around, &at_path, &mut errors);
        let sidecar = text(container, "restartPolicy") == "Always";
        restart_rules(container, true, &at_path, &mut errors);
        let name = text(container, "name");
        if names.contains(name) {
            errors.push(Invalid::duplicate(at_path.child("name"), at(container, "name")));
        } else if !name.is_empty() {
            names.insert(name);
        }
        // They run one after another: each for itself.
        host_port_conflicts(std::slice::from_ref(container), path, &mut errors);
        if sidecar {
            hooks_and_probes(container, around, &at_path, &mut errors);
        } else {
            for field in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] {
                if has(container, field) {
                    let detail = "may not be set for init containers without restartPolicy=Always";
                    errors.push(Invalid::forbidden(at_path.child(field), detail));
                }
            }
        }
        if !sidecar && !items(container, "resizePolicy").is_empty() {
            let detail = "must not be set for init containers";
            errors.push(Invalid::invalid(at_path.child("resizePolicy"), at(container, "resizePolicy"), detail));
        }
    }
    errors
}

/// `ephemeralContainers`.
pub(super) fn ephemeral_containers(spec: &Value, around: &Surroundings<'_>, path: &Path) -> Vec<Invalid> {
    const FORBIDDEN: &[&str] =
        &["ports", "resources", "resizePolicy", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle"];
    let mut errors = Vec::new();
    let others: BTreeSet<&str> =
        ["containers", "initContainers"].iter().flat_map(|list| items(spec, list)).map(|it| text(it, "name")).collect();
    let mut names = others.clone();
    for (index, container) in items(spec, "ephemeralContainers").iter().enumerate() {
        let path = path.index(index);
        common(container, around, &path, &mut errors);
        errors.extend(image_whitespace(container, &path));
        if !names.insert(text(container, "name")) {
            errors.push(Invalid::duplicate(path.child("name"), at(container, "name")));
        }
        let target = text(container, "targetContainerName");
        if !target.is_empty() && !others.contains(target) {
            errors.push(Invalid::not_found(path.child("targetContainerName"), at(container, "targetContainerName")));
        }
        let said = |value: &Value| match value {
            Value::Array(items) => !items.is_empty(),
            Value::Object(fields) => !fields.is_empty(),
            value => !value.is_null(),
        };
        for field in FORBIDDEN.iter().filter(|field| said(at(container, field))) {
            errors.push(Invalid::forbidden(path.child(field), "cannot be set for an Ephemeral Container"));
        }
        for (index, mount) in items(container, "volumeMounts").iter().enumerate() {
            for field in ["subPath", "subPathExpr"].iter().filter(|field| !text(mount, field).is_empty()) {
                let path = path.child("volumeMounts").index(index).child(field);
                errors.push(Invalid::forbidden(path, "cannot be set for an Ephemeral Container"));
            }
        }
    }
    errors
}

/// What only a Pod itself, not a template, is held to.
pub(super) fn image_whitespace(container: &Value, path: &Path) -> Option<Invalid> {
    let image = text(container, "image");
    let padded = image.trim().len() != image.len();
    padded.then(|| {
        Invalid::invalid(path.child("image"), at(container, "image"), "must not have leading or trailing whitespace")
    })
}

fn restart_rules(container: &Value, init: bool, path: &Path, errors: &mut Vec<Invalid>) {
    let rules = items(container, "restartPolicyRules");
    let policy = text(container, "restartPolicy");
    if policy.is_empty() {
        if !rules.is_empty() {
            let detail = "must specify restartPolicy when restart rules are used";
            errors.push(Invalid::required(path.child("restartPolicy"), detail));
        }
        return;
    }
    if !matches!(policy, "Always" | "Never" | "OnFailure") {
        let known = &["Always", "Never", "OnFailure"];
        errors.push(Invalid::not_supported(path.child("restartPolicy"), at(container, "restartPolicy"), known));
    }
    if init && policy == "Always" && !rules.is_empty() {
        let detail = "restartPolicyRules are not allowed for init containers with restart policy Always";
        errors.push(Invalid::forbidden(path.child("restartPolicyRules"), detail));
    }
    if rules.len() > 20 {
        errors.push(Invalid::too_many(path.child("restartPolicyRules"), rules.len(), 20));
    }
    for (index, rule) in rules.iter().enumerate() {
        let path = path.child("restartPolicyRules").index(index);
        if !matches!(text(rule, "action"), "Restart" | "RestartAllContainers") {
            errors.push(Invalid::not_supported(path.child("action"), at(rule, "action"), &["Restart"]));
        }
        let codes = at(rule, "exitCodes");
        if codes.is_null() {
            errors.push(Invalid::required(path.child("exitCodes"), "must be specified"));
            continue;
        }
        let path = path.child("exitCodes");
        if !matches!(text(codes, "operator"), "In" | "NotIn") {
            errors.push(Invalid::not_supported(path.child("operator"), at(codes, "operator"), &["In", "NotIn"]));
        }
        let values = items(codes, "values");
        if values.len() > 255 {
            errors.push(Invalid::too_many(path.child("values"), values.len(), 255));
        }
    }
}

fn common(container: &Value, around: &Surroundings<'_>, path: &Path, errors: &mut Vec<Invalid>) {
    match text(container, "name") {
        "" => errors.push(Invalid::required(path.child("name"), "")),
        name => errors.extend(form(&path.child("name"), name, name::label)),
    }
    if text(container, "image").is_empty() {
        errors.push(Invalid::required(path.child("image"), ""));
    }
    let policy = path.child("terminationMessagePolicy");
    match text(container, "terminationMessagePolicy") {
        "File" | "FallbackToLogsOnError" => {}
        "" => errors.push(Invalid::required(policy, "")),
        value => {
            errors.push(Invalid::not_supported(policy, &Value::from(value), &["File", "FallbackToLogsOnError"]));
        }
    }
    ports(container, &path.child("ports"), errors);
    environment(container, around, path, errors);
    pod_mount::mounts(container, around, &path.child("volumeMounts"), errors);
    pod_mount::devices(container, around, &path.child("volumeDevices"), errors);
    errors.extend(pull_policy(at(container, "imagePullPolicy"), path.child("imagePullPolicy")));
    errors.extend(pod_resources::requirements(at(container, "resources"), &around.claims, &path.child("resources")));
    resize_policy(container, around, &path.child("resizePolicy"), errors);
    errors.extend(pod_security::container(
        at(container, "securityContext"),
        around.host_users,
        &path.child("securityContext"),
    ));
}

/// When an image is pulled.
pub(super) fn pull_policy(policy: &Value, path: Path) -> Option<Invalid> {
    match policy.as_str().unwrap_or_default() {
        "Always" | "IfNotPresent" | "Never" => None,
        "" => Some(Invalid::required(path, "")),
        _ => Some(Invalid::not_supported(path, policy, &["Always", "IfNotPresent", "Never"])),
    }
}

fn ports(container: &Value, path: &Path, errors: &mut Vec<Invalid>) {
    let mut names = BTreeSet::new();
    for (index, port) in items(container, "ports").iter().enumerate() {
        let path = path.index(index);
        let name = text(port, "name");
        if !name.is_empty() {
            let wrong: Vec<Invalid> = form(&path.child("name"), name, name::port_name).collect();
            if wrong.is_empty() && !names.insert(name) {
                errors.push(Invalid::duplicate(path.child("name"), at(port, "name")));
            }
            errors.extend(wrong);
        }
        for (field, required) in [("containerPort", true), ("hostPort", false)] {
            match int(port, field).unwrap_or_default() {
                0 if required => errors.push(Invalid::required(path.child(field), "")),
                0 => {}
                number => errors.extend(number_form(&path.child(field), number, name::port_number)),
            }
        }
        match text(port, "protocol") {
            "" => errors.push(Invalid::required(path.child("protocol"), "")),
            "TCP" | "UDP" | "SCTP" => {}
            _ => {
                let known = &["SCTP", "TCP", "UDP"];
                errors.push(Invalid::not_supported(path.child("protocol"), at(port, "protocol"), known));
            }
        }
    }
}

/// A number that is to be of a form: what is wrong with it.
pub(super) fn number_form(path: &Path, value: i64, check: fn(i64) -> Vec<String>) -> Vec<Invalid> {
    check(value).into_iter().map(|said| Invalid::invalid(path, &Value::from(value), said)).collect()
}

fn host_port_conflicts(containers: &[Value], path: &Path, errors: &mut Vec<Invalid>) {
    let mut seen = BTreeSet::new();
    for (index, container) in containers.iter().enumerate() {
        for (place, port) in items(container, "ports").iter().enumerate() {
            let Some(number) = int(port, "hostPort").filter(|number| *number != 0) else { continue };
            let key = format!("{}/{}/{number}", text(port, "protocol"), text(port, "hostIP"));
            if seen.contains(&key) {
                let path = path.index(index).child("ports").index(place).child("hostPort");
                errors.push(Invalid::duplicate(path, &Value::from(key)));
            } else {
                seen.insert(key);
            }
        }
    }
}

fn environment(container: &Value, around: &Surroundings<'_>, path: &Path, errors: &mut Vec<Invalid>) {
    for (index, variable) in items(container, "env").iter().enumerate() {
        let path = path.child("env").index(index);
        match text(variable, "name") {
            "" => errors.push(Invalid::required(path.child("name"), "")),
            name => errors.extend(form(&path.child("name"), name, name::environment_variable)),
        }
        pod_source::environment_value(variable, &path.child("valueFrom"), errors);
        let file = at(at(variable, "valueFrom"), "fileKeyRef");
        let volume = text(file, "volumeName");
        if !volume.is_empty() && !around.volumes.contains_key(volume) {
            let path = path.child("valueFrom").child("fileKeyRef").child("volumeName");
            errors.push(Invalid::not_found(path, at(file, "volumeName")));
        }
    }
    let list = path.child("envFrom");
    for (index, source) in items(container, "envFrom").iter().enumerate() {
        let path = list.index(index);
        let prefix = text(source, "prefix");
        if !prefix.is_empty() {
            errors.extend(form(&path.child("prefix"), prefix, name::environment_variable));
        }
        let mut sources = 0;
        for field in ["configMapRef", "secretRef"].into_iter().filter(|field| has(source, field)) {
            sources += 1;
            let path = path.child(field).child("name");
            match text(at(source, field), "name") {
                "" => errors.push(Invalid::required(path, "")),
                name => errors.extend(form(&path, name, name::subdomain)),
            }
        }
        let empty = Value::from("");
        match sources {
            0 => {
                let detail = "must specify one of: `configMapRef` or `secretRef`";
                errors.push(Invalid::invalid(&list, &empty, detail));
            }
            1 => {}
            _ => {
                let detail = "may not have more than one field specified at a time";
                errors.push(Invalid::invalid(&list, &empty, detail));
            }
        }
    }
}

fn resize_policy(container: &Value, around: &Surroundings<'_>, path: &Path, errors: &mut Vec<Invalid>) {
    let mut resources = BTreeSet::new();
    for (index, policy) in items(container, "resizePolicy").iter().enumerate() {
        let (resource, restart) = (at(policy, "resourceName"), at(policy, "restartPolicy"));
        if !resources.insert(resource.as_str()) {
            errors.push(Invalid::duplicate(path.index(index), resource));
        }
        match resource.as_str().unwrap_or_default() {
            "cpu" | "memory" => {}
            "" => errors.push(Invalid::required(path, "")),
            _ => errors.push(Invalid::not_supported(path, resource, &["cpu", "memory"])),
        }
        match restart.as_str().unwrap_or_default() {
            "NotRequired" | "RestartContainer" => {}
            "" => errors.push(Invalid::required(path, "")),
            _ => errors.push(Invalid::not_supported(path, restart, &["NotRequired", "RestartContainer"])),
        }
        if around.restart == "Never" && restart.as_str() != Some("NotRequired") {
            let detail = "must be 'NotRequired' when `restartPolicy` is 'Never'";
            errors.push(Invalid::invalid(path, restart, detail));
        }
    }
}

fn hooks_and_probes(container: &Value, around: &Surroundings<'_>, path: &Path, errors: &mut Vec<Invalid>) {
    for hook in ["postStart", "preStop"] {
        let lifecycle = at(container, "lifecycle");
        if has(lifecycle, hook) {
            let kinds = &["exec", "httpGet", "tcpSocket", "sleep"];
            handler(at(lifecycle, hook), kinds, around, &path.child("lifecycle").child(hook), errors);
        }
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if has(container, probe) {
            self::probe(at(container, probe), probe, around, &path.child(probe), errors);
        }
    }
}

fn probe(probe: &Value, kind: &str, around: &Surroundings<'_>, path: &Path, errors: &mut Vec<Invalid>) {
    handler(probe, &["exec", "httpGet", "tcpSocket", "grpc"], around, path, errors);
    for field in ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"] {
        errors.extend(nonnegative(path.child(field), int(probe, field)));
    }
    let grace = int(probe, "terminationGracePeriodSeconds");
    if let Some(grace) = grace.filter(|grace| *grace <= 0) {
        let path = path.child("terminationGracePeriodSeconds");
        errors.push(Invalid::invalid(path, &Value::from(grace), "must be greater than 0"));
    }
    match (kind, grace) {
        ("readinessProbe", Some(grace)) => {
            let path = path.child("terminationGracePeriodSeconds");
            errors.push(Invalid::invalid(path, &Value::from(grace), "must not be set for readinessProbes"));
        }
        ("readinessProbe", None) => {}
        _ => {
            let successes = int(probe, "successThreshold").unwrap_or_default();
            if successes != 1 {
                let path = path.child("successThreshold");
                errors.push(Invalid::invalid(path, &Value::from(successes), "must be 1"));
            }
        }
    }
}

fn handler(handler: &Value, kinds: &[&str], around: &Surroundings<'_>, path: &Path, errors: &mut Vec<Invalid>) {
    let mut any = false;
    for kind in kinds.iter().filter(|kind| has(handler, kind)) {
        let (action, path) = (at(handler, kind), path.child(kind));
        if any {
            errors.push(Invalid::forbidden(path, "may not specify more than 1 handler type"));
            continue;
        }
        any = true;
        match *kind {
            "exec" if items(action, "command").is_empty() => {
                errors.push(Invalid::required(path.child("command"), ""));
            }
            "httpGet" => {
                if text(action, "path").is_empty() {
                    errors.push(Invalid::required(path.child("path"), ""));
                }
                errors.extend(port(at(action, "port"), &path.child("port")));
                if !matches!(text(action, "scheme"), "HTTP" | "HTTPS") {
                    let known = &["HTTP", "HTTPS"];
                    errors.push(Invalid::not_supported(path.child("scheme"), at(action, "scheme"), known));
                }
                for header in items(action, "httpHeaders") {
                    errors.extend(form(&path.child("httpHeaders"), text(header, "name"), name::http_header));
                }
            }
            "tcpSocket" | "grpc" => errors.extend(port(at(action, "port"), &path.child("port"))),
            "sleep" => {
                let seconds = int(action, "seconds").unwrap_or_default();
                if let Some(grace) = around.grace.filter(|grace| seconds < 0 || seconds > *grace) {
                    let detail = format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
                    errors.push(Invalid::invalid(path, &Value::from(seconds), detail));
                }
            }
            _ => {}
        }
    }
    if !any {
        errors.push(Invalid::required(path, "must specify a handler type"));
    }
}

/// A port by its number or its name.
pub(super) fn port(port: &Value, path: &Path) -> Vec<Invalid> {
    match port.as_str() {
        Some(name) => form(path, name, name::port_name).collect(),
        None => number_form(path, port.as_i64().unwrap_or_default(), name::port_number),
    }
}
