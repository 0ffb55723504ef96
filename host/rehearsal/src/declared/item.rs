//! What the store holds of one object of a declared collection.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::model::{Collection, Id, States};
use crate::clock::Now;

/// The store's collections of declared services begin with this.
pub(super) const PREFIX: &str = "declared ";

/// Where the store keeps a collection's objects.
pub(super) fn shelf(host: &str, collection: &Collection) -> String {
    format!("{PREFIX}{host} {}", collection.path)
}

/// Where the store keeps an object: under its path.
pub(super) fn key(path: &[String]) -> String {
    path.iter().flat_map(|segment| ["/", segment]).collect()
}

/// One object.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Item {
    /// As it is told, but for its state.
    pub(super) body: Value,
    /// As an inventory shows it: once all that was begun has ended, without what was made up.
    pub(super) shown: Value,
    /// Which of the service's objects it is, from 1.
    pub(super) order: u64,
    /// The state it is in until a moment of virtual time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<(String, u64)>,
    /// When it is gone, in virtual time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) gone_ms: Option<u64>,
}

impl Item {
    /// Is it no more?
    pub(super) fn is_gone(&self, now: Now) -> bool {
        self.gone_ms.is_some_and(|at| at <= now.virtual_ms)
    }

    /// Is it on its way out?
    pub(super) fn is_going(&self) -> bool {
        self.gone_ms.is_some()
    }

    /// As it is told now.
    pub(super) fn view(&self, states: Option<&States>, now: Now) -> Value {
        let mut view = self.body.clone();
        if let Some(states) = states {
            let busy = self.until.as_ref().filter(|(_, until)| *until > now.virtual_ms).map(|(word, _)| word);
            let going = states.deleting.as_ref().filter(|_| self.is_going());
            let word = going.or(busy).unwrap_or(&states.ready);
            states.field.set(&mut view, word.as_str().into());
        }
        view
    }

    /// Makes what an inventory shows.
    pub(super) fn show(&mut self, collection: &Collection) {
        let mut shown = self.body.clone();
        for pointer in collection.own() {
            // An id that a path names is the user's own word.
            if !matches!(&collection.id, Id::Path(Some(field)) if field == pointer) {
                pointer.remove(&mut shown);
            }
        }
        if let Some(states) = &collection.states {
            states.field.set(&mut shown, states.ready.as_str().into());
        }
        self.shown = shown;
    }
}

/// What lasts until when, after something was begun now.
pub(super) fn until(word: Option<&String>, states: Option<&States>, now: Now) -> Option<(String, u64)> {
    let states = states?;
    Some((word?.clone(), now.virtual_ms.saturating_add(states.after_ms)))
}
