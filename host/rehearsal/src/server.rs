//! From an accepted connection to a committed answer.

mod body;
mod connection;

use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;

use crate::clock::{Now, Offset};
use crate::counts::Counter;
use crate::digitalocean;
use crate::directory::Directory;
use crate::error::Error;
use crate::fault::{FaultKind, FaultPlans};
use crate::gate::Gate;
use crate::kubernetes::Clusters;
use crate::routes::Effect;
use crate::service::{Answer, Call, Service, Trouble};
use crate::store::{Store, Transaction};
pub(crate) use body::AnswerBody;
pub(crate) use connection::{Cut, accept, drive, serve, serve_with};

/// How long a body may take to arrive.
const BODY_LIMIT: Duration = Duration::from_secs(10);
/// Where the store keeps the clock's offset.
pub(crate) const CLOCK: (&str, &str) = ("cloud", "clock");

/// What every request of a cloud shares.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Kept by whatever may still write, so that the lock goes last.
    directory: Directory,
    store: Mutex<Store>,
    offset: Mutex<Offset>,
    counter: Mutex<Counter>,
    /// The faults that are set.
    pub(crate) faults: Mutex<FaultPlans>,
    /// What is in flight.
    pub(crate) gate: Gate,
    exchanges: Option<Sender<Exchange>>,
    /// The clusters that are played, once they are.
    pub(crate) clusters: OnceLock<Clusters>,
}

/// One request and its answer, as they went over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The service's name.
    pub service: String,
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The request's body.
    pub request: Vec<u8>,
    /// The answer's status.
    pub status: u16,
    /// The answer's content type, empty if it says none.
    pub content_type: String,
    /// The answer's body.
    pub answer: Vec<u8>,
}

/// Locks, also after a panic elsewhere: what is behind these locks is changed in single steps.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// Puts an opened cloud together.
    pub(crate) fn new(
        directory: Directory,
        store: Store,
        offset: Offset,
        counter: Counter,
        faults: FaultPlans,
        exchanges: Option<Sender<Exchange>>,
    ) -> Self {
        Self {
            directory,
            store: Mutex::new(store),
            offset: Mutex::new(offset),
            counter: Mutex::new(counter),
            faults: Mutex::new(faults),
            gate: Gate::default(),
            exchanges,
            clusters: OnceLock::new(),
        }
    }

    /// The directory, which is locked as long as this lives.
    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The store.
    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        lock(&self.store)
    }

    /// The counter.
    pub(crate) fn counter(&self) -> MutexGuard<'_, Counter> {
        lock(&self.counter)
    }

    /// This moment.
    pub(crate) fn now(&self) -> Now {
        Now::read(*lock(&self.offset))
    }

    /// Moves virtual time, durably; the caller holds the gate closed.
    pub(crate) fn advance(&self, ms: u64) -> Result<(), Error> {
        if ms == 0 {
            return Ok(());
        }
        let moved = Offset { ms: lock(&self.offset).ms.saturating_add(ms) };
        self.change(|transaction, _| transaction.put(CLOCK.0, CLOCK.1, &moved))?
            .map_err(|e| Error::io("write", "the clock")(std::io::Error::other(e)))?;
        *lock(&self.offset) = moved;
        Ok(())
    }

    /// Changes the cloud from outside of its services, durably, unless `make` refuses.
    pub(crate) fn change<T, E>(
        &self,
        make: impl FnOnce(&mut Transaction<'_>, Now) -> Result<T, E>,
    ) -> Result<Result<T, E>, Error> {
        let mut store = self.store();
        let mut transaction = store.begin();
        let made = make(&mut transaction, self.now());
        let changes = transaction.into_changes();
        if made.is_ok() {
            store.commit(changes)?;
        }
        Ok(made)
    }

    /// Answers one call and commits what it changed, on a thread that may wait for the disk.
    pub(crate) fn answer(&self, service: &dyn Service, call: &Call) -> Answer {
        let mut store = self.store();
        let now = self.now();
        let mut transaction = store.begin();
        let answer = service.answer(call, now, &mut transaction);
        let changes = transaction.into_changes();
        if answer.status.as_u16() >= 400 {
            return answer;
        }
        match store.commit(changes) {
            Ok(()) => answer,
            Err(_) => service.refuse(Trouble::Server, now),
        }
    }
}

/// How an answer leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// At once.
    Plain,
    /// A little at a time.
    Dripping,
    /// Not at all: the connection is cut.
    Lost,
}

