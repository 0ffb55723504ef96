//! `floor`, `ceil`, and `round` to places.

use crate::context::Context;
use crate::function::Answer;
use crate::functions::convert::{to_f64, to_i64};
use crate::value::Value;

fn number(arguments: &[Value]) -> f64 {
    arguments.first().map_or(0.0, to_f64)
}

pub(super) fn floor(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    Ok(Value::Float(number(arguments).floor()))
}

pub(super) fn ceil(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    Ok(Value::Float(number(arguments).ceil()))
}

/// Rounds to places behind the point, up from a fraction of 0.5 or from what a third argument says. Negative numbers
/// have negative fractions, and so go down, whatever they are.
pub(super) fn round(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    let up_from = arguments.get(2).map_or(0.5, to_f64);
    let power = power_of_ten(arguments.get(1).map_or(0, to_i64));
    let shifted = power * number(arguments);
    let rounded = if shifted.fract() >= up_from { shifted.ceil() } else { shifted.floor() };
    Ok(Value::Float(rounded / power))
}

/// Ten to a power, bit for bit as Go's `math.Pow` has it: by squares of the mantissa, with an exponent of two beside.
fn power_of_ten(power: i64) -> f64 {
    let mut exponent: i64 = 0;
    let mut result = 1.0;
    let mut square: f64 = 0.625;
    let mut square_exponent: i64 = 4;
    let mut bits = power.unsigned_abs();
    while bits != 0 {
        if square_exponent.abs() > 1 << 12 {
            exponent += square_exponent;
            break;
        }
        if bits & 1 == 1 {
            result *= square;
            exponent += square_exponent;
        }
        square *= square;
        square_exponent <<= 1;
        if square < 0.5 {
            square += square;
            square_exponent -= 1;
        }
        bits >>= 1;
    }
    if power < 0 {
        result = 1.0 / result;
        exponent = -exponent;
    }
    // What is beyond is infinite or zero, however far.
    let mut exponent = exponent.clamp(-3000, 3000);
    while exponent != 0 {
        let step = exponent.clamp(-1000, 1000);
        result *= f64::from_bits(((1023 + step) as u64) << 52);
        exponent -= step;
    }
    result
}
