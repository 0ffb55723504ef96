//! Who owns what after an update or an apply, and what an apply takes away.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Operation;
use super::compare::Comparison;
use super::element::{Element, equal};
use super::managers::{Managed, Manager, Owned};
use super::merge::merge;
use super::set::Set;
use super::types::Type;
use super::walk::{fields_of, listed, reconciled, with_named_fields, without};

/// A field that another manager has set otherwise.
#[derive(Debug, Clone)]
pub(super) struct Conflict {
    /// Whose it is.
    pub(super) manager: Manager,
    /// Which.
    pub(super) path: Vec<Element>,
}

/// Why an apply fails.
#[derive(Debug)]
pub(super) enum Failure {
    /// Fields of others.
    Conflicts(Vec<Conflict>),
    /// Something is wrong with the object.
    Other(String),
}

/// What is held against what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Updater<'a> {
    /// The object's type.
    pub(super) of: Type<'a>,
    /// Fields that are nobody's here.
    pub(super) ignored: &'a Set,
}

impl Updater<'_> {
    /// Notes what an update changed as `manager`'s, in `managed`.
    pub(super) fn update(
        self,
        live: &Value,
        new: &Value,
        managed: &mut Managed,
        manager: &Manager,
        api_version: &str,
    ) -> Result<(), String> {
        self.reconcile(managed);
        let comparison = match self.take(live, new, managed, manager, true) {
            Ok(comparison) => comparison,
            Err(Failure::Other(why)) => return Err(why),
            // Forced: there are none.
            Err(Failure::Conflicts(_)) => return Ok(()),
        };
        let before = managed.owned.remove(manager).map(|owned| owned.set).unwrap_or_default();
        let set = before.difference(&comparison.removed).union(&comparison.modified).union(&comparison.added);
        let set = set.difference_with_children(self.ignored);
        if !set.is_empty() {
            managed.owned.insert(manager.clone(), Owned { set, api_version: api_version.to_owned() });
        }
        Ok(())
    }

    /// Merges a configuration; `None` where it changes nothing.
    pub(super) fn apply(
        self,
        live: &Value,
        config: &Value,
        managed: &mut Managed,
        manager: &Manager,
        api_version: &str,
        force: bool,
    ) -> Result<Option<Value>, Failure> {
        self.reconcile(managed);
        let merged = merge(Some(live), Some(config), self.of)
            .map_err(|misfits| Failure::Other(format!("failed to merge config: {}", listed(&misfits))))?
            .unwrap_or(Value::Null);
        let set = fields_of(config, self.of).difference_with_children(self.ignored);
        let last = managed.owned.insert(manager.clone(), Owned { set, api_version: api_version.to_owned() });
        let new = self.prune(merged, managed, last.as_ref());
        self.take(live, &new, managed, manager, force)?;
        Ok((!equal(live, &new)).then_some(new))
    }

    /// Takes from others what changed, or tells the conflicts.
    fn take(
        self,
        live: &Value,
        new: &Value,
        managed: &mut Managed,
        manager: &Manager,
        force: bool,
    ) -> Result<Comparison, Failure> {
        let comparison = Comparison::of(live, new, self.of)
            .map_err(|misfits| Failure::Other(format!("failed to compare objects: {}", listed(&misfits))))?
            .without(self.ignored);
        let changed = comparison.modified.union(&comparison.added);
        let conflicts = managed.owned.iter().filter(|(other, _)| *other != manager).flat_map(|(other, owned)| {
            let paths = owned.set.intersection(&changed).paths();
            paths.into_iter().map(|path| Conflict { manager: other.clone(), path })
        });
        if !force {
            let conflicts: Vec<Conflict> = conflicts.collect();
            if !conflicts.is_empty() {
                return Err(Failure::Conflicts(conflicts));
            }
        }
        for (_, owned) in managed.owned.iter_mut().filter(|(other, _)| *other != manager) {
            owned.set = owned.set.difference(&owned.set.intersection(&changed)).difference(&comparison.removed);
        }
        managed.owned.retain(|_, owned| !owned.set.is_empty());
        Ok(comparison)
    }

    /// Takes away what the manager applied the last time, does not apply now, and nobody else owns.
    fn prune(self, merged: Value, managed: &Managed, last: Option<&Owned>) -> Value {
        let Some(last) = last.filter(|last| !last.set.is_empty()) else { return merged };
        let named = |set: &Set| with_named_fields(set, Some(self.of));
        let last_set = named(&last.set);
        let mut pruned = without(&merged, &last_set, self.of);
        let all = named(&fields_of(&merged, self.of));
        // The version of the last apply comes first; the others could not be converted without its fields.
        let mut versions: Vec<&String> = managed.owned.values().map(|owned| &owned.api_version).collect();
        versions.sort_by_key(|version| (**version != last.api_version, (*version).clone()));
        let mut seen = BTreeSet::new();
        for version in versions.into_iter().filter(|version| seen.insert(*version)) {
            let of_version = managed.owned.values().filter(|owned| owned.api_version == *version);
            let theirs = of_version.fold(Set::default(), |all, owned| all.union(&owned.set));
            let kept = named(&fields_of(&pruned, self.of)).union(&named(&theirs));
            pruned = without(&merged, &all.difference(&kept), self.of);
        }
        let gone = all.difference(&named(&fields_of(&pruned, self.of))).intersection(&last_set);
        without(&merged, &gone, self.of)
    }

    /// Puts every set in the terms of the type as it is now.
    fn reconcile(self, managed: &mut Managed) {
        for owned in managed.owned.values_mut() {
            owned.set = reconciled(&owned.set, self.of);
        }
    }
}

/// The operation that an update is until it is known whether it changed anything.
pub(super) fn current_operation() -> Manager {
    Manager {
        name: "current-operation".to_owned(),
        operation: Operation::Update,
        api_version: String::new(),
        subresource: String::new(),
    }
}
