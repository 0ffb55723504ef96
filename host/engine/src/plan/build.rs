//! Goes through the graph, level by level: evaluate, check, preview, compare.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::decide::{Decision, Situation};
use super::{Action, OutputDiff, Plan, Reason, Step, basis, outputs};
use crate::diagnostic::Diagnostic;
use crate::diff::diff;
use crate::graph::Graph;
use crate::journal::{Entry, OpKind};
use crate::name::{Address, PluginName};
use crate::problem::Problem;
use crate::provider::{CheckOutcome, CheckRequest, DiffRequest, FieldChange, Object, Preview, PreviewRequest};
use crate::refresh::Survey;
use crate::schema::KindSchema;
use crate::session::{Asked, Failure, Session};
use crate::stack::ResourceDecl;
use crate::value::{Map, Value};
use crate::view::{self, Sight, View, Views};

pub(super) struct Builder<'a> {
    pub(super) session: &'a Session<'a>,
    pub(super) survey: Survey,
    graph: &'a Graph,
    /// The resources as they will be.
    views: Views,
    configs: BTreeMap<PluginName, Arc<Value>>,
    /// Does everything go?
    pub(super) destroy: bool,
    /// What could not be planned; its dependants are not tried.
    broken: BTreeSet<Address>,
    pub(super) steps: BTreeMap<Address, Step>,
    pub(super) removals: Vec<Step>,
    outputs: Vec<OutputDiff>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// A resource on its way through a level.
