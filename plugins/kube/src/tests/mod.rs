//! The plugin as the host calls it, against a cluster small enough for unit tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod check;
mod drift;
mod kinds;
mod life;
mod order;
mod plan;

use maps_sdk::bindings::exports::maps::platform::provider as wire;
use maps_sdk::bindings::exports::maps::platform::provider::Guest as _;
use maps_sdk::bindings::maps::platform::types;
use maps_sdk::testing::kube::{self, Verb};
use serde_json::{Value, json};

use crate::MapsPlugin;

const MANIFEST: &str = "kube/manifest";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// A resource as the plugin told it, to be compared.
#[derive(Clone, Debug, PartialEq)]
struct Made {
    id: String,
    inputs: String,
    outputs: String,
}

impl From<types::Resource> for Made {
    fn from(types::Resource { id, inputs, outputs }: types::Resource) -> Self {
        Self { id, inputs, outputs }
    }
}

impl Made {
    fn wire(&self) -> types::Resource {
        types::Resource { id: self.id.clone(), inputs: self.inputs.clone(), outputs: self.outputs.clone() }
    }
}

fn context() -> wire::Context {
    let config = json!({"cluster": {"$sealed": "kubeconfig"}}).to_string();
    wire::Context { stack: "shop".to_owned(), config }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A checkpoint, as it is after so many milliseconds of waiting.
fn after(checkpoint: &str, ms: u64) -> String {
    let mut checkpoint = parsed(checkpoint);
    checkpoint["taken"]["spent"] = ms.into();
    checkpoint["taken"]["asked"] = 0.into();
    checkpoint.to_string()
}

fn config_map(name: &str, value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"key": value}})
}

fn deployment(replicas: u32) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"replicas": replicas, "cpu": "1000m"}})
}

fn running(replicas: u32) -> Value {
    json!({"observedGeneration": 1, "replicas": replicas, "updatedReplicas": replicas, "readyReplicas": replicas,
        "availableReplicas": replicas, "conditions": [{"type": "Available", "status": "True"}]})
}

/// What `check` makes of inputs, or the code, path and message of each problem.
fn check(kind: &str, inputs: &Value) -> Result<Value, Vec<(String, String, String)>> {
    let request = wire::CheckRequest { kind: kind.into(), address: "it".into(), inputs: inputs.to_string() };
    match MapsPlugin::check(context(), vec![request]).pop().unwrap() {
        wire::CheckOutcome::Ok(inputs) => Ok(parsed(&inputs)),
        wire::CheckOutcome::Invalid(problems) => {
            Err(problems.into_iter().map(|p| (p.code, p.path.unwrap_or_default(), p.message)).collect())
        }
    }
}

#[track_caller]
fn checked(kind: &str, inputs: &Value) -> Value {
    check(kind, inputs).unwrap_or_else(|problems| panic!("{inputs}: {problems:?}"))
}

#[track_caller]
fn manifest(objects: &[Value]) -> Value {
    checked(MANIFEST, &json!({"manifest": objects}))
}

/// The token of the resource at a place of a batch.
fn token(at: usize) -> String {
    format!("{at:x}{}", &TOKEN[1..])
}

fn create_from(kind: &str, each: &[(Value, Option<String>)]) -> Vec<wire::MutationOutcome> {
    let requests = each.iter().enumerate().map(|(at, (inputs, checkpoint))| wire::CreateRequest {
        kind: kind.to_owned(),
        address: format!("it-{at}"),
        inputs: inputs.to_string(),
        token: token(at),
        checkpoint: checkpoint.clone(),
    });
    MapsPlugin::create(context(), requests.collect())
}

fn create(kind: &str, each: &[Value]) -> Vec<wire::MutationOutcome> {
    create_from(kind, &each.iter().map(|inputs| (inputs.clone(), None)).collect::<Vec<_>>())
}

#[track_caller]
fn made(kind: &str, inputs: &Value) -> Made {
    done(create(kind, std::slice::from_ref(inputs)).pop().unwrap())
}

fn update(kind: &str, prior: &Made, inputs: &Value, checkpoint: Option<String>) -> wire::MutationOutcome {
    let request = wire::UpdateRequest {
        kind: kind.to_owned(),
        address: "it-0".to_owned(),
        inputs: inputs.to_string(),
        prior: prior.wire(),
        changed: Vec::new(),
        checkpoint,
    };
    MapsPlugin::update(context(), vec![request]).pop().unwrap()
}

fn delete(kind: &str, prior: &Made, checkpoint: Option<String>) -> wire::DeleteOutcome {
    let request =
        wire::DeleteRequest { kind: kind.to_owned(), address: "it-0".to_owned(), prior: prior.wire(), checkpoint };
    MapsPlugin::delete(context(), vec![request]).pop().unwrap()
}

fn read_all(kind: &str, each: &[Made]) -> Vec<wire::ReadOutcome> {
    let requests = each.iter().enumerate().map(|(at, prior)| wire::ReadRequest {
        kind: kind.to_owned(),
        address: format!("it-{at}"),
        id: prior.id.clone(),
        prior: prior.wire(),
        ephemeral: Vec::new(),
    });
    MapsPlugin::read(context(), requests.collect())
}

#[track_caller]
fn read(kind: &str, prior: &Made) -> Option<Made> {
    match read_all(kind, std::slice::from_ref(prior)).pop().unwrap() {
        wire::ReadOutcome::Found(found) => Some(found.into()),
        wire::ReadOutcome::Absent => None,
        wire::ReadOutcome::Failed(problem) => panic!("{problem:?}"),
    }
}

fn find(kind: &str, inputs: &Value) -> wire::FindOutcome {
    let request = wire::FindRequest {
        kind: kind.to_owned(),
        address: "it-0".to_owned(),
        inputs: inputs.to_string(),
        token: token(0),
        checkpoint: None,
    };
    MapsPlugin::find(context(), vec![request]).pop().unwrap()
}

fn preview_all(kind: &str, each: &[(Value, Option<Made>)]) -> Vec<Result<wire::Previewed, types::Problem>> {
    let requests = each.iter().enumerate().map(|(at, (inputs, prior))| wire::PreviewRequest {
        kind: kind.to_owned(),
        address: format!("it-{at}"),
        inputs: inputs.to_string(),
        prior: prior.as_ref().map(Made::wire),
    });
    MapsPlugin::preview(context(), requests.collect())
}

fn preview(inputs: &Value, prior: Option<&Made>) -> Result<wire::Previewed, types::Problem> {
    preview_all(MANIFEST, &[(inputs.clone(), prior.cloned())]).pop().unwrap()
}

#[track_caller]
fn done(outcome: wire::MutationOutcome) -> Made {
    match outcome {
        wire::MutationOutcome::Done(resource) => resource.into(),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn pending(outcome: wire::MutationOutcome) -> wire::Pending {
    match outcome {
        wire::MutationOutcome::Pending(pending) => pending,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn failed(outcome: wire::MutationOutcome) -> types::Problem {
    match outcome {
        wire::MutationOutcome::Failed(problem) => problem,
        other => panic!("{other:?}"),
    }
}

/// The objects that calls of a kind were about, in order.
fn called(verb: Verb) -> Vec<String> {
    let of = |call: &kube::KubeCall| match verb {
        Verb::List | Verb::Resolve => call.kind.clone(),
        _ => format!("{} {}", call.kind, call.name),
    };
    kube::calls().iter().filter(|call| call.verb == verb).map(of).collect()
}
