//! Making and changing objects, and waiting until the operator has done what they ask for.

use maps_kube_objects::cluster::cluster;
use maps_kube_objects::id::ObjectId;
use maps_kube_objects::mark::{self, Maker};
use maps_kube_objects::ready::Status;
use maps_kube_objects::remove::{holds, is_going};
use maps_kube_objects::taken::Taken;
use maps_sdk::kube::{Apply, Cluster};
use maps_sdk::{Class, Context, Create, Outcome, Problem, Progress, Resource, Step, Update};
use serde_json::Value;

use super::{Answer, Custom, InCluster, Waiting, all_fail, explained, id, lives, no_answer, object, plan, told};
use crate::fields::kept;

/// How long until what is not ready is looked at again.
const AGAIN_MS: u64 = 5_000;
/// After so long it is asked why.
const LONG_MS: u64 = 60_000;

/// One object that is written.
pub(super) struct Task<'a, T: Custom> {
    step: Step,
    address: &'a str,
    inputs: &'a T::Inputs,
    /// Of a create: whatever carries another token is somebody else's.
    token: Option<&'a str>,
    /// Of an update: what was set before.
    before: Option<&'a T::Inputs>,
    checkpoint: Option<&'a Waiting>,
}

impl<'a, T: Custom> Task<'a, T> {
    pub(super) fn of_create(request: &'a Create<InCluster<T>>) -> Self {
        let (step, address, inputs) = (request.step(), request.address.as_str(), &request.inputs);
        let (token, checkpoint) = (Some(request.token.as_str()), request.checkpoint.as_ref());
        Self { step, address, inputs, token, before: None, checkpoint }
    }

    pub(super) fn of_update(request: &'a Update<InCluster<T>>) -> Self {
        let (step, address, inputs) = (request.step(), request.address.as_str(), &request.inputs);
        let (before, checkpoint) = (request.prior.inputs.as_ref(), request.checkpoint.as_ref());
        Self { step, address, inputs, token: None, before, checkpoint }
    }

    /// Is it as it should be, with nothing left of what was set before and is not any more?
    fn is_done(&self, live: &Value) -> bool {
        let found = |known: &T::Inputs| serde_json::to_value(told::<T>(live, Some(known)).ok()?).ok();
        let Some(wanted) = serde_json::to_value(self.inputs).ok() else { return false };
        let left = self.before.is_some_and(|before| found(before).is_none_or(|all| kept(all.clone(), &wanted) != all));
        !left && found(self.inputs).is_some_and(|found| found == wanted)
    }

    /// What is to be applied over what is there, if anything is.
    fn wanted(&self, context: &Context, id: &ObjectId, live: Option<&Value>) -> Answer<Option<Apply>> {
        if let Some(live) = live.filter(|live| is_going(live)) {
            let message = format!("{} is still being deleted{}", id.shown(), holds(live));
            let problem = Problem::new(Class::Unavailable, "still-going", message);
            return Err(problem.help("what holds its finalizers, if it has any, has to let go"));
        }
        let token = match (self.token, live) {
            (Some(token), Some(live)) if !mark::carries(live, token) => {
                return Err(plan::foreign(id, &mark::owner(live, context, self.address)));
            }
            (Some(token), _) => token.to_owned(),
            (None, Some(live)) if self.is_done(live) => return Ok(None),
            (None, Some(live)) => mark::token(live).unwrap_or_default(),
            (None, None) => return Err(gone(id)),
        };
        let mut object = object::<T>(self.inputs)?;
        // An imported one is marked by its first change.
        mark::mark(&mut object, Maker { context, address: self.address, token: &token });
        Apply::new(&object, false).map(Some)
    }
}

fn gone(id: &ObjectId) -> Problem {
    let message = format!("{} is gone", id.shown());
    Problem::new(Class::NotFound, "object-gone", message).help("plan again: it will be made anew")
}

