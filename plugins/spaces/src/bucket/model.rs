//! A bucket of Spaces.

use maps_s3::lifecycle;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The settings of a bucket. What they leave out is off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// Its name, unique among all buckets of all accounts. It is made in the credential's region.
    #[schemars(extend("x-maps-replace" = true))]
    pub name: String,
    /// Old versions of objects are kept. Where it was on and is switched off, Spaces keep those that there are.
    #[serde(default)]
    pub versioning: bool,
    /// What becomes of objects with time.
    #[serde(default)]
    #[schemars(extend("x-maps-key" = "id"))]
    pub lifecycle: Vec<Rule>,
    /// All objects go with the bucket, for good and with all their versions. Without it a bucket with objects in it
    /// is not deleted.
    #[serde(default)]
    pub force_destroy: bool,
}

/// What becomes of objects with time. Days count from an object's making, or from when another version took its
/// place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Tells rules apart.
    pub id: String,
    /// Is it carried out?
    #[serde(default = "on")]
    pub enabled: bool,
    /// What the keys of its objects begin with; all objects if empty.
    #[serde(default)]
    pub prefix: String,
    /// After so many days objects go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration_days: Option<u32>,
    /// After so many days old versions go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noncurrent_expiration_days: Option<u32>,
    /// After so many days uploads in parts go that were never completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abort_multipart_days: Option<u32>,
}

fn on() -> bool {
    true
}

impl From<&Rule> for lifecycle::Rule {
    fn from(rule: &Rule) -> Self {
        Self {
            id: rule.id.clone(),
            enabled: rule.enabled,
            prefix: rule.prefix.clone(),
            expiration_days: rule.expiration_days,
            noncurrent_expiration_days: rule.noncurrent_expiration_days,
            abort_multipart_days: rule.abort_multipart_days,
            transitions: Vec::new(),
            noncurrent_transitions: Vec::new(),
        }
    }
}

impl From<&Rule> for lifecycle::LifecycleRule {
    fn from(rule: &Rule) -> Self {
        Self::from(&lifecycle::Rule::from(rule))
    }
}

impl From<lifecycle::Rule> for Rule {
    /// Spaces have one class of storage, so nothing moves.
    fn from(rule: lifecycle::Rule) -> Self {
        Self {
            id: rule.id,
            enabled: rule.enabled,
            prefix: rule.prefix,
            expiration_days: rule.expiration_days,
            noncurrent_expiration_days: rule.noncurrent_expiration_days,
            abort_multipart_days: rule.abort_multipart_days,
        }
    }
}

/// What is known of a bucket besides its settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Its name.
    pub name: String,
    /// The region that it is in: `fra1`.
    pub region: String,
    /// Where programs that speak S3 find it: `https://fra1.digitaloceanspaces.com`.
    pub endpoint: String,
    /// Its own host: `NAME.fra1.digitaloceanspaces.com`.
    pub domain: String,
    /// By which DigitalOcean's projects know it: `do:space:NAME`.
    pub urn: String,
}

/// Where the making or the removal of a bucket goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Checkpoint {
    /// None of the name was there. A bucket carries no mark of who made it: one that is there after that is ours.
    Absent,
    /// It is there, and its settings follow.
    Made,
    /// Its objects go.
    Emptying,
}
