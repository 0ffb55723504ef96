//! `apps/v1` ControllerRevision.

use serde_json::Value;

use super::pod_container::nonnegative;
use super::workload::immutable;
use crate::invalid::Invalid;
use crate::object::{has, int};
use crate::path::Path;
use crate::registry::Behaviour;

/// ControllerRevisions.
#[derive(Debug)]
pub(crate) struct ControllerRevision;

impl Behaviour for ControllerRevision {
    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let mut errors = Vec::new();
        if !has(object, "data") {
            errors.push(Invalid::required("data", "data is mandatory"));
        }
        errors.extend(nonnegative(Path::new("revision"), int(object, "revision")));
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        let mut errors = self.validate(object);
        errors.extend(immutable(object, old, &["data"]));
        errors
    }
}
