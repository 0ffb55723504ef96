//! A host with the red guest in it, and what every case asserts: how a call ended, what the audit
//! log says of it, and that the next call is served.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use async_trait::async_trait;
use maps_engine::capability::{Effective, ObjectKey};
use maps_engine::provider::{
    CheckRequest, CreateRequest, DeleteRequest, DiffRequest, FindOutcome, FindRequest, Mutation, Object, Outcome,
    PreviewRequest, ReadOutcome, ReadRequest, UpdateRequest,
};
use maps_engine::{
    Address, Call, CallError, Class, Clock, Entry, Event, Journal, JournalError, KindName, Observer, OpId, PluginName,
    Problem, Provider, Token, Value,
};
use maps_runtime::audit::{self, Audit};
use maps_runtime::capability::http::{BoundCredential, HttpCapability, HttpLimits};
use maps_runtime::egress::Transport;
use maps_runtime::fault::Faults;
use maps_runtime::limits::Limits;
use maps_runtime::{Host, HostOptions, Plugin, PluginUse};
use serde_json::{Value as Json, json};

use crate::component::guest;
use crate::service::{HOSTS, Service};

/// The credential that the host adds; no guest may ever see it.
pub(crate) const TOKEN: &str = "red_v1_0123456789abcdef0123456789abcdef";
/// The secret input of every thing.
pub(crate) const SECRET: &str = "correct-horse-battery-staple";
/// Where the host was told to go next.
const LOOKED_BACK: &str = "00112233445566778899aabbccddeeff";

/// What an operation answered for each request.
pub(crate) type Answers = Result<Vec<Result<(), Problem>>, CallError>;

/// Low, so that a guest that never ends is soon over; high enough for an honest call on a busy machine.
pub(crate) fn limits() -> Limits {
    Limits { memory_bytes: 256 << 20, cpu_time: Duration::from_secs(3), ..Limits::default() }
}

fn http_limits() -> HttpLimits {
    HttpLimits { calls: 20, rate: 10_000, burst: 10_000, ..HttpLimits::default() }
}

/// What the plugins logged, and what the host said of them.
#[derive(Default)]
pub(crate) struct Lines(Mutex<Vec<String>>);

impl Observer for Lines {
    fn event(&self, event: &Event) {
        if let Event::Log { message, .. } = event {
            self.0.lock().unwrap().push(message.clone());
        }
    }
}

/// A journal in memory.
#[derive(Default)]
struct Entries(Mutex<Vec<Entry>>);

#[async_trait]
impl Journal for Entries {
    async fn append(&self, entries: Vec<Entry>) -> Result<(), JournalError> {
        self.0.lock().unwrap().extend(entries);
        Ok(())
    }
}

struct Stopped;

#[async_trait]
impl Clock for Stopped {
    fn now(&self) -> u64 {
        42
    }
    async fn sleep_until(&self, _deadline: u64, _idle: bool) {}
}

pub(crate) struct World {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) service: Service,
    lines: Arc<Lines>,
    audit: Arc<Audit>,
    pub(crate) host: Host,
    provider: Arc<dyn Provider>,
    journal: Arc<Entries>,
    /// The kubeconfig that the guest is given, sealed.
    pub(crate) cluster: Option<String>,
}

impl World {
    /// With the red guest, granted all that it declares.
    pub(crate) fn new() -> Self {
        Self::granting(None)
    }

    /// With the red guest, granted this.
    pub(crate) fn granting(grant: Option<&Json>) -> Self {
        Self::of(&guest("red"), "red", grant)
    }

    /// With another component, under its own name.
    pub(crate) fn of(component: &[u8], name: &str, grant: Option<&Json>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (lines, audit) = (Arc::new(Lines::default()), Audit::at(dir.path().join("audit.jsonl")));
        let host = Host::new(HostOptions {
            cache_dir: Some(cache()),
            limits: limits(),
            observer: Arc::clone(&lines) as Arc<dyn Observer>,
            audit: Arc::clone(&audit),
        })
        .unwrap();
        let plugin = host.load(component).unwrap();
        let service = Service::start();
        let folder = dir.path().join("folder");
        std::fs::create_dir(&folder).unwrap();
        let provider = provider(&host, &plugin, &service, name, grant, folder);
        Self { dir, service, lines, audit, host, provider, journal: Arc::default(), cluster: None }
    }

    /// Runs one operation of one batch, with orders for that operation.
    pub(crate) async fn call(&self, operation: &'static str, orders: &Json, names: &[&str]) -> Answers {
        let mut orders = orders.clone();
        orders["in"] = operation.into();
        self.run(operation, &Value::from(orders), names).await
    }

