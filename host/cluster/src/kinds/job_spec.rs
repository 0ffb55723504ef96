//! What is wrong with a JobSpec, in a Job or in a CronJob's template, and with a Job's status.

use std::collections::BTreeSet;

use serde_json::Value;

use super::labels::form;
use super::pod_container::nonnegative;
use super::workload::as_printed;
use super::{internal, name, pod_spec, pod_warnings};
use crate::invalid::{Invalid, Why};
use crate::object::{at, default, existing, flag, has, int, items, items_mut, keep, make, text};
use crate::path::Path;

/// The defaults of a failure policy: conditions are asked to be true.
pub(super) fn default_conditions(spec: &mut Value) {
    let policy = existing(spec, "podFailurePolicy");
    for rule in policy.into_iter().flat_map(|policy| items_mut(policy, "rules")) {
        for pattern in items_mut(rule, "onPodConditions") {
            default(pattern, "status", "True");
        }
    }
}

/// What is wrong with a JobSpec, beside its selector.
pub(super) fn validate_spec(spec: &Value, path: &Path) -> Vec<Invalid> {
    let mut errors = Vec::new();
    for field in [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ] {
        errors.extend(nonnegative(path.child(field), int(spec, field)));
    }
    if has(spec, "maxFailedIndexes") && !has(spec, "backoffLimitPerIndex") {
        errors.push(Invalid::required(path.child("backoffLimitPerIndex"), "when maxFailedIndexes is specified"));
    }
    if let Some(manager) = at(spec, "managedBy").as_str() {
        let path = path.child("managedBy");
        if manager.is_empty() {
            errors.push(Invalid::required(&path, ""));
        } else {
            let wrong = name::domain_prefixed_path(manager);
            errors.extend(wrong.into_iter().map(|(part, said)| Invalid::invalid(&path, &Value::from(part), said)));
        }
        if manager.len() > 63 {
            errors.push(Invalid::too_long(path, 63));
        }
    }
    let mode = text(spec, "completionMode");
    match mode {
        "Indexed" => indexed(spec, path, &mut errors),
        "NonIndexed" | "" => {
            for field in ["backoffLimitPerIndex", "maxFailedIndexes"].iter().filter(|field| has(spec, field)) {
                let detail = "requires indexed completion mode";
                errors.push(Invalid::invalid(path.child(field), at(spec, field), detail));
            }
        }
        _ => {
            let known = &["NonIndexed", "Indexed"];
            errors.push(Invalid::not_supported(path.child("completionMode"), at(spec, "completionMode"), known));
        }
    }
    if has(spec, "podFailurePolicy") {
        failure_policy(spec, &path.child("podFailurePolicy").child("rules"), &mut errors);
    }
    if has(spec, "successPolicy") {
        success_policy(spec, mode, &path.child("successPolicy"), &mut errors);
    }
    let replacement = at(spec, "podReplacementPolicy");
    let known: &[&str] = match has(spec, "podFailurePolicy") {
        true => &["Failed"],
        false => &["Failed", "TerminatingOrFailed"],
    };
    if replacement.as_str().is_some_and(|policy| !known.contains(&policy)) {
        errors.push(Invalid::not_supported(path.child("podReplacementPolicy"), replacement, known));
    }
    errors.extend(pod_spec::template(at(spec, "template"), &path.child("template")));
    let restart = at(at(at(spec, "template"), "spec"), "restartPolicy");
    let path = path.child("template").child("spec").child("restartPolicy");
    match restart.as_str().unwrap_or_default() {
        "" | "Always" => errors.push(Invalid::required(path, "valid values: \"OnFailure\", \"Never\"")),
        "OnFailure" if has(spec, "podFailurePolicy") => {
            let detail = "only \"Never\" is supported when podFailurePolicy is specified";
            errors.push(Invalid::invalid(path, restart, detail));
        }
        "OnFailure" | "Never" => {}
        _ => errors.push(Invalid::not_supported(path, restart, &["OnFailure", "Never"])),
    }
    errors
}

