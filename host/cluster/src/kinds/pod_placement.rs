//! Where a Pod may run: tolerations, affinities, spreading.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::labels::{form, label_selector};
use super::name;
use crate::invalid::Invalid;
use crate::object::{at, entries, existing, has, int, items, items_mut, set, text};
use crate::path::Path;

/// `tolerations`.
pub(super) fn tolerations(tolerations: &[Value], path: &Path) -> Vec<Invalid> {
    let mut errors = Vec::new();
    for (index, toleration) in tolerations.iter().enumerate() {
        let path = path.index(index);
        let (key, operator) = (text(toleration, "key"), text(toleration, "operator"));
        let (value, effect) = (text(toleration, "value"), text(toleration, "effect"));
        if !key.is_empty() {
            errors.extend(form(&path.child("key"), key, name::qualified_name));
        } else if operator != "Exists" {
            let detail = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
            errors.push(Invalid::invalid(path.child("operator"), &Value::from(operator), detail));
        }
        if has(toleration, "tolerationSeconds") && effect != "NoExecute" {
            let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            errors.push(Invalid::invalid(path.child("effect"), &Value::from(effect), detail));
        }
        match operator {
            "Equal" | "" => {
                let wrong = name::label_value(value);
                if !wrong.is_empty() {
                    errors.push(Invalid::invalid(path.child("operator"), &Value::from(value), wrong.join(";")));
                }
            }
            "Exists" => {
                if !value.is_empty() {
                    let detail = "value must be empty when `operator` is 'Exists'";
                    errors.push(Invalid::invalid(path.child("operator"), &Value::from(value), detail));
                }
            }
            _ => {
                let known = &["Equal", "Exists"];
                errors.push(Invalid::not_supported(path.child("operator"), &Value::from(operator), known));
            }
        }
        if !matches!(effect, "" | "NoSchedule" | "PreferNoSchedule" | "NoExecute") {
            let known = &["NoSchedule", "PreferNoSchedule", "NoExecute"];
            errors.push(Invalid::not_supported(path.child("effect"), &Value::from(effect), known));
        }
    }
    errors
}

/// `affinity`.
pub(super) fn affinity(affinity: &Value, path: &Path) -> Vec<Invalid> {
    const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
    const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
    let mut errors = Vec::new();
    let nodes = at(affinity, "nodeAffinity");
    let at_nodes = path.child("nodeAffinity");
    if has(nodes, REQUIRED) {
        errors.extend(node_selector(at(nodes, REQUIRED), &at_nodes.child(REQUIRED)));
    }
    for (index, term) in items(nodes, PREFERRED).iter().enumerate() {
        let path = at_nodes.child(PREFERRED).index(index);
        weight(term, &path, &mut errors);
        node_selector_term(at(term, "preference"), false, &path.child("preference"), &mut errors);
    }
    for kind in ["podAffinity", "podAntiAffinity"] {
        let (pods, path) = (at(affinity, kind), path.child(kind));
        for (index, term) in items(pods, REQUIRED).iter().enumerate() {
            pod_term(term, &path.child(REQUIRED).index(index), &mut errors);
        }
        for (index, term) in items(pods, PREFERRED).iter().enumerate() {
            let path = path.child(PREFERRED).index(index);
            weight(term, &path, &mut errors);
            pod_term(at(term, "podAffinityTerm"), &path.child("podAffinityTerm"), &mut errors);
        }
    }
    errors
}

fn weight(term: &Value, path: &Path, errors: &mut Vec<Invalid>) {
    let weight = int(term, "weight").unwrap_or_default();
    if !(1..=100).contains(&weight) {
        errors.push(Invalid::invalid(path.child("weight"), &Value::from(weight), "must be in the range 1-100"));
    }
}

/// `NodeSelector`, of Pods and of volumes.
pub(crate) fn node_selector(selector: &Value, path: &Path) -> Vec<Invalid> {
    let path = path.child("nodeSelectorTerms");
    let terms = items(selector, "nodeSelectorTerms");
    if terms.is_empty() {
        return vec![Invalid::required(path, "must have at least one node selector term")];
    }
    let mut errors = Vec::new();
    for (index, term) in terms.iter().enumerate() {
        node_selector_term(term, true, &path.index(index), &mut errors);
    }
    errors
}

