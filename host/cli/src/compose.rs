//! Composition: the only place that makes hosts, stores, clocks and credentials and hands them to
//! the engine.

use std::future::Future;

use crate::error::Failure;

/// Runs a command that waits for things. Commands that do not need it never make a runtime.
pub(crate) fn block_on<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(Failure::file("the threads of this process"))?.block_on(command)
}
