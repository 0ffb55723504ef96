//! Go's layouts: a reference time written the way that times are to be.

/// A part of a layout that stands for a part of a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Part {
    LongMonth,
    Month,
    NumberMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperHalf,
    LowerHalf,
    ZoneName,
    /// An offset from UTC; `z` prints and reads `Z` for none.
    Offset {
        z: bool,
        form: Form,
    },
    /// A fraction of a second, after a point or a comma: so many digits, or as many as are not zero.
    Fraction {
        comma: bool,
        digits: usize,
        trimmed: bool,
    },
}

/// How an offset from UTC is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form {
    /// `-07`
    Hours,
    /// `-0700`
    Minutes,
    /// `-07:00`
    ColonMinutes,
    /// `-070000`
    Seconds,
    /// `-07:00:00`
    ColonSeconds,
}

/// What follows the sign of an offset, longer ones first.
const FORMS: &[(&[u8], Form)] = &[
    (b"070000", Form::Seconds),
    (b"07:00:00", Form::ColonSeconds),
    (b"0700", Form::Minutes),
    (b"07:00", Form::ColonMinutes),
    (b"07", Form::Hours),
];

/// A layout at its first part: the text before it, the part with its own text, and what follows.
pub(super) type Split<'a> = (&'a [u8], Option<(Part, &'a [u8])>, &'a [u8]);

/// Splits a layout at its first part. Without one, all is text.
pub(super) fn next(layout: &[u8]) -> Split<'_> {
    for at in 0..layout.len() {
        let rest = &layout[at..];
        if let Some((skip, part, length)) = part(rest) {
            let start = at + skip;
            return (&layout[..start], Some((part, &layout[start..start + length])), &layout[start + length..]);
        }
    }
    (layout, None, &[])
}

/// The part that `rest` starts with: how much of it is text still, the part, and its length.
fn part(rest: &[u8]) -> Option<(usize, Part, usize)> {
    let here = |part: Part, length: usize| Some((0, part, length));
    // A word goes on: "Month" is no "Mon".
    let ends = |length: usize| !rest.get(length).is_some_and(u8::is_ascii_lowercase);
    match *rest.first()? {
        b'J' if rest.starts_with(b"January") => here(Part::LongMonth, 7),
        b'J' if rest.starts_with(b"Jan") && ends(3) => here(Part::Month, 3),
        b'M' if rest.starts_with(b"Monday") => here(Part::LongWeekday, 6),
        b'M' if rest.starts_with(b"Mon") && ends(3) => here(Part::Weekday, 3),
        b'M' if rest.starts_with(b"MST") => here(Part::ZoneName, 3),
        b'0' => match rest.get(1)? {
            b'1' => here(Part::ZeroMonth, 2),
            b'2' => here(Part::ZeroDay, 2),
            b'3' => here(Part::ZeroHour12, 2),
            b'4' => here(Part::ZeroMinute, 2),
            b'5' => here(Part::ZeroSecond, 2),
            b'6' => here(Part::Year, 2),
            b'0' if rest.get(2) == Some(&b'2') => here(Part::ZeroYearDay, 3),
            _ => None,
        },
        b'1' if rest.get(1) == Some(&b'5') => here(Part::Hour, 2),
        b'1' => here(Part::NumberMonth, 1),
        b'2' if rest.starts_with(b"2006") => here(Part::LongYear, 4),
        b'2' => here(Part::Day, 1),
        b'_' if rest.starts_with(b"_2006") => Some((1, Part::LongYear, 4)),
        b'_' if rest.starts_with(b"_2") => here(Part::UnderDay, 2),
        b'_' if rest.starts_with(b"__2") => here(Part::UnderYearDay, 3),
        b'3' => here(Part::Hour12, 1),
        b'4' => here(Part::Minute, 1),
        b'5' => here(Part::Second, 1),
        b'P' if rest.starts_with(b"PM") => here(Part::UpperHalf, 2),
        b'p' if rest.starts_with(b"pm") => here(Part::LowerHalf, 2),
        sign @ (b'-' | b'Z') => {
            let (text, form) = FORMS.iter().find(|(text, _)| rest[1..].starts_with(text))?;
            here(Part::Offset { z: sign == b'Z', form: *form }, text.len() + 1)
        }
        separator @ (b'.' | b',') => {
            let digit = *rest.get(1).filter(|digit| matches!(digit, b'0' | b'9'))?;
            let digits = rest[1..].iter().take_while(|byte| **byte == digit).count();
            // Other digits behind it make it text.
            if rest.get(1 + digits).is_some_and(u8::is_ascii_digit) {
                return None;
            }
            here(Part::Fraction { comma: separator == b',', digits, trimmed: digit == b'9' }, 1 + digits)
        }
        _ => None,
    }
}
