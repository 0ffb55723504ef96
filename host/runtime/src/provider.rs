//! A plugin of a stack in its role of a provider: requests in, a guest call, answers held against
//! the contract.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::future::BoxFuture;
use maps_engine::capability::{Effective, Family, Half, Interface, ObjectKey, StepScope, plannable};
use maps_engine::provider::{
    CheckOutcome, CheckRequest, CreateRequest, DeleteRequest, DiffRequest, FieldChange, FindOutcome, FindRequest,
    Object, Outcome, Preview, PreviewRequest, ReadOutcome, ReadRequest, UpdateRequest,
};
use maps_engine::schema::KindSchema;
use maps_engine::{Address, Call, CallError, Journal, KindName, OpId, PluginName, Problem, Provider, Value};
use wasmtime::Store;

use crate::answer::{Pair, Reader, Unknowns, distinct, in_order, same_length};
use crate::audit::{Outcome as Recorded, Record};
use crate::bindings::exports::maps::platform::provider as wit;
use crate::bindings::maps::platform::types;
use crate::capability::http::HttpCapability;
use crate::convert::{problem, text};
use crate::guest::{Guest, LogLines};
use crate::host::Shared;
use crate::limits::Budget;
use crate::owned::owns;
use crate::plugin::{KindFacts, Plugin};
use crate::scope::{CallScope, Operation};
use crate::seal::Seals;
use crate::session;

/// A plugin as one stack uses it.
pub(crate) struct PluginProvider {
    pub(crate) host: Arc<Shared>,
    pub(crate) plugin: Arc<Plugin>,
    pub(crate) name: PluginName,
    pub(crate) effective: Arc<Effective>,
    pub(crate) http: Option<Arc<HttpCapability>>,
    pub(crate) folder: Option<Arc<Path>>,
    pub(crate) kinds: BTreeMap<KindName, KindFacts>,
    pub(crate) schemas: BTreeMap<KindName, KindSchema>,
}

/// What one call is about.
struct About<'a> {
    call: &'a Call<'a>,
    operation: Operation,
    steps: Vec<StepScope>,
    journal: Option<Arc<dyn Journal>>,
}

impl PluginProvider {
    /// One call from end to end. `encode` makes the requests, `export` calls the guest's
    /// function, `decode` reads the answers, of which there are as many as requests by then.
    async fn exchange<W: Send + Sync, A: Send, O>(
        &self,
        about: About<'_>,
        encode: impl FnOnce(&mut Seals) -> Vec<W> + Send,
        export: impl for<'a> FnOnce(
            &'a wit::Guest,
            &'a mut Store<Guest>,
            &'a wit::Context,
            &'a [W],
        ) -> BoxFuture<'a, wasmtime::Result<Vec<A>>>
        + Send,
        decode: impl FnOnce(&Reader<'_>, Vec<A>) -> Result<Vec<O>, String> + Send,
    ) -> Result<Vec<O>, CallError> {
        let operation = about.operation;
        // Never closed, so this waits for a slot and cannot fail otherwise.
        let _slot = self.host.slots.acquire().await.map_err(|error| CallError::Host { message: error.to_string() })?;
        let mut seals = Seals::default();
        let context =
            wit::Context { stack: about.call.stack.to_owned(), config: config(&mut seals, about.call.config) };
        let input = (context, encode(&mut seals));
        let scope = Arc::new(CallScope {
            plugin: self.name.clone(),
            run: about.call.run.to_owned(),
            stack: about.call.stack.to_owned(),
            operation,
            steps: about.steps,
            seals: Arc::new(Mutex::new(seals)),
            journal: about.journal,
            audit: Arc::clone(&self.host.audit),
            calls: AtomicU32::new(0),
        });
        let guest = Guest {
            plugin: self.name.clone(),
            effective: Arc::clone(&self.effective),
            budget: Budget::new(&self.host.limits),
            scope: Some(Arc::clone(&scope)),
            http: self.http.clone(),
            folder: self.folder.clone(),
            log: LogLines::new(Some(Arc::clone(&self.host.observer))),
        };
        let linked = self.plugin.linked(operation.phase());
        let called =
            session::run(&self.host.sandbox, &self.host.limits, guest, linked, &input, |exports, store, input| {
                export(exports, store, &input.0, &input.1)
            });
        let read = match called.await {
            Ok(answers) => {
                let seals = scope.seals();
                same_length(input.1.len(), answers.len())
                    .and_then(|()| decode(&Reader { seals: &seals }, answers))
                    .map_err(|message| CallError::Contract {
                        plugin: self.name.clone(),
                        operation: operation.name(),
                        message: text(&seals, &message),
                    })
            }
            Err(stop) => Err(stop.into_error(self.name.clone(), operation.name())),
        };
        if let Err(error) = &read {
            scope.record_stop(error);
        }
        read
    }

