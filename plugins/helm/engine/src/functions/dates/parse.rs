//! Reads times by Go's layouts.

use super::civil::{days_in, is_leap, seconds};
use super::duration::{leading_integer, quote};
use super::layout::{Form, Part, next};
use super::print::{MONTHS, WEEKDAYS};
use super::time::{Time, Zone};

/// What was read so far; what a layout does not name stays as it is.
#[derive(Default)]
struct Read {
    year: i64,
    month: Option<u32>,
    day: Option<u32>,
    day_of_year: Option<u32>,
    hour: u32,
    minute: u32,
    second: u32,
    nanoseconds: u32,
    afternoon: bool,
    forenoon: bool,
    utc: bool,
    /// Go takes an offset of one second to the west for none.
    offset: Option<i32>,
    zone: Vec<u8>,
}

/// Why a part was not read.
enum Mismatch {
    /// It is not there.
    Bad,
    /// It is there, but out of its range.
    Range(&'static str),
}

type Outcome<T> = Result<T, Mismatch>;

/// Reads `value`, which has the form of `layout`, in the local zone, which is UTC.
pub(super) fn parse(layout: &[u8], value: &[u8]) -> Result<Time, String> {
    let mut read = Read::default();
    let (mut rest, mut ahead) = (value, layout);
    let mismatch = |found: &[u8], expected: &[u8]| {
        format!(
            "parsing time {} as {}: cannot parse {} as {}",
            quote(value),
            quote(layout),
            quote(found),
            quote(expected)
        )
    };
    let refused = |reason: &str| format!("parsing time {}: {reason}", quote(value));
    loop {
        let (text, part, after) = next(ahead);
        rest = skip(rest, text).map_err(|found| mismatch(found, text))?;
        let Some((part, written)) = part else { break };
        let held = rest;
        read.part(part, &mut rest, after).map_err(|reason| match reason {
            Mismatch::Bad => mismatch(held, written),
            Mismatch::Range(field) => refused(&format!("{field} out of range")),
        })?;
        ahead = after;
    }
    if !rest.is_empty() {
        return Err(refused(&format!("extra text: {}", quote(rest))));
    }
    read.finish().map_err(refused)
}

/// What follows the text of a layout in a value. Runs of spaces are alike, and may be missing at the end.
fn skip<'a>(mut value: &'a [u8], mut text: &[u8]) -> Result<&'a [u8], &'a [u8]> {
    let spaces = |text: &[u8]| text.iter().take_while(|byte| **byte == b' ').count();
    while let Some((first, others)) = text.split_first() {
        if *first == b' ' {
            if value.first().is_some_and(|byte| *byte != b' ') {
                return Err(value);
            }
            (text, value) = (&text[spaces(text)..], &value[spaces(value)..]);
        } else if value.first() == Some(first) {
            (text, value) = (others, &value[1..]);
        } else {
            return Err(value);
        }
    }
    Ok(value)
}

