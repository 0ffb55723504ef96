//! `v1` PodTemplate.

use serde_json::Value;

use super::{pod_defaults, pod_spec, pod_warnings};
use crate::invalid::Invalid;
use crate::object::{at, make};
use crate::path::Path;
use crate::registry::Behaviour;

/// PodTemplates.
#[derive(Debug)]
pub(crate) struct PodTemplate;

impl Behaviour for PodTemplate {
    fn default(&self, object: &mut Value) {
        if let Some(template) = make(object, "template") {
            pod_defaults::template(template);
        }
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        pod_spec::template(at(object, "template"), &Path::new("template"))
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        pod_warnings::warnings(at(object, "template"), &Path::new("template"))
    }

    fn has_generation(&self) -> bool {
        true
    }
}
