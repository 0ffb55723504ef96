//! The kind `doks/node-pool`: a pool beside those that its cluster lists itself.

use std::collections::BTreeMap;

use maps_sdk::http::read_all;
use maps_sdk::{
    Class, Context, Create, Delete, Find, Kind, Lookup, Outcome, Problem, Progress, Read, Report, Resource, Update,
    only,
};

use crate::batch::{self, Answer, Taken, Turn, taken};
use crate::cluster::settled;
use crate::converge::Write;
use crate::live::{Live, LivePool};
use crate::model::{PoolCheckpoint, PoolInputs, PoolOutputs};
use crate::{api, body, check, converge, mark, pools, told};

/// A node takes a minute or two.
const RETRY_MS: u64 = 10_000;
/// After a write there is mostly nothing to wait for but the service's own settling.
const SETTLE_RETRY_MS: u64 = 2_000;

/// A node pool of a cluster.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pool;

type Made = Progress<Resource<Pool>, PoolCheckpoint>;
type Removed = Progress<(), PoolCheckpoint>;

impl Kind for Pool {
    const NAME: &'static str = "doks/node-pool";
    const DESCRIPTION: &'static str = "A node pool of a DigitalOcean Kubernetes cluster, beside those that the cluster \
                                       lists itself. An import takes its id, or CLUSTER/POOL, each by name or id.";
    const SETTLE_MS: u64 = 10_000;
    // A pool's name is unique in its cluster, and a new size keeps the name.
    const DELETE_FIRST: bool = true;
    type Inputs = PoolInputs;
    type Outputs = PoolOutputs;
    type Checkpoint = PoolCheckpoint;

    maps_sdk::by_batch!(find, read, create, update, delete);

    fn check(&self, _: &Context, inputs: &PoolInputs, report: &mut Report) {
        if inputs.cluster.is_empty() {
            report.invalid("cluster", "no-cluster", "a node pool needs the id of its cluster: ${cluster.id}");
        }
        check::pool(report, "", &inputs.pool());
    }

    fn find_many(&self, _: &Context, requests: &[Find<Self>]) -> Vec<Answer<Lookup<Self>>> {
        let homes = Homes::of(requests.iter().map(|request| request.inputs.cluster.as_str()));
        let lookup = |request: &Find<Self>| Ok(lookup(homes.get(&request.inputs.cluster)?, request));
        requests.iter().map(lookup).collect()
    }

    fn read_many(&self, _: &Context, requests: &[Read<Self>]) -> Vec<Answer<Option<Resource<Self>>>> {
        let is_import = |request: &&Read<Self>| request.prior.inputs.is_none();
        // An import does not say where its pool is, or says it by name.
        let all = if requests.iter().any(|request| is_import(&request)) { api::list() } else { Ok(Vec::new()) };
        let known = requests.iter().filter_map(|request| request.prior.inputs.as_ref());
        let homes = Homes::of(known.map(|inputs| inputs.cluster.as_str()));
        let read = |request: &Read<Self>| {
            let id = request.prior.id.as_str();
            let (home, pool) = match &request.prior.inputs {
                Some(inputs) => {
                    let Some(home) = homes.get(&inputs.cluster)? else { return Ok(None) };
                    (home, home.node_pools.iter().find(|pool| pool.id == id))
                }
                None => match imported(all.as_ref().map_err(Clone::clone)?, id) {
                    Some((home, pool)) => (home, Some(pool)),
                    None => return Ok(None),
                },
            };
            settled(Some(home.clone()))?;
            let pool = pool.filter(|pool| !pool.is_leaving());
            Ok(pool.map(|pool| told::pool(&home.id, pool, request.prior.inputs.as_ref())))
        };
        requests.iter().map(read).collect()
    }

    fn create_many(&self, context: &Context, requests: &[Create<Self>]) -> Vec<Outcome<Self>> {
        let homes = Homes::of(requests.iter().map(|request| request.inputs.cluster.as_str()));
        let turns = requests.iter().map(|request| (request.step(), make(context, &homes, request)));
        batch::write_all(turns.collect::<Vec<_>>(), |place, _, answers| {
            let inputs = &requests[place].inputs;
            let made = match api::written(only(answers)?).map_err(|problem| named(problem, &inputs.name))? {
                api::Written::Done(answer) => api::pool(&answer)?,
                api::Written::Busy => return Ok(waits(None, 0, RETRY_MS, BUSY)),
                api::Written::Gone => return Err(homeless(inputs)),
            };
            Ok(waits(Some(&made.id), 0, RETRY_MS, "the nodes are being made"))
        })
    }

