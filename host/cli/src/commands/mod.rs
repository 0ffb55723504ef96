//! One command a file; each returns how the process ends.

mod cloud_counts;
mod cloud_inventory;
mod cloud_serve;
mod completions;
mod output;

use std::sync::Arc;

use crate::args::{CloudCommand, Command};
use crate::error::{Exit, Failure};
use crate::render::Screen;

/// Carries out a command.
pub(crate) fn dispatch(command: Command, screen: &Arc<Screen>) -> Result<Exit, Failure> {
    match command {
        Command::Completions(args) => Ok(completions::completions(args, screen)),
        Command::Cloud(CloudCommand::Serve { dir, faults }) => cloud_serve::cloud_serve(&dir, &faults, screen),
        Command::Cloud(CloudCommand::Inventory { dir }) => cloud_inventory::cloud_inventory(&dir, screen),
        Command::Cloud(CloudCommand::Counts { dir }) => cloud_counts::cloud_counts(&dir, screen),
        Command::Output(args) => output::output(&args, screen),
        _ => Err(Failure::usage("not wired yet")),
    }
}
