//! Brings the objects of a version into the cluster, and takes away those that it no longer has.

use std::collections::{BTreeMap, BTreeSet};

use maps_kube_objects::cluster::{CHUNK, fetch, is_unknown_kind};
use maps_kube_objects::events;
use maps_kube_objects::id::{Key, ObjectId, text};
use maps_kube_objects::order::WAVES;
use maps_kube_objects::problem::told;
use maps_kube_objects::ready::{Status, condition, status};
use maps_kube_objects::remove::{holds, is_over, removal};
use maps_sdk::kube::{Apply, Cluster, Deletion};
use maps_sdk::{Class, Problem, Step};
use serde_json::Value;

use super::flow::{Flow, RETRY_MS, SOON_MS, Unready, note};
use super::hooks::Desk;
use super::model::{Checkpoint, Inputs};
use super::objects::{self, Item, Of, foreign, is_kept, own};

/// How long a kind may be unknown that something else of the release may be about to define.
const KIND_GRACE_MS: u64 = 60_000;
/// How long the controller of a custom resource may take for its first word; many never say any.
const SILENCE_MS: u64 = 10_000;

/// Which fields are taken that other managers own.
pub(crate) enum Force {
    /// All of them.
    All,
    /// Those of these objects, by their names for people: the plan said that they are put back.
    Of(BTreeSet<String>),
}

impl Force {
    fn takes(&self, id: &ObjectId) -> bool {
        match self {
            Self::All => true,
            Self::Of(ids) => ids.contains(&id.shown()),
        }
    }
}

/// Applies the objects, wave by wave from where the checkpoint says on.
///
/// # Errors
/// The first that the server refuses.
pub(crate) fn apply(
    desk: Desk<'_>,
    items: &[Item],
    of: Of<'_>,
    force: &Force,
    checkpoint: &mut Checkpoint,
) -> Result<Flow, Problem> {
    for wave in checkpoint.waves..WAVES {
        let chosen: Vec<&Item> = items.iter().filter(|item| item.wave == wave).collect();
        for chunk in chosen.chunks(CHUNK) {
            let writes = chunk.iter().map(|item| {
                let mut object = item.object.clone();
                own(&mut object, of);
                Ok((vec![desk.step], Apply::new(&object, force.takes(&item.id))?))
            });
            let writes = writes.collect::<Result<Vec<(Vec<Step>, Apply)>, Problem>>()?;
            for (item, answer) in chunk.iter().zip(desk.cluster.apply_all(writes)) {
                match answer {
                    Ok(_) => {}
                    Err(problem) if is_unknown_kind(&problem) && checkpoint.taken.ms() < KIND_GRACE_MS => {
                        let note = format!("{} waits for its kind to be defined", item.id.shown());
                        return Ok(Flow::Wait(SOON_MS, note));
                    }
                    Err(problem) => return Err(refused(&item.id, problem)),
                }
            }
        }
        checkpoint.waves = wave + 1;
    }
    Ok(Flow::On)
}

fn refused(id: &ObjectId, problem: Problem) -> Problem {
    let conflict = problem.code == "field-manager-conflict";
    let mut problem = told(id, problem);
    if conflict {
        problem.help = Some(
            "`force_conflicts: true` takes these fields; or let the chart leave them out, and their manager keeps them"
                .to_owned(),
        );
    }
    problem
}

/// Refuses what is there and is not the release's, but for what it had before.
///
/// # Errors
/// Who has it.
pub(crate) fn check_owners(
    cluster: &Cluster,
    items: &[Item],
    known: &BTreeSet<Key>,
    of: Of<'_>,
) -> Result<(), Problem> {
    let asked: Vec<ObjectId> =
        items.iter().filter(|item| !known.contains(&item.id.key())).map(|item| item.id.clone()).collect();
    let mut foreigners = Vec::new();
    for (id, live) in asked.iter().zip(fetch(cluster, &asked)) {
        if let Some(live) = live.map_err(|problem| told(id, problem))?
            && let Some(why) = foreign(&live, of)
        {
            foreigners.push(format!("{} is there already: {why}", id.shown()));
        }
    }
    if foreigners.is_empty() {
        return Ok(());
    }
    Err(Problem::new(Class::Conflict, "object-of-another", note(&foreigners))
        .at("take_ownership")
        .help("delete it, let the chart call its own something else, or take it over with `take_ownership: true`"))
}

