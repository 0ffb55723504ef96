//! HTTP through the host, which holds the credentials and decides what may be called.
//!
//! Reads and writes are two halves: a [`Request`] goes out by [`Request::read`], or by
//! [`Request::write`] in the name of the step that it serves. Every list goes to the host as one call,
//! and the host runs it side by side.

#[cfg(target_arch = "wasm32")]
use crate::bindings::maps::platform::{http_read, http_write};
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::{http_read, http_write};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::url::{push_encoded, push_segment};
use crate::batch::only;
use crate::bindings::maps::platform::http_types as wire;
use crate::bindings::maps::platform::http_write::Write;
use crate::kind::Step;
use crate::problem::{Class, Problem};

/// A service: where it is, and which credential of the manifest the host adds.
#[derive(Clone, Copy, Debug)]
pub struct Api {
    base: &'static str,
    credential: Option<&'static str>,
}

impl Api {
    /// A service below `base`, such as `https://api.example.com/v2`.
    pub const fn new(base: &'static str) -> Self {
        Self { base, credential: None }
    }

    /// The manifest's credential that the host adds to every request.
    #[must_use]
    pub const fn credential(mut self, name: &'static str) -> Self {
        self.credential = Some(name);
        self
    }

    /// A request to `base/segment/segment…`. Each segment is percent-encoded, so no value can climb
    /// out of its place.
    pub fn request(&self, method: &str, segments: &[&str]) -> Request {
        let mut url = self.base.trim_end_matches('/').to_owned();
        for segment in segments {
            url.push('/');
            push_segment(&mut url, segment);
        }
        let credential = self.credential.map(str::to_owned);
        let method = method.to_owned();
        Request { wire: wire::Request { method, url, headers: Vec::new(), body: wire::Body::None, credential } }
    }

    /// `GET`.
    pub fn get(&self, segments: &[&str]) -> Request {
        self.request("GET", segments)
    }

    /// `POST`.
    pub fn post(&self, segments: &[&str]) -> Request {
        self.request("POST", segments)
    }

    /// `PUT`.
    pub fn put(&self, segments: &[&str]) -> Request {
        self.request("PUT", segments)
    }

    /// `PATCH`.
    pub fn patch(&self, segments: &[&str]) -> Request {
        self.request("PATCH", segments)
    }

    /// `DELETE`.
    pub fn delete(&self, segments: &[&str]) -> Request {
        self.request("DELETE", segments)
    }
}

/// A request that has not been sent.
#[derive(Clone, Debug)]
pub struct Request {
    wire: wire::Request,
}

impl Request {
    /// `GET` of a whole URL, for what is known only when it runs. The host holds it against the rules.
    pub fn get(url: &str) -> Self {
        let (method, url) = ("GET".to_owned(), url.to_owned());
        Self { wire: wire::Request { method, url, headers: Vec::new(), body: wire::Body::None, credential: None } }
    }

    /// The manifest's credential that the host adds.
    #[must_use]
    pub fn credential(mut self, name: &str) -> Self {
        self.wire.credential = Some(name.to_owned());
        self
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        let separator = if self.wire.url.contains('?') { '&' } else { '?' };
        self.wire.url.push(separator);
        push_encoded(&mut self.wire.url, name);
        self.wire.url.push('=');
        push_encoded(&mut self.wire.url, value);
        self
    }

    /// Adds a header. The host refuses those that are its own: `host`, `authorization`, lengths.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.wire.headers.push(wire::Header { name: name.to_owned(), value: value.to_owned() });
        self
    }

    /// Sets a JSON body. A [`Secret`](crate::Secret) in it is opened by the host, where the rule
    /// names its place as a sink.
    ///
    /// # Errors
    /// When the value has no JSON form: a map whose keys are no texts, a float that is no number.
    pub fn json(mut self, body: &impl Serialize) -> Result<Self, Problem> {
        let text = serde_json::to_string(body)
            .map_err(|error| Problem::internal("not-json", format!("a request's body has no JSON form: {error}")))?;
        self.wire.body = wire::Body::Json(text);
        Ok(self)
    }

    /// Sets a body of bytes; set `content-type` too.
    #[must_use]
    pub fn bytes(mut self, body: Vec<u8>) -> Self {
        self.wire.body = wire::Body::Bytes(body);
        self
    }

    /// Sends it as a read.
    ///
    /// # Errors
    /// When no answer came. An answer of any status is `Ok`; see [`Response::accepted`].
    pub fn read(self) -> Result<Response, Problem> {
        only(read_all(vec![self]))
    }

    /// Sends it as a write in the name of the step it serves.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn write(self, step: Step) -> Result<Response, Problem> {
        only(write_all(vec![(vec![step], self)]))
    }
}

/// Sends reads side by side; the answers come in the requests' order.
pub fn read_all(requests: Vec<Request>) -> Vec<Result<Response, Problem>> {
    let requests: Vec<wire::Request> = requests.into_iter().map(|request| request.wire).collect();
    if requests.is_empty() {
        return Vec::new();
    }
    received(http_read::send(&requests))
}

