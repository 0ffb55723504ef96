//! A plan or a run with a provider that is no plugin: what engine and store cost without wasm.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use maps_engine::apply::Cancel;
use maps_engine::provider::{
    CheckOutcome, CheckRequest, CreateRequest, DeleteRequest, DiffRequest, FieldChange, FindOutcome, FindRequest,
    Object, Outcome, Preview, PreviewRequest, ReadOutcome, ReadRequest, UpdateRequest,
};
use maps_engine::schema::{KindSchema, Kinds};
use maps_engine::session::DEFAULT_PARALLEL;
use maps_engine::stack::{Parameters, Stack};
use maps_engine::{
    Call, CallError, Clock as _, Journal, KindName, PluginName, Problem, Provider, Session, Store, Value,
};
use maps_runtime::inspect::Inspection;
use maps_store::{FileStore, Location};

use crate::Failure;
use crate::world::{Deaf, SystemEntropy, WallClock};

/// Plans, or runs, the stack in `dir` with the kinds of the echo plugin at `component`.
pub(crate) fn carry_out(component: &Path, dir: &Path, action: &Path) -> Result<(), Failure> {
    let kinds = Inspection::of(&std::fs::read(component)?)?.schemas;
    let stack = stack(dir, &kinds)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let provider: Arc<dyn Provider> = Arc::new(Native(kinds));
        let providers = BTreeMap::from([(PluginName::new("echo"), provider)]);
        let session = Session {
            stack: &stack,
            providers: &providers,
            clock: &WallClock,
            entropy: &SystemEntropy,
            observer: &Deaf,
            run: "bench",
            parallel: DEFAULT_PARALLEL,
        };
        let location = Location::new(dir.join(".maps").join("native"), &stack.name, None);
        if action == Path::new("plan") {
            let plan = maps_engine::plan(&session, &maps_store::read(&location)?.loaded).await?;
            return if plan.has_errors() { Err(refused(&plan.diagnostics)) } else { Ok(()) };
        }
        let store = FileStore::open(location, WallClock.now())?;
        let loaded = store.load().await?;
        let plan = maps_engine::plan(&session, &loaded).await?;
        let report = maps_engine::apply(&session, &store, &loaded, &plan, &Cancel::default()).await?;
        if report.is_complete() { Ok(()) } else { Err(refused(&report.checks)) }
    })
}

fn stack(dir: &Path, kinds: &Kinds) -> Result<Stack, Failure> {
    let files = BTreeMap::from([("stack.yaml".to_owned(), std::fs::read(dir.join("stack.yaml"))?)]);
    let parameters = Parameters { given: &BTreeMap::new(), environment: &|_| None, plant: None };
    let parsed = Stack::parse(&files, "stack.yaml", None, parameters);
    let stack = parsed.stack.ok_or_else(|| refused(&parsed.diagnostics))?;
    let diagnostics = stack.check(kinds);
    if diagnostics.is_empty() { Ok(stack) } else { Err(refused(&diagnostics)) }
}

fn refused(diagnostics: &[maps_engine::Diagnostic]) -> Failure {
    let first = diagnostics.first().map_or("it failed", |diagnostic| diagnostic.message.as_str());
    first.to_owned().into()
}

/// Does what the echo plugin does.
struct Native(BTreeMap<KindName, KindSchema>);

impl Native {
    /// With the defaults of the kind's schema, as the SDK fills them in.
    fn filled(&self, kind: &KindName, inputs: Value) -> Value {
        let Value::Map(mut inputs) = inputs else { return inputs };
        let declared = self.0.get(kind).into_iter().flat_map(|kind| kind.inputs.properties());
        for (name, schema) in declared {
            if let Some(default) = &schema.default
                && !inputs.contains_key(name)
            {
                inputs.insert(name.to_owned(), Value::from(default.clone()));
            }
        }
        Value::Map(inputs)
    }
}

fn made(inputs: Value) -> Object {
    let id = inputs.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let outputs = Value::from(serde_json::json!({"url": format!("https://echo.example/{id}")}));
    Object { id, inputs, outputs }
}

#[async_trait]
impl Provider for Native {
    fn kinds(&self) -> &BTreeMap<KindName, KindSchema> {
        &self.0
    }

    async fn check(&self, _: &Call<'_>, requests: Vec<CheckRequest>) -> Result<Vec<CheckOutcome>, CallError> {
        Ok(requests.into_iter().map(|request| Ok(self.filled(&request.kind, request.inputs))).collect())
    }

    async fn diff(
        &self,
        _: &Call<'_>,
        requests: Vec<DiffRequest>,
    ) -> Result<Vec<Result<Vec<FieldChange>, Problem>>, CallError> {
        Ok(requests.iter().map(|_| Ok(Vec::new())).collect())
    }

    async fn preview(
        &self,
        _: &Call<'_>,
        requests: Vec<PreviewRequest>,
    ) -> Result<Vec<Result<Preview, Problem>>, CallError> {
        Ok(requests.iter().map(|_| Ok(Preview::default())).collect())
    }

    async fn find(&self, _: &Call<'_>, requests: Vec<FindRequest>) -> Result<Vec<FindOutcome>, CallError> {
        Ok(requests.iter().map(|_| FindOutcome::Absent).collect())
    }

    async fn read(&self, _: &Call<'_>, requests: Vec<ReadRequest>) -> Result<Vec<ReadOutcome>, CallError> {
        Ok(requests.into_iter().map(|request| ReadOutcome::Found(made(request.prior.inputs))).collect())
    }

    async fn create(
        &self,
        _: &Call<'_>,
        _: &Arc<dyn Journal>,
        requests: Vec<CreateRequest>,
    ) -> Result<Vec<Outcome<Object>>, CallError> {
        Ok(requests.into_iter().map(|request| Outcome::Done(made(request.inputs))).collect())
    }

    async fn update(
        &self,
        _: &Call<'_>,
        _: &Arc<dyn Journal>,
        requests: Vec<UpdateRequest>,
    ) -> Result<Vec<Outcome<Object>>, CallError> {
        Ok(requests.into_iter().map(|request| Outcome::Done(made(request.inputs))).collect())
    }

    async fn delete(
        &self,
        _: &Call<'_>,
        _: &Arc<dyn Journal>,
        requests: Vec<DeleteRequest>,
    ) -> Result<Vec<Outcome<()>>, CallError> {
        Ok(requests.iter().map(|_| Outcome::Done(())).collect())
    }
}
