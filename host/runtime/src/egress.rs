//! The way out: where a connection may go, and the client that makes it.
//!
//! The client asks [`Gate`] for addresses, and `Gate` checks the very addresses that it hands out,
//! so nothing can resolve differently between the check and the connection. It follows no
//! redirect and knows no proxy. Each plugin use has a client of its own, so no connection that one
//! plugin opened ever serves another.

mod address;
mod problem;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use maps_engine::capability::{Half, RequestUrl};
use maps_engine::{Class, Problem};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Url;

use self::address::check_address;
pub(crate) use self::problem::problem;
use crate::capability::http::rate::Rates;
use crate::fault::{Call, Faults, Point};

/// Time for the connection itself, name and TLS included: a service that takes longer is down.
const CONNECT_TIME: Duration = Duration::from_secs(15);
/// How long an idle connection is kept; below what load balancers commonly do.
const IDLE_TIME: Duration = Duration::from_secs(30);

/// Turns a name into addresses.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// All addresses of the name.
    ///
    /// # Errors
    /// The system's, when there are none.
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The system's resolver.
#[derive(Debug, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// Why a call does not go out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// The host's address is not one of the public internet.
    #[error("{host} has the {kind} address {address}, which the operator has not allowed")]
    Address {
        /// The name.
        host: String,
        /// The address.
        address: IpAddr,
        /// What sort of address.
        kind: &'static str,
    },
    /// A rehearsal knows no such host.
    #[error(
        "{host} is not part of the rehearsal's cloud: its plugin declares no service there, or `maps cloud serve` was not told of it by `--plugin`"
    )]
    Unrehearsed {
        /// The name, with its port.
        host: String,
    },
    /// A rehearsal's cloud must be on this machine.
    #[error("{0} is not on the loopback interface, where a rehearsal's cloud must be")]
    NotLoopback(SocketAddr),
    /// The client cannot be made.
    #[error("the HTTP client cannot be made: {0}")]
    Client(String),
}

/// How many calls reached a cloud.
#[derive(Debug, Default)]
pub struct Counts {
    read: AtomicU64,
    write: AtomicU64,
}

impl Counts {
    /// Reads and writes so far.
    pub fn get(&self) -> (u64, u64) {
        (self.read.load(Ordering::SeqCst), self.write.load(Ordering::SeqCst))
    }

    fn add(&self, half: Half) {
        let counter = if half == Half::Write { &self.write } else { &self.read };
        counter.fetch_add(1, Ordering::SeqCst);
    }
}

/// The one way out of a run, shared by all its plugin uses: a client each, but one set of counts
/// and one rate limit for each service.
pub struct Transport {
    route: Route,
    counts: Counts,
    pub(crate) rates: Rates,
}

/// Where the hosts of a rehearsal are, by their names in lower case.
type Played = BTreeMap<String, (SocketAddr, Scheme)>;

/// Says where the hosts of a local cloud are by now: those of clusters come while it runs.
pub type HostSource = Box<dyn Fn() -> Vec<(String, SocketAddr)> + Send + Sync>;

enum Route {
    Live { resolver: Arc<dyn Resolver>, private: BTreeSet<String> },
    Rehearsal { hosts: RwLock<Played>, source: Option<HostSource>, ca: Vec<u8>, faults: Faults },
}

/// How what stands in for a host on this machine is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// In clear: it does not leave the machine.
    Http,
    /// As the host itself.
    Https,
}

impl Transport {
    /// The real network. `private` are the host names that the operator allows to have private
    /// addresses; the addresses of metadata services stay refused even then.
    pub fn live(resolver: Arc<dyn Resolver>, private: impl IntoIterator<Item = String>) -> Arc<Self> {
        let private = private.into_iter().map(|host| host.to_ascii_lowercase()).collect();
        Self::new(Route::Live { resolver, private })
    }

    /// A local cloud: known hosts lead to their ports on this machine, `ca` (PEM) alone is
    /// trusted, every other host is refused. Faults exist only here.
    ///
    /// # Errors
    /// When an address is not on the loopback interface.
    pub fn rehearsal(
        hosts: impl IntoIterator<Item = (String, SocketAddr)>,
        ca: Vec<u8>,
        faults: Faults,
    ) -> Result<Arc<Self>, EgressError> {
        Self::on_this_machine(hosts.into_iter().map(|(host, at)| (host, at, Scheme::Https)), None, ca, faults)
    }

    /// The same, of a cloud whose hosts come and go: one that is not known is asked for again.
    ///
    /// # Errors
    /// When an address is not on the loopback interface.
    pub fn rehearsal_of(source: HostSource, ca: Vec<u8>, faults: Faults) -> Result<Arc<Self>, EgressError> {
        let hosts = source().into_iter().map(|(host, at)| (host, at, Scheme::Https));
        Self::on_this_machine(hosts, Some(source), ca, faults)
    }

