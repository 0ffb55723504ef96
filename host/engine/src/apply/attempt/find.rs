//! Looking for what a create without an answer may have made.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::Batch;
use crate::apply::work::{Item, Making, Next, Removing, Work};
use crate::journal::{Ended, Entry, Recorded};
use crate::problem::{Class, Problem};
use crate::provider::{FindOutcome, FindRequest};
use crate::recover::{record, settles_at};

impl Batch<'_> {
    /// Looks for what creates without an answer may have made.
    pub(super) async fn find(&self, items: Vec<Item>) -> Vec<Next> {
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
