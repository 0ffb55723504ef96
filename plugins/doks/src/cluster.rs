//! The kind `doks/cluster`.

use maps_sdk::http::read_all;
use maps_sdk::{
    Class, Context, Create, Delete, Find, Kind, Lookup, Outcome, Problem, Progress, Read, Report, Resource, Secret,
    Update,
};

use crate::api::{self, Live, LivePool, NewCluster};
use crate::converge::{self, Round};
use crate::model::{Autoscale, Checkpoint, Inputs, MaintenancePolicy, NodePool, Outputs};
use crate::{check, mark, order, version};

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

type Answer<T> = Result<T, Problem>;

impl Kind for Cluster {
    const NAME: &'static str = "doks/cluster";
    const DESCRIPTION: &'static str = "A DigitalOcean Kubernetes cluster with its node pools.";
    const SETTLE_MS: u64 = 10_000;
    // Names are unique in an account, and a new region or network keeps the name.
    const DELETE_FIRST: bool = true;
    type Inputs = Inputs;
    type Outputs = Outputs;
    type Checkpoint = Checkpoint;

    fn check(&self, _: &Context, inputs: &Inputs, report: &mut Report) {
        check::check(inputs, report);
    }

    fn find(&self, context: &Context, request: &Find<Self>) -> Answer<Lookup<Self>> {
        let found = self.find_many(context, std::slice::from_ref(request)).pop();
        found.unwrap_or(Ok(Lookup::Absent))
    }

    fn find_many(&self, _: &Context, requests: &[Find<Self>]) -> Vec<Answer<Lookup<Self>>> {
        match api::list() {
            Ok(all) => requests.iter().map(|request| Ok(lookup(&all, request))).collect(),
            Err(problem) => requests.iter().map(|_| Err(problem.clone())).collect(),
        }
    }

    fn read(&self, context: &Context, request: &Read<Self>) -> Answer<Option<Resource<Self>>> {
        self.read_many(context, std::slice::from_ref(request)).pop().unwrap_or(Ok(None))
    }

    fn read_many(&self, _: &Context, requests: &[Read<Self>]) -> Vec<Answer<Option<Resource<Self>>>> {
        let mut found = live_ones(requests);
        let wants = |request: &Read<Self>, live: &Answer<Option<Live>>| {
            // There is none before the control plane is up.
            let up = |live: &Live| matches!(live.status.state.as_str(), "running" | "degraded" | "upgrading");
            request.wants("kubeconfig") && live.as_ref().is_ok_and(|live| live.as_ref().is_some_and(up))
        };
        let wanted: Vec<bool> = requests.iter().zip(&found).map(|(request, live)| wants(request, live)).collect();
        let asked = requests.iter().zip(&wanted).filter(|(_, wanted)| **wanted);
        let mut kubeconfigs =
            read_all(asked.map(|(request, _)| api::get_kubeconfig(&request.prior.id)).collect()).into_iter();
        requests
            .iter()
            .zip(found.drain(..))
            .zip(wanted)
            .map(|((request, live), wanted)| {
                let live = live.and_then(settled);
                let kubeconfig = if wanted { kubeconfigs.next() } else { None };
                let kubeconfig = kubeconfig.map(|answer| answer.and_then(api::kubeconfig)).transpose();
                let Some(live) = live? else { return Ok(None) };
                Ok(Some(resource(&live, request.prior.inputs.as_ref(), kubeconfig?)))
            })
            .collect()
    }

    fn create(&self, context: &Context, request: &Create<Self>) -> Outcome<Self> {
        if let Some(id) = request.checkpoint.as_ref().and_then(|checkpoint| checkpoint.id.as_deref()) {
            return go_on_making(id, &request.inputs);
        }
        let inputs = &request.inputs;
        let offered = api::versions()?;
        let Some(version) = version::newest(&inputs.version, &offered) else {
            let message = format!("DigitalOcean offers no version {}", inputs.version);
            let problem = Problem::invalid("version-not-offered", message).at("version");
            return Err(problem.help(converge::offer(&offered)));
        };
        let mut tags = inputs.tags.clone();
        tags.extend(mark::marks(&context.stack, &request.address, &request.token));
        let body = NewCluster {
            name: &inputs.name,
            region: &inputs.region,
            version,
            ha: inputs.ha,
            auto_upgrade: inputs.auto_upgrade,
            surge_upgrade: inputs.surge_upgrade,
            maintenance_policy: inputs.maintenance_policy.as_ref().map(converge::window),
            vpc_uuid: inputs.vpc_uuid.as_deref(),
            tags,
            node_pools: inputs.node_pools.iter().map(|pool| converge::body(pool, true)).collect(),
        };
        let made = api::created(api::create(&body)?.write(request.step())?, &inputs.name)?;
        Ok(still_making(&made.id, "the control plane is being made"))
    }

