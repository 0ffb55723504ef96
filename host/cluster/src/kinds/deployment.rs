//! `apps/v1` Deployment.

use serde_json::{Value, json};

use super::pod_container::nonnegative;
use super::workload::{
    at_most_all, collisions, count_or_percent, counts, immutable, keep_spec, replicated, share, unknown_strategy,
};
use super::{pod_defaults, pod_warnings};
use crate::invalid::Invalid;
use crate::object::{at, default, has, int, keep, make, set, text};
use crate::path::Path;
use crate::registry::Behaviour;

/// Deployments.
#[derive(Debug)]
pub(crate) struct Deployment;

impl Behaviour for Deployment {
    fn default(&self, object: &mut Value) {
        let Some(spec) = make(object, "spec") else { return };
        if let Some(template) = make(spec, "template") {
            pod_defaults::template(template);
        }
        default(spec, "replicas", 1);
        default(spec, "revisionHistoryLimit", 10);
        default(spec, "progressDeadlineSeconds", 600);
        let Some(strategy) = make(spec, "strategy") else { return };
        default(strategy, "type", "RollingUpdate");
        if text(strategy, "type") == "RollingUpdate"
            && let Some(update) = make(strategy, "rollingUpdate")
        {
            default(update, "maxUnavailable", "25%");
            default(update, "maxSurge", "25%");
        }
    }

    fn prepare_create(&self, object: &mut Value) {
        set(object, "status", json!({}));
    }

    fn prepare_status(&self, object: &mut Value, old: &Value) {
        keep_spec(object, old);
        if let Some(metadata) = make(object, "metadata") {
            keep(metadata, at(old, "metadata"), "labels");
        }
    }

    fn counts_as_change(&self, object: &Value, old: &Value) -> bool {
        // Annotations are copied to the ReplicaSets.
        let annotations = |object| at(at(object, "metadata"), "annotations");
        annotations(object) != annotations(old)
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        validate(at(object, "spec"))
    }

    fn validate_update(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        let mut errors = self.validate(object);
        errors.extend(immutable(object, old, &["spec", "selector"]));
        errors
    }

    fn validate_status(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        const MORE: &str = "cannot be greater than status.replicas";
        let fields = [
            "observedGeneration",
            "replicas",
            "updatedReplicas",
            "readyReplicas",
            "availableReplicas",
            "unavailableReplicas",
            "collisionCount",
        ];
        let order = [
            ("updatedReplicas", "replicas", MORE),
            ("readyReplicas", "replicas", MORE),
            ("availableReplicas", "replicas", MORE),
            ("availableReplicas", "readyReplicas", "cannot be greater than readyReplicas"),
        ];
        let mut errors = counts(at(object, "status"), &fields, &order);
        errors.extend(collisions(object, old));
        errors
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let mut warnings: Vec<String> = Vec::new();
        if old.is_none() {
            warnings.extend(pod_warnings::of_name(object));
        }
        warnings.extend(pod_warnings::of_template(object, old));
        warnings
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn has_status(&self) -> bool {
        true
    }
}

fn validate(spec: &Value) -> Vec<Invalid> {
    let path = Path::new("spec");
    let mut errors: Vec<Invalid> = nonnegative(path.child("replicas"), int(spec, "replicas")).into_iter().collect();
    errors.extend(replicated(spec, &path));
    errors.extend(strategy(at(spec, "strategy"), &path.child("strategy")));
    for field in ["minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"] {
        errors.extend(nonnegative(path.child(field), int(spec, field)));
    }
    let deadline = int(spec, "progressDeadlineSeconds");
    if deadline.is_some_and(|deadline| deadline <= int(spec, "minReadySeconds").unwrap_or_default()) {
        let path = path.child("progressDeadlineSeconds");
        let detail = "must be greater than minReadySeconds";
        errors.push(Invalid::invalid(path, at(spec, "progressDeadlineSeconds"), detail));
    }
    errors
}

fn strategy(strategy: &Value, path: &Path) -> Vec<Invalid> {
    let update = at(strategy, "rollingUpdate");
    let at_update = path.child("rollingUpdate");
    match text(strategy, "type") {
        "Recreate" => match has(strategy, "rollingUpdate") {
            false => Vec::new(),
            true => {
                let detail = "may not be specified when strategy `type` is 'Recreate'";
                vec![Invalid::forbidden(at_update, detail)]
            }
        },
        "RollingUpdate" => {
            let mut errors = Vec::new();
            for field in ["maxUnavailable", "maxSurge"] {
                errors.extend(count_or_percent(at(update, field), &at_update.child(field)));
            }
            let unavailable = at(update, "maxUnavailable");
            let path = at_update.child("maxUnavailable");
            if share(unavailable) == 0 && share(at(update, "maxSurge")) == 0 {
                errors.push(Invalid::invalid(&path, unavailable, "may not be 0 when `maxSurge` is 0"));
            }
            errors.extend(at_most_all(unavailable, &path));
            errors
        }
        _ => vec![unknown_strategy(strategy, &["Recreate", "RollingUpdate"], path.clone())],
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::needless_pass_by_value)] // Values are written in place.

