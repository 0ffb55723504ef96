//! Survey: what became of interrupted operations, and what every object is like now. Reads only.
//!
//! Plugins come in rounds: a plugin whose config refers to a resource (a cluster's kubeconfig) is
//! asked after that resource was read. Within a round, reads are batched by kind.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::journal::{Ended, Entry, OpKind, Recorded};
use crate::name::{Address, PluginName};
use crate::plan::Reason;
use crate::problem::Problem;
use crate::provider::{Object, ReadOutcome, ReadRequest};
use crate::recover::{self, Resume, record};
use crate::session::{Asked, Failure, Session};
use crate::state::{State, StateError};
use crate::value::{Map, Value};
use crate::view::{self, Ephemeral, Sight, View, Views};

/// What is known before a plan is made.
pub(crate) struct Survey {
    /// State with everything below folded in.
    pub(crate) state: State,
    /// The resources as they are.
    pub(crate) views: Views,
    /// The inputs as recorded before the refresh: what tells drift from change.
    pub(crate) before: BTreeMap<Address, Value>,
    /// What looking back found, as entries.
    pub(crate) recovered: Vec<Entry>,
    /// What reading found, as entries.
    pub(crate) refreshed: Vec<Entry>,
    /// Operations that go on.
    pub(crate) resumes: BTreeMap<Address, Vec<Resume>>,
    /// Made by an interrupted run, or imported.
    pub(crate) adopted: BTreeMap<Address, Reason>,
    /// Gone, and why.
    pub(crate) gone: BTreeMap<Address, Reason>,
    /// Left as recorded, since its plugin cannot be asked yet.
    pub(crate) offline: BTreeSet<Address>,
    /// Configs that are known, by plugin.
    pub(crate) configs: BTreeMap<PluginName, Arc<Value>>,
    /// Which ephemeral outputs are needed.
    pub(crate) ephemeral: Ephemeral,
    /// What went wrong.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Looks at everything that state knows of.
pub(crate) async fn survey(session: &Session<'_>, state: State) -> Result<Survey, StateError> {
    let kind_of = |address: &Address| {
        let declared = session.stack.resources.get(address).map(|resource| &resource.kind);
        session.schema(declared.or_else(|| state.current(address).map(|object| &object.kind))?).ok()
    };
    let ephemeral = view::ephemeral(session.stack, kind_of);
    let mut survey = Survey {
        state,
        views: Views::new(),
        before: BTreeMap::new(),
        recovered: Vec::new(),
        refreshed: Vec::new(),
        resumes: BTreeMap::new(),
        adopted: BTreeMap::new(),
        gone: BTreeMap::new(),
        offline: BTreeSet::new(),
        configs: BTreeMap::new(),
        ephemeral,
        diagnostics: Vec::new(),
    };
    survey.moved(session)?;
    for round in rounds(session, &survey.state) {
        survey.round(session, &round).await?;
    }
    Ok(survey)
}

/// The plugins that have anything to be asked, in rounds.
fn rounds(session: &Session<'_>, state: &State) -> Vec<BTreeSet<PluginName>> {
    let recorded = state.resources.values().flat_map(|tracked| &tracked.current).map(|object| object.kind.plugin());
    let open = state.operations.values().map(|operation| operation.object.kind.plugin());
    let mut left: BTreeSet<PluginName> = recorded.chain(open).chain(session.stack.plugins.keys().cloned()).collect();
    let waits_for = |plugin: &PluginName| -> BTreeSet<PluginName> {
        let Some(declared) = session.stack.plugins.get(plugin) else { return BTreeSet::new() };
        let referred = view::referred(&declared.config);
        let kinds = referred.iter().filter_map(|address| session.stack.resources.get(address).map(|r| r.kind.plugin()));
        kinds.collect()
    };
    let mut rounds = Vec::new();
    while !left.is_empty() {
        let ready: BTreeSet<PluginName> =
            left.iter().filter(|plugin| waits_for(plugin).is_disjoint(&left)).cloned().collect();
        // A plugin that waits for itself is asked with what is known.
        let ready = if ready.is_empty() { left.clone() } else { ready };
        left.retain(|plugin| !ready.contains(plugin));
        rounds.push(ready);
    }
    rounds
}

impl Survey {
    /// Follows `moved:` before anything else looks at addresses.
    fn moved(&mut self, session: &Session<'_>) -> Result<(), StateError> {
        for (from, to, _) in &session.stack.moved {
            if self.state.current(to).is_some() || session.stack.resources.contains_key(from) {
                continue;
            }
            let Some(object) = self.state.current(from).cloned() else { continue };
            self.learn(from.clone(), None)?;
            self.learn(to.clone(), Some(object))?;
            // A move is a decision, not an observation: it is kept even if nothing else changes.
            let learned = self.refreshed.split_off(self.refreshed.len() - 2);
            self.recovered.extend(learned);
        }
        Ok(())
    }

