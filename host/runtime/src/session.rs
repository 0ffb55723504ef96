//! One guest call: a fresh instance, under limits, and what came of it.

use std::time::Duration;

use futures::future::BoxFuture;
use maps_engine::{CallError, PluginName};
use wasmtime::{Store, Trap, UpdateDeadline};

use crate::bindings::PluginPre;
use crate::bindings::exports::maps::platform::provider as wit;
use crate::engine::Sandbox;
use crate::guest::Guest;
use crate::limits::{Exceeded, LOG_LINE_BYTES, Limits, STACK_BYTES, TICK};
use crate::printable::printable;

/// Why a guest did not answer.
#[derive(Debug)]
pub(crate) enum Stop {
    /// A limit.
    Limit(Exceeded),
    /// The guest aborted.
    Trap(String),
    /// The host could not run it.
    Host(String),
}

impl Stop {
    /// As the engine is told.
    pub(crate) fn into_error(self, plugin: PluginName, operation: &'static str) -> CallError {
        match self {
            Self::Limit(limit) => CallError::Limit { plugin, operation, limit: limit.to_string() },
            Self::Trap(message) => CallError::Trap { plugin, operation, message },
            Self::Host(message) => CallError::Host { message },
        }
    }
}

/// Makes an instance, calls one export, and drops the instance, whatever happened in it.
pub(crate) async fn run<I: Sync, R>(
    sandbox: &Sandbox,
    limits: &Limits,
    guest: Guest,
    linked: &PluginPre<Guest>,
    input: &I,
    export: impl for<'a> FnOnce(&'a wit::Guest, &'a mut Store<Guest>, &'a I) -> BoxFuture<'a, wasmtime::Result<R>> + Send,
) -> Result<R, Stop> {
    let _ticking = sandbox.ticking().map_err(|error| Stop::Host(format!("no thread for the ticker: {error}")))?;
    let mut store = Store::new(sandbox.engine(), guest);
    store.limiter(|guest| &mut guest.budget);
    store.set_hostcall_fuel(limits.transfer_bytes);
    bound_cpu(&mut store, limits.cpu_time);
    let work = async {
        // A component's start function is guest code too, so it stands under the same limits.
        let instance = linked.instantiate_async(&mut store).await?;
        export(instance.maps_platform_provider(), &mut store, input).await
    };
    let result = tokio::time::timeout(limits.wall_time, work).await;
    let guest = store.data();
    guest.log.close(&guest.plugin);
    match result {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(classify(&error, limits, guest.log.last_error.as_deref())),
        Err(_) => Err(Stop::Limit(Exceeded::Wall(limits.wall_time))),
    }
}

/// Every tick of computing the guest lets other tasks run; after so many ticks it is stopped.
fn bound_cpu(store: &mut Store<Guest>, cpu_time: Duration) {
    let most = u32::try_from(cpu_time.as_millis() / TICK.as_millis()).unwrap_or(u32::MAX);
    let mut ticks = 0_u32;
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |_| {
        ticks += 1;
        if ticks > most {
            return Err(Exceeded::Cpu(cpu_time).into());
        }
        Ok(UpdateDeadline::Yield(1))
    });
}

fn classify(error: &wasmtime::Error, limits: &Limits, last_words: Option<&str>) -> Stop {
    if let Some(limit) = error.downcast_ref::<Exceeded>() {
        return Stop::Limit(limit.clone());
    }
    if let Some(full) = error.downcast_ref::<wasmtime::PoolConcurrencyLimitError>() {
        return Stop::Host(format!("no room for another guest: {full}"));
    }
    let trap = error.downcast_ref::<Trap>();
    if trap == Some(&Trap::StackOverflow) {
        return Stop::Limit(Exceeded::Stack(STACK_BYTES));
    }
    // The deepest cause says what happened; what stands above it is a backtrace of addresses.
    let cause = trap.map_or_else(|| error.root_cause().to_string(), Trap::to_string);
    if cause.contains(TRANSFER_EXHAUSTED) {
        return Stop::Limit(Exceeded::Transfer(limits.transfer_bytes));
    }
    let mut message = printable(&cause, LOG_LINE_BYTES);
    if let Some(words) = last_words {
        message = format!("{message}; its last error line: {words}");
    }
    Stop::Trap(message)
}

/// What wasmtime says when a guest hands over more than its transfer limit; it has no type that
/// could be asked for. A test of the limit would see it change.
const TRANSFER_EXHAUSTED: &str = "fuel allocated for hostcalls has been exhausted";
