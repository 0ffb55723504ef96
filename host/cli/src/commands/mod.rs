//! One command a file; each returns how the process ends.

mod completions;

use std::sync::Arc;

use crate::args::Command;
use crate::error::{Exit, Failure};
use crate::render::Screen;

/// Carries out a command.
pub(crate) fn dispatch(command: Command, screen: &Arc<Screen>) -> Result<Exit, Failure> {
    match command {
        Command::Completions(args) => Ok(completions::completions(args, screen)),
        _ => Err(Failure::usage("not wired yet")),
    }
}
