//! Collections of JSON documents behind one append-only log; every commit is durable before it returns.

mod log;
mod transaction;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::Error;
use log::Log;
pub(crate) use transaction::Transaction;

/// The log is rewritten as one record when it has grown past this and past [`GROWTH`] times what lived then.
const COMPACT_AT_BYTES: u64 = 1 << 20;
/// So that a large state is not rewritten at every commit.
const GROWTH: u64 = 4;

/// One document set, changed or taken away (`None`).
#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize)]
pub(crate) struct Change {
    /// The collection.
    #[serde(rename = "c")]
    pub(crate) collection: String,
    /// The document's key within it.
    #[serde(rename = "k")]
    pub(crate) key: String,
    /// Its new content; absent when it is removed.
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<Value>,
}

/// What a log folds into.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Documents {
    collections: BTreeMap<String, BTreeMap<String, Value>>,
}

impl Documents {
    /// Folds the log of a directory without touching it; a record torn by a kill is passed over.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let mut documents = Self::default();
        log::read(path, |changes| documents.apply(changes))?;
        Ok(documents)
    }

    /// One document as its type. One that does not fit is an error: a document must not seem absent.
    pub(crate) fn get<T: DeserializeOwned>(&self, collection: &str, key: &str) -> Result<Option<T>, serde_json::Error> {
        self.raw(collection, key).map(T::deserialize).transpose()
    }

    /// Every document of a collection, by key.
    pub(crate) fn list<T: DeserializeOwned>(&self, collection: &str) -> Result<Vec<T>, serde_json::Error> {
        let documents = self.collections.get(collection);
        documents.into_iter().flat_map(BTreeMap::values).map(T::deserialize).collect()
    }

    /// The names of the collections that begin with this.
    pub(crate) fn collections_under<'d>(&'d self, prefix: &'d str) -> impl Iterator<Item = &'d str> {
        self.collections.keys().map(String::as_str).filter(move |name| name.starts_with(prefix))
    }

    /// Every document of a collection as it is stored, with its key.
    pub(crate) fn entries(&self, collection: &str) -> impl Iterator<Item = (&str, &Value)> {
        let documents = self.collections.get(collection);
        documents.into_iter().flatten().map(|(key, value)| (key.as_str(), value))
    }

    fn raw(&self, collection: &str, key: &str) -> Option<&Value> {
        self.collections.get(collection)?.get(key)
    }

    fn apply(&mut self, changes: Vec<Change>) {
        for Change { collection, key, value } in changes {
            match value {
                Some(value) => {
                    self.collections.entry(collection).or_default().insert(key, value);
                }
                None => {
                    if let Some(documents) = self.collections.get_mut(&collection) {
                        documents.remove(&key);
                        if documents.is_empty() {
                            self.collections.remove(&collection);
                        }
                    }
                }
            }
        }
    }

    /// The changes that make these documents out of nothing.
    fn as_changes(&self) -> Vec<Change> {
        self.collections
            .iter()
            .flat_map(|(collection, documents)| {
                documents.iter().map(|(key, value)| Change {
                    collection: collection.clone(),
                    key: key.clone(),
                    value: Some(value.clone()),
                })
            })
            .collect()
    }
}

/// The documents of a running cloud and the log that keeps them.
#[derive(Debug)]
pub(crate) struct Store {
    documents: Documents,
    log: Log,
    compact_at: u64,
}