    fn update(&self, _: &Context, request: &Update<Self>) -> Outcome<Self> {
        let id = request.prior.id.as_str();
        let rounds = request.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.rounds);
        let Some(live) = api::cluster(api::get(id).read()?)? else {
            let message = format!("the cluster {} is gone", request.inputs.name);
            return Err(Problem::new(Class::NotFound, "cluster-gone", message).help("plan again: it will be made anew"));
        };
        let (rounds, retry_ms, note) = match converge::round(&live, &request.inputs, request.step(), rounds)? {
            Round::Settled => return Ok(Progress::Done(resource(&live, Some(&request.inputs), None))),
            Round::Wrote(note) => (rounds + 1, SETTLE_RETRY_MS, note),
            Round::Waits(note) => (rounds, RETRY_MS, note),
        };
        Ok(Progress::pending(Checkpoint { id: None, rounds }, retry_ms).id(id).note(note))
    }

    fn delete(&self, _: &Context, request: &Delete<Self>) -> Answer<Progress<(), Checkpoint>> {
        let id = request.prior.id.as_str();
        let waits =
            || Ok(Progress::pending(Checkpoint::default(), RETRY_MS).id(id).note("the cluster is being deleted"));
        if request.checkpoint.is_some() {
            match api::cluster(api::get(id).read()?)? {
                None => return Ok(Progress::Done(())),
                Some(live) if live.status.state == "deleting" => return waits(),
                Some(_) => {}
            }
        }
        match api::delete(id).write(request.step())?.accepted_or_absent() {
            Ok(None) => Ok(Progress::Done(())),
            Ok(Some(_)) => waits(),
            // A second delete may be refused while the first is at work.
            Err(refused) => match api::cluster(api::get(id).read()?)? {
                None => Ok(Progress::Done(())),
                Some(live) if live.status.state == "deleting" => waits(),
                Some(_) => Err(refused),
            },
        }
    }
}

/// Looks for the cluster that carries the request's token.
fn lookup(all: &[Live], request: &Find<Cluster>) -> Lookup<Cluster> {
    let mark = mark::token(&request.token);
    let carries = |live: &&Live| live.tags.iter().flatten().any(|tag| *tag == mark) && live.status.state != "deleted";
    let Some(live) = all.iter().find(carries) else { return Lookup::Absent };
    let object = resource(live, Some(&request.inputs), None);
    match live.status.state.as_str() {
        "error" => Lookup::Unusable(object, format!("DigitalOcean could not make it{}", told(live))),
        "deleting" => Lookup::Unusable(object, "it is being deleted".to_owned()),
        "provisioning" => Lookup::Unfinished(object, Checkpoint { id: Some(live.id.clone()), rounds: 0 }),
        // A degraded cluster is there and may mend; waiting for its nodes could take for ever.
        "running" if converge::waiting_for(live, &request.inputs).is_some() => {
            Lookup::Unfinished(object, Checkpoint { id: Some(live.id.clone()), rounds: 0 })
        }
        _ => Lookup::Found(object),
    }
}

/// A cluster that is being deleted is neither there nor gone: what is planned from either would be
/// wrong a minute later.
fn settled(live: Option<Live>) -> Answer<Option<Live>> {
    match live {
        Some(live) if live.status.state == "deleting" => {
            let message = format!("the cluster {} is being deleted", live.name);
            Err(Problem::new(Class::Unavailable, "cluster-deleting", message)
                .help("wait until it is gone")
                .retry_after_ms(DELETING_MS))
        }
        live => Ok(live),
    }
}

/// The clusters of a batch. One is asked for by its id; for several the list is one call, and only
/// those missing from it are asked for: a list may lag, and absence must be certain.
fn live_ones(requests: &[Read<Cluster>]) -> Vec<Answer<Option<Live>>> {
    let all = match requests {
        [_] => Vec::new(),
        _ => match api::list() {
            Ok(all) => all,
            Err(problem) => return requests.iter().map(|_| Err(problem.clone())).collect(),
        },
    };
    let mut found: Vec<Answer<Option<Live>>> = requests
        .iter()
        .map(|request| {
            Ok(all.iter().find(|live| live.id == request.prior.id && live.status.state != "deleted").cloned())
        })
        .collect();
    let missing: Vec<usize> = (0..requests.len()).filter(|index| matches!(found[*index], Ok(None))).collect();
    let answers = read_all(missing.iter().map(|index| api::get(&requests[*index].prior.id)).collect());
    for (index, answer) in missing.into_iter().zip(answers) {
        found[index] = answer.and_then(api::cluster);
    }
    found
}

