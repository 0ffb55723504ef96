//! Go's maps with string keys, the only ones that charts can make.

use std::cell::{Ref, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use super::drop::dismantle;
use super::{Str, Type, Value};

/// A map: shared and mutable, so that `set` shows through every handle.
///
/// In the order of its keys' bytes, in which Go ranges over and prints one.
#[derive(Clone, Debug)]
pub struct Map {
    kind: Rc<Type>,
    entries: Rc<RefCell<Entries>>,
    nil: bool,
}

impl Default for Map {
    fn default() -> Self {
        Self::new()
    }
}

impl Map {
    /// An empty `map[string]interface {}`.
    pub fn new() -> Self {
        Self::typed(Type::Map(Box::new(Type::Any)), BTreeMap::new())
    }

    /// A map of type `kind`: `Type::Map` or a `Type::Named` whose kind is `map`.
    pub fn typed(kind: Type, entries: BTreeMap<Str, Value>) -> Self {
        Self { kind: Rc::new(kind), entries: Rc::new(RefCell::new(Entries(entries))), nil: false }
    }

    /// Go's nil map of type `kind`: it reads as an empty one, and is `null` in JSON and YAML.
    pub fn nil(kind: Type) -> Self {
        Self { nil: true, ..Self::typed(kind, BTreeMap::new()) }
    }

    /// Whether this is Go's nil map.
    pub fn is_nil(&self) -> bool {
        self.nil
    }

    /// The whole type: `map[string]string`, `common.Values`.
    pub fn go_type(&self) -> &Type {
        &self.kind
    }

    /// The same entries, shared, under another type: what a conversion in Go does.
    pub fn converted(&self, kind: Type) -> Self {
        Self { kind: Rc::new(kind), entries: Rc::clone(&self.entries), nil: self.nil }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.borrow().0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value under a key.
    pub fn get(&self, key: &[u8]) -> Option<Value> {
        self.entries.borrow().0.get(key).cloned()
    }

    /// Whether there is a value under a key.
    pub fn contains(&self, key: &[u8]) -> bool {
        self.entries.borrow().0.contains_key(key)
    }

    /// Puts a value under a key, which shows through every handle.
    pub fn set(&self, key: impl Into<Str>, value: Value) {
        self.entries.borrow_mut().0.insert(key.into(), value);
    }

    /// Takes the entry of a key away, and answers with its value.
    pub fn remove(&self, key: &[u8]) -> Option<Value> {
        self.entries.borrow_mut().0.remove(key)
    }

    /// The entries, for reading. Hold it only while nothing of a template is evaluated.
    pub fn borrow(&self) -> Ref<'_, BTreeMap<Str, Value>> {
        Ref::map(self.entries.borrow(), |entries| &entries.0)
    }

    /// A copy of the entries (handles, not contents), for what must not hold a borrow.
    pub fn to_vec(&self) -> Vec<(Str, Value)> {
        self.entries.borrow().0.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// Whether both are one map, not two equal ones.
    pub fn same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.entries, &other.entries)
    }

    /// The entries, where this is the last handle to them.
    pub(super) fn into_entries(self) -> BTreeMap<Str, Value> {
        Rc::into_inner(self.entries).map(|entries| std::mem::take(&mut entries.into_inner().0)).unwrap_or_default()
    }
}

impl FromIterator<(Str, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (Str, Value)>>(entries: I) -> Self {
        let map = Self::new();
        map.entries.borrow_mut().0.extend(entries);
        map
    }
}

/// What a map holds; it goes without recursion, however deeply it is nested.
#[derive(Debug, Default)]
struct Entries(BTreeMap<Str, Value>);

impl Drop for Entries {
    fn drop(&mut self) {
        let entries = std::mem::take(&mut self.0);
        if entries.values().any(|value| matches!(value, Value::List(_) | Value::Map(_))) {
            dismantle(entries.into_values().collect());
        }
    }
}
