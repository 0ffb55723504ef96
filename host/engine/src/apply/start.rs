//! How a node begins: late evaluation of its inputs, and which work comes first.

use std::sync::Arc;

use super::Run;
use super::work::{Changing, Item, Making, Removing, Work};
use crate::diff::{covers, diff, keep};
use crate::journal::{OpKind, Recorded};
use crate::name::{Address, PluginName};
use crate::plan::{Action, Reason, Step};
use crate::problem::{Class, Problem};
use crate::recover::Resume;
use crate::schedule::Part;
use crate::session::Failure;
use crate::value::{Map, Value};
use crate::view::{self, Sight};

/// How long an operation may take where the stack says nothing, in milliseconds.
const OPERATION_TIMEOUT_MS: u64 = 1_800_000;

/// How a node begins.
pub(super) enum Begun {
    /// With this.
    Work(Box<Item>),
    /// There is nothing to do.
    Nothing,
    /// Its object was taken into state, and is as it should be.
    Adopted,
}

/// A plugin's config as it is now, and as it is stored.
#[derive(Clone)]
pub(super) struct Config {
    pub(super) live: Arc<Value>,
    stored: Value,
}

impl Run<'_> {
    pub(super) fn start(&mut self, node: usize) -> Result<Begun, Failure> {
        let step = self.step(node);
        match self.schedule.node(node).part {
            Part::Remove => self.start_removal(node, step),
            Part::Make => self.start_making(node, step),
        }
    }

    fn start_removal(&mut self, node: usize, step: &Step) -> Result<Begun, Failure> {
        let Some(old) = &step.old else { return Ok(Begun::Nothing) };
        let same = |object: &Recorded| object.id == old.id && object.kind == old.kind;
        let deposed = self.ledger.with(|state| {
            let tracked = state.resources.get(&step.address)?;
            if tracked.deposed.iter().any(same) {
                return Some(true);
            }
            // Of a replacement that turned out to be none, the old object is still the current one.
            let goes = step.action == Action::Delete || step.delete_first;
            tracked.current.as_ref().filter(|current| goes && same(current)).map(|_| false)
        });
        let Some(deposed) = deposed else { return Ok(Begun::Nothing) };
        let plugin = old.kind.plugin();
        let config = match self.plan.basis.configs.get(&plugin) {
            Some(config) => Arc::clone(config),
            None if !old.config.has_unknown() => Arc::new(known(&old.config)),
            None => return Err(unconfigured(&plugin)),
        };
        let resume = step.resumes.iter().find(|resume| resume.operation.does == OpKind::Delete);
        let (op, checkpoint) = resume.map(going_on).unwrap_or_default();
        let work = Work::Delete(Removing { op, object: old.clone(), deposed, checkpoint, then: None });
        Ok(Begun::Work(Box::new(self.item(node, step, old.clone(), config, work, Value::Null))))
    }

    fn start_making(&mut self, node: usize, step: &Step) -> Result<Begun, Failure> {
        if matches!(step.action, Action::Same | Action::Forget) {
            return Ok(Begun::Nothing);
        }
        let Some(resource) = self.session.stack.resources.get(&step.address) else { return Ok(Begun::Nothing) };
        let Some(planned) = &step.new_inputs else { return Ok(Begun::Nothing) };
        let plugin = resource.kind.plugin();
        let config = self.config(&plugin)?;
        let model = Recorded {
            kind: resource.kind.clone(),
            id: String::new(),
            token: None,
            inputs: Value::Null,
            outputs: Value::Null,
            depends_on: resource.depends_on.clone(),
            lives_in: step.lives_in.clone(),
            config: config.stored.clone(),
            protect: resource.options.protect,
            retain: resource.options.retain,
            unusable: false,
        };
        if !planned.has_unknown() {
            let item = self.item(node, step, model, config.live, Work::Check, planned.clone());
            return Ok(self.decide(item, planned.clone()));
        }
        let inputs = resource
            .with
            .evaluate(&self.sight())
            .map_err(|diagnostic| Failure::from(Problem::new(Class::Invalid, diagnostic.code, diagnostic.message)))?;
        if inputs.has_unknown() {
            let undecided = Problem::new(
                Class::Internal,
                "still-unknown",
                "an input is not known, though all it depends on is done",
            );
            return Err(undecided.help("an output that was promised is missing; this is a defect of a plugin").into());
        }
        let item = self.item(node, step, model, config.live, Work::Check, inputs);
        Ok(Begun::Work(Box::new(item)))
    }

    fn item(&self, node: usize, step: &Step, model: Recorded, config: Arc<Value>, work: Work, wanted: Value) -> Item {
        let now = self.session.clock.now();
        let removes = matches!(work, Work::Delete(_));
        let word = match step.action {
            _ if removes => "delete",
            Action::Update => "update",
            Action::Resume if step.keeps_object() => "update",
            _ => "create",
        };
        let options = self.session.stack.resources.get(&step.address).map(|resource| &resource.options);
        let timeout = options.and_then(|options| options.timeouts.get(word)).copied().unwrap_or(OPERATION_TIMEOUT_MS);
        Item {
            node,
            address: step.address.clone(),
            model,
            config,
            work,
            wanted,
            compare: false,
            homeless: !removes
                && step.old.is_some()
                && step.reasons.iter().any(|r| matches!(r, Reason::HomeLost { .. })),
            supersedes: Vec::new(),
            planned: step.new_inputs.clone().zip(step.objects.clone()).filter(|_| !step.offline),
            found: false,
            attempt: 0,
            deadline: now.saturating_add(timeout),
            started: now,
        }
    }

    /// What is done first, now that the inputs are known and checked.
    pub(super) fn decide(&mut self, mut item: Item, inputs: Value) -> Begun {
        let step = self.step(item.node);
        let current = self.ledger.with(|state| state.current(&item.address).cloned());
        item.wanted = inputs;
        let making = |inputs: &Value| Making {
            op: None,
            token: self.session.token(),
            inputs: inputs.clone(),
            checkpoint: None,
            id: None,
        };
        let begun = |does: OpKind| step.resumes.iter().filter(move |resume| resume.operation.does == does);
        let created = begun(OpKind::Create).find_map(resumed);
        item.work = match (created, current) {
            (Some(making), _) => {
                item.compare = true;
                Work::Create(making)
            }
            (None, None) => Work::Create(making(&item.wanted)),
            (None, Some(current)) => {
                let updating = step.goes_on(OpKind::Update);
                let changed = match self.compared(step, &current, &mut item.wanted) {
                    Compared::Anew => None,
                    // That it reads as it should does not say that an interrupted update is over.
                    Compared::Same if updating => Some(Vec::new()),
                    Compared::Same if step.action == Action::Adopt => return Begun::Adopted,
                    Compared::Same => return Begun::Nothing,
                    Compared::Changed(changed) => Some(changed),
                };
                match changed {
                    None => Work::Create(making(&item.wanted)),
                    Some(changed) => {
                        // Of other inputs than it began with, it begins again with what is wanted now.
                        let same = |resume: &&Resume| self.asks_for(resume, &current, &item.wanted);
                        let (op, checkpoint) = begun(OpKind::Update).find(same).map(going_on).unwrap_or_default();
                        Work::Update(Changing { op, inputs: item.wanted.clone(), prior: current, changed, checkpoint })
                    }
                }
            }
        };
        let goes_on = match &item.work {
            Work::Update(changing) => changing.op.clone(),
            _ => None,
        };
        let begun = begun(OpKind::Update).map(|resume| resume.op.clone());
        item.supersedes = begun.filter(|op| Some(op) != goes_on.as_ref()).collect();
        Begun::Work(Box::new(item))
    }

    /// Is what an interrupted update began still what is wanted of the object?
    fn asks_for(&self, resume: &Resume, current: &Recorded, wanted: &Value) -> bool {
        let begun = &resume.operation.object;
        let same = (&begun.kind, &begun.id) == (&current.kind, &current.id);
        let schema = self.session.schema(&begun.kind);
        same && schema.is_ok_and(|schema| diff(&schema.inputs, &begun.inputs, wanted, None).is_empty())
    }

    /// Compares once more: what was unknown may have turned out to be what it was.
    fn compared(&self, step: &Step, current: &Recorded, wanted: &mut Value) -> Compared {
        let undecided = step.new_inputs.as_ref().is_some_and(Value::has_unknown);
        let paths = |step: &Step| step.diff.iter().map(|field| field.path.clone()).collect();
        let schema = self.session.schema(&step.kind);
        let resource = self.session.stack.resources.get(&step.address);
        let (Ok(schema), Some(resource)) = (schema, resource) else { return Compared::Same };
        let asked = step.reasons.iter().any(|reason| matches!(reason, Reason::HomeLost { .. }));
        if step.action == Action::Replace && (!undecided || asked || current.kind != step.kind) {
            return Compared::Anew;
        }
        if !undecided || schema.diffs {
            return match step.action {
                Action::Replace => Compared::Anew,
                _ if step.diff.is_empty() => Compared::Same,
                _ => Compared::Changed(paths(step)),
            };
        }
        let options = &resource.options;
        keep(&options.ignore_changes, &schema.inputs, &current.inputs, wanted);
        let fields = diff(&schema.inputs, &current.inputs, wanted, None);
        let replaces = |path: &str| options.replace_on_changes.iter().any(|pattern| covers(pattern, path));
        if fields.is_empty() {
            Compared::Same
        } else if step.action == Action::Replace && fields.iter().any(|f| f.replaces || replaces(&f.path)) {
            Compared::Anew
        } else {
            Compared::Changed(fields.into_iter().map(|field| field.path).collect())
        }
    }

    /// A plugin's config with everything that is known by now.
    fn config(&mut self, plugin: &PluginName) -> Result<Config, Failure> {
        if let Some(config) = self.configs.get(plugin) {
            return Ok(config.clone());
        }
        let evaluate = |sight: &Sight<'_>| {
            let config = view::config(sight, plugin).map_err(|diagnostic| {
                Failure::from(Problem::new(Class::Invalid, diagnostic.code, diagnostic.message))
            })?;
            Ok::<_, Failure>(config.unwrap_or_else(|| Value::Map(Map::new())))
        };
        let live = evaluate(&self.sight())?;
        if live.has_unknown() {
            return Err(unconfigured(plugin));
        }
        let stored = evaluate(&Sight { stored: Some(&self.plan.basis.ephemeral), ..self.sight() })?;
        let config = Config { live: Arc::new(live), stored };
        self.configs.insert(plugin.clone(), config.clone());
        Ok(config)
    }

    /// A resource changed: configs that refer to it are evaluated anew.
    pub(super) fn forget_configs(&mut self, address: &Address) {
        let stack = self.session.stack;
        self.configs.retain(|plugin, _| {
            stack.plugins.get(plugin).is_none_or(|declared| !view::referred(&declared.config).contains(address))
        });
    }
}

/// What a second comparison says.
enum Compared {
    Same,
    Anew,
    Changed(Vec<String>),
}

/// A create goes on with the inputs that it began with.
fn resumed(resume: &Resume) -> Option<Making> {
    let begun = &resume.operation.object;
    let (op, checkpoint) = going_on(resume);
    let (token, inputs) = (begun.token.clone()?, begun.inputs.clone());
    Some(Making { op, token, inputs, checkpoint, id: resume.operation.id.clone() })
}

fn going_on(resume: &Resume) -> (Option<crate::name::OpId>, Option<Value>) {
    (Some(resume.op.clone()), resume.operation.checkpoint.clone())
}

fn known(config: &Value) -> Value {
    if matches!(config, Value::Null) { Value::Map(Map::new()) } else { config.clone() }
}

fn unconfigured(plugin: &PluginName) -> Failure {
    Problem::new(
        Class::Invalid,
        "config-unknown",
        format!("the config of the plugin {plugin} depends on something that is not there"),
    )
    .into()
}
