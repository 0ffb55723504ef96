//! What a call leaves in the audit log beside its host calls: refusals, reveals, and how a guest
//! that did not end well was stopped.

use std::sync::{MutexGuard, PoisonError};

use maps_engine::{CallError, Class, Problem};

use crate::audit::{Outcome, Record};
use crate::scope::{CallScope, Phase};
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
    pub(crate) fn record_refusal(&self, interface: &'static str, items: usize, problem: &Problem) {
        let outcome = Outcome::Denied { code: problem.code.clone() };
        self.audit.note(&self.record(interface, format!("{items} calls refused: {}", problem.message), outcome));
    }

    /// Records that secrets are about to be shown in clear.
    ///
    /// # Errors
    /// When it cannot be recorded; then they must not be shown.
    pub(crate) async fn record_reveal(&self, handles: usize) -> Result<(), Problem> {
        let record = self.record("reveal", format!("{handles} secrets shown in clear"), Outcome::Sent);
        self.audit
            .durable(&record)
            .await
            .map_err(|error| Problem::new(Class::Unavailable, "audit-unwritable", error.to_string()))
    }

    /// Records how a guest was stopped.
    pub(crate) fn record_stop(&self, error: &CallError) {
        let code = match error {
            CallError::Trap { .. } => "trap",
            CallError::Limit { .. } => "limit",
            CallError::Contract { .. } => "contract",
            CallError::Host { .. } => "host",
        };
        let outcome = Outcome::Failed { code: code.to_owned() };
        self.audit.note(&self.record("provider", self.scrub(&error.to_string()), outcome));
    }

    fn record(&self, interface: &'static str, summary: String, outcome: Outcome) -> Record {
        let phase = match self.operation.phase() {
            Phase::Pure => "pure",
            Phase::Read => "read",
            Phase::Write => "write",
        };
        Record {
            run: self.run.clone(),
            plugin: self.plugin.as_str().to_owned(),
            addresses: self.steps.iter().map(|step| step.address.as_str().to_owned()).collect(),
            phase,
            operation: self.operation.name(),
            interface,
            call: None,
            rule: None,
            summary,
            outcome,
            duration_ms: None,
        }
    }
}
