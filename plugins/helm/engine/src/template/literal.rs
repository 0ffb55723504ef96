//! Constants as they are written in a template: what their text means.

use std::borrow::Cow;

/// A number, as every type that can hold it: Go's untyped constants.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Number {
    pub(super) int: Option<i64>,
    pub(super) uint: Option<u64>,
    pub(super) float: Option<f64>,
    /// Written as a complex number, of these two parts, whatever else it may be.
    pub(super) complex: Option<(f64, f64)>,
    /// Written with a dot or an exponent: where no type is asked for, it is a float.
    pub(super) written_as_float: bool,
}

/// A character in single quotes.
///
/// # Errors
/// What Go says of it.
pub(super) fn character(text: &[u8]) -> Result<Number, String> {
    let body = text.get(1..).unwrap_or_default();
    let (decoded, rest) = unquote_char(body, b'\'').ok_or("invalid syntax")?;
    if rest != b"'" {
        return Err(format!("malformed character constant: {}", String::from_utf8_lossy(text)));
    }
    let value = match decoded {
        Decoded::Rune(rune) => u32::from(rune),
        Decoded::Byte(byte) => u32::from(byte),
    };
    let (int, uint, float) = (Some(i64::from(value)), Some(u64::from(value)), Some(f64::from(value)));
    Ok(Number { int, uint, float, complex: None, written_as_float: false })
}

/// A complex number of two parts, `1+2i`.
///
/// # Errors
/// Where a part is no number.
pub(super) fn complex(text: &[u8]) -> Result<Number, String> {
    let text = std::str::from_utf8(text).map_err(|_| "syntax error scanning complex number")?;
    let body = text.strip_suffix('i').unwrap_or(text);
    let sign = body
        .char_indices()
        .skip(1)
        .filter(|(at, character)| {
            matches!(character, '+' | '-')
                && !body.get(..*at).is_some_and(|before| before.ends_with(['e', 'E', 'p', 'P']))
        })
        .map(|(at, _)| at)
        .last();
    let parts = sign.and_then(|at| Some((body.get(..at)?, body.get(at..)?)));
    let (real, imaginary) = parts.ok_or("syntax error scanning complex number")?;
    let real = float(real).ok_or("syntax error scanning complex number")?;
    let imaginary = float(imaginary).ok_or("syntax error scanning complex number")?;
    Ok(simplified(real, imaginary))
}

/// The other types that a complex number without an imaginary part is of.
fn simplified(real: f64, imaginary: f64) -> Number {
    let mut number = Number { complex: Some((real, imaginary)), ..Number::default() };
    if imaginary == 0.0 {
        number.float = Some(real);
        number.int = whole(real);
        number.uint = whole_unsigned(real);
    }
    number
}

/// A number without a sign in its middle.
///
/// # Errors
/// What Go says of it.
pub(super) fn number(text: &[u8]) -> Result<Number, String> {
    let text = String::from_utf8_lossy(text);
    if let Some(imaginary) = text.strip_suffix('i').and_then(float) {
        return Ok(simplified(0.0, imaginary));
    }
    let mut number = Number::default();
    let (negative, digits) = sign(&text);
    let magnitude = unsigned(digits);
    if let Some(magnitude) = magnitude {
        // Go reads no sign before an unsigned number.
        let signed = text.starts_with(['+', '-']);
        number.uint = (!signed).then_some(magnitude);
        number.int = if negative { 0_i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() };
        if number.int == Some(0) {
            number.uint = Some(0);
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "as Go converts a constant")]
    if let Some(int) = number.int {
        number.float = Some(int as f64);
    } else if let Some(uint) = number.uint {
        number.float = Some(uint as f64);
    } else if let Some(value) = float(&text) {
        if !text.contains(['.', 'e', 'E', 'p', 'P']) {
            return Err(format!("integer overflow: \"{text}\""));
        }
        number.float = Some(value);
        number.int = whole(value);
        number.uint = whole_unsigned(value);
    }
    if number.float.is_none() {
        return Err(format!("illegal number syntax: \"{text}\""));
    }
    let hexadecimal = matches!(text.as_bytes(), [b'0', b'x' | b'X', _, ..]) && !text.contains(['p', 'P']);
    number.written_as_float = !hexadecimal && text.contains(['.', 'e', 'E', 'p', 'P']);
    Ok(number)
}

/// The integer that a float is.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "the comparison finds what is lost")]
fn whole(value: f64) -> Option<i64> {
    let int = value as i64;
    // The conversion saturates at 2^63 - 1, which is 2^63 again as a float.
    (int as f64 == value && int != i64::MAX).then_some(int)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "the comparison finds what is lost"
)]
fn whole_unsigned(value: f64) -> Option<u64> {
    let uint = value as u64;
    (uint as f64 == value && uint != u64::MAX).then_some(uint)
}

fn sign(text: &str) -> (bool, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    }
}

