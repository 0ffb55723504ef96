//! Formats of dates, times and spans of time.

use super::super::documents::quote;
use super::{fail, integer, leading_digits, quoted};

pub(super) fn duration(text: &str) -> Result<(), String> {
    let Some(text) = text.strip_prefix('P') else { return fail("must start with P") };
    if text.is_empty() {
        return fail("nothing after P");
    }
    if let Some(weeks) = text.strip_suffix('W') {
        if weeks.is_empty() {
            return fail("no number in week");
        }
        return if leading_digits(weeks) == weeks.len() { Ok(()) } else { fail("invalid week") };
    }
    for (index, part) in text.split('T').enumerate() {
        if index != 0 && part.is_empty() {
            return fail("no time elements");
        }
        let all = match index {
            0 => "YMD",
            1 => "HMS",
            _ => return fail("more than one T"),
        };
        let mut units = all;
        let mut rest = part;
        while !rest.is_empty() {
            let digits = leading_digits(rest);
            if digits == 0 {
                return fail("missing number");
            }
            let (_, after) = rest.split_at(digits);
            // Go looks at a byte of it; those that are units are characters.
            let Some(unit) = after.bytes().next().map(char::from) else { return fail("missing unit") };
            match units.split_once(unit) {
                Some((_, after)) => units = after,
                None if all.contains(unit) => return Err(format!("unit {} out of order", quoted(unit))),
                None => return Err(format!("invalid unit {}", quoted(unit))),
            }
            rest = after.get(1..).unwrap_or_default();
        }
    }
    Ok(())
}

pub(super) fn period(text: &str) -> Result<(), String> {
    let Some((start, end)) = text.split_once('/') else { return fail("missing slash") };
    if start.starts_with('P') {
        duration(start).map_err(|error| format!("invalid start duration: {error}"))?;
        return date_time(end).map_err(|error| format!("invalid end date-time: {error}"));
    }
    date_time(start).map_err(|error| format!("invalid start date-time: {error}"))?;
    if end.starts_with('P') {
        return duration(end).map_err(|error| format!("invalid end duration: {error}"));
    }
    date_time(end).map_err(|error| format!("invalid end date-time: {error}"))
}

/// Go's `time.Parse("2006-01-02")`.
pub(super) fn date(text: &str) -> Result<(), String> {
    let cannot = |rest: &[u8], element: &str| {
        let rest = quote(&String::from_utf8_lossy(rest));
        Err(format!("parsing time {} as \"2006-01-02\": cannot parse {rest} as \"{element}\"", quote(text)))
    };
    let mut rest = text.as_bytes();
    let mut numbers = [0_u32; 3];
    for ((number, element), digits) in numbers.iter_mut().zip(["2006", "01", "02"]).zip([4, 2, 2]) {
        if element != "2006" {
            match rest.strip_prefix(b"-") {
                Some(after) => rest = after,
                None => return cannot(rest, "-"),
            }
        }
        match rest.split_at_checked(digits) {
            Some((found, after)) if found.iter().all(u8::is_ascii_digit) => {
                *number = found.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
                rest = after;
            }
            _ => return cannot(rest, element),
        }
        if element == "01" && !(1..=12).contains(number) {
            return Err(format!("parsing time {}: month out of range", quote(text)));
        }
    }
    if !rest.is_empty() {
        let rest = quote(&String::from_utf8_lossy(rest));
        return Err(format!("parsing time {}: extra text: {rest}", quote(text)));
    }
    let [year, month, day] = numbers;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if (1..=days).contains(&day) { Ok(()) } else { Err(format!("parsing time {}: day out of range", quote(text))) }
}

pub(super) fn time(text: &str) -> Result<(), String> {
    if text.len() < 9 {
        return fail("less than 9 characters long");
    }
    let bytes = text.as_bytes();
    if bytes.get(2) != Some(&b':') || bytes.get(5) != Some(&b':') {
        return fail("missing colon in correct place");
    }
    // Where a character is cut in two, there is no number.
    let clock = text.get(..8).unwrap_or("::");
    let mut numbers = [0; 3];
    for (number, part) in numbers.iter_mut().zip(clock.splitn(3, ':')) {
        *number = integer(part).map_err(|_| "invalid hour/min/sec".to_owned())?;
        if *number < 0 {
            return fail("non-positive hour/min/sec");
        }
    }
    let [mut hour, mut minute, second] = numbers;
    if hour > 23 || minute > 59 || second > 60 {
        return fail("hour/min/sec out of range");
    }
    let mut rest = text.get(8..).unwrap_or_default();
    if let Some(fraction) = rest.strip_prefix('.') {
        let digits = leading_digits(fraction);
        if digits == 0 {
            return fail("no digits in second fraction");
        }
        (_, rest) = fraction.split_at(digits);
    }
    if !matches!(rest, "z" | "Z") {
        let offset = offset(rest)?;
        let minutes = (hour * 60 + minute + offset).rem_euclid(24 * 60);
        (hour, minute) = (minutes / 60, minutes % 60);
    }
    if second >= 60 && (hour, minute) != (23, 59) {
        return fail("invalid leap second");
    }
    Ok(())
}

/// The minutes that bring a time with an offset to UTC.
fn offset(text: &str) -> Result<i64, String> {
    if text.len() != 6 {
        return Err("offset must be 6 characters long".to_owned());
    }
    let (sign, rest) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(rest), _) => (-1, rest),
        (_, Some(rest)) => (1, rest),
        _ => return Err("offset must begin with plus/minus".to_owned()),
    };
    if rest.as_bytes().get(2) != Some(&b':') {
        return Err("missing colon in offset in correct place".to_owned());
    }
    let mut numbers = [0; 2];
    for (number, part) in numbers.iter_mut().zip(rest.splitn(2, ':')) {
        *number = integer(part).map_err(|_| "invalid hour/min in offset".to_owned())?;
        if *number < 0 {
            return Err("non-positive hour/min in offset".to_owned());
        }
    }
    let [hours, minutes] = numbers;
    if hours > 23 || minutes > 59 {
        return Err("hour/min in offset out of range".to_owned());
    }
    Ok(sign * (hours * 60 + minutes))
}

pub(super) fn date_time(text: &str) -> Result<(), String> {
    if text.len() < 20 {
        return fail("less than 20 characters long");
    }
    if !matches!(text.as_bytes().get(10), Some(b't' | b'T')) {
        return fail("11th character must be t or T");
    }
    // Before and after a letter of ASCII no character is cut in two.
    let (day, clock) = (text.get(..10).unwrap_or_default(), text.get(11..).unwrap_or_default());
    date(day).map_err(|error| format!("invalid date element: {error}"))?;
    time(clock).map_err(|error| format!("invalid time element: {error}"))
}
