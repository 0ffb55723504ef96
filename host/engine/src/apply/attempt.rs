//! One provider call for a batch of items: begin durable, call, end durable.

use std::sync::{Arc, OnceLock};

use futures::future::BoxFuture;

use super::ledger::Ledger;
use super::work::{Changing, Item, Making, Next, Removing, Work};
use crate::clock::Entropy;
use crate::diff::diff;
use crate::event::Event;
use crate::journal::{Ended, Entry, Journal, OpKind, Recorded};
use crate::name::OpId;
use crate::plan::{checked, object};
use crate::problem::{Class, Problem};
use crate::provider::{
    CallError, CheckRequest, CreateRequest, DeleteRequest, FindOutcome, FindRequest, Mutation, Object, Outcome,
    Pending, PreviewRequest, Provider, ReadOutcome, ReadRequest, UpdateRequest,
};
use crate::recover::{record, settles_at};
use crate::refresh;
use crate::retry::{self, Verdict};
use crate::session::{Asked, Failure, Session};
use crate::value::{Map, Value};

/// The shortest wait after a pending outcome, so that a plugin cannot make the host spin.
const SHORTEST_PENDING_MS: u64 = 100;

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

    fn judge(&self, mut item: Item, op: OpId, answer: Answer, entries: &mut Vec<Entry>) -> Next {
        let told = matches!(answer, Answer::Made(_) | Answer::Pending(_));
        let superseded = if told { std::mem::take(&mut item.supersedes) } else { Vec::new() };
        let next = self.judged(item, op, answer, entries);
        // Only after the entry that says where this one is: what is under way is its own to finish from there on.
        entries.extend(superseded.into_iter().map(|op| Entry::End { op, ended: Ended::NoEffect }));
        next
    }

    fn judged(&self, item: Item, op: OpId, answer: Answer, entries: &mut Vec<Entry>) -> Next {
        match answer {
            Answer::Made(object) if object.id.is_empty() => {
                let nameless = CallError::Contract {
                    plugin: item.kind().plugin(),
                    operation: "create",
                    message: format!("the object of \"{}\" has no id", item.address),
                };
                self.failed(item, op, nameless.into(), entries)
            }
            Answer::Made(object) => self.made(item, op, object, entries),
            Answer::Gone => {
                entries.push(Entry::End { op, ended: Ended::Removed });
                self.finished(&item);
                let mut item = item;
                let then = match &mut item.work {
                    Work::Delete(removing) => removing.then.take(),
                    _ => None,
                };
                match then {
                    Some(work) => Next::Then(Item { work: *work, attempt: 0, ..item }),
                    None => Next::Removed(item),
                }
            }
            Answer::Pending(pending) => self.pending(item, op, pending, entries),
            Answer::Failed(failure) => self.failed(item, op, failure, entries),
        }
    }

    fn finished(&self, item: &Item) {
        let duration_ms = self.session.clock.now().saturating_sub(item.started);
        self.session.observer.event(&Event::Finished {
            address: item.address.clone(),
            does: item.work.does(),
            duration_ms,
        });
    }

    /// The object is there: recorded, and compared with what is wanted if it is an earlier attempt's.
    fn made(&self, item: Item, op: OpId, object: Object, entries: &mut Vec<Entry>) -> Next {
        let (inputs, token) = match &item.work {
            Work::Create(making) | Work::Find(making) => (&making.inputs, Some(making.token.clone())),
            Work::Update(changing) => (&changing.inputs, changing.prior.token.clone()),
            Work::Check | Work::Delete(_) | Work::Fetch(..) => (&item.wanted, None),
        };
        let like = Recorded { token, inputs: inputs.clone(), ..item.model.clone() };
        let recorded = record(&self.session, &like, object);
        entries.push(Entry::End { op, ended: Ended::Applied { object: recorded.clone() } });
        self.finished(&item);
        if item.compare
            && let Ok(schema) = self.session.schema(&recorded.kind)
        {
            let fields = diff(&schema.inputs, &recorded.inputs, &item.wanted, None);
            if !fields.is_empty() && !fields.iter().any(|field| field.replaces) {
                let changed = fields.into_iter().map(|field| field.path).collect();
                let (inputs, prior) = (item.wanted.clone(), recorded);
                let work = Work::Update(Changing { op: None, inputs, prior, changed, checkpoint: None });
                return Next::Then(Item { work, compare: false, attempt: 0, ..item });
            }
        }
        Next::Made(item, recorded)
    }

    fn pending(&self, mut item: Item, op: OpId, pending: Pending, entries: &mut Vec<Entry>) -> Next {
        let Pending { checkpoint, retry_after_ms, id, note } = pending;
        match &mut item.work {
            Work::Create(making) => {
                making.checkpoint = Some(checkpoint.clone());
                if id.is_some() {
                    making.id.clone_from(&id);
                }
            }
            Work::Update(changing) => changing.checkpoint = Some(checkpoint.clone()),
            Work::Delete(removing) => removing.checkpoint = Some(checkpoint.clone()),
            Work::Check | Work::Find(_) | Work::Fetch(..) => {}
        }
        entries.push(Entry::Checkpoint { op: op.clone(), checkpoint, id });
        item.attempt = 0;
        let wait = retry_after_ms.max(SHORTEST_PENDING_MS);
        let at = self.moment().now.saturating_add(wait);
        if at > item.deadline {
            let waited = item.deadline.saturating_sub(item.started) / 1_000;
            let late = Problem::new(Class::Timeout, "operation-timeout", format!("it is not done after {waited} s"))
                .help("the next run goes on with it; `options.timeouts` allows more time");
            return self.end_failed(item, op, late.into(), entries);
        }
        let address = item.address.clone();
        self.session.observer.event(&Event::Waiting { address, note, retry_after_ms: wait });
        Next::Again(item, at)
    }

    fn failed(&self, item: Item, op: OpId, failure: Failure, entries: &mut Vec<Entry>) -> Next {
        match self.verdict(&item, &failure) {
            Some(at) => Next::Again(self.tried(item, &op, &failure, at), at),
            None => self.end_failed(item, op, failure, entries),
        }
    }

    /// The moment of the answer, which is when this is asked for the first time.
    fn moment(&self) -> &Moment {
        self.moment.get_or_init(|| {
            let mut drawn = [0; 2];
            self.session.entropy.fill(&mut drawn);
            Moment { now: self.session.clock.now(), chance: Chance(drawn) }
        })
    }

    /// When to try again after a failure; none if that is of no use, or too late. What trapped
    /// would trap again.
    fn verdict(&self, item: &Item, failure: &Failure) -> Option<u64> {
        if failure.call.is_some() {
            return None;
        }
        let Moment { now, chance } = self.moment();
        match retry::decide(&failure.problem, item.attempt + 1, chance) {
            Verdict::After(wait) => Some(now.saturating_add(wait)).filter(|at| *at <= item.deadline),
            Verdict::Final => None,
        }
    }

    /// The item as it is tried again: a create that may have made something is looked for first.
    fn tried(&self, mut item: Item, op: &OpId, failure: &Failure, at: u64) -> Item {
        item.attempt += 1;
        self.session.observer.event(&Event::Retrying {
            address: item.address.clone(),
            problem: failure.problem.clone(),
            attempt: item.attempt,
            retry_after_ms: at.saturating_sub(self.session.clock.now()),
        });
        let operation = self.ledger.operation(op);
        let lost = operation.is_some_and(|operation| {
            let unanswered = retry::unanswered(failure.problem.class) || operation.open_calls > 1;
            operation.open_calls > 0 && unanswered
        });
        item.work = match item.work {
            Work::Create(making) if lost => Work::Find(making),
            work => work,
        };
        item
    }

    fn end_failed(&self, item: Item, op: OpId, failure: Failure, entries: &mut Vec<Entry>) -> Next {
        // A host that fails cannot tell more; what is open stays open.
        if !matches!(failure.call, Some(CallError::Host { .. })) {
            let problem = failure.problem.clone();
            entries.push(Entry::End { op, ended: Ended::Failed { problem } });
        }
        Next::Failed(item, failure)
    }

    /// Looks for what creates without an answer may have made.
    async fn find(&self, items: Vec<Item>) -> Vec<Next> {
        let Some(first) = items.first() else { return Vec::new() };
        let config = Arc::clone(&first.config);
        let outcomes = match self.session.provider(first.kind()) {
            Ok(provider) => {
                let call = self.session.call(&config);
                let asked = requests(&items);
                let found: BoxFuture<'_, _> = Box::pin(async move { provider.find(&call, asked).await });
                self.session.in_time(found).await
            }
            Err(failure) => Err(failure),
        };
        let outcomes: Vec<FindOutcome> = match outcomes {
            Ok(outcomes) if outcomes.len() == items.len() => outcomes,
            Ok(_) => items
                .iter()
                .map(|_| FindOutcome::Failed(crate::session::contract("find answered too few").problem))
                .collect(),
            Err(failure) => items.iter().map(|_| FindOutcome::Failed(failure.problem.clone())).collect(),
        };
        let mut entries = Vec::new();
        let next: Vec<Next> =
            items.into_iter().zip(outcomes).map(|(item, outcome)| self.found(item, outcome, &mut entries)).collect();
        match self.append(entries).await {
            Ok(()) => next,
            Err(failure) => next.into_iter().map(|next| Next::Failed(next.item(), failure.clone())).collect(),
        }
    }

    fn found(&self, item: Item, outcome: FindOutcome, entries: &mut Vec<Entry>) -> Next {
        let (op, mut making) = match &item.work {
            Work::Find(Making { op: Some(op), .. }) if matches!(outcome, FindOutcome::Found(_)) => (op.clone(), None),
            Work::Find(making @ Making { op: Some(op), .. }) => (op.clone(), Some(making.clone())),
            _ => {
                let astray =
                    Problem::new(Class::Internal, "engine-defect", "an operation that did not begin was looked for");
                return Next::Failed(item, astray.into());
            }
        };
        match (outcome, making.take()) {
            (FindOutcome::Found(object), _) => {
                self.made(Item { compare: true, found: true, ..item }, op, object, entries)
            }
            (FindOutcome::Unfinished(object, checkpoint), Some(making)) => {
                let id = Some(object.id);
                entries.push(Entry::Checkpoint { op, checkpoint: checkpoint.clone(), id: id.clone() });
                let work = Work::Create(Making { checkpoint: Some(checkpoint), id, ..making });
                Next::Then(Item { work, ..item })
            }
            (FindOutcome::Unusable(object, _), Some(making)) => {
                let like = Recorded { token: Some(making.token), inputs: making.inputs.clone(), ..item.model.clone() };
                let object = record(&self.session, &like, object);
                entries.push(Entry::End { op, ended: Ended::Unusable { object: object.clone() } });
                let (token, inputs) = (self.session.token(), making.inputs);
                let anew = Work::Create(Making { op: None, token, inputs, checkpoint: None, id: None });
                let then = Some(Box::new(anew));
                let work = Work::Delete(Removing { op: None, object, deposed: true, checkpoint: None, then });
                Next::Then(Item { work, ..item })
            }
            (FindOutcome::Absent, Some(making)) => {
                let operation = self.ledger.operation(&op);
                let settled = operation.and_then(|operation| settles_at(&self.session, &operation));
                match settled.filter(|at| *at > self.session.clock.now()) {
                    Some(at) => Next::Again(item, at),
                    None => Next::Then(Item { work: Work::Create(making), ..item }),
                }
            }
            // The operation stays open: the next run looks again.
            (FindOutcome::Failed(problem), _) => match self.verdict(&item, &problem.clone().into()) {
                Some(at) => Next::Again(Item { attempt: item.attempt + 1, ..item }, at),
                None => Next::Failed(item, problem.into()),
            },
            (_, None) => Next::Failed(item, crate::session::contract("find answered what it was not asked")),
        }
    }
}

fn requests(items: &[Item]) -> Vec<FindRequest> {
    let requests = items.iter().filter_map(|item| match &item.work {
        Work::Find(making) => Some(FindRequest {
            kind: item.kind().clone(),
            address: item.address.clone(),
            inputs: making.inputs.clone(),
            token: making.token.clone(),
            checkpoint: making.checkpoint.clone(),
            planned: item.planned.as_ref().map(|(_, objects)| objects.clone()),
        }),
        _ => None,
    });
    requests.collect()
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
