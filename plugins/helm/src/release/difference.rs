//! Which fields of objects differ, told without what is secret.

use std::collections::{BTreeMap, BTreeSet};

use maps_kube_objects::id::{Key, ObjectId};
use serde_json::Value;

use super::objects::Item;

/// The longest value that is told.
const LONGEST: usize = 60;
/// Between an object and its field; names of objects have no such thing in them.
const BEHIND: &str = ": ";

/// A field that differs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Change {
    pub(crate) id: ObjectId,
    /// `spec.replicas`; empty for the whole object.
    pub(crate) path: String,
    old: Option<Value>,
    new: Option<Value>,
}

impl Change {
    /// Which field of which object: `Deployment apps/web: spec.replicas`.
    pub(crate) fn place(&self) -> String {
        format!("{}{BEHIND}{}", self.id.shown(), self.path)
    }

    /// As it is now, and as it was installed, in one short line.
    pub(crate) fn now(&self) -> String {
        match self.hides() {
            true => "something else".to_owned(),
            false => format!("{}, and not {}", shown(self.new.as_ref()), shown(self.old.as_ref())),
        }
    }

    /// What a Secret holds is never told, nor what may hold one.
    fn hides(&self) -> bool {
        self.id.kind == "Secret" && !self.path.starts_with("metadata")
    }

    /// For people.
    pub(crate) fn told(&self) -> String {
        match (&self.old, &self.new) {
            (None, Some(_)) if self.path.is_empty() => "is added".to_owned(),
            (Some(_), None) if self.path.is_empty() => "goes".to_owned(),
            _ if self.hides() => format!("{} changes", self.path),
            (old, new) => format!("{} {} → {}", self.path, shown(old.as_ref()), shown(new.as_ref())),
        }
    }
}

/// The object of a place as [`Change::place`] says it.
pub(crate) fn object_of(place: &str) -> &str {
    place.split_once(BEHIND).map_or(place, |(object, _)| object)
}

/// A value in one short line.
pub(crate) fn shown(value: Option<&Value>) -> String {
    let text = match value {
        None => return "none".to_owned(),
        Some(Value::String(text)) => text.replace('\n', " "),
        Some(value) => value.to_string(),
    };
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// What differs between two sets of objects.
pub(crate) fn between(old: &[Item], new: &[Item]) -> Vec<Change> {
    let by_key = |items: &'_ [Item]| -> BTreeMap<Key, usize> {
        items.iter().enumerate().map(|(at, item)| (item.id.key(), at)).collect()
    };
    let (before, after) = (by_key(old), by_key(new));
    let mut changes = Vec::new();
    for item in new {
        match before.get(&item.id.key()) {
            None => changes.push(Change {
                id: item.id.clone(),
                path: String::new(),
                old: None,
                new: Some(Value::Bool(true)),
            }),
            Some(at) => walk(&item.id, "", Some(&old[*at].object), Some(&item.object), &mut changes),
        }
    }
    for item in old.iter().filter(|item| !after.contains_key(&item.id.key())) {
        let (id, path) = (item.id.clone(), String::new());
        changes.push(Change { id, path, old: Some(Value::Bool(true)), new: None });
    }
    changes
}

/// The fields that differ between two objects.
pub(crate) fn fields(id: &ObjectId, old: &Value, new: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    walk(id, "", Some(old), Some(new), &mut changes);
    changes
}

fn walk(id: &ObjectId, path: &str, old: Option<&Value>, new: Option<&Value>, changes: &mut Vec<Change>) {
    match (old, new) {
        (Some(old), Some(new)) if old == new => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            for name in names {
                let below = match (path.is_empty(), name.contains(['.', '/'])) {
                    (true, _) => name.clone(),
                    (false, true) => format!("{path}[{name}]"),
                    (false, false) => format!("{path}.{name}"),
                };
                walk(id, &below, before.get(name), after.get(name), changes);
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => {
            for at in 0..before.len().max(after.len()) {
                walk(id, &format!("{path}[{at}]"), before.get(at), after.get(at), changes);
            }
        }
        (old, new) => {
            changes.push(Change { id: id.clone(), path: path.to_owned(), old: old.cloned(), new: new.cloned() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn id(kind: &str) -> ObjectId {
        ObjectId { api_version: "v1".to_owned(), kind: kind.to_owned(), namespace: None, name: "a".to_owned() }
    }

    fn told(kind: &str, old: &Value, new: &Value) -> Vec<String> {
        fields(&id(kind), old, new).iter().map(Change::told).collect()
    }

    #[test]
    fn fields_are_told_with_their_values() {
        assert_eq!(
            told("A", &json!({"s": {"n": 1, "x.y": [1, 2]}}), &json!({"s": {"n": 2, "x.y": [1], "z": "t"}})),
            ["s.n 1 → 2", "s[x.y][1] 2 → none", "s.z none → t"]
        );
    }

    #[test]
    fn a_field_of_an_object_has_a_place() {
        let change = &fields(&id("A"), &json!({"s": {"n": 1}}), &json!({"s": {"n": 7}}))[0];
        assert_eq!((change.place().as_str(), change.now().as_str()), ("A a: s.n", "7, and not 1"));
        assert_eq!((object_of("A a: s[x: y]"), object_of("A a")), ("A a", "A a"));
    }

    #[test]
    fn what_a_secret_holds_is_not_told() {
        let change = &fields(&id("Secret"), &json!({"data": {"p": "hunter2"}}), &json!({}))[0];
        assert_eq!(change.now(), "something else");
        let lines = told("Secret", &json!({"data": {"p": "hunter2"}}), &json!({"data": {"p": "hunter3"}}));
        assert_eq!(lines, ["data.p changes"]);
    }
}
