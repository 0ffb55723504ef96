//! One provider call for a batch of items: begin durable, call, end durable.

mod find;
mod judge;

use std::sync::{Arc, OnceLock};

use futures::future::BoxFuture;

use super::ledger::Ledger;
use super::work::{Changing, Item, Making, Next, Removing, Work};
use crate::clock::Entropy;
use crate::event::Event;
use crate::journal::{Entry, Journal, OpKind, Recorded};
use crate::name::OpId;
use crate::plan::{checked, object};
use crate::problem::{Class, Problem};
use crate::provider::{
    CallError, CheckRequest, CreateRequest, DeleteRequest, Mutation, Object, Outcome, Pending, PreviewRequest,
    Provider, ReadOutcome, ReadRequest, UpdateRequest,
};
use crate::refresh;
use crate::session::{Asked, Failure, Session};
use crate::value::{Map, Value};

/// Carries out a batch: all items have the same sort of work, the same kind, the same config.
pub(super) async fn attempt(
    session: Session<'_>,
    ledger: Arc<Ledger>,
    items: Vec<Item>,
    ephemeral: Vec<String>,
) -> Vec<Next> {
    let batch = Batch { session, ledger, moment: OnceLock::new() };
    match items.first().map(|item| &item.work) {
        None => Vec::new(),
        Some(Work::Check) => batch.check(items).await,
        Some(Work::Find(_)) => batch.find(items).await,
        Some(Work::Fetch(..)) => batch.fetch(items, ephemeral).await,
        Some(Work::Create(_) | Work::Update(_) | Work::Delete(_)) => batch.mutate(items).await,
    }
}

struct Batch<'a> {
    session: Session<'a>,
    ledger: Arc<Ledger>,
    moment: OnceLock<Moment>,
}

/// When a batch was answered, and what chance adds to its waits: one of each for all of its items, so
/// that what has to wait for the same goes on as one batch again.
struct Moment {
    now: u64,
    chance: Chance,
}

/// Randomness that was drawn once.
struct Chance([u8; 2]);

impl Entropy for Chance {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.iter_mut().zip(self.0.iter().cycle()).for_each(|(byte, drawn)| *byte = *drawn);
    }
}

/// The answer to one item of a mutation.
enum Answer {
    Made(Object),
    Gone,
    Pending(Pending),
    Failed(Failure),
}

