//! What is to be done: keys that wait for a controller, now or at a moment of virtual time.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use super::api::Key;

/// Which controller, by its place in the list of all.
pub(super) type Who = usize;

/// Keys that wait. A key that waits already is not added twice.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    ready: VecDeque<(Who, Key)>,
    waiting: HashSet<(Who, Key)>,
    later: BTreeMap<u64, BTreeSet<(Who, Key)>>,
    failures: HashMap<(Who, Key), u32>,
}

impl Queue {
    /// To be looked at next.
    pub(super) fn add(&mut self, who: Who, key: Key) {
        let item = (who, key);
        if !self.waiting.contains(&item) {
            self.waiting.insert(item.clone());
            self.ready.push_back(item);
        }
    }

    /// To be looked at when virtual time has come to `due`.
    pub(super) fn add_at(&mut self, due: u64, who: Who, key: Key) {
        self.later.entry(due).or_default().insert((who, key));
    }

    /// Moves what is due to what is next.
    pub(super) fn wake(&mut self, now: u64) {
        while let Some(entry) = self.later.first_entry() {
            if *entry.key() > now {
                break;
            }
            for (who, key) in entry.remove() {
                self.add(who, key);
            }
        }
    }

    /// The next one.
    pub(super) fn pop(&mut self) -> Option<(Who, Key)> {
        let item = self.ready.pop_front()?;
        self.waiting.remove(&item);
        Some(item)
    }

    /// The earliest moment that something waits for.
    pub(super) fn due(&self) -> Option<u64> {
        self.later.keys().next().copied()
    }

    /// It went well.
    pub(super) fn succeeded(&mut self, who: Who, key: Key) {
        if !self.failures.is_empty() {
            self.failures.remove(&(who, key));
        }
    }

    /// It did not: again later, each time twice as late, five minutes at most.
    pub(super) fn failed(&mut self, now: u64, who: Who, key: Key) {
        let times = self.failures.entry((who, key.clone())).or_default();
        *times += 1;
        let wait = 500_u64.saturating_mul(1 << (*times).min(12)).min(300_000);
        self.add_at(now.saturating_add(wait), who, key);
    }
}
