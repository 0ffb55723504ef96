//! Uploads in parts: begun, filled, completed or given up.

use std::collections::BTreeMap;

use http::StatusCode;

use super::body::{Content, content, plain};
use super::bucket::find;
use super::model::{Bucket, Object, Part, Upload, Version, forget, load, object, store};
use super::object::{about, add, describe};
use super::{bucket_arn, checksum, copy, object_arn, precondition, xml};
use crate::aws::context::Context;
use crate::aws::refusal::{Refusal, with_header};
use crate::aws::sigv4::hex;
use crate::aws::xml::Element;
use crate::clock::date;
use crate::entropy;
use crate::service::Answer;

/// The smallest part but for the last.
const PART_BYTES: u64 = 5 << 20;
/// The highest number of a part.
const PARTS: u32 = 10_000;

/// The bucket and key of the request, once the caller may do this to them.
fn place(context: &Context<'_, '_>, action: &str) -> Result<(Bucket, String), Refusal> {
    let key = context.parameter(1).to_owned();
    let bucket = find(context, action, Some(object_arn(context.parameter(0), &key)))?;
    Ok((bucket, key))
}

fn upload(context: &Context<'_, '_>, bucket: &Bucket, key: &str) -> Result<Upload, Refusal> {
    let id = context.call.query("uploadId").unwrap_or_default();
    let found: Option<Upload> = context.transaction.get(&bucket.uploads(), id)?;
    let missing = || {
        let message = "The specified upload does not exist. The upload ID may be invalid, or the upload may have been \
                       aborted or completed.";
        Refusal::missing("NoSuchUpload", message).with("UploadId", id)
    };
    found.filter(|upload| upload.key == key).ok_or_else(missing)
}