fn indexed(spec: &Value, path: &Path, errors: &mut Vec<Invalid>) {
    const MANY: i64 = 100_000;
    const LIMIT: i64 = 10_000;
    let (completions, parallelism) = (int(spec, "completions"), int(spec, "parallelism"));
    let failed = int(spec, "maxFailedIndexes");
    if completions.is_none() {
        errors.push(Invalid::required(path.child("completions"), "when completion mode is Indexed"));
    }
    let mut over = |field: &str, value: Option<i64>, most: i64, detail: String| {
        if let Some(value) = value.filter(|value| *value > most) {
            errors.push(Invalid::invalid(path.child(field), &Value::from(value), detail));
        }
    };
    let detail = format!("must be less than or equal to {MANY} when completion mode is Indexed");
    over("parallelism", parallelism, MANY, detail);
    let detail = "must be less than or equal to completions".to_owned();
    over("maxFailedIndexes", failed, completions.unwrap_or(i64::MAX), detail);
    over("maxFailedIndexes", failed, MANY, format!("must be less than or equal to {MANY}"));
    if completions.is_some_and(|completions| completions > MANY) && has(spec, "backoffLimitPerIndex") {
        let detail = format!(
            "must be less than or equal to {LIMIT} when completions are above {MANY} and used with backoff limit per index"
        );
        over("parallelism", parallelism, LIMIT, detail.clone());
        over("maxFailedIndexes", failed, LIMIT, detail);
        if failed.is_none() {
            let detail = format!("must be specified when completions is above {MANY}");
            errors.push(Invalid::required(path.child("maxFailedIndexes"), detail));
        }
    }
}

/// A refusal that shows no value.
fn without_value(path: &Path, detail: &str) -> Invalid {
    Invalid { why: Why::Invalid, path: path.into(), value: None, detail: detail.to_owned() }
}

fn failure_policy(spec: &Value, path: &Path, errors: &mut Vec<Invalid>) {
    const ACTIONS: &[&str] = &["Count", "FailIndex", "FailJob", "Ignore"];
    let rules = items(at(spec, "podFailurePolicy"), "rules");
    if rules.len() > 20 {
        errors.push(Invalid::too_many(path, rules.len(), 20));
    }
    for (index, rule) in rules.iter().enumerate() {
        let path = path.index(index);
        let action = path.child("action");
        match text(rule, "action") {
            "" => {
                let detail = "valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]";
                errors.push(Invalid::required(action, detail));
            }
            "FailIndex" if !has(spec, "backoffLimitPerIndex") => {
                let detail = "requires the backoffLimitPerIndex to be set";
                errors.push(Invalid::invalid(action, at(rule, "action"), detail));
            }
            known if ACTIONS.contains(&known) => {}
            _ => errors.push(Invalid::not_supported(action, at(rule, "action"), ACTIONS)),
        }
        let (codes, conditions) = (has(rule, "onExitCodes"), !items(rule, "onPodConditions").is_empty());
        if codes {
            exit_codes(spec, at(rule, "onExitCodes"), &path.child("onExitCodes"), errors);
        }
        pod_conditions(items(rule, "onPodConditions"), &path.child("onPodConditions"), errors);
        match (codes, conditions) {
            (true, true) => {
                let detail = "specifying both OnExitCodes and OnPodConditions is not supported";
                errors.push(without_value(&path, detail));
            }
            (false, false) => {
                let detail = "specifying one of OnExitCodes and OnPodConditions is required";
                errors.push(without_value(&path, detail));
            }
            _ => {}
        }
    }
}

