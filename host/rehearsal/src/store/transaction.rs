//! Reads and pending writes of one request; the store commits them together or not at all.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Change, Documents};

/// A view of the documents with this request's own changes over them.
#[derive(Debug)]
pub(crate) struct Transaction<'a> {
    base: &'a Documents,
    changes: BTreeMap<(String, String), Option<Value>>,
}

impl<'a> Transaction<'a> {
    pub(super) fn new(base: &'a Documents) -> Self {
        Self { base, changes: BTreeMap::new() }
    }

    /// One document as its type.
    pub(crate) fn get<T: DeserializeOwned>(&self, collection: &str, key: &str) -> Result<Option<T>, serde_json::Error> {
        match self.changes.get(&(collection.to_owned(), key.to_owned())) {
            Some(changed) => changed.as_ref().map(T::deserialize).transpose(),
            None => self.base.get(collection, key),
        }
    }

    /// Every document of a collection, by key.
    pub(crate) fn list<T: DeserializeOwned>(&self, collection: &str) -> Result<Vec<T>, serde_json::Error> {
        self.entries(collection).into_iter().map(|(_, value)| T::deserialize(value)).collect()
    }

    /// Every document of a collection as it is stored, with its key.
    pub(crate) fn entries(&self, collection: &str) -> Vec<(&str, &Value)> {
        let mut view: BTreeMap<&str, &Value> = BTreeMap::new();
        if let Some(documents) = self.base.collections.get(collection) {
            view.extend(documents.iter().map(|(key, value)| (key.as_str(), value)));
        }
        for ((place, key), value) in &self.changes {
            if place == collection {
                match value {
                    Some(value) => view.insert(key, value),
                    None => view.remove(key.as_str()),
                };
            }
        }
        view.into_iter().collect()
    }

    /// Sets a document.
    pub(crate) fn put<T: Serialize>(
        &mut self,
        collection: &str,
        key: &str,
        document: &T,
    ) -> Result<(), serde_json::Error> {
        let value = serde_json::to_value(document)?;
        self.changes.insert((collection.to_owned(), key.to_owned()), Some(value));
        Ok(())
    }

    /// Takes a document away.
    pub(crate) fn remove(&mut self, collection: &str, key: &str) {
        self.changes.insert((collection.to_owned(), key.to_owned()), None);
    }

    /// What is to be committed; a document set to what it was is left out.
    pub(crate) fn into_changes(self) -> Vec<Change> {
        let base = self.base;
        self.changes
            .into_iter()
            .filter(|((collection, key), value)| base.raw(collection, key) != value.as_ref())
            .map(|((collection, key), value)| Change { collection, key, value })
            .collect()
    }
}
