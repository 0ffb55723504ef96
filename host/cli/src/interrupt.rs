//! Ctrl-C, and its kin from CI runners. Before anything is changed it ends the command. While a plan is
//! applied, the first lets the run finish what is in flight and save, the second ends the process at
//! once; the journal recovers from either.

use std::future::Future;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::error::{Exit, Failure};

/// Does what changes nothing outside, and gives it up at the first signal.
pub(crate) async fn unless_interrupted<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let [mut interrupt, mut terminate] = signals().map_err(Failure::file("the signals of this process"))?;
    tokio::select! {
        done = work => Ok(done),
        () = either(&mut interrupt, &mut terminate) => Err(Failure::Interrupted),
    }
}

/// Waits for a person, on a thread that nobody has to wait for: once signals are listened to, they
/// no longer end a read by themselves.
pub(crate) async fn asked<T: Send + 'static>(ask: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    let (answer, answered) = oneshot::channel();
    std::thread::spawn(move || {
        // Nobody listens any more when the command was interrupted.
        let _ = answer.send(ask());
    });
    // A thread that panicked has said nothing, which is no consent.
    unless_interrupted(answered).await?.map_err(|_| Failure::NobodyToAsk)
}

/// Listens until dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    task: JoinHandle<()>,
}

impl Listener {
    /// Calls `first` at the first signal; the second one ends the process.
    pub(crate) fn start(first: impl FnOnce() + Send + 'static) -> std::io::Result<Self> {
        let [mut interrupt, mut terminate] = signals()?;
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

fn signals() -> std::io::Result<[Signal; 2]> {
    Ok([signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?])
}

async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}
