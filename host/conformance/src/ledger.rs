//! A journal in memory, and ears for what a plugin logs.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use maps_engine::{Entry, Event, Journal, JournalError, Observer};

/// Remembers what was announced.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Vec<Entry>>);

impl Ledger {
    /// The calls that were announced, as the journal tells them.
    pub(crate) fn calls(&self) -> Vec<String> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let call = |entry: &Entry| match entry {
            Entry::Call { rule, summary, .. } => Some(format!("{rule} {summary}")),
            _ => None,
        };
        entries.iter().filter_map(call).collect()
    }
}

#[async_trait]
impl Journal for Ledger {
    async fn append(&self, entries: Vec<Entry>) -> Result<(), JournalError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(entries);
        Ok(())
    }
}

/// Remembers what was told.
#[derive(Debug, Default)]
pub(crate) struct Heard(Mutex<Vec<String>>);

impl Heard {
    /// Everything, as it would be shown.
    pub(crate) fn all(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }
}

impl Observer for Heard {
    fn event(&self, event: &Event) {
        let line = format!("{event:?}");
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}
