//! Deleting objects, and waiting until what they owned is gone too.

use maps_kube_objects::cluster::{cluster, is_unknown_kind};
use maps_kube_objects::id::ObjectId;
use maps_kube_objects::remove::{holds, removal};
use maps_kube_objects::taken::Taken;
use maps_sdk::kube::{Cluster, Deletion, ListOptions};
use maps_sdk::{Context, Delete, Problem, Progress};
use serde_json::Value;

use super::{Answer, Custom, InCluster, Waiting, all_fail, kind, lives_of_known, no_answer, text};

/// How long all of it may take to go.
const TIMEOUT_MS: u64 = 600_000;
/// How long until it is looked at again.
const AGAIN_MS: u64 = 3_000;

pub(super) fn remove<T: Custom>(
    context: &Context,
    requests: &[Delete<InCluster<T>>],
) -> Vec<Answer<Progress<(), Waiting>>> {
    let cluster = match cluster(context) {
        Ok(cluster) => cluster,
        Err(problem) => return all_fail(requests.len(), &problem),
    };
    let ids: Vec<_> = requests.iter().map(|request| ObjectId::parse(kind::<T>(), &request.prior.id)).collect();
    // By its uid it is known what it owned, and that it is still the same.
    let lives = lives_of_known(context, &ids);
    let uids: Vec<Option<String>> = requests.iter().zip(&lives).map(|(request, live)| uid(request, live)).collect();
    let mut removals = Vec::new();
    for ((request, id), (live, uid)) in requests.iter().zip(&ids).zip(lives.iter().zip(&uids)) {
        let (Ok(id), Ok(Some(live)), Some(uid)) = (id, live, uid) else { continue };
        if uid.as_str() != text(live, "/metadata/uid") {
            continue;
        }
        if request.checkpoint.is_none()
            && let Some(farewell) = T::farewell(request.prior.inputs.as_ref(), id)
        {
            maps_sdk::warn!("{}: {farewell}", request.address);
        }
        removals.push((vec![request.step()], removal(id, uid)));
    }
    let mut answers = cluster.delete_all(removals).into_iter();
    let mut outcome = |request: &Delete<InCluster<T>>, id: Answer<ObjectId>, live: Answer<_>, uid: Option<String>| {
        let (id, live): (_, Option<Value>) = (id?, live?);
        let ours = live.filter(|live| uid.as_deref() == Some(text(live, "/metadata/uid")));
        let going = match ours.map(|live| (live, answers.next().unwrap_or_else(|| Err(no_answer())))) {
            None | Some((_, Ok(Deletion::Absent | Deletion::Gone))) => None,
            Some((live, Ok(Deletion::UnderWay))) => Some(format!("what is its own{}", holds(&live))),
            Some((_, Err(problem))) if is_unknown_kind(&problem) => None,
            Some((_, Err(problem))) => return Err(problem),
        };
        let waits = match going {
            Some(going) => Some(going),
            None => left(&cluster, &T::belongings(&id), uid.as_deref())?,
        };
        let Some(waits) = waits else { return Ok(Progress::Done(())) };
        let taken = request.checkpoint.as_ref().map_or_else(Taken::begin, |waiting| waiting.taken);
        if taken.ms() >= TIMEOUT_MS {
            let message = format!("{} is not gone within 10m: it waits for {waits}", id.shown());
            return Err(Problem::internal("timed-out", message).help("see what holds that, and run again"));
        }
        let pending = Progress::pending(Waiting { taken: taken.and(AGAIN_MS), uid }, AGAIN_MS).id(id.place());
        Ok(pending.note(format!("{} waits for {waits}", id.shown())))
    };
    let all = requests.iter().zip(ids).zip(lives).zip(uids);
    all.map(|(((request, id), live), uid)| outcome(request, id, live, uid)).collect()
}

/// The uid of what is to go: as it is known, or of what is there.
fn uid<T: Custom>(request: &Delete<InCluster<T>>, live: &Answer<Option<Value>>) -> Option<String> {
    let known = request.checkpoint.as_ref().and_then(|waiting| waiting.uid.clone());
    let prior = || {
        let outputs = serde_json::to_value(request.prior.outputs.as_ref()?).ok()?;
        Some(text(&outputs, "/uid").to_owned()).filter(|uid| !uid.is_empty())
    };
    let there = || live.as_ref().ok()?.as_ref().map(|live| text(live, "/metadata/uid").to_owned());
    known.or_else(prior).or_else(there)
}

/// What of its belongings is still there, in words.
fn left(cluster: &Cluster, lists: &[ListOptions], uid: Option<&str>) -> Answer<Option<String>> {
    let Some(uid) = uid else { return Ok(None) };
    let mut names = Vec::new();
    for (list, answer) in lists.iter().zip(cluster.list_all(lists)) {
        let owned = |object: &&Value| {
            let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
            owners.into_iter().flatten().any(|owner| text(owner, "/uid") == uid)
        };
        let found = answer?;
        names.extend(found.iter().filter(owned).map(|of| format!("{} {}", list.kind.kind, text(of, "/metadata/name"))));
    }
    Ok((!names.is_empty()).then(|| names.join(", ")))
}
