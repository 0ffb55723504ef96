//! What a server warns of in Pods and their templates.

use serde_json::Value;

/// Warnings for `spec.template` of a workload, if it is not as it was.
pub(super) fn of_template(_object: &Value, _old: Option<&Value>) -> Vec<String> {
    Vec::new()
}
