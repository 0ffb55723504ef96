//! Buckets as Spaces tell of them.

use maps_s3::batch::Answered;
use maps_s3::bucket::{self, Told};
use maps_s3::lifecycle;
use maps_sdk::{Problem, Resource};
use serde::Deserialize;

use super::Bucket;
use super::model::{Inputs, Outputs, Rule};

/// The reads that tell a bucket, the one first that tells whether it is there.
const READS: [&str; 3] = ["GetBucketLocation", bucket::VERSIONING, bucket::LIFECYCLE];

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
        lifecycle::order(&mut self.inputs.lifecycle, known.map(|known| &known.lifecycle), |rule| &rule.id);
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

/// Which of these buckets are there and the account's own; a read for each.
pub(super) fn are_there(buckets: &[&str]) -> Vec<Answered<bool>> {
    bucket::are_there(READS[0], buckets)
}

/// Buckets with all their settings; three reads for each.
pub(super) fn ask(buckets: &[&str]) -> Vec<Answered<Option<Live>>> {
    bucket::ask(&READS, buckets, live)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Location {
    location_constraint: Option<String>,
}

fn live(name: &str, mut told: Told) -> Answered<Option<Live>> {
    let Some(location) = told.setting::<Location>()? else { return Ok(None) };
    let Some(region) = location.location_constraint else {
        return Err(Problem::internal("unexpected-answer", format!("nobody says where the bucket {name} is")));
    };
    let Some(versioning) = told.versioning()? else { return Ok(None) };
    let lifecycle = told.lifecycle()?.into_iter().map(setting).collect();
    let inputs = Inputs { name: name.to_owned(), versioning, lifecycle, force_destroy: false };
    Ok(Some(Live { region, inputs }))
}

/// A live rule as a setting. Moves to other classes of storage are no setting of Spaces: a rule that has them is
/// told under a name that none has, so that it is seen as somebody else's.
fn setting(rule: lifecycle::Rule) -> Rule {
    let moves = !(rule.transitions.is_empty() && rule.noncurrent_transitions.is_empty());
    let mut told = Rule::from(rule);
    if moves {
        told.id.push_str(" (with what maps cannot say)");
    }
    told
}
