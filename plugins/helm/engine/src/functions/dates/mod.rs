//! Times and spans of time, as Go has them.

mod civil;
mod duration;
mod layout;
mod parse;
mod print;
mod time;
mod zone;

#[cfg(test)]
mod tests;

use self::print::Shown;
use self::time::Time;
use super::arguments::{any, text};
use crate::context::Context;
use crate::function::{Answer, Failure, Function, Parameter};
use crate::value::{IntKind, Value};

pub(crate) use self::civil::civil;

const STR: Parameter = Parameter::Str;
const TIME: Parameter = Parameter::Time;
const ANY: Parameter = Parameter::Any;
const DATE: &[u8] = b"2006-01-02";

/// The moment that `text` says in a layout of Go. `local` names the zone of what says none.
pub(crate) fn read_moment(layout: &[u8], text: &[u8], local: Option<&str>) -> Option<Value> {
    let mut time = Time::parse(layout, text).ok()?;
    if let Some(name) = local {
        time.zone = time::Zone::Fixed(name.into(), 0);
    }
    Some(time.value())
}

/// A function of the family, whose parameters the evaluator has checked.
const fn function(
    name: &'static str,
    parameters: &'static [Parameter],
    call: fn(&mut dyn Context, &[Value]) -> Answer,
) -> Function {
    Function { name, parameters, variadic: None, call }
}

/// The functions of this family.
pub const TABLE: &[Function] = &[
    function("now", &[], |context, _| Ok(now(context)?.value())),
    function("date", &[STR, ANY], |context, arguments| {
        in_zone(context, text(arguments, 0)?, &any(arguments, 1), b"Local")
    }),
    function("dateInZone", &[STR, ANY, STR], date_in_zone),
    function("date_in_zone", &[STR, ANY, STR], date_in_zone),
    function("htmlDate", &[ANY], |context, arguments| in_zone(context, DATE, &any(arguments, 0), b"Local")),
    function("htmlDateInZone", &[ANY, STR], |context, arguments| {
        in_zone(context, DATE, &any(arguments, 0), text(arguments, 1)?)
    }),
    function("dateModify", &[STR, TIME], modify),
    function("date_modify", &[STR, TIME], modify),
    function("mustDateModify", &[STR, TIME], must_modify),
    function("must_date_modify", &[STR, TIME], must_modify),
    function("toDate", &[STR, STR], |context, arguments| {
        let (layout, value) = (text(arguments, 0)?, text(arguments, 1)?);
        context.spend(layout.len() + value.len())?;
        Ok(Time::parse(layout, value).unwrap_or(Time::ZERO).value())
    }),
    function("mustToDate", &[STR, STR], |context, arguments| {
        let (layout, value) = (text(arguments, 0)?, text(arguments, 1)?);
        context.spend(layout.len() + value.len())?;
        Ok(Time::parse(layout, value)?.value())
    }),
    function("unixEpoch", &[TIME], |_, arguments| match Time::from(&any(arguments, 0)) {
        Some(time) => Ok(time.seconds.to_string().into()),
        None => Err("unixEpoch needs a time".into()),
    }),
    function("ago", &[ANY], |context, arguments| {
        let now = now(context)?;
        let then = moment(&any(arguments, 0), false).unwrap_or_else(|| now.clone());
        Ok(duration::print(duration::round(now.since(&then), duration::SECOND)).into())
    }),
    function("duration", &[ANY], |_, arguments| {
        let seconds = match any(arguments, 0) {
            Value::Str(text) => lenient_integer(&text),
            Value::Int(seconds, IntKind::Int64) => seconds,
            _ => 0,
        };
        // Go's product wraps.
        Ok(duration::print(seconds.wrapping_mul(duration::SECOND)).into())
    }),
    function("durationRound", &[ANY], |context, arguments| {
        let span = match any(arguments, 0) {
            Value::Str(text) => {
                context.spend(text.len())?;
                duration::parse(&text).unwrap_or(0)
            }
            Value::Int(span, IntKind::Int64) => span,
            value => match Time::from(&value) {
                Some(time) => now(context)?.since(time),
                None => 0,
            },
        };
        Ok(coarse(span).into())
    }),
];

fn now(context: &mut dyn Context) -> Result<Time, Failure> {
    let (seconds, nanoseconds) = context.now()?;
    Ok(Time::local(seconds, nanoseconds))
}

/// The moment that a value means: a time, or seconds since 1970 in some of Go's integers. `None` for anything else.
fn moment(value: &Value, narrow: bool) -> Option<Time> {
    match value {
        Value::Int(seconds, IntKind::Int | IntKind::Int64) => Some(Time::local(*seconds, 0)),
        Value::Int(seconds, IntKind::Int32) if narrow => Some(Time::local(*seconds, 0)),
        value => Time::from(value).cloned(),
    }
}

/// The moment that a value means, or now, in the form of a layout and in a zone; in UTC where there is no such zone.
fn in_zone(context: &mut dyn Context, layout: &[u8], value: &Value, zone: &[u8]) -> Answer {
    context.spend(layout.len() * 4)?;
    let time = match moment(value, true) {
        Some(time) => time,
        None => now(context)?,
    };
    let utc = || (0, b"UTC".to_vec());
    let (offset, name) = match zone {
        b"" | b"UTC" | b"Local" => utc(),
        name => zone::lookup(name, time.seconds).unwrap_or_else(utc),
    };
    let shown = Shown { seconds: time.seconds, nanoseconds: time.nanoseconds, offset, zone: &name };
    Ok(Value::str(print::format(&shown, layout)))
}

fn date_in_zone(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    in_zone(context, text(arguments, 0)?, &any(arguments, 1), text(arguments, 2)?)
}

/// The time so much later; the same one where that is no duration.
fn modify(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    match must_modify(context, arguments) {
        Err(Failure::Error(_)) => Ok(any(arguments, 1)),
        answer => answer,
    }
}

fn must_modify(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let span = text(arguments, 0)?;
    context.spend(span.len())?;
    let span = duration::parse(span)?;
    let time = any(arguments, 1);
    Ok(Time::from(&time).ok_or("a time was asked for")?.add(span).value())
}

/// Go's `ParseInt` with its error ignored: what does not fit is the nearest that does, what is no number is 0.
fn lenient_integer(text: &[u8]) -> i64 {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return 0;
    }
    digits.iter().map(|digit| i64::from(digit - b'0')).fold(0_i64, |number, digit| {
        let number = number.saturating_mul(10);
        if negative { number.saturating_sub(digit) } else { number.saturating_add(digit) }
    })
}

/// A span in its largest unit alone, which it must be more than one of.
fn coarse(span: i64) -> String {
    let size = span.unsigned_abs();
    let hour = duration::HOUR as u64;
    let units = [
        (hour * 24 * 365, "y"),
        (hour * 24 * 30, "mo"),
        (hour * 24, "d"),
        (hour, "h"),
        (duration::MINUTE as u64, "m"),
        (duration::SECOND as u64, "s"),
    ];
    units
        .iter()
        .find(|(unit, _)| size > *unit)
        .map_or_else(|| "0s".to_owned(), |(unit, name)| format!("{}{name}", size / unit))
}

/// Whether a text is a time as JSON has it, with what Go says of one that is not.
pub(crate) fn check_rfc_3339(text: &[u8]) -> Result<(), String> {
    parse::parse(b"2006-01-02T15:04:05Z07:00", text).map(drop)
}
