//! The kind `secrets/user`.

mod live;
mod model;
mod removal;

use maps_s3::batch::{self, Answered, Written};
use maps_sdk::aws::{Call, iam};
use maps_sdk::{
    Context, Create, Delete, Find, Kind, Lookup, Outcome, Problem, Progress, Read, Report, Resource, Update, only,
};
use serde_json::json;

use self::live::{Got, Live};
pub use self::model::{Checkpoint, Inputs, Outputs};
use crate::{document, tags};

/// The longest name.
const NAME: usize = 64;
/// The longest name of a policy.
const POLICY_NAME: usize = 128;
/// What the inline policies of a user may come to, in characters without white space.
const POLICY: usize = 2048;

/// A user of IAM, with one inline policy and within a permissions boundary.
#[derive(Clone, Copy, Debug, Default)]
pub struct User;

type Made = Progress<Resource<User>, Checkpoint>;

impl Kind for User {
    const NAME: &'static str = "secrets/user";
    const DESCRIPTION: &'static str =
        "A user of AWS IAM with an inline policy, within a permissions boundary. An import takes its name.";
    const SETTLE_MS: u64 = 10_000;
    // A name is one user's, and another path keeps it.
    const DELETE_FIRST: bool = true;
    type Inputs = Inputs;
    type Outputs = Outputs;
    type Checkpoint = Checkpoint;

    maps_sdk::by_batch!(find, read, create, update, delete);

    fn check(&self, _: &Context, inputs: &Inputs, report: &mut Report) {
        crate::iam::name(report, "name", &inputs.name, NAME);
        crate::iam::name(report, "policy_name", &inputs.policy_name, POLICY_NAME);
        crate::iam::path(report, &inputs.path);
        crate::iam::policy_arn(report, "permissions_boundary", &inputs.permissions_boundary);
        if let Some(policy) = &inputs.policy {
            document::check(report, "policy", policy, POLICY);
        }
        tags::check(report, &inputs.tags);
    }

    fn find_many(&self, _: &Context, requests: &[Find<Self>]) -> Vec<Answered<Lookup<Self>>> {
        let asks = requests.iter().map(|request| (request.inputs.name.as_str(), request.inputs.policy_name.clone()));
        let lives = live::ask(asks.collect());
        let lookup = |(request, live): (&Find<Self>, Answered<Option<Live>>)| {
            let Some(live) = live?.filter(|live| tags::carry(&live.all_tags, &request.token)) else {
                return Ok(Lookup::Absent);
            };
            let begun = request.inputs.policy.is_some() && live.policy.is_none();
            let checkpoint = Checkpoint { arn: live.arn.clone(), unique_id: live.unique_id.clone(), rounds: 0 };
            let object = live.told();
            Ok(if begun { Lookup::Unfinished(object, checkpoint) } else { Lookup::Found(object) })
        };
        requests.iter().zip(lives).map(lookup).collect()
    }

    fn read_many(&self, _: &Context, requests: &[Read<Self>]) -> Vec<Answered<Option<Resource<Self>>>> {
        let named = |request: &Read<Self>| match &request.prior.inputs {
            Some(_) => Ok(None),
            // An import does not say which inline policy is meant: one that is alone is.
            None => live::inline_policy(&request.prior.id),
        };
        let named: Vec<Answered<Option<String>>> = requests.iter().map(named).collect();
        let asks = requests.iter().zip(&named).map(|(request, named)| {
            let known = request.prior.inputs.as_ref().map(|inputs| inputs.policy_name.clone());
            let named = named.as_ref().ok().cloned().flatten();
            (request.prior.id.as_str(), known.or(named).unwrap_or_else(model::policy_name))
        });
        let lives = live::ask(asks.collect());
        lives.into_iter().zip(named).map(|(live, named)| named.and(Ok(live?.map(Live::told)))).collect()
    }

    fn create_many(&self, context: &Context, requests: &[Create<Self>]) -> Vec<Outcome<Self>> {
        let plans = requests.iter().map(|request| {
            let call = match &request.checkpoint {
                None => make(context, request)?,
                Some(_) => put_policy(&request.inputs.name, &request.inputs)?,
            };
            Ok((request.step(), vec![call]))
        });
        let written = batch::write(iam::write_all, plans.collect());
        let outcomes = requests.iter().zip(written).map(|(request, written)| match &request.checkpoint {
            None => made(request, written),
            Some(checkpoint) => finished(&request.inputs, checkpoint, written.map(drop)),
        });
        outcomes.collect()
    }

    fn update_many(&self, _: &Context, requests: &[Update<Self>]) -> Vec<Outcome<Self>> {
        let asks = requests.iter().map(|request| (request.prior.id.as_str(), request.inputs.policy_name.clone()));
        let lives = live::ask(asks.collect());
        let lives: Vec<Answered<Live>> = requests
            .iter()
            .zip(lives)
            .map(|(request, live)| live?.ok_or_else(|| batch::gone("user-gone", "the user", &request.prior.id)))
            .collect();
        let plan = |(request, live): (&Update<Self>, &Answered<Live>)| {
            Ok((request.step(), changes(request, live.as_ref().map_err(Problem::clone)?)?))
        };
        let given = batch::write(iam::write_all, requests.iter().zip(&lives).map(plan).collect());
        // What is taken away goes last, so that no right is missing between the two.
        let plan = |((request, live), given): ((&Update<Self>, &Answered<Live>), Written)| {
            given?;
            Ok((request.step(), removals(request, live.as_ref().map_err(Problem::clone)?)?))
        };
        let taken = batch::write(iam::write_all, requests.iter().zip(&lives).zip(given).map(plan).collect());
        let outcome = |((request, live), taken): ((&Update<Self>, Answered<Live>), Written)| {
            taken?;
            let Live { name, arn, unique_id, .. } = live?;
            let outputs = Outputs { arn, name: name.clone(), unique_id };
            Ok(Progress::Done(Resource { id: name, inputs: request.inputs.clone(), outputs }))
        };
        requests.iter().zip(lives).zip(taken).map(outcome).collect()
    }

