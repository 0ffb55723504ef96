//! The store from outside: what survives, what is refused, and what is never written.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod corruption;
mod durability;
mod secrecy;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use futures::executor::block_on;
use maps_engine::journal::{Ended, Entry, OpKind, Recorded};
use maps_engine::value::Map;
use maps_engine::{Address, KindName, Loaded, OpId, Store as _, Token, Value};

use crate::{FileError, FileStore, Location, read};

fn location(dir: &Path) -> Location {
    Location::new(dir.join("shop"), "shop", None)
}

fn open(dir: &Path) -> FileStore {
    FileStore::open(location(dir), 1).unwrap()
}

fn recorded(name: &str, inputs: &[(&str, Value)]) -> Recorded {
    Recorded {
        kind: KindName::new("doks/cluster"),
        id: format!("id-{name}"),
        token: Some(Token::new("00112233445566778899aabbccddeeff")),
        inputs: Value::Map(inputs.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect()),
        outputs: Value::Map(Map::new()),
        depends_on: Vec::new(),
        lives_in: Vec::new(),
        config: Value::Null,
        protect: false,
        retain: false,
        unusable: false,
    }
}

/// A create of `name` that succeeded, as its two entries.
fn made(name: &str, inputs: &[(&str, Value)]) -> Vec<Entry> {
    let op = OpId::new(format!("op-{name}"));
    let object = recorded(name, inputs);
    let begun = Recorded { id: String::new(), ..object.clone() };
    vec![
        Entry::Begin {
            op: op.clone(),
            does: OpKind::Create,
            address: Address::new(name),
            object: begun,
            deposed: false,
            planned: None,
            at: 1,
        },
        Entry::End { op, ended: Ended::Applied { object } },
    ]
}

fn append(store: &FileStore, entries: Vec<Entry>) {
    block_on(store.journal().append(entries)).unwrap();
}

/// Folds what the store holds into its next snapshot, as the engine does after a run.
fn commit(store: &FileStore) {
    let Loaded { snapshot, entries } = block_on(store.load()).unwrap();
    let mut state = snapshot.state.clone();
    state.fold(&entries).unwrap();
    block_on(store.commit(&snapshot.next(state))).unwrap();
}

/// The names of the objects a reader finds, after folding.
fn found(dir: &Path) -> Vec<String> {
    folded(&read(&location(dir)).unwrap().loaded)
}

fn folded(loaded: &Loaded) -> Vec<String> {
    let mut state = loaded.snapshot.state.clone();
    state.fold(&loaded.entries).unwrap();
    state.resources.keys().map(ToString::to_string).collect()
}

/// Every file below, with its content.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.clone(), fs::read(path).unwrap());
            }
        }
    }
    found
}

fn journal(dir: &Path) -> PathBuf {
    dir.join("shop/journal.jsonl")
}

fn snapshot(dir: &Path) -> PathBuf {
    dir.join("shop/snapshot.json")
}

fn refused(dir: &Path) -> FileError {
    let by_reader = read(&location(dir)).unwrap_err();
    let by_writer = FileStore::open(location(dir), 1).err().unwrap();
    assert_eq!(by_reader.to_string(), by_writer.to_string(), "reader and writer judge alike");
    by_reader
}
