//! Leases.

use serde_json::{Value, json};

use super::field;
use super::labels::form;
use super::name;
use crate::invalid::Invalid;
use crate::path::Path;
use crate::registry::Behaviour;

/// `Lease`
#[derive(Debug)]
pub(crate) struct Lease;

impl Behaviour for Lease {
    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let spec = Path::new("spec");
        let number = |name: &str| object.pointer(&format!("/spec/{name}")).and_then(Value::as_i64);
        let mut errors = Vec::new();
        if let Some(seconds) = number("leaseDurationSeconds").filter(|seconds| *seconds <= 0) {
            let path = spec.child("leaseDurationSeconds");
            errors.push(Invalid::invalid(path, &json!(seconds), "must be greater than 0"));
        }
        if let Some(count) = number("leaseTransitions").filter(|count| *count < 0) {
            let path = spec.child("leaseTransitions");
            errors.push(Invalid::invalid(path, &json!(count), "must be greater than or equal to 0"));
        }
        let strategy = object.pointer("/spec/strategy").and_then(Value::as_str);
        if let Some(strategy) = strategy {
            // The field's name stands twice, as upstream has it.
            let path = spec.child("strategy").child("strategy");
            match strategy.contains('/') {
                true => errors.extend(form(&path, strategy, name::qualified_name)),
                false if strategy != "OldestEmulationVersion" => {
                    errors.push(Invalid::not_supported(path, &json!(strategy), &["OldestEmulationVersion"]));
                }
                false => {}
            }
        }
        if !field::text(object, "/spec/preferredHolder").is_empty() && strategy.unwrap_or_default().is_empty() {
            let detail = "may only be specified if `strategy` is defined";
            errors.push(Invalid::forbidden(spec.child("preferredHolder"), detail));
        }
        errors
    }

    fn creates_on_update(&self) -> bool {
        true
    }

    fn updates_unconditionally(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leases() {
        let lease = json!({"spec": {"leaseDurationSeconds": 0, "leaseTransitions": -1, "preferredHolder": "a"}});
        let said: Vec<String> = Lease.validate(&lease).iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
                "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0",
                "spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined",
            ]
        );
    }
}