fn exit_codes(spec: &Value, codes: &Value, path: &Path, errors: &mut Vec<Invalid>) {
    let operator = text(codes, "operator");
    match operator {
        "In" | "NotIn" => {}
        "" => errors.push(Invalid::required(path.child("operator"), "valid values: [\"In\" \"NotIn\"]")),
        _ => {
            let known = &["In", "NotIn"];
            errors.push(Invalid::not_supported(path.child("operator"), at(codes, "operator"), known));
        }
    }
    let pod = at(at(spec, "template"), "spec");
    let container = at(codes, "containerName");
    let known = ["containers", "initContainers"].iter().flat_map(|list| items(pod, list));
    if !container.is_null() && !known.into_iter().any(|known| at(known, "name") == container) {
        let detail = "must be one of the container or initContainer names in the pod template";
        errors.push(Invalid::invalid(path.child("containerName"), container, detail));
    }
    let (values, path) = (items(codes, "values"), path.child("values"));
    match values.len() {
        0 => errors.push(Invalid::invalid(&path, at(codes, "values"), "at least one value is required")),
        many @ 256.. => errors.push(Invalid::too_many(&path, many, 255)),
        _ => {}
    }
    let mut seen = BTreeSet::new();
    for (index, value) in values.iter().enumerate() {
        let number = value.as_i64().unwrap_or_default();
        if operator == "In" && number == 0 {
            errors.push(Invalid::invalid(path.index(index), value, "must not be 0 for the In operator"));
        }
        if !seen.insert(number) {
            errors.push(Invalid::duplicate(path.index(index), value));
        }
    }
    if !values.iter().map(Value::as_i64).is_sorted() {
        errors.push(Invalid::invalid(path, at(codes, "values"), "must be ordered"));
    }
}

fn pod_conditions(patterns: &[Value], path: &Path, errors: &mut Vec<Invalid>) {
    if patterns.len() > 20 {
        errors.push(Invalid::too_many(path, patterns.len(), 20));
    }
    for (index, pattern) in patterns.iter().enumerate() {
        let path = path.index(index);
        errors.extend(form(&path.child("type"), text(pattern, "type"), name::qualified_name));
        match text(pattern, "status") {
            "True" | "False" | "Unknown" => {}
            "" => {
                let detail = "valid values: [\"False\" \"True\" \"Unknown\"]";
                errors.push(Invalid::required(path.child("status"), detail));
            }
            _ => {
                let known = &["False", "True", "Unknown"];
                errors.push(Invalid::not_supported(path.child("status"), at(pattern, "status"), known));
            }
        }
    }
}

fn success_policy(spec: &Value, mode: &str, path: &Path, errors: &mut Vec<Invalid>) {
    let policy = at(spec, "successPolicy");
    if mode != "Indexed" {
        return errors.push(Invalid::invalid(path, policy, "requires indexed completion mode"));
    }
    let (rules, path) = (items(policy, "rules"), path.child("rules"));
    if rules.is_empty() {
        let detail = "at least one rules must be specified when the successPolicy is specified";
        errors.push(Invalid::required(&path, detail));
    }
    if rules.len() > 20 {
        errors.push(Invalid::too_many(&path, rules.len(), 20));
    }
    let completions = int(spec, "completions").unwrap_or_default();
    for (index, rule) in rules.iter().enumerate() {
        let path = path.index(index);
        let (count, indexes) = (int(rule, "succeededCount"), at(rule, "succeededIndexes").as_str());
        if count.is_none() && indexes.is_none() {
            let detail = "at least one of succeededCount or succeededIndexes must be specified";
            errors.push(Invalid::required(&path, detail));
        }
        let mut total = None;
        if let Some(indexes) = indexes {
            match count_indexes(indexes, completions) {
                Ok(found) => total = Some(found),
                Err(said) => {
                    let detail = format!("error parsing succeededIndexes: {said}");
                    let path = path.child("succeededIndexes");
                    errors.push(Invalid::invalid(path, &Value::from(indexes), detail));
                }
            }
        }
        let Some(count) = count else { continue };
        let path = path.child("succeededCount");
        errors.extend(nonnegative(path.clone(), Some(count)));
        if count > completions {
            let detail = format!("must be less than or equal to {completions} (the number of specified completions)");
            errors.push(Invalid::invalid(&path, &Value::from(count), detail));
        }
        if let Some(total) = total.filter(|total| count > *total) {
            let detail = format!(
                "must be less than or equal to {total} (the number of indexes in the specified succeededIndexes field)"
            );
            errors.push(Invalid::invalid(&path, &Value::from(count), detail));
        }
    }
}