/// Deletes what earlier versions had and this one has not. What says `helm.sh/resource-policy: keep` stays.
///
/// # Errors
/// The first that the server refuses.
pub(crate) fn prune(desk: Desk<'_>, before: Vec<Item>, items: &[Item], of: Of<'_>) -> Result<(), Problem> {
    let stays: BTreeSet<Key> = items.iter().map(|item| item.id.key()).collect();
    let mut gone: BTreeMap<Key, Item> = before.into_iter().map(|item| (item.id.key(), item)).collect();
    gone.retain(|key, _| !stays.contains(key));
    let mut gone: Vec<Item> = gone.into_values().collect();
    gone.sort_by_key(|item| std::cmp::Reverse(item.wave));
    let ids: Vec<ObjectId> = gone.iter().map(|item| item.id.clone()).collect();
    let mut deletes = Vec::new();
    for (item, live) in gone.iter().zip(fetch(desk.cluster, &ids)) {
        let Some(live) = live.map_err(|problem| told(&item.id, problem))? else { continue };
        if is_kept(&live) || foreign(&live, of).is_some() {
            continue;
        }
        let uid = text(&live, "/metadata/uid").unwrap_or_default();
        deletes.push((&item.id, (vec![desk.step], removal(&item.id, uid))));
    }
    while !deletes.is_empty() {
        let rest = deletes.split_off(deletes.len().min(CHUNK));
        let (ids, writes): (Vec<_>, Vec<_>) = deletes.into_iter().unzip();
        for (id, answer) in ids.into_iter().zip(desk.cluster.delete_all(writes)) {
            match answer {
                Ok(_) => {}
                Err(problem) if is_over(id, &problem) => {}
                Err(problem) => return Err(told(id, problem)),
            }
        }
        deletes = rest;
    }
    Ok(())
}

/// What is not ready of the objects as they are, what failed first.
pub(crate) fn unready(
    items: &[Item],
    lives: &[Option<Value>],
    inputs: &Inputs,
    checkpoint: &Checkpoint,
) -> Vec<Unready> {
    let mut found = Vec::new();
    for (item, live) in items.iter().zip(lives) {
        let id = item.id.clone();
        let Some(live) = live else {
            found.push(Unready { id, uid: String::new(), why: "it is not there".to_owned(), failed: false });
            continue;
        };
        let is_job = id.group() == "batch" && id.kind == "Job";
        let status = match status(live) {
            _ if is_job && !inputs.wait_for_jobs => Status::Ready,
            Status::Ready if is_job && condition(live, "Complete").is_none_or(|(status, _)| status != "True") => {
                Status::Waits("it is not complete yet".to_owned())
            }
            Status::Silent if checkpoint.taken.ms() >= SILENCE_MS => Status::Ready,
            Status::Silent => Status::Waits("its controller has said nothing yet".to_owned()),
            status => status,
        };
        let (why, failed) = match status {
            Status::Ready | Status::Silent => continue,
            Status::Waits(why) => (why, false),
            Status::Failed(why) => (why, true),
        };
        found.push(Unready { id, uid: text(live, "/metadata/uid").unwrap_or_default().to_owned(), why, failed });
    }
    found.sort_by_key(|unready| !unready.failed);
    found
}

/// Why a wait ends without success, with what the cluster says of the objects that it ends for.
pub(crate) fn not_ready(cluster: &Cluster, unready: &[Unready], timeout: &str) -> Problem {
    let failed = unready.first().is_some_and(|first| first.failed);
    let asked: Vec<(&ObjectId, &str)> = unready.iter().take(3).map(|one| (&one.id, one.uid.as_str())).collect();
    let warnings = events::warnings(cluster, &asked);
    let all: Vec<String> = unready
        .iter()
        .zip(warnings.into_iter().chain(std::iter::repeat(None)))
        .map(|(one, warning)| match warning {
            Some(warning) => format!("{} (latest warning: {warning})", one.told()),
            None => one.told(),
        })
        .collect();
    let (code, message) = match failed {
        true => ("not-ready", note(&all)),
        false => ("timed-out", format!("not ready within {timeout}: {}", note(&all))),
    };
    Problem::internal(code, message)
}

