//! Jobs: Pods that end, until enough of them ended well or too many badly.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::{Value, json};

use super::api::{Change, Deletion, Key, Propagation, Resource};
use super::object::{
    annotation, controller, ensure, has_finalizer, integer, is_deleted, is_true, name, remove_finalizer, text, truth,
    uid,
};
use super::pods::{self, PODS};
use super::scheduler::put_condition;
use super::{Controller, Desk, MANAGER, Picks};
use crate::status::Refusal;

/// Jobs.
pub(super) const JOBS: Resource = Resource::of("batch", "jobs");
const COMPONENT: &str = "job-controller";
const TRACKING: &str = "batch.kubernetes.io/job-tracking";
const INDEX: &str = "batch.kubernetes.io/job-completion-index";

/// Virtual milliseconds that a Job which is over can be seen at least: who waits for its end asks now and then.
const LAST_SIGHT: u64 = 5_000;

/// Runs Jobs. It remembers, by uid, when each began, ended, and may try again, in virtual time.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    begun: HashMap<String, u64>,
    ended: HashMap<String, u64>,
    pause: HashMap<String, u64>,
}

impl Controller for Jobs {
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>) {
        if change.resource == JOBS {
            let Some(job) = change.object() else { return };
            picks.add(Key::to(&JOBS, job));
            if change.new.is_none() {
                for times in [&mut self.begun, &mut self.ended, &mut self.pause] {
                    times.remove(uid(job));
                }
            }
        } else if change.resource == PODS {
            super::replica_set::pick_owner(change, &JOBS, "Job", picks);
        }
    }

    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some(job) = desk.api.get(key) else { return release(key, None, desk) };
        if is_finished(&job) {
            release(key, Some(&job), desk)?;
            return self.expire(key, &job, desk);
        }
        if is_deleted(&job) {
            return release(key, Some(&job), desk);
        }
        self.run(key, &job, desk)
    }
}

/// Whether it is over, well or not.
pub(super) fn is_finished(job: &Value) -> bool {
    is_true(job, "Complete") || is_true(job, "Failed")
}

/// Lets go of the Pods of a Job that needs to count them no more.
fn release(key: &Key, job: Option<&Value>, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    for pod in desk.api.list(&PODS, Some(&key.namespace)) {
        let owner = controller(&pod).filter(|owner| text(owner, "/kind") == "Job" && text(owner, "/name") == key.name);
        let Some(owner) = owner else { continue };
        if job.is_some_and(|job| uid(job) != text(owner, "/uid")) {
            continue;
        }
        if let Some(job) = job.filter(|job| is_finished(job))
            && pods::is_active(&pod)
        {
            pods::delete(desk, job, &pod, COMPONENT)?;
        }
        let Some((_, mut pod)) = super::fetch(desk, &Key::to(&PODS, &pod)) else { continue };
        if remove_finalizer(&mut pod, TRACKING) {
            desk.api.update(&PODS, "", pod, MANAGER)?;
        }
    }
    Ok(())
}

/// Whether a Pod counts as failed: one that is deleted before it ended does.
fn has_failed(pod: &Value) -> bool {
    text(pod, "/status/phase") == "Failed" || (is_deleted(pod) && text(pod, "/status/phase") != "Succeeded")
}

impl Jobs {
    /// Deletes a Job that has been over for as long as it says.
    fn expire(&mut self, key: &Key, job: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some(seconds) = integer(job, "/spec/ttlSecondsAfterFinished") else { return Ok(()) };
        if is_deleted(job) {
            return Ok(());
        }
        let now = desk.api.now().millis;
        let due =
            *self.ended.entry(uid(job).to_owned()).or_insert(now) + (seconds.unsigned_abs() * 1000).max(LAST_SIGHT);
        if now < due {
            desk.again_after(due - now, key.clone());
            return Ok(());
        }
        let uid = Some(uid(job).to_owned());
        desk.api.delete(key, &Deletion { uid, propagation: Some(Propagation::Foreground), ..Deletion::default() })
    }

