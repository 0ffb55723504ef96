//! From a request to an answer.

mod api;
mod body;
mod continuation;
mod dispatch;
mod intake;
mod logs;
mod moment;
mod patching;
mod plain;
mod query;
mod random;
mod read;
mod remove;
mod respond;
mod state;
mod subresource;
mod target;
#[cfg(test)]
mod tests;
mod view;
mod watch;
mod write;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::Value;
use tokio::sync::watch as changes;

pub use body::Body;
pub use moment::Moment;
pub(crate) use respond::Accept;
pub(crate) use state::State;

use crate::outside::Outside;
use crate::status::Refusal;
use crate::store::{Change, Persist};
use dispatch::Outcome;

/// How a cluster is to be.
#[derive(Clone)]
pub struct Options {
    /// The clocks.
    pub clock: Arc<dyn Fn() -> Moment + Send + Sync>,
    /// The bearer token of the administrator (group `system:masters`).
    pub admin_token: String,
    /// What ServiceAccount tokens are signed with; the same at each start.
    pub signing: [u8; 32],
    /// The certificate authority that clients trust, as PEM.
    pub authority: String,
    /// The address under which the server says it is: `127.0.0.1:6443`.
    pub address: String,
    /// Objects that are there from the first start on, beside those of every cluster: nodes, storage classes.
    pub objects: Vec<Value>,
    /// What controllers reach outside of the cluster; without it they find nothing there.
    pub outside: Option<Arc<dyn Outside>>,
}

impl std::fmt::Debug for Options {
    /// Without the secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("address", &self.address).finish_non_exhaustive()
    }
}

/// What a request does, for those who count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Whether it could change anything; a dry run and an access review do not.
    pub writes: bool,
    /// The verb and the resource: `list apps/v1/deployments`, or the path of what is no resource.
    pub route: String,
}

/// A cluster; clones are the same cluster.
#[derive(Clone)]
pub struct Cluster(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    clock: Arc<dyn Fn() -> Moment + Send + Sync>,
    revision: changes::Sender<u64>,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").finish_non_exhaustive()
    }
}

impl Cluster {
    /// Opens a cluster on what was kept of it, or makes it.
    pub fn open(options: Options, kept: Vec<Change>, persist: Box<dyn Persist>) -> io::Result<Self> {
        let clock = Arc::clone(&options.clock);
        let state = State::open(options, kept, persist)?;
        let (revision, _) = changes::channel(state.store.revision());
        Ok(Self(Arc::new(Inner { state: Mutex::new(state), clock, revision })))
    }

    /// Answers one request. What it changes is durable before this returns. It may wait for the disk; a
    /// watch is told by a task of the tokio runtime that this is called in.
    pub fn handle(&self, request: &Request<Bytes>) -> Response<Body> {
        let outcome = self.change(|state| dispatch::answer(state, request));
        match outcome {
            Ok(Outcome::Answer(response)) => response,
            Ok(Outcome::Watch(watch)) => {
                let mut response = Response::new(Body::Watch(watch.start(self.clone())));
                let json = http::HeaderValue::from_static("application/json");
                response.headers_mut().insert(http::header::CONTENT_TYPE, json);
                response
            }
            Err(refusal) => respond::refusal(&refusal),
        }
    }

    /// What a request would do.
    pub fn classify(request: &Request<Bytes>) -> Asked {
        dispatch::classify(request)
    }

    /// Lets controllers do what is due; returns the virtual moment, in milliseconds, at which to call again.
    pub fn tick(&self) -> Option<u64> {
        // What fails here is tried again by the next request.
        let _ = self.change(|_| Ok::<(), Refusal>(()));
        self.with(|state| state.due)
    }

    /// Says which Nodes there are: new ones are made, changed ones changed, and all others taken away.
    pub fn set_nodes(&self, nodes: Vec<Value>) {
        // What fails here is said again with the next change of the nodes.
        let _ = self.change(|state| {
            state.set_nodes(nodes);
            Ok::<(), Refusal>(())
        });
    }

    /// The objects of a cluster that was kept, without what comes and goes by itself, for an inventory.
    pub fn inventory(kept: &[Change]) -> Value {
        view::inventory(kept)
    }

    /// Runs one change: controllers first, as far as time has moved, then `make`, then controllers again.
    fn change<T>(&self, make: impl FnOnce(&mut State) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let mut state = self.lock();
        state.moment = (self.0.clock)();
        let before = state.store.revision();
        let unsaved = |error: io::Error| Refusal::internal(error.to_string());
        if state.due.is_some_and(|due| due <= state.moment.virtual_ms) {
            state.settle();
            state.commit().map_err(unsaved)?;
        }
        let made = make(&mut state);
        match &made {
            Ok(_) => state.commit().map_err(unsaved)?,
            Err(_) => state.undo(),
        }
        if state.store.revision() != before || state.due.is_none() {
            state.settle();
            // The answer is true whether or not what follows from it could be kept: controllers do it again.
            if state.commit().is_err() {
                state.undo();
            }
        }
        let after = state.store.revision();
        drop(state);
        if after != before {
            self.0.revision.send_replace(after);
        }
        made
    }

    /// Reads the state.
    pub(crate) fn with<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        let mut state = self.lock();
        state.moment = (self.0.clock)();
        read(&state)
    }

    /// Tells when something changed.
    pub(crate) fn changes(&self) -> changes::Receiver<u64> {
        self.0.revision.subscribe()
    }

    /// Locks, also after a panic elsewhere: an open transaction is taken back by the next request's commit or undo.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 404 for a path that is nothing.
fn not_served() -> Response<Body> {
    respond::text(StatusCode::NOT_FOUND, "404 page not found\n")
}
