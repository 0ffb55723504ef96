//! Characters of a document, and the texts that are made of them: names, strings, comments.

use super::is_bare;
use crate::format::quote::quote;
use crate::json::shown;

/// What is wrong, and on which line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) message: String,
    pub(super) line: usize,
}

pub(super) type Result<T> = std::result::Result<T, Problem>;

/// A place in a document.
pub(super) struct Lexer<'a> {
    input: &'a [u8],
    position: usize,
    pub(super) line: usize,
}

/// `'x'`, or what Go makes of the end.
pub(super) fn quoted(character: Option<char>) -> String {
    format!("'{}'", shown(character.unwrap_or('\0')))
}

/// A string as Go's `%q` shows it.
pub(super) fn quoted_text(text: &[u8]) -> String {
    String::from_utf8_lossy(&quote(text)).into_owned()
}

impl<'a> Lexer<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        Self { input, position: 0, line: 1 }
    }

    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// What has been read since `start`.
    pub(super) fn since(&self, start: usize) -> &'a [u8] {
        self.input.get(start..self.position).unwrap_or_default()
    }

    pub(super) fn problem(&self, message: impl Into<String>) -> Problem {
        Problem { message: message.into(), line: self.line }
    }

    /// A problem with what has just been read: the end of the input belongs to the line before it.
    pub(super) fn problem_at(&self, character: Option<char>, message: impl Into<String>) -> Problem {
        let after_line = character.is_none() && self.input[..self.position].ends_with(b"\n");
        Problem { message: message.into(), line: self.line - usize::from(after_line && self.line > 0) }
    }

    /// A problem with a line break, which belongs to the line that it ends.
    pub(super) fn problem_before(&self, message: impl Into<String>) -> Problem {
        Problem { message: message.into(), line: self.line.saturating_sub(1) }
    }

    /// The next character, which stays.
    pub(super) fn peek(&self) -> Result<Option<char>> {
        let Some(first) = self.input.get(self.position).copied() else {
            return Ok(None);
        };
        let lonely = first == b'\r' && self.input.get(self.position + 1) != Some(&b'\n');
        if lonely || first == 0x7f || (first < 0x20 && !matches!(first, b'\t' | b'\r' | b'\n')) {
            return Err(self.problem(format!("TOML files cannot contain control characters: '0x{first:02x}'")));
        }
        if first < 0x80 {
            return Ok(Some(char::from(first)));
        }
        let rest = &self.input[self.position..];
        let rest = &rest[..rest.len().min(4)];
        let chunk = rest.utf8_chunks().next();
        match chunk.and_then(|chunk| chunk.valid().chars().next()) {
            Some(character) => Ok(Some(character)),
            None => Err(self.problem(format!("invalid UTF-8 byte: 0x{first:02x}"))),
        }
    }

    /// The next character, which is taken.
    pub(super) fn next(&mut self) -> Result<Option<char>> {
        let character = self.peek()?;
        if let Some(character) = character {
            self.position += character.len_utf8();
            self.line += usize::from(character == '\n');
        }
        Ok(character)
    }

    /// Takes the next character if it is this one.
    pub(super) fn accept(&mut self, wanted: char) -> Result<bool> {
        let found = self.peek()? == Some(wanted);
        if found {
            self.next()?;
        }
        Ok(found)
    }

    /// Takes back an ASCII character that is no line break.
    pub(super) fn back(&mut self) {
        self.position = self.position.saturating_sub(1);
    }

    /// Takes characters while they are wanted.
    pub(super) fn take(&mut self, wanted: impl Fn(char) -> bool) -> Result<&'a [u8]> {
        let start = self.position;
        while self.peek()?.is_some_and(&wanted) {
            self.next()?;
        }
        Ok(self.since(start))
    }

    pub(super) fn skip_blanks(&mut self) -> Result<()> {
        self.take(|character| matches!(character, ' ' | '\t')).map(|_| ())
    }

    /// The rest of a comment, behind its `#`.
    pub(super) fn comment(&mut self) -> Result<()> {
        self.take(|character| !matches!(character, '\n' | '\r')).map(|_| ())
    }

    /// Goes over blanks, line breaks and comments.
    pub(super) fn skip_lines(&mut self) -> Result<()> {
        loop {
            match self.peek()? {
                Some(' ' | '\t' | '\n' | '\r') => {
                    self.next()?;
                }
                Some('#') => self.comment()?,
                _ => return Ok(()),
            }
        }
    }

    /// A part of a key, quoted or bare (and then perhaps empty).
    pub(super) fn name(&mut self) -> Result<Vec<u8>> {
        match self.peek()? {
            Some(quote @ ('"' | '\'')) => {
                self.next()?;
                if quote == '"' { self.basic_string() } else { self.literal_string() }
            }
            _ => Ok(self.take(|character| u8::try_from(character).is_ok_and(is_bare))?.to_vec()),
        }
    }

    /// A string behind a quote that may be the first of three.
    pub(super) fn string(&mut self, quote: char) -> Result<Vec<u8>> {
        if self.accept(quote)? {
            if self.accept(quote)? {
                return self.long_string(quote);
            }
            self.back();
        }
        if quote == '"' { self.basic_string() } else { self.literal_string() }
    }

    fn basic_string(&mut self) -> Result<Vec<u8>> {
        let start = self.position;
        loop {
            match self.next()? {
                None => return Err(self.problem_at(None, "unexpected EOF; expected '\"'")),
                Some('\n' | '\r') => return Err(self.problem_before("strings cannot contain newlines")),
                Some('\\') => self.escape(start)?,
                Some('"') => break,
                Some(_) => {}
            }
        }
        let text = self.since(start);
        self.unescape(&text[..text.len() - 1])
    }

    fn literal_string(&mut self) -> Result<Vec<u8>> {
        let start = self.position;
        loop {
            match self.next()? {
                None => return Err(self.problem_at(None, "unexpected EOF; expected \"'\"")),
                Some('\n' | '\r') => return Err(self.problem_before("strings cannot contain newlines")),
                Some('\'') => break,
                Some(_) => {}
            }
        }
        let text = self.since(start);
        Ok(text[..text.len() - 1].to_vec())
    }

    /// A string behind three quotes. It may end with one or two of its own.
    fn long_string(&mut self, quote: char) -> Result<Vec<u8>> {
        let start = self.position;
        let basic = quote == '"';
        let (three, six) = if basic { ("'\"\"\"'", "'\"\"\"\"\"\"'") } else { ("\"'''\"", "\"''''''\"") };
        let mut quotes = 0;
        loop {
            let character = self.next()?;
            if character == Some(quote) {
                quotes += 1;
                if quotes > 5 {
                    return Err(self.problem(format!("unexpected {six}")));
                }
                if quotes >= 3 && self.peek()? != Some(quote) {
                    break;
                }
                continue;
            }
            quotes = 0;
            match character {
                None => return Err(self.problem_at(None, format!("unexpected EOF; expected {three}"))),
                Some('\\') if basic => match self.peek()? {
                    Some('\n' | '\r') => {
                        self.next()?;
                    }
                    _ => self.escape(start)?,
                },
                Some(_) => {}
            }
        }
        let text = self.since(start);
        let text = &text[..text.len() - 3];
        let text = text.strip_prefix(b"\n").or_else(|| text.strip_prefix(b"\r\n")).unwrap_or(text);
        if basic { self.unescape(&without_escaped_lines(text)) } else { Ok(text.to_vec()) }
    }

    /// Checks what is behind a backslash, in a string that began at `start`.
    fn escape(&mut self, start: usize) -> Result<()> {
        let character = self.next()?;
        let (digits, name) = match character {
            Some('e' | 'b' | 't' | 'n' | 'f' | 'r' | '"' | ' ' | '\t' | '\\') => return Ok(()),
            Some('x') => (2, "two hexadecimal digits after '\\x'"),
            Some('u') => (4, "four hexadecimal digits after '\\u'"),
            Some('U') => (8, "eight hexadecimal digits after '\\U'"),
            _ => {
                let shown = character.unwrap_or('\0');
                return Err(self.problem_at(character, format!("invalid escape in string '\\{shown}'")));
            }
        };
        for _ in 0..digits {
            let digit = self.next()?;
            if !digit.is_some_and(|digit| digit.is_ascii_hexdigit()) {
                let read = quoted_text(self.since(start));
                return Err(self.problem_at(digit, format!("expected {name}, but got {read} instead")));
            }
        }
        Ok(())
    }

    /// The text that the escapes of `text`, which have been checked, stand for.
    fn unescape(&self, text: &[u8]) -> Result<Vec<u8>> {
        let mut out = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some((byte, behind)) = rest.split_first() {
            rest = behind;
            if *byte != b'\\' {
                out.push(*byte);
                continue;
            }
            let Some((kind, behind)) = rest.split_first() else { break };
            rest = behind;
            let digits = match kind {
                b'x' => 2,
                b'u' => 4,
                b'U' => 8,
                _ => {
                    out.push(match kind {
                        b'b' => 8,
                        b't' => b'\t',
                        b'n' => b'\n',
                        b'f' => 12,
                        b'r' => b'\r',
                        b'e' => 27,
                        b'"' | b'\\' => *kind,
                        _ => return Err(self.problem(format!("invalid escape: '\\{}'", char::from(*kind)))),
                    });
                    continue;
                }
            };
            let (code, behind) = rest.split_at(digits.min(rest.len()));
            rest = behind;
            let shown = String::from_utf8_lossy(code);
            let Some(character) = u32::from_str_radix(&shown, 16).ok().and_then(char::from_u32) else {
                return Err(self.problem(format!("Escaped character '\\u{shown}' is not valid UTF-8.")));
            };
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        Ok(out)
    }
}

/// Leaves out a backslash at the end of a line, with the white space behind it.
fn without_escaped_lines(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, behind)) = rest.split_first() {
        if *byte == b'\\' {
            if let Some((escaped, behind)) = behind.split_first()
                && !escaped.is_ascii_whitespace()
            {
                out.extend_from_slice(&[b'\\', *escaped]);
                rest = behind;
                continue;
            }
            let white = behind.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
            if behind[..white].contains(&b'\n') {
                rest = &behind[white..];
                continue;
            }
        }
        out.push(*byte);
        rest = behind;
    }
    out
}
