//! Buckets as S3 tells of them.

use maps_s3::batch::Answered;
use maps_s3::bucket::{self, Told};
use maps_s3::lifecycle;
use maps_sdk::Resource;
use serde::Deserialize;

use super::Bucket;
use super::model::{Encryption, Inputs, Outputs, PublicAccessBlock};
use super::wire::{EncryptionConfiguration, PublicConfiguration};
use crate::tags::{self, Tag, Tags};

/// The reads that tell a bucket, the one first that tells whether it is there.
const READS: [&str; 6] = [
    "HeadBucket",
    "GetBucketTagging",
    bucket::VERSIONING,
    "GetBucketEncryption",
    bucket::LIFECYCLE,
    "GetPublicAccessBlock",
];

/// A bucket.
#[derive(Clone, Debug)]
pub(super) struct Live {
    pub(super) region: String,
    pub(super) all_tags: Tags,
    /// As it is, with the user's tags.
    pub(super) inputs: Inputs,
}

impl Live {
    /// With its rules in the order in which they were known: S3 may tell them in another.
    pub(super) fn in_order_of(mut self, known: Option<&Inputs>) -> Self {
        lifecycle::order(&mut self.inputs.lifecycle, known.map(|known| &known.lifecycle), |rule| &rule.id);
        self
    }

    pub(super) fn told(self) -> Resource<Bucket> {
        whole(self.inputs, &self.region)
    }
}

/// A bucket in the kind's own shape.
pub(super) fn whole(inputs: Inputs, region: &str) -> Resource<Bucket> {
    let partition = match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    let name = inputs.name.clone();
    let outputs =
        Outputs { arn: format!("arn:{partition}:s3:::{name}"), name: name.clone(), region: region.to_owned() };
    Resource { id: name, inputs, outputs }
}

/// Which of these buckets are there and the account's own; a read for each.
pub(super) fn are_there(buckets: &[&str]) -> Vec<Answered<bool>> {
    bucket::are_there(READS[0], buckets)
}

/// Buckets with all their settings; six reads for each.
pub(super) fn ask(buckets: &[&str]) -> Vec<Answered<Option<Live>>> {
    bucket::ask(&READS, buckets, live)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Head {
    bucket_region: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Tagging {
    tag_set: Vec<Tag>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Encrypting {
    server_side_encryption_configuration: Option<EncryptionConfiguration>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Public {
    public_access_block_configuration: PublicConfiguration,
}

fn live(name: &str, mut told: Told) -> Answered<Option<Live>> {
    let Some(Head { bucket_region: region }) = told.setting()? else { return Ok(None) };
    let all_tags = tags::all(told.setting::<Tagging>()?.unwrap_or_default().tag_set);
    let Some(versioning) = told.versioning()? else { return Ok(None) };
    let encryption: Encrypting = told.setting()?.unwrap_or_default();
    let encryption = encryption.server_side_encryption_configuration;
    let lifecycle = told.lifecycle()?;
    let public: Public = told.setting()?.unwrap_or_default();
    let inputs = Inputs {
        name: name.to_owned(),
        versioning,
        encryption: encryption.map_or_else(Encryption::default, EncryptionConfiguration::told),
        lifecycle,
        public_access_block: PublicAccessBlock::from(public.public_access_block_configuration),
        tags: tags::users(&all_tags),
    };
    Ok(Some(Live { region, all_tags, inputs }))
}
