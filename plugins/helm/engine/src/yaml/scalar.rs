//! Scalars on paper: plain, quoted or literal, folded at 80 columns where go-yaml v2 folds.

use super::analysis::{is_break, is_printable};
use super::order::Version;

/// The text that has been written, and where it stands.
pub(super) struct Output {
    pub(super) text: Vec<u8>,
    /// The column, in characters.
    column: usize,
    /// How far the current collection is indented; `None` outside of all.
    pub(super) margin: Option<usize>,
    /// The last character was a space, or nothing.
    whitespace: bool,
    /// Only indentation (and the indicators `-`, `?`, `:` of blocks) has been written to this line.
    pub(super) indention: bool,
    /// Beyond this column, v2 folds at spaces.
    width: usize,
}

const INDENT: usize = 2;

impl Output {
    pub(super) fn new(version: Version) -> Self {
        Self {
            text: Vec::new(),
            column: 0,
            margin: None,
            whitespace: true,
            indention: true,
            width: if version == Version::V2 { 80 } else { usize::MAX },
        }
    }

    /// Opens a collection, `flush` with what it stands in or deeper; answers the margin to go back to.
    pub(super) fn deeper(&mut self, flush: bool) -> Option<usize> {
        let before = self.margin;
        self.margin = Some(match before {
            None => 0,
            Some(margin) if flush => margin,
            Some(margin) => margin + INDENT,
        });
        before
    }

    /// Goes to the margin, on a new line unless this one is still before it.
    pub(super) fn indent(&mut self) {
        self.indent_to(self.margin.unwrap_or(0));
    }

    fn indent_to(&mut self, margin: usize) {
        if !self.indention || self.column > margin || (self.column == margin && !self.whitespace) {
            self.line();
        }
        while self.column < margin {
            self.put(b' ');
        }
        self.whitespace = true;
        self.indention = true;
    }

    /// Writes an indicator, behind a space if `apart`; a `block` one leaves the line open for more.
    pub(super) fn indicator(&mut self, indicator: &[u8], apart: bool, block: bool) {
        self.apart(apart);
        self.text.extend_from_slice(indicator);
        self.column += indicator.len();
        self.whitespace = false;
        self.indention &= block;
    }

    /// An empty collection.
    pub(super) fn empty(&mut self, open: &[u8], close: &[u8]) {
        self.indicator(open, true, false);
        self.indicator(close, false, false);
    }

    /// A tag before a scalar.
    pub(super) fn tag(&mut self, tag: &[u8]) {
        self.indicator(tag, true, false);
    }

    /// A scalar of ASCII that has no spaces.
    pub(super) fn plain(&mut self, text: &[u8]) {
        self.indicator(text, true, false);
    }

    fn apart(&mut self, apart: bool) {
        if apart && !self.whitespace {
            self.put(b' ');
        }
    }

    fn put(&mut self, byte: u8) {
        self.text.push(byte);
        self.column += 1;
    }

    fn character(&mut self, character: char) {
        let mut bytes = [0; 4];
        self.text.extend_from_slice(character.encode_utf8(&mut bytes).as_bytes());
        self.column += 1;
    }

    fn line(&mut self) {
        self.text.push(b'\n');
        self.column = 0;
    }

    /// The margin of a scalar's further lines.
    fn inner(&self) -> usize {
        self.margin.map_or(INDENT, |margin| margin + INDENT)
    }

    /// Whether nothing in `text` can fold, so that it goes out in one piece.
    fn fits(&self, text: &str, wide: bool) -> bool {
        !wide || self.width == usize::MAX || self.column + text.len() <= self.width || !text.contains(' ')
    }

    fn piece(&mut self, text: &str) {
        self.text.extend_from_slice(text.as_bytes());
        self.column += text.chars().count();
        self.whitespace = false;
        self.indention = false;
    }

    /// Text without quotes.
    pub(super) fn plain_text(&mut self, text: &str, wide: bool) {
        self.apart(!text.is_empty());
        if self.fits(text, wide) {
            self.piece(text);
        } else {
            self.folded(text, wide, false);
        }
    }

    /// Text in single quotes. It may hold line breaks other than a line feed.
    pub(super) fn single_quoted(&mut self, text: &str, wide: bool) {
        self.indicator(b"'", true, false);
        if self.fits(text, wide) && !text.contains(['\'', '\r', '\u{85}', '\u{2028}', '\u{2029}']) {
            self.piece(text);
        } else {
            self.folded(text, wide, true);
        }
        self.indicator(b"'", false, false);
    }

