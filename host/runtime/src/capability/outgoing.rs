//! What every call to the outside goes through once it is decided: the rate, the journal and the
//! audit log, the connection, the time limit.

use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use maps_engine::capability::{Half, RequestUrl, Rule};
use maps_engine::name::RuleId;
use maps_engine::{Class, Entry, OpId, Problem};
use reqwest::Method;
use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use url::Url;

use super::http::{Added, Echo, HttpCapability, read_body};
use crate::audit::{Outcome, Record};
use crate::scope::{CallScope, Phase};

/// A call whose turn is further away than this is answered as throttled: the host waits better than
/// a guest does.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// A call that may leave. What it holds is sent, and only that.
pub(super) struct Outgoing<'a> {
    /// The rule that allows it.
    pub(super) rule: &'a Rule,
    /// Indices of the batch's requests that it concerns.
    pub(super) steps: Vec<usize>,
    /// The operations that it serves; empty for a read.
    pub(super) ops: Vec<OpId>,
    /// What the log says of it.
    pub(super) summary: String,
    pub(super) method: Method,
    pub(super) url: RequestUrl,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Vec<u8>>,
    /// What the host adds.
    pub(super) added: Added,
    /// What the answer must not show of it.
    pub(super) echo: Echo,
    /// The client of its own that a cluster has; none for the plugin's.
    pub(super) client: Option<reqwest::Client>,
    pub(super) pace: Pace,
}

/// How fast a service wants to be called.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    /// What shares one allowance with this call.
    pub(super) with: String,
    /// Calls a second.
    pub(super) rate: u32,
    /// Calls that may go at once before the rate applies.
    pub(super) burst: u32,
    /// The rate from when the service has asked for fewer.
    pub(super) slowed: u32,
    /// How many a second the service takes at the very most, if it counts them so: beside a burst, the rate
    /// alone would let more into one second.
    pub(super) most: Option<usize>,
}

/// A call that is not allowed, and what the audit log says of it.
pub(super) struct Refused {
    pub(super) problem: Box<Problem>,
    /// What is known of it, if anything is.
    pub(super) summary: Option<String>,
    pub(super) rule: Option<RuleId>,
}

/// What all audit lines of one call have in common.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) scope: &'a CallScope,
    pub(super) interface: &'static str,
}

impl Line<'_> {
    /// Writes a refusal down; `otherwise` says what was asked for where nothing better is known.
    pub(super) fn refuse(&self, refused: Refused, otherwise: impl FnOnce() -> String) -> Problem {
        let summary = refused.summary.unwrap_or_else(otherwise);
        let all: Vec<_> = (0..self.scope.steps.len()).collect();
        self.scope.audit.note(&self.record(&summary, &all, refused.rule, failed(&refused.problem)));
        scrubbed(self.scope, *refused.problem)
    }

    pub(super) fn record(&self, summary: &str, steps: &[usize], rule: Option<RuleId>, outcome: Outcome) -> Record {
        let scope = self.scope;
        let addresses = steps.iter().filter_map(|step| scope.steps.get(*step)).map(|step| step.address.to_string());
        Record {
            run: scope.run.clone(),
            plugin: scope.plugin.to_string(),
            addresses: addresses.collect(),
            phase: scope.operation.phase().name(),
            operation: scope.operation.name(),
            interface: self.interface,
            call: None,
            rule,
            summary: scope.scrub(summary),
            outcome,
            duration_ms: None,
        }
    }
}

impl HttpCapability {
    /// Is there room for one more call of this guest, and for its answer?
    pub(super) fn admits(&self, scope: &CallScope, kept: &AtomicUsize) -> Result<(), Refused> {
        let refused = |problem: Problem| Err(Refused { problem: problem.into(), summary: None, rule: None });
        let made = scope.calls.fetch_add(1, Ordering::Relaxed);
        if made >= self.limits.calls {
            let message = format!("the guest made more than {} outside calls in one call", self.limits.calls);
            return refused(Problem::new(Class::Denied, "too-many-calls", message));
        }
        if kept.load(Ordering::Relaxed) > self.limits.answers_bytes {
            let message = format!("the answers of one send have more than {} MiB", self.limits.answers_bytes >> 20);
            let problem = Problem::new(Class::Denied, "answers-size", message).help("send fewer requests at once");
            return refused(problem);
        }
        Ok(())
    }

