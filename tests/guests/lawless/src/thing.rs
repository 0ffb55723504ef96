//! The kind `lawless/thing`. What is honest stands first in each function; each law that can be broken
//! is named where it is broken.

use maps_sdk::schemars::JsonSchema;
use maps_sdk::{
    Class, Context, Create, Delete, Find, Kind, Lookup, Outcome, Problem, Progress, Read, Report, Resource, Secret,
    Update, info,
};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

use crate::api::{self, API, Told};

/// How long the service takes for anything.
const PATIENCE_MS: u64 = 10_000;

/// What the user sets.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(crate = "maps_sdk::schemars")]
#[serde(deny_unknown_fields)]
pub(crate) struct Inputs {
    #[schemars(extend("x-maps-replace" = true))]
    pub(crate) name: String,
    #[serde(default = "here")]
    #[schemars(extend("x-maps-replace" = true))]
    pub(crate) region: String,
    #[serde(default = "one")]
    pub(crate) size: u32,
    /// The law to break.
    #[serde(default, serialize_with = "drifting")]
    pub(crate) breaks: String,
}

fn here() -> String {
    "here".to_owned()
}

fn one() -> u32 {
    1
}

/// `check-drifts`: each time the inputs are told, they are others.
fn drifting<S: Serializer>(breaks: &str, serializer: S) -> Result<S::Ok, S::Error> {
    match breaks.starts_with("check-drifts") {
        true => serializer.serialize_str(&format!("{breaks}!")),
        false => serializer.serialize_str(breaks),
    }
}

/// What the service tells.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(crate = "maps_sdk::schemars")]
pub(crate) struct Outputs {
    made_at: Value,
    /// Asked for by name alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-ephemeral" = true))]
    key: Option<Secret>,
}

/// Where a long operation goes on.
#[derive(Serialize, Deserialize)]
pub(crate) struct Checkpoint {
    id: String,
}

pub(crate) struct Thing;

/// The thing as it is told.
fn resource(told: &Told) -> Resource<Thing> {
    let inputs =
        Inputs { name: told.name.clone(), region: told.region.clone(), size: told.size, breaks: told.breaks.clone() };
    let key = told.key().filter(|_| told.breaks == "ephemeral-unasked");
    let made_at = match told.key_in_clear() {
        Some(key) if told.breaks == "keeps-key" => key,
        _ => &told.made_at,
    };
    Resource { id: told.id.clone(), inputs, outputs: Outputs { made_at: made_at.into(), key } }
}

fn pending<T>(id: &str) -> Result<Progress<T, Checkpoint>, Problem> {
    Ok(Progress::pending(Checkpoint { id: id.to_owned() }, PATIENCE_MS).id(id))
}

/// What a mutation answers of a thing that is as it should be.
fn done(told: &Told) -> Outcome<Thing> {
    let mut made = resource(told);
    match told.breaks.as_str() {
        "stays-unknown" => made.outputs.made_at = json!({"$unknown": true}),
        "normalises" => made.inputs.size += 1,
        "logs-key" => info!("its key is {}", told.key_in_clear().unwrap_or_default()),
        "not-granted" => {
            // What the host answers does not matter: it has seen it.
            let _ = API.get(&["others"]).read();
        }
        _ => {}
    }
    Ok(Progress::Done(made))
}

impl Kind for Thing {
    const NAME: &'static str = "lawless/thing";
    const DESCRIPTION: &'static str = "A thing.";
    const SETTLE_MS: u64 = 1_000;
    /// A name is taken until its thing is gone.
    const DELETE_FIRST: bool = true;
    type Inputs = Inputs;
    type Outputs = Outputs;
    type Checkpoint = Checkpoint;

    fn check(&self, _: &Context, inputs: &Inputs, report: &mut Report) {
        if inputs.breaks == "check-refuses-unknowns" && inputs.size == 0 {
            // It names no path, so that nobody knows that it looked at what is not known.
            report.push(&[], Problem::invalid("no-size", "a thing has a size"));
        }
        if inputs.name.is_empty() {
            report.invalid("name", "no-name", "a thing has a name");
        }
    }

