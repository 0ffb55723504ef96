//! A plugin without the SDK: the contract's files, a public generator, and JSON.

wit_bindgen::generate!({ path: "../../../wit", world: "plugin" });

use exports::maps::platform::provider::*;
use maps::platform::http_types::{Body, Request, Response};
use maps::platform::http_write::Write;
use maps::platform::types::{Problem, ProblemClass};
use maps::platform::{http_read, http_write};
use serde_json::{Value, json};

struct Flags;

export!(Flags);

const KIND: &str = "by-hand/flag";

impl Guest for Flags {
    fn describe() -> String {
        let inputs = json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["name"],
            "properties": {
                "name": {"type": "string", "pattern": "^[a-z0-9-]+$", "x-maps-replace": true},
                "on": {"type": "boolean", "default": false},
            },
        });
        let outputs = json!({"type": "object", "properties": {"url": {"type": "string"}}, "required": ["url"]});
        json!({"kinds": {KIND: {"description": "A flag.", "inputs": inputs, "outputs": outputs}}}).to_string()
    }

    fn check(_: Context, requests: Vec<CheckRequest>) -> Vec<CheckOutcome> {
        let checked = |request: CheckRequest| {
            let mut inputs = parsed(&request.inputs);
            if inputs["name"].is_null() {
                return CheckOutcome::Invalid(vec![problem(ProblemClass::Invalid, "a flag has a name")]);
            }
            if inputs["on"].is_null() {
                inputs["on"] = false.into();
            }
            CheckOutcome::Ok(inputs.to_string())
        };
        requests.into_iter().map(checked).collect()
    }

    fn diff(_: Context, requests: Vec<DiffRequest>) -> Vec<Result<Vec<FieldChange>, Problem>> {
        requests.iter().map(|_| Ok(Vec::new())).collect()
    }

    fn preview(_: Context, requests: Vec<PreviewRequest>) -> Vec<Result<Previewed, Problem>> {
        requests.iter().map(|_| Err(problem(ProblemClass::Internal, "flags have no preview"))).collect()
    }

    fn find(_: Context, requests: Vec<FindRequest>) -> Vec<FindOutcome> {
        let reads = requests.iter().map(|request| get(name(&parsed(&request.inputs)))).collect();
        let found = |(request, answer): (&FindRequest, _)| match flag(answer) {
            Ok(Some(flag)) if flag["token"] == *request.token => FindOutcome::Found(resource(&flag)),
            Ok(_) => FindOutcome::Absent,
            Err(problem) => FindOutcome::Failed(problem),
        };
        requests.iter().zip(read(reads)).map(found).collect()
    }

    fn read(_: Context, requests: Vec<ReadRequest>) -> Vec<ReadOutcome> {
        let answers = read(requests.iter().map(|request| get(&request.id)).collect());
        let found = |answer| match flag(answer) {
            Ok(Some(flag)) => ReadOutcome::Found(resource(&flag)),
            Ok(None) => ReadOutcome::Absent,
            Err(problem) => ReadOutcome::Failed(problem),
        };
        answers.into_iter().map(found).collect()
    }

    fn create(_: Context, requests: Vec<CreateRequest>) -> Vec<MutationOutcome> {
        let put = |request: &CreateRequest| {
            let inputs = parsed(&request.inputs);
            call("PUT", name(&inputs), Some(json!({"on": inputs["on"], "token": request.token})))
        };
        (0..).zip(&requests).map(|(item, request)| made(write(item, put(request)))).collect()
    }

    fn update(_: Context, requests: Vec<UpdateRequest>) -> Vec<MutationOutcome> {
        let live = read(requests.iter().map(|request| get(&request.prior.id)).collect());
        let turn = |(item, (request, live)): (u32, (UpdateRequest, Answer))| {
            let on = &parsed(&request.inputs)["on"];
            // The host may ask again after a crash: what is so already is not written again.
            match flag(live) {
                Ok(Some(flag)) if flag["on"] == *on => MutationOutcome::Done(resource(&flag)),
                _ => made(write(item, call("PATCH", &request.prior.id, Some(json!({"on": on}))))),
            }
        };
        (0..).zip(requests.into_iter().zip(live)).map(turn).collect()
    }

    fn delete(_: Context, requests: Vec<DeleteRequest>) -> Vec<DeleteOutcome> {
        let gone = |answer| match answered(answer) {
            Ok(_) => DeleteOutcome::Done,
            Err(problem) => DeleteOutcome::Failed(problem),
        };
        let remove = |request: &DeleteRequest| call("DELETE", &request.prior.id, None);
        (0..).zip(&requests).map(|(item, request)| gone(write(item, remove(request)))).collect()
    }
}

/// The host hands over nothing but JSON.
fn parsed(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_default()
}

fn name(inputs: &Value) -> &str {
    inputs["name"].as_str().unwrap_or_default()
}

fn get(name: &str) -> Request {
    call("GET", name, None)
}

/// The schema lets no name through that could lead elsewhere; the host holds the rules against this URL, and adds the credential `api` by itself.
fn call(method: &str, name: &str, body: Option<Value>) -> Request {
    Request {
        method: method.to_owned(),
        url: format!("https://api.flags.example/v1/flags/{name}"),
        headers: Vec::new(),
        body: body.map_or(Body::None, |body| Body::Json(body.to_string())),
        credential: Some("api".to_owned()),
    }
}

type Answer = Result<Response, Problem>;

fn read(requests: Vec<Request>) -> Vec<Answer> {
    http_read::send(&requests)
}

/// A write says which requests of the batch it serves.
fn write(item: u32, request: Request) -> Answer {
    let sent = http_write::send(&[Write { items: vec![item], request }]).pop();
    sent.unwrap_or_else(|| Err(problem(ProblemClass::Internal, "the host answered nothing")))
}

/// The body of an answer that is one; none where nothing is there.
fn answered(answer: Answer) -> Result<Option<Vec<u8>>, Problem> {
    let response = answer?;
    let class = match response.status {
        200..=299 => return Ok(Some(response.body)),
        404 => return Ok(None),
        401 | 403 => ProblemClass::Denied,
        429 => ProblemClass::Throttled,
        400..=499 => ProblemClass::Invalid,
        _ => ProblemClass::Unavailable,
    };
    Err(problem(class, &format!("the service answered {}", response.status)))
}

fn flag(answer: Answer) -> Result<Option<Value>, Problem> {
    let broken = |_| problem(ProblemClass::Internal, "the service's answer is no JSON");
    answered(answer)?.map(|body| serde_json::from_slice(&body).map_err(broken)).transpose()
}

fn made(answer: Answer) -> MutationOutcome {
    match flag(answer) {
        Ok(Some(flag)) => MutationOutcome::Done(resource(&flag)),
        Ok(None) => MutationOutcome::Failed(problem(ProblemClass::NotFound, "the flag is gone")),
        Err(problem) => MutationOutcome::Failed(problem),
    }
}

fn resource(flag: &Value) -> Resource {
    let id = name(flag).to_owned();
    let url = format!("https://flags.example/{id}");
    let inputs = json!({"name": id, "on": flag["on"]});
    Resource { id, inputs: inputs.to_string(), outputs: json!({"url": url}).to_string() }
}

fn problem(class: ProblemClass, message: &str) -> Problem {
    let (code, message) = ("flags".to_owned(), message.to_owned());
    Problem { class, code, message, path: None, help: None, retry_after_ms: None }
}
