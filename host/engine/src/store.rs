//! Where state is kept: the last snapshot, and the journal of what happened since.

use std::sync::Arc;

use async_trait::async_trait;

use crate::journal::{Entry, Journal, JournalError};
use crate::state::{Snapshot, StateError};

/// What a store holds.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The last committed snapshot; [`Snapshot::new`] where there was none.
    pub snapshot: Snapshot,
    /// What was appended since that snapshot was committed, in order.
    pub entries: Vec<Entry>,
}

/// Why state could not be loaded or committed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The place itself: a file, a network, a lock that was lost.
    #[error("state cannot be {doing}: {message}")]
    Io {
        /// `read` or `written`.
        doing: &'static str,
        /// What failed, with the path and the system's reason.
        message: String,
    },
    /// What is stored cannot be decrypted or does not decode.
    #[error("stored state is damaged: {message}")]
    Damaged {
        /// Where, and what is wrong.
        message: String,
    },
    /// What is stored decodes and contradicts itself, or is not this stack's.
    #[error(transparent)]
    State(#[from] StateError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// A place for one stack's state. Whoever holds one that can write also holds the stack's lock.
///
/// The engine verifies what it loads and what it commits; a store only keeps it, with every
/// secret encrypted.
#[async_trait]
pub trait Store: Send + Sync {
    /// The last snapshot and the entries after it. A torn last entry, which was never durable, is
    /// left out.
    ///
    /// # Errors
    /// When it cannot be read, decrypted or decoded.
    async fn load(&self) -> Result<Loaded, StoreError>;

    /// Where entries are appended.
    fn journal(&self) -> Arc<dyn Journal>;

    /// Makes the snapshot the last one and the journal empty, as one step: a crash in between
    /// loads either the old snapshot with its entries, or the new one with none.
    ///
    /// # Errors
    /// When it is not durable; then the old snapshot and its entries still are.
    async fn commit(&self, snapshot: &Snapshot) -> Result<(), StoreError>;
}
