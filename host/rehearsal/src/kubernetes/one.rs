//! One cluster: who it is, and its API server once somebody asks.

use std::sync::{Arc, Mutex};

use maps_cluster::{Cluster, Moment, Options, Outside};
use serde_json::Value;

use super::outside::Cloud;
use super::{STANDING, STANDING_HOST, keep};
use crate::digitalocean::{CLUSTER_CA, Played};
use crate::error::Error;
use crate::server::{Shared, lock};
use crate::tls::Authority;

/// Who a cluster is.
#[derive(Clone)]
pub(crate) struct Identity {
    /// Its id.
    pub(crate) id: String,
    /// Its logical host.
    pub(crate) host: String,
    /// The administrator's token.
    pub(crate) token: String,
    /// Who signs its certificate: PEM of the certificate and of its key.
    pub(crate) authority: Authority,
    /// What it has from the start, beside what every cluster has.
    pub(crate) objects: Vec<Value>,
}

impl std::fmt::Debug for Identity {
    /// Without the secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Identity {
    /// A cluster of DigitalOcean's.
    pub(super) fn of(cluster: &Played) -> Self {
        let authority = Authority::of(&cluster.ca_pem, &cluster.ca_key_pem, CLUSTER_CA);
        Self {
            id: cluster.id.clone(),
            host: cluster.host.clone(),
            token: cluster.token.clone(),
            authority,
            objects: Vec::new(),
        }
    }

    /// The standing cluster.
    pub(super) fn standing(token: String, authority: Authority) -> Self {
        Self { id: STANDING.to_owned(), host: STANDING_HOST.to_owned(), token, authority, objects: Vec::new() }
    }
}

/// One cluster.
#[derive(Debug)]
pub(crate) struct One {
    identity: Identity,
    outside: Arc<Cloud>,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    /// Nobody has asked yet; these nodes it is to have.
    Asleep(Vec<Value>),
    /// It answers.
    Awake(Cluster),
    /// It is gone.
    Gone,
}

impl One {
    /// A cluster that nobody has asked yet.
    pub(super) fn new(identity: Identity, nodes: Vec<Value>, outside: Arc<Cloud>) -> Self {
        Self { identity, outside, state: Mutex::new(State::Asleep(nodes)) }
    }

    /// Its id.
    pub(super) fn id(&self) -> &str {
        &self.identity.id
    }

    /// Its logical host.
    pub(super) fn host(&self) -> &str {
        &self.identity.host
    }

    /// Who signs its certificate.
    pub(super) fn authority(&self) -> &Authority {
        &self.identity.authority
    }

    /// Its API server, opened now if it was not yet; `None` when the cluster is gone. Waits for the disk.
    pub(super) fn open(&self, shared: &Arc<Shared>, address: &str) -> Result<Option<Cluster>, Error> {
        let mut state = lock(&self.state);
        let nodes = match &*state {
            State::Awake(cluster) => return Ok(Some(cluster.clone())),
            State::Gone => return Ok(None),
            State::Asleep(nodes) => nodes.clone(),
        };
        let clock = {
            let shared = Arc::downgrade(shared);
            move || {
                let now = shared.upgrade().map(|shared| shared.now());
                let (real, moved) = now.map_or((0, 0), |now| (now.real_ms, now.virtual_ms));
                Moment { unix_ms: i64::try_from(real).unwrap_or(i64::MAX), virtual_ms: moved }
            }
        };
        let signing = keep::signing(shared, self.id())?;
        let options = Options {
            clock: Arc::new(clock),
            admin_token: self.identity.token.clone(),
            signing,
            authority: self.identity.authority.certificate_pem().to_owned(),
            address: address.to_owned(),
            objects: super::nodes::classes().into_iter().chain(self.identity.objects.clone()).collect(),
            outside: Some(Arc::clone(&self.outside) as Arc<dyn Outside>),
        };
        let kept = keep::kept(shared, self.id());
        let persist = Box::new(keep::Kept::new(shared, self.id()));
        let cluster = Cluster::open(options, kept, persist).map_err(Error::io("open", "a cluster"))?;
        cluster.set_nodes(nodes);
        *state = State::Awake(cluster.clone());
        Ok(Some(cluster))
    }

    /// Says which nodes there are.
    pub(super) fn set_nodes(&self, nodes: Vec<Value>) {
        let cluster = match &mut *lock(&self.state) {
            State::Awake(cluster) => cluster.clone(),
            State::Asleep(known) => {
                *known = nodes;
                return;
            }
            State::Gone => return,
        };
        cluster.set_nodes(nodes);
    }

    /// Lets its controllers do what is due.
    pub(super) fn tick(&self) {
        let cluster = match &*lock(&self.state) {
            State::Awake(cluster) => cluster.clone(),
            State::Asleep(_) | State::Gone => return,
        };
        cluster.tick();
    }

    /// Answers no more.
    pub(super) fn close(&self) {
        *lock(&self.state) = State::Gone;
    }
}
