//! What is ready, and what a failure blocks: a pure state machine over a plan's steps.

use std::collections::{BTreeMap, VecDeque};

use crate::journal::OpKind;
use crate::name::Address;
use crate::plan::{Action, Reason, Step};

/// Which half of a step a node carries out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Makes or changes the object of the address.
    Make,
    /// Removes the old object.
    Remove,
}

/// One thing to do: a part of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// The step's place in the plan.
    pub step: usize,
    /// Which half of it.
    pub part: Part,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Waiting,
    Done,
    Failed,
    Blocked,
}

/// The order of a plan, while it is carried out.
#[derive(Clone, Debug)]
pub struct Schedule {
    nodes: Vec<Node>,
    /// How many nodes each one still waits for.
    waits: Vec<usize>,
    /// Who waits for each.
    then: Vec<Vec<usize>>,
    status: Vec<Status>,
    ready: VecDeque<usize>,
}

impl Step {
    /// Does it make, change or keep the object of its address?
    pub fn makes(&self) -> bool {
        self.action != Action::Delete
    }

    /// Does it remove an old object? What lived in something that is gone is gone with it.
    pub fn removes(&self) -> bool {
        let lost = self.reasons.iter().any(|reason| matches!(reason, Reason::HomeLost { .. }));
        match self.action {
            Action::Delete => true,
            Action::Replace => !lost,
            Action::Resume => {
                self.old.is_some() && self.resumes.iter().any(|resume| resume.operation.does == OpKind::Create)
            }
            Action::Same | Action::Create | Action::Update | Action::Adopt | Action::Forget => false,
        }
    }
}

/// The nodes of an address, while edges are drawn.
#[derive(Default)]
struct Place {
    make: Option<usize>,
    remove: Option<usize>,
    /// Its old object goes before the new one comes.
    first: bool,
}

impl Schedule {
    /// The order that a plan's steps allow.
    ///
    /// What is made comes after what it depends on. An old object goes after everything that
    /// depended on it has gone or moved on, and, unless it must make room, after its successor came.
    pub fn of(steps: &[Step]) -> Self {
        let mut nodes = Vec::new();
        let mut places: BTreeMap<&Address, Place> = BTreeMap::new();
        let mut leftovers = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            if step.deposed {
                leftovers.push((step, nodes.len()));
                nodes.push(Node { step: index, part: Part::Remove });
                continue;
            }
            let place = places.entry(&step.address).or_default();
            place.first = step.delete_first && step.action == Action::Replace;
            if step.makes() {
                place.make = Some(nodes.len());
                nodes.push(Node { step: index, part: Part::Make });
            }
            if step.removes() {
                place.remove = Some(nodes.len());
                nodes.push(Node { step: index, part: Part::Remove });
            }
        }
        let mut edges = Edges { then: vec![Vec::new(); nodes.len()], waits: vec![0; nodes.len()] };
        for step in steps.iter().filter(|step| !step.deposed) {
            edges.draw(step, &places);
        }
        for (step, node) in leftovers {
            edges.draw_leftover(step, node, &places);
        }
        let Edges { then, waits } = edges;
        let ready = (0..nodes.len()).filter(|node| waits[*node] == 0).collect();
        Self { status: vec![Status::Waiting; nodes.len()], nodes, waits, then, ready }
    }

    /// What a node does.
    pub fn node(&self, node: usize) -> Node {
        self.nodes[node]
    }

    /// Takes a node of which nothing is left to wait for.
    pub fn take_ready(&mut self) -> Option<usize> {
        self.ready.pop_front()
    }

    /// A node is done; what waited for it alone becomes ready.
    pub fn done(&mut self, node: usize) {
        self.status[node] = Status::Done;
        for next in &self.then[node] {
            self.waits[*next] -= 1;
            if self.waits[*next] == 0 && self.status[*next] == Status::Waiting {
                self.ready.push_back(*next);
            }
        }
    }

    /// A node failed; returns everything that is blocked by it and was not before.
    pub fn failed(&mut self, node: usize) -> Vec<usize> {
        self.status[node] = Status::Failed;
        let mut blocked = Vec::new();
        let mut open = self.then[node].clone();
        while let Some(next) = open.pop() {
            if self.status[next] == Status::Waiting {
                self.status[next] = Status::Blocked;
                blocked.push(next);
                open.extend(&self.then[next]);
            }
        }
        blocked.sort_unstable();
        blocked
    }

    /// Is every node done?
    pub fn is_done(&self) -> bool {
        self.status.iter().all(|status| *status == Status::Done)
    }

    /// Has every node ended one way or the other?
    pub fn is_over(&self) -> bool {
        self.status.iter().all(|status| *status != Status::Waiting)
    }
}

struct Edges {
    then: Vec<Vec<usize>>,
    waits: Vec<usize>,
}

impl Edges {
    fn edge(&mut self, before: Option<usize>, after: Option<usize>) {
        if let (Some(before), Some(after)) = (before, after) {
            self.then[before].push(after);
            self.waits[after] += 1;
        }
    }

    fn draw(&mut self, step: &Step, places: &BTreeMap<&Address, Place>) {
        let Some(here) = places.get(&step.address) else { return };
        if step.makes() {
            for on in &step.depends_on {
                self.edge(places.get(on).and_then(|there| there.make), here.make);
            }
        }
        if here.first {
            self.edge(here.remove, here.make);
        } else {
            self.edge(here.make, here.remove);
        }
        // The old object depended on these: each goes after it.
        for on in step.old.iter().flat_map(|old| &old.depends_on) {
            let Some(there) = places.get(on) else { continue };
            if here.remove.is_some() {
                self.edge(here.remove, there.remove);
            } else if !there.first {
                self.edge(here.make, there.remove);
            }
        }
    }

    fn draw_leftover(&mut self, step: &Step, node: usize, places: &BTreeMap<&Address, Place>) {
        let own = places.get(&step.address);
        if step.delete_first {
            self.edge(Some(node), own.and_then(|own| own.make));
        } else {
            self.edge(own.and_then(|own| own.make), Some(node));
        }
        for on in step.old.iter().flat_map(|old| &old.depends_on) {
            let Some(there) = places.get(on) else { continue };
            // Waiting for the leftover may mean waiting for its successor, which waits for `there`.
            if step.delete_first || !there.first {
                self.edge(Some(node), there.remove);
            }
        }
    }
}

#[cfg(test)]
mod tests;
