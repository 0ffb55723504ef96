//! Against real servers on this machine: what leaves, what comes back, what is written down.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod answers;
mod authority;
mod aws;
mod sending;
mod services;

use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use maps_engine::capability::{Effective, Manifest, StepScope};
use maps_engine::{Address, Class, Clock, Entry, Journal, JournalError, KindName, OpId, PluginName, Value};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{BoundCredential, Half, HttpBody, HttpCapability, HttpItem, HttpLimits, HttpRequest, HttpResponse};
use crate::audit::Audit;
use crate::egress::{Resolver, Transport};
use crate::fault::Faults;
use crate::scope::{CallScope, Operation};
use crate::seal::Seals;

const TOKEN: &str = "dop_v1_0123456789abcdef0123456789abcdef";

/// A server that answers every request with the same bytes and keeps what it was asked.
struct Server {
    at: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicU32>,
}

impl Server {
    async fn plain(answer: impl Into<Vec<u8>>) -> Self {
        Self::start(answer.into(), None).await
    }

    /// Over TLS, for `api.example.com`; also its CA.
    async fn tls(answer: impl Into<Vec<u8>>) -> (Self, Vec<u8>) {
        let made = rcgen::generate_simple_self_signed(["api.example.com".to_owned()]).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        (Self::start(answer.into(), Some(acceptor)).await, made.cert.pem().into_bytes())
    }

    async fn start(answer: Vec<u8>, tls: Option<tokio_rustls::TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self { at: listener.local_addr().unwrap(), asked: Arc::default(), connections: Arc::default() };
        let (asked, connections) = (Arc::clone(&server.asked), Arc::clone(&server.connections));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                let (asked, answer, tls) = (Arc::clone(&asked), answer.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, asked, &answer).await;
                            }
                        }
                        None => serve(stream, asked, &answer).await,
                    }
                });
            }
        });
        server
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, asked: Arc<Mutex<Vec<String>>>, answer: &[u8]) {
    let mut buffer = Vec::new();
    loop {
        let end = loop {
            if let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&buffer[..at]).to_lowercase();
                let length =
                    head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
                if buffer.len() >= at + 4 + length {
                    break at + 4 + length;
                }
            }
            match stream.read_buf(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        };
        let request: Vec<u8> = buffer.drain(..end).collect();
        asked.lock().unwrap().push(String::from_utf8_lossy(&request).into_owned());
        if answer.is_empty() {
            // Handled, and the connection cut without an answer.
            return;
        }
        if stream.write_all(answer).await.is_err() {
            return;
        }
        let _ = stream.flush().await;
    }
}

fn ok(body: &str) -> Vec<u8> {
    answer("200 OK", "content-type: application/json\r\n", body.as_bytes())
}

fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n", body.len()).into_bytes();
    text.extend_from_slice(body);
    text
}

