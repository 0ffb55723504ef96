//! A cloud of its own for each test, a client that trusts it, and DigitalOcean's document.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use base64::Engine as _;
use maps_rehearsal::{Cloud, CloudFile, Options, Running};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// The logical address of the API.
pub(crate) const API: &str = "https://api.digitalocean.com";

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// Panics unless the exchange is one that the document allows. Where that is not at hand, only the shape
/// of errors and the presence of the limit headers are checked.
fn check(method: &Method, path: &str, body: Option<&Value>, reply: &Reply) {
    for header in ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"] {
        assert!(reply.header(header).parse::<u64>().is_ok(), "{method} {path}: no {header}");
    }
    let status = reply.status.as_u16();
    if status >= 400 {
        let error = reply.json();
        assert!(error["id"].is_string() && error["message"].is_string(), "{method} {path}: {}", reply.text);
    }
    let Some(document) = maps_openapi::digitalocean() else { return };
    let request = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
    let (content_type, answer) = (reply.header("content-type"), reply.text.as_bytes());
    let exchange =
        maps_openapi::Exchange { method: method.as_str(), path, request: &request, status, content_type, answer };
    let mut faults = document.answer_faults(&exchange);
    // What is refused may be as wrong as the test wants it.
    if status < 400 {
        faults.extend(document.request_faults(&exchange));
    }
    assert!(faults.is_empty(), "{}\n{}", faults.join("\n"), reply.text);
}

/// A client of a running cloud; every exchange is held against DigitalOcean's document.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) file: CloudFile,
    http: reqwest::Client,
    token: String,
}

impl Client {
    pub(crate) fn new(file: &CloudFile) -> Self {
        Self::built(file, |builder| builder)
    }

    pub(crate) fn built(file: &CloudFile, set: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder) -> Self {
        // The first of several tests in a process installs it; the others find it there.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let ca = reqwest::Certificate::from_pem(&std::fs::read(&file.ca).unwrap()).unwrap();
        let mut builder = reqwest::Client::builder().tls_certs_only([ca]).no_proxy();
        for (host, address) in &file.hosts {
            builder = builder.resolve(host, address.parse().unwrap());
        }
        let port = file.hosts["api.digitalocean.com"].rsplit(':').next().unwrap().to_owned();
        assert!(!port.is_empty());
        let http = set(builder).build().unwrap();
        Self { file: file.clone(), http, token: file.credentials.digitalocean.token.clone() }
    }

    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// The port of the API, since the logical URL has none.
    fn url(&self, path: &str) -> String {
        let port = self.file.hosts["api.digitalocean.com"].rsplit(':').next().unwrap();
        format!("{API}:{port}{path}")
    }

