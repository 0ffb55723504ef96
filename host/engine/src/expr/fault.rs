//! What is wrong with an expression: where in its source, and as a message in the file.

use super::op::Extent;
use crate::diagnostic::{Diagnostic, Span};
use crate::stack::yaml;

/// What is wrong with an expression, and where in its source. Never shows a value: it may be secret.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    code: &'static str,
    message: String,
    at: Extent,
    help: Option<String>,
}

impl Fault {
    pub(super) fn new(code: &'static str, message: impl Into<String>, at: Extent) -> Self {
        Self { code, message: message.into(), at, help: None }
    }

    /// Must it be told whatever else the expression says?
    pub(super) fn is_final(&self) -> bool {
        self.code == "expression-too-costly"
    }

    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    pub(super) fn into_diagnostic(self, source: &str, span: &Span, exact: bool) -> Diagnostic {
        let mut span = span.clone();
        let (start, end) = (self.at.0.min(source.len()), self.at.1.min(source.len()));
        if let (true, Some(before)) = (exact, source.get(..start)) {
            span.end = span.start + end.max(start);
            span.start += start;
            match before.rsplit_once('\n') {
                // The expression goes on over lines, and its text is that of the file.
                Some((above, line)) => {
                    span.line += above.matches('\n').count() + 1;
                    span.column = 1 + line.chars().count();
                }
                None => span.column += before.chars().count(),
            }
        }
        Diagnostic::error(self.code, self.message).at(&span).maybe_help(self.help)
    }
}

/// What the parser says, at its place.
pub(super) fn parse_fault(source: &str, errors: &cel::ParseErrors) -> Fault {
    let Some(first) = errors.errors.first() else {
        return Fault::new("bad-expression", "this is not a CEL expression", (0, source.len()));
    };
    // Lines count from 1; the column is that of the character.
    let (line, column) = (usize::try_from(first.pos.0).unwrap_or(0), usize::try_from(first.pos.1).unwrap_or(0));
    let line_start: usize = source.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let start = source[line_start..]
        .char_indices()
        .nth(column.saturating_sub(1))
        .map_or(source.len().saturating_sub(1), |(offset, _)| line_start + offset);
    let fault = Fault::new("bad-expression", parse_message(&first.msg), (start, start + 1));
    if first.msg.contains("reserved identifier") {
        fault.help("write `resources[\"name\"]` for a resource whose name is a word of CEL")
    } else {
        fault
    }
}

/// The parser's message in words that need no grammar to be understood.
fn parse_message(message: &str) -> String {
    let message = message.lines().next().unwrap_or_default().trim_start_matches("Syntax error: ");
    let quoted = |text: &str| text.split('\'').nth(1).map(str::to_owned);
    let (before, after) = message.split_once(" expecting ").unwrap_or((message, ""));
    if let Some(word) = message.strip_prefix("reserved identifier: ") {
        return format!("`{}` is a word that CEL keeps for itself", yaml::shown(word));
    }
    match quoted(before) {
        Some(token) if message.starts_with("missing ") => format!("`{}` is missing here", yaml::shown(&token)),
        Some(token) if token == "<EOF>" => "the expression ends too early".to_owned(),
        Some(token) if message.starts_with("token recognition") => {
            format!("`{}` means nothing in CEL", yaml::shown(&token))
        }
        Some(token) if after.starts_with('\'') => format!("`{}` stands where {after} is expected", yaml::shown(&token)),
        Some(token) if before.contains("input") => format!("`{}` is not expected here", yaml::shown(&token)),
        _ => format!("this is not a CEL expression: {}", yaml::shown(message)),
    }
}
