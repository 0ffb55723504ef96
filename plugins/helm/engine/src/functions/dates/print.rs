//! Writes times by Go's layouts.

use super::civil::{Civil, civil};
use super::layout::{Form, Part, next};

/// The names of the months, from January.
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The names of the days, from Sunday.
pub(super) const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// A time as it shows in a zone.
pub(super) struct Shown<'a> {
    /// Since 1970 in UTC.
    pub(super) seconds: i64,
    pub(super) nanoseconds: u32,
    /// Of the zone, in seconds east of UTC.
    pub(super) offset: i32,
    /// Of the zone; empty where it has only an offset.
    pub(super) zone: &'a [u8],
}

/// The time in the form of the layout.
pub(super) fn format(time: &Shown<'_>, mut layout: &[u8]) -> Vec<u8> {
    let date = civil(time.seconds.wrapping_add(time.offset.into()));
    let mut out = Vec::with_capacity(layout.len() + 16);
    loop {
        let (text, part, rest) = next(layout);
        out.extend_from_slice(text);
        let Some((part, _)) = part else { return out };
        append(&mut out, time, &date, part);
        layout = rest;
    }
}

fn append(out: &mut Vec<u8>, time: &Shown<'_>, date: &Civil, part: Part) {
    let hour12 = (date.hour + 11) % 12 + 1;
    let month = MONTHS.get(date.month as usize - 1).copied().unwrap_or_default();
    let weekday = WEEKDAYS.get(date.weekday as usize).copied().unwrap_or_default();
    match part {
        Part::LongMonth => out.extend_from_slice(month.as_bytes()),
        Part::Month => out.extend_from_slice(&month.as_bytes()[..3]),
        Part::NumberMonth => number(out, date.month.into(), 0),
        Part::ZeroMonth => number(out, date.month.into(), 2),
        Part::LongWeekday => out.extend_from_slice(weekday.as_bytes()),
        Part::Weekday => out.extend_from_slice(&weekday.as_bytes()[..3]),
        Part::Day => number(out, date.day.into(), 0),
        Part::UnderDay => out.extend_from_slice(format!("{:2}", date.day).as_bytes()),
        Part::ZeroDay => number(out, date.day.into(), 2),
        Part::UnderYearDay => out.extend_from_slice(format!("{:3}", date.day_of_year).as_bytes()),
        Part::ZeroYearDay => number(out, date.day_of_year.into(), 3),
        Part::Hour => number(out, date.hour.into(), 2),
        Part::Hour12 => number(out, hour12.into(), 0),
        Part::ZeroHour12 => number(out, hour12.into(), 2),
        Part::Minute => number(out, date.minute.into(), 0),
        Part::ZeroMinute => number(out, date.minute.into(), 2),
        Part::Second => number(out, date.second.into(), 0),
        Part::ZeroSecond => number(out, date.second.into(), 2),
        Part::LongYear => number(out, date.year, 4),
        Part::Year => number(out, date.year.abs() % 100, 2),
        Part::UpperHalf => out.extend_from_slice(if date.hour >= 12 { b"PM" } else { b"AM" }),
        Part::LowerHalf => out.extend_from_slice(if date.hour >= 12 { b"pm" } else { b"am" }),
        Part::ZoneName if time.zone.is_empty() => offset(out, time.offset, Form::Minutes),
        Part::ZoneName => out.extend_from_slice(time.zone),
        Part::Offset { z: true, .. } if time.offset == 0 => out.push(b'Z'),
        Part::Offset { form, .. } => offset(out, time.offset, form),
        Part::Fraction { comma, digits, trimmed } => {
            let text = format!("{:09}", time.nanoseconds);
            let text = &text[..digits.min(9)];
            let text = if trimmed { text.trim_end_matches('0') } else { text };
            if !(trimmed && text.is_empty()) {
                out.push(if comma { b',' } else { b'.' });
                out.extend_from_slice(text.as_bytes());
            }
        }
    }
}

/// A number with zeros before it up to this width, not counting its sign.
fn number(out: &mut Vec<u8>, number: i64, width: usize) {
    let sign = if number < 0 { "-" } else { "" };
    out.extend_from_slice(format!("{sign}{:0width$}", number.unsigned_abs()).as_bytes());
}

fn offset(out: &mut Vec<u8>, offset: i32, form: Form) {
    // The sign is that of the minutes: some seconds to the west of UTC are none.
    let minutes = offset / 60;
    out.push(if minutes < 0 { b'-' } else { b'+' });
    let (minutes, seconds) = (minutes.unsigned_abs(), offset % 60);
    let seconds = if offset / 60 < 0 { -seconds } else { seconds };
    number(out, (minutes / 60).into(), 2);
    let colon = matches!(form, Form::ColonMinutes | Form::ColonSeconds);
    if form != Form::Hours {
        if colon {
            out.push(b':');
        }
        number(out, (minutes % 60).into(), 2);
    }
    if matches!(form, Form::Seconds | Form::ColonSeconds) {
        if colon {
            out.push(b':');
        }
        number(out, seconds.into(), 2);
    }
}
