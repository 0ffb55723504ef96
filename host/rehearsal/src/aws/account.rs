//! The one account: its number, its operator, and what it has from the start.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::iam::model::{AccessKey, KEYS, USERS, User, key_of};
use super::refusal::Refusal;
use super::route53;
use crate::clock::Now;
use crate::entropy;
use crate::server::lock;
use crate::store::Transaction;

/// Where the store keeps the account.
const ACCOUNT: (&str, &str) = ("aws.account", "account");
/// The administrator whose key is in `cloud.json`.
pub(super) const OPERATOR: &str = "rehearsal-operator";
/// The managed policy that allows everything.
pub(super) const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
/// The hosted zone that stacks look up and never make.
const ZONE: &str = "maps.gransassotech.it";

/// What is planted, and told in `cloud.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Planted {
    /// Twelve digits.
    pub(crate) account: String,
    /// The operator's access key.
    pub(crate) access_key_id: String,
    /// Its secret.
    pub(crate) secret_access_key: String,
}

/// When and where a key was last seen.
#[derive(Debug, Clone)]
pub(super) struct LastUse {
    pub(super) ms: u64,
    pub(super) service: &'static str,
    pub(super) region: String,
}

/// What all services share.
#[derive(Debug)]
pub(crate) struct Account {
    pub(super) id: String,
    /// Not kept over a restart: a read must not wait for the disk.
    uses: Mutex<BTreeMap<String, LastUse>>,
}

impl Account {
    /// The account of what was planted.
    pub(crate) fn new(planted: &Planted) -> Self {
        Self { id: planted.account.clone(), uses: Mutex::default() }
    }

    /// Notes that a key was used.
    pub(super) fn used(&self, key: &str, last: LastUse) {
        lock(&self.uses).insert(key.to_owned(), last);
    }

    /// When a key was last used.
    pub(super) fn last_use(&self, key: &str) -> Option<LastUse> {
        lock(&self.uses).get(key).cloned()
    }
}

/// What the account has from the start, made at the first one.
pub(crate) fn plant(transaction: &mut Transaction<'_>, now: Now) -> Result<Planted, PlantError> {
    if let Some(planted) = transaction.get(ACCOUNT.0, ACCOUNT.1)? {
        return Ok(planted);
    }
    // The first digit is no zero, since some tools read the number as one.
    let account = format!("{}{}", entropy::pick(b"123456789", 1)?, entropy::pick(b"0123456789", 11)?);
    let operator = User { attached: vec![ADMINISTRATOR.to_owned()], ..User::new(OPERATOR, "/", now)? };
    let key = AccessKey::new(OPERATOR, now)?;
    let planted = Planted { account, access_key_id: key.id.clone(), secret_access_key: key.secret.clone() };
    transaction.put(USERS, &key_of(OPERATOR), &operator)?;
    transaction.put(KEYS, &key.id, &key)?;
    route53::plant(transaction, ZONE, now)?;
    transaction.put(ACCOUNT.0, ACCOUNT.1, &planted)?;
    Ok(planted)
}

/// The account's number, if there is one yet.
pub(super) fn number(documents: &crate::store::Documents) -> Result<Option<String>, serde_json::Error> {
    Ok(documents.get::<Planted>(ACCOUNT.0, ACCOUNT.1)?.map(|planted| planted.account))
}

/// Why nothing could be planted.
#[derive(Debug)]
pub(crate) enum PlantError {
    /// The store holds something else.
    Shape,
    /// There is no randomness.
    Entropy(getrandom::Error),
}

impl From<serde_json::Error> for PlantError {
    fn from(_: serde_json::Error) -> Self {
        Self::Shape
    }
}

impl From<getrandom::Error> for PlantError {
    fn from(error: getrandom::Error) -> Self {
        Self::Entropy(error)
    }
}

impl From<PlantError> for Refusal {
    fn from(_: PlantError) -> Self {
        Self::internal()
    }
}
