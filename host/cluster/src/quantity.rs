//! Quantities of resources (`500m`, `1Gi`): upstream's `resource.Quantity`, read, compared, added, printed.

use std::cmp::Ordering;
use std::fmt;

/// Parts of one: amounts are kept as whole billionths.
const NANO: i128 = 1_000_000_000;

/// Digits that upstream's fast path takes.
const FAST_DIGITS: usize = 18;

const WRONG_FORMAT: &str =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const WRONG_NUMBER: &str = "unable to parse numeric part of quantity";
const WRONG_SUFFIX: &str = "unable to parse quantity's suffix";

/// Decimal suffixes with their powers of ten.
const DECIMAL: [(&str, i32); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];

/// Binary suffixes with their powers of two.
const BINARY: [(&str, u32); 6] = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];

/// How an amount is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// `1e3`
    Exponent,
    /// `1k`
    Decimal,
    /// `1Ki`
    Binary,
}

/// An amount, exact to a billionth. Two are equal when their amounts are, however they are written.
#[derive(Debug, Clone)]
pub(crate) struct Quantity {
    nano: i128,
    format: Format,
    /// As it was given, where upstream takes that for canonical.
    text: Option<Box<str>>,
}

impl Quantity {
    /// Reads a quantity.
    ///
    /// # Errors
    /// What is wrong with it, in upstream's words.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err(WRONG_FORMAT);
        }
        let parts = Parts::split(text)?;
        let (power, format) = interpret(parts.suffix).ok_or(WRONG_SUFFIX)?;
        let digits = format!("{}{}", parts.whole, parts.fraction);
        let mantissa = mantissa(&digits).ok_or(WRONG_NUMBER)?;
        let nano = match format {
            Format::Binary => binary_nano(mantissa, power.unsigned_abs(), parts.fraction.len()),
            _ => scaled(mantissa, i64::from(power) - parts.fraction.len() as i64 + 9),
        };
        let format = if format == Format::Binary && nano > 0 && nano < NANO { Format::Decimal } else { format };
        let canonical = text == "0" || parts.looks_canonical(&digits, mantissa, power, format);
        let nano = if parts.negative { -nano } else { nano };
        Ok(Self { nano, format, text: canonical.then(|| text.into()) })
    }

    /// None of it.
    pub(crate) fn zero() -> Self {
        Self { nano: 0, format: Format::Decimal, text: None }
    }

    /// A whole number of it.
    pub(crate) fn from_integer(value: i64) -> Self {
        Self { nano: i128::from(value) * NANO, format: Format::Decimal, text: None }
    }

    /// Whole ones, rounded up (away from zero).
    pub(crate) fn value(&self) -> i64 {
        self.rounded(NANO)
    }

    /// Thousandths, rounded up (away from zero).
    pub(crate) fn milli_value(&self) -> i64 {
        self.rounded(NANO / 1000)
    }

    fn rounded(&self, unit: i128) -> i64 {
        let magnitude = self.nano.unsigned_abs().div_ceil(unit.unsigned_abs());
        let magnitude = i64::try_from(magnitude).unwrap_or(i64::MAX);
        if self.nano < 0 { -magnitude } else { magnitude }
    }

    /// Whether it is less than nothing.
    pub(crate) fn is_negative(&self) -> bool {
        self.nano < 0
    }

    /// Whether it is nothing.
    pub(crate) fn is_zero(&self) -> bool {
        self.nano == 0
    }

    /// Whether it is a whole number.
    pub(crate) fn is_integer(&self) -> bool {
        self.nano % NANO == 0
    }

    /// Whether it is a whole number of thousandths.
    pub(crate) fn is_milli(&self) -> bool {
        self.nano % (NANO / 1000) == 0
    }

    /// The sum, written as the first one is; as the second if the first is nothing.
    #[must_use]
    pub(crate) fn plus(&self, other: &Self) -> Self {
        let format = if self.is_zero() { other.format } else { self.format };
        Self { nano: self.nano.saturating_add(other.nano), format, text: None }
    }

    /// The difference, written as the first one is; as the second if the first is nothing.
    #[must_use]
    pub(crate) fn minus(&self, other: &Self) -> Self {
        let format = if self.is_zero() { other.format } else { self.format };
        Self { nano: self.nano.saturating_sub(other.nano), format, text: None }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nano == other.nano
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nano.cmp(&other.nano)
    }
}