    /// Sends raw bytes.
    pub(crate) async fn try_raw(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> reqwest::Result<Reply> {
        let mut request = self.http.request(method, self.url(path)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let answer = request.send().await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        Ok(Reply { status, headers, text: answer.text().await? })
    }

    /// Sends JSON and holds request and answer against the document.
    pub(crate) async fn try_send(&self, method: Method, path: &str, body: Option<Value>) -> reqwest::Result<Reply> {
        let bytes = body.as_ref().map(|body| body.to_string().into_bytes());
        let reply = self.try_raw(method.clone(), path, bytes).await?;
        check(&method, path, body.as_ref(), &reply);
        Ok(reply)
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        self.try_send(method, path, body).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None).await
    }

    /// Asks the control endpoint.
    pub(crate) async fn control(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let url = format!("{}{path}", self.file.control);
        let mut request = self.http.request(method, url).bearer_auth(&self.file.control_token);
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        Reply { status, headers, text: answer.text().await.unwrap() }
    }

    pub(crate) async fn advance(&self, ms: u64) {
        let reply = self.control(Method::POST, "/advance", Some(json!({ "ms": ms }))).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    }

    pub(crate) async fn faults(&self, specs: &[&str]) {
        let reply = self.control(Method::POST, "/faults", Some(json!({ "faults": specs }))).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    }

    /// Sends a GET and gives the answer with its body unread.
    pub(crate) async fn open(&self, path: &str) -> reqwest::Response {
        self.http.get(self.url(path)).bearer_auth(&self.token).send().await.unwrap()
    }

    /// Sends a POST whose body comes bit by bit.
    pub(crate) async fn post_stream<S>(&self, path: &str, body: S) -> Reply
    where
        S: futures::TryStream<Ok = String, Error = std::io::Error> + Send + 'static,
    {
        let request = self.http.post(self.url(path)).bearer_auth(&self.token);
        let answer = request.body(reqwest::Body::wrap_stream(body)).send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        Reply { status, headers, text: answer.text().await.unwrap() }
    }

    /// Asks the standing cluster's API server, as its administrator.
    pub(crate) async fn kube(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let kubeconfig = std::fs::read_to_string(self.file.kubeconfig.as_ref().unwrap()).unwrap();
        let token = kubeconfig.split("token: ").nth(1).unwrap().lines().next().unwrap();
        ask_kube(&self.http, &self.file.hosts["standing.k8s.ondigitalocean.com"], token, method, path, body).await
    }

    /// Asks the API server of a cluster that was made here, as its owner; the cloud's folder tells where it answers.
    pub(crate) async fn kube_of(&self, dir: &Path, id: &str, method: Method, path: &str, body: Option<Value>) -> Reply {
        let credentials = self.get(&format!("/v2/kubernetes/clusters/{id}/credentials")).await.json();
        let file: Value = serde_json::from_slice(&std::fs::read(dir.join("cloud.json")).unwrap()).unwrap();
        let address = file["hosts"][format!("{id}.k8s.ondigitalocean.com")].as_str().unwrap();
        let text = |name: &str| credentials[name].as_str().unwrap();
        // Each cluster has an authority of its own.
        let ca = base64::engine::general_purpose::STANDARD.decode(text("certificate_authority_data")).unwrap();
        let ca = reqwest::Certificate::from_pem(&ca).unwrap();
        let http = reqwest::Client::builder().tls_certs_only([ca]).no_proxy().build().unwrap();
        ask_kube(&http, address, text("token"), method, path, body).await
    }

    /// Makes an object in the standing cluster.
    pub(crate) async fn made(&self, path: &str, object: Value) {
        let reply = self.kube(Method::POST, path, Some(object)).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
    }

    pub(crate) async fn inventory(&self) -> Value {
        self.control(Method::GET, "/inventory", None).await.json()
    }

    /// Makes a cluster and gives its id.
    pub(crate) async fn make_cluster(&self, name: &str) -> String {
        let reply = self.post("/v2/kubernetes/clusters", cluster_body(name)).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
        reply.json()["kubernetes_cluster"]["id"].as_str().unwrap().to_owned()
    }

    /// Makes a cluster and waits, in virtual time, until all of it runs.
    pub(crate) async fn running_cluster(&self, name: &str) -> String {
        let id = self.make_cluster(name).await;
        self.advance(10 * MINUTE).await;
        id
    }

    pub(crate) async fn cluster(&self, id: &str) -> Value {
        self.get(&format!("/v2/kubernetes/clusters/{id}")).await.json()["kubernetes_cluster"].clone()
    }
}

async fn ask_kube(
    http: &reqwest::Client,
    address: &str,
    token: &str,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> Reply {
    let mut request = http.request(method, format!("https://{address}{path}")).bearer_auth(token);
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    Reply { status, headers, text: answer.text().await.unwrap() }
}

/// In milliseconds.
pub(crate) const MINUTE: u64 = 60_000;

/// A small cluster.
pub(crate) fn cluster_body(name: &str) -> Value {
    json!({
        "name": name,
        "region": "fra1",
        "version": "1.33",
        "tags": ["maps", "maps:stack:test"],
        "node_pools": [{ "name": "workers", "size": "s-2vcpu-4gb", "count": 2 }],
    })
}

/// Starts a cloud in a directory.
pub(crate) async fn start(dir: &Path) -> (Running, Client) {
    start_with(Options::new(dir)).await
}

/// Starts a cloud with options.
pub(crate) async fn start_with(options: Options) -> (Running, Client) {
    let running = Cloud::start(options).await.unwrap();
    let client = Client::new(running.file());
    (running, client)
}