impl Read {
    /// Reads one part. `ahead` is the layout behind it.
    fn part(&mut self, part: Part, rest: &mut &[u8], ahead: &[u8]) -> Outcome<()> {
        match part {
            Part::Year => {
                let text = take(rest, 2)?;
                let year = signed(text).ok_or(Mismatch::Bad)?;
                self.year = if year >= 69 { year + 1900 } else { year + 2000 };
            }
            Part::LongYear => {
                let text = take(rest, 4)?;
                if !text[0].is_ascii_digit() {
                    return Err(Mismatch::Bad);
                }
                self.year = signed(text).ok_or(Mismatch::Bad)?;
            }
            Part::Month => self.month = Some(name(rest, &MONTHS, true)? + 1),
            Part::LongMonth => self.month = Some(name(rest, &MONTHS, false)? + 1),
            Part::NumberMonth | Part::ZeroMonth => {
                self.month = Some(within(number(rest, part == Part::ZeroMonth)?, 1..=12, "month")?);
            }
            Part::Weekday => drop(name(rest, &WEEKDAYS, true)?),
            Part::LongWeekday => drop(name(rest, &WEEKDAYS, false)?),
            Part::Day | Part::UnderDay | Part::ZeroDay => {
                if part == Part::UnderDay {
                    *rest = rest.strip_prefix(b" ").unwrap_or(rest);
                }
                self.day = Some(number(rest, part == Part::ZeroDay)?);
            }
            Part::UnderYearDay | Part::ZeroYearDay => {
                if part == Part::UnderYearDay {
                    for _ in 0..2 {
                        *rest = rest.strip_prefix(b" ").unwrap_or(rest);
                    }
                }
                let digits = rest.iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
                if digits == 0 || (part == Part::ZeroYearDay && digits < 3) {
                    return Err(Mismatch::Bad);
                }
                self.day_of_year = Some(small(take(rest, digits)?));
            }
            Part::Hour => self.hour = within(number(rest, false)?, 0..=23, "hour")?,
            Part::Hour12 | Part::ZeroHour12 => {
                self.hour = within(number(rest, part == Part::ZeroHour12)?, 0..=12, "hour")?;
            }
            Part::Minute | Part::ZeroMinute => {
                self.minute = within(number(rest, part == Part::ZeroMinute)?, 0..=59, "minute")?;
            }
            Part::Second | Part::ZeroSecond => {
                self.second = within(number(rest, part == Part::ZeroSecond)?, 0..=59, "second")?;
                // A fraction may follow that the layout does not name.
                let follows = matches!(rest, [b'.' | b',', digit, ..] if digit.is_ascii_digit());
                if follows && !matches!(next(ahead).1, Some((Part::Fraction { .. }, _))) {
                    let digits = rest[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                    self.nanoseconds = fraction(take(rest, 1 + digits)?)?;
                }
            }
            Part::UpperHalf => self.half(take(rest, 2)?, b"PM", b"AM")?,
            Part::LowerHalf => self.half(take(rest, 2)?, b"pm", b"am")?,
            Part::Offset { z, form } => self.offset(rest, z, form)?,
            Part::ZoneName => {
                if let Some(after) = rest.strip_prefix(b"UTC") {
                    self.utc = true;
                    *rest = after;
                } else {
                    let length = zone_name(rest).ok_or(Mismatch::Bad)?;
                    self.zone = take(rest, length)?.to_vec();
                }
            }
            Part::Fraction { digits, trimmed: false, .. } => self.nanoseconds = fraction(take(rest, 1 + digits)?)?,
            Part::Fraction { .. } => {
                if matches!(rest, [b'.' | b',', digit, ..] if digit.is_ascii_digit()) {
                    let digits = rest[1..].iter().take(9).take_while(|byte| byte.is_ascii_digit()).count();
                    self.nanoseconds = fraction(take(rest, 1 + digits)?)?;
                }
            }
        }
        Ok(())
    }

    fn half(&mut self, text: &[u8], afternoon: &[u8], forenoon: &[u8]) -> Outcome<()> {
        self.afternoon |= text == afternoon;
        self.forenoon |= text == forenoon;
        if text == afternoon || text == forenoon { Ok(()) } else { Err(Mismatch::Bad) }
    }

    fn offset(&mut self, rest: &mut &[u8], z: bool, form: Form) -> Outcome<()> {
        if let Some(after) = rest.strip_prefix(b"Z").filter(|_| z) {
            self.utc = true;
            *rest = after;
            return Ok(());
        }
        let (length, colon) = match form {
            Form::Hours => (3, false),
            Form::Minutes => (5, false),
            Form::ColonMinutes => (6, true),
            Form::Seconds => (7, false),
            Form::ColonSeconds => (9, true),
        };
        let text = take(rest, length)?;
        let mut fields = [0; 3];
        for (index, field) in fields.iter_mut().enumerate() {
            let start = 1 + index * if colon { 3 } else { 2 };
            if start > text.len() {
                break;
            }
            if colon && index > 0 && text[start - 1] != b':' {
                return Err(Mismatch::Bad);
            }
            let mut digits = &text[start..];
            if digits.is_empty() {
                break;
            }
            *field = number(&mut digits, true)?;
        }
        let limits = [(24, "time zone offset hour"), (60, "time zone offset minute"), (60, "time zone offset second")];
        // Go tells of the last one that is out of range.
        for ((most, message), field) in limits.iter().zip(fields).rev() {
            within(field, 0..=*most, message)?;
        }
        let [hours, minutes, seconds] = fields.map(|field| i32::try_from(field).unwrap_or_default());
        let size = (hours * 60 + minutes) * 60 + seconds;
        self.offset = match text[0] {
            b'+' => Some(size),
            b'-' => Some(-size),
            _ => return Err(Mismatch::Bad),
        };
        Ok(())
    }

    /// The time of all parts together.
    fn finish(mut self) -> Result<Time, &'static str> {
        if self.afternoon && self.hour < 12 {
            self.hour += 12;
        } else if self.forenoon && !self.afternoon && self.hour == 12 {
            self.hour = 0;
        }
        let (month, day) = match self.day_of_year {
            None => (self.month.unwrap_or(1), self.day.unwrap_or(1)),
            Some(day_of_year) => {
                let (month, day) = self.date_of(day_of_year).ok_or("day-of-year out of range")?;
                if self.month.is_some_and(|named| named != month) {
                    return Err("day-of-year does not match month");
                }
                if self.day.is_some_and(|named| named != day) {
                    return Err("day-of-year does not match day");
                }
                (month, day)
            }
        };
        if day < 1 || day > days_in(self.year, month) {
            return Err("day out of range");
        }
        let clock = (self.hour * 60 + self.minute) * 60 + self.second;
        let at = seconds(self.year.into(), month.into(), day.into(), clock.into());
        let time = |seconds: i64, zone: Zone| Ok(Time { seconds, nanoseconds: self.nanoseconds, zone });
        if self.utc {
            return time(at, Zone::Utc);
        }
        match self.offset.filter(|offset| *offset != -1) {
            Some(0) if self.zone.is_empty() || self.zone == b"UTC" => time(at, Zone::Local),
            Some(offset) => time(at - i64::from(offset), Zone::Fixed(self.zone.as_slice().into(), offset)),
            None if self.zone.is_empty() => time(at, Zone::Local),
            None => {
                // Of a zone that is only named nothing is known, but for what its name says.
                let hours = self.zone.strip_prefix(b"GMT").and_then(signed).unwrap_or_default();
                let offset = i32::try_from(hours * 3600).unwrap_or_default();
                time(at, Zone::Fixed(self.zone.as_slice().into(), offset))
            }
        }
    }

