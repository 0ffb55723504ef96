//! The kind `secrets/parameter`.
//!
//! What a parameter holds is fetched only where its version says that somebody else wrote it: a plan of
//! parameters that are as they were takes one call for fifty of them, and decrypts nothing.

mod api;
mod check;
mod model;

use std::iter;

use maps_s3::batch::{self, Answered};
use maps_sdk::aws::ssm;
use maps_sdk::secrets::generate_many;
use maps_sdk::{
    Class, Context, Create, Delete, Find, Lookup, Outcome, Preview, Previewed, Problem, Progress, Read, Report,
    Resource, Secret, Update, only,
};
use serde_json::json;

use self::api::{Live, Told};
pub use self::model::{Alphabet, Checkpoint, Generate, Inputs, Kind, Outputs, Tier};
use crate::tags::{self, Tags};

/// What a secure parameter is encrypted with where nothing else is said.
const DEFAULT_KEY: &str = "alias/aws/ssm";
/// A list lags behind a write for a second or two.
const RETRY_MS: u64 = 1_000;

/// A parameter of the Parameter Store.
#[derive(Clone, Copy, Debug, Default)]
pub struct Parameter;

type Made = Progress<Resource<Parameter>, Checkpoint>;

impl maps_sdk::Kind for Parameter {
    const NAME: &'static str = "secrets/parameter";
    const DESCRIPTION: &'static str = "A parameter of AWS Systems Manager's Parameter Store, with a value that is \
                                       given or that maps makes. An import takes its name.";
    const BATCH: u32 = 1000;
    // A name is one parameter's, and another type keeps it.
    const DELETE_FIRST: bool = true;
    const PREVIEWS: bool = true;
    type Inputs = Inputs;
    type Outputs = Outputs;
    type Checkpoint = Checkpoint;

    maps_sdk::by_batch!(find, read, create, update, delete);

    fn check(&self, _: &Context, inputs: &Inputs, report: &mut Report) {
        check::inputs(inputs, report);
    }

    /// A value that is given is what it will hold; one that is made anew is not known.
    fn preview(&self, _: &Context, request: &Preview<Self>) -> Answered<Previewed> {
        let before = request.prior.as_ref().and_then(|prior| prior.inputs.as_ref());
        let outputs = match (&request.inputs.value, before) {
            (Some(value), _) if request.known.at("value") => json!({"value": value}),
            (None, Some(before)) if before.generate == request.inputs.generate => json!({}),
            _ => json!({"value": {"$unknown": true}}),
        };
        Ok(Previewed { outputs, objects: Vec::new() })
    }

    fn find_many(&self, _: &Context, requests: &[Find<Self>]) -> Vec<Answered<Lookup<Self>>> {
        let lives = api::describe(requests.iter().map(|request| request.inputs.name.as_str()));
        let there = requests.iter().filter(|request| matches!(lives.get(&request.inputs.name), Ok(Some(_))));
        let all_tags = api::tags(there.map(|request| request.inputs.name.as_str()));
        let is_ours = |request: &&Find<Self>| matches!(all_tags.get(&request.inputs.name), Ok(Some(all)) if tags::carry(&all, &request.token));
        let made = requests.iter().filter(is_ours).filter(|request| request.inputs.value.is_none());
        let values = api::values(made.map(|request| request.inputs.name.as_str()));
        let lookup = |request: &Find<Self>| {
            let name = &request.inputs.name;
            let (Some(live), Some(all)) = (lives.get(name)?, all_tags.get(name)?) else { return Ok(Lookup::Absent) };
            if !tags::carry(&all, &request.token) {
                return Ok(Lookup::Absent);
            }
            let value = match &request.inputs.value {
                Some(value) => value.clone(),
                None => fetched(&values, name)?,
            };
            Ok(Lookup::Found(told(live, Some(&request.inputs), value, tags::users(&all))))
        };
        requests.iter().map(lookup).collect()
    }

    fn read_many(&self, _: &Context, requests: &[Read<Self>]) -> Vec<Answered<Option<Resource<Self>>>> {
        let lives = api::describe(requests.iter().map(|request| request.prior.id.as_str()));
        let there = || requests.iter().filter(|request| matches!(lives.get(&request.prior.id), Ok(Some(_))));
        let imports = there().filter(|request| request.prior.inputs.is_none());
        let all_tags = api::tags(imports.map(|request| request.prior.id.as_str()));
        let written = there().filter(|request| {
            let live = lives.get(&request.prior.id);
            let known = known_value(request, live.as_ref().ok().and_then(Option::as_ref));
            known.is_none()
        });
        let values = api::values(written.map(|request| request.prior.id.as_str()));
        let read = |request: &Read<Self>| {
            let name = &request.prior.id;
            let Some(live) = lives.get(name)? else { return Ok(None) };
            let (known, value) = match known_value(request, Some(&live)) {
                Some(value) => (request.prior.inputs.clone(), value.clone()),
                None => {
                    let value = fetched(&values, name)?;
                    let known = request.prior.inputs.clone();
                    // What was given and is another now is a difference.
                    let given = |known: Inputs| Inputs { value: known.value.map(|_| value.clone()), ..known };
                    (known.map(given), value)
                }
            };
            let tags = match &known {
                Some(known) => known.tags.clone(),
                None => tags::users(&all_tags.get(name)?.unwrap_or_default()),
            };
            Ok(Some(told(live, known.as_ref(), value, tags)))
        };
        requests.iter().map(read).collect()
    }

