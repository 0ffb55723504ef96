//! Cuts a template into words, as Go's `text/template/parse` does.

use bstr::ByteSlice;

use super::token::{Complaint, Keyword, Kind, Token};

const LEFT: &[u8] = b"{{";
const RIGHT: &[u8] = b"}}";
const LEFT_COMMENT: &[u8] = b"/*";
const RIGHT_COMMENT: &[u8] = b"*/";
/// A trim marker is a minus and a space.
const MARKER: usize = 2;

/// The place in a text, and whether it is inside of an action.
pub(super) struct Lexer<'a> {
    input: &'a [u8],
    position: usize,
    /// Where the word at hand begins.
    start: usize,
    inside: bool,
    parens: usize,
    failed: bool,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        Self { input, position: 0, start: 0, inside: false, parens: 0, failed: false }
    }

    /// The next word. After the end, and after an error, it is the end for ever.
    pub(super) fn next(&mut self) -> Token {
        if self.failed {
            return self.token(Kind::End);
        }
        if self.inside { self.action() } else { self.text() }
    }

    fn rest(&self) -> &'a [u8] {
        self.input.get(self.position..).unwrap_or_default()
    }

    /// The character here and its length; `None` at the end.
    fn peek(&self) -> Option<(char, usize)> {
        let rest = self.rest();
        match rest.first() {
            None => None,
            Some(byte) if byte.is_ascii() => Some((char::from(*byte), 1)),
            Some(_) => match bstr::decode_utf8(rest) {
                (Some(character), length) => Some((character, length)),
                // Go reads one byte that is not UTF-8 at a time.
                (None, _) => Some((char::REPLACEMENT_CHARACTER, 1)),
            },
        }
    }

    fn advance(&mut self) -> Option<char> {
        let (character, length) = self.peek()?;
        self.position += length;
        Some(character)
    }

    fn token(&mut self, kind: Kind) -> Token {
        let token = Token { kind, start: self.start, end: self.position, message: None };
        self.start = self.position;
        token
    }

    fn error(&mut self, complaint: Complaint) -> Token {
        self.failed = true;
        Token { kind: Kind::Error, start: self.start, end: self.position, message: Some(complaint) }
    }

    fn text(&mut self) -> Token {
        loop {
            let Some(found) = self.rest().find(LEFT) else {
                self.position = self.input.len();
                let kind = if self.position > self.start { Kind::Text } else { Kind::End };
                return self.token(kind);
            };
            if found > 0 {
                let delimiter = self.position + found;
                let text = self.rest().get(..found).unwrap_or_default();
                let after = self.input.get(delimiter + LEFT.len()..).unwrap_or_default();
                let kept = if has_left_marker(after) { trim_end(text).len() } else { text.len() };
                self.position += kept;
                let token = self.token(Kind::Text);
                self.position = delimiter;
                self.start = delimiter;
                if kept > 0 {
                    return token;
                }
            }
            if let Some(token) = self.left_delimiter() {
                return token;
            }
        }
    }

    /// `{{`, which is here; `None` where it was a comment's.
    fn left_delimiter(&mut self) -> Option<Token> {
        self.position += LEFT.len();
        let marker = if has_left_marker(self.rest()) { MARKER } else { 0 };
        if self.rest().get(marker..).is_some_and(|rest| rest.starts_with(LEFT_COMMENT)) {
            self.position += marker;
            self.start = self.position;
            return self.comment();
        }
        let token = self.token(Kind::LeftDelimiter);
        self.inside = true;
        self.position += marker;
        self.start = self.position;
        self.parens = 0;
        Some(token)
    }

    /// A comment, which is here; `None` when it is well formed.
    fn comment(&mut self) -> Option<Token> {
        let body = self.rest().get(LEFT_COMMENT.len()..).unwrap_or_default();
        let Some(end) = body.find(RIGHT_COMMENT) else {
            return Some(self.error(Complaint::UnclosedComment));
        };
        self.position += LEFT_COMMENT.len() + end + RIGHT_COMMENT.len();
        let Some(trim) = self.at_right_delimiter() else {
            return Some(self.error(Complaint::CommentEndsBeforeDelimiter));
        };
        self.pass_right_delimiter(trim);
        self.start = self.position;
        None
    }

    /// Whether `}}` is here, and if so whether a trim marker stands before it.
    fn at_right_delimiter(&self) -> Option<bool> {
        let rest = self.rest();
        if has_right_marker(rest) && rest.get(MARKER..).is_some_and(|rest| rest.starts_with(RIGHT)) {
            return Some(true);
        }
        rest.starts_with(RIGHT).then_some(false)
    }

    fn pass_right_delimiter(&mut self, trim: bool) {
        if trim {
            self.position += MARKER;
        }
        self.position += RIGHT.len();
        if trim {
            let rest = self.rest();
            self.position += rest.len() - trim_start(rest).len();
        }
    }

    fn right_delimiter(&mut self, trim: bool) -> Token {
        if trim {
            self.start += MARKER;
        }
        let token =
            Token { kind: Kind::RightDelimiter, start: self.start, end: self.start + RIGHT.len(), message: None };
        self.pass_right_delimiter(trim);
        self.start = self.position;
        self.inside = false;
        token
    }

    fn action(&mut self) -> Token {
        if let Some(trim) = self.at_right_delimiter() {
            if self.parens == 0 {
                return self.right_delimiter(trim);
            }
            return self.error(Complaint::UnclosedLeftParen);
        }
        let Some((character, length)) = self.peek() else {
            return self.error(Complaint::UnclosedAction);
        };
        if is_space(character) {
            return self.space();
        }
        self.position += length;
        match character {
            '=' => self.token(Kind::Assign),
            ':' => {
                if self.advance() == Some('=') {
                    self.token(Kind::Declare)
                } else {
                    self.error(Complaint::ExpectedDeclare)
                }
            }
            '|' => self.token(Kind::Pipe),
            '"' => self.quoted('"', Kind::String, Complaint::UnterminatedString),
            '\'' => self.quoted('\'', Kind::CharConstant, Complaint::UnterminatedChar),
            '`' => self.raw_string(),
            '$' => self.field_or_variable(Kind::Variable),
            '.' if !self.rest().first().is_some_and(u8::is_ascii_digit) && !self.rest().is_empty() => {
                self.field_or_variable(Kind::Field)
            }
            '.' | '+' | '-' | '0'..='9' => {
                self.position -= length;
                self.number()
            }
            '(' => {
                self.parens += 1;
                self.token(Kind::LeftParen)
            }
            ')' => {
                if self.parens == 0 {
                    return self.error(Complaint::UnexpectedRightParen);
                }
                self.parens -= 1;
                self.token(Kind::RightParen)
            }
            _ if is_alphanumeric(character) => self.identifier(),
            ' '..='~' => self.token(Kind::Char),
            _ => self.error(Complaint::UnrecognizedCharacter(character)),
        }
    }

    fn space(&mut self) -> Token {
        let rest = self.rest();
        let spaces = rest.len() - trim_start(rest).len();
        let after = rest.get(spaces - 1..).unwrap_or_default();
        // The last space may belong to a trim marker.
        if has_right_marker(after) && after.get(MARKER..).is_some_and(|rest| rest.starts_with(RIGHT)) {
            // A single space before the marker is met by at_right_delimiter, before this.
            self.position += spaces - 1;
        } else {
            self.position += spaces;
        }
        self.token(Kind::Space)
    }

    fn identifier(&mut self) -> Token {
        if let Some(error) = self.rest_of_name() {
            return error;
        }
        let word = self.input.get(self.start..self.position).unwrap_or_default();
        let kind = match Keyword::from_word(word) {
            Some(keyword) => Kind::Keyword(keyword),
            None if word == b"true" || word == b"false" => Kind::Bool,
            None => Kind::Identifier,
        };
        self.token(kind)
    }

    /// After a dot or a dollar.
    fn field_or_variable(&mut self, kind: Kind) -> Token {
        if self.at_terminator() {
            let kind = if kind == Kind::Variable { kind } else { Kind::Keyword(Keyword::Dot) };
            return self.token(kind);
        }
        if let Some(error) = self.rest_of_name() {
            return error;
        }
        self.token(kind)
    }

    /// Reads letters and digits; an error where what follows cannot follow a name.
    fn rest_of_name(&mut self) -> Option<Token> {
        while let Some((character, length)) = self.peek() {
            if !is_alphanumeric(character) {
                break;
            }
            self.position += length;
        }
        if self.at_terminator() {
            return None;
        }
        let character = self.peek().map(|(character, _)| character);
        Some(self.error(Complaint::BadCharacter(character)))
    }

    /// Whether a name may end here. Breaks `.X.Y` in two.
    fn at_terminator(&self) -> bool {
        match self.rest().first() {
            None | Some(b' ' | b'\t' | b'\r' | b'\n' | b'.' | b',' | b'|' | b':' | b')' | b'(') => true,
            Some(_) => self.rest().starts_with(RIGHT),
        }
    }

    /// A string or a character, whose first quote is past. The parser judges what is inside.
    fn quoted(&mut self, quote: char, kind: Kind, complaint: Complaint) -> Token {
        loop {
            match self.advance() {
                Some('\\') => {
                    if matches!(self.advance(), None | Some('\n')) {
                        return self.error(complaint);
                    }
                }
                None | Some('\n') => return self.error(complaint),
                Some(character) if character == quote => return self.token(kind),
                Some(_) => {}
            }
        }
    }

    fn raw_string(&mut self) -> Token {
        match self.rest().find_byte(b'`') {
            None => self.error(Complaint::UnterminatedRawString),
            Some(length) => {
                self.position += length + 1;
                self.token(Kind::RawString)
            }
        }
    }

    fn number(&mut self) -> Token {
        if !self.scan_number() {
            return self.error(Complaint::BadNumber(self.position));
        }
        if !matches!(self.rest().first(), Some(b'+' | b'-')) {
            return self.token(Kind::Number);
        }
        // Complex: 1+2i, without spaces.
        if !self.scan_number() || self.input.get(..self.position).and_then(<[u8]>::last) != Some(&b'i') {
            return self.error(Complaint::BadNumber(self.position));
        }
        self.token(Kind::Complex)
    }

    /// Reads what looks like a number; the parser judges whether it is one.
    fn scan_number(&mut self) -> bool {
        self.accept(b"+-");
        let mut digits: &[u8] = b"0123456789_";
        let mut exponent: &[u8] = b"eE";
        if self.accept(b"0") {
            if self.accept(b"xX") {
                digits = b"0123456789abcdefABCDEF_";
                exponent = b"pP";
            } else if self.accept(b"oO") {
                digits = b"01234567_";
                exponent = b"";
            } else if self.accept(b"bB") {
                digits = b"01_";
                exponent = b"";
            }
        }
        self.accept_run(digits);
        if self.accept(b".") {
            self.accept_run(digits);
        }
        if self.accept(exponent) {
            self.accept(b"+-");
            self.accept_run(b"0123456789_");
        }
        self.accept(b"i");
        match self.peek() {
            Some((character, length)) if is_alphanumeric(character) => {
                self.position += length;
                false
            }
            _ => true,
        }
    }

    fn accept(&mut self, valid: &[u8]) -> bool {
        let accepted = self.rest().first().is_some_and(|byte| valid.contains(byte));
        self.position += usize::from(accepted);
        accepted
    }

    fn accept_run(&mut self, valid: &[u8]) {
        while self.accept(valid) {}
    }
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

/// Letters, digits and the underscore, of every script.
fn is_alphanumeric(character: char) -> bool {
    character == '_' || crate::functions::strings::is_letter_or_digit(character)
}

fn has_left_marker(text: &[u8]) -> bool {
    matches!(text, [b'-', space, ..] if is_space(char::from(*space)))
}

fn has_right_marker(text: &[u8]) -> bool {
    matches!(text, [space, b'-', ..] if is_space(char::from(*space)))
}

fn trim_start(text: &[u8]) -> &[u8] {
    text.trim_start_with(is_space)
}

fn trim_end(text: &[u8]) -> &[u8] {
    text.trim_end_with(is_space)
}
