//! A provider that answers at once, over objects that a test can look into and change.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use maps_engine::provider::*;
use maps_engine::schema::KindSchema;
use maps_engine::value::Map;
use maps_engine::{Class, Journal, KindName, PluginName, Problem, Token, Value};
use serde_json::json;

/// What there is, and what was asked.
#[derive(Default)]
pub(crate) struct Things {
    pub(crate) objects: BTreeMap<String, (Token, Value)>,
    made: u32,
    /// How many calls of `check` there were.
    pub(crate) checks: u32,
    /// `create room`, `delete o1`, …
    pub(crate) done: Vec<String>,
    /// The ephemeral outputs that reads asked for.
    pub(crate) asked: Vec<String>,
    /// How many calls of `create` are to be answered with a request for patience, for all that they bring.
    pub(crate) busy: u32,
    /// How many requests each call of `create` brought.
    pub(crate) batches: Vec<usize>,
    /// The configs that came with calls for `inner`.
    pub(crate) configs: Vec<Value>,
    /// What was previewed, by name.
    pub(crate) previews: Vec<String>,
    /// `create chart: a b`, the objects that a mutation of a chart may write.
    pub(crate) scopes: Vec<String>,
}

#[derive(Clone, Default)]
pub(crate) struct Cloud(Arc<Mutex<Things>>);

impl Cloud {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Things> {
        self.0.lock().unwrap()
    }

    /// What was changed since the last time.
    pub(crate) fn done(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().done)
    }
}

/// One plugin: `tiny` has things and rooms (which live in what `in` refers to), `inner` has items
/// that live in what its config refers to.
pub(crate) struct Tiny {
    cloud: Cloud,
    kinds: BTreeMap<KindName, KindSchema>,
}

impl Tiny {
    pub(crate) fn new(cloud: &Cloud, plugin: &str) -> Self {
        let document = json!({
            "inputs": {"type": "object", "properties": {
                "name": {"type": "string"},
                "size": {"type": "integer"},
                "zone": {"type": "integer", "x-maps-replace": true},
                "in": {"type": "string"},
            }},
            "outputs": {"type": "object", "properties": {
                "value": {"type": "string"},
                "key": {"type": "string", "x-maps-ephemeral": true},
            }},
        });
        let mut room = document.clone();
        room["inputs"]["properties"]["in"]["x-maps-lives-in"] = true.into();
        let mut item = document.clone();
        item["x-maps-home"] = json!(["config.key"]);
        let mut chart = item.clone();
        chart["x-maps-preview"] = true.into();
        let mut alone = chart.clone();
        alone["x-maps-home"] = json!([]);
        let mut vault = document.clone();
        vault["inputs"]["properties"]["forced"] = json!({"type": "boolean", "default": true});
        vault["x-maps-loses"] = json!({"what": "all that is in it", "if": "forced"});
        let mut view = document.clone();
        view["x-maps-lookup"] = true.into();
        let more = [("tiny/chart", alone), ("inner/chart", chart), ("tiny/vault", vault), ("tiny/view", view)];
        let kinds = [("tiny/thing", document), ("tiny/room", room), ("inner/item", item)].into_iter().chain(more);
        let ours = kinds.filter(|(name, _)| name.starts_with(plugin));
        let kinds = ours.map(|(name, document)| (KindName::new(name), KindSchema::parse(name, &document).unwrap()));
        Self { cloud: cloud.clone(), kinds: kinds.collect() }
    }

    fn heard(&self, call: &Call<'_>, kind: &KindName) {
        if kind.as_str().starts_with("inner/") {
            self.cloud.lock().configs.push(call.config.clone());
        }
    }
}

/// The object of this id. Its key differs each time, as a token does that is made when asked for.
fn object(things: &mut Things, id: &str, ephemeral: &[String]) -> Option<Object> {
    let inputs = things.objects.get(id)?.1.clone();
    let mut outputs = Map::from([("value".to_owned(), Value::from(format!("v-{id}")))]);
    for name in ephemeral {
        things.asked.push(name.clone());
        let key = format!("key-{id}-{}", things.asked.len());
        outputs.insert(name.clone(), Value::from(key).secret());
    }
    Some(Object { id: id.to_owned(), inputs, outputs: Value::Map(outputs) })
}

/// Notes which objects a mutation of a chart may write.
fn scoped(things: &mut Things, does: &str, mutation: &Mutation) {
    if mutation.kind.as_str().ends_with("/chart") {
        let names: String = mutation.planned.iter().map(|object| format!(" {}", object.name)).collect();
        things.scopes.push(format!("{does} {}:{names}", mutation.address));
    }
}

#[async_trait]
impl Provider for Tiny {
    fn kinds(&self) -> &BTreeMap<KindName, KindSchema> {
        &self.kinds
    }

