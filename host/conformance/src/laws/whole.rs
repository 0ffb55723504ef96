//! The kind in a stack: the real engine and store around the plugin.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use maps_engine::expr::Template;
use maps_engine::plan::Action;
use maps_engine::stack::{Parameters, Stack};
use maps_engine::{Address, ApplyReport, Cancel, Entropy, Plan, Provider, Session, State, Store as _, Value};
use maps_store::{FileStore, Location};
use serde_json::json;

use crate::bench::{Bench, shown, state_dir};
use crate::place::agrees;
use crate::verdict::{Kept, Stop, broken, ensure, untried};

/// The system's randomness.
struct Random;

impl Entropy for Random {
    #[allow(clippy::expect_used)]
    fn fill(&self, buffer: &mut [u8]) {
        // Without randomness tokens could repeat, and nothing that was seen would mean anything.
        getrandom::fill(buffer).expect("the operating system gives randomness");
    }
}

/// One stack with one resource of the kind.
struct Whole<'a> {
    bench: &'a Bench,
    providers: BTreeMap<maps_engine::PluginName, Arc<dyn Provider>>,
}

impl<'a> Whole<'a> {
    fn of(bench: &'a Bench) -> Self {
        let providers = BTreeMap::from([(bench.subject.kind.plugin(), Arc::clone(&bench.provider))]);
        Self { bench, providers }
    }

    /// The stack with these inputs, and with an output for each ephemeral one.
    fn stack(&self, inputs: &Value) -> Kept<Stack> {
        let subject = &self.bench.subject;
        let plugin = subject.kind.plugin();
        let mut outputs = serde_json::Map::from_iter([("id".to_owned(), json!("${subject.id}"))]);
        for name in self.bench.schema()?.ephemeral_outputs() {
            outputs.insert(format!("its_{name}"), json!(format!("${{subject.{name}}}")));
        }
        let document = json!({
            "maps": "v1",
            "stack": "conformance",
            "plugins": {plugin.as_str(): {"source": plugin.as_str()}},
            "resources": {"subject": {"type": subject.kind.as_str(), "with": self.bench.apart(inputs.clone())}},
            "outputs": outputs,
        });
        let sources = BTreeMap::from([("stack.yaml".to_owned(), document.to_string().into_bytes())]);
        let parameters = Parameters { given: &BTreeMap::new(), environment: &|_| None, plant: None };
        let parsed = Stack::parse(&sources, "stack.yaml", None, parameters);
        let told = || parsed.diagnostics.iter().map(|d| d.message.clone()).collect::<Vec<_>>().join("; ");
        let why = told();
        let stack = parsed.stack.ok_or_else(|| Stop::Untried(format!("no stack can be made of the fixture: {why}")));
        let mut stack = stack?;
        if let Some(declared) = stack.plugins.get_mut(&plugin) {
            declared.config = Template::literal(self.bench.config.clone());
        }
        Ok(stack)
    }

    /// A run: plans, applies, and tells what state says afterwards.
    async fn run(&self, stack: &Stack, destroy: bool) -> Kept<(Plan, ApplyReport, State)> {
        let bench = self.bench;
        let now = maps_engine::Clock::now(&*bench.clock);
        let store = FileStore::open(Location::new(state_dir(bench), "conformance", None), now);
        let store = store.map_err(untried("there is no state"))?;
        let session = Session {
            stack,
            providers: &self.providers,
            clock: &*bench.clock,
            entropy: &Random,
            observer: &*bench.heard,
            run: "run",
            parallel: 4,
        };
        let loaded = store.load().await.map_err(untried("state cannot be loaded"))?;
        let plan = match destroy {
            true => maps_engine::plan_destroy(&session, &loaded).await,
            false => maps_engine::plan(&session, &loaded).await,
        };
        let plan = plan.map_err(untried("there is no plan"))?;
        let told = plan.diagnostics.iter().map(|d| d.message.clone()).collect::<Vec<_>>().join("; ");
        ensure!(!plan.has_errors(), "the plan has errors: {told}");
        let report = maps_engine::apply(&session, &store, &loaded, &plan, &Cancel::default()).await;
        let report = report.map_err(untried("nothing can be applied"))?;
        ensure!(report.defects.is_empty(), "it breaks the contract with the engine: {:?}", report.defects);
        ensure!(report.failed == 0, "the apply fails: {:?}", report.failures);
        let state = store.load().await.map_err(untried("state cannot be loaded"))?.snapshot.state;
        Ok((plan, report, state))
    }

