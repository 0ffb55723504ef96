//! Copies: an object, or a part of an upload, from another object.

use super::bucket::find_named;
use super::model::{About, Bucket, Version, load};
use super::object::{self, about, add, describe, use_key_of};
use super::{object_arn, precondition, xml};
use crate::aws::context::Context;
use crate::aws::refusal::{Refusal, with_header};
use crate::aws::sigv4::decode;
use crate::aws::xml::Element;
use crate::clock::date;
use crate::service::Answer;

/// What is copied, with the right to read it checked.
pub(super) struct Source {
    bucket: Bucket,
    key: String,
    version: Version,
    pub(super) bytes: Vec<u8>,
}

/// The source that a request names: `bucket/key`, with or without a slash before it and a version behind it.
pub(super) fn source(context: &mut Context<'_, '_>) -> Result<Source, Refusal> {
    let invalid = || {
        let message = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey";
        Refusal::bad("InvalidArgument", message).with("ArgumentName", "x-amz-copy-source")
    };
    let text = context.call.header("x-amz-copy-source").unwrap_or_default().to_owned();
    let (path, version) = match text.split_once("?versionId=") {
        Some((path, version)) => (path, Some(version)),
        None => (text.as_str(), None),
    };
    // A plus is a space here, as in forms: that is how many clients write one.
    let path = decode(&path.replace('+', " "));
    let (name, key) = path.trim_start_matches('/').split_once('/').ok_or_else(invalid)?;
    if name.is_empty() || key.is_empty() {
        return Err(invalid());
    }
    let action = if version.is_some() { "s3:GetObjectVersion" } else { "s3:GetObject" };
    let bucket = find_named(context, name, action, Some(object_arn(name, key)), Vec::new())?;
    let version = object::version(context, &bucket, key, version)?;
    precondition::copy(context.call, &version)?;
    use_key_of(context, &version)?;
    let bytes = load(context, version.content.as_deref().unwrap_or_default())?;
    Ok(Source { bucket, key: key.to_owned(), version, bytes })
}

/// `COPY` where nothing is said, or `REPLACE`.
fn replaces(context: &Context<'_, '_>, header: &'static str) -> Result<bool, Refusal> {
    match context.call.header(header) {
        None | Some("COPY") => Ok(false),
        Some("REPLACE") => Ok(true),
        Some(_) => Err(Refusal::bad("InvalidArgument", "Unknown directive.").with("ArgumentName", header)),
    }
}

pub(super) fn object(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let key = context.parameter(1).to_owned();
    let name = context.parameter(0).to_owned();
    let bucket = find_named(context, &name, "s3:PutObject", Some(object_arn(&name, &key)), Vec::new())?;
    let source = source(context)?;
    let (metadata, tagging) =
        (replaces(context, "x-amz-metadata-directive")?, replaces(context, "x-amz-tagging-directive")?);
    let asked = about(context, &bucket)?;
    let copied = &source.version.about;
    let headers = if metadata { asked.headers } else { copied.headers.clone() };
    let kept = if tagging { asked.tags } else { copied.tags.clone() };
    let about = About { headers, tags: kept, encryption: asked.encryption, acl: asked.acl };
    let onto_itself = source.bucket.name == bucket.name && source.key == key;
    if onto_itself && !metadata && !tagging && about == *copied && context.call.query("versionId").is_none() {
        let message = "This copy request is illegal because it is trying to copy an object to itself without changing \
                       the object's metadata, storage class, website redirect location or encryption attributes.";
        return Err(Refusal::bad("InvalidRequest", message));
    }
    // An object that was uploaded in parts is one when it is copied.
    let checksum = source.version.checksum.clone();
    let version = Version::new(context, &source.bytes, about, checksum)?;
    let version = add(context, &bucket, &key, version)?;
    let root = Element::new("CopyObjectResult")
        .with_text("ETag", format!("\"{}\"", version.etag))
        .with_text("LastModified", date(version.modified_ms));
    let answer = describe(xml(root), &bucket, &version);
    Ok(match source.bucket.versioning {
        Some(_) => with_header(answer, "x-amz-copy-source-version-id", &source.version.id),
        None => answer,
    })
}

/// The bytes of a part that is copied, which may be less than all of the source.
pub(super) fn part(context: &mut Context<'_, '_>) -> Result<Vec<u8>, Refusal> {
    let Source { bytes, .. } = source(context)?;
    let Some(header) = context.call.header("x-amz-copy-source-range") else { return Ok(bytes) };
    let invalid = || {
        let message = "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are \
                       the zero-based offsets of the first and last bytes to copy";
        Refusal::bad("InvalidArgument", message).with("ArgumentName", "x-amz-copy-source-range")
    };
    let (first, last) = header.strip_prefix("bytes=").and_then(|range| range.split_once('-')).ok_or_else(invalid)?;
    let (first, last): (usize, usize) = (first.parse().map_err(|_| invalid())?, last.parse().map_err(|_| invalid())?);
    let range = first..last.saturating_add(1);
    bytes.get(range).map(<[u8]>::to_vec).ok_or_else(|| {
        let message = format!("Range specified is not valid for source object of size: {}", bytes.len());
        Refusal::bad("InvalidArgument", message)
    })
}

/// What is told of a part that was copied.
pub(super) fn part_result(etag: &str, modified_ms: u64) -> Answer {
    let root = Element::new("CopyPartResult").with_text("LastModified", date(modified_ms));
    xml(root.with_text("ETag", format!("\"{etag}\"")))
}
