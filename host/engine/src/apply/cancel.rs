//! Stopping a run in good order.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use futures::task::AtomicWaker;

/// Asks a run to finish what is in flight, save, and end. Clones ask the same run.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<State>);

#[derive(Debug, Default)]
struct State {
    asked: AtomicBool,
    waker: AtomicWaker,
}

impl Cancel {
    /// Asks.
    pub fn cancel(&self) {
        self.0.asked.store(true, Ordering::Release);
        self.0.waker.wake();
    }

    /// Was it asked?
    pub fn is_cancelled(&self) -> bool {
        self.0.asked.load(Ordering::Acquire)
    }

    /// Returns once it is asked. One run waits at a time.
    pub(crate) async fn asked(&self) {
        poll_fn(|context| {
            self.0.waker.register(context.waker());
            if self.is_cancelled() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}
