//! `policy/v1` PodDisruptionBudget.

use serde_json::{Value, json};

use super::labels::label_selector;
use super::metadata;
use super::workload::{as_printed, at_most_all, count_or_percent, counts, keep_spec};
use crate::invalid::{Invalid, Why};
use crate::object::{at, has, items, set};
use crate::path::Path;
use crate::registry::Behaviour;

/// PodDisruptionBudgets.
#[derive(Debug)]
pub(crate) struct PodDisruptionBudget;

impl Behaviour for PodDisruptionBudget {
    fn prepare_create(&self, object: &mut Value) {
        let status = json!({"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0});
        set(object, "status", status);
    }

    fn prepare_status(&self, object: &mut Value, old: &Value) {
        keep_spec(object, old);
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let (spec, path) = (at(object, "spec"), Path::new("spec"));
        let mut errors = Vec::new();
        if has(spec, "minAvailable") && has(spec, "maxUnavailable") {
            let fields = [
                ("MinAvailable", "minAvailable"),
                ("Selector", "selector"),
                ("MaxUnavailable", "maxUnavailable"),
                ("UnhealthyPodEvictionPolicy", "unhealthyPodEvictionPolicy"),
            ];
            let fields: Vec<String> =
                fields.iter().map(|(shown, field)| format!("\"{shown}\":{}", at(spec, field))).collect();
            let printed = format!("{{{}}}", fields.join(","));
            let detail = "minAvailable and maxUnavailable cannot be both set".to_owned();
            errors.push(as_printed(Why::Invalid, path.clone(), printed, detail));
        }
        for field in ["minAvailable", "maxUnavailable"].iter().filter(|field| has(spec, field)) {
            errors.extend(count_or_percent(at(spec, field), &path.child(field)));
            errors.extend(at_most_all(at(spec, field), &path.child(field)));
        }
        errors.extend(label_selector(at(spec, "selector"), &path.child("selector")));
        let policy = at(spec, "unhealthyPodEvictionPolicy");
        if policy.as_str().is_some_and(|policy| !matches!(policy, "AlwaysAllow" | "IfHealthyBudget")) {
            let known = &["AlwaysAllow", "IfHealthyBudget"];
            errors.push(Invalid::not_supported(path.child("unhealthyPodEvictionPolicy"), policy, known));
        }
        errors
    }

    fn validate_status(&self, object: &Value, _old: &Value) -> Vec<Invalid> {
        let status = at(object, "status");
        let mut errors = metadata::conditions(items(status, "conditions"), "status.conditions");
        let fields = ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"];
        errors.extend(counts(status, &fields, &[]));
        errors
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn has_status(&self) -> bool {
        true
    }
}
