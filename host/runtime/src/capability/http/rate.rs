//! A token bucket for each credential and service, shared by all plugin uses of a run.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::capability::outgoing::Pace;

type Key = (String, String);

/// A second as a service counts it, and a little for calls that arrive closer together than they left.
const SECOND: Duration = Duration::from_millis(1_050);

/// A bucket, kept as the moment at which it will be full again.
struct Bucket {
    full_at: Instant,
    /// When the last calls went, as far as that is of interest.
    went: VecDeque<Instant>,
}

/// The buckets.
#[derive(Default)]
pub(crate) struct Rates {
    buckets: Mutex<HashMap<Key, Bucket>>,
    slowed: Mutex<HashSet<Key>>,
}

impl Rates {
    /// Takes one token and waits until it is there. The wait is part of the call's wall time.
    ///
    /// # Errors
    /// How long the wait would be, if that is longer than `longest`: then none was taken.
    pub(in crate::capability) async fn take(
        &self,
        credential: &str,
        pace: &Pace,
        longest: Duration,
    ) -> Result<(), Duration> {
        let now = Instant::now();
        let there = self.reserve(credential, pace, longest, now)?;
        tokio::time::sleep_until(there).await;
        Ok(())
    }

    /// From now on the service is called as slowly as its pace says for that.
    pub(in crate::capability) fn slow(&self, credential: &str, pace: &Pace) {
        let mut slowed = self.slowed.lock().unwrap_or_else(PoisonError::into_inner);
        slowed.insert((credential.to_owned(), pace.with.clone()));
    }

    fn reserve(&self, credential: &str, pace: &Pace, longest: Duration, now: Instant) -> Result<Instant, Duration> {
        let key = (credential.to_owned(), pace.with.clone());
        let slowed = self.slowed.lock().unwrap_or_else(PoisonError::into_inner).contains(&key);
        let (rate, burst) = if slowed { (pace.slowed, 1) } else { (pace.rate, pace.burst) };
        let each = Duration::from_secs(1) / rate.max(1);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(key).or_insert_with(|| Bucket { full_at: now, went: VecDeque::new() });
        let after = bucket.full_at.max(now) + each;
        // With `burst` tokens missing the bucket is empty, and the token comes when one is back.
        let mut there = after.checked_sub(each * burst.max(1)).map_or(now, |there| there.max(now));
        if let Some(most) = pace.most {
            let earlier = bucket.went.len().checked_sub(most.max(1)).and_then(|at| bucket.went.get(at));
            there = earlier.map_or(there, |earlier| there.max(*earlier + SECOND));
        }
        if there - now > longest {
            return Err(there - now);
        }
        bucket.full_at = after;
        if let Some(most) = pace.most {
            bucket.went.push_back(there);
            let surplus = bucket.went.len().saturating_sub(most.max(1));
            bucket.went.drain(..surplus);
        }
        Ok(there)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn pace(with: &str) -> Pace {
        Pace { with: with.to_owned(), rate: 10, burst: 3, slowed: 2, most: None }
    }

    #[test]
    fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        let rates = Rates::default();
        let now = Instant::now();
        let wait = |with: &str| (rates.reserve("c", &pace(with), LONG, now).unwrap() - now).as_millis();
        let waits: Vec<_> = (0..5).map(|_| wait("h")).collect();
        assert_eq!(waits, [0, 0, 0, 100, 200]);
        assert_eq!(
            rates.reserve("other", &pace("h"), LONG, now),
            Ok(now),
            "another credential has a bucket of its own"
        );
        let later = now + Duration::from_secs(10);
        assert_eq!(rates.reserve("c", &pace("h"), LONG, later), Ok(later));
    }

    #[test]
    fn no_second_has_more_than_the_service_takes() {
        let rates = Rates::default();
        let now = Instant::now();
        let pace = Pace { burst: 10, most: Some(3), ..pace("h") };
        let waits: Vec<_> = (0..7).map(|_| (rates.reserve("c", &pace, LONG, now).unwrap() - now).as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 1_050, 1_050, 1_050, 2_100]);
    }

    #[test]
    fn a_service_that_asks_for_fewer_calls_gets_fewer_from_then_on() {
        let rates = Rates::default();
        let now = Instant::now();
        rates.slow("c", &pace("h"));
        let waits: Vec<_> =
            (0..3).map(|_| (rates.reserve("c", &pace("h"), LONG, now).unwrap() - now).as_millis()).collect();
        assert_eq!(waits, [0, 500, 1_000]);
        let short = Duration::from_millis(100);
        assert_eq!(rates.reserve("c", &pace("h"), short, now), Err(Duration::from_millis(1_500)));
        assert_eq!(rates.reserve("c", &pace("h"), LONG, now), Ok(now + Duration::from_millis(1_500)), "none was taken");
    }
}
