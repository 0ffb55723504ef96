//! What an answer to a mutation means: what is recorded of it, and what comes next.

use super::{Answer, Batch, Chance, Moment};
use crate::apply::work::{Changing, Item, Next, Work};
use crate::diff::diff;
use crate::event::Event;
use crate::journal::{Ended, Entry, Recorded};
use crate::name::OpId;
use crate::problem::{Class, Problem};
use crate::provider::{CallError, Object, Pending};
use crate::recover::record;
use crate::retry::{self, Verdict};
use crate::session::Failure;

/// The shortest wait after a pending outcome, so that a plugin cannot make the host spin.
const SHORTEST_PENDING_MS: u64 = 100;

impl Batch<'_> {
    pub(super) fn judge(&self, mut item: Item, op: OpId, answer: Answer, entries: &mut Vec<Entry>) -> Next {
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
    pub(super) fn made(&self, item: Item, op: OpId, object: Object, entries: &mut Vec<Entry>) -> Next {
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
    pub(super) fn verdict(&self, item: &Item, failure: &Failure) -> Option<u64> {
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
}
