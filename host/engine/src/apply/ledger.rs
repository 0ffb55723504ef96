//! The journal and the state it folds into, kept in step: an entry counts once it is durable.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::journal::{Entry, Journal, JournalError};
use crate::name::OpId;
use crate::state::{Operation, State};

pub(crate) struct Ledger {
    journal: Arc<dyn Journal>,
    inner: Mutex<Inner>,
}

struct Inner {
    state: State,
    appended: bool,
}

impl Ledger {
    pub(crate) fn new(journal: Arc<dyn Journal>, state: State, appended: bool) -> Self {
        Self { journal, inner: Mutex::new(Inner { state, appended }) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // A panic elsewhere leaves the state as the last whole entry made it.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the state as it is now.
    pub(crate) fn with<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.inner().state)
    }

    /// An open operation as it is now.
    pub(crate) fn operation(&self, op: &OpId) -> Option<Operation> {
        self.with(|state| state.operations.get(op).cloned())
    }

    /// Is there anything that the last snapshot does not hold?
    pub(crate) fn is_dirty(&self) -> bool {
        self.inner().appended
    }
}

#[async_trait]
impl Journal for Ledger {
    async fn append(&self, entries: Vec<Entry>) -> Result<(), JournalError> {
        if entries.is_empty() {
            return Ok(());
        }
        self.journal.append(entries.clone()).await?;
        let mut inner = self.inner();
        inner.appended = true;
        inner.state.fold(&entries).map_err(|error| JournalError { message: error.to_string() })
    }
}
