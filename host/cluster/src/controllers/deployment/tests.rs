//! Lives of Deployments.
#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;
use crate::controllers::object::{condition, name};
use crate::controllers::replica_set::Replicas;
use crate::controllers::testing::Memory;
use crate::controllers::{Controllers, garbage, settle};

fn begin() -> (Memory, Controllers) {
    let all: Vec<Box<dyn Controller>> =
        vec![Box::new(garbage::Collector::default()), Box::new(Rollouts::default()), Box::new(Replicas::sets())];
    (Memory::default(), Controllers::only(all))
}

fn deployment(replicas: i64) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "a"},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "progressDeadlineSeconds": 600,
            "revisionHistoryLimit": 10,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}},
        },
    })
}

/// Makes all Pods ready, as often as it takes until no more come.
fn all_ready(api: &mut Memory, work: &mut Controllers) {
    loop {
        settle(api, work);
        let waiting: Vec<_> = api.all("", "pods").into_iter().filter(|pod| !pods::is_ready(pod)).collect();
        if waiting.is_empty() {
            return;
        }
        for pod in waiting {
            ready(api, &pod);
        }
    }
}

fn ready(api: &mut Memory, pod: &Value) {
    let status = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]});
    api.change_status(pod, |now| *now = status);
}

fn sizes(api: &Memory) -> Vec<(i64, String)> {
    let mut all: Vec<_> = api
        .all("apps", "replicasets")
        .iter()
        .map(|set| (size(set), annotation(set, REVISION).unwrap().to_owned()))
        .collect();
    all.sort_by_key(|(_, revision)| revision.clone());
    all
}

fn says(deployment: &Value, kind: &str) -> (String, String, String) {
    let condition = condition(deployment, kind).unwrap();
    let of = |field: &str| text(condition, field).to_owned();
    (of("/status"), of("/reason"), of("/message"))
}

#[test]
fn a_new_deployment_makes_a_replica_set_and_becomes_available() {
    let (mut api, mut work) = begin();
    let made = api.make(deployment(2));
    settle(&mut api, &mut work);
    let set = api.all("apps", "replicasets").remove(0);
    let hash = crate::controllers::object::label(&set, HASH).unwrap().to_owned();
    assert_eq!(name(&set), format!("web-{hash}"));
    assert_eq!(annotation(&set, DESIRED), Some("2"));
    assert_eq!(annotation(&set, MAXIMUM), Some("3"));
    assert_eq!(set["spec"]["selector"]["matchLabels"], json!({"app": "web", HASH: hash}));
    let waiting = api.now_of(&made).unwrap();
    assert_eq!(annotation(&waiting, REVISION), Some("1"));
    assert_eq!(waiting["status"]["unavailableReplicas"], 2);
    assert_eq!(says(&waiting, "Available").1, "MinimumReplicasUnavailable");
    assert_eq!(
        says(&waiting, "Progressing"),
        ("True".into(), "ReplicaSetUpdated".into(), format!("ReplicaSet \"web-{hash}\" is progressing."))
    );
    all_ready(&mut api, &mut work);
    let done = api.now_of(&made).unwrap();
    let status = json!({
        "observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2,
        "terminatingReplicas": 0, "conditions": done["status"]["conditions"],
    });
    assert_eq!(done["status"], status);
    assert_eq!(says(&done, "Available").1, "MinimumReplicasAvailable");
    assert_eq!(
        says(&done, "Progressing"),
        (
            "True".into(),
            "NewReplicaSetAvailable".into(),
            format!("ReplicaSet \"web-{hash}\" has successfully progressed.")
        )
    );
    let events = api.all("", "events");
    let said: Vec<_> = events.iter().map(|event| text(event, "/message")).collect();
    assert!(said.contains(&format!("Scaled up replica set web-{hash} from 0 to 2").as_str()), "{said:?}");
}

#[test]
fn a_rollout_keeps_within_its_fence_and_an_undo_gets_a_new_revision() {
    let (mut api, mut work) = begin();
    let made = api.make(deployment(4));
    all_ready(&mut api, &mut work);
    let change = |image: &'static str| {
        move |d: &mut Value| d["spec"]["template"]["spec"]["containers"][0]["image"] = json!(image)
    };
    api.change(&made, change("i:2"));
    settle(&mut api, &mut work);
    // One too many (25% of 4), and one may be missing.
    assert_eq!(sizes(&api), [(3, "1".into()), (2, "2".into())]);
    all_ready(&mut api, &mut work);
    assert_eq!(sizes(&api), [(0, "1".into()), (4, "2".into())]);
    assert_eq!(api.all("", "pods").len(), 4);
    api.change(&made, change("i:1"));
    all_ready(&mut api, &mut work);
    assert_eq!(sizes(&api), [(0, "2".into()), (4, "3".into())]);
    let sets = api.all("apps", "replicasets");
    let history: Vec<_> = sets.iter().filter_map(|set| annotation(set, HISTORY)).collect();
    assert_eq!(history, ["1"]);
    assert_eq!(annotation(&api.now_of(&made).unwrap(), REVISION), Some("3"));
}

