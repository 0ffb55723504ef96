//! The end of buckets, and where the stack says so of all that is in them.

use maps_s3::batch::{self, Answered, Written};
use maps_sdk::aws::{Answer, Call, s3};
use maps_sdk::{Class, Delete, Problem, Progress, only};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Bucket;
use super::model::Checkpoint;

type Removed = Answered<Progress<(), Checkpoint>>;

/// What a bucket still holds, of one page.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Held {
    versions: Vec<Version>,
    delete_markers: Vec<Version>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    key: String,
    version_id: String,
}

/// What could not be deleted of several objects.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Deleted {
    errors: Vec<Failed>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Failed {
    key: String,
    code: String,
    message: String,
}

/// Deletes buckets, a page of their objects at a time where these go with them.
pub(super) fn remove(requests: &[Delete<Bucket>]) -> Vec<Removed> {
    let empties = |request: &&Delete<Bucket>| request.checkpoint == Some(Checkpoint::Emptying);
    let list = |request: &Delete<Bucket>| Call::new("ListObjectVersions", &json!({ "Bucket": request.prior.id }));
    let listed = batch::send(s3::read_all, requests.iter().filter(empties).map(list).collect());
    let mut listed = listed.into_iter();
    let held: Vec<Answered<Vec<Value>>> = requests
        .iter()
        .map(|request| if empties(&request) { held(only(listed.by_ref().take(1))) } else { Ok(Vec::new()) })
        .collect();
    let plan = |(request, held): (&Delete<Bucket>, &Answered<Vec<Value>>)| {
        let (bucket, objects) = (&request.prior.id, held.as_ref().map_err(Problem::clone)?);
        let call = match objects.is_empty() {
            true => Call::new("DeleteBucket", &json!({ "Bucket": bucket }))?,
            false => {
                let input = json!({"Bucket": bucket, "Delete": {"Objects": objects, "Quiet": true}});
                Call::new("DeleteObjects", &input)?
            }
        };
        Ok((request.step(), vec![call]))
    };
    let written = batch::write(s3::write_all, requests.iter().zip(&held).map(plan).collect());
    let outcome = |((request, held), written): ((&Delete<Bucket>, Answered<Vec<Value>>), Written)| {
        let count = held?.len();
        if count > 0 { emptied(written, count) } else { deleted(request, written) }
    };
    requests.iter().zip(held).zip(written).map(outcome).collect()
}

/// What is to be deleted, as the API wants it: nothing where the bucket is gone.
fn held(answer: Answered<Answer>) -> Answered<Vec<Value>> {
    let Some(answer) = batch::found(answer)? else { return Ok(Vec::new()) };
    let held: Held = answer.json()?;
    let all = held.versions.into_iter().chain(held.delete_markers);
    Ok(all.map(|Version { key, version_id }| json!({"Key": key, "VersionId": version_id})).collect())
}

fn emptied(written: Written, count: usize) -> Removed {
    let going = || Progress::pending(Checkpoint::Emptying, 0).note(format!("{count} versions of objects were deleted"));
    let Some(answers) = batch::found(written)? else { return Ok(going()) };
    for answer in answers {
        let deleted: Deleted = answer.json()?;
        if let Some(Failed { key, code, message }) = deleted.errors.into_iter().next() {
            let message = format!("the object {key} could not be deleted: {code}: {message}");
            return Err(Problem::new(Class::Denied, "object-not-deleted", message));
        }
    }
    Ok(going())
}

fn deleted(request: &Delete<Bucket>, written: Written) -> Removed {
    let forced = request.prior.inputs.as_ref().is_some_and(|inputs| inputs.force_destroy);
    match batch::found(written) {
        Ok(_) => Ok(Progress::Done(())),
        Err(problem) if problem.code == "bucket-not-empty" && forced => {
            Ok(Progress::pending(Checkpoint::Emptying, 0).note("its objects go first"))
        }
        Err(problem) if problem.code == "bucket-not-empty" => {
            let help = "delete its objects, and their versions, or set `force_destroy: true` and run; then try again";
            Err(problem.help(help))
        }
        Err(problem) => Err(problem),
    }
}
