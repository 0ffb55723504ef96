//! Calls that the host signs: what leaves, where to, and what the guest cannot do about it.

use maps_engine::Problem;
use url::Url;

use super::*;
use crate::aws::{Fixed, KeySource, Keys};
use crate::egress::SystemResolver;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const SESSION: &str = "FwoGZXIvYXdzEJr//////////wEaDExample+session/token==";
const BASE: &str = "https://sqs.eu-central-1.amazonaws.com";

fn keys(endpoint: Option<&str>) -> Fixed {
    let keys = Keys::new("AKIDEXAMPLE".to_owned(), SECRET.to_owned(), Some(SESSION.to_owned()));
    Fixed { keys: keys.into(), region: None, endpoint: endpoint.map(|url| url.parse().unwrap()) }
}

fn signing(source: impl KeySource + 'static, hosts: &[&str], transport: Arc<Transport>) -> Bench {
    let manifest = json!({
        "maps": "v1", "plugin": "test", "version": "1", "description": "Tests.",
        "credentials": {"api": {"type": "aws", "actions": ["ListQueues"], "reason": "it signs"}},
        "capabilities": {"http": [
            {"id": "list", "effect": "read", "methods": ["GET", "POST"], "url": format!("{BASE}/list"),
             "query": ["Action", "q"], "credential": "api", "reason": "lists"},
            {"id": "elsewhere", "effect": "read", "methods": ["GET"], "url": "https://api.example.com/list",
             "credential": "api", "reason": "lists"},
            {"id": "inside", "effect": "read", "methods": ["GET"], "url": "https://localhost/list", "reason": "lists"},
        ]},
    });
    let credential = BoundCredential::aws(Arc::new(source), hosts.iter().map(|host| (*host).to_owned()).collect());
    let limits = HttpLimits::default();
    bench_of(&manifest, credential, transport, Operation::Read, limits, None, Entries::default())
}

fn signed(url: &str) -> HttpItem {
    let mut item = get(url);
    item.request.credential = Some("api".to_owned());
    item
}

fn live() -> Arc<Transport> {
    Transport::live(Arc::new(SystemResolver), [])
}

/// With an endpoint on this machine; also what it was asked.
async fn with_endpoint(reply: impl Into<Vec<u8>>, host: &str) -> (Server, Bench) {
    let server = Server::plain(reply).await;
    let endpoint = format!("http://{host}:{}/base", server.at.port());
    let bench = signing(keys(Some(&endpoint)), &["**.amazonaws.com"], live());
    (server, bench)
}

#[tokio::test]
async fn a_signed_call_goes_to_the_endpoint_with_its_path_and_query() {
    for host in ["127.0.0.1", "localhost"] {
        let (server, bench) = with_endpoint(ok("{}"), host).await;
        let response = bench.send(Half::Read, signed(&format!("{BASE}/list?q=a%20b"))).await.unwrap();
        assert_eq!(response.status, 200);
        let asked = server.asked().remove(0).to_lowercase();
        assert!(asked.starts_with("get /base/list?q=a%20b http/1.1\r\n"), "{asked}");
        assert!(asked.contains(&format!("host: {host}:{}\r\n", server.at.port())), "{asked}");
        assert!(asked.contains("/eu-central-1/sqs/aws4_request, signedheaders=host;x-amz-date;x-amz-security-token"));
        assert!(!asked.contains(&SECRET.to_lowercase()), "{asked}");
        // What is written down is what was decided on.
        let line = bench.audit().await.pop().unwrap();
        assert_eq!(line["summary"], format!("GET {BASE}/list?q"));
    }
}

#[tokio::test]
async fn rt24_neither_key_nor_session_token_comes_back() {
    let echo = format!("key {SECRET} and {SESSION}");
    let (_server, bench) =
        with_endpoint(answer("403 No", &format!("x-echo: {SESSION}\r\n"), echo.as_bytes()), "localhost").await;
    let response = bench.send(Half::Read, signed(&format!("{BASE}/list"))).await.unwrap();
    let seen = format!("{:?} {}", response.headers, body(&response));
    assert!(!seen.contains(&SECRET[4..20]) && !seen.contains(&SESSION[4..20]), "{seen}");
    assert!(seen.contains("«secret» and «secret»"), "{seen}");
}

