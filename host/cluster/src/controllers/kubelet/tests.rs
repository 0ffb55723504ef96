//! Lives of Pods on nodes.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::controllers::object::condition;
use crate::controllers::scheduler::Scheduler;
use crate::controllers::testing::Memory;
use crate::controllers::{Controllers, settle};

fn begin() -> (Memory, Controllers) {
    let all: Vec<Box<dyn Controller>> = vec![Box::new(Scheduler::default()), Box::new(Kubelet::default())];
    (Memory::default(), Controllers::only(all))
}

fn node(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {"pool": name}},
        "spec": {"podCIDR": "10.244.1.0/25"},
        "status": {"conditions": [{"type": "Ready", "status": "True"}], "addresses": [{"type": "InternalIP", "address": "10.0.0.7"}], "allocatable": {"cpu": "1", "pods": "3"}},
    })
}

fn pod(name: &str, image: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "a"},
        "spec": {"restartPolicy": "Always", "containers": [{"name": "c", "image": image}]}, "status": {"phase": "Pending"},
    })
}

fn reasons(api: &Memory, about: &str) -> Vec<String> {
    let events = api.all("", "events");
    let of = events.iter().filter(|event| text(event, "/involvedObject/name") == about);
    of.map(|event| text(event, "/reason").to_owned()).collect()
}

#[test]
fn a_pod_runs_ten_seconds_after_it_came_and_goes_when_deleted() {
    let (mut api, mut work) = begin();
    let pod = api.make(pod("p", "nginx"));
    api.pass(&mut work, 60_000);
    assert_eq!(api.now_of(&pod).unwrap(), pod, "without nodes nothing happens");
    api.make(node("n"));
    let late = api.make({
        let mut late = Value::clone(&pod);
        late["metadata"] = json!({"name": "late", "namespace": "a"});
        late
    });
    settle(&mut api, &mut work);
    assert_eq!(text(&api.now_of(&pod).unwrap(), "/spec/nodeName"), "n");
    api.pass(&mut work, 9_999);
    assert_eq!(text(&api.now_of(&late).unwrap(), "/spec/nodeName"), "");
    api.pass(&mut work, 1);
    let runs = api.now_of(&late).unwrap();
    assert_eq!(text(&runs, "/status/phase"), "Running");
    assert!(is_true(&runs, "Ready"));
    assert_eq!((text(&runs, "/status/hostIP"), text(&runs, "/status/podIP")), ("10.0.0.7", "10.244.1.3"));
    assert_eq!(text(&runs, "/status/containerStatuses/0/image"), "docker.io/library/nginx:latest");
    assert_eq!(reasons(&api, "late"), ["Scheduled", "Pulled", "Created", "Started"]);
    api.remove(&late, None);
    assert!(is_deleted(&api.now_of(&late).unwrap()));
    settle(&mut api, &mut work);
    assert!(api.now_of(&late).is_none());
}

#[test]
fn pods_whose_node_is_gone_go_after_a_minute() {
    let (mut api, mut work) = begin();
    let mut bound = pod("p", "i");
    bound["spec"]["nodeName"] = json!("nowhere");
    let bound = api.make(bound);
    api.pass(&mut work, 59_000);
    assert_eq!(api.now_of(&bound).unwrap(), bound);
    api.pass(&mut work, 1_000);
    assert!(api.now_of(&bound).is_none());
}

#[test]
fn an_image_of_an_invalid_registry_is_never_pulled() {
    let (mut api, mut work) = begin();
    api.make(node("n"));
    let pod = api.make(pod("p", "example.invalid/c:1"));
    api.pass(&mut work, 3_600_000);
    let waits = api.now_of(&pod).unwrap();
    assert_eq!(text(&waits, "/status/phase"), "Pending");
    assert_eq!(text(&waits, "/status/containerStatuses/0/state/waiting/reason"), "ImagePullBackOff");
    assert_eq!(condition(&waits, "Ready").unwrap()["message"], "containers with unready status: [c]");
}