/// A body, whole, or what is wrong with it.
pub(crate) async fn read(body: Incoming, limit: usize) -> Result<Bytes, Trouble> {
    match tokio::time::timeout(BODY_LIMIT, Limited::new(body, limit).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(Trouble::TooLarge),
        Ok(Err(_)) => Err(Trouble::Broken),
        Err(_) => Err(Trouble::TooSlow),
    }
}

/// Counts a request and says what goes wrong with it.
fn admit(shared: &Shared, service: &dyn Service, call: &Call) -> Result<Delivery, Trouble> {
    let (effect, route) = service.classify(call);
    shared.admit(service.name(), effect, &route)
}

impl Shared {
    /// Tells whoever listens of a request (method, path with query, body) and its answer (status, headers, body).
    pub(crate) fn tell(
        &self,
        service: &str,
        (method, path, request): (String, String, &Bytes),
        (status, headers, answer): (StatusCode, &HeaderMap, &Bytes),
    ) {
        let Some(exchanges) = &self.exchanges else { return };
        let content_type = headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        // Whoever listens no longer does not want to know.
        let _ = exchanges.send(Exchange {
            service: service.to_owned(),
            method,
            path,
            request: request.to_vec(),
            status: status.as_u16(),
            content_type: content_type.unwrap_or_default().to_owned(),
            answer: answer.to_vec(),
        });
    }

    /// Counts a request of a service and says what goes wrong with it.
    pub(crate) fn admit(&self, service: &str, effect: Effect, route: &str) -> Result<Delivery, Trouble> {
        if self.counter().count(service, effect, route).is_err() {
            return Err(Trouble::Server);
        }
        match lock(&self.faults).next(service) {
            Some(FaultKind::Error) => Err(Trouble::Server),
            Some(FaultKind::Throttle) => Err(Trouble::Throttled),
            Some(FaultKind::Lost) => Ok(Delivery::Lost),
            Some(FaultKind::Drip) => Ok(Delivery::Dripping),
            None => Ok(Delivery::Plain),
        }
    }
}

/// Takes one request from its head to what is to be sent.
async fn exchange(shared: Arc<Shared>, service: Arc<dyn Service>, request: Request<Incoming>) -> (Answer, Delivery) {
    let (head, body) = request.into_parts();
    let host = head.headers.get(http::header::HOST).and_then(|host| host.to_str().ok());
    let host = head.uri.authority().map(http::uri::Authority::as_str).or(host).unwrap_or_default().to_owned();
    let target = head.uri.path_and_query().map(ToString::to_string);
    let raw_query = head.uri.query().unwrap_or_default().to_owned();
    let mut call = Call {
        host,
        path: head.uri.path().to_owned(),
        query: url::form_urlencoded::parse(raw_query.as_bytes()).into_owned().collect(),
        raw_query,
        method: head.method,
        headers: head.headers,
        body: Bytes::new(),
    };
    let service = service.delegate(&call).unwrap_or(service);
    // Counted when its head has arrived, unless only the body tells what is asked for.
    let early = (!service.is_told_by_body()).then(|| admit(&shared, service.as_ref(), &call));
    if let Some(Err(trouble)) = early {
        return (service.refuse(trouble, shared.now()), Delivery::Plain);
    }
    let body = read(body, service.max_body()).await;
    call.body = body.clone().unwrap_or_default();
    let admitted = early.unwrap_or_else(|| admit(&shared, service.as_ref(), &call));
    let delivery = match (admitted, body) {
        (Ok(delivery), Ok(_)) => delivery,
        (Err(trouble), _) | (_, Err(trouble)) => return (service.refuse(trouble, shared.now()), Delivery::Plain),
    };
    let (method, request) = (call.method.to_string(), call.body.clone());
    let worker = Arc::clone(&service);
    let shelf = Arc::clone(&shared);
    let answered = tokio::task::spawn_blocking(move || shelf.answer(worker.as_ref(), &call)).await;
    // A panic in a handler is answered like any fault of a server; nothing was committed.
    let answer = answered.unwrap_or_else(|_| service.refuse(Trouble::Server, shared.now()));
    if service.name() == digitalocean::NAME
        && let Some(clusters) = shared.clusters.get()
    {
        // A cluster that this made has its API before anybody hears of it.
        clusters.follow(&shared).await;
    }
    shared.tell(
        service.name(),
        (method, target.unwrap_or_default(), &request),
        (answer.status, &answer.headers, &answer.body),
    );
    (answer, delivery)
}
