//! A declared service as the server sees it: who may call, which route a request is on, refusals.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use super::collection::Request;
use super::model::{Collection, Credential, Recorded, ServiceModel};
use super::path;
use crate::clock::Now;
use crate::routes::Effect;
use crate::service::{Answer, Call, Service, Trouble};
use crate::store::Transaction;

/// What an injected throttle asks a client to wait, in seconds.
const THROTTLE_SECONDS: u64 = 30;

/// One service on one host, with the one credential that it takes.
#[derive(Debug)]
pub(crate) struct Declared {
    model: ServiceModel,
    secret: String,
}

/// A request that is not done, and why.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    code: &'static str,
    message: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is no such thing")
    }
}

impl From<serde_json::Error> for Refusal {
    fn from(_: serde_json::Error) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "what is stored cannot be read")
    }
}

impl From<getrandom::Error> for Refusal {
    fn from(_: getrandom::Error) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "there is no randomness")
    }
}

/// What a path leads to.
enum Place<'m> {
    Recorded(&'m Recorded),
    /// The collection itself.
    Many(&'m Collection),
    /// One of its objects.
    One(&'m Collection),
    Nothing,
}

impl Declared {
    /// A service, and the secret that its callers must have.
    pub(crate) fn new(model: ServiceModel, secret: String) -> Self {
        Self { model, secret }
    }

    /// Where a path leads; `matches` says whether a recorded answer's query fits.
    fn place(&self, method: &Method, path: &[String], matches: impl Fn(&Recorded) -> bool) -> Place<'_> {
        let recorded = self.model.recorded.iter();
        let mut recorded = recorded.filter(|one| one.method == *method && one.path.fits(path) && matches(one));
        if let Some(recorded) = recorded.next() {
            return Place::Recorded(recorded);
        }
        let collections = &self.model.collections;
        // A collection's own path before an object of another one that would have the same path.
        if let Some(collection) = collections.iter().find(|collection| collection.path.fits(path)) {
            return Place::Many(collection);
        }
        let above = path.split_last().map_or(path, |(_, above)| above);
        let one = collections.iter().find(|c| c.path.len() == above.len() && c.path.fits(above));
        one.map_or(Place::Nothing, Place::One)
    }

    fn is_allowed(&self, call: &Call) -> bool {
        let has = |name: &str, value: &str| {
            call.headers.get(name).and_then(|given| given.to_str().ok()).is_some_and(|given| given == value)
        };
        match &self.model.credential {
            None => true,
            Some(Credential::Bearer) => call.bearer() == Some(self.secret.as_str()),
            Some(Credential::Basic) => {
                has(header::AUTHORIZATION.as_str(), &format!("Basic {}", STANDARD.encode(&self.secret)))
            }
            Some(Credential::Header(name)) => has(name, &self.secret),
        }
    }

    fn handle(&self, call: &Call, now: Now, transaction: &mut Transaction<'_>) -> Result<Answer, Refusal> {
        if !self.is_allowed(call) {
            let message = "the credential is missing or is not this service's";
            return Err(Refusal::new(StatusCode::UNAUTHORIZED, "unauthorized", message));
        }
        let path = path::segments(&call.path).ok_or_else(Refusal::not_found)?;
        let asked =
            |recorded: &Recorded| recorded.query.iter().all(|(name, value)| call.query(name) == Some(value.as_str()));
        let (collection, is_one) = match self.place(&call.method, &path, asked) {
            Place::Recorded(recorded) => return Ok(answer(recorded)),
            Place::Many(collection) => (collection, false),
            Place::One(collection) => (collection, true),
            Place::Nothing => return Err(Refusal::not_found()),
        };
        let mut request = Request { service: &self.model, collection, call, path, now, transaction };
        request.parents_exist()?;
        match (is_one, &call.method) {
            (false, &Method::GET) => request.list(),
            (false, &Method::POST) => request.post(),
            (true, &Method::GET) => request.get(),
            (true, &Method::PUT) => request.put(),
            (true, &Method::PATCH) => request.patch(),
            (true, &Method::DELETE) => request.delete(),
            _ => {
                Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this path has no such method"))
            }
        }
    }

    fn refused(&self, refusal: &Refusal) -> Answer {
        let mut body = json!({});
        self.model.error_code.set(&mut body, refusal.code.into());
        self.model.error_message.set(&mut body, refusal.message.as_str().into());
        Answer::json(refusal.status, &body)
    }
}

/// A recorded answer; without a body it has none.
fn answer(recorded: &Recorded) -> Answer {
    let mut answer = match &recorded.body {
        Some(body) => Answer::json(recorded.status, body),
        None => Answer::empty(recorded.status),
    };
    answer.headers.extend(recorded.headers.iter().cloned());
    answer
}

impl Service for Declared {
    fn name(&self) -> &str {
        &self.model.host
    }

    fn hosts(&self) -> Vec<&str> {
        vec![&self.model.host]
    }

    fn classify(&self, call: &Call) -> (Effect, String) {
        let method = &call.method;
        let known = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::HEAD];
        let name = if known.contains(method) { method.as_str() } else { "OTHER" };
        let segments = path::segments(&call.path).unwrap_or_default();
        let route = match self.place(method, &segments, |_| true) {
            Place::Recorded(recorded) => recorded.path.to_string(),
            Place::Many(collection) => collection.path.to_string(),
            Place::One(collection) => format!("{}/{{id}}", collection.path),
            Place::Nothing => "(no such route)".to_owned(),
        };
        (Effect::of(method), format!("{name} {route}"))
    }

    fn answer(&self, call: &Call, now: Now, transaction: &mut Transaction<'_>) -> Answer {
        self.handle(call, now, transaction).unwrap_or_else(|refusal| self.refused(&refusal))
    }

    fn refuse(&self, trouble: Trouble, _: Now) -> Answer {
        let (status, code, message) = match trouble {
            Trouble::Server => (StatusCode::INTERNAL_SERVER_ERROR, "server_error", "the service failed"),
            Trouble::Throttled => (StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "too many requests"),
            Trouble::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the body is too large"),
            Trouble::TooSlow => (StatusCode::REQUEST_TIMEOUT, "timeout", "the body did not arrive in time"),
            Trouble::Broken => (StatusCode::BAD_REQUEST, "bad_request", "the body could not be read"),
        };
        let answer = self.refused(&Refusal::new(status, code, message));
        if trouble == Trouble::Throttled { answer.with_number("retry-after", THROTTLE_SECONDS) } else { answer }
    }
}

/// One object in its envelope.
pub(super) fn wrapped(name: Option<&String>, body: Value) -> Value {
    match name {
        Some(name) => json!({ name: body }),
        None => body,
    }
}
