//! Buckets: made, looked at, listed, deleted.

use std::net::Ipv4Addr;

use http::StatusCode;

use super::model::{Bucket, Object, Upload};
use super::settings::{defaults, owned_by};
use super::{acl, bucket_arn, policy, xml};
use crate::aws::context::Context;
use crate::aws::realm::Realm;
use crate::aws::refusal::{Refusal, with_header};
use crate::aws::regions::GLOBAL;
use crate::aws::xml::Element;
use crate::clock::date;
use crate::service::Answer;

/// The bucket of the request, once the caller may do this to it, in this region.
pub(super) fn find(context: &Context<'_, '_>, action: &str, arn: Option<String>) -> Result<Bucket, Refusal> {
    find_with(context, action, arn, Vec::new())
}

/// The same, with the condition keys of this action.
pub(super) fn find_with(
    context: &Context<'_, '_>,
    action: &str,
    arn: Option<String>,
    keys: Vec<(&str, Vec<String>)>,
) -> Result<Bucket, Refusal> {
    find_named(context, context.parameter(0), action, arn, keys)
}

/// The same for any bucket.
pub(super) fn find_named(
    context: &Context<'_, '_>,
    name: &str,
    action: &str,
    arn: Option<String>,
    keys: Vec<(&str, Vec<String>)>,
) -> Result<Bucket, Refusal> {
    let bucket: Option<Bucket> = context.transaction.get(context.realm.buckets(), name)?;
    // In another region of Spaces nothing is known of a bucket.
    let bucket = bucket.filter(|bucket| bucket.realm.is_aws() || bucket.region == context.region);
    let bucket = bucket.ok_or_else(|| {
        Refusal::missing("NoSuchBucket", "The specified bucket does not exist").with("BucketName", name)
    })?;
    if bucket.region != context.region {
        let message = "The bucket you are attempting to access must be addressed using the specified endpoint. \
                       Please send all future requests to this endpoint.";
        let refusal = Refusal::new(StatusCode::MOVED_PERMANENTLY, "PermanentRedirect", message);
        let endpoint = format!("{}.s3.{}.amazonaws.com", bucket.name, bucket.region);
        return Err(refusal.with("Endpoint", endpoint).with("Bucket", name).with("Region", bucket.region));
    }
    let arn = arn.unwrap_or_else(|| bucket_arn(name));
    if context.call.header("x-amz-expected-bucket-owner").is_some_and(|owner| owner != context.account.id) {
        return Err(Refusal::forbidden("AccessDenied", "Access Denied"));
    }
    context.allow_on(action, Some(&arn), keys, policy::guard(&bucket).as_ref())?;
    Ok(bucket)
}

/// Three to 63 lower-case letters, digits, dots and hyphens, and no address.
fn is_name(name: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let bytes = name.as_bytes();
    (3..=63).contains(&bytes.len())
        && bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(byte))
        && edge(bytes.first())
        && edge(bytes.last())
        && !name.contains("..")
        && !name.starts_with("xn--")
        && name.parse::<Ipv4Addr>().is_err()
}

