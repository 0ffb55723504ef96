//! DigitalOcean's API: authentication, limits, routes; one module a group of paths.

mod account;
mod answer;
mod body;
mod catalogue;
mod kubernetes;
mod page;
mod rate;
mod spaces;
mod storage;

use std::sync::Mutex;

use http::{Method, StatusCode};
use serde_json::Value;

use crate::clock::Now;
use crate::cloud::RateLimits;
use crate::routes::{self, Effect, Found, Route};
use crate::server::lock;
use crate::service::{Answer, Call, Service, Trouble};
use crate::store::{Documents, Transaction};
use answer::Refusal;
pub(crate) use kubernetes::{CLUSTER_CA, Made, Played, Worker, associate, follow, played};
use rate::Rate;
pub(crate) use spaces::{Permission, Refused, SpacesKey, is_granted, plant_spaces, spaces_key};

/// The name of the service in counts and inventories.
pub(crate) const NAME: &str = "digitalocean";
/// The logical host.
pub(crate) const HOST: &str = "api.digitalocean.com";
/// What an injected throttle asks a client to wait, in seconds.
const THROTTLE_SECONDS: u64 = 30;

/// What a handler works with: one request, one moment, one transaction.
pub(crate) struct Context<'c, 't> {
    call: &'c Call,
    /// The values of the route's placeholders, in order.
    parameters: Vec<String>,
    now: Now,
    transaction: &'c mut Transaction<'t>,
}

impl Context<'_, '_> {
    /// The value of the route's n-th placeholder.
    fn parameter(&self, n: usize) -> &str {
        self.parameters.get(n).map_or("", String::as_str)
    }
}

/// Answers one route.
type Handler = fn(&mut Context<'_, '_>) -> Result<Answer, Refusal>;

/// The API of one account with one token.
#[derive(Debug)]
pub(crate) struct DigitalOcean {
    token: String,
    routes: Vec<Route<Handler>>,
    rate: Mutex<Rate>,
}

impl DigitalOcean {
    /// The API for a token.
    pub(crate) fn new(token: &str, limits: RateLimits) -> Self {
        let mut routes = account::routes();
        routes.extend(kubernetes::routes());
        routes.extend(spaces::routes());
        routes.extend(storage::routes());
        Self { token: token.to_owned(), routes, rate: Mutex::new(Rate::new(limits)) }
    }

    fn handle(&self, call: &Call, now: Now, transaction: &mut Transaction<'_>) -> Result<Answer, Refusal> {
        if call.bearer() != Some(self.token.as_str()) {
            return Err(Refusal::unauthorized());
        }
        lock(&self.rate).take(now).map_err(Refusal::too_many_requests)?;
        match routes::find(&self.routes, &call.method, &call.path) {
            Found::Route(route, parameters) => (route.handler)(&mut Context { call, parameters, now, transaction }),
            Found::OtherMethods => Err(Refusal::method_not_allowed()),
            Found::Nothing => Err(Refusal::not_found()),
        }
    }

    /// The headers that every answer carries.
    fn finish(&self, answer: Answer, now: Now) -> Answer {
        lock(&self.rate).describe(answer, now)
    }
}

impl Service for DigitalOcean {
    fn name(&self) -> &str {
        NAME
    }

    fn hosts(&self) -> Vec<&str> {
        vec![HOST]
    }

    fn classify(&self, call: &Call) -> (Effect, String) {
        let method = &call.method;
        let route = match routes::find(&self.routes, method, &call.path) {
            Found::Route(route, _) => route.template,
            Found::OtherMethods | Found::Nothing => "(no such route)",
        };
        (Effect::of(method), format!("{} {route}", known(method)))
    }

    fn answer(&self, call: &Call, now: Now, transaction: &mut Transaction<'_>) -> Answer {
        let answer = self.handle(call, now, transaction).unwrap_or_else(Refusal::into_answer);
        self.finish(answer, now)
    }

    fn refuse(&self, trouble: Trouble, now: Now) -> Answer {
        let refusal = match trouble {
            Trouble::Server => Refusal::server_error(),
            Trouble::Throttled => Refusal::too_many_requests(THROTTLE_SECONDS),
            Trouble::TooLarge => {
                Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", "The request body is too large.")
            }
            Trouble::TooSlow => {
                Refusal::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", "The request body did not arrive in time.")
            }
            Trouble::Broken => Refusal::bad_request("The request body could not be read."),
        };
        self.finish(refusal.into_answer(), now)
    }
}

/// A method's name; a made-up one is not let into the counts.
fn known(method: &Method) -> &str {
    match *method {
        Method::GET | Method::HEAD | Method::POST | Method::PUT | Method::PATCH | Method::DELETE | Method::OPTIONS => {
            method.as_str()
        }
        _ => "OTHER",
    }
}

/// What exists in the account, everything begun taken as finished.
pub(crate) fn inventory(documents: &Documents) -> Result<Value, serde_json::Error> {
    let mut kinds = kubernetes::associated_inventory(documents)?;
    kinds.insert("kubernetes_clusters".to_owned(), kubernetes::inventory(documents)?);
    kinds.insert("spaces_keys".to_owned(), spaces::inventory(documents)?);
    kinds.insert("spaces_buckets".to_owned(), crate::aws::spaces_inventory(documents)?);
    Ok(Value::Object(kinds))
}
