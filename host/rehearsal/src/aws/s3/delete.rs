//! Objects and versions: taken away, or hidden behind a marker.

use std::collections::BTreeMap;

use http::StatusCode;

use super::body;
use super::bucket::find;
use super::model::{About, Bucket, Encryption, Object, Version, forget, keep, object};
use super::{object_arn, precondition, xml};
use crate::aws::context::Context;
use crate::aws::refusal::{Refusal, with_header};
use crate::aws::xml::Element;
use crate::service::Answer;

/// How many objects one request may delete.
const SEVERAL: usize = 1000;

/// What a deletion did.
struct Deleted {
    /// The marker that was made, or the version that was taken away.
    version: Option<String>,
    marker: bool,
}

fn delete(context: &mut Context<'_, '_>, bucket: &Bucket, key: &str, wanted: Option<&str>) -> Result<Deleted, Refusal> {
    let found = object(context, bucket, key)?;
    if let Some(id) = wanted {
        let mut object = found.unwrap_or_else(|| Object { key: key.to_owned(), versions: Vec::new() });
        let at = object.versions.iter().position(|version| version.id == id);
        let removed = at.map(|at| object.versions.remove(at));
        let marker = removed.as_ref().is_some_and(|version| version.content.is_none());
        forget(context, removed.and_then(|version| version.content).as_deref());
        keep(context, bucket, &object)?;
        return Ok(Deleted { version: Some(id.to_owned()), marker });
    }
    if bucket.versioning.is_none() {
        if let Some(mut object) = found {
            for version in std::mem::take(&mut object.versions) {
                forget(context, version.content.as_deref());
            }
            keep(context, bucket, &object)?;
        }
        return Ok(Deleted { version: None, marker: false });
    }
    let about = About {
        headers: BTreeMap::new(),
        encryption: Encryption { algorithm: "AES256".to_owned(), key: None },
        tags: BTreeMap::new(),
        acl: None,
    };
    let marker = Version {
        id: String::new(),
        content: None,
        size: 0,
        etag: String::new(),
        modified_ms: context.now.real_ms,
        about,
        checksum: None,
    };
    let marker = super::object::add(context, bucket, key, marker)?;
    Ok(Deleted { version: Some(marker.id), marker: true })
}

fn action(version: Option<&str>) -> &'static str {
    if version.is_some() { "s3:DeleteObjectVersion" } else { "s3:DeleteObject" }
}

pub(super) fn one(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let key = context.parameter(1).to_owned();
    let wanted = context.call.query("versionId").map(str::to_owned);
    let arn = object_arn(context.parameter(0), &key);
    let bucket = find(context, action(wanted.as_deref()), Some(arn))?;
    let found = object(context, &bucket, &key)?;
    precondition::write(context.call, found.as_ref().and_then(Object::current))?;
    let deleted = delete(context, &bucket, &key, wanted.as_deref())?;
    let mut answer = Answer::empty(StatusCode::NO_CONTENT);
    if let Some(version) = deleted.version {
        answer = with_header(answer, "x-amz-version-id", &version);
    }
    Ok(if deleted.marker { with_header(answer, "x-amz-delete-marker", "true") } else { answer })
}

pub(super) fn several(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let name = context.parameter(0).to_owned();
    let missing = || Refusal::missing("NoSuchBucket", "The specified bucket does not exist");
    let bucket: Bucket = context.transaction.get(context.realm.buckets(), &name)?.ok_or_else(missing)?;
    let headers = &context.call.headers;
    let is_checksum = |name: &http::HeaderName| name.as_str().starts_with("x-amz-checksum-");
    if !headers.contains_key("content-md5")
        && !headers.keys().any(is_checksum)
        && !headers.contains_key("x-amz-trailer")
    {
        let message = "Missing required header for this request: Content-MD5 OR x-amz-checksum-*";
        return Err(Refusal::bad("InvalidRequest", message));
    }
    let request = Element::parse(&body::plain(context)?)?;
    let objects: Vec<&Element> = request.children().iter().filter(|child| child.name() == "Object").collect();
    if request.name() != "Delete" || objects.is_empty() || objects.len() > SEVERAL {
        let message = "The XML you provided was not well-formed or did not validate against our published schema";
        return Err(Refusal::bad("MalformedXML", message));
    }
    let quiet = request.child_text("Quiet") == Some("true");
    let mut root = Element::new("DeleteResult");
    for wanted in objects {
        let key = wanted.child_text("Key").unwrap_or_default();
        let version = wanted.child_text("VersionId");
        // Each object has its own permission, and its own answer.
        let allowed = find(context, action(version), Some(object_arn(&name, key)));
        match allowed.and_then(|_| delete(context, &bucket, key, version)) {
            Ok(_) if quiet => {}
            Ok(deleted) => {
                let mut line = Element::new("Deleted").with_text("Key", key);
                if deleted.marker {
                    line = line.with_text("DeleteMarker", true).with_some("DeleteMarkerVersionId", deleted.version);
                } else {
                    line = line.with_some("VersionId", version);
                }
                root = root.with(line);
            }
            Err(refusal) if refusal.status.is_server_error() => return Err(refusal),
            Err(refusal) => {
                let line = Element::new("Error")
                    .with_text("Key", key)
                    .with_some("VersionId", version)
                    .with_text("Code", refusal.code)
                    .with_text("Message", refusal.message);
                root = root.with(line);
            }
        }
    }
    Ok(xml(root))
}
