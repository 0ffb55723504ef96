//! The kind `secrets/access-key`.
//!
//! A key carries no mark of who made it, and its secret is told once. So the keys that a user has are
//! recorded before another is made: after a crash a key that was not among them is the lost one, and since
//! nobody knows its secret, it goes.

mod model;

use std::collections::BTreeMap;

use maps_s3::batch::{self, Answered, Written};
use maps_sdk::aws::{Call, iam};
use maps_sdk::{
    Class, Context, Create, Delete, Find, Kind, Lookup, Outcome, Problem, Progress, Read, Report, Resource, Secret,
    Update, only,
};
use serde::Deserialize;
use serde_json::json;

pub use self::model::{Checkpoint, Inputs, Outputs, Status};
use crate::iam::{all, of_user};

/// The longest name of a user.
const USER: usize = 64;

/// An access key of a user of IAM.
#[derive(Clone, Copy, Debug, Default)]
pub struct AccessKey;

type Made = Progress<Resource<AccessKey>, Checkpoint>;

impl Kind for AccessKey {
    const NAME: &'static str = "secrets/access-key";
    const DESCRIPTION: &'static str = "An access key of a user of AWS IAM. An import takes USER/KEY, and cannot learn \
                                       its secret.";
    const SETTLE_MS: u64 = 10_000;
    type Inputs = Inputs;
    type Outputs = Outputs;
    type Checkpoint = Checkpoint;

    maps_sdk::by_batch!(find, read, create, update, delete);

    fn check(&self, _: &Context, inputs: &Inputs, report: &mut Report) {
        crate::iam::name(report, "user", &inputs.user, USER);
    }

    fn find_many(&self, _: &Context, requests: &[Find<Self>]) -> Vec<Answered<Lookup<Self>>> {
        // Without a checkpoint none was made: that is written down before the first call.
        let begun = requests.iter().filter(|request| request.checkpoint.is_some());
        let users = Users::of(begun.map(|request| request.inputs.user.as_str()));
        requests.iter().map(|request| lookup(&users, request)).collect()
    }

    fn read_many(&self, _: &Context, requests: &[Read<Self>]) -> Vec<Answered<Option<Resource<Self>>>> {
        let users = Users::of(requests.iter().filter_map(|request| Some(named(&request.prior.id).ok()?.0)));
        let read = |request: &Read<Self>| {
            let (user, id) = named(&request.prior.id)?;
            let known = request.prior.outputs.as_ref();
            let secret = known.and_then(|outputs| outputs.secret_access_key.clone());
            let rotate = request.prior.inputs.as_ref().and_then(|inputs| inputs.rotate.clone());
            let key = users.get(user)?.iter().find(|key| key.access_key_id == id);
            Ok(key.map(|key| key.told(&Inputs { user: user.to_owned(), status: key.status, rotate }, secret)))
        };
        requests.iter().map(read).collect()
    }

    fn create_many(&self, _: &Context, requests: &[Create<Self>]) -> Vec<Outcome<Self>> {
        let unmade = |request: &&Create<Self>| made(request).is_none();
        let users = Users::of(requests.iter().filter(unmade).map(|request| request.inputs.user.as_str()));
        let turns: Vec<Answered<Turn>> = requests.iter().map(|request| turn(&users, request)).collect();
        let plans = requests.iter().zip(&turns).map(|(request, turn)| {
            let calls = match turn.as_ref().map_err(Problem::clone)? {
                Turn::Records(_) => Vec::new(),
                Turn::Makes(_) => vec![of_user("CreateAccessKey", &request.inputs.user)?],
                Turn::Sets(outputs) => vec![set(&request.inputs, &outputs.access_key_id)?],
            };
            Ok((request.step(), calls))
        });
        let written = batch::write(iam::write_all, plans.collect());
        let outcomes = requests.iter().zip(turns).zip(written).map(|((request, turn), written)| match turn? {
            Turn::Records(before) => {
                let checkpoint = Checkpoint { before, made: None };
                Ok(Progress::pending(checkpoint, 0).note("the keys that the user has are recorded"))
            }
            Turn::Makes(before) => is_made(&request.inputs, before, written),
            Turn::Sets(outputs) => {
                written?;
                Ok(Progress::Done(whole(&request.inputs, outputs)))
            }
        });
        outcomes.collect()
    }

