//! `maps`: reads the command line, carries the command out, and says how it ended.
//!
//! Nothing is set up here that a command may not need: no async runtime, no sandbox, no network.

mod approval;
mod args;
mod aws;
mod carried;
mod cloud;
mod commands;
mod compose;
mod connect;
mod declared;
mod error;
mod faults;
mod guest;
mod inspected;
mod interrupt;
mod layout;
mod pins;
mod plant;
mod rehearse;
mod render;
mod source;
mod spaces;
mod stackfile;
mod stage;
mod time;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;
use clap::error::ErrorKind;

use crate::args::{Args, Color, Output};
use crate::error::{Exit, Failure};
use crate::render::Screen;

fn main() -> ExitCode {
    let exit = match Args::try_parse() {
        Ok(args) => commands::dispatch(args.command, &Arc::new(Screen::new(args.output, args.color))),
        Err(error) => explained(&error),
    };
    ExitCode::from(exit.code())
}

/// Help and versions are results; anything else failed. clap's own code for a wrong command line
/// is 2, which scripts of ours read as "differences found".
fn explained(error: &clap::Error) -> Exit {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // A closed stream leaves nobody to tell.
        let _ = error.print();
        return Exit::Done;
    }
    if !asks_for_json() {
        let _ = error.print();
        return Exit::Failed;
    }
    let text = error.render().to_string();
    let (message, help) = text.split_once("\n\n").unwrap_or((&text, ""));
    let message = message.trim().trim_start_matches("error: ");
    commands::not_understood(Failure::usage_help(message, help.trim()), &Screen::new(Output::Json, Color::Never))
}

/// Does a command line that cannot be parsed ask for JSON all the same?
fn asks_for_json() -> bool {
    let words: Vec<_> = std::env::args_os().collect();
    words.iter().any(|word| word == "--output=json")
        || words.windows(2).any(|pair| pair[0] == "--output" && pair[1] == "json")
}
