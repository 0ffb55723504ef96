//! The settings of buckets as S3's API has them.

use serde::{Deserialize, Serialize};

use super::model::{Algorithm, Encryption, PublicAccessBlock};

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
