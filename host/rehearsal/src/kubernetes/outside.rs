//! What programs in clusters reach: the cloud's own services, as any client would.

use std::net::IpAddr;
use std::sync::{Arc, Weak};

use bytes::Bytes;
use http::{Request, Response};
use maps_cluster::{Certify, Outside};

use crate::aws;
use crate::server::{Delivery, Shared, lock};
use crate::service::{Call, Service};
use crate::tls::Authority;

/// The name under which the requests of programs in clusters are counted, and faults are set for them: those of
/// clients are counted without them, so that what a fault hits does not hang on when a controller looked.
pub(crate) const NAME: &str = "controllers";

/// The name under which calls of webhooks in clusters are counted for faults: whatever is set, nobody answers.
pub(crate) const WEBHOOKS: &str = "webhooks";
/// The ACME servers that are played: those of Let's Encrypt.
const DIRECTORIES: [&str; 2] =
    ["https://acme-v02.api.letsencrypt.org/directory", "https://acme-staging-v02.api.letsencrypt.org/directory"];

/// The cloud's own services, as a program in a cluster reaches them.
#[derive(Debug)]
pub(super) struct Cloud {
    shared: Weak<Shared>,
    services: Arc<[Arc<dyn Service>]>,
    authority: Authority,
}

impl Cloud {
    /// Reaches this cloud; `authority` is who stands behind the ACME servers.
    pub(super) fn new(shared: &Arc<Shared>, services: &Arc<[Arc<dyn Service>]>, authority: &Authority) -> Self {
        Self { shared: Arc::downgrade(shared), services: Arc::clone(services), authority: authority.clone() }
    }

    /// The service of a host, or of what the host is in (a bucket's own name).
    fn find(&self, host: &str) -> Option<&Arc<dyn Service>> {
        let at = |wanted: &str| self.services.iter().find(|service| service.hosts().contains(&wanted));
        std::iter::successors(Some(host), |host| host.split_once('.').map(|(_, rest)| rest)).find_map(at)
    }
}

/// A request as services see it.
fn call(request: &Request<Bytes>) -> Call {
    let uri = request.uri();
    let raw_query = uri.query().unwrap_or_default().to_owned();
    Call {
        method: request.method().clone(),
        host: uri.authority().map(|authority| authority.as_str().to_owned()).unwrap_or_default(),
        path: uri.path().to_owned(),
        query: url::form_urlencoded::parse(raw_query.as_bytes()).into_owned().collect(),
        raw_query,
        headers: request.headers().clone(),
        body: request.body().clone(),
    }
}

impl Outside for Cloud {
    fn send(&self, request: &Request<Bytes>) -> Result<Response<Bytes>, String> {
        let host = request.uri().host().unwrap_or_default();
        let unknown = || format!("dial tcp: lookup {host}: no such host");
        let shared = self.shared.upgrade().ok_or_else(unknown)?;
        let service = self.find(host).ok_or_else(unknown)?;
        let call = call(request);
        let (effect, route) = service.classify(&call);
        let answer = match shared.admit(NAME, effect, &format!("{} {route}", service.name())) {
            Ok(Delivery::Lost) => {
                shared.answer(service.as_ref(), &call);
                return Err("EOF".to_owned());
            }
            Ok(Delivery::Plain | Delivery::Dripping) => shared.answer(service.as_ref(), &call),
            Err(trouble) => service.refuse(trouble, shared.now()),
        };
        let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        let asked = (request.method().to_string(), path, request.body());
        shared.tell(service.name(), asked, (answer.status, &answer.headers, &answer.body));
        let mut response = Response::new(answer.body);
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        Ok(response)
    }

    fn resolve(&self, host: &str) -> Vec<IpAddr> {
        let Some(shared) = self.shared.upgrade() else { return Vec::new() };
        let store = shared.store();
        // What cannot be read is told by whoever reads it for its own sake.
        aws::resolve(store.documents(), host).unwrap_or_default()
    }

    fn certify(&self, directory: &str, wanted: Option<&Certify<'_>>) -> Result<String, String> {
        let host = directory.split('/').nth(2).unwrap_or_default();
        if !DIRECTORIES.contains(&directory) {
            return Err(format!("dial tcp: lookup {host}: no such host"));
        }
        let Some(wanted) = wanted else { return Ok(String::new()) };
        let leaf = self.authority.certify(wanted.names, wanted.public_key).map_err(|error| error.to_string())?;
        Ok(format!("{leaf}{}", self.authority.certificate_pem()))
    }

    fn loses_webhook(&self) -> bool {
        let Some(shared) = self.shared.upgrade() else { return false };
        lock(&shared.faults).next(WEBHOOKS).is_some()
    }
}
