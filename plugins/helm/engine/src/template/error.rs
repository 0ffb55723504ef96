//! Why a template could not be read or evaluated, in Go's words and in those that Helm makes of them.

use std::fmt;

/// What a function puts around a message that is to be shown alone: `fail` and `required`.
pub(crate) const WARNING_START: &str = "HELM_ERR_START";
/// The end of such a message.
pub(crate) const WARNING_END: &str = "HELM_ERR_END";

/// A text that is no template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) message: String,
}

impl fmt::Display for ParseError {
    /// As Go says it: `template: q/templates/t.yaml:2: function "env" not defined`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "template: {}:{}: {}", self.name, self.line, self.message)
    }
}

impl std::error::Error for ParseError {}

impl ParseError {
    /// As Helm says it: `parse error at (q/templates/t.yaml:2): function "env" not defined`.
    ///
    /// Helm cuts Go's text at every colon and space, and shows the second part and the last.
    pub fn report(&self) -> String {
        let text = self.to_string();
        let location = text.split(": ").nth(1).unwrap_or_default();
        let message = text.rsplit(": ").next().unwrap_or_default();
        format!("parse error at ({location}): {message}")
    }
}

/// A failure while a template was evaluated.
#[derive(Clone, Debug, PartialEq)]
pub struct ExecError {
    /// The whole text, as Go says it: `template: q/templates/t.yaml:2:7: executing …`.
    pub message: String,
    /// Where in `message` the errors begin that it wraps, from the outermost inwards: each is the rest of the text.
    pub(crate) causes: Vec<usize>,
}

impl fmt::Display for ExecError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for ExecError {}

/// A place in a chain of errors, as Helm lays it out in up to three lines.
#[derive(PartialEq)]
struct Place<'a> {
    location: &'a str,
    /// The template's name in quotes, and what was evaluated, without its angle brackets.
    executed: Option<(&'a str, &'a str)>,
    message: &'a str,
}

impl ExecError {
    /// An error that wraps no other.
    pub(crate) fn plain(message: String) -> Self {
        Self { message, causes: Vec::new() }
    }

    /// As Helm says it: the message of `fail` alone, or the places of the chain one below the other. Where one of the
    /// errors in the chain is none of a template, Go's text stays as it is.
    pub fn report(&self) -> String {
        if !self.message.starts_with("template: ") || self.is_missing_template() {
            return self.message.clone();
        }
        let mut parts = self.message.splitn(3, ": ").skip(1);
        let (Some(location), Some(rest)) = (parts.next(), parts.next()) else {
            return self.message.clone();
        };
        if let Some(warning) = warning(rest) {
            return format!("execution error at ({location}): {warning}");
        }
        let starts = std::iter::once(0).chain(self.causes.iter().copied());
        let mut places: Vec<Place<'_>> = Vec::new();
        for start in starts {
            let Some(place) = self.message.get(start..).and_then(place) else {
                return self.message.clone();
            };
            if places.last() != Some(&place) {
                places.push(place);
            }
        }
        let mut out = String::new();
        for place in places {
            if !place.location.is_empty() {
                out.push_str(place.location);
                out.push_str("\n  ");
            }
            if let Some((template, node)) = place.executed {
                out.push_str(&format!("executing \"{template}\" at <{node}>:\n    "));
            }
            if !place.message.is_empty() {
                out.push_str(place.message);
                out.push('\n');
            }
        }
        out.trim().to_owned()
    }

    /// Go's error about a name that is not there is none of an execution.
    fn is_missing_template(&self) -> bool {
        self.message.starts_with("template: no template ")
    }
}

/// The message of `fail` or `required` in a text: from the first start to the last end.
fn warning(text: &str) -> Option<&str> {
    let (_, after) = text.split_once(WARNING_START)?;
    let (message, _) = after.rsplit_once(WARNING_END)?;
    Some(message)
}

/// Takes one of Go's texts apart.
fn place(text: &str) -> Option<Place<'_>> {
    let rest = text.strip_prefix("template: ")?;
    if rest.starts_with("no template ") {
        return Some(Place { location: "", executed: None, message: text });
    }
    if let Some((location, after)) = rest.split_once(": executing ")
        && let Some((template, after)) = after.strip_prefix('"').and_then(|after| after.split_once('"'))
        && let Some((node, message)) = after.strip_prefix(" at <").and_then(|after| after.split_once(">: "))
    {
        return Some(Place { location, executed: Some((template, node)), message: before_next(message) });
    }
    let (location, message) = rest.rsplit_once(": ")?;
    Some(Place { location, executed: None, message: before_next(message) })
}

/// A message without the error of a template that it wraps.
fn before_next(message: &str) -> &str {
    message.split_once(" template:").map_or(message, |(before, _)| before)
}
