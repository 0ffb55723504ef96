//! The plugin as the host calls it, against answers that each test gives.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bucket;
mod key;

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
    wire::Context { stack: "shop".to_owned(), config: "{}".to_owned() }
}

/// A kind, whose operations are called for one object.
#[derive(Clone, Copy)]
struct Of(&'static str);

impl Of {
    /// What `check` makes of inputs, or the code and path of each problem.
    fn check(self, inputs: &Value) -> Result<Value, Vec<(String, String)>> {
        let request = wire::CheckRequest { kind: self.0.to_owned(), address: "it".into(), inputs: inputs.to_string() };
        match MapsPlugin::check(context(), vec![request]).pop().unwrap() {
            wire::CheckOutcome::Ok(inputs) => Ok(parsed(&inputs)),
            wire::CheckOutcome::Invalid(problems) => {
                Err(problems.into_iter().map(|problem| (problem.code, problem.path.unwrap_or_default())).collect())
            }
        }
    }

    /// Inputs as a run works with them.
    fn checked(self, inputs: &Value) -> Value {
        self.check(inputs).unwrap_or_else(|problems| panic!("{problems:?}"))
    }

    fn create(self, inputs: &Value, checkpoint: Option<&str>) -> wire::MutationOutcome {
        let request = wire::CreateRequest {
            kind: self.0.to_owned(),
            address: "it".into(),
            inputs: inputs.to_string(),
            token: TOKEN.to_owned(),
            checkpoint: checkpoint.map(str::to_owned),
        };
        MapsPlugin::create(context(), vec![request]).pop().unwrap()
    }

    fn find(self, inputs: &Value, checkpoint: Option<&str>) -> wire::FindOutcome {
        let request = wire::FindRequest {
            kind: self.0.to_owned(),
            address: "it".into(),
            inputs: inputs.to_string(),
            token: TOKEN.to_owned(),
            checkpoint: checkpoint.map(str::to_owned),
        };
        MapsPlugin::find(context(), vec![request]).pop().unwrap()
    }

    fn read(self, prior: &types::Resource) -> wire::ReadOutcome {
        let (kind, id, prior) = (self.0.to_owned(), prior.id.clone(), prior.clone());
        let request = wire::ReadRequest { kind, address: "it".into(), id, prior, ephemeral: Vec::new() };
        MapsPlugin::read(context(), vec![request]).pop().unwrap()
    }

    fn update(self, prior: &types::Resource, inputs: &Value) -> wire::MutationOutcome {
        let request = wire::UpdateRequest {
            kind: self.0.to_owned(),
            address: "it".into(),
            inputs: inputs.to_string(),
            prior: prior.clone(),
            changed: Vec::new(),
            checkpoint: None,
        };
        MapsPlugin::update(context(), vec![request]).pop().unwrap()
    }

    fn delete(self, prior: &types::Resource, checkpoint: Option<&str>) -> wire::DeleteOutcome {
        let (kind, prior, checkpoint) = (self.0.to_owned(), prior.clone(), checkpoint.map(str::to_owned));
        let request = wire::DeleteRequest { kind, address: "it".into(), prior, checkpoint };
        MapsPlugin::delete(context(), vec![request]).pop().unwrap()
    }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn refusal(class: Class, code: &str) -> Problem {
    Problem::new(class, code, "refused (request 1)")
}

/// Answers S3's calls from now on. What a test does not answer must not be called.
fn answering(answer: impl Fn(&AwsCall) -> Option<Result<Value, Problem>> + 'static) {
    testing::aws(move |call| answer(call).unwrap_or_else(|| panic!("not expected: {call:?}")));
}

/// S3's writes so far, each with its input.
fn writes() -> Vec<(String, Value)> {
    let writes = testing::aws_calls().into_iter().filter(|call| call.half == Half::Write);
    writes.map(|call| (call.action, call.input)).collect()
}

fn names() -> Vec<String> {
    writes().into_iter().map(|(action, _)| action).collect()
}
