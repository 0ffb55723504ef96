//! `maps completions SHELL`: a script for the shell to source.

use clap::CommandFactory as _;
use serde_json::json;

use crate::args::{Args, CompletionsArgs};
use crate::error::Exit;
use crate::render::Screen;

/// Prints the script.
pub(crate) fn completions(args: CompletionsArgs, screen: &Screen) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "maps", &mut script);
    let script = String::from_utf8_lossy(&script);
    match screen.is_json() {
        true => screen.event(&json!({"event": "completions", "shell": args.shell.to_string(), "script": script})),
        false => screen.raw(&script),
    }
    Exit::Done
}
