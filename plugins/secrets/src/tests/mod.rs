//! The plugin as the host calls it, against answers of AWS that each test gives.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod access_key;
mod bucket;
mod check;
mod cluster;
mod parameter;
mod policy;
mod user;

use maps_sdk::bindings::exports::maps::platform::provider as wire;
use maps_sdk::bindings::exports::maps::platform::provider::Guest as _;
use maps_sdk::bindings::maps::platform::types;
use maps_sdk::testing::outcomes::{done, failed, found, pending, resource};
use maps_sdk::testing::{self, AwsCall, Half};
use maps_sdk::{Class, Problem};
use serde_json::{Value, json};

use crate::MapsPlugin;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn context() -> wire::Context {
    wire::Context { stack: "shop".to_owned(), config: json!({"cluster": sealed("kubeconfig")}).to_string() }
}

/// What `check` makes of inputs, or the code and path of each problem.
fn check(kind: &str, inputs: &Value) -> Result<Value, Vec<(String, String)>> {
    let request =
        wire::CheckRequest { kind: format!("secrets/{kind}"), address: "it".into(), inputs: inputs.to_string() };
    match MapsPlugin::check(context(), vec![request]).pop().unwrap() {
        wire::CheckOutcome::Ok(inputs) => Ok(parsed(&inputs)),
        wire::CheckOutcome::Invalid(problems) => {
            Err(problems.into_iter().map(|problem| (problem.code, problem.path.unwrap_or_default())).collect())
        }
    }
}

/// Inputs as a run works with them.
fn checked(kind: &str, inputs: &Value) -> Value {
    check(kind, inputs).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// A kind, whose operations are called for one object.
#[derive(Clone, Copy)]
struct Of(&'static str);

impl Of {
    fn kind(self) -> String {
        format!("secrets/{}", self.0)
    }

    fn create_request(self, inputs: &Value, checkpoint: Option<&str>) -> wire::CreateRequest {
        wire::CreateRequest {
            kind: self.kind(),
            address: "it[\"a\"]".into(),
            inputs: inputs.to_string(),
            token: TOKEN.to_owned(),
            checkpoint: checkpoint.map(str::to_owned),
        }
    }

    fn create(self, inputs: &Value, checkpoint: Option<&str>) -> wire::MutationOutcome {
        MapsPlugin::create(context(), vec![self.create_request(inputs, checkpoint)]).pop().unwrap()
    }

    fn find(self, inputs: &Value, checkpoint: Option<&str>) -> wire::FindOutcome {
        let request = wire::FindRequest {
            kind: self.kind(),
            address: "it".into(),
            inputs: inputs.to_string(),
            token: TOKEN.to_owned(),
            checkpoint: checkpoint.map(str::to_owned),
        };
        MapsPlugin::find(context(), vec![request]).pop().unwrap()
    }

    fn read_request(self, prior: &types::Resource) -> wire::ReadRequest {
        let (kind, id, prior) = (self.kind(), prior.id.clone(), prior.clone());
        wire::ReadRequest { kind, address: "it".into(), id, prior, ephemeral: Vec::new() }
    }

    fn read(self, prior: &types::Resource) -> wire::ReadOutcome {
        MapsPlugin::read(context(), vec![self.read_request(prior)]).pop().unwrap()
    }

    fn import(self, id: &str) -> types::Resource {
        let bare = types::Resource { id: id.to_owned(), inputs: "{}".to_owned(), outputs: "{}".to_owned() };
        found(self.read(&bare))
    }

    fn update(self, prior: &types::Resource, inputs: &Value, changed: &[&str]) -> wire::MutationOutcome {
        let request = wire::UpdateRequest {
            kind: self.kind(),
            address: "it".into(),
            inputs: inputs.to_string(),
            prior: prior.clone(),
            changed: changed.iter().map(|path| (*path).to_owned()).collect(),
            checkpoint: None,
        };
        MapsPlugin::update(context(), vec![request]).pop().unwrap()
    }

    fn delete(self, prior: &types::Resource) -> wire::DeleteOutcome {
        let (kind, prior) = (self.kind(), prior.clone());
        let request = wire::DeleteRequest { kind, address: "it".into(), prior, checkpoint: None };
        MapsPlugin::delete(context(), vec![request]).pop().unwrap()
    }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn sealed(handle: &str) -> Value {
    json!({"$sealed": handle})
}

fn refusal(class: Class, code: &str) -> Problem {
    Problem::new(class, code, "refused (request 1)")
}

fn missing() -> Problem {
    refusal(Class::NotFound, "no-such-entity")
}

/// Answers the calls of AWS from now on. What a test does not answer must not be called.
fn answering(answer: impl Fn(&AwsCall) -> Option<Result<Value, Problem>> + 'static) {
    testing::aws(move |call| answer(call).unwrap_or_else(|| panic!("not expected: {call:?}")));
}

/// The actions so far, in their order.
fn actions() -> Vec<String> {
    testing::aws_calls().into_iter().map(|call| call.action).collect()
}

/// The writes so far, each with its input.
fn writes() -> Vec<(String, Value)> {
    let writes = testing::aws_calls().into_iter().filter(|call| call.half == Half::Write);
    writes.map(|call| (call.action, call.input)).collect()
}

/// The tags that a thing carries which these tests make.
fn marks() -> Value {
    json!([
        {"Key": "maps:address", "Value": "it--a--"},
        {"Key": "maps:stack", "Value": "shop"},
        {"Key": "maps:token", "Value": TOKEN},
    ])
}
