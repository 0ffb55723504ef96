//! What is wrong with a text, in Go's words.

use bstr::ByteSlice;

use super::{Parsed, Parser};
use crate::format::quote::quote;
use crate::template::error::ParseError;
use crate::template::node::line;
use crate::template::token::{Complaint, Kind, Token};

impl Parser<'_> {
    pub(super) fn error<T>(&self, message: impl Into<String>) -> Parsed<T> {
        let line = line(&self.text, self.tokens[0].start);
        Err(Box::new(ParseError { name: self.name.to_string(), line, message: message.into() }))
    }

    pub(super) fn unexpected<T>(&self, token: Token, context: &str) -> Parsed<T> {
        let described = self.describe(token);
        if token.kind != Kind::Error {
            return self.error(format!("unexpected {described} in {context}"));
        }
        let mut extra = String::new();
        if let Some(action) = self.action {
            let start = line(&self.text, action);
            if start != line(&self.text, token.start) {
                // Not "action in action".
                let article = if described.ends_with(" action") { "" } else { " in action" };
                extra = format!("{article} started at {}:{start}", self.name);
            }
        }
        self.error(format!("{described}{extra}"))
    }

    /// A word as messages have it.
    fn describe(&self, token: Token) -> String {
        let written = self.written(token);
        match token.kind {
            Kind::End => "EOF".to_owned(),
            Kind::Error => token.message.map_or_else(String::new, |complaint| self.complain(token, complaint)),
            Kind::Keyword(_) => format!("<{}>", written.as_bstr()),
            _ if written.len() > 10 => {
                let end = written.char_indices().nth(10).map_or(written.len(), |(start, _, _)| start);
                format!("{}...", quoted(written.get(..end).unwrap_or_default()))
            }
            _ => quoted(written),
        }
    }

    fn complain(&self, token: Token, complaint: Complaint) -> String {
        match complaint {
            Complaint::UnclosedComment => "unclosed comment".to_owned(),
            Complaint::CommentEndsBeforeDelimiter => "comment ends before closing delimiter".to_owned(),
            Complaint::UnclosedLeftParen => "unclosed left paren".to_owned(),
            Complaint::UnexpectedRightParen => "unexpected right paren".to_owned(),
            Complaint::UnclosedAction => "unclosed action".to_owned(),
            Complaint::ExpectedDeclare => "expected :=".to_owned(),
            Complaint::UnrecognizedCharacter(character) => {
                format!("unrecognized character in action: {}", code_point(character))
            }
            Complaint::BadCharacter(Some(character)) => format!("bad character {}", code_point(character)),
            Complaint::BadCharacter(None) => "bad character U+FFFFFFFFFFFFFFFF".to_owned(),
            Complaint::UnterminatedChar => "unterminated character constant".to_owned(),
            Complaint::UnterminatedString => "unterminated quoted string".to_owned(),
            Complaint::UnterminatedRawString => "unterminated raw quoted string".to_owned(),
            Complaint::BadNumber(end) => {
                format!("bad number syntax: {}", quoted(self.text.get(token.start..end).unwrap_or_default()))
            }
        }
    }
}

/// Go's `%q`.
pub(super) fn quoted(text: &[u8]) -> String {
    quote(text).to_str_lossy().into_owned()
}

/// Go's `%#U`.
fn code_point(character: char) -> String {
    if crate::format::is_printable(character) {
        format!("U+{:04X} '{character}'", u32::from(character))
    } else {
        format!("U+{:04X}", u32::from(character))
    }
}
