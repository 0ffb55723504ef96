//! The scanner: from bytes to tokens, with go-yaml's idea of where a simple key may be.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::token::{Kind, Problem, Text, Token};

/// As deep as go-yaml lets collections nest, in flow and in blocks.
const MAXIMUM_LEVELS: usize = 10_000;
/// How many characters a simple key may have with its quotes.
const LONGEST_KEY: usize = 1024;

type Result<T> = std::result::Result<T, Problem>;

/// A place in the document, counted in characters.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mark {
    pub(super) index: usize,
    pub(super) line: usize,
    pub(super) column: usize,
}

/// Where a simple key may have begun.
#[derive(Clone, Copy, Debug, Default)]
struct SimpleKey {
    possible: bool,
    /// Nothing is handed out before it is known whether this is one.
    awaited: bool,
    required: bool,
    token: usize,
    mark: Mark,
}

/// The scanner over a document.
pub(super) struct Scanner<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) position: usize,
    pub(super) mark: Mark,
    tokens: VecDeque<Token<'a>>,
    /// How many tokens have been taken.
    taken: usize,
    /// The column of the current block collection, -1 outside of all.
    pub(super) indent: isize,
    indents: Vec<isize>,
    pub(super) flow_level: usize,
    pub(super) simple_key_allowed: bool,
    /// One for each level of flow collections.
    simple_keys: Vec<SimpleKey>,
    ended: bool,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            position: 0,
            mark: Mark::default(),
            tokens: VecDeque::new(),
            taken: 0,
            indent: -1,
            indents: Vec::new(),
            flow_level: 0,
            simple_key_allowed: true,
            simple_keys: vec![SimpleKey::default()],
            ended: false,
        }
    }

    /// The next token, which stays.
    pub(super) fn peek(&mut self) -> Result<&Token<'a>> {
        self.fill()?;
        self.tokens.front().ok_or_else(|| Problem::general("did not find expected <stream-end>"))
    }

    /// Takes the next token.
    pub(super) fn next(&mut self) -> Result<Token<'a>> {
        self.fill()?;
        let token = self.tokens.pop_front().ok_or_else(|| Problem::general("did not find expected <stream-end>"))?;
        self.taken += 1;
        Ok(token)
    }

    /// Scans until the first token cannot become a key any more.
    fn fill(&mut self) -> Result<()> {
        loop {
            if !self.tokens.is_empty() {
                let taken = self.taken;
                let Some(level) =
                    self.simple_keys.iter().position(|key| key.possible && key.awaited && key.token == taken)
                else {
                    break;
                };
                if !self.key_is_valid(level)? {
                    break;
                }
            }
            if self.ended {
                break;
            }
            self.fetch()?;
        }
        Ok(())
    }

    // ---- Characters ----

    /// The byte `ahead` of the current one; 0 behind the end, which no document contains.
    pub(super) fn at(&self, ahead: usize) -> u8 {
        self.bytes.get(self.position + ahead).copied().unwrap_or(0)
    }

    pub(super) fn is_end(&self) -> bool {
        self.position >= self.bytes.len()
    }

    /// How many bytes the line break has that begins `ahead`; 0 if there is none (a CR LF counts as its CR).
    pub(super) fn break_at(&self, ahead: usize) -> usize {
        match self.at(ahead) {
            b'\r' | b'\n' => 1,
            0xc2 if self.at(ahead + 1) == 0x85 => 2,
            0xe2 if self.at(ahead + 1) == 0x80 && matches!(self.at(ahead + 2), 0xa8 | 0xa9) => 3,
            _ => 0,
        }
    }

    pub(super) fn is_break(&self) -> bool {
        self.break_at(0) > 0
    }

    pub(super) fn blank_at(&self, ahead: usize) -> bool {
        matches!(self.at(ahead), b' ' | b'\t')
    }

    /// A line break or the end.
    pub(super) fn break_or_end(&self) -> bool {
        self.is_end() || self.is_break()
    }

    /// A space, a tab, a line break or the end.
    pub(super) fn white_at(&self, ahead: usize) -> bool {
        matches!(self.at(ahead), b' ' | b'\t' | 0) || self.break_at(ahead) > 0
    }

    /// Goes over a character that is no line break (or, in the parts that do not care, is one).
    pub(super) fn skip(&mut self) {
        let width = match self.at(0) {
            0 if self.is_end() => 0,
            0..0x80 => 1,
            0xc0..0xe0 => 2,
            0xe0..0xf0 => 3,
            _ => 4,
        };
        self.position += width;
        self.mark.index += 1;
        self.mark.column += 1;
    }

    /// Goes over ASCII characters.
    fn skip_ascii(&mut self, count: usize) {
        self.position += count;
        self.mark.index += count;
        self.mark.column += count;
    }

    /// Goes over a line break.
    pub(super) fn skip_line(&mut self) {
        if self.at(0) == b'\r' && self.at(1) == b'\n' {
            self.position += 1;
            self.mark.index += 1;
        }
        let width = self.break_at(0);
        if width > 0 {
            self.position += width;
            self.mark.index += 1;
            self.mark.line += 1;
            self.mark.column = 0;
        }
    }

    /// Takes a line break: a line feed for all but the separators of lines and paragraphs.
    pub(super) fn read_line(&mut self, into: &mut Vec<u8>) {
        if self.break_at(0) == 3 {
            into.extend_from_slice(&self.bytes[self.position..self.position + 3]);
        } else if self.is_break() {
            into.push(b'\n');
        }
        self.skip_line();
    }

    /// Whether `---` or `...` stands here, alone.
    pub(super) fn document_indicator(&self) -> bool {
        self.mark.column == 0
            && (self.bytes[self.position..].starts_with(b"---") || self.bytes[self.position..].starts_with(b"..."))
            && self.white_at(3)
    }

    pub(super) fn problem(&self, message: &'static str) -> Problem {
        Problem::scanner(message, self.mark.line)
    }

    // ---- Tokens ----

    fn push(&mut self, kind: Kind<'a>, line: usize) {
        self.tokens.push_back(Token { kind, line });
    }

    /// Goes over an indicator of `width` and makes it a token.
    fn indicator(&mut self, kind: Kind<'a>, width: usize) {
        let line = self.mark.line;
        self.skip_ascii(width);
        self.push(kind, line);
    }

    /// Scans one more token.
    fn fetch(&mut self) -> Result<()> {
        self.skip_to_token();
        self.unroll(self.mark.column as isize);
        if self.is_end() {
            return self.fetch_end();
        }
        let first = self.at(0);
        if self.mark.column == 0 && first == b'%' {
            self.unroll(-1);
            self.remove_simple_key()?;
            self.simple_key_allowed = false;
            let line = self.mark.line;
            let kind = self.scan_directive()?;
            self.push(kind, line);
            return Ok(());
        }
        if self.document_indicator() {
            self.unroll(-1);
            self.remove_simple_key()?;
            self.simple_key_allowed = false;
            self.indicator(if first == b'-' { Kind::DocumentStart } else { Kind::DocumentEnd }, 3);
            return Ok(());
        }
        let flow = self.flow_level > 0;
        let before_white = self.white_at(1);
        match first {
            b'[' => self.fetch_flow_start(Kind::FlowSequenceStart),
            b'{' => self.fetch_flow_start(Kind::FlowMappingStart),
            b']' => self.fetch_flow_end(Kind::FlowSequenceEnd),
            b'}' => self.fetch_flow_end(Kind::FlowMappingEnd),
            b',' => {
                self.remove_simple_key()?;
                self.simple_key_allowed = true;
                self.indicator(Kind::FlowEntry, 1);
                Ok(())
            }
            b'-' if before_white => self.fetch_block_entry(),
            b'?' if flow || before_white => self.fetch_key(),
            b':' if flow || before_white => self.fetch_value(),
            b'*' | b'&' => {
                self.start_scalar()?;
                let line = self.mark.line;
                let kind = self.scan_anchor(first == b'*')?;
                self.push(kind, line);
                Ok(())
            }
            b'!' => {
                self.start_scalar()?;
                let line = self.mark.line;
                let kind = self.scan_tag()?;
                self.push(kind, line);
                Ok(())
            }
            b'|' | b'>' if !flow => {
                self.remove_simple_key()?;
                self.simple_key_allowed = true;
                let line = self.mark.line;
                let text = self.scan_block_scalar(first == b'|')?;
                self.push(Kind::Scalar { text, plain: false }, line);
                Ok(())
            }
            b'\'' | b'"' => {
                self.start_scalar()?;
                let line = self.mark.line;
                let text = self.scan_quoted(first == b'\'')?;
                self.push(Kind::Scalar { text, plain: false }, line);
                Ok(())
            }
            b' ' | b'\t' | b'#' | b'|' | b'>' | b'%' | b'@' | b'`' => {
                Err(self.problem("found character that cannot start any token"))
            }
            _ => {
                self.start_scalar()?;
                let line = self.mark.line;
                let text = self.scan_plain()?;
                self.push(Kind::Scalar { text, plain: true }, line);
                Ok(())
            }
        }
    }

    /// What a scalar, an alias, an anchor or a tag does: it may begin a key, and no key may follow it at once.
    fn start_scalar(&mut self) -> Result<()> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        Ok(())
    }

    fn fetch_end(&mut self) -> Result<()> {
        if self.mark.column != 0 {
            self.mark.column = 0;
            self.mark.line += 1;
        }
        self.unroll(-1);
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        self.push(Kind::StreamEnd, self.mark.line);
        self.ended = true;
        Ok(())
    }

    fn fetch_flow_start(&mut self, kind: Kind<'a>) -> Result<()> {
        self.save_simple_key()?;
        self.simple_keys.push(SimpleKey { token: self.taken + self.tokens.len(), ..SimpleKey::default() });
        self.flow_level += 1;
        if self.flow_level > MAXIMUM_LEVELS {
            return Err(self.problem("exceeded max depth of 10000"));
        }
        self.simple_key_allowed = true;
        self.indicator(kind, 1);
        Ok(())
    }

    fn fetch_flow_end(&mut self, kind: Kind<'a>) -> Result<()> {
        self.remove_simple_key()?;
        if self.flow_level > 0 {
            self.flow_level -= 1;
            if let Some(inner) = self.simple_keys.pop() {
                // A collection without scalars (`{}`) leaves its own number there, and so is not awaited as a key.
                for key in self.simple_keys.iter_mut().filter(|key| key.token == inner.token) {
                    key.awaited = false;
                }
            }
        }
        self.simple_key_allowed = false;
        self.indicator(kind, 1);
        Ok(())
    }

    fn fetch_block_entry(&mut self) -> Result<()> {
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                return Err(self.problem("block sequence entries are not allowed in this context"));
            }
            self.roll(self.mark, None, Kind::BlockSequenceStart)?;
        }
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        self.indicator(Kind::BlockEntry, 1);
        Ok(())
    }

    fn fetch_key(&mut self) -> Result<()> {
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                return Err(self.problem("mapping keys are not allowed in this context"));
            }
            self.roll(self.mark, None, Kind::BlockMappingStart)?;
        }
        self.remove_simple_key()?;
        self.simple_key_allowed = self.flow_level == 0;
        self.indicator(Kind::Key, 1);
        Ok(())
    }

    fn fetch_value(&mut self) -> Result<()> {
        let level = self.simple_keys.len() - 1;
        if self.key_is_valid(level)? {
            let key = self.simple_keys[level];
            // What was not awaited may have been handed out; then the key comes too late.
            let place = key.token.checked_sub(self.taken).unwrap_or(self.tokens.len()).min(self.tokens.len());
            self.tokens.insert(place, Token { kind: Kind::Key, line: key.mark.line });
            self.roll(key.mark, Some(place), Kind::BlockMappingStart)?;
            self.simple_keys[level].possible = false;
            self.simple_key_allowed = false;
        } else {
            if self.flow_level == 0 {
                if !self.simple_key_allowed {
                    return Err(self.problem("mapping values are not allowed in this context"));
                }
                self.roll(self.mark, None, Kind::BlockMappingStart)?;
            }
            self.simple_key_allowed = self.flow_level == 0;
        }
        self.indicator(Kind::Value, 1);
        Ok(())
    }

    // ---- Keys and indentation ----

    /// Whether what began as a simple key still is one: on one line, and not too long.
    fn key_is_valid(&mut self, level: usize) -> Result<bool> {
        let key = self.simple_keys[level];
        if !key.possible {
            return Ok(false);
        }
        if key.mark.line < self.mark.line || key.mark.index + LONGEST_KEY < self.mark.index {
            if key.required {
                return Err(self.problem("could not find expected ':'"));
            }
            self.simple_keys[level].possible = false;
            return Ok(false);
        }
        Ok(true)
    }

    fn save_simple_key(&mut self) -> Result<()> {
        if self.simple_key_allowed {
            let required = self.flow_level == 0 && self.indent == self.mark.column as isize;
            self.remove_simple_key()?;
            let key = SimpleKey {
                possible: true,
                awaited: true,
                required,
                token: self.taken + self.tokens.len(),
                mark: self.mark,
            };
            if let Some(last) = self.simple_keys.last_mut() {
                *last = key;
            }
        }
        Ok(())
    }

    fn remove_simple_key(&mut self) -> Result<()> {
        if let Some(key) = self.simple_keys.last_mut() {
            if key.possible && key.required {
                return Err(self.problem("could not find expected ':'"));
            }
            key.possible = false;
        }
        Ok(())
    }

    /// Opens a block collection at the mark's column if that is deeper; its token goes to `place`, or last.
    fn roll(&mut self, mark: Mark, place: Option<usize>, kind: Kind<'a>) -> Result<()> {
        let column = mark.column as isize;
        if self.flow_level > 0 || self.indent >= column {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column;
        if self.indents.len() > MAXIMUM_LEVELS {
            return Err(self.problem("exceeded max depth of 10000"));
        }
        let place = place.unwrap_or(self.tokens.len());
        self.tokens.insert(place, Token { kind, line: mark.line });
        Ok(())
    }

    /// Closes the block collections that are deeper than `column`.
    fn unroll(&mut self, column: isize) {
        while self.flow_level == 0 && self.indent > column {
            self.push(Kind::BlockEnd, self.mark.line);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    /// Goes over spaces, comments and line breaks.
    fn skip_to_token(&mut self) {
        loop {
            if self.position == 0 && self.bytes.starts_with(b"\xef\xbb\xbf") {
                self.skip();
            }
            while self.at(0) == b' ' || (self.at(0) == b'\t' && (self.flow_level > 0 || !self.simple_key_allowed)) {
                self.skip_ascii(1);
            }
            self.skip_comment();
            if !self.is_break() {
                return;
            }
            self.skip_line();
            if self.flow_level == 0 {
                self.simple_key_allowed = true;
            }
        }
    }

    /// Goes over a comment, if one begins here.
    pub(super) fn skip_comment(&mut self) {
        if self.at(0) == b'#' {
            while !self.break_or_end() {
                self.skip();
            }
        }
    }

    pub(super) fn skip_blanks(&mut self) {
        while self.blank_at(0) {
            self.skip_ascii(1);
        }
    }

    /// Takes letters, digits, `_` and `-`.
    pub(super) fn scan_word(&mut self) -> Text<'a> {
        let bytes = &self.bytes[self.position..];
        let length =
            bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')).count();
        self.skip_ascii(length);
        Cow::Borrowed(&bytes[..length])
    }
}
