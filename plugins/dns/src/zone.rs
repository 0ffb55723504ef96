//! The kind `dns/zone`: a hosted zone that is looked up, and neither made nor removed.

use std::collections::BTreeSet;

use maps_sdk::{
    Class, Context, Create, Delete, Find, Kind, Lookup, Outcome, Preview, Previewed, Problem, Progress, Read, Report,
    Resource, Update, only,
};

use crate::api::{self, HostedZone, OneZone};
use crate::batch::Answer;
use crate::check;
use crate::model::{ZoneInputs, ZoneOutputs};
use crate::name::{Name, ZoneId};

/// A hosted zone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Zone;

impl Kind for Zone {
    const NAME: &'static str = "dns/zone";
    const DESCRIPTION: &'static str = "A hosted zone of Route 53 that is there: it is looked up by its name or its id, \
                                       and neither made, nor changed, nor removed. An import takes either.";
    const PREVIEWS: bool = true;
    const LOOKUP: bool = true;
    type Inputs = ZoneInputs;
    type Outputs = ZoneOutputs;
    type Checkpoint = ();

    maps_sdk::by_batch!(preview, read, create);

    fn check(&self, _: &Context, inputs: &ZoneInputs, report: &mut Report) {
        check::zone(inputs, report);
    }

    /// A look-up makes nothing, so nothing of it can be lost.
    fn find(&self, _: &Context, _: &Find<Self>) -> Answer<Lookup<Self>> {
        Ok(Lookup::Absent)
    }

    /// So that the records of a zone that is looked up for the first time can be planned.
    fn preview_many(&self, _: &Context, requests: &[Preview<Self>]) -> Vec<Answer<Previewed>> {
        let is_new = |request: &&Preview<Self>| {
            let known = ["name", "id", "private"].iter().all(|path| request.known.at(path));
            let same = |prior: &ZoneInputs| *prior == request.inputs;
            known && !request.prior.as_ref().is_some_and(|prior| prior.inputs.as_ref().is_some_and(same))
        };
        let new: Vec<&ZoneInputs> = requests.iter().filter(is_new).map(|request| &request.inputs).collect();
        let mut found = look_up(&new).into_iter();
        let previewed = |request: &Preview<Self>| match Some(request).filter(is_new).and_then(|_| found.next()) {
            None => Ok(Previewed::default()),
            Some(found) => found.map(|found| Previewed { outputs: planned(&found.outputs), objects: Vec::new() }),
        };
        requests.iter().map(previewed).collect()
    }

    fn read_many(&self, _: &Context, requests: &[Read<Self>]) -> Vec<Answer<Option<Resource<Self>>>> {
        // An import may name the zone by its domain, which is a look-up of its own.
        let ids: Vec<Answer<Option<ZoneId>>> = requests.iter().map(meant).collect();
        let known = ids.iter().filter_map(|id| id.as_ref().ok()?.as_ref());
        let mut zones = api::zones(known).into_iter();
        let each = requests.iter().zip(&ids).map(|(request, id)| {
            let Some(_) = id.clone()? else { return Ok(None) };
            let zone = zones.next().unwrap_or(Ok(None))?;
            Ok(zone.map(|zone| {
                let outputs = outputs(zone);
                let inputs = recorded(request).cloned().unwrap_or_else(|| imported(request));
                Resource { id: outputs.id.clone(), inputs, outputs }
            }))
        });
        each.collect()
    }

    fn create_many(&self, _: &Context, requests: &[Create<Self>]) -> Vec<Outcome<Self>> {
        let wanted: Vec<&ZoneInputs> = requests.iter().map(|request| &request.inputs).collect();
        let mut seen = BTreeSet::new();
        let each = look_up(&wanted).into_iter().map(|found| {
            let found = found?;
            if seen.insert(found.id.clone()) {
                return Ok(Progress::Done(found));
            }
            let message = format!("another resource of the stack looks up the zone {} already", found.outputs.name);
            Err(Problem::new(Class::Conflict, "zone-twice", message).help("refer to that one's id"))
        });
        each.collect()
    }

    fn update(&self, _: &Context, request: &Update<Self>) -> Outcome<Self> {
        only(look_up(&[&request.inputs])).map(Progress::Done)
    }

    fn delete(&self, _: &Context, _: &Delete<Self>) -> Answer<Progress<(), ()>> {
        Ok(Progress::Done(()))
    }
}

