//! A snapshot and a journal that belong together, read without a lock.

use std::path::Path;

use crate::error::FileError;
use crate::{journal, snapshot};

/// How often a reader starts again when a writer commits under it. Each time needs one whole
/// commit between two reads, so that more than a few in a row is no coincidence.
const ATTEMPTS: usize = 16;

/// What a stack's folder holds.
pub(crate) struct Pair {
    pub(crate) snapshot: Option<snapshot::Stored>,
    pub(crate) journal: Option<journal::Stored>,
    pub(crate) tail: Tail,
}

/// What the journal's entries are to the snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    /// They happened after it.
    Follows,
    /// They are in it already, or there are none: a crash came between the commit of the snapshot
    /// and the start of the next journal.
    Folded,
}

/// Reads both. The snapshot comes first: if a commit comes between, the journal is one that
/// follows a snapshot not seen yet, and both are read again.
pub(crate) fn read(dir: &Path) -> Result<Pair, FileError> {
    let mut attempt = 1;
    loop {
        let snapshot = snapshot::read(dir)?;
        let journal = journal::read(dir)?;
        match relate(dir, snapshot.as_ref(), journal.as_ref()) {
            Ok(tail) => return Ok(Pair { snapshot, journal, tail }),
            Err(_) if attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(error),
        }
    }
}

fn relate(
    dir: &Path,
    snapshot: Option<&snapshot::Stored>,
    journal: Option<&journal::Stored>,
) -> Result<Tail, FileError> {
    match (snapshot, journal) {
        (None, None) => Ok(Tail::Folded),
        (None, Some(journal)) => match &journal.header.snapshot {
            None => Ok(Tail::Follows),
            Some(_) => Err(FileError::foreign(
                &journal::path(dir),
                format!("it follows snapshot {}, which is missing", journal.header.serial),
            )),
        },
        // A journal is started before the first snapshot is written, and only ever replaced.
        (Some(_), None) => Err(FileError::damaged(&journal::path(dir), "it is missing, and what it held with it")),
        (Some(snapshot), Some(journal)) => {
            if journal.header.snapshot.as_deref() == Some(snapshot.sum.to_string().as_str()) {
                Ok(Tail::Follows)
            } else if journal.end.head == snapshot.folded {
                Ok(Tail::Folded)
            } else {
                Err(FileError::foreign(
                    &snapshot::path(dir),
                    format!("the journal beside it follows another snapshot, with serial {}", journal.header.serial),
                ))
            }
        }
    }
}