/// How many indexes a list like `0,3-5` has.
fn count_indexes(text: &str, completions: i64) -> Result<i64, String> {
    let mut total = 0;
    let mut last: Option<i64> = None;
    for part in text.split(',').filter(|_| !text.is_empty()) {
        let ends: Vec<&str> = part.split('-').collect();
        if ends.len() > 2 {
            return Err(format!(
                "the fragment {part:?} violates the requirement that an index interval can have at most two parts separated by '-'"
            ));
        }
        let mut numbers = Vec::new();
        for end in ends {
            let number: i64 =
                end.parse().map_err(|_| format!("cannot convert string to integer for index: {end:?}"))?;
            if number >= completions {
                return Err(format!("too large index: {end:?}"));
            }
            numbers.push(number);
        }
        let (first, end) = (numbers[0], numbers[numbers.len() - 1]);
        if let Some(last) = last.filter(|last| first <= *last) {
            return Err(format!("non-increasing order, previous: {last}, current: {first}"));
        }
        if numbers.len() == 2 && first >= end {
            return Err(format!("non-increasing order, previous: {first}, current: {end}"));
        }
        total += end - first + 1;
        last = Some(end);
    }
    Ok(total)
}

/// The template of a Job does not change, but what places its Pods while the Job waits.
pub(super) fn template_update(object: &Value, old: &Value) -> Option<Invalid> {
    let (spec, before) = (at(object, "spec"), at(old, "spec"));
    let template = at(spec, "template");
    let mut allowed = at(before, "template").clone();
    let suspended = flag(before, "suspend") && !has(at(old, "status"), "startTime");
    if suspended {
        if let Some(pod) = make(&mut allowed, "spec") {
            for field in ["nodeSelector", "tolerations", "schedulingGates"] {
                keep(pod, at(template, "spec"), field);
            }
            let affinity = at(at(template, "spec"), "affinity");
            if let Some(allowed) = make(pod, "affinity") {
                keep(allowed, affinity, "nodeAffinity");
            }
            if at(pod, "affinity").as_object().is_none_or(serde_json::Map::is_empty) && affinity.is_null() {
                keep(pod, at(template, "spec"), "affinity");
            }
        }
        if let Some(metadata) = make(&mut allowed, "metadata") {
            for field in ["annotations", "labels"] {
                keep(metadata, at(template, "metadata"), field);
            }
        }
    }
    (allowed != *template).then(|| {
        let printed = internal::printed("PodTemplateSpec", template);
        as_printed(Why::Invalid, Path::new("spec.template"), printed, "field is immutable".to_owned())
    })
}

/// Warnings for a JobSpec.
pub(super) fn warnings(spec: &Value, path: &Path) -> Vec<String> {
    let mut warnings = Vec::new();
    let over = |field: &str, most: i64| int(spec, field).is_some_and(|value| value > most);
    if text(spec, "completionMode") == "Indexed" && over("completions", 100_000) && over("parallelism", 10_000) {
        let detail = "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, \
                      Kubernetes might not be able to track completedIndexes when a big number of indexes fail";
        warnings.push(detail.to_owned());
    }
    warnings.extend(pod_warnings::warnings(at(spec, "template"), &path.child("template")));
    warnings
}

fn is_true(status: &Value, kind: &str) -> bool {
    items(status, "conditions").iter().any(|it| text(it, "type") == kind && text(it, "status") == "True")
}

