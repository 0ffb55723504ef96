//! The calendar: seconds to dates and back, in UTC.

use std::ops::RangeInclusive;

/// Seconds of a day.
pub(crate) const DAY: i64 = 86_400;

/// A time of day on a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    /// 1 to 12.
    pub(crate) month: u32,
    /// 1 to 31.
    pub(crate) day: u32,
    pub(crate) hour: u32,
    pub(crate) minute: u32,
    pub(crate) second: u32,
    /// 0 is Sunday.
    pub(crate) weekday: u32,
    /// 1 to 366.
    pub(crate) day_of_year: u32,
}

/// Days from Go's absolute beginning, in March of the year -292277022400, to 1970.
const BEGINNING: i64 = 730_692_556 * 146_097 + 306 + 719_162;

/// What clocks in UTC show at `seconds` since 1970. Before Go's beginning the years start over at the other end.
pub(crate) fn civil(seconds: i64) -> Civil {
    let absolute = (seconds as u64).wrapping_add((BEGINNING * DAY) as u64);
    // Both quotient and remainder fit by far.
    let days = (absolute / DAY as u64) as i64 - BEGINNING;
    let clock = (absolute % DAY as u64) as u32;
    // Years that begin in March end with the leap day; 400 of them have 146097 days, wherever they begin.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let from_march = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * from_march + 2) / 153;
    let day = from_march - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Civil {
        year,
        month: small(month),
        day: small(day),
        hour: clock / 3600,
        minute: clock / 60 % 60,
        second: clock % 60,
        weekday: small((days + 4).rem_euclid(7)),
        day_of_year: small(days - days_before(year, 1)) + 1,
    }
}

/// What is known to be small and not negative.
fn small(number: i64) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

/// Days from 1970 to the first of a month of 1 to 12, where the year is one that [`civil`] gives or has few digits.
pub(crate) fn days_before(year: i64, month: u32) -> i64 {
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let from_march = (153 * i64::from(month) + 2) / 5;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + from_march - 719_468
}

/// Days of a month.
pub(crate) fn days_in(year: i64, month: u32) -> u32 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Whether the year has a leap day.
pub(crate) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Years whose seconds fit into 64 bits with room for what days and months add.
const YEARS: RangeInclusive<i128> = -290_000_000_000..=290_000_000_000;

/// Seconds since 1970 of a date whose parts may be out of their ranges, as Go's `time.Date` takes them: month 13 is
/// January of the next year. What is beyond all calendars stops at their ends, where Go's numbers wrap.
pub(crate) fn seconds(year: i128, month: i128, day: i128, clock: i128) -> i64 {
    let months = month - 1;
    let year = (year + months.div_euclid(12)).clamp(*YEARS.start(), *YEARS.end());
    let month = small(months.rem_euclid(12) as i64) + 1;
    // The clamp makes the year fit.
    let days = i128::from(days_before(year as i64, month)) + day - 1;
    let seconds = days.saturating_mul(i128::from(DAY)).saturating_add(clock);
    seconds.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_become_dates_and_dates_seconds() {
        for (at, shown) in [
            (0, (1970, 1, 1, 0, 0, 0, 4, 1)),
            (-1, (1969, 12, 31, 23, 59, 59, 3, 365)),
            (951_782_400, (2000, 2, 29, 0, 0, 0, 2, 60)),
            (1_795_284_000, (2026, 11, 21, 18, 0, 0, 6, 325)),
            (4_107_542_400, (2100, 3, 1, 0, 0, 0, 1, 60)),
            (-62_135_596_800, (1, 1, 1, 0, 0, 0, 1, 1)),
            (-62_167_219_200, (0, 1, 1, 0, 0, 0, 6, 1)),
            (-62_167_219_201, (-1, 12, 31, 23, 59, 59, 5, 365)),
            (99_999_999_999_999, (3_170_843, 11, 7, 9, 46, 39, 6, 311)),
        ] {
            let (year, month, day, hour, minute, second, weekday, day_of_year) = shown;
            let date = Civil { year, month, day, hour, minute, second, weekday, day_of_year };
            assert_eq!(civil(at), date, "{at}");
            let clock = hour * 3600 + minute * 60 + second;
            assert_eq!(seconds(year.into(), month.into(), day.into(), clock.into()), at);
        }
    }

    #[test]
    fn the_ends_of_time_are_dates() {
        for at in [i64::MIN, i64::MIN + 1, i64::MAX] {
            let date = civil(at);
            assert!((1..=12).contains(&date.month) && (1..=31).contains(&date.day), "{date:?}");
        }
        assert_eq!(seconds(i128::from(i64::MAX), 1, 1, 0).signum(), 1);
        assert_eq!(seconds(i128::from(i64::MIN), i128::from(i64::MIN), i128::from(i64::MIN), 0), i64::MIN);
    }

    #[test]
    fn parts_out_of_range_carry_over() {
        assert_eq!(civil(seconds(2021, 13, 32, 0)).month, 2);
        assert_eq!(seconds(2021, 3, 0, 0), seconds(2021, 2, 28, 0));
        assert_eq!(days_in(1900, 2), 28);
        assert_eq!(days_in(2000, 2), 29);
    }
}
