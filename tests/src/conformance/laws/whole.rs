//! The kind in a stack: the real engine and store around the plugin.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use maps_engine::plan::Action;
use maps_engine::stack::{Parameters, Stack};
use maps_engine::{Address, ApplyReport, Cancel, Entropy, Plan, Provider, Session, State, Store as _, Value};
use maps_store::{FileStore, Location};
use serde_json::json;

use crate::conformance::place::agrees;
use crate::conformance::{Bench, Subject};

/// The system's randomness.
struct Random;

impl Entropy for Random {
    fn fill(&self, buffer: &mut [u8]) {
        getrandom::fill(buffer).expect("the operating system gives randomness");
    }
}

/// One stack with one resource of the kind.
struct Whole<'a> {
    bench: &'a Bench,
    subject: &'a Subject,
    providers: BTreeMap<maps_engine::PluginName, Arc<dyn Provider>>,
}

impl<'a> Whole<'a> {
    fn of(bench: &'a Bench, subject: &'a Subject) -> Self {
        let providers = BTreeMap::from([(subject.kind.plugin(), Arc::clone(&bench.provider))]);
        Self { bench, subject, providers }
    }

    /// The stack with these inputs, and with an output for each ephemeral one.
    fn stack(&self, inputs: &Value) -> Stack {
        let plugin = self.subject.kind.plugin();
        let mut outputs = serde_json::Map::from_iter([("id".to_owned(), json!("${subject.id}"))]);
        for name in self.bench.schema().ephemeral_outputs() {
            outputs.insert(format!("its_{name}"), json!(format!("${{subject.{name}}}")));
        }
        let document = json!({
            "maps": "v1",
            "stack": "conformance",
            "plugins": {plugin.as_str(): {"source": plugin.as_str(), "config": self.subject.fixture.config}},
            "resources": {"subject": {"type": self.subject.kind.as_str(), "with": inputs}},
            "outputs": outputs,
        });
        let sources = BTreeMap::from([("stack.yaml".to_owned(), document.to_string().into_bytes())]);
        let parameters = Parameters { given: &BTreeMap::new(), environment: &|_| None, plant: None };
        let parsed = Stack::parse(&sources, "stack.yaml", None, parameters);
        parsed.stack.unwrap_or_else(|| panic!("{:?}", parsed.diagnostics))
    }

    fn state_dir(&self) -> PathBuf {
        self.bench.dir.path().join("state/conformance")
    }

    /// A run: plans, applies, and tells what state says afterwards.
    async fn run(&self, stack: &Stack, destroy: bool) -> (Plan, ApplyReport, State) {
        let now = maps_engine::Clock::now(&*self.bench.clock);
        let store = FileStore::open(Location::new(self.state_dir(), "conformance", None), now).expect("the state");
        let session = Session {
            stack,
            providers: &self.providers,
            clock: &*self.bench.clock,
            entropy: &Random,
            observer: &*self.bench.heard,
            run: "run",
            parallel: 4,
        };
        let loaded = store.load().await.expect("the state");
        let plan = match destroy {
            true => maps_engine::plan_destroy(&session, &loaded).await,
            false => maps_engine::plan(&session, &loaded).await,
        };
        let plan = plan.expect("a plan");
        assert!(!plan.has_errors(), "{:?}", plan.diagnostics);
        let report = maps_engine::apply(&session, &store, &loaded, &plan, &Cancel::default()).await.expect("a report");
        assert!(report.failed == 0 && report.checks.is_empty(), "{report:?}");
        assert!(report.defects.is_empty(), "the plugin breaks the contract: {:?}", report.defects);
        let state = store.load().await.expect("the state").snapshot.state;
        (plan, report, state)
    }

    /// A run that must do exactly this, and end as it was planned.
    async fn becomes(&self, inputs: &Value, action: Action) -> State {
        let (plan, report, state) = self.run(&self.stack(inputs), false).await;
        let step = &plan.steps[0];
        assert_eq!((plan.steps.len(), step.action), (1, action), "{:?} {:?}", step.diff, step.reasons);
        let object = state.current(&Address::new("subject")).expect("the resource is recorded");
        let planned = step.new_inputs.as_ref().expect("planned inputs");
        assert!(!planned.has_unknown(), "nothing is unknown in inputs without references: {planned:?}");
        let differs = maps_engine::diff::diff(&self.bench.schema().inputs, &object.inputs, planned, None);
        assert!(differs.is_empty(), "planned inputs do not survive: {differs:?}");
        let outputs = &step.planned_outputs;
        assert!(agrees(outputs, &object.outputs), "planned: {outputs:?}\nbecame: {:?}", object.outputs);
        assert!(!object.inputs.has_unknown() && !object.outputs.has_unknown(), "still unknown: {object:?}");
        assert!(!state.outputs.has_unknown(), "still unknown: {:?}", state.outputs);
        assert!(state.operations.is_empty(), "an operation stays open: {:?}", state.operations);
        assert!(report.outputs.values().all(|value| !value.has_unknown()), "still unknown: {:?}", report.outputs);
        state
    }
}

