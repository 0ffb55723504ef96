//! Tags: those that say who made something, and those of the user.

use std::collections::{BTreeMap, BTreeSet};

use maps_sdk::{Context, Report};
use serde::{Deserialize, Serialize};

/// The user's tags, or all of them.
pub type Tags = BTreeMap<String, String>;

/// What every tag of maps begins with.
const OURS: &str = "maps:";
/// What AWS keeps to itself.
const AWS: &str = "aws:";
/// The tag with the token of what made the object.
const TOKEN: &str = "maps:token";
/// The most that an object can have, less those that maps sets.
const MOST: usize = 50 - 3;
/// The longest key, in characters.
const LONGEST_KEY: usize = 128;
/// The longest value, in characters.
const LONGEST_VALUE: usize = 256;

/// A tag on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tag {
    key: String,
    value: String,
}

/// The tags that a new object carries: the user's, and who made it.
pub(crate) fn marked(context: &Context, address: &str, token: &str, users: &Tags) -> Vec<Tag> {
    let marks = [("maps:stack", context.stack.as_str()), ("maps:address", address), (TOKEN, token)];
    let marks = marks.map(|(key, text)| Tag { key: key.to_owned(), value: fitting(text) });
    wire(users).into_iter().chain(marks).collect()
}

/// As the service wants them.
pub(crate) fn wire(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect()
}

/// The tags of an object as the service tells them.
pub(crate) fn all(tags: Vec<Tag>) -> Tags {
    tags.into_iter().map(|tag| (tag.key, tag.value)).collect()
}

/// The user's among all.
pub(crate) fn users(all: &Tags) -> Tags {
    all.iter().filter(|(key, _)| !reserved(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Those of maps among all: what replaces all tags must keep them.
pub(crate) fn marks(all: &Tags) -> Tags {
    all.iter().filter(|(key, _)| key.starts_with(OURS)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Was the object that has these made with this token?
pub(crate) fn carry(all: &Tags, token: &str) -> bool {
    all.get(TOKEN).is_some_and(|there| there == token)
}

/// What has to be set, and which keys have to go, so that the user's tags among `all` become these.
pub(crate) fn changes(all: &Tags, wanted: &Tags) -> (Vec<Tag>, Vec<String>) {
    let there = users(all);
    let set = wanted.iter().filter(|(key, value)| there.get(*key) != Some(value));
    let set = set.map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect();
    let gone: BTreeSet<&String> = there.keys().filter(|key| !wanted.contains_key(*key)).collect();
    (set, gone.into_iter().cloned().collect())
}

/// Reports what is wrong with the user's tags.
pub(crate) fn check(report: &mut Report, tags: &Tags) {
    if tags.len() > MOST {
        report.invalid("tags", "too-many-tags", format!("an object has at most {MOST} tags beside those of maps"));
    }
    for (key, value) in tags {
        let at = format!("tags.{key}");
        if reserved(key) {
            report.invalid(
                at,
                "reserved-tag",
                format!("`{key}` begins with `maps:` or `aws:`, which are set by others"),
            );
        } else if key.is_empty() || key.chars().count() > LONGEST_KEY || !key.chars().all(allowed) {
            let message = "a tag's key is 1 to 128 letters, digits, spaces and `_.:/=+-@`";
            report.invalid(at, "bad-tag-key", message);
        } else if value.chars().count() > LONGEST_VALUE || !value.chars().all(allowed) {
            let message = "a tag's value is up to 256 letters, digits, spaces and `_.:/=+-@`";
            report.invalid(at, "bad-tag-value", message);
        }
    }
}

fn reserved(key: &str) -> bool {
    // AWS compares without case.
    key.starts_with(OURS) || key.get(..AWS.len()).is_some_and(|start| start.eq_ignore_ascii_case(AWS))
}

fn allowed(character: char) -> bool {
    character.is_alphanumeric() || character == ' ' || "_.:/=+-@".contains(character)
}

/// What a tag cannot hold becomes a dash: it tells people where an object comes from, and only the token,
/// which needs no such change, is ever searched for.
fn fitting(text: &str) -> String {
    let fit = |character| if allowed(character) { character } else { '-' };
    text.chars().take(LONGEST_VALUE).map(fit).collect()
}