/// Sends writes side by side, each in the name of the steps it serves.
pub fn write_all(writes: Vec<(Vec<Step>, Request)>) -> Vec<Result<Response, Problem>> {
    let writes: Vec<Write> = writes
        .into_iter()
        .map(|(steps, request)| Write {
            items: steps.into_iter().map(|Step(item)| item).collect(),
            request: request.wire,
        })
        .collect();
    if writes.is_empty() {
        return Vec::new();
    }
    received(http_write::send(&writes))
}

fn received(
    answers: Vec<Result<wire::Response, crate::bindings::maps::platform::types::Problem>>,
) -> Vec<Result<Response, Problem>> {
    answers.into_iter().map(|answer| answer.map(Response::from).map_err(Problem::from)).collect()
}

/// An answer, of whatever status.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Header names in lower case, with their values.
    pub headers: Vec<(String, String)>,
    /// The body, uncompressed; what the manifest seals is a handle.
    pub body: Vec<u8>,
}

impl From<wire::Response> for Response {
    fn from(wire: wire::Response) -> Self {
        let headers = wire.headers.into_iter().map(|header| (header.name, header.value)).collect();
        Self { status: wire.status, headers, body: wire.body }
    }
}

/// The shape that most services give their errors, in one of these members.
#[derive(serde::Deserialize)]
struct Told {
    message: Option<String>,
    /// By which the service's support finds the request.
    request_id: Option<String>,
}

impl Response {
    /// A header's value; the name is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When it is not of that shape: the service is to blame.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.body).map_err(|error| {
            // The position is told, the content is not: it may be long, or not for logs.
            let message = format!("the service's answer has another shape than expected: {}", position(&error));
            Problem::internal("unexpected-answer", message)
        })
    }

    /// The answer itself if its status is 2xx, else the problem that it is.
    ///
    /// # Errors
    /// The problem: its class from the status, its message from the service.
    pub fn accepted(self) -> Result<Self, Problem> {
        if (200..300).contains(&self.status) { Ok(self) } else { Err(self.problem()) }
    }

    /// As [`accepted`](Self::accepted), with `None` for 404 and 410: for reads and deletes, where
    /// absence is an answer.
    ///
    /// # Errors
    /// The problem, for every other status.
    pub fn accepted_or_absent(self) -> Result<Option<Self>, Problem> {
        if matches!(self.status, 404 | 410) { Ok(None) } else { self.accepted().map(Some) }
    }

    /// The problem that a status outside 2xx is.
    pub fn problem(&self) -> Problem {
        let class = class(self.status);
        let told = serde_json::from_slice::<Told>(&self.body).ok();
        let (message, request) = told.map(|told| (told.message, told.request_id)).unwrap_or_default();
        let message = message.map_or_else(String::new, |message| format!(": {message}"));
        let request = request.map_or_else(String::new, |id| format!(" (request {id})"));
        let message = format!("the service answered {}{message}{request}", self.status);
        let problem = Problem::new(class, format!("http-{}", self.status), message);
        match self.retry_after_ms() {
            Some(ms) => problem.retry_after_ms(ms),
            None => problem,
        }
    }

    /// What `retry-after` says, if it says it in seconds.
    fn retry_after_ms(&self) -> Option<u64> {
        self.header("retry-after")?.trim().parse::<u64>().ok().map(|seconds| seconds.saturating_mul(1000))
    }
}

/// Which class a status is. A server's failure counts as passing: its services say 500 for it too.
fn class(status: u16) -> Class {
    match status {
        401 | 403 => Class::Denied,
        404 | 410 => Class::NotFound,
        408 | 504 => Class::Timeout,
        409 | 412 | 423 => Class::Conflict,
        429 => Class::Throttled,
        400..=499 => Class::Invalid,
        500..=599 => Class::Unavailable,
        // A redirect is never followed, and nothing else is expected.
        _ => Class::Internal,
    }
}

fn position(error: &serde_json::Error) -> String {
    format!("line {} column {}", error.line(), error.column())
}

/// Pages that one list may have; a service that goes on is broken or hostile.
const MAX_PAGES: u32 = 1_000;

/// Every item of a paged list. `page` makes the request for a page, counted from 1; `read` takes its
/// items out of an answer, with the number of pages there are. The first page is asked for alone,
/// the others side by side.
///
/// # Errors
/// The first problem of any page, or a list of more than 1,000 pages.
pub fn all_pages<T>(
    page: impl Fn(u32) -> Request,
    read: impl Fn(&Response) -> Result<(Vec<T>, u32), Problem>,
) -> Result<Vec<T>, Problem> {
    let (mut items, pages) = read(&page(1).read()?.accepted()?)?;
    if pages > MAX_PAGES {
        return Err(Problem::internal("endless-list", format!("the service tells of {pages} pages")));
    }
    for answer in read_all((2..=pages).map(page).collect()) {
        items.extend(read(&answer?.accepted()?)?.0);
    }
    Ok(items)
}
