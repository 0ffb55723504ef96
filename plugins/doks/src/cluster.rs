//! The kind `doks/cluster`.

use maps_sdk::http::{Request, Response, read_all};
use maps_sdk::{
    Class, Context, Create, Delete, Find, Kind, Lookup, Outcome, Problem, Progress, Read, Report, Resource, Update,
    only,
};

use crate::api::{self, AssociatedList};
use crate::batch::{self, Answer, Taken, Turn, taken};
use crate::body::NewCluster;
use crate::converge::{self, Round, Write};
use crate::live::Live;
use crate::model::{Checkpoint, Inputs, Outputs};
use crate::{associated, check, mark, pools, told, version};

/// A cluster takes minutes, so asking more often than this only costs calls.
const RETRY_MS: u64 = 10_000;
/// A cluster that somebody else deletes is gone within a minute or two; a read that finds one waits
/// as long as reads do, a few times this.
const DELETING_MS: u64 = 30_000;
/// After a write there is mostly nothing to wait for but the service's own settling.
const SETTLE_RETRY_MS: u64 = 2_000;

/// A Kubernetes cluster with its node pools.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cluster;

type Made = Progress<Resource<Cluster>, Checkpoint>;
type Removed = Progress<(), Checkpoint>;

impl Kind for Cluster {
    const NAME: &'static str = "doks/cluster";
    const DESCRIPTION: &'static str =
        "A DigitalOcean Kubernetes cluster with its node pools. An import takes its id or its name.";
    const SETTLE_MS: u64 = 10_000;
    // Names are unique in an account, and a new region or network keeps the name.
    const DELETE_FIRST: bool = true;
    type Inputs = Inputs;
    type Outputs = Outputs;
    type Checkpoint = Checkpoint;

    maps_sdk::by_batch!(find, read, create, update, delete);

    fn check(&self, _: &Context, inputs: &Inputs, report: &mut Report) {
        check::cluster(inputs, report);
    }

    fn find_many(&self, _: &Context, requests: &[Find<Self>]) -> Vec<Answer<Lookup<Self>>> {
        match api::list() {
            Ok(all) => requests.iter().map(|request| lookup(&all, request)).collect(),
            Err(problem) => requests.iter().map(|_| Err(problem.clone())).collect(),
        }
    }

    fn read_many(&self, _: &Context, requests: &[Read<Self>]) -> Vec<Answer<Option<Resource<Self>>>> {
        let lives: Vec<_> = live_ones(requests).into_iter().map(|live| live.and_then(settled)).collect();
        let wants = |request: &Read<Self>, live: &Answer<Option<Live>>| {
            // There is none before the control plane is up. The right to it is bound to the id, which an
            // import by name does not state.
            let live = live.as_ref().ok().and_then(Option::as_ref);
            request.wants("kubeconfig") && live.is_some_and(|live| live.is_up() && live.id == request.prior.id)
        };
        let wanted: Vec<bool> = requests.iter().zip(&lives).map(|(request, live)| wants(request, live)).collect();
        let asked = requests.iter().zip(&wanted).filter(|(_, wanted)| **wanted);
        let mut kubeconfigs =
            read_all(asked.map(|(request, _)| api::get_kubeconfig(&request.prior.id)).collect()).into_iter();
        let told = requests.iter().zip(lives).zip(wanted).map(|((request, live), wanted)| {
            let kubeconfig = if wanted { kubeconfigs.next() } else { None };
            let kubeconfig = kubeconfig.map(|answer| answer.and_then(api::kubeconfig)).transpose();
            let Some(live) = live? else { return Ok(None) };
            Ok(Some(told::cluster(&live, request.prior.inputs.as_ref(), kubeconfig?)))
        });
        told.collect()
    }

