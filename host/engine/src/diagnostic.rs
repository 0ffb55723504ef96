//! A message about something a person wrote: what is wrong, where, and what to do.

use std::fmt;
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

/// More errors than this are counted and not shown: nobody reads them, and most have one cause.
pub const MAX_ERRORS: usize = 100;

/// Brings messages into the order in which people read them: errors first, then `main`'s file
/// before others, then by place. Says nothing twice, and not too much.
pub fn arrange(diagnostics: &mut Vec<Diagnostic>, main: &str) {
    diagnostics.sort_by_cached_key(|d| {
        let place = d.span.as_ref().map(|span| (&*span.file != main, span.file.clone(), span.start));
        (d.severity, place, d.code, d.message.clone())
    });
    diagnostics.dedup();
    for severity in [Severity::Error, Severity::Warning] {
        let all = diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
        if let Some(more) = all.checked_sub(MAX_ERRORS).filter(|more| *more > 0) {
            let mut kept = 0;
            diagnostics.retain(|diagnostic| {
                kept += usize::from(diagnostic.severity == severity);
                diagnostic.severity != severity || kept <= MAX_ERRORS
            });
            let note = Diagnostic::error("more", format!("and {more} more like these"));
            diagnostics.push(Diagnostic { severity, ..note });
        }
    }
}

impl Diagnostic {
    /// Something that must be mended first. `code` is stable and in kebab-case.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, code, message: message.into(), span: None, related: Vec::new(), help: None }
    }

    /// Something that works and is probably not meant.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// Says where.
    #[must_use]
    pub fn at(mut self, span: &Span) -> Self {
        self.span = Some(span.clone());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says what to do, if there is something to say.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    /// Points at another place that belongs to it.
    #[must_use]
    pub fn related(mut self, span: &Span, what: impl Into<String>) -> Self {
        self.related.push((span.clone(), what.into()));
        self
    }

    /// Does it forbid to go on?
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// The one of `known` that a misspelt `word` probably means.
///
/// Only near ones are worth saying: at most a third of the letters may differ, and a word of one
/// or two letters resembles everything.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Longer than any name we take; the distance costs the product of both lengths.
    const LONGEST: usize = 128;
    if word.len() > LONGEST {
        return None;
    }
    let budget = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .filter(|name| name.len() <= LONGEST && name.len().abs_diff(word.len()) <= 2 * budget)
        .map(|name| (strsim::damerau_levenshtein(word, name), name))
        .filter(|(distance, name)| *distance <= budget && *distance < name.chars().count())
        .min()
        .map(|(_, name)| name)
}

/// `did you mean …?`, or else the list of what there is, if that is short enough to help.
pub fn suggest<'a>(word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Option<String> {
    // A longer list is skipped by the reader anyway.
    const WORTH_LISTING: usize = 24;
    if let Some(name) = did_you_mean(word, known.clone()) {
        return Some(format!("did you mean `{name}`?"));
    }
    let mut names: Vec<&str> = known.into_iter().take(WORTH_LISTING + 1).collect();
    names.sort_unstable();
    (!names.is_empty() && names.len() <= WORTH_LISTING).then(|| format!("there is: {}", names.join(", ")))
}
