//! The plugin as the host calls it, against a cluster that each test makes up.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod change;
mod check;
mod fake;
mod life;

use maps_sdk::bindings::exports::maps::platform::provider as wire;
use maps_sdk::bindings::exports::maps::platform::provider::Guest as _;
use maps_sdk::bindings::maps::platform::types;
use maps_sdk::testing::outcomes::{done, failed, pending};
use serde_json::{Value, json};

use crate::MapsPlugin;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn context() -> wire::Context {
    wire::Context { stack: "shop".to_owned(), config: json!({"cluster": {"$sealed": "kubeconfig"}}).to_string() }
}

/// What `check` makes of inputs, or the code and path of each problem.
fn check(kind: &str, inputs: &Value) -> Result<Value, Vec<(String, String)>> {
    let request = wire::CheckRequest { kind: format!("cnpg/{kind}"), address: "db".into(), inputs: inputs.to_string() };
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

/// A database with what every one has.
fn database(change: &Value) -> Value {
    let mut inputs = json!({
        "name": "db", "namespace": "maps", "instances": 2, "storage": {"size": "10Gi"}, "parameters": {"max_connections": 100},
    });
    merge(&mut inputs, change);
    checked("cluster", &inputs)
}

/// Puts members over others; null takes one away.
fn merge(inputs: &mut Value, change: &Value) {
    for (key, value) in change.as_object().unwrap() {
        if value.is_null() {
            inputs.as_object_mut().unwrap().remove(key);
        } else {
            inputs[key] = value.clone();
        }
    }
}

/// A kind, whose operations are called for one object.
#[derive(Clone, Copy)]
struct Of(&'static str);

const CLUSTER: Of = Of("cluster");
const SCHEDULE: Of = Of("scheduled-backup");
const BACKUP: Of = Of("backup");

impl Of {
    fn kind(self) -> String {
        format!("cnpg/{}", self.0)
    }

    fn create(self, inputs: &Value, checkpoint: Option<&str>) -> wire::MutationOutcome {
        let request = wire::CreateRequest {
            kind: self.kind(),
            address: "db".into(),
            inputs: inputs.to_string(),
            token: TOKEN.to_owned(),
            checkpoint: checkpoint.map(str::to_owned),
        };
        MapsPlugin::create(context(), vec![request]).pop().unwrap()
    }

    fn find(self, inputs: &Value) -> wire::FindOutcome {
        let (kind, address, token) = (self.kind(), "db".into(), TOKEN.to_owned());
        let request = wire::FindRequest { kind, address, inputs: inputs.to_string(), token, checkpoint: None };
        MapsPlugin::find(context(), vec![request]).pop().unwrap()
    }

    fn preview(self, inputs: &Value, prior: Option<&types::Resource>) -> Result<Value, types::Problem> {
        let (kind, inputs, prior) = (self.kind(), inputs.to_string(), prior.cloned());
        let request = wire::PreviewRequest { kind, address: "db".into(), inputs, prior };
        let previewed = MapsPlugin::preview(context(), vec![request]).pop().unwrap()?;
        Ok(parsed(&previewed.outputs))
    }

    fn read(self, prior: &types::Resource) -> Option<types::Resource> {
        let (kind, id, prior) = (self.kind(), prior.id.clone(), prior.clone());
        let request = wire::ReadRequest { kind, address: "db".into(), id, prior, ephemeral: Vec::new() };
        match MapsPlugin::read(context(), vec![request]).pop().unwrap() {
            wire::ReadOutcome::Found(object) => Some(object),
            wire::ReadOutcome::Absent => None,
            wire::ReadOutcome::Failed(problem) => panic!("{problem:?}"),
        }
    }

    fn import(self, id: &str) -> types::Resource {
        self.read(&types::Resource { id: id.into(), inputs: "{}".into(), outputs: "{}".into() }).unwrap()
    }

    fn update(self, prior: &types::Resource, inputs: &Value, checkpoint: Option<&str>) -> wire::MutationOutcome {
        let request = wire::UpdateRequest {
            kind: self.kind(),
            address: "db".into(),
            inputs: inputs.to_string(),
            prior: prior.clone(),
            changed: Vec::new(),
            checkpoint: checkpoint.map(str::to_owned),
        };
        MapsPlugin::update(context(), vec![request]).pop().unwrap()
    }

    fn delete(self, prior: &types::Resource, checkpoint: Option<&str>) -> wire::DeleteOutcome {
        let (kind, prior, checkpoint) = (self.kind(), prior.clone(), checkpoint.map(str::to_owned));
        let request = wire::DeleteRequest { kind, address: "db".into(), prior, checkpoint };
        MapsPlugin::delete(context(), vec![request]).pop().unwrap()
    }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}
