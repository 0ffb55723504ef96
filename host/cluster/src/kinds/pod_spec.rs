//! What is wrong with a PodSpec, in a Pod or in a template.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::labels::{annotations, form, labels};
use super::pod_container::{Surroundings, containers, ephemeral_containers, init_containers};
use super::{name, pod_placement, pod_resources, pod_security, pod_volume};
use crate::invalid::Invalid;
use crate::object::{at, entries, flag, has, int, items, text};
use crate::path::Path;

/// What is wrong with a PodTemplateSpec.
pub(super) fn template(template: &Value, path: &Path) -> Vec<Invalid> {
    let metadata = at(template, "metadata");
    let spec = at(template, "spec");
    let mut errors = labels(at(metadata, "labels"), &path.child("labels"));
    let noted = at(metadata, "annotations");
    errors.extend(annotations(noted, &path.child("annotations")));
    errors.extend(pod_annotations(noted, spec, &path.child("annotations")));
    errors.extend(validate(spec, None, &path.child("spec")));
    if !items(spec, "ephemeralContainers").is_empty() {
        let path = path.child("spec").child("ephemeralContainers");
        errors.push(Invalid::forbidden(path, "ephemeral containers not allowed in pod template"));
    }
    errors
}

/// What is wrong with the annotations that mean something to Pods.
pub(super) fn pod_annotations(annotations: &Value, spec: &Value, path: &Path) -> Vec<Invalid> {
    const MIRROR: &str = "kubernetes.io/config.mirror";
    const COST: &str = "controller.kubernetes.io/pod-deletion-cost";
    let mut errors = Vec::new();
    if has(annotations, MIRROR) && text(spec, "nodeName").is_empty() {
        let detail = "must set spec.nodeName if mirror pod annotation is set";
        errors.push(Invalid::invalid(path.key(MIRROR), at(annotations, MIRROR), detail));
    }
    let cost = text(annotations, COST);
    let is_number = cost.parse::<i32>().is_ok() && !cost.starts_with('+') && (cost == "0" || !cost.starts_with('0'));
    if has(annotations, COST) && !is_number {
        errors.push(Invalid::invalid(path.key(COST), at(annotations, COST), "must be a 32bit integer"));
    }
    errors
}