    fn create_many(&self, context: &Context, requests: &[Create<Self>]) -> Vec<Outcome<Self>> {
        let new = || requests.iter().filter(|request| request.checkpoint.is_none());
        let mut minted = minted(new().map(|request| &request.inputs).filter(|inputs| inputs.value.is_none()));
        let values: Vec<Answered<Secret>> = requests
            .iter()
            .map(|request| match (&request.checkpoint, &request.inputs.value) {
                (Some(checkpoint), _) => Ok(checkpoint.value.clone()),
                (None, Some(value)) => Ok(value.clone()),
                (None, None) => only(minted.by_ref().take(1)),
            })
            .collect();
        let plans = requests.iter().zip(&values).map(|(request, value)| {
            if request.checkpoint.is_some() {
                return Ok((request.step(), Vec::new()));
            }
            let tags = tags::marked(context, &request.address, &request.token, &request.inputs.tags);
            let value = value.as_ref().map_err(Problem::clone)?;
            Ok((request.step(), vec![api::make(&request.inputs, value, tags)?]))
        });
        let written = batch::write(ssm::write_all, plans.collect());
        let taken = requests.iter().zip(&written).filter(|(_, written)| written.is_ok());
        let lives = api::describe(taken.map(|(request, _)| request.inputs.name.as_str()));
        let outcomes = requests.iter().zip(written).zip(values).map(|((request, written), value)| {
            let inputs = &request.inputs;
            let (_, value) = (written.map_err(|problem| refused(problem, &inputs.name))?, value?);
            Ok(match lives.get(&inputs.name)? {
                Some(live) => Progress::Done(told(live, Some(inputs), value, inputs.tags.clone())),
                None => listed_later(&inputs.name, value),
            })
        });
        outcomes.collect()
    }

    fn update_many(&self, _: &Context, requests: &[Update<Self>]) -> Vec<Outcome<Self>> {
        let lives = api::describe(requests.iter().map(|request| request.prior.id.as_str()));
        let retagged = requests.iter().filter(|request| changes(request, "tags"));
        let all_tags = api::tags(retagged.map(|request| request.prior.id.as_str()));
        let lost = requests.iter().filter(|request| is_made(request) && request.prior.outputs.is_none());
        let lost = api::values(lost.map(|request| request.prior.id.as_str()));
        let mut minted = minted(requests.iter().filter(|request| is_new(request)).map(|request| &request.inputs));
        let values: Vec<Answered<Secret>> = requests
            .iter()
            .map(|request| match (&request.inputs.value, &request.prior.outputs) {
                (Some(value), _) => Ok(value.clone()),
                (None, _) if is_new(request) => only(minted.by_ref().take(1)),
                (None, Some(outputs)) => Ok(outputs.value.clone()),
                (None, None) => fetched(&lost, &request.prior.id),
            })
            .collect();
        // Whether it is written as a whole: a change of tags alone leaves the version as it is.
        let writes: Vec<bool> = requests.iter().map(|request| is_written(request, &lives)).collect();
        let plans = requests.iter().zip(&values).zip(&writes).map(|((request, value), writes)| {
            let (name, inputs) = (&request.prior.id, &request.inputs);
            let live = lives.get(name)?.ok_or_else(|| batch::gone("parameter-gone", "the parameter", name))?;
            no_downgrade(&live, inputs)?;
            let mut calls = Vec::new();
            if *writes {
                calls.push(api::overwrite(name, inputs, value.as_ref().map_err(Problem::clone)?)?);
            }
            if changes(request, "tags") {
                let all = all_tags.get(name)?.unwrap_or_default();
                calls.extend(api::retag(name, tags::changes(&all, &inputs.tags))?);
            }
            Ok((request.step(), calls))
        });
        let written = batch::write(ssm::write_all, plans.collect());
        let outcomes = requests.iter().zip(written).zip(values).zip(writes);
        let outcomes = outcomes.map(|(((request, written), value), writes)| {
            let (name, inputs) = (&request.prior.id, &request.inputs);
            let answers = written.map_err(|problem| refused(problem, name))?;
            let live = lives.get(name)?.ok_or_else(|| batch::gone("parameter-gone", "the parameter", name))?;
            let version = match answers.first().filter(|_| writes) {
                Some(put) => api::version(put)?,
                None => live.version,
            };
            let outputs = Outputs { arn: live.arn, version, value: value? };
            Ok(Progress::Done(Resource { id: name.clone(), inputs: inputs.clone(), outputs }))
        });
        outcomes.collect()
    }

