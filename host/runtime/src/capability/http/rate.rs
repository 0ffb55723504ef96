//! A token bucket for each credential and host, shared by all plugin uses of a run.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The buckets. Each is kept as the moment at which it will be full again.
#[derive(Default)]
pub(crate) struct Rates {
    full_at: Mutex<HashMap<(String, String), Instant>>,
}

impl Rates {
    /// Takes one token and waits until it is there. The wait is part of the call's wall time.
    pub(crate) async fn take(&self, credential: &str, host: &str, rate: u32, burst: u32) {
        tokio::time::sleep_until(self.reserve(credential, host, rate, burst, Instant::now())).await;
    }

    fn reserve(&self, credential: &str, host: &str, rate: u32, burst: u32, now: Instant) -> Instant {
        let each = Duration::from_secs(1) / rate.max(1);
        let mut buckets = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = buckets.entry((credential.to_owned(), host.to_owned())).or_insert(now);
        let after = (*full_at).max(now) + each;
        *full_at = after;
        // With `burst` tokens missing the bucket is empty, and the token comes when one is back.
        after.checked_sub(each * burst.max(1)).map_or(now, |there| there.max(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        let rates = Rates::default();
        let now = Instant::now();
        let waits: Vec<_> = (0..5).map(|_| (rates.reserve("c", "h", 10, 3, now) - now).as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 100, 200]);
        assert_eq!(rates.reserve("other", "h", 10, 3, now), now, "another credential has a bucket of its own");
        let later = now + Duration::from_secs(10);
        assert_eq!(rates.reserve("c", "h", 10, 3, later), later);
    }
}