    use super::*;

    fn said(errors: &[Invalid]) -> Vec<String> {
        errors.iter().map(ToString::to_string).collect()
    }

    fn made(spec: Value) -> Value {
        let mut object = json!({"metadata": {"name": "a"}, "spec": spec});
        Deployment.default(&mut object);
        object
    }

    fn web(more: Value) -> Value {
        let mut spec = json!({
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}},
        });
        for (field, value) in more.as_object().unwrap() {
            spec[field] = value.clone();
        }
        made(spec)
    }

    #[test]
    fn defaults_are_filled_in() {
        let object = web(json!({}));
        let spec = &object["spec"];
        assert_eq!(spec["replicas"], 1);
        assert_eq!(spec["revisionHistoryLimit"], 10);
        assert_eq!(spec["progressDeadlineSeconds"], 600);
        let rolling = json!({"maxUnavailable": "25%", "maxSurge": "25%"});
        assert_eq!(spec["strategy"], json!({"type": "RollingUpdate", "rollingUpdate": rolling}));
        let recreate = web(json!({"strategy": {"type": "Recreate"}}));
        assert_eq!(recreate["spec"]["strategy"], json!({"type": "Recreate"}));
        assert_eq!(said(&Deployment.validate(&object)), Vec::<String>::new());
        assert_eq!(said(&Deployment.validate(&recreate)), Vec::<String>::new());
    }

    #[test]
    fn refusals_are_upstreams() {
        let cases = [
            (
                made(json!({})),
                vec![
                    "spec.selector: Required value",
                    "spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`",
                    "spec.template.spec.containers: Required value",
                ],
            ),
            (
                web(json!({"selector": {"matchLabels": {"app": "z"}}})),
                vec![
                    "spec.template.metadata.labels: Invalid value: {\"app\":\"web\"}: `selector` does not match template \
                     `labels`",
                ],
            ),
            (
                web(json!({"selector": {}})),
                vec!["spec.selector: Invalid value: {}: empty selector is invalid for deployment"],
            ),
            (
                web(json!({"replicas": -1, "strategy": {"type": "Canary"}})),
                vec![
                    "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
                    "spec.strategy: Unsupported value: {\"Type\":\"Canary\",\"RollingUpdate\":null}: supported values: \
                     \"Recreate\", \"RollingUpdate\"",
                ],
            ),
            (
                web(json!({"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "0%"}}})),
                vec![
                    "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"0%\": may not be 0 when `maxSurge` is 0",
                ],
            ),
            (
                web(json!({"strategy": {"type": "Recreate", "rollingUpdate": {}}})),
                vec!["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
            ),
            (
                web(json!({"minReadySeconds": 600})),
                vec!["spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds"],
            ),
            (
                web(json!({"template": {"metadata": {"labels": {"app": "web"}}, "spec": {
                    "restartPolicy": "Never", "activeDeadlineSeconds": 5,
                    "containers": [{"name": "C", "image": "i", "ports": [{"containerPort": 70000}],
                        "env": [{"name": "A=B"}], "volumeMounts": [{"name": "v", "mountPath": "/v"}],
                        "resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "2", "gpu": "1"}}}],
                }}})),
                vec![
                    "spec.template.spec.containers[0].name: Invalid value: \"C\": a lowercase RFC 1123 label must consist \
                     of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character \
                     (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
                    "spec.template.spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and \
                     65535, inclusive",
                    "spec.template.spec.containers[0].env[0].name: Invalid value: \"A=B\": a valid environment variable \
                     name must consist only of printable ASCII characters other than '='",
                    "spec.template.spec.containers[0].volumeMounts[0].name: Not found: \"v\"",
                    "spec.template.spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal \
                     to cpu limit of 1",
                    "spec.template.spec.containers[0].resources.requests[gpu]: Invalid value: \"gpu\": must be a standard \
                     resource type or fully qualified",
                    "spec.template.spec.containers[0].resources.requests[gpu]: Invalid value: \"gpu\": must be a standard \
                     resource for containers",
                    "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\"",
                    "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not \
                     Supported",
                ],
            ),
        ];
        for (object, expect) in cases {
            assert_eq!(said(&Deployment.validate(&object)), expect, "{object}");
        }
    }

    #[test]
    fn selectors_do_not_change() {
        let old = web(json!({}));
        let new = web(json!({
            "selector": {"matchLabels": {"app": "q"}},
            "template": {"metadata": {"labels": {"app": "q"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}},
        }));
        let expect = "spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"q\"}}: field is immutable";
        assert_eq!(said(&Deployment.validate_update(&new, &old)), [expect]);
    }
}
