//! From a part of a file to the nodes of a template: finds the expressions and compiles them.

use super::Names;
use super::compile;
use super::scan::{self, Piece};
use super::template::{Kind, Member, Node, Part};
use crate::diagnostic::{Diagnostic, MAX_ERRORS, Span};
use crate::stack::yaml;
use crate::value::Value;

/// Compiles nodes, and notes what is wrong with them.
pub(super) struct Compiler<'a> {
    pub(super) names: &'a Names,
    pub(super) diagnostics: &'a mut Vec<Diagnostic>,
}

impl Compiler<'_> {
    pub(super) fn node(&mut self, node: &yaml::Node) -> Node {
        let kind = match &node.kind {
            yaml::Kind::Null => Kind::Literal(Value::Null),
            yaml::Kind::Bool(truth) => Kind::Literal(Value::Bool(*truth)),
            yaml::Kind::Number(number) => Kind::Literal(Value::Number(number.clone())),
            yaml::Kind::String(text) => self.text(text, &node.span),
            yaml::Kind::List(items) => Kind::List(items.iter().map(|item| self.node(item)).collect()),
            yaml::Kind::Map(entries) => {
                if let Some(diagnostic) = yaml::reserved(entries) {
                    self.diagnostics.push(diagnostic);
                }
                let member = |entry: &yaml::Entry| {
                    let member = Member { key: entry.key_span.clone(), value: self.node(&entry.value) };
                    (yaml::unescaped(&entry.key), member)
                };
                Kind::Map(entries.iter().map(member).collect())
            }
        };
        Node { span: Some(node.span.clone()), kind }
    }

    fn text(&mut self, text: &yaml::Text, span: &Span) -> Kind {
        if !text.value.contains("${") {
            return Kind::Literal(Value::String(text.value.to_string()));
        }
        // More errors than anyone reads: looking for what each might have meant would take long.
        if self.diagnostics.len() >= MAX_ERRORS
            && self.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).nth(MAX_ERRORS - 1).is_some()
        {
            return Kind::Literal(Value::Null);
        }
        let mut locator = Locator { raw: text.raw.as_deref().unwrap_or_default(), from: 0, span };
        let pieces = match scan::split(&text.value) {
            Ok(pieces) => pieces,
            Err(fault) => {
                let (at, _) = locator
                    .find(text.value.get(fault.offset..).and_then(|rest| rest.lines().next()).unwrap_or_default());
                self.diagnostics.push(Diagnostic::error(fault.code, fault.message).at(&at));
                return Kind::Literal(Value::Null);
            }
        };
        let mut parts = Vec::with_capacity(pieces.len());
        for piece in pieces {
            match piece {
                Piece::Text(text) => parts.push(Part::Text(text)),
                Piece::Expression { source, .. } => {
                    let (at, exact) = locator.find(source);
                    match compile::compile(source, &at, exact, self.names) {
                        Ok(expression) => parts.push(Part::Expression(expression)),
                        Err(diagnostic) => self.diagnostics.push(*diagnostic),
                    }
                }
            }
        }
        match parts.pop() {
            Some(Part::Expression(expression)) if parts.is_empty() => Kind::Expression(expression),
            Some(Part::Text(text)) if parts.is_empty() => Kind::Literal(Value::String(text)),
            Some(last) => {
                parts.push(last);
                Kind::Text(parts)
            }
            None => Kind::Literal(Value::Null),
        }
    }
}

/// Finds expressions in a scalar as it is written, with its quotes, escapes and line breaks.
struct Locator<'a> {
    raw: &'a str,
    from: usize,
    span: &'a Span,
}

impl Locator<'_> {
    /// Where `source` stands, and whether offsets within it hold there.
    fn find(&mut self, source: &str) -> (Span, bool) {
        let rest = self.raw.get(self.from..).unwrap_or_default();
        // In a block the lines are indented: the first is found, and points well enough.
        let first = source.lines().next().unwrap_or_default();
        let exact = rest.contains(source);
        let source = if exact { source } else { first };
        let Some(found) = rest.find(source).filter(|_| !source.trim().is_empty()) else {
            // Escaped or folded: the whole scalar is the place.
            return (self.span.clone(), false);
        };
        let start = self.from + found;
        self.from = start + source.len();
        let before = &self.raw[..start];
        let mut span = self.span.clone();
        span.start += start;
        span.end = span.start + source.len();
        match before.rsplit_once('\n') {
            Some((above, line)) => {
                span.line += above.matches('\n').count() + 1;
                span.column = 1 + line.chars().count();
            }
            None => span.column += before.chars().count(),
        }
        (span, exact)
    }
}