struct Candidate<'a> {
    resource: &'a ResourceDecl,
    inputs: Value,
    config: Arc<Value>,
    preview: Option<Preview>,
    changes: Option<Vec<FieldChange>>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(session: &'a Session<'a>, survey: Survey, graph: &'a Graph) -> Self {
        Self {
            session,
            survey,
            graph,
            views: Views::new(),
            configs: BTreeMap::new(),
            destroy: false,
            broken: BTreeSet::new(),
            steps: BTreeMap::new(),
            removals: Vec::new(),
            outputs: Vec::new(),
            diagnostics: Vec::new(),
        }
    }

    /// Plans every resource of the stack.
    pub(super) async fn resources(&mut self) {
        for level in self.levels() {
            let mut candidates: Vec<Candidate<'a>> =
                level.into_iter().filter_map(|resource| self.evaluate(resource)).collect();
            self.check(&mut candidates).await;
            self.preview(&mut candidates).await;
            self.compare(&mut candidates).await;
            for candidate in candidates {
                self.decide(candidate);
            }
        }
    }

    /// Resources of one level depend only on those of earlier ones, so they are asked about together.
    fn levels(&self) -> Vec<Vec<&'a ResourceDecl>> {
        let mut level_of: BTreeMap<&Address, usize> = BTreeMap::new();
        let mut levels: Vec<Vec<&'a ResourceDecl>> = Vec::new();
        for address in self.graph.order() {
            let Some(resource) = self.session.stack.resources.get(address) else { continue };
            let below = self.graph.dependencies(address).filter_map(|on| level_of.get(on));
            let level = below.max().map_or(0, |level| level + 1);
            level_of.insert(address, level);
            if levels.len() <= level {
                levels.resize_with(level + 1, Vec::new);
            }
            levels[level].push(resource);
        }
        levels
    }

    fn sight(&self) -> Sight<'_> {
        Sight { stack: self.session.stack, views: &self.views, outputs: None, stored: None }
    }

    fn evaluate(&mut self, resource: &'a ResourceDecl) -> Option<Candidate<'a>> {
        let address = &resource.address;
        if self.graph.dependencies(address).any(|on| self.broken.contains(on)) {
            self.broken.insert(address.clone());
            return None;
        }
        let ready = resource.with.evaluate(&self.sight()).and_then(|inputs| Ok((inputs, self.config(resource)?)));
        match ready {
            Ok((inputs, config)) => {
                let inputs = if matches!(inputs, Value::Null) { Value::Map(Map::new()) } else { inputs };
                Some(Candidate { resource, inputs, config, preview: None, changes: None })
            }
            Err(diagnostic) => self.reject(address, diagnostic),
        }
    }

    fn config(&mut self, resource: &ResourceDecl) -> Result<Arc<Value>, Diagnostic> {
        let plugin = resource.kind.plugin();
        if let Some(config) = self.configs.get(&plugin) {
            return Ok(Arc::clone(config));
        }
        let config = view::config(&self.sight(), &plugin)?.unwrap_or_else(|| Value::Map(Map::new()));
        let config = Arc::new(config);
        self.configs.insert(plugin, Arc::clone(&config));
        Ok(config)
    }

    fn reject<T>(&mut self, address: &Address, diagnostic: Diagnostic) -> Option<T> {
        self.diagnostics.push(diagnostic);
        self.broken.insert(address.clone());
        None
    }

    /// A problem of a provider as a diagnostic at the input it concerns.
    fn told(resource: &ResourceDecl, problem: &Problem) -> Diagnostic {
        let span = problem.path.as_deref().and_then(|path| resource.with.span_of(path));
        let message = format!("{}: {}", resource.address, problem.message);
        Diagnostic::error("provider-refused", message)
            .at(span.as_ref().unwrap_or(&resource.span))
            .maybe_help(problem.help.clone())
    }

    async fn check(&mut self, candidates: &mut Vec<Candidate<'a>>) {
        let requests = candidates.iter().map(|candidate| {
            let Candidate { resource, inputs, config, .. } = candidate;
            let (kind, address) = (resource.kind.clone(), resource.address.clone());
            let request = CheckRequest { kind: kind.clone(), address, inputs: inputs.clone() };
            Asked { kind, config: Arc::clone(config), request }
        });
        let outcomes = check(self.session, requests.collect()).await;
        let mut kept = Vec::with_capacity(candidates.len());
        for (mut candidate, outcome) in std::mem::take(candidates).into_iter().zip(outcomes) {
            let problems = match outcome {
                Ok(Ok(inputs)) => {
                    let inputs = crate::schema::carry_secrecy(&candidate.inputs, inputs);
                    candidate.inputs = match self.session.schema(&candidate.resource.kind) {
                        Ok(schema) => schema.inputs.mark_secrets(inputs),
                        Err(_) => inputs,
                    };
                    kept.push(candidate);
                    continue;
                }
                Ok(Err(problems)) => problems,
                Err(failure) => vec![failure.problem],
            };
            for problem in &problems {
                self.reject::<()>(&candidate.resource.address, Self::told(candidate.resource, problem));
            }
        }
        *candidates = kept;
    }

    async fn preview(&mut self, candidates: &mut [Candidate<'a>]) {
        let wanted: Vec<usize> = self.those(candidates, |schema| schema.previews).collect();
        let requests = wanted.iter().map(|index| {
            let Candidate { resource, inputs, config, .. } = &candidates[*index];
            let request = PreviewRequest {
                kind: resource.kind.clone(),
                address: resource.address.clone(),
                inputs: inputs.clone(),
                prior: self.survey.state.current(&resource.address).map(object),
            };
            Asked { kind: resource.kind.clone(), config: Arc::clone(config), request }
        });
        fn failed(outcome: &Result<Preview, Problem>) -> Option<&Problem> {
            outcome.as_ref().err()
        }
        let session = *self.session;
        let outcomes = session
            .ask(requests.collect(), failed, &move |provider, config, batch| {
                Box::pin(async move { provider.preview(&session.call(&config), batch).await })
            })
            .await;
        for (index, outcome) in wanted.into_iter().zip(outcomes) {
            match flat(outcome) {
                Ok(preview) => candidates[index].preview = Some(preview),
                Err(problem) => self.diagnostics.push(Self::told(candidates[index].resource, &problem)),
            }
        }
    }

    async fn compare(&mut self, candidates: &mut [Candidate<'a>]) {
        let wanted: Vec<usize> = self.those(candidates, |schema| schema.diffs).collect();
        let requests = wanted.iter().filter_map(|index| {
            let Candidate { resource, inputs, config, .. } = &candidates[*index];
            let request = DiffRequest {
                kind: resource.kind.clone(),
                address: resource.address.clone(),
                prior: object(self.survey.state.current(&resource.address)?),
                inputs: inputs.clone(),
            };
            Some((*index, Asked { kind: resource.kind.clone(), config: Arc::clone(config), request }))
        });
        let (wanted, requests): (Vec<usize>, Vec<_>) = requests.unzip();
        let session = *self.session;
        fn failed(outcome: &Result<Vec<FieldChange>, Problem>) -> Option<&Problem> {
            outcome.as_ref().err()
        }
        let outcomes = session
            .ask(requests, failed, &move |provider, config, batch| {
                Box::pin(async move { provider.diff(&session.call(&config), batch).await })
            })
            .await;
        for (index, outcome) in wanted.into_iter().zip(outcomes) {
            match flat(outcome) {
                Ok(changes) => candidates[index].changes = Some(changes),
                Err(problem) => self.diagnostics.push(Self::told(candidates[index].resource, &problem)),
            }
        }
    }

    /// The candidates whose kind asks for something, and whose plugin can be asked by now.
    fn those<'c>(
        &'c self,
        candidates: &'c [Candidate<'a>],
        asks: fn(&KindSchema) -> bool,
    ) -> impl Iterator<Item = usize> + 'c {
        let chosen = move |candidate: &Candidate<'_>| {
            self.session.schema(&candidate.resource.kind).is_ok_and(asks) && !candidate.config.has_unknown()
        };
        candidates.iter().enumerate().filter(move |(_, candidate)| chosen(candidate)).map(|(index, _)| index)
    }

    fn decide(&mut self, candidate: Candidate<'a>) {
        let Candidate { resource, inputs, config, preview, changes } = candidate;
        let address = &resource.address;
        let Ok(schema) = self.session.schema(&resource.kind) else { return };
        let mut lives_in = BTreeSet::new();
        for home in schema.home_inputs() {
            lives_in.extend(match home.strip_prefix("config.") {
                Some(name) => {
                    let plugin = self.session.stack.plugins.get(&resource.kind.plugin());
                    plugin.map(|plugin| plugin.config.member_resources(name)).unwrap_or_default()
                }
                None => resource.with.member_resources(home),
            });
        }
        let made_anew = |home: &&Address| {
            self.steps.get(*home).is_some_and(|step| matches!(step.action, Action::Replace | Action::Create))
        };
        let home_lost = lives_in.iter().find(made_anew).cloned();
        let mut resumes = Vec::new();
        for resume in self.survey.resumes.remove(address).unwrap_or_default() {
            let begun = &resume.operation.object;
            let fits = || {
                let changes = diff(&schema.inputs, &begun.inputs, &inputs, None);
                begun.kind == resource.kind && !changes.iter().any(|field| field.replaces)
            };
            match resume.operation.does {
                _ if resume.operation.deposed => self.survey.resumes.entry(address.clone()).or_default().push(resume),
                OpKind::Create if !fits() => self.abandon(resume),
                _ => resumes.push(resume),
            }
        }
        let situation = Situation {
            session: self.session,
            resource,
            schema,
            inputs,
            current: self.survey.state.current(address),
            before: self.survey.before.get(address),
            resumes,
            adopted: self.survey.adopted.get(address).cloned(),
            gone: self.survey.gone.get(address).cloned(),
            home_lost,
            changes,
            preview,
        };
        let Decision { mut step, outputs, diagnostics } = situation.decide();
        step.offline = config.has_unknown() || self.survey.offline.contains(address);
        step.depends_on.clone_from(&resource.depends_on);
        step.lives_in = lives_in.into_iter().collect();
        self.diagnostics.extend(diagnostics);
        let id = match &step.old {
            Some(old) if step.keeps_object() => Value::from(old.id.as_str()),
            _ => Value::Unknown,
        };
        let inputs = step.new_inputs.as_ref().unwrap_or(&Value::Null);
        let mut view = View::of(Some(schema), &id, inputs, &outputs);
        if let (Value::String(_), Some(now)) = (&id, self.survey.views.get(address)) {
            view.take(schema.ephemeral_outputs(), now);
        }
        self.views.insert(address.clone(), Arc::new(view));
        if step.action == Action::Same {
            self.restate(resource);
        }
        step.planned_outputs = outputs;
        self.steps.insert(address.clone(), step);
    }

    /// What the stack says about an object and its cloud does not know is a decision of its own: it
    /// is kept even if nothing else changes, since a later removal goes by what is recorded.
    fn restate(&mut self, resource: &ResourceDecl) {
        let state = &self.survey.state;
        let Some(object) = state.current(&resource.address) else { return };
        if let Some(object) = state.restated(object, resource) {
            let entry = Entry::Learned { address: resource.address.clone(), object: Some(object) };
            if self.survey.state.fold([&entry]).is_ok() {
                self.survey.recovered.push(entry);
            }
        }
    }

    /// Compares the stack's outputs, and its checks as far as they can be told.
    pub(super) fn outputs(&mut self, known: &Value) {
        if !self.broken.is_empty() || self.diagnostics.iter().any(Diagnostic::is_error) {
            return;
        }
        let full = self.sight();
        let stored = Sight { stored: Some(&self.survey.ephemeral), ..self.sight() };
        match outputs(self.session, &stored, &full) {
            Ok(new) => {
                let empty = Map::new();
                let old = known.as_map().unwrap_or(&empty);
                let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
                let differ = names.into_iter().filter(|name| old.get(*name) != new.get(*name));
                let diffs = differ.map(|name| OutputDiff {
                    name: name.clone(),
                    old: old.get(name).cloned(),
                    new: new.get(name).cloned(),
                });
                self.outputs = diffs.collect();
            }
            Err(diagnostics) => self.diagnostics.extend(diagnostics),
        }
    }

    pub(super) fn finish(self) -> Plan {
        let Self { session, survey, graph, mut steps, removals, outputs, mut diagnostics, .. } = self;
        super::decide::delete_first_spreads(session, graph, &mut steps);
        let ordered = graph.order().iter().filter_map(|address| steps.remove(address));
        let mut steps: Vec<Step> = ordered.chain(removals).collect();
        for step in &mut steps {
            if let Ok(schema) = session.schema(&step.kind) {
                step.loses = loss(step, schema);
                step.lookup = schema.lookup;
            }
        }
        diagnostics.extend(super::renamed::renamed(session, &steps));
        let (basis, told) = basis(survey);
        diagnostics.splice(0..0, told);
        Plan { steps, outputs, diagnostics, basis }
    }
}

