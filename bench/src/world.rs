//! Clock, randomness and ears for what runs in this process.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use maps_engine::{Clock, Entropy, Event, Observer};

/// The system's clock.
pub(crate) struct WallClock;

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[async_trait]
impl Clock for WallClock {
    fn now(&self) -> u64 {
        now()
    }

    async fn sleep_until(&self, deadline: u64, _idle: bool) {
        tokio::time::sleep(Duration::from_millis(deadline.saturating_sub(now()))).await;
    }
}

/// The system's randomness.
pub(crate) struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        // Where the system has none, what is measured is worth nothing anyway.
        let _ = getrandom::fill(buffer);
    }
}

/// Hears nothing.
pub(crate) struct Deaf;

impl Observer for Deaf {
    fn event(&self, _: &Event) {}
}