/// Go's integers: decimal, and with a prefix hexadecimal, octal and binary; a leading zero is octal too.
fn unsigned(text: &str) -> Option<u64> {
    if !underscores_separate_digits(text) {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let (radix, digits) = match lower.as_bytes() {
        [b'0', b'x', _, ..] => (16, &lower[2..]),
        [b'0', b'o', _, ..] => (8, &lower[2..]),
        [b'0', b'b', _, ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    let digits = digits.replace('_', "");
    // from_str_radix takes a sign, which Go takes before the prefix only.
    if digits.starts_with(['+', '-']) {
        return None;
    }
    u64::from_str_radix(&digits, radix).ok()
}

/// An underscore stands between digits, or between a base's prefix and a digit.
fn underscores_separate_digits(text: &str) -> bool {
    let bytes = text.as_bytes();
    let prefixed = matches!(bytes, [b'0', b'x' | b'X' | b'o' | b'O' | b'b' | b'B', ..]);
    let hexadecimal = matches!(bytes, [b'0', b'x' | b'X', ..]);
    let body = if prefixed { bytes.get(2..).unwrap_or_default() } else { bytes };
    let mut after_digit = prefixed;
    let mut after_underscore = false;
    for byte in body {
        let digit = byte.is_ascii_digit() || (hexadecimal && byte.is_ascii_hexdigit());
        if (*byte == b'_' && !after_digit) || (!digit && *byte != b'_' && after_underscore) {
            return false;
        }
        after_digit = digit;
        after_underscore = *byte == b'_';
    }
    !after_underscore
}

/// Go's floats: decimal, and hexadecimal ones with an exponent of two.
fn float(text: &str) -> Option<f64> {
    let (negative, body) = sign(text);
    if !underscores_separate_digits(body) {
        return None;
    }
    let body = body.replace('_', "");
    let magnitude = if body.starts_with("0x") || body.starts_with("0X") {
        hexadecimal_float(&body)?
    } else {
        if !body.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-')) {
            return None;
        }
        body.parse::<f64>().ok()?
    };
    // What is out of range is an error to Go.
    magnitude.is_finite().then_some(if negative { -magnitude } else { magnitude })
}

/// `0x1.8p3`: a mantissa, exact up to 64 bits, times a power of two.
fn hexadecimal_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.get(2..)?.split_once(['p', 'P'])?;
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut bits: u64 = 0;
    let mut scale: i32 = 0;
    for (index, digit) in whole.chars().chain(fraction.chars()).enumerate() {
        let digit = u64::from(digit.to_digit(16)?);
        let fractional = index >= whole.len();
        if bits >> 60 == 0 {
            bits = (bits << 4) | digit;
            scale = scale.checked_sub(if fractional { 4 } else { 0 })?;
        } else {
            // What no longer fits is below a double's precision, and only rounds.
            bits |= u64::from(digit != 0);
            scale = scale.checked_add(if fractional { 0 } else { 4 })?;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "rounds to nearest, as Go does")]
    let value = bits as f64;
    Some(value * 2_f64.powi(exponent.checked_add(scale)?.clamp(-2200, 2200)))
}

/// What a quoted or raw string says; `None` where Go calls its syntax invalid.
pub(super) fn unquote(quoted: &[u8]) -> Option<Cow<'_, [u8]>> {
    let (first, rest) = quoted.split_first()?;
    let (last, body) = rest.split_last()?;
    if first != last {
        return None;
    }
    if *first == b'`' {
        // Go drops carriage returns from raw strings.
        return Some(if body.contains(&b'\r') {
            Cow::Owned(body.iter().copied().filter(|byte| *byte != b'\r').collect())
        } else {
            Cow::Borrowed(body)
        });
    }
    if !body.contains(&b'\\') && std::str::from_utf8(body).is_ok() {
        return Some(Cow::Borrowed(body));
    }
    let mut text = Vec::with_capacity(body.len());
    let mut rest = body;
    while !rest.is_empty() {
        let (decoded, after) = unquote_char(rest, *first)?;
        match decoded {
            Decoded::Byte(byte) => text.push(byte),
            Decoded::Rune(rune) => text.extend_from_slice(rune.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        rest = after;
    }
    Some(Cow::Owned(text))
}

/// What an escape stands for: a character, or one byte of `\x` and `\101`.
enum Decoded {
    Rune(char),
    Byte(u8),
}

/// The first character of the inside of a quoted text, and what follows it.
fn unquote_char(text: &[u8], quote: u8) -> Option<(Decoded, &[u8])> {
    let (first, rest) = text.split_first()?;
    if *first == quote {
        return None;
    }
    if *first != b'\\' {
        if first.is_ascii() {
            return Some((Decoded::Rune(char::from(*first)), rest));
        }
        let (character, length) = bstr::decode_utf8(text);
        // Go reads one byte that is not UTF-8 at a time.
        let length = if character.is_some() { length } else { 1 };
        return Some((Decoded::Rune(character.unwrap_or(char::REPLACEMENT_CHARACTER)), text.get(length..)?));
    }
    let (escape, rest) = rest.split_first()?;
    let plain = |character| Some((Decoded::Rune(character), rest));
    match escape {
        b'a' => plain('\u{7}'),
        b'b' => plain('\u{8}'),
        b'f' => plain('\u{c}'),
        b'n' => plain('\n'),
        b'r' => plain('\r'),
        b't' => plain('\t'),
        b'v' => plain('\u{b}'),
        b'\\' => plain('\\'),
        b'\'' | b'"' if *escape == quote => plain(char::from(quote)),
        b'x' => {
            let (value, rest) = digits(rest, 2, 16)?;
            Some((Decoded::Byte(u8::try_from(value).ok()?), rest))
        }
        b'u' | b'U' => {
            let (value, rest) = digits(rest, if *escape == b'u' { 4 } else { 8 }, 16)?;
            Some((Decoded::Rune(char::from_u32(value)?), rest))
        }
        b'0'..=b'7' => {
            let (value, rest) = digits(text.get(1..)?, 3, 8)?;
            Some((Decoded::Byte(u8::try_from(value).ok()?), rest))
        }
        _ => None,
    }
}

fn digits(text: &[u8], count: usize, radix: u32) -> Option<(u32, &[u8])> {
    let (digits, rest) = text.split_at_checked(count)?;
    let mut value: u32 = 0;
    for digit in digits {
        value = value.checked_mul(radix)?.checked_add(char::from(*digit).to_digit(radix)?)?;
    }
    Some((value, rest))
}