#[test]
fn a_pod_that_ends_by_itself_does_so_after_its_init_containers() {
    let (mut api, mut work) = begin();
    api.make(node("n"));
    let mut job = pod("p", "i");
    job["spec"]["restartPolicy"] = json!("Never");
    job["spec"]["initContainers"] = json!([{"name": "first", "image": "i"}]);
    let job = api.make(job);
    api.pass(&mut work, 10_000);
    assert_eq!(text(&api.now_of(&job).unwrap(), "/status/phase"), "Running");
    api.pass(&mut work, 5_000);
    let done = api.now_of(&job).unwrap();
    assert_eq!(text(&done, "/status/phase"), "Succeeded");
    assert_eq!(text(&done, "/status/containerStatuses/0/state/terminated/reason"), "Completed");
    assert_eq!(condition(&done, "Ready").unwrap()["reason"], "PodCompleted");
}

#[test]
fn pods_go_where_they_fit_and_say_why_they_do_not() {
    let (mut api, mut work) = begin();
    api.make(node("one"));
    let mut tainted = node("two");
    tainted["spec"]["taints"] = json!([{"key": "k", "value": "v", "effect": "NoSchedule"}]);
    api.make(tainted);
    let mut chosen = pod("chosen", "i");
    chosen["spec"]["nodeSelector"] = json!({"pool": "two"});
    let chosen = api.make(chosen);
    let mut large = pod("large", "i");
    large["spec"]["containers"][0]["resources"] = json!({"requests": {"cpu": "2"}});
    large["spec"]["tolerations"] = json!([{"operator": "Exists"}]);
    let large = api.make(large);
    api.pass(&mut work, 10_000);
    let why = |pod: &Value| text(condition(&api.now_of(pod).unwrap(), "PodScheduled").unwrap(), "/message").to_owned();
    let preemption = "preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.";
    assert_eq!(
        why(&chosen),
        format!(
            "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated \
             taint(s) {{k: v}}. {preemption}"
        )
    );
    assert_eq!(why(&large), format!("0/2 nodes are available: 2 Insufficient cpu. {preemption}"));
    let mut wanted = Value::clone(&chosen);
    wanted["metadata"] = json!({"name": "tolerant", "namespace": "a"});
    wanted["spec"]["tolerations"] = json!([{"key": "k", "value": "v"}]);
    let tolerant = api.make(wanted);
    api.pass(&mut work, 10_000);
    assert_eq!(text(&api.now_of(&tolerant).unwrap(), "/spec/nodeName"), "two");
}

#[test]
fn what_a_pod_misses_holds_it_up_until_it_comes() {
    let (mut api, mut work) = begin();
    api.make(node("n"));
    let mut needy = pod("needy", "i");
    needy["spec"]["volumes"] = json!([{"name": "v", "configMap": {"name": "cm"}}]);
    needy["spec"]["containers"][0]["env"] =
        json!([{"name": "E", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]);
    let needy = api.make(needy);
    api.pass(&mut work, 12_000);
    let state = |api: &Memory| {
        text(&api.now_of(&needy).unwrap(), "/status/containerStatuses/0/state/waiting/reason").to_owned()
    };
    assert_eq!(state(&api), "ContainerCreating");
    api.make(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cm", "namespace": "a"}}));
    api.pass(&mut work, 6_000);
    assert_eq!(state(&api), "CreateContainerConfigError");
    api.make(
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "a"}, "data": {"k": ""}}),
    );
    api.pass(&mut work, 6_000);
    assert_eq!(text(&api.now_of(&needy).unwrap(), "/status/phase"), "Running");
}

#[test]
fn the_maker_of_webhooks_certificates_makes_their_secret() {
    let (mut api, mut work) = begin();
    api.make(node("n"));
    let mut maker = pod("maker", "registry.k8s.io/ingress-nginx/kube-webhook-certgen:v1.6@sha256:0");
    maker["spec"]["restartPolicy"] = json!("OnFailure");
    maker["spec"]["containers"][0]["args"] = json!(["create", "--namespace=$(POD_NAMESPACE)", "--secret-name=hook"]);
    api.make(maker);
    let mut server = pod("server", "i");
    server["spec"]["volumes"] = json!([{"name": "v", "secret": {"secretName": "hook"}}]);
    let server = api.make(server);
    api.pass(&mut work, 12_000);
    assert_eq!(text(&api.now_of(&server).unwrap(), "/status/phase"), "Pending");
    api.pass(&mut work, 10_000);
    assert_eq!(text(&api.now_of(&server).unwrap(), "/status/phase"), "Running");
    let secret = api.all("", "secrets").remove(0);
    let fields: Vec<_> = super::super::object::fields(&secret, "/data").unwrap().keys().cloned().collect();
    assert_eq!(fields, ["ca", "cert", "key"]);
}
