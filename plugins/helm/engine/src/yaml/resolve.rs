//! What a plain scalar means: YAML 1.1's null, booleans, numbers and dates, as go-yaml takes them.

/// The meaning of a plain scalar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Implicit {
    Null,
    Bool(bool),
    Int(i64),
    /// What is beyond an int64 and within a uint64.
    Uint(u64),
    Float(f64),
    /// A date or a time, which stays the text that it is.
    Timestamp,
    Str,
}

/// Resolves `text`. Dates only if `dates`: where they stay text anyway, nobody needs to know.
pub(super) fn resolve(text: &str, dates: bool) -> Implicit {
    let Some(first) = text.bytes().next() else {
        return Implicit::Null;
    };
    match first {
        b'0'..=b'9' | b'+' | b'-' => named(text).unwrap_or_else(|| numeric(text, dates)),
        b'.' => named(text).or_else(|| float(text)).unwrap_or(Implicit::Str),
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => {
            named(text).unwrap_or(Implicit::Str)
        }
        _ => Implicit::Str,
    }
}

/// The words that mean something.
fn named(text: &str) -> Option<Implicit> {
    Some(match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Implicit::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Implicit::Bool(false),
        "~" | "null" | "Null" | "NULL" => Implicit::Null,
        ".nan" | ".NaN" | ".NAN" => Implicit::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Implicit::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Implicit::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

/// What starts with a digit or a sign.
fn numeric(text: &str, dates: bool) -> Implicit {
    if dates && timestamp(text) {
        return Implicit::Timestamp;
    }
    let without;
    let plain = if text.contains('_') {
        without = text.replace('_', "");
        without.as_str()
    } else {
        text
    };
    integer(plain).or_else(|| if decimal(plain) { float(plain) } else { None }).unwrap_or(Implicit::Str)
}

/// Go's `ParseInt` with base 0, then `ParseUint`, then the binary form that YAML adds: `0b-1`.
fn integer(text: &str) -> Option<Implicit> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let signed = unsigned.len() < text.len();
    let (radix, digits) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &unsigned[2..]),
        [b'0', b'b' | b'B', ..] => (2, &unsigned[2..]),
        [b'0', b'o' | b'O', ..] => (8, &unsigned[2..]),
        [b'0', _, ..] => (8, &unsigned[1..]),
        _ => (10, unsigned),
    };
    if let Some(magnitude) = magnitude(digits, radix) {
        let value = i128::from(magnitude) * if negative { -1 } else { 1 };
        if let Ok(value) = i64::try_from(value) {
            return Some(Implicit::Int(value));
        }
        // ParseUint takes no sign.
        return if signed { None } else { Some(Implicit::Uint(magnitude)) };
    }
    // After "0b" (and "-0b") a further sign is taken, since what follows is parsed on its own.
    let rest = text.strip_prefix("0b")?;
    let (sign, digits) = match rest.as_bytes().first()? {
        b'-' => (-1, &rest[1..]),
        b'+' => (1, &rest[1..]),
        _ => return None,
    };
    i64::try_from(i128::from(magnitude(digits, 2)?) * sign).ok().map(Implicit::Int)
}

/// Digits alone, without a sign, in `radix`.
fn magnitude(digits: &str, radix: u32) -> Option<u64> {
    let first = digits.bytes().next()?;
    if first == b'+' || first == b'-' { None } else { u64::from_str_radix(digits, radix).ok() }
}

/// YAML's form of a decimal float: `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`.
fn decimal(text: &str) -> bool {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    let whole = digits(rest);
    let mut rest = &rest[whole..];
    if let Some(behind) = rest.strip_prefix('.') {
        let fraction = digits(behind);
        if whole == 0 && fraction == 0 {
            return false;
        }
        rest = &behind[fraction..];
    } else if whole == 0 {
        return false;
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        return !exponent.is_empty() && digits(exponent) == exponent.len();
    }
    rest.is_empty()
}

/// Go's `ParseFloat` for what looks like a decimal; beyond the range of a float64 it is none.
fn float(text: &str) -> Option<Implicit> {
    if !decimal(text) {
        return None;
    }
    text.parse::<f64>().ok().filter(|value| value.is_finite()).map(Implicit::Float)
}