    /// What is known of each request's kind.
    fn facts<'a>(&'a self, kinds: impl Iterator<Item = &'a KindName>) -> Result<Vec<&'a KindFacts>, CallError> {
        kinds
            .map(|kind| {
                self.kinds
                    .get(kind)
                    .ok_or_else(|| CallError::Host { message: format!("the plugin {} has no kind {kind}", self.name) })
            })
            .collect()
    }
}

fn config(seals: &mut Seals, config: &Value) -> String {
    match config {
        Value::Null => "{}".to_owned(),
        config => seals.to_guest(config).to_string(),
    }
}

fn step(
    op: Option<&OpId>,
    address: &Address,
    kind: &KindName,
    id: Option<&str>,
    inputs: &Value,
    outputs: &Value,
) -> StepScope {
    StepScope {
        op: op.cloned(),
        address: address.clone(),
        kind: kind.clone(),
        id: id.filter(|id| !id.is_empty()).map(str::to_owned),
        inputs: inputs.clone(),
        outputs: outputs.clone(),
        planned: Vec::new(),
    }
}

fn about_object(op: Option<&OpId>, address: &Address, kind: &KindName, object: &Object) -> StepScope {
    step(op, address, kind, Some(&object.id), &object.inputs, &object.outputs)
}

fn resource(seals: &mut Seals, object: &Object) -> types::Resource {
    types::Resource {
        id: object.id.clone(),
        inputs: json(seals, &object.inputs),
        outputs: json(seals, &object.outputs),
    }
}

/// The value as an object: what was never set is an empty one.
fn json(seals: &mut Seals, value: &Value) -> String {
    config(seals, value)
}

fn checkpoint(seals: &mut Seals, value: Option<&Value>) -> Option<String> {
    value.map(|value| seals.to_guest(value).to_string())
}

/// Reads each answer with its request, naming the request in what is wrong.
fn each<R, A, O>(
    requests: &[R],
    answers: Vec<A>,
    mut read: impl FnMut(usize, &R, A) -> Result<O, String>,
) -> Result<Vec<O>, String> {
    let items = requests.iter().zip(answers).enumerate();
    items
        .map(|(at, (request, answer))| read(at, request, answer).map_err(|message| format!("outcome {at}: {message}")))
        .collect()
}

#[async_trait]
impl Provider for PluginProvider {
    fn kinds(&self) -> &BTreeMap<KindName, KindSchema> {
        &self.schemas
    }

    async fn check(&self, call: &Call<'_>, requests: Vec<CheckRequest>) -> Result<Vec<CheckOutcome>, CallError> {
        let facts = self.facts(requests.iter().map(|r| &r.kind))?;
        let steps = requests.iter().map(|r| step(None, &r.address, &r.kind, None, &r.inputs, &Value::Null)).collect();
        self.exchange(
            About { call, operation: Operation::Check, steps, journal: None },
            |seals| {
                let each = requests.iter().zip(&facts).map(|(r, kind)| wit::CheckRequest {
                    kind: kind.name.as_str().to_owned(),
                    address: r.address.as_str().to_owned(),
                    inputs: json(seals, &r.inputs),
                });
                each.collect()
            },
            |guest, store, context, requests| Box::pin(guest.call_check(store, context, requests)),
            |reader, answers| {
                let outcomes = each(&requests, answers, |at, _, answer| match answer {
                    wit::CheckOutcome::Ok(inputs) => Ok(Ok(facts[at].schema.inputs.mark_secrets(reader.map(
                        "inputs",
                        &inputs,
                        Unknowns::Allowed,
                    )?))),
                    wit::CheckOutcome::Invalid(problems) if problems.is_empty() => {
                        Err("is invalid, and no problem says why".to_owned())
                    }
                    wit::CheckOutcome::Invalid(problems) => {
                        Ok(Err(problems.into_iter().map(|p| problem(reader.seals, p)).collect::<Vec<Problem>>()))
                    }
                })?;
                in_order(&pairs(&facts, requests.iter().map(|r| &r.inputs), outcomes.iter().map(|o| o.as_ref().ok())))?;
                Ok(outcomes)
            },
        )
        .await
    }

