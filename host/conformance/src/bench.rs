//! The place of one trial: a cloud, a host, a plugin, and hands that do what the engine does.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use maps_engine::capability::{Effective, ObjectKey};
use maps_engine::journal::OpKind;
use maps_engine::provider::{
    CheckOutcome, CheckRequest, CreateRequest, DeleteRequest, FindOutcome, FindRequest, Mutation, Object, Outcome,
    Pending, PreviewRequest, ReadOutcome, ReadRequest, UpdateRequest,
};
use maps_engine::schema::KindSchema;
use maps_engine::{Address, Call, CallError, Journal, KindName, OpId, Provider, Token, Value};
use maps_runtime::audit::Audit;
use maps_runtime::capability::http::{HttpCapability, HttpLimits};
use maps_runtime::limits::Limits;
use maps_runtime::{Host, HostOptions, PluginUse};
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::clock::CloudClock;
use crate::fixture::{Fixture, Subject};
use crate::ledger::{Heard, Ledger};
use crate::needs::{self, Needed};
use crate::place;
use crate::setup::{Ready, Setup, Standing};
use crate::verdict::{Kept, Stop, broken, ensure, untried};

/// More rounds than this is an operation that does not end.
pub(crate) const MOST_ROUNDS: usize = 500;
/// A text that is shorter is too ordinary to be looked for.
const SECRET_LENGTH: usize = 16;
/// How many trials this process has made: a fake keeps what an earlier one left.
static TRIALS: AtomicUsize = AtomicUsize::new(0);

/// One object, from before it is made until after it is gone.
#[derive(Clone, Debug)]
pub(crate) struct Being {
    /// Its resource.
    pub(crate) address: Address,
    /// What it is made with.
    pub(crate) token: Token,
    /// As it should be, checked.
    pub(crate) inputs: Value,
    /// The objects that its preview named, which are what it may write.
    pub(crate) planned: Vec<ObjectKey>,
    /// Where its making last was, if it said so.
    pub(crate) checkpoint: Option<Value>,
}

impl Being {
    /// The same, with its making where it was when it last said so.
    pub(crate) fn at(&self, last: Option<&Pending>) -> Self {
        Self { checkpoint: last.map(|pending| pending.checkpoint.clone()), ..self.clone() }
    }
}

/// What exists in the cloud, without ids and times; nothing where nobody can tell.
pub(crate) type Inventory = Option<Json>;

/// Where one kind is tried. [`Bench::close`] holds what was recorded against what must never be.
pub(crate) struct Bench {
    /// Its own folder.
    pub(crate) dir: TempDir,
    /// The cloud's time.
    pub(crate) clock: Arc<CloudClock>,
    /// The plugin.
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) heard: Arc<Heard>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) subject: Subject,
    /// The plugin's, with what the cloud puts into it.
    pub(crate) config: Value,
    standing: Standing,
    audit: Arc<Audit>,
    secrets: Mutex<Vec<String>>,
    trial: usize,
    /// An inventory was asked for that nobody could tell.
    unseen: AtomicBool,
    needed: BTreeMap<String, Needed>,
}

impl Bench {
    /// Starts a cloud and gives the plugin its role, with all that its manifest declares.
    pub(crate) async fn set_up(subject: &Subject, setup: &Setup) -> Kept<Self> {
        let dir = TempDir::with_prefix("maps-conformance-").map_err(untried("no temporary folder can be made"))?;
        let heard = Arc::new(Heard::default());
        let audit = Audit::at(dir.path().join("audit.jsonl"));
        let host = Host::new(HostOptions {
            cache_dir: setup.cache_dir.clone(),
            limits: Limits::default(),
            observer: Arc::clone(&heard) as _,
            audit: Arc::clone(&audit),
        });
        let host = host.map_err(untried("there is no sandbox"))?;
        let plugin = host.load(&subject.component).map_err(untried("the plugin cannot be loaded"))?;
        let manifest = &plugin.inspection().manifest;
        let effective = Effective::meet(manifest, None).map_err(untried("the manifest cannot be granted"))?;
        let ready = setup.peer.ready(dir.path().join("cloud"), manifest, &subject.fixture).await?;
        let Ready { standing, clock, transport, credentials, secrets, kubeconfig } = ready;
        let clock = Arc::new(clock);
        let effective = Arc::new(effective.with_credentials(|name| credentials.contains_key(name)));
        let http = match effective.rules.is_empty() {
            true => None,
            false => {
                let clock = Arc::clone(&clock) as _;
                let limits = HttpLimits::default();
                let http = HttpCapability::new(Arc::clone(&effective), credentials, transport, clock, limits);
                Some(Arc::new(http.map_err(untried("no client can be made"))?))
            }
        };
        let used = PluginUse { name: plugin.name().clone(), effective, http, folder: subject.folder.clone() };
        let provider = host.provider(&plugin, used).map_err(untried("the plugin cannot play its role"))?;
        let mut bench = Self {
            clock,
            provider,
            heard,
            ledger: Arc::default(),
            subject: subject.clone(),
            config: subject.fixture.config(kubeconfig.as_deref()),
            standing,
            audit,
            secrets: Mutex::new(secrets),
            trial: TRIALS.fetch_add(1, Ordering::SeqCst),
            unseen: AtomicBool::new(false),
            needed: BTreeMap::new(),
            dir,
        };
        bench.needed = needs::meet(&bench).await?;
        bench.subject.fixture = bench.subject.fixture.clone().given(&needs::ids(&bench.needed));
        if bench.fixture().wants_cluster() {
            // A cluster has nothing in it before it was asked for the first time.
            let being = bench.being(0, bench.fixture().with(None)).await?;
            bench.find_all(&[(&being, &being.token)]).await?;
        }
        // The laws count what is done for their own objects.
        bench.ledger = Arc::default();
        Ok(bench)
    }

