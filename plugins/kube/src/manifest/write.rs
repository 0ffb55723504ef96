//! Applies objects wave by wave, several resources together, prunes what is left out, and waits until all is ready.

use std::collections::{BTreeMap, BTreeSet};

use maps_sdk::kube::{Apply, Cluster, Delete as Removal, Deletion};
use maps_sdk::{Context, Create, Outcome, Problem, Progress, Resource, Step, Update};
use serde_json::Value;

use super::Manifests;
use super::item::{self, Item, at, has_sealed, is_same};
use super::model::{Checkpoint, Inputs, Outputs};
use super::read::Objects;
use crate::cluster::{CHUNK, Scopes, cluster, defined, fetch, is_unknown_kind};
use crate::events;
use crate::id::{ObjectId, scope_of};
use crate::mark::Maker;
use crate::order::{DEFINITIONS, WAVES};
use crate::problem::told;
use crate::ready::{Status, status};
use crate::remove::{is_over, removal};
use crate::taken::{Taken, duration};
use crate::wait::{Goal, is_on};

/// Between two looks at objects that are not ready yet.
const RETRY_MS: u64 = 3_000;
/// A definition is established within a second or two.
const DEFINITION_RETRY_MS: u64 = 1_000;
/// How long a kind may be unknown that something else may be about to define.
const KIND_GRACE_MS: u64 = 60_000;
/// How long the controller of a custom resource may take for its first word; many never say any.
const SILENCE_MS: u64 = 10_000;
/// Objects that a note names; the others are counted.
const MOST_NAMED: usize = 3;
/// How long an operation takes whose timeout cannot be read, which a check has refused.
const TIMEOUT_MS: u64 = 600_000;

/// One create or update.
pub(super) struct Task<'a> {
    step: Step,
    address: &'a str,
    token: &'a str,
    inputs: &'a Inputs,
    before: Option<&'a Objects>,
    namespace: Option<&'a str>,
    outputs: Option<&'a Outputs>,
    /// Of an update: the inputs that differ.
    changed: &'a [String],
    checkpoint: Option<&'a Checkpoint>,
}

impl<'a> Task<'a> {
    pub(super) fn create(request: &'a Create<Manifests>) -> Self {
        Self {
            step: request.step(),
            address: &request.address,
            token: &request.token,
            inputs: &request.inputs,
            before: None,
            namespace: None,
            outputs: None,
            changed: &[],
            checkpoint: request.checkpoint.as_ref(),
        }
    }

    pub(super) fn update(request: &'a Update<Manifests>) -> Self {
        let inputs = request.prior.inputs.as_ref();
        Self {
            step: request.step(),
            address: &request.address,
            token: &request.prior.id,
            inputs: &request.inputs,
            before: inputs.and_then(|inputs| inputs.manifest.objects()),
            namespace: inputs.map(|inputs| inputs.namespace.as_str()),
            outputs: request.prior.outputs.as_ref(),
            changed: &request.changed,
            checkpoint: request.checkpoint.as_ref(),
        }
    }

    /// Is the object to be written, or is the very same there?
    fn writes(&self, item: &Item<'_>) -> bool {
        let moved = self.namespace.is_some_and(|before| before != self.inputs.namespace);
        let there = at(self.before, item.place).is_some_and(|there| is_same(there, item.object));
        moved || !there || self.changed.iter().any(|path| item.meets(path))
    }
}

/// A task on its way.
struct Job<'a> {
    task: Task<'a>,
    items: Vec<Item<'a>>,
    checkpoint: Checkpoint,
    /// What it waits for beside its own objects.
    waits: Vec<String>,
    outcome: Option<Outcome<Manifests>>,
}

impl Job<'_> {
    fn pending(&mut self, retry_ms: u64, note: String) {
        let checkpoint = Checkpoint { taken: self.checkpoint.taken.and(retry_ms), ..self.checkpoint.clone() };
        self.outcome = Some(Ok(Progress::pending(checkpoint, retry_ms).id(self.task.token).note(note)));
    }

    fn timeout(&self) -> u64 {
        duration(&self.task.inputs.timeout).unwrap_or(TIMEOUT_MS)
    }
}

