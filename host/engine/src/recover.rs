//! Looking back: what became of the operations that began and did not end.
//!
//! Reads only. What is learned becomes journal entries, which apply writes, and operations that
//! go on from their checkpoint.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::journal::{Ended, Entry, OpKind, Recorded};
use crate::name::{Address, OpId};
use crate::problem::Problem;
use crate::provider::{FindOutcome, FindRequest, Object};
use crate::schema::carry_secrecy;
use crate::session::{Asked, Failure, Session};
use crate::state::Operation;
use crate::value::Value;

/// An operation that goes on.
#[derive(Clone, Debug)]
pub struct Resume {
    /// Which.
    pub op: OpId,
    /// As the journal tells it, with the checkpoint from which it goes on; an update without one begins again.
    pub operation: Operation,
}

/// What looking back found.
#[derive(Default)]
pub(crate) struct Found {
    /// To be journalled before anything else is.
    pub(crate) entries: Vec<Entry>,
    /// What goes on.
    pub(crate) resumes: Vec<Resume>,
    /// What an interrupted run made and state did not know.
    pub(crate) adopted: BTreeSet<Address>,
    /// What cannot be told.
    pub(crate) failures: Vec<(Address, Failure)>,
}

/// Looks back at operations of which each plugin's config is known.
pub(crate) async fn look_back(session: &Session<'_>, operations: Vec<(OpId, Operation, Arc<Value>)>) -> Found {
    let mut found = Found::default();
    let mut creates = Vec::new();
    let mut settled = None;
    for (op, operation, config) in operations {
        if operation.does != OpKind::Create && operation.open_calls > 0 {
            // The object is read under its id like any other, once a dead process's last request has had
            // its time to land.
            settled = settled.max(settles_at(session, &operation));
        }
        match operation.does {
            OpKind::Create if operation.touched() => creates.push((op, operation, config)),
            // That the object reads as it should does not say that the service is through with the change: the
            // provider is asked to finish, from the checkpoint or from the beginning.
            OpKind::Update if operation.touched() => found.resumes.push(Resume { op, operation }),
            OpKind::Delete if operation.checkpoint.is_some() => found.resumes.push(Resume { op, operation }),
            OpKind::Create | OpKind::Update | OpKind::Delete => {
                found.entries.push(Entry::End { op, ended: Ended::NoEffect });
            }
        }
    }
    if let Some(at) = settled.filter(|at| *at > session.clock.now()) {
        session.clock.sleep_until(at, true).await;
    }
    let absent = find(session, creates, &mut found).await;
    // Absent counts only after the settle time.
    let wait = absent.iter().filter_map(|(_, operation, _)| settles_at(session, operation)).max();
    let absent = match wait.filter(|at| *at > session.clock.now()) {
        Some(at) => {
            session.clock.sleep_until(at, true).await;
            find(session, absent, &mut found).await
        }
        None => absent,
    };
    found.entries.extend(absent.into_iter().map(|(op, ..)| Entry::End { op, ended: Ended::NoEffect }));
    found
}

/// When an operation's last call can no longer land.
pub(crate) fn settles_at(session: &Session<'_>, operation: &Operation) -> Option<u64> {
    let settle =
        session.schema(&operation.object.kind).map_or(crate::schema::DEFAULT_SETTLE_MS, |schema| schema.settle_ms);
    operation.last_call_at.map(|at| at + settle)
}

/// Asks for each create's object by its token; returns those that are not there.
async fn find(
    session: &Session<'_>,
    creates: Vec<(OpId, Operation, Arc<Value>)>,
    found: &mut Found,
) -> Vec<(OpId, Operation, Arc<Value>)> {
    let requests = creates.iter().filter_map(|(_, operation, config)| {
        let request = request(operation)?;
        Some(Asked { kind: request.kind.clone(), config: Arc::clone(config), request })
    });
    let outcomes = ask(session, requests.collect()).await;
    let mut absent = Vec::new();
    for ((op, operation, config), outcome) in creates.into_iter().zip(outcomes) {
        let address = operation.address.clone();
        match outcome {
            Ok(FindOutcome::Absent) => absent.push((op, operation, config)),
            Ok(FindOutcome::Found(object)) => {
                let object = record(session, &operation.object, object);
                found.adopted.insert(address);
                found.entries.push(Entry::End { op, ended: Ended::Applied { object } });
            }
            Ok(FindOutcome::Unfinished(object, checkpoint)) => {
                let half = record(session, &operation.object, object);
                let id = Some(half.id);
                // If it is not wanted any more, a delete goes by what it has made so far.
                let object = Recorded { outputs: half.outputs, ..operation.object };
                let operation = Operation { id, object, checkpoint: Some(checkpoint), ..operation };
                found.resumes.push(Resume { op, operation });
            }
            Ok(FindOutcome::Unusable(object, _)) => {
                let object = record(session, &operation.object, object);
                found.entries.push(Entry::End { op, ended: Ended::Unusable { object } });
            }
            Ok(FindOutcome::Failed(problem)) => found.failures.push((address, problem.into())),
            Err(failure) => found.failures.push((address, failure)),
        }
    }
    absent
}

fn request(operation: &Operation) -> Option<FindRequest> {
    Some(FindRequest {
        kind: operation.object.kind.clone(),
        address: operation.address.clone(),
        inputs: operation.object.inputs.clone(),
        token: operation.object.token.clone()?,
        checkpoint: operation.checkpoint.clone(),
        planned: operation.planned.clone(),
    })
}

async fn ask(session: &Session<'_>, requests: Vec<Asked<FindRequest>>) -> Vec<Result<FindOutcome, Failure>> {
    fn failed(outcome: &FindOutcome) -> Option<&Problem> {
        match outcome {
            FindOutcome::Failed(problem) => Some(problem),
            _ => None,
        }
    }
    let session = *session;
    session
        .ask(requests, failed, &move |provider, config, batch| {
            Box::pin(async move { provider.find(&session.call(&config), batch).await })
        })
        .await
}

/// An object as state keeps it: secrets marked, ephemeral outputs left out.
pub(crate) fn record(session: &Session<'_>, like: &Recorded, object: Object) -> Recorded {
    let Object { id, inputs, mut outputs } = object;
    let mut inputs = carry_secrecy(&like.inputs, inputs);
    if let Ok(schema) = session.schema(&like.kind) {
        if let Value::Map(map) = &mut outputs {
            schema.ephemeral_outputs().for_each(|name| drop(map.remove(name)));
        }
        inputs = schema.inputs.mark_secrets(inputs);
        outputs = schema.outputs.mark_secrets(outputs);
    }
    Recorded { id, inputs, outputs, ..like.clone() }
}

/// By address, what goes on there.
pub(crate) fn by_address(resumes: Vec<Resume>) -> BTreeMap<Address, Vec<Resume>> {
    let mut map: BTreeMap<Address, Vec<Resume>> = BTreeMap::new();
    for resume in resumes {
        map.entry(resume.operation.address.clone()).or_default().push(resume);
    }
    map
}
