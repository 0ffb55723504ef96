//! What one guest call may use. Each figure is a constant whose comment says why it is that one;
//! [`Limits`] carries those that tests and operators may lower.

use std::time::Duration;

use wasmtime::{ResourceLimiter, StoreLimits, StoreLimitsBuilder};

/// Linear memory of one call. A provider call needs a few MiB, rendering a chart with all its
/// CRDs some tens; 256 MiB is out of reach for either and harmless for the host.
pub const MEMORY_BYTES: usize = 256 << 20;
/// Elements of one table. A guest has one entry for each function it takes the address of:
/// a few thousand for a large one.
pub const TABLE_ELEMENTS: usize = 20_000;
/// Core instances in one component: the guest, its shims and fixups are three or four.
pub const CORE_INSTANCES: u32 = 16;
/// Tables in one component: the guest's own and those of its shims.
pub const TABLES: u32 = 8;
/// Memories in one component: the guest's own; one more for an adapter.
pub const MEMORIES: u32 = 2;
/// Wasm stack of one call. Deep JSON of [`JSON_DEPTH`] levels takes a tenth of it.
pub const STACK_BYTES: usize = 512 << 10;
/// Calls that run at one time; the pool holds room for so many. Above the engine's parallelism.
pub const CONCURRENT_CALLS: u32 = 32;
/// How often a running guest looks at its deadline and lets others run. A tenth of what a person
/// notices; below it the ticker would cost more than it gives.
pub const TICK: Duration = Duration::from_millis(10);
/// Time a guest may compute in one call, waiting for host calls not counted. The slowest honest
/// work, rendering a large chart, takes about one second in a debug build.
pub const CPU_TIME: Duration = Duration::from_secs(10);
/// Time one call may take in all, waiting included. Longer work answers `pending`; a batch of
/// requests under a rate limit may take minutes.
pub const WALL_TIME: Duration = Duration::from_secs(300);
/// Bytes that may cross in one host call or one answer. A batch of five hundred objects of
/// 16 KiB is half of it.
pub const TRANSFER_BYTES: usize = 16 << 20;
/// JSON levels of any value from a guest. Kubernetes objects have about twenty.
pub const JSON_DEPTH: usize = 64;
/// Items in one list that a guest hands to a host call: above every batch that a kind may ask for.
pub const LIST_ITEMS: usize = 1_000;
/// Log lines of one call; what comes after is counted, not kept.
pub const LOG_LINES: u32 = 200;
/// Bytes of one log line; the rest is cut off.
pub const LOG_LINE_BYTES: usize = 4 << 10;
/// Random bytes of one call of `random.bytes`, as the contract says.
pub const RANDOM_BYTES: u32 = 4096;
/// Bytes of an object's id. Cloud ids and paths stay below half a KiB.
pub const ID_BYTES: usize = 1 << 10;
/// Bytes of a problem's message or help, of a note, of a reason.
pub const TEXT_BYTES: usize = 4 << 10;
/// The longest that a `pending` may ask to wait: an hour, so that a plugin cannot park a run.
pub const RETRY_AFTER_MS: u64 = 3_600_000;
/// A component's size. The largest first-party plugin has a tenth of it.
pub const COMPONENT_BYTES: usize = 64 << 20;
/// Compiled code of one component: a small multiple of the component's own size.
pub const COMPILED_BYTES: usize = 512 << 20;
/// The manifest and the kinds document, each.
pub const SECTION_BYTES: usize = 4 << 20;
/// What the local cloud plays of a plugin's services: above it, an author ships a test and no description.
pub const REHEARSAL_BYTES: usize = 256 << 10;
/// Random bytes of a handle: 128 bits are not guessed within a call that lives for minutes.
pub const HANDLE_BYTES: usize = 16;

/// The limits of one call that may be set lower than the constants.
#[derive(Clone, Debug)]
pub struct Limits {
    /// See [`MEMORY_BYTES`].
    pub memory_bytes: usize,
    /// See [`TABLE_ELEMENTS`].
    pub table_elements: usize,
    /// See [`CPU_TIME`].
    pub cpu_time: Duration,
    /// See [`WALL_TIME`].
    pub wall_time: Duration,
    /// See [`TRANSFER_BYTES`].
    pub transfer_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: MEMORY_BYTES,
            table_elements: TABLE_ELEMENTS,
            cpu_time: CPU_TIME,
            wall_time: WALL_TIME,
            transfer_bytes: TRANSFER_BYTES,
        }
    }
}

/// A limit that stopped a guest, with its figure. Travels through wasmtime as an error, so that
/// it is told apart from a trap of the guest's own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Exceeded {
    /// Memory would have grown past the limit.
    #[error("memory limit of {} MiB", .0 >> 20)]
    Memory(usize),
    /// A table would have grown past the limit.
    #[error("table limit of {0} elements")]
    Table(usize),
    /// The wasm stack is used up.
    #[error("stack limit of {} KiB", .0 >> 10)]
    Stack(usize),
    /// It computed for too long.
    #[error("CPU time limit of {} ms", .0.as_millis())]
    Cpu(Duration),
    /// It took too long, waiting included.
    #[error("wall time limit of {} s", .0.as_secs_f32())]
    Wall(Duration),
    /// It handed over too much at once.
    #[error("transfer limit of {} KiB in one call", .0 >> 10)]
    Transfer(usize),
    /// It handed over too long a list.
    #[error("limit of {0} items in one list")]
    List(usize),
    /// It asked for too many random bytes at once.
    #[error("limit of {0} random bytes in one call")]
    Random(u32),
}

/// Counts a call's memory and tables. Growth past a limit is an error rather than a refusal that
/// the guest could see: what it would do then is a crash with a worse message.
pub(crate) struct Budget {
    limits: Limits,
    inner: StoreLimits,
    memory: usize,
}

impl Budget {
    pub(crate) fn new(limits: &Limits) -> Self {
        let inner = StoreLimitsBuilder::new()
            .instances(CORE_INSTANCES as usize)
            .tables(TABLES as usize)
            .memories(MEMORIES as usize)
            .build();
        Self { limits: limits.clone(), inner, memory: 0 }
    }
}

impl ResourceLimiter for Budget {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        // All memories of the call together, so that two do not make twice the limit.
        let total = self.memory.saturating_sub(current).saturating_add(desired);
        if total > self.limits.memory_bytes {
            return Err(Exceeded::Memory(self.limits.memory_bytes).into());
        }
        let granted = self.inner.memory_growing(current, desired, maximum)?;
        if granted {
            self.memory = total;
        }
        Ok(granted)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if desired > self.limits.table_elements {
            return Err(Exceeded::Table(self.limits.table_elements).into());
        }
        self.inner.table_growing(current, desired, maximum)
    }

    fn instances(&self) -> usize {
        self.inner.instances()
    }

    fn tables(&self) -> usize {
        self.inner.tables()
    }

    fn memories(&self) -> usize {
        self.inner.memories()
    }
}
