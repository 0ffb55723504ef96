//! Objects of a bucket, listed by either version of the operation.

use std::collections::BTreeSet;

use super::bucket::find_with;
use super::model::{Object, Version};
use super::{number, xml};
use crate::aws::context::Context;
use crate::aws::json;
use crate::aws::refusal::Refusal;
use crate::aws::sigv4::encode;
use crate::aws::xml::Element;
use crate::clock::date;
use crate::service::Answer;

/// What a page holds at most.
const PAGE: usize = 1000;

/// One line of a listing: a key, or what keys begin with up to the delimiter.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Line {
    Key(String),
    Prefix(String),
}

impl Line {
    fn text(&self) -> &str {
        let (Self::Key(text) | Self::Prefix(text)) = self;
        text
    }
}

/// What is listed of a page, and whether there is more behind it.
struct Listing {
    lines: Vec<Line>,
    more: bool,
}

/// The lines behind a place, keys with the delimiter folded to their prefix.
fn fold(keys: &[String], prefix: &str, delimiter: &str, after: &str, size: usize) -> Listing {
    let mut lines = Vec::new();
    let mut folded = BTreeSet::new();
    for key in keys.iter().filter_map(|key| key.strip_prefix(prefix).map(|rest| (key, rest))) {
        let (key, rest) = key;
        let cut = if delimiter.is_empty() { None } else { rest.find(delimiter) };
        let line = match cut {
            Some(at) => {
                let end = prefix.len() + at + delimiter.len();
                Line::Prefix(key[..end].to_owned())
            }
            None => Line::Key(key.clone()),
        };
        if line.text() <= after || (matches!(line, Line::Prefix(_)) && !folded.insert(line.text().to_owned())) {
            continue;
        }
        if lines.len() == size {
            return Listing { lines, more: size > 0 };
        }
        lines.push(line);
    }
    Listing { lines, more: false }
}

/// What a listing asks for, allowed.
struct Asked {
    bucket: super::model::Bucket,
    objects: Vec<Object>,
    prefix: String,
    delimiter: String,
    size: usize,
    encoded: bool,
}

impl Asked {
    fn read(context: &Context<'_, '_>) -> Result<Self, Refusal> {
        let query = |name: &str| context.call.query(name).unwrap_or_default().to_owned();
        let (prefix, delimiter) = (query("prefix"), query("delimiter"));
        let size = number(context, "max-keys", PAGE)?;
        let keys = vec![
            ("s3:prefix", vec![prefix.clone()]),
            ("s3:delimiter", vec![delimiter.clone()]),
            ("s3:max-keys", vec![size.to_string()]),
        ];
        let bucket = find_with(context, "s3:ListBucket", None, keys)?;
        let mut objects: Vec<Object> = context.transaction.list(&bucket.objects())?;
        objects.retain(|object| object.current().is_some());
        Ok(Self { bucket, objects, prefix, delimiter, size, encoded: query("encoding-type") == "url" })
    }

    fn text(&self, text: &str) -> String {
        if self.encoded { encode(text).replace("%2F", "/") } else { text.to_owned() }
    }

    fn fold(&self, after: &str) -> Listing {
        let keys: Vec<String> = self.objects.iter().map(|object| object.key.clone()).collect();
        fold(&keys, &self.prefix, &self.delimiter, after, self.size)
    }

    /// The part that both versions share.
    fn view(&self, listing: &Listing) -> Element {
        let mut root = Element::new("ListBucketResult")
            .with_text("Name", &self.bucket.name)
            .with_text("Prefix", self.text(&self.prefix))
            .with_text("MaxKeys", self.size);
        if !self.delimiter.is_empty() {
            root = root.with_text("Delimiter", self.text(&self.delimiter));
        }
        if self.encoded {
            root = root.with_text("EncodingType", "url");
        }
        root = root.with_text("IsTruncated", listing.more);
        for line in &listing.lines {
            root = match line {
                Line::Prefix(prefix) => {
                    root.with(Element::list("CommonPrefixes", [Element::of("Prefix", self.text(prefix))]))
                }
                Line::Key(key) => {
                    let found = self.objects.iter().find(|object| object.key == *key).and_then(Object::current);
                    match found {
                        Some(version) => root.with(contents(&self.text(key), version)),
                        None => root,
                    }
                }
            };
        }
        root
    }
}

fn contents(key: &str, version: &Version) -> Element {
    Element::new("Contents")
        .with_text("Key", key)
        .with_text("LastModified", date(version.modified_ms))
        .with_text("ETag", format!("\"{}\"", version.etag))
        .with_text("Size", version.size)
        .with_text("StorageClass", "STANDARD")
}

pub(super) fn second(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let asked = Asked::read(context)?;
    let token = context.call.query("continuation-token").map(str::to_owned);
    let start = context.call.query("start-after").unwrap_or_default();
    let after = match &token {
        Some(_) => json::place(token.as_ref(), "InvalidArgument")?,
        None => start.to_owned(),
    };
    let listing = asked.fold(&after);
    let mut root = asked.view(&listing).with_text("KeyCount", listing.lines.len());
    if !start.is_empty() {
        root = root.with_text("StartAfter", asked.text(start));
    }
    root = root.with_some("ContinuationToken", token);
    if let Some(last) = listing.lines.last().filter(|_| listing.more) {
        root = root.with_text("NextContinuationToken", json::token(last.text()));
    }
    Ok(xml(root))
}

pub(super) fn first(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let asked = Asked::read(context)?;
    let marker = context.call.query("marker").unwrap_or_default();
    let listing = asked.fold(marker);
    let mut root = asked.view(&listing).with_text("Marker", asked.text(marker));
    if let Some(last) = listing.lines.last().filter(|_| listing.more && !asked.delimiter.is_empty()) {
        root = root.with_text("NextMarker", asked.text(last.text()));
    }
    Ok(xml(root))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(prefix: &str, delimiter: &str, after: &str, size: usize) -> (Vec<String>, bool) {
        let keys = ["a/1", "a/2", "b", "c/d/1", "c/e"].map(str::to_owned);
        let listing = fold(&keys, prefix, delimiter, after, size);
        (listing.lines.iter().map(|line| line.text().to_owned()).collect(), listing.more)
    }

    #[test]
    fn keys_fold_at_the_delimiter_and_pages_go_on_behind_it() {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(lines("", "/", "", 10), (owned(&["a/", "b", "c/"]), false));
        assert_eq!(lines("", "/", "", 1), (owned(&["a/"]), true));
        assert_eq!(lines("", "/", "a/", 1), (owned(&["b"]), true));
        assert_eq!(lines("c/", "/", "", 10), (owned(&["c/d/", "c/e"]), false));
        assert_eq!(lines("", "", "a/2", 2), (owned(&["b", "c/d/1"]), true));
        assert_eq!(lines("", "", "", 0), (owned(&[]), false));
        assert_eq!(lines("x", "", "", 5), (owned(&[]), false));
    }
}