    async fn diff(
        &self,
        call: &Call<'_>,
        requests: Vec<DiffRequest>,
    ) -> Result<Vec<Result<Vec<FieldChange>, Problem>>, CallError> {
        let facts = self.facts(requests.iter().map(|r| &r.kind))?;
        let steps = requests.iter().map(|r| about_object(None, &r.address, &r.kind, &r.prior)).collect();
        self.exchange(
            About { call, operation: Operation::Diff, steps, journal: None },
            |seals| {
                let each = requests.iter().zip(&facts).map(|(r, kind)| wit::DiffRequest {
                    kind: kind.name.as_str().to_owned(),
                    address: r.address.as_str().to_owned(),
                    prior: resource(seals, &r.prior),
                    inputs: json(seals, &r.inputs),
                });
                each.collect()
            },
            |guest, store, context, requests| Box::pin(guest.call_diff(store, context, requests)),
            |reader, answers| {
                each(&requests, answers, |_, _, answer| {
                    Ok(answer.map_err(|p| problem(reader.seals, p)).map(|changes| {
                        let change = |change: wit::FieldChange| FieldChange {
                            path: text(reader.seals, &change.path),
                            replace: matches!(change.change, wit::Change::Replace),
                            reason: change.reason.map(|reason| text(reader.seals, &reason)),
                        };
                        changes.into_iter().map(change).collect()
                    }))
                })
            },
        )
        .await
    }

    async fn preview(
        &self,
        call: &Call<'_>,
        requests: Vec<PreviewRequest>,
    ) -> Result<Vec<Result<Preview, Problem>>, CallError> {
        let facts = self.facts(requests.iter().map(|r| &r.kind))?;
        let steps = requests.iter().map(|r| {
            let (id, outputs) = r.prior.as_ref().map_or((None, &Value::Null), |p| (Some(p.id.as_str()), &p.outputs));
            step(None, &r.address, &r.kind, id, &r.inputs, outputs)
        });
        let steps = steps.collect();
        let mut denied: Vec<(usize, Problem)> = Vec::new();
        let previews = self
            .exchange(
                About { call, operation: Operation::Preview, steps, journal: None },
                |seals| {
                    let each = requests.iter().zip(&facts).map(|(r, kind)| wit::PreviewRequest {
                        kind: kind.name.as_str().to_owned(),
                        address: r.address.as_str().to_owned(),
                        inputs: json(seals, &r.inputs),
                        prior: r.prior.as_ref().map(|prior| resource(seals, prior)),
                    });
                    each.collect()
                },
                |guest, store, context, requests| Box::pin(guest.call_preview(store, context, requests)),
                |reader, answers| {
                    each(&requests, answers, |at, _, answer| match answer {
                        Err(p) => Ok(Err(problem(reader.seals, p))),
                        Ok(planned) => {
                            let outputs = reader.map("outputs", &planned.outputs, Unknowns::Allowed)?;
                            let objects = planned.objects.iter().map(|o| reader.map("an object", o, Unknowns::Allowed));
                            let objects: Vec<Value> = objects.collect::<Result<_, _>>()?;
                            let mut named = objects.iter().filter_map(ObjectKey::of);
                            if let Some(denial) = named.find_map(|object| plannable(&self.effective, &object).err()) {
                                let problem = Problem::from(denial);
                                let problem = Problem { message: text(reader.seals, &problem.message), ..problem };
                                denied.push((at, problem.clone()));
                                return Ok(Err(problem));
                            }
                            Ok(Ok(Preview { outputs: facts[at].schema.prepare_outputs(outputs), objects }))
                        }
                    })
                },
            )
            .await?;
        for (at, problem) in denied {
            self.host.audit.note(&Record {
                run: call.run.to_owned(),
                plugin: self.name.as_str().to_owned(),
                addresses: vec![requests[at].address.as_str().to_owned()],
                phase: Operation::Preview.phase().name(),
                operation: Operation::Preview.name(),
                interface: Interface::Ruled(Family::Kube, Half::Write).name(),
                call: None,
                rule: None,
                summary: problem.message,
                outcome: Recorded::Denied { code: problem.code },
                duration_ms: None,
            });
        }
        Ok(previews)
    }

