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
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, stream};
use maps_engine::capability::Effective;
use maps_engine::name::RuleId;
use maps_engine::{Class, Clock, Entry, Problem};
use reqwest::header::{ACCEPT_ENCODING, HeaderValue};
use url::Url;

pub use credential::{BoundCredential, Secret};
pub use limits::HttpLimits;
pub use maps_engine::capability::Half;

use crate::audit::{Outcome, Record};
use crate::egress::{EgressError, Transport};
use crate::printable::{printable, shown};
use crate::scope::{CallScope, Phase};
use credential::Added;
use echo::Echo;
use request::{Allowed, Refused, prepare};

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

/// `http` for one plugin in one stack: effective rules, credentials, and a client of its own.
pub struct HttpCapability {
    effective: Arc<Effective>,
    credentials: BTreeMap<String, BoundCredential>,
    transport: Arc<Transport>,
    client: reqwest::Client,
    /// Clients for hosts that the operator named as endpoints, which may be on this machine.
    endpoints: Mutex<BTreeMap<String, reqwest::Client>>,
    clock: Arc<dyn Clock>,
    limits: HttpLimits,
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
        Ok(Self { effective, credentials, transport, client, endpoints: Mutex::default(), clock, limits })
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
        let line = Line { scope, half, method: &item.request.method };
        let (allowed, added, echo) = match self.admit(&line, item, kept).await {
            Ok(admitted) => admitted,
            Err(refused) => {
                let summary = refused.summary.unwrap_or_else(|| unparsed(scope, &item.request.url));
                let all: Vec<_> = (0..scope.steps.len()).collect();
                scope.audit.note(&line.record(&summary, &all, refused.rule, failed(&refused.problem)));
                return Err(scrubbed(scope, *refused.problem));
            }
        };
        let (limits, host) = (&self.limits, allowed.url.host().to_owned());
        let name = allowed.rule.credential.as_deref().unwrap_or_default();
        self.transport.rates.take(name, &host, limits.rate, limits.burst).await;