    /// Removes what was made for the trial from a cloud that stays.
    pub(crate) async fn give_back(&self) -> Kept {
        if !self.has_inventory() {
            for needed in self.needed.values() {
                needs::give_back(self, needed).await?;
            }
        }
        Ok(())
    }

    /// Ends the trial. Whatever it was about: nothing was tried that is not granted, the audit log
    /// is whole, and no secret is in it or was said. Answers whether everything could be seen.
    pub(crate) async fn close(self) -> Kept<bool> {
        self.clock.has_run()?;
        self.audit.flush().await.map_err(untried("the audit log cannot be written"))?;
        let path = self.dir.path().join("audit.jsonl");
        let log = std::fs::read_to_string(&path).unwrap_or_default();
        if let Some(denied) = log.lines().find(|line| line.contains("\"outcome\":\"denied\"")) {
            return Err(broken!("a call was denied, since the manifest declares no such rule: {denied}"));
        }
        if !log.is_empty() {
            maps_runtime::audit::verify(&path).map_err(untried("the audit log is damaged"))?;
        }
        self.keeps_secrets(&log, "the audit log")?;
        self.keeps_secrets(&self.heard.all(), "what the plugin logged")?;
        self.keeps_secrets(&self.ledger.calls().join("\n"), "the journal")?;
        if let Standing::Local(cloud) = self.standing {
            cloud.shutdown().await.map_err(untried("the local cloud does not stop"))?;
        }
        Ok(!self.unseen.load(Ordering::SeqCst))
    }

    /// The kind's fixture.
    pub(crate) fn fixture(&self) -> &Fixture {
        &self.subject.fixture
    }

    /// A known secret must not be in the text.
    pub(crate) fn keeps_secrets(&self, text: &str, place: &str) -> Kept {
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = !secrets.iter().any(|secret| text.contains(secret.as_str()));
        ensure!(kept, "a secret is in {place}");
        Ok(())
    }

