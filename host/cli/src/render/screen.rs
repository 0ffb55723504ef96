//! Standard output and standard error, and what they are: a terminal or not, with colour or not,
//! for people or for programs. Results go to the one, what went wrong to the other.

use std::io::{self, BufRead as _, IsTerminal as _};

use anstream::{AutoStream, ColorChoice};
use maps_engine::Diagnostic;
use serde::Serialize;
use serde_json::json;

use super::diagnostics::{self, Sources};
use super::outputs::OutputsView;
use super::rows::PlanView;
use super::style::{BAD, STRONG, paint};
use super::summary::Summary;
use super::{json, plan, text};
use crate::args::{Color, Output};
use crate::error::Failure;

/// Where everything is printed.
#[derive(Debug)]
pub(crate) struct Screen {
    output: Output,
    colour_out: bool,
    colour_err: bool,
    live: bool,
}

impl Screen {
    /// Looks at what the standard streams are.
    pub(crate) fn new(output: Output, color: Color) -> Self {
        let colour = |auto: ColorChoice| match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => auto != ColorChoice::Never,
        };
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            output,
            colour_out: colour(AutoStream::choice(&io::stdout())),
            colour_err: colour(AutoStream::choice(&io::stderr())),
            live: output == Output::Human && !dumb && io::stdout().is_terminal(),
        }
    }

    /// Is this for programs?
    pub(crate) fn is_json(&self) -> bool {
        self.output == Output::Json
    }

    /// May lines be drawn over?
    pub(crate) fn is_live(&self) -> bool {
        self.live
    }

    /// Prints text for people to standard output; nothing for programs.
    pub(crate) fn human(&self, text: &str) {
        if !self.is_json() {
            self.print(text);
        }
    }

    /// Prints an event for programs; nothing for people.
    pub(crate) fn event(&self, event: &impl Serialize) {
        if self.is_json() {
            self.print(&format!("{}\n", json::line(event)));
        }
    }

    /// Prints a document that is JSON for people too; for programs it is the one field of an event
    /// of its name.
    pub(crate) fn document(&self, name: &str, document: &impl Serialize) {
        if self.is_json() {
            return self.event(&json!({"event": name, name: document}));
        }
        let wide = serde_json::to_string_pretty(document).unwrap_or_else(|_| json::line(document));
        self.print(&format!("{}\n", wide.lines().map(text::json_line).collect::<Vec<_>>().join("\n")));
    }

    /// Draws over what stands on the terminal; `sequence` moves the cursor and is written as it is.
    pub(crate) fn live(&self, sequence: &str, text: &str) {
        put(&mut io::stdout().lock(), sequence);
        self.print(text);
    }

    /// A plan, under what it is a plan of.
    pub(crate) fn plan(&self, title: &str, view: &PlanView) {
        match self.output {
            Output::Human => self.print(&format!("{title}\n\n{}", plan::tree(view))),
            Output::Json => json::plan(view).iter().for_each(|event| self.event(event)),
        }
    }

    /// A stack's outputs after a run.
    pub(crate) fn outputs(&self, view: &OutputsView) {
        match self.output {
            Output::Human if view.is_empty() => {}
            Output::Human => self.print(&format!("\n{}\n{}\n", paint(STRONG, "outputs"), view.page())),
            Output::Json => view.events().iter().for_each(|event| self.event(event)),
        }
    }

    /// The last thing said.
    pub(crate) fn summary(&self, summary: &Summary) {
        match self.output {
            Output::Human if summary.has_run => self.print(&summary.line()),
            Output::Human => {}
            Output::Json => {
                let mut event = json!({"event": "summary"});
                if let (Some(event), Ok(serde_json::Value::Object(figures))) =
                    (event.as_object_mut(), serde_json::to_value(summary))
                {
                    event.extend(figures);
                }
                self.event(&event);
            }
        }
    }

    /// Messages about what somebody wrote.
    pub(crate) fn diagnostics(&self, diagnostics: &[Diagnostic], sources: &Sources) {
        if diagnostics.is_empty() {
            return;
        }
        match self.output {
            Output::Human => self.complain(&diagnostics::draw(diagnostics, sources)),
            Output::Json => {
                for diagnostic in diagnostics {
                    self.event(&json!({"event": "diagnostic", "diagnostic": diagnostic}));
                }
            }
        }
    }

    /// Why a command failed.
    pub(crate) fn failure(&self, failure: &Failure) {
        if let Some((diagnostics, sources)) = failure.diagnostics() {
            self.diagnostics(diagnostics, sources);
            return;
        }
        let message = failure.to_string();
        match self.output {
            Output::Human => {
                let mut page = format!("{} {}\n", paint(BAD.bold(), "error:"), text::block(&message));
                if let Some(help) = failure.help() {
                    page.push_str(&format!("{} {}\n", paint(STRONG, " help:"), text::block(&help)));
                }
                self.complain(&page);
            }
            Output::Json => self.event(&json!({
                "event": "error",
                "code": failure.code(),
                "message": message,
                "help": failure.help(),
                "exit": failure.exit().code(),
            })),
        }
    }

    /// Is there anybody to ask?
    pub(crate) fn can_ask(&self) -> bool {
        !self.is_json() && io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    /// Asks, if there is anybody to ask; none if not. Only the whole word is taken.
    pub(crate) fn asks(&self, question: &str) -> Option<bool> {
        if !self.can_ask() {
            return None;
        }
        self.print(&format!("\n{question} {} ", paint(STRONG, "Type yes:")));
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        Some(read.is_ok() && answer.trim() == "yes")
    }

    /// How many columns the terminal has.
    pub(crate) fn width(&self) -> usize {
        rustix::termios::tcgetwinsize(io::stdout()).map_or(80, |size| usize::from(size.ws_col).max(20))
    }

    /// Prints to standard output as it is, for people and programs alike.
    pub(crate) fn raw(&self, text: &str) {
        put(&mut io::stdout().lock(), text);
    }

    fn print(&self, text: &str) {
        put(&mut io::stdout().lock(), &in_colour(text, self.colour_out));
    }

    /// Prints text for people to standard error.
    pub(crate) fn complain(&self, text: &str) {
        put(&mut io::stderr().lock(), &in_colour(text, self.colour_err));
    }
}

fn in_colour(text: &str, colour: bool) -> String {
    if colour { text.to_owned() } else { anstream::adapter::strip_str(text).to_string() }
}

/// A reader that has gone away is no reason to stop a run, so what cannot be written is dropped.
fn put(stream: &mut impl io::Write, text: &str) {
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
}
