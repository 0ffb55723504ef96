//! Everything that can be wrong with state at rest, each with what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use maps_engine::{Diagnostic, Severity};

use crate::lock::Holder;

/// Why state could not be read, written or locked.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Another process is changing this stack.
    #[error("the state is locked by {holder}")]
    Locked {
        /// Who, as far as the lock file says.
        holder: Holder,
    },
    /// The system refused.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// In words: `write`, `open`.
        doing: &'static str,
        /// Which file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file is not what maps wrote.
    #[error("{} is damaged{}: {what}", path.display(), line.map(|n| format!(" at line {n}")).unwrap_or_default())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Where in it, from 1.
        line: Option<usize>,
        /// How it was noticed.
        what: String,
    },
    /// The files are whole and do not belong together, or not to this stack.
    #[error("{} does not belong here: {what}", path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// Whose it is instead.
        what: String,
    },
    /// A newer maps wrote it.
    #[error("{} has format {found}, and this maps reads format {known}", path.display())]
    Newer {
        /// Which file.
        path: PathBuf,
        /// The format it has.
        found: u64,
        /// The format this maps writes.
        known: u64,
    },
    /// The key that secrets are encrypted with cannot be used.
    #[error("the key file {} {what}", path.display())]
    Key {
        /// Where it is looked for.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A secret cannot be opened.
    #[error("the secret at `{place}` cannot be decrypted: {what}")]
    Secret {
        /// Its address and path.
        place: String,
        /// Why.
        what: &'static str,
    },
    /// A value has a key that means something to maps, and may not be stored as data.
    #[error("the value at `{place}` is a map with the single key `{key}`, which is reserved")]
    Reserved {
        /// Its address and path.
        place: String,
        /// The key.
        key: &'static str,
    },
    /// An earlier write failed, so that what is on the disk is not known any more.
    #[error("nothing more can be written after this failure: {0}")]
    Stopped(String),
}

impl FileError {
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }

    pub(crate) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), line: None, what: what.into() }
    }

    pub(crate) fn foreign(path: &Path, what: impl Into<String>) -> Self {
        Self::Foreign { path: path.to_owned(), what: what.into() }
    }

    pub(crate) fn key(path: &Path, what: impl Into<String>) -> Self {
        Self::Key { path: path.to_owned(), what: what.into() }
    }

    /// Stable, in kebab-case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "state-locked",
            Self::Io { .. } => "state-io",
            Self::Damaged { .. } => "state-damaged",
            Self::Foreign { .. } => "state-foreign",
            Self::Newer { .. } => "state-newer",
            Self::Key { .. } => "state-key",
            Self::Secret { .. } => "state-secret",
            Self::Reserved { .. } => "reserved-key",
            Self::Stopped(_) => "state-stopped",
        }
    }

    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            Self::Locked { .. } => {
                "wait for the other run to end; the lock goes with its process, even when that is killed".to_owned()
            }
            Self::Io { path, .. } => {
                format!("check the owner, the permissions and the free space of {}", path.display())
            }
            Self::Damaged { path, .. } | Self::Foreign { path, .. } => match path.parent() {
                Some(dir) => format!(
                    "nothing was changed; put back the whole folder {} as one run left it, from your backup \
                     (earlier snapshots are in its folder `history`)",
                    dir.display()
                ),
                None => "nothing was changed; put back the state from your backup".to_owned(),
            },
            Self::Newer { .. } => "use the maps that wrote it, or a newer one".to_owned(),
            Self::Key { path, .. } => format!(
                "put back {} as it was when the secrets were stored (32 bytes, mode 0600); \
                 without it they cannot be read",
                path.display()
            ),
            Self::Secret { .. } => "put back the state and the key file that belong together; \
                 an encrypted value that was moved or edited is never opened"
                .to_owned(),
            Self::Reserved { .. } => "rename the key".to_owned(),
            Self::Stopped(_) => "mend the cause and run again: what had begun is looked back at".to_owned(),
        }
    }

    /// As people are told.
    pub fn diagnostic(&self) -> Diagnostic {
        Diagnostic {
            severity: Severity::Error,
            code: self.code(),
            message: self.to_string(),
            span: None,
            related: Vec::new(),
            help: Some(self.help()),
        }
    }
}
