//! A managed policy of IAM.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::tags::Tags;

/// The settings of a managed policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// Its name, unique in the account, whatever its case.
    #[schemars(extend("x-maps-replace" = true))]
    pub name: String,
    /// Where it stands among the account's policies: `/`, or `/boundaries/`.
    #[serde(default = "root")]
    #[schemars(extend("x-maps-replace" = true))]
    pub path: String,
    /// For people; IAM does not change it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-replace" = true))]
    pub description: Option<String>,
    /// What it allows and denies. Another document becomes the policy's default version; of the five
    /// versions that IAM keeps the oldest goes for it.
    pub document: Document,
    /// Tags, besides those that maps sets.
    #[serde(default)]
    pub tags: Tags,
}

fn root() -> String {
    "/".to_owned()
}

/// What is known of a managed policy besides its settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Its ARN, for a user's `permissions_boundary`.
    pub arn: String,
    /// What no other policy ever had: `ANPA…`.
    pub unique_id: String,
}
