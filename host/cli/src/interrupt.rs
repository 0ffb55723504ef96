//! Ctrl-C, and its kin from CI runners: the first lets a run finish what is in flight and save, the
//! second ends the process at once. The journal recovers from either.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

use crate::error::Exit;

/// Listens until dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    task: JoinHandle<()>,
}

impl Listener {
    /// Calls `first` at the first signal; the second one ends the process.
    pub(crate) fn start(first: impl FnOnce() + Send + 'static) -> std::io::Result<Self> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let task = tokio::spawn(async move {
            either(&mut interrupt, &mut terminate).await;
            first();
            either(&mut interrupt, &mut terminate).await;
            std::process::exit(Exit::Interrupted.code().into());
        });
        Ok(Self { task })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}
