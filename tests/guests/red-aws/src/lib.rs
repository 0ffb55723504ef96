//! A plugin that calls of Route 53 what its config says: `{"in": OPERATION, "write", "action", "input"}`.
//! It adds nothing and hides nothing, so that what is refused is refused by the host.

use maps_sdk::aws::{Call, route53};
use maps_sdk::schemars::{self, JsonSchema};
use maps_sdk::{
    Context, Create, Delete, Find, Kind, Lookup, Outcome, Preview, Previewed, Problem, Progress, Read, Resource, Step,
    Update,
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
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Outputs {}

#[derive(Deserialize)]
struct Orders {
    #[serde(rename = "in")]
    operation: String,
    write: bool,
    action: String,
    input: serde_json::Value,
}

/// Does as ordered, if this is the operation for it.
fn act(context: &Context, operation: &str, steps: Vec<Step>) -> Result<(), Problem> {
    let orders: Orders = context.config()?;
    if orders.operation != operation {
        return Ok(());
    }
    let call = Call::new(&orders.action, &orders.input)?;
    let answers = match orders.write {
        true => route53::write_all(vec![(steps, call)]),
        false => route53::read_all(vec![call]),
    };
    answers.into_iter().try_for_each(|answer| answer.map(drop))
}

struct Thing;

impl Kind for Thing {
    const NAME: &'static str = "red-aws/thing";
    const DESCRIPTION: &'static str = "Whatever it is said to be.";
    const PREVIEWS: bool = true;
    type Inputs = Inputs;
    type Outputs = Outputs;
    type Checkpoint = ();

    fn preview(&self, context: &Context, _: &Preview<Self>) -> Result<Previewed, Problem> {
        act(context, "preview", vec![Step::FIRST])?;
        Ok(Previewed::default())
    }

    fn find(&self, _: &Context, _: &Find<Self>) -> Result<Lookup<Self>, Problem> {
        Ok(Lookup::Absent)
    }

    fn read(&self, _: &Context, request: &Read<Self>) -> Result<Option<Resource<Self>>, Problem> {
        Ok(request.prior.inputs.clone().map(thing))
    }

    fn create(&self, context: &Context, request: &Create<Self>) -> Outcome<Self> {
        act(context, "create", vec![request.step()])?;
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
