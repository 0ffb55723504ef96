//! What programs in a cluster reach outside of it.

use std::net::IpAddr;

use bytes::Bytes;
use http::{Request, Response};

/// What an ACME server is to certify.
#[derive(Debug, Clone, Copy)]
pub struct Certify<'a> {
    /// Host names; the first is the subject.
    pub names: &'a [String],
    /// The public key: a point on P-256, uncompressed.
    pub public_key: &'a [u8],
}

/// The world outside of a cluster, as a program in one of its Pods reaches it.
///
/// Everything is answered before the method returns: controllers run to rest within the request that moved them,
/// or when something is due.
pub trait Outside: Send + Sync + std::fmt::Debug {
    /// Sends one HTTP request, whose URI names scheme, host and path, as a client of that host would, with whatever
    /// signature it carries. An answer with any status is an answer.
    ///
    /// # Errors
    /// Why no answer came, in a client's words: `dial tcp: lookup example.com: no such host`.
    fn send(&self, request: &Request<Bytes>) -> Result<Response<Bytes>, String>;

    /// The addresses that public DNS has for a host, through the names that stand for others; none where it knows none.
    fn resolve(&self, _host: &str) -> Vec<IpAddr> {
        Vec::new()
    }

    /// The chain of certificates, as PEM, that the ACME server with this directory issues once the names are proven;
    /// without `wanted`, nothing: only that the server is there.
    ///
    /// # Errors
    /// Why the server could not be reached, or what it refuses.
    fn certify(&self, directory: &str, _wanted: Option<&Certify<'_>>) -> Result<String, String> {
        let host = directory.split('/').nth(2).unwrap_or_default();
        Err(format!("dial tcp: lookup {host}: no such host"))
    }

    /// Whether the call of a webhook that is about to be made finds nobody: a fault on request.
    fn loses_webhook(&self) -> bool {
        false
    }
}
