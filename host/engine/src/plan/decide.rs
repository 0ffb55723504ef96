//! One resource: what is done to it, and what is known of it afterwards.

use std::collections::BTreeMap;

use super::{Action, FieldDiff, Reason, Step, protected};
use crate::diagnostic::Diagnostic;
use crate::diff::{covers, diff, keep};
use crate::graph::Graph;
use crate::journal::{OpKind, Recorded};
use crate::name::Address;
use crate::provider::{FieldChange, Preview};
use crate::recover::Resume;
use crate::schema::KindSchema;
use crate::session::Session;
use crate::stack::ResourceDecl;
use crate::value::{Map, Value};

/// Everything that the decision about one resource depends on.
pub(super) struct Situation<'a> {
    pub(super) session: &'a Session<'a>,
    pub(super) resource: &'a ResourceDecl,
    pub(super) schema: &'a KindSchema,
    /// As checked.
    pub(super) inputs: Value,
    /// As it is.
    pub(super) current: Option<&'a Recorded>,
    /// The inputs as recorded before the refresh.
    pub(super) before: Option<&'a Value>,
    pub(super) resumes: Vec<Resume>,
    pub(super) adopted: Option<Reason>,
    pub(super) gone: Option<Reason>,
    pub(super) home_lost: Option<Address>,
    /// What the kind's own comparison says, if it has one.
    pub(super) changes: Option<Vec<FieldChange>>,
    pub(super) preview: Option<Preview>,
}

/// What was decided.
pub(super) struct Decision {
    pub(super) step: Step,
    /// As far as they are known before apply.
    pub(super) outputs: Value,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Situation<'_> {
    pub(super) fn decide(mut self) -> Decision {
        let mut step = Step::new(self.resource.address.clone(), self.resource.kind.clone(), Action::Create);
        step.reasons.extend(self.gone.take());
        step.reasons.extend(self.adopted.take());
        step.delete_first = self.resource.options.delete_before_replace.unwrap_or(self.schema.delete_first);
        step.resumes = std::mem::take(&mut self.resumes);
        if !step.resumes.is_empty() {
            step.reasons.push(Reason::Interrupted);
        }
        step.old = self.current.cloned();
        let known = self.preview.as_ref().filter(|_| !self.inputs.has_unknown());
        let previewed = known.and_then(|preview| Some((self.inputs.clone(), preview.keys().ok()?)));
        step.action = match self.current {
            // What is being made is finished first; apply then compares it with what is wanted.
            _ if step.goes_on(OpKind::Create) => Action::Resume,
            None => Action::Create,
            Some(_) if step.goes_on(OpKind::Delete) => {
                step.delete_first = true;
                Action::Replace
            }
            Some(current) => self.compare(current, &mut step),
        };
        // Of other inputs than those that were previewed it is asked again.
        step.objects = previewed.filter(|(inputs, _)| *inputs == self.inputs).map(|(_, objects)| objects);
        let diagnostics = self.refusals(&step);
        let outputs = self.outputs(&step);
        step.new_inputs = Some(self.inputs);
        Decision { step, outputs, diagnostics }
    }

    fn compare(&mut self, current: &Recorded, step: &mut Step) -> Action {
        if current.kind != self.resource.kind {
            step.reasons.push(Reason::Changed);
            return Action::Replace;
        }
        let inputs = &self.schema.inputs;
        keep(&self.resource.options.ignore_changes, inputs, &current.inputs, &mut self.inputs);
        step.diff = match self.changes.take() {
            Some(changes) => changes.into_iter().map(|change| self.told(current, change)).collect(),
            None => diff(inputs, &current.inputs, &self.inputs, self.before),
        };
        for field in &mut step.diff {
            let asked = self.resource.options.replace_on_changes.iter().any(|pattern| covers(pattern, &field.path));
            if asked && !field.replaces {
                field.replaces = true;
                field.reason = Reason::Asked;
            }
        }
        if let Some(home) = self.home_lost.take() {
            step.reasons.push(Reason::HomeLost { home });
            return Action::Replace;
        }
        match () {
            () if step.diff.iter().any(|field| field.replaces) => Action::Replace,
            () if step.goes_on(OpKind::Update) => Action::Resume,
            () if step.reasons.iter().any(|reason| matches!(reason, Reason::Interrupted | Reason::Asked)) => {
                Action::Adopt
            }
            () if !step.diff.is_empty() => Action::Update,
            () => Action::Same,
        }
    }