    /// An author's own fakes, as a local cloud, but for those that are spoken to in clear. A plugin
    /// asks for `https` all the same, and its rules are held against that.
    ///
    /// # Errors
    /// When an address is not on the loopback interface.
    pub fn stand_in(
        hosts: impl IntoIterator<Item = (String, SocketAddr, Scheme)>,
        ca: Vec<u8>,
    ) -> Result<Arc<Self>, EgressError> {
        Self::on_this_machine(hosts, None, ca, Faults::default())
    }

    fn on_this_machine(
        hosts: impl IntoIterator<Item = (String, SocketAddr, Scheme)>,
        source: Option<HostSource>,
        ca: Vec<u8>,
        faults: Faults,
    ) -> Result<Arc<Self>, EgressError> {
        let hosts = hosts.into_iter().map(|(host, at, scheme)| (host.to_ascii_lowercase(), (at, scheme)));
        let hosts: BTreeMap<_, _> = hosts.collect();
        match hosts.values().find(|(address, _)| !address.ip().is_loopback()) {
            Some((outside, _)) => Err(EgressError::NotLoopback(*outside)),
            None => Ok(Self::new(Route::Rehearsal { hosts: RwLock::new(hosts), source, ca, faults })),
        }
    }

    fn new(route: Route) -> Arc<Self> {
        Arc::new(Self { route, counts: Counts::default(), rates: Rates::default() })
    }

    /// How many calls reached a cloud.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// A client for one plugin use.
    pub(crate) fn client(self: &Arc<Self>) -> Result<reqwest::Client, EgressError> {
        self.client_with(None, None, None)
    }

    /// A client for a host that the operator named as an endpoint: it alone may have a private address.
    pub(crate) fn client_to(self: &Arc<Self>, endpoint: &str) -> Result<reqwest::Client, EgressError> {
        self.client_with(Some(endpoint), None, None)
    }

    /// A client for a cluster: `ca` (PEM) alone is trusted, if it is given, and `identity` is the certificate
    /// that it shows with its key. `named` is its host, where the operator named it.
    pub(crate) fn client_of_cluster(
        self: &Arc<Self>,
        named: Option<&str>,
        ca: Option<&[u8]>,
        identity: Option<&[u8]>,
    ) -> Result<reqwest::Client, EgressError> {
        self.client_with(named, ca, identity)
    }

    fn client_with(
        self: &Arc<Self>,
        endpoint: Option<&str>,
        ca: Option<&[u8]>,
        identity: Option<&[u8]>,
    ) -> Result<reqwest::Client, EgressError> {
        let endpoint = endpoint.map(str::to_ascii_lowercase);
        // An error says that one is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .dns_resolver(Arc::new(Gate { transport: Arc::clone(self), endpoint }))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .no_gzip()
            .referer(false)
            .connect_timeout(CONNECT_TIME)
            .pool_idle_timeout(IDLE_TIME)
            // A repeat that nobody asked for could make something twice.
            .retry(reqwest::retry::never())
            .user_agent(concat!("maps/", env!("CARGO_PKG_VERSION")));
        let failed = |error: reqwest::Error| EgressError::Client(error.to_string());
        let own = match &self.route {
            Route::Rehearsal { ca, .. } => Some(ca.as_slice()),
            Route::Live { .. } => None,
        };
        if let Some(trusted) = ca.or(own) {
            builder = builder.tls_certs_only(reqwest::Certificate::from_pem_bundle(trusted).map_err(failed)?);
        }
        if let Some(identity) = identity {
            builder = builder.identity(reqwest::Identity::from_pem(identity).map_err(failed)?);
        }
        builder.build().map_err(|error| EgressError::Client(error.to_string()))
    }

    /// What can be refused before anything is resolved: a host that is an address, and a host or
    /// port that a rehearsal does not know.
    pub(crate) fn check(&self, url: &RequestUrl) -> Result<(), EgressError> {
        match &self.route {
            Route::Live { private, .. } => {
                let literal = url.host().trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
                literal.map_or(Ok(()), |address| check_address(url.host(), address, private.contains(url.host())))
            }
            Route::Rehearsal { .. } => {
                let known = self.played(url.host()).is_some() && url.as_url().port().is_none();
                let host = format!("{}:{}", url.host(), url.port());
                if known { Ok(()) } else { Err(EgressError::Unrehearsed { host }) }
            }
        }
    }