    fn delete_many(&self, _: &Context, requests: &[Delete<Self>]) -> Vec<Answered<Progress<(), Checkpoint>>> {
        removal::delete(requests)
    }
}

fn make(context: &Context, request: &Create<User>) -> Answered<Call> {
    let inputs = &request.inputs;
    let tags = tags::marked(context, &request.address, &request.token, &inputs.tags);
    let boundary = &inputs.permissions_boundary;
    let input = json!({"UserName": inputs.name, "Path": inputs.path, "PermissionsBoundary": boundary, "Tags": tags});
    Call::new("CreateUser", &input)
}

fn put_policy(user: &str, inputs: &Inputs) -> Answered<Call> {
    let input = json!({"UserName": user, "PolicyName": inputs.policy_name, "PolicyDocument": inputs.policy});
    Call::new("PutUserPolicy", &input)
}

fn drop_policy(user: &str, policy: &str) -> Answered<Call> {
    Call::new("DeleteUserPolicy", &json!({"UserName": user, "PolicyName": policy}))
}

/// The user is there: done, or its policy follows.
fn made(request: &Create<User>, written: Written) -> Answered<Made> {
    let inputs = &request.inputs;
    let answers = written.map_err(|problem| refused(problem, &inputs.name))?;
    let user = only(answers.into_iter().map(Ok))?.json::<Got>()?.user;
    let checkpoint = Checkpoint { arn: user.arn, unique_id: user.user_id, rounds: 0 };
    Ok(match inputs.policy {
        Some(_) => waits(inputs, checkpoint, 0, "its policy follows"),
        None => Progress::Done(whole(inputs, &checkpoint)),
    })
}

/// The policy is there too.
fn finished(inputs: &Inputs, checkpoint: &Checkpoint, written: Answered<()>) -> Answered<Made> {
    match batch::found(written) {
        Ok(Some(())) => Ok(Progress::Done(whole(inputs, checkpoint))),
        Ok(None) if checkpoint.rounds < crate::iam::ROUNDS => {
            let checkpoint = Checkpoint { rounds: checkpoint.rounds + 1, ..checkpoint.clone() };
            Ok(waits(inputs, checkpoint, crate::iam::RETRY_MS, "IAM does not know the user everywhere yet"))
        }
        Ok(None) => Err(batch::gone("user-gone", "the user", &inputs.name)),
        Err(problem) => Err(refused(problem, &inputs.name)),
    }
}

fn waits(inputs: &Inputs, checkpoint: Checkpoint, retry_ms: u64, note: &str) -> Made {
    Progress::pending(checkpoint, retry_ms).id(&inputs.name).note(note)
}

fn whole(inputs: &Inputs, made: &Checkpoint) -> Resource<User> {
    let outputs = Outputs { arn: made.arn.clone(), name: inputs.name.clone(), unique_id: made.unique_id.clone() };
    Resource { id: inputs.name.clone(), inputs: inputs.clone(), outputs }
}

/// What is given to a user, so that it becomes as it is wanted.
fn changes(request: &Update<User>, live: &Live) -> Answered<Vec<Call>> {
    let (name, wanted) = (request.prior.id.as_str(), &request.inputs);
    let mut calls = Vec::new();
    if live.boundary.as_ref() != Some(&wanted.permissions_boundary) {
        let input = json!({"UserName": name, "PermissionsBoundary": wanted.permissions_boundary});
        calls.push(Call::new("PutUserPermissionsBoundary", &input)?);
    }
    if wanted.policy.is_some() && live.policy != wanted.policy {
        calls.push(put_policy(name, wanted)?);
    }
    let tags = tags::changes(&live.all_tags, &wanted.tags);
    calls.extend(crate::iam::retag(["TagUser", "UntagUser"], ("UserName", name), tags)?);
    Ok(calls)
}

/// The inline policies that go: the one that is not wanted any more, or stands under its old name.
fn removals(request: &Update<User>, live: &Live) -> Answered<Vec<Call>> {
    let (name, wanted) = (request.prior.id.as_str(), &request.inputs);
    let mut calls = Vec::new();
    if wanted.policy.is_none() && live.policy.is_some() {
        calls.push(drop_policy(name, &wanted.policy_name)?);
    }
    let before = request.prior.inputs.as_ref().filter(|before| before.policy.is_some());
    if let Some(before) = before.filter(|before| before.policy_name != wanted.policy_name) {
        let old = only(live::ask(vec![(name, before.policy_name.clone())]))?;
        if old.is_some_and(|old| old.policy.is_some()) {
            calls.push(drop_policy(name, &before.policy_name)?);
        }
    }
    Ok(calls)
}

/// What a refusal of CreateUser or PutUserPolicy means.
fn refused(problem: Problem, name: &str) -> Problem {
    match problem.code.as_str() {
        "entity-already-exists" => batch::foreign("user-exists", "a user", name, name),
        "malformed-policy-document" => problem.at("policy"),
        // Of a new user only the boundary can be missing.
        "no-such-entity" => problem.at("permissions_boundary"),
        _ => problem,
    }
}
