//! What IAM keeps: users, access keys, managed policies.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::Now;
use crate::entropy;

/// Where the store keeps users, by [`key_of`] their name.
pub(in crate::aws) const USERS: &str = "aws.iam.users";
/// Access keys, by their id.
pub(in crate::aws) const KEYS: &str = "aws.iam.keys";
/// Managed policies, by their ARN.
pub(in crate::aws) const POLICIES: &str = "aws.iam.policies";

const ID_LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const SECRET_LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Names differ in more than their case.
pub(in crate::aws) fn key_of(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// An identifier like AWS's: four letters that say what it is of, and random ones.
pub(in crate::aws) fn identifier(prefix: &str, random: usize) -> Result<String, getrandom::Error> {
    Ok(format!("{prefix}{}", entropy::pick(ID_LETTERS, random)?))
}

/// Forty characters.
pub(in crate::aws) fn secret() -> Result<String, getrandom::Error> {
    entropy::pick(SECRET_LETTERS, 40)
}

/// A user.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::aws) struct User {
    pub(in crate::aws) name: String,
    pub(in crate::aws) path: String,
    pub(in crate::aws) id: String,
    pub(in crate::aws) created_ms: u64,
    /// Inline policies by name.
    pub(in crate::aws) inline: BTreeMap<String, String>,
    /// ARNs of managed policies.
    pub(in crate::aws) attached: Vec<String>,
    pub(in crate::aws) boundary: Option<String>,
    pub(in crate::aws) tags: BTreeMap<String, String>,
}

impl User {
    /// A new one that may do nothing.
    pub(in crate::aws) fn new(name: &str, path: &str, now: Now) -> Result<Self, getrandom::Error> {
        Ok(Self {
            name: name.to_owned(),
            path: path.to_owned(),
            id: identifier("AIDA", 17)?,
            created_ms: now.real_ms,
            inline: BTreeMap::new(),
            attached: Vec::new(),
            boundary: None,
            tags: BTreeMap::new(),
        })
    }

    /// One that is kept nowhere, and only gives its name to what a key of another cloud does.
    pub(in crate::aws) fn nominal(name: &str, id: &str) -> Self {
        Self {
            name: name.to_owned(),
            path: "/".to_owned(),
            id: id.to_owned(),
            created_ms: 0,
            inline: BTreeMap::new(),
            attached: Vec::new(),
            boundary: None,
            tags: BTreeMap::new(),
        }
    }

    /// Its ARN.
    pub(in crate::aws) fn arn(&self, account: &str) -> String {
        user_arn(account, &self.path, &self.name)
    }
}

/// The ARN of a user with a path.
pub(in crate::aws) fn user_arn(account: &str, path: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:user{path}{name}")
}

/// An access key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::aws) struct AccessKey {
    pub(in crate::aws) id: String,
    pub(in crate::aws) secret: String,
    pub(in crate::aws) user: String,
    pub(in crate::aws) active: bool,
    pub(in crate::aws) created_ms: u64,
}

impl AccessKey {
    /// A new one, active.
    pub(in crate::aws) fn new(user: &str, now: Now) -> Result<Self, getrandom::Error> {
        Ok(Self {
            id: identifier("AKIA", 16)?,
            secret: secret()?,
            user: user.to_owned(),
            active: true,
            created_ms: now.real_ms,
        })
    }
}

/// A managed policy of the account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::aws) struct ManagedPolicy {
    pub(in crate::aws) arn: String,
    pub(in crate::aws) name: String,
    pub(in crate::aws) path: String,
    pub(in crate::aws) id: String,
    pub(in crate::aws) description: Option<String>,
    pub(in crate::aws) created_ms: u64,
    pub(in crate::aws) tags: BTreeMap<String, String>,
    /// The number of the version in effect.
    pub(in crate::aws) default: u32,
    /// The versions, the newest last. A number is never used again.
    pub(in crate::aws) versions: Vec<PolicyVersion>,
    pub(in crate::aws) next: u32,
}

/// A version of a managed policy.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::aws) struct PolicyVersion {
    pub(in crate::aws) number: u32,
    pub(in crate::aws) document: String,
    pub(in crate::aws) created_ms: u64,
}

impl ManagedPolicy {
    /// The document in effect.
    pub(in crate::aws) fn document(&self) -> &str {
        let version = self.versions.iter().find(|version| version.number == self.default);
        version.map_or("", |version| version.document.as_str())
    }
}