    fn update_many(&self, _: &Context, requests: &[Update<Self>]) -> Vec<Outcome<Self>> {
        let homes = Homes::of(requests.iter().map(|request| request.inputs.cluster.as_str()));
        let turns = requests.iter().map(|request| (request.step(), change(&homes, request)));
        batch::write_all(turns.collect::<Vec<_>>(), |place, said, answers| {
            let request = &requests[place];
            let (id, rounds) = (request.prior.id.as_str(), rounds(request.checkpoint.as_ref()));
            match taken(answers).map_err(|problem| named(problem, &request.inputs.name))? {
                Taken::All => Ok(waits(Some(id), rounds + 1, SETTLE_RETRY_MS, said)),
                Taken::NotNow => Ok(waits(Some(id), rounds, RETRY_MS, BUSY)),
            }
        })
    }

    fn delete_many(&self, _: &Context, requests: &[Delete<Self>]) -> Vec<Answer<Removed>> {
        let known = requests.iter().filter_map(|request| request.prior.inputs.as_ref());
        let homes = Homes::of(known.map(|inputs| inputs.cluster.as_str()));
        let turns = requests.iter().map(|request| (request.step(), remove(&homes, request)));
        batch::write_all(turns.collect::<Vec<_>>(), |place, _, answers| {
            let id = requests[place].prior.id.as_str();
            Ok(match taken(answers)? {
                Taken::All => leaves(id, "the nodes are drained"),
                Taken::NotNow => leaves(id, BUSY),
            })
        })
    }
}

const BUSY: &str = "the cluster is busy with something else";

/// The clusters that the pools of a batch are in, each asked for once.
struct Homes(BTreeMap<String, Answer<Option<Live>>>);

impl Homes {
    fn of<'i>(ids: impl Iterator<Item = &'i str>) -> Self {
        let mut ids: Vec<&str> = ids.collect();
        ids.sort_unstable();
        ids.dedup();
        let answers = read_all(ids.iter().map(|id| api::get(id)).collect());
        let lives = answers.into_iter().map(|answer| answer.and_then(api::cluster));
        Self(ids.into_iter().map(str::to_owned).zip(lives).collect())
    }

    /// The cluster; none if there is no such.
    fn get(&self, id: &str) -> Answer<Option<&Live>> {
        match self.0.get(id) {
            Some(Ok(live)) => Ok(live.as_ref()),
            Some(Err(problem)) => Err(problem.clone()),
            None => Ok(None),
        }
    }
}

fn rounds(checkpoint: Option<&PoolCheckpoint>) -> u32 {
    checkpoint.map_or(0, |checkpoint| checkpoint.rounds)
}

/// Does the cluster take changes of its pools now? The state that keeps it from that, if not.
fn busy(home: &Live) -> Option<String> {
    matches!(home.status.state.as_str(), "provisioning" | "upgrading" | "deleting")
        .then(|| format!("the cluster is {}", home.status.state))
}

fn homeless(inputs: &PoolInputs) -> Problem {
    let message = format!("the cluster {} of the node pool {} is not there", inputs.cluster, inputs.name);
    Problem::new(Class::NotFound, "cluster-gone", message).at("cluster").help("plan again")
}

/// DigitalOcean tells of a taken name by 422 and its message only.
fn named(problem: Problem, name: &str) -> Problem {
    if problem.code != "http-422" || !problem.message.contains("already") {
        return problem;
    }
    let message = format!("the cluster has another node pool named {name}");
    let help = format!("choose another name, or take the pool over with `options: {{import: CLUSTER/{name}}}`");
    Problem::new(Class::Conflict, "node-pool-name-taken", message).at("name").help(help)
}

/// The pool that an import means: by its id, or as CLUSTER/POOL.
fn imported<'l>(all: &'l [Live], id: &str) -> Option<(&'l Live, &'l LivePool)> {
    let (home, pool) = id.split_once('/').map_or((None, id), |(home, pool)| (Some(home), pool));
    let is_home = |live: &&Live| home.is_none_or(|home| live.id == home || live.name == home);
    let pools = || all.iter().filter(is_home).flat_map(|live| live.node_pools.iter().map(move |pool| (live, pool)));
    // Without its cluster a name is not unique.
    pools()
        .find(|(_, there)| there.id == pool)
        .or_else(|| pools().find(|(_, there)| home.is_some() && there.name == pool))
}

/// Looks for the pool that carries the request's token.
fn lookup(home: Option<&Live>, request: &Find<Pool>) -> Lookup<Pool> {
    let mark = mark::token(&request.token);
    let Some(home) = home else { return Lookup::Absent };
    let Some(pool) = home.node_pools.iter().find(|pool| pool.tags.contains(&mark)) else { return Lookup::Absent };
    let object = told::pool(&home.id, pool, Some(&request.inputs));
    if home.is("deleting") || pool.is_leaving() {
        return Lookup::Unusable(object, "it is being deleted".to_owned());
    }
    match lack(pool, &request.inputs) {
        Some(_) => Lookup::Unfinished(object, PoolCheckpoint { id: Some(pool.id.clone()), rounds: 0 }),
        None => Lookup::Found(object),
    }
}

