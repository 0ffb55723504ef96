//! What one guest call is about, and so what its host calls may be about.

use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex};

use maps_engine::capability::{Operation as Mutation, StepScope};
use maps_engine::{Journal, PluginName};

use crate::audit::Audit;
use crate::seal::Seals;

/// Which export is running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Pure.
    Check,
    /// Pure.
    Diff,
    /// Reads.
    Preview,
    /// Reads.
    Find,
    /// Reads.
    Read,
    /// Writes.
    Create,
    /// Writes.
    Update,
    /// Writes.
    Delete,
}

/// Which linker serves an operation. Only `Write` links the write halves to anything that holds a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// `check`, `diff`, `describe`: no outside access at all.
    Pure,
    /// `preview`, `find`, `read`.
    Read,
    /// `create`, `update`, `delete`.
    Write,
}

impl Phase {
    /// As the audit log says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pure => "pure",
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

impl Operation {
    /// What it changes, if it changes anything.
    pub fn mutation(self) -> Option<Mutation> {
        match self {
            Self::Create => Some(Mutation::Create),
            Self::Update => Some(Mutation::Update),
            Self::Delete => Some(Mutation::Delete),
            Self::Check | Self::Diff | Self::Preview | Self::Find | Self::Read => None,
        }
    }

    /// Its phase.
    pub fn phase(self) -> Phase {
        match self {
            Self::Check | Self::Diff => Phase::Pure,
            Self::Preview | Self::Find | Self::Read => Phase::Read,
            Self::Create | Self::Update | Self::Delete => Phase::Write,
        }
    }

    /// As in the contract.
    pub fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Diff => "diff",
            Self::Preview => "preview",
            Self::Find => "find",
            Self::Read => "read",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// Everything that the host calls of one guest call are held against. Made anew for each call.
pub struct CallScope {
    /// Whose call.
    pub plugin: PluginName,
    /// The run.
    pub run: String,
    /// The stack.
    pub stack: String,
    /// The export.
    pub operation: Operation,
    /// One for each request of the batch, in its order; a write's `items` index into it.
    pub steps: Vec<StepScope>,
    /// Secrets by handle, for this call only.
    pub seals: Arc<Mutex<Seals>>,
    /// Where mutating calls are announced; none outside the write phase.
    pub journal: Option<Arc<dyn Journal>>,
    /// Where every call is recorded.
    pub audit: Arc<Audit>,
    /// How many outside calls this guest call has made so far; starts at 0. Capped, so that
    /// following a server's endless pages ends.
    pub calls: AtomicU32,
}