#[tokio::test]
async fn an_endpoint_opens_no_other_way() {
    let (server, bench) = with_endpoint(ok("{}"), "localhost").await;
    bench.send(Half::Read, signed(&format!("{BASE}/list"))).await.unwrap();
    // The same host by a rule of the plugin's own is as far away as ever.
    bench.denied(Half::Read, get("https://localhost/list"), "egress-address").await;
    bench.denied(Half::Read, signed("https://api.example.com/list"), "credential-host").await;
    assert_eq!(server.asked().len(), 1);
    for metadata in ["http://169.254.169.254/", "http://[fd00:ec2::254]/"] {
        let bench = signing(keys(Some(metadata)), &["**.amazonaws.com"], live());
        bench.denied(Half::Read, signed(&format!("{BASE}/list")), "egress-address").await;
    }
    // A rehearsal goes to its cloud, whatever anybody says.
    let rehearsal = Transport::rehearsal([], Vec::new(), Faults::default()).unwrap();
    let bench = signing(keys(Some("http://127.0.0.1:1")), &["**.amazonaws.com"], rehearsal);
    bench.denied(Half::Read, signed(&format!("{BASE}/list")), "egress-unrehearsed").await;
}

#[tokio::test]
async fn a_guest_sets_no_part_of_a_signature_and_asks_for_no_other_action() {
    let (server, bench) = with_endpoint(ok("{}"), "localhost").await;
    for name in ["X-Amz-Date", "x_amz_security_token", "x-amz-content-sha256", "authorization", "x-amz-copy-source"] {
        let mut item = signed(&format!("{BASE}/list"));
        item.request.headers = vec![(name.to_owned(), "x".to_owned())];
        bench.denied(Half::Read, item, "http-header").await;
    }
    bench.denied(Half::Read, signed(&format!("{BASE}/list?Action=DeleteQueue")), "aws-action").await;
    let mut item = signed(&format!("{BASE}/list"));
    item.request.headers = vec![("x-amz-target".to_owned(), "AmazonSQS.DeleteQueue".to_owned())];
    bench.denied(Half::Read, item.clone(), "aws-action").await;
    item.request.method = "POST".to_owned();
    item.request.headers = Vec::new();
    item.request.body = HttpBody::Bytes(b"Action=DeleteQueue&Version=2012-11-05".to_vec());
    bench.denied(Half::Read, item.clone(), "aws-action").await;
    assert!(server.asked().is_empty());
    item.request.headers = vec![
        ("x-amz-target".to_owned(), "AmazonSQS.ListQueues".to_owned()),
        ("content-type".to_owned(), "application/x-amz-json-1.0".to_owned()),
    ];
    item.request.body = HttpBody::Json("{}".to_owned());
    assert_eq!(bench.send(Half::Read, item).await.unwrap().status, 200);
}

#[tokio::test]
async fn what_is_bound_to_the_wrong_type_is_not_sent() {
    let bench = bench_of(
        &json!({
            "maps": "v1", "plugin": "test", "version": "1", "description": "Tests.",
            "credentials": {"api": {"type": "bearer", "reason": "it takes one"}},
            "capabilities": {"http": rules("https://api.example.com")},
        }),
        BoundCredential::aws(Arc::new(keys(None)), vec!["api.example.com".to_owned()]),
        live(),
        Operation::Read,
        HttpLimits::default(),
        None,
        Entries::default(),
    );
    bench.denied(Half::Read, list_with_credential(), "credential-type").await;
}

/// Has no keys, for now.
struct Silent(Class);

#[async_trait]
impl KeySource for Silent {
    async fn keys(&self) -> Result<Arc<Keys>, Problem> {
        Err(Problem::new(self.0, "no-keys", "there are none"))
    }

    async fn region(&self) -> Result<Option<String>, Problem> {
        Ok(None)
    }

    async fn endpoint(&self, _: &str) -> Result<Option<Url>, Problem> {
        Ok(None)
    }
}

#[tokio::test]
async fn a_call_without_keys_is_told_and_announced_to_nobody() {
    for (class, outcome) in [(Class::Denied, "denied"), (Class::Unavailable, "failed")] {
        let bench = signing(Silent(class), &["**.amazonaws.com"], live());
        let problem = bench.send(Half::Read, signed(&format!("{BASE}/list"))).await.unwrap_err();
        assert_eq!((problem.class, problem.code.as_str()), (class, "no-keys"));
        let line = bench.audit().await.pop().unwrap();
        assert_eq!([&line["outcome"], &line["code"], &line["rule"]], [outcome, "no-keys", "list"], "{line}");
        assert_eq!(bench.transport.counts().get(), (0, 0));
    }
}
