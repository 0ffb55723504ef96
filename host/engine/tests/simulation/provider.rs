//! A provider of a cloud that delays, loses, throttles, hangs and lies about nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use maps_engine::journal::OpKind;
use maps_engine::name::RuleId;
use maps_engine::provider::*;
use maps_engine::schema::KindSchema;
use maps_engine::value::Map;
use maps_engine::{Class, Entry, Journal, KindName, Problem, Value};
use serde_json::json;

use crate::world::{Request, SLOW, Thing, World, began};

/// How long a request may still land after its process died.
pub(crate) const SETTLE_MS: u64 = 3_000;

pub(crate) struct Fake {
    world: World,
    kinds: BTreeMap<KindName, KindSchema>,
}

impl Fake {
    pub(crate) fn new(world: &World) -> Self {
        let document = json!({
            "inputs": {"type": "object", "properties": {
                "name": {"type": "string"},
                "size": {"type": "integer"},
                "zone": {"type": "integer", "x-maps-replace": true},
                "from": {"type": "array", "items": {"type": "string"}},
            }},
            "outputs": {"type": "object", "properties": {
                "value": {"type": "string"},
                "secret": {"type": "string", "x-maps-ephemeral": true},
            }},
            "x-maps-settle-ms": SETTLE_MS,
            "x-maps-batch": 3,
        });
        let kind = |name: &str, first: bool| {
            let mut document = document.clone();
            document["x-maps-delete-first"] = first.into();
            (KindName::new(name), KindSchema::parse(name, &document).unwrap())
        };
        let kinds = BTreeMap::from([kind("fake/quick", false), kind(SLOW, false), kind("fake/first", true)]);
        Self { world: world.clone(), kinds }
    }

    /// Every call takes its time; some never answer.
    async fn arrive(&self) -> InFlight {
        self.world.lock().in_flight += 1;
        let guard = InFlight(self.world.clone());
        let delay = 1 + self.world.below(200);
        self.world.sleep(delay).await;
        guard
    }

    fn object(&self, id: &str, thing: &Thing, ephemeral: bool) -> Object {
        let mut outputs = Map::from([("value".to_owned(), value_of(id))]);
        if ephemeral {
            outputs.insert("secret".to_owned(), Value::from(format!("s-{id}")));
        }
        Object { id: id.to_owned(), inputs: thing.inputs.clone(), outputs: Value::Map(outputs) }
    }

    /// A read that fails in passing.
    fn hiccup(&self) -> Option<Problem> {
        self.world.fault(2).then(|| Problem::new(Class::Throttled, "slow-down", "too many reads"))
    }

    /// Announces and sends one mutating request. Around it, everything that can go wrong does.
    async fn send(&self, journal: &Arc<dyn Journal>, mutation: &Mutation, request: Request) -> Result<(), Problem> {
        if !began(&self.world.durable(), &mutation.op) {
            self.world.violated(format!("{} is called before its begin is durable", mutation.address));
        }
        let (op, at) = (mutation.op.clone(), self.world.lock().now);
        let summary = format!("{:?}", std::mem::discriminant(&request));
        let entry = Entry::Call { ops: vec![op], rule: RuleId::new("fake"), summary, at };
        journal.append(vec![entry]).await.map_err(|e| Problem::new(Class::Internal, "journal", e.to_string()))?;
        let fault = if self.world.fault(12) { self.world.below(9) } else { 99 };
        let creates = matches!(request, Request::Create(..));
        let late = |world: &World, request| {
            let mut inner = world.lock();
            let at = at + 1 + inner.random.as_mut().unwrap().below(SETTLE_MS - 2);
            inner.late.push((at, request));
        };
        match fault {
            0 => return Err(Problem::new(Class::Throttled, "slow-down", "too many writes")),
            1 => return Err(Problem::new(Class::Unavailable, "not-ready", "the service is not ready")),
            2 => return Err(Problem::new(Class::Denied, "denied", "not allowed today")),
            3 => self.world.crash().await,
            4 => {
                late(&self.world, request);
                self.world.crash().await;
            }
            5 => {
                self.world.lock().handle(request);
                self.world.crash().await;
            }
            6 => {
                let request = spoilt(&self.world, request);
                self.world.lock().handle(request);
                return Err(Problem::new(Class::Timeout, "lost", "the reply was lost"));
            }
            7 if creates => {
                late(&self.world, request);
                return Err(Problem::new(Class::Timeout, "late", "no reply in time"));
            }
            8 => {
                self.world.lock().handle(request);
                // Never answers: the engine's own patience ends this.
                std::future::pending::<()>().await;
            }
            _ => self.world.lock().handle(request),
        }
        Ok(())
    }

