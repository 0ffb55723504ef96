//! Many changes in few calls: parted by what Route 53 takes at once, and where it refuses a batch,
//! parted until only those fail that are to blame.

use std::collections::{BTreeMap, VecDeque};

use maps_sdk::aws::route53;
use maps_sdk::{Class, Problem, Step};

use crate::api::{self, Action, ChangeInfo};
use crate::blame;
use crate::name::{Name, ZoneId};
use crate::wire::RecordSet;

/// What Route 53 takes in one call: so many records, with values of so many characters. Source: its
/// quotas on `ChangeResourceRecordSets`, where an UPSERT counts twice.
const RECORDS: usize = 1_000;
const CHARACTERS: usize = 32_000;
/// The code of AWS for a batch that it refuses as a whole.
const REFUSED: &str = "invalid-change-batch";

/// A change of one record, in the name of a step.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) step: Step,
    pub(crate) zone: ZoneId,
    pub(crate) action: Action,
    pub(crate) record: RecordSet,
}

/// Why a change was not made.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Route 53 refuses this very change, for a reason that it says, besides the problem as a whole.
    Refused(String, Problem),
    /// The call failed, and might have failed for any change.
    Failed(Problem),
}

/// A batch, as places in the list of all changes.
type Batch = Vec<usize>;

/// Makes changes: those of one zone call after call, since Route 53 takes no two at once; those of
/// several zones side by side. Answers in the order of the changes.
pub(crate) fn make(changes: &[Change]) -> Vec<Result<ChangeInfo, Fault>> {
    let mut outcomes: Vec<Option<Result<ChangeInfo, Fault>>> = changes.iter().map(|_| None).collect();
    let mut queues = queues(changes);
    loop {
        queues.retain(|_, batches| !batches.is_empty());
        let turn: Vec<(ZoneId, Batch)> =
            queues.iter_mut().filter_map(|(zone, batches)| Some((zone.clone(), batches.pop_front()?))).collect();
        if turn.is_empty() {
            break;
        }
        for ((zone, batch), answer) in turn.iter().zip(send(changes, &turn)) {
            let Some(queue) = queues.get_mut(zone) else { continue };
            match answer {
                Ok(info) => batch.iter().for_each(|at| outcomes[*at] = Some(Ok(info.clone()))),
                Err(problem) if problem.code == REFUSED => {
                    let (guilty, innocent) = part(changes, batch, &problem);
                    for (at, why) in guilty {
                        outcomes[at] = Some(Err(Fault::Refused(why, problem.clone())));
                    }
                    innocent.into_iter().rev().for_each(|batch| queue.push_front(batch));
                }
                Err(problem) => {
                    // What asks for patience would ask for it again: all that is left goes again together.
                    let rest = match problem.class {
                        Class::Throttled => queue.drain(..).flatten().collect(),
                        _ => Vec::new(),
                    };
                    for at in batch.iter().copied().chain(rest) {
                        outcomes[at] = Some(Err(Fault::Failed(problem.clone())));
                    }
                }
            }
        }
    }
    let unmade = || Err(Fault::Failed(Problem::internal("no-answer", "a change was not sent")));
    outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(unmade)).collect()
}

/// By zone, the batches that are to be sent. An alias goes behind the record that it leads to when it
/// is made, and before it when it is removed.
fn queues(changes: &[Change]) -> BTreeMap<ZoneId, VecDeque<Batch>> {
    let depths = depths(changes);
    let mut places: Vec<usize> = (0..changes.len()).collect();
    places.sort_by_key(|at| match changes[*at].action {
        Action::Delete => usize::MAX - depths[*at],
        Action::Create | Action::Upsert => depths[*at],
    });
    let mut queues: BTreeMap<ZoneId, VecDeque<Batch>> = BTreeMap::new();
    let mut sizes: BTreeMap<ZoneId, (usize, usize)> = BTreeMap::new();
    for at in places {
        let change = &changes[at];
        let times = if change.action == Action::Upsert { 2 } else { 1 };
        let (records, characters) = (change.record.records() * times, change.record.characters() * times);
        let queue = queues.entry(change.zone.clone()).or_default();
        let size = sizes.entry(change.zone.clone()).or_default();
        let full = size.0 + records > RECORDS || size.1 + characters > CHARACTERS;
        match queue.back_mut().filter(|_| !full) {
            Some(batch) => {
                batch.push(at);
                *size = (size.0 + records, size.1 + characters);
            }
            None => {
                queue.push_back(vec![at]);
                *size = (records, characters);
            }
        }
    }
    queues
}