impl Batch<'_> {
    async fn check(&self, items: Vec<Item>) -> Vec<Next> {
        let requests = items.iter().map(|item| {
            let (kind, address) = (item.kind().clone(), item.address.clone());
            let request = CheckRequest { kind: kind.clone(), address, inputs: item.wanted.clone() };
            Asked { kind, config: Arc::clone(&item.config), request }
        });
        let outcomes = checked(&self.session, requests.collect()).await;
        let next = items.into_iter().zip(outcomes).map(|(item, outcome)| match outcome {
            Ok(Ok(inputs)) => {
                let inputs = crate::schema::carry_secrecy(&item.wanted, inputs);
                Next::Checked(item, inputs)
            }
            Ok(Err(problems)) => {
                let unsaid = || Problem::new(Class::Invalid, "invalid", "the inputs are refused");
                Next::Failed(item, problems.into_iter().next().unwrap_or_else(unsaid).into())
            }
            Err(failure) => Next::Failed(item, failure),
        });
        next.collect()
    }

    async fn fetch(&self, items: Vec<Item>, ephemeral: Vec<String>) -> Vec<Next> {
        let mut asked = Vec::new();
        let mut requests = Vec::new();
        for item in items {
            let Work::Fetch(recorded, _) = &item.work else { continue };
            let (kind, address) = (recorded.kind.clone(), item.address.clone());
            let request =
                ReadRequest { kind: kind.clone(), address, prior: object(recorded), ephemeral: ephemeral.clone() };
            requests.push(Asked { kind, config: Arc::clone(&item.config), request });
            let recorded = recorded.clone();
            asked.push((item, recorded));
        }
        let outcomes = refresh::read(&self.session, requests).await;
        let next = asked.into_iter().zip(outcomes).map(|((item, recorded), outcome)| match outcome {
            Ok(ReadOutcome::Found(now)) => {
                let outputs = now.outputs.as_map().cloned().unwrap_or_default();
                let outputs = outputs.into_iter().filter(|(name, _)| ephemeral.contains(name)).collect::<Map>();
                Next::Fetched(item, recorded, outputs)
            }
            Ok(ReadOutcome::Absent) => {
                let gone =
                    Problem::new(Class::NotFound, "made-and-gone", "the object was made and is not there to be read");
                Next::Failed(item, gone.into())
            }
            Ok(ReadOutcome::Failed(problem)) => Next::Failed(item, problem.into()),
            Err(failure) => Next::Failed(item, failure),
        });
        next.collect()
    }

    async fn mutate(&self, mut items: Vec<Item>) -> Vec<Next> {
        let Some(kind) = items.first().map(|item| item.kind().clone()) else { return Vec::new() };
        let provider = match self.session.provider(&kind) {
            Ok(provider) => Arc::clone(provider),
            Err(failure) => return items.into_iter().map(|item| Next::Failed(item, failure.clone())).collect(),
        };
        // Before they begin: what a crash leaves can then be held against what was planned.
        let unseen = self.preview(&provider, &mut items).await;
        let mut begins = Vec::new();
        let ops: Vec<OpId> = items.iter_mut().map(|item| self.begin(item, &mut begins)).collect();
        if let Err(failure) = self.append(begins).await {
            return items.into_iter().map(|item| Next::Failed(item, failure.clone())).collect();
        }
        let (ready, of_ready): (Vec<Item>, Vec<OpId>) = (items.iter().zip(&ops).zip(&unseen))
            .filter(|(_, unseen)| unseen.is_none())
            .map(|((item, op), _)| (item.clone(), op.clone()))
            .unzip();
        let mut answered = match self.call(provider, &ready, &of_ready).await {
            Ok(answers) => answers,
            Err(failure) => ready.iter().map(|_| Answer::Failed(failure.clone())).collect(),
        }
        .into_iter();
        let answers = unseen.into_iter().map(|unseen| match unseen {
            Some(failure) => Answer::Failed(failure),
            None => answered
                .next()
                .unwrap_or_else(|| Answer::Failed(crate::session::contract("a mutation answered too few"))),
        });
        let answers: Vec<Answer> = answers.collect();
        let mut entries = Vec::new();
        let judged = items.into_iter().zip(ops).zip(answers);
        let next: Vec<Next> = judged.map(|((item, op), answer)| self.judge(item, op, answer, &mut entries)).collect();
        match self.append(entries).await {
            Ok(()) => next,
            Err(failure) => next.into_iter().map(|next| Next::Failed(next.item(), failure.clone())).collect(),
        }
    }

    /// Asks once more for the objects that a step will write, where the plan could not know them; what failed
    /// of it, by item.
    async fn preview(&self, provider: &Arc<dyn Provider>, items: &mut [Item]) -> Vec<Option<Failure>> {
        let mut failed: Vec<Option<Failure>> = items.iter().map(|_| None).collect();
        let Some(first) = items.first() else { return failed };
        if !self.session.schema(first.kind()).is_ok_and(|schema| schema.previews) {
            return failed;
        }
        let wanted = items.iter().enumerate().filter_map(|(at, item)| {
            let (inputs, prior) = match &item.work {
                Work::Create(making) => (&making.inputs, None),
                Work::Update(changing) => (&changing.inputs, Some(object(&changing.prior))),
                _ => return None,
            };
            let there = item.planned.as_ref().is_some_and(|(of, _)| of == inputs);
            let (kind, address) = (item.kind().clone(), item.address.clone());
            (!there).then(|| (at, PreviewRequest { kind, address, inputs: inputs.clone(), prior }))
        });
        let (places, requests): (Vec<usize>, Vec<_>) = wanted.unzip();
        if requests.is_empty() {
            return failed;
        }
        let inputs: Vec<Value> = requests.iter().map(|request| request.inputs.clone()).collect();
        let config = Arc::clone(&first.config);
        let call = self.session.call(&config);
        let asked: BoxFuture<'_, _> = Box::pin(provider.preview(&call, requests));
        let previews = match self.session.in_time(asked).await {
            Ok(previews) if previews.len() == places.len() => previews,
            Ok(_) => {
                let short = crate::session::contract("preview answered too few");
                places.iter().for_each(|at| failed[*at] = Some(short.clone()));
                return failed;
            }
            Err(failure) => {
                places.iter().for_each(|at| failed[*at] = Some(failure.clone()));
                return failed;
            }
        };
        for ((at, inputs), preview) in places.into_iter().zip(inputs).zip(previews) {
            match preview.and_then(|preview| preview.keys()) {
                Ok(objects) => items[at].planned = Some((inputs, objects)),
                Err(problem) => failed[at] = Some(problem.into()),
            }
        }
        failed
    }

    async fn append(&self, entries: Vec<Entry>) -> Result<(), Failure> {
        let host = |error: crate::JournalError| Failure::from(CallError::Host { message: error.to_string() });
        self.ledger.append(entries).await.map_err(host)
    }

    /// The item's operation; announces it if it is new.
    fn begin(&self, item: &mut Item, begins: &mut Vec<Entry>) -> OpId {
        let fresh = || self.session.op();
        let model = &item.model;
        let (op, object, deposed) = match &mut item.work {
            Work::Create(Making { op, token, inputs, .. }) => {
                let (token, inputs) = (Some(token.clone()), inputs.clone());
                (op, Recorded { id: String::new(), token, inputs, outputs: Value::Null, ..model.clone() }, false)
            }
            Work::Update(Changing { op, inputs, prior, .. }) => {
                let (id, token) = (prior.id.clone(), prior.token.clone());
                let (inputs, outputs) = (inputs.clone(), prior.outputs.clone());
                (op, Recorded { id, token, inputs, outputs, ..model.clone() }, false)
            }
            Work::Delete(Removing { op, object, deposed, .. }) => (op, object.clone(), *deposed),
            // Only mutations begin.
            Work::Check | Work::Find(_) | Work::Fetch(..) => return fresh(),
        };
        if let Some(op) = op {
            return op.clone();
        }
        let new = fresh();
        *op = Some(new.clone());
        if item.homeless {
            begins.push(Entry::Learned { address: item.address.clone(), object: None });
            item.homeless = false;
        }
        let (address, does) = (item.address.clone(), item.work.does());
        self.session.observer.event(&Event::Started { address: address.clone(), does });
        let at = self.session.clock.now();
        let planned = item.planned.as_ref().filter(|_| !matches!(item.work, Work::Delete(_)));
        let planned = planned.map(|(_, objects)| objects.clone());
        begins.push(Entry::Begin { op: new.clone(), does, address, object, deposed, planned, at });
        new
    }

    async fn call(&self, provider: Arc<dyn Provider>, items: &[Item], ops: &[OpId]) -> Result<Vec<Answer>, Failure> {
        let Some(first) = items.first() else { return Ok(Vec::new()) };
        let config = Arc::clone(&first.config);
        let call = self.session.call(&config);
        let journal: Arc<dyn Journal> = Arc::<Ledger>::clone(&self.ledger);
        let (mut creates, mut updates, mut deletes) = (Vec::new(), Vec::new(), Vec::new());
        for (item, op) in items.iter().zip(ops) {
            let mutation = |checkpoint: &Option<Value>| Mutation {
                op: op.clone(),
                kind: item.kind().clone(),
                address: item.address.clone(),
                checkpoint: checkpoint.clone(),
                planned: match &item.work {
                    Work::Delete(_) => Vec::new(),
                    _ => item.planned.as_ref().map(|(_, objects)| objects.clone()).unwrap_or_default(),
                },
            };
            match &item.work {
                Work::Create(Making { token, inputs, checkpoint, id, .. }) => creates.push(CreateRequest {
                    mutation: mutation(checkpoint),
                    inputs: inputs.clone(),
                    token: token.clone(),
                    id: id.clone(),
                }),
                Work::Update(Changing { inputs, prior, changed, checkpoint, .. }) => updates.push(UpdateRequest {
                    mutation: mutation(checkpoint),
                    inputs: inputs.clone(),
                    prior: object(prior),
                    changed: changed.clone(),
                }),
                Work::Delete(Removing { object: old, checkpoint, .. }) => {
                    deletes.push(DeleteRequest { mutation: mutation(checkpoint), prior: object(old) });
                }
                Work::Check | Work::Find(_) | Work::Fetch(..) => {}
            }
        }
        let answers: BoxFuture<'_, Result<Vec<Answer>, CallError>> = Box::pin(async move {
            Ok(match first.work.does() {
                OpKind::Create => provider.create(&call, &journal, creates).await?.into_iter().map(made).collect(),
                OpKind::Update => provider.update(&call, &journal, updates).await?.into_iter().map(made).collect(),
                OpKind::Delete => provider.delete(&call, &journal, deletes).await?.into_iter().map(gone).collect(),
            })
        });
        let answers = self.session.in_time(answers).await?;
        if answers.len() == items.len() {
            return Ok(answers);
        }
        Err(CallError::Contract {
            plugin: first.kind().plugin(),
            operation: match first.work.does() {
                OpKind::Create => "create",
                OpKind::Update => "update",
                OpKind::Delete => "delete",
            },
            message: format!("{} outcomes for {} requests", answers.len(), items.len()),
        }
        .into())
    }
}

fn made(outcome: Outcome<Object>) -> Answer {
    match outcome {
        Outcome::Done(object) => Answer::Made(object),
        Outcome::Pending(pending) => Answer::Pending(pending),
        Outcome::Failed(problem) => Answer::Failed(problem.into()),
    }
}

fn gone(outcome: Outcome<()>) -> Answer {
    match outcome {
        Outcome::Done(()) => Answer::Gone,
        Outcome::Pending(pending) => Answer::Pending(pending),
        Outcome::Failed(problem) => Answer::Failed(problem.into()),
    }
}