    /// A change that the kind's own comparison told.
    fn told(&self, current: &Recorded, change: FieldChange) -> FieldDiff {
        let all = diff(&self.schema.inputs, &current.inputs, &self.inputs, self.before);
        let ours = all.into_iter().find(|field| field.path == change.path);
        let (old, new, reason) = ours.map_or((None, None, Reason::Changed), |f| (f.old, f.new, f.reason));
        let reason = change.reason.map_or(reason, |why| Reason::Provider { why });
        FieldDiff { path: change.path, old, new, replaces: change.replace, reason }
    }

    fn refusals(&self, step: &Step) -> Vec<Diagnostic> {
        let old = step.old.as_ref().filter(|_| step.action == Action::Replace);
        let Some(old) = old.filter(|old| protected(self.session, &step.address, old)) else { return Vec::new() };
        let fields: Vec<&str> = step.diff.iter().filter(|field| field.replaces).map(|f| f.path.as_str()).collect();
        let message = match fields.as_slice() {
            [] => format!("\"{}\" is protected, and would be replaced ({})", step.address, old.id),
            fields => format!("\"{}\" is protected, and a change of {} replaces it", step.address, fields.join(", ")),
        };
        let refusal = Diagnostic::error("protected", message)
            .at(&self.resource.span)
            .help("set `protect: false` in its options first, if that is meant");
        vec![refusal]
    }

    fn outputs(&mut self, step: &Step) -> Value {
        let mut outputs = Map::new();
        let old = step.old.as_ref().and_then(|old| old.outputs.as_map());
        let stays = step.keeps_object();
        let changed = |name: &str| step.diff.iter().any(|field| covers(name, &field.path));
        // What is under way may move what the service computes, whatever the inputs say by now.
        let moving = !step.diff.is_empty() || step.action == Action::Resume;
        for (name, shape) in self.schema.outputs.properties() {
            if shape.flags.ephemeral {
                continue;
            }
            let moves = moving && (shape.flags.computed || changed(name));
            let value = if stays && !moves { old.and_then(|old| old.get(name)).cloned() } else { Some(Value::Unknown) };
            outputs.extend(value.map(|value| (name.to_owned(), value)));
        }
        if stays {
            // What the schema does not declare and the object has is kept as it is.
            let more = old.into_iter().flatten().filter(|(name, _)| !outputs.contains_key(*name));
            let more: Vec<_> = more.map(|(name, value)| (name.clone(), value.clone())).collect();
            outputs.extend(more);
        }
        if step.action != Action::Same
            && let Some(Value::Map(planned)) = self.preview.take().map(|preview| preview.outputs)
        {
            outputs.extend(planned);
        }
        Value::Map(outputs)
    }
}

/// Whatever has its old object deleted first needs the objects that depend on it to be gone by
/// then: a dependant that is replaced too is then deleted first as well.
pub(super) fn delete_first_spreads(session: &Session<'_>, graph: &Graph, steps: &mut BTreeMap<Address, Step>) {
    let replaces = |step: &Step| step.action == Action::Replace;
    for address in graph.order() {
        let Some(step) = steps.get(address).filter(|step| replaces(step) && !step.delete_first) else { continue };
        let old = step.old.iter().flat_map(|old| &old.depends_on);
        let now = session.stack.resources.get(address).into_iter().flat_map(|resource| &resource.depends_on);
        let mut below = old.chain(now).filter_map(|on| steps.get(on));
        if below.any(|on| replaces(on) && on.delete_first)
            && let Some(step) = steps.get_mut(address)
        {
            step.delete_first = true;
        }
    }
}
