//! Against a server of the Kubernetes API on this machine, over TLS: what leaves, what comes back, what is
//! written down.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::needless_pass_by_value)]

mod answers;
mod calls;
mod clusters;
mod releases;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maps_engine::capability::{Effective, Half, Manifest, ObjectKey, StepScope};
use maps_engine::{Address, Clock, Entry, Journal, JournalError, KindName, OpId, PluginName, Problem, Value};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{Deleting, Listing, Reference, TypeMeta, Writing};
use crate::audit::Audit;
use crate::capability::http::{HttpCapability, HttpLimits};
use crate::egress::Transport;
use crate::fault::Faults;
use crate::scope::{CallScope, Operation};
use crate::seal::Seals;

const HOST: &str = "one.k8s.example.com";
const TOKEN: &str = "dop_v1_0123456789abcdef0123456789abcdef";

/// What a server was asked.
#[derive(Clone, Debug)]
struct Asked {
    /// `GET /api/v1`, with the query.
    line: String,
    /// In lower case.
    head: String,
    body: Json,
}

/// Status and body of an answer.
type Answer = (u16, Json);

struct Server {
    at: SocketAddr,
    ca: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    connections: Arc<AtomicU32>,
}

impl Server {
    /// One that knows ConfigMaps, Secrets, Namespaces, roles and Deployments, and answers the rest by `other`.
    async fn start(other: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let made = rcgen::generate_simple_self_signed([HOST.to_owned()]).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (at, ca) = (listener.local_addr().unwrap(), made.cert.pem());
        let server = Self { at, ca, asked: Arc::default(), connections: Arc::default() };
        let (asked, connections) = (Arc::clone(&server.asked), Arc::clone(&server.connections));
        let other = Arc::new(other);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, asked, other) = (acceptor.clone(), Arc::clone(&asked), Arc::clone(&other));
                let connections = Arc::clone(&connections);
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        connections.fetch_add(1, Ordering::SeqCst);
                        serve(stream, &asked, &*other).await;
                    }
                });
            }
        });
        server
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    fn lines(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.line).collect()
    }

    fn kubeconfig(&self) -> String {
        let ca = STANDARD.encode(&self.ca);
        kubeconfig(&format!("server: https://{HOST}, certificate-authority-data: {ca}"), &format!("token: {TOKEN}"))
    }
}

fn kubeconfig(cluster: &str, user: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: [{{name: a, context: {{cluster: c, user: u}}}}]\nclusters: [{{name: c, cluster: {{{cluster}}}}}]\nusers: [{{name: u, user: {{{user}}}}}]\n"
    )
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    asked: &Mutex<Vec<Asked>>,
    other: &(dyn Fn(&Asked) -> Answer + Send + Sync),
) {
    let mut buffer = Vec::new();
    loop {
        let (head, end) = loop {
            if let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&buffer[..at]).into_owned();
                let length = head.to_lowercase();
                let length =
                    length.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
                let end = at + 4 + length.unwrap_or(0);
                if buffer.len() >= end {
                    break (head, end);
                }
            }
            match stream.read_buf(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        };
        let whole: Vec<u8> = buffer.drain(..end).collect();
        let body = serde_json::from_slice(&whole[head.len() + 4..]).unwrap_or_default();
        let line = head.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned();
        let request = Asked { line, head: head.to_lowercase(), body };
        let (status, body) = discovered(&request).unwrap_or_else(|| other(&request));
        asked.lock().unwrap().push(request);
        let body = body.to_string();
        let more = if status == 429 { "retry-after: 1\r\n" } else { "" };
        let head = format!(
            "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{more}\r\n",
            body.len()
        );
        if stream.write_all((head + &body).as_bytes()).await.is_err() {
            return;
        }
        let _ = stream.flush().await;
    }
}

