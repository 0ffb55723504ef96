//! Numbers as schemas compare them: exact, whatever their size, and printed as the message catalogue does.

use std::cmp::Ordering;
use std::rc::Rc;

use crate::format;
use crate::value::Value;

/// How many digits a number may have; 64-bit floats have at most 17 that matter.
const MAX_DIGITS: usize = 400;

/// How far a number's point may be moved; 64-bit floats end at 324.
const MAX_EXPONENT: i64 = 5000;

/// A decimal number, and the text it came with.
#[derive(Clone, Debug)]
pub(super) struct Number {
    text: Rc<str>,
    negative: bool,
    /// The digits that matter, from the first to the last that is not zero; none is zero itself.
    digits: Vec<u8>,
    /// The power of ten of the last digit.
    exponent: i64,
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Number {
    /// Reads a number in decimal digits; `None` where it is none, or beyond the limits.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        if all.is_empty() || all.len() > MAX_DIGITS || exponent.abs() > MAX_EXPONENT {
            return None;
        }
        let mut digits =
            all.iter().map(|digit| digit.is_ascii_digit().then(|| digit - b'0')).collect::<Option<Vec<_>>>()?;
        let mut exponent = exponent - i64::try_from(fraction.len()).ok()?;
        while digits.last() == Some(&0) {
            digits.pop();
            exponent += 1;
        }
        let leading = digits.iter().take_while(|digit| **digit == 0).count();
        digits.drain(..leading);
        if digits.is_empty() {
            exponent = 0;
        }
        Some(Self { text: text.into(), negative: negative && !digits.is_empty(), digits, exponent })
    }

    /// As it was written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn is_integer(&self) -> bool {
        self.exponent >= 0
    }

    /// A whole number that fits; what limits count with.
    pub(super) fn to_i64(&self) -> Option<i64> {
        if !self.is_integer() {
            return None;
        }
        let digits =
            self.digits.iter().try_fold(0_i64, |sum, digit| sum.checked_mul(10)?.checked_add(i64::from(*digit)))?;
        let magnitude = digits.checked_mul(10_i64.checked_pow(u32::try_from(self.exponent).ok()?)?)?;
        Some(if self.negative { -magnitude } else { magnitude })
    }

    pub(super) fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => self.cmp_magnitude(other),
            (true, true) => other.cmp_magnitude(self),
        }
    }

    fn cmp_magnitude(&self, other: &Self) -> Ordering {
        // Without a digit it is zero, which is below whatever has one.
        let scale = |number: &Self| (!number.digits.is_empty()).then(|| number.exponent + number.digits.len() as i64);
        scale(self).cmp(&scale(other)).then_with(|| {
            let length = self.digits.len().max(other.digits.len());
            let padded = |number: &Self| {
                number.digits.iter().copied().chain(std::iter::repeat(0)).take(length).collect::<Vec<u8>>()
            };
            padded(self).cmp(&padded(other))
        })
    }

    /// Whether it is a multiple of the other; `None` where that has too many digits to be told.
    pub(super) fn is_multiple_of(&self, divisor: &Self) -> Option<bool> {
        if divisor.digits.is_empty() {
            return None;
        }
        // Both with the smaller exponent: this is a remainder of whole numbers.
        let shift = self.exponent - divisor.exponent;
        let mut modulus = divisor
            .digits
            .iter()
            .try_fold(0_u128, |sum, digit| sum.checked_mul(10)?.checked_add(u128::from(*digit)))?;
        for _ in shift..0 {
            // What has more digits than this number divides only zero.
            modulus = match modulus.checked_mul(10).filter(|modulus| *modulus < 1 << 120) {
                Some(modulus) => modulus,
                None => return Some(self.digits.is_empty()),
            };
        }
        if modulus >= 1 << 124 {
            return None;
        }
        let zeros = std::iter::repeat_n(0, usize::try_from(shift.max(0)).ok()?);
        let remainder =
            self.digits.iter().copied().chain(zeros).fold(0, |rest, digit| (rest * 10 + u128::from(digit)) % modulus);
        Some(remainder == 0)
    }

    /// As messages show it: with commas between thousands, and powers of ten written out.
    pub(super) fn shown(&self) -> String {
        let float = self.text.parse::<f64>().unwrap_or(f64::NAN);
        // Without sign: a rational number has no negative zero.
        let float = if float == 0.0 { 0.0 } else { float };
        let text = format::print(&Value::Float(float)).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        match text.split_once('e') {
            Some((mantissa, exponent)) => {
                let exponent: String = exponent
                    .chars()
                    .filter_map(|character| match character {
                        '-' => Some('⁻'),
                        '0' => Some('⁰'),
                        '1' => Some('¹'),
                        '2' => Some('²'),
                        '3' => Some('³'),
                        digit => char::from_u32('⁰' as u32 + digit.to_digit(10)?),
                    })
                    .collect();
                format!("{mantissa}×10{exponent}")
            }
            None => grouped(&text),
        }
    }
}

/// A number of messages, with commas between thousands.
pub(super) fn count(number: impl std::fmt::Display) -> String {
    grouped(&number.to_string())
}

fn grouped(text: &str) -> String {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let (whole, fraction) = match digits.find('.') {
        Some(point) => digits.split_at(point),
        None => (digits, ""),
    };
    let mut out = sign.to_owned();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 && digit.is_ascii_digit() {
            out.push(',');
        }
        out.push(digit);
    }
    out + fraction
}