    async fn find(&self, call: &Call<'_>, requests: Vec<FindRequest>) -> Result<Vec<FindOutcome>, CallError> {
        let facts = self.facts(requests.iter().map(|r| &r.kind))?;
        let steps = requests.iter().map(|r| step(None, &r.address, &r.kind, None, &r.inputs, &Value::Null)).collect();
        self.exchange(
            About { call, operation: Operation::Find, steps, journal: None },
            |seals| {
                let each = requests.iter().zip(&facts).map(|(r, kind)| wit::FindRequest {
                    kind: kind.name.as_str().to_owned(),
                    address: r.address.as_str().to_owned(),
                    inputs: json(seals, &r.inputs),
                    token: r.token.as_str().to_owned(),
                    checkpoint: r.checkpoint.as_ref().map(|checkpoint| json(seals, checkpoint)),
                });
                each.collect()
            },
            |guest, store, context, requests| Box::pin(guest.call_find(store, context, requests)),
            |reader, answers| {
                let outcomes = each(&requests, answers, |at, request, answer| {
                    let outcome = match answer {
                        wit::FindOutcome::Absent => FindOutcome::Absent,
                        wit::FindOutcome::Found(found) => FindOutcome::Found(reader.object(facts[at], &found)?),
                        wit::FindOutcome::Unfinished(found) => FindOutcome::Unfinished(
                            reader.object(facts[at], &found.resource)?,
                            reader.value("checkpoint", &found.checkpoint, Unknowns::Refused)?,
                        ),
                        wit::FindOutcome::Unusable(found) => FindOutcome::Unusable(
                            reader.object(facts[at], &found.resource)?,
                            text(reader.seals, &found.why),
                        ),
                        wit::FindOutcome::Failed(p) => FindOutcome::Failed(problem(reader.seals, p)),
                    };
                    // A journal of before has not kept what was planned.
                    if let (Some(found), Some(planned)) = (found_object(&outcome), &request.planned) {
                        owns(facts[at].schema.previews, &found.outputs, planned)?;
                    }
                    Ok(outcome)
                })?;
                let found = outcomes.iter().zip(&facts);
                let found =
                    found.filter_map(|(outcome, kind)| Some((kind.name.as_str(), found_object(outcome)?.id.as_str())));
                distinct(found)?;
                in_order(&pairs(
                    &facts,
                    requests.iter().map(|r| &r.inputs),
                    outcomes.iter().map(|found| found_object(found).map(|object| &object.inputs)),
                ))?;
                Ok(outcomes)
            },
        )
        .await
    }

    async fn read(&self, call: &Call<'_>, requests: Vec<ReadRequest>) -> Result<Vec<ReadOutcome>, CallError> {
        let facts = self.facts(requests.iter().map(|r| &r.kind))?;
        let steps = requests.iter().map(|r| about_object(None, &r.address, &r.kind, &r.prior)).collect();
        self.exchange(
            About { call, operation: Operation::Read, steps, journal: None },
            |seals| {
                let each = requests.iter().zip(&facts).map(|(r, kind)| wit::ReadRequest {
                    kind: kind.name.as_str().to_owned(),
                    address: r.address.as_str().to_owned(),
                    id: r.prior.id.clone(),
                    prior: resource(seals, &r.prior),
                    ephemeral: r.ephemeral.clone(),
                });
                each.collect()
            },
            |guest, store, context, requests| Box::pin(guest.call_read(store, context, requests)),
            |reader, answers| {
                each(&requests, answers, |at, request, answer| {
                    Ok(match answer {
                        wit::ReadOutcome::Absent => ReadOutcome::Absent,
                        wit::ReadOutcome::Found(found) => {
                            let found = reader.read_object(facts[at], &request.prior, &found)?;
                            let before = ObjectKey::recorded(&request.prior.outputs);
                            // What is read for the first time, for an import, has recorded nothing yet.
                            if request.prior.outputs.as_map().is_some_and(|outputs| !outputs.is_empty()) {
                                owns(facts[at].schema.previews, &found.outputs, &before)?;
                            }
                            ReadOutcome::Found(found)
                        }
                        wit::ReadOutcome::Failed(p) => ReadOutcome::Failed(problem(reader.seals, p)),
                    })
                })
            },
        )
        .await
    }

