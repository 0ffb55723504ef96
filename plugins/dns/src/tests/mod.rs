//! The plugin as the host calls it, against a Route 53 small enough for unit tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod batch;
mod check;
mod cloud;
mod external;
mod life;
mod lookup;
mod zone;

use maps_sdk::bindings::exports::maps::platform::provider as wire;
use maps_sdk::bindings::exports::maps::platform::provider::Guest as _;
use maps_sdk::bindings::maps::platform::types;
use maps_sdk::testing::outcomes::{done, failed, pending};
use maps_sdk::testing::{self, Half};
use serde_json::{Value, json};

use crate::MapsPlugin;

const RECORD: &str = "dns/record";
const ZONE: &str = "dns/zone";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn context() -> wire::Context {
    wire::Context { stack: "shop".to_owned(), config: "{}".to_owned() }
}

/// A record of the fake's zone as a user writes it, and as a check leaves it.
fn a(name: &str, value: &str) -> Value {
    checked(&json!({"zone": cloud::ID, "name": format!("{name}.example.com"), "type": "A", "values": [value]}))
}

fn checked(inputs: &Value) -> Value {
    check(RECORD, inputs).unwrap_or_else(|problems| panic!("{inputs}: {problems:?}"))
}

/// What `check` makes of inputs, or the code and path of each problem.
fn check(kind: &str, inputs: &Value) -> Result<Value, Vec<(String, String)>> {
    let request = wire::CheckRequest { kind: kind.into(), address: "it".into(), inputs: inputs.to_string() };
    match MapsPlugin::check(context(), vec![request]).pop().unwrap() {
        wire::CheckOutcome::Ok(inputs) => Ok(parsed(&inputs)),
        wire::CheckOutcome::Invalid(problems) => {
            Err(problems.into_iter().map(|problem| (problem.code, problem.path.unwrap_or_default())).collect())
        }
    }
}

fn create_all(kind: &str, each: &[(Value, Option<String>)]) -> Vec<wire::MutationOutcome> {
    let requests = each.iter().enumerate().map(|(at, (inputs, checkpoint))| wire::CreateRequest {
        kind: kind.to_owned(),
        address: format!("it-{at}"),
        inputs: inputs.to_string(),
        token: TOKEN.to_owned(),
        checkpoint: checkpoint.clone(),
    });
    MapsPlugin::create(context(), requests.collect())
}

/// A first round of creates.
fn begin(each: &[Value]) -> Vec<wire::MutationOutcome> {
    create_all(RECORD, &each.iter().map(|inputs| (inputs.clone(), None)).collect::<Vec<_>>())
}

/// Makes records, to the end.
fn made(cloud: &cloud::Cloud, each: &[Value]) -> Vec<types::Resource> {
    let begun: Vec<_> = begin(each).into_iter().map(|outcome| Some(pending(outcome).checkpoint)).collect();
    cloud.settle();
    create_all(RECORD, &each.iter().cloned().zip(begun).collect::<Vec<_>>()).into_iter().map(done).collect()
}

fn find(each: &[Value]) -> Vec<wire::FindOutcome> {
    let requests = each.iter().map(|inputs| wire::FindRequest {
        kind: RECORD.to_owned(),
        address: "it".to_owned(),
        inputs: inputs.to_string(),
        token: TOKEN.to_owned(),
        checkpoint: None,
    });
    MapsPlugin::find(context(), requests.collect())
}

fn read(kind: &str, priors: &[types::Resource]) -> Vec<Result<Option<types::Resource>, types::Problem>> {
    let requests = priors.iter().map(|prior| wire::ReadRequest {
        kind: kind.to_owned(),
        address: "it".to_owned(),
        id: prior.id.clone(),
        prior: prior.clone(),
        ephemeral: Vec::new(),
    });
    let outcomes = MapsPlugin::read(context(), requests.collect()).into_iter().map(|outcome| match outcome {
        wire::ReadOutcome::Absent => Ok(None),
        wire::ReadOutcome::Found(object) => Ok(Some(object)),
        wire::ReadOutcome::Failed(problem) => Err(problem),
    });
    outcomes.collect()
}

/// What an import of this id finds.
fn import(kind: &str, id: &str) -> Result<Option<types::Resource>, types::Problem> {
    let bare = types::Resource { id: id.to_owned(), inputs: "{}".to_owned(), outputs: "{}".to_owned() };
    read(kind, &[bare]).pop().unwrap()
}

fn preview(kind: &str, each: &[(Value, Option<types::Resource>)]) -> Vec<Result<Value, types::Problem>> {
    let requests = each.iter().map(|(inputs, prior)| wire::PreviewRequest {
        kind: kind.to_owned(),
        address: "it".to_owned(),
        inputs: inputs.to_string(),
        prior: prior.clone(),
    });
    let previews = MapsPlugin::preview(context(), requests.collect());
    previews.into_iter().map(|previewed| previewed.map(|previewed| parsed(&previewed.outputs))).collect()
}

fn update(each: &[(types::Resource, Value, Option<String>)]) -> Vec<wire::MutationOutcome> {
    let requests = each.iter().map(|(prior, inputs, checkpoint)| wire::UpdateRequest {
        kind: RECORD.to_owned(),
        address: "it".to_owned(),
        inputs: inputs.to_string(),
        prior: prior.clone(),
        changed: vec!["values".to_owned()],
        checkpoint: checkpoint.clone(),
    });
    MapsPlugin::update(context(), requests.collect())
}

fn delete(priors: &[types::Resource]) -> Vec<wire::DeleteOutcome> {
    let requests = priors.iter().map(|prior| wire::DeleteRequest {
        kind: RECORD.to_owned(),
        address: "it".to_owned(),
        prior: prior.clone(),
        checkpoint: None,
    });
    MapsPlugin::delete(context(), requests.collect())
}

fn gone(outcome: &wire::DeleteOutcome) -> bool {
    matches!(outcome, wire::DeleteOutcome::Done)
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The calls so far, by action.
fn calls(action: &str) -> usize {
    testing::aws_calls().iter().filter(|call| call.action == action).count()
}

/// How many changes each write so far had, and that it claims one step for each.
fn writes() -> Vec<usize> {
    let writes = testing::aws_calls().into_iter().filter(|call| call.half == Half::Write);
    let sizes = writes.map(|call| {
        let changes = call.input["ChangeBatch"]["Changes"].as_array().unwrap().len();
        assert_eq!(call.items.len(), changes);
        changes
    });
    sizes.collect()
}
