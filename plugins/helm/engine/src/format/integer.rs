//! Integers under the verbs `b c d o O q U v x X`.

use super::printer::Printer;
use super::{is_printable, quote, runes};

/// The digits of a base, in the case that a verb asks for.
#[derive(Clone, Copy)]
pub(super) enum Base {
    Two,
    Eight,
    Ten,
    Sixteen { upper: bool },
}

/// The digits of a number.
fn digits(mut number: u64, base: Base) -> Vec<u8> {
    let (radix, letter) = match base {
        Base::Two => (2, b'a'),
        Base::Eight => (8, b'a'),
        Base::Ten => (10, b'a'),
        Base::Sixteen { upper } => (16, if upper { b'A' } else { b'a' }),
    };
    let mut digits = Vec::with_capacity(20);
    loop {
        // Less than 16.
        let digit = (number % radix) as u8;
        digits.push(if digit < 10 { b'0' + digit } else { letter + (digit - 10) });
        number /= radix;
        if number == 0 {
            break;
        }
    }
    digits.reverse();
    digits
}

impl Printer<'_> {
    /// A number by its magnitude and sign, with what the flags, the width and the precision ask for.
    pub(super) fn number(&mut self, magnitude: u64, negative: bool, base: Base, verb: char) {
        let flags = self.flags;
        let mut least = 0;
        if let Some(precision) = self.precision {
            least = precision;
            if precision == 0 && magnitude == 0 {
                self.spaces(self.width.unwrap_or(0));
                return;
            }
        } else if let (true, false, Some(width)) = (flags.zero, flags.minus, self.width) {
            least = if negative || flags.plus || flags.space { width.saturating_sub(1) } else { width };
        }
        let digits = digits(magnitude, base);
        let zeros = least.saturating_sub(digits.len());
        let mut text = Vec::with_capacity(digits.len() + zeros + 3);
        if negative {
            text.push(b'-');
        } else if flags.plus {
            text.push(b'+');
        } else if flags.space {
            text.push(b' ');
        }
        if verb == 'O' {
            text.extend_from_slice(b"0o");
        }
        if flags.sharp {
            match base {
                Base::Two => text.extend_from_slice(b"0b"),
                Base::Eight if zeros == 0 && digits.first() != Some(&b'0') => text.push(b'0'),
                Base::Sixteen { upper } => text.extend_from_slice(if upper { b"0X" } else { b"0x" }),
                Base::Eight | Base::Ten => {}
            }
        }
        text.resize(text.len() + zeros, b'0');
        text.extend_from_slice(&digits);
        self.pad_with_spaces(&text);
    }

    /// `%c`: the character of this number.
    pub(super) fn character(&mut self, number: u64) {
        let mut text = Vec::with_capacity(4);
        runes::append(&mut text, number);
        self.pad(&text);
    }

    /// `%q`: the character of this number, quoted.
    pub(super) fn quoted_character(&mut self, number: u64) {
        let mut text = Vec::with_capacity(12);
        quote::append_rune(&mut text, number, self.flags.plus);
        self.pad(&text);
    }

    /// `%U`: U+0078, and with `#` the character itself.
    pub(super) fn code_point(&mut self, number: u64) {
        let digits = digits(number, Base::Sixteen { upper: true });
        let least = self.precision.unwrap_or(4).max(4);
        let mut text = b"U+".to_vec();
        text.resize(2 + least.saturating_sub(digits.len()), b'0');
        text.extend_from_slice(&digits);
        if self.flags.sharp
            && let Some(character) = runes::from_number(number)
            && is_printable(character)
        {
            text.extend_from_slice(b" '");
            runes::append(&mut text, number);
            text.push(b'\'');
        }
        self.pad_with_spaces(&text);
    }
}
