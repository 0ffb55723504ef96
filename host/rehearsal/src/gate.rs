//! What is in flight, so that virtual time moves only between requests.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

/// Requests enter and leave; whoever closes the gate waits until all have left.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gate(Arc<RwLock<()>>);

/// Held by a request from its arrival until its answer is out.
#[derive(Debug)]
pub(crate) struct Pass(#[expect(dead_code, reason = "held for its drop")] OwnedRwLockReadGuard<()>);

/// Held while nothing is in flight; those that arrive meanwhile wait.
#[derive(Debug)]
pub(crate) struct Closed(#[expect(dead_code, reason = "held for its drop")] OwnedRwLockWriteGuard<()>);

impl Gate {
    /// Enters, after whoever is closing the gate has opened it again.
    pub(crate) async fn enter(&self) -> Pass {
        Pass(Arc::clone(&self.0).read_owned().await)
    }

    /// Closes once everything in flight has left; `None` when that takes too long.
    pub(crate) async fn close(&self, limit: Duration) -> Option<Closed> {
        tokio::time::timeout(limit, Arc::clone(&self.0).write_owned()).await.ok().map(Closed)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use futures::FutureExt;

    #[tokio::test]
    async fn closing_waits_for_those_inside_and_holds_back_those_outside() {
        let gate = Gate::default();
        let inside = gate.enter().await;
        let mut closing = Box::pin(gate.close(Duration::from_secs(60)));
        assert!((&mut closing).now_or_never().is_none());
        assert!(gate.enter().now_or_never().is_none());
        drop(inside);
        let closed = closing.await.unwrap();
        assert!(gate.enter().now_or_never().is_none());
        drop(closed);
        assert!(gate.enter().now_or_never().is_some());
    }

    #[tokio::test]
    async fn closing_gives_up_when_something_never_leaves() {
        let gate = Gate::default();
        let _inside = gate.enter().await;
        assert!(gate.close(Duration::ZERO).await.is_none());
        assert!(gate.enter().now_or_never().is_some());
    }
}
