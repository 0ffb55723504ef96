//! A plan as rows: the one model that the terminal and the JSON lines both draw.

use std::collections::BTreeMap;

use maps_engine::Value;
use maps_engine::plan::{Action, FieldDiff, OutputDiff, Plan, Reason, Step};

use super::text::Text;
use super::value::{self, Shown};

/// A plan, ready to be drawn.
#[derive(Debug)]
pub(crate) struct PlanView {
    /// Every step, in the plan's order.
    pub(crate) steps: Vec<StepRow>,
    /// What depends on nothing in the plan, with what depends on it beneath.
    pub(crate) roots: Vec<Node>,
    /// Unchanged steps at the top that are not shown.
    pub(crate) hidden: usize,
    /// Outputs that would change.
    pub(crate) outputs: Vec<OutputRow>,
    /// How many steps do what.
    pub(crate) tally: Tally,
}

/// A step with those that depend on it.
#[derive(Debug)]
pub(crate) struct Node {
    /// The step's place in [`PlanView::steps`].
    pub(crate) step: usize,
    /// What depends on it and changes, or holds something that does.
    pub(crate) children: Vec<Node>,
    /// Unchanged steps beneath that are not shown.
    pub(crate) hidden: usize,
}

/// One step.
#[derive(Clone, Debug)]
pub(crate) struct StepRow {
    /// Which resource.
    pub(crate) address: Text,
    /// Of which kind.
    pub(crate) kind: Text,
    /// What is done to it.
    pub(crate) action: Action,
    /// Why, for people.
    pub(crate) notes: Vec<Text>,
    /// Why, for programs.
    pub(crate) reasons: Vec<Reason>,
    /// Its fields, as far as they matter for the action.
    pub(crate) fields: Vec<FieldRow>,
    /// What it waits for.
    pub(crate) depends_on: Vec<Text>,
    /// Was its cloud not asked?
    pub(crate) offline: bool,
    /// What goes for good with it.
    pub(crate) loses: Option<Text>,
    /// Is it gone already, with all that?
    pub(crate) is_gone: bool,
}

/// One field of a step.
#[derive(Clone, Debug)]
pub(crate) struct FieldRow {
    /// `node_pools[0].count`.
    pub(crate) path: Text,
    /// As it is.
    pub(crate) old: Option<Shown>,
    /// As it will be.
    pub(crate) new: Option<Shown>,
    /// Does it force a replacement?
    pub(crate) replaces: bool,
    /// Why, for people; nothing where it is plain.
    pub(crate) note: Option<Text>,
    /// Why, for programs; none for what a create merely sets.
    pub(crate) reason: Option<Reason>,
}

/// One output of the stack.
#[derive(Clone, Debug)]
pub(crate) struct OutputRow {
    /// Its name.
    pub(crate) name: Text,
    /// As stored.
    pub(crate) old: Option<Shown>,
    /// As planned.
    pub(crate) new: Option<Shown>,
}

/// How many steps do what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    counts: BTreeMap<u8, usize>,
}

impl Tally {
    /// How many steps do this.
    pub(crate) fn of(&self, action: Action) -> usize {
        self.counts.get(&rank(action)).copied().unwrap_or(0)
    }

    /// How many steps do anything.
    pub(crate) fn changes(&self) -> usize {
        ACTIONS.iter().filter(|action| **action != Action::Same).map(|action| self.of(*action)).sum()
    }
}

/// Every action, in the order in which they are told.
pub(crate) const ACTIONS: [Action; 8] = [
    Action::Create,
    Action::Update,
    Action::Replace,
    Action::Delete,
    Action::Adopt,
    Action::Resume,
    Action::Forget,
    Action::Same,
];

fn rank(action: Action) -> u8 {
    match action {
        Action::Create => 0,
        Action::Update => 1,
        Action::Replace => 2,
        Action::Delete => 3,
        Action::Adopt => 4,
        Action::Resume => 5,
        Action::Forget => 6,
        Action::Same => 7,
    }
}

impl PlanView {
    /// Draws up the rows of a plan that takes everything down: that it is removed needs no reason.
    pub(crate) fn of_destroy(plan: &Plan) -> Self {
        let mut plan = plan.clone();
        for step in &mut plan.steps {
            step.reasons.retain(|reason| *reason != Reason::Removed);
        }
        Self::of(&plan)
    }

    /// Draws up the rows of a plan.
    pub(crate) fn of(plan: &Plan) -> Self {
        let mut tally = Tally::default();
        for step in &plan.steps {
            *tally.counts.entry(rank(step.action)).or_default() += 1;
        }
        let parents = parents(&plan.steps);
        let mut beneath: Vec<Vec<usize>> = vec![Vec::new(); plan.steps.len()];
        let mut top = Vec::new();
        for (index, parent) in parents.iter().enumerate() {
            match parent {
                Some(parent) => beneath[*parent].push(index),
                None => top.push(index),
            }
        }
        let (roots, hidden) = nodes(&plan.steps, &beneath, &top);
        let steps = plan.steps.iter().map(StepRow::of).collect();
        Self { steps, roots, hidden, outputs: plan.outputs.iter().map(OutputRow::of).collect(), tally }
    }
}

