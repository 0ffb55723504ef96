//! Numbers from text, as Go's `strconv` reads them.

/// Why a text is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotANumber {
    /// It is written otherwise.
    Syntax,
    /// It does not fit; the nearest that does.
    Range(i64),
}

/// Go's `ParseInt` into 64 bits. Base 0 takes it from the text: `0x`, `0o` or `0`, `0b`, and lets underscores
/// stand between digits.
pub(crate) fn parse_int(text: &[u8], base: u32) -> Result<i64, NotANumber> {
    let (negative, digits) = sign(text);
    if digits.is_empty() {
        return Err(NotANumber::Syntax);
    }
    let (radix, rest) = match (base, digits) {
        (0, [b'0', b'b' | b'B', rest @ ..]) if !rest.is_empty() => (2, rest),
        (0, [b'0', b'o' | b'O', rest @ ..]) if !rest.is_empty() => (8, rest),
        (0, [b'0', b'x' | b'X', rest @ ..]) if !rest.is_empty() => (16, rest),
        (0, [b'0', rest @ ..]) => (8, rest),
        (0, _) => (10, digits),
        _ => (base, digits),
    };
    let out_of_range = NotANumber::Range(if negative { i64::MIN } else { i64::MAX });
    let mut magnitude: u64 = 0;
    let mut underscores = false;
    for &byte in rest {
        if byte == b'_' && base == 0 {
            underscores = true;
            continue;
        }
        let digit = char::from(byte).to_digit(radix).ok_or(NotANumber::Syntax)?;
        magnitude = magnitude
            .checked_mul(radix.into())
            .and_then(|number| number.checked_add(digit.into()))
            .ok_or(out_of_range)?;
    }
    if underscores && !underscores_are_right(digits) {
        return Err(NotANumber::Syntax);
    }
    match i64::try_from(magnitude) {
        Ok(number) => Ok(if negative { -number } else { number }),
        Err(_) if negative && magnitude == i64::MIN.unsigned_abs() => Ok(i64::MIN),
        Err(_) => Err(out_of_range),
    }
}

/// Go's `ParseFloat`; `None` too where the number is too large.
pub(crate) fn parse_float(text: &[u8]) -> Option<f64> {
    let (negative, digits) = sign(text);
    let magnitude = match digits.to_ascii_lowercase().as_slice() {
        b"inf" | b"infinity" => f64::INFINITY,
        // Only without a sign.
        b"nan" if digits.len() == text.len() => return Some(f64::NAN),
        lower => {
            if lower.contains(&b'_') && !underscores_are_right(lower) {
                return None;
            }
            let plain: Vec<u8> = lower.iter().copied().filter(|&byte| byte != b'_').collect();
            let number = match plain.strip_prefix(b"0x") {
                Some(digits) => hexadecimal(digits)?,
                None => decimal(&plain)?,
            };
            Some(number).filter(|number| number.is_finite())?
        }
    };
    Some(if negative { -magnitude } else { magnitude })
}

/// Whether there is a minus, and what follows the sign.
fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

/// Whether each underscore stands between digits, or between the prefix of a base and a digit.
fn underscores_are_right(digits: &[u8]) -> bool {
    let (mut after_digit, hexadecimal, rest) = match digits {
        [b'0', b'x' | b'X', rest @ ..] => (true, true, rest),
        [b'0', b'b' | b'o' | b'B' | b'O', rest @ ..] => (true, false, rest),
        _ => (false, false, digits),
    };
    let mut after_underscore = false;
    for &byte in rest {
        let is_digit = byte.is_ascii_digit() || hexadecimal && byte.is_ascii_hexdigit();
        if byte == b'_' && !after_digit || after_underscore && !is_digit {
            return false;
        }
        after_underscore = byte == b'_';
        after_digit = is_digit;
    }
    !after_underscore
}

