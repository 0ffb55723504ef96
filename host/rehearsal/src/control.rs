//! The control endpoint: virtual time, inventory, counts, faults, and what controllers would make, for the
//! one that runs the cloud.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::clock::MAX_ADVANCE_MS;
use crate::digitalocean;
use crate::fault::Fault;
use crate::inventory;
use crate::kubernetes::Clusters;
use crate::server::{AnswerBody, Cut, Shared, accept, drive, lock};
use crate::service::Answer;

/// How long an advance waits for what is in flight before it gives up.
const DRAIN_LIMIT: Duration = Duration::from_secs(30);
/// The largest body taken.
const MAX_BODY_BYTES: usize = 64 << 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Faults {
    faults: Vec<String>,
}

/// Serves the control endpoint until told to stop.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>, token: Arc<str>, stop: watch::Receiver<bool>) {
    let stopping = stop.clone();
    accept(listener, stopping, move |stream| {
        let (shared, token) = (Arc::clone(&shared), Arc::clone(&token));
        let handle = move |request| respond(Arc::clone(&shared), Arc::clone(&token), request);
        drive(stream, handle, Cut::default(), stop.clone())
    })
    .await;
}

async fn respond(shared: Arc<Shared>, token: Arc<str>, request: Request<Incoming>) -> Response<AnswerBody> {
    let answer = answer(&shared, &token, request).await.unwrap_or_else(Refusal::into_answer);
    let mut response = Response::new(AnswerBody::whole(answer.body, None));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}

async fn answer(shared: &Arc<Shared>, token: &str, request: Request<Incoming>) -> Result<Answer, Refusal> {
    let given = request.headers().get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if given.and_then(|value| value.strip_prefix("Bearer ")) != Some(token) {
        return Err(refuse(StatusCode::UNAUTHORIZED, "the control token of cloud.json is needed"));
    }
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/time") => Ok(time(shared)),
        (&Method::GET, "/counts") => Ok(ok(&json!(shared.counter().counts()))),
        (&Method::GET, "/inventory") => list(shared),
        (&Method::POST, "/advance") => advance(shared, body(request).await?).await,
        (&Method::POST, "/faults") => set_faults(shared, body(request).await?),
        (&Method::POST, "/associated") => associate(shared, body(request).await?).await,
        (_, "/time" | "/counts" | "/inventory" | "/advance" | "/faults" | "/associated") => {
            Err(refuse(StatusCode::METHOD_NOT_ALLOWED, "this path takes another method"))
        }
        _ => Err(refuse(StatusCode::NOT_FOUND, "there is no such path")),
    }
}

fn list(shared: &Shared) -> Result<Answer, Refusal> {
    match inventory::of(shared.store().documents()) {
        Ok(inventory) => Ok(ok(&inventory)),
        Err(error) => Err(refuse(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())),
    }
}

fn time(shared: &Shared) -> Answer {
    let now = shared.now();
    ok(&json!({
        "real_ms": now.real_ms,
        "virtual_ms": now.virtual_ms,
        "offset_ms": now.virtual_ms - now.real_ms,
    }))
}

async fn advance(shared: &Arc<Shared>, Advance { ms }: Advance) -> Result<Answer, Refusal> {
    if ms > MAX_ADVANCE_MS {
        return Err(refuse(StatusCode::UNPROCESSABLE_ENTITY, "time moves by ten years at most"));
    }
    let Some(closed) = shared.gate.close(DRAIN_LIMIT).await else {
        return Err(refuse(StatusCode::CONFLICT, "requests are still in flight"));
    };
    let clock = Arc::clone(shared);
    let moved = tokio::task::spawn_blocking(move || clock.advance(ms)).await;
    if let Some(clusters) = shared.clusters.get() {
        clusters.follow(shared).await;
        let cloud = Arc::clone(shared);
        // What controllers could not do now they do later.
        let _ = tokio::task::spawn_blocking(move || cloud.clusters.get().map(Clusters::tick)).await;
    }
    drop(closed);
    match moved {
        Ok(Ok(())) => Ok(time(shared)),
        Ok(Err(error)) => Err(refuse(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())),
        Err(_) => Err(refuse(StatusCode::INTERNAL_SERVER_ERROR, "the clock could not be moved")),
    }
}

fn set_faults(shared: &Shared, Faults { faults }: Faults) -> Result<Answer, Refusal> {
    let faults = Fault::parse_list(faults.iter().map(String::as_str))
        .map_err(|error| refuse(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))?;
    let printed: Vec<String> = faults.iter().map(Fault::to_string).collect();
    lock(&shared.faults).set(faults).map_err(|error| refuse(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))?;
    Ok(ok(&json!({ "faults": printed })))
}

/// Adds what a controller in a cluster would have made: a load balancer, a volume, a snapshot.
async fn associate(shared: &Arc<Shared>, made: digitalocean::Made) -> Result<Answer, Refusal> {
    let cloud = Arc::clone(shared);
    let added = tokio::task::spawn_blocking(move || {
        cloud.change(|transaction, now| digitalocean::associate(transaction, now, made))
    });
    match added.await {
        Ok(Ok(Ok(id))) => Ok(ok(&json!({ "id": id }))),
        Ok(Ok(Err(why))) => Err(refuse(StatusCode::UNPROCESSABLE_ENTITY, why)),
        Ok(Err(error)) => Err(refuse(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())),
        Err(_) => Err(refuse(StatusCode::INTERNAL_SERVER_ERROR, "it could not be added")),
    }
}

async fn body<T: DeserializeOwned>(request: Request<Incoming>) -> Result<T, Refusal> {
    let body = Limited::new(request.into_body(), MAX_BODY_BYTES)
        .collect()
        .await
        .map_err(|_| refuse(StatusCode::BAD_REQUEST, "the body could not be read"))?;
    serde_json::from_slice(&body.to_bytes()).map_err(|error| refuse(StatusCode::BAD_REQUEST, error.to_string()))
}

fn ok(body: &Value) -> Answer {
    Answer::json(StatusCode::OK, body)
}

/// A request that is not done, and why.
struct Refusal {
    status: StatusCode,
    message: String,
}

impl Refusal {
    fn into_answer(self) -> Answer {
        Answer::json(self.status, &json!({ "error": self.message }))
    }
}

fn refuse(status: StatusCode, message: impl Into<String>) -> Refusal {
    Refusal { status, message: message.into() }
}