    async fn check(&self, _: &Call<'_>, requests: Vec<CheckRequest>) -> Result<Vec<CheckOutcome>, CallError> {
        self.cloud.lock().checks += 1;
        if requests.iter().any(|request| request.inputs.get("name") == Some(&Value::from("cursed"))) {
            let (plugin, message) = (PluginName::new("tiny"), "unreachable".to_owned());
            return Err(CallError::Trap { plugin, operation: "check", message });
        }
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
        let preview = |request: PreviewRequest| {
            let name = request.inputs.get("name").and_then(Value::as_str).unwrap_or("unknown").to_owned();
            self.cloud.lock().previews.push(name.clone());
            if name == "unrendered-v-o1" {
                return Err(Problem::new(Class::Invalid, "no-chart", "it cannot be rendered"));
            }
            let object = json!({"api_version": "v1", "kind": "ConfigMap", "namespace": "maps", "name": name});
            Ok(Preview { outputs: Value::Map(Map::new()), objects: vec![Value::from(object)] })
        };
        Ok(requests.into_iter().map(preview).collect())
    }

    async fn find(&self, _: &Call<'_>, requests: Vec<FindRequest>) -> Result<Vec<FindOutcome>, CallError> {
        let mut things = self.cloud.lock();
        let mut find = |request: FindRequest| {
            let id = things.objects.iter().find(|(_, (token, _))| *token == request.token).map(|(id, _)| id.clone());
            id.and_then(|id| object(&mut things, &id, &[])).map_or(FindOutcome::Absent, FindOutcome::Found)
        };
        Ok(requests.into_iter().map(&mut find).collect())
    }

    async fn read(&self, call: &Call<'_>, requests: Vec<ReadRequest>) -> Result<Vec<ReadOutcome>, CallError> {
        let read = |request: ReadRequest| {
            self.heard(call, &request.kind);
            let found = object(&mut self.cloud.lock(), &request.prior.id, &request.ephemeral);
            found.map_or(ReadOutcome::Absent, ReadOutcome::Found)
        };
        Ok(requests.into_iter().map(read).collect())
    }

    async fn create(
        &self,
        call: &Call<'_>,
        _: &Arc<dyn Journal>,
        requests: Vec<CreateRequest>,
    ) -> Result<Vec<Outcome<Object>>, CallError> {
        {
            let mut things = self.cloud.lock();
            things.batches.push(requests.len());
            if things.busy > 0 {
                things.busy -= 1;
                let busy = || Outcome::Failed(Problem::new(Class::Throttled, "busy", "not so fast"));
                return Ok(requests.iter().map(|_| busy()).collect());
            }
        }
        let create = |request: CreateRequest| {
            self.heard(call, &request.mutation.kind);
            let mut things = self.cloud.lock();
            things.made += 1;
            let id = format!("o{}", things.made);
            scoped(&mut things, "create", &request.mutation);
            things.done.push(format!("create {}", request.mutation.address));
            things.objects.insert(id.clone(), (request.token, request.inputs));
            Outcome::Done(object(&mut things, &id, &[]).unwrap())
        };
        Ok(requests.into_iter().map(create).collect())
    }

    async fn update(
        &self,
        call: &Call<'_>,
        _: &Arc<dyn Journal>,
        requests: Vec<UpdateRequest>,
    ) -> Result<Vec<Outcome<Object>>, CallError> {
        let update = |request: UpdateRequest| {
            self.heard(call, &request.mutation.kind);
            let mut things = self.cloud.lock();
            scoped(&mut things, "update", &request.mutation);
            let from = request.mutation.checkpoint.as_ref().and_then(Value::as_str);
            let from = from.map(|from| format!(" from {from}")).unwrap_or_default();
            things.done.push(format!("update {}{from}", request.mutation.address));
            things.objects.get_mut(&request.prior.id).unwrap().1 = request.inputs;
            Outcome::Done(object(&mut things, &request.prior.id, &[]).unwrap())
        };
        Ok(requests.into_iter().map(update).collect())
    }

    async fn delete(
        &self,
        call: &Call<'_>,
        _: &Arc<dyn Journal>,
        requests: Vec<DeleteRequest>,
    ) -> Result<Vec<Outcome<()>>, CallError> {
        let delete = |request: DeleteRequest| {
            self.heard(call, &request.mutation.kind);
            let mut things = self.cloud.lock();
            scoped(&mut things, "delete", &request.mutation);
            things.done.push(format!("delete {}", request.mutation.address));
            things.objects.remove(&request.prior.id);
            Outcome::Done(())
        };
        Ok(requests.into_iter().map(delete).collect())
    }
}
