//! Against real servers on this machine: what leaves, what comes back, what is written down.

#![allow(clippy::unwrap_used, clippy::expect_used)]

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
    let effective = Effective::meet(&Manifest::parse(&manifest).unwrap(), None).unwrap();
    let credential = BoundCredential { value: Value::from(TOKEN).secret(), hosts: vec!["api.example.com".to_owned()] };
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

#[tokio::test]
async fn a_call_is_sent_answered_counted_and_recorded() {
    let (server, bench) = tls_bench(ok("{\"a\":1}")).await;
    let response = bench.send(Half::Read, list_with_credential()).await.unwrap();
    assert_eq!((response.status, body(&response)), (200, "{\"a\":1}".to_owned()));
    let asked = server.asked().remove(0);
    assert!(
        asked.contains(&format!("authorization: Bearer {TOKEN}")) && asked.contains("host: api.example.com\r\n"),
        "{asked}"
    );
    assert_eq!(bench.transport.counts().get(), (1, 0));
    let line = bench.audit().await.remove(0);
    assert_eq!(line["rule"], "list");
    assert_eq!(line["addresses"], json!(["maps"]));
    assert_eq!(line["summary"], "GET https://api.example.com/list");
    assert_eq!(line["status"], 200);
}

#[tokio::test]
async fn rt01_rt02_a_redirect_is_answered_and_never_followed() {
    let other = Server::plain(ok("{}")).await;
    let location = format!("location: http://{}/steal\r\n", other.at);
    for status in ["302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let (server, bench) = tls_bench(answer(status, &location, b"")).await;
        let response = bench.send(Half::Read, list_with_credential()).await.unwrap();
        assert_eq!(response.status.to_string(), status[..3]);
        assert_eq!(server.asked().len(), 1);
    }
    assert!(other.asked().is_empty(), "the credential went along: {:?}", other.asked());
}

#[tokio::test]
async fn rt03_the_address_that_was_checked_is_the_one_connected() {
    let server = Server::plain(ok("{}")).await;
    let port = server.at.port();
    // Were the name resolved once to check and once to connect, the second answer would be used.
    let base = format!("http://inside.example:{port}");
    let rebinding = inside(vec![vec!["127.0.0.1"], vec!["203.0.113.1"]]);
    let once = bench(&base, rebinding, Operation::Read, HttpLimits::default());
    once.send(Half::Read, get(&format!("{base}/list"))).await.unwrap();
    assert_eq!(server.asked().len(), 1);
    // One address inside spoils the public one beside it.
    let base = format!("http://rebound.example:{port}");
    let mixed = bench(&base, inside(vec![vec!["93.184.215.14", "127.0.0.1"]]), Operation::Read, HttpLimits::default());
    mixed.denied(Half::Read, get(&format!("{base}/list")), "egress-address").await;
    assert_eq!(server.asked().len(), 1);
    assert_eq!(mixed.transport.counts().get(), (0, 0));
}

#[tokio::test]
async fn rt04_rt05_addresses_inside_are_refused_by_name_and_by_number() {
    for address in ["169.254.169.254", "127.0.0.1", "fd00:ec2::254", "::ffff:127.0.0.1", "64:ff9b::7f00:1"] {
        let bench =
            bench("https://outside.example", inside(vec![vec![address]]), Operation::Read, HttpLimits::default());
        bench.denied(Half::Read, get("https://outside.example/list"), "egress-address").await;
    }
    for host in ["http://127.0.0.1:1", "http://[::1]:1", "http://[::ffff:7f00:1]:1", "http://169.254.169.254"] {
        let bench = bench(host, inside(vec![vec!["8.8.8.8"]]), Operation::Read, HttpLimits::default());
        bench.denied(Half::Read, get(&format!("{host}/list")), "egress-address").await;
    }
}

#[tokio::test]
async fn rt06_a_host_that_looks_like_another_is_refused() {
    let (server, bench) = tls_bench(ok("{}")).await;
    for (url, code) in [
        ("https://api.example.com@evil.com/list", "http-url"),
        ("https://api.example.com./list", "http-url"),
        ("https://api.example.com.evil.com/list", "http-no-rule"),
        ("https://xn--pi-6kc.example.com/list", "http-no-rule"),
        ("https://api.example.com/%2e%2e/list", "http-url"),
        ("https://api.example.com//list", "http-url"),
    ] {
        bench.denied(Half::Read, get(url), code).await;
    }
    assert!(server.asked().is_empty());
    bench.send(Half::Read, get("https://API.example.com/list")).await.unwrap();
}