impl fmt::Display for Quantity {
    /// The canonical form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = &self.text {
            return f.write_str(text);
        }
        if self.nano == 0 {
            return f.write_str("0");
        }
        let sign = if self.nano < 0 { "-" } else { "" };
        let magnitude = self.nano.unsigned_abs();
        let nano = NANO.unsigned_abs();
        if self.format == Format::Binary && magnitude >= 1024 * nano && magnitude.is_multiple_of(nano) {
            let mut number = magnitude / nano;
            let mut suffix = "";
            for (name, _) in BINARY {
                if !number.is_multiple_of(1024) {
                    break;
                }
                number /= 1024;
                suffix = name;
            }
            return write!(f, "{sign}{number}{suffix}");
        }
        let (mut number, mut power) = (magnitude, -9);
        while number.is_multiple_of(10) {
            number /= 10;
            power += 1;
        }
        while power % 3 != 0 {
            number *= 10;
            power -= 1;
        }
        match DECIMAL.iter().find(|(_, each)| *each == power) {
            Some((suffix, _)) if self.format != Format::Exponent => write!(f, "{sign}{number}{suffix}"),
            _ if power == 0 => write!(f, "{sign}{number}"),
            _ => write!(f, "{sign}{number}e{power}"),
        }
    }
}

/// A quantity's text, taken apart.
struct Parts<'a> {
    negative: bool,
    /// Digits before the point, without leading zeros; `0` if none is left.
    whole: &'a str,
    /// Digits behind it.
    fraction: &'a str,
    suffix: &'a str,
}

impl<'a> Parts<'a> {
    fn split(text: &'a str) -> Result<Self, &'static str> {
        let negative = text.starts_with('-');
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let unsigned = unsigned.trim_start_matches('0');
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let (whole, rest) = unsigned.split_at(digits(unsigned));
        let (fraction, suffix) = match rest.strip_prefix('.') {
            Some(rest) => rest.split_at(digits(rest)),
            None => ("", rest),
        };
        let letters = suffix.bytes().take_while(|byte| b"eEinumkKMGTP".contains(byte)).count();
        let exponent = &suffix[letters..];
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        if digits(exponent) != exponent.len() {
            return Err(WRONG_FORMAT);
        }
        Ok(Self { negative, whole: if whole.is_empty() { "0" } else { whole }, fraction, suffix })
    }

    /// Upstream keeps the text of an amount that its fast path reads and that looks canonical to it.
    fn looks_canonical(&self, digits: &str, mantissa: i128, power: i32, format: Format) -> bool {
        let scale = i64::from(power) - self.fraction.len() as i64;
        match format {
            Format::Binary => {
                let room = 15 - self.whole.len() as i64 - i64::from(power) * 3 / 10 - 1;
                self.fraction.is_empty() && room >= 0 && power % 10 == 0 && mantissa & 7 != 0
            }
            _ => {
                digits.len() <= FAST_DIGITS
                    && scale >= -9
                    && scale % 3 == 0
                    && !digits.ends_with("000")
                    && !digits.starts_with('0')
                    && !self.suffix.ends_with('i')
            }
        }
    }
}

/// A suffix as a power of ten or two.
fn interpret(suffix: &str) -> Option<(i32, Format)> {
    if let Some((_, power)) = DECIMAL.iter().find(|(name, _)| *name == suffix) {
        return Some((*power, Format::Decimal));
    }
    if let Some((_, power)) = BINARY.iter().find(|(name, _)| *name == suffix) {
        return Some((i32::try_from(*power).ok()?, Format::Binary));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?;
    exponent.parse().ok().map(|power| (power, Format::Exponent))
}

/// Digits as a number; as many as there is room for.
fn mantissa(digits: &str) -> Option<i128> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse().unwrap_or(i128::MAX))
}