    fn run(&mut self, key: &Key, before: &Arc<Value>, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let now = desk.api.now().millis;
        let stamp = desk.timestamp();
        let mut job = Value::clone(before);
        let claimed = pods::claim(desk, &job, &PODS)?;
        let suspended = truth(&job, "/spec/suspend");
        let id = uid(&job).to_owned();
        if !suspended && text(&job, "/status/startTime").is_empty() {
            *ensure(&mut job, &["status", "startTime"]) = json!(stamp);
            self.begun.insert(id.clone(), now);
        }
        let begun = *self.begun.entry(id.clone()).or_insert(now);
        let ended: Vec<_> = claimed.iter().filter(|pod| pods::is_ended(pod) || is_deleted(pod)).cloned().collect();
        let active: Vec<_> = claimed.iter().filter(|pod| pods::is_active(pod)).cloned().collect();
        let counted: Vec<_> = ended.iter().filter(|pod| has_finalizer(pod, TRACKING)).cloned().collect();
        let succeeded = count(&mut job, &counted);
        let failures = counted.iter().filter(|pod| has_failed(pod)).count();
        let failed = integer(&job, "/status/failed").unwrap_or_default();
        if failures > 0 {
            // Each failure makes the next try wait twice as long, six minutes at most.
            let wait = 10_000_u64.saturating_mul(1 << (failed - 1).clamp(0, 6)).min(360_000);
            self.pause.insert(id.clone(), now + wait);
        }
        let completions = integer(&job, "/spec/completions");
        let parallelism = integer(&job, "/spec/parallelism").unwrap_or(1);
        let have = i64::try_from(active.len()).unwrap_or(i64::MAX);
        let limit = integer(&job, "/spec/backoffLimit").unwrap_or(6);
        let deadline = integer(&job, "/spec/activeDeadlineSeconds").filter(|_| !suspended);
        let due = deadline.map(|seconds| begun + seconds.unsigned_abs() * 1000);
        let done = match completions {
            Some(wanted) => succeeded >= wanted,
            None => succeeded > 0 && have == 0,
        };
        let outcome = if failed > limit {
            Some((false, "BackoffLimitExceeded", "Job has reached the specified backoff limit"))
        } else if due.is_some_and(|due| now >= due) {
            Some((false, "DeadlineExceeded", "Job was active longer than specified deadline"))
        } else if done && !suspended {
            Some((true, "CompletionsReached", "Reached expected number of succeeded pods"))
        } else {
            None
        };
        let mut kept = active.clone();
        let mut failure = None;
        match outcome {
            Some((well, reason, message)) => {
                for pod in &active {
                    pods::delete(desk, &job, pod, COMPONENT)?;
                }
                kept.clear();
                self.ended.insert(id, now);
                finish(&mut job, well, reason, message, &stamp);
                match well {
                    true => desk.normal(&job, COMPONENT, "Completed", "Job completed"),
                    false => desk.warning(&job, COMPONENT, reason, message),
                }
            }
            None if suspended => {
                for pod in &active {
                    pods::delete(desk, &job, pod, COMPONENT)?;
                }
                kept.clear();
                note_suspended(&mut job, true, &stamp, desk);
            }
            None => {
                note_suspended(&mut job, false, &stamp, desk);
                if let Some(due) = due {
                    desk.again_after(due - now, key.clone());
                }
                let wanted = completions.map_or(if succeeded > 0 { have } else { parallelism }, |completions| {
                    parallelism.min(completions - succeeded)
                });
                let pause = self.pause.get(&id).copied().unwrap_or_default();
                if have < wanted && now < pause {
                    desk.again_after(pause - now, key.clone());
                } else if have < wanted {
                    for index in self.missing(&job, &active, wanted - have) {
                        match create(&job, index, desk) {
                            Ok(pod) => kept.push(pod),
                            Err(refusal) => {
                                failure = Some(refusal);
                                break;
                            }
                        }
                    }
                } else if have > wanted {
                    pods::rank_for_deletion(&mut kept);
                    let surplus = usize::try_from(have - wanted).unwrap_or_default();
                    for pod in kept.drain(..surplus.min(kept.len())).collect::<Vec<_>>() {
                        pods::delete(desk, &job, &pod, COMPONENT)?;
                    }
                }
            }
        }
        let ready = kept.iter().filter(|pod| pods::is_ready(pod)).count();
        let status = ensure(&mut job, &["status"]);
        if let Some(status) = status.as_object_mut() {
            pods::count(status, "active", i64::try_from(kept.len()).unwrap_or(i64::MAX));
            status.insert("ready".to_owned(), json!(ready));
            status.insert("terminating".to_owned(), json!(ended.iter().filter(|pod| !pods::is_ended(pod)).count()));
            status.insert("uncountedTerminatedPods".to_owned(), json!({}));
        }
        // First the count, then the finalizers by which Pods wait to be counted.
        desk.put_status(&JOBS, before, job)?;
        for pod in counted {
            let Some((_, mut pod)) = super::fetch(desk, &Key::to(&PODS, &pod)) else { continue };
            if remove_finalizer(&mut pod, TRACKING) {
                desk.api.update(&PODS, "", pod, MANAGER)?;
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// The indexes of Pods to make (`None` each where they have none).
    fn missing(&self, job: &Value, active: &[Arc<Value>], many: i64) -> Vec<Option<i64>> {
        let many = usize::try_from(many).unwrap_or_default();
        if text(job, "/spec/completionMode") != "Indexed" {
            return vec![None; many];
        }
        let mut taken = completed(job);
        taken.extend(active.iter().filter_map(|pod| annotation(pod, INDEX)?.parse::<i64>().ok()));
        let all = 0..integer(job, "/spec/completions").unwrap_or_default();
        all.filter(|index| !taken.contains(index)).take(many).map(Some).collect()
    }
}

/// Adds Pods that ended to the counts; returns how many ended well in all.
fn count(job: &mut Value, ended: &[Arc<Value>]) -> i64 {
    let well: Vec<&Arc<Value>> = ended.iter().filter(|pod| text(pod, "/status/phase") == "Succeeded").collect();
    let badly = i64::try_from(ended.iter().filter(|pod| has_failed(pod)).count()).unwrap_or_default();
    let failed = integer(job, "/status/failed").unwrap_or_default() + badly;
    let mut succeeded = integer(job, "/status/succeeded").unwrap_or_default();
    if text(job, "/spec/completionMode") == "Indexed" {
        let mut indexes = completed(job);
        indexes.extend(well.iter().filter_map(|pod| annotation(pod, INDEX)?.parse::<i64>().ok()));
        succeeded = i64::try_from(indexes.len()).unwrap_or_default();
        *ensure(job, &["status", "completedIndexes"]) = json!(ranges(&indexes));
    } else {
        succeeded += i64::try_from(well.len()).unwrap_or_default();
    }
    if let Some(status) = ensure(job, &["status"]).as_object_mut() {
        pods::count(status, "succeeded", succeeded);
        pods::count(status, "failed", failed);
        if status.get("completedIndexes").is_some_and(|indexes| indexes == "") {
            status.remove("completedIndexes");
        }
    }
    succeeded
}

/// The indexes in a text like `0-2,5`.
fn completed(job: &Value) -> BTreeSet<i64> {
    let mut all = BTreeSet::new();
    for part in text(job, "/status/completedIndexes").split(',').filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        if let (Ok(first), Ok(last)) = (first.parse::<i64>(), last.parse::<i64>()) {
            all.extend(first..=last);
        }
    }
    all
}

fn ranges(indexes: &BTreeSet<i64>) -> String {
    let mut parts: Vec<(i64, i64)> = Vec::new();
    for index in indexes {
        match parts.last_mut() {
            Some((_, last)) if *last + 1 == *index => *last = *index,
            _ => parts.push((*index, *index)),
        }
    }
    let said = parts.iter().map(|(first, last)| match last - first {
        0 => first.to_string(),
        1 => format!("{first},{last}"),
        _ => format!("{first}-{last}"),
    });
    said.collect::<Vec<_>>().join(",")
}

fn condition(kind: &str, status: bool, reason: &str, message: &str, now: &str) -> Value {
    json!({
        "type": kind, "status": if status { "True" } else { "False" }, "reason": reason, "message": message,
        "lastProbeTime": now, "lastTransitionTime": now,
    })
}

fn finish(job: &mut Value, well: bool, reason: &str, message: &str, now: &str) {
    for kind in if well { ["SuccessCriteriaMet", "Complete"] } else { ["FailureTarget", "Failed"] } {
        put_condition(job, condition(kind, true, reason, message, now));
    }
    if well {
        *ensure(job, &["status", "completionTime"]) = json!(now);
    }
}

fn note_suspended(job: &mut Value, suspended: bool, now: &str, desk: &mut Desk<'_>) {
    let was = is_true(job, "Suspended");
    if was == suspended {
        return;
    }
    let (reason, message) = match suspended {
        true => ("JobSuspended", "Job suspended"),
        false => ("JobResumed", "Job resumed"),
    };
    put_condition(job, condition("Suspended", suspended, reason, message, now));
    if suspended {
        super::object::set(job, &["status", "startTime"], None);
    } else {
        *ensure(job, &["status", "startTime"]) = json!(now);
    }
    desk.normal(job, COMPONENT, if suspended { "Suspended" } else { "Resumed" }, message);
}

fn create(job: &Value, index: Option<i64>, desk: &mut Desk<'_>) -> Result<Arc<Value>, Refusal> {
    let template = job.pointer("/spec/template").cloned().unwrap_or_default();
    let mut pod = pods::from_template(&template, job);
    let finalizers = ensure(&mut pod, &["metadata", "finalizers"]);
    match finalizers.as_array_mut() {
        Some(list) => list.push(json!(TRACKING)),
        None => *finalizers = json!([TRACKING]),
    }
    pod["metadata"]["generateName"] = json!(format!("{}-", name(job)));
    if let Some(index) = index {
        pod["metadata"]["generateName"] = json!(format!("{}-{index}-", name(job)));
        for map in ["annotations", "labels"] {
            *ensure(&mut pod, &["metadata", map, INDEX]) = json!(index.to_string());
        }
        if text(&pod, "/spec/hostname").is_empty() {
            pod["spec"]["hostname"] = json!(format!("{}-{index}", name(job)));
        }
        let from = json!({"fieldRef": {"fieldPath": format!("metadata.labels['{INDEX}']")}});
        let variable = json!({"name": "JOB_COMPLETION_INDEX", "valueFrom": from});
        for list in ["containers", "initContainers"] {
            for container in pod["spec"].get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                let environment = ensure(container, &["env"]);
                match environment.as_array_mut() {
                    Some(list) => list.push(variable.clone()),
                    None => *environment = json!([variable]),
                }
            }
        }
    }
    pods::create(desk, job, pod, COMPONENT)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::controllers::testing::Memory;
    use crate::controllers::{Controllers, garbage, settle};

    fn begin() -> (Memory, Controllers) {
        let all: Vec<Box<dyn Controller>> = vec![Box::new(garbage::Collector::default()), Box::new(Jobs::default())];
        (Memory::default(), Controllers::only(all))
    }

    fn job(spec: &Value) -> Value {
        let mut job = json!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j", "namespace": "a"},
            "spec": {
                "parallelism": 1, "completions": 1, "backoffLimit": 1, "selector": {"matchLabels": {"job": "j"}},
                "template": {"metadata": {"labels": {"job": "j"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
            },
        });
        for (field, value) in spec.as_object().unwrap() {
            job["spec"][field] = value.clone();
        }
        job
    }

    fn end(api: &mut Memory, work: &mut Controllers, phase: &str) {
        for pod in api.all("", "pods").iter().filter(|pod| pods::is_active(pod)) {
            api.change_status(pod, |status| *status = json!({"phase": phase}));
        }
        settle(api, work);
    }

    #[test]
    fn a_job_is_complete_when_enough_pods_succeeded() {
        let (mut api, mut work) = begin();
        let made = api.make(job(&json!({"completions": 3, "parallelism": 2, "ttlSecondsAfterFinished": 60})));
        settle(&mut api, &mut work);
        let status = api.now_of(&made).unwrap()["status"].clone();
        assert_eq!((&status["active"], &status["ready"], &status["terminating"]), (&json!(2), &json!(0), &json!(0)));
        end(&mut api, &mut work, "Succeeded");
        assert_eq!(api.now_of(&made).unwrap()["status"]["succeeded"], 2);
        end(&mut api, &mut work, "Succeeded");
        let done = api.now_of(&made).unwrap();
        assert_eq!((&done["status"]["succeeded"], &done["status"]["active"]), (&json!(3), &Value::Null));
        let complete = super::super::object::condition(&done, "Complete").unwrap();
        assert_eq!(complete["message"], "Reached expected number of succeeded pods");
        assert!(api.all("", "pods").iter().all(|pod| !has_finalizer(pod, TRACKING)));
        api.pass(&mut work, 59_000);
        assert!(api.now_of(&made).is_some());
        api.pass(&mut work, 1_000);
        assert!(api.now_of(&made).is_none());
        assert!(api.all("", "pods").is_empty());
    }

    #[test]
    fn it_fails_past_its_backoff_limit_and_past_its_deadline() {
        let (mut api, mut work) = begin();
        let made = api.make(job(&json!({})));
        settle(&mut api, &mut work);
        end(&mut api, &mut work, "Failed");
        assert_eq!(api.all("", "pods").len(), 1, "the next try waits");
        api.pass(&mut work, 10_000);
        assert_eq!(api.all("", "pods").len(), 2);
        end(&mut api, &mut work, "Failed");
        let failed = super::super::object::condition(&api.now_of(&made).unwrap(), "Failed").unwrap().clone();
        assert_eq!(failed["reason"], "BackoffLimitExceeded");
        let (mut api, mut work) = begin();
        let made = api.make(job(&json!({"activeDeadlineSeconds": 30})));
        api.pass(&mut work, 30_000);
        let failed = super::super::object::condition(&api.now_of(&made).unwrap(), "Failed").unwrap().clone();
        assert_eq!(failed["reason"], "DeadlineExceeded");
        assert!(api.all("", "pods").is_empty());
    }

    #[test]
    fn indexed_jobs_count_indexes_and_suspended_ones_have_no_pods() {
        let (mut api, mut work) = begin();
        let made = api.make(job(&json!({"completionMode": "Indexed", "completions": 4, "parallelism": 3})));
        settle(&mut api, &mut work);
        end(&mut api, &mut work, "Succeeded");
        assert_eq!(api.now_of(&made).unwrap()["status"]["completedIndexes"], "0-2");
        let last = api.all("", "pods").into_iter().find(|pod| pods::is_active(pod)).unwrap();
        assert_eq!(annotation(&last, INDEX), Some("3"));
        assert_eq!(last["spec"]["hostname"], "j-3");
        api.change(&made, |job| job["spec"]["suspend"] = json!(true));
        settle(&mut api, &mut work);
        let suspended = api.now_of(&made).unwrap();
        assert!(is_true(&suspended, "Suspended"));
        assert_eq!(suspended["status"].get("active"), None);
    }

    #[test]
    fn even_a_job_that_is_to_go_at_once_is_seen_to_have_ended() {
        let (mut api, mut work) = begin();
        let made = api.make(job(&json!({"ttlSecondsAfterFinished": 0})));
        settle(&mut api, &mut work);
        end(&mut api, &mut work, "Succeeded");
        api.pass(&mut work, 4_999);
        assert!(is_true(&api.now_of(&made).unwrap(), "Complete"));
        api.pass(&mut work, 1);
        assert!(api.now_of(&made).is_none());
    }

    #[test]
    fn deleting_a_job_frees_its_pods() {
        let (mut api, mut work) = begin();
        let made = api.make(job(&json!({})));
        settle(&mut api, &mut work);
        api.remove(&made, Some(Propagation::Background));
        settle(&mut api, &mut work);
        assert!(api.all("", "pods").is_empty());
    }
}