    fn learn(&mut self, address: Address, object: Option<Recorded>) -> Result<(), StateError> {
        let entry = Entry::Learned { address, object };
        self.state.fold([&entry])?;
        self.refreshed.push(entry);
        Ok(())
    }

    async fn round(&mut self, session: &Session<'_>, plugins: &BTreeSet<PluginName>) -> Result<(), StateError> {
        for plugin in plugins {
            self.settle_config(session, plugin);
        }
        self.look_back(session, plugins).await?;
        self.read(session, plugins).await
    }

    fn settle_config(&mut self, session: &Session<'_>, plugin: &PluginName) {
        let sight = Sight { stack: session.stack, views: &self.views, outputs: None, stored: None };
        match view::config(&sight, plugin) {
            Ok(Some(config)) if !config.has_unknown() => {
                self.configs.insert(plugin.clone(), Arc::new(config));
            }
            Ok(Some(_)) => {}
            Ok(None) => {
                let recorded =
                    self.state.resources.values().flat_map(|tracked| tracked.current.iter().chain(&tracked.deposed));
                let mut known = recorded.filter(|object| object.kind.plugin() == *plugin).map(|object| &object.config);
                if let Some(config) = known.find(|config| !config.has_unknown()) {
                    let config = if matches!(config, Value::Null) { Value::Map(Map::new()) } else { config.clone() };
                    self.configs.insert(plugin.clone(), Arc::new(config));
                }
            }
            Err(diagnostic) => self.diagnostics.push(diagnostic),
        }
    }

    async fn look_back(&mut self, session: &Session<'_>, plugins: &BTreeSet<PluginName>) -> Result<(), StateError> {
        let mut operations = Vec::new();
        let mut homeless = Vec::new();
        for (op, operation) in &self.state.operations {
            let plugin = operation.object.kind.plugin();
            if !plugins.contains(&plugin) {
                continue;
            }
            let lost = operation.object.lives_in.iter().any(|home| self.state.current(home).is_none());
            match self.configs.get(&plugin) {
                _ if lost => homeless.push(Entry::End { op: op.clone(), ended: Ended::NoEffect }),
                Some(config) => operations.push((op.clone(), operation.clone(), Arc::clone(config))),
                None => self.diagnostics.push(
                    Diagnostic::error(
                        "cannot-look-back",
                        format!("an interrupted operation on \"{}\" cannot be looked into", operation.address),
                    )
                    .help(format!("the config of the plugin {plugin} is not known")),
                ),
            }
        }
        let found = recover::look_back(session, operations).await;
        let entries: Vec<Entry> = homeless.into_iter().chain(found.entries).collect();
        self.state.fold(&entries)?;
        self.recovered.extend(entries);
        self.adopted.extend(found.adopted.into_iter().map(|address| (address, Reason::Interrupted)));
        for (address, resumes) in recover::by_address(found.resumes) {
            self.resumes.entry(address).or_default().extend(resumes);
        }
        for (address, failure) in found.failures {
            self.diagnostics.push(told(&address, "what an interrupted run did to", &failure));
        }
        Ok(())
    }

    async fn read(&mut self, session: &Session<'_>, plugins: &BTreeSet<PluginName>) -> Result<(), StateError> {
        let mut wanted = Vec::new();
        let mut lost = Vec::new();
        for (address, tracked) in &self.state.resources {
            let Some(object) = tracked.current.as_ref() else { continue };
            if !plugins.contains(&object.kind.plugin()) {
                continue;
            }
            if let Some(home) = object.lives_in.iter().find(|home| self.gone.contains_key(*home)) {
                lost.push((address.clone(), home.clone()));
            } else {
                wanted.push((address.clone(), object.clone(), true));
            }
        }
        for (address, home) in lost {
            self.gone.insert(address.clone(), Reason::HomeLost { home });
            self.learn(address, None)?;
        }
        wanted.extend(self.imports(session, plugins));
        let mut requests = Vec::new();
        let mut asked = Vec::new();
        for (address, object, known) in wanted {
            let Some(config) = self.configs.get(&object.kind.plugin()) else {
                self.see(session, &address, &object);
                self.offline.insert(address);
                continue;
            };
            let ephemeral = self.ephemeral.get(&address).into_iter().flatten().cloned().collect();
            let prior =
                Object { id: object.id.clone(), inputs: object.inputs.clone(), outputs: object.outputs.clone() };
            let request = ReadRequest { kind: object.kind.clone(), address: address.clone(), prior, ephemeral };
            requests.push(Asked { kind: object.kind.clone(), config: Arc::clone(config), request });
            asked.push((address, object, known));
        }
        let outcomes = read(session, requests).await;
        for ((address, object, known), outcome) in asked.into_iter().zip(outcomes) {
            match outcome {
                Ok(ReadOutcome::Found(now)) => self.here(session, address, object, now, known)?,
                Ok(ReadOutcome::Absent) if known => self.away(address)?,
                Ok(ReadOutcome::Absent) => self.diagnostics.push(Diagnostic::error(
                    "import-missing",
                    format!("\"{address}\" imports {}, which does not exist", object.id),
                )),
                Ok(ReadOutcome::Failed(problem)) => {
                    self.diagnostics.push(told(&address, "the state of", &problem.into()));
                }
                Err(failure) => self.diagnostics.push(told(&address, "the state of", &failure)),
            }
        }
        Ok(())
    }

