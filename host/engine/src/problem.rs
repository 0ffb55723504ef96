//! What a provider answers when it fails, and whether trying again can help.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kind of a failure. Mirrors `problem-class` of wit/types.wit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// The inputs are wrong.
    Invalid,
    /// The credential or a capability does not allow it.
    Denied,
    /// The object is not there.
    NotFound,
    /// Somebody else changed or holds the object.
    Conflict,
    /// The service asked for fewer calls.
    Throttled,
    /// The service is not ready yet, or down for a moment.
    Unavailable,
    /// No answer in time: the call may have had its effect.
    Timeout,
    /// A defect of the plugin, the host or the service.
    Internal,
}

/// A failure, told to a person and to programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What kind of failure.
    pub class: Class,
    /// Stable, in kebab-case: `cluster-name-taken`.
    pub code: String,
    /// What is wrong, in one sentence.
    pub message: String,
    /// The input it concerns: `node_pools[0].size`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// When the service wants to be asked again, in milliseconds from its answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl Problem {
    /// A problem with neither path nor help.
    pub fn new(class: Class, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { class, code: code.into(), message: message.into(), path: None, help: None, retry_after_ms: None }
    }

    /// Says what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says which input it concerns.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl std::error::Error for Problem {}
