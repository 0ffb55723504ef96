//! `policy/v1` Eviction: whether budgets for disruption let a Pod go.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::labels::{is_empty, selects};
use crate::object::{at, int, items, items_mut, make, set, text};
use crate::status::{Refusal, Subject};

/// After how many seconds a client that comes too early should ask again.
const AGAIN: u32 = 10;
/// How many evictions of one budget may be under way.
const MOST_UNDER_WAY: usize = 2000;

/// Lets `pod` go, or says why not. What comes back is the budget that pays for it, with a new status, where one does;
/// `budgets` are those of the Pod's namespace, `now` is an RFC 3339 time.
pub(crate) fn allow<'a>(
    pod: &Value,
    budgets: impl Iterator<Item = &'a Value>,
    now: &str,
) -> Result<Option<Value>, Refusal> {
    let ended = matches!(text(at(pod, "status"), "phase"), "Succeeded" | "Failed" | "Pending");
    if ended || !at(at(pod, "metadata"), "deletionTimestamp").is_null() {
        return Ok(None);
    }
    let guards = |budget: &&Value| {
        let selector = at(at(budget, "spec"), "selector");
        !is_empty(selector) && selects(selector, at(at(pod, "metadata"), "labels"))
    };
    let guarding: Vec<&Value> = budgets.filter(guards).collect();
    let budget = match guarding.as_slice() {
        [] => return Ok(None),
        [budget] => *budget,
        _ => {
            let message =
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
            return Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "", message));
        }
    };
    let status = at(budget, "status");
    let count = |field| int(status, field).unwrap_or_default();
    if !is_ready(pod) {
        let always = text(at(budget, "spec"), "unhealthyPodEvictionPolicy") == "AlwaysAllow";
        let desired = count("desiredHealthy");
        if always || (desired > 0 && count("currentHealthy") >= desired) {
            return Ok(None);
        }
    }
    charge(budget, text(at(pod, "metadata"), "name"), now).map(Some)
}

fn is_ready(pod: &Value) -> bool {
    let ready = |condition: &Value| text(condition, "type") == "Ready" && text(condition, "status") == "True";
    items(at(pod, "status"), "conditions").iter().any(ready)
}

/// The budget with one disruption less to give.
fn charge(budget: &Value, pod: &str, now: &str) -> Result<Value, Refusal> {
    let (metadata, status) = (at(budget, "metadata"), at(budget, "status"));
    let name = text(metadata, "name");
    let count = |field| int(status, field).unwrap_or_default();
    let forbidden =
        |why| Err(Refusal::forbidden(Subject { group: "policy", resource: "poddisruptionbudget", name }, why));
    if count("observedGeneration") < int(metadata, "generation").unwrap_or_default() {
        let why = format!("The disruption budget {name} is still being processed by the server.");
        return Err(too_many(&why, Some(AGAIN)));
    }
    let allowed = count("disruptionsAllowed");
    if allowed < 0 {
        return forbidden("pdb disruptions allowed is negative");
    }
    if at(status, "disruptedPods").as_object().is_some_and(|under_way| under_way.len() > MOST_UNDER_WAY) {
        return forbidden("DisruptedPods map too big - too many evictions not confirmed by PDB controller");
    }
    if allowed == 0 {
        let (desired, current) = (count("desiredHealthy"), count("currentHealthy"));
        let why = format!("The disruption budget {name} needs {desired} healthy pods and has {current} currently");
        return Err(too_many(&why, None));
    }
    let mut budget = budget.clone();
    if let Some(status) = make(&mut budget, "status") {
        set(status, "disruptionsAllowed", allowed - 1);
        if let Some(under_way) = make(status, "disruptedPods") {
            set(under_way, pod, now);
        }
        let exhausted = |condition: &&mut Value| allowed == 1 && text(condition, "type") == "DisruptionAllowed";
        if let Some(condition) = items_mut(status, "conditions").iter_mut().find(exhausted) {
            set(condition, "reason", "InsufficientPods");
            set(condition, "status", "False");
            set(condition, "lastTransitionTime", now);
        }
    }
    Ok(budget)
}