pub(super) fn run(context: &Context, tasks: Vec<Task<'_>>) -> Vec<Outcome<Manifests>> {
    let ask = || {
        let cluster = cluster(context)?;
        let scopes = Scopes::of(item::all(tasks.iter().map(|task| task.inputs)), &cluster)?;
        Ok((cluster, scopes))
    };
    let (cluster, scopes): (Cluster, Scopes) = match ask() {
        Ok(asked) => asked,
        Err(problem) => return tasks.iter().map(|_| Err(Problem::clone(&problem))).collect(),
    };
    let mut jobs: Vec<Job<'_>> = tasks.into_iter().map(|task| begin(task, &scopes)).collect();
    for wave in 0..WAVES {
        apply(context, &cluster, &mut jobs, wave);
        if wave == DEFINITIONS {
            hold_back(&cluster, &mut jobs);
        }
    }
    prune(&cluster, &mut jobs);
    settle(&cluster, &mut jobs);
    let lost = || Err(Problem::internal("no-outcome", "a manifest was left without an outcome"));
    jobs.into_iter().map(|job| job.outcome.unwrap_or_else(lost)).collect()
}

fn begin<'a>(task: Task<'a>, scopes: &Scopes) -> Job<'a> {
    let (items, outcome) = match item::items(task.inputs, scopes) {
        Ok(Some(items)) => (items, None),
        Ok(None) => {
            let problem = match task.inputs.manifest.faults().first() {
                Some(fault) => Problem::invalid(fault.code, fault.message.clone()).at(fault.path.clone()),
                None => Problem::internal("unknown-inputs", "the manifest is not known yet"),
            };
            (Vec::new(), Some(Err(problem)))
        }
        Err(problem) => (Vec::new(), Some(Err(problem))),
    };
    let first = || Checkpoint { taken: Taken::begin(), ..Checkpoint::default() };
    let checkpoint = task.checkpoint.cloned().unwrap_or_else(first);
    Job { task, items, checkpoint, waits: Vec::new(), outcome }
}

/// A job by its index, and one of its items.
type Place = (usize, usize);

/// Writes one wave of all jobs that have come so far.
fn apply(context: &Context, cluster: &Cluster, jobs: &mut [Job<'_>], wave: usize) {
    let mut writes: Vec<(Place, (Vec<Step>, Apply))> = Vec::new();
    for (index, job) in jobs.iter_mut().enumerate() {
        if job.outcome.is_some() || job.checkpoint.waves > wave {
            continue;
        }
        let task = &job.task;
        let maker = Maker { context, address: task.address, token: task.token };
        for (place, item) in job.items.iter().enumerate().filter(|(_, item)| item.wave == wave && task.writes(item)) {
            match item.to_apply(maker, task.inputs.force) {
                Ok(apply) => writes.push(((index, place), (vec![task.step], apply))),
                Err(problem) => job.outcome = Some(Err(problem)),
            }
        }
    }
    let done = done_already(cluster, jobs, &writes);
    writes.retain(|(place, _)| !done.contains(place));
    while !writes.is_empty() {
        let rest = writes.split_off(writes.len().min(CHUNK));
        let (places, applies): (Vec<_>, Vec<_>) = writes.into_iter().unzip();
        for ((index, place), answer) in places.into_iter().zip(cluster.apply_all(applies)) {
            let job = &mut jobs[index];
            match answer {
                Ok(_) => job.checkpoint.written = job.checkpoint.taken.ms(),
                // The first problem is the one to be told: others mostly follow from it.
                Err(_) if job.outcome.is_some() => {}
                Err(problem) if is_unknown_kind(&problem) && job.checkpoint.taken.ms() < KIND_GRACE_MS => {
                    let note = format!("{} waits for its kind to be defined", job.items[place].id.shown());
                    job.pending(DEFINITION_RETRY_MS, note);
                }
                Err(problem) => job.outcome = Some(Err(job.items[place].told(problem))),
            }
        }
        writes = rest;
    }
    for job in jobs.iter_mut().filter(|job| job.outcome.is_none()) {
        job.checkpoint.waves = job.checkpoint.waves.max(wave + 1);
    }
}

/// Which objects of updates an apply would leave as they are: an update that begins again does not write again.
/// What is sealed cannot be told.
fn done_already(cluster: &Cluster, jobs: &[Job<'_>], writes: &[(Place, (Vec<Step>, Apply))]) -> BTreeSet<Place> {
    let told = |(index, at): Place| jobs[index].task.before.is_some() && !has_sealed(jobs[index].items[at].object);
    let tried: Vec<_> = writes.iter().filter(|(place, _)| told(*place)).collect();
    let ids: Vec<ObjectId> = tried.iter().map(|((index, at), _)| jobs[*index].items[*at].id.clone()).collect();
    let there = fetch(cluster, &ids).into_iter().map(|live| live.ok().flatten());
    let there: Vec<_> = tried.iter().zip(there).filter_map(|(write, live)| Some((*write, live?))).collect();
    let mut done = BTreeSet::new();
    for chunk in there.chunks(CHUNK) {
        let applies = chunk.iter().map(|((_, (_, apply)), _)| apply.clone()).collect();
        for (((place, _), live), dry) in chunk.iter().zip(cluster.dry_run_all(applies)) {
            if dry.is_ok_and(|dry| without_times(dry) == without_times(live.clone())) {
                done.insert(*place);
            }
        }
    }
    done
}

/// An object without what the server writes down about the write itself.
fn without_times(mut object: Value) -> Value {
    if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
        metadata.remove("resourceVersion");
        metadata.remove("generation");
        for entry in metadata.get_mut("managedFields").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Value::Object(entry) = entry {
                entry.remove("time");
            }
        }
    }
    object
}

