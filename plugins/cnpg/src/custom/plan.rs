//! What can be told of a change before it is made: what is known beforehand, what cannot be changed, whose the object
//! is that is there, and what the operator's own checks say.

use maps_kube_objects::cluster::cluster;
use maps_kube_objects::id::ObjectId;
use maps_kube_objects::mark::{self, Maker, Owner};
use maps_kube_objects::problem::comes_later;
use maps_kube_objects::remove::is_going;
use maps_sdk::kube::Apply;
use maps_sdk::{Class, Context, Preview, Previewed, Problem};

use super::{Answer, Custom, InCluster, explained, id, lives, object};

pub(super) fn preview<T: Custom>(context: &Context, requests: &[Preview<InCluster<T>>]) -> Vec<Answer<Previewed>> {
    let mut planned: Vec<Answer<Previewed>> = requests.iter().map(alone).collect();
    let tried: Vec<usize> = (0..requests.len())
        .filter(|index| matches!(planned.get(*index), Some(Ok(_))) && requests.get(*index).is_some_and(is_open))
        .collect();
    let open: Vec<&Preview<InCluster<T>>> = tried.iter().filter_map(|index| requests.get(*index)).collect();
    for (index, problem) in tried.iter().zip(attempt(context, &open)) {
        if let (Some(problem), Some(place)) = (problem, planned.get_mut(*index)) {
            *place = Err(problem);
        }
    }
    planned
}

/// Is it known which object it is?
fn is_placed<T: Custom>(request: &Preview<InCluster<T>>) -> bool {
    request.known.at("name") && request.known.at("namespace")
}

/// Is there anything to try? Of what stays as it is, nothing is asked.
fn is_open<T: Custom>(request: &Preview<InCluster<T>>) -> bool {
    let same = |inputs: &T::Inputs| serde_json::to_value(inputs).ok() == serde_json::to_value(&request.inputs).ok();
    let unchanged = request.prior.as_ref().and_then(|prior| prior.inputs.as_ref()).is_some_and(same);
    request.known.all() && !unchanged
}

/// What needs no cluster.
fn alone<T: Custom>(request: &Preview<InCluster<T>>) -> Answer<Previewed> {
    if !is_placed(request) {
        return Ok(Previewed::default());
    }
    let here = id::<T>(&request.inputs).place();
    // Under another name it is another object, which begins anew.
    let prior = request.prior.as_ref().filter(|prior| prior.id == here).and_then(|prior| prior.inputs.as_ref());
    if let Some(problem) = prior.and_then(|old| T::refusal(old, &request.inputs, &request.known)) {
        return Err(problem);
    }
    Ok(Previewed { outputs: T::planned(&request.inputs, &request.known), objects: Vec::new() })
}

/// Asks the cluster whose the object is that is there, and what the server would say of the change.
fn attempt<T: Custom>(context: &Context, requests: &[&Preview<InCluster<T>>]) -> Vec<Option<Problem>> {
    let ids: Vec<ObjectId> = requests.iter().map(|request| id::<T>(&request.inputs)).collect();
    let lives = lives(context, &ids);
    let mut problems: Vec<Option<Problem>> = Vec::with_capacity(requests.len());
    let mut applies = Vec::new();
    let mut asked = Vec::new();
    for (index, ((request, live), id)) in requests.iter().zip(lives).zip(&ids).enumerate() {
        let ours = request.prior.as_ref().is_some_and(|prior| prior.id == id.place());
        let live = match live {
            Ok(live) => live.filter(|live| !is_going(live)),
            Err(problem) => {
                problems.push(Some(problem));
                continue;
            }
        };
        // One that was made for this very resource was made by an interrupted run, and this one goes on.
        let owner = live.as_ref().map(|live| mark::owner(live, context, &request.address));
        if let Some(owner) = owner.filter(|owner| !ours && *owner != Owner::Ours) {
            problems.push(Some(foreign(id, &owner)));
            continue;
        }
        let token = live.as_ref().and_then(mark::token).unwrap_or_default();
        let made = object::<T>(&request.inputs).and_then(|mut object| {
            mark::mark(&mut object, Maker { context, address: &request.address, token: &token });
            Apply::new(&object, false)
        });
        problems.push(None);
        match made {
            Ok(apply) => {
                applies.push(apply);
                asked.push(index);
            }
            Err(problem) => problems[index] = Some(problem),
        }
    }
    let Ok(cluster) = cluster(context) else { return problems };
    for (index, answer) in asked.into_iter().zip(cluster.dry_run_all(applies)) {
        // A namespace, the operator or its webhook may be of the same plan and come before.
        problems[index] = answer.err().filter(|problem| !comes_later(problem)).map(explained);
    }
    problems
}

/// Something of the name is there that this resource did not make. A database is never taken over by accident.
pub(super) fn foreign(id: &ObjectId, owner: &Owner) -> Problem {
    let owner = match owner {
        Owner::Another(whose) => whose,
        Owner::Ours => "another making of this resource",
        Owner::Nobody => "made without maps",
    };
    let message = format!("there is a {} {} already: {owner}", id.kind, id.place());
    let place = id.place();
    let help = format!(
        "choose another name, or take it over with `options: {{import: {place}}}`; of a resource that was renamed say \
         so under `moved:`"
    );
    Problem::new(Class::Conflict, "object-of-another", message).at("name").help(help)
}
