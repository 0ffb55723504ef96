//! The words of a template.

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The lexer's complaint; [`Token::message`] says it.
    Error,
    Bool,
    /// A printable ASCII character with no meaning of its own, such as a comma.
    Char,
    CharConstant,
    Complex,
    Assign,
    Declare,
    End,
    Field,
    Identifier,
    LeftDelimiter,
    LeftParen,
    Number,
    Pipe,
    RawString,
    RightDelimiter,
    RightParen,
    Space,
    String,
    Text,
    Variable,
    Keyword(Keyword),
}

/// The words that are not names of functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    Block,
    Break,
    Continue,
    Define,
    Dot,
    Else,
    End,
    If,
    Nil,
    Range,
    Template,
    With,
}

impl Keyword {
    /// The keyword that is written like this.
    pub(super) fn from_word(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"block" => Self::Block,
            b"break" => Self::Break,
            b"continue" => Self::Continue,
            b"define" => Self::Define,
            b"else" => Self::Else,
            b"end" => Self::End,
            b"if" => Self::If,
            b"nil" => Self::Nil,
            b"range" => Self::Range,
            b"template" => Self::Template,
            b"with" => Self::With,
            _ => return None,
        })
    }
}

/// A word, with its place in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Where it begins.
    pub(super) start: usize,
    /// Where it ends. Text stops before what a trim marker removes.
    pub(super) end: usize,
    /// Of [`Kind::Error`]: what is wrong.
    pub(super) message: Option<Complaint>,
}

/// What the lexer finds wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Complaint {
    UnclosedComment,
    CommentEndsBeforeDelimiter,
    UnclosedLeftParen,
    UnexpectedRightParen,
    UnclosedAction,
    ExpectedDeclare,
    UnrecognizedCharacter(char),
    /// `None`: the end of the text.
    BadCharacter(Option<char>),
    UnterminatedChar,
    UnterminatedString,
    UnterminatedRawString,
    /// The text from the start of the token up to here.
    BadNumber(usize),
}