/// One term; the values of what is only preferred are not looked at (`strict`).
fn node_selector_term(term: &Value, strict: bool, path: &Path, errors: &mut Vec<Invalid>) {
    for (index, requirement) in items(term, "matchExpressions").iter().enumerate() {
        let path = path.child("matchExpressions").index(index);
        let values = items(requirement, "values");
        match text(requirement, "operator") {
            "In" | "NotIn" if values.is_empty() => {
                let detail = "must be specified when `operator` is 'In' or 'NotIn'";
                errors.push(Invalid::required(path.child("values"), detail));
            }
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                errors.push(Invalid::forbidden(path.child("values"), detail));
            }
            "Gt" | "Lt" if values.len() != 1 => {
                let detail = "must be specified single value when `operator` is 'Lt' or 'Gt'";
                errors.push(Invalid::required(path.child("values"), detail));
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
            operator => {
                let operator = Value::from(operator);
                errors.push(Invalid::invalid(path.child("operator"), &operator, "not a valid selector operator"));
            }
        }
        errors.extend(form(&path.child("key"), text(requirement, "key"), name::qualified_name));
        for (index, value) in values.iter().enumerate().filter(|_| strict) {
            let path = path.child("values").index(index);
            errors.extend(form(&path, value.as_str().unwrap_or_default(), name::label_value));
        }
    }
    for (index, requirement) in items(term, "matchFields").iter().enumerate() {
        let path = path.child("matchFields").index(index);
        let values = items(requirement, "values");
        match text(requirement, "operator") {
            "In" | "NotIn" if values.len() != 1 => {
                let detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
                errors.push(Invalid::required(path.child("values"), detail));
            }
            "In" | "NotIn" => {}
            operator => {
                let operator = Value::from(operator);
                errors.push(Invalid::invalid(path.child("operator"), &operator, "not a valid selector operator"));
            }
        }
        match text(requirement, "key") {
            "metadata.name" => {
                for (index, value) in values.iter().enumerate() {
                    let path = path.child("values").index(index);
                    errors.extend(form(&path, value.as_str().unwrap_or_default(), name::subdomain));
                }
            }
            key => {
                let key = Value::from(key);
                errors.push(Invalid::invalid(path.child("key"), &key, "not a valid field selector key"));
            }
        }
    }
}

fn pod_term(term: &Value, path: &Path, errors: &mut Vec<Invalid>) {
    let selector = at(term, "labelSelector");
    errors.extend(label_selector(selector, &path.child("labelSelector")));
    errors.extend(label_selector(at(term, "namespaceSelector"), &path.child("namespaceSelector")));
    for namespace in items(term, "namespaces") {
        errors.extend(form(&path.child("namespace"), namespace.as_str().unwrap_or_default(), name::label));
    }
    for list in ["matchLabelKeys", "mismatchLabelKeys"] {
        let keys = items(term, list);
        if !keys.is_empty() && selector.is_null() {
            let detail = "must not be specified when labelSelector is not set";
            errors.push(Invalid::forbidden(path.child(list), detail));
            continue;
        }
        for (index, key) in keys.iter().enumerate() {
            let path = path.child(list).index(index);
            errors.extend(form(&path, key.as_str().unwrap_or_default(), name::qualified_name));
        }
    }
    let mismatch = items(term, "mismatchLabelKeys");
    for (index, key) in items(term, "matchLabelKeys").iter().enumerate().filter(|(_, key)| mismatch.contains(key)) {
        let detail = "exists in both matchLabelKeys and mismatchLabelKeys";
        errors.push(Invalid::invalid(path.child("matchLabelKeys").index(index), key, detail));
    }
    let topology = text(term, "topologyKey");
    if topology.is_empty() {
        errors.push(Invalid::required(path.child("topologyKey"), "can not be empty"));
    }
    errors.extend(form(&path.child("topologyKey"), topology, name::qualified_name));
}

