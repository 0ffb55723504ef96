//! Time and randomness, as parameters.

use async_trait::async_trait;

/// Time as the engine needs it.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Unix milliseconds.
    fn now(&self) -> u64;

    /// Returns at `deadline` (Unix milliseconds by this clock) or soon after. `idle` says that
    /// nothing is in flight, so that nothing can happen before: then, and only then, a virtual
    /// clock may jump.
    async fn sleep_until(&self, deadline: u64, idle: bool);
}

/// Randomness as the engine needs it: tokens, operation ids, jitter.
pub trait Entropy: Send + Sync {
    /// Fills the buffer with bytes nobody can guess (in production).
    fn fill(&self, buffer: &mut [u8]);
}
