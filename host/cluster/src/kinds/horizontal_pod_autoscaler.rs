//! HorizontalPodAutoscaler: `autoscaling/v2` is stored, `autoscaling/v1` converted.

use serde_json::{Value, json};

use super::horizontal_pod_autoscaler_v1 as v1;
use super::labels::form;
use super::workload::{counts, keep_spec};
use super::{name, pod_resources};
use crate::invalid::{Invalid, Why};
use crate::object::{at, default, existing, has, int, items, make, set, text};
use crate::path::Path;
use crate::quantity::Quantity;
use crate::registry::Behaviour;

/// HorizontalPodAutoscalers.
#[derive(Debug)]
pub(crate) struct HorizontalPodAutoscaler;

impl Behaviour for HorizontalPodAutoscaler {
    fn default(&self, object: &mut Value) {
        let is_v1 = text(object, "apiVersion") == "autoscaling/v1";
        let Some(spec) = make(object, "spec") else { return };
        default(spec, "minReplicas", 1);
        if is_v1 {
            return; // Its share of the processor is a default of the conversion, which sees the other metrics.
        }
        if items(spec, "metrics").is_empty() {
            set(spec, "metrics", json!([v1::cpu(80)]));
        }
        if let Some(behavior) = existing(spec, "behavior") {
            let up = json!([
                {"type": "Pods", "value": 4, "periodSeconds": 15}, {"type": "Percent", "value": 100, "periodSeconds": 15},
            ]);
            rules(behavior, "scaleUp", up, Some(0));
            rules(behavior, "scaleDown", json!([{"type": "Percent", "value": 100, "periodSeconds": 15}]), None);
        }
    }

    fn prepare_create(&self, object: &mut Value) {
        set(object, "status", json!({"currentMetrics": null, "desiredReplicas": 0}));
    }

    fn prepare_status(&self, object: &mut Value, old: &Value) {
        keep_spec(object, old);
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        validate(at(object, "spec"), 1, true)
    }

    fn validate_update(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        let (spec, before) = (at(object, "spec"), at(old, "spec"));
        let least = i64::from(int(before, "minReplicas") != Some(0));
        let target = |spec, field| at(at(spec, "scaleTargetRef"), field);
        let other = ["apiVersion", "kind"].iter().any(|field| target(spec, field) != target(before, field));
        validate(spec, least, other)
    }

    fn validate_status(&self, object: &Value, _old: &Value) -> Vec<Invalid> {
        counts(at(object, "status"), &["currentReplicas", "desiredReplicas"], &[])
    }

    fn has_status(&self) -> bool {
        true
    }

    fn to_stored(&self, object: &mut Value, version: &str) {
        if version == "v1" {
            v1::to_v2(object);
        }
    }

    fn from_stored(&self, object: &mut Value, version: &str) {
        if version == "v1" {
            v1::from_v2(object);
        }
    }
}

/// Fills in what rules of one direction do not say.
fn rules(behavior: &mut Value, direction: &str, policies: Value, window: Option<i64>) {
    let Some(rules) = make(behavior, direction) else { return };
    default(rules, "selectPolicy", "Max");
    if !has(rules, "policies") {
        set(rules, "policies", policies);
    }
    if let Some(window) = window {
        default(rules, "stabilizationWindowSeconds", window);
    }
}

/// `strict` also looks at the version of what is to be scaled, which servers once did not.
fn validate(spec: &Value, least: i64, strict: bool) -> Vec<Invalid> {
    let path = Path::new("spec");
    let (min, max) = (int(spec, "minReplicas"), int(spec, "maxReplicas").unwrap_or_default());
    let mut errors = Vec::new();
    if let Some(min) = min.filter(|min| *min < least) {
        let detail = format!("must be greater than or equal to {least}");
        errors.push(Invalid::invalid(path.child("minReplicas"), &Value::from(min), detail));
    }
    match max {
        0 => errors.push(Invalid::required(path.child("maxReplicas"), "must be set and greater than 0")),
        ..0 => {
            let detail = "must be greater than or equal to 1";
            errors.push(Invalid::invalid(path.child("maxReplicas"), &Value::from(max), detail));
        }
        _ => {}
    }
    if min.is_some_and(|min| max < min) {
        let detail = "must be greater than or equal to `minReplicas`";
        errors.push(Invalid::invalid(path.child("maxReplicas"), &Value::from(max), detail));
    }
    reference(at(spec, "scaleTargetRef"), &path.child("scaleTargetRef"), &mut errors);
    errors.extend(api_version(spec).filter(|_| strict));
    let path_of_metrics = path.child("metrics");
    for (index, metric) in items(spec, "metrics").iter().enumerate() {
        self::metric(metric, &path_of_metrics.index(index), &mut errors);
    }
    let from_outside = |metric: &Value| matches!(text(metric, "type"), "Object" | "External");
    if min == Some(0) && !items(spec, "metrics").iter().any(from_outside) {
        let detail = "must specify at least one Object or External metric to support scaling to zero replicas";
        errors.push(Invalid::forbidden(path_of_metrics, detail));
    }
    for direction in ["scaleUp", "scaleDown"] {
        let rules = at(at(spec, "behavior"), direction);
        if !rules.is_null() {
            scaling_rules(rules, &path.child("behavior").child(direction), &mut errors);
        }
    }
    errors
}

