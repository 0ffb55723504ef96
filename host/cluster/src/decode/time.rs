//! Moments as `metav1.Time` and `metav1.MicroTime` read and write them.

use time::{Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time};

const SECONDS: &str = "2006-01-02T15:04:05Z07:00";
const MICROSECONDS: &str = "2006-01-02T15:04:05.000000Z07:00";

/// Reads RFC 3339 and writes it in UTC, in whole seconds.
pub(super) fn canonical(text: &str) -> Result<String, String> {
    let moment = parse(text, SECONDS)?;
    let (date, time) = (moment.date(), moment.time());
    Ok(format!("{}T{:02}:{:02}:{:02}Z", day(date), time.hour(), time.minute(), time.second()))
}

/// Reads RFC 3339 with microseconds and writes it in UTC.
pub(super) fn canonical_micro(text: &str) -> Result<String, String> {
    let moment = parse(text, MICROSECONDS)?;
    let (date, time) = (moment.date(), moment.time());
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    Ok(format!("{}T{hour:02}:{minute:02}:{second:02}.{:06}Z", day(date), time.microsecond()))
}

fn day(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
}

/// Takes a text apart from its start, and says what could not be read as Go's `time.Parse` does.
struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
    layout: &'a str,
}

impl<'a> Reader<'a> {
    fn wrong<T>(&self, element: &str) -> Result<T, String> {
        Err(format!("parsing time {:?} as {:?}: cannot parse {:?} as {element:?}", self.text, self.layout, self.rest))
    }

    fn out_of_range<T>(&self, what: &str) -> Result<T, String> {
        Err(format!("parsing time {:?}: {what} out of range", self.text))
    }

    fn digits(&mut self, count: usize, element: &str) -> Result<u32, String> {
        let digits = self.rest.get(..count).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        match digits.and_then(|digits| digits.parse().ok()) {
            Some(number) => {
                self.rest = &self.rest[count..];
                Ok(number)
            }
            None => self.wrong(element),
        }
    }

    fn literal(&mut self, literal: &str) -> Result<(), String> {
        match self.rest.strip_prefix(literal) {
            Some(rest) => {
                self.rest = rest;
                Ok(())
            }
            None => self.wrong(literal),
        }
    }

    /// A fraction of a second, in nanoseconds.
    fn fraction(&mut self) -> u32 {
        let Some(rest) = self.rest.strip_prefix(['.', ',']) else { return 0 };
        let count = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = rest.split_at(count);
        self.rest = rest;
        format!("{:0<9}", &digits[..count.min(9)]).parse().unwrap_or(0)
    }

    /// The offset from UTC, in seconds.
    fn offset(&mut self) -> Result<i64, String> {
        if let Some(rest) = self.rest.strip_prefix('Z') {
            self.rest = rest;
            return Ok(0);
        }
        let sign = match self.rest.bytes().next() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return self.wrong("Z07:00"),
        };
        let number = |range| self.rest.get(range).and_then(|digits: &str| digits.parse::<u8>().ok()).map(i64::from);
        match (number(1..3), self.rest.get(3..4), number(4..6)) {
            (Some(hours @ 0..=24), Some(":"), Some(minutes @ 0..60)) => {
                self.rest = &self.rest[6..];
                Ok(sign * (hours * 3600 + minutes * 60))
            }
            _ => self.wrong("Z07:00"),
        }
    }
}

fn parse(text: &str, layout: &str) -> Result<OffsetDateTime, String> {
    let mut reader = Reader { text, rest: text, layout };
    let year = reader.digits(4, "2006")?;
    reader.literal("-")?;
    let month = reader.digits(2, "01")?;
    let Some(month) = u8::try_from(month).ok().and_then(|month| Month::try_from(month).ok()) else {
        return reader.out_of_range("month");
    };
    reader.literal("-")?;
    let day = reader.digits(2, "02")?;
    reader.literal("T")?;
    let hour = reader.digits(2, "15")?;
    if hour > 23 {
        return reader.out_of_range("hour");
    }
    reader.literal(":")?;
    let minute = reader.digits(2, "04")?;
    if minute > 59 {
        return reader.out_of_range("minute");
    }
    reader.literal(":")?;
    let second = reader.digits(2, "05")?;
    if second > 59 {
        return reader.out_of_range("second");
    }
    let nanosecond = match layout {
        MICROSECONDS => {
            let digits = reader.rest.strip_prefix('.').and_then(|rest| rest.get(..6));
            if digits.is_none_or(|digits| !digits.bytes().all(|byte| byte.is_ascii_digit())) {
                return reader.wrong(".000000");
            }
            reader.fraction()
        }
        _ => reader.fraction(),
    };
    let offset = reader.offset()?;
    if !reader.rest.is_empty() {
        return Err(format!("parsing time {text:?}: extra text: {:?}", reader.rest));
    }
    // Bounds were checked above, but for the day of the month and the year.
    let small = |number: u32| u8::try_from(number).unwrap_or(u8::MAX);
    let date = i32::try_from(year).ok().and_then(|year| Date::from_calendar_date(year, month, small(day)).ok());
    let time = Time::from_hms_nano(small(hour), small(minute), small(second), nanosecond).ok();
    match date.zip(time) {
        Some((date, time)) => PrimitiveDateTime::new(date, time)
            .assume_utc()
            .checked_sub(Duration::seconds(offset))
            .map_or_else(|| reader.out_of_range("year"), Ok),
        None => reader.out_of_range("day"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn moments_are_written_in_utc() {
        let cases = [
            ("2024-01-02T03:04:05Z", "2024-01-02T03:04:05Z"),
            ("2024-01-02T03:04:05.678Z", "2024-01-02T03:04:05Z"),
            ("2024-01-01T00:30:00+01:00", "2023-12-31T23:30:00Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ];
        for (given, expected) in cases {
            assert_eq!(canonical(given).unwrap(), expected);
        }
        assert_eq!(canonical_micro("2024-01-02T03:04:05.678000Z").unwrap(), "2024-01-02T03:04:05.678000Z");
    }

    #[test]
    fn what_is_no_moment_is_refused_in_gos_words() {
        let cases = [
            ("noon", r#"parsing time "noon" as "2006-01-02T15:04:05Z07:00": cannot parse "noon" as "2006""#),
            ("", r#"parsing time "" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "2006""#),
            ("2024-01-02", r#"parsing time "2024-01-02" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T""#),
            ("2024-13-02T00:00:00Z", r#"parsing time "2024-13-02T00:00:00Z": month out of range"#),
            ("2024-02-30T00:00:00Z", r#"parsing time "2024-02-30T00:00:00Z": day out of range"#),
            ("2024-02-03T00:00:00Zx", r#"parsing time "2024-02-03T00:00:00Zx": extra text: "x""#),
        ];
        for (given, expected) in cases {
            assert_eq!(canonical(given).unwrap_err(), expected);
        }
    }
}