#[tokio::test]
async fn rt09_rt10_headers_that_frame_route_or_authorise_are_refused() {
    let (server, bench) = tls_bench(ok("{}")).await;
    let long = "x".repeat(5000);
    for (name, value) in [
        ("Host", "evil.com"),
        ("authorization", "Bearer x"),
        ("Cookie", "a=b"),
        ("content-length", "0"),
        ("Transfer-Encoding", "chunked"),
        ("connection", "x"),
        ("TE", "trailers"),
        ("upgrade", "h2c"),
        ("proxy-authorization", "x"),
        ("X-HTTP-Method-Override", "DELETE"),
        ("x_http_method_override", "DELETE"),
        ("x-forwarded-for", "10.0.0.1"),
        ("Range", "bytes=10-20"),
        ("if-range", "x"),
        ("x-a", "a\r\nhost: evil.com"),
        ("x-a", "a\0"),
        ("x-a\r\nb", "c"),
        ("", "x"),
        ("x-long", &long),
    ] {
        let mut item = get("https://api.example.com/list");
        item.request.headers = vec![(name.to_owned(), value.to_owned())];
        bench.denied(Half::Read, item, "http-header").await;
    }
    let mut twice = get("https://api.example.com/list");
    twice.request.headers = vec![("x-a".to_owned(), "1".to_owned()), ("X-A".to_owned(), "2".to_owned())];
    bench.denied(Half::Read, twice, "http-header").await;
    let mut lower = get("https://api.example.com/list");
    lower.request.method = "get".to_owned();
    bench.denied(Half::Read, lower, "http-method").await;
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn rt11_two_plugins_never_share_a_connection() {
    let (server, first) = tls_bench(ok("{}")).await;
    let second = bench("https://api.example.com", Arc::clone(&first.transport), Operation::Read, HttpLimits::default());
    for bench in [&first, &first, &second] {
        bench.send(Half::Read, get("https://api.example.com/list")).await.unwrap();
    }
    assert_eq!(server.connections.load(std::sync::atomic::Ordering::SeqCst), 2, "one each, the first one's used twice");
}

#[tokio::test]
async fn rt14_a_write_outside_of_an_apply_is_refused() {
    let (server, base, bench) = plain_bench(ok("{}"), Operation::Read, HttpLimits::default()).await;
    bench.denied(Half::Write, make(&base, &json!({"name": "maps"})), "write-outside-apply").await;
    bench.denied(Half::Read, make(&base, &json!({"name": "maps"})), "http-effect").await;
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn rt18_a_write_about_another_object_is_refused() {
    let (server, base, bench) = plain_bench(ok("{}"), Operation::Create, HttpLimits::default()).await;
    bench.denied(Half::Write, make(&base, &json!({"name": "theirs"})), "http-binding").await;
    let mut surplus = make(&base, &json!({"name": "maps"}));
    surplus.items = vec![0, 7];
    bench.denied(Half::Write, surplus, "write-unknown-item").await;
    // Of a doubled key the service gets the one that was decided on.
    let mut doubled = make(&base, &json!({}));
    doubled.request.body = HttpBody::Json("{\"name\":\"theirs\",\"name\":\"maps\"}".to_owned());
    bench.send(Half::Write, doubled).await.unwrap();
    assert!(server.asked()[0].ends_with("{\"name\":\"maps\"}"), "{:?}", server.asked());
}

#[tokio::test]
async fn a_write_is_journalled_and_recorded_before_it_leaves() {
    let (_server, base, bench) = plain_bench(ok("{}"), Operation::Create, HttpLimits::default()).await;
    bench.send(Half::Write, make(&base, &json!({"name": "maps"}))).await.unwrap();
    let entries = bench.journal.entries.lock().unwrap().clone();
    assert!(
        matches!(&entries[..], [Entry::Call { ops, rule, at: 42, .. }] if ops[0].as_str() == "op-1" && rule.as_str() == "make"),
        "{entries:?}"
    );
    let lines = bench.audit().await;
    assert_eq!((&lines[0]["outcome"], &lines[1]["outcome"]), (&json!("sent"), &json!("answered")));
    assert_eq!(lines[0]["call"], lines[1]["call"]);
    assert_eq!(bench.transport.counts().get(), (0, 1));
}

#[tokio::test]
async fn rt37_without_an_audit_log_or_a_journal_nothing_is_changed() {
    let server = Server::plain(ok("{}")).await;
    let base = format!("http://inside.example:{}", server.at.port());
    let transport = inside(vec![vec!["127.0.0.1"]]);
    let full = Path::new("/dev/full");
    let unaudited = bench_with(
        &base,
        Arc::clone(&transport),
        Operation::Create,
        HttpLimits::default(),
        Some(full),
        Entries::default(),
    );
    let broken = Entries { broken: true, ..Entries::default() };
    let unjournalled = bench_with(&base, transport, Operation::Create, HttpLimits::default(), None, broken);
    for bench in [unaudited, unjournalled] {
        let problem = bench.send(Half::Write, make(&base, &json!({"name": "maps"}))).await.unwrap_err();
        assert_eq!(problem.code, "not-recorded");
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_credential_goes_only_where_all_three_sides_say() {
    let (server, bench) = tls_bench(ok("{}")).await;
    let mut elsewhere = get("https://api.example.com/config");
    elsewhere.request.credential = Some("api".to_owned());
    bench.denied(Half::Read, elsewhere, "http-credential").await;
    let (_plain, base, clear) = plain_bench(ok("{}"), Operation::Read, HttpLimits::default()).await;
    let mut item = get(&format!("{base}/list"));
    item.request.credential = Some("api".to_owned());
    clear.denied(Half::Read, item, "credential-host").await;
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn rt24_a_credential_that_is_echoed_does_not_reach_the_guest() {
    use base64::Engine as _;
    let base64 = base64::engine::general_purpose::STANDARD.encode(format!("x{TOKEN}yz"));
    let json =
        json!({"plain": TOKEN, "inside": format!("Bearer {TOKEN}!"), "base64": base64, TOKEN: 1, "list": [TOKEN]})
            .to_string();
    let escaped = format!("{{\"a\":\"\\u0064{}\"}}", &TOKEN[1..]);
    let doubled = format!("{{\"a\":\"{TOKEN}\",\"a\":1}}");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(json.as_bytes()).unwrap();
    let headers = format!("x-echo: {TOKEN}\r\nset-cookie: s={TOKEN}\r\n");
    for reply in [
        answer("200 OK", &headers, json.as_bytes()),
        answer("500 Oh", &headers, format!("you sent {TOKEN}").as_bytes()),
        answer("200 OK", "", escaped.as_bytes()),
        answer("200 OK", "", doubled.as_bytes()),
        answer("200 OK", "", &[TOKEN.as_bytes(), &[0xff]].concat()),
        answer("200 OK", "content-encoding: gzip\r\n", &gzip.finish().unwrap()),
    ] {
        let (_server, bench) = tls_bench(reply).await;
        let response = bench.send(Half::Read, list_with_credential()).await.unwrap();
        let seen = format!("{:?} {}", response.headers, String::from_utf8_lossy(&response.body));
        assert!(
            !seen.contains("0123456789abcdef") && !seen.contains("set-cookie") && !seen.contains(&base64[8..40]),
            "{seen}"
        );
        let _ = serde_json::from_slice::<Json>(&response.body).map(|json| assert!(!json.to_string().contains(TOKEN)));
        bench.audit().await;
    }
}

#[tokio::test]
async fn rt24_a_sealed_value_that_is_echoed_is_sealed_again() {
    let (_server, base, bench) = plain_bench(
        ok("{\"password\":\"hunter-2-hunter-2\",\"name\":\"maps\"}"),
        Operation::Create,
        HttpLimits::default(),
    )
    .await;
    let handle = bench.scope.seals().mint(Value::from("hunter-2-hunter-2"));
    let response =
        bench.send(Half::Write, make(&base, &json!({"name": "maps", "password": {"$sealed": handle}}))).await.unwrap();
    let json: Json = serde_json::from_slice(&response.body).unwrap();
    let again = json["password"]["$sealed"].as_str().unwrap();
    assert_eq!(bench.scope.seals().open(again), Some(&Value::from("hunter-2-hunter-2")));
    assert_eq!(json["name"], "maps");
}

#[tokio::test]
async fn what_a_rule_seals_is_a_handle() {
    let (_server, base, bench) = plain_bench(ok("apiVersion: v1"), Operation::Read, HttpLimits::default()).await;
    let response = bench.send(Half::Read, get(&format!("{base}/config"))).await.unwrap();
    let json: Json = serde_json::from_slice(&response.body).unwrap();
    assert_eq!(bench.scope.seals().open(json["$sealed"].as_str().unwrap()), Some(&Value::from("apiVersion: v1")));

    let (_server, base, bench) = plain_bench(
        ok("{\"keys\":[{\"id\":1,\"secret\":\"abc\"},{\"id\":2,\"secret\":\"def\"}]}"),
        Operation::Read,
        HttpLimits::default(),
    )
    .await;
    let response = bench.send(Half::Read, get(&format!("{base}/keys"))).await.unwrap();
    let json: Json = serde_json::from_slice(&response.body).unwrap();
    let handle = json["keys"][1]["secret"]["$sealed"].as_str().unwrap();
    assert_eq!(bench.scope.seals().open(handle), Some(&Value::from("def")));
    assert_eq!(json["keys"][0]["id"], 1);
    assert!(!body(&response).contains("abc"));

    let (_server, base, bench) = plain_bench(ok("not JSON: abc"), Operation::Read, HttpLimits::default()).await;
    let response = bench.send(Half::Read, get(&format!("{base}/keys"))).await.unwrap();
    assert!(body(&response).starts_with("{\"$sealed\""), "{}", body(&response));
}

#[tokio::test]
async fn a_sealed_place_is_sealed_whatever_is_asked_for_and_answered() {
    let looks_sealed = ok("{\"keys\":[{\"secret\":{\"$sealed\":\"abc-in-clear\"}}]}");
    let (_server, base, bench) = plain_bench(looks_sealed, Operation::Read, HttpLimits::default()).await;
    let response = bench.send(Half::Read, get(&format!("{base}/keys"))).await.unwrap();
    assert!(!body(&response).contains("abc-in-clear"), "{}", body(&response));

    let mut other_form = get(&format!("{base}/keys"));
    other_form.request.headers = vec![("accept".to_owned(), "application/json;as=Table".to_owned())];
    bench.denied(Half::Read, other_form, "http-accept").await;
}

#[tokio::test]
async fn rt18_a_body_that_was_judged_as_json_is_not_sent_as_a_form() {
    let (server, base, bench) = plain_bench(ok("{}"), Operation::Create, HttpLimits::default()).await;
    for kind in ["application/x-www-form-urlencoded", "text/json", "application/json; charset=utf-16", "x+json"] {
        let mut item = make(&base, &json!({"name": "maps", "&name=other&x": 1}));
        item.request.headers = vec![("content-type".to_owned(), kind.to_owned())];
        bench.denied(Half::Write, item, "http-content-type").await;
    }
    assert!(server.asked().is_empty());
    for kind in ["application/json; charset=UTF-8", "application/merge-patch+json"] {
        let mut item = make(&base, &json!({"name": "maps"}));
        item.request.headers = vec![("content-type".to_owned(), kind.to_owned())];
        bench.send(Half::Write, item).await.unwrap();
    }
}

#[tokio::test]
async fn rt25_what_is_no_url_is_recorded_without_its_query_and_user() {
    let (_server, bench) = tls_bench(ok("{}")).await;
    let item = get("https://user:word@api.example.com/list?token=abc def#frag");
    bench.denied(Half::Read, item, "http-url").await;
    let line = bench.audit().await.pop().unwrap();
    assert_eq!(line["summary"], "GET api.example.com/list");
}

#[tokio::test]
async fn rt26_a_handle_is_opened_at_a_sink_and_nowhere_else() {
    let (server, base, bench) = plain_bench(ok("{}"), Operation::Create, HttpLimits::default()).await;
    let handle = bench.scope.seals().mint(Value::from("hunter-2-hunter-2"));
    for (body, code) in [
        (json!({"name": "maps", "other": {"$sealed": handle}}), "sealed-elsewhere"),
        (json!({"name": "maps", "password": [{"$sealed": handle}]}), "sealed-elsewhere"),
        (json!({"name": "maps", "password": format!("x{handle}")}), "sealed-handle"),
        (json!({"name": "maps", "password": {"$sealed": "00112233445566778899aabbccddeeff"}}), "sealed-handle"),
        (json!({"name": "maps", "password": {"$sealed": handle, "x": 1}}), "sealed-handle"),
        (json!({"name": "maps", "other": "hunter-2-hunter-2"}), "sealed-elsewhere"),
    ] {
        bench.denied(Half::Write, make(&base, &body), code).await;
    }
    let mut header = make(&base, &json!({"name": "maps"}));
    header.request.headers = vec![("x-a".to_owned(), "hunter-2-hunter-2".to_owned())];
    bench.denied(Half::Write, header, "secret-in-clear").await;
    assert!(server.asked().is_empty());
    bench.send(Half::Write, make(&base, &json!({"name": "maps", "password": {"$sealed": handle}}))).await.unwrap();
    assert!(server.asked()[0].ends_with("{\"name\":\"maps\",\"password\":\"hunter-2-hunter-2\"}"));
}

#[tokio::test]
async fn rt30_bombs_drips_and_endless_pages_end() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&vec![b' '; 4 << 20]).unwrap();
    let bomb = answer("200 OK", "content-encoding: gzip\r\n", &gzip.finish().unwrap());
    let code = |problem: Result<HttpResponse, maps_engine::Problem>| problem.unwrap_err().code;

    let (_server, base, bench) = plain_bench(bomb.clone(), Operation::Read, HttpLimits::default()).await;
    assert_eq!(code(bench.send(Half::Read, get(&format!("{base}/list"))).await), "answer-expands");
    let small = HttpLimits { response_bytes: 1 << 20, response_ratio: usize::MAX, ..HttpLimits::default() };
    let (_server, base, bench) = plain_bench(bomb, Operation::Read, small.clone()).await;
    assert_eq!(code(bench.send(Half::Read, get(&format!("{base}/list"))).await), "answer-size");
    let (_server, base, bench) = plain_bench(answer("200 OK", "", &vec![b'x'; 2 << 20]), Operation::Read, small).await;
    assert_eq!(code(bench.send(Half::Read, get(&format!("{base}/list"))).await), "answer-size");

    // A promise of more bytes than ever come.
    let drip = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nx";
    let quick = HttpLimits { call_time: Duration::from_millis(50), ..HttpLimits::default() };
    let (_server, base, bench) = plain_bench(drip, Operation::Read, quick).await;
    let problem = bench.send(Half::Read, get(&format!("{base}/list"))).await.unwrap_err();
    assert_eq!((problem.class, problem.code.as_str()), (Class::Timeout, "no-answer"));
    assert_eq!(bench.audit().await[0]["outcome"], "failed");

    let few = HttpLimits { calls: 3, ..HttpLimits::default() };
    let (server, base, bench) = plain_bench(ok("{}"), Operation::Read, few).await;
    let pages = vec![get(&format!("{base}/list")); 5];
    let results = bench.http.send(&bench.scope, Half::Read, pages).await;
    let sent: Vec<_> = results.iter().map(Result::is_ok).collect();
    assert_eq!(sent, [true, true, true, false, false]);
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn rt30_many_large_answers_do_not_pile_up_in_the_host() {
    let limits = HttpLimits { answers_bytes: 1000, concurrency: 1, ..HttpLimits::default() };
    let large = format!("\"{}\"", "x".repeat(600));
    let (server, base, bench) = plain_bench(ok(&large), Operation::Read, limits).await;
    let items = (0..5).map(|_| get(&format!("{base}/list"))).collect();
    let answers = bench.http.send(&bench.scope, Half::Read, items).await;
    let codes: Vec<_> = answers.iter().map(|answer| answer.as_ref().map_err(|p| p.code.as_str()).map(|_| ())).collect();
    assert_eq!(codes, [Ok(()), Ok(()), Err("answers-size"), Err("answers-size"), Err("answers-size")]);
    assert_eq!(server.asked().len(), 2);
    bench.send(Half::Read, get(&format!("{base}/list"))).await.unwrap();
}

#[tokio::test]
async fn a_packing_that_was_not_asked_for_is_refused() {
    let (_server, base, bench) =
        plain_bench(answer("200 OK", "content-encoding: br\r\n", b"xx"), Operation::Read, HttpLimits::default()).await;
    assert_eq!(bench.send(Half::Read, get(&format!("{base}/list"))).await.unwrap_err().code, "answer-encoding");
}

#[tokio::test]
async fn a_lost_reply_and_a_closed_port_are_told_apart() {
    let (server, base, cut) = plain_bench("", Operation::Create, HttpLimits::default()).await;
    let lost = cut.send(Half::Write, make(&base, &json!({"name": "maps"}))).await.unwrap_err();
    assert_eq!((lost.class, lost.code.as_str()), (Class::Timeout, "reply-lost"));
    assert_eq!(server.asked().len(), 1, "a mutation is never sent twice by itself");
    assert_eq!(cut.transport.counts().get(), (0, 1));

    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let base = format!("http://inside.example:{}", closed.port());
    let unreachable = bench(&base, inside(vec![vec!["127.0.0.1"]]), Operation::Read, HttpLimits::default());
    let problem = unreachable.send(Half::Read, get(&format!("{base}/list"))).await.unwrap_err();
    assert_eq!((problem.class, problem.code.as_str()), (Class::Unavailable, "not-connected"));
    assert_eq!(unreachable.transport.counts().get(), (0, 0));
}

#[tokio::test]
async fn a_server_that_is_not_who_it_should_be_is_refused() {
    let (server, _) = Server::tls(ok("{}")).await;
    let (_, other_ca) = Server::tls(ok("{}")).await;
    let transport =
        Transport::rehearsal([("api.example.com".to_owned(), server.at)], other_ca, Faults::default()).unwrap();
    let bench = bench("https://api.example.com", transport, Operation::Read, HttpLimits::default());
    bench.denied(Half::Read, list_with_credential(), "tls-refused").await;
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_rehearsal_refuses_hosts_that_it_does_not_know() {
    let (server, ca) = Server::tls(ok("{}")).await;
    let transport = Transport::rehearsal([("api.example.com".to_owned(), server.at)], ca, Faults::default()).unwrap();
    for base in ["https://other.example.com", "https://api.example.com:8443", "http://127.0.0.1"] {
        let bench = bench(base, Arc::clone(&transport), Operation::Read, HttpLimits::default());
        bench.denied(Half::Read, get(&format!("{base}/list")), "egress-unrehearsed").await;
    }
}

/// Set in the child process of the test below: `FAULT ADDRESS`.
const CRASH: &str = "MAPS_TEST_CRASH";

#[tokio::test]
async fn a_crash_comes_before_at_or_after_the_call_that_it_names() {
    if let Ok(told) = std::env::var(CRASH) {
        // The child: three calls, of which the second is never told about.
        let (fault, at) = told.split_once(' ').unwrap();
        let ca = std::fs::read(std::env::var("MAPS_TEST_CA").unwrap()).unwrap();
        let faults = Faults::new(vec![fault.parse().unwrap()]);
        let transport =
            Transport::rehearsal([("api.example.com".to_owned(), at.parse().unwrap())], ca, faults).unwrap();
        let bench = bench("https://api.example.com", transport, Operation::Read, HttpLimits::default());
        for _ in 0..3 {
            bench.send(Half::Read, list_with_credential()).await.unwrap();
        }
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    for (fault, served) in [("crash-before@2", 1), ("crash-sent@2", 2), ("crash-replied@2", 2), ("crash-sent@4", 3)] {
        let (server, ca) = Server::tls(ok("{}")).await;
        std::fs::write(&ca_file, ca).unwrap();
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "capability::http::tests::a_crash_comes_before_at_or_after_the_call_that_it_names"]);
        child.env(CRASH, format!("{fault} {}", server.at)).env("MAPS_TEST_CA", &ca_file);
        let ended = tokio::task::spawn_blocking(move || child.output()).await.unwrap().unwrap().status;
        let killed = std::os::unix::process::ExitStatusExt::signal(&ended) == Some(9);
        assert_eq!((killed, server.asked().len()), (fault != "crash-sent@4", served), "{fault}: {ended}");
    }
}

#[tokio::test]
async fn rt12_a_proxy_of_the_environment_is_not_used() {
    let proxy = Server::plain(ok("{}")).await;
    let (server, ca) = Server::tls(ok("{}")).await;
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, ca).unwrap();
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "capability::http::tests::a_crash_comes_before_at_or_after_the_call_that_it_names"]);
    child.env(CRASH, format!("crash-before@99 {}", server.at)).env("MAPS_TEST_CA", &ca_file);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "https_proxy", "all_proxy"] {
        child.env(name, format!("http://{}", proxy.at));
    }
    let ended = tokio::task::spawn_blocking(move || child.output()).await.unwrap().unwrap().status;
    assert!(ended.success(), "{ended}");
    assert_eq!((server.asked().len(), proxy.connections.load(std::sync::atomic::Ordering::SeqCst)), (3, 0));
}
