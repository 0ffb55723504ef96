//! The kind `secrets/bucket`.
//!
//! A bucket is made without settings and gets them one by one, its tags first. It is made only where
//! none of its name was there a moment before, so one that has no tags after a crash is this one.

mod check;
mod live;
mod model;
mod wire;

use maps_s3::batch::{self, Answered, Written};
use maps_s3::bucket;
use maps_sdk::aws::{Call, s3};
use maps_sdk::{
    Class, Context, Create, Delete, Find, Kind, Lookup, Outcome, Problem, Progress, Read, Report, Resource, Update,
};
use serde_json::json;

use self::live::Live;
pub use self::model::{
    Algorithm, Checkpoint, Encryption, Inputs, Outputs, PublicAccessBlock, Rule, StorageClass, Transition,
};
use self::wire::{EncryptionConfiguration, PublicConfiguration};
use crate::tags::{self, Tags};

/// A bucket of S3.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bucket;

type Made = Progress<Resource<Bucket>, Checkpoint>;

impl Kind for Bucket {
    const NAME: &'static str = "secrets/bucket";
    const DESCRIPTION: &'static str = "A bucket of Amazon S3. One with objects in it is not deleted. An import takes \
                                       its name.";
    const SETTLE_MS: u64 = 10_000;
    type Inputs = Inputs;
    type Outputs = Outputs;
    type Checkpoint = Checkpoint;

    maps_sdk::by_batch!(find, read, create, update, delete);

    fn check(&self, _: &Context, inputs: &Inputs, report: &mut Report) {
        check::inputs(inputs, report);
    }

    fn find_many(&self, _: &Context, requests: &[Find<Self>]) -> Vec<Answered<Lookup<Self>>> {
        batch::told(
            requests,
            |request| &request.inputs.name,
            live::ask,
            |request, live| {
                let Some(live) = live else { return Ok(Lookup::Absent) };
                let live = live.in_order_of(Some(&request.inputs));
                if !is_ours(&live.all_tags, &request.token) {
                    return Ok(Lookup::Absent);
                }
                // The tags come first and the rest follows, so all of it is to be there.
                let begun = live.inputs != request.inputs || !tags::carry(&live.all_tags, &request.token);
                let object = live.told();
                Ok(if begun { Lookup::Unfinished(object, Checkpoint { made: true }) } else { Lookup::Found(object) })
            },
        )
    }

    fn read_many(&self, _: &Context, requests: &[Read<Self>]) -> Vec<Answered<Option<Resource<Self>>>> {
        batch::told(
            requests,
            |request| &request.prior.id,
            live::ask,
            |request, live| Ok(live.map(|live| live.in_order_of(request.prior.inputs.as_ref()).told())),
        )
    }

    fn create_many(&self, context: &Context, requests: &[Create<Self>]) -> Vec<Outcome<Self>> {
        let is_begun = |request: &Create<Self>| request.checkpoint.as_ref().is_some_and(|checkpoint| checkpoint.made);
        batch::create(requests, is_begun, begin, |begun| set_up(context, begun))
    }

    fn update_many(&self, _: &Context, requests: &[Update<Self>]) -> Vec<Outcome<Self>> {
        settle(batch::told(
            requests,
            |request| &request.prior.id,
            live::ask,
            |request, live| {
                let live = live.ok_or_else(|| batch::gone("bucket-gone", "the bucket", &request.prior.id))?;
                let marks = tags::marks(&live.all_tags);
                Ok((request.step(), live, &request.inputs, marks))
            },
        ))
    }

    fn delete_many(&self, _: &Context, requests: &[Delete<Self>]) -> Vec<Answered<Progress<(), Checkpoint>>> {
        let plan = |request: &Delete<Self>| {
            let call = Call::new("DeleteBucket", &json!({"Bucket": request.prior.id}))?;
            Ok((request.step(), vec![call]))
        };
        let removed = batch::write(s3::write_all, requests.iter().map(plan).collect());
        let outcome = |removed| match batch::found(removed) {
            Ok(_) => Ok(Progress::Done(())),
            Err(problem) if problem.code == "bucket-not-empty" => {
                Err(problem.help("maps deletes no objects: delete them, and their versions, first; then run again"))
            }
            Err(problem) => Err(problem),
        };
        removed.into_iter().map(outcome).collect()
    }
}

/// Was the bucket with these tags made with this token? One without tags that a create left is one whose
/// tags were to follow.
fn is_ours(all_tags: &Tags, token: &str) -> bool {
    all_tags.is_empty() || tags::carry(all_tags, token)
}

