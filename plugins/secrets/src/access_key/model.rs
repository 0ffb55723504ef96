//! An access key of a user.

use maps_sdk::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The settings of an access key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// The name of the user whose key it is: `${user.name}`. A user has at most two.
    #[schemars(extend("x-maps-replace" = true, "x-maps-lives-in" = true))]
    pub user: String,
    /// Does it open anything?
    #[serde(default)]
    pub status: Status,
    /// Any text: with another one a new key is made, and when all that uses the key has the new one, the old
    /// one goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-replace" = true))]
    pub rotate: Option<String>,
}

/// Whether a key opens anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Status {
    /// It does.
    #[default]
    Active,
    /// It does not, until it is active again.
    Inactive,
}

/// What is known of an access key besides its settings.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// `AKIA…`.
    pub access_key_id: String,
    /// The secret. AWS tells it once, when the key is made, so that an imported key has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_access_key: Option<Secret>,
}

/// Where the making of a key goes on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The keys that the user had before, by id: a key carries no mark of who made it.
    pub before: Vec<String>,
    /// The key, once it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<Outputs>,
}