/// Lets jobs wait whose objects are of kinds that the batch defines and the server does not serve yet.
fn hold_back(cluster: &Cluster, jobs: &mut [Job<'_>]) {
    let uses = |job: &Job<'_>| -> BTreeSet<(String, String)> {
        let custom = job.items.iter().map(|item| &item.id).filter(|id| scope_of(id.group(), &id.kind).is_none());
        custom.map(|id| (id.group().to_owned(), id.kind.clone())).collect()
    };
    let used: BTreeSet<_> = jobs.iter().filter(|job| job.outcome.is_none()).flat_map(uses).collect();
    let definitions: BTreeMap<(String, String), ObjectId> = jobs
        .iter()
        .flat_map(|job| &job.items)
        .filter_map(|item| Some((defined(item.object)?.0, item.id.clone())))
        .filter(|(kind, _)| used.contains(kind))
        .collect();
    if definitions.is_empty() {
        return;
    }
    let references: Vec<_> = definitions.values().map(ObjectId::reference).collect();
    let waits: BTreeMap<&(String, String), &ObjectId> = definitions
        .iter()
        .zip(cluster.get_all(&references))
        .filter(|(_, answer)| !matches!(answer, Ok(Some(live)) if status(live) == Status::Ready))
        .map(|((kind, id), _)| (kind, id))
        .collect();
    for job in jobs.iter_mut().filter(|job| job.outcome.is_none()) {
        if let Some(id) = uses(job).iter().find_map(|kind| waits.get(kind)) {
            job.pending(DEFINITION_RETRY_MS, format!("{} is not established yet", id.shown()));
        }
    }
}