fn too_many(why: &str, again: Option<u32>) -> Refusal {
    let message = "Cannot evict pod as it would violate the pod's disruption budget.";
    let causes = json!([{"reason": "DisruptionBudget", "message": why}]);
    Refusal {
        details: Some(Map::from_iter([("causes".to_owned(), causes)])),
        retry_after: again,
        ..Refusal::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", message)
    }
}

/// Notes in the Pod's status that it is evicted.
pub(crate) fn note(pod: &mut Value, now: &str) {
    let condition = json!({
        "type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting", "lastProbeTime": null, "lastTransitionTime": now,
    });
    let Some(status) = make(pod, "status") else { return };
    let mut conditions = items(status, "conditions").to_vec();
    conditions.retain(|known| text(known, "type") != "DisruptionTarget");
    conditions.push(condition);
    set(status, "conditions", conditions);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn pod(phase: &str, ready: &str) -> Value {
        json!({
            "metadata": {"name": "p", "labels": {"a": "b"}},
            "status": {"phase": phase, "conditions": [{"type": "Ready", "status": ready}]},
        })
    }

    fn budget(allowed: i64, current: i64) -> Value {
        json!({
            "metadata": {"name": "g", "generation": 1}, "spec": {"selector": {"matchLabels": {"a": "b"}}},
            "status": {
                "observedGeneration": 1, "disruptionsAllowed": allowed, "currentHealthy": current, "desiredHealthy": 2,
                "conditions": [{"type": "DisruptionAllowed", "status": "True", "reason": "SufficientPods"}],
            },
        })
    }

    #[test]
    fn pods_that_count_for_nothing_go() {
        let none = [budget(0, 1)];
        for pod in [pod("Pending", "False"), pod("Failed", "False")] {
            assert_eq!(allow(&pod, none.iter(), "now").unwrap(), None);
        }
        let mut always = budget(0, 1);
        always["spec"]["unhealthyPodEvictionPolicy"] = json!("AlwaysAllow");
        for budget in [budget(0, 2), always] {
            assert_eq!(allow(&pod("Running", "False"), [budget].iter(), "now").unwrap(), None);
        }
        assert_eq!(allow(&pod("Running", "True"), [].iter(), "now").unwrap(), None);
    }

    #[test]
    fn budgets_pay() {
        let paid = allow(&pod("Running", "True"), [budget(1, 3)].iter(), "now").unwrap().unwrap();
        assert_eq!(paid["status"]["disruptionsAllowed"], 0);
        assert_eq!(paid["status"]["disruptedPods"], json!({"p": "now"}));
        assert_eq!(paid["status"]["conditions"][0]["reason"], "InsufficientPods");
    }

    #[test]
    fn refusals_are_upstreams() {
        let mut early = budget(1, 3);
        early["metadata"]["generation"] = json!(2);
        let cases = [
            (budget(0, 2), "The disruption budget g needs 2 healthy pods and has 2 currently", None),
            (early, "The disruption budget g is still being processed by the server.", Some(10)),
        ];
        for (budget, why, again) in cases {
            let body = allow(&pod("Running", "True"), [budget].iter(), "now").unwrap_err().body();
            assert_eq!(body["code"], 429);
            assert_eq!(body["details"]["causes"], json!([{"reason": "DisruptionBudget", "message": why}]));
            assert_eq!(body["details"].get("retryAfterSeconds").and_then(Value::as_u64), again);
        }
        let two = [budget(1, 3), budget(1, 3)];
        let body = allow(&pod("Running", "True"), two.iter(), "now").unwrap_err().body();
        assert_eq!((&body["code"], body.get("reason")), (&json!(500), None));
    }

    #[test]
    fn evictions_are_noted() {
        let mut pod = pod("Running", "True");
        note(&mut pod, "now");
        note(&mut pod, "later");
        assert_eq!(pod["status"]["conditions"][1]["lastTransitionTime"], "later");
        assert_eq!(pod["status"]["conditions"].as_array().unwrap().len(), 2);
    }
}