pub(super) fn create(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let (bucket, key) = place(context, "s3:PutObject")?;
    let about = about(context, &bucket)?;
    let id = entropy::pick(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._", 64)?;
    let upload = Upload { id, key, begun_ms: context.now.real_ms, about, parts: BTreeMap::new() };
    context.transaction.put(&bucket.uploads(), &upload.id, &upload)?;
    let root = Element::new("InitiateMultipartUploadResult")
        .with_text("Bucket", &bucket.name)
        .with_text("Key", &upload.key)
        .with_text("UploadId", &upload.id);
    Ok(xml(root))
}

/// Keeps a part of an upload; the answer is its entity tag.
fn keep_part(context: &mut Context<'_, '_>, bytes: &[u8]) -> Result<String, Refusal> {
    let (bucket, key) = place(context, "s3:PutObject")?;
    let number = context.call.query("partNumber").and_then(|number| number.parse().ok());
    let number = number.filter(|number| (1..=PARTS).contains(number)).ok_or_else(|| {
        let message = "Part number must be an integer between 1 and 10000, inclusive";
        Refusal::bad("InvalidArgument", message).with("ArgumentName", "partNumber")
    })?;
    let mut upload = upload(context, &bucket, &key)?;
    let etag = checksum::tag(bytes);
    let part = Part {
        content: store(context, bytes)?,
        size: bytes.len() as u64,
        etag: etag.clone(),
        modified_ms: context.now.real_ms,
    };
    let replaced = upload.parts.insert(number, part);
    forget(context, replaced.map(|part| part.content).as_deref());
    context.transaction.put(&bucket.uploads(), &upload.id, &upload)?;
    Ok(etag)
}

pub(super) fn copy_part(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let bytes = copy::part(context)?;
    let etag = keep_part(context, &bytes)?;
    Ok(copy::part_result(&etag, context.now.real_ms))
}

pub(super) fn upload_part(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let Content { bytes, checksum } = content(context)?;
    let etag = keep_part(context, &bytes)?;
    let mut answer = with_header(Answer::empty(StatusCode::OK), "etag", &format!("\"{etag}\""));
    if let Some((name, value)) = checksum
        && let (Ok(name), Ok(value)) = (http::HeaderName::try_from(name), http::HeaderValue::try_from(value))
    {
        answer.headers.insert(name, value);
    }
    Ok(answer)
}

/// The parts that the client names, in order, as they were uploaded.
fn named(upload: &Upload, request: &Element) -> Result<Vec<Part>, Refusal> {
    let invalid = || {
        let message = "One or more of the specified parts could not be found. The part may not have been uploaded, or \
                       the specified entity tag may not match the part's entity tag.";
        Refusal::bad("InvalidPart", message)
    };
    let mut parts: Vec<Part> = Vec::new();
    let mut last = 0;
    for part in request.children().iter().filter(|child| child.name() == "Part") {
        let number: u32 = part.child_text("PartNumber").and_then(|number| number.parse().ok()).ok_or_else(invalid)?;
        if number <= last {
            let message = "The list of parts was not in ascending order. The parts list must be specified in order by \
                           part number.";
            return Err(Refusal::bad("InvalidPartOrder", message));
        }
        last = number;
        let etag = part.child_text("ETag").unwrap_or_default().trim_matches('"');
        parts.push(upload.parts.get(&number).filter(|part| part.etag == etag).ok_or_else(invalid)?.clone());
    }
    let (_, firsts) = parts.split_last().ok_or_else(|| {
        Refusal::bad(
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
        )
    })?;
    if firsts.iter().any(|part| part.size < PART_BYTES) {
        return Err(Refusal::bad("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size"));
    }
    Ok(parts)
}

pub(super) fn complete(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let (bucket, key) = place(context, "s3:PutObject")?;
    let upload = upload(context, &bucket, &key)?;
    let request = Element::parse(&plain(context)?)?;
    let parts = named(&upload, &request)?;
    let current = object(context, &bucket, &key)?;
    precondition::write(context.call, current.as_ref().and_then(Object::current))?;
    let (mut bytes, mut digests) = (Vec::new(), Vec::new());
    for part in &parts {
        let piece = load(context, &part.content)?;
        digests.extend(checksum::md5(&piece));
        bytes.extend(piece);
    }
    let etag = format!("{}-{}", hex(&checksum::md5(&digests)), parts.len());
    let version = Version {
        id: String::new(),
        content: Some(store(context, &bytes)?),
        size: bytes.len() as u64,
        etag: etag.clone(),
        modified_ms: context.now.real_ms,
        about: upload.about.clone(),
        checksum: None,
    };
    drop_upload(context, &bucket, &upload);
    let version = add(context, &bucket, &key, version)?;
    let root = Element::new("CompleteMultipartUploadResult")
        .with_text("Location", format!("https://{}.s3.{}.amazonaws.com/{key}", bucket.name, bucket.region))
        .with_text("Bucket", &bucket.name)
        .with_text("Key", &key)
        .with_text("ETag", format!("\"{etag}\""));
    Ok(describe(xml(root), &bucket, &version))
}

/// Takes an upload away with its parts.
pub(super) fn drop_upload(context: &mut Context<'_, '_>, bucket: &Bucket, upload: &Upload) {
    for part in upload.parts.values() {
        forget(context, Some(&part.content));
    }
    context.transaction.remove(&bucket.uploads(), &upload.id);
}

pub(super) fn abort(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let (bucket, key) = place(context, "s3:AbortMultipartUpload")?;
    let upload = upload(context, &bucket, &key)?;
    drop_upload(context, &bucket, &upload);
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

pub(super) fn list(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let arn = bucket_arn(context.parameter(0));
    let bucket = find(context, "s3:ListBucketMultipartUploads", Some(arn))?;
    let prefix = context.call.query("prefix").unwrap_or_default();
    let uploads: Vec<Upload> = context.transaction.list(&bucket.uploads())?;
    let shown = uploads.iter().filter(|upload| upload.key.starts_with(prefix)).map(|upload| {
        Element::new("Upload")
            .with_text("Key", &upload.key)
            .with_text("UploadId", &upload.id)
            .with_text("StorageClass", "STANDARD")
            .with_text("Initiated", date(upload.begun_ms))
    });
    let root = Element::list("ListMultipartUploadsResult", shown);
    Ok(xml(root.with_text("Bucket", &bucket.name).with_text("Prefix", prefix).with_text("IsTruncated", false)))
}

pub(super) fn list_parts(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let (bucket, key) = place(context, "s3:ListMultipartUploadParts")?;
    let upload = upload(context, &bucket, &key)?;
    let shown = upload.parts.iter().map(|(number, part)| {
        Element::new("Part")
            .with_text("PartNumber", number)
            .with_text("LastModified", date(part.modified_ms))
            .with_text("ETag", format!("\"{}\"", part.etag))
            .with_text("Size", part.size)
    });
    let root = Element::list("ListPartsResult", shown)
        .with_text("Bucket", &bucket.name)
        .with_text("Key", &key)
        .with_text("UploadId", &upload.id)
        .with_text("StorageClass", "STANDARD")
        .with_text("IsTruncated", false);
    Ok(xml(root))
}
