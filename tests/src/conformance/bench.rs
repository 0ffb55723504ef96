//! The place of one trial: a local cloud, a host, a plugin, and hands that do what the engine does.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};

use maps_engine::capability::Effective;
use maps_engine::journal::OpKind;
use maps_engine::provider::{
    CheckOutcome, CheckRequest, CreateRequest, DeleteRequest, FindOutcome, FindRequest, Mutation, Object, Outcome,
    Pending, ReadOutcome, ReadRequest, UpdateRequest,
};
use maps_engine::schema::KindSchema;
use maps_engine::{Address, Call, Journal, OpId, Provider, Token, Value};
use maps_rehearsal::{Cloud, Exchange, Options, Running};
use maps_runtime::audit::Audit;
use maps_runtime::capability::http::{BoundCredential, HttpCapability, HttpLimits};
use maps_runtime::egress::Transport;
use maps_runtime::fault::Faults;
use maps_runtime::limits::Limits;
use maps_runtime::{Host, HostOptions, PluginUse};
use tempfile::TempDir;

use super::clock::CloudClock;
use super::fixture::Subject;
use super::ledger::{Heard, Ledger};
use super::{exchanges, needs, place};

/// More rounds than this is an operation that does not end.
pub(super) const MOST_ROUNDS: usize = 500;
/// A text that is shorter is too ordinary to be looked for.
const SECRET_LENGTH: usize = 16;

/// One object, from before it is made until after it is gone.
#[derive(Clone, Debug)]
pub struct Being {
    /// Its resource.
    pub address: Address,
    /// What it is made with.
    pub token: Token,
    /// As it should be, checked.
    pub inputs: Value,
}

/// Where one kind is tried. [`Bench::close`] holds what was recorded against what must never be.
pub struct Bench {
    /// Its own folder.
    pub dir: TempDir,
    /// The cloud's time.
    pub clock: Arc<CloudClock>,
    /// The plugin.
    pub provider: Arc<dyn Provider>,
    pub(crate) heard: Arc<Heard>,
    pub(crate) ledger: Arc<Ledger>,
    subject: Subject,
    config: Value,
    cloud: Running,
    exchanges: Mutex<Receiver<Exchange>>,
    audit: Arc<Audit>,
    secrets: Mutex<Vec<String>>,
}

impl Bench {
    /// Starts a cloud and gives the plugin its role, with all that its manifest declares.
    pub async fn set_up(subject: &Subject) -> Self {
        let dir = TempDir::with_prefix("maps-conformance-").expect("a temporary folder can be made");
        let (sender, exchanges) = std::sync::mpsc::channel();
        let options = Options { exchanges: Some(sender), ..Options::new(dir.path().join("cloud")) };
        let cloud = Cloud::start(options).await.expect("a cloud");
        let file = cloud.file();
        let clock = Arc::new(CloudClock::of(file));
        let heard = Arc::new(Heard::default());
        let audit = Audit::at(dir.path().join("audit.jsonl"));
        let host = Host::new(HostOptions {
            // Compiled once for all tests, since a compilation costs more than a trial.
            cache_dir: Some(crate::component("test-cache/maps").with_extension("")),
            limits: Limits::default(),
            observer: Arc::clone(&heard) as _,
            audit: Arc::clone(&audit),
        });
        let host = host.expect("a sandbox");
        let plugin = host.load_file(&subject.component).expect("the packaged plugin");
        let effective = Arc::new(Effective::meet(&plugin.inspection().manifest, None).expect("all that is declared"));

        let planted = serde_json::to_value(&file.credentials).expect("credentials are JSON");
        let hosts: Vec<String> = file.hosts.keys().cloned().collect();
        let mut secrets = Vec::new();
        let mut credentials = BTreeMap::new();
        for (asked, given) in &subject.fixture.credentials {
            let token = planted[given]["token"].as_str().expect("a credential of the local cloud").to_owned();
            let value = Value::from(token.as_str()).secret();
            credentials.insert(asked.clone(), BoundCredential { value, hosts: hosts.clone() });
            secrets.push(token);
        }
        let addresses = file.hosts.iter().map(|(host, at)| (host.clone(), at.parse().expect("an address")));
        let authority = std::fs::read(&file.ca).expect("the cloud's authority");
        let transport = Transport::rehearsal(addresses, authority, Faults::new(Vec::new())).expect("loopback");
        let http = (!effective.http.is_empty()).then(|| {
            let clock = Arc::clone(&clock) as _;
            let http =
                HttpCapability::new(Arc::clone(&effective), credentials, transport, clock, HttpLimits::default());
            Arc::new(http.expect("a client"))
        });
        let used = PluginUse { name: plugin.name().clone(), effective, http };
        let provider = host.provider(&plugin, used).expect("the plugin in its role");
        let mut bench = Self {
            clock,
            provider,
            heard,
            ledger: Arc::default(),
            subject: subject.clone(),
            config: Value::from(serde_json::Value::Object(subject.fixture.config.clone())),
            cloud,
            exchanges: Mutex::new(exchanges),
            audit,
            secrets: Mutex::new(secrets),
            dir,
        };
        let ids = needs::meet(&bench).await;
        bench.subject.fixture = bench.subject.fixture.given(&ids);
        // The laws count what is done for their own objects.
        bench.ledger = Arc::default();
        bench
    }

