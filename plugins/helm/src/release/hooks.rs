//! Hooks: objects that are applied around an operation, one after another, and waited for to their end.

use maps_kube_objects::id::{ObjectId, text};
use maps_kube_objects::problem::told;
use maps_kube_objects::ready::condition;
use maps_kube_objects::remove::{is_over, removal};
use maps_kube_objects::taken::Taken;
use maps_sdk::kube::{Apply, Cluster, Deletion};
use maps_sdk::{Problem, Step, clock};
use serde_json::Value;

use super::flow::{Flow, RETRY_MS, SOON_MS};
use super::history;
use super::model::{Checkpoint, HookState};
use super::moment::Moment;
use super::objects::{self, Of};
use super::record::{Record, StoredHook};

const BEFORE_CREATION: &str = "before-hook-creation";
const SUCCEEDED: &str = "hook-succeeded";
const FAILED: &str = "hook-failed";

/// The cluster, and in whose name it is written to.
#[derive(Clone, Copy)]
pub(crate) struct Desk<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) step: Step,
}

/// The hooks of an event, in the order in which they run, by their place among all.
fn of_event(hooks: &[StoredHook], event: &str) -> Vec<usize> {
    let mut chosen: Vec<usize> = (0..hooks.len()).filter(|at| hooks[*at].events.iter().any(|e| e == event)).collect();
    chosen.sort_by(|a, b| (hooks[*a].weight, &hooks[*a].name).cmp(&(hooks[*b].weight, &hooks[*b].name)));
    chosen
}

/// Runs those of an event from where the checkpoint says on. Their runs are told in the record, which the caller
/// writes once more at its end.
///
/// # Errors
/// What the server refuses, and a hook that failed.
pub(crate) fn run(
    desk: Desk<'_>,
    record: &mut Record,
    event: &str,
    checkpoint: &mut Checkpoint,
) -> Result<Flow, Problem> {
    let chosen = of_event(record.release.hooks.as_deref().unwrap_or_default(), event);
    while let Some(at) = chosen.get(checkpoint.hooks) {
        match one(desk, record, *at, checkpoint) {
            Ok(Flow::On) => {
                checkpoint.hooks += 1;
                (checkpoint.hook, checkpoint.taken) = (HookState::Next, Taken::begin());
            }
            Ok(wait) => return Ok(wait),
            Err(problem) if super::flow::passes(&problem) => return Err(problem),
            Err(mut problem) => {
                end(record, *at, "Failed");
                let hook = hook(record, *at);
                problem.message = format!("the {event} hook {} {} failed: {}", hook.kind, hook.name, problem.message);
                let done: Vec<usize> = chosen.iter().take(checkpoint.hooks).copied().collect();
                sweep(desk, record, &[*at], FAILED);
                sweep(desk, record, &done, SUCCEEDED);
                return Err(problem);
            }
        }
    }
    let all: Vec<usize> = chosen.iter().rev().copied().collect();
    sweep(desk, record, &all, SUCCEEDED);
    Ok(Flow::On)
}

fn hook(record: &Record, at: usize) -> StoredHook {
    record.release.hooks.as_ref().and_then(|hooks| hooks.get(at)).cloned().unwrap_or_default()
}

fn end(record: &mut Record, at: usize, phase: &str) {
    if let Some(hook) = record.release.hooks.as_mut().and_then(|hooks| hooks.get_mut(at)) {
        hook.last_run.completed_at = Moment::of_ms(clock::now()).rfc3339();
        hook.last_run.phase = phase.to_owned();
    }
}

/// The objects of a hook, with their names in full.
fn items(desk: Desk<'_>, hook: &StoredHook, namespace: &str) -> Result<Vec<objects::Item>, Problem> {
    objects::items(objects::parse(hook.manifest.as_bytes())?, desk.cluster, namespace)
}