    /// Text whose single spaces may become line breaks.
    fn folded(&mut self, text: &str, wide: bool, quoted: bool) {
        let margin = self.inner();
        let (mut spaces, mut breaks) = (false, false);
        for (index, character) in text.char_indices() {
            if character == ' ' {
                let edge = quoted && (index == 0 || index + 1 == text.len());
                let next = text.as_bytes().get(index + 1) == Some(&b' ');
                if wide && !spaces && self.column > self.width && !edge && !next {
                    self.indent_to(margin);
                } else {
                    self.put(b' ');
                }
                spaces = true;
            } else if is_break(character) {
                self.line_break(character);
                self.indention = true;
                breaks = true;
            } else {
                if breaks {
                    self.indent_to(margin);
                }
                if quoted && character == '\'' {
                    self.put(b'\'');
                }
                self.character(character);
                self.indention = false;
                (spaces, breaks) = (false, false);
            }
        }
        self.whitespace = false;
        self.indention = false;
    }

    fn line_break(&mut self, character: char) {
        if character == '\n' {
            self.line();
        } else {
            self.character(character);
            self.column = 0;
        }
    }

    /// Text in double quotes, where everything can be written.
    pub(super) fn double_quoted(&mut self, text: &str, wide: bool) {
        self.indicator(b"\"", true, false);
        // go-yaml asks about a byte order mark at the start of the text for each of its characters.
        let marked = text.starts_with('\u{feff}');
        let margin = self.inner();
        let mut spaces = false;
        for (index, character) in text.char_indices() {
            if marked || !is_printable(character) || is_break(character) || matches!(character, '"' | '\\') {
                self.escape(character);
                spaces = false;
            } else if character == ' ' {
                let edge = index == 0 || index + 1 == text.len();
                if wide && !spaces && self.column > self.width && !edge {
                    self.indent_to(margin);
                    if text.as_bytes().get(index + 1) == Some(&b' ') {
                        self.put(b'\\');
                    }
                } else {
                    self.put(b' ');
                }
                spaces = true;
            } else {
                self.character(character);
                spaces = false;
            }
        }
        self.indicator(b"\"", false, false);
    }

    fn escape(&mut self, character: char) {
        let short = match character {
            '\0' => b'0',
            '\u{7}' => b'a',
            '\u{8}' => b'b',
            '\t' => b't',
            '\n' => b'n',
            '\u{b}' => b'v',
            '\u{c}' => b'f',
            '\r' => b'r',
            '\u{1b}' => b'e',
            '"' => b'"',
            '\\' => b'\\',
            '\u{85}' => b'N',
            '\u{a0}' => b'_',
            '\u{2028}' => b'L',
            '\u{2029}' => b'P',
            _ => 0,
        };
        let code = u32::from(character);
        let text = match code {
            _ if short != 0 => format!("\\{}", char::from(short)),
            0..=0xff => format!("\\x{code:02X}"),
            0x100..=0xffff => format!("\\u{code:04X}"),
            _ => format!("\\U{code:08X}"),
        };
        self.text.extend_from_slice(text.as_bytes());
        self.column += text.len();
    }

    /// Text as a block behind `|`.
    pub(super) fn literal(&mut self, text: &str) {
        self.indicator(b"|", true, false);
        if text.starts_with(|first| first == ' ' || is_break(first)) {
            self.indicator(b"2", false, false);
        }
        let mut from_end = text.chars().rev();
        if !from_end.next().is_some_and(is_break) {
            self.indicator(b"-", false, false);
        } else if from_end.next().is_none_or(is_break) {
            self.indicator(b"+", false, false);
        }
        self.line();
        self.indention = true;
        self.whitespace = true;
        let margin = self.inner();
        let mut breaks = true;
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            if is_break(character) {
                self.line_break(character);
                self.indention = true;
                breaks = true;
                rest = &rest[character.len_utf8()..];
            } else {
                if breaks {
                    self.indent_to(margin);
                }
                let line = rest.find(is_break).unwrap_or(rest.len());
                self.text.extend_from_slice(&rest.as_bytes()[..line]);
                self.column += rest[..line].chars().count();
                self.indention = false;
                breaks = false;
                rest = &rest[line..];
            }
        }
    }
}

/// Base64 in lines of 70, as go-yaml writes binary data: a line break behind each if there are several.
pub(super) fn base64_lines(bytes: &[u8]) -> String {
    const LINE: usize = 70;
    let text = crate::json::base64(bytes);
    if text.len() < LINE {
        return text;
    }
    let mut lines = String::with_capacity(text.len() + text.len() / LINE + 1);
    for (index, character) in text.chars().enumerate() {
        lines.push(character);
        if (index + 1) % LINE == 0 || index + 1 == text.len() {
            lines.push('\n');
        }
    }
    lines
}