/// How many aliases lie between each record and one with values, among these changes.
fn depths(changes: &[Change]) -> Vec<usize> {
    let place = |change: &Change| (change.zone.clone(), Name::new(&change.record.name), change.record.kind.clone());
    let targets: Vec<Option<_>> = changes
        .iter()
        .map(|change| {
            let target = change.record.alias_target.as_ref()?;
            Some((ZoneId::new(&target.hosted_zone_id), Name::new(&target.dns_name), change.record.kind.clone()))
        })
        .collect();
    if targets.iter().all(Option::is_none) {
        return vec![0; changes.len()];
    }
    let by_place: BTreeMap<_, usize> = changes.iter().enumerate().map(|(at, change)| (place(change), at)).collect();
    let depth = |at: usize| {
        let (mut at, mut depth) = (at, 0);
        // A ring of aliases is refused by Route 53; here it only has to end.
        while let Some(target) = targets[at].as_ref().filter(|_| depth <= changes.len()) {
            depth += 1;
            match by_place.get(target) {
                Some(next) => at = *next,
                None => break,
            }
        }
        depth
    };
    (0..changes.len()).map(depth).collect()
}

fn send(changes: &[Change], turn: &[(ZoneId, Batch)]) -> Vec<Result<ChangeInfo, Problem>> {
    let mut writes = Vec::new();
    let mut kept = Vec::new();
    for (zone, batch) in turn {
        let list: Vec<api::Change> = batch
            .iter()
            .map(|at| &changes[*at])
            .map(|change| api::Change { action: change.action, resource_record_set: change.record.clone() })
            .collect();
        let steps = batch.iter().map(|at| changes[*at].step).collect();
        kept.push(api::change(zone, &list).map(|call| writes.push((steps, call))).err());
    }
    let mut answers = route53::write_all(writes).into_iter();
    let none = || Err(Problem::internal("no-answer", "the host answered nothing"));
    let each = kept.into_iter().map(|problem| match problem {
        Some(problem) => Err(problem),
        None => api::changed(answers.next().unwrap_or_else(none)),
    });
    each.collect()
}

/// Parts a refused batch into those that are to blame, each with why, and batches of those that go
/// again: all others together, or halves where nobody can be told from the message.
fn part(changes: &[Change], batch: &[usize], problem: &Problem) -> (Vec<(usize, String)>, Vec<Batch>) {
    if let [only] = batch {
        let mistakes = blame::mistakes(&problem.message);
        return (vec![(*only, mistakes.join(", "))], Vec::new());
    }
    let records: Vec<&RecordSet> = batch.iter().map(|at| &changes[*at].record).collect();
    let blamed = blame::blamed(&problem.message, &records);
    let (mut guilty, mut innocent) = (Vec::new(), Vec::new());
    for (at, why) in batch.iter().zip(blamed) {
        match why {
            Some(why) => guilty.push((*at, why.to_owned())),
            None => innocent.push(*at),
        }
    }
    match (guilty.is_empty(), innocent.is_empty()) {
        (true, _) => {
            let (first, second) = batch.split_at(batch.len() / 2);
            (guilty, vec![first.to_vec(), second.to_vec()])
        }
        (false, true) => (guilty, Vec::new()),
        (false, false) => (guilty, vec![innocent]),
    }
}