/// Whether a plain scalar has YAML 1.1's base 60 form, which is quoted for the sake of other readers.
pub(super) fn sexagesimal(text: &str) -> bool {
    let rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !rest.as_bytes().first().is_some_and(u8::is_ascii_digit) {
        return false;
    }
    let (places, fraction) = rest.split_once('.').map_or((rest, ""), |(places, fraction)| (places, fraction));
    let mut places = places.split(':');
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    if !places.next().is_some_and(digits) || !digits(fraction) {
        return false;
    }
    let mut more = false;
    for place in places {
        more = true;
        match place.as_bytes() {
            [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9'] => {}
            _ => return false,
        }
    }
    more
}

/// Whether Go's `time.Parse` takes `text` in one of the forms that go-yaml tries.
pub(super) fn timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() < 5 || !bytes[..4].iter().all(u8::is_ascii_digit) || bytes[4] != b'-' {
        return false;
    }
    let mut rest = Rest(&bytes[4..]);
    let year = bytes[..4].iter().fold(0u32, |year, digit| year * 10 + u32::from(digit - b'0'));
    let Some((month, day)) = date(&mut rest) else {
        return false;
    };
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    if day < 1 || day > days {
        return false;
    }
    match rest.0.first() {
        None => true,
        Some(b'T' | b't') => {
            rest.0 = &rest.0[1..];
            clock(&mut rest).is_some() && zone(&mut rest).is_some() && rest.0.is_empty()
        }
        Some(b' ') => {
            rest.spaces();
            clock(&mut rest).is_some() && rest.0.is_empty()
        }
        Some(_) => false,
    }
}

fn date(rest: &mut Rest<'_>) -> Option<(u32, u32)> {
    rest.byte(b'-')?;
    let month = rest.number(false)?;
    rest.byte(b'-')?;
    Some((month, rest.number(false)?))
}

fn clock(rest: &mut Rest<'_>) -> Option<()> {
    let hour = rest.number(false)?;
    rest.byte(b':')?;
    let minute = rest.number(false)?;
    rest.byte(b':')?;
    let second = rest.number(false)?;
    if let [b'.' | b',', b'0'..=b'9', ..] = rest.0 {
        let digits = rest.0[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        rest.0 = &rest.0[1 + digits..];
    }
    (hour < 24 && minute < 60 && second < 60).then_some(())
}

fn zone(rest: &mut Rest<'_>) -> Option<()> {
    if rest.byte(b'Z').is_some() {
        return Some(());
    }
    if rest.byte(b'+').is_none() {
        rest.byte(b'-')?;
    }
    let hours = rest.number(true)?;
    rest.byte(b':')?;
    let minutes = rest.number(true)?;
    (hours <= 24 && minutes <= 60).then_some(())
}

/// What is left of a time.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn byte(&mut self, byte: u8) -> Option<()> {
        // What does not match stays: the caller may try another byte.
        self.0 = self.0.strip_prefix(&[byte])?;
        Some(())
    }

    fn number(&mut self, two: bool) -> Option<u32> {
        match self.0 {
            [a @ b'0'..=b'9', b @ b'0'..=b'9', rest @ ..] => {
                self.0 = rest;
                Some(u32::from(a - b'0') * 10 + u32::from(b - b'0'))
            }
            [a @ b'0'..=b'9', rest @ ..] if !two => {
                self.0 = rest;
                Some(u32::from(a - b'0'))
            }
            _ => None,
        }
    }

    fn spaces(&mut self) {
        let spaces = self.0.iter().take_while(|byte| **byte == b' ').count();
        self.0 = &self.0[spaces..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_mean_what_go_yaml_takes_them_for() {
        for (text, expected) in [
            ("", Implicit::Null),
            ("~", Implicit::Null),
            ("y", Implicit::Bool(true)),
            ("Off", Implicit::Bool(false)),
            ("yEs", Implicit::Str),
            ("0777", Implicit::Int(511)),
            ("0o17", Implicit::Int(15)),
            ("-0x1F", Implicit::Int(-31)),
            ("0b101", Implicit::Int(5)),
            ("0b-101", Implicit::Int(-5)),
            ("08", Implicit::Float(8.0)),
            ("1_000", Implicit::Int(1000)),
            ("_1", Implicit::Str),
            ("18446744073709551615", Implicit::Uint(u64::MAX)),
            ("18446744073709551616", Implicit::Float(18_446_744_073_709_551_616.0)),
            ("+18446744073709551615", Implicit::Float(18_446_744_073_709_551_615.0)),
            ("-9223372036854775808", Implicit::Int(i64::MIN)),
            ("1e3", Implicit::Float(1000.0)),
            ("1.", Implicit::Float(1.0)),
            (".5", Implicit::Float(0.5)),
            ("1e400", Implicit::Str),
            ("+.inf", Implicit::Float(f64::INFINITY)),
            ("+", Implicit::Str),
            ("-", Implicit::Str),
            ("0x", Implicit::Str),
            ("1.2.3", Implicit::Str),
            ("<<", Implicit::Str),
            ("2020-01-01", Implicit::Timestamp),
            ("2020-1-1 1:2:3.5", Implicit::Timestamp),
            ("2020-02-30", Implicit::Str),
            ("2020-01-01T01:02:03", Implicit::Str),
            ("2020-01-01T01:02:03+01:00", Implicit::Timestamp),
        ] {
            assert_eq!(resolve(text, true), expected, "{text}");
        }
    }

    #[test]
    fn base_60_is_recognised() {
        for (text, expected) in
            [("1:20", true), ("-1:59:3.5_", true), ("1:60", false), ("12", false), ("a:1", false), ("1:", false)]
        {
            assert_eq!(sexagesimal(text), expected, "{text}");
        }
    }
}