    fn create_many(&self, context: &Context, requests: &[Create<Self>]) -> Vec<Outcome<Self>> {
        let mut asks: Vec<Request> = requests.iter().filter_map(begun).map(api::get).collect();
        let is_new = requests.iter().any(|request| begun(request).is_none());
        asks.extend(is_new.then(api::get_options));
        let mut answers = read_all(asks);
        let offered = match is_new {
            true => only(answers.pop()).and_then(api::versions),
            false => Ok(Vec::new()),
        };
        let mut answers = answers.into_iter();
        let turns = requests.iter().map(|request| {
            let turn = match begun(request) {
                Some(_) => goes_on(only(answers.by_ref().take(1)), request),
                None => begins(context, request, &offered),
            };
            (request.step(), turn)
        });
        let turns: Vec<_> = turns.collect();
        batch::write_all(turns, |place, said, answers| {
            let request = &requests[place];
            match begun(request) {
                Some(id) => {
                    taken(answers)?;
                    Ok(still_making(id, rounds(request.checkpoint.as_ref()) + 1, said))
                }
                None => {
                    let made = api::created(only(answers)?, &request.inputs.name)?;
                    Ok(still_making(&made.id, 0, "the control plane is being made"))
                }
            }
        })
    }

    fn update_many(&self, _: &Context, requests: &[Update<Self>]) -> Vec<Outcome<Self>> {
        let answers = read_all(requests.iter().map(|request| api::get(&request.prior.id)).collect());
        let looks: Vec<_> = requests.iter().zip(answers).map(|(request, answer)| look(request, answer)).collect();
        let mut upgrades = upgrades(&looks).into_iter();
        let turns = requests.iter().zip(looks).map(|(request, look)| {
            let turn = look.and_then(|(live, round)| turn(request, &live, round, &mut upgrades));
            (request.step(), turn)
        });
        let turns: Vec<_> = turns.collect();
        batch::write_all(turns, |place, said, answers| {
            let request = &requests[place];
            let (id, rounds) = (request.prior.id.as_str(), rounds(request.checkpoint.as_ref()));
            match taken(answers).map_err(|problem| api::named(problem, &request.inputs.name))? {
                Taken::All => Ok(changing(id, rounds + 1, SETTLE_RETRY_MS, said)),
                Taken::NotNow => Ok(changing(id, rounds, RETRY_MS, "the cluster is busy with something else")),
            }
        })
    }

    fn delete_many(&self, _: &Context, requests: &[Delete<Self>]) -> Vec<Answer<Removed>> {
        let answers = read_all(requests.iter().map(|request| api::get(&request.prior.id)).collect());
        let lives: Vec<_> = answers.into_iter().map(|answer| answer.and_then(api::cluster)).collect();
        let stay = lives.iter().flatten().flatten().filter(|live| !live.is("deleting"));
        let mut lists = read_all(stay.map(|live| api::get_associated(&live.id)).collect()).into_iter();
        let mut notes: Vec<Option<String>> = requests.iter().map(stays).collect();
        let turns = requests.iter().zip(lives).zip(&mut notes).map(|((request, live), note)| {
            let turn = live.and_then(|live| match live {
                None => Ok(Turn::Over(Progress::Done(()))),
                Some(live) if live.is("deleting") => Ok(Turn::Over(going(&live.id, note.clone()))),
                Some(live) => remove(request, &live, only(lists.by_ref().take(1)), note),
            });
            (request.step(), turn)
        });
        let turns: Vec<_> = turns.collect();
        batch::write_all(turns, |place, _, answers| {
            // Whatever became of it, the next look tells.
            taken(answers)?;
            Ok(going(&requests[place].prior.id, notes[place].clone()))
        })
    }
}

fn rounds(checkpoint: Option<&Checkpoint>) -> u32 {
    checkpoint.map_or(0, |checkpoint| checkpoint.rounds)
}

/// The id of a cluster whose making has begun.
fn begun(request: &Create<Cluster>) -> Option<&str> {
    request.checkpoint.as_ref()?.id.as_deref()
}

/// Looks for the cluster that carries the request's token.
fn lookup(all: &[Live], request: &Find<Cluster>) -> Answer<Lookup<Cluster>> {
    let mark = mark::token(&request.token);
    let Some(live) = all.iter().find(|live| live.tags.contains(&mark)) else { return Ok(Lookup::Absent) };
    let object = told::cluster(live, Some(&request.inputs), None);
    let unfinished =
        |object| Lookup::Unfinished(object, Checkpoint { id: Some(live.id.clone()), ..Default::default() });
    Ok(match live.status.state.as_str() {
        "error" => Lookup::Unusable(object, format!("DigitalOcean could not make it{}", live.why())),
        "deleting" => Lookup::Unusable(object, "it is being deleted".to_owned()),
        "provisioning" => unfinished(object),
        // A degraded cluster is there and may mend; waiting for its nodes could take for ever.
        "running" if pools::lack(live, &request.inputs).is_some() => unfinished(object),
        "running" if !converge::registries(live, &request.inputs)?.is_empty() => unfinished(object),
        _ => Lookup::Found(object),
    })
}