/// What is wrong with a change of a Job's status.
pub(super) fn status(object: &Value, old: &Value) -> Vec<Invalid> {
    let (status, before, path) = (at(object, "status"), at(old, "status"), Path::new("status"));
    let mut errors = Vec::new();
    for field in ["active", "succeeded", "failed", "ready", "terminating"] {
        errors.extend(nonnegative(path.child(field), int(status, field)));
    }
    let conditions = path.child("conditions");
    let mut both = |one: &str, other: &str, words: &str| {
        if is_true(status, one) && is_true(status, other) {
            errors.push(without_value(&conditions, words));
        }
    };
    both("Complete", "Failed", "cannot set Complete=True and Failed=true conditions");
    both("Complete", "FailureTarget", "cannot set Complete=True and FailureTarget=true conditions");
    let (complete, failed) = (is_true(status, "Complete"), is_true(status, "Failed"));
    let finished = complete || failed;
    let completed_at = has(status, "completionTime");
    if completed_at && !complete {
        let detail = "cannot set completionTime when there is no Complete=True condition";
        errors.push(Invalid::invalid(path.child("completionTime"), at(status, "completionTime"), detail));
    }
    if complete && !completed_at {
        let detail = "completionTime is required for Complete jobs";
        errors.push(Invalid::required(path.child("completionTime"), detail));
    }
    if completed_at && text(status, "completionTime") < text(status, "startTime") {
        let detail = "completionTime cannot be set before startTime";
        errors.push(Invalid::invalid(path.child("completionTime"), at(status, "completionTime"), detail));
    }
    if failed && !is_true(status, "FailureTarget") {
        let detail = "cannot set Failed=True condition without the FailureTarget=true condition";
        errors.push(without_value(&conditions, detail));
    }
    if complete && !is_true(status, "SuccessCriteriaMet") {
        let detail = "cannot set Complete=True condition without the SuccessCriteriaMet=true condition";
        errors.push(without_value(&conditions, detail));
    }
    let active = int(status, "active").unwrap_or_default();
    if finished && active > 0 {
        let detail = "active>0 is invalid for finished job";
        errors.push(Invalid::invalid(path.child("active"), &Value::from(active), detail));
    }
    if finished && !has(status, "startTime") {
        errors.push(Invalid::required(path.child("startTime"), "startTime is required for finished job"));
    }
    let terminating = int(status, "terminating").unwrap_or_default();
    if finished && terminating > 0 {
        let detail = "terminating>0 is invalid for finished job";
        errors.push(Invalid::invalid(path.child("terminating"), &Value::from(terminating), detail));
    }
    let ready = int(status, "ready").unwrap_or_default();
    if ready > active {
        let detail = "cannot set more ready pods than active";
        errors.push(Invalid::invalid(path.child("ready"), &Value::from(ready), detail));
    }
    let met = is_true(status, "SuccessCriteriaMet");
    if met && failed {
        let detail = "cannot set SuccessCriteriaMet=True and Failed=true conditions";
        errors.push(without_value(&conditions, detail));
    }
    for kind in ["Failed", "Complete", "FailureTarget"] {
        if is_true(before, kind) && !is_true(status, kind) {
            errors.push(without_value(&conditions, &format!("cannot disable the terminal {kind}=True condition")));
        }
    }
    for field in ["failed", "succeeded"] {
        let count = int(status, field).unwrap_or_default();
        if count < int(before, field).unwrap_or_default() {
            let detail = format!("cannot decrease the {field} counter");
            errors.push(Invalid::invalid(path.child(field), &Value::from(count), detail));
        }
    }
    if completed_at && has(before, "completionTime") && at(before, "completionTime") != at(status, "completionTime") {
        let detail = "completionTime cannot be mutated";
        errors.push(Invalid::invalid(path.child("completionTime"), at(status, "completionTime"), detail));
    }
    let suspended = flag(at(object, "spec"), "suspend");
    if has(before, "startTime") && at(before, "startTime") != at(status, "startTime") && !suspended {
        let detail = "startTime cannot be removed for unsuspended job";
        errors.push(Invalid::required(path.child("startTime"), detail));
    }
    errors
}
