//! The scanner's texts: plain, quoted and block scalars.

use std::borrow::Cow;

use super::scanner::Scanner;
use super::token::{Problem, Text};

type Result<T> = std::result::Result<T, Problem>;

/// Line breaks between two lines of a scalar, on the way to a space or fewer breaks.
#[derive(Default)]
struct Fold {
    first: Vec<u8>,
    further: Vec<u8>,
}

impl Fold {
    /// Writes what the breaks fold to.
    fn flush(&mut self, text: &mut Vec<u8>) {
        if self.first.first() != Some(&b'\n') {
            text.append(&mut self.first);
            text.append(&mut self.further);
        } else if self.further.is_empty() {
            text.push(b' ');
        } else {
            text.append(&mut self.further);
        }
        self.first.clear();
    }
}

impl<'a> Scanner<'a> {
    /// A scalar without quotes.
    pub(super) fn scan_plain(&mut self) -> Result<Text<'a>> {
        let indent = self.indent + 1;
        let mut text = Vec::new();
        // The line at hand, up to its last character that is no blank.
        let (mut begin, mut end) = (self.position, self.position);
        let mut fold = Fold::default();
        let mut new_line = false;
        while !self.document_indicator() && self.at(0) != b'#' {
            while !self.white_at(0) {
                let byte = self.at(0);
                if (byte == b':' && self.white_at(1))
                    || (self.flow_level > 0 && matches!(byte, b',' | b'?' | b'[' | b']' | b'{' | b'}'))
                {
                    break;
                }
                if new_line {
                    text.extend_from_slice(&self.bytes[begin..end]);
                    fold.flush(&mut text);
                    begin = self.position;
                    new_line = false;
                }
                self.skip();
                end = self.position;
            }
            if !(self.blank_at(0) || self.is_break()) {
                break;
            }
            loop {
                if self.blank_at(0) {
                    if new_line && (self.mark.column as isize) < indent && self.at(0) == b'\t' {
                        return Err(self.problem("found a tab character that violates indentation"));
                    }
                    self.skip();
                } else if self.is_break() {
                    self.read_line(if new_line { &mut fold.further } else { &mut fold.first });
                    new_line = true;
                } else {
                    break;
                }
            }
            if self.flow_level == 0 && (self.mark.column as isize) < indent {
                break;
            }
        }
        if new_line {
            self.simple_key_allowed = true;
        }
        if text.is_empty() {
            return Ok(Cow::Borrowed(&self.bytes[begin..end]));
        }
        text.extend_from_slice(&self.bytes[begin..end]);
        Ok(Cow::Owned(text))
    }

    /// A scalar in single or double quotes.
    pub(super) fn scan_quoted(&mut self, single: bool) -> Result<Text<'a>> {
        let quote = if single { b'\'' } else { b'"' };
        self.skip();
        let begin = self.position;
        let mut text: Option<Vec<u8>> = None;
        let mut fold = Fold::default();
        loop {
            if self.document_indicator() {
                return Err(self.problem("found unexpected document indicator"));
            }
            if self.is_end() {
                return Err(self.problem("found unexpected end of stream"));
            }
            let mut new_line = false;
            while !self.white_at(0) {
                let byte = self.at(0);
                if byte == quote {
                    if !(single && self.at(1) == b'\'') {
                        break;
                    }
                    text.get_or_insert_with(|| self.bytes[begin..self.position].to_vec()).push(b'\'');
                    self.skip();
                    self.skip();
                } else if !single && byte == b'\\' {
                    let text = text.get_or_insert_with(|| self.bytes[begin..self.position].to_vec());
                    if self.break_at(1) > 0 {
                        self.skip();
                        self.skip_line();
                        new_line = true;
                        break;
                    }
                    self.escape(text)?;
                } else {
                    let from = self.position;
                    self.skip();
                    if let Some(text) = &mut text {
                        text.extend_from_slice(&self.bytes[from..self.position]);
                    }
                }
            }
            if self.at(0) == quote {
                break;
            }
            let blanks = self.position;
            loop {
                if self.blank_at(0) {
                    self.skip();
                } else if self.is_break() {
                    // Blanks before a break go.
                    text.get_or_insert_with(|| self.bytes[begin..blanks].to_vec());
                    self.read_line(if new_line { &mut fold.further } else { &mut fold.first });
                    new_line = true;
                } else {
                    break;
                }
            }
            if let Some(text) = &mut text {
                if new_line {
                    fold.flush(text);
                } else {
                    text.extend_from_slice(&self.bytes[blanks..self.position]);
                }
            }
        }
        let end = self.position;
        self.skip();
        Ok(text.map_or(Cow::Borrowed(&self.bytes[begin..end]), Cow::Owned))
    }

    /// An escape sequence of double quotes.
    fn escape(&mut self, text: &mut Vec<u8>) -> Result<()> {
        let mut digits = 0;
        match self.at(1) {
            b'0' => text.push(0),
            b'a' => text.push(7),
            b'b' => text.push(8),
            b't' | b'\t' => text.push(b'\t'),
            b'n' => text.push(b'\n'),
            b'v' => text.push(0x0b),
            b'f' => text.push(0x0c),
            b'r' => text.push(b'\r'),
            b'e' => text.push(0x1b),
            byte @ (b' ' | b'"' | b'\'' | b'\\') => text.push(byte),
            b'N' => text.extend_from_slice("\u{85}".as_bytes()),
            b'_' => text.extend_from_slice("\u{a0}".as_bytes()),
            b'L' => text.extend_from_slice("\u{2028}".as_bytes()),
            b'P' => text.extend_from_slice("\u{2029}".as_bytes()),
            b'x' => digits = 2,
            b'u' => digits = 4,
            b'U' => digits = 8,
            _ => return Err(self.problem("found unknown escape character")),
        }
        self.skip();
        self.skip();
        if digits > 0 {
            let mut code = 0u64;
            for place in 0..digits {
                let Some(digit) = char::from(self.at(place)).to_digit(16) else {
                    return Err(self.problem("did not find expected hexdecimal number"));
                };
                code = code << 4 | u64::from(digit);
            }
            let Some(character) = u32::try_from(code).ok().and_then(char::from_u32) else {
                return Err(self.problem("found invalid Unicode character escape code"));
            };
            text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            for _ in 0..digits {
                self.skip();
            }
        }
        Ok(())
    }

    /// A scalar behind `|` or `>`.
    pub(super) fn scan_block_scalar(&mut self, literal: bool) -> Result<Text<'a>> {
        self.skip();
        let (keep, strip, increment) = self.block_header()?;
        let mut indent = if increment > 0 { increment + usize::try_from(self.indent.max(0)).unwrap_or(0) } else { 0 };
        let mut text = Vec::new();
        let mut last = Vec::new();
        let mut empty = Vec::new();
        self.block_breaks(&mut indent, &mut empty)?;
        let mut after_blank = false;
        while self.mark.column == indent && !self.is_end() {
            let blank = self.blank_at(0);
            if !literal && !after_blank && !blank && last.first() == Some(&b'\n') {
                if empty.is_empty() {
                    text.push(b' ');
                }
            } else {
                text.extend_from_slice(&last);
            }
            last.clear();
            text.append(&mut empty);
            after_blank = blank;
            let from = self.position;
            while !self.break_or_end() {
                self.skip();
            }
            text.extend_from_slice(&self.bytes[from..self.position]);
            self.read_line(&mut last);
            self.block_breaks(&mut indent, &mut empty)?;
        }
        if !strip {
            text.append(&mut last);
        }
        if keep {
            text.append(&mut empty);
        }
        Ok(Cow::Owned(text))
    }

    /// What follows `|` or `>` on its line: whether to keep or strip the last breaks, and by how much the text is
    /// indented (0: as its first line shows).
    fn block_header(&mut self) -> Result<(bool, bool, usize)> {
        let (mut keep, mut strip, mut increment) = (false, false, 0);
        for _ in 0..2 {
            match self.at(0) {
                sign @ (b'+' | b'-') if !keep && !strip => {
                    (keep, strip) = (sign == b'+', sign == b'-');
                    self.skip();
                }
                digit @ b'0'..=b'9' if increment == 0 => {
                    if digit == b'0' {
                        return Err(self.problem("found an indentation indicator equal to 0"));
                    }
                    increment = usize::from(digit - b'0');
                    self.skip();
                }
                _ => break,
            }
        }
        self.skip_blanks();
        self.skip_comment();
        if !self.break_or_end() {
            return Err(self.problem("did not find expected comment or line break"));
        }
        self.skip_line();
        Ok((keep, strip, increment))
    }

    /// Goes over indentation and empty lines, and finds out the indentation if it is not known (0).
    fn block_breaks(&mut self, indent: &mut usize, breaks: &mut Vec<u8>) -> Result<()> {
        let mut deepest = 0;
        loop {
            while (*indent == 0 || self.mark.column < *indent) && self.at(0) == b' ' {
                self.skip();
            }
            deepest = deepest.max(self.mark.column);
            if (*indent == 0 || self.mark.column < *indent) && self.at(0) == b'\t' {
                return Err(self.problem("found a tab character where an indentation space is expected"));
            }
            if !self.is_break() {
                break;
            }
            self.read_line(breaks);
        }
        if *indent == 0 {
            *indent = deepest.max(usize::try_from(self.indent + 1).unwrap_or(0)).max(1);
        }
        Ok(())
    }
}