    async fn create(
        &self,
        call: &Call<'_>,
        journal: &Arc<dyn Journal>,
        requests: Vec<CreateRequest>,
    ) -> Result<Vec<Outcome<Object>>, CallError> {
        let facts = self.facts(requests.iter().map(|r| &r.mutation.kind))?;
        let steps = requests.iter().map(|r| {
            let m = &r.mutation;
            let planned = m.planned.clone();
            StepScope { planned, ..step(Some(&m.op), &m.address, &m.kind, r.id.as_deref(), &r.inputs, &Value::Null) }
        });
        let steps = steps.collect();
        self.exchange(
            About { call, operation: Operation::Create, steps, journal: Some(Arc::clone(journal)) },
            |seals| {
                let each = requests.iter().zip(&facts).map(|(r, kind)| wit::CreateRequest {
                    kind: kind.name.as_str().to_owned(),
                    address: r.mutation.address.as_str().to_owned(),
                    inputs: json(seals, &r.inputs),
                    token: r.token.as_str().to_owned(),
                    checkpoint: checkpoint(seals, r.mutation.checkpoint.as_ref()),
                });
                each.collect()
            },
            |guest, store, context, requests| Box::pin(guest.call_create(store, context, requests)),
            |reader, answers| {
                let outcomes = each(&requests, answers, |at, request, answer| {
                    let outcome = mutation(reader, facts[at], request.id.as_deref(), answer)?;
                    done_outputs(&outcome).map_or(Ok(()), |outputs| {
                        owns(facts[at].schema.previews, outputs, &request.mutation.planned)
                    })?;
                    Ok(outcome)
                })?;
                let made = outcomes.iter().zip(&facts).filter_map(|(outcome, kind)| match outcome {
                    Outcome::Done(object) => Some((kind.name.as_str(), object.id.as_str())),
                    Outcome::Pending(pending) => Some((kind.name.as_str(), pending.id.as_deref()?)),
                    Outcome::Failed(_) => None,
                });
                distinct(made)?;
                in_order(&pairs(&facts, requests.iter().map(|r| &r.inputs), outcomes.iter().map(done_inputs)))?;
                Ok(outcomes)
            },
        )
        .await
    }

    async fn update(
        &self,
        call: &Call<'_>,
        journal: &Arc<dyn Journal>,
        requests: Vec<UpdateRequest>,
    ) -> Result<Vec<Outcome<Object>>, CallError> {
        let facts = self.facts(requests.iter().map(|r| &r.mutation.kind))?;
        let steps = requests.iter().map(|r| {
            let m = &r.mutation;
            let planned = m.planned.clone();
            let id = Some(r.prior.id.as_str());
            StepScope { planned, ..step(Some(&m.op), &m.address, &m.kind, id, &r.inputs, &r.prior.outputs) }
        });
        let steps = steps.collect();
        self.exchange(
            About { call, operation: Operation::Update, steps, journal: Some(Arc::clone(journal)) },
            |seals| {
                let each = requests.iter().zip(&facts).map(|(r, kind)| wit::UpdateRequest {
                    kind: kind.name.as_str().to_owned(),
                    address: r.mutation.address.as_str().to_owned(),
                    inputs: json(seals, &r.inputs),
                    prior: resource(seals, &r.prior),
                    changed: r.changed.clone(),
                    checkpoint: checkpoint(seals, r.mutation.checkpoint.as_ref()),
                });
                each.collect()
            },
            |guest, store, context, requests| Box::pin(guest.call_update(store, context, requests)),
            |reader, answers| {
                let outcomes = each(&requests, answers, |at, request, answer| {
                    let outcome = mutation(reader, facts[at], Some(&request.prior.id), answer)?;
                    let before = ObjectKey::recorded(&request.prior.outputs);
                    let known = request.mutation.planned.iter().chain(&before);
                    done_outputs(&outcome).map_or(Ok(()), |outputs| owns(facts[at].schema.previews, outputs, known))?;
                    Ok(outcome)
                })?;
                in_order(&pairs(&facts, requests.iter().map(|r| &r.inputs), outcomes.iter().map(done_inputs)))?;
                Ok(outcomes)
            },
        )
        .await
    }

