//! Time and randomness as this process has them: the system's, and the virtual time of a rehearsal.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use maps_engine::{Clock, Entropy};

use crate::cloud::Control;

/// Unix milliseconds by the system's clock.
fn wall() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The system's clock.
#[derive(Debug)]
pub(crate) struct WallClock;

#[async_trait]
impl Clock for WallClock {
    fn now(&self) -> u64 {
        wall()
    }

    async fn sleep_until(&self, deadline: u64, _idle: bool) {
        tokio::time::sleep(Duration::from_millis(deadline.saturating_sub(wall()))).await;
    }
}

/// A rehearsal's clock: the system's, ahead by what was skipped. It skips only while nothing is in
/// flight, and makes the cloud skip with it.
#[derive(Debug)]
pub(crate) struct RehearsalClock {
    control: Arc<Control>,
    ahead: AtomicU64,
}

impl RehearsalClock {
    /// A clock that runs with the cloud's.
    pub(crate) fn with(control: Arc<Control>) -> Self {
        Self { control, ahead: AtomicU64::new(0) }
    }
}

#[async_trait]
impl Clock for RehearsalClock {
    fn now(&self) -> u64 {
        wall().saturating_add(self.ahead.load(Ordering::Relaxed))
    }

    async fn sleep_until(&self, deadline: u64, idle: bool) {
        let wait = deadline.saturating_sub(self.now());
        if wait == 0 {
            return;
        }
        if idle && self.control.advance(wait).await.is_ok() {
            self.ahead.fetch_add(wait, Ordering::Relaxed);
            return;
        }
        // Something is in flight, or the cloud does not answer: then time passes as it does.
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }
}

/// The system's randomness.
#[derive(Debug)]
pub(crate) struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[allow(clippy::expect_used)]
    fn fill(&self, buffer: &mut [u8]) {
        // Without randomness a token could be guessed or repeat, and a run must not go on.
        getrandom::fill(buffer).expect("the operating system gives randomness");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use maps_rehearsal::{Cloud, Options};

    use super::*;

    const TEN_YEARS_MS: u64 = 10 * 365 * 24 * 3_600_000;

    #[tokio::test]
    async fn an_idle_wait_is_skipped_by_clock_and_cloud_alike() {
        let dir = tempfile::tempdir().unwrap();
        let cloud = Cloud::start(Options::new(dir.path().join("cloud"))).await.unwrap();
        let clock = RehearsalClock::with(Arc::new(Control::of(cloud.file()).unwrap()));
        let before = clock.now();
        // Real time would take nine years, so that this returns is the test.
        clock.sleep_until(before + TEN_YEARS_MS / 10 * 9, true).await;
        assert!(clock.now() >= before + TEN_YEARS_MS / 10 * 9);
        let time = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .build()
            .unwrap()
            .get(format!("{}/time", cloud.file().control));
        let time = time.bearer_auth(&cloud.file().control_token).send().await.unwrap().text().await.unwrap();
        let time: serde_json::Value = serde_json::from_str(&time).unwrap();
        assert!(time["offset_ms"].as_u64().unwrap() >= TEN_YEARS_MS / 10 * 8, "{time}");
        cloud.shutdown().await.unwrap();
    }

    #[test]
    fn randomness_differs() {
        let (mut one, mut two) = ([0; 16], [0; 16]);
        SystemEntropy.fill(&mut one);
        SystemEntropy.fill(&mut two);
        assert_ne!(one, two);
    }
}