    /// Month and day of a day of the year.
    fn date_of(&self, day_of_year: u32) -> Option<(u32, u32)> {
        let mut day = day_of_year;
        for month in 1..=12 {
            let days = days_in(self.year, month);
            if (1..=days).contains(&day) {
                return Some((month, day));
            }
            day = day.checked_sub(days)?;
        }
        debug_assert!(day_of_year > 365 + u32::from(is_leap(self.year)));
        None
    }
}

/// Cuts so many bytes off.
fn take<'a>(rest: &mut &'a [u8], length: usize) -> Outcome<&'a [u8]> {
    let (text, after) = rest.split_at_checked(length).ok_or(Mismatch::Bad)?;
    *rest = after;
    Ok(text)
}

/// A number of one digit or two.
fn number(rest: &mut &[u8], two: bool) -> Outcome<u32> {
    match **rest {
        [first, second, ..] if first.is_ascii_digit() && second.is_ascii_digit() => Ok(small(take(rest, 2)?)),
        [first, ..] if first.is_ascii_digit() && !two => Ok(small(take(rest, 1)?)),
        _ => Err(Mismatch::Bad),
    }
}

/// The number of at most nine digits that were looked at already.
fn small(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit.wrapping_sub(b'0')))
}

/// A number that may have a sign; nothing else.
fn signed(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        _ => (false, text),
    };
    let (number, length) = leading_integer(digits)?;
    let number = i64::try_from(number).ok()?;
    (length == digits.len()).then_some(if negative { -number } else { number })
}

fn within(number: u32, range: std::ops::RangeInclusive<u32>, field: &'static str) -> Outcome<u32> {
    if range.contains(&number) { Ok(number) } else { Err(Mismatch::Range(field)) }
}

/// Which of the names, or of their first three letters, the value goes on with, in whatever case.
fn name(rest: &mut &[u8], names: &[&str], short: bool) -> Outcome<u32> {
    for (index, name) in (0..).zip(names) {
        let name = if short { name.get(..3).unwrap_or(name) } else { name };
        if rest.get(..name.len()).is_some_and(|text| text.eq_ignore_ascii_case(name.as_bytes())) {
            take(rest, name.len())?;
            return Ok(index);
        }
    }
    Err(Mismatch::Bad)
}

/// Nanoseconds of a separator and digits, of which nine count.
fn fraction(text: &[u8]) -> Outcome<u32> {
    let [b'.' | b',', digits @ ..] = text else { return Err(Mismatch::Bad) };
    let digits = &digits[..digits.len().min(9)];
    let number = signed(digits).ok_or(Mismatch::Bad)?;
    let number = u32::try_from(number).map_err(|_| Mismatch::Range("fractional second"))?;
    // Nine digits fit, however many of them are zeros behind.
    Ok((digits.len()..9).fold(number, |number, _| number * 10))
}

/// The length of what looks like the abbreviation of a zone.
fn zone_name(text: &[u8]) -> Option<usize> {
    if text.len() < 3 {
        return None;
    }
    if text.starts_with(b"ChST") || text.starts_with(b"MeST") {
        return Some(4);
    }
    if let Some(rest) = text.strip_prefix(b"GMT") {
        return Some(3 + signed_offset(rest));
    }
    if matches!(text[0], b'+' | b'-') {
        return Some(signed_offset(text)).filter(|length| *length > 0);
    }
    match text.iter().take(6).take_while(|byte| byte.is_ascii_uppercase()).count() {
        5 if text[4] == b'T' => Some(5),
        4 if text[3] == b'T' || text.starts_with(b"WITA") => Some(4),
        3 => Some(3),
        _ => None,
    }
}

/// The length of a sign and a number of hours up to 23; 0 for anything else.
fn signed_offset(text: &[u8]) -> usize {
    let [b'+' | b'-', digits @ ..] = text else { return 0 };
    match leading_integer(digits) {
        Some((hours, length)) if length > 0 && hours <= 23 => 1 + length,
        _ => 0,
    }
}
