//! Parts of strings, in bytes: `split`, `substr`, `trunc`.

use std::collections::BTreeMap;

use bstr::ByteSlice;

use crate::format::runes;
use crate::function::Failure;
use crate::value::{Map, Str, Type, Value};

/// Go's `strings.SplitN`: at most `limit` parts, all of them if it is negative.
pub(super) fn split<'a>(text: &'a [u8], separator: &[u8], limit: i64) -> Vec<&'a [u8]> {
    let limit = match limit {
        0 => return Vec::new(),
        limit => usize::try_from(limit).unwrap_or(usize::MAX),
    };
    if !separator.is_empty() {
        return text.splitn_str(limit, separator).collect();
    }
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() && parts.len() + 1 < limit {
        let (_, size) = runes::first(rest);
        let (part, behind) = rest.split_at(size.min(rest.len()));
        parts.push(part);
        rest = behind;
    }
    if !rest.is_empty() {
        parts.push(rest);
    }
    parts
}

/// The parts between which a replacement comes: an empty `old` is before every character and at the end.
pub(super) fn split_for_replacement<'a>(text: &'a [u8], old: &[u8]) -> Vec<&'a [u8]> {
    if !old.is_empty() {
        return text.split_str(old).collect();
    }
    let mut parts: Vec<&[u8]> = vec![b""];
    parts.extend(split(text, b"", -1));
    parts.push(b"");
    parts
}

/// A `map[string]string` of the parts by `_0`, `_1`…
pub(super) fn numbered(parts: Vec<&[u8]>) -> Map {
    let entries: BTreeMap<Str, Value> =
        parts.into_iter().enumerate().map(|(index, part)| (Str::from(format!("_{index}")), Value::str(part))).collect();
    Map::typed(Type::Map(Box::new(Type::Str)), entries)
}

/// The first bytes, or with a negative length the last ones.
pub(super) fn truncate(length: i64, text: &[u8]) -> &[u8] {
    let count = usize::try_from(length.unsigned_abs()).unwrap_or(usize::MAX);
    let kept =
        if length < 0 { text.len().checked_sub(count).and_then(|start| text.get(start..)) } else { text.get(..count) };
    kept.unwrap_or(text)
}

/// From `start` to before `end`, where a negative `start` is the beginning and an `end` that is negative or
/// beyond is the end.
pub(super) fn substring(start: i64, end: i64, text: &[u8]) -> Result<&[u8], Failure> {
    let length = text.len();
    let bound = |index: i64| usize::try_from(index).ok();
    if start < 0 {
        return bound(end).and_then(|end| text.get(..end)).ok_or_else(|| {
            let range = format!("runtime error: slice bounds out of range [:{end}]");
            if end < 0 { range.into() } else { format!("{range} with length {length}").into() }
        });
    }
    let end = bound(end).filter(|end| *end <= length).unwrap_or(length);
    bound(start)
        .and_then(|start| text.get(start..end))
        .ok_or_else(|| format!("runtime error: slice bounds out of range [{start}:{end}]").into())
}
