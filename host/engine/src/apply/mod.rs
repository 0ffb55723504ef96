//! Carries a plan out: a short loop over what the schedule says is ready.
//!
//! Nothing is awaited here but provider calls, the journal and the clock. Every begin is durable
//! before its call, every end before what depends on it starts.

mod attempt;
mod cancel;
mod ledger;
mod report;
mod start;
mod work;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use futures::FutureExt;
use futures::future::{BoxFuture, pending};
use futures::stream::{FuturesUnordered, StreamExt};

use crate::event::Event;
use crate::journal::{Ended, Entry, Journal, OpKind, Recorded};
use crate::name::PluginName;
use crate::plan::{Action, Plan, Step, outputs};
use crate::provider::CallError;
use crate::schedule::{Part, Schedule};
use crate::session::{Failure, Session};
use crate::state::{Snapshot, State};
use crate::store::{Store, StoreError};
use crate::value::{Map, Value};
use crate::view::{Sight, View, Views};

pub use cancel::Cancel;
use ledger::Ledger;
pub use report::{ApplyReport, Failed};
use start::{Begun, Config};
use work::{Item, Key, Next, Work};

/// Carries out `plan`, which was made from `state`, the fold of what `store` holds.
///
/// # Errors
/// When state cannot be saved. What failed at single resources is told in the report.
pub(crate) async fn run(
    session: &Session<'_>,
    store: &dyn Store,
    snapshot: &Snapshot,
    state: State,
    appended: bool,
    plan: &Plan,
    cancel: &Cancel,
) -> Result<ApplyReport, StoreError> {
    let ledger = Arc::new(Ledger::new(store.journal(), state, appended));
    let mut run = Run::new(session, plan, ledger);
    if !plan.is_empty() {
        let learned = plan.basis.recovered.iter().chain(&plan.basis.refreshed);
        run.ledger.append(learned.cloned().collect()).await?;
        run.carry_out(cancel).await;
        run.settle(cancel).await?;
    }
    let report = run.report(cancel);
    if run.ledger.is_dirty() {
        let next = snapshot.next(run.ledger.with(State::clone));
        next.verify(&snapshot.stack, snapshot.environment.as_deref())?;
        store.commit(&next).await?;
    }
    Ok(report)
}

/// What came of a step's nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Did {
    Nothing,
    Created,
    Updated,
    Adopted,
    Deleted,
    Failed,
    Blocked,
}

struct Run<'a> {
    session: Session<'a>,
    plan: &'a Plan,
    ledger: Arc<Ledger>,
    schedule: Schedule,
    /// The resources as they are by now.
    views: Views,
    configs: BTreeMap<PluginName, Config>,
    queue: BTreeMap<Key, VecDeque<Item>>,
    /// By when they are due, and by node.
    waiting: BTreeMap<(u64, usize), Item>,
    in_flight: FuturesUnordered<BoxFuture<'a, Vec<Next>>>,
    /// By node.
    did: BTreeMap<usize, Did>,
    /// Nothing new is started.
    stopping: bool,
    report: ApplyReport,
}

impl<'a> Run<'a> {
    fn new(session: &Session<'a>, plan: &'a Plan, ledger: Arc<Ledger>) -> Self {
        Self {
            session: *session,
            plan,
            ledger,
            schedule: Schedule::of(&plan.steps),
            views: plan.basis.views.clone(),
            configs: BTreeMap::new(),
            queue: BTreeMap::new(),
            waiting: BTreeMap::new(),
            in_flight: FuturesUnordered::new(),
            did: BTreeMap::new(),
            stopping: false,
            report: ApplyReport::default(),
        }
    }

