//! `maps`: reads the command line, carries the command out, and says how it ended.
//!
//! Nothing is set up here that a command may not need: no async runtime, no sandbox, no network.

mod args;
mod cloud;
mod commands;
mod compose;
mod connect;
mod error;
mod faults;
mod interrupt;
mod layout;
mod plant;
mod rehearse;
mod render;
mod source;
mod stackfile;
mod stage;
mod time;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;
use clap::error::ErrorKind;

use crate::args::Args;
use crate::error::Exit;
use crate::render::Screen;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return explained(&error),
    };
    let screen = Arc::new(Screen::new(args.output, args.color));
    let exit = commands::dispatch(args.command, &screen).unwrap_or_else(|failure| {
        screen.failure(&failure);
        failure.exit()
    });
    ExitCode::from(exit.code())
}

/// Help and versions are results; anything else failed. clap's own code for a wrong command line
/// is 2, which scripts of ours read as "differences found".
fn explained(error: &clap::Error) -> ExitCode {
    // A closed stream leaves nobody to tell.
    let _ = error.print();
    let told = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    ExitCode::from(if told { Exit::Done } else { Exit::Failed }.code())
}
