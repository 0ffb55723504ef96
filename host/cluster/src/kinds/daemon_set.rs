//! `apps/v1` DaemonSet.

use serde_json::{Value, json};

use super::labels::{compiles, is_empty, label_selector, selects};
use super::pod_container::nonnegative;
use super::workload::{
    at_most_all, collisions, count_or_percent, counts, immutable, keep_spec, share, template, unknown_strategy,
};
use super::{pod_defaults, pod_warnings};
use crate::invalid::Invalid;
use crate::object::{at, default, has, int, keep, make, set, text};
use crate::path::Path;
use crate::registry::Behaviour;

/// DaemonSets.
#[derive(Debug)]
pub(crate) struct DaemonSet;

/// The annotation in which `apps/v1` keeps how often the template changed.
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

fn annotate(object: &mut Value, generation: i64) {
    if let Some(annotations) = make(object, "metadata").and_then(|metadata| make(metadata, "annotations")) {
        set(annotations, TEMPLATE_GENERATION, generation.to_string());
    }
}

impl Behaviour for DaemonSet {
    fn default(&self, object: &mut Value) {
        if !has(at(at(object, "metadata"), "annotations"), TEMPLATE_GENERATION) {
            annotate(object, 0); // The conversion to this version always writes it.
        }
        let Some(spec) = make(object, "spec") else { return };
        default(spec, "revisionHistoryLimit", 10);
        if let Some(template) = make(spec, "template") {
            pod_defaults::template(template);
        }
        let Some(strategy) = make(spec, "updateStrategy") else { return };
        default(strategy, "type", "RollingUpdate");
        if text(strategy, "type") == "RollingUpdate"
            && let Some(update) = make(strategy, "rollingUpdate")
        {
            default(update, "maxUnavailable", 1);
            default(update, "maxSurge", 0);
        }
    }

    fn prepare_create(&self, object: &mut Value) {
        let status = json!({
            "currentNumberScheduled": 0, "numberMisscheduled": 0, "desiredNumberScheduled": 0, "numberReady": 0,
        });
        set(object, "status", status);
        annotate(object, 1);
    }

    fn prepare_update(&self, object: &mut Value, old: &Value) {
        keep(object, old, "status");
        let before = text(at(at(old, "metadata"), "annotations"), TEMPLATE_GENERATION).parse().unwrap_or(0);
        let changed = at(at(object, "spec"), "template") != at(at(old, "spec"), "template");
        annotate(object, before + i64::from(changed));
    }

    fn prepare_status(&self, object: &mut Value, old: &Value) {
        keep_spec(object, old);
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let (spec, path) = (at(object, "spec"), Path::new("spec"));
        let selector = at(spec, "selector");
        let mut errors = label_selector(selector, &path.child("selector"));
        let labels = at(at(at(spec, "template"), "metadata"), "labels");
        if compiles(selector) && !selects(selector, labels) {
            let path = path.child("template").child("metadata").child("labels");
            errors.push(Invalid::invalid(path, labels, "`selector` does not match template `labels`"));
        }
        if is_empty(selector) {
            let detail = "empty selector is invalid for daemonset";
            errors.push(Invalid::invalid(path.child("selector"), selector, detail));
        }
        errors.extend(template(spec, "DaemonSet", &path));
        errors.extend(nonnegative(path.child("minReadySeconds"), int(spec, "minReadySeconds")));
        errors.extend(update_strategy(at(spec, "updateStrategy"), &path.child("updateStrategy")));
        errors.extend(nonnegative(path.child("revisionHistoryLimit"), int(spec, "revisionHistoryLimit")));
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        let mut errors = self.validate(object);
        errors.extend(immutable(object, old, &["spec", "selector"]));
        errors
    }

    fn validate_status(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        let fields = [
            "currentNumberScheduled",
            "numberMisscheduled",
            "desiredNumberScheduled",
            "numberReady",
            "observedGeneration",
            "updatedNumberScheduled",
            "numberAvailable",
            "numberUnavailable",
            "collisionCount",
        ];
        let mut errors = counts(at(object, "status"), &fields, &[]);
        errors.extend(collisions(object, old));
        errors
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        pod_warnings::of_template(object, old)
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn has_status(&self) -> bool {
        true
    }
}

fn update_strategy(strategy: &Value, path: &Path) -> Vec<Invalid> {
    let at_update = path.child("rollingUpdate");
    match text(strategy, "type") {
        "OnDelete" => Vec::new(),
        "RollingUpdate" if !has(strategy, "rollingUpdate") => vec![Invalid::required(at_update, "")],
        "RollingUpdate" => {
            let update = at(strategy, "rollingUpdate");
            let fields = ["maxUnavailable", "maxSurge"];
            let mut errors = Vec::new();
            for field in fields {
                errors.extend(count_or_percent(at(update, field), &at_update.child(field)));
            }
            for field in fields {
                errors.extend(at_most_all(at(update, field), &at_update.child(field)));
            }
            let [unavailable, surge] = fields.map(|field| share(at(update, field)) != 0);
            if unavailable && surge {
                let detail = "may not be set when maxUnavailable is non-zero";
                errors.push(Invalid::invalid(at_update.child("maxSurge"), at(update, "maxSurge"), detail));
            } else if !unavailable && !surge {
                let detail = "cannot be 0 when maxSurge is 0";
                errors.push(Invalid::required(at_update.child("maxUnavailable"), detail));
            }
            errors
        }
        _ => vec![unknown_strategy(strategy, &["RollingUpdate", "OnDelete"], path.clone())],
    }
}
