//! Object stores that Barman Cloud writes to and reads from.

use std::collections::BTreeMap;

use maps_sdk::Report;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fields::{Field, Form};

/// Where backups are. In-tree Barman is deprecated since CloudNativePG 1.26, and there still.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectStore {
    /// The bucket and the folder in it: `s3://bucket/postgres`.
    pub destination: String,
    /// The service, where it is not AWS: `https://fra1.digitaloceanspaces.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// A Secret with the authority that the service's certificate is from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint_ca: Option<KeyOf>,
    /// The folder of this database below the destination; its name without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// Whoever writes there.
    pub credentials: Credentials,
    /// How the write-ahead log is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wal: Option<Wal>,
    /// How base backups are stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Data>,
    /// Tags of base backups and of the log.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Tags of the log's history files.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub history_tags: BTreeMap<String, String>,
}

/// A key of S3 in Secrets of the namespace, or the role of the Pods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// Where the key's id is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<KeyOf>,
    /// Where its secret is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_access_key: Option<KeyOf>,
    /// Where the session's token is, of a key that has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_token: Option<KeyOf>,
    /// Where the region is, of a service that needs one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<KeyOf>,
    /// The Pods' own role of IAM, and no key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inherit_from_iam_role: Option<bool>,
}

/// A value in a Secret, or in a ConfigMap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyOf {
    /// The object's name.
    pub name: String,
    /// The value's key in it.
    pub key: String,
}

/// How the write-ahead log is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wal {
    /// How it is compressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression: Option<WalCompression>,
    /// How the service encrypts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
    /// Segments stored at the same time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_parallel: Option<u32>,
}

/// How base backups are stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// How they are compressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression: Option<DataCompression>,
    /// How the service encrypts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
    /// Parts stored at the same time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jobs: Option<u32>,
    /// The checkpoint before a backup is not spread over time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub immediate_checkpoint: Option<bool>,
}

/// How the log is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)] // Names of algorithms.
pub enum WalCompression {
    Bzip2,
    Gzip,
    Lz4,
    Snappy,
    Xz,
    Zstd,
}

/// How base backups are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)] // Names of algorithms.
pub enum DataCompression {
    Bzip2,
    Gzip,
    Lz4,
    Snappy,
}

/// How the service encrypts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Encryption {
    /// With its own keys.
    AES256,
    /// With one of KMS.
    #[serde(rename = "aws:kms")]
    Kms,
}

/// A store's members, as `barmanObjectStore` has them.
pub(crate) const FIELDS: &[Field] = &[
    Field::same("destination", "destinationPath"),
    Field::same("endpoint", "endpointURL"),
    Field::same("endpoint_ca", "endpointCA"),
    Field::same("server_name", "serverName"),
    Field::new("credentials", "s3Credentials", Form::Object(CREDENTIALS)),
    Field::new("wal", "wal", Form::Object(WAL)),
    Field::new("data", "data", Form::Object(DATA)),
    Field::same("tags", "tags"),
    Field::same("history_tags", "historyTags"),
];

const CREDENTIALS: &[Field] = &[
    Field::same("access_key_id", "accessKeyId"),
    Field::same("secret_access_key", "secretAccessKey"),
    Field::same("session_token", "sessionToken"),
    Field::same("region", "region"),
    Field::same("inherit_from_iam_role", "inheritFromIAMRole"),
];

const WAL: &[Field] = &[
    Field::same("compression", "compression"),
    Field::same("encryption", "encryption"),
    Field::same("max_parallel", "maxParallel"),
];

const DATA: &[Field] = &[
    Field::same("compression", "compression"),
    Field::same("encryption", "encryption"),
    Field::same("jobs", "jobs"),
    Field::same("immediate_checkpoint", "immediateCheckpoint"),
];

/// Reports what Barman Cloud could not work with.
pub(crate) fn check(report: &mut Report, at: &str, store: &ObjectStore) {
    let bucket = store.destination.strip_prefix("s3://").unwrap_or_default();
    if bucket.split('/').next().is_none_or(str::is_empty) {
        let message = "a destination is a bucket of S3 and a folder in it: `s3://bucket/postgres`";
        report.invalid(format!("{at}.destination"), "bad-destination", message);
    }
    if let Some(endpoint) = &store.endpoint {
        let host = endpoint.strip_prefix("https://").or_else(|| endpoint.strip_prefix("http://"));
        if host.is_none_or(str::is_empty) {
            let message = "an endpoint is the service's address: `https://fra1.digitaloceanspaces.com`";
            report.invalid(format!("{at}.endpoint"), "bad-endpoint", message);
        }
    }
    let Credentials { access_key_id: id, secret_access_key: secret, session_token, inherit_from_iam_role, region } =
        &store.credentials;
    let (place, inherits) = (format!("{at}.credentials"), *inherit_from_iam_role == Some(true));
    match (inherits, id.is_some(), secret.is_some()) {
        (true, false, false) | (false, true, true) => {}
        (true, ..) => {
            report.invalid(&place, "two-credentials", "either a key, or `inherit_from_iam_role: true`, and not both");
        }
        (false, ..) => {
            let message =
                "a key is `access_key_id` and `secret_access_key`; the Pods' own role is `inherit_from_iam_role: true`";
            report.invalid(&place, "no-credentials", message);
        }
    }
    let parts =
        [("access_key_id", id), ("secret_access_key", secret), ("session_token", session_token), ("region", region)];
    for (part, reference) in parts {
        if let Some(reference) = reference {
            check_key(report, &format!("{place}.{part}"), reference);
        }
    }
    if let Some(reference) = &store.endpoint_ca {
        check_key(report, &format!("{at}.endpoint_ca"), reference);
    }
    if store.wal.as_ref().is_some_and(|wal| wal.max_parallel == Some(0)) {
        report.invalid(format!("{at}.wal.max_parallel"), "bad-number", "at least one segment is stored at a time");
    }
    if store.data.as_ref().is_some_and(|data| data.jobs == Some(0)) {
        report.invalid(format!("{at}.data.jobs"), "bad-number", "at least one part is stored at a time");
    }
}

/// Reports a reference that names nothing.
pub(crate) fn check_key(report: &mut Report, at: &str, reference: &KeyOf) {
    for (part, text) in [("name", &reference.name), ("key", &reference.key)] {
        if text.is_empty() {
            report.invalid(format!("{at}.{part}"), "empty", "name the object, and the key of the value in it");
        }
    }
}
