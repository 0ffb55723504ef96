//! The kind `spaces/bucket`.
//!
//! Spaces have no tags for buckets, so nothing tells who made one. That none of its name is there is written down
//! before it is made: one that is there after a crash is this one.

mod check;
mod live;
mod model;
mod removal;

use maps_s3::batch::{self, Answered, Written};
use maps_s3::bucket;
use maps_sdk::aws::{Call, s3};
use maps_sdk::{
    Class, Context, Create, Delete, Find, Kind, Lookup, Loss, Outcome, Problem, Progress, Read, Report, Resource,
    Update, only,
};
use serde_json::json;

use self::live::Live;
pub use self::model::{Checkpoint, Inputs, Outputs, Rule};

/// A bucket of Spaces.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bucket;

type Made = Progress<Resource<Bucket>, Checkpoint>;

impl Kind for Bucket {
    const NAME: &'static str = "spaces/bucket";
    const DESCRIPTION: &'static str = "A bucket of DigitalOcean Spaces. One with objects in it is deleted only with \
                                       `force_destroy`. An import takes its name.";
    const SETTLE_MS: u64 = 10_000;
    const LOSES: Option<Loss> =
        Some(Loss { what: "all objects in it, in all their versions: backups too", only_if: Some("force_destroy") });
    type Inputs = Inputs;
    type Outputs = Outputs;
    type Checkpoint = Checkpoint;

    maps_sdk::by_batch!(find, read, create, update, delete);

    fn check(&self, _: &Context, inputs: &Inputs, report: &mut Report) {
        check::inputs(inputs, report);
    }

    fn find_many(&self, _: &Context, requests: &[Find<Self>]) -> Vec<Answered<Lookup<Self>>> {
        // Without a checkpoint none was made: that there is none is written down before.
        let begun = |request: &&Find<Self>| request.checkpoint.is_some();
        let names: Vec<&str> = requests.iter().filter(begun).map(|request| request.inputs.name.as_str()).collect();
        let mut lives = live::ask(&names).into_iter();
        let lookup = |request: &Find<Self>| {
            if request.checkpoint.is_none() {
                return Ok(Lookup::Absent);
            }
            let Some(live) = only(lives.by_ref().take(1))? else { return Ok(Lookup::Absent) };
            let live = live.known_as(Some(&request.inputs));
            let whole = live.inputs == request.inputs;
            let object = live.told();
            Ok(if whole { Lookup::Found(object) } else { Lookup::Unfinished(object, Checkpoint::Made) })
        };
        requests.iter().map(lookup).collect()
    }

    fn read_many(&self, _: &Context, requests: &[Read<Self>]) -> Vec<Answered<Option<Resource<Self>>>> {
        batch::told(
            requests,
            |request| &request.prior.id,
            live::ask,
            |request, live| Ok(live.map(|live| live.known_as(request.prior.inputs.as_ref()).told())),
        )
    }

    fn create_many(&self, _: &Context, requests: &[Create<Self>]) -> Vec<Outcome<Self>> {
        let is_made = |request: &Create<Self>| request.checkpoint == Some(Checkpoint::Made);
        batch::create(requests, is_made, begin, set_up)
    }

    fn update_many(&self, _: &Context, requests: &[Update<Self>]) -> Vec<Outcome<Self>> {
        settle(batch::told(
            requests,
            |request| &request.prior.id,
            live::ask,
            |request, live| {
                let live = live.ok_or_else(|| batch::gone("bucket-gone", "the bucket", &request.prior.id))?;
                Ok((request.step(), live, &request.inputs))
            },
        ))
    }

    fn delete_many(&self, _: &Context, requests: &[Delete<Self>]) -> Vec<Answered<Progress<(), Checkpoint>>> {
        removal::remove(requests)
    }
}

/// Writes down that no bucket of a name is there; then makes it, unless it is there by now.
fn begin(requests: &[&Create<Bucket>]) -> Vec<Answered<Made>> {
    let names: Vec<&str> = requests.iter().map(|request| request.inputs.name.as_str()).collect();
    let there: Vec<Answered<bool>> = live::are_there(&names).into_iter().map(known).collect();
    let plan = |(request, there): (&&Create<Bucket>, &Answered<bool>)| {
        let (name, there) = (&request.inputs.name, *there.as_ref().map_err(Problem::clone)?);
        let calls = match (request.checkpoint, there) {
            (None, true) => return Err(batch::foreign("bucket-exists", "a bucket", name, name)),
            (None, false) | (Some(_), true) => Vec::new(),
            (Some(_), false) => vec![Call::new("CreateBucket", &json!({ "Bucket": name }))?],
        };
        Ok((request.step(), calls))
    };
    let written = batch::write(s3::write_all, requests.iter().zip(&there).map(plan).collect());
    let outcome = |(request, written): (&&Create<Bucket>, Written)| {
        let name = &request.inputs.name;
        written.map_err(|problem| refused(problem, name))?;
        Ok(match request.checkpoint {
            None => Progress::pending(Checkpoint::Absent, 0).note("none of its name is there"),
            Some(_) => Progress::pending(Checkpoint::Made, 0).id(name).note("its settings follow"),
        })
    };
    requests.iter().zip(written).map(outcome).collect()
}

/// A bucket of another account is closed to this one; that is told when it is to be made.
fn known(there: Answered<bool>) -> Answered<bool> {
    match there {
        Err(problem) if problem.class == Class::Denied && problem.code == "access-denied" => Ok(false),
        other => other,
    }
}

/// Gives new buckets their settings.
fn set_up(requests: &[&Create<Bucket>]) -> Vec<Answered<Made>> {
    settle(batch::told(
        requests,
        |request| &request.inputs.name,
        live::ask,
        |request, live| {
            let live = live.ok_or_else(|| bucket::unsettled(&request.inputs.name))?;
            Ok((request.step(), live, &request.inputs))
        },
    ))
}

/// A bucket that is to become as it is wanted.
type Setting<'r> = (maps_sdk::Step, Live, &'r Inputs);

/// Brings buckets to what is wanted.
fn settle(settings: Vec<Answered<Setting<'_>>>) -> Vec<Answered<Made>> {
    let settled = batch::write_for(s3::write_all, settings, |(step, live, wanted)| Ok((*step, changes(live, wanted)?)));
    let outcome = |settled: Answered<(Setting<'_>, _)>| {
        let ((_, live, wanted), _) = settled?;
        Ok(Progress::Done(live::whole(wanted.clone(), &live.region)))
    };
    settled.into_iter().map(outcome).collect()
}

fn changes(live: &Live, wanted: &Inputs) -> Answered<Vec<Call>> {
    let (name, now) = (&wanted.name, &live.inputs);
    let versioning = bucket::set_versioning(name, now.versioning, wanted.versioning)?;
    let lifecycle = bucket::set_lifecycle(name, &now.lifecycle, &wanted.lifecycle)?;
    Ok(versioning.into_iter().chain(lifecycle).collect())
}

/// What a refusal of CreateBucket means.
fn refused(problem: Problem, name: &str) -> Problem {
    match problem.code.as_str() {
        "bucket-already-exists" | "bucket-already-owned-by-you" => {
            let message = format!("the name of the bucket {name} is taken");
            let help = "choose another name: names of buckets are unique among all accounts and regions. A bucket of \
                        this account is in another region than the credential's";
            bucket::taken(message, help)
        }
        "access-denied" => problem.help("buckets are made by a key of Spaces with full access; this one has less"),
        _ => problem,
    }
}