/// `mantissa` × 10^`power`, rounded up.
fn scaled(mantissa: i128, power: i64) -> i128 {
    let factor = |power: i64| u32::try_from(power).ok().and_then(|power| 10_i128.checked_pow(power));
    match (power >= 0, factor(power.abs())) {
        (true, Some(factor)) => mantissa.saturating_mul(factor),
        (true, None) => {
            if mantissa == 0 {
                0
            } else {
                i128::MAX
            }
        }
        (false, Some(factor)) => (mantissa + factor - 1).div_euclid(factor),
        (false, None) => i128::from(mantissa != 0),
    }
}

/// `mantissa` × 2^`power` ÷ 10^`places` in billionths, rounded up; no more than upstream's greatest.
fn binary_nano(mantissa: i128, power: u32, places: usize) -> i128 {
    let most = i128::from(i64::MAX) * NANO;
    let whole = mantissa.checked_mul(1_i128.checked_shl(power).unwrap_or(i128::MAX));
    let nano = whole.map_or(i128::MAX, |whole| scaled(whole, 9 - places as i64));
    nano.min(most)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn canonical_forms_are_upstreams() {
        let cases = [
            ("0", "0"),
            ("0Mi", "0"),
            ("0.0", "0"),
            ("-0", "0"),
            ("1", "1"),
            ("100m", "100m"),
            ("1000m", "1"),
            ("1500m", "1500m"),
            ("0.5", "500m"),
            ("0.1", "100m"),
            ("1.5", "1500m"),
            ("1.123", "1.123"),
            ("0.123", "123m"),
            ("0.001", "1m"),
            ("1024Mi", "1Gi"),
            ("1Gi", "1Gi"),
            ("100Mi", "100Mi"),
            ("8Mi", "8Mi"),
            ("1.5Gi", "1536Mi"),
            ("0.5Gi", "512Mi"),
            ("0.5Ki", "512"),
            ("1.5Ki", "1536"),
            ("512Ki", "512Ki"),
            ("1000Ki", "1000Ki"),
            ("2048", "2048"),
            ("1000", "1k"),
            ("10000", "10k"),
            ("1e3", "1e3"),
            ("1e2", "100"),
            ("1E3", "1E3"),
            ("1000e0", "1e3"),
            ("12e-4", "1200e-6"),
            ("1k", "1k"),
            ("1000k", "1M"),
            ("100000000", "100M"),
            ("1.1n", "2n"),
            ("0.0000000001", "1n"),
            ("-500m", "-500m"),
            ("-1000m", "-1"),
            ("+5", "+5"),
            ("007", "007"),
            ("9Ei", "9223372036854775807"),
            ("1E", "1E"),
        ];
        for (given, canonical) in cases {
            assert_eq!(Quantity::parse(given).unwrap().to_string(), canonical, "{given}");
        }
    }

    #[test]
    fn what_is_no_quantity_is_refused_in_upstreams_words() {
        let cases = [
            ("", WRONG_FORMAT),
            ("abc", WRONG_FORMAT),
            ("1x", WRONG_FORMAT),
            ("1 Gi", WRONG_FORMAT),
            ("1Gi ", WRONG_FORMAT),
            ("1Gib", WRONG_FORMAT),
            ("1mm", WRONG_SUFFIX),
            ("1g", WRONG_FORMAT),
            ("1KB", WRONG_FORMAT),
            ("1K", WRONG_SUFFIX),
            ("1e", WRONG_SUFFIX),
        ];
        for (given, why) in cases {
            assert_eq!(Quantity::parse(given).unwrap_err(), why, "{given}");
        }
    }

    #[test]
    fn amounts_are_compared_added_and_rounded() {
        let of = |text: &str| Quantity::parse(text).unwrap();
        assert_eq!(of("1Gi"), of("1073741824"));
        assert!(of("1G") < of("1Gi") && of("-1") < of("0") && of("100m") < of("1"));
        assert_eq!(of("1Gi").plus(&of("512Mi")).to_string(), "1536Mi");
        assert_eq!(Quantity::zero().plus(&of("512Mi")).plus(&of("512Mi")).to_string(), "1Gi");
        assert_eq!(of("1").minus(&of("100m")).to_string(), "900m");
        assert_eq!((of("100m").value(), of("1.5").milli_value(), of("-1.5").value()), (1, 1500, -2));
        assert!(of("2").is_integer() && !of("2.5").is_integer() && !of("1u").is_milli() && of("-1").is_negative());
    }
}
