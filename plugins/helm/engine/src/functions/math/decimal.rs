//! Decimal numbers of any length, with which Sprig's `addf`, `divf` and their kin calculate: 0.1 and 0.2 are 0.3.

use num_bigint::{BigInt, Sign};

use crate::format::float;

/// How many places a quotient has behind its point.
const DIVISION_PLACES: i64 = 16;

/// `value` times ten to the power of `exponent`.
#[derive(Clone, Debug)]
pub(super) struct Decimal {
    value: BigInt,
    exponent: i64,
}

impl Decimal {
    /// The shortest decimal that reads back as this float.
    ///
    /// # Errors
    /// What is no number, or infinite; in the words of Go's library.
    pub(super) fn from_f64(number: f64) -> Result<Self, String> {
        let mut text = Vec::new();
        float::append(&mut text, number, b'e', None);
        let text = String::from_utf8_lossy(&text).into_owned();
        if !number.is_finite() {
            return Err(format!("Cannot create a Decimal from {text}"));
        }
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        // Digits and a sign, as they were just printed.
        let value: BigInt = format!("{whole}{fraction}").parse().unwrap_or_default();
        let exponent: i64 = exponent.parse().unwrap_or_default();
        Ok(Self { value, exponent: exponent - fraction.len() as i64 })
    }

    /// The nearest float; what is too large is infinite.
    pub(super) fn to_f64(&self) -> f64 {
        format!("{}e{}", self.value, self.exponent).parse().unwrap_or(0.0)
    }

    /// How many digits it takes at most, for the budget.
    pub(super) fn size(&self) -> usize {
        usize::try_from(self.value.bits() / 3).unwrap_or(usize::MAX)
    }

    /// How much more the numbers take when both have the lesser exponent.
    pub(super) fn distance(&self, other: &Self) -> usize {
        usize::try_from(self.exponent.abs_diff(other.exponent)).unwrap_or(usize::MAX)
    }

    /// Both with the lesser exponent of the two.
    fn aligned(&self, other: &Self) -> (BigInt, BigInt, i64) {
        let exponent = self.exponent.min(other.exponent);
        let scaled = |number: &Self| &number.value * power_of_ten(number.exponent - exponent);
        (scaled(self), scaled(other), exponent)
    }

    pub(super) fn add(&self, other: &Self) -> Self {
        let (left, right, exponent) = self.aligned(other);
        Self { value: left + right, exponent }
    }

    pub(super) fn sub(&self, other: &Self) -> Self {
        let (left, right, exponent) = self.aligned(other);
        Self { value: left - right, exponent }
    }

    pub(super) fn mul(&self, other: &Self) -> Self {
        Self { value: &self.value * &other.value, exponent: self.exponent + other.exponent }
    }

    /// The quotient to 16 places, a half away from zero.
    ///
    /// # Errors
    /// A divisor of zero; in the words of Go's library.
    pub(super) fn div(&self, other: &Self) -> Result<Self, String> {
        if other.value.sign() == Sign::NoSign {
            return Err("decimal division by 0".to_owned());
        }
        let shift = self.exponent - other.exponent + DIVISION_PLACES;
        let (dividend, divisor) = if shift < 0 {
            (self.value.clone(), &other.value * power_of_ten(-shift))
        } else {
            (&self.value * power_of_ten(shift), other.value.clone())
        };
        let mut value = &dividend / &divisor;
        let rest = &dividend - &value * &divisor;
        if rest.magnitude() * 2_u8 >= *divisor.magnitude() {
            value += if dividend.sign() == divisor.sign() { 1 } else { -1 };
        }
        Ok(Self { value, exponent: -DIVISION_PLACES })
    }
}

/// Ten to a power that is not negative.
fn power_of_ten(exponent: i64) -> BigInt {
    BigInt::from(10_u8).pow(u32::try_from(exponent).unwrap_or_default())
}
