//! The settings of buckets as S3's API has them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::model::{Algorithm, Encryption, PublicAccessBlock, Rule, StorageClass, Transition};

/// `ServerSideEncryptionConfiguration`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct EncryptionConfiguration {
    rules: Vec<EncryptionRule>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EncryptionRule {
    apply_server_side_encryption_by_default: Option<ByDefault>,
    #[serde(default)]
    bucket_key_enabled: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct ByDefault {
    #[serde(rename = "SSEAlgorithm")]
    algorithm: String,
    #[serde(rename = "KMSMasterKeyID", skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

impl EncryptionConfiguration {
    pub(super) fn of(encryption: &Encryption) -> Self {
        let algorithm = match encryption.algorithm {
            Algorithm::AES256 => "AES256",
            Algorithm::Kms => "aws:kms",
        };
        let by_default = ByDefault { algorithm: algorithm.to_owned(), key: encryption.key_id.clone() };
        let rule = EncryptionRule {
            apply_server_side_encryption_by_default: Some(by_default),
            bucket_key_enabled: encryption.bucket_key,
        };
        Self { rules: vec![rule] }
    }

    /// As a setting. An algorithm that no setting can say becomes one that differs from all that can be
    /// wished for: a key without KMS.
    pub(super) fn told(self) -> Encryption {
        let Some(rule) = self.rules.into_iter().next() else { return Encryption::default() };
        let bucket_key = rule.bucket_key_enabled;
        match rule.apply_server_side_encryption_by_default {
            None => Encryption { bucket_key, ..Encryption::default() },
            Some(ByDefault { algorithm, key }) => match algorithm.as_str() {
                "AES256" => Encryption { algorithm: Algorithm::AES256, key_id: key, bucket_key: false },
                "aws:kms" => Encryption { algorithm: Algorithm::Kms, key_id: key, bucket_key },
                other => Encryption { algorithm: Algorithm::AES256, key_id: Some(other.to_owned()), bucket_key },
            },
        }
    }
}

/// A rule of `LifecycleConfiguration`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct LifecycleRule {
    #[serde(rename = "ID", default)]
    id: String,
    status: String,
    filter: Filter,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expiration: Option<Days>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    noncurrent_version_expiration: Option<NoncurrentDays>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    abort_incomplete_multipart_upload: Option<DaysAfterInitiation>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    transitions: Vec<Move>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    noncurrent_version_transitions: Vec<NoncurrentMove>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    #[serde(default)]
    prefix: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Days {
    days: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NoncurrentDays {
    noncurrent_days: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DaysAfterInitiation {
    days_after_initiation: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Move {
    days: u32,
    storage_class: StorageClass,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NoncurrentMove {
    noncurrent_days: u32,
    storage_class: StorageClass,
}

impl LifecycleRule {
    pub(super) fn of(rule: &Rule) -> Self {
        let days = |transition: &Transition| (transition.days, transition.storage_class);
        let moves = |(days, storage_class)| Move { days, storage_class };
        let noncurrent = |(noncurrent_days, storage_class)| NoncurrentMove { noncurrent_days, storage_class };
        Self {
            id: rule.id.clone(),
            status: if rule.enabled { "Enabled" } else { "Disabled" }.to_owned(),
            filter: Filter { prefix: rule.prefix.clone() },
            expiration: rule.expiration_days.map(|days| Days { days }),
            noncurrent_version_expiration: rule
                .noncurrent_expiration_days
                .map(|noncurrent_days| NoncurrentDays { noncurrent_days }),
            abort_incomplete_multipart_upload: rule
                .abort_multipart_days
                .map(|days_after_initiation| DaysAfterInitiation { days_after_initiation }),
            transitions: rule.transitions.iter().map(days).map(moves).collect(),
            noncurrent_version_transitions: rule.noncurrent_transitions.iter().map(days).map(noncurrent).collect(),
        }
    }

    fn into_rule(self) -> Rule {
        Rule {
            id: self.id,
            enabled: self.status == "Enabled",
            prefix: self.filter.prefix,
            expiration_days: self.expiration.map(|expiration| expiration.days),
            noncurrent_expiration_days: self.noncurrent_version_expiration.map(|expiration| expiration.noncurrent_days),
            abort_multipart_days: self.abort_incomplete_multipart_upload.map(|abort| abort.days_after_initiation),
            transitions: self
                .transitions
                .into_iter()
                .map(|Move { days, storage_class }| Transition { days, storage_class })
                .collect(),
            noncurrent_transitions: self
                .noncurrent_version_transitions
                .into_iter()
                .map(|NoncurrentMove { noncurrent_days, storage_class }| Transition {
                    days: noncurrent_days,
                    storage_class,
                })
                .collect(),
        }
    }
}

/// A live rule as a setting. One that says more than a setting can is told under a name that none has, so
/// that it is seen as somebody else's.
pub(super) fn rule(live: &Value) -> Rule {
    let mut live = live.clone();
    // An element without members is no object.
    if live["Filter"] == "" {
        live["Filter"] = Value::Object(Map::new());
    }
    let read = serde_json::from_value::<LifecycleRule>(live.clone()).ok();
    let whole = read.filter(|read| {
        let again = serde_json::to_value(read).unwrap_or_default();
        plain(&again) == plain(&live)
    });
    whole.map(LifecycleRule::into_rule).unwrap_or_else(|| {
        let id = live["ID"].as_str().unwrap_or_default();
        Rule {
            id: format!("{id} (with what maps cannot say)"),
            enabled: live["Status"] == "Enabled",
            prefix: String::new(),
            expiration_days: None,
            noncurrent_expiration_days: None,
            abort_multipart_days: None,
            transitions: Vec::new(),
            noncurrent_transitions: Vec::new(),
        }
    })
}

/// Without the empty members that a service may leave out or not.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept =
                members.iter().filter(|(_, member)| !matches!(member, Value::Null) && member.as_str() != Some(""));
            kept.map(|(key, member)| (key.clone(), plain(member))).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(plain).collect(),
        other => other.clone(),
    }
}

/// `PublicAccessBlockConfiguration`.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct PublicConfiguration {
    block_public_acls: bool,
    ignore_public_acls: bool,
    block_public_policy: bool,
    restrict_public_buckets: bool,
}

impl From<PublicAccessBlock> for PublicConfiguration {
    fn from(block: PublicAccessBlock) -> Self {
        let PublicAccessBlock { block_public_acls, ignore_public_acls, block_public_policy, restrict_public_buckets } =
            block;
        Self { block_public_acls, ignore_public_acls, block_public_policy, restrict_public_buckets }
    }
}

impl From<PublicConfiguration> for PublicAccessBlock {
    fn from(block: PublicConfiguration) -> Self {
        let PublicConfiguration { block_public_acls, ignore_public_acls, block_public_policy, restrict_public_buckets } =
            block;
        Self { block_public_acls, ignore_public_acls, block_public_policy, restrict_public_buckets }
    }
}
