//! `autoscaling/v1`: what it cannot say otherwise stands in annotations, as text.

use serde_json::{Value, json};

use crate::object::{at, count, existing, has, items, make, remove, set, text};

const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
const CURRENT_METRICS: &str = "autoscaling.alpha.kubernetes.io/current-metrics";
const CONDITIONS: &str = "autoscaling.alpha.kubernetes.io/conditions";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";

/// The metric that aims at this share of the processor, in percent of what is asked for.
pub(super) fn cpu(percent: i64) -> Value {
    json!({"type": "Resource", "resource": {
        "name": "cpu", "target": {"type": "Utilization", "averageUtilization": percent},
    }})
}

/// Whether a metric is what `targetCPUUtilizationPercentage` says.
fn is_cpu_share(metric: &Value) -> bool {
    let resource = at(metric, "resource");
    text(metric, "type") == "Resource"
        && text(resource, "name") == "cpu"
        && has(at(resource, "target"), "averageUtilization")
}

/// From `v1` to `v2`.
pub(super) fn to_v2(object: &mut Value) {
    let mut noted = |key: &str| -> Option<Value> {
        let annotations = existing(object, "metadata").and_then(|metadata| existing(metadata, "annotations"))?;
        let text = annotations.as_object_mut()?.remove(key)?;
        serde_json::from_str(text.as_str()?).ok()
    };
    let metrics = noted(METRICS);
    let current = noted(CURRENT_METRICS);
    let conditions = noted(CONDITIONS);
    let behavior = noted(BEHAVIOR);
    if let Some(metadata) =
        existing(object, "metadata").filter(|it| has(it, "annotations") && count(it, "annotations") == 0)
    {
        remove(metadata, "annotations");
    }
    if let Some(spec) = make(object, "spec") {
        let share = at(spec, "targetCPUUtilizationPercentage").as_i64();
        remove(spec, "targetCPUUtilizationPercentage");
        let mut all: Vec<Value> = share.map(cpu).into_iter().collect();
        all.extend(
            metrics.as_ref().and_then(Value::as_array).into_iter().flatten().map(|it| metric_to_v2(it, "target")),
        );
        if all.is_empty() {
            all.push(cpu(80));
        }
        set(spec, "metrics", all);
        if let Some(behavior) = behavior {
            set(spec, "behavior", lower_first(&behavior));
        }
    }
    let Some(status) = existing(object, "status") else { return };
    remove(status, "currentCPUUtilizationPercentage");
    if let Some(current) = current.as_ref().and_then(Value::as_array) {
        let current: Vec<Value> = current.iter().map(|it| metric_to_v2(it, "current")).collect();
        set(status, "currentMetrics", current);
    }
    if let Some(conditions) = conditions {
        set(status, "conditions", conditions);
    }
}

/// From `v2` to `v1`.
pub(super) fn from_v2(object: &mut Value) {
    let mut notes: Vec<(&str, String)> = Vec::new();
    if let Some(spec) = existing(object, "spec") {
        let others: Vec<String> = items(spec, "metrics")
            .iter()
            .filter(|metric| !is_cpu_share(metric))
            .map(|metric| metric_from_v2(metric, "target"))
            .collect();
        let share = items(spec, "metrics").iter().find(|metric| is_cpu_share(metric));
        let share = share.map(|metric| at(at(at(metric, "resource"), "target"), "averageUtilization").clone());
        if !others.is_empty() {
            notes.push((METRICS, format!("[{}]", others.join(","))));
        }
        if has(spec, "behavior") {
            notes.push((BEHAVIOR, upper_first(at(spec, "behavior"))));
        }
        remove(spec, "metrics");
        remove(spec, "behavior");
        if let Some(share) = share {
            set(spec, "targetCPUUtilizationPercentage", share);
        }
    }
    if let Some(status) = existing(object, "status") {
        let current = items(status, "currentMetrics");
        if !current.is_empty() {
            let all: Vec<String> = current.iter().map(|metric| metric_from_v2(metric, "current")).collect();
            notes.push((CURRENT_METRICS, format!("[{}]", all.join(","))));
        }
        let share = current.iter().find(|metric| text(at(metric, "resource"), "name") == "cpu");
        let share = share.map(|it| at(at(at(it, "resource"), "current"), "averageUtilization").clone());
        if count(status, "conditions") > 0 {
            notes.push((CONDITIONS, conditions(items(status, "conditions"))));
        }
        for field in ["currentMetrics", "conditions"] {
            remove(status, field);
        }
        if let Some(share) = share.filter(|share| !share.is_null()) {
            set(status, "currentCPUUtilizationPercentage", share);
        }
        for field in ["currentReplicas", "desiredReplicas"] {
            if !has(status, field) {
                set(status, field, 0);
            }
        }
    }
    if notes.is_empty() {
        return;
    }
    if let Some(annotations) = make(object, "metadata").and_then(|metadata| make(metadata, "annotations")) {
        for (key, text) in notes {
            set(annotations, key, text);
        }
    }
}

/// Fields in an order, those that are absent or zero left out.
fn encoded(fields: &[(&str, String)]) -> String {
    let kept = fields.iter().filter(|(_, value)| !matches!(value.as_str(), "null" | "\"\"" | ""));
    let fields: Vec<String> = kept.map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", fields.join(","))
}

