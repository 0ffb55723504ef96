//! `scheduling.k8s.io/v1` PriorityClass.

use serde_json::Value;

use crate::invalid::Invalid;
use crate::object::{at, default, flag, has, int, make, set, text};
use crate::path::Path;
use crate::registry::Behaviour;

/// PriorityClasses.
#[derive(Debug)]
pub(crate) struct PriorityClass;

/// The highest priority that is not the system's.
const HIGHEST: i64 = 1_000_000_000;

/// Why a name that is kept for the system is not that of one of its classes, if it is not.
fn not_the_systems(object: &Value) -> Option<String> {
    let name = text(at(object, "metadata"), "name");
    let expect = match name {
        "system-node-critical" => 2_000_001_000,
        "system-cluster-critical" => 2_000_000_000,
        _ => return Some(format!("{name} is not a known system priority class")),
    };
    if int(object, "value").unwrap_or_default() != expect {
        return Some(format!("value of {name} PriorityClass must be {expect}"));
    }
    flag(object, "globalDefault").then(|| format!("globalDefault of {name} PriorityClass must be false"))
}

impl Behaviour for PriorityClass {
    fn default(&self, object: &mut Value) {
        default(object, "preemptionPolicy", "PreemptLowerPriority");
    }

    fn prepare_create(&self, object: &mut Value) {
        // Counted once, and not raised by changes.
        if let Some(metadata) = make(object, "metadata") {
            set(metadata, "generation", 1);
        }
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let mut errors = Vec::new();
        if text(at(object, "metadata"), "name").starts_with("system-") {
            if let Some(why) = not_the_systems(object) {
                let detail = format!(
                    "priority class names with 'system-' prefix are reserved for system use only. error: {why}"
                );
                errors.push(Invalid::forbidden("metadata.name", detail));
            }
        } else if int(object, "value").unwrap_or_default() > HIGHEST {
            let detail = format!("maximum allowed value of a user defined priority is {HIGHEST}");
            errors.push(Invalid::forbidden("value", detail));
        }
        match text(object, "preemptionPolicy") {
            "" if has(object, "preemptionPolicy") => errors.push(Invalid::required("preemptionPolicy", "")),
            "" | "PreemptLowerPriority" | "Never" => {}
            _ => {
                let known = &["PreemptLowerPriority", "Never"];
                errors.push(Invalid::not_supported("preemptionPolicy", at(object, "preemptionPolicy"), known));
            }
        }
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        let mut errors = Vec::new();
        if int(object, "value").unwrap_or_default() != int(old, "value").unwrap_or_default() {
            errors.push(Invalid::forbidden("value", "may not be changed in an update."));
        }
        if at(object, "preemptionPolicy") != at(old, "preemptionPolicy") {
            let path = Path::new("preemptionPolicy");
            errors.push(Invalid::invalid(path, at(object, "preemptionPolicy"), "field is immutable"));
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn priorities_are_bounded() {
        let cases = [
            (json!({"metadata": {"name": "a"}, "value": 5}), ""),
            (
                json!({"metadata": {"name": "a"}, "value": 1_000_000_001}),
                "value: Forbidden: maximum allowed value of a user defined priority is 1000000000",
            ),
            (
                json!({"metadata": {"name": "system-a"}, "value": 5}),
                "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. \
                 error: system-a is not a known system priority class",
            ),
            (json!({"metadata": {"name": "system-node-critical"}, "value": 2_000_001_000}), ""),
        ];
        for (object, expect) in cases {
            let said: Vec<String> = PriorityClass.validate(&object).iter().map(ToString::to_string).collect();
            assert_eq!(said.join("; "), expect, "{object}");
        }
    }
}