    async fn delete(
        &self,
        call: &Call<'_>,
        journal: &Arc<dyn Journal>,
        requests: Vec<DeleteRequest>,
    ) -> Result<Vec<Outcome<()>>, CallError> {
        let facts = self.facts(requests.iter().map(|r| &r.mutation.kind))?;
        let steps = requests
            .iter()
            .map(|r| about_object(Some(&r.mutation.op), &r.mutation.address, &r.mutation.kind, &r.prior));
        let steps = steps.collect();
        self.exchange(
            About { call, operation: Operation::Delete, steps, journal: Some(Arc::clone(journal)) },
            |seals| {
                let each = requests.iter().zip(&facts).map(|(r, kind)| wit::DeleteRequest {
                    kind: kind.name.as_str().to_owned(),
                    address: r.mutation.address.as_str().to_owned(),
                    prior: resource(seals, &r.prior),
                    checkpoint: checkpoint(seals, r.mutation.checkpoint.as_ref()),
                });
                each.collect()
            },
            |guest, store, context, requests| Box::pin(guest.call_delete(store, context, requests)),
            |reader, answers| {
                each(&requests, answers, |_, request, answer| {
                    Ok(match answer {
                        wit::DeleteOutcome::Done => Outcome::Done(()),
                        wit::DeleteOutcome::Pending(p) => Outcome::Pending(reader.pending(Some(&request.prior.id), p)?),
                        wit::DeleteOutcome::Failed(p) => Outcome::Failed(problem(reader.seals, p)),
                    })
                })
            },
        )
        .await
    }
}

fn mutation(
    reader: &Reader<'_>,
    kind: &KindFacts,
    id: Option<&str>,
    answer: wit::MutationOutcome,
) -> Result<Outcome<Object>, String> {
    Ok(match answer {
        wit::MutationOutcome::Done(made) => Outcome::Done(reader.same_object(kind, id.unwrap_or_default(), &made)?),
        wit::MutationOutcome::Pending(p) => Outcome::Pending(reader.pending(id, p)?),
        wit::MutationOutcome::Failed(p) => Outcome::Failed(problem(reader.seals, p)),
    })
}

fn found_object(outcome: &FindOutcome) -> Option<&Object> {
    match outcome {
        FindOutcome::Found(object) | FindOutcome::Unfinished(object, _) | FindOutcome::Unusable(object, _) => {
            Some(object)
        }
        FindOutcome::Absent | FindOutcome::Failed(_) => None,
    }
}

fn done_outputs(outcome: &Outcome<Object>) -> Option<&Value> {
    match outcome {
        Outcome::Done(object) => Some(&object.outputs),
        Outcome::Pending(_) | Outcome::Failed(_) => None,
    }
}

fn done_inputs(outcome: &Outcome<Object>) -> Option<&Value> {
    match outcome {
        Outcome::Done(object) => Some(&object.inputs),
        Outcome::Pending(_) | Outcome::Failed(_) => None,
    }
}

fn pairs<'a>(
    facts: &[&'a KindFacts],
    asked: impl Iterator<Item = &'a Value>,
    answered: impl Iterator<Item = Option<&'a Value>>,
) -> Vec<Pair<'a>> {
    let each = facts.iter().zip(asked).zip(answered);
    each.map(|((kind, asked), answered)| Pair { kind: kind.name.as_str(), asked, answered }).collect()
}