pub(super) fn create(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let name = context.parameter(0).to_owned();
    context.allow("s3:CreateBucket", Some(&bucket_arn(&name)))?;
    if !is_name(&name) {
        let refusal = Refusal::bad("InvalidBucketName", "The specified bucket is not valid.");
        return Err(refusal.with("BucketName", name));
    }
    if context.call.header("x-amz-bucket-object-lock-enabled") == Some("true") {
        return Err(Refusal::not_played("object lock"));
    }
    let body = super::body::plain(context)?;
    let constraint = match body.is_empty() {
        true => None,
        false => Element::parse(&body)?.child_text("LocationConstraint").map(str::to_owned),
    };
    match constraint.as_deref().filter(|constraint| !constraint.is_empty()) {
        // Of Spaces, the endpoint alone says the region.
        None if context.region == GLOBAL || context.realm == Realm::Spaces => {}
        Some(region) if region == context.region && region != GLOBAL => {}
        Some(GLOBAL) => {
            return Err(Refusal::bad("InvalidLocationConstraint", "The specified location-constraint is not valid"));
        }
        other => {
            let given = other.unwrap_or("unspecified");
            let message = format!(
                "The {given} location constraint is incompatible for the region specific endpoint this request was \
                 sent to."
            );
            return Err(Refusal::bad("IllegalLocationConstraintException", message));
        }
    }
    if let Some(existing) = context.transaction.get::<Bucket>(context.realm.buckets(), &name)? {
        // Spaces tells an own bucket and another's by the same code.
        if existing.realm == Realm::Spaces {
            let message = "The requested bucket name is not available. The bucket namespace is shared by all users of \
                           the system. Specify a different name and try again.";
            return Err(Refusal::conflict("BucketAlreadyExists", message).with("BucketName", name));
        }
        // The first region answers a repetition as if it had been the first time.
        if existing.region != GLOBAL || context.region != GLOBAL {
            let message = "Your previous request to create the named bucket succeeded and you already own it.";
            return Err(Refusal::conflict("BucketAlreadyOwnedByYou", message).with("BucketName", name));
        }
    } else {
        let (region, created_ms, realm) = (context.region.clone(), context.now.real_ms, context.realm);
        let settings = defaults(realm);
        let mut bucket = Bucket { name: name.clone(), realm, region, created_ms, versioning: None, settings };
        if let Some(who) = context.call.header("x-amz-object-ownership") {
            let (flag, document) = owned_by(who)?;
            bucket.settings.insert(flag, document);
        }
        acl::plant(context, &mut bucket)?;
        context.transaction.put(context.realm.buckets(), &name, &bucket)?;
    }
    Ok(with_header(Answer::empty(StatusCode::OK), "location", &format!("/{name}")))
}

pub(super) fn head(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let bucket = find(context, "s3:ListBucket", None)?;
    let answer = Answer::empty(StatusCode::OK);
    Ok(if bucket.realm.is_aws() { with_header(answer, "x-amz-bucket-region", &bucket.region) } else { answer })
}

pub(super) fn location(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let bucket = find(context, "s3:GetBucketLocation", None)?;
    // The first region has no name here.
    let region = if bucket.region == GLOBAL { "" } else { &bucket.region };
    Ok(xml(Element::of("LocationConstraint", region)))
}

pub(super) fn list(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    context.allow("s3:ListAllMyBuckets", None)?;
    let prefix = context.call.query("prefix").unwrap_or_default();
    let buckets: Vec<Bucket> = context.transaction.list(context.realm.buckets())?;
    let here = |bucket: &&Bucket| bucket.realm.is_aws() || bucket.region == context.region;
    let shown = buckets.iter().filter(here).filter(|bucket| bucket.name.starts_with(prefix)).map(|bucket| {
        Element::new("Bucket")
            .with_text("Name", &bucket.name)
            .with_text("CreationDate", date(bucket.created_ms))
            .with_text("BucketRegion", &bucket.region)
    });
    let root = Element::new("ListAllMyBucketsResult").with(acl::owner(context.account));
    Ok(xml(root.with(Element::list("Buckets", shown))))
}

pub(super) fn delete(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let bucket = find(context, "s3:DeleteBucket", None)?;
    let objects: Vec<Object> = context.transaction.list(&bucket.objects())?;
    if !objects.is_empty() {
        let message = match bucket.versioning {
            Some(_) => "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
            None => "The bucket you tried to delete is not empty",
        };
        return Err(Refusal::conflict("BucketNotEmpty", message).with("BucketName", bucket.name));
    }
    // Uploads that were never completed go with their bucket.
    let uploads: Vec<Upload> = context.transaction.list(&bucket.uploads())?;
    for upload in uploads {
        super::multipart::drop_upload(context, &bucket, &upload);
    }
    context.transaction.remove(context.realm.buckets(), &bucket.name);
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_buckets() {
        for name in ["gst-maps-backups", "a.b", "123"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["ab", "Upper", "-a-", "a..b", "1.2.3.4", "xn--a", "a_b", &"a".repeat(64)] {
            assert!(!is_name(name), "{name}");
        }
    }
}