    /// Every dependency must be durable, and its value must be the one it has now.
    fn dependencies(&self, mutation: &Mutation, inputs: &Value) {
        let durable = self.world.durable();
        let Some(Value::List(from)) = inputs.get("from") else { return };
        for value in from {
            let known = durable.resources.values().flat_map(|tracked| &tracked.current);
            if !known.into_iter().any(|object| object.outputs.get("value") == Some(value)) {
                self.world.violated(format!("{} starts with {value:?} before that is durable", mutation.address));
            }
        }
    }

    fn pending(&self, checkpoint: &str, left: u64) -> Pending {
        Pending {
            checkpoint: Value::from(checkpoint),
            retry_after_ms: left.min(5_000),
            id: Some(checkpoint.to_owned()),
            note: None,
        }
    }

    async fn create_one(&self, journal: &Arc<dyn Journal>, request: CreateRequest) -> Outcome<Object> {
        let CreateRequest { mutation, inputs, token, .. } = request;
        let id = match &mutation.checkpoint {
            Some(checkpoint) => checkpoint.as_str().unwrap_or_default().to_owned(),
            None => {
                self.dependencies(&mutation, &inputs);
                let (id, ready_at) = {
                    let mut inner = self.world.lock();
                    inner.made += 1;
                    let slow = mutation.kind.as_str() == SLOW;
                    let takes = if slow { 20_000 + inner.random.as_mut().unwrap().below(60_000) } else { 0 };
                    (format!("o{}", inner.made), inner.now + takes)
                };
                let (kind, address) = (mutation.kind.to_string(), mutation.address.clone());
                let thing = Thing { kind, address, token, inputs, ready_at, unusable: false };
                if let Err(problem) = self.send(journal, &mutation, Request::Create(id.clone(), thing)).await {
                    return Outcome::Failed(problem);
                }
                id
            }
        };
        let inner = self.world.lock();
        match inner.things.get(&id) {
            Some(thing) if thing.ready_at > inner.now => {
                Outcome::Pending(self.pending(&id, thing.ready_at - inner.now))
            }
            Some(thing) => Outcome::Done(self.object(&id, thing, false)),
            None => Outcome::Failed(Problem::new(Class::NotFound, "gone", "it is gone")),
        }
    }

    async fn update_one(&self, journal: &Arc<dyn Journal>, request: UpdateRequest) -> Outcome<Object> {
        let UpdateRequest { mutation, inputs, prior, .. } = request;
        self.dependencies(&mutation, &inputs);
        // What an earlier attempt asked for is not asked for again: it is only waited for.
        let asked = self.world.lock().things.get(&prior.id).is_some_and(|thing| thing.inputs == inputs);
        if !asked && let Err(problem) = self.send(journal, &mutation, Request::Update(prior.id.clone(), inputs)).await {
            return Outcome::Failed(problem);
        }
        let inner = self.world.lock();
        match inner.things.get(&prior.id) {
            Some(thing) if thing.ready_at > inner.now => {
                Outcome::Pending(self.pending(&prior.id, thing.ready_at - inner.now))
            }
            Some(thing) => Outcome::Done(self.object(&prior.id, thing, false)),
            None => Outcome::Failed(Problem::new(Class::NotFound, "gone", "it is gone")),
        }
    }

    async fn delete_one(&self, journal: &Arc<dyn Journal>, request: DeleteRequest) -> Outcome<()> {
        let DeleteRequest { mutation, prior } = request;
        if !self.world.lock().things.contains_key(&prior.id) {
            return Outcome::Done(());
        }
        if mutation.kind.as_str() == SLOW && mutation.checkpoint.is_none() {
            return Outcome::Pending(self.pending(&prior.id, 700));
        }
        match self.send(journal, &mutation, Request::Delete(prior.id)).await {
            Ok(()) => Outcome::Done(()),
            Err(problem) => Outcome::Failed(problem),
        }
    }

    /// A guest that aborts in the middle of its batch.
    fn trap(&self, operation: OpKind) -> Option<CallError> {
        let operation = match operation {
            OpKind::Create => "create",
            OpKind::Update => "update",
            OpKind::Delete => "delete",
        };
        let plugin = maps_engine::PluginName::new("fake");
        self.world.fault(2).then(|| CallError::Trap { plugin, operation, message: "unreachable".into() })
    }
}

