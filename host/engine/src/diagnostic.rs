//! A message about something a person wrote: what is wrong, where, and what to do.

use std::sync::Arc;

use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Nothing happens until it is mended.
    Error,
    /// It works and is probably not meant.
    Warning,
}

/// A place in a text that somebody wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Span {
    /// The file, as the user named it.
    pub file: Arc<str>,
    /// Byte offset of the first character.
    pub start: usize,
    /// Byte offset past the last character.
    pub end: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How bad.
    pub severity: Severity,
    /// Stable, in kebab-case: `unknown-key`.
    pub code: &'static str,
    /// What is wrong, in one sentence.
    pub message: String,
    /// Where, if it is in a file.
    pub span: Option<Span>,
    /// Other places that belong to it, each with what is there: `first defined here`.
    pub related: Vec<(Span, String)>,
    /// What to do.
    pub help: Option<String>,
}
