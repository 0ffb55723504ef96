//! The simulated world: one seed, one clock, one cloud, one disk. Single-threaded, so that a seed
//! always does the same.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use maps_engine::state::Snapshot;
use maps_engine::{
    Address, Clock, Entropy, Entry, Journal, JournalError, Loaded, OpId, State, Store, StoreError, Token, Value,
};

/// A small generator with good enough numbers (SplitMix64).
#[derive(Clone, Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// Steps of one run; what takes more goes round in circles.
const STEPS: u32 = 20_000;

/// The kind whose objects take their time to be made and changed.
pub(crate) const SLOW: &str = "fake/slow";
/// How long a change of one takes.
const CHANGE_MS: u64 = 15_000;

/// An object of the cloud.
#[derive(Clone, Debug)]
pub(crate) struct Thing {
    pub(crate) kind: String,
    pub(crate) address: Address,
    pub(crate) token: Token,
    pub(crate) inputs: Value,
    /// When it is done being made or changed.
    pub(crate) ready_at: u64,
    /// Is it of no use?
    pub(crate) unusable: bool,
}

/// A request that was sent and has not landed.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    Create(String, Thing),
    Update(String, Value),
    Delete(String),
}

#[derive(Default)]
pub(crate) struct Inner {
    pub(crate) now: u64,
    pub(crate) random: Option<Random>,
    pub(crate) things: BTreeMap<String, Thing>,
    pub(crate) late: Vec<(u64, Request)>,
    pub(crate) made: u64,
    /// Provider calls in flight.
    pub(crate) in_flight: usize,
    /// How many faults may still happen.
    pub(crate) faults: u32,
    /// The process is dead: nothing it awaits ever comes.
    pub(crate) crashed: bool,
    /// The first broken promise.
    pub(crate) violation: Option<String>,
    /// What is durable.
    pub(crate) snapshot: Option<Snapshot>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) appends: u64,
    pub(crate) commits: u64,
    sleepers: BTreeMap<(u64, u64), Waker>,
    sleeps: u64,
}

#[derive(Clone)]
pub(crate) struct World(Arc<Mutex<Inner>>);

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let random = Some(Random(seed));
        Self(Arc::new(Mutex::new(Inner { now: 1_000_000, random, ..Inner::default() })))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    pub(crate) fn violated(&self, what: String) {
        self.lock().violation.get_or_insert(what);
    }

    pub(crate) fn loaded(&self) -> Loaded {
        let inner = self.lock();
        let snapshot = inner.snapshot.clone().unwrap_or_else(|| Snapshot::new("sim", None));
        Loaded { snapshot, entries: inner.entries.clone() }
    }

    /// What a process that starts now would know.
    pub(crate) fn durable(&self) -> State {
        let Loaded { snapshot, entries } = self.loaded();
        let mut state = snapshot.state;
        if let Err(error) = state.fold(&entries) {
            self.violated(format!("the journal does not fold: {error}"));
        }
        state
    }

    /// How often the journal and the snapshot were written.
    pub(crate) fn writes(&self) -> (u64, u64) {
        let inner = self.lock();
        (inner.appends, inner.commits)
    }

    /// An object that the cloud is not through with.
    pub(crate) fn busy(&self) -> Option<String> {
        let inner = self.lock();
        inner.things.iter().find(|(_, thing)| thing.ready_at > inner.now).map(|(id, _)| id.clone())
    }

    /// Is a fault due here?
    pub(crate) fn fault(&self, percent: u64) -> bool {
        let mut inner = self.lock();
        let due = inner.faults > 0 && inner.roll(percent);
        inner.faults -= u32::from(due);
        due
    }

    pub(crate) fn below(&self, bound: u64) -> u64 {
        self.lock().random.as_mut().unwrap().below(bound)
    }

    pub(crate) async fn sleep(&self, ms: u64) {
        let at = self.lock().now + ms;
        Sleep { world: self.clone(), at, key: None }.await;
    }

    /// Kills the process: whoever awaits this never goes on.
    pub(crate) async fn crash(&self) {
        self.lock().crashed = true;
        std::future::pending::<()>().await;
    }

    /// Lets time pass between two runs.
    pub(crate) fn pass(&self, ms: u64) {
        let mut inner = self.lock();
        inner.now += ms;
        inner.land();
    }

    /// Runs a future until it ends or the process dies. Time moves only when nothing else can.
    pub(crate) fn run<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = Box::pin(future);
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..STEPS {
            if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
                return Some(value);
            }
            let mut inner = self.lock();
            if inner.crashed {
                inner.crashed = false;
                inner.in_flight = 0;
                drop(inner);
                drop(future);
                self.lock().sleepers.clear();
                return None;
            }
            let Some(((at, _), sleeper)) = inner.sleepers.pop_first() else {
                drop(inner);
                panic!("everything waits, and nothing will come");
            };
            inner.now = inner.now.max(at);
            inner.land();
            drop(inner);
            sleeper.wake();
        }
        panic!("the run does not end");
    }
}

