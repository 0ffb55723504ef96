//! The kind `red/thing`, served as it should be; only what a thing looks like is twisted by some acts.

use maps_sdk::bindings::exports::maps::platform::provider as wire;
use maps_sdk::bindings::maps::platform::types::{Problem, Resource};
use serde_json::{Value, json};

use crate::act::Call;
use crate::calls::{BASE, name, own_url, send};
use crate::{Subject, object, problem, sealed};

/// The kinds document.
pub(crate) fn kinds() -> String {
    let inputs = json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "x-maps-replace": true},
            "size": {"type": "integer", "default": 1},
            "secret": {"type": "string", "x-maps-secret": true},
        },
    });
    let outputs = json!({
        "type": "object",
        "properties": {
            "token": {"type": "string"},
            "said": {"type": "string"},
            "key": {"type": "string", "x-maps-secret": true, "x-maps-ephemeral": true},
        },
    });
    let kind = |preview: bool| {
        json!({
            "description": "A thing.", "inputs": inputs, "outputs": outputs,
            "x-maps-batch": 10, "x-maps-settle-ms": 1000, "x-maps-preview": preview,
        })
    };
    // The same thing, once with a preview, so that a plan runs that export too.
    json!({"kinds": {"red/thing": kind(false), "red/previewed": kind(true)}}).to_string()
}

pub(crate) fn check(_: usize, request: &wire::CheckRequest) -> Result<wire::CheckOutcome, Problem> {
    let mut inputs: Value = serde_json::from_str(&request.inputs).unwrap_or_default();
    if inputs.get("size").is_none() {
        inputs["size"] = 1.into();
    }
    Ok(wire::CheckOutcome::Ok(inputs.to_string()))
}

pub(crate) fn preview(_: usize, _: &wire::PreviewRequest) -> Result<wire::Previewed, Problem> {
    Ok(wire::Previewed { outputs: "{}".to_owned(), objects: Vec::new() })
}

pub(crate) fn find(_: usize, request: &wire::FindRequest) -> Result<wire::FindOutcome, Problem> {
    Ok(match get(&own_url(request), &Value::Null)? {
        Some(thing) if said(&thing, "token") == request.token => wire::FindOutcome::Found(thing),
        _ => wire::FindOutcome::Absent,
    })
}

pub(crate) fn read(_: usize, request: &wire::ReadRequest) -> Result<wire::ReadOutcome, Problem> {
    let prior: Value = serde_json::from_str(&request.prior.inputs).unwrap_or_default();
    let Some(mut thing) = get(&own_url(request), &prior["secret"])? else { return Ok(wire::ReadOutcome::Absent) };
    if request.ephemeral.iter().any(|output| output == "key") {
        let answer = send(&Call { url: format!("{}/key", own_url(request)), ..Call::default() }, "")?;
        let key: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let mut outputs: Value = serde_json::from_str(&thing.outputs).unwrap_or_default();
        outputs["key"] = key["key"].clone();
        thing.outputs = outputs.to_string();
    }
    Ok(wire::ReadOutcome::Found(thing))
}

pub(crate) fn create(place: usize, request: &wire::CreateRequest) -> Result<wire::MutationOutcome, Problem> {
    put(place, request, &request.token).map(wire::MutationOutcome::Done)
}

pub(crate) fn update(place: usize, request: &wire::UpdateRequest) -> Result<wire::MutationOutcome, Problem> {
    put(place, request, &said(&request.prior, "token")).map(wire::MutationOutcome::Done)
}

pub(crate) fn delete(place: usize, request: &wire::DeleteRequest) -> Result<wire::DeleteOutcome, Problem> {
    let call = Call { write: true, method: "DELETE".to_owned(), items: items(place), ..Call::default() };
    match send(&call, &own_url(request))?.status {
        200..=299 | 404 => Ok(wire::DeleteOutcome::Done),
        status => Err(problem("refused", &format!("the service answered {status}"))),
    }
}

/// Makes or changes a thing.
fn put<R: Subject>(place: usize, request: &R, token: &str) -> Result<Resource, Problem> {
    let inputs: Value = serde_json::from_str(request.inputs()).unwrap_or_default();
    let mut body = json!({"name": name(request), "size": inputs["size"], "token": token});
    if !inputs["secret"].is_null() {
        body["secret"] = inputs["secret"].clone();
    }
    let call = Call { write: true, method: "PUT".to_owned(), items: items(place), body: Some(body), ..Call::default() };
    let answer = send(&call, &own_url(request))?;
    match answer.status {
        200..=299 => Ok(thing(&answer.body, &inputs["secret"])),
        status => Err(problem("refused", &format!("the service answered {status}"))),
    }
}

fn get(url: &str, secret: &Value) -> Result<Option<Resource>, Problem> {
    let answer = send(&Call { url: url.to_owned(), ..Call::default() }, BASE)?;
    match answer.status {
        200..=299 => Ok(Some(thing(&answer.body, secret))),
        404 => Ok(None),
        status => Err(problem("refused", &format!("the service answered {status}"))),
    }
}

/// A thing as the service tells of it. A secret is never told, so it is as it was.
fn thing(body: &[u8], secret: &Value) -> Resource {
    let told: Value = serde_json::from_slice(body).unwrap_or_default();
    let mut inputs = json!({"name": told["name"], "size": told["size"]});
    if !secret.is_null() {
        inputs["secret"] = secret.clone();
    }
    let outputs = json!({"token": told["token"]});
    sealed::twist(object(told["name"].as_str().unwrap_or_default(), &inputs, &outputs), body)
}

fn said(thing: &Resource, output: &str) -> String {
    let outputs: Value = serde_json::from_str(&thing.outputs).unwrap_or_default();
    outputs[output].as_str().unwrap_or_default().to_owned()
}

fn items(place: usize) -> Option<Vec<u32>> {
    u32::try_from(place).ok().map(|place| vec![place])
}
