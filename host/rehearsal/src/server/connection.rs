//! Accepting, TLS, HTTP/1.1 and HTTP/2, and cutting a connection on purpose.

use std::convert::Infallible;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::{AnswerBody, Delivery, Shared, exchange, lock};
use crate::gate::{Gate, Pass};
use crate::service::Service;

/// How long a client may take over its TLS handshake.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// How long a client may take over a request's head, idle time included.
const HEAD_LIMIT: Duration = Duration::from_secs(60);
/// How long a new connection counts as in flight before its first request shows.
const FIRST_REQUEST_GRACE: Duration = Duration::from_secs(1);
/// How long the answers in flight may take to leave when the cloud stops.
const STOP_LIMIT: Duration = Duration::from_secs(5);
/// A pause after `accept` fails (too many open files), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Cuts the connection that a request came by, without an answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cut(Arc<Notify>);

impl Cut {
    /// Cuts; the request's future never ends, it is dropped with its connection.
    pub(crate) async fn now(&self) -> Infallible {
        self.0.notify_one();
        std::future::pending().await
    }
}

/// Serves a cloud service on a listener until told to stop, over TLS where there is an acceptor.
pub(crate) async fn serve(
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
    shared: Arc<Shared>,
    service: Arc<dyn Service>,
    stop: watch::Receiver<bool>,
) {
    let gate = shared.gate.clone();
    serve_with(listener, acceptor, gate, stop, move |cut, first, request| {
        respond(Arc::clone(&shared), Arc::clone(&service), cut, first, request)
    })
    .await;
}

/// Serves on a listener until told to stop; `respond` gets the pass that the connection held for its first request.
pub(crate) async fn serve_with<R, F>(
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
    gate: Gate,
    stop: watch::Receiver<bool>,
    respond: R,
) where
    R: Fn(Cut, Option<Pass>, Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<AnswerBody>> + Send + 'static,
{
    let stopping = stop.clone();
    accept(listener, stopping, move |stream| {
        connection(stream, acceptor.clone(), gate.clone(), respond.clone(), stop.clone())
    })
    .await;
}

/// Accepts connections until told to stop, then gives those that are open a moment to finish.
pub(crate) async fn accept<F, C>(listener: TcpListener, mut stop: watch::Receiver<bool>, connection: F)
where
    F: Fn(TcpStream) -> C,
    C: Future<Output = ()> + Send + 'static,
{
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            () = stopped(&mut stop) => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    // A failure only costs latency.
                    let _ = stream.set_nodelay(true);
                    open.spawn(connection(stream));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = open.join_next() => {}
        }
    }
    drop(listener);
    let finished = async { while open.join_next().await.is_some() {} };
    if tokio::time::timeout(STOP_LIMIT, finished).await.is_err() {
        open.shutdown().await;
    }
}

/// Ends when the cloud is told to stop, or when whoever could tell it is gone.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // Both outcomes mean the same here.
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn connection<R, F>(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    gate: Gate,
    respond: R,
    stop: watch::Receiver<bool>,
) where
    R: Fn(Cut, Option<Pass>, Request<Incoming>) -> F,
    F: Future<Output = Response<AnswerBody>> + Send + 'static,
{
    // A connection counts as in flight until its first request takes the pass
    // over: virtual time must not move under a request that is on its way.
    let pass = Arc::new(Mutex::new(Some(gate.enter().await)));
    let expire = {
        let pass = Arc::clone(&pass);
        async move {
            tokio::time::sleep(FIRST_REQUEST_GRACE).await;
            drop(lock(&pass).take());
            std::future::pending::<Infallible>().await
        }
    };
    let talk = async {
        let cut = Cut::default();
        let ours = cut.clone();
        let handle = move |request| {
            let first = lock(&pass).take();
            respond(ours.clone(), first, request)
        };
        let Some(acceptor) = acceptor else {
            return drive(stream, handle, cut, stop).await;
        };
        if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_LIMIT, acceptor.accept(stream)).await {
            drive(stream, handle, cut, stop).await;
        }
    };
    tokio::select! {
        () = talk => {}
        never = expire => match never {},
    }
}

/// Runs HTTP on a stream until it ends, is cut, or the cloud stops.
pub(crate) async fn drive<S, H, F>(stream: S, handle: H, cut: Cut, mut stop: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
    H: Fn(Request<Incoming>) -> F,
    F: Future<Output = Response<AnswerBody>> + Send + 'static,
{
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_LIMIT);
    builder.http2().timer(TokioTimer::new());
    let service = service_fn(|request| {
        let answer = handle(request);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let http = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(http);
    tokio::select! {
        // A client that breaks the protocol or goes away ends its connection, nothing more.
        _ = http.as_mut() => return,
        () = cut.0.notified() => return,
        () = stopped(&mut stop) => http.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        _ = http => {}
        () = cut.0.notified() => {}
    }
}

async fn respond(
    shared: Arc<Shared>,
    service: Arc<dyn Service>,
    cut: Cut,
    first: Option<Pass>,
    request: Request<Incoming>,
) -> Response<AnswerBody> {
    let heads_only = request.method() == Method::HEAD;
    // In a task of its own: a client that hangs up does not stop what it asked
    // for, as with a real cloud, and the pass stays held until that is done.
    let work = tokio::spawn(async move {
        let pass = match first {
            Some(pass) => pass,
            None => shared.gate.enter().await,
        };
        let (answer, delivery) = exchange(shared, service, request).await;
        (answer, delivery, pass)
    });
    let Ok((mut answer, delivery, pass)) = work.await else { match cut.now().await {} };
    if heads_only {
        // HTTP/2 has nobody else who sees to it that none follows.
        answer.body = Bytes::new();
    }
    let body = match delivery {
        Delivery::Plain => AnswerBody::whole(answer.body, Some(pass)),
        Delivery::Dripping => AnswerBody::dripping(&answer.body, Some(pass)),
        Delivery::Lost => {
            drop(pass);
            match cut.now().await {}
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}
