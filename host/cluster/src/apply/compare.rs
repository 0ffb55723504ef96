//! What changed between two objects, as sets of fields.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::element::{Element, equal};
use super::set::Set;
use super::types::{Forms, ListType, MapType, Single, Type};
use super::walk::{Misfit, validate_single};

/// What changed.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    /// Fields that are no longer there.
    pub(super) removed: Set,
    /// Fields that have another value.
    pub(super) modified: Set,
    /// Fields that are new.
    pub(super) added: Set,
}

impl Comparison {
    /// From one object to another.
    pub(super) fn of(old: &Value, new: &Value, of: Type<'_>) -> Result<Self, Vec<Misfit>> {
        let mut walker = Walker::default();
        walker.compare(Some(old), Some(new), of);
        if walker.misfits.is_empty() { Ok(walker.comparison) } else { Err(walker.misfits) }
    }

    /// Leaves out some fields with what is below them.
    pub(super) fn without(self, fields: &Set) -> Self {
        Self {
            removed: self.removed.difference_with_children(fields),
            modified: self.modified.difference_with_children(fields),
            added: self.added.difference_with_children(fields),
        }
    }
}

#[derive(Debug, Default)]
struct Walker {
    comparison: Comparison,
    path: Vec<Element>,
    misfits: Vec<Misfit>,
}

impl Walker {
    fn compare(&mut self, old: Option<&Value>, new: Option<&Value>, of: Type<'_>) {
        let forms = of.forms();
        let (old_forms, new_forms) = (forms.of_value(old), forms.of_value(new));
        let leaf = match (old, new) {
            (_, None) => self.compare_as(old_forms, old, new),
            (Some(_), Some(_)) if !old_forms.same(new_forms) => {
                self.compare_as(old_forms, old, new);
                self.compare_as(new_forms, old, new)
            }
            _ => self.compare_as(new_forms, old, new),
        };
        if !leaf {
            match (old, new) {
                (None, _) => self.comparison.added.insert(&self.path),
                (_, None) => self.comparison.removed.insert(&self.path),
                _ => {}
            }
        }
    }

    /// Whether it was compared as one.
    fn compare_as(&mut self, of: Forms<'_>, old: Option<&Value>, new: Option<&Value>) -> bool {
        match (of.map, of.single, of.list) {
            (Some(map), _, _) => self.compare_maps(map, old, new),
            (None, Some(single), _) => self.compare_singles(single, old, new),
            (None, None, Some(list)) => self.compare_lists(list, old, new),
            (None, None, None) => false,
        }
    }

    fn leaf(&mut self, old: Option<&Value>, new: Option<&Value>) -> bool {
        match (old, new) {
            (None, _) => self.comparison.added.insert(&self.path),
            (_, None) => self.comparison.removed.insert(&self.path),
            (Some(old), Some(new)) if !equal(old, new) => self.comparison.modified.insert(&self.path),
            _ => {}
        }
        true
    }

    fn compare_singles(&mut self, of: Single, old: Option<&Value>, new: Option<&Value>) -> bool {
        if let (Some(one), Some(other)) = (validate_single(old, of, "lhs: "), validate_single(new, of, "rhs: ")) {
            self.misfits.extend([one, other]);
            return false;
        }
        self.leaf(old, new)
    }

    fn compare_maps(&mut self, of: MapType<'_>, old: Option<&Value>, new: Option<&Value>) -> bool {
        let (old_fields, new_fields) = (old.and_then(Value::as_object), new.and_then(Value::as_object));
        let empty = |fields: Option<&Map<String, Value>>| fields.is_none_or(Map::is_empty);
        if of.atomic || (empty(old_fields) && empty(new_fields)) {
            return self.leaf(old, new);
        }
        let names: BTreeSet<&String> =
            old_fields.into_iter().flat_map(Map::keys).chain(new_fields.into_iter().flat_map(Map::keys)).collect();
        for name in names {
            let (old, new) =
                (old_fields.and_then(|fields| fields.get(name)), new_fields.and_then(|fields| fields.get(name)));
            if let Some(part) = of.part(name) {
                self.path.push(Element::field(name));
                self.compare(old, new, part);
                self.path.pop();
            }
        }
        false
    }

    fn compare_lists(&mut self, of: ListType<'_>, old: Option<&Value>, new: Option<&Value>) -> bool {
        let (old_items, new_items) = (old.and_then(Value::as_array), new.and_then(Value::as_array));
        let empty = |items: Option<&Vec<Value>>| items.is_none_or(Vec::is_empty);
        if of.atomic() || (empty(old_items) && empty(new_items)) {
            return self.leaf(old, new);
        }
        let (old_items, new_items) = (self.indexed(of, old_items), self.indexed(of, new_items));
        let elements: BTreeSet<Element> = old_items.keys().chain(new_items.keys()).cloned().collect();
        for element in elements {
            let (old, new) = (old_items.get(&element), new_items.get(&element));
            let (old, new) = (old.map_or(&[][..], Vec::as_slice), new.map_or(&[][..], Vec::as_slice));
            self.path.push(element);
            self.compare_items(of, old, new);
            self.path.pop();
        }
        false
    }

    /// Items that are there more than once are compared as one.
    fn compare_items(&mut self, of: ListType<'_>, old: &[&Value], new: &[&Value]) {
        match (old, new) {
            ([] | [_], [] | [_]) => self.compare(old.first().copied(), new.first().copied(), of.items),
            ([_, _, ..], [_, _, ..]) => {
                let same = old.len() == new.len() && old.iter().zip(new).all(|(old, new)| equal(old, new));
                if !same {
                    self.comparison.modified.insert(&self.path);
                }
            }
            ([_, _, ..], _) => {
                if let Some(new) = new.first() {
                    self.compare(None, Some(new), of.items);
                }
                self.comparison.removed.insert(&self.path);
            }
            _ => {
                if let Some(old) = old.first() {
                    self.compare(Some(old), None, of.items);
                }
                self.comparison.added.insert(&self.path);
            }
        }
    }

    fn indexed<'a>(&mut self, of: ListType<'_>, items: Option<&'a Vec<Value>>) -> BTreeMap<Element, Vec<&'a Value>> {
        let mut indexed: BTreeMap<Element, Vec<&Value>> = BTreeMap::new();
        for (index, item) in items.into_iter().flatten().enumerate() {
            match of.element(item) {
                Ok(element) => indexed.entry(element).or_default().push(item),
                Err(why) => self.misfits.push(Misfit::here(format!("element {index}: {why}"))),
            }
        }
        indexed
    }
}