/// Asks how far a cluster is that is being made.
fn go_on_making(id: &str, inputs: &Inputs) -> Outcome<Cluster> {
    let Some(live) = api::cluster(api::get(id).read()?)? else {
        let message = format!("the cluster {} disappeared while it was being made", inputs.name);
        return Err(Problem::new(Class::NotFound, "cluster-gone", message));
    };
    match live.status.state.as_str() {
        "running" => match converge::waiting_for(&live, inputs) {
            None => Ok(Progress::Done(resource(&live, Some(inputs), None))),
            Some(note) => Ok(still_making(id, note)),
        },
        "error" | "degraded" | "deleting" => {
            let message = format!("the cluster {} is {}{}", inputs.name, live.status.state, told(&live));
            Err(Problem::internal("cluster-failed", message)
                .help("run again: what cannot be used is deleted and made anew"))
        }
        _ => Ok(still_making(id, "the control plane is being made")),
    }
}

fn still_making(id: &str, note: impl Into<String>) -> Progress<Resource<Cluster>, Checkpoint> {
    Progress::pending(Checkpoint { id: Some(id.to_owned()), rounds: 0 }, RETRY_MS).id(id).note(note)
}

/// DigitalOcean's own words on a cluster's state, to end a sentence with.
fn told(live: &Live) -> String {
    live.status
        .message
        .as_deref()
        .filter(|message| !message.is_empty())
        .map_or_else(String::new, |message| format!(": {message}"))
}

/// A live cluster in the kind's own shape. What the user may write in several ways (a version's
/// beginning, tags in any order) is told as `prior` has it, as long as it still holds.
fn resource(live: &Live, prior: Option<&Inputs>, kubeconfig: Option<Secret>) -> Resource<Cluster> {
    let some = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let version = prior.map(|prior| &prior.version).filter(|wanted| version::fits(wanted, &live.version));
    let policy = live.maintenance_policy.as_ref();
    let inputs = Inputs {
        name: live.name.clone(),
        region: live.region.clone(),
        version: version.unwrap_or(&live.version).clone(),
        ha: live.ha,
        auto_upgrade: live.auto_upgrade,
        surge_upgrade: live.surge_upgrade,
        maintenance_policy: policy
            .map(|window| MaintenancePolicy { start_time: window.start_time.clone(), day: window.day }),
        vpc_uuid: some(&live.vpc_uuid),
        tags: order::as_before(mark::users(live.tags.as_ref()), prior.map(|prior| prior.tags.as_slice())),
        node_pools: pools(live, prior),
    };
    let outputs = Outputs {
        id: live.id.clone(),
        endpoint: some(&live.endpoint),
        status: live.status.state.clone(),
        version: live.version.clone(),
        ipv4: some(&live.ipv4),
        created_at: some(&live.created_at),
        kubeconfig,
    };
    Resource { id: live.id.clone(), inputs, outputs }
}

/// The live pools: those of `prior` in its order, then the others.
fn pools(live: &Live, prior: Option<&Inputs>) -> Vec<NodePool> {
    let before = prior.map(|prior| prior.node_pools.as_slice()).unwrap_or_default();
    let place = |pool: &LivePool| before.iter().position(|known| known.name == pool.name).unwrap_or(usize::MAX);
    let mut there: Vec<&LivePool> = live.node_pools.iter().collect();
    there.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.name.cmp(&b.name)));
    there.into_iter().map(|pool| as_input(pool, before.iter().find(|known| known.name == pool.name))).collect()
}

fn as_input(pool: &LivePool, prior: Option<&NodePool>) -> NodePool {
    let autoscale = pool.auto_scale.then_some(Autoscale { min: pool.min_nodes, max: pool.max_nodes });
    NodePool {
        name: pool.name.clone(),
        size: pool.size.clone(),
        // What the autoscaler decides is no drift.
        count: if pool.auto_scale { prior.and_then(|prior| prior.count) } else { Some(pool.count) },
        autoscale,
        labels: pool.labels.clone().unwrap_or_default(),
        taints: order::as_before(pool.taints.clone().unwrap_or_default(), prior.map(|prior| prior.taints.as_slice())),
        tags: order::as_before(mark::users(pool.tags.as_ref()), prior.map(|prior| prior.tags.as_slice())),
    }
}
