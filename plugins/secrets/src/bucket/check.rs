//! What makes inputs wrong beyond their types.

use maps_s3::{check, is_bucket_name};
use maps_sdk::Report;

use super::model::{Algorithm, Inputs};
use crate::tags;

/// How many rules a bucket may have.
const RULES: usize = 1000;

/// Reports everything that is wrong with a bucket.
pub(super) fn inputs(inputs: &Inputs, report: &mut Report) {
    check::name(report, &inputs.name, is_name);
    let encryption = &inputs.encryption;
    if encryption.algorithm == Algorithm::AES256 && (encryption.key_id.is_some() || encryption.bucket_key) {
        let paths = ["encryption.key_id", "encryption.bucket_key", "encryption.algorithm"];
        let at: &[&str] = if encryption.key_id.is_some() { &[paths[0], paths[2]] } else { &paths[1..] };
        report.across(at, "key-without-kms", "key_id and bucket_key are for the algorithm aws:kms");
    }
    if encryption.key_id.as_deref() == Some("") {
        report.invalid("encryption.key_id", "empty", "key_id is empty; leave it out");
    }
    check::lifecycle(report, &inputs.lifecycle, RULES, &["transitions", "noncurrent_transitions"]);
    tags::check(report, &inputs.tags);
}

/// S3's rules for names of buckets, and what it keeps to itself.
fn is_name(name: &str) -> bool {
    is_bucket_name(name)
        && !["sthree-", "amzn-s3-demo-"].iter().any(|start| name.starts_with(start))
        && !["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"].iter().any(|end| name.ends_with(end))
}
