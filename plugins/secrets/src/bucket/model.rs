//! A bucket of S3.

pub use maps_s3::lifecycle::{Rule, StorageClass, Transition};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tags::Tags;

/// The settings of a bucket. What they leave out is off, or as S3 has it for a new bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// Its name, unique among all buckets of all accounts. It is made in the credential's region.
    #[schemars(extend("x-maps-replace" = true))]
    pub name: String,
    /// Old versions of objects are kept. Where it was on and is switched off, S3 keeps those that there are.
    #[serde(default)]
    pub versioning: bool,
    /// How objects are encrypted that do not say it themselves.
    #[serde(default)]
    pub encryption: Encryption,
    /// What becomes of objects with time.
    #[serde(default)]
    #[schemars(extend("x-maps-key" = "id"))]
    pub lifecycle: Vec<Rule>,
    /// What keeps the bucket from the public.
    #[serde(default)]
    pub public_access_block: PublicAccessBlock,
    /// Tags, besides those that maps sets.
    #[serde(default)]
    pub tags: Tags,
}

/// How objects are encrypted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Encryption {
    /// With whose keys.
    #[serde(default)]
    pub algorithm: Algorithm,
    /// The KMS key, for `aws:kms`: an id or an ARN. Without one it is the account's own for S3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// KMS is asked once in a while, and not for each object.
    #[serde(default)]
    pub bucket_key: bool,
}

/// With whose keys objects are encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Algorithm {
    /// With those of S3.
    #[default]
    AES256,
    /// With one of KMS.
    #[serde(rename = "aws:kms")]
    Kms,
}

/// What keeps a bucket from the public: all of it, unless it is switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublicAccessBlock {
    /// New access lists cannot be public.
    #[serde(default = "on")]
    pub block_public_acls: bool,
    /// Public access lists are ignored.
    #[serde(default = "on")]
    pub ignore_public_acls: bool,
    /// New policies cannot be public.
    #[serde(default = "on")]
    pub block_public_policy: bool,
    /// A public policy lets in AWS's services and the account alone.
    #[serde(default = "on")]
    pub restrict_public_buckets: bool,
}

impl Default for PublicAccessBlock {
    fn default() -> Self {
        Self {
            block_public_acls: true,
            ignore_public_acls: true,
            block_public_policy: true,
            restrict_public_buckets: true,
        }
    }
}

fn on() -> bool {
    true
}

/// What is known of a bucket besides its settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// The region that it is in.
    pub region: String,
}

/// A bucket that is there, and whose settings are to follow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Its making has been answered.
    pub made: bool,
}