/// What is wrong with a PodSpec; `pod` is the Pod's name, where it is that of a Pod.
pub(super) fn validate(spec: &Value, pod: Option<&str>, path: &Path) -> Vec<Invalid> {
    let mut errors = Vec::new();
    if !has(spec, "terminationGracePeriodSeconds") {
        errors.push(Invalid::required(path.child("terminationGracePeriodSeconds"), ""));
    }
    let (volumes, wrong) = pod_volume::volumes(spec, pod, &path.child("volumes"));
    errors.extend(wrong);
    resource_claims(spec, path, &mut errors);
    let around = Surroundings {
        volumes,
        claims: items(spec, "resourceClaims").iter().map(|it| text(it, "name")).filter(|it| !it.is_empty()).collect(),
        grace: int(spec, "terminationGracePeriodSeconds"),
        restart: text(spec, "restartPolicy"),
        host_users: at(spec, "hostUsers").as_bool().unwrap_or(true),
    };
    errors.extend(containers(items(spec, "containers"), &around, &path.child("containers")));
    errors.extend(init_containers(spec, &around, &path.child("initContainers")));
    errors.extend(ephemeral_containers(spec, &around, &path.child("ephemeralContainers")));
    if has(spec, "resources") {
        errors.extend(pod_resources::pod_level(spec, &around.claims, &path.child("resources")));
    }
    host_ports(spec, pod.is_some(), &path.child("containers"), &mut errors);
    one_of(spec, "restartPolicy", &["Always", "OnFailure", "Never"], path, &mut errors);
    one_of(spec, "dnsPolicy", &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"], path, &mut errors);
    errors.extend(labels(at(spec, "nodeSelector"), &path.child("nodeSelector")));
    errors.extend(pod_security::pod(spec, &path.child("securityContext")));
    errors.extend(pod_placement::affinity(at(spec, "affinity"), &path.child("affinity")));
    dns_config(spec, &path.child("dnsConfig"), &mut errors);
    gates(spec, path, &mut errors);
    let constraints = items(spec, "topologySpreadConstraints");
    errors.extend(pod_placement::spread(constraints, &path.child("topologySpreadConstraints")));
    errors.extend(pod_security::own_users(spec, path));
    identity(spec, path, &mut errors);
    errors.extend(pod_security::operating_system(spec, path));
    errors
}

fn one_of(spec: &Value, field: &str, known: &[&str], path: &Path, errors: &mut Vec<Invalid>) {
    match text(spec, field) {
        "" => errors.push(Invalid::required(path.child(field), "")),
        value if known.contains(&value) => {}
        value => errors.push(Invalid::not_supported(path.child(field), &Value::from(value), known)),
    }
}

fn resource_claims(spec: &Value, path: &Path, errors: &mut Vec<Invalid>) {
    let claims = items(spec, "resourceClaims");
    for (index, claim) in claims.iter().enumerate() {
        let path = path.child("resourceClaims").index(index);
        let name = text(claim, "name");
        if name.is_empty() {
            errors.push(Invalid::required(path.child("name"), ""));
        } else if claims.iter().take(index).any(|other| text(other, "name") == name) {
            errors.push(Invalid::duplicate(path.child("name"), at(claim, "name")));
        } else {
            errors.extend(form(&path.child("name"), name, name::label));
        }
        let fields = ["resourceClaimName", "resourceClaimTemplateName"];
        let shown = || {
            let [claim, template] = fields.map(|field| at(claim, field));
            json!({"Name": name, "ResourceClaimName": claim, "ResourceClaimTemplateName": template})
        };
        match fields.iter().filter(|field| has(claim, field)).count() {
            0 => {
                let detail = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`";
                errors.push(Invalid::invalid(&path, &shown(), detail));
            }
            2 => {
                let detail = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified";
                errors.push(Invalid::invalid(&path, &shown(), detail));
            }
            _ => {}
        }
        for field in fields {
            if let Some(reference) = at(claim, field).as_str() {
                errors.extend(form(&path.child(field), reference, name::subdomain));
            }
        }
    }
}

/// On the host's network a port is the host's port of the same number.
fn host_ports(spec: &Value, is_pod: bool, path: &Path, errors: &mut Vec<Invalid>) {
    if !flag(spec, "hostNetwork") {
        return;
    }
    for (index, container) in items(spec, "containers").iter().enumerate() {
        for (place, port) in items(container, "ports").iter().enumerate() {
            let host = int(port, "hostPort").unwrap_or_default();
            if (is_pod || host != 0) && host != int(port, "containerPort").unwrap_or_default() {
                let path = path.index(index).child("ports").index(place).child("hostPort");
                let detail = "must match `containerPort` when `hostNetwork` is true";
                errors.push(Invalid::invalid(path, &Value::from(host), detail));
            }
        }
    }
}

fn dns_config(spec: &Value, path: &Path, errors: &mut Vec<Invalid>) {
    let config = at(spec, "dnsConfig");
    let servers = items(config, "nameservers");
    if text(spec, "dnsPolicy") == "None" {
        if config.is_null() {
            let detail = "must provide `dnsConfig` when `dnsPolicy` is None";
            return errors.push(Invalid::required(path, detail));
        }
        if servers.is_empty() {
            let detail = "must provide at least one DNS nameserver when `dnsPolicy` is None";
            return errors.push(Invalid::required(path.child("nameservers"), detail));
        }
    }
    if servers.len() > 3 {
        let detail = "must not have more than 3 nameservers";
        errors.push(Invalid::invalid(path.child("nameservers"), at(config, "nameservers"), detail));
    }
    for (index, server) in servers.iter().enumerate() {
        errors.extend(ip_address(server, path.child("nameservers").index(index)));
    }
    let searches = items(config, "searches");
    let all: usize = searches.iter().map(|it| it.as_str().unwrap_or_default().len() + 1).sum();
    if searches.len() > 32 {
        let detail = "must not have more than 32 search paths";
        errors.push(Invalid::invalid(path.child("searches"), at(config, "searches"), detail));
    }
    if all.saturating_sub(1) > 2048 {
        let detail = "must not have more than 2048 characters (including spaces) in the search list";
        errors.push(Invalid::invalid(path.child("searches"), at(config, "searches"), detail));
    }
    for (index, search) in searches.iter().enumerate() {
        let search = search.as_str().unwrap_or_default();
        if search != "." {
            let search = search.strip_suffix('.').unwrap_or(search);
            let path = path.child("searches").index(index);
            errors.extend(form(&path, search, name::subdomain_with_underscore));
        }
    }
    for (index, option) in items(config, "options").iter().enumerate() {
        if text(option, "name").is_empty() {
            errors.push(Invalid::required(path.child("options").index(index), "must not be empty"));
        }
    }
}

/// An address of IPv4 or IPv6.
pub(super) fn ip_address(address: &Value, path: Path) -> Option<Invalid> {
    let detail = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
    let wrong = address.as_str().unwrap_or_default().parse::<IpAddr>().is_err();
    wrong.then(|| Invalid::invalid(path, address, detail))
}

fn gates(spec: &Value, path: &Path, errors: &mut Vec<Invalid>) {
    for (index, gate) in items(spec, "readinessGates").iter().enumerate() {
        let path = path.child("readinessGates").index(index).child("conditionType");
        errors.extend(form(&path, text(gate, "conditionType"), name::qualified_name));
    }
    let gates = items(spec, "schedulingGates");
    for (index, gate) in gates.iter().enumerate() {
        let path = path.child("schedulingGates").index(index);
        let name = text(gate, "name");
        errors.extend(form(&path, name, name::qualified_name));
        if gates.iter().take(index).any(|other| text(other, "name") == name) {
            errors.push(Invalid::duplicate(path, &Value::from(name)));
        }
    }
}

/// A name that is of a form, if it is said at all.
fn said(spec: &Value, field: &str, check: fn(&str) -> Vec<String>, path: &Path, errors: &mut Vec<Invalid>) {
    let value = text(spec, field);
    if !value.is_empty() {
        errors.extend(form(&path.child(field), value, check));
    }
}

fn identity(spec: &Value, path: &Path, errors: &mut Vec<Invalid>) {
    said(spec, "serviceAccountName", name::subdomain, path, errors);
    said(spec, "nodeName", name::subdomain, path, errors);
    if let Some(deadline) = int(spec, "activeDeadlineSeconds").filter(|it| !(1..=i64::from(i32::MAX)).contains(it)) {
        let detail = name::range_error(1, i64::from(i32::MAX));
        errors.push(Invalid::invalid(path.child("activeDeadlineSeconds"), &Value::from(deadline), detail));
    }
    said(spec, "hostname", name::label, path, errors);
    said(spec, "subdomain", name::label, path, errors);
    errors.extend(pod_placement::tolerations(items(spec, "tolerations"), &path.child("tolerations")));
    for (index, alias) in items(spec, "hostAliases").iter().enumerate() {
        let path = path.child("hostAliases").index(index);
        errors.extend(ip_address(&Value::from(text(alias, "ip")), path.child("ip")));
        for (index, host) in items(alias, "hostnames").iter().enumerate() {
            let path = path.child("hostnames").index(index);
            errors.extend(form(&path, host.as_str().unwrap_or_default(), name::subdomain));
        }
    }
    said(spec, "priorityClassName", name::subdomain, path, errors);
    said(spec, "runtimeClassName", name::subdomain, path, errors);
    if has(spec, "preemptionPolicy") {
        one_of(spec, "preemptionPolicy", &["PreemptLowerPriority", "Never"], path, errors);
    }
    for (resource, quantity) in entries(spec, "overhead") {
        let path = path.child("overhead").child("limits").key(resource);
        errors.extend(pod_resources::amount(resource, quantity, &path));
    }
}
