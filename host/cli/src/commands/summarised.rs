//! What every command ends with: a summary, whatever happened before.

use std::time::Instant;

use crate::compose;
use crate::error::{Exit, Failure};
use crate::render::Screen;
use crate::render::summary::Summary;

/// Carries the command out and says what came of it. A failure is told before the summary, so
/// that the summary is the last line in every case.
pub(super) fn summarised(
    command: &'static str,
    screen: &Screen,
    carry_out: impl FnOnce(&mut Summary) -> Result<Exit, Failure>,
) -> Exit {
    let began = Instant::now();
    let mut summary = Summary { command, ..Summary::default() };
    let exit = carry_out(&mut summary).unwrap_or_else(|failure| {
        screen.failure(&failure);
        failure.exit()
    });
    summary.duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    summary.exit = exit.code();
    screen.summary(&summary);
    exit
}

/// The same for a command that waits for things.
pub(super) fn awaited(
    command: &'static str,
    screen: &Screen,
    carry_out: impl AsyncFnOnce(&mut Summary) -> Result<Exit, Failure>,
) -> Exit {
    summarised(command, screen, |summary| compose::block_on(carry_out(summary)))
}
