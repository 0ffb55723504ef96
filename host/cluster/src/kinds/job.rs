//! `batch/v1` Job.

use serde_json::{Value, json};

use super::job_spec::{self, validate_spec};
use super::labels::{compiles, label_selector, selects};
use super::workload::{immutable, keep_spec};
use super::{name, pod_defaults, pod_warnings};
use crate::invalid::Invalid;
use crate::object::{at, count, default, flag, has, int, make, set, text};
use crate::path::Path;
use crate::registry::Behaviour;

/// Jobs.
#[derive(Debug)]
pub(crate) struct Job;

const UID: &str = "batch.kubernetes.io/controller-uid";
const NAME: &str = "batch.kubernetes.io/job-name";

impl Behaviour for Job {
    fn default(&self, object: &mut Value) {
        let Some(spec) = make(object, "spec") else { return };
        if let Some(template) = make(spec, "template") {
            pod_defaults::template(template);
        }
        if !has(spec, "parallelism") {
            default(spec, "completions", 1);
            set(spec, "parallelism", 1);
        }
        let retries = if has(spec, "backoffLimitPerIndex") { i32::MAX } else { 6 };
        default(spec, "backoffLimit", retries);
        default(spec, "completionMode", "NonIndexed");
        default(spec, "suspend", false);
        default(spec, "manualSelector", false);
        let replacement = if has(spec, "podFailurePolicy") { "Failed" } else { "TerminatingOrFailed" };
        default(spec, "podReplacementPolicy", replacement);
        job_spec::default_conditions(spec);
        let labels = at(at(at(spec, "template"), "metadata"), "labels").clone();
        if let (true, Some(metadata)) = (labels.is_object(), make(object, "metadata"))
            && count(metadata, "labels") == 0
        {
            set(metadata, "labels", labels);
        }
    }

    fn prepare_create(&self, object: &mut Value) {
        set(object, "status", json!({}));
        if flag(at(object, "spec"), "manualSelector") {
            return;
        }
        let [id, name] = ["uid", "name"].map(|field| text(at(object, "metadata"), field).to_owned());
        let labels = at(at(object, "metadata"), "labels").clone();
        let Some(spec) = make(object, "spec") else { return };
        let template = make(spec, "template").and_then(|template| make(template, "metadata"));
        let Some(own) = template.and_then(|metadata| make(metadata, "labels")) else { return };
        // The Job's labels are the template's, one and the same, where the Job gives none of its own.
        let shared = labels.as_object().is_none_or(serde_json::Map::is_empty) || labels == *own;
        for (label, value) in [(NAME, &name), ("job-name", &name), (UID, &id), ("controller-uid", &id)] {
            if !has(own, label) {
                set(own, label, value.as_str());
            }
        }
        let own = own.clone();
        if let Some(selected) = make(spec, "selector").and_then(|selector| make(selector, "matchLabels"))
            && !has(selected, UID)
        {
            set(selected, UID, id);
        }
        if let (true, Some(metadata)) = (shared, make(object, "metadata")) {
            set(metadata, "labels", own);
        }
    }

    fn prepare_status(&self, object: &mut Value, old: &Value) {
        keep_spec(object, old);
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let (metadata, spec) = (at(object, "metadata"), at(object, "spec"));
        let mut errors = generated_selector(object);
        errors.extend(with_selector(spec));
        let completions = int(spec, "completions").unwrap_or_default();
        if text(spec, "completionMode") == "Indexed" && completions > 0 {
            let longest = format!("{}-{}", text(metadata, "name"), completions - 1);
            if !name::label(&longest).is_empty() {
                let detail = format!("will not able to create pod with invalid DNS label: {longest}");
                errors.push(Invalid::invalid("metadata.name", at(metadata, "name"), detail));
            }
        }
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        let (spec, before, path) = (at(object, "spec"), at(old, "spec"), Path::new("spec"));
        let mut errors = with_selector(spec);
        completions(spec, before, &path, &mut errors);
        errors.extend(immutable(object, old, &["spec", "selector"]));
        errors.extend(job_spec::template_update(object, old));
        for field in ["completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"] {
            errors.extend(immutable(object, old, &["spec", field]));
        }
        errors
    }

