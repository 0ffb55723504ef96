//! `until`, `untilStep` and `seq`, and a number by chance.

use std::io::Write as _;

use crate::context::Context;
use crate::function::{Answer, Failure};
use crate::functions::convert::to_int;
use crate::value::{IntKind, List, Type, Value};

fn int(arguments: &[Value], position: usize) -> i64 {
    arguments.get(position).map_or(0, to_int)
}

/// The numbers from `start` on before `stop`, `step` apart; none where the step leads nowhere.
fn numbers(context: &mut dyn Context, start: i64, stop: i64, step: i64) -> Result<Vec<i64>, Failure> {
    if stop < start && step >= 0 || stop >= start && step <= 0 {
        return Ok(Vec::new());
    }
    let count = start.abs_diff(stop).div_ceil(step.unsigned_abs());
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    context.spend(count.saturating_mul(size_of::<Value>()))?;
    let mut numbers = Vec::with_capacity(count);
    let mut number = start;
    for _ in 0..count {
        numbers.push(number);
        number = number.wrapping_add(step);
    }
    Ok(numbers)
}

fn list(numbers: Vec<i64>) -> Answer {
    let items = numbers.into_iter().map(Value::int).collect();
    Ok(Value::List(List::new(Type::Int(IntKind::Int), items)))
}

/// The numbers from 0 on, up or down.
pub(super) fn until(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let count = int(arguments, 0);
    list(numbers(context, 0, count, if count < 0 { -1 } else { 1 })?)
}

pub(super) fn until_step(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    list(numbers(context, int(arguments, 0), int(arguments, 1), int(arguments, 2))?)
}

/// The numbers from one to another, both included, as text: `seq END`, `seq START END`, `seq START STEP END`.
pub(super) fn seq(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let (start, step, end) = match arguments.len() {
        1 => (1, None, int(arguments, 0)),
        2 => (int(arguments, 0), None, int(arguments, 1)),
        3 => (int(arguments, 0), Some(int(arguments, 1)), int(arguments, 2)),
        _ => return Ok(Value::from("")),
    };
    let direction = if end < start { -1 } else { 1 };
    if direction < 0 && step.is_some_and(|step| step > 0) {
        return Ok(Value::from(""));
    }
    let numbers = numbers(context, start, end.wrapping_add(direction), step.unwrap_or(direction))?;
    let mut text = Vec::new();
    for (position, number) in numbers.iter().enumerate() {
        let space = if position > 0 { " " } else { "" };
        // Writing to a vector cannot fail.
        let _ = write!(text, "{space}{number}");
    }
    Ok(Value::Str(text.into()))
}

/// A number by chance, from the first on and before the second.
pub(super) fn rand_int(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let (from, before) = (int(arguments, 0), int(arguments, 1));
    let Some(span) = u64::try_from(before.wrapping_sub(from)).ok().filter(|&span| span > 0) else {
        return Err("invalid argument to Intn".into());
    };
    // Draws from the part of all numbers that the span divides, so that each is as likely as another.
    let fair = u64::MAX - u64::MAX % span;
    let mut drawn = u64::MAX;
    // More than half of all draws fit; without a source of chance worth its name, the last one counts.
    for _ in 0..128 {
        let mut bytes = [0; 8];
        context.random(&mut bytes)?;
        drawn = u64::from_le_bytes(bytes);
        if drawn < fair {
            break;
        }
    }
    Ok(Value::int(from.wrapping_add((drawn % span).cast_signed())))
}
