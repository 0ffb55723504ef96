//! The local cloud's time, which moves when it is told to.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use maps_engine::Clock;
use maps_rehearsal::CloudFile;

/// A clock that runs with a cloud's and skips what nobody needs to wait for.
#[derive(Debug)]
pub struct CloudClock {
    http: reqwest::Client,
    control: String,
    token: String,
    ahead: AtomicU64,
}

impl CloudClock {
    /// The clock of a running cloud.
    pub fn of(cloud: &CloudFile) -> Self {
        // A second install changes nothing: the first one is the same provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("a client");
        let (control, token) = (cloud.control.clone(), cloud.control_token.clone());
        Self { http, control, token, ahead: AtomicU64::new(0) }
    }

    /// Lets time pass.
    pub async fn advance(&self, ms: u64) {
        let request = self.http.post(format!("{}/advance", self.control)).bearer_auth(&self.token);
        let body = serde_json::json!({ "ms": ms }).to_string();
        let answer = request.header("content-type", "application/json").body(body).send().await;
        answer.and_then(reqwest::Response::error_for_status).expect("the cloud lets time pass");
        self.ahead.fetch_add(ms, Ordering::SeqCst);
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
        match idle {
            true if wait > 0 => self.advance(wait).await,
            true => {}
            // Only ever raced against a call that is in flight.
            false => tokio::time::sleep(Duration::from_millis(wait)).await,
        }
    }
}
