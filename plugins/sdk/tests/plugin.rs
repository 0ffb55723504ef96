//! A plugin of two kinds, called as the host calls it.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::collections::BTreeMap;

use maps_sdk::bindings::exports::maps::platform::provider::{self as wire, Guest as _};
use maps_sdk::bindings::maps::platform::types;
use maps_sdk::http::Api;
use maps_sdk::testing::{self, Half};
use maps_sdk::{
    Class, Context, Create, Delete, Find, Kind, Lookup, Outcome, Problem, Progress, Read, Report, Resource, Secret,
    Update, schema,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const API: Api = Api::new("https://api.example.com").credential("api");

/// A thing.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Inputs {
    #[schemars(extend("x-maps-replace" = true))]
    name: String,
    #[serde(default)]
    size: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password: Option<Secret>,
    #[serde(default)]
    options: Option<BTreeMap<String, u32>>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Outputs {
    note: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Checkpoint {
    round: u32,
}

struct Thing;
struct Other;

impl Kind for Thing {
    const NAME: &'static str = "test/thing";
    const DESCRIPTION: &'static str = "A thing.";
    const SETTLE_MS: u64 = 7;
    type Inputs = Inputs;
    type Outputs = Outputs;
    type Checkpoint = Checkpoint;

    fn check(&self, context: &Context, inputs: &Inputs, report: &mut Report) {
        if inputs.name == "forbidden" || inputs.name.is_empty() {
            report.invalid("name", "bad-name", format!("not in {}", context.stack));
        }
        if inputs.size > 10 {
            report.across(&["size", "name"], "too-big", "too big for its name");
        }
    }

    fn find(&self, _: &Context, _: &Find<Self>) -> Result<Lookup<Self>, Problem> {
        Ok(Lookup::Absent)
    }

    fn read(&self, _: &Context, request: &Read<Self>) -> Result<Option<Resource<Self>>, Problem> {
        let Some(answer) = API.get(&["things", &request.prior.id]).read()?.accepted_or_absent()? else {
            return Ok(None);
        };
        let note = request.prior.inputs.as_ref().map(|inputs| inputs.name.clone());
        Ok(Some(Resource { id: request.prior.id.clone(), inputs: answer.json()?, outputs: Outputs { note } }))
    }

    fn create(&self, _: &Context, request: &Create<Self>) -> Outcome<Self> {
        API.post(&["things"]).json(&request.inputs)?.write(request.step())?.accepted()?;
        let round = request.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.round);
        Ok(Progress::pending(Checkpoint { round: round + 1 }, 50).id("one").note("patience"))
    }

    fn update(&self, _: &Context, _: &Update<Self>) -> Outcome<Self> {
        Err(Problem::new(Class::Conflict, "busy", "somebody else holds it").help("wait"))
    }

    fn delete(&self, _: &Context, _: &Delete<Self>) -> Result<Progress<(), Checkpoint>, Problem> {
        Ok(Progress::Done(()))
    }
}

impl Kind for Other {
    const NAME: &'static str = "test/other";
    const DESCRIPTION: &'static str = "Another.";
    type Inputs = Inputs;
    type Outputs = Outputs;
    type Checkpoint = ();

    fn find(&self, _: &Context, _: &Find<Self>) -> Result<Lookup<Self>, Problem> {
        Ok(Lookup::Absent)
    }
    fn read(&self, _: &Context, _: &Read<Self>) -> Result<Option<Resource<Self>>, Problem> {
        Ok(None)
    }
    fn create(&self, _: &Context, request: &Create<Self>) -> Outcome<Self> {
        API.put(&["others", &request.inputs.name]).json(&request.inputs)?.write(request.step())?.accepted()?;
        Err(Problem::internal("never", "never made"))
    }
    fn update(&self, _: &Context, _: &Update<Self>) -> Outcome<Self> {
        Err(Problem::internal("never", "never changed"))
    }
    fn delete(&self, _: &Context, _: &Delete<Self>) -> Result<Progress<(), ()>, Problem> {
        Ok(Progress::Done(()))
    }
}

maps_sdk::plugin!(Thing, Other);

fn context() -> wire::Context {
    wire::Context { stack: "shop".to_owned(), config: "{}".to_owned() }
}

fn check(inputs: &Value) -> wire::CheckOutcome {
    let request = wire::CheckRequest { kind: "test/thing".into(), address: "a".into(), inputs: inputs.to_string() };
    MapsPlugin::check(context(), vec![request]).pop().unwrap()
}

fn create_request(kind: &str, inputs: &Value, checkpoint: Option<&str>) -> wire::CreateRequest {
    wire::CreateRequest {
        kind: kind.to_owned(),
        address: "a".to_owned(),
        inputs: inputs.to_string(),
        token: "0".repeat(32),
        checkpoint: checkpoint.map(str::to_owned),
    }
}

#[test]
fn a_batch_of_several_kinds_is_answered_in_order_and_each_write_names_its_own_request() {
    testing::http(|_| Ok(testing::json(201, json!({}))));
    let outcomes = MapsPlugin::create(
        context(),
        vec![
            create_request("test/other", &json!({"name": "zero"}), None),
            create_request("test/thing", &json!({"name": "one"}), None),
            create_request("test/none", &json!({}), None),
            create_request("test/thing", &json!({"name": 3}), None),
            create_request("test/thing", &json!({"name": "four"}), Some(r#"{"round": 4}"#)),
            create_request("test/thing", &json!({"name": "five"}), Some("[]")),
        ],
    );
    let told: Vec<String> = outcomes
        .into_iter()
        .map(|outcome| match outcome {
            wire::MutationOutcome::Done(object) => object.id,
            wire::MutationOutcome::Pending(pending) => format!("{} {:?}", pending.checkpoint, pending.note),
            wire::MutationOutcome::Failed(problem) => format!("{} {:?}", problem.code, problem.path),
        })
        .collect();
    assert_eq!(
        told,
        [
            "never None",
            "{\"round\":1} Some(\"patience\")",
            "unknown-kind None",
            "wrong-shape Some(\"name\")",
            "{\"round\":5} Some(\"patience\")",
            "bad-checkpoint None",
        ]
    );
    let mut calls: Vec<(Vec<u32>, String)> = testing::calls().into_iter().map(|call| (call.items, call.url)).collect();
    calls.sort();
    let expected = [
        (vec![0], "https://api.example.com/others/zero"),
        (vec![1], "https://api.example.com/things"),
        (vec![4], "https://api.example.com/things"),
    ];
    assert_eq!(calls, expected.map(|(items, url)| (items, url.to_owned())));
}

#[test]
fn a_check_judges_what_is_known_and_returns_unknowns_and_secrets_as_they_came() {
    let unknown = json!({"$unknown": true});
    let sealed = json!({"$sealed": "h"});
    let wire::CheckOutcome::Ok(inputs) = check(&json!({"name": unknown, "password": sealed, "size": 11})) else {
        panic!("nothing known is wrong");
    };
    let inputs: Value = serde_json::from_str(&inputs).unwrap();
    assert_eq!(inputs, json!({"name": unknown, "password": sealed, "size": 11}));

    let wire::CheckOutcome::Invalid(problems) = check(&json!({"name": "forbidden", "size": 11})) else {
        panic!("both are wrong");
    };
    let told: Vec<_> = problems.iter().map(|problem| (problem.code.as_str(), problem.path.as_deref())).collect();
    assert_eq!(told, [("bad-name", Some("name")), ("too-big", Some("size"))]);

    // A secret where none can be: it would end up in a place that is shown.
    let wire::CheckOutcome::Invalid(problems) = check(&json!({"name": sealed})) else { panic!("no text") };
    assert_eq!(problems[0].path.as_deref(), Some("name"));
}

#[test]
fn an_import_has_no_typed_prior() {
    testing::http(|_| Ok(testing::json(200, json!({"name": "live", "size": 2}))));
    let empty = types::Resource { id: "x".to_owned(), inputs: "{}".to_owned(), outputs: "{}".to_owned() };
    let request = wire::ReadRequest {
        kind: "test/thing".into(),
        address: "a".into(),
        id: "x/../y".into(),
        prior: empty,
        ephemeral: Vec::new(),
    };
    let wire::ReadOutcome::Found(object) = MapsPlugin::read(context(), vec![request]).pop().unwrap() else {
        panic!("it is there");
    };
    assert_eq!(object.outputs, "{}", "a note that is not there is left out");
    let calls = testing::calls();
    assert_eq!((calls[0].half, calls[0].url.as_str()), (Half::Read, "https://api.example.com/things/x%2F..%2Fy"));
    assert_eq!(calls[0].credential.as_deref(), Some("api"));
}

#[test]
fn the_kinds_document_is_whole_and_the_same_every_time() {
    let text = MapsPlugin::describe();
    assert_eq!(text, MapsPlugin::describe());
    let document: Value = serde_json::from_str(&text).unwrap();
    let kinds: Vec<&String> = document["kinds"].as_object().unwrap().keys().collect();
    assert_eq!(kinds, ["test/other", "test/thing"]);
    let thing = &document["kinds"]["test/thing"];
    let expected = json!({
        "description": "A thing.",
        "type": "object",
        "additionalProperties": false,
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "x-maps-replace": true},
            "size": {"type": "integer", "format": "uint32", "minimum": 0, "default": 0},
            "password": {"type": "string", "x-maps-secret": true},
            "options": {"type": "object", "additionalProperties": {"type": "integer", "format": "uint32", "minimum": 0}},
        },
    });
    assert_eq!(thing["inputs"], expected);
    assert_eq!(schema::SECRET, "x-maps-secret");
    assert_eq!((&thing["x-maps-settle-ms"], &thing["x-maps-batch"]), (&json!(7), &json!(50)));
}
