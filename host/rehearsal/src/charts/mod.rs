//! The repositories of the charts that platforms begin with, at their own addresses, with small charts written for
//! this cloud under the real ones' names: an index with digests, archives, and GitHub's releases, which most of the
//! indexes name and which lead elsewhere.
//!
//! `repository` says what is where, `chart` what is in it, `archive` packs, and `endpoint` serves all of it at one
//! plain address to clients that know nothing of logical hosts, such as the real `helm`.

mod archive;
mod chart;
mod endpoint;
mod repository;

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};

use crate::clock::Now;
use crate::routes::Effect;
use crate::service::{Answer, Call, Service, Trouble};
use crate::store::Transaction;
pub(crate) use endpoint::Endpoint;
use repository::{Content, Place, Shelf};

/// The name of the service in counts and for faults.
pub(crate) const NAME: &str = "charts";
/// What an injected throttle asks a client to wait, in seconds.
const THROTTLE_SECONDS: u64 = 30;

/// All repositories; packed when somebody first asks.
#[derive(Debug, Default)]
pub(crate) struct Charts {
    shelf: OnceLock<Shelf>,
}

/// What a request asks for, once the endpoint has taken its own part of the address off.
struct Asked<'c> {
    host: &'c str,
    path: &'c str,
    /// What stands before a logical host in the URLs of the answer.
    base: &'c str,
}

/// What stands before a host in a URL, where nobody serves it in its place.
const HTTPS: &str = "https://";

impl Charts {
    /// The service, and the endpoint for clients of its own.
    pub(crate) fn services() -> (Arc<dyn Service>, Arc<dyn Service>) {
        let charts = Arc::new(Self::default());
        (Arc::clone(&charts) as Arc<dyn Service>, Arc::new(Endpoint::new(charts)))
    }

    fn shelf(&self) -> &Shelf {
        self.shelf.get_or_init(Shelf::pack)
    }

    fn asked(call: &Call) -> Asked<'_> {
        let host = call.host.rsplit_once(':').map_or(call.host.as_str(), |(host, _)| host);
        Asked { host, path: &call.path, base: HTTPS }
    }

    /// The effect of a request and the route it is counted under.
    fn route(method: &Method, asked: &Asked<'_>) -> (Effect, String) {
        let route = match repository::place(asked.host, asked.path) {
            Some(Place::Index(_)) => "/index.yaml",
            Some(Place::Folder(_)) => "/{repository}",
            Some(Place::Archive(_)) => "/{archive}",
            Some(Place::Release(_)) => "/releases/download/{tag}/{archive}",
            Some(Place::Asset(_)) => "/github-production-release-asset/{asset}",
            None => "(no such route)",
        };
        let name = if [Method::GET, Method::HEAD].contains(method) { method.as_str() } else { "OTHER" };
        // Nothing here can be changed, whatever the method.
        (Effect::Read, format!("{name} {route}"))
    }

    fn respond(&self, call: &Call, asked: &Asked<'_>) -> Answer {
        let Some(place) = repository::place(asked.host, asked.path) else {
            return text(StatusCode::NOT_FOUND, "404 Not Found");
        };
        if !matches!(call.method, Method::GET | Method::HEAD) {
            return text(StatusCode::METHOD_NOT_ALLOWED, "405 Not Allowed");
        }
        let content = match place {
            Place::Folder(repository) => {
                return redirect(StatusCode::MOVED_PERMANENTLY, &repository.index_url(asked.base));
            }
            Place::Release(repository) => return redirect(StatusCode::FOUND, &repository.asset_url(asked.base)),
            Place::Index(repository) => self.shelf().index(repository, asked.base),
            Place::Archive(repository) | Place::Asset(repository) => self.shelf().archive(repository),
        };
        match content {
            Some(content) => deliver(call, content),
            None => text(StatusCode::NOT_FOUND, "404 Not Found"),
        }
    }
}

/// A file, unless the client has it already.
fn deliver(call: &Call, content: Content) -> Answer {
    let tag = format!("\"{}\"", content.digest);
    let known = call.header("if-none-match").unwrap_or_default();
    let fresh = known.split(',').map(|one| one.trim().trim_start_matches("W/")).any(|one| one == tag || one == "*");
    let mut answer = match fresh {
        true => Answer::empty(StatusCode::NOT_MODIFIED),
        false => Answer::of(StatusCode::OK, content.media_type, content.bytes),
    };
    set(&mut answer, header::ETAG, &tag);
    set(&mut answer, header::CACHE_CONTROL, "max-age=600");
    answer
}

fn redirect(status: StatusCode, to: &str) -> Answer {
    let mut answer = Answer::empty(status);
    set(&mut answer, header::LOCATION, to);
    answer
}

fn text(status: StatusCode, text: &'static str) -> Answer {
    Answer::of(status, "text/plain; charset=utf-8", Bytes::from_static(text.as_bytes()))
}

/// Sets a header; what cannot stand in one is left out.
fn set(answer: &mut Answer, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers.insert(name, value);
    }
}

/// What the server refuses, for whoever stands before the files.
fn refusal(trouble: Trouble) -> Answer {
    match trouble {
        Trouble::Server => text(StatusCode::INTERNAL_SERVER_ERROR, "500 Internal Server Error"),
        Trouble::Throttled => {
            text(StatusCode::TOO_MANY_REQUESTS, "429 Too Many Requests").with_number("retry-after", THROTTLE_SECONDS)
        }
        Trouble::TooLarge => text(StatusCode::PAYLOAD_TOO_LARGE, "413 Payload Too Large"),
        Trouble::TooSlow => text(StatusCode::REQUEST_TIMEOUT, "408 Request Timeout"),
        Trouble::Broken => text(StatusCode::BAD_REQUEST, "400 Bad Request"),
    }
}

impl Service for Charts {
    fn name(&self) -> &str {
        NAME
    }

    fn hosts(&self) -> Vec<&str> {
        repository::hosts()
    }

    fn classify(&self, call: &Call) -> (Effect, String) {
        Self::route(&call.method, &Self::asked(call))
    }

    fn answer(&self, call: &Call, _: Now, _: &mut Transaction<'_>) -> Answer {
        self.respond(call, &Self::asked(call))
    }

    fn refuse(&self, trouble: Trouble, _: Now) -> Answer {
        refusal(trouble)
    }
}

#[cfg(test)]
mod tests;
