//! A plugin that calls of AWS what its config says: `{"in": OPERATION, "service", "write", "action", "input"}`.
//! It adds nothing but the sealed value of its step, where the input says `«value»`, and hides nothing, so
//! that what is refused is refused by the host.

use maps_sdk::aws::{Answer, Call, iam, route53, ssm};
use maps_sdk::schemars::{self, JsonSchema};
use maps_sdk::{
    Context, Create, Delete, Find, Kind, Lookup, Outcome, Preview, Previewed, Problem, Progress, Read, Resource,
    Secret, Step, Update,
};
use serde::{Deserialize, Serialize};

/// What rules may bind to.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Inputs {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    name: String,
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    set_identifier: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    policy: Option<serde_json::Map<String, serde_json::Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<Secret>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Outputs {}

#[derive(Deserialize)]
struct Orders {
    #[serde(rename = "in")]
    operation: String,
    #[serde(default)]
    service: Option<String>,
    write: bool,
    action: String,
    input: serde_json::Value,
}

/// The reads of a service, as a list.
type Reads = fn(Vec<Call>) -> Vec<Result<Answer, Problem>>;
/// The writes of a service, as a list.
type Writes = fn(Vec<(Vec<Step>, Call)>) -> Vec<Result<Answer, Problem>>;

/// Does as ordered, if this is the operation for it.
fn act(context: &Context, operation: &str, steps: Vec<Step>, inputs: &Inputs) -> Result<(), Problem> {
    let mut orders: Orders = context.config()?;
    if orders.operation != operation {
        return Ok(());
    }
    if let Some(value) = &inputs.value {
        put(&mut orders.input, &serde_json::to_value(value).unwrap_or_default());
    }
    let call = Call::new(&orders.action, &orders.input)?;
    let (reads, writes): (Reads, Writes) = match orders.service.as_deref() {
        Some("iam") => (iam::read_all, iam::write_all),
        Some("ssm") => (ssm::read_all, ssm::write_all),
        _ => (route53::read_all, route53::write_all),
    };
    let answers = if orders.write { writes(vec![(steps, call)]) } else { reads(vec![call]) };
    answers.into_iter().try_for_each(|answer| answer.map(drop))
}

/// Puts the sealed value where the input says so.
fn put(input: &mut serde_json::Value, value: &serde_json::Value) {
    match input {
        serde_json::Value::String(text) if text == "«value»" => *input = value.clone(),
        serde_json::Value::Object(members) => members.values_mut().for_each(|member| put(member, value)),
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| put(item, value)),
        _ => {}
    }
}

struct Thing;

impl Kind for Thing {
    const NAME: &'static str = "red-aws/thing";
    const DESCRIPTION: &'static str = "Whatever it is said to be.";
    const PREVIEWS: bool = true;
    type Inputs = Inputs;
    type Outputs = Outputs;
    type Checkpoint = ();

    fn preview(&self, context: &Context, request: &Preview<Self>) -> Result<Previewed, Problem> {
        act(context, "preview", vec![Step::FIRST], &request.inputs)?;
        Ok(Previewed::default())
    }

    fn find(&self, _: &Context, _: &Find<Self>) -> Result<Lookup<Self>, Problem> {
        Ok(Lookup::Absent)
    }

    fn read(&self, _: &Context, request: &Read<Self>) -> Result<Option<Resource<Self>>, Problem> {
        Ok(request.prior.inputs.clone().map(thing))
    }

    fn create(&self, context: &Context, request: &Create<Self>) -> Outcome<Self> {
        act(context, "create", vec![request.step()], &request.inputs)?;
        Ok(Progress::Done(thing(request.inputs.clone())))
    }

    fn update(&self, _: &Context, request: &Update<Self>) -> Outcome<Self> {
        Ok(Progress::Done(thing(request.inputs.clone())))
    }

    fn delete(&self, _: &Context, _: &Delete<Self>) -> Result<Progress<(), ()>, Problem> {
        Ok(Progress::Done(()))
    }
}

fn thing(inputs: Inputs) -> Resource<Thing> {
    Resource { id: inputs.name.clone(), inputs, outputs: Outputs {} }
}

maps_sdk::plugin!(Thing);
