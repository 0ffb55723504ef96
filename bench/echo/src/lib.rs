//! A plugin that needs no service: an object is what the stack says. What a run with it costs is
//! what maps itself costs.

use maps_sdk::{
    Context, Create, Delete, Find, Kind, Lookup, Outcome, Problem, Progress, Read, Resource, Update, clock, random,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the user sets.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// A new name is a new thing.
    #[schemars(extend("x-maps-replace" = true))]
    pub name: String,
    /// Anything.
    #[serde(default)]
    pub text: String,
    /// Anything.
    #[serde(default)]
    pub size: u32,
    /// Where it hangs: another thing's id.
    #[serde(default)]
    pub parent: String,
    /// How many host calls a read makes.
    #[serde(default)]
    pub calls: u32,
}

/// What the plugin tells.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Made of the name.
    pub url: String,
}

/// A thing, of which one call may bring so many.
#[derive(Clone, Copy, Debug)]
pub struct Thing<const BATCH: u32>;

/// Made of inputs alone.
fn made<const BATCH: u32>(inputs: &Inputs) -> Resource<Thing<BATCH>> {
    let outputs = Outputs { url: format!("https://echo.example/{}", inputs.name) };
    Resource { id: inputs.name.clone(), inputs: inputs.clone(), outputs }
}

impl<const BATCH: u32> Kind for Thing<BATCH> {
    const NAME: &'static str = match BATCH {
        1 => "echo/single",
        _ => "echo/batched",
    };
    const DESCRIPTION: &'static str = "A thing that exists because the stack says so.";
    const BATCH: u32 = BATCH;
    type Inputs = Inputs;
    type Outputs = Outputs;
    type Checkpoint = ();

    fn find(&self, _: &Context, _: &Find<Self>) -> Result<Lookup<Self>, Problem> {
        Ok(Lookup::Absent)
    }

    fn read(&self, _: &Context, request: &Read<Self>) -> Result<Option<Resource<Self>>, Problem> {
        let Some(inputs) = &request.prior.inputs else {
            return Err(Problem::invalid("nothing-to-echo", "a thing that is not recorded cannot be read"));
        };
        for call in 0..inputs.calls {
            // Both are asked, so that a call with an answer of some bytes is among what is measured.
            if call % 2 == 0 {
                clock::now();
            } else {
                random::bytes(16);
            }
        }
        Ok(Some(made(inputs)))
    }

    fn create(&self, _: &Context, request: &Create<Self>) -> Outcome<Self> {
        Ok(Progress::Done(made(&request.inputs)))
    }

    fn update(&self, _: &Context, request: &Update<Self>) -> Outcome<Self> {
        Ok(Progress::Done(made(&request.inputs)))
    }

    fn delete(&self, _: &Context, _: &Delete<Self>) -> Result<Progress<(), ()>, Problem> {
        Ok(Progress::Done(()))
    }
}

maps_sdk::plugin!(Thing::<1>, Thing::<100>);
