//! Somebody else's hands on the same cloud: plain HTTPS calls that maps knows nothing of.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::Value;

/// A client of a local cloud's DigitalOcean API, with the cloud's own token.
#[derive(Debug)]
pub struct Client {
    runtime: tokio::runtime::Runtime,
    http: reqwest::Client,
    token: String,
    /// The control endpoint, and its token.
    control: (String, String),
}

const HOST: &str = "api.digitalocean.com";

impl Client {
    /// From what `cloud.json` says.
    ///
    /// # Panics
    /// When `cloud.json` lacks what a client needs.
    #[allow(clippy::expect_used)] // cloud.json is the contract under test.
    pub fn new(description: &Value) -> Self {
        // A second install changes nothing: the first one is the same provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let ca =
            std::fs::read(Path::new(description["ca"].as_str().expect("cloud.json names the CA"))).expect("the CA");
        let address: SocketAddr =
            description["hosts"][HOST].as_str().expect("a port for DigitalOcean").parse().expect("an address");
        let http = reqwest::Client::builder()
            .add_root_certificate(reqwest::Certificate::from_pem(&ca).expect("a PEM certificate"))
            .resolve(HOST, address)
            .no_proxy()
            .build()
            .expect("a client");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let token = description["credentials"]["digitalocean"]["token"].as_str().expect("a token").to_owned();
        let text = |name: &str| description[name].as_str().expect("cloud.json has its control endpoint").to_owned();
        Self { runtime, http, token, control: (text("control"), text("control_token")) }
    }

    /// Calls and returns the status and the JSON body, null if there is none.
    ///
    /// # Panics
    /// When the cloud cannot be reached.
    pub fn call(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        self.send(method, &format!("https://{HOST}{path}"), &self.token, body)
    }

    /// Asks the cloud's control endpoint.
    ///
    /// # Panics
    /// When the cloud cannot be reached.
    pub fn control(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let (control, token) = &self.control;
        self.send(method, &format!("{control}{path}"), token, body)
    }

    #[allow(clippy::expect_used)] // Without an answer the test has nothing to say.
    fn send(&self, method: &str, url: &str, token: &str, body: Option<&Value>) -> (u16, Value) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self.http.request(method, url).bearer_auth(token);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        self.runtime.block_on(async {
            let response = request.send().await.expect("an answer");
            let status = response.status().as_u16();
            let bytes = response.bytes().await.expect("a body");
            (status, serde_json::from_slice(&bytes).unwrap_or_default())
        })
    }

    /// The clusters.
    pub fn clusters(&self) -> Vec<Value> {
        self.call("GET", "/v2/kubernetes/clusters?per_page=200", None).1["kubernetes_clusters"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    }
}