/// What an object of this id exports.
pub(crate) fn value_of(id: &str) -> Value {
    Value::from(format!("v-{id}"))
}

/// Some of what is made without an answer is of no use.
fn spoilt(world: &World, request: Request) -> Request {
    match request {
        Request::Create(id, thing) => Request::Create(id, Thing { unusable: world.below(3) == 0, ..thing }),
        other => other,
    }
}

struct InFlight(World);

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut inner = self.0.lock();
        inner.in_flight = inner.in_flight.saturating_sub(1);
    }
}

#[async_trait]
impl Provider for Fake {
    fn kinds(&self) -> &BTreeMap<KindName, KindSchema> {
        &self.kinds
    }

    async fn check(&self, _: &Call<'_>, requests: Vec<CheckRequest>) -> Result<Vec<CheckOutcome>, CallError> {
        Ok(requests.into_iter().map(|request| Ok(request.inputs)).collect())
    }

    async fn diff(
        &self,
        _: &Call<'_>,
        requests: Vec<DiffRequest>,
    ) -> Result<Vec<Result<Vec<FieldChange>, Problem>>, CallError> {
        Ok(requests.into_iter().map(|_| Ok(Vec::new())).collect())
    }

    async fn preview(
        &self,
        _: &Call<'_>,
        requests: Vec<PreviewRequest>,
    ) -> Result<Vec<Result<Preview, Problem>>, CallError> {
        Ok(requests.into_iter().map(|_| Ok(Preview::default())).collect())
    }

    async fn find(&self, _: &Call<'_>, requests: Vec<FindRequest>) -> Result<Vec<FindOutcome>, CallError> {
        let _guard = self.arrive().await;
        let find = |request: FindRequest| {
            if let Some(problem) = self.hiccup() {
                return FindOutcome::Failed(problem);
            }
            let inner = self.world.lock();
            let Some((id, thing)) = inner.things.iter().find(|(_, thing)| thing.token == request.token) else {
                return FindOutcome::Absent;
            };
            let object = self.object(id, thing, false);
            match () {
                () if thing.unusable => FindOutcome::Unusable(object, "its key is lost".into()),
                () if thing.ready_at > inner.now => FindOutcome::Unfinished(object, Value::from(id.as_str())),
                () => FindOutcome::Found(object),
            }
        };
        Ok(requests.into_iter().map(find).collect())
    }

    async fn read(&self, _: &Call<'_>, requests: Vec<ReadRequest>) -> Result<Vec<ReadOutcome>, CallError> {
        let _guard = self.arrive().await;
        let read = |request: ReadRequest| {
            if let Some(problem) = self.hiccup() {
                return ReadOutcome::Failed(problem);
            }
            match self.world.lock().things.get(&request.prior.id) {
                Some(thing) => ReadOutcome::Found(self.object(&request.prior.id, thing, !request.ephemeral.is_empty())),
                None => ReadOutcome::Absent,
            }
        };
        Ok(requests.into_iter().map(read).collect())
    }

    async fn create(
        &self,
        _: &Call<'_>,
        journal: &Arc<dyn Journal>,
        requests: Vec<CreateRequest>,
    ) -> Result<Vec<Outcome<Object>>, CallError> {
        let _guard = self.arrive().await;
        let mut outcomes = Vec::new();
        for request in requests {
            outcomes.push(self.create_one(journal, request).await);
        }
        self.trap(OpKind::Create).map_or(Ok(outcomes), Err)
    }

    async fn update(
        &self,
        _: &Call<'_>,
        journal: &Arc<dyn Journal>,
        requests: Vec<UpdateRequest>,
    ) -> Result<Vec<Outcome<Object>>, CallError> {
        let _guard = self.arrive().await;
        let mut outcomes = Vec::new();
        for request in requests {
            outcomes.push(self.update_one(journal, request).await);
        }
        self.trap(OpKind::Update).map_or(Ok(outcomes), Err)
    }

    async fn delete(
        &self,
        _: &Call<'_>,
        journal: &Arc<dyn Journal>,
        requests: Vec<DeleteRequest>,
    ) -> Result<Vec<Outcome<()>>, CallError> {
        let _guard = self.arrive().await;
        let mut outcomes = Vec::new();
        for request in requests {
            outcomes.push(self.delete_one(journal, request).await);
        }
        self.trap(OpKind::Delete).map_or(Ok(outcomes), Err)
    }
}
