//! Between the wire and the kinds: decodes requests, calls the kind with its batch, encodes outcomes.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::bindings::exports::maps::platform::provider as wire;
use crate::bindings::maps::platform::types;
use crate::decode;
use crate::kind::{
    Change, Context, Create, Delete, Diff, FieldChange, Find, Kind, Known, Lookup, Outcome, Pending, Preview, Prior,
    Progress, Read, Resource, Step, Update,
};
use crate::panic;
use crate::problem::{Problem, Report};
use crate::schema;

/// A plugin: the kinds it serves. Written by [`plugin!`](crate::plugin).
pub trait Plugin {
    /// Calls `visit` with each kind until it answers true.
    fn any_kind(visit: &mut dyn FnMut(&dyn Served) -> bool);
}

impl<P: Plugin> wire::Guest for P {
    fn describe() -> String {
        panic::report_panics();
        let mut kinds = Map::new();
        P::any_kind(&mut |kind| {
            kinds.insert(kind.name().to_owned(), kind.document());
            false
        });
        json!({"kinds": kinds}).to_string()
    }

    fn check(context: wire::Context, requests: Vec<wire::CheckRequest>) -> Vec<wire::CheckOutcome> {
        by_kind::<P, _, _>(
            context,
            requests,
            |r| &r.kind,
            |k, c, r| k.check(c, r),
            |p| wire::CheckOutcome::Invalid(vec![p.into()]),
        )
    }

    fn diff(
        context: wire::Context,
        requests: Vec<wire::DiffRequest>,
    ) -> Vec<Result<Vec<wire::FieldChange>, types::Problem>> {
        by_kind::<P, _, _>(context, requests, |r| &r.kind, |k, c, r| k.diff(c, r), |p| Err(p.into()))
    }

    fn preview(
        context: wire::Context,
        requests: Vec<wire::PreviewRequest>,
    ) -> Vec<Result<wire::Previewed, types::Problem>> {
        by_kind::<P, _, _>(context, requests, |r| &r.kind, |k, c, r| k.preview(c, r), |p| Err(p.into()))
    }

    fn find(context: wire::Context, requests: Vec<wire::FindRequest>) -> Vec<wire::FindOutcome> {
        by_kind::<P, _, _>(
            context,
            requests,
            |r| &r.kind,
            |k, c, r| k.find(c, r),
            |p| wire::FindOutcome::Failed(p.into()),
        )
    }

    fn read(context: wire::Context, requests: Vec<wire::ReadRequest>) -> Vec<wire::ReadOutcome> {
        by_kind::<P, _, _>(
            context,
            requests,
            |r| &r.kind,
            |k, c, r| k.read(c, r),
            |p| wire::ReadOutcome::Failed(p.into()),
        )
    }

    fn create(context: wire::Context, requests: Vec<wire::CreateRequest>) -> Vec<wire::MutationOutcome> {
        by_kind::<P, _, _>(
            context,
            requests,
            |r| &r.kind,
            |k, c, r| k.create(c, r),
            |p| wire::MutationOutcome::Failed(p.into()),
        )
    }

    fn update(context: wire::Context, requests: Vec<wire::UpdateRequest>) -> Vec<wire::MutationOutcome> {
        by_kind::<P, _, _>(
            context,
            requests,
            |r| &r.kind,
            |k, c, r| k.update(c, r),
            |p| wire::MutationOutcome::Failed(p.into()),
        )
    }

    fn delete(context: wire::Context, requests: Vec<wire::DeleteRequest>) -> Vec<wire::DeleteOutcome> {
        by_kind::<P, _, _>(
            context,
            requests,
            |r| &r.kind,
            |k, c, r| k.delete(c, r),
            |p| wire::DeleteOutcome::Failed(p.into()),
        )
    }
}

/// A request with its place in the host's batch.
type Placed<R> = (u32, R);