fn lack(pool: &LivePool, wanted: &PoolInputs) -> Option<String> {
    pools::missing([(&wanted.pool(), Some(pool))].into_iter())
}

fn waits(id: Option<&str>, rounds: u32, retry_ms: u64, note: impl Into<String>) -> Made {
    let waits = Progress::pending(PoolCheckpoint { id: id.map(str::to_owned), rounds }, retry_ms).note(note);
    match id {
        Some(id) => waits.id(id),
        None => waits,
    }
}

fn leaves(id: &str, note: impl Into<String>) -> Removed {
    Progress::pending(PoolCheckpoint::default(), RETRY_MS).id(id).note(note)
}

fn make(context: &Context, homes: &Homes, request: &Create<Pool>) -> Answer<Turn<Made>> {
    let inputs = &request.inputs;
    let Some(home) = homes.get(&inputs.cluster)? else { return Err(homeless(inputs)) };
    if home.is("deleting") {
        let message = format!("the cluster {} is being deleted by somebody else", home.name);
        return Err(Problem::new(Class::Conflict, "cluster-deleting", message).at("cluster"));
    }
    if let Some(id) = request.checkpoint.as_ref().and_then(|checkpoint| checkpoint.id.as_deref()) {
        let Some(pool) = home.node_pools.iter().find(|pool| pool.id == id) else {
            let message = format!("the node pool {} disappeared while it was being made", inputs.name);
            return Err(Problem::new(Class::NotFound, "node-pool-gone", message));
        };
        return Ok(Turn::Over(match lack(pool, inputs) {
            None => Progress::Done(told::pool(&home.id, pool, Some(inputs))),
            Some(note) => waits(Some(id), 0, RETRY_MS, note),
        }));
    }
    if let Some(busy) = busy(home) {
        return Ok(Turn::Over(waits(None, 0, RETRY_MS, busy)));
    }
    let pool = inputs.pool();
    let marks = mark::marks(&context.stack, &request.address, &request.token);
    let body = body::Pool::new(&pool, mark::apart(&pool.tags, marks));
    Ok(Turn::Writes(vec![Write::new("adding the pool", api::add_pool(&home.id, &body)?)]))
}

fn change(homes: &Homes, request: &Update<Pool>) -> Answer<Turn<Made>> {
    let (inputs, id) = (&request.inputs, request.prior.id.as_str());
    let rounds = rounds(request.checkpoint.as_ref());
    let Some(home) = homes.get(&inputs.cluster)? else { return Err(homeless(inputs)) };
    let Some(there) = home.node_pools.iter().find(|pool| pool.id == id) else {
        let message = format!("the node pool {} is gone", inputs.name);
        return Err(Problem::new(Class::NotFound, "node-pool-gone", message).help("plan again: it will be made anew"));
    };
    let pool = inputs.pool();
    if told::same(there, &pool) {
        return Ok(Turn::Over(match lack(there, inputs) {
            None => Progress::Done(told::pool(&home.id, there, Some(inputs))),
            Some(note) => waits(Some(id), rounds, RETRY_MS, note),
        }));
    }
    if let Some(busy) = busy(home) {
        return Ok(Turn::Over(waits(Some(id), rounds, RETRY_MS, busy)));
    }
    let body = body::Pool::changed(&pool, mark::apart(&pool.tags, there.tags.iter().cloned()), there);
    let writes = vec![Write::new("changing the pool", api::update_pool(&home.id, id, &body)?)];
    converge::within_bounds(rounds, &writes)?;
    Ok(Turn::Writes(writes))
}

fn remove(homes: &Homes, request: &Delete<Pool>) -> Answer<Turn<Removed>> {
    let id = request.prior.id.as_str();
    let Some(inputs) = &request.prior.inputs else {
        let message = format!("it is not recorded which cluster the node pool {id} is in");
        return Err(Problem::internal("no-cluster-recorded", message).help("remove the pool by hand, then refresh"));
    };
    let home = homes.get(&inputs.cluster)?;
    let Some((home, pool)) = home.and_then(|home| Some((home, home.node_pools.iter().find(|pool| pool.id == id)?)))
    else {
        return Ok(Turn::Over(Progress::Done(())));
    };
    if pool.is_leaving() {
        return Ok(Turn::Over(leaves(id, "the nodes are drained")));
    }
    if let Some(busy) = busy(home) {
        return Ok(Turn::Over(leaves(id, busy)));
    }
    Ok(Turn::Writes(vec![Write::new("removing the pool", api::delete_pool(&home.id, id))]))
}