        let mut record =
            line.record(&allowed.url.summary(), &allowed.steps, Some(allowed.rule.id.clone()), Outcome::Sent);
        record.call = Some(scope.audit.next_call());
        if half == Half::Write {
            self.announce(scope, &allowed, &record).await?;
        }
        let began = Instant::now();
        let result = self.exchange(scope, half, &item.request.method, allowed, added, &echo).await;
        record.outcome = match &result {
            Ok(response) => Outcome::Answered { status: Some(response.status) },
            Err(problem) => failed(problem),
        };
        record.duration_ms = Some(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX));
        scope.audit.note(&record);
        let bytes = result.as_ref().map_or(0, |response| response.body.len());
        kept.fetch_add(bytes, Ordering::Relaxed);
        result.map_err(|mut problem| {
            problem.message = echo.scrub(&problem.message);
            scrubbed(scope, problem)
        })
    }

    /// Everything that can be known before a call leaves: may it, with what, and where to?
    async fn admit(
        &self,
        line: &Line<'_>,
        item: &HttpItem,
        kept: &AtomicUsize,
    ) -> Result<(Allowed<'_>, Added, Echo), Refused> {
        let refused = |problem: Problem| Refused { problem: problem.into(), summary: None, rule: None };
        let made = line.scope.calls.fetch_add(1, Ordering::Relaxed);
        if made >= self.limits.calls {
            let message = format!("the guest made more than {} outside calls in one call", self.limits.calls);
            return Err(refused(Problem::new(Class::Denied, "too-many-calls", message)));
        }
        if kept.load(Ordering::Relaxed) > self.limits.answers_bytes {
            let message = format!("the answers of one send have more than {} MiB", self.limits.answers_bytes >> 20);
            let problem = Problem::new(Class::Denied, "answers-size", message).help("send fewer requests at once");
            return Err(refused(problem));
        }
        let allowed = prepare(&self.effective, line.scope, line.half, item)?;
        let (added, echo) = self.added(item, &allowed).await.map_err(|problem| line.refused(problem, &allowed))?;
        let reachable = match added.endpoint() {
            None => self.transport.check(&allowed.url),
            Some(endpoint) => self.transport.check_endpoint(endpoint),
        };
        reachable.map_err(|error| line.refused(error.into(), &allowed))?;
        Ok((allowed, added, echo))
    }

    /// The client that may connect to where a call goes.
    fn client_for(&self, endpoint: Option<&Url>) -> Result<reqwest::Client, Problem> {
        let Some(host) = endpoint.and_then(Url::host_str) else { return Ok(self.client.clone()) };
        let mut endpoints = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = endpoints.get(host) {
            return Ok(client.clone());
        }
        let client = self.transport.client_to(host)?;
        endpoints.insert(host.to_owned(), client.clone());
        Ok(client)
    }

    /// Makes a mutation known to the journal and to the audit log, both durably. Only then may it leave.
    async fn announce(&self, scope: &CallScope, allowed: &Allowed<'_>, record: &Record) -> Result<(), Problem> {
        let unwritten =
            |error: String| Problem::new(Class::Internal, "not-recorded", format!("nothing was sent: {error}"));
        let Some(journal) = scope.journal.as_ref().filter(|_| scope.operation.phase() == Phase::Write) else {
            return Err(unwritten("there is no journal outside of an apply".to_owned()));
        };
        let entry = Entry::Call {
            ops: allowed.ops.clone(),
            rule: allowed.rule.id.clone(),
            summary: record.summary.clone(),
            at: self.clock.now(),
        };
        let (journalled, audited) = futures::join!(journal.append(vec![entry]), scope.audit.durable(record));
        journalled.map_err(|error| unwritten(error.to_string()))?;
        audited.map_err(|error| unwritten(error.to_string()))
    }

    async fn exchange(
        &self,
        scope: &CallScope,
        half: Half,
        method: &str,
        allowed: Allowed<'_>,
        added: Added,
        echo: &Echo,
    ) -> Result<HttpResponse, Problem> {
        let internal = || Problem::new(Class::Internal, "http-internal", "the request cannot be made");
        let method = reqwest::Method::from_bytes(method.as_bytes()).map_err(|_| internal())?;
        let mut request = reqwest::Request::new(method, allowed.url.as_url().clone());
        *request.headers_mut() = allowed.headers;
        request.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        let client = self.client_for(added.endpoint())?;
        added.apply(&mut request, allowed.body.as_deref().unwrap_or_default())?;
        *request.body_mut() = allowed.body.map(Into::into);
        let whole = async {
            let mut sent = self.transport.send(&client, half, request).await?;
            let body = answer::read_body(&mut sent.response, &self.limits).await?;
            sent.replied();
            let (status, headers) = (sent.response.status().as_u16(), sent.response.headers());
            answer::show(scope, allowed.rule, echo, status, headers, body)
        };
        tokio::time::timeout(self.limits.call_time, whole)
            .await
            .unwrap_or_else(|_| Err(Problem::new(Class::Timeout, "no-answer", "the service did not answer in time")))
    }
}

/// What the log says of a text that is no URL: without what would be its query or fragment.
fn unparsed(scope: &CallScope, text: &str) -> String {
    let place = text.split(['?', '#']).next().unwrap_or_default();
    let place = place.rsplit_once('@').map_or(place, |(_, after)| after);
    shown(place, 256, |text| scope.scrub(text))
}

/// What the log says of a call that came to nothing.
fn failed(problem: &Problem) -> Outcome {
    let code = problem.code.clone();
    if problem.class == Class::Denied { Outcome::Denied { code } } else { Outcome::Failed { code } }
}

fn scrubbed(scope: &CallScope, mut problem: Problem) -> Problem {
    problem.message = scope.scrub(&problem.message);
    problem.help = problem.help.map(|help| scope.scrub(&help));
    problem
}

/// What all audit lines of one call have in common.
struct Line<'a> {
    scope: &'a CallScope,
    half: Half,
    method: &'a str,
}

impl Line<'_> {
    fn refused(&self, problem: Problem, allowed: &Allowed<'_>) -> Refused {
        Refused { problem: problem.into(), summary: Some(allowed.url.summary()), rule: Some(allowed.rule.id.clone()) }
    }

    fn record(&self, url: &str, steps: &[usize], rule: Option<RuleId>, outcome: Outcome) -> Record {
        let scope = self.scope;
        let addresses = steps.iter().filter_map(|step| scope.steps.get(*step)).map(|step| step.address.to_string());
        Record {
            run: scope.run.clone(),
            plugin: scope.plugin.to_string(),
            addresses: addresses.collect(),
            phase: scope.operation.phase().name(),
            operation: scope.operation.name(),
            interface: if self.half == Half::Write { "http-write" } else { "http-read" },
            call: None,
            rule,
            summary: scope.scrub(&format!("{} {url}", printable(self.method, 16))),
            outcome,
            duration_ms: None,
        }
    }
}
