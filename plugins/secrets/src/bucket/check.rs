//! What makes inputs wrong beyond their types.

use maps_s3::is_bucket_name;
use maps_sdk::Report;

use super::model::{Algorithm, Inputs, Rule};
use crate::tags;

/// How many rules a bucket may have.
const RULES: usize = 1000;

/// Reports everything that is wrong with a bucket.
pub(super) fn inputs(inputs: &Inputs, report: &mut Report) {
    if !is_name(&inputs.name) {
        let message = "a bucket's name has 3 to 63 lower-case letters, digits, dots and dashes; a letter or a digit \
                       first and last, no two dots together, and it is no IP address";
        report.invalid("name", "bad-name", message);
    }
    let encryption = &inputs.encryption;
    if encryption.algorithm == Algorithm::AES256 && (encryption.key_id.is_some() || encryption.bucket_key) {
        let paths = ["encryption.key_id", "encryption.bucket_key", "encryption.algorithm"];
        let at: &[&str] = if encryption.key_id.is_some() { &[paths[0], paths[2]] } else { &paths[1..] };
        report.across(at, "key-without-kms", "key_id and bucket_key are for the algorithm aws:kms");
    }
    if encryption.key_id.as_deref() == Some("") {
        report.invalid("encryption.key_id", "empty", "key_id is empty; leave it out");
    }
    if inputs.lifecycle.len() > RULES {
        report.invalid("lifecycle", "too-many-rules", format!("a bucket has at most {RULES} lifecycle rules"));
    }
    for (index, each) in inputs.lifecycle.iter().enumerate() {
        rule(report, &format!("lifecycle[{index}]"), each);
        if let Some(twin) = inputs.lifecycle[..index].iter().position(|earlier| earlier.id == each.id) {
            let paths = [format!("lifecycle[{index}].id"), format!("lifecycle[{twin}].id")];
            report.across(&[&paths[0], &paths[1]], "duplicate-rule", format!("two rules are named {}", each.id));
        }
    }
    tags::check(report, &inputs.tags);
}

fn rule(report: &mut Report, at: &str, rule: &Rule) {
    if rule.id.is_empty() || rule.id.chars().count() > 255 {
        report.invalid(format!("{at}.id"), "bad-id", "a rule's id is 1 to 255 characters");
    }
    let days = [
        ("expiration_days", rule.expiration_days),
        ("noncurrent_expiration_days", rule.noncurrent_expiration_days),
        ("abort_multipart_days", rule.abort_multipart_days),
    ];
    for (name, _) in days.iter().filter(|(_, days)| *days == Some(0)) {
        report.invalid(format!("{at}.{name}"), "no-days", "it is at least one day");
    }
    let moves = [("transitions", &rule.transitions), ("noncurrent_transitions", &rule.noncurrent_transitions)];
    if days.iter().all(|(_, days)| days.is_none()) && moves.iter().all(|(_, moves)| moves.is_empty()) {
        let paths: Vec<String> = days
            .iter()
            .map(|(name, _)| name)
            .chain(moves.iter().map(|(name, _)| name))
            .map(|n| format!("{at}.{n}"))
            .collect();
        let mut paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        paths.insert(0, at);
        report.across(&paths, "no-action", "a rule says after how many days something happens");
    }
    let last = rule.transitions.iter().map(|transition| transition.days).max();
    if let (Some(last), Some(end)) = (last, rule.expiration_days.filter(|days| *days > 0))
        && end <= last
    {
        let paths = [format!("{at}.expiration_days"), format!("{at}.transitions")];
        let message = format!("objects go after {end} days, and are to move after {last}");
        report.across(&[&paths[0], &paths[1]], "expired-before-moved", message);
    }
}

/// S3's rules for names of buckets, and what it keeps to itself.
fn is_name(name: &str) -> bool {
    is_bucket_name(name)
        && !["sthree-", "amzn-s3-demo-"].iter().any(|start| name.starts_with(start))
        && !["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"].iter().any(|end| name.ends_with(end))
}