/// Hands each kind its part of the batch, and puts the outcomes back in the batch's order.
fn by_kind<P: Plugin, R, O>(
    context: wire::Context,
    requests: Vec<R>,
    kind_of: impl Fn(&R) -> &str,
    serve: impl Fn(&dyn Served, &Context, Vec<Placed<R>>) -> Vec<O>,
    failed: impl Fn(Problem) -> O,
) -> Vec<O> {
    panic::report_panics();
    let config = serde_json::from_str(&context.config).unwrap_or_default();
    let context = Context { stack: context.stack, config };
    let mut outcomes: Vec<Option<O>> = requests.iter().map(|_| None).collect();
    let mut left: Vec<Placed<R>> = (0..).zip(requests).collect();
    P::any_kind(&mut |kind| {
        let (mine, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut left).into_iter().partition(|(_, request)| kind_of(request) == kind.name());
        left = others;
        if !mine.is_empty() {
            let places: Vec<u32> = mine.iter().map(|(place, _)| *place).collect();
            for (place, outcome) in places.into_iter().zip(serve(kind, &context, mine)) {
                outcomes[place as usize] = Some(outcome);
            }
        }
        left.is_empty()
    });
    outcomes
        .into_iter()
        .map(|outcome| {
            outcome.unwrap_or_else(|| failed(Problem::internal("unknown-kind", "this plugin has no such kind")))
        })
        .collect()
}

/// A kind without its types, as the wire sees it.
pub trait Served {
    /// Its name.
    fn name(&self) -> &'static str;
    /// Its schemas and annotations.
    fn document(&self) -> Value;
    /// As in the contract.
    fn check(&self, context: &Context, requests: Vec<Placed<wire::CheckRequest>>) -> Vec<wire::CheckOutcome>;
    /// As in the contract.
    fn diff(
        &self,
        context: &Context,
        requests: Vec<Placed<wire::DiffRequest>>,
    ) -> Vec<Result<Vec<wire::FieldChange>, types::Problem>>;
    /// As in the contract.
    fn preview(
        &self,
        context: &Context,
        requests: Vec<Placed<wire::PreviewRequest>>,
    ) -> Vec<Result<wire::Previewed, types::Problem>>;
    /// As in the contract.
    fn find(&self, context: &Context, requests: Vec<Placed<wire::FindRequest>>) -> Vec<wire::FindOutcome>;
    /// As in the contract.
    fn read(&self, context: &Context, requests: Vec<Placed<wire::ReadRequest>>) -> Vec<wire::ReadOutcome>;
    /// As in the contract.
    fn create(&self, context: &Context, requests: Vec<Placed<wire::CreateRequest>>) -> Vec<wire::MutationOutcome>;
    /// As in the contract.
    fn update(&self, context: &Context, requests: Vec<Placed<wire::UpdateRequest>>) -> Vec<wire::MutationOutcome>;
    /// As in the contract.
    fn delete(&self, context: &Context, requests: Vec<Placed<wire::DeleteRequest>>) -> Vec<wire::DeleteOutcome>;
}

