//! Buckets as Spaces tell of them.

use maps_s3::batch::{self, Answered};
use maps_s3::lifecycle::rule;
use maps_sdk::aws::{Answer, Call, s3};
use maps_sdk::{Problem, Resource, only};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Bucket;
use super::model::{Inputs, Outputs, Rule};

/// The reads that tell a bucket, the one first that tells whether it is there.
const READS: [&str; 3] = ["GetBucketLocation", "GetBucketVersioning", "GetBucketLifecycleConfiguration"];

/// A bucket.
#[derive(Clone, Debug)]
pub(super) struct Live {
    pub(super) region: String,
    /// As it is; what no call tells is as it was known.
    pub(super) inputs: Inputs,
}

impl Live {
    /// With its rules in the order in which they were known, and with what only the stack knows.
    pub(super) fn known_as(mut self, known: Option<&Inputs>) -> Self {
        let rules = known.map(|known| known.lifecycle.as_slice()).unwrap_or_default();
        let place = |rule: &Rule| rules.iter().position(|known| known.id == rule.id).unwrap_or(usize::MAX);
        self.inputs.lifecycle.sort_by_key(place);
        self.inputs.force_destroy = known.is_some_and(|known| known.force_destroy);
        self
    }

    pub(super) fn told(self) -> Resource<Bucket> {
        whole(self.inputs, &self.region)
    }
}

/// A bucket in the kind's own shape.
pub(super) fn whole(inputs: Inputs, region: &str) -> Resource<Bucket> {
    let (name, host) = (inputs.name.clone(), format!("{region}.digitaloceanspaces.com"));
    let outputs = Outputs {
        region: region.to_owned(),
        endpoint: format!("https://{host}"),
        domain: format!("{name}.{host}"),
        urn: format!("do:space:{name}"),
        name: name.clone(),
    };
    Resource { id: name, inputs, outputs }
}

/// A read about a bucket.
fn about(action: &str, bucket: &str) -> Answered<Call> {
    Call::new(action, &json!({ "Bucket": bucket }))
}

/// Which of these buckets are there and the account's own; a read for each.
pub(super) fn are_there(buckets: &[&str]) -> Vec<Answered<bool>> {
    let calls = buckets.iter().map(|bucket| about(READS[0], bucket)).collect();
    let answers = batch::send(s3::read_all, calls);
    answers.into_iter().map(|answer| Ok(batch::found(answer)?.is_some())).collect()
}

/// Buckets with all their settings; three reads for each.
pub(super) fn ask(buckets: &[&str]) -> Vec<Answered<Option<Live>>> {
    let calls = buckets.iter().map(|bucket| READS.map(|action| about(action, bucket)).into());
    let answers = batch::read(s3::read_all, calls.collect());
    buckets.iter().zip(answers).map(|(bucket, answers)| live(bucket, answers)).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Location {
    location_constraint: Option<String>,
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

fn live(bucket: &str, answers: Vec<Answered<Answer>>) -> Answered<Option<Live>> {
    let mut answers = answers.into_iter();
    let Some(location) = batch::found(only(answers.by_ref().take(1)))? else { return Ok(None) };
    let Some(region) = location.json::<Location>()?.location_constraint else {
        return Err(Problem::internal("unexpected-answer", format!("nobody says where the bucket {bucket} is")));
    };
    let Some(versioning) = batch::found(only(answers.by_ref().take(1)))? else { return Ok(None) };
    let versioning: Versioning = versioning.json()?;
    // Where there are no rules, that is an error.
    let lifecycle =
        batch::found(only(answers.take(1)))?.map_or_else(|| Ok(Lifecycle::default()), |answer| answer.json())?;
    let inputs = Inputs {
        name: bucket.to_owned(),
        versioning: versioning.status.as_deref() == Some("Enabled"),
        lifecycle: lifecycle.rules.iter().map(rule).map(told).collect(),
        force_destroy: false,
    };
    Ok(Some(Live { region, inputs }))
}

/// A live rule as a setting. Moves to other classes of storage are no setting of Spaces: a rule that has them is
/// told under a name that none has, so that it is seen as somebody else's.
fn told(rule: maps_s3::lifecycle::Rule) -> Rule {
    let moves = !(rule.transitions.is_empty() && rule.noncurrent_transitions.is_empty());
    let mut told = Rule::from(rule);
    if moves {
        told.id.push_str(" (with what maps cannot say)");
    }
    told
}