fn discovered(asked: &Asked) -> Option<Answer> {
    let resource = |name: &str, kind: &str, namespaced: bool| json!({"name": name, "kind": kind, "namespaced": namespaced, "verbs": ["get"]});
    let resources = match asked.line.as_str() {
        "GET /api/v1" => json!([
            resource("configmaps", "ConfigMap", true),
            resource("secrets", "Secret", true),
            resource("namespaces", "Namespace", false),
            resource("pods", "Pod", true),
            resource("pods/exec", "PodExecOptions", true),
            resource("../evil", "Evil", true),
        ]),
        "GET /apis/apps/v1" => json!([resource("deployments", "Deployment", true)]),
        "GET /apis/rbac.authorization.k8s.io/v1" => json!([resource("clusterroles", "ClusterRole", false)]),
        _ => return None,
    };
    Some((200, json!({"kind": "APIResourceList", "resources": resources})))
}

fn not_found(kind: &str, name: &str) -> Answer {
    let message = format!("{kind} \"{name}\" not found");
    (
        404,
        json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "message": message, "details": {"name": name, "kind": kind}}),
    )
}

/// Answers as a server that keeps what it is given.
fn echoing(asked: &Asked) -> Answer {
    match asked.body.get("kind").and_then(Json::as_str) {
        Some("DeleteOptions") => (200, json!({"kind": "Status", "apiVersion": "v1", "status": "Success"})),
        Some(_) => (200, asked.body.clone()),
        None => not_found("things", "x"),
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
struct Entries(Mutex<Vec<Entry>>);

#[async_trait]
impl Journal for Entries {
    async fn append(&self, entries: Vec<Entry>) -> Result<(), JournalError> {
        self.0.lock().unwrap().extend(entries);
        Ok(())
    }
}

/// One guest call with one step, which plans `maps/settings` of several kinds.
struct Bench {
    folder: tempfile::TempDir,
    scope: CallScope,
    journal: Arc<Entries>,
    http: HttpCapability,
    handle: String,
}

fn rules() -> Json {
    let wide = |id: &str, effect: &str, rest: Json| {
        let mut rule = json!({
            "id": id, "effect": effect, "groups": ["**"], "resources": ["**"], "namespaces": ["**"], "names": ["**"],
            "reason": "so that it works",
        });
        rule.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        rule
    };
    json!([
        wide("read", "read", json!({"verbs": ["get", "list", "dry-run"]})),
        wide("apply", "write", json!({"verbs": ["apply", "create"], "objects": ["planned"]})),
        wide("prune", "write", json!({"verbs": ["delete"], "objects": ["prior"]})),
    ])
}

fn transport(server: &Server) -> Arc<Transport> {
    // Another CA than the cluster's, so that the kubeconfig's own is what lets it be reached.
    let other = rcgen::generate_simple_self_signed(["other.example.com".to_owned()]).unwrap();
    Transport::rehearsal([(HOST.to_owned(), server.at)], other.cert.pem().into_bytes(), Faults::default()).unwrap()
}

fn bench(server: &Server, operation: Operation) -> Bench {
    bench_with(transport(server), &server.kubeconfig(), operation, None)
}

fn bench_with(transport: Arc<Transport>, kubeconfig: &str, operation: Operation, grant: Option<Json>) -> Bench {
    bench_of(json!({"kube": rules()}), transport, kubeconfig, operation, grant)
}

fn bench_of(
    capabilities: Json,
    transport: Arc<Transport>,
    kubeconfig: &str,
    operation: Operation,
    grant: Option<Json>,
) -> Bench {
    let manifest =
        json!({"maps": "v1", "plugin": "kube", "version": "1", "description": "d", "capabilities": capabilities});
    let effective = Effective::meet(&Manifest::parse(&manifest).unwrap(), grant.as_ref()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let journal = Arc::new(Entries::default());
    let planned = [("ConfigMap", "v1"), ("Secret", "v1"), ("Deployment", "apps/v1")]
        .map(|(kind, version)| json!({"api_version": version, "kind": kind, "namespace": "maps", "name": "settings"}));
    let role = json!({"api_version": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "name": "settings"});
    let mut seals = Seals::default();
    let handle = seals.mint(Value::from(kubeconfig));
    let scope = CallScope {
        plugin: PluginName::new("kube"),
        run: "run-1".to_owned(),
        stack: "stack".to_owned(),
        operation,
        steps: vec![StepScope {
            op: operation.mutation().map(|_| OpId::new("op-1")),
            address: Address::new("settings"),
            kind: KindName::new("kube/manifest"),
            id: None,
            inputs: Value::Null,
            outputs: Value::from(json!({"objects": [planned[0].clone()]})),
            planned: planned
                .into_iter()
                .chain([role])
                .map(|object| ObjectKey::of(&Value::from(object)).unwrap())
                .collect(),
        }],
        seals: Arc::new(Mutex::new(seals)),
        journal: operation.mutation().map(|_| Arc::clone(&journal) as Arc<dyn Journal>),
        audit: Audit::at(folder.path().join("audit.jsonl")),
        calls: AtomicU32::new(0),
    };
    let limits = HttpLimits::default();
    let http = HttpCapability::new(Arc::new(effective), [].into(), transport, Arc::new(Now), limits).unwrap();
    Bench { folder, scope, journal, http, handle }
}

fn kind(api_version: &str, kind: &str) -> TypeMeta {
    TypeMeta { api_version: api_version.to_owned(), kind: kind.to_owned() }
}

fn reference(of: TypeMeta, namespace: Option<&str>, name: &str) -> Reference {
    Reference { kind: of, namespace: namespace.map(str::to_owned), name: name.to_owned() }
}

fn object(api_version: &str, kind: &str, rest: Json) -> Json {
    let mut object =
        json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "settings", "namespace": "maps"}});
    object.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    object
}