/// Makes buckets, where none of the name is there.
fn begin(requests: &[&Create<Bucket>]) -> Vec<Answered<Made>> {
    let names: Vec<&str> = requests.iter().map(|request| request.inputs.name.as_str()).collect();
    let plan = |(request, there): (&&Create<Bucket>, Answered<bool>)| {
        let name = &request.inputs.name;
        match there {
            Ok(true) => return Err(batch::foreign("bucket-exists", "a bucket", name, name)),
            // A bucket of another account is closed to this one; S3 says so when it is to be made.
            Err(problem) if problem.class != Class::Denied => return Err(problem),
            Ok(false) | Err(_) => {}
        }
        Ok((request.step(), vec![Call::new("CreateBucket", &json!({"Bucket": name}))?]))
    };
    let plans = requests.iter().zip(live::are_there(&names)).map(plan);
    let written = batch::write(s3::write_all, plans.collect());
    let outcome = |(request, written): (&&Create<Bucket>, Written)| {
        let name = &request.inputs.name;
        written.map_err(|problem| refused(problem, name))?;
        Ok(Progress::pending(Checkpoint { made: true }, 0).id(name).note("its settings follow"))
    };
    requests.iter().zip(written).map(outcome).collect()
}

/// Gives new buckets their settings.
fn set_up(context: &Context, requests: &[&Create<Bucket>]) -> Vec<Answered<Made>> {
    settle(batch::told(
        requests,
        |request| &request.inputs.name,
        live::ask,
        |request, live| {
            let name = &request.inputs.name;
            let live = live.ok_or_else(|| bucket::unsettled(name))?;
            if !is_ours(&live.all_tags, &request.token) {
                return Err(batch::foreign("bucket-exists", "a bucket", name, name));
            }
            let marks = tags::marked(context, &request.address, &request.token, &Tags::new());
            Ok((request.step(), live, &request.inputs, tags::all(marks)))
        },
    ))
}

/// A bucket that is to become as it is wanted, and the tags of maps that it has or is to get.
type Setting<'r> = (maps_sdk::Step, Live, &'r Inputs, Tags);

/// Brings buckets to what is wanted, each by its tags first: they say whose it is.
fn settle(settings: Vec<Answered<Setting<'_>>>) -> Vec<Answered<Made>> {
    let tagged = batch::write_for(s3::write_all, settings, |(step, live, wanted, marks)| {
        Ok((*step, retag(live, wanted, marks)?))
    });
    let tagged = tagged.into_iter().map(|tagged| tagged.map(|(setting, _)| setting)).collect();
    let settled = batch::write_for(s3::write_all, tagged, |(step, live, wanted, _): &Setting<'_>| {
        Ok((*step, changes(live, wanted)?))
    });
    let outcome = |settled: Answered<(Setting<'_>, _)>| {
        let ((_, live, wanted, _), _) = settled?;
        Ok(Progress::Done(live::whole(wanted.clone(), &live.region)))
    };
    settled.into_iter().map(outcome).collect()
}

/// All tags at once, since S3 knows no other way.
fn retag(live: &Live, wanted: &Inputs, marks: &Tags) -> Answered<Vec<Call>> {
    let mut all = wanted.tags.clone();
    all.extend(marks.iter().map(|(key, value)| (key.clone(), value.clone())));
    let there: Tags = live.inputs.tags.clone().into_iter().chain(tags::marks(&live.all_tags)).collect();
    if all == there {
        return Ok(Vec::new());
    }
    let input = json!({"Bucket": wanted.name, "Tagging": {"TagSet": tags::wire(&all)}});
    Ok(vec![Call::new("PutBucketTagging", &input)?])
}

fn changes(live: &Live, wanted: &Inputs) -> Answered<Vec<Call>> {
    let (name, now) = (&wanted.name, &live.inputs);
    let mut calls = Vec::new();
    calls.extend(bucket::set_versioning(name, now.versioning, wanted.versioning)?);
    if now.encryption != wanted.encryption {
        let configuration = EncryptionConfiguration::of(&wanted.encryption);
        let input = json!({"Bucket": name, "ServerSideEncryptionConfiguration": configuration});
        calls.push(Call::new("PutBucketEncryption", &input)?);
    }
    calls.extend(bucket::set_lifecycle(name, &now.lifecycle, &wanted.lifecycle)?);
    if now.public_access_block != wanted.public_access_block {
        let configuration = PublicConfiguration::from(wanted.public_access_block);
        let input = json!({"Bucket": name, "PublicAccessBlockConfiguration": configuration});
        calls.push(Call::new("PutPublicAccessBlock", &input)?);
    }
    Ok(calls)
}

/// What a refusal of CreateBucket means.
fn refused(problem: Problem, name: &str) -> Problem {
    match problem.code.as_str() {
        "bucket-already-exists" => {
            let message = format!("another account has the bucket {name}");
            let help = "choose another name: names of buckets are unique among all accounts";
            bucket::taken(message, help)
        }
        "bucket-already-owned-by-you" => batch::foreign("bucket-exists", "a bucket", name, name),
        _ => problem,
    }
}
