//! What can keep the local cloud from starting or from being looked at.

use std::path::PathBuf;

use crate::fault::FaultSpecError;

/// A failure of the local cloud itself; what its APIs refuse is an answer, not an error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another process serves this directory, and two writers would tear its log.
    #[error("a local cloud is already running in {}", dir.display())]
    AlreadyRunning {
        /// The directory that is in use.
        dir: PathBuf,
    },
    /// A file or socket could not be used.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb phrase.
        action: &'static str,
        /// The file or directory concerned.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A record that is not the last one does not verify: the file was changed by another hand.
    #[error("{} is damaged at line {line}: {reason}", path.display())]
    Damaged {
        /// The log that was read.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The directory holds a format that this version does not know.
    #[error("{} was written by another version of the local cloud; start afresh", path.display())]
    Version {
        /// The file concerned.
        path: PathBuf,
    },
    /// The log could not be restored after a failed write, so nothing more is accepted.
    #[error("the log of the local cloud could not be written; restart it")]
    Poisoned,
    /// A certificate could not be made.
    #[error("cannot make a certificate: {0}")]
    Certificate(String),
    /// The operating system gave no randomness.
    #[error("the operating system gave no randomness: {0}")]
    Entropy(getrandom::Error),
    /// Two plugins declare a service on one host.
    #[error("both the plugin {one} and the plugin {other} declare how {host} is played; only one can be")]
    HostTaken {
        /// The host.
        host: String,
        /// One plugin.
        one: String,
        /// The other.
        other: String,
    },
    /// A fault specification does not parse.
    #[error(transparent)]
    Fault(#[from] FaultSpecError),
}

impl Error {
    /// Wraps an I/O error with what was tried on which path.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}

impl From<getrandom::Error> for Error {
    fn from(source: getrandom::Error) -> Self {
        Self::Entropy(source)
    }
}
