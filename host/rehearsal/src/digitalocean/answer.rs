//! Refusals in DigitalOcean's form: `{"id", "message", "request_id"}`.

use http::StatusCode;
use serde_json::json;

use crate::entropy;
use crate::service::Answer;

/// A request that is not done, and why.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    id: &'static str,
    message: String,
    retry_after: Option<u64>,
}

impl Refusal {
    /// Any refusal.
    pub(super) fn new(status: StatusCode, id: &'static str, message: impl Into<String>) -> Self {
        Self { status, id, message: message.into(), retry_after: None }
    }

    /// 401.
    pub(super) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Unable to authenticate you")
    }

    /// 404.
    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "The resource you requested could not be found.")
    }

    /// 405.
    pub(super) fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "The method is not allowed for this resource.")
    }

    /// 400, for what is not the JSON it should be.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// 422, for values that cannot be.
    pub(super) fn invalid(message: impl AsRef<str>) -> Self {
        Self::unprocessable(format!("validation error: {}", message.as_ref()))
    }

    /// 422, for what the account or its resources do not allow.
    pub(super) fn unprocessable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "unprocessable_entity", message)
    }

    /// 412, for a resource that is not in the state this needs.
    pub(super) fn precondition(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "precondition_failed", message)
    }

    /// 429, with the seconds to wait.
    pub(super) fn too_many_requests(seconds: u64) -> Self {
        let refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "API rate limit exceeded.");
        Self { retry_after: Some(seconds), ..refusal }
    }

    /// 500.
    pub(super) fn server_error() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "Unexpected server-side error")
    }

    /// The answer that carries it.
    pub(super) fn into_answer(self) -> Answer {
        // Without randomness the answer is still one that the API's document allows.
        let body = match entropy::uuid() {
            Ok(request_id) => json!({ "id": self.id, "message": self.message, "request_id": request_id }),
            Err(_) => json!({ "id": self.id, "message": self.message }),
        };
        let answer = Answer::json(self.status, &body);
        match self.retry_after {
            Some(seconds) => answer.with_number("retry-after", seconds),
            None => answer,
        }
    }
}

impl From<getrandom::Error> for Refusal {
    fn from(_: getrandom::Error) -> Self {
        Self::server_error()
    }
}

impl From<serde_json::Error> for Refusal {
    fn from(_: serde_json::Error) -> Self {
        Self::server_error()
    }
}

impl From<crate::error::Error> for Refusal {
    fn from(_: crate::error::Error) -> Self {
        Self::server_error()
    }
}