    fn find(&self, _: &Context, request: &Find<Self>) -> Result<Lookup<Self>, Problem> {
        let breaks = request.inputs.breaks.as_str();
        let found = match breaks {
            "find-adopts-nothing" => None,
            "find-adopts-anything" => api::with_token(None)?,
            _ => api::with_token(Some(&request.token))?,
        };
        Ok(match found {
            Some(told) if told.is_ready() => Lookup::Found(resource(&told)),
            Some(told) if told.status == "leaving" => Lookup::Absent,
            Some(_) if breaks == "find-loses-unfinished" => Lookup::Absent,
            Some(told) => Lookup::Unfinished(resource(&told), Checkpoint { id: told.id }),
            None => Lookup::Absent,
        })
    }

    fn read(&self, _: &Context, request: &Read<Self>) -> Result<Option<Resource<Self>>, Problem> {
        let breaks = request.prior.inputs.as_ref().map_or("", |inputs| inputs.breaks.as_str());
        let Some(told) = api::get(&request.prior.id, breaks)? else { return Ok(None) };
        let mut read = resource(&told);
        if request.wants("key") && told.breaks != "ephemeral-withheld" {
            read.outputs.key = api::get(&request.prior.id, "")?.and_then(|told| told.key());
        }
        match told.breaks.as_str() {
            "read-tells-another-output" => read.outputs.made_at = "never".into(),
            "read-tells-another-input" => read.inputs.size += 1,
            _ => {}
        }
        Ok(Some(read))
    }

    fn read_many(&self, context: &Context, requests: &[Read<Self>]) -> Vec<Result<Option<Resource<Self>>, Problem>> {
        let mut answers: Vec<_> = requests.iter().map(|request| self.read(context, request)).collect();
        let breaks = |name: &str| {
            let of = |request: &Read<Self>| request.prior.inputs.as_ref().is_some_and(|inputs| inputs.breaks == name);
            requests.len() > 1 && requests.iter().any(of)
        };
        if breaks("batch-mixes") {
            answers.reverse();
        }
        if breaks("batch-loses") {
            answers.pop();
        }
        answers
    }

    fn create(&self, _: &Context, request: &Create<Self>) -> Outcome<Self> {
        let Some(checkpoint) = &request.checkpoint else {
            let body = api::body(&request.inputs, &request.token);
            let made: Told = API.post(&["things"]).json(&body)?.write(request.step())?.accepted()?.json()?;
            return pending(&made.id);
        };
        match api::get(&checkpoint.id, &request.inputs.breaks)? {
            Some(told) if told.is_ready() => done(&told),
            Some(told) => pending(&told.id),
            None => Err(Problem::internal("gone", "it went while it was made")),
        }
    }

    fn update(&self, _: &Context, request: &Update<Self>) -> Outcome<Self> {
        let id = &request.prior.id;
        let breaks = request.inputs.breaks.as_str();
        let told = api::get(id, breaks)?.ok_or_else(|| Problem::new(Class::NotFound, "gone", "it is gone"))?;
        if told.is_as(&request.inputs) && request.checkpoint.is_none() && breaks == "update-goes-once" {
            return Err(Problem::new(Class::Conflict, "again", "it was begun before"));
        }
        let repeats = breaks == "update-repeats" && request.checkpoint.is_none();
        if breaks == "update-does-nothing" {
            let mut made = resource(&told);
            made.inputs = request.inputs.clone();
            return Ok(Progress::Done(made));
        }
        if !told.is_as(&request.inputs) || repeats {
            let body = json!({"size": request.inputs.size, "breaks": request.inputs.breaks});
            API.patch(&["things", id]).json(&body)?.write(request.step())?.accepted()?;
            return pending(id);
        }
        if told.is_ready() { done(&told) } else { pending(id) }
    }

    fn delete(&self, _: &Context, request: &Delete<Self>) -> Result<Progress<(), Checkpoint>, Problem> {
        let id = &request.prior.id;
        let breaks = request.prior.inputs.as_ref().map_or("", |inputs| inputs.breaks.as_str());
        if breaks == "delete-leaves-it" {
            return Ok(Progress::Done(()));
        }
        if request.checkpoint.is_none() {
            let answer = API.delete(&["things", id]).write(request.step())?;
            match breaks {
                "delete-goes-once" => drop(answer.accepted()?),
                _ => drop(answer.accepted_or_absent()?),
            }
        }
        match api::get(id, breaks)? {
            Some(_) => pending(id),
            None => Ok(Progress::Done(())),
        }
    }
}
