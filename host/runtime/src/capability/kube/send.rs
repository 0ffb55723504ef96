//! How a call of a cluster leaves and what its answer becomes: tried again where the server puts it off, its
//! Secrets sealed.

use std::sync::atomic::Ordering;
use std::time::Duration;

use maps_engine::capability::{Family, Half, Interface, Rule};
use maps_engine::{Class, Problem, Value};
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use serde_json::{Value as Json, json};

use super::batch::Batch;
use super::cluster::ApiResource;
use super::wire::Wire;
use super::{Deleted, internal, sealed, status};
use crate::capability::http::{Echo, reseal};
use crate::capability::outgoing::{Line, Outgoing, Pace};

/// How often a call is made that the server puts off, and how long is waited for it at most.
const TRIES: u32 = 4;
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// What an answer is: what the guest may see, or a problem with reading it; or a refusal of the server, with a
/// problem of its own where the call has one.
pub(super) type Said<T> = Result<Result<T, Problem>, Option<Problem>>;
/// Makes it of status, headers and body.
pub(super) type Reading<'r, T> = dyn Fn(&Echo, u16, &HeaderMap, &[u8]) -> Said<T> + Sync + 'r;

impl Batch<'_> {
    /// Sends a call, again where the server puts it off. `read` makes of an answer what the guest may see, or
    /// says that it is a refusal, with a problem of its own where it has one.
    pub(super) async fn send<T>(
        &self,
        rule: &Rule,
        steps: &[usize],
        what: &str,
        wire: &Wire,
        read: &Reading<'_, T>,
    ) -> Result<T, Problem> {
        let mut waited = Duration::ZERO;
        for tried in 1.. {
            let result = self.send_once(rule, steps, what, wire, read).await;
            let Err(problem) = &result else { return result };
            // What was put off has had no effect (a 429 is answered before anything is done).
            let wait = Duration::from_millis(problem.retry_after_ms.unwrap_or(1_000));
            if problem.class != Class::Throttled || tried >= TRIES || waited + wait > LONGEST_WAIT {
                return result;
            }
            waited += wait;
            tokio::time::sleep_until(tokio::time::Instant::now() + wait).await;
        }
        Err(internal("it was tried too often"))
    }

    pub(super) async fn send_once<T>(
        &self,
        rule: &Rule,
        steps: &[usize],
        what: &str,
        wire: &Wire,
        read: &Reading<'_, T>,
    ) -> Result<T, Problem> {
        let late = |problem: Problem| self.refuse(problem, Some(rule), what);
        // What is looked up on the way to a write changes nothing, and is nothing to look back at after a crash.
        let half = if wire.method == Method::GET { Half::Read } else { self.half };
        let line = Line { scope: self.scope, interface: Interface::Ruled(Family::Kube, half).name() };
        let ops: Vec<_> = match half {
            Half::Read => Vec::new(),
            Half::Write => steps.iter().filter_map(|step| self.scope.steps.get(*step)?.op.clone()).collect(),
        };
        if half == Half::Write && ops.len() != steps.len() {
            return Err(late(internal("a write serves a request that is no operation")));
        }
        let url = self.cluster.url(&wire.path).map_err(late)?;
        self.cluster.reached(self.http, &url).map_err(late)?;
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(wire.accept.unwrap_or("application/json")));
        headers.extend(wire.content_type.map(|content_type| (CONTENT_TYPE, HeaderValue::from_static(content_type))));
        let echo = Echo::of(self.cluster.secrets.iter().map(String::as_str));
        let outgoing = Outgoing {
            rule,
            steps: steps.to_vec(),
            ops,
            summary: what.to_owned(),
            method: wire.method.clone(),
            url,
            headers,
            body: wire.body.clone(),
            added: self.cluster.added(),
            echo,
            client: Some(self.cluster.client.clone()),
            pace: pace(&self.cluster.host),
        };
        // Never closed, so this waits for a seat and cannot fail otherwise.
        let _seat = self.cluster.flights.acquire().await.map_err(|error| internal(&error.to_string()))?;
        let answer =
            |echo: &Echo, status: u16, headers: &HeaderMap, body: Vec<u8>| match read(echo, status, headers, &body) {
                Ok(answer) => Ok(answer),
                Err(Some(problem)) => Ok(Err(problem)),
                Err(None) => {
                    let after = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
                    Ok(Err(status::problem(what, status, after, &body)))
                }
            };
        self.http.dispatch(line, half, outgoing, answer).await
    }

    /// An object as the guest may see it.
    pub(super) fn shown(&self, echo: &Echo, kind: &ApiResource, body: &[u8]) -> Result<String, Problem> {
        let json: Json = serde_json::from_slice(body).map_err(|_| unreadable())?;
        if !json.is_object() {
            return Err(unreadable());
        }
        self.sealed(echo, kind, vec![json]).pop().ok_or_else(unreadable)
    }

    /// A page's objects, and where the next one goes on.
    pub(super) fn page(
        &self,
        echo: &Echo,
        kind: &ApiResource,
        body: &[u8],
    ) -> Result<(Vec<String>, Option<String>), Problem> {
        let mut json: Json = serde_json::from_slice(body).map_err(|_| unreadable())?;
        let next = json.pointer("/metadata/continue").and_then(Json::as_str).filter(|next| !next.is_empty());
        let next = next.map(str::to_owned);
        let items = match json.get_mut("items").map(Json::take) {
            Some(Json::Array(items)) => items,
            Some(Json::Null) => Vec::new(),
            _ => return Err(unreadable()),
        };
        let mut items = items;
        for item in &mut items {
            let Some(members) = item.as_object_mut() else { return Err(unreadable()) };
            // A list says it once for all of them.
            members.insert("apiVersion".to_owned(), api_version(kind).into());
            members.insert("kind".to_owned(), kind.kind.as_str().into());
        }
        Ok((self.sealed(echo, kind, items), next))
    }

    /// What Secrets hold is taken out first, and sealed last: what earlier secrets repeat is looked for in the
    /// rest, and not once more for each secret that has just been sealed.
    pub(super) fn sealed(&self, echo: &Echo, kind: &ApiResource, objects: Vec<Json>) -> Vec<String> {
        let secret = sealed::is_secret(&kind.group, &kind.kind);
        let taken = objects.into_iter().map(|mut object| {
            let is_one = secret || object["apiVersion"] == "v1" && object["kind"] == "Secret";
            let shown = is_one && self.shows(&object);
            self.shown.fetch_add(usize::from(shown), Ordering::Relaxed);
            // What is shown stays as it is, though it repeat something that another object has sealed.
            let clear = object.get_mut("data").filter(|_| shown).map(Json::take);
            let held = if is_one && !shown { sealed::take(&mut object) } else { Vec::new() };
            reseal(self.scope, echo, &mut object);
            if let Some(clear) = clear {
                object["data"] = clear;
            }
            (object, held)
        });
        let taken: Vec<_> = taken.collect();
        let shown = taken.into_iter().map(|(mut object, held)| {
            sealed::put(self.scope, &mut object, held);
            let text = object.to_string();
            self.kept.fetch_add(text.len(), Ordering::Relaxed);
            text
        });
        shown.collect()
    }

    /// Is it a Secret that the plugin sees in clear, of a step of this call?
    fn shows(&self, object: &Json) -> bool {
        let shown = &self.http.effective.shown;
        if !shown.iter().any(|shown| object["type"] == *shown.of) {
            return false;
        }
        let secret = Value::from(json!({"type": object["type"], "metadata": object["metadata"]}));
        shown.iter().any(|shown| self.scope.steps.iter().any(|step| shown.fits(&secret, step)))
    }
}

fn api_version(kind: &ApiResource) -> String {
    if kind.group.is_empty() { kind.version.clone() } else { format!("{}/{}", kind.group, kind.version) }
}

fn unreadable() -> Problem {
    Problem::new(Class::Internal, "kube-answer", "the server's answer is none of the Kubernetes API")
}

/// Is it the object that is not there, rather than what it is of? The Status then names it.
pub(super) fn absent(body: &[u8]) -> bool {
    let status: Option<Json> = serde_json::from_slice(body).ok();
    status.is_some_and(|status| {
        status.pointer("/details/name").and_then(Json::as_str).is_some_and(|name| !name.is_empty())
    })
}

/// A Status says that it is done; the object itself, that it is going.
pub(super) fn deleted(body: &[u8]) -> Deleted {
    let answer: Json = serde_json::from_slice(body).unwrap_or_default();
    if answer["kind"] == "Status" && answer["apiVersion"] == "v1" { Deleted::Gone } else { Deleted::UnderWay }
}

/// Fifty calls a second are what client-go allows itself beside the server's own priorities and fairness; an
/// apply of many objects may begin with more.
fn pace(host: &str) -> Pace {
    Pace { with: host.to_owned(), rate: 100, burst: 200, slowed: 25, most: None }
}