#[test]
fn recreate_waits_for_the_last_old_pod() {
    let (mut api, mut work) = begin();
    let mut first = deployment(1);
    first["spec"]["strategy"] = json!({"type": "Recreate"});
    let made = api.make(first);
    all_ready(&mut api, &mut work);
    let pod = api.all("", "pods").remove(0);
    let held = api.change(&pod, |pod| pod["metadata"]["finalizers"] = json!(["example.com/hold"]));
    api.change(&made, |d| d["spec"]["template"]["spec"]["containers"][0]["image"] = json!("i:2"));
    settle(&mut api, &mut work);
    assert_eq!(sizes(&api), [(0, "1".into())]);
    api.change(&held, |pod| pod["metadata"]["finalizers"] = json!([]));
    settle(&mut api, &mut work);
    assert_eq!(sizes(&api), [(0, "1".into()), (1, "2".into())]);
}

#[test]
fn scaling_pausing_and_the_history_limit() {
    let (mut api, mut work) = begin();
    let made = api.make(deployment(1));
    all_ready(&mut api, &mut work);
    api.change(&made, |d| d["spec"]["replicas"] = json!(3));
    all_ready(&mut api, &mut work);
    assert_eq!(sizes(&api), [(3, "1".into())]);
    api.change(&made, |d| {
        d["spec"]["paused"] = json!(true);
        d["spec"]["template"]["spec"]["containers"][0]["image"] = json!("i:2");
    });
    settle(&mut api, &mut work);
    assert_eq!(sizes(&api), [(3, "1".into())]);
    let now = api.now_of(&made).unwrap();
    assert_eq!(says(&now, "Progressing"), ("Unknown".into(), "DeploymentPaused".into(), "Deployment is paused".into()));
    assert_eq!(now["status"]["observedGeneration"], now["metadata"]["generation"]);
    api.change(&made, |d| {
        d["spec"]["paused"] = json!(false);
        d["spec"]["revisionHistoryLimit"] = json!(0);
    });
    all_ready(&mut api, &mut work);
    assert_eq!(sizes(&api), [(3, "2".into())]);
}

#[test]
fn a_rollout_that_stands_still_exceeds_its_deadline() {
    let (mut api, mut work) = begin();
    let made = api.make(deployment(1));
    api.pass(&mut work, 599_000);
    assert_eq!(says(&api.now_of(&made).unwrap(), "Progressing").1, "ReplicaSetUpdated");
    api.pass(&mut work, 2_000);
    let late = says(&api.now_of(&made).unwrap(), "Progressing");
    assert_eq!((late.0.as_str(), late.1.as_str()), ("False", "ProgressDeadlineExceeded"));
    assert!(late.2.ends_with("has timed out progressing."), "{late:?}");
    all_ready(&mut api, &mut work);
    assert_eq!(says(&api.now_of(&made).unwrap(), "Progressing").1, "NewReplicaSetAvailable");
}

#[test]
fn what_was_begun_goes_on_after_a_restart() {
    let (mut api, mut work) = begin();
    let made = api.make(deployment(4));
    all_ready(&mut api, &mut work);
    api.change(&made, |d| d["spec"]["template"]["spec"]["containers"][0]["image"] = json!("i:2"));
    settle(&mut api, &mut work);
    let (_, mut anew) = begin();
    let before = api.all("", "pods").len();
    settle(&mut api, &mut anew);
    assert_eq!(api.all("", "pods").len(), before, "reading everything again changes nothing");
    all_ready(&mut api, &mut anew);
    assert_eq!(sizes(&api), [(0, "1".into()), (4, "2".into())]);
}

#[test]
fn everything_goes_with_the_deployment() {
    let (mut api, mut work) = begin();
    let made = api.make(deployment(2));
    all_ready(&mut api, &mut work);
    api.remove(&made, None);
    settle(&mut api, &mut work);
    assert!(api.all("apps", "replicasets").is_empty());
    assert!(api.all("", "pods").is_empty());
}

#[test]
fn shares_are_rounded_as_upstream_rounds_them() {
    let cases =
        [(json!("25%"), 4, (1, 1)), (json!("25%"), 3, (1, 0)), (json!("30%"), 10, (3, 3)), (json!(2), 10, (2, 2))];
    for (value, whole, (up, down)) in cases {
        assert_eq!(
            (share(Some(&value), whole, true), share(Some(&value), whole, false)),
            (up, down),
            "{value} of {whole}"
        );
    }
}
