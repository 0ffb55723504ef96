//! Refusals, and how each protocol spells them.

use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::json;

use super::protocol::Protocol;
use super::xml::{Element, Malformed};
use crate::service::Answer;

/// A request that is not done, and why.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// The error's code as the service names it.
    pub(super) code: String,
    pub(super) message: String,
    /// Further elements of S3's errors.
    pub(super) details: Vec<(&'static str, String)>,
}

impl Refusal {
    /// Any refusal.
    pub(super) fn new(status: StatusCode, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into(), details: Vec::new() }
    }

    /// 400.
    pub(super) fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// 403.
    pub(super) fn forbidden(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    /// 404.
    pub(super) fn missing(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    /// 409.
    pub(super) fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// 500, in the words of whichever protocol carries it.
    pub(super) fn internal() -> Self {
        let message = "We encountered an internal error. Please try again.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", message)
    }

    /// 501: a real operation or part of one that the local cloud does not play.
    pub(super) fn not_played(what: &str) -> Self {
        let message = format!("The local cloud does not play this: {what}.");
        Self::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message)
    }

    /// With one more element.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.details.push((name, value.into()));
        self
    }

    /// The answer that carries it.
    pub(super) fn into_answer(self, protocol: Protocol, resource: &str, request_id: &str) -> Answer {
        match protocol {
            Protocol::Xml { namespace } => {
                let kind = if self.status.is_server_error() { "Receiver" } else { "Sender" };
                let error = Element::new("Error")
                    .with_text("Type", kind)
                    .with_text("Code", self.code)
                    .with_text("Message", self.message);
                let root = Element::new("ErrorResponse").within(namespace).with(error);
                Answer::of(self.status, "text/xml", root.with_text("RequestId", request_id).document())
            }
            Protocol::Json => {
                let body = json!({ "__type": self.code, "message": self.message });
                let answer = Answer::of(self.status, "application/x-amz-json-1.1", body.to_string());
                with_header(answer, "x-amzn-errortype", &self.code)
            }
            Protocol::S3 => {
                let code = if self.code == "InternalFailure" { "InternalError" } else { &self.code };
                let mut root = Element::new("Error").with_text("Code", code).with_text("Message", self.message);
                for (name, value) in self.details {
                    root = root.with_text(name, value);
                }
                let root = root.with_text("Resource", resource).with_text("RequestId", request_id);
                let root = root.with_text("HostId", format!("host-{request_id}"));
                Answer::of(self.status, "application/xml", root.document())
            }
        }
    }
}

/// Adds a header, where its value is one.
pub(super) fn with_header(mut answer: Answer, name: &'static str, value: &str) -> Answer {
    if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
        answer.headers.insert(HeaderName::from_static(name), value);
    }
    answer
}

impl From<getrandom::Error> for Refusal {
    fn from(_: getrandom::Error) -> Self {
        Self::internal()
    }
}

/// What the store holds did not fit its type.
impl From<serde_json::Error> for Refusal {
    fn from(_: serde_json::Error) -> Self {
        Self::internal()
    }
}

impl From<Malformed> for Refusal {
    fn from(Malformed(why): Malformed) -> Self {
        Self::bad("MalformedXML", format!("The XML you provided was not well-formed or did not validate: {why}"))
    }
}