fn reference(reference: &Value, path: &Path, errors: &mut Vec<Invalid>) {
    for field in ["kind", "name"] {
        match text(reference, field) {
            "" => errors.push(Invalid::required(path.child(field), "")),
            value => errors.extend(form(&path.child(field), value, name::path_segment)),
        }
    }
}

/// What is to be scaled has a group, but for the one kind of the core.
fn api_version(spec: &Value) -> Option<Invalid> {
    let target = at(spec, "scaleTargetRef");
    let version = text(target, "apiVersion");
    let detail = match version.split('/').collect::<Vec<_>>().as_slice() {
        [_] | ["", _] if text(target, "kind") != "ReplicationController" => {
            "apiVersion must specify API group".to_owned()
        }
        [_] | [_, _] => return None,
        _ => format!("unexpected GroupVersion string: {version}"),
    };
    Some(Invalid::invalid("spec.scaleTargetRef.apiVersion", &Value::from(version), detail))
}

fn scaling_rules(rules: &Value, path: &Path, errors: &mut Vec<Invalid>) {
    if let Some(window) = int(rules, "stabilizationWindowSeconds") {
        let path = path.child("stabilizationWindowSeconds");
        if window < 0 {
            let detail = "must be greater than or equal to zero";
            errors.push(Invalid::invalid(&path, &Value::from(window), detail));
        }
        if window > 3600 {
            errors.push(Invalid::invalid(&path, &Value::from(window), "must be less than or equal to 3600"));
        }
    }
    let tolerance = at(rules, "tolerance");
    if tolerance.as_str().and_then(|it| Quantity::parse(it).ok()).is_some_and(|it| it.is_negative()) {
        errors.push(Invalid::invalid(path.child("tolerance"), tolerance, "must be greater than or equal to 0"));
    }
    let select = at(rules, "selectPolicy");
    if select.as_str().is_some_and(|select| !matches!(select, "Max" | "Min" | "Disabled")) {
        errors.push(Invalid::not_supported(path.child("selectPolicy"), select, &["Disabled", "Max", "Min"]));
    }
    let policies = items(rules, "policies");
    if policies.is_empty() {
        errors.push(Invalid::required(path.child("policies"), "must specify at least one Policy"));
    }
    for (index, policy) in policies.iter().enumerate() {
        let path = path.child("policies").index(index);
        if !matches!(text(policy, "type"), "Pods" | "Percent") {
            let kind = Value::from(text(policy, "type"));
            errors.push(Invalid::not_supported(path.child("type"), &kind, &["Percent", "Pods"]));
        }
        for field in ["value", "periodSeconds"] {
            let number = int(policy, field).unwrap_or_default();
            if number <= 0 {
                let detail = "must be greater than zero";
                errors.push(Invalid::invalid(path.child(field), &Value::from(number), detail));
            }
            if field == "periodSeconds" && number > 1800 {
                let detail = "must be less than or equal to 1800";
                errors.push(Invalid::invalid(path.child(field), &Value::from(number), detail));
            }
        }
    }
}

/// Kinds of metrics with their fields, in the order in which they are looked at.
const SOURCES: &[(&str, &str)] = &[
    ("Object", "object"),
    ("External", "external"),
    ("Pods", "pods"),
    ("Resource", "resource"),
    ("ContainerResource", "containerResource"),
];