/// Looks zones up: those given by name in a list first, then all by their ids.
fn look_up(wanted: &[&ZoneInputs]) -> Vec<Answer<Resource<Zone>>> {
    let ids: Vec<Answer<ZoneId>> = wanted.iter().map(|inputs| id_of(inputs)).collect();
    let mut zones = api::zones(ids.iter().filter_map(|id| id.as_ref().ok())).into_iter();
    let each = wanted.iter().zip(ids).map(|(inputs, id)| {
        let id = id?;
        let zone = zones.next().unwrap_or(Ok(None))?.ok_or_else(|| missing_id(&id))?;
        let outputs = outputs(zone);
        Ok(Resource { id: outputs.id.clone(), inputs: ZoneInputs::clone(inputs), outputs })
    });
    each.collect()
}

/// The zone that inputs mean.
fn id_of(inputs: &ZoneInputs) -> Answer<ZoneId> {
    if let Some(id) = &inputs.id {
        return Ok(id.clone());
    }
    named(&inputs.name.clone().unwrap_or_default(), inputs.private)
}

/// The one zone of this name.
///
/// # Errors
/// When there is none, or more than one.
pub(crate) fn named(name: &Name, private: bool) -> Answer<ZoneId> {
    let all = api::zones_named(name)?;
    let (fit, others): (Vec<HostedZone>, Vec<_>) =
        all.into_iter().partition(|zone| zone.config.private_zone == private);
    match fit.as_slice() {
        [zone] => Ok(ZoneId::new(&zone.id)),
        [] => Err(missing(name, private, !others.is_empty())),
        several => {
            let ids: Vec<String> = several.iter().map(|zone| ZoneId::new(&zone.id).to_string()).collect();
            let message = format!("{} hosted zones are named {name}: {}", ids.len(), ids.join(", "));
            Err(Problem::new(Class::Conflict, "several-zones", message).at("name").help("say which one, by its `id`"))
        }
    }
}

fn missing(name: &Name, private: bool, other: bool) -> Problem {
    let [sort, opposite] = if private { ["private", "public"] } else { ["public", "private"] };
    let message = format!("there is no {sort} hosted zone named {name}");
    let help = match other {
        true => format!("there is a {opposite} one: set `private: {}` if that is meant", !private),
        false => "create it first, since a zone is never made here, or look whether the credential is of another \
                  account"
            .to_owned(),
    };
    Problem::new(Class::NotFound, "no-zone", message).at("name").help(help)
}

fn missing_id(id: &ZoneId) -> Problem {
    let message = format!("there is no hosted zone with the id {id}");
    let help = "look whether the id is right, and whether the credential is of another account";
    Problem::new(Class::NotFound, "no-zone", message).at("id").help(help)
}

fn outputs(zone: OneZone) -> ZoneOutputs {
    let OneZone { hosted_zone, delegation_set } = zone;
    ZoneOutputs {
        id: ZoneId::new(&hosted_zone.id).to_string(),
        name: Name::new(&hosted_zone.name).to_string(),
        name_servers: delegation_set.name_servers,
        record_count: hosted_zone.resource_record_set_count,
    }
}

/// What stays as it is until apply; records come and go.
fn planned(outputs: &ZoneOutputs) -> serde_json::Value {
    let ZoneOutputs { id, name, name_servers, record_count: _ } = outputs;
    serde_json::json!({"id": id, "name": name, "name_servers": name_servers})
}

/// The id of the zone that a read is about; none where an import names no zone that is there.
fn meant(request: &Read<Zone>) -> Answer<Option<ZoneId>> {
    let id = ZoneId::new(&request.prior.id);
    if recorded(request).is_some() || id.is_valid() {
        return Ok(Some(id));
    }
    match id_of(&imported(request)) {
        Ok(id) => Ok(Some(id)),
        Err(problem) if problem.class == Class::NotFound => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// What is recorded of the zone; none for an import, of which the inputs are empty.
fn recorded(request: &Read<Zone>) -> Option<&ZoneInputs> {
    request.prior.inputs.as_ref().filter(|inputs| inputs.name.is_some() || inputs.id.is_some())
}

/// What an import says of the zone: its id or its name, as the user wrote it.
fn imported(request: &Read<Zone>) -> ZoneInputs {
    let id = ZoneId::new(&request.prior.id);
    match id.is_valid() {
        true => ZoneInputs { name: None, id: Some(id), private: false },
        false => ZoneInputs { name: Some(Name::new(&request.prior.id)), id: None, private: false },
    }
}
