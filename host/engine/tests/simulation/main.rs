//! The real engine against a simulated world: one seed decides stacks, delays, faults and crashes.
//!
//! Safety is held at every stop: the durable state verifies, nothing was made twice, everything
//! that exists is known, nothing started before what it needs was durable. Then liveness: faults
//! stop, an apply converges, the next plan is empty and its apply writes nothing.
//!
//! `MAPS_SEED=n` runs one seed; `MAPS_SEEDS=n` runs the first n.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod provider;
mod scenario;
mod world;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use maps_engine::stack::Stack;
use maps_engine::{Cancel, Event, Observer, Plan, PluginName, Provider, Session, Value};

use provider::{Fake, SETTLE_MS, value_of};
use scenario::{Scenario, Version, parse, text};
use world::World;

/// Seeds of a run without `MAPS_SEED`.
const SEEDS: u64 = 2_000;
/// Runs with faults for each version of a stack.
const TROUBLED_RUNS: u32 = 3;

struct Deaf;

impl Observer for Deaf {
    fn event(&self, _: &Event) {}
}

#[test]
fn every_seed_ends_well() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = match number("MAPS_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("MAPS_SEEDS").unwrap_or(SEEDS),
    };
    for seed in seeds {
        let scenario = Scenario::random(seed);
        if let Err(what) = attempt(seed, &scenario) {
            let (scenario, what) = minimise(seed, scenario, what);
            let texts: Vec<String> = scenario.versions.iter().map(text).collect();
            panic!("MAPS_SEED={seed}: {what}\n\nwith these versions of a stack:\n{}", texts.join("---\n"));
        }
    }
}

fn attempt(seed: u64, scenario: &Scenario) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(|| simulate(seed, scenario))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        Err(text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned())).unwrap_or_default())
    })
}

/// The smallest scenario found that still goes wrong with this seed.
fn minimise(seed: u64, mut scenario: Scenario, mut what: String) -> (Scenario, String) {
    while let Some((smaller, why)) =
        scenario.smaller().into_iter().find_map(|smaller| attempt(seed, &smaller).err().map(|why| (smaller, why)))
    {
        (scenario, what) = (smaller, why);
    }
    (scenario, what)
}

fn simulate(seed: u64, scenario: &Scenario) -> Result<(), String> {
    let world = World::new(seed);
    let providers = BTreeMap::from([(PluginName::new("fake"), Arc::new(Fake::new(&world)) as Arc<dyn Provider>)]);
    for version in &scenario.versions {
        let stack = parse(&text(version));
        for _ in 0..TROUBLED_RUNS {
            world.lock().faults = 4;
            if let Some(Err(what)) = run(&world, &providers, &stack, false) {
                // A plan that cannot read for trouble is no violation.
                if !what.starts_with("planned with errors") {
                    return Err(what);
                }
            }
            safe(&world)?;
            meddle(&world);
        }
        converge(&world, &providers, &stack)?;
        equal(&world, version)?;
    }
    let last = parse(&text(scenario.versions.last().ok_or("no version")?));
    world.lock().faults = 4;
    if let Some(Err(what)) = run(&world, &providers, &last, true)
        && !what.starts_with("planned with errors")
    {
        return Err(what);
    }
    safe(&world)?;
    calm(&world);
    for _ in 0..2 {
        run(&world, &providers, &last, true).ok_or("crashed without a fault")??;
    }
    let left = world.lock().things.len();
    if left > 0 || !world.durable().resources.is_empty() {
        return Err(format!("{left} objects are left after a destroy"));
    }
    safe(&world)
}

/// No more faults, and what was sent has landed.
fn calm(world: &World) {
    world.lock().faults = 0;
    world.pass(SETTLE_MS);
}

/// Somebody else deletes or changes an object now and then.
fn meddle(world: &World) {
    let between = world.below(2_000);
    world.pass(between);
    if world.below(5) > 0 {
        return;
    }
    let delete = world.below(2) == 0;
    let mut inner = world.lock();
    let count = inner.things.len() as u64;
    let index = inner.random.as_mut().unwrap().below(count) as usize;
    let Some(id) = inner.things.keys().nth(index).cloned() else { return };
    if delete {
        inner.things.remove(&id);
    } else if let Some(Value::Map(inputs)) = inner.things.get_mut(&id).map(|thing| &mut thing.inputs) {
        inputs.insert("size".into(), Value::from(99));
    }
}