fn has_policy(hook: &StoredHook, policy: &str) -> bool {
    match hook.delete_policies.is_empty() {
        true => policy == BEFORE_CREATION,
        // What goes with a definition is more than anybody meant.
        false => hook.delete_policies.iter().any(|has| has == policy),
    }
}

fn one(desk: Desk<'_>, record: &mut Record, at: usize, checkpoint: &mut Checkpoint) -> Result<Flow, Problem> {
    let hook = hook(record, at);
    let namespace = record.release.namespace.clone();
    let items = items(desk, &hook, &namespace)?;
    let clears = has_policy(&hook, BEFORE_CREATION) && hook.kind != "CustomResourceDefinition";
    if checkpoint.hook == HookState::Next && clears {
        let deletes = items.iter().map(|item| (vec![desk.step], removal(&item.id, ""))).collect();
        for (item, answer) in items.iter().zip(desk.cluster.delete_all(deletes)) {
            match answer {
                Ok(Deletion::UnderWay) => checkpoint.hook = HookState::Clearing,
                Ok(Deletion::Absent | Deletion::Gone) => {}
                Err(problem) if is_over(&item.id, &problem) => {}
                Err(problem) => return Err(told(&item.id, problem)),
            }
        }
    }
    if checkpoint.hook == HookState::Clearing {
        let references: Vec<_> = items.iter().map(|item| item.id.reference()).collect();
        for (item, live) in items.iter().zip(desk.cluster.get_all(&references)) {
            if live.map_err(|problem| told(&item.id, problem))?.is_some() {
                return Ok(Flow::Wait(SOON_MS, format!("{} of an earlier run is being deleted", item.id.shown())));
            }
        }
    }
    if checkpoint.hook != HookState::Running {
        if let Some(hook) = record.release.hooks.as_mut().and_then(|hooks| hooks.get_mut(at)) {
            hook.last_run = super::record::LastRun {
                started_at: Moment::of_ms(clock::now()).rfc3339(),
                completed_at: String::new(),
                phase: "Running".to_owned(),
            };
            if hook.delete_policies.is_empty() {
                hook.delete_policies.push(BEFORE_CREATION.to_owned());
            }
        }
        if let Some(mark) = &mut record.mark {
            mark.progress = checkpoint.progress();
        }
        history::write(desk.cluster, desk.step, &[record])?;
        let of = Of { name: &record.release.name, namespace: &namespace };
        let writes = items.iter().map(|item| {
            let mut object = item.object.clone();
            // What a version leaves that failed, no state names: whose it is, it says itself.
            objects::mark(&mut object, of);
            Ok((vec![desk.step], Apply::new(&object, false)?))
        });
        let writes = writes.collect::<Result<Vec<_>, Problem>>()?;
        for (item, answer) in items.iter().zip(desk.cluster.apply_all(writes)) {
            answer.map_err(|problem| told(&item.id, problem))?;
        }
        checkpoint.hook = HookState::Running;
    }
    let waits: Vec<&ObjectId> = items.iter().map(|item| &item.id).filter(|id| ends(id)).collect();
    let references: Vec<_> = waits.iter().map(|id| id.reference()).collect();
    for (id, live) in waits.into_iter().zip(desk.cluster.get_all(&references)) {
        // One that is gone was taken away behind its end, by its own time to live.
        let Some(live) = live.map_err(|problem| told(id, problem))? else { continue };
        match ended(&live) {
            Some(Ok(())) => {}
            Some(Err(why)) => return Err(Problem::internal("hook-failed", format!("{}{why}", id.shown()))),
            None => return Ok(Flow::Wait(RETRY_MS, format!("the hook {} {} runs", hook.kind, hook.name))),
        }
    }
    end(record, at, "Succeeded");
    Ok(Flow::On)
}

/// Does the object run, and come to an end?
fn ends(id: &ObjectId) -> bool {
    matches!((id.group(), id.kind.as_str()), ("batch", "Job") | ("", "Pod"))
}

