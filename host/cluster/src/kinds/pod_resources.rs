//! What containers ask for and are limited to.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::Value;

use super::labels::form;
use super::name;
use crate::invalid::Invalid;
use crate::object::{at, entries, items, text};
use crate::path::Path;
use crate::quantity::Quantity;

/// Compares two quantities; `None` if one of them is none.
pub(super) fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    let read = |value: &Value| Quantity::parse(value.as_str().unwrap_or_default()).ok();
    Some(read(left)?.cmp(&read(right)?))
}

/// Whether a quantity is negative.
fn is_negative(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.starts_with('-'))
}

/// Whether a resource is one of Kubernetes' own: without a domain, or in kubernetes.io.
fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

fn is_huge_pages(name: &str) -> bool {
    name.starts_with("hugepages-")
}

/// Whether more may be limited to than asked for: not so for huge pages and devices.
pub(super) fn may_overcommit(name: &str) -> bool {
    is_native(name) && !is_huge_pages(name)
}

fn is_extended(name: &str) -> bool {
    !is_native(name) && !name.starts_with("requests.") && name::qualified_name(&format!("requests.{name}")).is_empty()
}

fn is_standard(name: &str) -> bool {
    const STANDARD: &[&str] = &[
        "cpu",
        "memory",
        "ephemeral-storage",
        "requests.cpu",
        "requests.memory",
        "requests.ephemeral-storage",
        "limits.cpu",
        "limits.memory",
        "limits.ephemeral-storage",
        "pods",
        "resourcequotas",
        "services",
        "replicationcontrollers",
        "secrets",
        "configmaps",
        "persistentvolumeclaims",
        "storage",
        "requests.storage",
        "services.nodeports",
        "services.loadbalancers",
    ];
    STANDARD.contains(&name) || is_huge_pages(name) || name.starts_with("requests.hugepages-")
}

/// The name of a resource, anywhere.
pub(super) fn resource_name(name: &str, path: &Path) -> Vec<Invalid> {
    let mut errors: Vec<Invalid> = form(path, name, name::qualified_name).collect();
    if errors.is_empty() && !name.contains('/') && !is_standard(name) {
        let detail = "must be a standard resource type or fully qualified";
        errors.push(Invalid::invalid(path, &Value::from(name), detail));
    }
    errors
}

/// The name of a resource that a container may have.
pub(super) fn container_resource(name: &str, path: &Path) -> Vec<Invalid> {
    let mut errors = resource_name(name, path);
    let in_container = matches!(name, "cpu" | "memory" | "ephemeral-storage") || is_huge_pages(name);
    let detail = match name.contains('/') {
        false if !in_container => "must be a standard resource for containers",
        true if !is_native(name) && !is_extended(name) => "doesn't follow extended resource name standard",
        _ => return errors,
    };
    errors.push(Invalid::invalid(path, &Value::from(name), detail));
    errors
}

/// An amount of a resource: not negative, and whole for what cannot be divided.
pub(super) fn amount(name: &str, quantity: &Value, path: &Path) -> Vec<Invalid> {
    let mut errors = Vec::new();
    if is_negative(quantity) {
        errors.push(Invalid::invalid(path, quantity, "must be greater than or equal to 0"));
    }
    let whole = is_extended(name)
        || matches!(
            name,
            "pods"
                | "services"
                | "replicationcontrollers"
                | "resourcequotas"
                | "secrets"
                | "configmaps"
                | "persistentvolumeclaims"
                | "services.nodeports"
                | "services.loadbalancers"
        );
    if whole && quantity.as_str().is_some_and(|text| text.ends_with(['m', 'u', 'n'])) {
        errors.push(Invalid::invalid(path, quantity, "must be an integer"));
    }
    errors
}