/// Deletes what an update no longer has.
fn prune(cluster: &Cluster, jobs: &mut [Job<'_>]) {
    let mut removals: Vec<(usize, ObjectId, Removal)> = Vec::new();
    for (index, job) in jobs.iter().enumerate().filter(|(_, job)| job.outcome.is_none() && job.task.inputs.prune) {
        let stays: BTreeSet<_> = job.items.iter().map(|item| item.id.key()).collect();
        let Some(outputs) = job.task.outputs else { continue };
        for (at, id) in outputs.objects.iter().enumerate().filter(|(_, id)| !stays.contains(&id.key())) {
            // What was not there when it was last looked at is nobody's that this resource knows.
            let Some(live) = outputs.live.get(at).filter(|live| !live.uid.is_empty()) else { continue };
            removals.push((index, id.clone(), removal(id, &live.uid)));
        }
    }
    removals.sort_by_key(|(_, id, _)| std::cmp::Reverse(crate::order::wave(id)));
    while !removals.is_empty() {
        let rest = removals.split_off(removals.len().min(CHUNK));
        let mut writes = Vec::new();
        let mut of = Vec::new();
        for (index, id, removal) in removals {
            writes.push((vec![jobs[index].task.step], removal));
            of.push((index, id));
        }
        for ((index, id), answer) in of.into_iter().zip(cluster.delete_all(writes)) {
            let job = &mut jobs[index];
            match answer {
                Ok(Deletion::UnderWay) => job.waits.push(format!("{} is being deleted", id.shown())),
                Ok(Deletion::Absent | Deletion::Gone) => {}
                Err(problem) if is_over(&id, &problem) => {}
                Err(problem) if job.outcome.is_none() => job.outcome = Some(Err(told(&id, problem))),
                Err(_) => {}
            }
        }
        removals = rest;
    }
}

/// Looks whether all is ready; what is not is waited for, as long as the time lasts.
fn settle(cluster: &Cluster, jobs: &mut [Job<'_>]) {
    let open: Vec<usize> = (0..jobs.len()).filter(|index| jobs[*index].outcome.is_none()).collect();
    let ids: Vec<ObjectId> = open.iter().flat_map(|index| &jobs[*index].items).map(|item| item.id.clone()).collect();
    let mut lives = fetch(cluster, &ids).into_iter();
    let mut failures: Vec<(usize, Vec<Unready>)> = Vec::new();
    for index in open {
        let job = &mut jobs[index];
        let lives: Result<Vec<Option<Value>>, Problem> = lives.by_ref().take(job.items.len()).collect();
        let lives = match lives {
            Ok(lives) => lives,
            Err(problem) => {
                job.outcome = Some(Err(problem));
                continue;
            }
        };
        let unready = unready(job, &lives);
        let over = job.checkpoint.taken.ms() >= job.timeout();
        if unready.is_empty() && job.waits.is_empty() {
            let outputs = item::outputs(job.items.iter().map(|item| &item.id).zip(lives.iter().map(Option::as_ref)));
            let (id, inputs) = (job.task.token.to_owned(), job.task.inputs.clone());
            job.outcome = Some(Ok(Progress::Done(Resource { id, inputs, outputs })));
        } else if over || unready.iter().any(|unready| unready.failed) {
            failures.push((index, unready));
        } else {
            let note = note(job, &unready);
            job.pending(RETRY_MS, note);
        }
    }
    tell(cluster, jobs, failures);
}

/// An object that is not as it should be.
struct Unready {
    id: ObjectId,
    uid: String,
    why: String,
    failed: bool,
}

fn unready(job: &Job<'_>, lives: &[Option<Value>]) -> Vec<Unready> {
    let mut found = Vec::new();
    for (item, live) in job.items.iter().zip(lives) {
        let Some(live) = live else {
            let (id, why) = (item.id.clone(), "it is not there".to_owned());
            found.push(Unready { id, uid: String::new(), why, failed: false });
            continue;
        };
        let own = match status(live) {
            _ if !job.task.inputs.ready => Status::Ready,
            Status::Silent if job.checkpoint.taken.ms() >= job.checkpoint.written + SILENCE_MS => Status::Ready,
            Status::Silent => Status::Waits("its controller has said nothing yet".to_owned()),
            status => status,
        };
        let waits = job.task.inputs.wait.iter().filter(|wait| is_on(wait, &item.id));
        let goals = waits.filter_map(|wait| Goal::parse(&wait.condition).ok()).map(|goal| goal.status(live));
        for status in std::iter::once(own).chain(goals) {
            let (why, failed) = match status {
                Status::Ready | Status::Silent => continue,
                Status::Waits(why) => (why, false),
                Status::Failed(why) => (why, true),
            };
            found.push(Unready { id: item.id.clone(), uid: item::uid(live).to_owned(), why, failed });
            break;
        }
    }
    // What has failed is told first.
    found.sort_by_key(|unready| !unready.failed);
    found
}

fn note(job: &Job<'_>, unready: &[Unready]) -> String {
    let own = unready.iter().map(|unready| format!("{}: {}", unready.id.shown(), unready.why));
    let all: Vec<String> = job.waits.iter().cloned().chain(own).collect();
    let more = all.len().saturating_sub(MOST_NAMED);
    let mut told = all.into_iter().take(MOST_NAMED).collect::<Vec<_>>().join("; ");
    if more > 0 {
        told.push_str(&format!("; and {more} more"));
    }
    told
}

/// Ends jobs that failed or took too long, each with what the cluster says of the first of its objects.
fn tell(cluster: &Cluster, jobs: &mut [Job<'_>], failures: Vec<(usize, Vec<Unready>)>) {
    let asked = failures.iter().filter_map(|(_, unready)| unready.first()).map(|first| (&first.id, first.uid.as_str()));
    let mut warnings = events::warnings(cluster, &asked.collect::<Vec<_>>()).into_iter();
    for (index, unready) in failures {
        let job = &mut jobs[index];
        let note = note(job, &unready);
        let (code, message) = match unready.first() {
            Some(first) if first.failed => ("not-ready", note),
            _ => ("timed-out", format!("not ready within {}: {note}", job.task.inputs.timeout)),
        };
        let warning = if unready.is_empty() { None } else { warnings.next().flatten() };
        let mut problem = Problem::internal(code, message);
        if let Some(warning) = warning {
            problem.message.push_str(&format!("; latest warning: {warning}"));
        }
        let help = "what was applied stays; mend it and run again, or give it more time with `timeout`";
        job.outcome = Some(Err(problem.help(help)));
    }
}
