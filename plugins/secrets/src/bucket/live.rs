//! Buckets as S3 tells of them.

use maps_s3::batch::{self, Answered};
use maps_s3::lifecycle::rule;
use maps_sdk::aws::{Answer, Call, s3};
use maps_sdk::{Resource, only};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Bucket;
use super::model::{Encryption, Inputs, Outputs, PublicAccessBlock, Rule};
use super::wire::{EncryptionConfiguration, PublicConfiguration};
use crate::tags::{self, Tag, Tags};

/// The reads that tell a bucket, the one first that tells whether it is there.
const READS: [&str; 6] = [
    "HeadBucket",
    "GetBucketTagging",
    "GetBucketVersioning",
    "GetBucketEncryption",
    "GetBucketLifecycleConfiguration",
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
        let known = known.map(|known| known.lifecycle.as_slice()).unwrap_or_default();
        let place = |rule: &Rule| known.iter().position(|known| known.id == rule.id).unwrap_or(usize::MAX);
        self.inputs.lifecycle.sort_by_key(place);
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

/// A read about a bucket.
fn about(action: &str, bucket: &str) -> Answered<Call> {
    Call::new(action, &json!({"Bucket": bucket}))
}

/// Which of these buckets are there and the account's own; a read for each.
pub(super) fn are_there(buckets: &[&str]) -> Vec<Answered<bool>> {
    let calls = buckets.iter().map(|bucket| about(READS[0], bucket)).collect();
    let answers = batch::send(s3::read_all, calls);
    answers.into_iter().map(|answer| Ok(batch::found(answer)?.is_some())).collect()
}

/// Buckets with all their settings; six reads for each.
pub(super) fn ask(buckets: &[&str]) -> Vec<Answered<Option<Live>>> {
    let calls = buckets.iter().map(|bucket| READS.map(|action| about(action, bucket)).into());
    let answers = batch::read(s3::read_all, calls.collect());
    buckets.iter().zip(answers).map(|(bucket, answers)| live(bucket, answers)).collect()
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
struct Versioning {
    status: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Encrypting {
    server_side_encryption_configuration: Option<EncryptionConfiguration>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Lifecycle {
    rules: Vec<Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Public {
    public_access_block_configuration: PublicConfiguration,
}

/// A setting; S3 answers with an error where there is none.
fn setting<T: DeserializeOwned + Default>(answers: &mut impl Iterator<Item = Answered<Answer>>) -> Answered<T> {
    let answer = batch::found(only(answers.take(1)))?;
    answer.map_or_else(|| Ok(T::default()), |answer| answer.json())
}

fn live(bucket: &str, answers: Vec<Answered<Answer>>) -> Answered<Option<Live>> {
    let mut answers = answers.into_iter();
    let Some(head) = batch::found(only(answers.by_ref().take(1)))? else { return Ok(None) };
    let Head { bucket_region: region } = head.json()?;
    let all_tags = tags::all(setting::<Tagging>(&mut answers)?.tag_set);
    let versioning: Versioning = setting(&mut answers)?;
    let encryption: Encrypting = setting(&mut answers)?;
    let lifecycle: Lifecycle = setting(&mut answers)?;
    let public: Public = setting(&mut answers)?;
    let encryption = encryption.server_side_encryption_configuration;
    let inputs = Inputs {
        name: bucket.to_owned(),
        versioning: versioning.status.as_deref() == Some("Enabled"),
        encryption: encryption.map_or_else(Encryption::default, EncryptionConfiguration::told),
        lifecycle: lifecycle.rules.iter().map(rule).collect(),
        public_access_block: PublicAccessBlock::from(public.public_access_block_configuration),
        tags: tags::users(&all_tags),
    };
    Ok(Some(Live { region, all_tags, inputs }))
}
