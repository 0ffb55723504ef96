//! What the kinds that make Pods have in common: templates that fit selectors, counts, shares.

use serde_json::Value;

use super::labels::{compiles, is_empty, label_selector, selects};
use super::pod_container::nonnegative;
use super::{internal, name, pod_spec};
use crate::invalid::{Invalid, Why, shown};
use crate::object::{at, has, int, keep, text};
use crate::path::Path;

/// A share that may be a count or a percentage: what is wrong with it.
pub(super) fn count_or_percent(value: &Value, path: &Path) -> Vec<Invalid> {
    match value.as_str() {
        Some(text) => name::percent(text).into_iter().map(|said| Invalid::invalid(path, value, said)).collect(),
        None => nonnegative(path.clone(), value.as_i64()).into_iter().collect(),
    }
}

/// The number of a count or of a percentage.
pub(super) fn share(value: &Value) -> i64 {
    match value.as_str() {
        Some(text) => text.strip_suffix('%').unwrap_or(text).parse().unwrap_or_default(),
        None => value.as_i64().unwrap_or_default(),
    }
}

/// Refuses more than all.
pub(super) fn at_most_all(value: &Value, path: &Path) -> Option<Invalid> {
    let percent = value.as_str().filter(|text| name::percent(text).is_empty())?;
    let too_many = percent.trim_end_matches('%').parse::<u64>().is_ok_and(|percent| percent > 100);
    too_many.then(|| Invalid::invalid(path, value, "must not be greater than 100%"))
}

/// The selector of a workload, which is there and not empty; `kind` is in lower case.
pub(super) fn selector(spec: &Value, kind: &str, path: &Path) -> Vec<Invalid> {
    let selector = at(spec, "selector");
    let path = path.child("selector");
    if selector.is_null() {
        return vec![Invalid::required(path, "")];
    }
    let mut errors = label_selector(selector, &path);
    if is_empty(selector) {
        errors.push(Invalid::invalid(path, selector, format!("empty selector is invalid for {kind}")));
    }
    errors
}

/// The template does not have the labels that the selector asks for.
pub(super) fn template_labels(spec: &Value, path: &Path) -> Option<Invalid> {
    let labels = at(at(at(spec, "template"), "metadata"), "labels");
    let selector = at(spec, "selector");
    let mismatch = !is_empty(selector) && !selects(selector, labels);
    let path = path.child("template").child("metadata").child("labels");
    mismatch.then(|| Invalid::invalid(path, labels, "`selector` does not match template `labels`"))
}

/// The template of a workload whose Pods run for ever; `kind` is the one that refusals name.
pub(super) fn template(spec: &Value, kind: &str, path: &Path) -> Vec<Invalid> {
    let mut errors = pod_spec::template(at(spec, "template"), &path.child("template"));
    errors.extend(for_ever(spec, kind, path));
    errors
}

/// Refuses templates of Pods that come to an end.
pub(super) fn for_ever(spec: &Value, kind: &str, path: &Path) -> Vec<Invalid> {
    let pod = at(at(spec, "template"), "spec");
    let path = path.child("template").child("spec");
    let mut errors = Vec::new();
    let restart = text(pod, "restartPolicy");
    if restart != "Always" {
        errors.push(Invalid::not_supported(path.child("restartPolicy"), &Value::from(restart), &["Always"]));
    }
    if has(pod, "activeDeadlineSeconds") {
        let detail = format!("activeDeadlineSeconds in {kind} is not Supported");
        errors.push(Invalid::forbidden(path.child("activeDeadlineSeconds"), detail));
    }
    errors
}

/// What Deployments and ReplicaSets check of selector and template.
pub(super) fn replicated(spec: &Value, path: &Path) -> Vec<Invalid> {
    let mut errors = selector(spec, "deployment", path);
    match compiles(at(spec, "selector")) {
        false => {
            errors.push(Invalid::invalid(path.child("selector"), at(spec, "selector"), "invalid label selector"));
        }
        true => {
            errors.extend(template_labels(spec, path));
            errors.extend(template(spec, "ReplicaSet", path));
        }
    }
    errors
}

/// Counts in a status: none is negative, and some are no more than others (`(less, more, in words)`).
pub(super) fn counts(status: &Value, fields: &[&str], order: &[(&str, &str, &str)]) -> Vec<Invalid> {
    let path = Path::new("status");
    let mut errors: Vec<Invalid> =
        fields.iter().filter_map(|field| nonnegative(path.child(field), int(status, field))).collect();
    let count = |field: &str| int(status, field).unwrap_or_default();
    for (less, more, words) in order {
        if count(less) > count(more) {
            errors.push(Invalid::invalid(path.child(less), &Value::from(count(less)), *words));
        }
    }
    errors
}

/// Refuses that `status.collisionCount` goes back.
pub(super) fn collisions(object: &Value, old: &Value) -> Option<Invalid> {
    let of = |object: &Value| int(at(object, "status"), "collisionCount");
    let back = of(old).is_some_and(|old| of(object).is_none_or(|new| new < old));
    let value = Value::from(of(object).unwrap_or_default());
    back.then(|| Invalid::invalid("status.collisionCount", &value, "cannot be decremented"))
}

/// An update of the status: the spec stays `old`'s, metadata may change.
pub(super) fn keep_spec(object: &mut Value, old: &Value) {
    keep(object, old, "spec");
}

/// Refuses that a field of `spec` is another than it was.
pub(super) fn immutable(object: &Value, old: &Value, fields: &[&str]) -> Vec<Invalid> {
    let (mut new, mut before) = (object, old);
    for field in fields {
        (new, before) = (at(new, field), at(before, field));
    }
    if new == before {
        return Vec::new();
    }
    let printed = match fields.last() {
        Some(&"selector") => internal::label_selector(new),
        Some(&"podFailurePolicy") if !new.is_null() => internal::printed("PodFailurePolicy", new),
        Some(&"successPolicy") if !new.is_null() => internal::printed("SuccessPolicy", new),
        _ => shown(new),
    };
    vec![as_printed(Why::Invalid, Path::new(fields.join(".")), printed, "field is immutable".to_owned())]
}

/// A refusal whose value is printed as the server's internal type is.
pub(super) fn as_printed(why: Why, path: Path, value: String, detail: String) -> Invalid {
    Invalid { why, path: path.into(), value: Some(value), detail }
}

/// A strategy of a kind that nobody knows, with what the internal types call its fields.
pub(super) fn unknown_strategy(strategy: &Value, known: &[&str], path: Path) -> Invalid {
    let rolling = match at(strategy, "rollingUpdate") {
        Value::Null => "null".to_owned(),
        update => {
            let share = |field: &str| match at(update, field) {
                Value::Null => "0".to_owned(),
                share => share.to_string(),
            };
            format!("{{\"MaxUnavailable\":{},\"MaxSurge\":{}}}", share("maxUnavailable"), share("maxSurge"))
        }
    };
    let value = format!("{{\"Type\":{},\"RollingUpdate\":{rolling}}}", Value::from(text(strategy, "type")));
    let known: Vec<String> = known.iter().map(|name| format!("{name:?}")).collect();
    as_printed(Why::NotSupported, path, value, format!("supported values: {}", known.join(", ")))
}
