//! A cloud's time: virtual, where it moves when it is told to, or its own.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use maps_engine::Clock;
use maps_rehearsal::CloudFile;

use crate::verdict::{Kept, untried};

/// The longest that a fake is waited for at once. To ask it early does no harm, and a suite that
/// waits as long as a real cloud takes is run by nobody.
const PATIENCE: Duration = Duration::from_millis(100);

/// What is said of a cloud whose time stands still.
const STUCK: &str = "the local cloud does not let time pass";

/// A clock that runs with a cloud's and skips what nobody needs to wait for.
#[derive(Debug)]
pub(crate) struct CloudClock {
    control: Option<Control>,
    ahead: AtomicU64,
    /// Why time could not be moved, once it could not.
    failure: Mutex<Option<String>>,
}

#[derive(Debug)]
struct Control {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl CloudClock {
    /// The clock of a running cloud.
    pub(crate) fn of(cloud: &CloudFile) -> Kept<Self> {
        // A second install changes nothing: the first one is the same provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build();
        let http = http.map_err(untried("no client of the local cloud's clock can be made"))?;
        let control = Control { http, base: cloud.control.clone(), token: cloud.control_token.clone() };
        Ok(Self { control: Some(control), ..Self::real() })
    }

    /// Real time, of which a little is waited for.
    pub(crate) fn real() -> Self {
        Self { control: None, ahead: AtomicU64::new(0), failure: Mutex::default() }
    }

    /// Lets time pass.
    pub(crate) async fn advance(&self, ms: u64) -> Kept {
        let moved = match &self.control {
            Some(control) => {
                let request = control.http.post(format!("{}/advance", control.base)).bearer_auth(&control.token);
                let body = serde_json::json!({ "ms": ms }).to_string();
                let answer = request.header("content-type", "application/json").body(body).send().await;
                answer.and_then(reqwest::Response::error_for_status).map_err(untried(STUCK))?;
                ms
            }
            None => {
                let waited = Duration::from_millis(ms).min(PATIENCE);
                tokio::time::sleep(waited).await;
                ms.saturating_sub(u64::try_from(waited.as_millis()).unwrap_or(u64::MAX))
            }
        };
        self.ahead.fetch_add(moved, Ordering::SeqCst);
        Ok(())
    }

    /// Fails if time stood still when the engine let it pass.
    pub(crate) fn has_run(&self) -> Kept {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.clone().map_or(Ok(()), |why| Err(untried(STUCK)(why)))
    }
}

#[async_trait]
impl Clock for CloudClock {
    fn now(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX).saturating_add(self.ahead.load(Ordering::SeqCst))
    }

    async fn sleep_until(&self, deadline: u64, idle: bool) {
        let wait = deadline.saturating_sub(self.now());
        if !idle {
            // Only ever raced against a call that is in flight.
            tokio::time::sleep(Duration::from_millis(wait)).await;
        } else if wait > 0
            && let Err(stop) = self.advance(wait).await
        {
            *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(format!("{stop:?}"));
            // The engine goes on asking; it need not do so without a pause.
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
    }
}