    /// What is tried, with the ids of what it needs.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Ends the trial. Whatever it was about: nothing was tried that is not granted, the audit log
    /// is whole, no secret is in it or was said, and what went over the wire is what the service
    /// documents.
    pub async fn close(self) {
        self.audit.flush().await.expect("the audit log can be written");
        let log = std::fs::read_to_string(self.dir.path().join("audit.jsonl")).unwrap_or_default();
        let denied = log.lines().find(|line| line.contains("\"outcome\":\"denied\""));
        assert_eq!(denied, None, "a call that is not granted");
        if !log.is_empty() {
            maps_runtime::audit::verify(&self.dir.path().join("audit.jsonl")).expect("a whole audit log");
        }
        self.keeps_secrets(&log, "the audit log");
        self.keeps_secrets(&self.heard.all(), "what the plugin said");
        self.keeps_secrets(&self.ledger.calls().join("\n"), "the journal");
        self.cloud.shutdown().await.expect("the cloud stops");
        let exchanges = self.exchanges.into_inner().unwrap_or_else(PoisonError::into_inner);
        exchanges::check(exchanges.try_iter());
    }

    /// What went over the wire so far; each exchange is told once.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner).try_iter().collect()
    }

    /// Fails if a known secret is in the text.
    pub fn keeps_secrets(&self, text: &str, place: &str) {
        for secret in self.secrets.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            assert!(!text.contains(secret.as_str()), "a secret is in {place}");
        }
    }

    /// Learns a secret, to look for it everywhere from now on.
    pub fn learn_secret(&self, value: &Value) {
        let revealed = value.clone().revealed();
        let mut texts = Vec::new();
        place::clear_texts(&revealed, &mut texts);
        let texts = texts.into_iter().filter(|text| text.len() >= SECRET_LENGTH).map(str::to_owned);
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).extend(texts);
    }

    /// What exists in the cloud, without ids and times.
    pub fn inventory(&self) -> serde_json::Value {
        maps_rehearsal::inventory(&self.cloud_dir()).expect("an inventory")
    }

    fn cloud_dir(&self) -> std::path::PathBuf {
        let dir: &Path = self.cloud.dir();
        dir.to_path_buf()
    }

    /// The kind's schema.
    pub fn schema(&self) -> &KindSchema {
        &self.provider.kinds()[&self.subject.kind]
    }

    /// What is the same for every request.
    pub fn call(&self) -> Call<'_> {
        Call { stack: "conformance", run: "run", config: &self.config }
    }

    pub(super) fn journal(&self) -> Arc<dyn Journal> {
        Arc::clone(&self.ledger) as _
    }

    /// What a check makes of inputs.
    pub async fn check(&self, inputs: &Value) -> CheckOutcome {
        self.check_all(vec![inputs.clone()]).await.remove(0)
    }

    /// What a check makes of several inputs at once.
    pub async fn check_all(&self, inputs: Vec<Value>) -> Vec<CheckOutcome> {
        let kind = &self.subject.kind;
        let request = |(index, inputs)| CheckRequest { kind: kind.clone(), address: address(index), inputs };
        let requests = inputs.into_iter().enumerate().map(request).collect();
        self.provider.check(&self.call(), requests).await.expect("an answer to check")
    }

    /// An object that can be made beside others: number `index` of this trial.
    pub async fn being(&self, index: usize, inputs: Value) -> Being {
        let Value::Map(mut inputs) = inputs else { panic!("inputs are a map") };
        let unique = &self.subject.fixture.unique;
        let text = inputs.get(unique).and_then(Value::as_str).expect("the unique input is a text");
        let text = format!("{text}-{index}");
        inputs.insert(unique.clone(), Value::from(text));
        let inputs = self.check(&Value::Map(inputs)).await.expect("inputs that pass");
        let inputs = self.schema().inputs.mark_secrets(inputs);
        Being { address: address(index), token: Token::new(format!("{:032x}", 0xC0FFEE + index)), inputs }
    }

    /// The being with other inputs, under the same name.
    pub async fn changed(&self, being: &Being, index: usize, inputs: Value) -> Being {
        Being { inputs: self.being(index, inputs).await.inputs, ..being.clone() }
    }

    fn mutation(&self, being: &Being, does: OpKind, checkpoint: Option<Value>) -> Mutation {
        let op = OpId::new(format!("{does:?}-{}", being.address).to_lowercase());
        Mutation { op, kind: self.subject.kind.clone(), address: being.address.clone(), checkpoint }
    }

    /// The request of a create.
    pub fn create_request(&self, being: &Being, from: Option<&Pending>) -> CreateRequest {
        CreateRequest {
            mutation: self.mutation(being, OpKind::Create, from.map(|pending| pending.checkpoint.clone())),
            inputs: being.inputs.clone(),
            token: being.token.clone(),
            id: from.and_then(|pending| pending.id.clone()),
        }
    }

    /// The request of a delete.
    pub fn delete_request(&self, being: &Being, prior: &Object, from: Option<&Pending>) -> DeleteRequest {
        let checkpoint = from.map(|pending| pending.checkpoint.clone());
        DeleteRequest { mutation: self.mutation(being, OpKind::Delete, checkpoint), prior: prior.clone() }
    }

    /// One round of creates.
    pub async fn create(&self, requests: Vec<CreateRequest>) -> Vec<Outcome<Object>> {
        let outcomes = self.provider.create(&self.call(), &self.journal(), requests).await;
        let outcomes = outcomes.expect("an answer to create");
        outcomes.iter().for_each(|outcome| self.look_over(outcome));
        outcomes
    }

    /// One round of an update.
    pub async fn update(&self, being: &Being, prior: &Object, from: Option<&Pending>) -> Outcome<Object> {
        let changed = maps_engine::diff::diff(&self.schema().inputs, &prior.inputs, &being.inputs, None);
        let request = UpdateRequest {
            mutation: self.mutation(being, OpKind::Update, from.map(|pending| pending.checkpoint.clone())),
            inputs: being.inputs.clone(),
            prior: prior.clone(),
            changed: changed.into_iter().map(|field| field.path).collect(),
        };
        let outcomes = self.provider.update(&self.call(), &self.journal(), vec![request]).await;
        let outcome = outcomes.expect("an answer to update").remove(0);
        self.look_over(&outcome);
        outcome
    }

    /// One round of deletes.
    pub async fn delete(&self, requests: Vec<DeleteRequest>) -> Vec<Outcome<()>> {
        let outcomes = self.provider.delete(&self.call(), &self.journal(), requests).await;
        outcomes.expect("an answer to delete")
    }

    /// Makes it, or goes on making it, to the end.
    pub async fn make(&self, being: &Being, mut from: Option<Pending>) -> Object {
        for _ in 0..MOST_ROUNDS {
            match self.create(vec![self.create_request(being, from.as_ref())]).await.remove(0) {
                Outcome::Done(object) => return object,
                Outcome::Pending(pending) => from = Some(self.waited(pending).await),
                Outcome::Failed(problem) => panic!("create fails: {problem}"),
            }
        }
        panic!("create does not end");
    }

    /// Changes it, or goes on changing it, to the end.
    pub async fn change(&self, being: &Being, prior: &Object, mut from: Option<Pending>) -> Object {
        for _ in 0..MOST_ROUNDS {
            match self.update(being, prior, from.as_ref()).await {
                Outcome::Done(object) => return object,
                Outcome::Pending(pending) => from = Some(self.waited(pending).await),
                Outcome::Failed(problem) => panic!("update fails: {problem}"),
            }
        }
        panic!("update does not end");
    }

    /// Removes it, or goes on removing it, to the end.
    pub async fn remove(&self, being: &Being, prior: &Object, mut from: Option<Pending>) {
        for _ in 0..MOST_ROUNDS {
            match self.delete(vec![self.delete_request(being, prior, from.as_ref())]).await.remove(0) {
                Outcome::Done(()) => return,
                Outcome::Pending(pending) => from = Some(self.waited(pending).await),
                Outcome::Failed(problem) => panic!("delete fails: {problem}"),
            }
        }
        panic!("delete does not end");
    }

    /// A pending outcome, once its time has come.
    pub async fn waited(&self, pending: Pending) -> Pending {
        assert!(!pending.checkpoint.has_unknown(), "a checkpoint that is not known: {pending:?}");
        self.clock.advance(pending.retry_after_ms).await;
        pending
    }

    /// Reads objects in one call.
    pub async fn read_all(&self, these: &[(&Being, &Object)], ephemeral: &[String]) -> Vec<ReadOutcome> {
        let request = |(being, prior): &(&Being, &Object)| ReadRequest {
            kind: self.subject.kind.clone(),
            address: being.address.clone(),
            prior: (*prior).clone(),
            ephemeral: ephemeral.to_vec(),
        };
        let outcomes = self.provider.read(&self.call(), these.iter().map(request).collect()).await;
        outcomes.expect("an answer to read")
    }

    /// Reads an object that must be there, without what is ephemeral.
    pub async fn here(&self, being: &Being, prior: &Object) -> Object {
        match self.read_all(&[(being, prior)], &[]).await.remove(0) {
            ReadOutcome::Found(object) => {
                self.look_over(&Outcome::Done(object.clone()));
                object
            }
            other => panic!("{} is not found: {other:?}", being.address),
        }
    }

    /// Looks for objects by their tokens, in one call.
    pub async fn find_all(&self, these: &[(&Being, &Token)]) -> Vec<FindOutcome> {
        let request = |(being, token): &(&Being, &Token)| FindRequest {
            kind: self.subject.kind.clone(),
            address: being.address.clone(),
            inputs: being.inputs.clone(),
            token: (*token).clone(),
        };
        let outcomes = self.provider.find(&self.call(), these.iter().map(request).collect()).await;
        outcomes.expect("an answer to find")
    }

    /// What holds of every object that an operation answers with: all of it is known, no secret is
    /// in clear, and nothing ephemeral comes unasked.
    fn look_over(&self, outcome: &Outcome<Object>) {
        let Outcome::Done(object) = outcome else { return };
        assert!(!object.id.is_empty(), "an object without an id");
        assert!(!object.inputs.has_unknown() && !object.outputs.has_unknown(), "still unknown: {object:?}");
        let mut texts = Vec::new();
        place::clear_texts(&object.inputs, &mut texts);
        place::clear_texts(&object.outputs, &mut texts);
        self.keeps_secrets(&texts.join("\n"), "an object, in clear");
        for name in self.schema().ephemeral_outputs() {
            let there = object.outputs.get(name).is_some_and(|value| !matches!(value, Value::Null));
            assert!(!there, "nobody asked for {name}");
        }
    }
}

fn address(index: usize) -> Address {
    Address::new(format!("subject-{index}"))
}
