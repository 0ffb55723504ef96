//! Installs, upgrades and rolls back: from what is wanted to a version of the release that is deployed.
//!
//! The record of the version is the truth about an operation: it is made before anything else of the release, holds
//! what is applied, and says what came of it. Whoever goes on, in the same run or in one after a crash, goes by it.

use std::collections::{BTreeMap, BTreeSet};

use maps_kube_objects::cluster::fetch;
use maps_kube_objects::id::{Key, ObjectId};
use maps_kube_objects::taken::{Taken, duration};
use maps_sdk::kube::Cluster;
use maps_sdk::{Class, Context, Outcome, Problem, Progress, Resource, Step, clock, random};
use serde_json::{Value, json};

use super::Release;
use super::apply::{self, Force};
use super::content::{self, Version};
use super::difference;
use super::flow::{Flow, SOON_MS, note, passes, settled};
use super::history::{self, History};
use super::hooks::{self, Desk};
use super::model::{Checkpoint, FILES, Failure, Inputs, RELEASE, Stage};
use super::moment::Moment;
use super::objects::{self, Item, Of};
use super::record::{Facts, Info, Mark, Record, status};
use super::seen::outputs;
use super::uninstall;

/// The field manager of Helm's server-side apply, which the host sets for this plugin.
pub(crate) const MANAGER: &str = "helm";
/// How Helm calls server-side apply in a record.
const SERVER_SIDE: &str = "ssa";
/// How long an operation takes whose timeout cannot be read, which a check has refused.
const TIMEOUT_MS: u64 = 300_000;

/// One create or update.
pub(super) struct Task<'a> {
    pub(super) context: &'a Context,
    pub(super) step: Step,
    pub(super) address: &'a str,
    pub(super) inputs: &'a Inputs,
    /// The inputs of an update that differ.
    pub(super) changed: &'a [String],
    /// What a refresh told to have been changed by others.
    pub(super) drifted: Option<&'a BTreeMap<String, String>>,
    pub(super) private: Vec<String>,
    pub(super) cluster: Cluster,
    pub(super) checkpoint: Option<&'a Checkpoint>,
}

/// A task on its way.
struct Operation<'a> {
    task: &'a Task<'a>,
    history: History,
    checkpoint: Checkpoint,
    /// The version that is made; empty before it is there.
    record: Record,
    /// Its objects, once they are known.
    items: Option<Vec<Item>>,
    /// They as they are, once they were looked at.
    lives: Option<Vec<Option<Value>>>,
}

/// Goes on as far as it can without waiting.
pub(super) fn run(task: &Task<'_>) -> Outcome<Release> {
    let inputs = task.inputs;
    let history = History::read(&task.cluster, &inputs.namespace, &inputs.name)?;
    let first = || Checkpoint { taken: Taken::begin(), ..Checkpoint::default() };
    let mut checkpoint = task.checkpoint.cloned().unwrap_or_else(first);
    let record = match history.at(checkpoint.revision) {
        Some(record) => record.clone(),
        None if checkpoint.stage == Stage::Undo => Record::default(),
        None => {
            // Its record is gone, and with it whatever was under way: it begins again.
            if checkpoint.revision > 0 {
                checkpoint = first();
            }
            Record::default()
        }
    };
    Operation { task, history, checkpoint, record, items: None, lives: None }.run()
}

/// How long an operation may take, in milliseconds.
pub(super) fn timeout(inputs: &Inputs) -> u64 {
    duration(&inputs.timeout).unwrap_or(TIMEOUT_MS)
}

