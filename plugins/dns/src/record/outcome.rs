//! What becomes of creates and updates: changes are made, waited for, and told when they fail.

use std::collections::BTreeMap;

use maps_sdk::{Class, Outcome, Problem, Progress, Resource};

use super::Record;
use crate::api::{self, ChangeInfo};
use crate::batch::Answer;
use crate::blame::Mistake;
use crate::change::{self, Change, Fault};
use crate::content::{self, Key};
use crate::model::{Checkpoint, Inputs};
use crate::name::ZoneId;
use crate::wire::RecordSet;

/// After how long a change is asked about, for the first time and later: it takes up to a minute.
const FIRST_MS: u64 = 5_000;
const NEXT_MS: u64 = 10_000;
const LATER_MS: u64 = 15_000;

/// Where a request stands.
pub(super) enum Stage {
    /// It is as it should be.
    Done,
    /// Its change has been taken.
    Waits(Checkpoint),
    /// This is to be done.
    Changes(Box<Change>),
    /// It cannot be done.
    Failed(Problem),
}

impl Stage {
    /// This is to be done.
    pub(super) fn changes(change: Change) -> Self {
        Self::Changes(Box::new(change))
    }
}

/// Brings all requests on: all changes are made in few calls, and each change is asked about once.
pub(super) fn carry_out(requests: Vec<(Inputs, Stage)>) -> Vec<Outcome<Record>> {
    let changes: Vec<Change> = requests
        .iter()
        .filter_map(|(_, stage)| match stage {
            Stage::Changes(change) => Some(Change::clone(change)),
            _ => None,
        })
        .collect();
    let spread = Spread::of(requests.iter().filter_map(|(_, stage)| match stage {
        Stage::Waits(checkpoint) => Some(checkpoint.change.as_str()),
        _ => None,
    }));
    let mut made = change::make(&changes).into_iter();
    let each = requests.into_iter().map(|(inputs, stage)| match stage {
        Stage::Done => Ok(Progress::Done(content::made(inputs))),
        Stage::Failed(problem) => Err(problem),
        Stage::Waits(checkpoint) => match spread.is_over(&checkpoint.change)? {
            true => Ok(Progress::Done(content::made(inputs))),
            false => Ok(waits(&inputs, Checkpoint { polls: checkpoint.polls + 1, ..checkpoint })),
        },
        Stage::Changes(_) => match made.next() {
            Some(Ok(info)) if info.is_in_sync() => Ok(Progress::Done(content::made(inputs))),
            Some(Ok(info)) => Ok(waits(&inputs, Checkpoint { change: info.id, polls: 0 })),
            Some(Err(fault)) => Err(failed(Some(&inputs.zone), &Key::of(&inputs), fault)),
            None => Err(Problem::internal("no-answer", "a change has no answer")),
        },
    });
    each.collect()
}

/// How far changes have spread, each asked about once.
struct Spread(BTreeMap<String, Answer<ChangeInfo>>);

impl Spread {
    fn of<'i>(ids: impl Iterator<Item = &'i str>) -> Self {
        let mut ids: Vec<&str> = ids.collect();
        ids.sort_unstable();
        ids.dedup();
        let answers = api::changes(ids.iter().copied());
        Self(ids.iter().map(|id| (*id).to_owned()).zip(answers).collect())
    }

    fn is_over(&self, id: &str) -> Answer<bool> {
        match self.0.get(id) {
            Some(Ok(info)) => Ok(info.is_in_sync()),
            // Route 53 forgets a change only long after it has spread.
            Some(Err(problem)) if problem.code == "no-such-change" => Ok(true),
            Some(Err(problem)) => Err(problem.clone()),
            None => Ok(false),
        }
    }
}

fn waits(inputs: &Inputs, checkpoint: Checkpoint) -> Progress<Resource<Record>, Checkpoint> {
    let wait = match checkpoint.polls {
        0 => FIRST_MS,
        1 => NEXT_MS,
        _ => LATER_MS,
    };
    let id = Key::of(inputs).id(&inputs.zone);
    Progress::pending(checkpoint, wait).id(id).note("the change is on its way to the name servers")
}

/// A record is where one was to be made.
pub(super) fn exists(zone: &ZoneId, key: &Key, there: Option<&RecordSet>) -> Problem {
    let holds = there.map(|set| format!(", and holds {}", content::holds(set))).unwrap_or_default();
    let message = format!("the record {key} is in the zone {zone} already{holds}");
    let help = format!(
        "take it over with `options: {{import: {:?}}}`, use `moved:` if the stack has it under another address, or \
         choose another name",
        key.id(zone)
    );
    Problem::new(Class::Conflict, "record-exists", message).at("name").help(help)
}

/// Two resources of a stack are one record.
pub(super) fn twice(key: &Key) -> Problem {
    let message = format!("another resource of the stack is the record {key} already");
    let help = "put the values of both into one, or give each a set_identifier and a policy";
    Problem::new(Class::Conflict, "record-twice", message).at("name").help(help)
}

/// Why a change of a record was not made.
pub(super) fn failed(zone: Option<&ZoneId>, key: &Key, fault: Fault) -> Problem {
    let (why, problem) = match fault {
        Fault::Failed(problem) => return problem,
        Fault::Refused(why, problem) => (why, problem),
    };
    let request = problem.message.rsplit_once(" (request ").map(|(_, id)| format!(" (request {id}"));
    let says = |what: String| format!("{what}{}", request.clone().unwrap_or_default());
    match Mistake::told(&why) {
        Mistake::Exists if let Some(zone) = zone => {
            let exists = exists(zone, key, None);
            Problem { message: says(exists.message.clone()), ..exists }
        }
        Mistake::Changed => {
            let message = says(format!("the record {key} was changed while it was to be removed"));
            // Read again, and removed as it is then.
            Problem::new(Class::Unavailable, "record-changed", message)
        }
        Mistake::Apex => {
            let message = says(format!("{key} would be at the zone's own name, where no CNAME can be"));
            Problem::invalid("cname-at-apex", message).at("type").help("use an `alias` of type A and AAAA")
        }
        Mistake::Outside => {
            let message = says(format!("the name {} is not in the zone", key.name));
            Problem::invalid("outside-zone", message).at("name").help("a record's name ends with that of its zone")
        }
        _ => {
            let message = says(format!("Route 53 refuses the record {key}: {why}"));
            Problem { message, path: Some("name".to_owned()), ..problem }
        }
    }
}
