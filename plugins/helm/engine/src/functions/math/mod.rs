//! Arithmetic: `add`, `mul`, `max`, `floor`, `round`, `seq`, `until`.
//!
//! Arguments are whatever a template has, cast to a number as `int64` and `float64` do; overflow wraps.

mod decimal;
mod rounding;
mod sequence;

#[cfg(test)]
mod tests;

use crate::context::Context;
use crate::function::{Answer, Failure, Function, Parameter};
use crate::functions::convert::{to_f64, to_i64};
use crate::value::Value;
use decimal::Decimal;

const ANY: Parameter = Parameter::Any;

/// What counts.
pub const TABLE: &[Function] = &[
    Function { name: "add", parameters: &[], variadic: Some(ANY), call: add },
    Function { name: "add1", parameters: &[ANY], variadic: None, call: add1 },
    Function { name: "sub", parameters: &[ANY, ANY], variadic: None, call: sub },
    Function { name: "mul", parameters: &[ANY], variadic: Some(ANY), call: mul },
    Function { name: "div", parameters: &[ANY, ANY], variadic: None, call: div },
    Function { name: "mod", parameters: &[ANY, ANY], variadic: None, call: modulo },
    Function { name: "max", parameters: &[ANY], variadic: Some(ANY), call: max },
    Function { name: "biggest", parameters: &[ANY], variadic: Some(ANY), call: max },
    Function { name: "min", parameters: &[ANY], variadic: Some(ANY), call: min },
    Function { name: "maxf", parameters: &[ANY], variadic: Some(ANY), call: maxf },
    Function { name: "minf", parameters: &[ANY], variadic: Some(ANY), call: minf },
    Function { name: "addf", parameters: &[], variadic: Some(ANY), call: addf },
    Function { name: "add1f", parameters: &[ANY], variadic: None, call: add1f },
    Function { name: "subf", parameters: &[ANY], variadic: Some(ANY), call: subf },
    Function { name: "mulf", parameters: &[ANY], variadic: Some(ANY), call: mulf },
    Function { name: "divf", parameters: &[ANY], variadic: Some(ANY), call: divf },
    Function { name: "floor", parameters: &[ANY], variadic: None, call: rounding::floor },
    Function { name: "ceil", parameters: &[ANY], variadic: None, call: rounding::ceil },
    Function {
        name: "round",
        parameters: &[ANY, Parameter::Int],
        variadic: Some(Parameter::Float64),
        call: rounding::round,
    },
    Function { name: "until", parameters: &[Parameter::Int], variadic: None, call: sequence::until },
    Function {
        name: "untilStep",
        parameters: &[Parameter::Int, Parameter::Int, Parameter::Int],
        variadic: None,
        call: sequence::until_step,
    },
    Function { name: "seq", parameters: &[], variadic: Some(Parameter::Int), call: sequence::seq },
    Function {
        name: "randInt",
        parameters: &[Parameter::Int, Parameter::Int],
        variadic: None,
        call: sequence::rand_int,
    },
];

/// An argument as an `int64`.
fn int(arguments: &[Value], position: usize) -> i64 {
    arguments.get(position).map_or(0, to_i64)
}

fn add(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    Ok(Value::int64(arguments.iter().map(to_i64).fold(0, i64::wrapping_add)))
}

fn add1(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    Ok(Value::int64(int(arguments, 0).wrapping_add(1)))
}

fn sub(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    Ok(Value::int64(int(arguments, 0).wrapping_sub(int(arguments, 1))))
}

fn mul(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    Ok(Value::int64(arguments.iter().map(to_i64).fold(1, i64::wrapping_mul)))
}

fn div(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    Ok(Value::int64(int(arguments, 0).wrapping_div(divisor(arguments)?)))
}

fn modulo(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    Ok(Value::int64(int(arguments, 0).wrapping_rem(divisor(arguments)?)))
}

fn divisor(arguments: &[Value]) -> Result<i64, Failure> {
    match int(arguments, 1) {
        0 => Err("runtime error: integer divide by zero".into()),
        divisor => Ok(divisor),
    }
}

fn max(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    Ok(Value::int64(arguments.iter().map(to_i64).max().unwrap_or(0)))
}

fn min(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    Ok(Value::int64(arguments.iter().map(to_i64).min().unwrap_or(0)))
}

fn maxf(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    Ok(Value::Float(extreme(arguments, f64::INFINITY, |one, other| {
        if one == 0.0 && other == 0.0 {
            return if one.is_sign_negative() { other } else { one };
        }
        if one > other { one } else { other }
    })))
}

fn minf(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    Ok(Value::Float(extreme(arguments, f64::NEG_INFINITY, |one, other| {
        if one == 0.0 && other == 0.0 {
            return if one.is_sign_negative() { one } else { other };
        }
        if one < other { one } else { other }
    })))
}

/// The extreme of numbers by `choose`, with Go's rules: `beyond` wins over all, then what is no number.
fn extreme(arguments: &[Value], beyond: f64, choose: fn(f64, f64) -> f64) -> f64 {
    let choose = |one: f64, other: f64| {
        if one == beyond || other == beyond {
            beyond
        } else if one.is_nan() || other.is_nan() {
            f64::NAN
        } else {
            choose(one, other)
        }
    };
    arguments.iter().map(to_f64).reduce(choose).unwrap_or(0.0)
}

/// Folds numbers as decimals, from `first` on.
fn decimals(
    context: &mut dyn Context,
    first: f64,
    rest: &[Value],
    step: fn(&Decimal, &Decimal) -> Result<Decimal, String>,
) -> Answer {
    let mut total = Decimal::from_f64(first)?;
    for value in rest {
        let number = Decimal::from_f64(to_f64(value))?;
        context.spend(total.size().saturating_add(total.distance(&number)))?;
        total = step(&total, &number)?;
    }
    Ok(Value::Float(total.to_f64()))
}

fn addf(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    decimals(context, 0.0, arguments, |one, other| Ok(one.add(other)))
}

fn add1f(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    decimals(context, 1.0, arguments, |one, other| Ok(one.add(other)))
}

/// Folds from the first argument on.
fn from_first(
    context: &mut dyn Context,
    arguments: &[Value],
    step: fn(&Decimal, &Decimal) -> Result<Decimal, String>,
) -> Answer {
    let (first, rest) = arguments.split_first().unwrap_or((&Value::Nil, &[]));
    decimals(context, to_f64(first), rest, step)
}

fn subf(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    from_first(context, arguments, |one, other| Ok(one.sub(other)))
}

fn mulf(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    from_first(context, arguments, |one, other| Ok(one.mul(other)))
}

fn divf(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    from_first(context, arguments, Decimal::div)
}
