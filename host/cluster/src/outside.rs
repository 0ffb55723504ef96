//! What programs in a cluster reach outside of it.

use bytes::Bytes;
use http::{Request, Response};

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
}
