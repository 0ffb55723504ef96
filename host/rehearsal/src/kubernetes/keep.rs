//! Where clusters keep what they hold: in the cloud's own documents, one prefix a cluster.

use std::io;
use std::sync::{Arc, Weak};

use maps_cluster::{Change as Object, Cluster, Persist};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::one::Identity;
use super::{NAME, STANDING};
use crate::digitalocean;
use crate::entropy;
use crate::error::Error;
use crate::inventory::STATE_FILE;
use crate::server::Shared;
use crate::store::{Change, Documents};
use crate::tls::Authority;

/// Where the secrets of clusters are kept, by cluster.
const SECRETS: &str = "kubernetes secrets";

/// What a cluster signs with; the standing one's token too.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Secrets {
    /// Sixty-four hexadecimal digits.
    signing: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

fn prefix(id: &str) -> String {
    format!("{NAME}/{id}/")
}

/// Keeps the objects of one cluster.
#[derive(Debug)]
pub(super) struct Kept {
    shared: Weak<Shared>,
    id: String,
    prefix: String,
}

impl Kept {
    /// For this cluster.
    pub(super) fn new(shared: &Arc<Shared>, id: &str) -> Self {
        Self { shared: Arc::downgrade(shared), id: id.to_owned(), prefix: prefix(id) }
    }
}

impl Persist for Kept {
    fn commit(&mut self, changes: Vec<Object>) -> io::Result<()> {
        let Some(shared) = self.shared.upgrade() else { return Err(io::Error::other("the cloud has stopped")) };
        let now = shared.now();
        let mut store = shared.store();
        let mut transaction = store.begin();
        for Object { collection, key, value } in &changes {
            let object = (collection.as_str(), key.as_str(), value.as_ref());
            digitalocean::follow(&mut transaction, now, &self.id, object).map_err(io::Error::other)?;
        }
        let made = transaction.into_changes();
        let changes = changes.into_iter().map(|Object { collection, key, value }| Change {
            collection: format!("{}{collection}", self.prefix),
            key,
            value,
        });
        store.commit(changes.chain(made).collect()).map_err(io::Error::other)
    }
}

/// What was kept of a cluster.
pub(super) fn kept(shared: &Shared, id: &str) -> Vec<Object> {
    objects(shared.store().documents(), id)
}

fn objects(documents: &Documents, id: &str) -> Vec<Object> {
    let prefix = prefix(id);
    let collections: Vec<&str> = documents.collections_under(&prefix).collect();
    let mut objects = Vec::new();
    for collection in collections {
        for (key, value) in documents.entries(collection) {
            objects.push(Object {
                collection: collection[prefix.len()..].to_owned(),
                key: key.to_owned(),
                value: Some(value.clone()),
            });
        }
    }
    objects
}

/// What a cluster holds, for an inventory.
pub(super) fn inventory(documents: &Documents, id: &str) -> Value {
    Cluster::inventory(&objects(documents, id))
}

/// Takes away what a cluster held.
pub(super) fn forget(shared: &Shared, id: &str) -> Result<(), Error> {
    let mut store = shared.store();
    let mut changes: Vec<Change> = Vec::new();
    for Object { collection, key, .. } in objects(store.documents(), id) {
        changes.push(Change { collection: format!("{}{collection}", prefix(id)), key, value: None });
    }
    changes.push(Change { collection: SECRETS.to_owned(), key: id.to_owned(), value: None });
    store.commit(changes)
}

/// What a cluster signs with, made at its first start.
pub(super) fn signing(shared: &Shared, id: &str) -> Result<[u8; 32], Error> {
    let secrets = secrets(shared, id)?;
    let mut key = [0; 32];
    for (at, byte) in key.iter_mut().enumerate() {
        let digits = secrets.signing.get(at * 2..at * 2 + 2).unwrap_or("00");
        *byte = u8::from_str_radix(digits, 16).unwrap_or_default();
    }
    Ok(key)
}

fn secrets(shared: &Shared, id: &str) -> Result<Secrets, Error> {
    let broken = || Error::Version { path: shared.directory().file(STATE_FILE) };
    let mut store = shared.store();
    if let Some(secrets) = store.documents().get(SECRETS, id).map_err(|_| broken())? {
        return Ok(secrets);
    }
    let token = match id {
        STANDING => Some(entropy::hex(32)?),
        _ => None,
    };
    let secrets = Secrets { signing: entropy::hex(32)?, token };
    let value = serde_json::to_value(&secrets).map_err(|_| broken())?;
    store.commit(vec![Change { collection: SECRETS.to_owned(), key: id.to_owned(), value: Some(value) }])?;
    Ok(secrets)
}

/// The standing cluster, under the cloud's own authority.
pub(super) fn standing(shared: &Shared, authority: &Authority) -> Result<Identity, Error> {
    let token = secrets(shared, STANDING)?.token.unwrap_or_default();
    Ok(Identity::standing(token, authority.clone()))
}

/// Whether there ever was a standing cluster.
pub(super) fn has_standing(documents: &Documents) -> bool {
    documents.collections_under(&prefix(STANDING)).next().is_some()
}
