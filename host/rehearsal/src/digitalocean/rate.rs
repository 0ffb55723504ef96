//! Request limits: 5,000 an hour and 250 a minute, over sliding windows of virtual time.

use std::collections::VecDeque;

use crate::clock::Now;
use crate::cloud::RateLimits;
use crate::service::Answer;

const HOUR_MS: u64 = 3_600_000;
const MINUTE_MS: u64 = 60_000;

/// The requests of the last hour.
#[derive(Debug)]
pub(super) struct Rate {
    limits: RateLimits,
    taken: VecDeque<u64>,
}

impl Rate {
    /// None yet.
    pub(super) fn new(limits: RateLimits) -> Self {
        Self { limits, taken: VecDeque::new() }
    }

    /// Takes one request, or says in how many seconds there is room again.
    pub(super) fn take(&mut self, now: Now) -> Result<(), u64> {
        self.forget(now);
        let within = self.wait(now, HOUR_MS, self.limits.hourly).max(self.wait(now, MINUTE_MS, self.limits.per_minute));
        if within > 0 {
            return Err(within.div_ceil(1000));
        }
        self.taken.push_back(now.virtual_ms);
        Ok(())
    }

    /// Adds the headers that every answer carries.
    pub(super) fn describe(&mut self, answer: Answer, now: Now) -> Answer {
        self.forget(now);
        let remaining = u64::from(self.limits.hourly).saturating_sub(self.taken.len() as u64);
        let expires = self.taken.front().map_or(0, |oldest| (oldest + HOUR_MS).saturating_sub(now.virtual_ms));
        answer
            .with_number("ratelimit-limit", u64::from(self.limits.hourly))
            .with_number("ratelimit-remaining", remaining)
            .with_number("ratelimit-reset", (now.real_ms + expires) / 1000)
    }

    /// How long until fewer than `limit` requests lie within the window; 0 when they already are.
    fn wait(&self, now: Now, window: u64, limit: u32) -> u64 {
        let limit = limit as usize;
        match self.taken.len().checked_sub(limit).and_then(|at| self.taken.get(at)) {
            Some(oldest) => (oldest + window).saturating_sub(now.virtual_ms),
            None => 0,
        }
    }

    fn forget(&mut self, now: Now) {
        while self.taken.front().is_some_and(|oldest| oldest + HOUR_MS <= now.virtual_ms) {
            self.taken.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;

    fn at(ms: u64) -> Now {
        Now { real_ms: 1_000_000_000_000, virtual_ms: ms }
    }

    #[test]
    fn the_burst_limit_slides_over_a_minute() {
        let mut rate = Rate::new(RateLimits { hourly: 100, per_minute: 2 });
        assert_eq!(rate.take(at(0)), Ok(()));
        assert_eq!(rate.take(at(10_000)), Ok(()));
        assert_eq!(rate.take(at(20_500)), Err(40));
        assert_eq!(rate.take(at(60_000)), Ok(()));
        assert_eq!(rate.take(at(60_001)), Err(10));
    }

    #[test]
    fn the_hourly_limit_holds_and_is_told() {
        let mut rate = Rate::new(RateLimits { hourly: 2, per_minute: 100 });
        assert_eq!(rate.take(at(0)), Ok(()));
        assert_eq!(rate.take(at(1)), Ok(()));
        assert_eq!(rate.take(at(2)), Err(3600));
        let answer = rate.describe(Answer::empty(StatusCode::OK), at(2));
        assert_eq!(answer.headers["ratelimit-limit"], "2");
        assert_eq!(answer.headers["ratelimit-remaining"], "0");
        assert_eq!(answer.headers["ratelimit-reset"], "1000003599");
        assert_eq!(rate.take(at(HOUR_MS)), Ok(()));
    }
}