impl Store {
    /// Folds the log, cuts off a torn last record, and rewrites the log when it holds little that lives.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let mut documents = Documents::default();
        let log = Log::open(path, |changes| documents.apply(changes))?;
        let mut store = Self { documents, log, compact_at: COMPACT_AT_BYTES };
        store.compact_when_worthwhile()?;
        Ok(store)
    }

    /// What is stored now.
    pub(crate) fn documents(&self) -> &Documents {
        &self.documents
    }

    /// Starts a transaction; nothing is stored until its changes are committed.
    pub(crate) fn begin(&self) -> Transaction<'_> {
        Transaction::new(&self.documents)
    }

    /// Makes changes durable, then visible. None at all writes nothing.
    pub(crate) fn commit(&mut self, changes: Vec<Change>) -> Result<(), Error> {
        if changes.is_empty() {
            return Ok(());
        }
        self.log.append(&changes)?;
        self.documents.apply(changes);
        // The changes are safe already. A rewrite that fails leaves the old log
        // as it was, or poisons it for the next commit to report.
        let _ = self.compact_when_worthwhile();
        Ok(())
    }

    fn compact_when_worthwhile(&mut self) -> Result<(), Error> {
        if self.log.bytes() < self.compact_at {
            return Ok(());
        }
        self.log.rewrite(&log::record(&self.documents.as_changes())?)?;
        self.compact_at = COMPACT_AT_BYTES.max(self.log.bytes().saturating_mul(GROWTH));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use serde_json::json;
    use std::fs;
    use std::path::PathBuf;

    fn place() -> (tempfile::TempDir, PathBuf) {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("state.log");
        (home, path)
    }

    fn put(store: &mut Store, key: &str, value: &Value) {
        let mut transaction = store.begin();
        transaction.put("things", key, value).unwrap();
        let changes = transaction.into_changes();
        store.commit(changes).unwrap();
    }

    #[test]
    fn what_was_committed_is_there_after_reopening() {
        let (_home, path) = place();
        let mut store = Store::open(&path).unwrap();
        put(&mut store, "a", &json!(1));
        put(&mut store, "b", &json!({"x": [1, 2]}));
        let mut transaction = store.begin();
        transaction.remove("things", "a");
        let changes = transaction.into_changes();
        store.commit(changes).unwrap();
        let before = store.documents().clone();
        drop(store);
        assert_eq!(Store::open(&path).unwrap().documents(), &before);
        assert_eq!(Documents::read(&path).unwrap(), before);
        assert_eq!(before.list::<Value>("things").unwrap(), [json!({"x": [1, 2]})]);
    }

    #[test]
    fn a_log_cut_at_any_byte_opens_with_the_commits_that_are_whole() {
        let (_home, path) = place();
        let mut store = Store::open(&path).unwrap();
        put(&mut store, "a", &json!("first"));
        let first = fs::metadata(&path).unwrap().len() as usize;
        put(&mut store, "a", &json!("second"));
        drop(store);
        let whole = fs::read(&path).unwrap();
        for length in first..=whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let expected = if length == whole.len() { "second" } else { "first" };
            assert_eq!(Documents::read(&path).unwrap().get::<String>("things", "a").unwrap().unwrap(), expected);
            let mut store = Store::open(&path).unwrap();
            assert_eq!(store.documents().get::<String>("things", "a").unwrap().unwrap(), expected, "cut at {length}");
            put(&mut store, "b", &json!("after"));
            drop(store);
            let documents = Store::open(&path).unwrap();
            assert_eq!(documents.documents().get::<String>("things", "a").unwrap().unwrap(), expected);
            assert_eq!(documents.documents().get::<String>("things", "b").unwrap().unwrap(), "after");
        }
    }

    #[test]
    fn damage_before_the_last_record_is_an_error_and_changes_nothing() {
        let (_home, path) = place();
        let mut store = Store::open(&path).unwrap();
        put(&mut store, "a", &json!("first"));
        put(&mut store, "a", &json!("second"));
        drop(store);
        let text = fs::read_to_string(&path).unwrap().replace("first", "fxrst");
        fs::write(&path, &text).unwrap();
        assert!(matches!(Store::open(&path), Err(Error::Damaged { .. })));
        assert!(matches!(Documents::read(&path), Err(Error::Damaged { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }

    #[test]
    fn a_log_of_many_overwrites_is_compacted_and_keeps_the_last() {
        let (_home, path) = place();
        let mut store = Store::open(&path).unwrap();
        let filler = "x".repeat(64 << 10);
        for n in 0..40 {
            put(&mut store, "a", &json!([n, filler]));
        }
        assert!(fs::metadata(&path).unwrap().len() < COMPACT_AT_BYTES + (128 << 10));
        let before = store.documents().clone();
        drop(store);
        assert_eq!(Store::open(&path).unwrap().documents(), &before);
        assert_eq!(before.get::<Value>("things", "a").unwrap().unwrap()[0], 39);
    }

    #[test]
    fn a_transaction_sees_its_own_changes_and_the_store_does_not() {
        let (_home, path) = place();
        let mut store = Store::open(&path).unwrap();
        put(&mut store, "a", &json!(1));
        let mut transaction = store.begin();
        transaction.put("things", "b", &2).unwrap();
        transaction.remove("things", "a");
        assert_eq!(transaction.get::<u32>("things", "b").unwrap(), Some(2));
        assert_eq!(transaction.get::<u32>("things", "a").unwrap(), None);
        assert_eq!(transaction.list::<u32>("things").unwrap(), [2]);
        assert_eq!(store.documents().list::<u32>("things").unwrap(), [1]);
    }

    #[test]
    fn a_document_of_another_shape_is_an_error_and_not_absent() {
        let (_home, path) = place();
        let mut store = Store::open(&path).unwrap();
        put(&mut store, "a", &json!("text"));
        assert!(store.documents().get::<u32>("things", "a").is_err());
        assert!(store.begin().get::<u32>("things", "a").is_err());
        assert!(store.begin().list::<u32>("things").is_err());
    }
}