/// What tells one installed content from another.
fn fresh() -> String {
    random::bytes(16).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl<'a> Operation<'a> {
    fn desk(&self) -> Desk<'a> {
        Desk { cluster: &self.task.cluster, step: self.task.step }
    }

    fn of(&self) -> Of<'a> {
        Of { name: &self.task.inputs.name, namespace: &self.task.inputs.namespace }
    }

    fn run(mut self) -> Outcome<Release> {
        loop {
            let flow = match self.checkpoint.stage {
                Stage::Prepare => self.prepare(),
                Stage::Before => self.hooks("pre", Stage::Apply),
                Stage::Apply => self.apply(),
                Stage::Wait => self.wait(),
                Stage::After => self.hooks("post", Stage::Record),
                Stage::Record => match self.finish() {
                    Ok(_) if self.checkpoint.failure.is_some() => {
                        let back = format!("it was rolled back ({})", self.record.release.info.description);
                        return Err(self.told(&back));
                    }
                    Ok(resource) => return Ok(Progress::Done(resource)),
                    Err(problem) => Err(problem),
                },
                Stage::Undo => match self.undo() {
                    Ok(Flow::On) => return Err(self.told("it was uninstalled")),
                    flow => flow,
                },
            };
            match flow {
                Ok(Flow::On) => {}
                Ok(Flow::Wait(ms, note)) => return Ok(self.pending(ms, note)),
                Err(problem) => match self.failed(problem)? {
                    Flow::On => {}
                    Flow::Wait(ms, note) => return Ok(self.pending(ms, note)),
                },
            }
        }
    }

    fn pending(mut self, ms: u64, note: String) -> Progress<Resource<Release>, Checkpoint> {
        self.checkpoint.taken = self.checkpoint.taken.and(ms);
        Progress::pending(self.checkpoint, ms).id(self.task.inputs.id()).note(note)
    }

    /// Is a version one that this resource made?
    fn is_ours(&self, record: &Record) -> bool {
        let is = |mark: &Mark| mark.stack == self.task.context.stack && mark.address == self.task.address;
        record.mark.as_ref().is_some_and(is)
    }

    fn prepare(&mut self) -> Result<Flow, Problem> {
        let inputs = self.task.inputs;
        let ground = content::ground(inputs)?;
        let latest = self.history.latest().cloned();
        let mut interrupted = None;
        if let Some(latest) = &latest {
            self.check_owner(latest)?;
            let same = self.is_ours(latest) && latest.mark.as_ref().is_some_and(|mark| mark.inputs == ground.digest);
            let revision = latest.release.version;
            if latest.is_pending() {
                if same && latest.status() != status::PENDING_ROLLBACK {
                    maps_sdk::warn!("{}: goes on with version {revision}, which was interrupted", self.task.address);
                    let progress = latest.mark.as_ref().map_or("", |mark| mark.progress.as_str());
                    self.checkpoint = Checkpoint::of_progress(revision, progress);
                    self.record = latest.clone();
                    return Ok(Flow::On);
                }
                // Whoever else is at it may still be: a pending version is Helm's lock. One that is older than any
                // operation takes is nobody's any more.
                let age = (clock::now() / 1000).saturating_sub(latest.modified).saturating_mul(1000);
                if !self.is_ours(latest) && age < timeout(inputs) && self.checkpoint.taken.ms() < timeout(inputs) {
                    let note = format!("another program is at version {revision} ({})", latest.status());
                    return Ok(Flow::Wait(5 * SOON_MS, note));
                }
                maps_sdk::warn!("{}: version {revision} was left {}", self.task.address, latest.status());
                let mut left = latest.clone();
                left.set(status::FAILED, format!("interrupted as {}", latest.status()));
                interrupted = Some(left);
            } else if same && latest.status() == status::DEPLOYED && !self.restores() {
                // All of it was done by a run that did not come to say so.
                self.checkpoint.revision = revision;
                self.checkpoint.enter(Stage::Wait);
                self.record = latest.clone();
                return Ok(Flow::On);
            }
        }
        let is_upgrade = latest.as_ref().is_some_and(|latest| latest.status() != status::UNINSTALLED);
        let revision = latest.as_ref().map_or(1, |latest| latest.release.version + 1);
        let (sources, digest) = (ground.sources.clone(), ground.digest.clone());
        let mut warnings = Vec::new();
        let version = Version { revision, is_upgrade };
        let content = ground.render(&self.task.cluster, &self.task.private, version, &mut warnings)?;
        for warning in &warnings {
            maps_sdk::warn!("{}: {warning}", self.task.address);
        }
        if let Some(flow) = self.ground(&content.definitions, is_upgrade)? {
            return Ok(flow);
        }
        let items = objects::items(content.objects.clone(), &self.task.cluster, &inputs.namespace)?;
        if !inputs.take_ownership {
            let before = self.history.before(revision).map(|record| record.release.manifest.as_str());
            let known = apply::stored(&self.task.cluster, before, &inputs.namespace)?;
            let known: BTreeSet<Key> = known.iter().map(|item| item.id.key()).collect();
            apply::check_owners(&self.task.cluster, &items, &known, self.of())?;
        }
        let private_notes =
            has_sealed(inputs) || (content.drew && content.again(&self.task.cluster)?.1 != content.notes);
        let now = Moment::of_ms(clock::now()).rfc3339();
        let mut first = self.history.records.iter().map(|record| record.release.info.first_deployed.clone());
        let first = first.rfind(|first| is_upgrade && !first.is_empty());
        let (status, description) = match is_upgrade {
            true => (status::PENDING_UPGRADE, "Preparing upgrade"),
            false => (status::PENDING_INSTALL, "Initial install underway"),
        };
        let info = Info {
            first_deployed: first.unwrap_or_else(|| now.clone()),
            last_deployed: now,
            deleted: String::new(),
            description: description.to_owned(),
            status: status.to_owned(),
            notes: content.notes,
        };
        let facts =
            Facts { origin: content.origin, digest: content.digest, pins: content.pins, sources, private_notes };
        let mark = Mark {
            stack: self.task.context.stack.clone(),
            address: self.task.address.to_owned(),
            inputs: digest,
            content: fresh(),
            progress: String::new(),
            facts,
        };
        let mut labels = latest.map(|latest| latest.labels).unwrap_or_default();
        labels.extend(inputs.labels.clone());
        let release = super::record::Release {
            name: inputs.name.clone(),
            info,
            chart: content.chart,
            config: content.config,
            manifest: content.manifest,
            hooks: Some(content.hooks),
            version: revision,
            namespace: inputs.namespace.clone(),
            apply_method: SERVER_SIDE.to_owned(),
        };
        let record = Record { release, labels, mark: Some(mark), modified: 0 };
        if let Some(left) = &interrupted {
            history::write(&self.task.cluster, self.task.step, &[left])?;
        }
        self.begin(record, items)
    }

    /// Makes the record of a version, and goes on with it.
    fn begin(&mut self, record: Record, items: Vec<Item>) -> Result<Flow, Problem> {
        let inputs = self.task.inputs;
        match history::create(&self.task.cluster, self.task.step, &record) {
            Ok(()) => {}
            Err(problem) if problem.code == "already-exists" => {
                let note = format!("another program has just made version {}", record.release.version);
                return Ok(Flow::Wait(SOON_MS, note));
            }
            Err(problem) => return Err(problem),
        }
        let surplus = self.history.surplus(inputs.history_max);
        history::delete(&self.task.cluster, self.task.step, &inputs.namespace, &inputs.name, &surplus)?;
        self.history.records.retain(|record| !surplus.contains(&record.release.version));
        self.checkpoint.revision = record.release.version;
        self.checkpoint.enter(Stage::Before);
        (self.record, self.items, self.lives) = (record, Some(items), None);
        Ok(Flow::On)
    }

    /// A release of another resource or stack is not taken unasked.
    fn check_owner(&self, latest: &Record) -> Result<(), Problem> {
        let Some(mark) = &latest.mark else { return Ok(()) };
        if self.is_ours(latest) || self.task.inputs.take_ownership || latest.status() == status::UNINSTALLED {
            return Ok(());
        }
        let Inputs { name, namespace, .. } = self.task.inputs;
        let message =
            format!("the release {name} in {namespace} belongs to \"{}\" of the stack {}", mark.address, mark.stack);
        Err(Problem::new(Class::Conflict, "release-of-another", message)
            .at("name")
            .help("give the release another name, or take it with `take_ownership: true`"))
    }

    /// The namespace, and the definitions of `crds/`, which are only ever made.
    fn ground(&self, definitions: &[Value], is_upgrade: bool) -> Result<Option<Flow>, Problem> {
        let inputs = self.task.inputs;
        let mut absent = Vec::new();
        if inputs.create_namespace {
            let name = &inputs.namespace;
            let metadata = json!({"name": name, "labels": {"name": name}});
            absent.push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}));
        }
        let installs = !inputs.skip_crds && !is_upgrade;
        if installs {
            absent.extend(definitions.iter().cloned());
        }
        if absent.is_empty() {
            return Ok(None);
        }
        let items = objects::items(absent, &self.task.cluster, &inputs.namespace)?;
        apply::make_absent(self.desk(), &items)?;
        let defined: Vec<Item> = items.into_iter().filter(|item| item.id.kind == "CustomResourceDefinition").collect();
        let waits = apply::not_established(&self.task.cluster, &defined)?;
        if waits.is_empty() {
            return Ok(None);
        }
        if self.checkpoint.taken.ms() >= timeout(inputs) {
            return Err(Problem::internal("timed-out", note(&waits)));
        }
        Ok(Some(Flow::Wait(SOON_MS, note(&waits))))
    }

    /// Did the plan say that what others changed is put back?
    fn restores(&self) -> bool {
        !self.restored().is_empty()
    }

    /// The names of the objects that others changed, as the plan showed them. That there is another version, or that
    /// there are other files, is for the record to tell.
    fn restored(&self) -> BTreeSet<String> {
        let planned = self.task.changed.iter().any(|path| path.starts_with("changed"));
        let shown = self.task.drifted.filter(|_| planned).into_iter().flat_map(|changed| changed.keys());
        let objects = shown.map(|told| difference::object_of(told)).filter(|name| !matches!(*name, RELEASE | FILES));
        objects.map(str::to_owned).collect()
    }

    fn event(&self) -> &'static str {
        match self.record.status() {
            status::PENDING_INSTALL => "install",
            status::PENDING_ROLLBACK => "rollback",
            _ => "upgrade",
        }
    }

    fn hooks(&mut self, when: &str, next: Stage) -> Result<Flow, Problem> {
        // What is deployed already has run them.
        if !self.task.inputs.disable_hooks && self.record.is_pending() {
            let event = format!("{when}-{}", self.event());
            let desk = self.desk();
            if self.checkpoint.taken.ms() >= timeout(self.task.inputs) {
                let message = format!("the {event} hooks are not done within {}", self.task.inputs.timeout);
                return Err(Problem::internal("timed-out", message));
            }
            match hooks::run(desk, &mut self.record, &event, &mut self.checkpoint)? {
                Flow::On => {}
                wait => return Ok(wait),
            }
        }
        self.checkpoint.enter(next);
        Ok(Flow::On)
    }

    fn items(&mut self) -> Result<Vec<Item>, Problem> {
        if let Some(items) = &self.items {
            return Ok(items.clone());
        }
        let manifest = std::iter::once(self.record.release.manifest.as_str());
        let items = apply::stored(&self.task.cluster, manifest, &self.task.inputs.namespace)?;
        self.items = Some(items.clone());
        Ok(items)
    }

    fn apply(&mut self) -> Result<Flow, Problem> {
        let items = self.items()?;
        let revision = self.record.release.version;
        // A release that was applied on the client's side has an owner of another sort in every field.
        let by_client = self.history.before(revision).any(|record| record.release.apply_method != SERVER_SIDE);
        let all = self.task.inputs.force_conflicts || by_client;
        let force = if all { Force::All } else { Force::Of(self.restored()) };
        let (desk, of) = (self.desk(), self.of());
        match apply::apply(desk, &items, of, &force, &mut self.checkpoint)? {
            Flow::On => {}
            wait => return Ok(wait),
        }
        let before = self.history.before(revision).map(|record| record.release.manifest.as_str());
        let before = apply::stored(&self.task.cluster, before, &self.task.inputs.namespace)?;
        apply::prune(desk, before, &items, of)?;
        self.lives = None;
        self.checkpoint.enter(Stage::Wait);
        Ok(Flow::On)
    }

    fn lives(&mut self) -> Result<Vec<Option<Value>>, Problem> {
        if let Some(lives) = self.lives.take() {
            return Ok(lives);
        }
        let ids: Vec<ObjectId> = self.items()?.into_iter().map(|item| item.id).collect();
        fetch(&self.task.cluster, &ids).into_iter().collect()
    }

    fn wait(&mut self) -> Result<Flow, Problem> {
        let inputs = self.task.inputs;
        if inputs.wait {
            let (items, lives) = (self.items()?, self.lives()?);
            let unready = apply::unready(&items, &lives, inputs, &self.checkpoint);
            let failed = unready.iter().any(|one| one.failed);
            if failed || (!unready.is_empty() && self.checkpoint.taken.ms() >= timeout(inputs)) {
                return Err(apply::not_ready(&self.task.cluster, &unready, &inputs.timeout));
            }
            if !unready.is_empty() {
                let all: Vec<String> = unready.iter().map(super::flow::Unready::told).collect();
                return Ok(Flow::Wait(super::flow::RETRY_MS, note(&all)));
            }
            self.lives = Some(lives);
        }
        self.checkpoint.enter(Stage::After);
        Ok(Flow::On)
    }

    /// The version is deployed, and those before it are no longer.
    fn finish(&mut self) -> Result<Resource<Release>, Problem> {
        let inputs = self.task.inputs;
        let made = self.record.is_pending();
        if made {
            let described = match self.record.status() {
                _ if !inputs.description.is_empty() && self.checkpoint.failure.is_none() => inputs.description.clone(),
                status::PENDING_INSTALL => "Install complete".to_owned(),
                status::PENDING_ROLLBACK => self.record.release.info.description.clone(),
                _ => "Upgrade complete".to_owned(),
            };
            self.record.set(status::DEPLOYED, described);
            if let Some(mark) = &mut self.record.mark {
                mark.progress = String::new();
            }
        }
        let revision = self.record.release.version;
        let mut before: Vec<Record> = self.history.records.clone();
        before.retain(|record| record.release.version != revision && record.status() == status::DEPLOYED);
        for record in &mut before {
            record.release.info.status = status::SUPERSEDED.to_owned();
        }
        // A run that died between these writes leaves two that are deployed, which the next one mends.
        let all: Vec<&Record> = Some(&self.record).filter(|_| made).into_iter().chain(&before).collect();
        history::write(&self.task.cluster, self.task.step, &all)?;
        let (items, lives) = (self.items()?, self.lives()?);
        let outputs = outputs(&self.task.cluster, &self.record, &items, &lives)?;
        let inputs = Inputs { changed: BTreeMap::new(), ..inputs.clone() };
        Ok(Resource { id: inputs.id(), inputs, outputs })
    }

    /// What is made of a problem: it passes, the release failed, or it goes back.
    fn failed(&mut self, problem: Problem) -> Result<Flow, Problem> {
        let inputs = self.task.inputs;
        if passes(&problem) && self.checkpoint.taken.ms() < timeout(inputs) {
            let ms = problem.retry_after_ms.unwrap_or(super::flow::RETRY_MS);
            return Ok(Flow::Wait(ms, problem.message));
        }
        let stage = self.checkpoint.stage;
        let undoing = matches!(stage, Stage::Prepare | Stage::Undo | Stage::Record) || !self.record.is_pending();
        if undoing {
            return Err(self.with_cause(problem));
        }
        let event = self.event();
        let shown = match event {
            "install" => "Release".to_owned(),
            event => format!("{}{}", event[..1].to_uppercase(), &event[1..]),
        };
        let description = format!("{shown} {:?} failed: {}", inputs.name, problem.message);
        self.record.set(status::FAILED, description);
        // What is told is why it failed, not that this could not be written down too.
        let written = history::write(&self.task.cluster, self.task.step, &[&self.record]);
        if let Some(there) = self.history.records.iter_mut().find(|r| r.release.version == self.record.release.version)
        {
            there.clone_from(&self.record);
        } else {
            self.history.records.push(self.record.clone());
        }
        if written.is_err() {
            return Err(self.with_cause(problem));
        }
        // It is known and written down what came of it: nothing is to be gone on with, or tried once more as it was.
        let problem = Problem { class: settled(problem.class), ..problem };
        if !inputs.rollback_on_failure || self.checkpoint.failure.is_some() {
            return Err(self.with_cause(problem));
        }
        let invalid = problem.class == Class::Invalid;
        self.checkpoint.failure = Some(Failure { code: problem.code, message: problem.message, invalid });
        match event {
            "install" => {
                self.checkpoint.enter(Stage::Undo);
                Ok(Flow::On)
            }
            _ => self.go_back().map_err(|problem| self.with_cause(problem)),
        }
    }

    /// Makes a version like the last one that was deployed.
    fn go_back(&mut self) -> Result<Flow, Problem> {
        let Some(target) = self.history.successful().cloned() else {
            let message = "there is no version to go back to: none was ever deployed wholly";
            return Err(Problem::internal("no-version", message));
        };
        let last = self.record.release.version;
        let to = target.release.version;
        let Record { mut release, labels, mark, .. } = target;
        release.info = Info {
            first_deployed: self.record.release.info.first_deployed.clone(),
            last_deployed: Moment::of_ms(clock::now()).rfc3339(),
            deleted: String::new(),
            description: format!("Rollback to {to}"),
            status: status::PENDING_ROLLBACK.to_owned(),
            notes: release.info.notes,
        };
        release.version = last + 1;
        release.apply_method = SERVER_SIDE.to_owned();
        let mark = mark.map(|mark| Mark { progress: String::new(), ..mark });
        let record = Record { release, labels, mark, modified: 0 };
        let manifest = std::iter::once(record.release.manifest.as_str());
        let items = apply::stored(&self.task.cluster, manifest, &self.task.inputs.namespace)?;
        self.begin(record, items)
    }

    /// Takes away what an installation that failed has left.
    fn undo(&mut self) -> Result<Flow, Problem> {
        let history = History::read(&self.task.cluster, &self.task.inputs.namespace, &self.task.inputs.name)?;
        uninstall::run(self.desk(), &history, self.task.inputs, &mut self.checkpoint, false)
    }

    /// Why it failed, and what was done about it.
    fn told(&self, what: &str) -> Problem {
        let Failure { code, message, invalid } = self.checkpoint.failure.clone().unwrap_or_else(|| Failure {
            code: "failed".to_owned(),
            message: "the operation failed".to_owned(),
            invalid: false,
        });
        let class = if invalid { Class::Invalid } else { Class::Conflict };
        Problem::new(class, code, format!("{message}; {what}"))
            .help("`rollback_on_failure: false` leaves what failed as it is, to be looked at")
    }

    fn with_cause(&self, mut problem: Problem) -> Problem {
        if let Some(cause) = &self.checkpoint.failure {
            problem.message = format!("{}; and going back failed: {}", cause.message, problem.message);
        } else if problem.help.is_none() && !matches!(self.checkpoint.stage, Stage::Prepare) {
            let help = "what was applied stays; mend it and run again, or let `rollback_on_failure: true` take it back";
            problem = problem.help(help);
        }
        problem
    }
}

/// Is anything secret among what the user sets?
pub(crate) fn has_sealed(inputs: &Inputs) -> bool {
    fn within(value: &Value) -> bool {
        match value {
            Value::Object(map) => maps_kube_objects::is_sealed(value) || map.values().any(within),
            Value::Array(items) => items.iter().any(within),
            _ => false,
        }
    }
    let values = serde_json::to_value((&inputs.values, &inputs.set)).unwrap_or_default();
    within(&values)
}
