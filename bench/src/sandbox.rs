//! What loading a component and calling it takes, in microseconds: medians and the 99th percentiles.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use maps_engine::capability::Effective;
use maps_engine::provider::{CheckRequest, Object, ReadOutcome, ReadRequest};
use maps_engine::{Address, Call, KindName, Provider, Value};
use maps_runtime::audit::Audit;
use maps_runtime::engine::Sandbox;
use maps_runtime::inspect::Inspection;
use maps_runtime::limits::Limits;
use maps_runtime::{Host, HostOptions, Plugin, PluginUse};
use wasmtime::Store;
use wasmtime::component::{Component, Linker};

use crate::world::Deaf;
use crate::{Failure, tell};

/// Calls of each sort that are measured, after a tenth of them that are not.
const CALLS: usize = 5_000;
/// What takes milliseconds is repeated less.
const LOADS: usize = 50;

/// Measures the component at `path`, which is the echo plugin.
pub(crate) fn measure(path: &Path, cache: &Path) -> Result<(), Failure> {
    let bytes = std::fs::read(path)?;
    tell("component-bytes", bytes.len() as f64);
    let began = Instant::now();
    drop(host(None)?.load(&bytes)?);
    tell("compile", began.elapsed().as_secs_f64() * 1e6);
    told("engine", &samples(LOADS, || host(None).map(drop))?);
    told("inspect", &samples(LOADS, || Ok(Inspection::of(&bytes).map(drop)?))?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(instances(&bytes))?;
    let host = host(Some(cache))?;
    host.load(&bytes)?;
    told("load", &samples(LOADS, || Ok(host.load(&bytes).map(drop)?))?);
    let plugin = host.load(&bytes)?;
    let provider = provider(&host, &plugin)?;
    runtime.block_on(calls(&*provider))
}

fn host(cache: Option<&Path>) -> Result<Host, Failure> {
    let options = HostOptions {
        cache_dir: cache.map(Path::to_path_buf),
        limits: Limits::default(),
        observer: Arc::new(Deaf),
        audit: Audit::at("unused"),
    };
    Ok(Host::new(options)?)
}

fn provider(host: &Host, plugin: &Arc<Plugin>) -> Result<Arc<dyn Provider>, Failure> {
    let effective = Effective::meet(&plugin.inspection().manifest, None).map_err(|faults| faults.to_string())?;
    Ok(host.provider(
        plugin,
        PluginUse { name: plugin.name().clone(), effective: Arc::new(effective), http: None, folder: None },
    )?)
}

/// Stores and instances alone, in the engine as maps sets it up. Nothing is called, so that what
/// is imported may be anything.
async fn instances(bytes: &[u8]) -> Result<(), Failure> {
    let sandbox = Sandbox::new()?;
    let component = Component::new(sandbox.engine(), bytes)?;
    let mut linker = Linker::<()>::new(sandbox.engine());
    linker.define_unknown_imports_as_traps(&component)?;
    let linked = linker.instantiate_pre(&component)?;
    let mut taken = Samples::new(CALLS);
    while taken.wants_more() {
        let began = Instant::now();
        let mut store = Store::new(sandbox.engine(), ());
        store.set_epoch_deadline(1);
        linked.instantiate_async(&mut store).await?;
        drop(store);
        taken.push(began.elapsed());
    }
    told("instance", &taken.counted());
    Ok(())
}

async fn calls(provider: &dyn Provider) -> Result<(), Failure> {
    let config = Value::Null;
    let call = Call { stack: "bench", run: "bench", config: &config };
    let mut empty = Samples::new(CALLS);
    while empty.wants_more() {
        let began = Instant::now();
        provider.check(&call, Vec::new()).await?;
        empty.push(began.elapsed());
    }
    told("empty-call", &empty.counted());
    // Beside the text stand some fifty bytes of names.
    for (name, calls, text) in [("call", 4, 960), ("call-plain", 0, 960), ("call-large", 0, 102_400)] {
        let mut taken = Samples::new(if text > 10_000 { CALLS / 10 } else { CALLS });
        let request = read(calls, text);
        while taken.wants_more() {
            let requests = vec![request.clone()];
            let began = Instant::now();
            let outcomes = provider.read(&call, requests).await?;
            taken.push(began.elapsed());
            if !matches!(outcomes[..], [ReadOutcome::Found(_)]) {
                return Err("the plugin did not echo".into());
            }
        }
        told(name, &taken.counted());
    }
    for (name, count) in [("check-1", 1), ("check-100", 100)] {
        let mut taken = Samples::new(CALLS / count.max(5));
        while taken.wants_more() {
            let requests = (0..count).map(check).collect();
            let began = Instant::now();
            provider.check(&call, requests).await?;
            taken.push(began.elapsed());
        }
        told(name, &taken.counted());
    }
    Ok(())
}

fn kind() -> KindName {
    KindName::new("echo/batched")
}

fn inputs(calls: u32, text: usize) -> Value {
    let text = "0123456789abcdef".chars().cycle().take(text).collect::<String>();
    Value::from(serde_json::json!({"name": "a-thing", "text": text, "size": 3, "parent": "", "calls": calls}))
}

fn read(calls: u32, text: usize) -> ReadRequest {
    let outputs = Value::from(serde_json::json!({"url": "https://echo.example/a-thing"}));
    let prior = Object { id: "a-thing".to_owned(), inputs: inputs(calls, text), outputs };
    ReadRequest { kind: kind(), address: Address::new("thing"), prior, ephemeral: Vec::new() }
}

fn check(number: usize) -> CheckRequest {
    CheckRequest { kind: kind(), address: Address::new(format!("thing-{number}")), inputs: inputs(0, 100) }
}

/// Durations, the first tenth of which warms up.
struct Samples {
    taken: Vec<Duration>,
    wanted: usize,
}

impl Samples {
    fn new(count: usize) -> Self {
        Self { taken: Vec::new(), wanted: count + count / 10 }
    }

    fn wants_more(&self) -> bool {
        self.taken.len() < self.wanted
    }

    fn push(&mut self, took: Duration) {
        self.taken.push(took);
    }

    /// Those that count, the shortest first.
    fn counted(mut self) -> Vec<Duration> {
        let mut counted = self.taken.split_off(self.wanted / 11);
        counted.sort_unstable();
        counted
    }
}

fn samples(count: usize, mut work: impl FnMut() -> Result<(), Failure>) -> Result<Vec<Duration>, Failure> {
    let mut samples = Samples::new(count);
    while samples.wants_more() {
        let began = Instant::now();
        work()?;
        samples.push(began.elapsed());
    }
    Ok(samples.counted())
}

fn told(name: &str, sorted: &[Duration]) {
    let at = |share: usize| sorted.get(sorted.len() * share / 100).map_or(f64::NAN, |took| took.as_secs_f64() * 1e6);
    tell(name, at(50));
    tell(&format!("{name}-p99"), at(99));
}
