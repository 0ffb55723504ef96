//! The tables of a document while it is read: what has been said, and what only follows from it.

use std::collections::{BTreeMap, HashSet};

use super::is_bare;
use crate::value::{List, Map, Str, Type, Value};

/// What a key stands for.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Value(Value),
    Table(Table),
    /// `[[key]]`: never empty.
    Tables(Vec<Table>),
}

pub(super) type Table = BTreeMap<Str, Node>;

/// A document in the making.
#[derive(Default)]
pub(super) struct Document {
    root: Table,
    /// Tables that nobody has defined, but that hold some that are.
    implicit: HashSet<Vec<Str>>,
    arrays: HashSet<Vec<Str>>,
    /// The table that entries go to.
    pub(super) context: Vec<Str>,
}

/// A key as messages show it.
pub(super) fn show(key: &[Str]) -> String {
    let mut text = String::new();
    for (index, part) in key.iter().enumerate() {
        if index > 0 {
            text.push('.');
        }
        if !part.is_empty() && part.iter().all(|byte| is_bare(*byte)) {
            text.push_str(&String::from_utf8_lossy(part));
        } else {
            text.push_str(&super::lexer::quoted_text(part));
        }
    }
    text
}

/// The table that a node is, or the last of several.
fn inner(node: &mut Node) -> Option<&mut Table> {
    match node {
        Node::Table(table) => Some(table),
        Node::Tables(tables) => tables.last_mut(),
        Node::Value(_) => None,
    }
}

impl Document {
    pub(super) fn imply(&mut self, key: &[Str]) {
        self.implicit.insert(key.to_vec());
    }

    pub(super) fn mark_array(&mut self, name: &Str) {
        let mut key = self.context.clone();
        key.push(name.clone());
        self.arrays.insert(key);
    }

    /// Goes to a table, and makes it; with `array`, a further one of several.
    pub(super) fn enter(&mut self, key: &[Str], array: bool) -> Result<(), String> {
        let Some((last, parents)) = key.split_last() else {
            return Ok(());
        };
        let mut table = &mut self.root;
        for (depth, part) in parents.iter().enumerate() {
            let path = &key[..=depth];
            if !table.contains_key(part) {
                self.implicit.insert(path.to_vec());
                table.insert(part.clone(), Node::Table(Table::new()));
            }
            match table.get_mut(part).and_then(inner) {
                Some(next) => table = next,
                None => return Err(format!("Key '{}' was already created as a hash.", show(path))),
            }
        }
        self.context = parents.to_vec();
        if array {
            match table.entry(last.clone()).or_insert_with(|| Node::Tables(Vec::new())) {
                Node::Tables(tables) => tables.push(Table::new()),
                _ => {
                    let key = show(key);
                    return Err(format!("Key '{key}' was already created and cannot be used as an array."));
                }
            }
        } else {
            self.set(last, Node::Table(Table::new()))?;
        }
        self.context.push(last.clone());
        Ok(())
    }

    /// Puts an entry into the current table.
    pub(super) fn set(&mut self, name: &Str, node: Node) -> Result<(), String> {
        let mut table = &mut self.root;
        for (depth, part) in self.context.iter().enumerate() {
            match table.get_mut(part).and_then(inner) {
                Some(next) => table = next,
                None => return Err(format!("Key '{}' has already been defined.", show(&self.context[..=depth]))),
            }
        }
        let mut key = self.context.clone();
        key.push(name.clone());
        // An array replaces what its own tables have left here; nothing else does.
        let array = self.arrays.remove(&key);
        if table.contains_key(name) {
            if array {
                self.implicit.remove(&key);
                table.insert(name.clone(), node);
                return Ok(());
            }
            if self.implicit.remove(&key) {
                return Ok(());
            }
            return Err(format!("Key '{}' has already been defined.", show(&key)));
        }
        table.insert(name.clone(), node);
        Ok(())
    }

    /// All that has been said.
    pub(super) fn finish(self) -> Map {
        map(self.root)
    }
}

fn map(table: Table) -> Map {
    table.into_iter().map(|(key, node)| (key, value(node))).collect()
}

pub(super) fn value(node: Node) -> Value {
    match node {
        Node::Value(value) => value,
        Node::Table(table) => map(table).into(),
        Node::Tables(tables) => {
            let tables = tables.into_iter().map(|table| map(table).into()).collect();
            List::new(Type::Map(Box::new(Type::Any)), tables).into()
        }
    }
}