    async fn run(&self, operation: &'static str, config: &Value, names: &[&str]) -> Answers {
        let mut config = config.clone();
        if let Some(cluster) = &self.cluster {
            let mut members = config.as_map().cloned().unwrap_or_default();
            members.entry("cluster".to_owned()).or_insert_with(|| Value::from(cluster.as_str()).secret());
            config = Value::Map(members);
        }
        let call = Call { stack: "stack", run: "run-1", config: &config };
        let kind = KindName::new(format!("{}/thing", self.provider.kinds().keys().next().unwrap().plugin()));
        let object = |name: &str| Object { id: name.to_owned(), inputs: inputs(name), outputs: outputs() };
        let mutation = |name: &str| Mutation {
            op: OpId::new(format!("op-{name}")),
            kind: kind.clone(),
            address: Address::new(name),
            checkpoint: None,
            planned: vec![ObjectKey {
                group: String::new(),
                kind: "ConfigMap".to_owned(),
                namespace: Some("red".to_owned()),
                name: name.to_owned(),
            }],
        };
        let address = |name: &&str| Address::new(*name);
        let journal = Arc::clone(&self.journal) as Arc<dyn Journal>;
        let provider = &self.provider;
        macro_rules! each {
            ($name:ident => $request:expr) => {
                names.iter().map(|$name| $request).collect::<Vec<_>>()
            };
        }
        match operation {
            "check" => {
                let requests =
                    each!(name => CheckRequest { kind: kind.clone(), address: address(name), inputs: inputs(name) });
                let first = |mut problems: Vec<Problem>| problems.remove(0);
                Ok(provider.check(&call, requests).await?.into_iter().map(|o| o.map(drop).map_err(first)).collect())
            }
            "diff" => {
                let requests = each!(name => DiffRequest { kind: kind.clone(), address: address(name), prior: object(name), inputs: inputs(name) });
                Ok(provider.diff(&call, requests).await?.into_iter().map(|o| o.map(drop)).collect())
            }
            "preview" => {
                let requests = each!(name => PreviewRequest { kind: kind.clone(), address: address(name), inputs: inputs(name), prior: None });
                Ok(provider.preview(&call, requests).await?.into_iter().map(|o| o.map(drop)).collect())
            }
            "find" => {
                let token = Token::new(LOOKED_BACK);
                let requests = each!(name => FindRequest { kind: kind.clone(), address: address(name), inputs: inputs(name), token: token.clone(), checkpoint: None, planned: Some(mutation(name).planned) });
                let said = |outcome| if let FindOutcome::Failed(problem) = outcome { Err(problem) } else { Ok(()) };
                Ok(provider.find(&call, requests).await?.into_iter().map(said).collect())
            }
            "read" => {
                let requests = each!(name => ReadRequest { kind: kind.clone(), address: address(name), prior: object(name), ephemeral: Vec::new() });
                let said = |outcome| if let ReadOutcome::Failed(problem) = outcome { Err(problem) } else { Ok(()) };
                Ok(provider.read(&call, requests).await?.into_iter().map(said).collect())
            }
            "create" => {
                let token = Token::new(LOOKED_BACK);
                let requests = each!(name => CreateRequest { mutation: mutation(name), inputs: inputs(name), token: token.clone(), id: None });
                Ok(provider.create(&call, &journal, requests).await?.into_iter().map(done).collect())
            }
            "update" => {
                let requests = each!(name => UpdateRequest { mutation: mutation(name), inputs: inputs(name), prior: object(name), changed: vec!["size".to_owned()] });
                Ok(provider.update(&call, &journal, requests).await?.into_iter().map(done).collect())
            }
            "delete" => {
                let requests = each!(name => DeleteRequest { mutation: mutation(name), prior: object(name) });
                Ok(provider.delete(&call, &journal, requests).await?.into_iter().map(done).collect())
            }
            other => panic!("{other} is no operation"),
        }
    }

    /// The call is denied with this code, under this rule if one came near; the audit log has the
    /// line, nothing was changed, and the next call is served.
    pub(crate) async fn refused(
        &self,
        operation: &'static str,
        orders: &Json,
        names: &[&str],
        code: &str,
        rule: Option<&str>,
    ) -> Problem {
        let (before, writes) = (self.log().await.len(), self.service.writes());
        let answers = self.call(operation, orders, names).await.unwrap();
        assert_eq!(answers.len(), names.len());
        let mut problems: Vec<Problem> = answers.into_iter().map(Result::unwrap_err).collect();
        for problem in &problems {
            assert_eq!((problem.class, problem.code.as_str()), (Class::Denied, code), "{problem:?}");
            let named = rule.is_none_or(|rule| problem.message.contains(&format!("`{rule}`")));
            assert!(named, "the rule {rule:?} is not named: {problem:?}");
        }
        let log = self.log().await;
        let line = log[before..].iter().find(|line| line["outcome"] == "denied").expect("a line in the audit log");
        let said = [&line["code"], &line["operation"], &line["plugin"], &line["run"]];
        assert_eq!(said, [code, operation, "red", "run-1"], "{line}");
        assert_eq!(line["rule"].as_str(), rule, "{line}");
        assert_eq!(line["addresses"], json!(names), "{line}");
        assert_eq!(self.service.writes(), writes, "nothing was changed");
        self.serves_the_next_call().await;
        problems.remove(0)
    }

