//! From a connection to a cluster's API server and back.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use maps_cluster::{Body, Cluster};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::NAME;
use super::one::One;
use crate::error::Error;
use crate::gate::Pass;
use crate::routes::Effect;
use crate::server::{AnswerBody, Cut, Delivery, Shared, read, serve_with};
use crate::service::Trouble;

/// The largest body that an API server takes.
const MAX_BODY_BYTES: usize = 3 << 20;
/// What an injected throttle asks a client to wait, in seconds.
const THROTTLE_SECONDS: u32 = 1;

/// A task that serves.
pub(super) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Listens for a cluster; returns the address, and what serves there.
pub(super) async fn start(
    shared: &Arc<Shared>,
    one: &Arc<One>,
    stop: &watch::Receiver<bool>,
) -> Result<(String, Task), Error> {
    let bound = async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?.to_string();
        Ok((listener, address))
    };
    let (listener, address) = bound.await.map_err(Error::io("listen on", "127.0.0.1"))?;
    let acceptor = TlsAcceptor::from(one.authority().server(&[one.host()])?);
    let (cloud, served, own) = (Arc::clone(shared), Arc::clone(one), Arc::<str>::from(address.as_str()));
    let respond = move |cut, first, request| {
        respond(Arc::clone(&cloud), Arc::clone(&served), Arc::clone(&own), cut, first, request)
    };
    let gate = shared.gate.clone();
    Ok((address, Box::pin(serve_with(listener, Some(acceptor), gate, stop.clone(), respond))))
}

async fn respond(
    shared: Arc<Shared>,
    one: Arc<One>,
    address: Arc<str>,
    cut: Cut,
    first: Option<Pass>,
    request: Request<Incoming>,
) -> Response<AnswerBody> {
    let heads_only = request.method() == Method::HEAD;
    // In a task of its own, as for every service: who hangs up does not stop what they asked for.
    let work = tokio::spawn(async move {
        let pass = match first {
            Some(pass) => pass,
            None => shared.gate.enter().await,
        };
        let (response, delivery) = exchange(&shared, one, address, request).await;
        (response, delivery, pass)
    });
    let Ok((response, delivery, pass)) = work.await else { match cut.now().await {} };
    let (mut head, body) = response.into_parts();
    let body = match body {
        Body::Whole(_) if heads_only => Body::Whole(Bytes::new()),
        body => body,
    };
    let body = match (delivery, body) {
        (Delivery::Lost, _) => {
            drop(pass);
            match cut.now().await {}
        }
        (_, Body::Watch(events)) => AnswerBody::watch(events),
        (Delivery::Plain, Body::Whole(bytes)) => AnswerBody::whole(bytes, Some(pass)),
        (Delivery::Dripping, Body::Whole(bytes)) => AnswerBody::dripping(&bytes, Some(pass)),
    };
    head.headers.insert("audit-id", HeaderValue::from_static("rehearsal"));
    Response::from_parts(head, body)
}

async fn exchange(
    shared: &Arc<Shared>,
    one: Arc<One>,
    address: Arc<str>,
    request: Request<Incoming>,
) -> (Response<Body>, Delivery) {
    let (head, body) = request.into_parts();
    let headed = Request::from_parts(head, Bytes::new());
    let asked = Cluster::classify(&headed);
    let effect = if asked.writes { Effect::Write } else { Effect::Read };
    let delivery = match shared.admit(NAME, effect, &asked.route) {
        Ok(delivery) => delivery,
        Err(trouble) => return (refuse(trouble), Delivery::Plain),
    };
    let body = match read(body, MAX_BODY_BYTES).await {
        Ok(body) => body,
        Err(trouble) => return (refuse(trouble), Delivery::Plain),
    };
    let request = headed.map(|_| body.clone());
    let method = request.method().to_string();
    let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    let cloud = Arc::clone(shared);
    let answered = tokio::task::spawn_blocking(move || match one.open(&cloud, &address) {
        Ok(Some(cluster)) => cluster.handle(&request),
        Ok(None) => refusal(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", "the cluster is gone", None),
        Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", &error.to_string(), None),
    });
    match answered.await {
        Ok(response) => {
            if let Body::Whole(answer) = response.body() {
                shared.tell(NAME, (method, path, &body), (response.status(), response.headers(), answer));
            }
            (response, delivery)
        }
        // A panic in a handler is answered like any fault of a server.
        Err(_) => (refuse(Trouble::Server), Delivery::Plain),
    }
}

/// What the transport refuses, in the API server's words.
fn refuse(trouble: Trouble) -> Response<Body> {
    match trouble {
        Trouble::Server => refusal(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalError",
            "Internal error occurred: etcdserver: request timed out",
            None,
        ),
        Trouble::Throttled => refusal(
            StatusCode::TOO_MANY_REQUESTS,
            "TooManyRequests",
            "the server has received too many requests and has asked us to try again later",
            Some(THROTTLE_SECONDS),
        ),
        Trouble::TooLarge => refusal(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLarge",
            "Request entity too large: limit is 3145728",
            None,
        ),
        Trouble::TooSlow | Trouble::Broken => refusal(StatusCode::BAD_REQUEST, "BadRequest", "unexpected EOF", None),
    }
}

fn refusal(code: StatusCode, reason: &str, message: &str, retry_after: Option<u32>) -> Response<Body> {
    let mut status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
        "reason": reason, "code": code.as_u16(),
    });
    if let (Some(seconds), Some(fields)) = (retry_after, status.as_object_mut()) {
        fields.insert("details".to_owned(), json!({"retryAfterSeconds": seconds}));
    }
    let mut response = Response::new(Body::Whole(Bytes::from(status.to_string())));
    *response.status_mut() = code;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
