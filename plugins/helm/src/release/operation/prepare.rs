//! From what is wanted to the record of the version that is to be deployed, and to what must be there before it.

use std::collections::BTreeSet;

use maps_kube_objects::id::Key;
use maps_sdk::{Class, Problem, clock, random};
use serde_json::{Value, json};

use super::super::apply;
use super::super::content::{self, Content, Ground, Version};
use super::super::flow::{Flow, SOON_MS, note};
use super::super::history;
use super::super::model::{Checkpoint, Inputs, Stage};
use super::super::moment::Moment;
use super::super::objects::{self, Item};
use super::super::record::{Facts, Info, Mark, Record, Release, status};
use super::{Operation, SERVER_SIDE, timeout};

/// What is found of the release before a version of it is made.
enum Found {
    /// A version to go on with, or another program's to wait for.
    UnderWay(Flow),
    /// Nothing is in the way of a new version; a pending one that nobody is at any more is told to have failed.
    Free(Option<Box<Record>>),
}

impl Operation<'_> {
    pub(super) fn prepare(&mut self) -> Result<Flow, Problem> {
        let ground = content::ground(self.task.inputs)?;
        let latest = self.history.latest().cloned();
        let interrupted = match &latest {
            Some(latest) => match self.find(latest, &ground)? {
                Found::UnderWay(flow) => return Ok(flow),
                Found::Free(left) => left,
            },
            None => None,
        };
        let version = Version {
            revision: latest.as_ref().map_or(1, |latest| latest.release.version + 1),
            is_upgrade: latest.as_ref().is_some_and(|latest| latest.status() != status::UNINSTALLED),
        };
        let (sources, digest) = (ground.sources.clone(), ground.digest.clone());
        let mut warnings = Vec::new();
        let content = ground.render(&self.task.cluster, &self.task.private, version, &mut warnings)?;
        for warning in &warnings {
            maps_sdk::warn!("{}: {warning}", self.task.address);
        }
        if let Some(flow) = self.ground(&content.definitions, version.is_upgrade)? {
            return Ok(flow);
        }
        let items = self.wanted(&content, version)?;
        let mark = self.mark(&content, sources, digest)?;
        let record = self.record_of(content, mark, version, latest);
        if let Some(left) = interrupted.as_deref() {
            history::write(&self.task.cluster, self.task.step, &[left])?;
        }
        self.begin(record, items)
    }

    /// Looks at the version that is there.
    fn find(&mut self, latest: &Record, ground: &Ground) -> Result<Found, Problem> {
        let inputs = self.task.inputs;
        self.check_owner(latest)?;
        let same = self.is_ours(latest) && latest.mark.as_ref().is_some_and(|mark| mark.inputs == ground.digest);
        let revision = latest.release.version;
        if !latest.is_pending() {
            if same && latest.status() == status::DEPLOYED && !self.restores() {
                // All of it was done by a run that did not come to say so.
                self.checkpoint.revision = revision;
                self.checkpoint.enter(Stage::Wait);
                self.record = latest.clone();
                return Ok(Found::UnderWay(Flow::On));
            }
            return Ok(Found::Free(None));
        }
        if same && latest.status() != status::PENDING_ROLLBACK {
            maps_sdk::warn!("{}: goes on with version {revision}, which was interrupted", self.task.address);
            let progress = latest.mark.as_ref().map_or("", |mark| mark.progress.as_str());
            self.checkpoint = Checkpoint::of_progress(revision, progress);
            self.record = latest.clone();
            return Ok(Found::UnderWay(Flow::On));
        }
        // Whoever else is at it may still be: a pending version is Helm's lock. One that is older than any operation
        // takes is nobody's any more.
        let age = (clock::now() / 1000).saturating_sub(latest.modified).saturating_mul(1000);
        if !self.is_ours(latest) && age < timeout(inputs) && self.checkpoint.taken.ms() < timeout(inputs) {
            let note = format!("another program is at version {revision} ({})", latest.status());
            return Ok(Found::UnderWay(Flow::Wait(5 * SOON_MS, note)));
        }
        maps_sdk::warn!("{}: version {revision} was left {}", self.task.address, latest.status());
        let mut left = latest.clone();
        left.set(status::FAILED, format!("interrupted as {}", latest.status()));
        Ok(Found::Free(Some(Box::new(left))))
    }

    /// The objects of a version, none of which is somebody else's.
    fn wanted(&self, content: &Content, version: Version) -> Result<Vec<Item>, Problem> {
        let inputs = self.task.inputs;
        let items = objects::items(content.objects.clone(), &self.task.cluster, &inputs.namespace)?;
        if !inputs.take_ownership {
            let before = self.history.before(version.revision).map(|record| record.release.manifest.as_str());
            let known = apply::stored(&self.task.cluster, before, &inputs.namespace)?;
            let known: BTreeSet<Key> = known.iter().map(|item| item.id.key()).collect();
            apply::check_owners(&self.task.cluster, &items, &known, self.of())?;
        }
        Ok(items)
    }

    /// Whose a version is and what it was made from.
    fn mark(&self, content: &Content, sources: String, inputs: String) -> Result<Mark, Problem> {
        let private_notes =
            has_sealed(self.task.inputs) || (content.drew && content.again(&self.task.cluster)?.1 != content.notes);
        Ok(Mark {
            stack: self.task.context.stack.clone(),
            address: self.task.address.to_owned(),
            inputs,
            content: fresh(),
            progress: String::new(),
            facts: Facts {
                origin: content.origin.clone(),
                digest: content.digest.clone(),
                pins: content.pins.clone(),
                sources,
                private_notes,
            },
        })
    }

    /// The record of a version that is about to be made, after the latest there is.
    fn record_of(&self, content: Content, mark: Mark, version: Version, latest: Option<Record>) -> Record {
        let inputs = self.task.inputs;
        let Version { revision, is_upgrade } = version;
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
        let mut labels = latest.map(|latest| latest.labels).unwrap_or_default();
        labels.extend(inputs.labels.clone());
        let release = Release {
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
        Record { release, labels, mark: Some(mark), modified: 0 }
    }

    /// Makes the record of a version, and goes on with it.
    pub(super) fn begin(&mut self, record: Record, items: Vec<Item>) -> Result<Flow, Problem> {
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
}

/// What tells one installed content from another.
fn fresh() -> String {
    random::bytes(16).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Is anything secret among what the user sets?
fn has_sealed(inputs: &Inputs) -> bool {
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
