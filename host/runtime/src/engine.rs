//! wasmtime as maps sets it up, and the one thread that moves its epochs.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

use wasmtime::{Config, Engine, EngineWeak, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::limits::{
    CONCURRENT_CALLS, CORE_INSTANCES, MEMORIES, MEMORY_BYTES, STACK_BYTES, TABLE_ELEMENTS, TABLES, TICK,
};

/// What of a used slot stays resident for the next call, instead of going back to the system:
/// a call touches 51–147 KiB, and giving that back and forth made two threads slower than one.
const KEEP_RESIDENT: usize = 128 << 10;
/// Slots given back to the system in one go, for the same reason.
const DECOMMIT_BATCH: usize = 64;
/// Runtime structures of one component; ours need some KiB.
const COMPONENT_INSTANCE_BYTES: usize = 1 << 20;

/// The engine that compiles and runs every guest of the process.
pub struct Sandbox {
    engine: Engine,
    ticker: Ticker,
}

impl Sandbox {
    /// Sets wasmtime up.
    ///
    /// # Errors
    /// When this machine cannot host it, for instance without executable memory.
    pub fn new() -> wasmtime::Result<Self> {
        // A pool reserves address space for every slot. Where that is rationed (`ulimit -v`, some
        // containers), slower allocation on demand does the same work.
        let engine = Engine::new(&config(true)).or_else(|_| Engine::new(&config(false)))?;
        let ticker = Ticker::new(engine.weak());
        Ok(Self { engine, ticker })
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Keeps epochs moving while the guard lives.
    pub(crate) fn ticking(&self) -> wasmtime::Result<Ticking> {
        self.ticker.hold()
    }
}

fn config(pooled: bool) -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .epoch_interruption(true)
        .max_wasm_stack(STACK_BYTES)
        // Only what compilers emit today; each proposal more is attack surface for nothing.
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_relaxed_simd(false)
        .wasm_wide_arithmetic(false)
        // Compiled code is the same on every run, so that a cached file can be compared.
        .cranelift_nan_canonicalization(true)
        .parallel_compilation(true)
        // Places in a guest are told by nobody, frames of guests are unwound by nobody: together a fifth of what
        // would be read at every start.
        .generate_address_map(false)
        .native_unwind_info(false);
    if pooled {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(CONCURRENT_CALLS)
            .max_component_instance_size(COMPONENT_INSTANCE_BYTES)
            .max_core_instances_per_component(CORE_INSTANCES)
            .max_memories_per_component(MEMORIES)
            .max_tables_per_component(TABLES)
            .total_core_instances(CONCURRENT_CALLS * CORE_INSTANCES)
            .total_memories(CONCURRENT_CALLS * MEMORIES)
            .total_tables(CONCURRENT_CALLS * TABLES)
            .total_stacks(CONCURRENT_CALLS)
            .max_memory_size(MEMORY_BYTES)
            .table_elements(TABLE_ELEMENTS)
            .decommit_batch_size(DECOMMIT_BATCH)
            .linear_memory_keep_resident(KEEP_RESIDENT)
            .async_stack_keep_resident(KEEP_RESIDENT)
            .table_keep_resident(KEEP_RESIDENT);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    } else {
        // The same compiled code serves only engines that agree on this; the cache's key says so.
        config.memory_reservation(MEMORY_BYTES as u64).memory_guard_size(1 << 20);
    }
    config
}

/// One thread that moves the engine's epoch every [`TICK`] while a call runs, and rests otherwise.
/// It starts with the first call and ends at once when the engine goes: it waits on a condition,
/// never in a sleep that somebody would have to sit out. A call wakes it only from its rest: that
/// costs more than the call's instance, and calls that begin all the time would keep every tick
/// from ending.
struct Ticker {
    engine: EngineWeak,
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    running: usize,
    resting: bool,
    ended: bool,
    /// How often the epoch was moved.
    ticks: u64,
}

/// While it lives, epochs move.
pub(crate) struct Ticking {
    shared: Arc<Shared>,
}

impl Ticker {
    fn new(engine: EngineWeak) -> Self {
        Self { engine, shared: Arc::default(), thread: Mutex::new(None) }
    }

    fn hold(&self) -> wasmtime::Result<Ticking> {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_none() {
            let (engine, shared) = (self.engine.clone(), Arc::clone(&self.shared));
            let spawned =
                std::thread::Builder::new().name("maps-ticker".to_owned()).spawn(move || tick(&engine, &shared))?;
            *thread = Some(spawned);
        }
        drop(thread);
        self.shared.begin();
        Ok(Ticking { shared: Arc::clone(&self.shared) })
    }
}

impl Shared {
    /// A call begins. Was the thread woken for it?
    fn begin(&self) -> bool {
        let mut state = self.lock();
        state.running += 1;
        if state.resting {
            self.changed.notify_one();
        }
        state.resting
    }

    fn end(&self) {
        self.lock().running -= 1;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // The state is plain numbers: there is no broken state a panic could leave behind.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tick(engine: &EngineWeak, shared: &Shared) {
    let mut state = shared.lock();
    while !state.ended {
        if state.running == 0 {
            state.resting = true;
            state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.resting = false;
            continue;
        }
        let (next, waited) = shared.changed.wait_timeout(state, TICK).unwrap_or_else(PoisonError::into_inner);
        state = next;
        if waited.timed_out() {
            let Some(engine) = engine.upgrade() else { return };
            engine.increment_epoch();
            state.ticks += 1;
        }
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        self.shared.end();
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.changed.notify_one();
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = thread.take() {
            // The ticker does not panic; if it did, there is nothing left to do about it here.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_ticker_ends_with_its_sandbox_whether_or_not_it_runs() {
        let idle = Sandbox::new().unwrap();
        drop(idle);
        let busy = Sandbox::new().unwrap();
        let ticking = busy.ticking().unwrap();
        drop(busy);
        assert_eq!(ticking.shared.lock().running, 1);
        assert!(ticking.shared.lock().ended);
    }

    #[test]
    fn calls_that_begin_all_the_time_keep_no_tick_from_ending() {
        let sandbox = Sandbox::new().unwrap();
        let endless = sandbox.ticking().unwrap();
        while endless.shared.lock().ticks == 0 {
            std::thread::yield_now();
        }
        let woken = |_: &u32| {
            let woken = endless.shared.begin();
            endless.shared.end();
            woken
        };
        assert_eq!((0..1_000).filter(woken).count(), 0);
    }
}
