//! Spans of time in nanoseconds, as Go reads and prints them.

/// Nanoseconds of a second, a minute and an hour.
pub(super) const SECOND: i64 = 1_000_000_000;
pub(super) const MINUTE: i64 = 60 * SECOND;
pub(super) const HOUR: i64 = 60 * MINUTE;

/// As Go prints it: `1h2m3.5s`, `1.5ms`, `0s`.
pub(super) fn print(span: i64) -> String {
    let sign = if span < 0 { "-" } else { "" };
    let size = span.unsigned_abs();
    let (second, minute, hour) = (SECOND as u64, MINUTE as u64, HOUR as u64);
    if size == 0 {
        return "0s".to_owned();
    }
    if size < second {
        // Below a second the unit shrinks.
        let (unit, name) = match size {
            0..1_000 => (1, "ns"),
            1_000..1_000_000 => (1_000, "µs"),
            _ => (1_000_000, "ms"),
        };
        return format!("{sign}{}{name}", decimal(size, unit));
    }
    let seconds = decimal(size % minute, second);
    let minutes = size / minute % 60;
    match size / hour {
        0 if minutes == 0 => format!("{sign}{seconds}s"),
        0 => format!("{sign}{minutes}m{seconds}s"),
        hours => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

/// `size` in units, with no zeros at the end of its fraction.
fn decimal(size: u64, unit: u64) -> String {
    let whole = size / unit;
    let fraction = size % unit;
    if fraction == 0 {
        return whole.to_string();
    }
    let width = unit.ilog10() as usize;
    format!("{whole}.{}", format!("{fraction:0width$}").trim_end_matches('0'))
}

/// Reads what Go's `ParseDuration` does: `1h30m`, `-1.5h`.
pub(super) fn parse(text: &[u8]) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {}", quote(text));
    let (negative, mut rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if rest == b"0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    const LARGEST: u64 = 1 << 63;
    let mut total: u64 = 0;
    while let Some(first) = rest.first() {
        if !first.is_ascii_digit() && *first != b'.' {
            return Err(invalid());
        }
        let (whole, digits) = leading_integer(rest).ok_or_else(invalid)?;
        rest = &rest[digits..];
        let mut fraction = (0, 1.0, 0);
        if let [b'.', after @ ..] = rest {
            fraction = leading_fraction(after);
            rest = &after[fraction.2..];
        }
        if digits == 0 && fraction.2 == 0 {
            return Err(invalid());
        }
        let length = rest.iter().take_while(|byte| **byte != b'.' && !byte.is_ascii_digit()).count();
        let (name, after) = rest.split_at(length);
        if name.is_empty() {
            return Err(format!("time: missing unit in duration {}", quote(text)));
        }
        rest = after;
        let unit =
            unit(name).ok_or_else(|| format!("time: unknown unit {} in duration {}", quote(name), quote(text)))?;
        let mut value = whole.checked_mul(unit).filter(|value| *value <= LARGEST).ok_or_else(invalid)?;
        if fraction.0 > 0 {
            value += (fraction.0 as f64 * (unit as f64 / fraction.1)) as u64;
        }
        total = total.checked_add(value).filter(|total| *total <= LARGEST && value <= LARGEST).ok_or_else(invalid)?;
    }
    if negative {
        // Two's complement has the largest as a negative number.
        return Ok((total as i64).wrapping_neg());
    }
    i64::try_from(total).map_err(|_| invalid())
}

fn unit(name: &[u8]) -> Option<u64> {
    Some(match name {
        b"ns" => 1,
        // The sign of micro, and the Greek letter.
        b"us" | b"\xc2\xb5s" | b"\xce\xbcs" => 1_000,
        b"ms" => 1_000_000,
        b"s" => SECOND as u64,
        b"m" => MINUTE as u64,
        b"h" => HOUR as u64,
        _ => return None,
    })
}

/// The number that `text` starts with and its length; `None` where it does not fit.
pub(super) fn leading_integer(text: &[u8]) -> Option<(u64, usize)> {
    let mut number: u64 = 0;
    let mut length = 0;
    for digit in text.iter().take_while(|byte| byte.is_ascii_digit()) {
        number = number.checked_mul(10)?.checked_add(u64::from(digit - b'0')).filter(|number| *number <= 1 << 63)?;
        length += 1;
    }
    Some((number, length))
}

/// The digits of a fraction as a number, what it is to be divided by, and their length. Digits that do not fit are
/// left out.
fn leading_fraction(text: &[u8]) -> (u64, f64, usize) {
    let (mut number, mut scale, mut full) = (0_u64, 1.0, false);
    let mut length = 0;
    for digit in text.iter().take_while(|byte| byte.is_ascii_digit()) {
        length += 1;
        let next = number.checked_mul(10).and_then(|number| number.checked_add(u64::from(digit - b'0')));
        match next.filter(|next| !full && *next <= 1 << 63) {
            Some(next) => {
                number = next;
                scale *= 10.0;
            }
            None => full = true,
        }
    }
    (number, scale, length)
}

/// The nearest multiple of `step`, halves away from zero; what does not fit stops at the ends.
pub(super) fn round(span: i64, step: i64) -> i64 {
    if step <= 0 {
        return span;
    }
    let (wide, step) = (i128::from(span), i128::from(step));
    let rest = wide.abs() % step;
    let size = if rest * 2 < step { wide.abs() - rest } else { wide.abs() + step - rest };
    let rounded = size * wide.signum();
    rounded.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

/// Text between quotes, as Go's time package writes it in errors.
pub(super) fn quote(text: &[u8]) -> String {
    let mut out = String::from("\"");
    for byte in text {
        match byte {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(*byte));
            }
            b' '..=b'~' | 0x7f => out.push(char::from(*byte)),
            _ => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    out.push('"');
    out
}
