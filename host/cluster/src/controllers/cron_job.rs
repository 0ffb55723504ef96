//! CronJobs: a Job whenever the schedule says so, in virtual time.

mod schedule;

use serde_json::{Map, Value, json};

use super::api::{Change, Deletion, Key, Propagation, Resource};
use super::job::{JOBS, is_finished};
use super::object::{
    controlled_by, controller, ensure, integer, is_deleted, is_true, name, namespace, rfc3339, text, truth, uid, unix,
};
use super::{Controller, Desk, MANAGER, Picks};
use crate::status::Refusal;
pub(super) use schedule::Schedule;

const CRON_JOBS: Resource = Resource::of("batch", "cronjobs");
const COMPONENT: &str = "cronjob-controller";

/// Begins Jobs. It remembers which moments belong together on the two clocks.
#[derive(Debug, Default)]
pub(super) struct CronJobs {
    base: Option<(i64, u64)>,
}

impl Controller for CronJobs {
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>) {
        if change.resource == CRON_JOBS {
            if let Some(cron) = &change.new {
                picks.add(Key::to(&CRON_JOBS, cron));
            }
        } else if change.resource == JOBS {
            let Some(job) = change.object() else { return };
            if let Some(owner) = controller(job).filter(|owner| text(owner, "/kind") == "CronJob") {
                picks.add(Key::new(&CRON_JOBS, namespace(job), text(owner, "/name")));
            }
        }
    }

    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some((before, mut cron)) = super::fetch(desk, key) else { return Ok(()) };
        if is_deleted(&cron) {
            return Ok(());
        }
        let mut jobs = desk.api.list(&JOBS, Some(&key.namespace));
        jobs.retain(|job| controller(job).is_some_and(|owner| text(owner, "/uid") == uid(&cron)));
        let last =
            jobs.iter().filter(|job| is_true(job, "Complete")).map(|job| text(job, "/status/completionTime")).max();
        if let Some(last) = last.filter(|last| !last.is_empty() && *last > text(&cron, "/status/lastSuccessfulTime")) {
            *ensure(&mut cron, &["status", "lastSuccessfulTime"]) = json!(last);
        }
        prune(&cron, &jobs, desk)?;
        let now = desk.api.now();
        let (unix0, millis0) = *self.base.get_or_insert((now.unix, now.millis));
        let clock = unix0 + i64::try_from((now.millis - millis0) / 1000).unwrap_or_default();
        let mut active: Vec<Value> = jobs.iter().filter(|job| !is_finished(job)).map(|job| reference(job)).collect();
        if !truth(&cron, "/spec/suspend")
            && let Some(schedule) = Schedule::parse(text(&cron, "/spec/schedule"))
        {
            let from =
                unix(text(&cron, "/status/lastScheduleTime")).or(unix(text(&cron, "/metadata/creationTimestamp")));
            let missed = schedule.last_between(from.unwrap_or(clock), clock);
            if let Some(moment) = missed
                && let Some(job) = begin(&cron, moment, clock, &active, desk)?
            {
                active.push(reference(&job));
                *ensure(&mut cron, &["status", "lastScheduleTime"]) = json!(rfc3339(moment));
            }
            if let Some(next) = schedule.after(clock) {
                desk.again_after(u64::try_from(next - clock).unwrap_or(1) * 1000, key.clone());
            }
        }
        let status = ensure(&mut cron, &["status"]);
        if !status.is_object() {
            *status = Value::Object(Map::new());
        }
        match active.is_empty() {
            true => super::object::set(&mut cron, &["status", "active"], None),
            false => cron["status"]["active"] = Value::Array(active),
        }
        desk.put_status(&CRON_JOBS, &before, cron)
    }
}

fn reference(job: &Value) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "namespace": namespace(job), "name": name(job), "uid": uid(job),
        "resourceVersion": text(job, "/metadata/resourceVersion"),
    })
}

/// Deletes the oldest finished Jobs beyond the limits of the history.
fn prune(cron: &Value, jobs: &[std::sync::Arc<Value>], desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let limits = [("Complete", "/spec/successfulJobsHistoryLimit", 3), ("Failed", "/spec/failedJobsHistoryLimit", 1)];
    for (kind, field, usual) in limits {
        let limit = usize::try_from(integer(cron, field).unwrap_or(usual)).unwrap_or_default();
        let mut ended: Vec<_> = jobs.iter().filter(|job| is_true(job, kind) && !is_deleted(job)).collect();
        ended.sort_by_key(|job| text(job, "/status/startTime").to_owned());
        let surplus = ended.len().saturating_sub(limit);
        for job in ended.into_iter().take(surplus) {
            delete(cron, job, desk)?;
        }
    }
    Ok(())
}

