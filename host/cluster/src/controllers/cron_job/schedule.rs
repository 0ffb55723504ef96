//! Schedules in the form of cron: five fields, or a word like `@daily`. Times are UTC.

use std::collections::BTreeSet;

use time::{OffsetDateTime, Weekday};

/// A schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::controllers) struct Schedule {
    minutes: BTreeSet<u8>,
    hours: BTreeSet<u8>,
    days: BTreeSet<u8>,
    months: BTreeSet<u8>,
    weekdays: BTreeSet<u8>,
    /// Days and weekdays are both restricted: then either will do.
    either: bool,
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

impl Schedule {
    /// Reads a schedule; `None` if it is none.
    pub(in crate::controllers) fn parse(text: &str) -> Option<Self> {
        let text = match text.trim() {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            text => text,
        };
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields.as_slice() else { return None };
        let free = |field: &str| field.starts_with('*') || field.starts_with('?');
        let mut chosen = field(weekdays, 0, 7, &WEEKDAYS, 0)?;
        if chosen.remove(&7) {
            chosen.insert(0);
        }
        Some(Self {
            minutes: field(minutes, 0, 59, &[], 0)?,
            hours: field(hours, 0, 23, &[], 0)?,
            days: field(days, 1, 31, &[], 0)?,
            months: field(months, 1, 12, &MONTHS, 1)?,
            weekdays: chosen,
            either: !free(days) && !free(weekdays),
        })
    }

    fn is_on(&self, day: OffsetDateTime) -> bool {
        let weekday = match day.weekday() {
            Weekday::Sunday => 0,
            other => other.number_from_monday(),
        };
        let (by_day, by_weekday) = (self.days.contains(&day.day()), self.weekdays.contains(&weekday));
        let fits = if self.either { by_day || by_weekday } else { by_day && by_weekday };
        self.months.contains(&u8::from(day.month())) && fits
    }

    /// The first moment after `unix`, within five years.
    pub(in crate::controllers) fn after(&self, unix: i64) -> Option<i64> {
        let midnight = unix.div_euclid(86_400);
        for day in midnight..midnight + 5 * 366 {
            if !self.is_on(OffsetDateTime::from_unix_timestamp(day * 86_400).ok()?) {
                continue;
            }
            for hour in &self.hours {
                for minute in &self.minutes {
                    let moment = day * 86_400 + i64::from(*hour) * 3600 + i64::from(*minute) * 60;
                    if moment > unix {
                        return Some(moment);
                    }
                }
            }
        }
        None
    }

    /// The last moment after `from`, up to `until`.
    pub(super) fn last_between(&self, from: i64, until: i64) -> Option<i64> {
        // What was missed long ago is not caught up with.
        let mut moment = self.after(from.max(until - 86_400 * 7)).filter(|moment| *moment <= until)?;
        while let Some(next) = self.after(moment).filter(|next| *next <= until) {
            moment = next;
        }
        Some(moment)
    }
}

/// One field: numbers or names, ranges, steps, lists.
fn field(text: &str, least: u8, most: u8, names: &[&str], base: u8) -> Option<BTreeSet<u8>> {
    let number = |text: &str| -> Option<u8> {
        let named = names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let number = match named {
            Some(index) => u8::try_from(index).ok()? + base,
            None => text.parse().ok()?,
        };
        (least..=most).contains(&number).then_some(number)
    };
    let mut all = BTreeSet::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<u8>().ok().filter(|step| *step > 0)?)),
            None => (part, None),
        };
        let (first, last) = match (range, range.split_once('-')) {
            ("*" | "?", _) => (least, most),
            (_, Some((first, last))) => (number(first)?, number(last)?),
            (single, None) => (number(single)?, if step.is_some() { most } else { number(single)? }),
        };
        all.extend((first..=last).step_by(usize::from(step.unwrap_or(1))));
    }
    (!all.is_empty()).then_some(all)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::controllers::object::{rfc3339, unix};

    #[test]
    fn the_next_moment_is_found() {
        let from = "2024-02-28T10:17:00Z";
        let cases = [
            ("* * * * *", "2024-02-28T10:18:00Z"),
            ("0 3 * * *", "2024-02-29T03:00:00Z"),
            ("*/15 8-10 * * *", "2024-02-28T10:30:00Z"),
            ("0 0 1 * *", "2024-03-01T00:00:00Z"),
            ("0 0 29 2 *", "2024-02-29T00:00:00Z"),
            ("5 4 * * sun", "2024-03-03T04:05:00Z"),
            ("5 4 * * 7", "2024-03-03T04:05:00Z"),
            ("0 0 1 JAN,jun *", "2024-06-01T00:00:00Z"),
            ("0 0 1 * fri", "2024-03-01T00:00:00Z"),
            ("@hourly", "2024-02-28T11:00:00Z"),
        ];
        for (schedule, expected) in cases {
            let next = Schedule::parse(schedule).unwrap().after(unix(from).unwrap()).unwrap();
            assert_eq!(rfc3339(next), expected, "{schedule}");
        }
        for wrong in ["", "* * * *", "60 * * * *", "*/0 * * * *", "a * * * *", "5-1 * * * *"] {
            assert_eq!(Schedule::parse(wrong), None, "{wrong}");
        }
    }
}