impl Inner {
    fn roll(&mut self, percent: u64) -> bool {
        self.random.as_mut().unwrap().chance(percent)
    }

    /// Late requests land when their time has come.
    fn land(&mut self) {
        let now = self.now;
        let (due, late) = std::mem::take(&mut self.late).into_iter().partition(|(at, _)| *at <= now);
        self.late = late;
        let due: Vec<(u64, Request)> = due;
        due.into_iter().for_each(|(_, request)| self.handle(request));
    }

    pub(crate) fn handle(&mut self, request: Request) {
        match request {
            Request::Create(id, thing) => {
                if let Some((twin, _)) = self.things.iter().find(|(_, other)| other.token == thing.token) {
                    let what = format!("{} was made twice: {twin} and {id}", thing.address);
                    self.violation.get_or_insert(what);
                }
                self.things.insert(id, thing);
            }
            Request::Update(id, inputs) => {
                if let Some(thing) = self.things.get_mut(&id) {
                    if thing.kind == SLOW && thing.inputs != inputs {
                        thing.ready_at = self.now + CHANGE_MS;
                    }
                    thing.inputs = inputs;
                }
            }
            Request::Delete(id) => drop(self.things.remove(&id)),
        }
    }
}

struct Sleep {
    world: World,
    at: u64,
    key: Option<(u64, u64)>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let world = self.world.clone();
        let mut inner = world.lock();
        if inner.now >= self.at {
            return Poll::Ready(());
        }
        if self.key.is_none_or(|key| !inner.sleepers.contains_key(&key)) {
            inner.sleeps += 1;
            self.key = Some((self.at, inner.sleeps));
        }
        if let Some(key) = self.key {
            inner.sleepers.insert(key, context.waker().clone());
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.world.lock().sleepers.remove(&key);
        }
    }
}

#[async_trait]
impl Clock for World {
    fn now(&self) -> u64 {
        self.lock().now
    }

    async fn sleep_until(&self, deadline: u64, idle: bool) {
        let in_flight = self.lock().in_flight;
        if idle && in_flight > 0 {
            self.violated(format!("the engine says that it is idle while {in_flight} calls are in flight"));
        }
        Sleep { world: self.clone(), at: deadline, key: None }.await;
    }
}

impl Entropy for World {
    fn fill(&self, buffer: &mut [u8]) {
        let mut inner = self.lock();
        let random = inner.random.as_mut().unwrap();
        buffer.iter_mut().for_each(|byte| *byte = random.next() as u8);
    }
}

#[async_trait]
impl Journal for World {
    async fn append(&self, entries: Vec<Entry>) -> Result<(), JournalError> {
        if self.fault(1) {
            self.crash().await;
        }
        let delay = self.below(3);
        self.sleep(delay).await;
        {
            let mut inner = self.lock();
            inner.appends += 1;
            inner.entries.extend(entries);
        }
        if self.fault(1) {
            self.crash().await;
        }
        Ok(())
    }
}

#[async_trait]
impl Store for World {
    async fn load(&self) -> Result<Loaded, StoreError> {
        Ok(self.loaded())
    }

    fn journal(&self) -> Arc<dyn Journal> {
        Arc::new(self.clone())
    }

    async fn commit(&self, snapshot: &Snapshot) -> Result<(), StoreError> {
        if self.fault(5) {
            self.crash().await;
        }
        {
            let mut inner = self.lock();
            inner.commits += 1;
            inner.snapshot = Some(snapshot.clone());
            inner.entries.clear();
        }
        if self.fault(5) {
            self.crash().await;
        }
        Ok(())
    }
}

/// Does the durable journal know that this operation began?
pub(crate) fn began(state: &State, op: &OpId) -> bool {
    state.operations.contains_key(op)
}