fn delete(cron: &Value, job: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let options = Deletion { propagation: Some(Propagation::Background), ..Deletion::default() };
    desk.api.delete(&Key::to(&JOBS, job), &options)?;
    desk.normal(cron, COMPONENT, "SuccessfulDelete", &format!("Deleted job {}", name(job)));
    Ok(())
}

/// Makes the Job of a moment, if the policy lets it.
fn begin(
    cron: &Value,
    moment: i64,
    clock: i64,
    active: &[Value],
    desk: &mut Desk<'_>,
) -> Result<Option<std::sync::Arc<Value>>, Refusal> {
    if integer(cron, "/spec/startingDeadlineSeconds").is_some_and(|most| clock - moment > most) {
        let message = format!("Missed scheduled time to start a job: {}", rfc3339(moment));
        desk.warning(cron, COMPONENT, "MissSchedule", &message);
        return Ok(None);
    }
    match text(cron, "/spec/concurrencyPolicy") {
        "Forbid" if !active.is_empty() => {
            let message = "Not starting job because prior execution is still running and concurrency policy is Forbid";
            desk.normal(cron, COMPONENT, "JobAlreadyActive", message);
            return Ok(None);
        }
        "Replace" => {
            for job in active {
                let key = Key::new(&JOBS, namespace(cron), text(job, "/name"));
                if let Some(job) = desk.api.get(&key) {
                    delete(cron, &job, desk)?;
                }
            }
        }
        _ => {}
    }
    let template = cron.pointer("/spec/jobTemplate").cloned().unwrap_or_default();
    let mut job = json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {
            "name": format!("{}-{}", name(cron), moment / 60), "namespace": namespace(cron),
            "ownerReferences": [controlled_by(cron)],
        },
        "spec": template.get("spec").cloned().unwrap_or_default(),
    });
    for field in ["labels", "annotations"] {
        if let Some(value) = template.pointer("/metadata").and_then(|metadata| metadata.get(field)) {
            job["metadata"][field] = value.clone();
        }
    }
    *ensure(&mut job, &["metadata", "annotations", "batch.kubernetes.io/cronjob-scheduled-timestamp"]) =
        json!(rfc3339(moment));
    match desk.api.create(&JOBS, job, MANAGER) {
        Ok(job) => {
            desk.normal(cron, COMPONENT, "SuccessfulCreate", &format!("Created job {}", name(&job)));
            Ok(Some(job))
        }
        Err(refusal) if refusal.reason == "AlreadyExists" => Ok(None),
        Err(refusal) => {
            desk.warning(cron, COMPONENT, "FailedCreate", &format!("Error creating job: {}", refusal.message));
            Err(refusal)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::controllers::Controllers;
    use crate::controllers::testing::Memory;

    #[test]
    fn a_job_begins_whenever_the_schedule_says_so() {
        let (mut api, mut work) = (Memory::default(), Controllers::only(vec![Box::new(CronJobs::default())]));
        let made = api.make(json!({
            "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "c", "namespace": "a"},
            "spec": {
                "schedule": "*/5 * * * *", "concurrencyPolicy": "Forbid", "successfulJobsHistoryLimit": 1,
                "jobTemplate": {"metadata": {"labels": {"l": "1"}}, "spec": {"template": {}}},
            },
        }));
        // The memory's clock begins 200 seconds after a full five minutes.
        api.pass(&mut work, 100_000);
        let jobs = api.all("batch", "jobs");
        assert_eq!(jobs.len(), 1);
        assert_eq!(name(&jobs[0]), "c-28333335");
        assert_eq!(api.now_of(&made).unwrap()["status"]["active"].as_array().unwrap().len(), 1);
        api.pass(&mut work, 300_000);
        assert_eq!(api.all("batch", "jobs").len(), 1, "the first one still runs");
        let finish = |api: &mut Memory| {
            for job in api.all("batch", "jobs") {
                api.change_status(&job, |status| {
                    *status = json!({"completionTime": "2023-11-14T22:20:00Z", "conditions": [{"type": "Complete", "status": "True"}]});
                });
            }
        };
        finish(&mut api);
        api.pass(&mut work, 300_000);
        assert_eq!(api.all("batch", "jobs").len(), 2);
        assert_eq!(api.now_of(&made).unwrap()["status"]["lastSuccessfulTime"], "2023-11-14T22:20:00Z");
        finish(&mut api);
        api.pass(&mut work, 1_000);
        let names: Vec<_> = api.all("batch", "jobs").iter().map(|job| name(job).to_owned()).collect();
        assert_eq!(
            names,
            ["c-28333340", "c-28333345"],
            "one that is finished is kept, and what was missed is made up for"
        );
    }
}
