//! What a stack can say of an object's whole life — moved, removed, imported, protected, retained,
//! living in another — tried with the real engine and a provider that answers at once.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod batches;
mod crashes;
mod homes;
mod interrupted;
mod losses;
mod options;
mod outputs;
mod provider;
mod scopes;
#[path = "../simulation/world.rs"]
#[allow(dead_code)] // The simulation uses all of it.
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;

use maps_engine::plan::Action;
use maps_engine::stack::{Parameters, Stack};
use maps_engine::{Address, ApplyReport, Cancel, Event, Observer, Plan, PluginName, Provider, Session, State, Value};

use provider::{Cloud, Tiny};
use world::World;

struct Deaf;

impl Observer for Deaf {
    fn event(&self, _: &Event) {}
}

/// A stack's state, and the cloud it is about.
struct Life {
    world: World,
    cloud: Cloud,
    providers: BTreeMap<PluginName, Arc<dyn Provider>>,
}

impl Life {
    fn new() -> Self {
        let cloud = Cloud::default();
        let provider = |name: &str| {
            let provider: Arc<dyn Provider> = Arc::new(Tiny::new(&cloud, name));
            (PluginName::new(name), provider)
        };
        let providers = BTreeMap::from([provider("tiny"), provider("inner")]);
        Self { world: World::new(7), cloud, providers }
    }

    fn act<T>(&self, text: &str, act: impl AsyncFnOnce(&Session<'_>) -> T) -> T {
        let text = format!("maps: v1\nstack: sim\n{text}");
        let sources = BTreeMap::from([("stack.yaml".to_owned(), text.as_bytes().to_vec())]);
        let parameters = Parameters { given: &BTreeMap::new(), environment: &|_| None, plant: None };
        let parsed = Stack::parse(&sources, "stack.yaml", None, parameters);
        let stack = parsed.stack.unwrap_or_else(|| panic!("{text}\n{:?}", parsed.diagnostics));
        let session = Session {
            stack: &stack,
            providers: &self.providers,
            clock: &self.world,
            entropy: &self.world,
            observer: &Deaf,
            run: "run",
            parallel: 3,
        };
        self.world.run(act(&session)).expect("nothing crashes here")
    }

    /// What would be done.
    fn plan(&self, text: &str) -> Plan {
        let plan = self.act(text, async |session| maps_engine::plan(session, &self.world.loaded()).await);
        plan.expect("state that verifies")
    }

    /// Does it, to the end, and tells what was planned and what came of it.
    fn apply(&self, text: &str) -> (Plan, ApplyReport) {
        self.run(text, false)
    }

    fn run(&self, text: &str, destroy: bool) -> (Plan, ApplyReport) {
        let ended = self.act(text, async |session| {
            let loaded = self.world.loaded();
            let plan = match destroy {
                true => maps_engine::plan_destroy(session, &loaded).await,
                false => maps_engine::plan(session, &loaded).await,
            };
            let plan = plan.expect("state that verifies");
            assert!(!plan.has_errors(), "{:?}", plan.diagnostics);
            let report = maps_engine::apply(session, &self.world, &loaded, &plan, &Cancel::default()).await;
            (plan, report.expect("a report"))
        });
        let (plan, report) = ended;
        assert!(report.failures.is_empty() && report.defects.is_empty(), "{report:?}");
        self.world.loaded().snapshot.verify("sim", None).expect("a sound snapshot");
        (plan, report)
    }

    /// Nothing is left to do, and doing it writes nothing.
    #[track_caller]
    fn rests(&self, text: &str) {
        let plan = self.plan(text);
        assert!(plan.is_empty() && !plan.has_errors(), "{plan:#?}");
        let before = self.world.writes();
        let _ = self.apply(text);
        assert_eq!(self.world.writes(), before, "a run without changes writes");
    }

    fn state(&self) -> State {
        self.world.durable()
    }

    fn id(&self, address: &str) -> Option<String> {
        self.state().current(&Address::new(address)).map(|object| object.id.clone())
    }

    fn ids(&self) -> Vec<String> {
        self.cloud.lock().objects.keys().cloned().collect()
    }
}

/// What a plan does, as `action address`, without what stays.
fn actions(plan: &Plan) -> Vec<String> {
    let steps = plan.steps.iter().filter(|step| step.action != Action::Same);
    steps.map(|step| format!("{:?} {}", step.action, step.address).to_lowercase()).collect()
}

fn errors(plan: &Plan) -> Vec<&'static str> {
    plan.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).map(|diagnostic| diagnostic.code).collect()
}

fn text(value: &str) -> Value {
    Value::from(value)
}
