//! What the scanner hands to the parser.

use std::borrow::Cow;

/// A run of the document's bytes, or what escapes and folding made of one.
pub(super) type Text<'a> = Cow<'a, [u8]>;

/// A token, and the line (from 0) it starts and ends on.
#[derive(Clone, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind<'a>,
    pub(super) line: usize,
}

/// The kinds of tokens.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind<'a> {
    StreamEnd,
    VersionDirective { major: u32, minor: u32 },
    TagDirective { handle: Text<'a>, prefix: Text<'a> },
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(Text<'a>),
    Anchor(Text<'a>),
    Tag { handle: Text<'a>, suffix: Text<'a> },
    Scalar { text: Text<'a>, plain: bool },
}

/// Why a document is no YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) message: Cow<'static, str>,
    /// Where, from 1; 0 is not shown.
    pub(super) line: usize,
}

impl Problem {
    /// The scanner's: it counts lines from 1, but does not mention the first.
    pub(super) fn scanner(message: &'static str, line: usize) -> Self {
        Self { message: message.into(), line: if line == 0 { 0 } else { line + 1 } }
    }

    /// The parser's: it forgets to add one, so that it names the line before.
    pub(super) fn parser(message: &'static str, line: usize) -> Self {
        Self { message: message.into(), line }
    }

    /// One that names no line.
    pub(super) fn general(message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into(), line: 0 }
    }

    /// As go-yaml says it.
    pub(super) fn text(&self) -> String {
        match self.line {
            0 => format!("yaml: {}", self.message),
            line => format!("yaml: line {line}: {}", self.message),
        }
    }
}