/// Deletes the objects of a version wave by wave from the last, and waits for each to be gone.
///
/// # Errors
/// The first that the server refuses, and what is not gone in time.
pub(crate) fn delete(
    desk: Desk<'_>,
    items: &[Item],
    of: Of<'_>,
    timeout: (&str, u64),
    checkpoint: &mut Checkpoint,
) -> Result<Flow, Problem> {
    for back in checkpoint.waves..WAVES {
        let ids: Vec<ObjectId> = items
            .iter()
            .filter(|item| item.wave + back + 1 == WAVES && !is_kept(&item.object))
            .map(|item| item.id.clone())
            .collect();
        let mut left = Vec::new();
        let mut deletes = Vec::new();
        for (id, live) in ids.iter().zip(fetch(desk.cluster, &ids)) {
            let Some(live) = live.map_err(|problem| told(id, problem))? else { continue };
            if is_kept(&live) || foreign(&live, of).is_some() {
                continue;
            }
            if text(&live, "/metadata/deletionTimestamp").is_some() {
                left.push(format!("{}{}", id.shown(), holds(&live)));
            } else {
                let uid = text(&live, "/metadata/uid").unwrap_or_default().to_owned();
                deletes.push((id, (vec![desk.step], removal(id, &uid))));
            }
        }
        while !deletes.is_empty() {
            let rest = deletes.split_off(deletes.len().min(CHUNK));
            let (ids, writes): (Vec<_>, Vec<_>) = deletes.into_iter().unzip();
            for (id, answer) in ids.into_iter().zip(desk.cluster.delete_all(writes)) {
                match answer {
                    Ok(Deletion::Absent | Deletion::Gone) => {}
                    Ok(Deletion::UnderWay) => left.push(id.shown()),
                    Err(problem) if is_over(id, &problem) => {}
                    Err(problem) => return Err(told(id, problem)),
                }
            }
            deletes = rest;
        }
        if !left.is_empty() {
            let (timeout, ms) = timeout;
            if checkpoint.taken.ms() >= ms {
                let message = format!("not gone within {timeout}: {}", note(&left));
                return Err(Problem::internal("timed-out", message)
                    .help("what holds the finalizers has to let go; then run again"));
            }
            return Ok(Flow::Wait(RETRY_MS, format!("being deleted: {}", note(&left))));
        }
        checkpoint.waves = back + 1;
    }
    Ok(Flow::On)
}

/// Makes what is not there yet: definitions of `crds/`, which nobody changes after, and the namespace.
///
/// # Errors
/// The first that the server refuses.
pub(crate) fn make_absent(desk: Desk<'_>, items: &[Item]) -> Result<Vec<Option<Value>>, Problem> {
    let ids: Vec<ObjectId> = items.iter().map(|item| item.id.clone()).collect();
    let mut lives = Vec::with_capacity(ids.len());
    for (id, live) in ids.iter().zip(fetch(desk.cluster, &ids)) {
        lives.push(live.map_err(|problem| told(id, problem))?);
    }
    let absent: Vec<&Item> =
        items.iter().zip(&lives).filter(|(_, live)| live.is_none()).map(|(item, _)| item).collect();
    for chunk in absent.chunks(CHUNK) {
        let writes = chunk.iter().map(|item| Ok((vec![desk.step], Apply::new(&item.object, false)?)));
        let writes = writes.collect::<Result<Vec<_>, Problem>>()?;
        for (item, answer) in chunk.iter().zip(desk.cluster.apply_all(writes)) {
            answer.map_err(|problem| told(&item.id, problem))?;
        }
    }
    Ok(lives)
}

/// The definitions that are not served yet.
///
/// # Errors
/// When the cluster could not be asked.
pub(crate) fn not_established(cluster: &Cluster, items: &[Item]) -> Result<Vec<String>, Problem> {
    let references: Vec<_> = items.iter().map(|item| item.id.reference()).collect();
    let mut waits = Vec::new();
    for (item, live) in items.iter().zip(cluster.get_all(&references)) {
        let live = live.map_err(|problem| told(&item.id, problem))?;
        match live.as_ref().map(status) {
            Some(Status::Failed(why)) => {
                return Err(Problem::new(Class::Conflict, "definition", format!("{}: {why}", item.id.shown())));
            }
            Some(Status::Ready) => {}
            _ => waits.push(format!("{} is not established yet", item.id.shown())),
        }
    }
    Ok(waits)
}

/// The objects of stored manifests, with their names in full; what can no longer be read is left alone.
pub(crate) fn stored<'r>(
    cluster: &Cluster,
    manifests: impl Iterator<Item = &'r str>,
    namespace: &str,
) -> Result<Vec<Item>, Problem> {
    let mut all = Vec::new();
    for manifest in manifests {
        all.extend(objects::of_manifest(manifest)?);
    }
    objects::items(all, cluster, namespace)
}
