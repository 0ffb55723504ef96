//! What stands for something else in an expression: escapes of characters, and counts of repetitions.

use super::syntax::{INVALID_ESCAPE, MAX_REPEAT, Rejection, next, read, rejection};

/// The character that an escape stands for; `None` for a surrogate, which no text has.
pub(super) fn character(text: &str) -> Result<(Option<char>, &str), Rejection> {
    number(text).map(|(number, behind)| (char::from_u32(number), behind))
}

/// The number of the character that an escape at the beginning of `whole` stands for.
pub(super) fn number(whole: &str) -> Result<(u32, &str), Rejection> {
    let (letter, behind) = next(whole.get(1..).unwrap_or_default());
    let invalid = |rest: &str| rejection(INVALID_ESCAPE, read(whole, rest));
    let octal = |text: &str| next(text).0.and_then(|digit| digit.to_digit(8));
    let character = match letter {
        None => return Err(rejection("trailing backslash at end of expression", "")),
        Some('1'..='7') if octal(behind).is_none() => return Err(invalid(behind)),
        Some(digit @ '0'..='7') => {
            let (mut number, mut rest) = (digit.to_digit(8).unwrap_or_default(), behind);
            for _ in 0..2 {
                let Some(digit) = octal(rest) else { break };
                number = number * 8 + digit;
                rest = next(rest).1;
            }
            return Ok((number, rest));
        }
        Some('x') => return hexadecimal(behind).map_err(invalid),
        Some('a') => '\u{7}',
        Some('f') => '\u{c}',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('v') => '\u{b}',
        Some(other) if other.is_ascii() && !other.is_ascii_alphanumeric() => other,
        Some(_) => return Err(invalid(behind)),
    };
    Ok((character.into(), behind))
}

/// The digits of `\x`: two, or any number in braces. The error is what is left where they are wrong.
fn hexadecimal(text: &str) -> Result<(u32, &str), &str> {
    let (first, rest) = next(text);
    if first != Some('{') {
        let (second, rest) = next(rest);
        let digit = |character: Option<char>| character.and_then(|character| character.to_digit(16));
        return match (digit(first), digit(second)) {
            (Some(high), Some(low)) => Ok((high * 16 + low, rest)),
            _ => Err(rest),
        };
    }
    let (mut number, mut digits, mut rest) = (0u32, 0, rest);
    loop {
        let (character, behind) = next(rest);
        rest = behind;
        match character {
            Some('}') if digits > 0 => return Ok((number, rest)),
            Some(character) => {
                let digit = character.to_digit(16).ok_or(rest)?;
                number = number * 16 + digit;
                digits += 1;
                if number > u32::from(char::MAX) {
                    return Err(rest);
                }
            }
            None => return Err(rest),
        }
    }
}

/// A number that is too large for a repetition is `None`.
pub(super) type Count = Option<u32>;

/// `{2}`, `{2,}` or `{2,3}` at the beginning of a text, with what comes behind; `None` where the brace is a
/// character like others.
pub(super) fn counts(text: &str) -> Option<(Count, Option<Count>, &str)> {
    let (min, rest) = decimal(text.strip_prefix('{')?)?;
    if let Some(rest) = rest.strip_prefix('}') {
        return Some((min, Some(min), rest));
    }
    let rest = rest.strip_prefix(',')?;
    if let Some(rest) = rest.strip_prefix('}') {
        return Some((min, None, rest));
    }
    let (max, rest) = decimal(rest)?;
    Some((min, Some(max), rest.strip_prefix('}')?))
}

fn decimal(text: &str) -> Option<(Count, &str)> {
    let rest = text.trim_start_matches(|character: char| character.is_ascii_digit());
    let digits = read(text, rest);
    if digits.is_empty() || digits.len() > 1 && digits.starts_with('0') {
        return None;
    }
    Some((digits.parse().ok().filter(|count| u64::from(*count) <= MAX_REPEAT), rest))
}