/// A cluster that is being deleted is neither there nor gone: what is planned from either would be
/// wrong a minute later.
pub(crate) fn settled(live: Option<Live>) -> Answer<Option<Live>> {
    match live {
        Some(live) if live.is("deleting") => {
            let message = format!("the cluster {} is being deleted", live.name);
            Err(Problem::new(Class::Unavailable, "cluster-deleting", message)
                .help("wait until it is gone")
                .retry_after_ms(DELETING_MS))
        }
        live => Ok(live),
    }
}

/// The clusters of a batch. One is asked for by its id; for several, and for an import, which may name
/// its cluster, the list is one call, and only those missing from it are asked for: a list may lag,
/// and absence must be certain.
fn live_ones(requests: &[Read<Cluster>]) -> Vec<Answer<Option<Live>>> {
    let is_import = |request: &Read<Cluster>| request.prior.inputs.is_none();
    let all = match requests {
        [one] if !is_import(one) => Vec::new(),
        _ => match api::list() {
            Ok(all) => all,
            Err(problem) => return requests.iter().map(|_| Err(problem.clone())).collect(),
        },
    };
    let listed = |request: &Read<Cluster>| {
        let named = |live: &&Live| is_import(request) && live.name == request.prior.id;
        all.iter().find(|live| live.id == request.prior.id).or_else(|| all.iter().find(named)).cloned()
    };
    let mut found: Vec<Answer<Option<Live>>> = requests.iter().map(|request| Ok(listed(request))).collect();
    let missing: Vec<usize> =
        found.iter().enumerate().filter(|(_, live)| matches!(live, Ok(None))).map(|(index, _)| index).collect();
    let answers = read_all(missing.iter().map(|index| api::get(&requests[*index].prior.id)).collect());
    for (index, answer) in missing.into_iter().zip(answers) {
        found[index] = answer.and_then(api::cluster);
    }
    found
}

/// The write that makes a cluster.
fn begins(context: &Context, request: &Create<Cluster>, offered: &Answer<Vec<String>>) -> Answer<Turn<Made>> {
    let inputs = &request.inputs;
    let offered = offered.as_ref().map_err(Clone::clone)?;
    let Some(version) = version::newest(&inputs.version, offered) else {
        let message = format!("DigitalOcean offers no version {}", inputs.version);
        let problem = Problem::invalid("version-not-offered", message).at("version");
        return Err(problem.help(converge::offer(offered)));
    };
    let marks = mark::marks(&context.stack, &request.address, &request.token);
    let body = NewCluster::of(inputs, version, marks);
    Ok(Turn::Writes(vec![Write::new("making the cluster", api::create(&body)?)]))
}

/// How far a cluster is that is being made.
fn goes_on(answer: Answer<Response>, request: &Create<Cluster>) -> Answer<Turn<Made>> {
    let (inputs, rounds) = (&request.inputs, rounds(request.checkpoint.as_ref()));
    let Some(live) = api::cluster(answer?)? else {
        let message = format!("the cluster {} disappeared while it was being made", inputs.name);
        return Err(Problem::new(Class::NotFound, "cluster-gone", message));
    };
    match live.status.state.as_str() {
        "running" => {
            let writes = converge::registries(&live, inputs)?;
            if !writes.is_empty() {
                converge::within_bounds(rounds, &writes)?;
                return Ok(Turn::Writes(writes));
            }
            Ok(Turn::Over(match pools::lack(&live, inputs) {
                None => Progress::Done(told::cluster(&live, Some(inputs), None)),
                Some(note) => still_making(&live.id, rounds, note),
            }))
        }
        "error" | "degraded" | "deleting" => {
            let message = format!("the cluster {} is {}{}", inputs.name, live.status.state, live.why());
            Err(Problem::internal("cluster-failed", message)
                .help("run again: what cannot be used is deleted and made anew"))
        }
        _ => Ok(Turn::Over(still_making(&live.id, rounds, "the control plane is being made"))),
    }
}

fn still_making(id: &str, rounds: u32, note: impl Into<String>) -> Made {
    let checkpoint = Checkpoint { id: Some(id.to_owned()), rounds, stays: None };
    Progress::pending(checkpoint, RETRY_MS).id(id).note(note)
}