    /// A run that must do exactly this, and end as it was planned.
    async fn becomes(&self, inputs: &Value, action: Action) -> Kept<State> {
        let (plan, report, state) = self.run(&self.stack(inputs)?, false).await?;
        let [step] = plan.steps.as_slice() else { return Err(broken!("the plan of one resource has not one step")) };
        ensure!(step.action == action, "{action:?} was expected, and the plan says {:?}: {:?}", step.action, step.diff);
        let object = state.current(&Address::new("subject"));
        let object = object.ok_or_else(|| broken!("the resource is not recorded"))?;
        let planned = step.new_inputs.as_ref().ok_or_else(|| broken!("the plan has no inputs"))?;
        ensure!(!planned.has_unknown(), "inputs without references are unknown in the plan: {}", shown(planned));
        let differs = maps_engine::diff::diff(&self.bench.schema()?.inputs, &object.inputs, planned, None);
        ensure!(differs.is_empty(), "planned inputs do not survive: {differs:?}");
        let outputs = &step.planned_outputs;
        let same = agrees(outputs, &object.outputs);
        ensure!(same, "planned outputs do not survive: {} became {}", shown(outputs), shown(&object.outputs));
        let known = !object.inputs.has_unknown() && !object.outputs.has_unknown();
        ensure!(known, "something stays unknown: {}", shown(&object.outputs));
        ensure!(!state.outputs.has_unknown(), "an output of the stack stays unknown: {}", shown(&state.outputs));
        ensure!(state.operations.is_empty(), "an operation stays open: {:?}", state.operations);
        let known = report.outputs.values().all(|value| !value.has_unknown());
        ensure!(known, "an output of the stack stays unknown: {:?}", report.outputs);
        Ok(state)
    }
}

/// A create, an update in place and a replacement end as they were planned, with nothing unknown.
pub(super) async fn what_was_planned_is_what_becomes(bench: &Bench) -> Kept {
    let whole = Whole::of(bench);
    let fixture = bench.fixture();
    let _ = whole.becomes(&fixture.with(None), Action::Create).await?;
    let over = [(&fixture.update, Action::Update), (&fixture.replace, Action::Replace)];
    for (over, action) in over {
        let Some(over) = over else { continue };
        let _ = whole.becomes(&fixture.with(Some(over)), action).await?;
        // Back to the first inputs by way of nothing, so that each is tried from there.
        let _ = whole.run(&whole.stack(&fixture.with(None))?, true).await?;
        let _ = whole.becomes(&fixture.with(None), Action::Create).await?;
    }
    let _ = whole.run(&whole.stack(&fixture.with(None))?, true).await?;
    Ok(())
}

/// After each kind of change a second plan is empty, and its apply writes nothing.
pub(super) async fn a_second_plan_is_empty(bench: &Bench) -> Kept {
    let whole = Whole::of(bench);
    for inputs in bench.fixture().all() {
        let stack = whole.stack(&inputs)?;
        let _ = whole.run(&stack, false).await?;
        let written = files_below(&state_dir(bench))?;
        let inventory = bench.inventory()?;
        let (plan, ..) = whole.run(&stack, false).await?;
        let differs: Vec<_> = plan.steps.iter().map(|step| (step.action, &step.diff)).collect();
        ensure!(plan.is_empty(), "a second plan has something to do: {differs:?}");
        ensure!(files_below(&state_dir(bench))? == written, "a run without changes writes state");
        bench.is_still(&inventory, "a run without changes changes something")?;
        let _ = whole.run(&stack, true).await?;
    }
    Ok(())
}

/// Credentials and ephemeral outputs are neither in state nor shown by a plan.
pub(super) async fn no_secret_is_in_state_or_plan(bench: &Bench) -> Kept {
    let whole = Whole::of(bench);
    let stack = whole.stack(&bench.fixture().with(None))?;
    let (first, report, _) = whole.run(&stack, false).await?;
    for name in bench.schema()?.ephemeral_outputs() {
        let value = report.outputs.get(&format!("its_{name}"));
        bench.learn_secret(value.ok_or_else(|| broken!("the stack has no output for {name}"))?);
    }
    let over = bench.fixture().update.as_ref();
    let stack = whole.stack(&bench.fixture().with(over))?;
    let (second, ..) = whole.run(&stack, false).await?;
    bench.keeps_secrets(&format!("{first:?}{second:?}"), "a plan")?;
    let files = files_below(&state_dir(bench))?;
    ensure!(!files.is_empty(), "a run leaves no state");
    for (path, bytes) in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        bench.keeps_secrets(&String::from_utf8_lossy(&bytes), &format!("state, in {name}"))?;
    }
    let _ = whole.run(&stack, true).await?;
    Ok(())
}

/// What a run makes, a destroy removes.
pub(super) async fn a_destroy_ends_where_the_first_run_began(bench: &Bench) -> Kept {
    if !bench.has_inventory() {
        return Err(Stop::Skipped("only a rehearsal's cloud can tell what is left"));
    }
    let whole = Whole::of(bench);
    for inputs in bench.fixture().all() {
        let before = bench.inventory()?;
        let stack = whole.stack(&inputs)?;
        let _ = whole.run(&stack, false).await?;
        match bench.fixture().lookup {
            true => bench.is_still(&before, "a look-up makes something")?,
            false => bench.is_no_longer(&before, "a run makes nothing")?,
        }
        let (.., state) = whole.run(&stack, true).await?;
        bench.is_still(&before, "a destroy leaves something")?;
        ensure!(state.resources.is_empty() && state.operations.is_empty(), "state remembers what is gone");
    }
    Ok(())
}

/// Every file with its bytes.
fn files_below(dir: &Path) -> Kept<BTreeMap<PathBuf, Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten() {
        let path = entry.map_err(untried("state cannot be listed"))?.path();
        // The lock names its holder and is no state.
        if path.file_name().is_some_and(|name| name == "lock") {
            continue;
        }
        match path.is_dir() {
            true => found.extend(files_below(&path)?),
            false => {
                let bytes = std::fs::read(&path).map_err(untried("state cannot be read"))?;
                found.insert(path, bytes);
            }
        }
    }
    Ok(found)
}