    /// The guest is stopped, as a limit, a trap or a breach of the contract; the audit log has the
    /// line, and the next call is served.
    pub(crate) async fn stopped(
        &self,
        operation: &'static str,
        orders: &Json,
        names: &[&str],
        how: &str,
        says: &str,
    ) -> CallError {
        let error = self.call(operation, orders, names).await.unwrap_err();
        self.was_stopped(&error, operation, how, says).await;
        self.serves_the_next_call().await;
        error
    }

    /// The error is of this kind and says this, and so does the audit log.
    pub(crate) async fn was_stopped(&self, error: &CallError, operation: &str, how: &str, says: &str) {
        let kind = match error {
            CallError::Trap { .. } => "trap",
            CallError::Limit { .. } => "limit",
            CallError::Contract { .. } => "contract",
            CallError::Host { .. } => "host",
        };
        let text = error.to_string();
        assert_eq!(kind, how, "{text}");
        assert!(text.contains(says), "{text}");
        let log = self.log().await;
        let line = log.iter().rfind(|line| line["interface"] == "provider").expect("a line in the audit log");
        assert_eq!([&line["outcome"], &line["code"], &line["operation"]], ["failed", how, operation], "{line}");
        assert!(line["summary"].as_str().unwrap().contains(says), "{line}");
    }

    /// The same plugin in the same host makes a thing, with its secret at the sink.
    pub(crate) async fn serves_the_next_call(&self) {
        let answers = self.run("create", &Value::Null, &["next"]).await.unwrap();
        assert!(matches!(answers[..], [Ok(())]), "{answers:?}");
        assert!(self.service.has("next"));
        let last = self.log().await.pop().unwrap();
        assert_eq!([&last["outcome"], &last["rule"]], ["answered", "create-thing"], "{last}");
    }

    /// The audit log, whose chain holds and which has no secret in it.
    pub(crate) async fn log(&self) -> Vec<Json> {
        self.audit.flush().await.unwrap();
        let path = self.dir.path().join("audit.jsonl");
        let Ok(text) = std::fs::read_to_string(&path) else { return Vec::new() };
        audit::verify(&path).unwrap();
        assert!(!text.contains(TOKEN) && !text.contains(SECRET), "{text}");
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// What the operator saw.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.0.lock().unwrap().clone()
    }

    /// The writes that the journal announced.
    pub(crate) fn announced(&self) -> Vec<String> {
        let entries = self.journal.0.lock().unwrap();
        entries
            .iter()
            .filter_map(|e| if let Entry::Call { summary, .. } = e { Some(summary.clone()) } else { None })
            .collect()
    }
}

fn done<T>(outcome: Outcome<T>) -> Result<(), Problem> {
    match outcome {
        Outcome::Done(_) | Outcome::Pending(_) => Ok(()),
        Outcome::Failed(problem) => Err(problem),
    }
}

fn inputs(name: &str) -> Value {
    let mut inputs = maps_engine::value::Map::new();
    inputs.insert("name".to_owned(), Value::from(name));
    inputs.insert("size".to_owned(), Value::from(json!(1)));
    inputs.insert("secret".to_owned(), Value::from(SECRET).secret());
    Value::Map(inputs)
}

fn outputs() -> Value {
    Value::from(json!({"token": LOOKED_BACK}))
}

fn provider(
    host: &Host,
    plugin: &Arc<Plugin>,
    service: &Service,
    name: &str,
    grant: Option<&Json>,
    folder: PathBuf,
) -> Arc<dyn Provider> {
    let effective = Arc::new(Effective::meet(&plugin.inspection().manifest, grant).unwrap());
    let hosts = HOSTS.map(|host| (host.to_owned(), service.at));
    let transport = Transport::rehearsal(hosts, service.ca.clone(), Faults::default()).unwrap();
    let credential = BoundCredential::text(Value::from(TOKEN).secret(), vec![HOSTS[0].to_owned()]);
    let credentials = [("api".to_owned(), credential)].into();
    let http =
        HttpCapability::new(Arc::clone(&effective), credentials, transport, Arc::new(Stopped), http_limits()).unwrap();
    let used = PluginUse { name: PluginName::new(name), effective, http: Some(Arc::new(http)), folder: Some(folder) };
    host.provider(plugin, used).unwrap()
}

/// Compiled once for all tests, since that costs more than all of them.
fn cache() -> PathBuf {
    static WARM: Once = Once::new();
    let cache = maps_tests::component("test-cache").with_extension("").join("redteam");
    WARM.call_once(|| {
        let dir = tempfile::tempdir().unwrap();
        let audit = Audit::at(dir.path().join("audit.jsonl"));
        let observer = Arc::new(Lines::default());
        let host =
            Host::new(HostOptions { cache_dir: Some(cache.clone()), limits: limits(), observer, audit }).unwrap();
        host.load(&guest("red")).unwrap();
    });
    cache
}
