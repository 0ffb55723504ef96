//! What a cloud service is to the server: hosts, a classification for the counts, and answers.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use crate::clock::Now;
use crate::routes::Effect;
use crate::store::Transaction;

/// The largest body that most services take.
const MAX_BODY_BYTES: usize = 1 << 20;

/// A request, whole.
#[derive(Debug)]
pub(crate) struct Call {
    /// The method.
    pub(crate) method: Method,
    /// The host that was addressed, with its port where one was named.
    pub(crate) host: String,
    /// The path as it was sent.
    pub(crate) path: String,
    /// The query as it was sent.
    pub(crate) raw_query: String,
    /// The decoded query.
    pub(crate) query: Vec<(String, String)>,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) body: Bytes,
}

impl Call {
    /// The first value of a query parameter.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The first value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The fields of a form in the body, or of the query where there is no body.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        match self.body.is_empty() {
            true => self.query.clone(),
            false => url::form_urlencoded::parse(&self.body).into_owned().collect(),
        }
    }

    /// The bearer token, if one was sent.
    pub(crate) fn bearer(&self) -> Option<&str> {
        let value = self.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }
}

/// A response, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status; below 400 the request's changes are committed.
    pub(crate) status: StatusCode,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) body: Bytes,
}

impl Answer {
    /// No body.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// A body of a given type.
    pub(crate) fn of(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self::empty(status).with_body(content_type, body)
    }

    /// JSON.
    pub(crate) fn json(status: StatusCode, body: &serde_json::Value) -> Self {
        Self::of(status, "application/json; charset=utf-8", body.to_string())
    }

    fn with_body(mut self, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        self.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        self.body = body.into();
        self
    }

    /// Adds a header whose value is a number.
    pub(crate) fn with_number(mut self, name: &'static str, value: u64) -> Self {
        self.headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
        self
    }
}

/// What the server itself refuses, for the service to say in its own wire format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The server failed: an injected fault, or a log that cannot be written.
    Server,
    /// Too many requests: an injected fault.
    Throttled,
    /// The body is larger than any real one.
    TooLarge,
    /// The body did not arrive in time.
    TooSlow,
    /// The body broke off.
    Broken,
}

/// One cloud service.
pub(crate) trait Service: Send + Sync + fmt::Debug {
    /// Its name in counts and inventories.
    fn name(&self) -> &str;

    /// The logical hosts it answers for.
    fn hosts(&self) -> Vec<&str>;

    /// The largest body it takes.
    fn max_body(&self) -> usize {
        MAX_BODY_BYTES
    }

    /// Whether only the body tells what a request asks for.
    fn is_told_by_body(&self) -> bool {
        false
    }

    /// The service that answers in its place, by a request's head, where one address serves several.
    fn delegate(&self, _: &Call) -> Option<Arc<dyn Service>> {
        None
    }

    /// The effect of a request and the route it is counted under.
    fn classify(&self, call: &Call) -> (Effect, String);

    /// Answers one request; what it changed is committed if the status is below 400.
    fn answer(&self, call: &Call, now: Now, transaction: &mut Transaction<'_>) -> Answer;

    /// Says what the server refuses.
    fn refuse(&self, trouble: Trouble, now: Now) -> Answer;
}