/// What goes for good with the object that a step deletes. Of one that somebody else deleted the kind alone is known.
fn loss(step: &Step, schema: &KindSchema) -> Option<String> {
    let loss = schema.loses.as_ref()?;
    let deletes = matches!(step.action, Action::Delete | Action::Replace);
    let is_set = |inputs: &Value| {
        let input = loss.only_if.as_deref().and_then(|name| inputs.as_map()?.get(name));
        loss.only_if.is_none() || input == Some(&Value::Bool(true))
    };
    let lost = match &step.old {
        Some(old) => deletes && is_set(&old.inputs),
        None => step.action == Action::Create && step.reasons.contains(&Reason::Gone),
    };
    lost.then(|| loss.what.clone())
}

/// Checks inputs; also for apply, when they were not known before.
pub(crate) async fn check(
    session: &Session<'_>,
    requests: Vec<Asked<CheckRequest>>,
) -> Vec<Result<CheckOutcome, Failure>> {
    let session = *session;
    let marked = requests.into_iter().map(|mut asked| {
        // A secret is one to a plugin too where the stack has it in clear.
        if let Ok(schema) = session.schema(&asked.kind) {
            asked.request.inputs = schema.inputs.mark_secrets(asked.request.inputs);
        }
        asked
    });
    session
        .ask(marked.collect(), |_: &CheckOutcome| None, &move |provider, config, batch| {
            Box::pin(async move { provider.check(&session.call(&config), batch).await })
        })
        .await
}

fn flat<T>(outcome: Result<Result<T, Problem>, Failure>) -> Result<T, Problem> {
    outcome.unwrap_or_else(|failure| Err(failure.problem))
}

/// An object as its provider knows it.
pub(crate) fn object(recorded: &crate::journal::Recorded) -> Object {
    Object { id: recorded.id.clone(), inputs: recorded.inputs.clone(), outputs: recorded.outputs.clone() }
}