fn metric(metric: &Value, path: &Path, errors: &mut Vec<Invalid>) {
    const TYPES: &[&str] = &["ContainerResource", "External", "Object", "Pods", "Resource"];
    let kind = text(metric, "type");
    if kind.is_empty() {
        errors.push(Invalid::required(path.child("type"), "must specify a metric source type"));
    }
    if !TYPES.contains(&kind) {
        errors.push(Invalid::not_supported(path.child("type"), &Value::from(kind), TYPES));
    }
    let present: Vec<&str> = SOURCES.iter().map(|(_, field)| *field).filter(|field| has(metric, field)).collect();
    if let Some(first) = present.first() {
        source(first, at(metric, first), &path.child(first), errors);
    }
    let expected = SOURCES.iter().find(|(known, _)| *known == kind).map(|(_, field)| *field);
    match expected {
        Some(field) if !has(metric, field) => {
            let detail = "must populate information for the given metric source";
            errors.push(Invalid::required(path.child(field), detail));
        }
        Some(_) => {}
        None => errors.push(Invalid::not_supported(path.child("type"), &Value::from(kind), TYPES)),
    }
    if present.len() != 1 {
        for field in present.iter().filter(|field| Some(**field) != expected) {
            errors.push(Invalid::forbidden(path.child(field), "must populate the given metric source only"));
        }
    }
}

fn source(kind: &str, source: &Value, path: &Path, errors: &mut Vec<Invalid>) {
    let target = at(source, "target");
    let at_target = path.child("target");
    let [value, average, utilization] = ["value", "averageValue", "averageUtilization"].map(|field| has(target, field));
    match kind {
        "resource" | "containerResource" => {
            match text(source, "name") {
                "" => errors.push(Invalid::required(path.child("name"), "must specify a resource name")),
                name if kind == "containerResource" => {
                    errors.extend(pod_resources::container_resource(name, &path.child("name")));
                }
                _ => {}
            }
            if kind == "containerResource" {
                match text(source, "container") {
                    "" => errors.push(Invalid::required(path.child("container"), "must specify a container")),
                    container => errors.extend(form(&path.child("container"), container, name::label)),
                }
            }
            metric_target(target, &at_target, errors);
            if !utilization && !average {
                let detail = "must set either a target raw value or a target utilization";
                errors.push(Invalid::required(at_target.child("averageUtilization"), detail));
            }
            if utilization && average {
                let detail = "may not set both a target raw value and a target utilization";
                errors.push(Invalid::forbidden(at_target.child("averageValue"), detail));
            }
        }
        _ => {
            if kind == "object" {
                reference(at(source, "describedObject"), &path.child("describedObject"), errors);
            }
            let path_of_name = path.child("metric").child("name");
            match text(at(source, "metric"), "name") {
                "" => errors.push(Invalid::required(path_of_name, "must specify a metric name")),
                name => errors.extend(form(&path_of_name, name, name::path_segment)),
            }
            metric_target(target, &at_target, errors);
            let missing = match kind {
                "pods" if !average => "must specify a positive target averageValue",
                "object" if !value && !average => "must set either a target value or averageValue",
                "external" if !value && !average => "must set either a target value for metric or a per-pod target",
                _ => "",
            };
            if !missing.is_empty() {
                errors.push(Invalid::required(at_target.child("averageValue"), missing));
            }
            if kind == "external" && value && average {
                let detail = "may not set both a target value for metric and a per-pod target";
                errors.push(Invalid::forbidden(at_target.child("value"), detail));
            }
        }
    }
}

