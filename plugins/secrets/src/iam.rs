//! What the kinds of IAM share.

use maps_s3::batch::{self, Answered};
use maps_sdk::Report;
use maps_sdk::aws::{Answer, Call, iam};
use serde_json::{Value, json};

use crate::tags::Tag;

/// How often a call is tried again that IAM refuses because it does not know yet what was just made.
pub(crate) const ROUNDS: u32 = 10;
/// How long IAM takes to know it everywhere: mostly a second or two.
pub(crate) const RETRY_MS: u64 = 1_000;

/// Reports a name that IAM does not take.
pub(crate) fn name(report: &mut Report, at: &str, name: &str, most: usize) {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte);
    if name.is_empty() || name.len() > most || !name.bytes().all(fits) {
        report.invalid(at, "bad-name", format!("a name is 1 to {most} letters, digits and `+=,.@_-`"));
    }
}

/// Reports a path that IAM does not take.
pub(crate) fn path(report: &mut Report, path: &str) {
    let plain = path.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
    if path.len() > 512 || !path.starts_with('/') || !path.ends_with('/') || path.contains("//") || !plain {
        report.invalid("path", "bad-path", "a path is `/`, or parts that begin and end with one: /teams/web/");
    }
}

/// Reports what is no ARN of a policy.
pub(crate) fn policy_arn(report: &mut Report, at: &str, arn: &str) {
    let mut parts = arn.splitn(6, ':');
    let fits = parts.next() == Some("arn")
        && parts.next().is_some_and(|partition| partition.starts_with("aws"))
        && parts.next() == Some("iam")
        && parts.nth(1).is_some()
        && parts.next().is_some_and(|policy| policy.starts_with("policy/"));
    if !fits {
        let message = "it is the ARN of a policy: arn:aws:iam::123456789012:policy/NAME, or ${boundary.arn}";
        report.invalid(at, "bad-arn", message);
    }
}

/// A call about a user.
pub(crate) fn of_user(action: &str, user: &str) -> Answered<Call> {
    Call::new(action, &json!({"UserName": user}))
}

/// Changes tags of what `key` names by `name`, with the two actions for that.
pub(crate) fn retag(
    [tag, untag]: [&str; 2],
    (key, name): (&str, &str),
    (set, gone): (Vec<Tag>, Vec<String>),
) -> Answered<Vec<Call>> {
    let mut calls = Vec::new();
    if !set.is_empty() {
        calls.push(Call::new(tag, &json!({key: name, "Tags": set}))?);
    }
    if !gone.is_empty() {
        calls.push(Call::new(untag, &json!({key: name, "TagKeys": gone}))?);
    }
    Ok(calls)
}

/// The members of a list that IAM tells page by page, where the first page is at hand.
pub(crate) fn all(first: &Answer, action: &str, input: &Value, list: &str) -> Answered<Vec<Value>> {
    let mut page: Value = first.json()?;
    let mut members = Vec::new();
    let mut input = input.clone();
    loop {
        if let Value::Array(items) = page[list].take() {
            members.extend(items);
        }
        let Some(marker) = page["Marker"].as_str().filter(|_| page["IsTruncated"] == true) else {
            return Ok(members);
        };
        input["Marker"] = marker.into();
        page = iam::read(Call::new(action, &input)?)?.json()?;
    }
}

/// The texts under one key of such members.
pub(crate) fn texts(members: &[Value], key: Option<&str>) -> Vec<String> {
    let text = |member: &Value| key.map_or(member, |key| &member[key]).as_str().map(str::to_owned);
    members.iter().filter_map(text).collect()
}

/// A list about a user, whose first page is at hand; none where there is no such user.
pub(crate) fn of_user_all(
    first: Answered<Answer>,
    action: &str,
    user: &str,
    (list, key): (&str, Option<&str>),
) -> Answered<Option<Vec<String>>> {
    let Some(first) = batch::found(first)? else { return Ok(None) };
    let members = all(&first, action, &json!({"UserName": user}), list)?;
    Ok(Some(texts(&members, key)))
}