/// One run, as a process: none if it died.
fn run(
    world: &World,
    providers: &BTreeMap<PluginName, Arc<dyn Provider>>,
    stack: &Stack,
    destroy: bool,
) -> Option<Result<Plan, String>> {
    let session = Session { stack, providers, clock: world, entropy: world, observer: &Deaf, run: "run", parallel: 3 };
    let cancel = Cancel::default();
    if world.fault(5) {
        cancel.cancel();
    }
    world.run(async {
        let loaded = world.loaded();
        let planned = if destroy {
            maps_engine::plan_destroy(&session, &loaded).await
        } else {
            maps_engine::plan(&session, &loaded).await
        };
        let plan = planned.map_err(|error| format!("the plan failed: {error}"))?;
        if plan.has_errors() {
            return Err(format!("planned with errors: {:?}", plan.diagnostics));
        }
        match maps_engine::apply(&session, world, &loaded, &plan, &cancel).await {
            Ok(report) if !report.defects.is_empty() => Err(format!("defects: {:?}", report.defects)),
            Ok(_) => Ok(plan),
            Err(error) => Err(format!("the apply failed: {error}")),
        }
    })
}

fn converge(world: &World, providers: &BTreeMap<PluginName, Arc<dyn Provider>>, stack: &Stack) -> Result<(), String> {
    calm(world);
    run(world, providers, stack, false).ok_or("crashed without a fault")??;
    safe(world)?;
    if let Some(id) = world.busy() {
        return Err(format!("the run ended while {id} was still being made or changed"));
    }
    let before = world.writes();
    let plan = run(world, providers, stack, false).ok_or("crashed without a fault")??;
    if !plan.is_empty() {
        return Err(format!("the plan after an apply is not empty: {plan:#?}"));
    }
    if world.writes() != before {
        return Err("a run without changes wrote".into());
    }
    Ok(())
}

/// What must hold whenever a process ends, however it does.
fn safe(world: &World) -> Result<(), String> {
    if let Some(what) = world.lock().violation.clone() {
        return Err(what);
    }
    let loaded = world.loaded();
    loaded.snapshot.verify("sim", None).map_err(|error| format!("the snapshot does not verify: {error}"))?;
    let state = world.durable();
    for (id, thing) in &world.lock().things {
        let tracked = state.resources.get(&thing.address);
        let known = tracked.into_iter().flat_map(|t| t.current.iter().chain(&t.deposed)).any(|o| o.id == *id);
        let open = state.operations.values().any(|operation| operation.object.token.as_ref() == Some(&thing.token));
        if !known && !open {
            return Err(format!("{id} of {} is an orphan", thing.address));
        }
    }
    Ok(())
}

/// The cloud is exactly what the stack says.
fn equal(world: &World, version: &Version) -> Result<(), String> {
    let inner = world.lock();
    let id_of = |name: usize| {
        let mut found = inner.things.iter().filter(|(_, thing)| thing.address.as_str() == format!("r{name}"));
        match (found.next(), found.next()) {
            (Some((id, thing)), None) => Ok((id, thing)),
            (None, _) => Err(format!("r{name} is missing")),
            (Some((one, _)), Some((two, _))) => Err(format!("r{name} is there twice: {one}, {two}")),
        }
    };
    for wanted in version {
        let (_, thing) = id_of(wanted.name)?;
        let from = wanted.from.iter().map(|from| id_of(*from).map(|(id, _)| value_of(id)));
        let from = from.collect::<Result<Vec<_>, _>>()?;
        let expected = [
            ("size", Value::from(wanted.size as i64)),
            ("zone", Value::from(wanted.zone as i64)),
            ("from", Value::List(from)),
        ];
        for (field, expected) in expected {
            if thing.inputs.get(field) != Some(&expected) {
                return Err(format!("r{}.{field} is {:?}, not {expected:?}", wanted.name, thing.inputs.get(field)));
            }
        }
        if thing.kind != wanted.kind || thing.unusable {
            return Err(format!("r{} is not what it should be: {thing:?}", wanted.name));
        }
    }
    match inner.things.len() == version.len() {
        true => Ok(()),
        false => Err(format!("{} objects for {} resources", inner.things.len(), version.len())),
    }
}
