//! A bucket as S3's API has it, whoever serves it: whether it is there, what it is set to, what changes that.

use maps_sdk::aws::{Answer, Call, s3};
use maps_sdk::{Class, Problem, only};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::batch::{self, Answered};
use crate::lifecycle::{self, LifecycleRule, Rule};

/// What is asked of a bucket's versions and rules; the answers are read by [`Told::versioning`] and [`Told::lifecycle`].
pub const VERSIONING: &str = "GetBucketVersioning";
/// See [`VERSIONING`].
pub const LIFECYCLE: &str = "GetBucketLifecycleConfiguration";

fn about(action: &str, bucket: &str) -> Answered<Call> {
    Call::new(action, &json!({ "Bucket": bucket }))
}

/// Which of these buckets are there and the account's own, by a read that tells it; one for each.
pub fn are_there(read: &str, buckets: &[&str]) -> Vec<Answered<bool>> {
    let calls = buckets.iter().map(|bucket| about(read, bucket)).collect();
    let answers = batch::send(s3::read_all, calls);
    answers.into_iter().map(|answer| Ok(batch::found(answer)?.is_some())).collect()
}

/// What `live` makes of the answers to all these reads about each bucket.
pub fn ask<L>(reads: &[&str], buckets: &[&str], live: fn(&str, Told) -> Answered<L>) -> Vec<Answered<L>> {
    let calls = buckets.iter().map(|bucket| reads.iter().map(|action| about(action, bucket)).collect());
    let answers = batch::read(s3::read_all, calls.collect());
    buckets.iter().zip(answers).map(|(bucket, answers)| live(bucket, Told(answers.into_iter()))).collect()
}

/// The answers to reads about one bucket, to be taken in the reads' order.
#[derive(Debug)]
pub struct Told(std::vec::IntoIter<Answered<Answer>>);

impl Told {
    /// The next answer; none where there is no such setting, or no bucket.
    ///
    /// # Errors
    /// Any other refusal, or an answer of another shape.
    pub fn setting<T: DeserializeOwned>(&mut self) -> Answered<Option<T>> {
        batch::found(only(self.0.by_ref().take(1)))?.map(|answer| answer.json()).transpose()
    }

    /// Are old versions kept? None where the bucket is gone by now.
    ///
    /// # Errors
    /// As [`setting`](Self::setting).
    pub fn versioning(&mut self) -> Answered<Option<bool>> {
        let told: Option<Versioning> = self.setting()?;
        Ok(told.map(|versioning| versioning.status.as_deref() == Some("Enabled")))
    }

    /// The rules, of which there may be none.
    ///
    /// # Errors
    /// As [`setting`](Self::setting).
    pub fn lifecycle(&mut self) -> Answered<Vec<Rule>> {
        let told: Option<Lifecycle> = self.setting()?;
        Ok(told.iter().flat_map(|lifecycle| &lifecycle.rules).map(lifecycle::rule).collect())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Versioning {
    status: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Lifecycle {
    rules: Vec<Value>,
}

/// What makes a bucket keep old versions, or no more; none where it does as wanted.
///
/// # Errors
/// When the call cannot be put into words.
pub fn set_versioning(bucket: &str, now: bool, wanted: bool) -> Answered<Option<Call>> {
    let status = if wanted { "Enabled" } else { "Suspended" };
    let input = json!({"Bucket": bucket, "VersioningConfiguration": {"Status": status}});
    (now != wanted).then(|| Call::new("PutBucketVersioning", &input)).transpose()
}

/// What gives a bucket its rules; none where it has them.
///
/// # Errors
/// When the call cannot be put into words.
pub fn set_lifecycle<'r, R>(bucket: &str, now: &[R], wanted: &'r [R]) -> Answered<Option<Call>>
where
    R: PartialEq,
    LifecycleRule: From<&'r R>,
{
    if lifecycle::same(now, wanted) {
        return Ok(None);
    }
    if wanted.is_empty() {
        return about("DeleteBucketLifecycle", bucket).map(Some);
    }
    let rules: Vec<LifecycleRule> = wanted.iter().map(LifecycleRule::from).collect();
    let input = json!({"Bucket": bucket, "LifecycleConfiguration": {"Rules": rules}});
    Call::new("PutBucketLifecycleConfiguration", &input).map(Some)
}

/// It was made a moment ago, and is not told of yet.
pub fn unsettled(bucket: &str) -> Problem {
    let message = format!("the bucket {bucket} is made, and not there yet");
    Problem::new(Class::Unavailable, "bucket-unsettled", message)
}

/// Its name is another's.
pub fn taken(message: String, help: &str) -> Problem {
    Problem::new(Class::Conflict, "bucket-taken", message).at("name").help(help)
}