    /// Objects that the stack says exist and state does not know.
    fn imports(&self, session: &Session<'_>, plugins: &BTreeSet<PluginName>) -> Vec<(Address, Recorded, bool)> {
        let declared = session.stack.resources.values().filter(|resource| plugins.contains(&resource.kind.plugin()));
        let new = declared.filter(|resource| self.state.current(&resource.address).is_none());
        let imports = new.filter_map(|resource| {
            let object = Recorded {
                kind: resource.kind.clone(),
                id: resource.options.import.clone()?,
                token: None,
                inputs: Value::Map(Map::new()),
                outputs: Value::Map(Map::new()),
                depends_on: resource.depends_on.clone(),
                lives_in: Vec::new(),
                config: self.configs.get(&resource.kind.plugin()).map_or(Value::Null, |config| (**config).clone()),
                protect: resource.options.protect,
                retain: resource.options.retain,
                unusable: false,
            };
            Some((resource.address.clone(), object, false))
        });
        imports.collect()
    }

    fn see(&mut self, session: &Session<'_>, address: &Address, object: &Recorded) {
        let view = View::recorded(session.schema(&object.kind).ok(), object);
        self.views.insert(address.clone(), Arc::new(view));
    }

    /// The object is there.
    fn here(
        &mut self,
        session: &Session<'_>,
        address: Address,
        object: Recorded,
        now: Object,
        known: bool,
    ) -> Result<(), StateError> {
        let schema = session.schema(&object.kind).ok();
        let outputs = match schema {
            Some(schema) => schema.outputs.mark_secrets(now.outputs.clone()),
            None => now.outputs.clone(),
        };
        let now = record(session, &object, now);
        let view = View::of(schema, &Value::from(now.id.as_str()), &now.inputs, &outputs);
        self.views.insert(address.clone(), Arc::new(view));
        if !known {
            self.adopted.insert(address.clone(), Reason::Asked);
            self.learn(address, Some(now))?;
            let learned = self.refreshed.pop();
            self.recovered.extend(learned);
        } else {
            if now != object {
                self.learn(address.clone(), Some(now))?;
            }
            self.before.insert(address, object.inputs);
        }
        Ok(())
    }

    /// The object is gone.
    fn away(&mut self, address: Address) -> Result<(), StateError> {
        // A delete that was to go on has been done meanwhile; an update has nothing to go on with.
        let open = self.resumes.get_mut(&address).map(|open| {
            let over = |resume: &Resume| !resume.operation.deposed && resume.operation.does != OpKind::Create;
            let (over, on): (Vec<_>, Vec<_>) = std::mem::take(open).into_iter().partition(over);
            *open = on;
            over
        });
        for Resume { op, operation } in open.into_iter().flatten() {
            let ended = if operation.does == OpKind::Delete { Ended::Removed } else { Ended::NoEffect };
            let entry = Entry::End { op, ended };
            self.state.fold([&entry])?;
            self.recovered.push(entry);
        }
        self.views.remove(&address);
        self.gone.insert(address.clone(), Reason::Gone);
        if self.state.current(&address).is_some() {
            self.learn(address, None)?;
        }
        Ok(())
    }
}

/// Reads objects; also for apply, which fetches ephemeral outputs this way.
pub(crate) async fn read(
    session: &Session<'_>,
    requests: Vec<Asked<ReadRequest>>,
) -> Vec<Result<ReadOutcome, Failure>> {
    fn failed(outcome: &ReadOutcome) -> Option<&Problem> {
        match outcome {
            ReadOutcome::Failed(problem) => Some(problem),
            _ => None,
        }
    }
    let session = *session;
    session
        .ask(requests, failed, &move |provider, config, batch| {
            Box::pin(async move { provider.read(&session.call(&config), batch).await })
        })
        .await
}

fn told(address: &Address, what: &str, failure: &Failure) -> Diagnostic {
    let code = match &failure.call {
        None => "read-failed",
        Some(crate::CallError::Trap { .. }) => "plugin-crashed",
        Some(crate::CallError::Limit { .. }) => "plugin-limit",
        Some(crate::CallError::Contract { .. }) => "plugin-contract",
        Some(crate::CallError::Host { .. }) => "host-failed",
    };
    Diagnostic::error(code, format!("{what} \"{address}\" cannot be told: {}", failure.problem))
        .maybe_help(failure.problem.help.clone())
}
