//! Refusals: `metav1.Status` with its code, reason and causes.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::invalid::Invalid;

/// What an object or a request is about, as a refusal names it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    /// The API group, empty for the core.
    pub(crate) group: &'a str,
    /// The plural resource (`configmaps`), or the kind for what is invalid (`ConfigMap`).
    pub(crate) resource: &'a str,
    /// The object's name, empty where there is none.
    pub(crate) name: &'a str,
}

impl Subject<'_> {
    /// `deployments.apps`, or `configmaps` in the core.
    fn qualified(&self) -> String {
        match self.group {
            "" => self.resource.to_owned(),
            group => format!("{}.{group}", self.resource),
        }
    }

    fn details(&self) -> Map<String, Value> {
        let mut details = Map::new();
        let fields = [("name", self.name), ("group", self.group), ("kind", self.resource)];
        for (key, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
            details.insert(key.to_owned(), Value::from(value));
        }
        details
    }
}

/// A refusal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    /// The HTTP status.
    pub(crate) code: StatusCode,
    /// `NotFound`, `Conflict`, …; empty where the server says none.
    pub(crate) reason: &'static str,
    /// In words.
    pub(crate) message: String,
    /// `details`, where there are any.
    pub(crate) details: Option<Map<String, Value>>,
    /// Whether `metadata` and the like are left out and the message is the whole body, as text.
    pub(crate) plain: bool,
    /// After how many seconds to ask again.
    pub(crate) retry_after: Option<u32>,
}

impl Refusal {
    /// A refusal without details.
    pub(crate) fn new(code: StatusCode, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: None, plain: false, retry_after: None }
    }

    fn about(mut self, subject: Subject<'_>) -> Self {
        self.details = Some(subject.details());
        self
    }

    /// 404: `configmaps "a" not found`
    pub(crate) fn not_found(subject: Subject<'_>) -> Self {
        let message = format!("{} {:?} not found", subject.qualified(), subject.name);
        Self::new(StatusCode::NOT_FOUND, "NotFound", message).about(subject)
    }

    /// 409: `configmaps "a" already exists`
    pub(crate) fn already_exists(subject: Subject<'_>) -> Self {
        let message = format!("{} {:?} already exists", subject.qualified(), subject.name);
        Self::new(StatusCode::CONFLICT, "AlreadyExists", message).about(subject)
    }

    /// 409: `Operation cannot be fulfilled on configmaps "a": why`
    pub(crate) fn conflict(subject: Subject<'_>, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} {:?}: {why}", subject.qualified(), subject.name);
        Self::new(StatusCode::CONFLICT, "Conflict", message).about(subject)
    }

    /// 422 with causes; the subject's `resource` is the kind.
    pub(crate) fn invalid(subject: Subject<'_>, errors: &[Invalid]) -> Self {
        let mut said: Vec<String> = Vec::new();
        for error in errors.iter().map(ToString::to_string) {
            if !said.contains(&error) {
                said.push(error);
            }
        }
        let list = match said.as_slice() {
            [one] => one.clone(),
            all => format!("[{}]", all.join(", ")),
        };
        let message = format!("{} {:?} is invalid: {list}", subject.qualified(), subject.name);
        let mut refusal = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message).about(subject);
        let causes = errors.iter().map(Invalid::cause).collect();
        refusal.details.get_or_insert_default().insert("causes".to_owned(), Value::Array(causes));
        refusal
    }

    /// 403, in the words that follow `forbidden: `.
    pub(crate) fn forbidden(subject: Subject<'_>, why: &str) -> Self {
        let message = match (subject.resource, subject.name) {
            ("", _) => format!("forbidden: {why}"),
            (_, "") => format!("{} is forbidden: {why}", subject.qualified()),
            (_, name) => format!("{} {name:?} is forbidden: {why}", subject.qualified()),
        };
        Self::new(StatusCode::FORBIDDEN, "Forbidden", message).about(subject)
    }

    /// 400.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    /// 500.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        let message = message.into();
        let mut refusal = Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalError",
            format!("Internal error occurred: {message}"),
        );
        refusal.details = Some(Map::from_iter([("causes".to_owned(), json!([{"message": message}]))]));
        refusal
    }

    /// 405.
    pub(crate) fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
    }

    /// The body: `kind: Status`.
    pub(crate) fn body(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "code": self.code.as_u16(),
        });
        if let Some(fields) = status.as_object_mut() {
            if !self.reason.is_empty() {
                fields.insert("reason".to_owned(), Value::from(self.reason));
            }
            if let Some(details) = &self.details {
                let mut details = details.clone();
                if let Some(seconds) = self.retry_after {
                    details.insert("retryAfterSeconds".to_owned(), Value::from(seconds));
                }
                fields.insert("details".to_owned(), Value::Object(details));
            }
        }
        status
    }
}