fn conditions(conditions: &[Value]) -> String {
    let one = |condition: &Value| {
        let field = |name: &'static str| (name, at(condition, name).to_string());
        encoded(&["type", "status", "lastTransitionTime", "reason", "message"].map(field))
    };
    let all: Vec<String> = conditions.iter().map(one).collect();
    format!("[{}]", all.join(","))
}

/// A metric, or where it stands (`side` is `target` or `current`), as `v1` writes it.
fn metric_from_v2(metric: &Value, side: &str) -> String {
    let kind = text(metric, "type");
    let field = match kind {
        "Object" => "object",
        "Pods" => "pods",
        "Resource" => "resource",
        "ContainerResource" => "containerResource",
        _ => "external",
    };
    let source = at(metric, field);
    let (aim, identity) = (at(source, side), at(source, "metric"));
    let upper = |name: &str| {
        let mut letters = name.chars();
        letters
            .next()
            .map_or_else(String::new, |first| format!("{side}{}{}", first.to_ascii_uppercase(), letters.as_str()))
    };
    let (value, average, utilization) = (upper("value"), upper("averageValue"), upper("averageUtilization"));
    let said = |name: &str| at(aim, name).to_string();
    let body = match field {
        "resource" | "containerResource" => encoded(&[
            ("name", at(source, "name").to_string()),
            (&utilization, said("averageUtilization")),
            (&average, said("averageValue")),
            ("container", at(source, "container").to_string()),
        ]),
        "pods" => encoded(&[
            ("metricName", at(identity, "name").to_string()),
            (&average, said("averageValue")),
            ("selector", at(identity, "selector").to_string()),
        ]),
        "object" => encoded(&[
            ("target", {
                let object = at(source, "describedObject");
                let field = |name: &'static str| (name, at(object, name).to_string());
                encoded(&["kind", "name", "apiVersion"].map(field))
            }),
            ("metricName", at(identity, "name").to_string()),
            (&value, said("value")),
            ("selector", at(identity, "selector").to_string()),
            ("averageValue", said("averageValue")),
        ]),
        _ => encoded(&[
            ("metricName", at(identity, "name").to_string()),
            ("metricSelector", at(identity, "selector").to_string()),
            (&value, said("value")),
            (&average, said("averageValue")),
        ]),
    };
    format!("{{\"type\":{},\"{field}\":{body}}}", Value::from(kind))
}

/// A metric as an annotation of `v1` has it, in `v2`.
fn metric_to_v2(metric: &Value, side: &str) -> Value {
    let mut made = json!({"type": text(metric, "type")});
    for field in ["object", "pods", "resource", "containerResource", "external"] {
        let source = at(metric, field);
        if source.is_null() {
            continue;
        }
        let of = |name: &str| at(source, &format!("{side}{name}")).clone();
        let (value, mut average, utilization) = (of("Value"), of("AverageValue"), of("AverageUtilization"));
        if field == "object" {
            average = at(source, "averageValue").clone();
        }
        let kind = match (&utilization, &average) {
            (Value::Null, Value::Null) => "Value",
            (Value::Null, _) => "AverageValue",
            _ => "Utilization",
        };
        let mut aim = json!({});
        if side == "target" {
            set(&mut aim, "type", kind);
        }
        for (name, amount) in [("value", value), ("averageValue", average), ("averageUtilization", utilization)] {
            if !amount.is_null() {
                set(&mut aim, name, amount);
            }
        }
        let mut body = json!({});
        set(&mut body, side, aim);
        for (from, to) in [("name", "name"), ("container", "container"), ("target", "describedObject")] {
            if has(source, from) {
                set(&mut body, to, at(source, from).clone());
            }
        }
        if has(source, "metricName") {
            let mut identity = json!({"name": text(source, "metricName")});
            for selector in ["selector", "metricSelector"].iter().filter(|selector| has(source, selector)) {
                set(&mut identity, "selector", at(source, selector).clone());
            }
            set(&mut body, "metric", identity);
        }
        set(&mut made, field, body);
    }
    made
}

/// Fields of the behaviour in the annotation have the names of Go.
fn upper_first(value: &Value) -> String {
    const RULES: &[&str] = &["stabilizationWindowSeconds", "selectPolicy", "policies", "tolerance"];
    match value {
        Value::Object(fields) => {
            let known: &[&str] = match fields.contains_key("periodSeconds") {
                true => &["type", "value", "periodSeconds"],
                false if fields.contains_key("policies") => RULES,
                false => &["scaleUp", "scaleDown"],
            };
            let fields: Vec<String> = known
                .iter()
                .map(|name| {
                    let mut letters = name.chars();
                    let first = letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string());
                    format!("\"{first}{}\":{}", letters.as_str(), upper_first(at(value, name)))
                })
                .collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(upper_first).collect();
            format!("[{}]", items.join(","))
        }
        value => value.to_string(),
    }
}

fn lower_first(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| {
                let mut letters = name.chars();
                let first = letters.next().map_or_else(String::new, |first| first.to_ascii_lowercase().to_string());
                (format!("{first}{}", letters.as_str()), lower_first(value))
            })
            .collect(),
        Value::Array(items) => items.iter().map(lower_first).collect(),
        value => value.clone(),
    }
}
