//! A cluster that calls go to: its server, who it is trusted by and as whom it is called, and which kinds it has.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use maps_engine::capability::{Family, Half, RequestUrl};
use maps_engine::{Class, Problem};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use super::kubeconfig::Kubeconfig;
use crate::capability::http::{Added, HttpCapability};
use crate::capability::outgoing::Refused;
use crate::scope::CallScope;

/// Calls that are under way at one cluster for one plugin. An API server shares out its seats by who asks
/// (API priority and fairness); kubectl and helm take about as many.
const FLIGHTS: usize = 16;
/// Kubeconfigs that one plugin keeps connections for; a run has one or two.
const CLUSTERS: usize = 16;

/// A kind as discovery has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::capability) struct ApiResource {
    pub(in crate::capability) group: String,
    pub(in crate::capability) version: String,
    pub(in crate::capability) kind: String,
    /// The plural.
    pub(in crate::capability) name: String,
    pub(in crate::capability) namespaced: bool,
    pub(in crate::capability) verbs: Vec<String>,
}

/// The clusters of one plugin use, by the digest of what the kubeconfig's handle stands for.
#[derive(Default)]
pub(in crate::capability) struct Clusters(Mutex<BTreeMap<[u8; 32], Arc<Cluster>>>);

/// One of them.
pub(super) struct Cluster {
    /// `https://…`, without a slash at its end.
    base: String,
    pub(super) host: String,
    pub(super) client: reqwest::Client,
    token: Option<HeaderValue>,
    /// What answers must not repeat.
    pub(super) secrets: Vec<String>,
    /// Has the operator named it, so that it may have a private address?
    named: bool,
    pub(super) flights: Semaphore,
    /// By `apiVersion`.
    known: Mutex<BTreeMap<String, Arc<Vec<ApiResource>>>>,
}

impl HttpCapability {
    /// The cluster that a handle stands for, connected to by nothing yet.
    pub(super) fn cluster(&self, scope: &CallScope, half: Half, handle: &str) -> Result<Arc<Cluster>, Refused> {
        // A refusal names the rule that the call would have come under.
        let rule = self.effective.rules_of(Family::Kube).find(|rule| rule.effect == half.effect());
        let refused = |problem: Problem| Refused {
            problem: problem.into(),
            summary: None,
            rule: rule.map(|rule| rule.id.clone()),
        };
        let under = rule.map_or_else(String::new, |rule| format!(" for its rule `{}`", rule.id));
        let Some(value) = scope.seals().open(handle).cloned() else {
            let message = format!("the kubeconfig's handle that the plugin names{under} was not given to this call");
            let help = "a cluster is named by the handle of a sealed kubeconfig: `Cluster::new(&secret)`";
            return Err(refused(Problem::new(Class::Denied, "foreign-handle", message).help(help)));
        };
        let text = serde_json::to_vec(&value).map_err(|error| refused(super::internal(&error.to_string())))?;
        let digest: [u8; 32] = Sha256::digest(&text).into();
        if let Some(known) = self.clusters.0.lock().unwrap_or_else(PoisonError::into_inner).get(&digest) {
            return Ok(Arc::clone(known));
        }
        let config = Kubeconfig::read(&value).map_err(|refusal| {
            let message = format!("the kubeconfig that the plugin {} names{under} is refused: {refusal}", scope.plugin);
            let help = "a kubeconfig has the server with its CA, and a token or a client certificate, all inline; \
                        make one with a service account's token";
            refused(Problem::new(Class::Denied, refusal.code, message).help(help))
        })?;
        let cluster = Arc::new(self.connected(config).map_err(refused)?);
        let mut clusters = self.clusters.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A kubeconfig whose token is new each time is another cluster each time: what was is connected to anew.
        if clusters.len() >= CLUSTERS {
            clusters.clear();
        }
        Ok(Arc::clone(clusters.entry(digest).or_insert(cluster)))
    }

    fn connected(&self, config: Kubeconfig) -> Result<Cluster, Problem> {
        let Kubeconfig { server, ca, token, identity, secrets } = config;
        let named = self.effective.names_server(server.host());
        let host = server.host().to_owned();
        let client =
            self.transport.client_of_cluster(named.then_some(host.as_str()), ca.as_deref(), identity.as_deref())?;
        let token = token.map(|token| {
            let mut value = HeaderValue::from_str(&format!("Bearer {token}"))?;
            value.set_sensitive(true);
            Ok::<_, reqwest::header::InvalidHeaderValue>(value)
        });
        let token = token.transpose().map_err(|error| super::internal(&error.to_string()))?;
        let base = server.as_url().as_str().trim_end_matches('/').to_owned();
        let (flights, known) = (Semaphore::new(FLIGHTS), Mutex::default());
        let cluster = Cluster { base, host, client, token, secrets, named, flights, known };
        self.transport.check_server(&server, named)?;
        Ok(cluster)
    }
}

impl Cluster {
    /// The URL below the server, in the strict form in which everything that leaves is taken apart.
    pub(super) fn url(&self, path: &str) -> Result<RequestUrl, Problem> {
        let url = RequestUrl::parse(&format!("{}{path}", self.base));
        url.map_err(|error| super::invalid("kube-path", format!("the call's path is refused: {error}")))
    }

    /// Can this run reach it now? In a rehearsal clusters come and go.
    pub(super) fn reached(&self, http: &HttpCapability, url: &RequestUrl) -> Result<(), Problem> {
        Ok(http.transport.check_server(url, self.named)?)
    }

    /// As whom it is called.
    pub(super) fn added(&self) -> Added {
        self.token.clone().map_or(Added::Nothing, |token| Added::Header(AUTHORIZATION, token))
    }

    /// What is known of a group's version.
    pub(super) fn known(&self, api_version: &str) -> Option<Arc<Vec<ApiResource>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(api_version).cloned()
    }

    pub(super) fn learn(&self, api_version: &str, resources: Vec<ApiResource>) -> Arc<Vec<ApiResource>> {
        let learned = Arc::new(resources);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(api_version.to_owned(), Arc::clone(&learned));
        learned
    }

    /// What was known turned out to be no longer so.
    pub(super) fn forget(&self, api_version: &str) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(api_version);
    }
}

#[derive(Deserialize)]
struct ApiResourceList {
    #[serde(default)]
    resources: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    name: String,
    kind: String,
    #[serde(default)]
    namespaced: bool,
    #[serde(default)]
    verbs: Vec<String>,
}

/// What discovery says of a group's version. Subresources are left out: none is ever called.
pub(super) fn listed(api_version: &str, body: &[u8]) -> Result<Vec<ApiResource>, Problem> {
    let list: ApiResourceList = serde_json::from_slice(body).map_err(|_| unreadable())?;
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let kept = list.resources.into_iter().filter(|item| is_plain(&item.name));
    let each = kept.map(|item| ApiResource {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: item.kind,
        name: item.name,
        namespaced: item.namespaced,
        verbs: item.verbs,
    });
    Ok(each.collect())
}

/// Is it a plural? It goes into paths and is held against rules: what is no plain word of DNS is none.
pub(super) fn is_plain(plural: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !plural.is_empty() && plural.bytes().all(plain)
}

pub(super) fn unreadable() -> Problem {
    Problem::new(Class::Internal, "kube-answer", "what the server says of its kinds cannot be read")
}
