//! Deletes the objects of manifests in the reverse of the order in which they were applied, and waits until they are gone.

use maps_sdk::kube::{Cluster, Delete as Removal, Deletion};
use maps_sdk::{Context, Delete, Problem, Progress};

use super::model::Checkpoint;
use super::{Answer, Manifests};
use crate::cluster::{CHUNK, cluster};
use crate::id::ObjectId;
use crate::order::{WAVES, wave};
use crate::problem::told;
use crate::remove::{holds, is_over, removal};
use crate::taken::{Taken, duration};

const RETRY_MS: u64 = 2_000;
/// How long a delete takes whose resource does not say.
const TIMEOUT_MS: u64 = 600_000;
/// Objects that a note names.
const MOST_NAMED: usize = 3;

/// A delete on its way.
struct Job<'a> {
    request: &'a Delete<Manifests>,
    checkpoint: Checkpoint,
    outcome: Option<Answer<Progress<(), Checkpoint>>>,
    /// Those that are still there.
    left: Vec<ObjectId>,
}

pub(super) fn run(context: &Context, requests: &[Delete<Manifests>]) -> Vec<Answer<Progress<(), Checkpoint>>> {
    let cluster = match cluster(context) {
        Ok(cluster) => cluster,
        Err(problem) => return requests.iter().map(|_| Err(problem.clone())).collect(),
    };
    let begin = |request| -> Job<'_> {
        let request: &Delete<Manifests> = request;
        let first = || Checkpoint { taken: Taken::begin(), ..Checkpoint::default() };
        let checkpoint = request.checkpoint.clone().unwrap_or_else(first);
        Job { request, checkpoint, outcome: None, left: Vec::new() }
    };
    let mut jobs: Vec<Job<'_>> = requests.iter().map(begin).collect();
    for back in 0..WAVES {
        delete(&cluster, &mut jobs, back);
        wait(&cluster, &mut jobs);
        for job in jobs.iter_mut().filter(|job| job.outcome.is_none()) {
            job.checkpoint.waves = job.checkpoint.waves.max(back + 1);
        }
    }
    jobs.into_iter().map(|job| job.outcome.unwrap_or(Ok(Progress::Done(())))).collect()
}

/// Deletes what was applied in the wave that comes so many from the end.
fn delete(cluster: &Cluster, jobs: &mut [Job<'_>], back: usize) {
    let mut removals: Vec<(usize, ObjectId, Removal)> = Vec::new();
    for (index, job) in jobs.iter().enumerate() {
        let Some(outputs) = job.request.prior.outputs.as_ref() else { continue };
        if job.outcome.is_some() || job.checkpoint.waves > back {
            continue;
        }
        for (at, id) in outputs.objects.iter().enumerate().filter(|(_, id)| wave(id) + back + 1 == WAVES) {
            let Some(live) = outputs.live.get(at).filter(|live| !live.uid.is_empty()) else { continue };
            removals.push((index, id.clone(), removal(id, &live.uid)));
        }
    }
    while !removals.is_empty() {
        let rest = removals.split_off(removals.len().min(CHUNK));
        let mut writes = Vec::new();
        let mut of = Vec::new();
        for (index, id, removal) in removals {
            writes.push((vec![jobs[index].request.step()], removal));
            of.push((index, id));
        }
        for ((index, id), answer) in of.into_iter().zip(cluster.delete_all(writes)) {
            let job = &mut jobs[index];
            match answer {
                Ok(Deletion::UnderWay) => job.left.push(id),
                Ok(Deletion::Absent | Deletion::Gone) => {}
                Err(problem) if is_over(&id, &problem) => {}
                Err(problem) if job.outcome.is_none() => job.outcome = Some(Err(told(&id, problem))),
                Err(_) => {}
            }
        }
        removals = rest;
    }
}

/// Lets jobs wait that have something left, with what holds it.
fn wait(cluster: &Cluster, jobs: &mut [Job<'_>]) {
    for job in jobs.iter_mut().filter(|job| job.outcome.is_none() && !job.left.is_empty()) {
        let shown: Vec<&ObjectId> = job.left.iter().take(MOST_NAMED).collect();
        let references: Vec<_> = shown.iter().map(|id| id.reference()).collect();
        let lives = cluster.get_all(&references);
        let held = shown.iter().zip(lives).map(|(id, live)| match live {
            Ok(Some(live)) => format!("{}{}", id.shown(), holds(&live)),
            _ => id.shown(),
        });
        let mut note = held.collect::<Vec<_>>().join("; ");
        if job.left.len() > MOST_NAMED {
            note.push_str(&format!("; and {} more", job.left.len() - MOST_NAMED));
        }
        let timeout = job.request.prior.inputs.as_ref().map_or("10m", |inputs| inputs.timeout.as_str());
        let over = job.checkpoint.taken.ms() >= duration(timeout).unwrap_or(TIMEOUT_MS);
        job.outcome = Some(if over {
            let problem = Problem::internal("timed-out", format!("not gone within {timeout}: {note}"));
            Err(problem.help("what holds the finalizers has to let go; then run again"))
        } else {
            let id = job.request.prior.id.clone();
            let checkpoint = Checkpoint { taken: job.checkpoint.taken.and(RETRY_MS), ..job.checkpoint.clone() };
            Ok(Progress::pending(checkpoint, RETRY_MS).id(id).note(format!("being deleted: {note}")))
        });
    }
}
