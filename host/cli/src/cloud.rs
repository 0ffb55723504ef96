//! A local cloud as maps sees it from outside: what `cloud.json` says, and the control port.

use std::path::Path;
use std::time::Duration;

use maps_rehearsal::{CloudFile, Fault};
use serde_json::json;

use crate::error::Failure;

/// A cloud on this machine that has not answered by then is not going to.
const CONTROL_TIMEOUT: Duration = Duration::from_secs(60);

/// What `cloud.json` says in the folder of a cloud that is served.
pub(crate) fn served(folder: &Path) -> Result<CloudFile, Failure> {
    if !CloudFile::path(folder).is_file() {
        return Err(Failure::usage_help(
            format!("no local cloud is served from {}", folder.display()),
            format!("start one: maps cloud serve --dir {}", folder.display()),
        ));
    }
    Ok(CloudFile::read(folder)?)
}

/// What planted secrets are derived from: known inside the cloud's folder only.
pub(crate) fn seed(cloud: &CloudFile) -> &str {
    &cloud.control_token
}

/// The control port of a cloud.
#[derive(Debug)]
pub(crate) struct Control {
    base: String,
    token: String,
    client: reqwest::Client,
}

/// Why the cloud did not do what it was told.
#[derive(Debug, thiserror::Error)]
#[error("the local cloud at {base} does not answer: {why}")]
pub(crate) struct ControlError {
    base: String,
    why: String,
}

impl Control {
    /// A client of the control port.
    pub(crate) fn of(cloud: &CloudFile) -> Result<Self, ControlError> {
        let base = cloud.control.trim_end_matches('/').to_owned();
        // A second install is refused and changes nothing: the first one was the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // Neither proxies of the environment nor the system's authorities are a local cloud's business.
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).timeout(CONTROL_TIMEOUT).build();
        match client {
            Ok(client) => Ok(Self { base, token: cloud.control_token.clone(), client }),
            Err(error) => Err(ControlError { base, why: told(&error) }),
        }
    }

    /// Is it there? A cloud that was killed leaves its description behind.
    pub(crate) async fn answers(&self) -> Result<(), ControlError> {
        self.send(self.client.get(format!("{}/time", self.base))).await
    }

    /// Lets virtual time pass, once nothing is in flight.
    pub(crate) async fn advance(&self, ms: u64) -> Result<(), ControlError> {
        self.post("advance", &json!({"ms": ms})).await
    }

    /// Injects faults, in place of those that were set.
    pub(crate) async fn faults(&self, faults: &[Fault]) -> Result<(), ControlError> {
        let specs: Vec<String> = faults.iter().map(Fault::to_string).collect();
        self.post("faults", &json!({"faults": specs})).await
    }

    async fn post(&self, path: &str, body: &serde_json::Value) -> Result<(), ControlError> {
        let request = self.client.post(format!("{}/{path}", self.base));
        self.send(request.header("content-type", "application/json").body(body.to_string())).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<(), ControlError> {
        let failed = |why: String| ControlError { base: self.base.clone(), why };
        let response = request.bearer_auth(&self.token).send().await.map_err(|error| failed(told(&error)))?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let body = response.text().await.unwrap_or_default();
        Err(failed(format!("{status} {body}")))
    }
}

/// An error with what is behind it, since reqwest's own text stops at "error sending request".
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn described(text: &str) -> Result<CloudFile, Failure> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(CloudFile::path(dir.path()), text).unwrap();
        served(dir.path())
    }

    const CLOUD: &str = r#"{"version": 1, "pid": 7, "control": "http://127.0.0.1:1", "control_token": "c",
        "ca": "/nowhere/ca.pem", "hosts": {"api.digitalocean.com": "127.0.0.1:2"},
        "credentials": {"digitalocean": {"token": "dop_v1_x"}}, "kubeconfig": null}"#;

    #[test]
    fn a_token_goes_to_the_hosts_that_the_cloud_serves() {
        let cloud = described(CLOUD).unwrap();
        assert_eq!(cloud.token_for("api.digitalocean.com"), Some("dop_v1_x"));
        assert_eq!(cloud.token_for("digitalocean.example.com"), None);
        let elsewhere = described(&CLOUD.replace("api.digitalocean.com", "other.example.com")).unwrap();
        assert_eq!(elsewhere.token_for("api.digitalocean.com"), None);
    }

    #[test]
    fn a_cloud_that_is_not_served_says_how_to_serve_it() {
        let failure = served(Path::new("/nowhere/at/all")).unwrap_err();
        assert!(failure.help().unwrap().contains("maps cloud serve --dir /nowhere/at/all"));
    }
}
