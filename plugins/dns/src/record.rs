//! The kind `dns/record`: a record set, made and changed together with all others of its zone.

mod lookup;
mod outcome;

use std::collections::BTreeSet;

use maps_sdk::{
    Context, Create, Delete, Find, Kind, Lookup, Outcome, Preview, Previewed, Problem, Progress, Read, Report,
    Resource, Update,
};

use crate::api::{self, Action};
use crate::batch::Answer;
use crate::blame::Mistake;
use crate::change::{self, Change, Fault};
use crate::check;
use crate::content::{self, Key};
use crate::model::{Checkpoint, Inputs, Outputs};
use crate::name::ZoneId;
use crate::wire::RecordSet;
use lookup::{Live, imported};
use outcome::{Stage, exists, failed, twice};

/// Where a record is.
type Place = (ZoneId, Key);

/// A record.
#[derive(Clone, Copy, Debug, Default)]
pub struct Record;

impl Kind for Record {
    const NAME: &'static str = "dns/record";
    const DESCRIPTION: &'static str = "A record of a Route 53 zone: all values of one name and type, or one of several \
                                       among which a policy chooses. An import takes ZONE/NAME/TYPE, or \
                                       ZONE/NAME/TYPE/SET-IDENTIFIER, with the zone by its id or its name.";
    const SETTLE_MS: u64 = 10_000;
    const BATCH: u32 = 1_000;
    // Beside a CNAME, or beside a record without a policy, nothing else can have its name.
    const DELETE_FIRST: bool = true;
    const PREVIEWS: bool = true;
    type Inputs = Inputs;
    type Outputs = Outputs;
    type Checkpoint = Checkpoint;

    maps_sdk::by_batch!(preview, find, read, create, update, delete);

    fn check(&self, _: &Context, inputs: &Inputs, report: &mut Report) {
        check::record(inputs, report);
    }

    /// Tells before anything is changed where a record is in the way. What is recorded already was read
    /// just now, and is not asked for.
    fn preview_many(&self, _: &Context, requests: &[Preview<Self>]) -> Vec<Answer<Previewed>> {
        let known = |request: &&Preview<Self>| {
            ["zone", "name", "type", "set_identifier"].iter().all(|path| request.known.at(path))
        };
        let place = |inputs: &Inputs| (inputs.zone.clone(), Key::of(inputs));
        let prior = |request: &Preview<Self>| request.prior.as_ref()?.inputs.as_ref().map(place);
        // A record that the stack has gives its place up, if another takes it.
        let ours: BTreeSet<Place> = requests.iter().filter_map(prior).collect();
        let new: BTreeSet<Place> = requests
            .iter()
            .filter(known)
            .map(|request| place(&request.inputs))
            .filter(|at| !ours.contains(at))
            .collect();
        let live = Live::of(new.iter().map(|(zone, key)| (zone, key.clone())));
        let mut seen = BTreeSet::new();
        let preview = |request: &Preview<Self>| {
            if known(&request) {
                let at = place(&request.inputs);
                if !seen.insert(at.clone()) {
                    return Err(twice(&at.1));
                }
                if let Some(set) = live.get(&at.0, &at.1)? {
                    return Err(exists(&at.0, &at.1, Some(set)));
                }
            }
            let fqdn = request.known.at("name").then(|| request.inputs.name.as_str());
            Ok(Previewed { outputs: serde_json::json!({"fqdn": fqdn}), objects: Vec::new() })
        };
        requests.iter().map(preview).collect()
    }

    /// Nothing in a record says who made it: one that holds what an earlier create was to make is taken
    /// for it. Any other is in the way, and is told as such by a preview or a create.
    fn find_many(&self, _: &Context, requests: &[Find<Self>]) -> Vec<Answer<Lookup<Self>>> {
        let live = Live::of(requests.iter().map(|request| (&request.inputs.zone, Key::of(&request.inputs))));
        let mut seen = BTreeSet::new();
        let find = |request: &Find<Self>| {
            let (inputs, key) = (&request.inputs, Key::of(&request.inputs));
            let set = live.get(&inputs.zone, &key)?.filter(|set| content::same(set, inputs));
            Ok(match set.filter(|_| seen.insert((inputs.zone.clone(), key))) {
                Some(_) => Lookup::Found(content::made(inputs.clone())),
                None => Lookup::Absent,
            })
        };
        requests.iter().map(find).collect()
    }

