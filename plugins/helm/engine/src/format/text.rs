//! Strings and bytes under the verbs `s q v x X`, and floats with their flags.

use super::printer::Printer;
use super::{float, quote, runes};

impl Printer<'_> {
    /// The beginning of a text, as long as the precision lets it be.
    fn cut<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        let end = self.precision.filter(|&limit| limit < text.len()).and_then(|limit| runes::indices(text).nth(limit));
        end.and_then(|(offset, _)| text.get(..offset)).unwrap_or(text)
    }

    /// `%s`.
    pub(super) fn plain(&mut self, text: &[u8]) {
        let text = self.cut(text);
        self.pad(text);
    }

    /// `%q`.
    pub(super) fn quoted(&mut self, text: &[u8]) {
        let text = self.cut(text);
        let mut out = Vec::with_capacity(text.len() + 2);
        if self.flags.sharp && quote::fits_backquotes(text) {
            out.push(b'`');
            out.extend_from_slice(text);
            out.push(b'`');
        } else {
            quote::append(&mut out, text, self.flags.plus);
        }
        self.pad(&out);
    }

    /// `%x` and `%X`: two digits a byte; with a space between them, and 0x before, as the flags say.
    pub(super) fn hexadecimal(&mut self, text: &[u8], upper: bool) {
        let text = self.precision.and_then(|limit| text.get(..limit)).unwrap_or(text);
        if text.is_empty() {
            self.padding(self.width.unwrap_or(0));
            return;
        }
        let digits: &[u8; 16] = if upper { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
        let prefix: &[u8] = if upper { b"0X" } else { b"0x" };
        let mut out = Vec::with_capacity(text.len() * 2 + 2);
        for (position, &byte) in text.iter().enumerate() {
            if self.flags.space && position > 0 {
                out.push(b' ');
            }
            if self.flags.sharp && (self.flags.space || position == 0) {
                out.extend_from_slice(prefix);
            }
            out.extend(digits.get(usize::from(byte >> 4)));
            out.extend(digits.get(usize::from(byte & 0xf)));
        }
        self.pad(&out);
    }

    /// A float under a verb of `strconv`; without a precision, `default` is it.
    pub(super) fn float(&mut self, value: f64, verb: u8, default: Option<usize>) {
        let precision = self.precision.or(default);
        let flags = self.flags;
        let mut text = vec![b'+'];
        float::append(&mut text, value, verb, precision);
        if matches!(text.get(1), Some(b'-' | b'+')) {
            text.remove(0);
        }
        if let Some(sign) = text.first_mut()
            && flags.space
            && *sign == b'+'
            && !flags.plus
        {
            *sign = b' ';
        }
        if !value.is_finite() {
            let unsigned = value.is_nan() && !flags.space && !flags.plus;
            let shown = text.get(usize::from(unsigned)..).unwrap_or_default();
            self.pad_with_spaces(shown);
            return;
        }
        if flags.sharp && verb != b'b' {
            keep_point(&mut text, verb, precision);
        }
        let (sign, number) = text.split_at(1);
        if flags.plus || sign != b"+" {
            match self.width {
                Some(width) if flags.zero && !flags.minus && width > text.len() => {
                    self.write(sign);
                    self.padding(width - text.len());
                    self.write(number);
                }
                _ => self.pad(&text),
            }
        } else {
            self.pad(number);
        }
    }
}

/// What the flag `#` does: a point in any case, and the zeros at the end that `%g` leaves out.
fn keep_point(text: &mut Vec<u8>, verb: u8, precision: Option<usize>) {
    let mut wanted = match verb {
        b'g' | b'G' | b'x' => precision.unwrap_or(6),
        _ => 0,
    };
    let is_hexadecimal = matches!(verb, b'x' | b'X');
    let tail_at = text.iter().position(|byte| match byte {
        b'p' | b'P' => true,
        b'e' | b'E' => !is_hexadecimal,
        _ => false,
    });
    let tail = tail_at.map(|at| text.split_off(at)).unwrap_or_default();
    let mut has_point = false;
    let mut significant = false;
    for &byte in text.iter().skip(1) {
        if byte == b'.' {
            has_point = true;
            continue;
        }
        significant |= byte != b'0';
        if significant {
            wanted = wanted.saturating_sub(1);
        }
    }
    if !has_point {
        // A lone zero before the point counts once.
        if text.len() == 2 && text.get(1) == Some(&b'0') {
            wanted = wanted.saturating_sub(1);
        }
        text.push(b'.');
    }
    text.resize(text.len() + wanted, b'0');
    text.extend_from_slice(&tail);
}