    fn update_many(&self, _: &Context, requests: &[Update<Self>]) -> Vec<Outcome<Self>> {
        let users = Users::of(requests.iter().map(|request| request.inputs.user.as_str()));
        let keys = requests.iter().map(|request| {
            let (user, id) = named(&request.prior.id)?;
            let key = users.get(user)?.iter().find(|key| key.access_key_id == id);
            key.ok_or_else(|| batch::gone("access-key-gone", "the access key", id))
        });
        let keys: Vec<Answered<&Live>> = keys.collect();
        let plan = |(request, key): (&Update<Self>, &Answered<&Live>)| {
            let key = key.as_ref().map_err(Problem::clone)?;
            let differs = key.status != request.inputs.status;
            let call = differs.then(|| set(&request.inputs, &key.access_key_id));
            Ok((request.step(), call.into_iter().collect::<Answered<_>>()?))
        };
        let written = batch::write(iam::write_all, requests.iter().zip(&keys).map(plan).collect());
        let outcome = |((request, key), written): ((&Update<Self>, Answered<&Live>), Written)| {
            written?;
            let secret = request.prior.outputs.as_ref().and_then(|outputs| outputs.secret_access_key.clone());
            Ok(Progress::Done(key?.told(&request.inputs, secret)))
        };
        requests.iter().zip(keys).zip(written).map(outcome).collect()
    }

    fn delete_many(&self, _: &Context, requests: &[Delete<Self>]) -> Vec<Answered<Progress<(), Checkpoint>>> {
        let plans = requests.iter().map(|request| {
            let (user, id) = named(&request.prior.id)?;
            let call = Call::new("DeleteAccessKey", &json!({"UserName": user, "AccessKeyId": id}))?;
            Ok((request.step(), vec![call]))
        });
        let removed = batch::write(iam::write_all, plans.collect());
        removed.into_iter().map(|removed| batch::found(removed).map(|_| Progress::Done(()))).collect()
    }
}

/// A key as IAM tells of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Live {
    access_key_id: String,
    status: Status,
}

impl Live {
    fn told(&self, inputs: &Inputs, secret_access_key: Option<Secret>) -> Resource<AccessKey> {
        whole(inputs, Outputs { access_key_id: self.access_key_id.clone(), secret_access_key })
    }
}

/// The keys of several users, each asked for once.
struct Users(BTreeMap<String, Answered<Vec<Live>>>);

impl Users {
    fn of<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        const ACTION: &str = "ListAccessKeys";
        let mut names: Vec<&str> = names.collect();
        names.sort_unstable();
        names.dedup();
        let answers = batch::send(iam::read_all, names.iter().map(|name| of_user(ACTION, name)).collect());
        let keys = names.iter().zip(answers).map(|(name, answer)| {
            // A user that is gone has no keys.
            let Some(first) = batch::found(answer)? else { return Ok(Vec::new()) };
            let members = all(&first, ACTION, &json!({"UserName": name}), "AccessKeyMetadata")?;
            let key = |member| {
                serde_json::from_value(member)
                    .map_err(|_| Problem::internal("unexpected-answer", "a key is listed without its id or status"))
            };
            members.into_iter().map(key).collect()
        });
        let keys: Vec<Answered<Vec<Live>>> = keys.collect();
        Self(names.into_iter().map(str::to_owned).zip(keys).collect())
    }

    fn get(&self, user: &str) -> Answered<&[Live]> {
        match self.0.get(user) {
            Some(keys) => keys.as_deref().map_err(Problem::clone),
            None => Ok(&[]),
        }
    }

    /// The keys of a user that were not there before.
    fn since(&self, user: &str, before: &[String]) -> Answered<Vec<&Live>> {
        let keys = self.get(user)?.iter();
        Ok(keys.filter(|key| !before.contains(&key.access_key_id)).collect())
    }
}

/// What comes next in the making of a key.
enum Turn {
    /// The keys that are there are recorded.
    Records(Vec<String>),
    /// The key is made, beside these.
    Makes(Vec<String>),
    /// The key that was made gets its status.
    Sets(Outputs),
}

/// The key that a create has made already.
fn made(request: &Create<AccessKey>) -> Option<&Outputs> {
    request.checkpoint.as_ref()?.made.as_ref()
}