    fn validate_status(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        job_spec::status(object, old)
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let mut warnings = Vec::new();
        if old.is_none() {
            warnings.extend(pod_warnings::of_name(object));
        }
        let spec = at(object, "spec");
        if old.is_none_or(|old| at(old, "spec") != spec) {
            warnings.extend(job_spec::warnings(spec, &Path::new("spec")));
        }
        warnings
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn has_status(&self) -> bool {
        true
    }
}

/// What is wrong with the labels and the selector that the server made.
fn generated_selector(object: &Value) -> Vec<Invalid> {
    let (metadata, spec) = (at(object, "metadata"), at(object, "spec"));
    let mut errors = Vec::new();
    if flag(spec, "manualSelector") || !has(spec, "selector") {
        return errors;
    }
    if text(metadata, "uid").is_empty() {
        errors.push(Invalid::required("metadata.uid", ""));
    }
    let labels = at(at(at(spec, "template"), "metadata"), "labels");
    let path = Path::new("spec.template.metadata.labels");
    let expect = [
        ("controller-uid", at(metadata, "uid")),
        ("job-name", at(metadata, "name")),
        (UID, at(metadata, "uid")),
        (NAME, at(metadata, "name")),
    ];
    for (label, value) in expect {
        let detail = format!("must be '{}'", value.as_str().unwrap_or_default());
        match has(labels, label) {
            false => errors.push(Invalid::required(path.key(label), detail)),
            true if at(labels, label) != value => errors.push(Invalid::invalid(path.key(label), labels, detail)),
            true => {}
        }
    }
    let selector = at(spec, "selector");
    let expected: Value = expect.iter().map(|(label, value)| ((*label).to_owned(), (*value).clone())).collect();
    if compiles(selector) && !selects(selector, &expected) {
        errors.push(Invalid::invalid("spec.selector", selector, "`selector` not auto-generated"));
    }
    errors
}

fn with_selector(spec: &Value) -> Vec<Invalid> {
    let path = Path::new("spec");
    let selector = at(spec, "selector");
    let mut errors = validate_spec(spec, &path);
    match selector.is_null() {
        true => errors.push(Invalid::required(path.child("selector"), "")),
        false => errors.extend(label_selector(selector, &path.child("selector"))),
    }
    let labels = at(at(at(spec, "template"), "metadata"), "labels");
    if compiles(selector) && !selects(selector, labels) {
        let path = path.child("template").child("metadata").child("labels");
        errors.push(Invalid::invalid(path, labels, "`selector` does not match template `labels`"));
    }
    errors
}

/// Completions do not change, but those of an indexed Job together with its parallelism.
fn completions(spec: &Value, old: &Value, path: &Path, errors: &mut Vec<Invalid>) {
    let (new, before) = (at(spec, "completions"), at(old, "completions"));
    if new == before {
        return;
    }
    let path = path.child("completions");
    if text(spec, "completionMode") != "Indexed" {
        errors.push(Invalid::invalid(path, new, "field is immutable"));
    } else if !new.is_null() && new != at(spec, "parallelism") {
        errors.push(Invalid::invalid(path, new, "can only be modified in tandem with spec.parallelism"));
    }
}

/// Jobs made from a template, in a CronJob.
pub(super) fn template_spec(template: &Value, path: &Path) -> Vec<Invalid> {
    let spec = at(template, "spec");
    let path = path.child("spec");
    let mut errors = validate_spec(spec, &path);
    if has(spec, "selector") {
        let detail = "`selector` will be auto-generated";
        errors.push(Invalid::invalid(path.child("selector"), at(spec, "selector"), detail));
    }
    if flag(spec, "manualSelector") {
        let path = path.child("manualSelector");
        errors.push(Invalid::not_supported(path, at(spec, "manualSelector"), &["nil", "false"]));
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::cron_job::CronJob;

    fn said(errors: &[Invalid]) -> Vec<String> {
        errors.iter().map(ToString::to_string).collect()
    }

    fn made(spec: &Value, labels: &Value) -> Value {
        let mut object = json!({"metadata": {"name": "j", "uid": "u-1", "labels": labels}, "spec": spec});
        Job.default(&mut object);
        Job.prepare_create(&mut object);
        object
    }

    #[test]
    fn jobs_are_filled_in() {
        let pod = json!({"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i:1"}]}});
        let job = made(&json!({"template": pod}), &Value::Null);
        let labels = json!({
            "batch.kubernetes.io/controller-uid": "u-1", "batch.kubernetes.io/job-name": "j",
            "controller-uid": "u-1", "job-name": "j",
        });
        let spec = &job["spec"];
        assert_eq!(job["metadata"]["labels"], labels);
        assert_eq!(spec["template"]["metadata"]["labels"], labels);
        assert_eq!(spec["selector"], json!({"matchLabels": {"batch.kubernetes.io/controller-uid": "u-1"}}));
        for (field, value) in [
            ("completions", json!(1)),
            ("parallelism", json!(1)),
            ("backoffLimit", json!(6)),
            ("completionMode", json!("NonIndexed")),
            ("suspend", json!(false)),
            ("manualSelector", json!(false)),
            ("podReplacementPolicy", json!("TerminatingOrFailed")),
        ] {
            assert_eq!(spec[field], value, "{field}");
        }
        assert_eq!(said(&Job.validate(&job)), Vec::<String>::new());
        let own = made(&json!({"template": pod}), &json!({"mine": "1"}));
        assert_eq!(own["metadata"]["labels"], json!({"mine": "1"}));
    }

    #[test]
    fn refusals_are_upstreams() {
        let pod = json!({"spec": {"containers": [{"name": "c", "image": "i:1"}]}});
        let job = made(&json!({"template": pod, "parallelism": -1, "completionMode": "Indexed"}), &Value::Null);
        assert_eq!(
            said(&Job.validate(&job)),
            [
                "spec.parallelism: Invalid value: -1: must be greater than or equal to 0",
                "spec.completions: Required value: when completion mode is Indexed",
                "spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\"",
            ]
        );
        let pod = json!({"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i:1"}]}});
        let old = made(&json!({"template": pod}), &Value::Null);
        let mut new = old.clone();
        new["spec"]["completions"] = json!(2);
        new["spec"]["parallelism"] = json!(3);
        assert_eq!(said(&Job.validate_update(&new, &old)), ["spec.completions: Invalid value: 2: field is immutable"]);
    }

    #[test]
    fn cron_jobs_are_checked() {
        let pod = json!({"spec": {"restartPolicy": "OnFailure", "containers": [{"name": "c", "image": "i:1"}]}});
        let mut job = json!({"metadata": {"name": "c"}, "spec": {
            "schedule": "* * * *", "timeZone": "Nowhere/Land", "concurrencyPolicy": "Maybe",
            "jobTemplate": {"spec": {"template": pod, "manualSelector": true}},
        }});
        CronJob.default(&mut job);
        assert_eq!(job["spec"]["successfulJobsHistoryLimit"], 3);
        assert_eq!(
            said(&CronJob.validate(&job)),
            [
                "spec.schedule: Invalid value: \"* * * *\": expected exactly 5 fields, found 4: [* * * *]",
                "spec.timeZone: Invalid value: \"Nowhere/Land\": unknown time zone Nowhere/Land",
                "spec.concurrencyPolicy: Unsupported value: \"Maybe\": supported values: \"Allow\", \"Forbid\", \"Replace\"",
                "spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: \"nil\", \"false\"",
            ]
        );
    }
}
