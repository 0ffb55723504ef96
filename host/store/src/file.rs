//! State in a folder of the local disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use maps_engine::journal::{Entry, Journal, JournalError};
use maps_engine::{Diagnostic, Loaded, Severity, Snapshot, Store, StoreError};

use crate::codec::Codec;
use crate::error::FileError;
use crate::journal::Header;
use crate::lock::Lock;
use crate::pair::{Pair, Tail};
use crate::writer::{Handle, Job, Position, Writer};
use crate::{disk, journal, pair, snapshot};

/// Where a stack's state is, and whose it must be.
#[derive(Clone, Debug)]
pub struct Location {
    dir: PathBuf,
    stack: String,
    environment: Option<String>,
    key: PathBuf,
}

impl Location {
    /// State in `dir`, usually `.maps/<stack>`; the key file is `key` in the folder above, so that
    /// the stacks of one place share one.
    pub fn new(dir: impl Into<PathBuf>, stack: impl Into<String>, environment: Option<String>) -> Self {
        let dir = dir.into();
        let key = dir.parent().unwrap_or(&dir).join("key");
        Self { dir, stack: stack.into(), environment, key }
    }

    /// Keeps the key file elsewhere.
    #[must_use]
    pub fn key_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.key = path.into();
        self
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn codec(&self) -> Codec {
        // No stack's name holds an `@`, so that no two places read alike.
        let owner = self.environment.as_ref().map(|environment| format!("{}@{environment}", self.stack));
        Codec::new(owner.as_deref().unwrap_or(&self.stack), &self.key)
    }

    /// Decodes what was read, and refuses another stack's or environment's.
    fn decode(&self, pair: &Pair, codec: &Codec) -> Result<Loaded, FileError> {
        let path = snapshot::path(&self.dir);
        let snapshot = match &pair.snapshot {
            Some(stored) => codec.decode_snapshot(stored.json(), &path)?,
            None => Snapshot::new(&self.stack, self.environment.clone()),
        };
        snapshot
            .verify(&self.stack, self.environment.as_deref())
            .map_err(|e| FileError::foreign(&path, e.to_string()))?;
        let Some(journal) = &pair.journal else { return Ok(Loaded { snapshot, entries: Vec::new() }) };
        let path = journal::path(&self.dir);
        let Header { stack, environment, serial, .. } = &journal.header;
        if *stack != self.stack || *environment != self.environment {
            return Err(FileError::foreign(
                &path,
                format!("it is the journal of the stack \"{stack}\"{}", in_(environment)),
            ));
        }
        if pair.tail == Tail::Folded {
            return Ok(Loaded { snapshot, entries: Vec::new() });
        }
        if *serial != snapshot.serial {
            return Err(FileError::foreign(&path, format!("it follows serial {serial}, not {}", snapshot.serial)));
        }
        let entries = journal.entries().map(|(line, json)| codec.decode_entry(json, &path, line));
        Ok(Loaded { snapshot, entries: entries.collect::<Result<_, _>>()? })
    }

    /// What a person should know of what was read.
    fn notes(&self, pair: &Pair) -> Vec<Diagnostic> {
        let torn = pair.journal.as_ref().filter(|journal| journal.torn > 0);
        torn.map(|journal| Diagnostic {
            severity: Severity::Warning,
            code: "torn-journal",
            message: format!(
                "the last line of {} is incomplete ({} bytes) and was left out: a crash cut its writing short",
                journal::path(&self.dir).display(),
                journal.torn
            ),
            span: None,
            related: Vec::new(),
            help: Some("nothing depended on it; what had begun before it is looked back at".to_owned()),
        })
        .into_iter()
        .collect()
    }
}

fn in_(environment: &Option<String>) -> String {
    environment.as_ref().map(|name| format!(" in the environment \"{name}\"")).unwrap_or_default()
}

