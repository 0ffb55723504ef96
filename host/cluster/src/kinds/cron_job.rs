//! `batch/v1` CronJob.

use serde_json::{Value, json};

use super::pod_container::nonnegative;
use super::workload::keep_spec;
use super::{cron, job, job_spec, pod_defaults, pod_warnings};
use crate::invalid::Invalid;
use crate::object::{at, default, has, int, make, set, text};
use crate::path::Path;
use crate::registry::Behaviour;

/// CronJobs.
#[derive(Debug)]
pub(crate) struct CronJob;

impl Behaviour for CronJob {
    fn default(&self, object: &mut Value) {
        let Some(spec) = make(object, "spec") else { return };
        default(spec, "concurrencyPolicy", "Allow");
        default(spec, "suspend", false);
        default(spec, "successfulJobsHistoryLimit", 3);
        default(spec, "failedJobsHistoryLimit", 1);
        let Some(template) = make(spec, "jobTemplate") else { return };
        make(template, "metadata");
        if let Some(spec) = make(template, "spec") {
            job_spec::default_conditions(spec);
            if let Some(template) = make(spec, "template") {
                pod_defaults::template(template);
            }
        }
    }

    fn prepare_create(&self, object: &mut Value) {
        set(object, "status", json!({}));
    }

    fn prepare_status(&self, object: &mut Value, old: &Value) {
        keep_spec(object, old);
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let mut errors = validate(at(object, "spec"), None);
        let name = at(at(object, "metadata"), "name");
        // A Job's name has eleven characters more.
        if name.as_str().unwrap_or_default().len() > 63 - 11 {
            errors.push(Invalid::invalid("metadata.name", name, "must be no more than 52 characters"));
        }
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        validate(at(object, "spec"), Some(at(old, "spec")))
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let mut warnings = Vec::new();
        let spec = at(object, "spec");
        if old.is_none() {
            warnings.extend(pod_warnings::of_name(object));
        }
        if old.is_none_or(|old| at(old, "spec") != spec) {
            let path = Path::new("spec.jobTemplate.spec");
            warnings.extend(job_spec::warnings(at(at(spec, "jobTemplate"), "spec"), &path));
        }
        if old.is_some() && text(spec, "schedule").contains("TZ") {
            let detail = "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see \
                          https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details";
            warnings.push(detail.to_owned());
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

fn validate(spec: &Value, old: Option<&Value>) -> Vec<Invalid> {
    let path = Path::new("spec");
    let mut errors = Vec::new();
    let schedule = text(spec, "schedule");
    match schedule {
        "" => errors.push(Invalid::required(path.child("schedule"), "")),
        schedule => {
            let mut refuse = |detail: String| {
                errors.push(Invalid::invalid(path.child("schedule"), &Value::from(schedule), detail));
            };
            if let Err(said) = cron::check(schedule) {
                refuse(said);
            }
            let zone_was_there = old.is_some_and(|old| text(old, "schedule").contains("TZ"));
            if schedule.contains("TZ") && !zone_was_there {
                refuse("cannot use TZ or CRON_TZ in schedule, use timeZone field instead".to_owned());
            } else if schedule.contains("TZ") && has(spec, "timeZone") {
                refuse("cannot use both timeZone field and TZ or CRON_TZ in schedule".to_owned());
            }
        }
    }
    errors.extend(nonnegative(path.child("startingDeadlineSeconds"), int(spec, "startingDeadlineSeconds")));
    if old.is_none_or(|old| at(old, "timeZone") != at(spec, "timeZone")) {
        time_zone(at(spec, "timeZone"), &path.child("timeZone"), &mut errors);
    }
    match text(spec, "concurrencyPolicy") {
        "Allow" | "Forbid" | "Replace" => {}
        "" => errors.push(Invalid::required(path.child("concurrencyPolicy"), "")),
        _ => {
            let known = &["Allow", "Forbid", "Replace"];
            errors.push(Invalid::not_supported(path.child("concurrencyPolicy"), at(spec, "concurrencyPolicy"), known));
        }
    }
    errors.extend(job::template_spec(at(spec, "jobTemplate"), &path.child("jobTemplate")));
    for field in ["successfulJobsHistoryLimit", "failedJobsHistoryLimit"] {
        errors.extend(nonnegative(path.child(field), int(spec, field)));
    }
    errors
}

fn time_zone(value: &Value, path: &Path, errors: &mut Vec<Invalid>) {
    let Some(zone) = value.as_str() else { return };
    if zone.is_empty() {
        return errors.push(Invalid::invalid(path, value, "timeZone must be nil or non-empty string"));
    }
    let fits = |part: &str| {
        let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+');
        (1..=14).contains(&part.len())
            && part.chars().all(letters)
            && !matches!(part, "." | "..")
            && !part.starts_with('-')
    };
    let unknown = || format!("unknown time zone {zone}");
    if !zone.split('/').all(fits) {
        return errors.push(Invalid::invalid(path, value, unknown()));
    }
    if zone.eq_ignore_ascii_case("local") {
        let detail = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
        errors.push(Invalid::invalid(path, value, detail));
    }
    if zone != "Local" && !cron::is_time_zone(zone) {
        errors.push(Invalid::invalid(path, value, unknown()));
    }
}