    /// Can this run reach where the call goes?
    pub(super) fn reaches(&self, url: &RequestUrl, added: &Added) -> Result<(), Problem> {
        match added.endpoint() {
            None => self.transport.check_server(url, self.effective.private.contains(url.host()))?,
            Some(endpoint) => self.transport.check_endpoint(endpoint)?,
        }
        Ok(())
    }

    /// Sends a call: `read` makes of status, headers and body what the guest may see, or the problem
    /// that the service answered with; its own failure is that of an answer that cannot be taken.
    pub(super) async fn dispatch<T>(
        &self,
        line: Line<'_>,
        half: Half,
        outgoing: Outgoing<'_>,
        read: impl FnOnce(&Echo, u16, &HeaderMap, Vec<u8>) -> Result<Result<T, Problem>, Problem>,
    ) -> Result<T, Problem> {
        let scope = line.scope;
        let Outgoing { rule, steps, ops, summary, method, url, headers, body, added, echo, client, pace } = outgoing;
        let name = rule.credential.as_deref().unwrap_or_default();
        if let Err(wait) = self.transport.rates.take(name, &pace, LONGEST_WAIT).await {
            let message = format!("{} is called as fast as it allows already", pace.with);
            let mut problem = Problem::new(Class::Throttled, "rate-limit", message);
            problem.retry_after_ms = Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
            return Err(problem);
        }
        let mut record = line.record(&summary, &steps, Some(rule.id.clone()), Outcome::Sent);
        record.call = Some(scope.audit.next_call());
        if half == Half::Write {
            self.announce(scope, rule, ops, &record).await?;
        }
        let began = Instant::now();
        let mut request = reqwest::Request::new(method, url.as_url().clone());
        *request.headers_mut() = headers;
        request.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        let mut status = None;
        let whole = async {
            let client = client.map_or_else(|| self.client_for(added.endpoint(), &url), Ok)?;
            added.apply(&mut request, body.as_deref().unwrap_or_default())?;
            *request.body_mut() = body.map(Into::into);
            let mut sent = self.transport.send(&client, half, request).await?;
            status = Some(sent.response.status().as_u16());
            let body = read_body(&mut sent.response, &self.limits).await?;
            sent.replied().await;
            read(&echo, sent.response.status().as_u16(), sent.response.headers(), body)
        };
        let result = tokio::time::timeout(self.limits.call_time, whole)
            .await
            .unwrap_or_else(|_| Err(Problem::new(Class::Timeout, "no-answer", "the service did not answer in time")));
        record.outcome = match (&result, status) {
            (Ok(_), status) => Outcome::Answered { status },
            (Err(problem), _) => failed(problem),
        };
        record.duration_ms = Some(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX));
        scope.audit.note(&record);
        // What a service says of a refusal may repeat what it was sent.
        result.and_then(|answered| answered).map_err(|mut problem| {
            if problem.class == Class::Throttled {
                self.transport.rates.slow(name, &pace);
            }
            problem.message = echo.scrub(&problem.message);
            scrubbed(scope, problem)
        })
    }

    /// The client that may connect to where a call goes.
    fn client_for(&self, endpoint: Option<&Url>, url: &RequestUrl) -> Result<reqwest::Client, Problem> {
        let private = || Some(url.host()).filter(|host| self.effective.private.contains(*host));
        let Some(host) = endpoint.and_then(Url::host_str).or_else(private) else { return Ok(self.client.clone()) };
        let mut endpoints = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = endpoints.get(host) {
            return Ok(client.clone());
        }
        let client = self.transport.client_to(host)?;
        endpoints.insert(host.to_owned(), client.clone());
        Ok(client)
    }

    /// Makes a mutation known to the journal and to the audit log, both durably. Only then may it leave.
    async fn announce(&self, scope: &CallScope, rule: &Rule, ops: Vec<OpId>, record: &Record) -> Result<(), Problem> {
        let unwritten =
            |error: String| Problem::new(Class::Internal, "not-recorded", format!("nothing was sent: {error}"));
        let Some(journal) = scope.journal.as_ref().filter(|_| scope.operation.phase() == Phase::Write) else {
            return Err(unwritten("there is no journal outside of an apply".to_owned()));
        };
        let entry = Entry::Call { ops, rule: rule.id.clone(), summary: record.summary.clone(), at: self.clock.now() };
        let (journalled, audited) = futures::join!(journal.append(vec![entry]), scope.audit.durable(record));
        journalled.map_err(|error| unwritten(error.to_string()))?;
        audited.map_err(|error| unwritten(error.to_string()))
    }
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
