//! A key of Spaces.

use maps_sdk::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The settings of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// What people know it by.
    pub name: String,
    /// What it opens: some buckets, or with one grant of `fullaccess` everything.
    #[schemars(extend("x-maps-key" = "bucket"))]
    pub grants: Vec<Grant>,
    /// Any text: with another one a new key is made, and when all that uses the key has the new one, the old one
    /// goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-replace" = true))]
    pub rotate: Option<String>,
}

/// What a key may do with a bucket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The bucket: `${bucket.name}`. None for `fullaccess`, which is to all of them.
    #[serde(default)]
    pub bucket: String,
    /// How much.
    pub permission: Permission,
}

/// How much a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Permission {
    /// Lists and reads the objects.
    Read,
    /// Lists, reads, writes and deletes the objects.
    Readwrite,
    /// Does everything, with every bucket: makes, changes and deletes them too.
    Fullaccess,
}

/// What is known of a key besides its settings.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// `DO00…`.
    pub access_key_id: String,
    /// The secret. DigitalOcean tells it once, when the key is made, so that an imported key has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_access_key: Option<Secret>,
}

/// Where the making of a key goes on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The keys of this name that there were before, by id: a key carries no mark of who made it.
    pub before: Vec<String>,
}