/// A decimal number in lower case, without sign: digits, a point among them, an exponent.
fn decimal(text: &[u8]) -> Option<f64> {
    let mantissa_end = text.iter().position(|&byte| byte == b'e').unwrap_or(text.len());
    let (mantissa, exponent) = text.split_at(mantissa_end);
    if !is_mantissa(mantissa, u8::is_ascii_digit) {
        return None;
    }
    if let Some(exponent) = exponent.strip_prefix(b"e") {
        exponent_of(exponent)?;
    }
    str::from_utf8(text).ok()?.parse().ok()
}

/// Whether a text is of digits, at least one, with at most one point.
fn is_mantissa(text: &[u8], is_digit: fn(&u8) -> bool) -> bool {
    let digits = text.iter().filter(|byte| is_digit(byte)).count();
    let points = text.iter().filter(|&&byte| byte == b'.').count();
    digits > 0 && points <= 1 && digits + points == text.len()
}

/// An exponent with its sign, kept within what matters.
fn exponent_of(text: &[u8]) -> Option<i64> {
    let (negative, digits) = sign(text);
    if digits.is_empty() {
        return None;
    }
    let mut exponent: i64 = 0;
    for byte in digits {
        let digit = char::from(*byte).to_digit(10)?;
        exponent = (exponent * 10 + i64::from(digit)).min(1 << 40);
    }
    Some(if negative { -exponent } else { exponent })
}

/// What stands behind `0x` in a hexadecimal float: digits, and the exponent of two, which must be there.
fn hexadecimal(text: &[u8]) -> Option<f64> {
    let mantissa_end = text.iter().position(|&byte| byte == b'p')?;
    let (digits, exponent) = text.split_at(mantissa_end);
    if !is_mantissa(digits, u8::is_ascii_hexdigit) {
        return None;
    }
    let mut exponent = exponent_of(exponent.strip_prefix(b"p")?)?;
    // What does not go into 60 bits is told by the lowest bit alone: it only decides how a half is rounded.
    let mut mantissa: u64 = 0;
    let mut rest = false;
    let mut after_point = false;
    for &byte in digits {
        let Some(digit) = char::from(byte).to_digit(16) else {
            after_point = true;
            continue;
        };
        if mantissa >> 56 == 0 {
            mantissa = mantissa << 4 | u64::from(digit);
            exponent -= if after_point { 4 } else { 0 };
        } else {
            rest |= digit != 0;
            exponent += if after_point { 0 } else { 4 };
        }
    }
    Some(scaled(mantissa << 1 | u64::from(rest), exponent - 1))
}

/// `mantissa` times two to the power of `exponent`, rounded to the nearest float, halves to the even one.
fn scaled(mantissa: u64, exponent: i64) -> f64 {
    if mantissa == 0 {
        return 0.0;
    }
    let length = i64::from(64 - mantissa.leading_zeros());
    let top = exponent + length - 1;
    if top > 1023 {
        return f64::INFINITY;
    }
    // Of the smallest numbers fewer bits remain.
    let precision = if top >= -1022 { 53 } else { 53 - (-1022 - top) };
    let shift = length - precision;
    if shift > 64 {
        return 0.0;
    }
    let (kept, mut exponent) = if shift <= 0 {
        (mantissa, exponent)
    } else {
        let whole = u128::from(mantissa);
        let half = 1_u128 << (shift - 1);
        let cut = whole & ((half << 1) - 1);
        let kept = whole >> shift;
        let up = cut > half || cut == half && kept & 1 == 1;
        // Fewer bits than the mantissa had.
        (kept as u64 + u64::from(up), exponent + shift)
    };
    // By steps of exact powers, of which the last alone may leave the normal numbers, and then exactly.
    let mut value = kept as f64;
    while exponent != 0 {
        let step = exponent.clamp(-1000, 1000);
        value *= f64::from_bits(((1023 + step) as u64) << 52);
        exponent -= step;
    }
    value
}
