//! What happens during a run. The terminal view, JSON lines and reports fold the same events.

use serde::Serialize;

use crate::journal::OpKind;
use crate::name::Address;
use crate::problem::Problem;

/// One thing that happened. Holds no secret: values are redacted before they get here.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// An operation began.
    Started {
        /// On what.
        address: Address,
        /// Which.
        does: OpKind,
    },
    /// It is being waited for.
    Waiting {
        /// On what.
        address: Address,
        /// For what, if the provider said.
        note: Option<String>,
        /// When it is asked again, in milliseconds from now.
        retry_after_ms: u64,
    },
    /// It failed in a way that is tried again.
    Retrying {
        /// On what.
        address: Address,
        /// Why.
        problem: Problem,
        /// The attempt that failed, from 1.
        attempt: u32,
        /// When the next one comes, in milliseconds from now.
        retry_after_ms: u64,
    },
    /// It ended well.
    Finished {
        /// On what.
        address: Address,
        /// Which.
        does: OpKind,
        /// How long it took by the engine's clock, in milliseconds.
        duration_ms: u64,
    },
    /// It failed for good.
    Failed {
        /// On what.
        address: Address,
        /// Which.
        does: OpKind,
        /// Why.
        problem: Problem,
    },
    /// It was not tried, because something it depends on failed.
    Blocked {
        /// What.
        address: Address,
        /// By what.
        by: Address,
    },
    /// State learned of an object without an operation: adopted after a crash, drifted, gone.
    Learned {
        /// What.
        address: Address,
        /// In plain words.
        what: String,
    },
    /// A plugin's log line, already stripped.
    Log {
        /// Whose.
        plugin: String,
        /// `debug`, `info`, `warn` or `error`.
        level: &'static str,
        /// The line.
        message: String,
    },
}

/// Who is told.
pub trait Observer: Send + Sync {
    /// Called in the order in which things happen; must not block.
    fn event(&self, event: &Event);
}
