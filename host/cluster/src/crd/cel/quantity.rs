//! `resource.Quantity` in expressions: exact to a billionth.

use crate::crd::format;

const NANO: i128 = 1_000_000_000;

/// A quantity, in billionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Quantity(i128);

impl Quantity {
    /// Reads `1.5Gi`, `100m`, `2e3`; what is finer than a billionth is rounded up.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if !format::is_quantity(text) {
            return None;
        }
        let (sign, rest) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let end = rest.find(|char: char| !char.is_ascii_digit() && char != '.').unwrap_or(rest.len());
        let (number, suffix) = rest.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
        let mut power = -i32::try_from(fraction.len()).ok()? + 9;
        let mut times: i128 = 1;
        match suffix {
            "" => {}
            "n" => power -= 9,
            "u" => power -= 6,
            "m" => power -= 3,
            "k" => power += 3,
            "M" => power += 6,
            "G" => power += 9,
            "T" => power += 12,
            "P" => power += 15,
            "E" => power += 18,
            "Ki" => times = 1 << 10,
            "Mi" => times = 1 << 20,
            "Gi" => times = 1 << 30,
            "Ti" => times = 1 << 40,
            "Pi" => times = 1 << 50,
            "Ei" => times = 1 << 60,
            exponent => power += exponent.get(1..)?.parse::<i32>().ok()?,
        }
        let value = digits.checked_mul(times)?;
        let scale = 10i128.checked_pow(power.unsigned_abs());
        let value = match (power >= 0, scale) {
            (true, Some(scale)) => value.checked_mul(scale)?,
            (true, None) => return None,
            (false, Some(scale)) => value / scale + i128::from(value % scale != 0),
            (false, None) => i128::from(value != 0),
        };
        Some(Self(sign * value))
    }

    pub(crate) fn from_int(value: i64) -> Self {
        Self(i128::from(value) * NANO)
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// -1, 0 or 1.
    pub(crate) fn sign(self) -> i64 {
        self.0.signum() as i64
    }

    /// The whole number that it is, if it is one.
    pub(crate) fn integer(self) -> Option<i64> {
        (self.0 % NANO == 0).then(|| i64::try_from(self.0 / NANO).ok())?
    }

    pub(crate) fn float(self) -> f64 {
        self.0 as f64 / NANO as f64
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn quantities() {
        let value = |text: &str| Quantity::parse(text).unwrap();
        assert!(value("1Gi") > value("1G") && value("1000m") == value("1") && value("1e3") == value("1k"));
        assert_eq!(value("2Ki").integer(), Some(2048));
        assert_eq!(value("1.5").integer(), None);
        assert_eq!(value("-3").sign(), -1);
        assert_eq!(value("1").plus(value("500m")).float(), 1.5);
        assert_eq!(Quantity::parse("x"), None);
    }
}