    fn read_many(&self, _: &Context, requests: &[Read<Self>]) -> Vec<Answer<Option<Resource<Self>>>> {
        let places: Vec<Answer<Option<Place>>> = requests
            .iter()
            .map(|request| match &request.prior.inputs {
                Some(inputs) => Ok(Some((inputs.zone.clone(), Key::of(inputs)))),
                None => imported(&request.prior.id),
            })
            .collect();
        let live = Live::of(places.iter().filter_map(|place| {
            let (zone, key) = place.as_ref().ok()?.as_ref()?;
            Some((zone, key.clone()))
        }));
        let read = |(request, place): (&Read<Self>, &Answer<Option<Place>>)| {
            let Some((zone, key)) = place.as_ref().map_err(Clone::clone)? else { return Ok(None) };
            let set = live.get(zone, key)?;
            Ok(set.map(|set| content::resource(zone, key, set, request.prior.inputs.as_ref())))
        };
        requests.iter().zip(&places).map(read).collect()
    }

    /// By CREATE, which fails where a record is, whoever made it.
    fn create_many(&self, _: &Context, requests: &[Create<Self>]) -> Vec<Outcome<Self>> {
        let mut seen = BTreeSet::new();
        let stage = |request: &Create<Self>| {
            let (inputs, key) = (&request.inputs, Key::of(&request.inputs));
            let stage = match &request.checkpoint {
                _ if !seen.insert((inputs.zone.clone(), key.clone())) => Stage::Failed(twice(&key)),
                Some(checkpoint) => Stage::Waits(checkpoint.clone()),
                None => Stage::changes(Change {
                    step: request.step(),
                    zone: inputs.zone.clone(),
                    action: Action::Create,
                    record: content::sent(inputs),
                }),
            };
            (inputs.clone(), stage)
        };
        outcome::carry_out(requests.iter().map(stage).collect())
    }

    /// By UPSERT, of records that state knows to be ours; what is as it should be is not written.
    fn update_many(&self, _: &Context, requests: &[Update<Self>]) -> Vec<Outcome<Self>> {
        let begun = requests.iter().filter(|request| request.checkpoint.is_none());
        let live = Live::of(begun.map(|request| (&request.inputs.zone, Key::of(&request.inputs))));
        let stage = |request: &Update<Self>| {
            let inputs = &request.inputs;
            let stage = match (&request.checkpoint, live.get(&inputs.zone, &Key::of(inputs))) {
                (Some(checkpoint), _) => Stage::Waits(checkpoint.clone()),
                (None, Err(problem)) => Stage::Failed(problem),
                (None, Ok(Some(set))) if content::same(set, inputs) => Stage::Done,
                (None, Ok(_)) => Stage::changes(Change {
                    step: request.step(),
                    zone: inputs.zone.clone(),
                    action: Action::Upsert,
                    record: content::sent(inputs),
                }),
            };
            (inputs.clone(), stage)
        };
        outcome::carry_out(requests.iter().map(stage).collect())
    }

    /// By DELETE, which takes the live values only. It is not waited for: resolvers keep an answer for its
    /// time to live anyway, and a replacement must not leave a gap.
    fn delete_many(&self, _: &Context, requests: &[Delete<Self>]) -> Vec<Answer<Progress<(), Checkpoint>>> {
        let places: Vec<Answer<Place>> = requests.iter().map(place_of).collect();
        let live = Live::of(places.iter().filter_map(|place| {
            let (zone, key) = place.as_ref().ok()?;
            Some((zone, key.clone()))
        }));
        let mut changes = Vec::new();
        let mut kept: Vec<Answer<Option<Key>>> = Vec::with_capacity(requests.len());
        for (request, place) in requests.iter().zip(places) {
            kept.push(place.and_then(|(zone, key)| {
                let Some(record) = live.get(&zone, &key)? else { return Ok(None) };
                // By the name that the step has: a listing writes some by codes.
                let record = RecordSet { name: key.name.as_str().to_owned(), ..record.clone() };
                changes.push(Change { step: request.step(), zone, action: Action::Delete, record });
                Ok(Some(key))
            }));
        }
        let mut outcomes = change::make(&changes).into_iter();
        let each = kept.into_iter().map(|kept| {
            let Some(key) = kept? else { return Ok(Progress::Done(())) };
            match outcomes.next() {
                Some(Ok(_)) => Ok(Progress::Done(())),
                Some(Err(Fault::Refused(why, _))) if Mistake::told(&why) == Mistake::Missing => Ok(Progress::Done(())),
                Some(Err(Fault::Failed(problem))) if problem.code == api::NO_ZONE => Ok(Progress::Done(())),
                Some(Err(fault)) => Err(failed(None, &key, fault)),
                None => Err(Problem::internal("no-answer", "a change has no answer")),
            }
        });
        each.collect()
    }
}

/// Where the record of a delete is.
fn place_of(request: &Delete<Record>) -> Answer<Place> {
    match &request.prior.inputs {
        Some(inputs) => Ok((inputs.zone.clone(), Key::of(inputs))),
        None => {
            let message = format!("it is not recorded what the record {} was", request.prior.id);
            Err(Problem::internal("no-inputs-recorded", message).help("remove the record by hand, then refresh"))
        }
    }
}