fn metric_target(target: &Value, path: &Path, errors: &mut Vec<Invalid>) {
    let kind = text(target, "type");
    if kind.is_empty() {
        errors.push(Invalid::required(path.child("type"), "must specify a metric target type"));
    }
    if !matches!(kind, "Utilization" | "Value" | "AverageValue") {
        let detail = "must be either Utilization, Value, or AverageValue";
        errors.push(Invalid::invalid(path.child("type"), &Value::from(kind), detail));
    }
    for field in ["value", "averageValue"].iter().filter(|field| has(target, field)) {
        let positive =
            Quantity::parse(text(target, field)).is_ok_and(|quantity| !quantity.is_negative() && !quantity.is_zero());
        if !positive {
            errors.push(Invalid {
                why: Why::Invalid,
                path: path.child(field).into(),
                value: Some(at(target, field).to_string()),
                detail: "must be positive".to_owned(),
            });
        }
    }
    if let Some(utilization) = int(target, "averageUtilization").filter(|utilization| *utilization < 1) {
        let detail = "must be greater than 0";
        errors.push(Invalid::invalid(path.child("averageUtilization"), &Value::from(utilization), detail));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(errors: &[Invalid]) -> Vec<String> {
        errors.iter().map(ToString::to_string).collect()
    }

    fn target() -> Value {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"})
    }

    #[test]
    fn defaults_are_filled_in() {
        let mut object = json!({"spec": {"maxReplicas": 3, "scaleTargetRef": target(), "behavior": {"scaleUp": {}}}});
        HorizontalPodAutoscaler.default(&mut object);
        let spec = &object["spec"];
        assert_eq!(spec["minReplicas"], 1);
        let cpu = json!([{"type": "Resource", "resource": {
            "name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80},
        }}]);
        assert_eq!(spec["metrics"], cpu);
        assert_eq!(spec["behavior"]["scaleUp"]["stabilizationWindowSeconds"], 0);
        assert_eq!(spec["behavior"]["scaleUp"]["policies"].as_array().map(Vec::len), Some(2));
        assert_eq!(spec["behavior"]["scaleDown"]["selectPolicy"], "Max");
        assert_eq!(spec["behavior"]["scaleDown"].get("stabilizationWindowSeconds"), None);
        assert_eq!(said(&HorizontalPodAutoscaler.validate(&object)), Vec::<String>::new());
    }

    #[test]
    fn refusals_are_upstreams() {
        let object = json!({"spec": {"minReplicas": 5, "maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment"}, "metrics": [
            {"type": "Resource", "pods": {"metric": {"name": "m"}, "target": {"type": "Value", "averageValue": "0"}}},
        ]}});
        assert_eq!(
            said(&HorizontalPodAutoscaler.validate(&object)),
            [
                "spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`",
                "spec.scaleTargetRef.name: Required value",
                "spec.scaleTargetRef.apiVersion: Invalid value: \"\": apiVersion must specify API group",
                "spec.metrics[0].pods.target.averageValue: Invalid value: \"0\": must be positive",
                "spec.metrics[0].resource: Required value: must populate information for the given metric source",
            ]
        );
    }

    #[test]
    fn numbers_of_replicas_are_held_to_their_least() {
        let cases = [
            (json!(0), "spec.maxReplicas: Required value: must be set and greater than 0"),
            (json!(-2), "spec.maxReplicas: Invalid value: -2: must be greater than or equal to 1"),
        ];
        for (max, expect) in cases {
            let below =
                format!("spec.maxReplicas: Invalid value: {max}: must be greater than or equal to `minReplicas`");
            let object = json!({"spec": {"minReplicas": 1, "maxReplicas": max, "scaleTargetRef": target(), "behavior": {
                "scaleUp": {"tolerance": "-100m", "policies": [{"type": "Pods", "value": 1, "periodSeconds": 1}]},
            }}});
            let tolerance =
                "spec.behavior.scaleUp.tolerance: Invalid value: \"-100m\": must be greater than or equal to 0";
            assert_eq!(said(&HorizontalPodAutoscaler.validate(&object)), [expect, &below, tolerance]);
        }
    }

    #[test]
    fn versions_are_converted() {
        let mut object = json!({
            "apiVersion": "autoscaling/v1", "metadata": {"name": "a"},
            "spec": {"maxReplicas": 3, "scaleTargetRef": target(), "targetCPUUtilizationPercentage": 50},
        });
        HorizontalPodAutoscaler.default(&mut object);
        HorizontalPodAutoscaler.to_stored(&mut object, "v1");
        assert_eq!(object["spec"]["metrics"], json!([v1::cpu(50)]));
        assert_eq!(object["spec"].get("targetCPUUtilizationPercentage"), None);
        HorizontalPodAutoscaler.from_stored(&mut object, "v1");
        assert_eq!(object["spec"]["targetCPUUtilizationPercentage"], 50);
        assert_eq!(object["spec"].get("metrics"), None);
        let memory = json!({"type": "Resource", "resource": {
            "name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"},
        }});
        let mut object = json!({"metadata": {}, "spec": {"maxReplicas": 3, "metrics": [memory]}});
        let stored = object.clone();
        HorizontalPodAutoscaler.from_stored(&mut object, "v1");
        let expect = "[{\"type\":\"Resource\",\"resource\":{\"name\":\"memory\",\"targetAverageValue\":\"1Gi\"}}]";
        assert_eq!(object["metadata"]["annotations"]["autoscaling.alpha.kubernetes.io/metrics"], expect);
        HorizontalPodAutoscaler.to_stored(&mut object, "v1");
        assert_eq!(object["spec"]["metrics"], stored["spec"]["metrics"]);
        assert_eq!(object["metadata"].get("annotations"), None);
    }
}