/// A create, an update in place and a replacement end as they were planned, with nothing unknown.
pub async fn what_was_planned_is_what_becomes(subject: &Subject) {
    let bench = Bench::set_up(subject).await;
    let subject = &bench.subject().clone();
    let whole = Whole::of(&bench, subject);
    let _ = whole.becomes(&subject.fixture.with(None), Action::Create).await;
    let over = [(&subject.fixture.update, Action::Update), (&subject.fixture.replace, Action::Replace)];
    for (over, action) in over {
        let Some(over) = over else { continue };
        let _ = whole.becomes(&subject.fixture.with(Some(over)), action).await;
        // Back to the first inputs by way of nothing, so that each is tried from there.
        let _ = whole.run(&whole.stack(&subject.fixture.with(None)), true).await;
        let _ = whole.becomes(&subject.fixture.with(None), Action::Create).await;
    }
    bench.close().await;
}

/// After each kind of change a second plan is empty, and its apply writes nothing.
pub async fn a_second_plan_is_empty(subject: &Subject) {
    let bench = Bench::set_up(subject).await;
    let subject = &bench.subject().clone();
    let whole = Whole::of(&bench, subject);
    for inputs in subject.fixture.all() {
        let stack = whole.stack(&inputs);
        let _ = whole.run(&stack, false).await;
        let written = files_below(&whole.state_dir());
        let inventory = bench.inventory();
        let (plan, ..) = whole.run(&stack, false).await;
        assert!(plan.is_empty(), "{:?}", plan.steps[0].diff);
        assert_eq!(files_below(&whole.state_dir()), written, "a run without changes writes");
        assert_eq!(bench.inventory(), inventory, "a run without changes changes something");
        let _ = whole.run(&stack, true).await;
    }
    bench.close().await;
}

/// Credentials and ephemeral outputs are neither in state nor shown by a plan.
pub async fn no_secret_is_in_state_or_plan(subject: &Subject) {
    let bench = Bench::set_up(subject).await;
    let subject = &bench.subject().clone();
    let whole = Whole::of(&bench, subject);
    let stack = whole.stack(&subject.fixture.with(None));
    let (first, report, _) = whole.run(&stack, false).await;
    for name in bench.schema().ephemeral_outputs() {
        let value = report.outputs.get(&format!("its_{name}"));
        bench.learn_secret(value.unwrap_or_else(|| panic!("{name} is an output of the stack")));
    }
    let over = subject.fixture.update.as_ref();
    let (second, ..) = whole.run(&whole.stack(&subject.fixture.with(over)), false).await;
    bench.keeps_secrets(&format!("{first:?}{second:?}"), "a plan");
    let files = files_below(&whole.state_dir());
    assert!(!files.is_empty(), "there is state to search");
    for (path, bytes) in files {
        bench.keeps_secrets(&String::from_utf8_lossy(&bytes), &path.display().to_string());
    }
    bench.close().await;
}

/// What a run makes, a destroy removes.
pub async fn a_destroy_ends_where_the_first_run_began(subject: &Subject) {
    let bench = Bench::set_up(subject).await;
    let subject = &bench.subject().clone();
    let whole = Whole::of(&bench, subject);
    for inputs in subject.fixture.all() {
        let before = bench.inventory();
        let stack = whole.stack(&inputs);
        let _ = whole.run(&stack, false).await;
        assert_ne!(bench.inventory(), before, "a run makes something");
        let (.., state) = whole.run(&stack, true).await;
        assert_eq!(bench.inventory(), before, "a destroy leaves something");
        assert!(state.resources.is_empty() && state.operations.is_empty(), "state remembers: {state:?}");
    }
    bench.close().await;
}

/// Every file with its bytes.
fn files_below(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten() {
        let path = entry.expect("a folder can be listed").path();
        // The lock names its holder and is no state.
        if path.file_name().is_some_and(|name| name == "lock") {
            continue;
        }
        match path.is_dir() {
            true => found.extend(files_below(&path)),
            false => {
                let bytes = std::fs::read(&path).expect("state can be read");
                found.insert(path, bytes);
            }
        }
    }
    found
}
