//! Installs, upgrades and rolls back: from what is wanted to a version of the release that is deployed.
//!
//! The record of the version is the truth about an operation: it is made before anything else of the release, holds
//! what is applied, and says what came of it. Whoever goes on, in the same run or in one after a crash, goes by it.

use std::collections::{BTreeMap, BTreeSet};

use maps_kube_objects::cluster::fetch;
use maps_kube_objects::id::ObjectId;
use maps_kube_objects::taken::{Taken, duration};
use maps_sdk::kube::Cluster;
use maps_sdk::{Context, Outcome, Problem, Progress, Resource, Step};
use serde_json::Value;

use super::Release;
use super::apply::{self, Force};
use super::difference;
use super::flow::{Flow, RETRY_MS, Unready, note};
use super::history::{self, History};
use super::hooks::{self, Desk};
use super::model::{Checkpoint, FILES, Inputs, RELEASE, Stage};
use super::objects::{Item, Of};
use super::record::{Mark, Record, status};
use super::seen::outputs;

mod failure;
mod prepare;

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
                let all: Vec<String> = unready.iter().map(Unready::told).collect();
                return Ok(Flow::Wait(RETRY_MS, note(&all)));
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
}