/// Applies what is new, and looks at what was applied before.
pub(super) fn write<T: Custom>(context: &Context, tasks: &[Task<'_, T>]) -> Vec<Outcome<InCluster<T>>> {
    let cluster = match cluster(context) {
        Ok(cluster) => cluster,
        Err(problem) => return all_fail(tasks.len(), &problem),
    };
    let ids: Vec<ObjectId> = tasks.iter().map(|task| id::<T>(task.inputs)).collect();
    let lives = lives(context, &ids);
    let mut applies = Vec::new();
    let mut found: Vec<Answer<Found>> = Vec::with_capacity(tasks.len());
    for ((task, id), live) in tasks.iter().zip(&ids).zip(lives) {
        found.push(live.and_then(|live| match task.checkpoint {
            Some(_) => live.map(|live| Found::There(live, false)).ok_or_else(|| gone(id)),
            None => {
                let generation = live.as_ref().map_or(0, generation);
                match (task.wanted(context, id, live.as_ref())?, live) {
                    // An attempt that was cut off changed it: how long ago nobody knows.
                    (None, Some(live)) => Ok(Found::There(live, true)),
                    (apply, _) => {
                        applies.extend(apply.map(|apply| (vec![task.step], apply)));
                        Ok(Found::Applied(generation))
                    }
                }
            }
        }));
    }
    let mut applied = cluster.apply_all(applies).into_iter();
    let outcome = |((task, id), found): ((&Task<'_, T>, &ObjectId), Answer<Found>)| {
        // What the operator says of an object that was just changed is about the object before: it is asked again.
        let (live, is_new) = match found? {
            Found::There(live, is_new) => (live, is_new),
            Found::Applied(before) => {
                let live = applied.next().unwrap_or_else(|| Err(no_answer())).map_err(explained)?;
                let is_new = generation(&live) != before;
                (live, is_new)
            }
        };
        settled(&cluster, task, id, &live, is_new)
    };
    tasks.iter().zip(&ids).zip(found).map(outcome).collect()
}

/// An object before its outcome is known.
enum Found {
    /// It was applied before, or is as it should be; perhaps just now.
    There(Value, bool),
    /// It is applied now, over one of this generation.
    Applied(u64),
}

fn generation(live: &Value) -> u64 {
    live.pointer("/metadata/generation").and_then(Value::as_u64).unwrap_or_default()
}

/// Ready, waited for, or given up.
fn settled<T: Custom>(
    cluster: &Cluster,
    task: &Task<'_, T>,
    id: &ObjectId,
    live: &Value,
    is_new: bool,
) -> Outcome<InCluster<T>> {
    let done = || {
        let inputs = told::<T>(live, Some(task.inputs)).unwrap_or_else(|_| task.inputs.clone());
        let outputs = T::outputs(&inputs, live)?;
        Ok(Progress::Done(Resource { id: id.place(), inputs: task.inputs.clone(), outputs }))
    };
    let Some(patience) = T::patience(task.inputs) else { return done() };
    let taken = task.checkpoint.map_or_else(Taken::begin, |waiting| waiting.taken);
    let long = taken.ms() >= LONG_MS;
    let why = match T::state(task.inputs, live) {
        Status::Ready if !is_new => return done(),
        Status::Ready => "the operator has not looked at the change yet".to_owned(),
        Status::Silent => "CloudNativePG has not looked at it yet".to_owned(),
        Status::Waits(why) => why,
        Status::Failed(why) => {
            let message = format!("{}: {why}{}", id.shown(), more::<T>(cluster, id));
            return Err(Problem::internal("not-recoverable", message).help("it takes somebody's hand in the cluster"));
        }
    };
    if taken.ms() >= patience {
        let within = patience / 1000;
        let message = format!("{} is not ready within {within}s: {why}{}", id.shown(), more::<T>(cluster, id));
        return Err(Problem::internal("timed-out", message)
            .help("mend what it waits for, and run again: nothing is made twice; `timeout` allows more time"));
    }
    let more = if long { more::<T>(cluster, id) } else { String::new() };
    let checkpoint = Waiting { taken: taken.and(AGAIN_MS), uid: None };
    let pending = Progress::pending(checkpoint, AGAIN_MS).id(id.place());
    Ok(pending.note(format!("{}: {why}{more}", id.shown())))
}

fn more<T: Custom>(cluster: &Cluster, id: &ObjectId) -> String {
    T::explain(cluster, id).into_iter().map(|line| format!("; {line}")).collect()
}
