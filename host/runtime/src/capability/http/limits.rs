//! What one HTTP call may use.

use std::time::Duration;

/// The limits of HTTP calls; tests lower them.
#[derive(Clone, Debug)]
pub struct HttpLimits {
    /// Bytes of an answer, on the wire and unpacked. A list of 500 objects has about 1 MiB, the index of a large
    /// repository of charts 10 to 20.
    pub response_bytes: usize,
    /// Bytes of all answers of one `send`, after which no further request leaves: the host holds
    /// them until the last is there.
    pub answers_bytes: usize,
    /// How many times larger an answer may become by unpacking, once it is past [`FREE_BYTES`].
    /// JSON shrinks to a twentieth at best.
    pub response_ratio: usize,
    /// Time for one call, from the first byte sent to the last one received: the slowest honest
    /// calls of the clouds we know take half of it.
    pub call_time: Duration,
    /// Calls side by side of one `send`: enough to hide latency, too few to hurt a service.
    pub concurrency: usize,
    /// Calls that one guest call may make: a batch of 50 objects with a page of each, many times over.
    pub calls: u32,
    /// Calls a second to one host with one credential; below what the clouds we know allow.
    pub rate: u32,
    /// Calls that may go at once before the rate applies.
    pub burst: u32,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            response_bytes: 32 << 20,
            answers_bytes: 48 << 20,
            response_ratio: 100,
            call_time: Duration::from_secs(60),
            concurrency: 16,
            calls: 2_000,
            rate: 50,
            burst: 100,
        }
    }
}

/// An unpacked answer below this is no bomb, however small it was on the wire.
pub(super) const FREE_BYTES: usize = 256 << 10;
/// Bytes of a request's body: a Kubernetes object is at most 1.5 MiB.
pub(super) const REQUEST_BYTES: usize = 4 << 20;
/// Headers that a guest may set: real calls set two or three.
pub(super) const HEADERS: usize = 32;
/// Bytes of one header's value: servers stop at 8 KiB.
pub(super) const HEADER_BYTES: usize = 4 << 10;