struct Names(Mutex<Vec<Vec<&'static str>>>);

#[async_trait]
impl Resolver for Names {
    async fn resolve(&self, _host: &str) -> std::io::Result<Vec<IpAddr>> {
        let mut answers = self.0.lock().unwrap();
        let next = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
        Ok(next.into_iter().map(|address| address.parse().unwrap()).collect())
    }
}

struct Now;

#[async_trait]
impl Clock for Now {
    fn now(&self) -> u64 {
        42
    }
    async fn sleep_until(&self, _deadline: u64, _idle: bool) {}
}

#[derive(Default)]
struct Entries {
    entries: Mutex<Vec<Entry>>,
    broken: bool,
}

#[async_trait]
impl Journal for Entries {
    async fn append(&self, entries: Vec<Entry>) -> Result<(), JournalError> {
        if self.broken {
            return Err(JournalError { message: "the disk is full".to_owned() });
        }
        self.entries.lock().unwrap().extend(entries);
        Ok(())
    }
}

/// One guest call with one step named `maps`.
struct Bench {
    folder: tempfile::TempDir,
    scope: CallScope,
    journal: Arc<Entries>,
    http: HttpCapability,
    transport: Arc<Transport>,
}

fn rules(base: &str) -> Json {
    json!([
        {"id": "list", "effect": "read", "methods": ["GET"], "url": format!("{base}/list"), "credential": "api", "reason": "lists"},
        {"id": "config", "effect": "read", "methods": ["GET"], "url": format!("{base}/config"), "seal": "body", "reason": "reads"},
        {"id": "keys", "effect": "read", "methods": ["GET"], "url": format!("{base}/keys"), "seal": ["/keys/*/secret"], "reason": "reads"},
        {"id": "make", "effect": "write", "methods": ["POST"], "url": format!("{base}/make"),
         "bind": {"body": {"/name": "{inputs.name}"}}, "sinks": ["/password"], "reason": "makes"},
    ])
}

fn bench(base: &str, transport: Arc<Transport>, operation: Operation, limits: HttpLimits) -> Bench {
    bench_with(base, transport, operation, limits, None, Entries::default())
}

fn bench_with(
    base: &str,
    transport: Arc<Transport>,
    operation: Operation,
    limits: HttpLimits,
    audit: Option<&Path>,
    journal: Entries,
) -> Bench {
    let manifest = json!({
        "maps": "v1", "plugin": "test", "version": "1", "description": "Tests.",
        "credentials": {"api": {"type": "bearer", "reason": "it takes one"}},
        "capabilities": {"http": rules(base)},
    });
    let credential = BoundCredential::text(Value::from(TOKEN).secret(), vec!["api.example.com".to_owned()]);
    bench_of(&manifest, credential, transport, operation, limits, audit, journal)
}

/// With one credential, `api`.
fn bench_of(
    manifest: &Json,
    credential: BoundCredential,
    transport: Arc<Transport>,
    operation: Operation,
    limits: HttpLimits,
    audit: Option<&Path>,
    journal: Entries,
) -> Bench {
    let effective = Effective::meet(&Manifest::parse(manifest).unwrap(), None).unwrap();
    let credentials = [("api".to_owned(), credential)].into();
    let folder = tempfile::tempdir().unwrap();
    let audit = audit.map_or_else(|| folder.path().join("audit.jsonl"), Path::to_path_buf);
    let journal = Arc::new(journal);
    let scope = CallScope {
        plugin: PluginName::new("test"),
        run: "run-1".to_owned(),
        stack: "stack".to_owned(),
        operation,
        steps: vec![StepScope {
            op: operation.mutation().map(|_| OpId::new("op-1")),
            address: Address::new("maps"),
            kind: KindName::new("test/thing"),
            id: None,
            inputs: Value::from(json!({"name": "maps"})),
            outputs: Value::Null,
            planned: Vec::new(),
        }],
        seals: Arc::new(Mutex::new(Seals::default())),
        journal: operation.mutation().map(|_| Arc::clone(&journal) as Arc<dyn Journal>),
        audit: Audit::at(audit),
        calls: AtomicU32::new(0),
    };
    let http =
        HttpCapability::new(Arc::new(effective), credentials, Arc::clone(&transport), Arc::new(Now), limits).unwrap();
    Bench { folder, scope, journal, http, transport }
}

impl Bench {
    async fn send(&self, half: Half, item: HttpItem) -> Result<HttpResponse, maps_engine::Problem> {
        self.http.send(&self.scope, half, vec![item]).await.remove(0)
    }

    async fn audit(&self) -> Vec<Json> {
        self.scope.audit.flush().await.unwrap();
        let path = self.folder.path().join("audit.jsonl");
        crate::audit::verify(&path).unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        assert!(!text.contains(TOKEN), "{text}");
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The call is denied with this code, and the audit log says so.
    async fn denied(&self, half: Half, item: HttpItem, code: &str) {
        let problem = self.send(half, item).await.unwrap_err();
        assert_eq!((problem.class, problem.code.as_str()), (Class::Denied, code), "{problem:?}");
        let last = self.audit().await.pop().unwrap();
        assert_eq!((last["outcome"].as_str(), last["code"].as_str()), (Some("denied"), Some(code)), "{last}");
    }
}

fn get(url: &str) -> HttpItem {
    let request = HttpRequest {
        method: "GET".to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        body: HttpBody::None,
        credential: None,
    };
    HttpItem { items: Vec::new(), request }
}

fn list_with_credential() -> HttpItem {
    let mut item = get("https://api.example.com/list");
    item.request.credential = Some("api".to_owned());
    item
}

fn make(base: &str, body: &Json) -> HttpItem {
    let mut item = get(&format!("{base}/make"));
    item.request.method = "POST".to_owned();
    item.request.body = HttpBody::Json(body.to_string());
    item.items = vec![0];
    item
}

/// A transport to a plain server whose name the operator has allowed to be inside.
fn inside(addresses: Vec<Vec<&'static str>>) -> Arc<Transport> {
    Transport::live(Arc::new(Names(Mutex::new(addresses))), ["inside.example".to_owned()])
}

async fn plain_bench(answer: impl Into<Vec<u8>>, operation: Operation, limits: HttpLimits) -> (Server, String, Bench) {
    let server = Server::plain(answer).await;
    let base = format!("http://inside.example:{}", server.at.port());
    let bench = bench(&base, inside(vec![vec!["127.0.0.1"]]), operation, limits);
    (server, base, bench)
}

async fn tls_bench(answer: impl Into<Vec<u8>>) -> (Server, Bench) {
    let (server, ca) = Server::tls(answer).await;
    let transport = Transport::rehearsal([("api.example.com".to_owned(), server.at)], ca, Faults::default()).unwrap();
    (server, bench("https://api.example.com", transport, Operation::Read, HttpLimits::default()))
}

fn body(response: &HttpResponse) -> String {
    String::from_utf8(response.body.clone()).unwrap()
}
