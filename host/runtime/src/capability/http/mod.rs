//! `http`: the one place where a plugin's requests become connections.
//!
//! The order is the defence. For each request: parse strictly → [`decide`] → secrets opened at
//! the rule's sinks only → rate limit → for a write, the journal's entry *and* the audit line
//! durable → credential added → sent by a client that checks addresses itself → answer capped,
//! sealed, scrubbed → audit line of the outcome.
//!
//! [`decide`]: maps_engine::capability::decide

mod answer;
mod credential;
mod echo;
mod limits;
pub(crate) mod rate;
mod request;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, stream};
use maps_engine::capability::{CredentialKind, Effective, Family, Interface, Seal};
use maps_engine::{Class, Clock, Problem};
use reqwest::Method;
use reqwest::header::HeaderMap;

pub use credential::{BoundCredential, Secret};
pub use limits::HttpLimits;
pub use maps_engine::capability::Half;

pub(super) use answer::{read_body, reseal, seal_places, sealed};
pub(super) use credential::Added;
pub(super) use echo::Echo;
pub(super) use request::check_sinks;

use super::kube::Clusters;
use super::outgoing::{Line, Outgoing, Pace, Refused};
use crate::aws::check_action;
use crate::egress::{EgressError, Transport};
use crate::printable::{printable, shown};
use crate::scope::CallScope;
use request::{Allowed, prepare};

/// One request and what it serves.
#[derive(Clone, Debug)]
pub struct HttpItem {
    /// Of a write: indices of the batch's requests. Empty for a read.
    pub items: Vec<u32>,
    /// The request.
    pub request: HttpRequest,
}

/// As the guest gave it.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    /// In upper case.
    pub method: String,
    /// Absolute.
    pub url: String,
    /// What the guest may set.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: HttpBody,
    /// The manifest's credential to add.
    pub credential: Option<String>,
}

/// A request's body.
#[derive(Clone, Debug)]
pub enum HttpBody {
    /// None.
    None,
    /// JSON text, in which sealed values may stand.
    Json(String),
    /// Sent as they are.
    Bytes(Vec<u8>),
}

/// An answer as the guest may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Unpacked.
    pub body: Vec<u8>,
}

/// The way out of one plugin in one stack, for `http` and for the services that are spoken to over it:
/// effective rules, credentials, and a client of its own.
pub struct HttpCapability {
    pub(super) effective: Arc<Effective>,
    pub(super) credentials: BTreeMap<String, BoundCredential>,
    pub(super) transport: Arc<Transport>,
    pub(super) client: reqwest::Client,
    /// Clients for hosts that the operator named as endpoints, which may be on this machine.
    pub(super) endpoints: Mutex<BTreeMap<String, reqwest::Client>>,
    /// The Kubernetes clusters that its plugin has named.
    pub(super) clusters: Clusters,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) limits: HttpLimits,
}

impl HttpCapability {
    /// Makes the client; nothing is connected yet. `clock` stamps the journal's entries.
    ///
    /// # Errors
    /// When the client cannot be made: no usable root certificates, for example.
    pub fn new(
        effective: Arc<Effective>,
        credentials: BTreeMap<String, BoundCredential>,
        transport: Arc<Transport>,
        clock: Arc<dyn Clock>,
        limits: HttpLimits,
    ) -> Result<Self, EgressError> {
        let client = transport.client()?;
        let (endpoints, clusters) = (Mutex::default(), Clusters::default());
        Ok(Self { effective, credentials, transport, client, endpoints, clusters, clock, limits })
    }

    /// Sends the requests side by side; answers come in the order of the requests.
    pub async fn send(
        &self,
        scope: &CallScope,
        half: Half,
        items: Vec<HttpItem>,
    ) -> Vec<Result<HttpResponse, Problem>> {
        // Boxed, since the compiler cannot see that a borrowing closure's futures can be sent.
        let kept = AtomicUsize::new(0);
        let calls: Vec<BoxFuture<'_, _>> =
            items.iter().map(|item| self.call(scope, half, item, &kept).boxed()).collect();
        stream::iter(calls).buffered(self.limits.concurrency.max(1)).collect().await
    }

    /// `kept` counts the bytes of the answers that the guest has not been handed yet.
    async fn call(
        &self,
        scope: &CallScope,
        half: Half,
        item: &HttpItem,
        kept: &AtomicUsize,
    ) -> Result<HttpResponse, Problem> {
        let line = Line { scope, interface: Interface::Ruled(Family::Http, half).name() };
        let method = printable(&item.request.method, 16);
        let (outgoing, seal) = match self.admit(scope, half, item, kept).await {
            Ok(admitted) => admitted,
            Err(refused) => {
                let otherwise = || format!("{method} {}", unparsed(scope, &item.request.url));
                return Err(line.refuse(refused, otherwise));
            }
        };
        let show = |echo: &Echo, status, headers: &HeaderMap, body| {
            answer::show(scope, seal, echo, status, headers, body).map(Ok)
        };
        let result = self.dispatch(line, half, outgoing, show).await;
        let bytes = result.as_ref().map_or(0, |response| response.body.len());
        kept.fetch_add(bytes, Ordering::Relaxed);
        result
    }

    /// Everything that can be known before a call leaves: may it, with what, and where to?
    async fn admit(
        &self,
        scope: &CallScope,
        half: Half,
        item: &HttpItem,
        kept: &AtomicUsize,
    ) -> Result<(Outgoing<'_>, &Seal), Refused> {
        self.admits(scope, kept)?;
        let allowed = prepare(&self.effective, scope, half, item)?;
        let summary = format!("{} {}", printable(&item.request.method, 16), allowed.url.summary());
        let late = |problem: Problem| Refused {
            problem: problem.into(),
            summary: Some(summary.clone()),
            rule: Some(allowed.rule.id.clone()),
        };
        let credential = item.request.credential.as_deref();
        self.signs(credential, &allowed).map_err(late)?;
        let (added, echo) = self.added(credential, allowed.rule, &allowed.url).await.map_err(late)?;
        self.reaches(&allowed.url, &added).map_err(late)?;
        let method = Method::from_bytes(item.request.method.as_bytes());
        let method = method.map_err(|error| late(Problem::new(Class::Internal, "http-internal", error.to_string())))?;
        let (limits, with) = (&self.limits, allowed.url.host().to_owned());
        let pace = Pace { with, rate: limits.rate, burst: limits.burst, slowed: limits.rate, most: None };
        let seal = &allowed.http.seal;
        let Allowed { rule, url, headers, body, steps, ops, .. } = allowed;
        Ok((Outgoing { rule, steps, ops, summary, method, url, headers, body, added, echo, client: None, pace }, seal))
    }

    /// Does a credential of AWS sign for the action that the request asks for beside its path?
    fn signs(&self, credential: Option<&str>, allowed: &Allowed<'_>) -> Result<(), Problem> {
        let declared = credential.and_then(|name| self.effective.credentials.get(name));
        let Some(CredentialKind::Aws { actions, .. }) = declared.map(|declared| &declared.kind) else { return Ok(()) };
        check_action(actions, &allowed.headers, allowed.url.query(), allowed.body.as_deref().unwrap_or_default())
    }
}

/// What the log says of a text that is no URL: without what would be its query or fragment.
fn unparsed(scope: &CallScope, text: &str) -> String {
    let place = text.split(['?', '#']).next().unwrap_or_default();
    let place = place.rsplit_once('@').map_or(place, |(_, after)| after);
    shown(place, 256, |text| scope.scrub(text))
}