/// `topologySpreadConstraints`.
pub(super) fn spread(constraints: &[Value], path: &Path) -> Vec<Invalid> {
    const POSITIVE: &str = "must be greater than zero";
    let mut errors = Vec::new();
    for (index, constraint) in constraints.iter().enumerate() {
        let path = path.index(index);
        let skew = int(constraint, "maxSkew").unwrap_or_default();
        if skew <= 0 {
            errors.push(Invalid::invalid(path.child("maxSkew"), &Value::from(skew), POSITIVE));
        }
        let (key, action) = (text(constraint, "topologyKey"), text(constraint, "whenUnsatisfiable"));
        if key.is_empty() {
            errors.push(Invalid::required(path.child("topologyKey"), "can not be empty"));
        }
        if !matches!(action, "DoNotSchedule" | "ScheduleAnyway") {
            let known = &["DoNotSchedule", "ScheduleAnyway"];
            errors.push(Invalid::not_supported(path.child("whenUnsatisfiable"), &Value::from(action), known));
        }
        let same = |other: &Value| text(other, "topologyKey") == key && text(other, "whenUnsatisfiable") == action;
        if constraints.iter().skip(index + 1).any(same) {
            let path = path.child("{topologyKey, whenUnsatisfiable}");
            errors.push(Invalid::duplicate(path, &Value::from(format!("{{{key}, {action}}}"))));
        }
        if let Some(least) = int(constraint, "minDomains") {
            let path = path.child("minDomains");
            if least <= 0 {
                errors.push(Invalid::invalid(&path, &Value::from(least), POSITIVE));
            }
            if action != "DoNotSchedule" {
                let detail = format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}");
                errors.push(Invalid::invalid(&path, &Value::from(least), detail));
            }
        }
        for field in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
            let policy = at(constraint, field);
            if policy.as_str().is_some_and(|policy| !matches!(policy, "Honor" | "Ignore")) {
                errors.push(Invalid::not_supported(path.child(field), policy, &["Honor", "Ignore"]));
            }
        }
        let selector = at(constraint, "labelSelector");
        match_label_keys(items(constraint, "matchLabelKeys"), selector, &path.child("matchLabelKeys"), &mut errors);
        errors.extend(label_selector(selector, &path.child("labelSelector")));
    }
    errors
}

/// Takes the values that a new Pod's own labels have into the selectors that ask for them by key.
pub(super) fn merge_label_keys(pod: &mut Value) {
    let labels = at(at(pod, "metadata"), "labels").clone();
    let Some(spec) = existing(pod, "spec") else { return };
    for constraint in items_mut(spec, "topologySpreadConstraints") {
        merge_keys(constraint, &labels);
    }
    let Some(affinity) = existing(spec, "affinity") else { return };
    for kind in ["podAffinity", "podAntiAffinity"] {
        let Some(pods) = existing(affinity, kind) else { continue };
        for term in items_mut(pods, "preferredDuringSchedulingIgnoredDuringExecution") {
            if let Some(term) = existing(term, "podAffinityTerm") {
                merge_keys(term, &labels);
            }
        }
        for term in items_mut(pods, "requiredDuringSchedulingIgnoredDuringExecution") {
            merge_keys(term, &labels);
        }
    }
}

fn merge_keys(holder: &mut Value, labels: &Value) {
    let mut added = Vec::new();
    for (list, operator) in [("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")] {
        for key in items(holder, list).iter().filter_map(Value::as_str).filter(|key| has(labels, key)) {
            added.push(json!({"key": key, "operator": operator, "values": [at(labels, key)]}));
        }
    }
    if let (false, Some(selector)) = (added.is_empty(), existing(holder, "labelSelector")) {
        let mut expressions = items(selector, "matchExpressions").to_vec();
        expressions.append(&mut added);
        set(selector, "matchExpressions", expressions);
    }
}

fn match_label_keys(keys: &[Value], selector: &Value, path: &Path, errors: &mut Vec<Invalid>) {
    if keys.is_empty() {
        return;
    }
    if selector.is_null() {
        errors.push(Invalid::forbidden(path, "must not be specified when labelSelector is not set"));
    }
    let selected: BTreeSet<&str> = entries(selector, "matchLabels")
        .map(|(key, _)| key)
        .chain(items(selector, "matchExpressions").iter().map(|it| text(it, "key")))
        .collect();
    for (index, key) in keys.iter().enumerate() {
        let path = path.index(index);
        let shown = key.as_str().unwrap_or_default();
        errors.extend(form(&path, shown, name::qualified_name));
        if selected.contains(shown) {
            errors.push(Invalid::invalid(path, key, "exists in both matchLabelKeys and labelSelector"));
        }
    }
}
