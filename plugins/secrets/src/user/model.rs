//! A user of IAM.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::tags::Tags;

/// The settings of a user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// Its name, unique in the account, whatever its case.
    #[schemars(extend("x-maps-replace" = true))]
    pub name: String,
    /// Where it stands among the account's users: `/`, or `/teams/web/`.
    #[serde(default = "root")]
    #[schemars(extend("x-maps-replace" = true))]
    pub path: String,
    /// The ARN of the policy beyond which the user can do nothing, whatever else it is given.
    pub permissions_boundary: String,
    /// What the user may do: its inline policy. It needs no more than one, of several statements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Document>,
    /// What the inline policy is called.
    #[serde(default = "policy_name")]
    pub policy_name: String,
    /// Tags, besides those that maps sets.
    #[serde(default)]
    pub tags: Tags,
}

fn root() -> String {
    "/".to_owned()
}

pub(super) fn policy_name() -> String {
    "inline".to_owned()
}

/// What is known of a user besides its settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// What no other user ever had: `AIDA…`.
    pub unique_id: String,
}

/// A user that is there, and whose policy is to follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Its ARN.
    pub arn: String,
    /// Its unique id.
    pub unique_id: String,
    /// How often IAM did not know it yet.
    #[serde(default)]
    pub rounds: u32,
}
