//! What has to change, and may by policy and by ownership.

use std::collections::BTreeMap;

use super::{Endpoint, Settings};

/// What is done to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Action {
    /// It goes.
    Delete,
    /// It comes.
    Create,
    /// It becomes this.
    Upsert,
}

impl Action {
    /// As Route53 has it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Delete => "DELETE",
            Self::Create => "CREATE",
            Self::Upsert => "UPSERT",
        }
    }
}

/// One change of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) action: Action,
    pub(super) endpoint: Endpoint,
    /// The record that this one belongs to: they are sent together.
    pub(super) owned: String,
}

impl Edit {
    pub(super) fn new(action: Action, endpoint: Endpoint) -> Self {
        Self { action, owned: endpoint.name.clone(), endpoint }
    }
}

#[derive(Debug, Default)]
struct Row<'a> {
    current: BTreeMap<&'a str, &'a Endpoint>,
    wanted: BTreeMap<String, Vec<Endpoint>>,
}

/// The changes, ordered as they are sent.
pub(super) fn calculate(settings: &Settings, current: &[Endpoint], wanted: Vec<Endpoint>) -> Vec<Edit> {
    let managed = |endpoint: &Endpoint| settings.covers(&endpoint.name) && settings.kinds.contains(&endpoint.kind);
    let mut rows: BTreeMap<String, Row<'_>> = BTreeMap::new();
    for endpoint in current.iter().filter(|endpoint| managed(endpoint)) {
        rows.entry(endpoint.name.clone()).or_default().current.insert(&endpoint.kind, endpoint);
    }
    for endpoint in wanted.into_iter().filter(|endpoint| managed(endpoint)) {
        let row = rows.entry(endpoint.name.clone()).or_default();
        row.wanted.entry(endpoint.kind.clone()).or_default().push(endpoint);
    }
    let mut edits = Vec::new();
    for row in rows.into_values() {
        decide(settings, row, &mut edits);
    }
    edits.retain(|edit| match settings.policy.as_str() {
        "upsert-only" => edit.action != Action::Delete,
        "create-only" => edit.action == Action::Create,
        _ => true,
    });
    edits
}

fn decide(settings: &Settings, mut row: Row<'_>, edits: &mut Vec<Edit>) {
    let is_own = |held: &Endpoint| settings.registry == "noop" || held.owner == settings.owner;
    // A name that stands for another one can stand for nothing else.
    if row.wanted.len() > 1 {
        row.wanted.remove("CNAME");
    }
    // Who holds a name that several ask for keeps it; else the one whose targets come first gets it.
    let mut chosen: BTreeMap<String, Endpoint> = BTreeMap::new();
    for (kind, mut candidates) in row.wanted {
        candidates.sort_by(|one, other| one.targets.cmp(&other.targets));
        let holder = row.current.get(kind.as_str()).map(|held| held.resource.clone());
        let at = candidates.iter().position(|one| Some(&one.resource) == holder.as_ref()).unwrap_or_default();
        chosen.insert(kind, candidates.swap_remove(at));
    }
    // A name of which anything is somebody else's is left alone where a record would have to come.
    let all_own = row.current.values().all(|held| is_own(held));
    for (kind, held) in &row.current {
        match chosen.remove(*kind) {
            None if is_own(held) => edits.push(Edit::new(Action::Delete, Endpoint::clone(held))),
            Some(mut wanted) if is_own(held) => {
                let moved = wanted.ttl.is_some() && wanted.ttl != held.ttl;
                if wanted.targets != held.targets || moved {
                    wanted.owner.clone_from(&held.owner);
                    edits.push(Edit::new(Action::Upsert, wanted));
                }
            }
            _ => {}
        }
    }
    if all_own {
        edits.extend(chosen.into_values().map(|wanted| Edit::new(Action::Create, wanted)));
    }
}
