//! The plugin as the host calls it, against a DigitalOcean small enough for unit tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod check;
mod cloud;
mod life;
mod pool;
mod update;

use maps_sdk::bindings::exports::maps::platform::provider as wire;
use maps_sdk::bindings::exports::maps::platform::provider::Guest as _;
use maps_sdk::bindings::maps::platform::types;
use maps_sdk::testing::outcomes::{done, failed, pending};
use maps_sdk::testing::{self, Half};
use serde_json::{Value, json};

use crate::MapsPlugin;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn context() -> wire::Context {
    wire::Context { stack: "shop".to_owned(), config: "{}".to_owned() }
}

/// Inputs as a user writes them.
fn inputs() -> Value {
    json!({
        "name": "maps", "region": "fra1", "version": "1.33", "tags": ["web", "team:a"],
        "node_pools": [{"name": "main", "size": "s-2vcpu-4gb", "count": 2}],
    })
}

/// What `check` makes of inputs: the outcome that a run works with.
fn checked(inputs: &Value) -> Value {
    match check(inputs) {
        Ok(inputs) => inputs,
        Err(problems) => panic!("{problems:?}"),
    }
}

/// What `check` makes of inputs, or the code and path of each problem.
fn check(inputs: &Value) -> Result<Value, Vec<(String, String)>> {
    let request =
        wire::CheckRequest { kind: "doks/cluster".into(), address: "cluster".into(), inputs: inputs.to_string() };
    match MapsPlugin::check(context(), vec![request]).pop().unwrap() {
        wire::CheckOutcome::Ok(inputs) => Ok(serde_json::from_str(&inputs).unwrap()),
        wire::CheckOutcome::Invalid(problems) => {
            Err(problems.into_iter().map(|problem| (problem.code, problem.path.unwrap_or_default())).collect())
        }
    }
}

fn create(inputs: &Value, checkpoint: Option<String>) -> wire::MutationOutcome {
    let request = wire::CreateRequest {
        kind: "doks/cluster".into(),
        address: "cluster[\"a b\"]".into(),
        inputs: inputs.to_string(),
        token: TOKEN.to_owned(),
        checkpoint,
    };
    MapsPlugin::create(context(), vec![request]).pop().unwrap()
}

/// A running cluster with these inputs.
fn made(cloud: &cloud::Cloud, inputs: &Value) -> types::Resource {
    let begun = pending(create(inputs, None));
    cloud.settle();
    done(create(inputs, Some(begun.checkpoint)))
}

fn find(inputs: &Value) -> wire::FindOutcome {
    let request = wire::FindRequest {
        kind: "doks/cluster".into(),
        address: "cluster".into(),
        inputs: inputs.to_string(),
        token: TOKEN.to_owned(),
        checkpoint: None,
    };
    MapsPlugin::find(context(), vec![request]).pop().unwrap()
}

fn read(prior: &types::Resource, ephemeral: &[&str]) -> Option<types::Resource> {
    let request = wire::ReadRequest {
        kind: "doks/cluster".into(),
        address: "cluster".into(),
        id: prior.id.clone(),
        prior: prior.clone(),
        ephemeral: ephemeral.iter().map(|name| (*name).to_owned()).collect(),
    };
    match MapsPlugin::read(context(), vec![request]).pop().unwrap() {
        wire::ReadOutcome::Absent => None,
        wire::ReadOutcome::Found(object) => Some(object),
        wire::ReadOutcome::Failed(problem) => panic!("{problem:?}"),
    }
}

fn update(prior: &types::Resource, inputs: &Value, checkpoint: Option<String>) -> wire::MutationOutcome {
    let request = wire::UpdateRequest {
        kind: "doks/cluster".into(),
        address: "cluster".into(),
        inputs: inputs.to_string(),
        prior: prior.clone(),
        changed: vec!["node_pools".to_owned()],
        checkpoint,
    };
    MapsPlugin::update(context(), vec![request]).pop().unwrap()
}

fn delete(prior: &types::Resource, checkpoint: Option<String>) -> wire::DeleteOutcome {
    let request = wire::DeleteRequest {
        kind: "doks/cluster".into(),
        address: "cluster".into(),
        prior: prior.clone(),
        checkpoint,
    };
    MapsPlugin::delete(context(), vec![request]).pop().unwrap()
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The writes so far, as method and path below the API's root.
fn writes() -> Vec<String> {
    let base = "https://api.digitalocean.com/v2/kubernetes/";
    let writes = testing::calls().into_iter().filter(|call| call.half == Half::Write);
    writes.map(|call| format!("{} {}", call.method, call.url.strip_prefix(base).unwrap())).collect()
}
