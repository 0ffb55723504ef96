//! What an API server says of a call that it did not carry out, as a problem.
//!
//! Source: apimachinery, `pkg/apis/meta/v1/types.go` (`Status`, `StatusReason`, `CauseType`).

use maps_engine::{Class, Problem};
use serde::Deserialize;

use crate::printable::printable;

/// Causes that are told; how many more there are is told as well.
const CAUSES: usize = 20;
/// Bytes of a message; webhooks may say a lot.
const MESSAGE_BYTES: usize = 3 << 10;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    message: String,
    reason: String,
    details: Details,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Details {
    causes: Vec<Cause>,
    retry_after_seconds: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Cause {
    reason: String,
    message: String,
    field: String,
}

/// The problem that an answer is whose status is not 2xx. `header` is its `retry-after`.
pub(super) fn problem(what: &str, status: u16, header: Option<&str>, body: &[u8]) -> Problem {
    let told: Option<Status> = serde_json::from_slice(body).ok();
    let told =
        told.unwrap_or_else(|| Status { message: printable(&String::from_utf8_lossy(body), 256), ..Status::default() });
    let owned = told.details.causes.iter().any(|cause| cause.reason == "FieldManagerConflict");
    let code = match (owned, told.reason.as_str()) {
        (true, _) => "field-manager-conflict".to_owned(),
        (false, "") => format!("http-{status}"),
        (false, reason) => kebab(reason).unwrap_or_else(|| format!("http-{status}")),
    };
    let message = format!("the API server refuses {what}: {}", message(&told, owned));
    let mut problem = Problem::new(class(status, &told), code, printable(&message, MESSAGE_BYTES));
    let seconds = header.and_then(|text| text.trim().parse().ok()).or(Some(told.details.retry_after_seconds));
    problem.retry_after_ms = seconds.filter(|seconds| *seconds > 0).map(|seconds| seconds.saturating_mul(1_000));
    problem
}

fn message(told: &Status, owned: bool) -> String {
    let causes = &told.details.causes;
    let more = causes.len().saturating_sub(CAUSES);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    let each = causes.iter().take(CAUSES);
    if owned {
        // `conflict with "kubectl" using apps/v1` at `.spec.replicas`, each on a line of its own in the message.
        let each: Vec<_> = each.map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
        return format!("other field managers own what would be applied: {}{more}", each.join("; "));
    }
    let unsaid: Vec<_> = each
        .filter(|cause| !cause.message.is_empty() && !told.message.contains(&cause.message))
        .map(|cause| match cause.field.as_str() {
            "" => cause.message.clone(),
            field => format!("{field}: {}", cause.message),
        })
        .collect();
    let message = if told.message.is_empty() { "it says no more" } else { &told.message };
    if unsaid.is_empty() { message.to_owned() } else { format!("{message}: {}{more}", unsaid.join("; ")) }
}

/// What a webhook's or an aggregated API's server says while it is not there yet, within an internal error.
const NOT_YET: [&str; 7] = [
    "connection refused",
    "no endpoints available",
    "service unavailable",
    "no such host",
    "x509: certificate",
    "context deadline exceeded",
    "EOF",
];

fn class(status: u16, told: &Status) -> Class {
    match (status, told.reason.as_str()) {
        (_, "AlreadyExists" | "Conflict") => Class::Conflict,
        (_, "Timeout" | "ServerTimeout") => Class::Timeout,
        (401 | 403, _) => {
            // A namespace that goes takes nothing new, and is gone in a moment.
            let going = told.details.causes.iter().any(|cause| cause.reason == "NamespaceTerminating");
            if going { Class::Unavailable } else { Class::Denied }
        }
        (404 | 410, _) => Class::NotFound,
        (408 | 504, _) => Class::Timeout,
        (409 | 412, _) => Class::Conflict,
        (429, _) => Class::Throttled,
        (500, _) => {
            let webhook =
                told.message.contains("failed calling webhook") || told.message.contains("conversion webhook");
            let down = webhook && NOT_YET.iter().any(|said| told.message.contains(said));
            if down || !told.message.contains("webhook") { Class::Unavailable } else { Class::Invalid }
        }
        (400..=499, _) => Class::Invalid,
        (500..=599, _) => Class::Unavailable,
        _ => Class::Internal,
    }
}

/// `AlreadyExists` as `already-exists`.
fn kebab(reason: &str) -> Option<String> {
    if reason.len() > 64 || !reason.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let mut kebab = String::new();
    for c in reason.chars() {
        if c.is_ascii_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(c.to_ascii_lowercase());
    }
    Some(kebab)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    fn of(status: u16, body: Json) -> Problem {
        let mut whole = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status});
        if let (Some(whole), Json::Object(body)) = (whole.as_object_mut(), body) {
            whole.extend(body);
        }
        problem("apply things t", status, None, whole.to_string().as_bytes())
    }

    #[test]
    fn each_reason_has_its_class_and_code() {
        for (status, reason, class, code) in [
            (403, "Forbidden", Class::Denied, "forbidden"),
            (401, "Unauthorized", Class::Denied, "unauthorized"),
            (404, "NotFound", Class::NotFound, "not-found"),
            (409, "AlreadyExists", Class::Conflict, "already-exists"),
            (409, "Conflict", Class::Conflict, "conflict"),
            (410, "Expired", Class::NotFound, "expired"),
            (422, "Invalid", Class::Invalid, "invalid"),
            (429, "TooManyRequests", Class::Throttled, "too-many-requests"),
            (500, "InternalError", Class::Unavailable, "internal-error"),
            (503, "ServiceUnavailable", Class::Unavailable, "service-unavailable"),
            (504, "Timeout", Class::Timeout, "timeout"),
            (500, "ServerTimeout", Class::Timeout, "server-timeout"),
            (400, "", Class::Invalid, "http-400"),
            (302, "", Class::Internal, "http-302"),
        ] {
            let found = of(status, json!({"reason": reason, "message": "why"}));
            assert_eq!((found.class, found.code.as_str()), (class, code), "{status} {reason}");
            assert!(found.message.ends_with("refuses apply things t: why"), "{}", found.message);
        }
    }

    #[test]
    fn who_owns_what_is_told() {
        let cause = |manager: &str, field: &str| json!({"reason": "FieldManagerConflict", "message": format!("conflict with \"{manager}\" using apps/v1"), "field": field});
        let found = of(
            409,
            json!({
                "reason": "Conflict", "message": "Apply failed with 2 conflicts: …",
                "details": {"causes": [cause("kubectl", ".spec.replicas"), cause("hpa", ".spec.paused")]},
            }),
        );
        assert_eq!((found.class, found.code.as_str()), (Class::Conflict, "field-manager-conflict"));
        assert!(
            found.message.contains(".spec.replicas: conflict with \"kubectl\" using apps/v1; .spec.paused"),
            "{}",
            found.message
        );
    }

    #[test]
    fn causes_are_told_once_and_a_webhook_that_is_not_there_yet_is_waited_for() {
        let causes = json!([{"reason": "FieldValueRequired", "message": "Required value", "field": "spec.x"}, {"message": "too long"}]);
        let found = of(
            422,
            json!({"reason": "Invalid", "message": "it is invalid: spec.x: Required value", "details": {"causes": causes}}),
        );
        assert!(found.message.ends_with("Required value: too long"), "{}", found.message);
        for (message, class) in [
            (
                "Internal error occurred: failed calling webhook \"w.cert-manager.io\": failed to call webhook: Post \"https://w\": dial tcp 10.0.0.1:443: connect: connection refused",
                Class::Unavailable,
            ),
            (
                "Internal error occurred: failed calling webhook \"w\": no endpoints available for service \"w\"",
                Class::Unavailable,
            ),
            ("Internal error occurred: admission webhook says something odd", Class::Invalid),
            ("etcdserver: leader changed", Class::Unavailable),
        ] {
            assert_eq!(of(500, json!({"reason": "InternalError", "message": message})).class, class, "{message}");
        }
        let going = json!({"reason": "Forbidden", "message": "unable to create", "details": {"causes": [{"reason": "NamespaceTerminating"}]}});
        assert_eq!(of(403, going).class, Class::Unavailable);
    }

    #[test]
    fn when_to_come_back_is_taken_from_the_header_or_the_status() {
        let body = json!({"details": {"retryAfterSeconds": 3}}).to_string();
        assert_eq!(problem("x", 429, Some("2"), body.as_bytes()).retry_after_ms, Some(2_000));
        assert_eq!(problem("x", 429, None, body.as_bytes()).retry_after_ms, Some(3_000));
        let bare = problem("x", 502, None, b"<html>bad\ngateway</html>");
        assert_eq!((bare.class, bare.retry_after_ms), (Class::Unavailable, None));
        assert!(bare.message.contains("<html>bad gateway"), "{}", bare.message);
    }
}
