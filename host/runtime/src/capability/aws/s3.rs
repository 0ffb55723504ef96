//! The wire format of S3's buckets: REST with XML. Source: its API reference, version 2006-03-01.
//!
//! A bucket is a segment of the path, not a label of the host: certificates cover no bucket with dots,
//! and services that speak the same language have no names for buckets.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maps_engine::Problem;
use maps_engine::capability::Action;
use md5::{Digest as _, Md5};
use serde_json::{Map, Value as Json, json};

use super::wire::{Reply, Wire, encoded, header, malformed, text};
use super::xml::Forms;
use crate::aws::is_spaces;

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";
/// The region that must not be named where a bucket is made.
const UNNAMED: &str = "us-east-1";

const FORMS: Forms = Forms {
    wrapped: &[("TagSet", "Tag")],
    flat: &[
        ("Rule", "Rules"),
        ("Tag", "Tags"),
        ("Transition", "Transitions"),
        ("NoncurrentVersionTransition", "NoncurrentVersionTransitions"),
        ("Object", "Objects"),
        ("Version", "Versions"),
        ("DeleteMarker", "DeleteMarkers"),
        ("Error", "Errors"),
    ],
    numbers: &[
        "Days",
        "DaysAfterInitiation",
        "NewerNoncurrentVersions",
        "NoncurrentDays",
        "ObjectSizeGreaterThan",
        "ObjectSizeLessThan",
    ],
    truths: &[
        "BlockPublicAcls",
        "BlockPublicPolicy",
        "BucketKeyEnabled",
        "ExpiredObjectDeleteMarker",
        "IgnorePublicAcls",
        "IsLatest",
        "IsTruncated",
        "Quiet",
        "RestrictPublicBuckets",
    ],
};

/// A parameter that is the body, and the body's element.
type Content = Option<(&'static str, &'static str)>;

/// The method, the subresource, and the body.
fn form(action: &str) -> Option<(&'static str, &'static str, Content)> {
    Some(match action {
        "HeadBucket" => ("HEAD", "", None),
        "GetBucketLocation" => ("GET", "location", None),
        "ListObjectVersions" => ("GET", "versions", None),
        "DeleteObjects" => ("POST", "delete", Some(("Delete", "Delete"))),
        "CreateBucket" => ("PUT", "", None),
        "DeleteBucket" => ("DELETE", "", None),
        "GetBucketTagging" => ("GET", "tagging", None),
        "PutBucketTagging" => ("PUT", "tagging", Some(("Tagging", "Tagging"))),
        "DeleteBucketTagging" => ("DELETE", "tagging", None),
        "GetBucketVersioning" => ("GET", "versioning", None),
        "PutBucketVersioning" => ("PUT", "versioning", Some(("VersioningConfiguration", "VersioningConfiguration"))),
        "GetBucketEncryption" => ("GET", "encryption", None),
        "PutBucketEncryption" => {
            let name = "ServerSideEncryptionConfiguration";
            ("PUT", "encryption", Some((name, name)))
        }
        "GetBucketLifecycleConfiguration" => ("GET", "lifecycle", None),
        "PutBucketLifecycleConfiguration" => {
            ("PUT", "lifecycle", Some(("LifecycleConfiguration", "LifecycleConfiguration")))
        }
        "DeleteBucketLifecycle" => ("DELETE", "lifecycle", None),
        "GetPublicAccessBlock" => ("GET", "publicAccessBlock", None),
        "PutPublicAccessBlock" => {
            let name = "PublicAccessBlockConfiguration";
            ("PUT", "publicAccessBlock", Some((name, name)))
        }
        "DeletePublicAccessBlock" => ("DELETE", "publicAccessBlock", None),
        _ => return None,
    })
}

pub(super) fn request(action: &Action, input: &Map<String, Json>, host: &str, region: &str) -> Result<Wire, Problem> {
    let (method, subresource, content) =
        form(action.name).ok_or_else(|| malformed(&format!("{} has no form", action.name)))?;
    let query = if subresource.is_empty() { String::new() } else { format!("?{subresource}=") };
    let url = format!("https://{host}/{}{query}", encoded(text(input, "Bucket")?));
    let mut body = String::new();
    match content {
        Some((parameter, element)) => match input.get(parameter) {
            Some(Json::Object(fields)) => write(&mut body, element, fields),
            _ => return Err(malformed(&format!("`{parameter}` is missing"))),
        },
        // Spaces know the region by the host alone.
        None if action.name == "CreateBucket" && region != UNNAMED && !is_spaces(host) => {
            let place = json!({"LocationConstraint": region});
            place.as_object().into_iter().for_each(|fields| write(&mut body, "CreateBucketConfiguration", fields));
        }
        None => {}
    }
    let mut headers = Vec::new();
    if !body.is_empty() {
        headers.push(("content-type", "application/xml".into()));
        // S3 demands a digest of what configures a bucket.
        headers.push(("content-md5", STANDARD.encode(Md5::digest(body.as_bytes())).into()));
    }
    Ok(Wire { method, url, headers, body: body.into_bytes() })
}

fn write(body: &mut String, element: &str, fields: &Map<String, Json>) {
    body.push_str(&format!("<{element} xmlns=\"{NAMESPACE}\">"));
    FORMS.write_members(body, fields);
    body.push_str(&format!("</{element}>"));
}

/// As the API reference has it: what is within the root, in some answers under the root's name.
pub(super) fn answer(action: &Action, reply: &Reply<'_>, text: &str) -> Result<Json, String> {
    if action.name == "HeadBucket" {
        return Ok(json!({"BucketRegion": header(reply.headers, "x-amz-bucket-region")}));
    }
    if text.trim().is_empty() {
        return Ok(json!({}));
    }
    let (root, value) = FORMS.read(text)?;
    Ok(match action.name {
        "GetBucketEncryption" | "GetPublicAccessBlock" => json!({ root: value }),
        "GetBucketLocation" => json!({"LocationConstraint": value.as_str().filter(|region| !region.is_empty())}),
        // An element without members, such as the versioning of a bucket that never had any.
        _ if value.is_string() => json!({}),
        _ => value,
    })
}
