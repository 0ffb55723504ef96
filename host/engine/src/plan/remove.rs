//! What leaves: objects that the stack no longer has, and leftovers of replacements.

use std::collections::{BTreeMap, BTreeSet};

use super::build::Builder;
use super::{Action, Reason, Step, protected};
use crate::diagnostic::Diagnostic;
use crate::graph::Graph;
use crate::journal::{Ended, Entry, OpKind, Recorded};
use crate::name::Address;
use crate::recover::Resume;

/// By address, who depends on it according to state.
type Dependants = BTreeMap<Address, Vec<Address>>;

impl Builder<'_> {
    /// Plans what is not wanted any more, dependants first.
    pub(super) fn removals(&mut self) {
        self.abandon_unwanted();
        let dependants = self.dependants();
        let mut steps = Vec::new();
        for address in self.leaving() {
            if let Some(object) = self.survey.state.current(&address).cloned() {
                steps.push(self.removal(address, object, &dependants));
            }
        }
        steps.extend(self.leftovers());
        self.removals = steps;
    }

    /// What is half made or half changed and no longer wanted does not go on.
    fn abandon_unwanted(&mut self) {
        for (address, resumes) in std::mem::take(&mut self.survey.resumes) {
            for resume in resumes {
                if resume.operation.does == OpKind::Delete {
                    self.survey.resumes.entry(address.clone()).or_default().push(resume);
                } else {
                    self.abandon(resume);
                }
            }
        }
    }

    /// Ends an operation where it stands: what a create has made so far is of no use, and is deleted.
    pub(super) fn abandon(&mut self, resume: Resume) {
        let Resume { op, operation } = resume;
        let ended = match (operation.does, operation.id) {
            (OpKind::Create, Some(id)) => Ended::Unusable { object: Recorded { id, ..operation.object } },
            _ => Ended::NoEffect,
        };
        let entry = Entry::End { op, ended };
        if self.survey.state.fold([&entry]).is_ok() {
            self.survey.recovered.push(entry);
        }
    }

    fn dependants(&self) -> Dependants {
        let mut dependants = Dependants::new();
        for (address, tracked) in &self.survey.state.resources {
            for on in tracked.current.iter().flat_map(|object| &object.depends_on) {
                dependants.entry(on.clone()).or_default().push(address.clone());
            }
        }
        dependants
    }

    /// The addresses that have an object and no place in the stack, dependants first.
    fn leaving(&self) -> Vec<Address> {
        let held = &self.survey.state.resources;
        // What is in the stack and could not be planned does not leave.
        let leaves = |address: &Address| self.destroy || !self.session.stack.resources.contains_key(address);
        let addresses = held.iter().filter(|(address, tracked)| tracked.current.is_some() && leaves(address));
        let mut edges: BTreeMap<Address, BTreeSet<Address>> = addresses
            .map(|(address, tracked)| {
                let on = tracked.current.iter().flat_map(|object| &object.depends_on);
                (address.clone(), on.cloned().collect())
            })
            .collect();
        let known: BTreeSet<Address> = edges.keys().cloned().collect();
        edges.values_mut().for_each(|on| on.retain(|address| known.contains(address)));
        match Graph::new(edges) {
            Ok(graph) => graph.order().iter().rev().cloned().collect(),
            // State never records a cycle; if it does, any order is as good.
            Err(_) => known.into_iter().collect(),
        }
    }

    fn removal(&mut self, address: Address, object: Recorded, dependants: &Dependants) -> Step {
        let forgotten = self.session.stack.removed.iter().any(|(removed, _)| *removed == address);
        let retained = match self.session.stack.resources.get(&address) {
            Some(resource) => resource.options.retain,
            None => object.retain,
        };
        let action = if forgotten || retained { Action::Forget } else { Action::Delete };
        let mut step = Step::new(address.clone(), object.kind.clone(), action);
        step.reasons.push(Reason::Removed);
        step.resumes = self.deletes(&address, &object);
        if !step.resumes.is_empty() {
            step.reasons.push(Reason::Interrupted);
        }
        step.depends_on = dependants.get(&address).cloned().unwrap_or_default();
        step.offline = self.survey.offline.contains(&address);
        if action == Action::Delete && protected(self.session, &address, &object) {
            let refusal = format!("\"{address}\" is protected, and would be deleted ({})", object.id);
            self.diagnostics.push(
                Diagnostic::error("protected", refusal)
                    .help("set `protect: false` in its options and apply that first, if it is meant to go"),
            );
        }
        if action == Action::Forget {
            // Forgetting is a decision about state alone.
            self.survey.recovered.push(Entry::Learned { address, object: None });
        }
        step.old = Some(object);
        step
    }

    /// The interrupted deletes of an object.
    fn deletes(&mut self, address: &Address, object: &Recorded) -> Vec<Resume> {
        let Some(open) = self.survey.resumes.get_mut(address) else { return Vec::new() };
        let same =
            |resume: &Resume| resume.operation.object.id == object.id && resume.operation.object.kind == object.kind;
        let (ours, others) = std::mem::take(open).into_iter().partition(same);
        *open = others;
        ours
    }

    /// Objects that a replacement, or an unusable creation, left behind.
    fn leftovers(&mut self) -> Vec<Step> {
        let held = &self.survey.state.resources;
        let found: Vec<(Address, Recorded, bool)> =
            held.iter()
                .flat_map(|(address, tracked)| {
                    tracked.deposed.iter().map(move |object| {
                        (address.clone(), object.clone(), tracked.current.is_none() || object.unusable)
                    })
                })
                .collect();
        let mut steps = Vec::new();
        for (address, object, first) in found {
            let mut step = Step::new(address.clone(), object.kind.clone(), Action::Delete);
            step.reasons.push(Reason::Interrupted);
            step.resumes = self.deletes(&address, &object);
            step.old = Some(object);
            step.deposed = true;
            // Where nothing took its place yet, or it never was of use, it may stand in the way of what will.
            step.delete_first = first;
            steps.push(step);
        }
        steps
    }
}
