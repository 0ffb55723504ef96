//! The policy of a bucket.

use http::StatusCode;

use super::bucket::find;
use super::model::Bucket;
use super::{body, xml};
use crate::aws::context::Context;
use crate::aws::policy::{Guard, Policy};
use crate::aws::realm::Realm;
use crate::aws::refusal::Refusal;
use crate::aws::spaces;
use crate::aws::xml::Element;
use crate::service::Answer;

/// Where a bucket keeps its policy among its settings.
const SETTING: &str = "policy";
/// The longest policy, in bytes.
const BYTES: usize = 20 * 1024;

/// The policy that guards a bucket, if it has one.
pub(super) fn guard(bucket: &Bucket) -> Option<Guard> {
    let policy = Policy::parse_resource(bucket.settings.get(SETTING)?).ok()?;
    Some(Guard { policy, rules: false })
}

fn malformed(why: impl Into<String>) -> Refusal {
    Refusal::bad("MalformedPolicy", why)
}

pub(super) fn put(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let mut bucket = find(context, "s3:PutBucketPolicy", None)?;
    let text = String::from_utf8(body::plain(context)?).map_err(|_| malformed("Policies must be valid JSON"))?;
    if text.len() > BYTES {
        return Err(malformed("Policies must not be longer than 20480 bytes."));
    }
    let policy = Policy::parse_resource(&text).map_err(malformed)?;
    let arn = super::bucket_arn(&bucket.name);
    let is_ours = |resource: &str| {
        resource.strip_prefix(&arn).is_some_and(|rest| rest.is_empty() || rest == "*" || rest.starts_with('/'))
    };
    match policy.all_fit(|action| action == "*" || action.to_ascii_lowercase().starts_with("s3:"), is_ours) {
        [false, _] => return Err(malformed("Policy has invalid action")),
        [_, false] => return Err(malformed("Policy has invalid resource")),
        [true, true] => {}
    }
    if context.realm == Realm::Spaces {
        spaces::check_policy(context.transaction, &bucket.name)?;
    }
    if policy.is_public() && super::settings::blocks(&bucket, "BlockPublicPolicy") {
        let caller = context.caller.arn(context.account);
        let message = format!(
            "User: {caller} is not authorized to perform: s3:PutBucketPolicy on resource: \"{arn}\" because public \
             policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access."
        );
        return Err(Refusal::forbidden("AccessDenied", message));
    }
    bucket.settings.insert(SETTING.to_owned(), text);
    context.transaction.put(context.realm.buckets(), &bucket.name, &bucket)?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

fn kept(bucket: &Bucket) -> Result<&String, Refusal> {
    let missing = || Refusal::missing("NoSuchBucketPolicy", "The bucket policy does not exist");
    bucket.settings.get(SETTING).ok_or_else(|| missing().with("BucketName", &bucket.name))
}

pub(super) fn get(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let bucket = find(context, "s3:GetBucketPolicy", None)?;
    Ok(Answer::of(StatusCode::OK, "application/json", kept(&bucket)?.clone()))
}

pub(super) fn status(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let bucket = find(context, "s3:GetBucketPolicyStatus", None)?;
    kept(&bucket)?;
    let public = guard(&bucket).is_some_and(|guard| guard.policy.is_public());
    Ok(xml(Element::new("PolicyStatus").with_text("IsPublic", if public { "TRUE" } else { "FALSE" })))
}

pub(super) fn delete(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let mut bucket = find(context, "s3:DeleteBucketPolicy", None)?;
    bucket.settings.remove(SETTING);
    context.transaction.put(context.realm.buckets(), &bucket.name, &bucket)?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}