/// Under which step each step is drawn: the last of what it depends on. What is deleted is drawn
/// under what it depended on, though it goes first.
fn parents(steps: &[Step]) -> Vec<Option<usize>> {
    // What a replacement left behind shares its address with the object that took its place.
    let current = steps.iter().enumerate().filter(|(_, step)| !step.deposed);
    let place: BTreeMap<_, _> = current.map(|(index, step)| (&step.address, index)).collect();
    let deletes = |index: usize| matches!(steps[index].action, Action::Delete | Action::Forget);
    let parent_of = |index: usize| {
        let step = &steps[index];
        if !deletes(index) {
            // Steps come after what they depend on, so this cannot close a circle.
            let earlier = step.depends_on.iter().filter_map(|address| place.get(address).copied());
            return earlier.filter(|other| *other < index && !deletes(*other)).max();
        }
        let homes =
            || step.old.iter().flat_map(|old| &old.depends_on).filter_map(|address| place.get(address).copied());
        // Deletes run the other way round: what is deleted later is what this one depended on.
        homes()
            .filter(|other| *other > index && deletes(*other))
            .min()
            .or_else(|| homes().filter(|o| !deletes(*o)).max())
    };
    (0..steps.len()).map(parent_of).collect()
}

/// The shown ones of these steps with all beneath them, and how many are hidden.
fn nodes(steps: &[Step], beneath: &[Vec<usize>], which: &[usize]) -> (Vec<Node>, usize) {
    let mut shown = Vec::new();
    let mut hidden = 0;
    for &index in which {
        let (children, hidden_beneath) = nodes(steps, beneath, &beneath[index]);
        let step = &steps[index];
        if step.action == Action::Same && children.is_empty() {
            hidden += 1 + hidden_beneath;
        } else {
            shown.push(Node { step: index, children, hidden: hidden_beneath });
        }
    }
    (shown, hidden)
}

impl StepRow {
    /// Draws up one step.
    pub(crate) fn of(step: &Step) -> Self {
        Self {
            address: Text::line(step.address.as_str()),
            kind: Text::line(step.kind.as_str()),
            action: step.action,
            notes: notes(step),
            reasons: step.reasons.clone(),
            fields: fields(step),
            depends_on: step.depends_on.iter().map(|address| Text::line(address.as_str())).collect(),
            offline: step.offline,
            loses: step.loses.as_deref().map(Text::line),
            is_gone: step.reasons.contains(&Reason::Gone),
        }
    }
}

fn notes(step: &Step) -> Vec<Text> {
    let mut notes: Vec<String> = Vec::new();
    if let Some(old) = &step.old
        && matches!(step.action, Action::Delete | Action::Adopt | Action::Resume | Action::Forget)
        && !old.id.is_empty()
    {
        notes.push(format!("id {}", old.id));
    }
    notes.extend(step.reasons.iter().filter_map(step_reason));
    if step.deposed {
        notes.push("left behind by a replacement".to_owned());
    }
    if step.offline {
        // What that means is said once, under the plan.
        notes.push("offline".to_owned());
    }
    if step.lookup && step.action == Action::Delete {
        notes.push("only looked at: it goes from the state alone".to_owned());
    }
    if step.delete_first && step.action == Action::Replace && !step.lookup {
        notes.push("the old one is deleted first".to_owned());
    }
    notes.dedup();
    notes.iter().map(|note| Text::line(note)).collect()
}

fn step_reason(reason: &Reason) -> Option<String> {
    Some(match reason {
        // The fields tell it.
        Reason::Changed => return None,
        Reason::Drifted => "drifted: changed behind maps' back".to_owned(),
        Reason::Gone => "gone: deleted behind maps' back".to_owned(),
        Reason::HomeLost { home } => format!("lived in {home}, which is gone or replaced"),
        Reason::Unknown => "depends on what is known after apply".to_owned(),
        Reason::Removed => "no longer in the stack".to_owned(),
        Reason::Asked => "the stack asks for it".to_owned(),
        Reason::Interrupted => "an earlier run was interrupted here".to_owned(),
        Reason::Provider { why } => why.clone(),
    })
}

fn field_reason(reason: &Reason) -> Option<Text> {
    match reason {
        // A field that the stack changed needs no explanation, and an unknown shows itself.
        Reason::Changed | Reason::Unknown => None,
        Reason::Drifted => Some(Text::line("drifted")),
        other => step_reason(other).map(|why| Text::line(&why)),
    }
}

fn fields(step: &Step) -> Vec<FieldRow> {
    // What is made is shown whole, in rows of a readable size; of everything else, what differs.
    match (step.action, &step.new_inputs) {
        (Action::Create, Some(inputs)) => value::rows(inputs)
            .into_iter()
            .map(|(path, new)| FieldRow { path, old: None, new: Some(new), replaces: false, note: None, reason: None })
            .collect(),
        (Action::Same | Action::Delete | Action::Forget, _) => Vec::new(),
        _ => step.diff.iter().map(FieldRow::of).collect(),
    }
}

impl FieldRow {
    fn of(field: &FieldDiff) -> Self {
        Self {
            path: Text::line(&field.path),
            old: field.old.as_ref().map(Shown::of),
            new: field.new.as_ref().map(Shown::of),
            replaces: field.replaces,
            note: field_reason(&field.reason),
            reason: Some(field.reason.clone()),
        }
    }
}

impl OutputRow {
    fn of(output: &OutputDiff) -> Self {
        let shown = |value: &Option<Value>| value.as_ref().map(Shown::of);
        Self { name: Text::line(&output.name), old: shown(&output.old), new: shown(&output.new) }
    }
}
