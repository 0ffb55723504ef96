//! What makes inputs wrong beyond their types.

use maps_s3::{check, is_bucket_name, lifecycle};
use maps_sdk::Report;

use super::model::Inputs;

/// How many rules a bucket may have.
const RULES: usize = 100;

/// Reports everything that is wrong with a bucket.
pub(super) fn inputs(inputs: &Inputs, report: &mut Report) {
    check::name(report, &inputs.name, is_bucket_name);
    let rules: Vec<lifecycle::Rule> = inputs.lifecycle.iter().map(Into::into).collect();
    check::lifecycle(report, &rules, RULES, &[]);
}
