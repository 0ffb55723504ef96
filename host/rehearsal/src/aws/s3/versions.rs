//! Every version of every object, as one listing.

use super::bucket::find;
use super::model::{Object, Version};
use super::{number, xml};
use crate::aws::context::Context;
use crate::aws::page;
use crate::aws::refusal::Refusal;
use crate::aws::xml::Element;
use crate::clock::date;
use crate::service::Answer;

/// What a page holds at most.
const PAGE: usize = 1000;

fn view(key: &str, version: &Version, latest: bool) -> Element {
    let name = if version.content.is_some() { "Version" } else { "DeleteMarker" };
    let element = Element::new(name)
        .with_text("Key", key)
        .with_text("VersionId", &version.id)
        .with_text("IsLatest", latest)
        .with_text("LastModified", date(version.modified_ms));
    if version.content.is_none() {
        return element;
    }
    element
        .with_text("ETag", format!("\"{}\"", version.etag))
        .with_text("Size", version.size)
        .with_text("StorageClass", "STANDARD")
}

/// A version with its key, and whether it is the newest.
type Line<'o> = (&'o str, &'o Version, bool);

pub(super) fn list(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let query = |name: &str| context.call.query(name).unwrap_or_default();
    let (prefix, after) = (query("prefix"), query("key-marker"));
    let after_version = query("version-id-marker");
    let bucket = find(context, "s3:ListBucketVersions", None)?;
    if !query("delimiter").is_empty() {
        return Err(Refusal::not_played("a delimiter in a listing of versions"));
    }
    let size = number(context, "max-keys", PAGE)?;
    let objects: Vec<Object> = context.transaction.list(&bucket.objects())?;
    let mut lines: Vec<Line<'_>> = Vec::new();
    for object in objects.iter().filter(|object| object.key.starts_with(prefix) && object.key.as_str() >= after) {
        let newest_first = object.versions.iter().rev().enumerate();
        lines.extend(newest_first.map(|(n, version)| (object.key.as_str(), version, n == 0)));
    }
    if !after.is_empty() {
        let last = lines
            .iter()
            .rposition(|(key, version, _)| *key == after && (after_version.is_empty() || version.id == after_version));
        lines = lines.split_off(last.map_or(0, |last| last + 1));
    }
    let page = page::cut(lines, size);
    let mut root = Element::new("ListVersionsResult")
        .with_text("Name", &bucket.name)
        .with_text("Prefix", prefix)
        .with_text("KeyMarker", after)
        .with_text("VersionIdMarker", after_version)
        .with_text("MaxKeys", size)
        .with_text("IsTruncated", page.next.is_some() && size > 0);
    if let (Some(_), Some((key, version, _))) = (&page.next, page.items.last()) {
        root = root.with_text("NextKeyMarker", key).with_text("NextVersionIdMarker", &version.id);
    }
    for (key, version, latest) in page.items {
        root = root.with(view(key, version, latest));
    }
    Ok(xml(root))
}