impl Bench {
    fn sealed(&self, value: impl Into<Value>) -> Json {
        self.scope.seals().to_guest(&value.into().secret())
    }

    /// What a sealed value of an answer holds.
    fn opened(&self, sealed: &Json) -> Value {
        self.scope.seals().open(sealed["$sealed"].as_str().unwrap()).unwrap().clone()
    }

    async fn get(&self, object: Reference) -> Result<Option<Json>, Problem> {
        let found = self.http.kube_get(&self.scope, &self.handle, vec![object]).await.remove(0)?;
        Ok(found.map(|text| serde_json::from_str(&text).unwrap()))
    }

    async fn apply(&self, object: &Json) -> Result<Json, Problem> {
        let write = Writing { items: vec![0], object: object.to_string(), force: false };
        let text = self.http.kube_apply(&self.scope, Half::Write, &self.handle, vec![write]).await.remove(0)?;
        Ok(serde_json::from_str(&text).unwrap())
    }

    async fn dry_run(&self, object: &Json) -> Result<Json, Problem> {
        let tried = Writing { items: Vec::new(), object: object.to_string(), force: true };
        let text = self.http.kube_apply(&self.scope, Half::Read, &self.handle, vec![tried]).await.remove(0)?;
        Ok(serde_json::from_str(&text).unwrap())
    }

    async fn list(&self, listing: Listing) -> Result<Vec<Json>, Problem> {
        let found = self.http.kube_list(&self.scope, &self.handle, vec![listing]).await.remove(0)?;
        Ok(found.into_iter().map(|text| serde_json::from_str(&text).unwrap()).collect())
    }

    async fn audit(&self) -> Vec<Json> {
        self.scope.audit.flush().await.unwrap();
        let path = self.folder.path().join("audit.jsonl");
        crate::audit::verify(&path).unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        assert!(!text.contains(TOKEN), "{text}");
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// What the log says last is this refusal, under this rule.
    async fn logged(&self, code: &str, rule: Option<&str>) -> Json {
        let last = self.audit().await.pop().unwrap();
        assert_eq!((last["outcome"].as_str(), last["code"].as_str()), (Some("denied"), Some(code)), "{last}");
        assert_eq!(last["rule"].as_str(), rule, "{last}");
        last
    }
}
