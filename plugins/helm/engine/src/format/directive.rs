//! Reads a format: `%[2]*.[1]*f` and whatever is wrong in one.

use super::TooLarge;
use super::printer::{Printer, type_name};
use super::runes;
use crate::value::Value;

/// No width or precision, and no number of an argument, is beyond this.
const MAX_NUMBER: usize = 1_000_000;

/// Where the reading stands.
struct Reader<'a> {
    format: &'a [u8],
    at: usize,
    values: &'a [Value],
    /// The argument that comes next.
    next: usize,
    /// Whether any directive chose its argument by number.
    reordered: bool,
    /// Whether this directive's numbers of arguments were right.
    good: bool,
    /// Whether what came last was such a number.
    after_index: bool,
}

/// Prints `values` as `format` says.
pub(super) fn run(printer: &mut Printer<'_>, format: &[u8], values: &[Value]) -> Result<(), TooLarge> {
    let mut reader = Reader { format, at: 0, values, next: 0, reordered: false, good: true, after_index: false };
    while let Some(rest) = format.get(reader.at..).filter(|rest| !rest.is_empty()) {
        let Some(length) = rest.iter().position(|&byte| byte == b'%') else {
            printer.write(rest);
            break;
        };
        printer.write(rest.get(..length).unwrap_or_default());
        reader.at += length + 1;
        printer.clear();
        reader.directive(printer)?;
    }
    reader.extra(printer)
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.format.get(self.at).copied()
    }

    fn directive(&mut self, printer: &mut Printer<'_>) -> Result<(), TooLarge> {
        self.good = true;
        self.flags(printer);
        self.index();
        self.width(printer);
        self.precision(printer);
        if !self.after_index {
            self.index();
        }
        let (character, size) = runes::first(self.format.get(self.at..).unwrap_or_default());
        if size == 0 {
            printer.write(b"%!(NOVERB)");
            return Ok(());
        }
        self.at += size;
        let verb = character.unwrap_or(char::REPLACEMENT_CHARACTER);
        if verb == '%' {
            printer.write(b"%");
            return Ok(());
        }
        let complaint: &[u8] = match self.values.get(self.next) {
            _ if !self.good => b"(BADINDEX)",
            None => b"(MISSING)",
            Some(value) => {
                // Go reads the flags of %w as those of %v, though only errors have it.
                if matches!(verb, 'v' | 'w') {
                    printer.flags.syntax = std::mem::take(&mut printer.flags.sharp);
                    printer.flags.names = std::mem::take(&mut printer.flags.plus);
                }
                self.next += 1;
                return printer.argument(value, verb);
            }
        };
        printer.write(b"%!");
        printer.write_char(verb);
        printer.write(complaint);
        Ok(())
    }

    fn flags(&mut self, printer: &mut Printer<'_>) {
        let flags = &mut printer.flags;
        while let Some(byte) = self.peek() {
            match byte {
                b'#' => flags.sharp = true,
                b'0' => flags.zero = true,
                b'+' => flags.plus = true,
                b'-' => flags.minus = true,
                b' ' => flags.space = true,
                _ => break,
            }
            self.at += 1;
        }
    }

    fn width(&mut self, printer: &mut Printer<'_>) {
        if self.peek() == Some(b'*') {
            self.at += 1;
            match self.number_argument() {
                Some(width) => {
                    if width < 0 {
                        printer.flags.minus = true;
                    }
                    printer.width = usize::try_from(width.unsigned_abs()).ok();
                }
                None => printer.write(b"%!(BADWIDTH)"),
            }
            self.after_index = false;
        } else {
            printer.width = self.number(self.format.len());
            // As in %[3]2d.
            if self.after_index && printer.width.is_some() {
                self.good = false;
            }
        }
    }

    fn precision(&mut self, printer: &mut Printer<'_>) {
        // A point at the very end is taken for the verb.
        if self.peek() != Some(b'.') || self.at + 1 >= self.format.len() {
            return;
        }
        self.at += 1;
        // As in %[3].2d.
        if self.after_index {
            self.good = false;
        }
        self.index();
        if self.peek() == Some(b'*') {
            self.at += 1;
            printer.precision = self.number_argument().and_then(|precision| usize::try_from(precision).ok());
            if printer.precision.is_none() {
                printer.write(b"%!(BADPREC)");
            }
            self.after_index = false;
        } else {
            printer.precision = Some(self.number(self.format.len()).unwrap_or(0));
        }
    }

    /// A decimal number that ends before `end`. One that is far too large ends the format.
    fn number(&mut self, end: usize) -> Option<usize> {
        let mut number: Option<usize> = None;
        while let Some(digit @ b'0'..=b'9') = self.peek().filter(|_| self.at < end) {
            let before = number.unwrap_or(0);
            if before > MAX_NUMBER {
                self.at = end;
                return None;
            }
            number = Some(before * 10 + usize::from(digit - b'0'));
            self.at += 1;
        }
        number
    }

    /// The next argument as a width or precision.
    fn number_argument(&mut self) -> Option<i64> {
        let value = self.values.get(self.next)?;
        self.next += 1;
        let number = match value {
            Value::Int(number, _) => *number,
            Value::Uint(number) => i64::try_from(*number).ok()?,
            _ => return None,
        };
        (number.unsigned_abs() <= MAX_NUMBER as u64).then_some(number)
    }

    /// A number of an argument in brackets, if one stands here.
    fn index(&mut self) {
        self.after_index = false;
        if self.peek() != Some(b'[') {
            return;
        }
        self.reordered = true;
        let start = self.at;
        let rest = self.format.get(start..).unwrap_or_default();
        let close = rest.iter().skip(1).position(|&byte| byte == b']').filter(|_| rest.len() >= 3);
        let Some(close) = close.map(|length| start + 1 + length) else {
            self.at = start + 1;
            self.good = false;
            return;
        };
        self.at = start + 1;
        let number = self.number(close).filter(|_| self.at == close);
        self.at = close + 1;
        match number.and_then(|number| number.checked_sub(1)).filter(|&index| index < self.values.len()) {
            Some(index) => {
                self.next = index;
                self.after_index = true;
            }
            None => {
                self.good = false;
                self.after_index = number.is_some();
            }
        }
    }

    /// Arguments that no directive asked for; where some chose by number, Go does not tell.
    fn extra(&self, printer: &mut Printer<'_>) -> Result<(), TooLarge> {
        let extra = self.values.get(self.next..).unwrap_or_default();
        if self.reordered || extra.is_empty() {
            return Ok(());
        }
        printer.clear();
        printer.write(b"%!(EXTRA ");
        for (position, value) in extra.iter().enumerate() {
            if position > 0 {
                printer.write(b", ");
            }
            if matches!(value, Value::Nil) {
                printer.write(b"<nil>");
            } else {
                printer.write(type_name(value).as_bytes());
                printer.write(b"=");
                printer.argument(value, 'v')?;
            }
        }
        printer.write(b")");
        Ok(())
    }
}