/// How it ended, if it did.
fn ended(live: &Value) -> Option<Result<(), String>> {
    if text(live, "/kind") == Some("Pod") {
        return match text(live, "/status/phase") {
            Some("Succeeded") => Some(Ok(())),
            Some("Failed") => {
                let why = text(live, "/status/message").or_else(|| text(live, "/status/reason"));
                Some(Err(why.map_or_else(String::new, |why| format!(": {why}"))))
            }
            _ => None,
        };
    }
    let is = |name: &str| condition(live, name).filter(|(status, _)| *status == "True");
    match (is("Complete"), is("Failed")) {
        (Some(_), _) => Some(Ok(())),
        (None, Some((_, why))) => Some(Err(why)),
        (None, None) => None,
    }
}

/// Deletes those of some hooks that have a policy to go. What stays only gets in nobody's way.
fn sweep(desk: Desk<'_>, record: &Record, places: &[usize], policy: &str) {
    let mut deletes = Vec::new();
    for at in places {
        let hook = hook(record, *at);
        if !has_policy(&hook, policy) || hook.kind == "CustomResourceDefinition" {
            continue;
        }
        if let Ok(items) = items(desk, &hook, &record.release.namespace) {
            deletes.extend(items.into_iter().map(|item| item.id));
        }
    }
    clear(desk, &deletes);
}

/// Deletes objects of hooks, as far as it can.
pub(crate) fn clear(desk: Desk<'_>, ids: &[ObjectId]) {
    let deletes = ids.iter().map(|id| (vec![desk.step], removal(id, ""))).collect();
    for (id, answer) in ids.iter().zip(desk.cluster.delete_all(deletes)) {
        if let Err(problem) = answer
            && !is_over(id, &problem)
        {
            maps_sdk::warn!("the hook {} stays: {}", id.shown(), problem.message);
        }
    }
}

/// What hooks left behind that ran to an end.
pub(crate) fn left(desk: Desk<'_>, record: &Record) -> Result<Vec<ObjectId>, Problem> {
    let all = super::content::hook_objects(record.release.hooks.as_deref().unwrap_or_default())?;
    let items = objects::items(all, desk.cluster, &record.release.namespace)?;
    Ok(items.into_iter().map(|item| item.id).filter(ends).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn hooks_run_by_weight_then_by_name() {
        let hook = |name: &str, weight, event: &str| StoredHook {
            name: name.to_owned(),
            weight,
            events: vec![event.to_owned()],
            ..StoredHook::default()
        };
        let hooks = [hook("b", 0, "x"), hook("c", -1, "x"), hook("d", -5, "y"), hook("a", 0, "x")];
        assert_eq!(of_event(&hooks, "x"), [1, 3, 0]);
    }

    #[test]
    fn a_job_ends_by_its_conditions_and_a_pod_by_its_phase() {
        let job = |name: &str| {
            let condition = json!({"type": name, "status": "True", "reason": "BackoffLimitExceeded"});
            ended(&json!({"kind": "Job", "status": {"conditions": [condition]}}))
        };
        assert_eq!(job("Complete"), Some(Ok(())));
        assert_eq!(job("Failed"), Some(Err(": BackoffLimitExceeded".to_owned())));
        assert_eq!(job("Suspended"), None);
        let pod = |phase: &str| ended(&json!({"kind": "Pod", "status": {"phase": phase}}));
        assert_eq!((pod("Succeeded"), pod("Failed"), pod("Running")), (Some(Ok(())), Some(Err(String::new())), None));
    }

    #[test]
    fn the_policy_that_is_not_said_clears_before_creation() {
        let mut hook = StoredHook::default();
        assert!(has_policy(&hook, BEFORE_CREATION) && !has_policy(&hook, SUCCEEDED));
        hook.delete_policies = vec![SUCCEEDED.to_owned()];
        assert!(!has_policy(&hook, BEFORE_CREATION) && has_policy(&hook, SUCCEEDED));
    }
}
