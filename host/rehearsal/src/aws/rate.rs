//! A limit of requests a second, over a sliding window of virtual time.

use std::collections::VecDeque;

use crate::clock::Now;

const SECOND_MS: u64 = 1000;

/// The requests of the last second.
#[derive(Debug)]
pub(super) struct Rate {
    per_second: usize,
    taken: VecDeque<u64>,
}

impl Rate {
    /// None yet; 0 is no limit.
    pub(super) fn new(per_second: u32) -> Self {
        Self { per_second: per_second as usize, taken: VecDeque::new() }
    }

    /// Takes a request if there is room. One that is refused does not count.
    pub(super) fn take(&mut self, now: Now) -> bool {
        if self.per_second == 0 {
            return true;
        }
        while self.taken.front().is_some_and(|oldest| oldest + SECOND_MS <= now.virtual_ms) {
            self.taken.pop_front();
        }
        let room = self.taken.len() < self.per_second;
        if room {
            self.taken.push_back(now.virtual_ms);
        }
        room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_slides() {
        let at = |ms| Now { real_ms: 0, virtual_ms: ms };
        let mut rate = Rate::new(2);
        assert_eq!([0, 10, 20].map(|ms| rate.take(at(ms))), [true, true, false]);
        assert_eq!([1000, 1005, 1010].map(|ms| rate.take(at(ms))), [true, false, true]);
        assert!((0..100).all(|_| Rate::new(0).take(at(0))));
    }
}