fn changing(id: &str, rounds: u32, retry_ms: u64, note: impl Into<String>) -> Made {
    Progress::pending(Checkpoint { rounds, ..Default::default() }, retry_ms).id(id).note(note)
}

/// A cluster that is to be changed, and what comes next.
fn look(request: &Update<Cluster>, answer: Answer<Response>) -> Answer<(Live, Round)> {
    let Some(live) = api::cluster(answer?)? else {
        let message = format!("the cluster {} is gone", request.inputs.name);
        return Err(Problem::new(Class::NotFound, "cluster-gone", message).help("plan again: it will be made anew"));
    };
    let round = converge::round(&live, &request.inputs, request.prior.inputs.as_ref())?;
    Ok((live, round))
}

/// For each cluster that another version is wanted of: what it can be upgraded to, and what is on
/// offer at all.
type Upgrades = Vec<Answer<(Vec<String>, Vec<String>)>>;

fn upgrades(looks: &[Answer<(Live, Round)>]) -> Upgrades {
    let wanted = looks.iter().flatten().filter(|(_, round)| matches!(round, Round::Upgrades));
    let mut asks: Vec<Request> = wanted.map(|(live, _)| api::get_upgrades(&live.id)).collect();
    if asks.is_empty() {
        return Vec::new();
    }
    asks.push(api::get_options());
    let mut answers = read_all(asks);
    let all = only(answers.pop()).and_then(api::versions);
    answers.into_iter().map(|answer| Ok((api::upgrades(answer?)?, all.clone()?))).collect()
}

fn turn(
    request: &Update<Cluster>,
    live: &Live,
    round: Round,
    upgrades: &mut impl Iterator<Item = Answer<(Vec<String>, Vec<String>)>>,
) -> Answer<Turn<Made>> {
    let (inputs, rounds) = (&request.inputs, rounds(request.checkpoint.as_ref()));
    let writes = match round {
        Round::Settled => return Ok(Turn::Over(Progress::Done(told::cluster(live, Some(inputs), None)))),
        Round::Waits(note) => return Ok(Turn::Over(changing(&live.id, rounds, RETRY_MS, note))),
        Round::Upgrades => {
            let (offered, all) = only(upgrades.take(1))?;
            vec![converge::upgrade(live, inputs, &offered, &all)?]
        }
        Round::Writes(writes) => writes,
    };
    converge::within_bounds(rounds, &writes)?;
    Ok(Turn::Writes(writes))
}

/// What stays when the cluster is gone, as an earlier round told it.
fn stays(request: &Delete<Cluster>) -> Option<String> {
    request.checkpoint.as_ref()?.stays.clone()
}

/// The write that removes a cluster. What its controllers made is listed first; `note` becomes what of
/// it stays.
fn remove(
    request: &Delete<Cluster>,
    live: &Live,
    list: Answer<Response>,
    note: &mut Option<String>,
) -> Answer<Turn<Removed>> {
    let goes = request.prior.inputs.as_ref().map(|inputs| inputs.destroy_associated.as_slice()).unwrap_or_default();
    let there = match list.and_then(api::associated) {
        Ok(there) => there.unwrap_or_default(),
        // Where nothing of it is to go, the list is for people only.
        Err(problem) if goes.is_empty() && matches!(problem.class, Class::Denied | Class::Invalid) => {
            maps_sdk::warn!("what the cluster {} made and stays cannot be listed: {}", live.name, problem.message);
            AssociatedList::default()
        }
        Err(problem) => return Err(problem),
    };
    *note = associated::stays(goes, &there);
    if let Some(stays) = note {
        maps_sdk::warn!("of what the cluster {} made, this stays and is billed on: {stays}", live.name);
    }
    if let Some(goes) = associated::goes(goes, &there) {
        maps_sdk::info!("with the cluster {} goes: {goes}", live.name);
    }
    Ok(Turn::Writes(vec![Write::new("deleting the cluster", associated::delete(&live.id, goes, &there)?)]))
}

fn going(id: &str, stays: Option<String>) -> Removed {
    let note = match &stays {
        Some(stays) => format!("the cluster is being deleted; this stays: {stays}"),
        None => "the cluster is being deleted".to_owned(),
    };
    Progress::pending(Checkpoint { stays, ..Default::default() }, RETRY_MS).id(id).note(note)
}