    fn delete_many(&self, _: &Context, requests: &[Delete<Self>]) -> Vec<Answered<Progress<(), Checkpoint>>> {
        let those: Vec<_> = requests.iter().map(|request| (request.step(), request.prior.id.as_str())).collect();
        api::remove(&those).into_iter().map(|gone| gone.map(Progress::Done)).collect()
    }
}

/// Does the update change this input, or something in it?
fn changes(request: &Update<Parameter>, input: &str) -> bool {
    let covers =
        |path: &String| path.strip_prefix(input).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    request.changed.iter().any(covers)
}

/// Is the value one that maps makes?
fn is_made(request: &Update<Parameter>) -> bool {
    request.inputs.value.is_none()
}

/// Is a new value to be made?
fn is_new(request: &Update<Parameter>) -> bool {
    is_made(request) && changes(request, "generate")
}

/// Is the parameter to be written as a whole? The value itself cannot be compared here, so its change
/// is what the host says.
fn is_written(request: &Update<Parameter>, lives: &Told<Live>) -> bool {
    let Ok(Some(live)) = lives.get(&request.prior.id) else { return false };
    let wanted = &request.inputs;
    let value = || Secret::from_handle("");
    let now = told(live, Some(wanted), value(), Tags::new()).inputs;
    changes(request, "value")
        || changes(request, "generate")
        || (&now.key_id, now.tier, &now.description, &now.allowed_pattern)
            != (&wanted.key_id, wanted.tier, &wanted.description, &wanted.allowed_pattern)
}

/// New values for those inputs that have maps make one.
fn minted<'i>(inputs: impl Iterator<Item = &'i Inputs>) -> impl Iterator<Item = Answered<Secret>> {
    // Without anything said of it, which `check` refuses, it is made as by default.
    let recipe = |inputs: &Inputs| inputs.generate.as_ref().map(Generate::recipe);
    let recipes: Vec<_> = inputs.filter_map(recipe).collect();
    let minted = if recipes.is_empty() { Vec::new() } else { generate_many(&recipes) };
    minted.into_iter().chain(iter::repeat_with(|| {
        Err(Problem::internal("no-value", "neither `value` nor `generate` says what the parameter holds"))
    }))
}

/// The value as it was last known, where nobody else has written the parameter since.
fn known_value<'r>(request: &'r Read<Parameter>, live: Option<&Live>) -> Option<&'r Secret> {
    request.prior.inputs.as_ref()?;
    let outputs = request.prior.outputs.as_ref()?;
    live.is_some_and(|live| live.version == outputs.version).then_some(&outputs.value)
}

/// A value that was fetched.
fn fetched(values: &Told<Secret>, name: &str) -> Answered<Secret> {
    // It was there when it was described.
    values.get(name)?.ok_or_else(|| {
        Problem::new(Class::Unavailable, "parameter-unsettled", format!("the parameter {name} is listed and not there"))
    })
}

/// A parameter in the kind's own shape. What says the same in several ways is told as it was known.
fn told(live: Live, known: Option<&Inputs>, value: Secret, tags: Tags) -> Resource<Parameter> {
    let text = |text: Option<String>| text.filter(|text| !text.is_empty());
    let names_key = known.is_some_and(|known| known.key_id.as_deref() == Some(DEFAULT_KEY));
    let known_tier = known.map(|known| known.tier).filter(|tier| *tier == Tier::IntelligentTiering);
    let inputs = Inputs {
        name: live.name.clone(),
        kind: live.kind,
        value: match known {
            Some(known) => known.value.clone(),
            None => Some(value.clone()),
        },
        generate: known.and_then(|known| known.generate.clone()),
        key_id: live.key_id.filter(|key| names_key || key != DEFAULT_KEY),
        tier: known_tier.unwrap_or(live.tier),
        description: text(live.description),
        allowed_pattern: text(live.allowed_pattern),
        tags,
    };
    let outputs = Outputs { arn: live.arn, version: live.version, value };
    Resource { id: live.name, inputs, outputs }
}

fn listed_later(name: &str, value: Secret) -> Made {
    Progress::pending(Checkpoint { value }, RETRY_MS).id(name).note("the parameter is written, and not listed yet")
}

/// There is no way from the advanced tier to the standard one.
fn no_downgrade(live: &Live, wanted: &Inputs) -> Answered<()> {
    if live.tier != Tier::Advanced || wanted.tier != Tier::Standard {
        return Ok(());
    }
    let message = format!("the parameter {} is in the advanced tier, and AWS has no way back", live.name);
    let help = "`options: {replace_on_changes: [tier]}` removes it and makes it anew";
    Err(Problem::invalid("tier-downgrade", message).at("tier").help(help))
}

/// What a refusal of PutParameter means.
fn refused(problem: Problem, name: &str) -> Problem {
    match problem.code.as_str() {
        "parameter-already-exists" => batch::foreign("parameter-exists", "a parameter", name, name),
        "parameter-pattern-mismatch-exception" => problem.at("value"),
        "invalid-allowed-pattern-exception" => problem.at("allowed_pattern"),
        "invalid-key-id" => problem.at("key_id"),
        _ => problem,
    }
}
