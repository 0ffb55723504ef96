//! Making and changing objects, and waiting until the operator has done what they ask for.

use maps_sdk::kube::{Apply, Cluster};
use maps_sdk::{Class, Context, Create, Outcome, Problem, Progress, Resource, Step, Update};
use serde_json::Value;

use super::{Answer, Custom, InCluster, Place, State, Waiting, calls, object, place, plan, told};
use crate::fields::kept;
use crate::time::Taken;

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
    fn wanted(&self, context: &Context, place: &Place, live: Option<&Value>) -> Answer<Option<Apply>> {
        if let Some(live) = live.filter(|live| place::is_going(live)) {
            let message = format!("{} {} is still being deleted", T::KIND, place.id());
            let problem = Problem::new(Class::Unavailable, "still-going", message);
            let held = live.pointer("/metadata/finalizers").and_then(Value::as_array).is_some_and(|of| !of.is_empty());
            return Err(if held { problem.help("what holds its finalizers has to let go") } else { problem });
        }
        let token = match (self.token, live) {
            (Some(token), Some(live)) if place::token(live) != Some(token) => {
                return Err(plan::foreign(T::KIND, place, live));
            }
            (Some(token), _) => token,
            (None, Some(live)) if self.is_done(live) => return Ok(None),
            (None, Some(live)) => place::token(live).unwrap_or_default(),
            (None, None) => return Err(gone::<T>(place)),
        };
        let mut object = object::<T>(self.inputs)?;
        // An imported one is marked by its first change.
        place::mark(&mut object, context, self.address, token);
        Apply::new(&object, false).map(Some)
    }
}

fn gone<T: Custom>(place: &Place) -> Problem {
    let message = format!("{} {} is gone", T::KIND, place.id());
    Problem::new(Class::NotFound, "object-gone", message).help("plan again: it will be made anew")
}

/// Applies what is new, and looks at what was applied before.
pub(super) fn write<T: Custom>(context: &Context, tasks: &[Task<'_, T>]) -> Vec<Outcome<InCluster<T>>> {
    let cluster = match calls::cluster(context) {
        Ok(cluster) => cluster,
        Err(problem) => return calls::all_fail(tasks.len(), &problem),
    };
    let places: Vec<Place> = tasks.iter().map(|task| T::place(task.inputs)).collect();
    let lives = calls::fetch(context, T::KIND, &places);
    let mut applies = Vec::new();
    let mut found: Vec<Answer<Found>> = Vec::with_capacity(tasks.len());
    for ((task, place), live) in tasks.iter().zip(&places).zip(lives) {
        found.push(live.and_then(|live| match task.checkpoint {
            Some(_) => live.map(|live| Found::There(live, 0)).ok_or_else(|| gone::<T>(place)),
            None => {
                let generation = live.as_ref().map_or(0, generation);
                match (task.wanted(context, place, live.as_ref())?, live) {
                    (None, Some(live)) => Ok(Found::There(live, generation)),
                    (apply, _) => {
                        applies.extend(apply.map(|apply| (vec![task.step], apply)));
                        Ok(Found::Applied(generation))
                    }
                }
            }
        }));
    }
    let mut applied = cluster.apply_all(applies).into_iter();
    let outcome = |((task, place), found): ((&Task<'_, T>, &Place), Answer<Found>)| {
        let (live, before) = match found? {
            Found::There(live, generation) => (live, generation),
            Found::Applied(generation) => {
                let answer = applied.next().unwrap_or_else(|| Err(calls::no_answer()));
                (answer.map_err(calls::explained)?, generation)
            }
        };
        // What the operator says of an object that was just changed is about the object before: it is asked again.
        let is_new = task.checkpoint.is_none() && generation(&live) != before;
        settled(&cluster, task, place, &live, is_new)
    };
    tasks.iter().zip(&places).zip(found).map(outcome).collect()
}

/// An object before its outcome is known.
enum Found {
    /// It was applied before, or is as it should be.
    There(Value, u64),
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
    place: &Place,
    live: &Value,
    is_new: bool,
) -> Outcome<InCluster<T>> {
    let done = || {
        let inputs = told::<T>(live, Some(task.inputs)).unwrap_or_else(|_| task.inputs.clone());
        let outputs = T::outputs(&inputs, live)?;
        Ok(Progress::Done(Resource { id: place.id(), inputs: task.inputs.clone(), outputs }))
    };
    let Some(patience) = T::patience(task.inputs) else { return done() };
    let taken = task.checkpoint.map_or_else(Taken::begin, |waiting| waiting.taken);
    let long = taken.ms() >= LONG_MS;
    let why = match T::state(task.inputs, live) {
        State::Ready if !is_new => return done(),
        State::Ready => "the operator has not looked at the change yet".to_owned(),
        State::Waits(why) => why,
        State::Failed(why) => {
            let message = format!("{} {}: {why}{}", T::KIND, place.id(), more::<T>(cluster, place));
            return Err(Problem::internal("not-recoverable", message).help("it takes somebody's hand in the cluster"));
        }
    };
    if taken.ms() >= patience {
        let within = patience / 1000;
        let message =
            format!("{} {} is not ready within {within}s: {why}{}", T::KIND, place.id(), more::<T>(cluster, place));
        return Err(Problem::new(Class::Timeout, "timed-out", message)
            .help("mend what it waits for, and run again: nothing is made twice; `timeout` allows more time"));
    }
    let more = if long { more::<T>(cluster, place) } else { String::new() };
    let checkpoint = Waiting { taken: taken.and(AGAIN_MS), uid: None };
    let pending = Progress::pending(checkpoint, AGAIN_MS).id(place.id());
    Ok(pending.note(format!("{} {}: {why}{more}", T::KIND, place.id())))
}

fn more<T: Custom>(cluster: &Cluster, place: &Place) -> String {
    T::explain(cluster, place).into_iter().map(|line| format!("; {line}")).collect()
}