    /// Learns a secret, to look for it everywhere from now on.
    pub(crate) fn learn_secret(&self, value: &Value) {
        let revealed = value.clone().revealed();
        let mut texts = Vec::new();
        place::clear_texts(&revealed, &mut texts);
        let texts = texts.into_iter().filter(|text| text.len() >= SECRET_LENGTH).map(str::to_owned);
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).extend(texts);
    }

    /// Can anybody tell what exists?
    pub(crate) fn has_inventory(&self) -> bool {
        matches!(self.standing, Standing::Local(_))
    }

    /// What exists in the cloud.
    pub(crate) fn inventory(&self) -> Kept<Inventory> {
        match &self.standing {
            Standing::Local(cloud) => {
                maps_rehearsal::inventory(cloud.dir()).map(Some).map_err(untried("there is no inventory"))
            }
            Standing::Fake => {
                self.unseen.store(true, Ordering::SeqCst);
                Ok(None)
            }
        }
    }

    /// What exists is still this.
    pub(crate) fn is_still(&self, before: &Inventory, otherwise: &str) -> Kept {
        let now = self.inventory()?;
        let shown = |inventory: &Inventory| inventory.as_ref().map(Json::to_string).unwrap_or_default();
        ensure!(now == *before, "{otherwise}: before {}, after {}", shown(before), shown(&now));
        Ok(())
    }

    /// What exists is no longer this.
    pub(crate) fn is_no_longer(&self, before: &Inventory, otherwise: &str) -> Kept {
        let now = self.inventory()?;
        ensure!(now.is_none() || now != *before, "{otherwise}");
        Ok(())
    }

    /// The kind's schema.
    pub(crate) fn schema(&self) -> Kept<&KindSchema> {
        let missing = || Stop::Untried(format!("the plugin has no kind {}", self.subject.kind));
        self.provider.kinds().get(&self.subject.kind).ok_or_else(missing)
    }

    /// Lets the kind's settle time pass.
    pub(crate) async fn settle(&self) -> Kept {
        self.clock.advance(self.schema()?.settle_ms).await
    }

    pub(crate) fn call(&self) -> Call<'_> {
        Call { stack: "conformance", run: "run", config: &self.config }
    }

    pub(crate) fn journal(&self) -> Arc<dyn Journal> {
        Arc::clone(&self.ledger) as _
    }

    /// What a check makes of inputs.
    pub(crate) async fn check(&self, inputs: &Value) -> Kept<CheckOutcome> {
        only(self.check_all(vec![inputs.clone()]).await?)
    }

    /// Inputs that must pass a check, as the check leaves them.
    pub(crate) async fn passes(&self, inputs: &Value) -> Kept<Value> {
        self.check(inputs).await?.map_err(|problems| {
            let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
            broken!("check refuses {}: {}", shown(inputs), told.join("; "))
        })
    }

    /// What a check makes of several inputs at once.
    pub(crate) async fn check_all(&self, inputs: Vec<Value>) -> Kept<Vec<CheckOutcome>> {
        let (kind, schema) = (&self.subject.kind, &self.schema()?.inputs);
        let request = |(index, inputs)| {
            // As from a stack: what is secret is so before anybody looks at it.
            let inputs = schema.mark_secrets(inputs);
            CheckRequest { kind: kind.clone(), address: address(index), inputs }
        };
        let requests = inputs.into_iter().enumerate().map(request).collect();
        answered("check", self.provider.check(&self.call(), requests).await)
    }

    /// Inputs that collide with nothing that an earlier trial left in a fake.
    pub(crate) fn apart(&self, inputs: Value) -> Value {
        if self.has_inventory() { inputs } else { self.renamed(inputs, &format!("t{}", self.trial)) }
    }

    fn renamed(&self, inputs: Value, suffix: &str) -> Value {
        let Value::Map(mut inputs) = inputs else { return inputs };
        let Some(unique) = &self.fixture().unique else { return Value::Map(inputs) };
        if let Some(text) = inputs.get(unique).and_then(Value::as_str) {
            // Of a domain name the first label, so that it stays in its domain.
            let text = match text.split_once('.') {
                Some((first, rest)) => format!("{first}-{suffix}.{rest}"),
                None => format!("{text}-{suffix}"),
            };
            inputs.insert(unique.clone(), Value::from(text));
        }
        Value::Map(inputs)
    }

    /// A token of this trial's own.
    pub(crate) fn token(&self, number: usize) -> Token {
        Token::new(format!("{:016x}{number:016x}", self.trial))
    }

    /// An object that can be made beside others: number `index` of this trial.
    pub(crate) async fn being(&self, index: usize, inputs: Value) -> Kept<Being> {
        self.wanted(index, inputs, None).await
    }

    async fn wanted(&self, index: usize, inputs: Value, prior: Option<&Object>) -> Kept<Being> {
        let inputs = self.renamed(self.apart(inputs), &index.to_string());
        let inputs = self.schema()?.inputs.mark_secrets(self.passes(&inputs).await?);
        let token = self.token(0xC0FFEE + index);
        let planned = self.planned(&self.subject.kind, &address(index), &inputs, prior).await?;
        Ok(Being { address: address(index), token, inputs, planned, checkpoint: None })
    }

    /// The being with other inputs, under the same name; `made` is the object, if it is there already.
    pub(crate) async fn changed(
        &self,
        being: &Being,
        index: usize,
        inputs: Value,
        made: Option<&Object>,
    ) -> Kept<Being> {
        let Being { inputs, planned, .. } = self.wanted(index, inputs, made).await?;
        Ok(Being { inputs, planned, ..being.clone() })
    }

    /// The objects that a kind with a preview says it will write: the engine asks before each mutation.
    pub(crate) async fn planned(
        &self,
        kind: &KindName,
        address: &Address,
        inputs: &Value,
        prior: Option<&Object>,
    ) -> Kept<Vec<ObjectKey>> {
        if !self.provider.kinds().get(kind).is_some_and(|schema| schema.previews) || inputs.has_unknown() {
            return Ok(Vec::new());
        }
        let (kind, address, inputs) = (kind.clone(), address.clone(), inputs.clone());
        let request = PreviewRequest { kind, address, inputs, prior: prior.cloned() };
        let preview = only(answered("preview", self.provider.preview(&self.call(), vec![request]).await)?)?;
        let keys = preview.and_then(|preview| preview.keys());
        keys.map_err(|problem| broken!("preview refuses what check passed: {problem}"))
    }

    fn mutation(&self, being: &Being, does: OpKind, checkpoint: Option<Value>) -> Mutation {
        let op = OpId::new(format!("{does:?}-{}", being.address).to_lowercase());
        let (kind, planned) = (self.subject.kind.clone(), being.planned.clone());
        Mutation { op, kind, address: being.address.clone(), checkpoint, planned }
    }

    /// The request of a create.
    pub(crate) fn create_request(&self, being: &Being, from: Option<&Pending>) -> CreateRequest {
        CreateRequest {
            mutation: self.mutation(being, OpKind::Create, from.map(|pending| pending.checkpoint.clone())),
            inputs: being.inputs.clone(),
            token: being.token.clone(),
            id: from.and_then(|pending| pending.id.clone()),
        }
    }

    /// The request of a delete.
    pub(crate) fn delete_request(&self, being: &Being, prior: &Object, from: Option<&Pending>) -> DeleteRequest {
        let checkpoint = from.map(|pending| pending.checkpoint.clone());
        DeleteRequest { mutation: self.mutation(being, OpKind::Delete, checkpoint), prior: prior.clone() }
    }

    /// One round of creates.
    pub(crate) async fn create(&self, requests: Vec<CreateRequest>) -> Kept<Vec<Outcome<Object>>> {
        let outcomes = self.provider.create(&self.call(), &self.journal(), requests).await;
        let outcomes = answered("create", outcomes)?;
        outcomes.iter().try_for_each(|outcome| self.look_over(outcome))?;
        Ok(outcomes)
    }

    /// One round of an update.
    pub(crate) async fn update(&self, being: &Being, prior: &Object, from: Option<&Pending>) -> Kept<Outcome<Object>> {
        let changed = maps_engine::diff::diff(&self.schema()?.inputs, &prior.inputs, &being.inputs, None);
        let request = UpdateRequest {
            mutation: self.mutation(being, OpKind::Update, from.map(|pending| pending.checkpoint.clone())),
            inputs: being.inputs.clone(),
            prior: prior.clone(),
            changed: changed.into_iter().map(|field| field.path).collect(),
        };
        let outcomes = self.provider.update(&self.call(), &self.journal(), vec![request]).await;
        let outcome = only(answered("update", outcomes)?)?;
        self.look_over(&outcome)?;
        Ok(outcome)
    }

    /// One round of deletes.
    pub(crate) async fn delete(&self, requests: Vec<DeleteRequest>) -> Kept<Vec<Outcome<()>>> {
        answered("delete", self.provider.delete(&self.call(), &self.journal(), requests).await)
    }

    /// Makes it, or goes on making it, to the end.
    pub(crate) async fn make(&self, being: &Being, from: Option<Pending>) -> Kept<Object> {
        Ok(self.make_and_recall(being, from).await?.0)
    }

    /// The same; the being that comes back knows where its making last was.
    pub(crate) async fn make_and_recall(&self, being: &Being, mut from: Option<Pending>) -> Kept<(Object, Being)> {
        for _ in 0..MOST_ROUNDS {
            match only(self.create(vec![self.create_request(being, from.as_ref())]).await?)? {
                Outcome::Done(object) => return Ok((object, being.at(from.as_ref()))),
                Outcome::Pending(pending) => from = Some(self.waited(pending).await?),
                Outcome::Failed(problem) => return Err(broken!("create fails: {problem}")),
            }
        }
        Err(broken!("create does not end"))
    }

    /// Changes it, or goes on changing it, to the end.
    pub(crate) async fn change(&self, being: &Being, prior: &Object, mut from: Option<Pending>) -> Kept<Object> {
        for _ in 0..MOST_ROUNDS {
            match self.update(being, prior, from.as_ref()).await? {
                Outcome::Done(object) => return Ok(object),
                Outcome::Pending(pending) => from = Some(self.waited(pending).await?),
                Outcome::Failed(problem) => return Err(broken!("update fails: {problem}")),
            }
        }
        Err(broken!("update does not end"))
    }

    /// Removes it, or goes on removing it, to the end.
    pub(crate) async fn remove(&self, being: &Being, prior: &Object, mut from: Option<Pending>) -> Kept {
        for _ in 0..MOST_ROUNDS {
            match only(self.delete(vec![self.delete_request(being, prior, from.as_ref())]).await?)? {
                Outcome::Done(()) => return Ok(()),
                Outcome::Pending(pending) => from = Some(self.waited(pending).await?),
                Outcome::Failed(problem) => return Err(broken!("delete fails: {problem}")),
            }
        }
        Err(broken!("delete does not end"))
    }

    /// A pending outcome, once its time has come.
    pub(crate) async fn waited(&self, pending: Pending) -> Kept<Pending> {
        ensure!(!pending.checkpoint.has_unknown(), "a checkpoint holds what is not known");
        self.clock.advance(pending.retry_after_ms).await?;
        Ok(pending)
    }

    /// Reads objects in one call.
    pub(crate) async fn read_all(&self, these: &[(&Being, &Object)], ephemeral: &[String]) -> Kept<Vec<ReadOutcome>> {
        let request = |(being, prior): &(&Being, &Object)| ReadRequest {
            kind: self.subject.kind.clone(),
            address: being.address.clone(),
            prior: (*prior).clone(),
            ephemeral: ephemeral.to_vec(),
        };
        answered("read", self.provider.read(&self.call(), these.iter().map(request).collect()).await)
    }

    /// Reads an object.
    pub(crate) async fn read(&self, being: &Being, prior: &Object, ephemeral: &[String]) -> Kept<ReadOutcome> {
        only(self.read_all(&[(being, prior)], ephemeral).await?)
    }

    /// Reads an object that must be there, without what is ephemeral.
    pub(crate) async fn here(&self, being: &Being, prior: &Object) -> Kept<Object> {
        match self.read(being, prior, &[]).await? {
            ReadOutcome::Found(object) => {
                self.look_over(&Outcome::Done(object.clone()))?;
                Ok(object)
            }
            ReadOutcome::Absent => Err(broken!("it was made, and read tells that it is not there")),
            ReadOutcome::Failed(problem) => Err(broken!("read fails: {problem}")),
        }
    }

    /// Looks for objects by their tokens, in one call.
    pub(crate) async fn find_all(&self, these: &[(&Being, &Token)]) -> Kept<Vec<FindOutcome>> {
        let request = |(being, token): &(&Being, &Token)| FindRequest {
            kind: self.subject.kind.clone(),
            address: being.address.clone(),
            inputs: being.inputs.clone(),
            token: (*token).clone(),
            checkpoint: being.checkpoint.clone(),
            planned: None,
        };
        answered("find", self.provider.find(&self.call(), these.iter().map(request).collect()).await)
    }

    /// What holds of every object that an operation answers with: all of it is known, no secret is
    /// in clear, and nothing ephemeral comes unasked.
    fn look_over(&self, outcome: &Outcome<Object>) -> Kept {
        let Outcome::Done(object) = outcome else { return Ok(()) };
        ensure!(!object.id.is_empty(), "an object comes without an id");
        let known = !object.inputs.has_unknown() && !object.outputs.has_unknown();
        ensure!(known, "something is still unknown in what was made: {}", shown(&object.outputs));
        let mut texts = Vec::new();
        place::clear_texts(&object.inputs, &mut texts);
        place::clear_texts(&object.outputs, &mut texts);
        self.keeps_secrets(&texts.join("\n"), "an object, in clear")?;
        for name in self.schema()?.ephemeral_outputs() {
            let there = object.outputs.get(name).is_some_and(|value| !matches!(value, Value::Null));
            ensure!(!there, "nobody asked for the ephemeral output {name}, and it comes");
        }
        Ok(())
    }
}

/// The answer to a call that the plugin must have finished.
pub(crate) fn answered<T>(operation: &str, answer: Result<Vec<T>, CallError>) -> Kept<Vec<T>> {
    answer.map_err(|error| match error {
        CallError::Host { message } => Stop::Untried(message),
        stopped => broken!("{operation} has no answer: {stopped}"),
    })
}

/// The answer to a batch of one.
pub(crate) fn only<T>(mut answers: Vec<T>) -> Kept<T> {
    match (answers.pop(), answers.is_empty()) {
        (Some(answer), true) => Ok(answer),
        _ => Err(broken!("one request has no answer, or more than one")),
    }
}

/// A value for people; secrets stay hidden.
pub(crate) fn shown(value: &Value) -> String {
    format!("{value:?}")
}

fn address(index: usize) -> Address {
    Address::new(format!("subject-{index}"))
}

/// The folder in which a law keeps state.
pub(crate) fn state_dir(bench: &Bench) -> PathBuf {
    bench.dir.path().join("state/conformance")
}