/// `resources` of a container; `claims` are the names of the Pod's resource claims.
pub(super) fn requirements(resources: &Value, claims: &BTreeSet<&str>, path: &Path) -> Vec<Invalid> {
    let mut errors = Vec::new();
    let (limits, requests) = (path.child("limits"), path.child("requests"));
    let (mut huge, mut computes) = (false, false);
    let mut look = |name: &str| {
        huge |= is_huge_pages(name);
        computes |= matches!(name, "cpu" | "memory");
    };
    for (name, quantity) in entries(resources, "limits") {
        look(name);
        let path = limits.key(name);
        errors.extend(container_resource(name, &path));
        errors.extend(amount(name, quantity, &path));
    }
    for (name, quantity) in entries(resources, "requests") {
        look(name);
        let path = requests.key(name);
        errors.extend(container_resource(name, &path));
        errors.extend(amount(name, quantity, &path));
        let limit = at(at(resources, "limits"), name);
        let shown = limit.as_str().unwrap_or_default();
        match compare(quantity, limit) {
            _ if limit.is_null() => {
                if !may_overcommit(name) {
                    let detail = "Limit must be set for non overcommitable resources";
                    errors.push(Invalid::required(&limits, detail));
                }
            }
            Some(Ordering::Equal) | None => {}
            Some(_) if !may_overcommit(name) => {
                let detail = format!("must be equal to {name} limit of {shown}");
                errors.push(Invalid::invalid(&requests, quantity, detail));
            }
            Some(Ordering::Greater) => {
                let detail = format!("must be less than or equal to {name} limit of {shown}");
                errors.push(Invalid::invalid(&requests, quantity, detail));
            }
            Some(Ordering::Less) => {}
        }
    }
    if huge && !computes {
        errors.push(Invalid::forbidden(path, "HugePages require cpu or memory"));
    }
    let mut seen = BTreeSet::new();
    for (index, claim) in items(resources, "claims").iter().enumerate() {
        let path = path.child("claims").index(index);
        let (name, request) = (text(claim, "name"), text(claim, "request"));
        if name.is_empty() {
            errors.push(Invalid::required(path, ""));
            continue;
        }
        if !seen.insert((name, request)) || (!request.is_empty() && seen.contains(&(name, ""))) {
            errors.push(Invalid::duplicate(&path, &Value::from(name)));
        }
        if !claims.contains(name) {
            let mut error = Invalid::not_found(&path, &Value::from(name));
            error.detail = match claims.is_empty() {
                true => "must be one of the names in pod.spec.resourceClaims which is empty".to_owned(),
                false => {
                    let known: Vec<&str> = claims.iter().copied().collect();
                    format!("must be one of the names in pod.spec.resourceClaims: {}", known.join(", "))
                }
            };
            errors.push(error);
        }
    }
    errors
}

/// `resources` of a Pod as a whole.
pub(super) fn pod_level(spec: &Value, claims: &BTreeSet<&str>, path: &Path) -> Vec<Invalid> {
    let resources = at(spec, "resources");
    let mut errors = Vec::new();
    if at(resources, "claims").is_array() {
        errors.push(Invalid::forbidden(path.child("claims"), "claims cannot be set for Resources at pod-level"));
    }
    errors.extend(requirements(resources, claims, path));
    for list in ["limits", "requests"] {
        for (name, _) in entries(resources, list) {
            if !matches!(name, "cpu" | "memory") && !is_huge_pages(name) {
                let known = &["cpu", "memory"];
                errors.push(Invalid::not_supported(path.child(list).key(name), &Value::from(name), known));
            }
        }
    }
    for (index, container) in items(spec, "containers").iter().enumerate() {
        for (name, limit) in entries(at(container, "resources"), "limits") {
            let most = at(at(resources, "limits"), name);
            if compare(limit, most) == Some(Ordering::Greater) {
                let path = path.child("containers").index(index).key(name).child("limits");
                let detail =
                    format!("must be less than or equal to pod limits of {}", most.as_str().unwrap_or_default());
                errors.push(Invalid::invalid(path, limit, detail));
            }
        }
    }
    errors
}