/// What a look without the lock found.
#[derive(Clone, Debug)]
pub struct Read {
    /// The snapshot and the entries after it.
    pub loaded: Loaded,
    /// Warnings about what was found.
    pub notes: Vec<Diagnostic>,
}

/// Reads a stack's state without its lock, also while somebody writes it. Writes nothing, and
/// needs the key only where a secret is stored.
///
/// # Errors
/// When it is damaged, another stack's, or cannot be decrypted.
pub fn read(location: &Location) -> Result<Read, FileError> {
    let pair = pair::read(&location.dir)?;
    let loaded = location.decode(&pair, &location.codec())?;
    let notes = location.notes(&pair);
    Ok(Read { loaded, notes })
}

/// A stack's state with its lock held. The lock goes when this and every journal handle is
/// dropped, or when the process ends in whatever way.
pub struct FileStore {
    inner: Arc<Inner>,
    notes: Vec<Diagnostic>,
}

struct Inner {
    location: Location,
    codec: Codec,
    writer: Handle,
}

impl FileStore {
    /// Takes the lock and checks what is there. Nothing but the lock file is written before the
    /// first entry. `now` is told to whoever finds the stack locked, in Unix milliseconds.
    ///
    /// # Errors
    /// When somebody else holds the lock, or the state is damaged, another stack's, or cannot be decrypted.
    pub fn open(location: Location, now: u64) -> Result<Self, FileError> {
        disk::create_dir(&location.dir)?;
        let lock = Lock::take(&location.dir.join("lock"), now)?;
        let pair = pair::read(&location.dir)?;
        let codec = location.codec();
        let loaded = location.decode(&pair, &codec)?;
        let sum = pair.snapshot.as_ref().map(|stored| stored.sum);
        let position = match (&pair.journal, pair.tail) {
            (Some(journal), Tail::Follows) => Position::Continue(journal.end),
            _ => Position::Start(Header::new(&loaded.snapshot, sum)),
        };
        let serial = sum.map(|_| loaded.snapshot.serial);
        let writer = Handle::spawn(Writer::new(location.dir.clone(), serial, position, lock))?;
        let notes = location.notes(&pair);
        Ok(Self { inner: Arc::new(Inner { location, codec, writer }), notes })
    }

    /// Warnings about what was found when it was opened.
    pub fn notes(&self) -> &[Diagnostic] {
        &self.notes
    }
}

#[async_trait]
impl Journal for Inner {
    async fn append(&self, entries: Vec<Entry>) -> Result<(), JournalError> {
        let path = journal::path(&self.location.dir);
        let failed = |error: FileError| JournalError { message: error.to_string() };
        let lines: Result<Vec<_>, _> = entries.into_iter().map(|entry| self.codec.encode_entry(entry, &path)).collect();
        let lines = lines.map_err(failed)?;
        if lines.is_empty() {
            return Ok(());
        }
        self.writer.ask(|reply| Job::Append(lines, reply)).await.map_err(failed)
    }
}

#[async_trait]
impl Store for FileStore {
    async fn load(&self) -> Result<Loaded, StoreError> {
        let location = &self.inner.location;
        let pair = pair::read(&location.dir)?;
        Ok(location.decode(&pair, &self.inner.codec)?)
    }

    fn journal(&self) -> Arc<dyn Journal> {
        self.inner.clone()
    }

    async fn commit(&self, snapshot: &Snapshot) -> Result<(), StoreError> {
        let Inner { location, codec, writer } = &*self.inner;
        snapshot.verify(&location.stack, location.environment.as_deref())?;
        let json = codec.encode_snapshot(snapshot, &snapshot::path(&location.dir))?;
        Ok(writer.ask(|reply| Job::Commit(Box::new(snapshot.clone()), json, reply)).await?)
    }
}

impl From<FileError> for StoreError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Io { .. } | FileError::Stopped(_) | FileError::Locked { .. } => {
                Self::Io { doing: "read or written", message: error.to_string() }
            }
            _ => Self::Damaged { message: format!("{error}; {}", error.help()) },
        }
    }
}