impl<K: Kind> Served for K {
    fn name(&self) -> &'static str {
        K::NAME
    }

    fn document(&self) -> Value {
        schema::document::<K>()
    }

    fn check(&self, context: &Context, requests: Vec<Placed<wire::CheckRequest>>) -> Vec<wire::CheckOutcome> {
        let check = |request: &wire::CheckRequest| {
            let original = parse(&request.inputs)?;
            let mut report = Report::new(decode::unknown_paths(&original));
            let mut inputs: K::Inputs = match decode::tolerant(&original, "the inputs") {
                Ok(inputs) => inputs,
                // A placeholder need not suit a type that judges its text; apply will tell.
                Err(problem) if problem.path.as_deref().is_some_and(|path| !report.known(path)) => {
                    return Ok(Ok(request.inputs.clone()));
                }
                Err(problem) => return Err(problem),
            };
            Kind::complete(self, &mut inputs);
            Kind::check(self, context, &inputs, &mut report);
            let problems = report.into_problems();
            if !problems.is_empty() {
                return Ok(Err(problems));
            }
            let mut checked = to_value(&inputs)?;
            decode::restore_unknowns(&original, &mut checked);
            Ok(Ok(decode::without_nulls(checked).to_string()))
        };
        let outcome = |request: &wire::CheckRequest| match check(request) {
            Ok(Ok(inputs)) => wire::CheckOutcome::Ok(inputs),
            Ok(Err(problems)) => wire::CheckOutcome::Invalid(problems.into_iter().map(Into::into).collect()),
            Err(problem) => wire::CheckOutcome::Invalid(vec![problem.into()]),
        };
        requests.iter().map(|(_, request)| outcome(request)).collect()
    }

    fn diff(
        &self,
        context: &Context,
        requests: Vec<Placed<wire::DiffRequest>>,
    ) -> Vec<Result<Vec<wire::FieldChange>, types::Problem>> {
        let diff = |request: &wire::DiffRequest| {
            let (inputs, known) = planned(&request.inputs)?;
            let address = request.address.clone();
            let changes = Kind::diff(self, context, &Diff { address, prior: prior(&request.prior), inputs, known })?;
            Ok(changes.into_iter().map(Into::into).collect())
        };
        requests.iter().map(|(_, request)| diff(request).map_err(Problem::into)).collect()
    }

    fn preview(
        &self,
        context: &Context,
        requests: Vec<Placed<wire::PreviewRequest>>,
    ) -> Vec<Result<wire::Previewed, types::Problem>> {
        batch(
            requests,
            |_, r| {
                let (inputs, known) = planned(&r.inputs)?;
                Ok(Preview { inputs, known, prior: r.prior.as_ref().map(prior), address: r.address })
            },
            |batch| self.preview_many(context, batch),
            |previewed| {
                let previewed = previewed?;
                let outputs = if previewed.outputs.is_null() { json!({}) } else { previewed.outputs };
                let objects = previewed.objects.iter().map(Value::to_string).collect();
                Ok(Ok(wire::Previewed { outputs: decode::without_nulls(outputs).to_string(), objects }))
            },
            |problem| Err(problem.into()),
        )
    }

    fn find(&self, context: &Context, requests: Vec<Placed<wire::FindRequest>>) -> Vec<wire::FindOutcome> {
        batch(
            requests,
            |_, r| {
                let checkpoint = checkpoint(r.checkpoint.as_deref())?;
                Ok(Find { address: r.address, inputs: strict(&r.inputs)?, token: r.token, checkpoint })
            },
            |batch| self.find_many(context, batch),
            |lookup| {
                Ok(match lookup? {
                    Lookup::Absent => wire::FindOutcome::Absent,
                    Lookup::Found(object) => wire::FindOutcome::Found(resource(object)?),
                    Lookup::Unfinished(object, checkpoint) => wire::FindOutcome::Unfinished(wire::Unfinished {
                        resource: resource(object)?,
                        checkpoint: to_text(&checkpoint)?,
                    }),
                    Lookup::Unusable(object, why) => {
                        wire::FindOutcome::Unusable(wire::Unusable { resource: resource(object)?, why })
                    }
                })
            },
            |problem| wire::FindOutcome::Failed(problem.into()),
        )
    }

    fn read(&self, context: &Context, requests: Vec<Placed<wire::ReadRequest>>) -> Vec<wire::ReadOutcome> {
        batch(
            requests,
            |_, r| {
                let mut prior = prior(&r.prior);
                prior.id = r.id;
                Ok(Read { address: r.address, prior, ephemeral: r.ephemeral })
            },
            |batch| self.read_many(context, batch),
            |found| {
                Ok(match found? {
                    None => wire::ReadOutcome::Absent,
                    Some(object) => wire::ReadOutcome::Found(resource(object)?),
                })
            },
            |problem| wire::ReadOutcome::Failed(problem.into()),
        )
    }

    fn create(&self, context: &Context, requests: Vec<Placed<wire::CreateRequest>>) -> Vec<wire::MutationOutcome> {
        batch(
            requests,
            |place, r| {
                Ok(Create {
                    step: Step(place),
                    address: r.address,
                    inputs: strict(&r.inputs)?,
                    token: r.token,
                    checkpoint: checkpoint(r.checkpoint.as_deref())?,
                })
            },
            |batch| self.create_many(context, batch),
            mutation::<K>,
            |problem| wire::MutationOutcome::Failed(problem.into()),
        )
    }

    fn update(&self, context: &Context, requests: Vec<Placed<wire::UpdateRequest>>) -> Vec<wire::MutationOutcome> {
        batch(
            requests,
            |place, r| {
                Ok(Update {
                    step: Step(place),
                    address: r.address,
                    inputs: strict(&r.inputs)?,
                    prior: prior(&r.prior),
                    changed: r.changed,
                    checkpoint: checkpoint(r.checkpoint.as_deref())?,
                })
            },
            |batch| self.update_many(context, batch),
            mutation::<K>,
            |problem| wire::MutationOutcome::Failed(problem.into()),
        )
    }

    fn delete(&self, context: &Context, requests: Vec<Placed<wire::DeleteRequest>>) -> Vec<wire::DeleteOutcome> {
        batch(
            requests,
            |place, r| {
                Ok(Delete {
                    step: Step(place),
                    address: r.address,
                    prior: prior(&r.prior),
                    checkpoint: checkpoint(r.checkpoint.as_deref())?,
                })
            },
            |batch| self.delete_many(context, batch),
            |progress| {
                Ok(match progress? {
                    Progress::Done(()) => wire::DeleteOutcome::Done,
                    Progress::Pending(waiting) => wire::DeleteOutcome::Pending(pending(&waiting)?),
                })
            },
            |problem| wire::DeleteOutcome::Failed(problem.into()),
        )
    }
}