    async fn carry_out(&mut self, cancel: &Cancel) {
        loop {
            if cancel.is_cancelled() {
                self.stopping = true;
            }
            if !self.stopping {
                self.start_ready();
                self.launch();
            }
            if self.in_flight.is_empty() && (self.stopping || self.waiting.is_empty()) {
                return;
            }
            let idle = self.in_flight.is_empty();
            let wake = self.waiting.first_key_value().map(|((at, _), _)| *at).filter(|_| !self.stopping);
            let clock = self.session.clock;
            let mut due = match wake {
                Some(at) => clock.sleep_until(at, idle),
                None => pending().boxed(),
            }
            .fuse();
            let stop = async { if self.stopping { pending::<()>().await } else { cancel.asked().await } };
            let mut stop = Box::pin(stop.fuse());
            futures::select_biased! {
                done = self.in_flight.select_next_some() => {
                    drop((due, stop));
                    done.into_iter().for_each(|next| self.advance(next));
                }
                () = due => { drop(stop); self.wake() }
                () = stop => {}
            }
        }
    }

    fn step(&self, node: usize) -> &'a Step {
        &self.plan.steps[self.schedule.node(node).step]
    }

    fn start_ready(&mut self) {
        while let Some(node) = self.schedule.take_ready() {
            match self.start(node) {
                Ok(Begun::Work(item)) => self.enqueue(*item),
                Ok(Begun::Nothing) => self.complete(node, Did::Nothing),
                Ok(Begun::Adopted) => self.complete(node, Did::Adopted),
                Err(failure) => {
                    let does =
                        if self.schedule.node(node).part == Part::Remove { OpKind::Delete } else { OpKind::Create };
                    self.fail(node, does, failure);
                }
            }
        }
    }

    fn enqueue(&mut self, item: Item) {
        self.queue.entry(item.key()).or_default().push_back(item);
    }

    /// Starts as many batches as there is room for.
    fn launch(&mut self) {
        while self.in_flight.len() < self.session.parallel.max(1) {
            let Some(mut entry) = self.queue.first_entry() else { return };
            let size = self.session.schema(&entry.key().1).map_or(1, |schema| schema.batch);
            let items = entry.get_mut();
            let mut batch: Vec<Item> = items.drain(..size.min(items.len())).collect();
            if items.is_empty() {
                entry.remove();
            }
            // Every item of a fetch may need other outputs; a fetch is rare, and goes alone.
            let fetches = matches!(batch.first().map(|item| &item.work), Some(Work::Fetch(..)));
            let batches: Vec<Vec<Item>> =
                if fetches { batch.drain(..).map(|item| vec![item]).collect() } else { vec![batch] };
            for batch in batches {
                let ephemeral = batch.first().and_then(|item| self.plan.basis.ephemeral.get(&item.address));
                let ephemeral = ephemeral.into_iter().flatten().cloned().collect();
                let attempt = attempt::attempt(self.session, Arc::clone(&self.ledger), batch, ephemeral);
                self.in_flight.push(attempt.boxed());
            }
        }
    }

    fn wake(&mut self) {
        let now = self.session.clock.now();
        while let Some(entry) = self.waiting.first_entry().filter(|entry| entry.key().0 <= now) {
            let item = entry.remove();
            self.enqueue(item);
        }
    }

    fn advance(&mut self, next: Next) {
        match next {
            Next::Again(item, at) => drop(self.waiting.insert((at, item.node), item)),
            Next::Then(item) => self.enqueue(item),
            Next::Checked(item, inputs) => {
                let node = item.node;
                match self.decide(item, inputs) {
                    Begun::Work(item) => self.enqueue(*item),
                    Begun::Nothing => self.complete(node, Did::Nothing),
                    Begun::Adopted => self.complete(node, Did::Adopted),
                }
            }
            Next::Made(item, recorded) => {
                self.hold_to_plan(&item, &recorded);
                let done = did(&item);
                if self.plan.basis.ephemeral.contains_key(&item.address) {
                    self.enqueue(Item { work: Work::Fetch(recorded, done), attempt: 0, ..item });
                } else {
                    self.made(&item, &recorded, Map::new(), done);
                }
            }
            Next::Fetched(item, recorded, ephemeral) => self.made(&item, &recorded, ephemeral, did(&item)),
            Next::Removed(item) => {
                if self.step(item.node).action == Action::Delete && !self.step(item.node).deposed {
                    self.views.remove(&item.address);
                }
                self.complete(item.node, Did::Deleted);
            }
            Next::Failed(item, failure) => self.fail(item.node, item.work.does(), failure),
        }
    }

    fn made(&mut self, item: &Item, recorded: &Recorded, ephemeral: Map, done: Did) {
        let schema = self.session.schema(&recorded.kind).ok();
        let mut outputs = recorded.outputs.as_map().cloned().unwrap_or_default();
        outputs.extend(ephemeral);
        let mut outputs = Value::Map(outputs);
        if let Some(schema) = schema {
            outputs = schema.outputs.mark_secrets(outputs);
        }
        let view = View::of(schema, &Value::from(recorded.id.as_str()), &recorded.inputs, &outputs);
        self.views.insert(item.address.clone(), Arc::new(view));
        self.forget_configs(&item.address);
        self.complete(item.node, done);
    }

    /// What the plan knew must be what came about; otherwise the plugin is at fault.
    fn hold_to_plan(&mut self, item: &Item, recorded: &Recorded) {
        let Ok(schema) = self.session.schema(&recorded.kind) else { return };
        let step = self.step(item.node);
        let sent = match &item.work {
            Work::Create(making) | Work::Find(making) => &making.inputs,
            Work::Update(changing) => &changing.inputs,
            _ => return,
        };
        let mut differ: Vec<String> = crate::diff::diff(&schema.inputs, &recorded.inputs, sent, None)
            .into_iter()
            .map(|field| field.path)
            .collect();
        for (name, planned) in step.planned_outputs.as_map().into_iter().flatten() {
            let now = recorded.outputs.get(name).unwrap_or(&Value::Null);
            if !planned.has_unknown() && planned != now && !item.found {
                differ.push(format!("outputs.{name}"));
            }
        }
        if let Some(first) = differ.first().cloned() {
            let message = format!("{} came out otherwise than planned: {}", item.address, differ.join(", "));
            let defect = crate::Problem::new(crate::Class::Internal, "inconsistent-result", message)
                .at(first)
                .help("this is a defect of the plugin; report it to its author");
            self.report.defects.push((item.address.clone(), defect));
        }
    }

    fn complete(&mut self, node: usize, did: Did) {
        self.did.insert(node, did);
        self.schedule.done(node);
    }

    fn fail(&mut self, node: usize, does: OpKind, failure: Failure) {
        // A host that cannot write its journal must not go on.
        if matches!(failure.call, Some(CallError::Host { .. })) {
            self.stopping = true;
        }
        let address = self.step(node).address.clone();
        let problem = failure.problem.clone();
        self.session.observer.event(&Event::Failed { address: address.clone(), does, problem });
        self.report.failures.push(Failed { address: address.clone(), does, failure });
        self.did.insert(node, Did::Failed);
        for blocked in self.schedule.failed(node) {
            let step = self.step(blocked);
            let idle = matches!(step.action, Action::Same | Action::Forget);
            if idle {
                self.did.insert(blocked, Did::Nothing);
            } else if step.address != address {
                let (address, by) = (step.address.clone(), address.clone());
                self.session.observer.event(&Event::Blocked { address, by });
                self.did.insert(blocked, Did::Blocked);
            } else {
                self.did.insert(blocked, Did::Blocked);
            }
        }
    }

    /// Closes what was begun and never called, brings recorded dependencies up to date, and
    /// stores the stack's outputs.
    async fn settle(&mut self, cancel: &Cancel) -> Result<(), StoreError> {
        let mut entries = Vec::new();
        self.ledger.with(|state| {
            for (op, _) in state.operations.iter().filter(|(_, operation)| !operation.touched()) {
                entries.push(Entry::End { op: op.clone(), ended: Ended::NoEffect });
            }
            if self.plan.basis.destroy {
                return;
            }
            for (address, resource) in &self.session.stack.resources {
                let restated = state.current(address).and_then(|object| state.restated(object, resource));
                entries
                    .extend(restated.map(|object| Entry::Learned { address: address.clone(), object: Some(object) }));
            }
        });
        entries.extend(self.stored_outputs(cancel));
        Ok(self.ledger.append(entries).await?)
    }

    fn stored_outputs(&mut self, cancel: &Cancel) -> Option<Entry> {
        let over = !cancel.is_cancelled() && !self.stopping;
        let known = self.ledger.with(|state| state.outputs.clone());
        let new = if self.plan.basis.destroy {
            self.ledger.with(|state| state.resources.is_empty()).then(Map::new)?
        } else if over && self.schedule.is_done() {
            let full = self.sight();
            let stored = Sight { stored: Some(&self.plan.basis.ephemeral), ..self.sight() };
            match outputs(&self.session, &stored, &full) {
                Ok(outputs) => outputs,
                Err(diagnostics) => {
                    self.report.checks.extend(diagnostics);
                    return None;
                }
            }
        } else {
            return None;
        };
        let unchanged = known.as_map().map_or(new.is_empty(), |known| *known == new);
        (!unchanged).then_some(Entry::Outputs { outputs: Value::Map(new) })
    }

    fn sight(&self) -> Sight<'_> {
        Sight { stack: self.session.stack, views: &self.views, outputs: None, stored: None }
    }

    fn report(&mut self, cancel: &Cancel) -> ApplyReport {
        if self.plan.is_empty() {
            self.report.unchanged = self.plan.steps.len();
        }
        let mut by_step: BTreeMap<usize, Vec<Did>> = BTreeMap::new();
        for (node, did) in &self.did {
            by_step.entry(self.schedule.node(*node).step).or_default().push(*did);
        }
        for (step, did) in by_step {
            let action = self.plan.steps[step].action;
            let has = |what: Did| did.contains(&what);
            let report = &mut self.report;
            match () {
                () if has(Did::Failed) => report.failed += 1,
                () if has(Did::Blocked) => report.blocked += 1,
                () if action == Action::Replace && has(Did::Created) => report.replaced += 1,
                () if has(Did::Created) => report.created += 1,
                () if has(Did::Adopted) => report.adopted += 1,
                () if has(Did::Updated) => report.updated += 1,
                () if has(Did::Deleted) => report.deleted += 1,
                () => report.unchanged += usize::from(action != Action::Forget),
            }
        }
        self.report.interrupted = cancel.is_cancelled() && !self.schedule.is_over();
        if !self.plan.basis.destroy && (self.plan.is_empty() || self.schedule.is_done()) {
            self.judge();
        }
        std::mem::take(&mut self.report)
    }

    /// Evaluates the outputs for the report, and the stack's checks.
    fn judge(&mut self) {
        let mut values = Map::new();
        for (name, template) in &self.session.stack.outputs {
            match template.evaluate(&self.sight()) {
                Ok(value) => drop(values.insert(name.clone(), value)),
                Err(diagnostic) => self.report.checks.push(diagnostic),
            }
        }
        let sight = Sight { outputs: Some(&values), ..self.sight() };
        let mut failed = Vec::new();
        for check in &self.session.stack.checks {
            match check.assert.evaluate(&sight) {
                Ok(value) if *value.peek() == Value::Bool(true) => {}
                Ok(_) => failed.push(crate::Diagnostic::error("check-failed", check.message.clone()).at(&check.span)),
                Err(diagnostic) => failed.push(diagnostic),
            }
        }
        self.report.checks.extend(failed);
        self.report.outputs = values;
    }
}

/// What an item has done, by the last work that it did.
fn did(item: &Item) -> Did {
    match &item.work {
        Work::Fetch(_, did) => *did,
        Work::Update(_) => Did::Updated,
        Work::Delete(_) => Did::Deleted,
        Work::Check | Work::Create(_) | Work::Find(_) if item.found => Did::Adopted,
        Work::Check | Work::Create(_) | Work::Find(_) => Did::Created,
    }
}
