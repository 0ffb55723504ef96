//! Policy documents.

use maps_sdk::Report;
use serde_json::{Map, Value};

/// A policy document, in the grammar of IAM: `{Version: "2012-10-17", Statement: […]}`.
pub type Document = Map<String, Value>;

/// Reports what is wrong with a document at `at`, of which IAM takes so many characters. What it allows is
/// the host's to judge, by what the operator grants.
pub(crate) fn check(report: &mut Report, at: &str, document: &Document, most: usize) {
    match document.get("Version").map(Value::as_str) {
        None | Some(Some("2012-10-17" | "2008-10-17")) => {}
        Some(_) => report.invalid(format!("{at}.Version"), "bad-version", "a policy's version is 2012-10-17"),
    }
    let place = format!("{at}.Statement");
    match document.get("Statement") {
        Some(Value::Array(statements)) if !statements.is_empty() => {
            for (index, each) in statements.iter().enumerate() {
                statement(report, &format!("{place}[{index}]"), each);
            }
        }
        Some(one @ Value::Object(_)) => statement(report, &place, one),
        _ => {
            // Where the whole is not known, this is not either.
            report.across(&[at, &place], "no-statement", "a policy has at least one statement");
        }
    }
    let size = Value::from(document.clone()).to_string().chars().filter(|c| !c.is_whitespace()).count();
    if size > most && !is_unknown_within(document) {
        report.invalid(at, "policy-too-long", format!("the policy has {size} characters, and IAM takes {most}"));
    }
}

fn statement(report: &mut Report, at: &str, statement: &Value) {
    let Some(members) = statement.as_object() else {
        return report.invalid(at, "bad-statement", "a statement is an object");
    };
    let has = |key: &str| members.contains_key(key);
    let effect = format!("{at}.Effect");
    if !matches!(members.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny")) {
        report.across(&[&effect, at], "bad-effect", "a statement's Effect is Allow or Deny");
    }
    for (one, other) in [("Action", "NotAction"), ("Resource", "NotResource")] {
        if has(one) == has(other) {
            report.invalid(at, "bad-statement", format!("a statement has either {one} or {other}"));
        }
    }
    for key in ["Principal", "NotPrincipal"].into_iter().filter(|key| has(key)) {
        let message = "a policy of a user is about that user, so it names no principal";
        report.invalid(format!("{at}.{key}"), "principal", message);
    }
}

/// Is anything in it not known yet?
fn is_unknown_within(document: &Document) -> bool {
    document.get("$unknown").is_some()
        || document.values().any(|value| match value {
            Value::Object(members) => is_unknown_within(members),
            Value::Array(items) => items.iter().filter_map(Value::as_object).any(is_unknown_within),
            _ => false,
        })
}