/// Decodes a batch, serves those that could be decoded, and answers for all in order.
fn batch<R, T, Served, O>(
    requests: Vec<Placed<R>>,
    decode: impl Fn(u32, R) -> Result<T, Problem>,
    serve: impl FnOnce(&[T]) -> Vec<Served>,
    encode: impl Fn(Served) -> Result<O, Problem>,
    failed: impl Fn(Problem) -> O,
) -> Vec<O> {
    let mut decoded = Vec::with_capacity(requests.len());
    let problems: Vec<Option<Problem>> = requests
        .into_iter()
        .map(|(place, request)| decode(place, request).map(|typed| decoded.push(typed)).err())
        .collect();
    let served = if decoded.is_empty() { Vec::new() } else { serve(&decoded) };
    assert_eq!(served.len(), decoded.len(), "a kind answers every request of its batch");
    let mut served = served.into_iter();
    let mut next = || match served.next() {
        Some(answer) => encode(answer),
        None => Err(Problem::internal("no-outcome", "the kind left a request without an answer")),
    };
    problems
        .into_iter()
        .map(|problem| match problem {
            Some(problem) => failed(problem),
            None => next().unwrap_or_else(&failed),
        })
        .collect()
}

fn mutation<K: Kind>(outcome: Outcome<K>) -> Result<wire::MutationOutcome, Problem> {
    Ok(match outcome? {
        Progress::Done(object) => wire::MutationOutcome::Done(resource(object)?),
        Progress::Pending(waiting) => wire::MutationOutcome::Pending(pending(&waiting)?),
    })
}

fn pending<C: Serialize>(pending: &Pending<C>) -> Result<wire::Pending, Problem> {
    Ok(wire::Pending {
        checkpoint: to_text(&pending.checkpoint)?,
        retry_after_ms: pending.retry_after_ms,
        id: pending.id.clone(),
        note: pending.note.clone(),
    })
}

fn resource<K: Kind>(object: Resource<K>) -> Result<types::Resource, Problem> {
    let Resource { id, inputs, outputs } = object;
    Ok(types::Resource { id, inputs: to_text(&inputs)?, outputs: to_text(&outputs)? })
}

fn prior<K: Kind>(wire: &types::Resource) -> Prior<K> {
    Prior { id: wire.id.clone(), inputs: strict(&wire.inputs).ok(), outputs: strict(&wire.outputs).ok() }
}

fn checkpoint<C: DeserializeOwned>(text: Option<&str>) -> Result<Option<C>, Problem> {
    let decode = |text| decode::strict(&parse(text)?, "the checkpoint");
    // What a kind wrote itself is no fault of the inputs.
    text.map(decode).transpose().map_err(|problem| Problem::internal("bad-checkpoint", problem.message))
}

fn planned<T: DeserializeOwned>(text: &str) -> Result<(T, Known), Problem> {
    let original = parse(text)?;
    let known = Known(Report::new(decode::unknown_paths(&original)));
    Ok((decode::tolerant(&original, "the inputs")?, known))
}

fn strict<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    decode::strict(&parse(text)?, "the inputs")
}

fn parse(text: &str) -> Result<Value, Problem> {
    serde_json::from_str(text).map_err(|error| Problem::internal("bad-json", format!("the host's JSON: {error}")))
}

fn to_value(value: &impl Serialize) -> Result<Value, Problem> {
    serde_json::to_value(value).map_err(|error| Problem::internal("not-json", format!("not JSON: {error}")))
}

fn to_text(value: &impl Serialize) -> Result<String, Problem> {
    Ok(decode::without_nulls(to_value(value)?).to_string())
}

impl From<FieldChange> for wire::FieldChange {
    fn from(change: FieldChange) -> Self {
        let kind = match change.change {
            Change::Update => wire::Change::Update,
            Change::Replace => wire::Change::Replace,
        };
        Self { path: change.path, change: kind, reason: change.reason }
    }
}
