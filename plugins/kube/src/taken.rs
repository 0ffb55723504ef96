//! How long an operation takes: by the clock, or by what it asked to wait, whichever is more. In a rehearsal the
//! waits pass at once, and the clock goes on as everywhere.

use maps_sdk::clock;
use serde::{Deserialize, Serialize};

/// Since when an operation goes on, and how long it has asked to wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// When it began, in milliseconds since 1970.
    since: u64,
    /// What it asked to wait since, in milliseconds.
    waited: u64,
}

impl Taken {
    /// An operation that begins now.
    pub(crate) fn begin() -> Self {
        Self { since: clock::now(), waited: 0 }
    }

    /// How long it takes so far, in milliseconds.
    pub(crate) fn ms(self) -> u64 {
        clock::now().saturating_sub(self.since).max(self.waited)
    }

    /// The operation after another wait.
    pub(crate) fn and(self, wait_ms: u64) -> Self {
        Self { waited: self.waited.saturating_add(wait_ms), ..self }
    }
}