    /// The same for a cluster's server, which may have a private address if the operator named it.
    pub(crate) fn check_server(&self, url: &RequestUrl, named: bool) -> Result<(), EgressError> {
        match &self.route {
            Route::Live { .. } if named => {
                let literal = url.host().trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
                literal.map_or(Ok(()), |address| check_address(url.host(), address, true))
            }
            _ => self.check(url),
        }
    }

    /// The same for a host that the operator named as an endpoint. A rehearsal has none.
    pub(crate) fn check_endpoint(&self, endpoint: &Url) -> Result<(), EgressError> {
        let host = endpoint.host_str().unwrap_or_default();
        match &self.route {
            Route::Live { .. } => {
                let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
                literal.map_or(Ok(()), |address| check_address(host, address, true))
            }
            Route::Rehearsal { .. } => Err(EgressError::Unrehearsed { host: host.to_owned() }),
        }
    }

    /// Where a host of the rehearsal is, by now.
    fn played(&self, host: &str) -> Option<(SocketAddr, Scheme)> {
        let Route::Rehearsal { hosts, source, .. } = &self.route else { return None };
        let found = played(&hosts.read().unwrap_or_else(PoisonError::into_inner), host);
        let (None, Some(source)) = (found, source) else { return found };
        // What is not on this machine is no part of a local cloud, whoever says so.
        let near = source().into_iter().filter(|(_, at)| at.ip().is_loopback());
        let now: Played = near.map(|(host, at)| (host.to_ascii_lowercase(), (at, Scheme::Https))).collect();
        let found = played(&now, host);
        *hosts.write().unwrap_or_else(PoisonError::into_inner) = now;
        found
    }

    /// Sends a request and returns when the answer begins.
    pub(crate) async fn send(
        &self,
        client: &reqwest::Client,
        half: Half,
        mut request: reqwest::Request,
    ) -> Result<Sent<'_>, Problem> {
        let faults = match &self.route {
            Route::Rehearsal { faults, .. } => {
                let scheme = request.url().host_str().and_then(|host| self.played(host)).map(|(_, scheme)| scheme);
                // It was decided on as what it stands for; only the way to this machine's own port differs.
                if scheme == Some(Scheme::Http) && request.url_mut().set_scheme("http").is_err() {
                    return Err(Problem::new(
                        Class::Invalid,
                        "request-malformed",
                        "the request cannot be sent as it is",
                    ));
                }
                Some((faults, faults.next_call(half)))
            }
            Route::Live { .. } => None,
        };
        pass(faults, Point::Before).await;
        let result = client.execute(request).await;
        // What was never connected did not reach a cloud; whatever else failed may have.
        if result.as_ref().map_or_else(|error| !error.is_connect(), |_| true) {
            self.counts.add(half);
        }
        let response = result.map_err(|error| problem(&error))?;
        pass(faults, Point::Sent).await;
        Ok(Sent { response, faults })
    }
}

/// Where a host of the rehearsal is; `*.` before one stands for any one label, such as a bucket.
fn played(hosts: &Played, host: &str) -> Option<(SocketAddr, Scheme)> {
    hosts.get(host).or_else(|| hosts.get(&format!("*.{}", host.split_once('.')?.1))).copied()
}

async fn pass(faults: Option<(&Faults, Call)>, point: Point) {
    if let Some((faults, call)) = faults {
        faults.pass(point, call).await;
    }
}

/// An answer that has begun.
pub(crate) struct Sent<'t> {
    pub(crate) response: reqwest::Response,
    faults: Option<(&'t Faults, Call)>,
}

impl Sent<'_> {
    /// To be called when the whole answer has been read.
    pub(crate) async fn replied(&self) {
        pass(self.faults, Point::Replied).await;
    }
}

/// Hands out addresses, after checking them.
struct Gate {
    transport: Arc<Transport>,
    /// The one host that the client is for, where the operator named it.
    endpoint: Option<String>,
}

impl Resolve for Gate {
    fn resolve(&self, name: Name) -> Resolving {
        let transport = Arc::clone(&self.transport);
        let host = name.as_str().to_ascii_lowercase();
        let named = self.endpoint.as_deref() == Some(&*host);
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = match &transport.route {
                Route::Live { resolver, private } => {
                    let addresses = resolver.resolve(&host).await?;
                    // One bad address among good ones is a reason to trust none of them.
                    let allowed = named || private.contains(&host);
                    addresses.iter().try_for_each(|address| check_address(&host, *address, allowed))?;
                    addresses.into_iter().map(|address| SocketAddr::new(address, 0)).collect()
                }
                Route::Rehearsal { .. } => {
                    vec![transport.played(&host).ok_or(EgressError::Unrehearsed { host })?.0]
                }
            };
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
