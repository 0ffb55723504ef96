//! Stack to graph to plan to apply to state: everything maps decides, and nothing it touches.
//!
//! This crate never reads a file, opens a socket, runs wasm, prints, or asks for the time. Those
//! come in as traits: [`Provider`], [`Journal`], [`Clock`], [`Entropy`], [`Observer`].

pub mod apply;
pub mod capability;
pub mod clock;
pub mod diagnostic;
pub mod diff;
pub mod document;
pub mod event;
pub mod expr;
pub mod graph;
pub mod journal;
pub mod name;
pub mod plan;
pub mod problem;
pub mod provider;
pub mod recover;
mod refresh;
pub mod retry;
pub mod schedule;
pub mod schema;
pub mod session;
pub mod stack;
pub mod state;
pub mod store;
pub mod value;
mod view;

pub use apply::{ApplyReport, Cancel};
pub use clock::{Clock, Entropy};
pub use diagnostic::{Diagnostic, Severity, Span};
pub use document::Document;
pub use event::{Event, Observer};
pub use journal::{Entry, Journal, JournalError};
pub use name::{Address, KindName, OpId, PluginName, Token};
pub use plan::Plan;
pub use problem::{Class, Problem};
pub use provider::{Call, CallError, Provider};
pub use session::{Failure, Session};
pub use state::{Snapshot, State};
pub use store::{Loaded, Store, StoreError};
pub use value::Value;

/// Plans what makes the world agree with the stack. Takes no lock, writes nothing, only reads.
///
/// # Errors
/// When state is not this stack's or contradicts itself; all else is told in the plan.
pub async fn plan(session: &Session<'_>, loaded: &Loaded) -> Result<Plan, state::StateError> {
    let state = folded(session, loaded)?; //            what is known
    let mut plan = plan::make(session, state).await?; // look back, refresh, compare
    plan.basis.seen = seen(loaded);
    Ok(plan)
}

/// Plans to take down everything that state knows of. Reads only.
///
/// # Errors
/// As [`plan`].
pub async fn plan_destroy(session: &Session<'_>, loaded: &Loaded) -> Result<Plan, state::StateError> {
    let state = folded(session, loaded)?;
    let mut plan = plan::make_destroy(session, state).await?;
    plan.basis.seen = seen(loaded);
    Ok(plan)
}

/// Carries a plan out and saves what came of it. A plan without changes writes nothing at all.
/// `loaded` is what `store` holds under the lock; a plan made from anything else is refused.
///
/// # Errors
/// When the plan is refused, or state cannot be saved. What failed at single resources is told in
/// the report.
pub async fn apply(
    session: &Session<'_>,
    store: &dyn Store,
    loaded: &Loaded,
    plan: &Plan,
    cancel: &Cancel,
) -> Result<ApplyReport, ApplyError> {
    if plan.has_errors() {
        return Err(ApplyError::Refused);
    }
    if plan.basis.seen != seen(loaded) {
        return Err(ApplyError::Stale);
    }
    let state = folded(session, loaded).map_err(StoreError::from)?;
    let appended = !loaded.entries.is_empty() && !plan.is_empty();
    Ok(apply::run(session, store, &loaded.snapshot, state, appended, plan, cancel).await?)
}

/// Why an apply ended without a report.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// There are errors among its diagnostics.
    #[error("the plan has errors")]
    Refused,
    /// State changed since it was made.
    #[error("state changed after the plan was made; plan again")]
    Stale,
    /// State cannot be saved.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// State as it is now: the snapshot, verified, with the entries after it.
fn folded(session: &Session<'_>, loaded: &Loaded) -> Result<State, state::StateError> {
    loaded.snapshot.verify(&session.stack.name, session.stack.environment.as_deref())?;
    let mut state = loaded.snapshot.state.clone();
    state.fold(&loaded.entries)?;
    Ok(state)
}

fn seen(loaded: &Loaded) -> (u64, usize) {
    (loaded.snapshot.serial, loaded.entries.len())
}