fn turn(users: &Users, request: &Create<AccessKey>) -> Answered<Turn> {
    let user = &request.inputs.user;
    Ok(match &request.checkpoint {
        None => Turn::Records(users.get(user)?.iter().map(|key| key.access_key_id.clone()).collect()),
        Some(Checkpoint { made: Some(outputs), .. }) => Turn::Sets(outputs.clone()),
        Some(Checkpoint { before, made: None }) => match users.since(user, before)?.as_slice() {
            [] => Turn::Makes(before.clone()),
            // A key of which the answer was lost is looked for before this is called again, so these are
            // somebody else's.
            _ => Turn::Records(users.get(user)?.iter().map(|key| key.access_key_id.clone()).collect()),
        },
    })
}

/// What became of the making of a key.
fn is_made(inputs: &Inputs, before: Vec<String>, written: Written) -> Answered<Made> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Got {
        access_key: New,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct New {
        access_key_id: String,
        secret_access_key: Secret,
    }
    let answers = written.map_err(|problem| refused(problem, inputs, &before))?;
    let New { access_key_id, secret_access_key } = only(answers.into_iter().map(Ok))?.json::<Got>()?.access_key;
    let outputs = Outputs { access_key_id, secret_access_key: Some(secret_access_key) };
    Ok(match inputs.status {
        Status::Active => Progress::Done(whole(inputs, outputs)),
        Status::Inactive => {
            let id = id(&inputs.user, &outputs.access_key_id);
            let checkpoint = Checkpoint { before, made: Some(outputs) };
            Progress::pending(checkpoint, 0).id(id).note("the key is made, and becomes inactive")
        }
    })
}

/// Looks for a key that was made and whose answer was lost.
fn lookup(users: &Users, request: &Find<AccessKey>) -> Answered<Lookup<AccessKey>> {
    let (inputs, Some(checkpoint)) = (&request.inputs, &request.checkpoint) else { return Ok(Lookup::Absent) };
    if let Some(outputs) = &checkpoint.made {
        let there = users.get(&inputs.user)?.iter().find(|key| key.access_key_id == outputs.access_key_id);
        let Some(key) = there else { return Ok(Lookup::Absent) };
        let object = whole(inputs, outputs.clone());
        return Ok(match key.status == inputs.status {
            true => Lookup::Found(object),
            false => Lookup::Unfinished(object, checkpoint.clone()),
        });
    }
    match users.since(&inputs.user, &checkpoint.before)?.as_slice() {
        [] => Ok(Lookup::Absent),
        [lost] => {
            let object = lost.told(&Inputs { status: lost.status, ..inputs.clone() }, None);
            Ok(Lookup::Unusable(object, "its secret was lost with the answer that told it".to_owned()))
        }
        several => Err(unknown(&inputs.user, several)),
    }
}

/// A key's id here: it is known by its user and its own.
fn id(user: &str, key: &str) -> String {
    format!("{user}/{key}")
}

/// The user and the key that an id names.
fn named(id: &str) -> Answered<(&str, &str)> {
    id.split_once('/').filter(|(user, key)| !user.is_empty() && !key.is_empty()).ok_or_else(|| {
        let message = format!("`{id}` names no access key");
        Problem::invalid("bad-id", message).help("an import takes USER/KEY, such as backup/AKIAIOSFODNN7EXAMPLE")
    })
}

fn whole(inputs: &Inputs, outputs: Outputs) -> Resource<AccessKey> {
    Resource { id: id(&inputs.user, &outputs.access_key_id), inputs: inputs.clone(), outputs }
}

fn set(inputs: &Inputs, key: &str) -> Answered<Call> {
    Call::new("UpdateAccessKey", &json!({"UserName": inputs.user, "AccessKeyId": key, "Status": inputs.status}))
}

/// Keys appeared of which it cannot be told whose they are.
fn unknown(user: &str, keys: &[&Live]) -> Problem {
    let ids: Vec<&str> = keys.iter().map(|key| key.access_key_id.as_str()).collect();
    let message = format!("the user {user} got the access keys {} while one was being made", ids.join(", "));
    let help = "delete those that nobody uses, then run again";
    Problem::new(Class::Conflict, "unknown-access-keys", message).at("user").help(help)
}

/// What a refusal of CreateAccessKey means.
fn refused(problem: Problem, inputs: &Inputs, before: &[String]) -> Problem {
    match problem.code.as_str() {
        "limit-exceeded" => {
            let message =
                format!("the user {} has the access keys {}, and no more fit", inputs.user, before.join(", "));
            let help = "delete one of them; a rotation needs room for one more";
            Problem::new(Class::Conflict, "too-many-access-keys", message).at("user").help(help)
        }
        "no-such-entity" => problem.at("user"),
        _ => problem,
    }
}
