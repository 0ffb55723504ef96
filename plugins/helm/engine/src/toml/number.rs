//! Numbers and times.

use super::lexer::{Lexer, Problem, Result, quoted, quoted_text};
use crate::functions::dates::read_moment;
use crate::value::Value;

/// What the characters look like.
enum Kind {
    Integer,
    Float,
    Moment,
}

/// A number or a time, whose first digit or sign has been taken.
pub(super) fn scan(lexer: &mut Lexer<'_>, first: char) -> Result<Value> {
    let start = lexer.position() - 1;
    let line = lexer.line;
    let kind = match first {
        '+' | '-' => signed(lexer, start)?,
        '0' => zero(lexer, start)?,
        _ => digits(lexer)?,
    };
    let text = String::from_utf8_lossy(lexer.since(start));
    let text = text.trim_end_matches(' ');
    let value = match kind {
        Kind::Integer => integer(text),
        Kind::Float => float(text),
        Kind::Moment => time(text).ok_or_else(|| format!("invalid datetime: {}", quoted_text(text.as_bytes()))),
    };
    value.map_err(|message| Problem { message, line })
}

fn digits(lexer: &mut Lexer<'_>) -> Result<Kind> {
    lexer.take(|character| character.is_ascii_digit())?;
    match lexer.peek()? {
        Some('-' | ':') => {
            lexer.take(|character| {
                character.is_ascii_digit() || matches!(character, '-' | ':' | 'T' | 't' | ' ' | '.' | 'Z' | 'z' | '+')
            })?;
            Ok(Kind::Moment)
        }
        _ => decimal(lexer),
    }
}

fn decimal(lexer: &mut Lexer<'_>) -> Result<Kind> {
    lexer.take(|character| character.is_ascii_digit() || character == '_')?;
    if !matches!(lexer.peek()?, Some('.' | 'e' | 'E')) {
        return Ok(Kind::Integer);
    }
    lexer.take(|character| character.is_ascii_digit() || matches!(character, '_' | '.' | '-' | '+' | 'e' | 'E'))?;
    Ok(Kind::Float)
}

/// What begins with a zero: other bases, too.
fn zero(lexer: &mut Lexer<'_>, start: usize) -> Result<Kind> {
    let (radix, name) = match lexer.peek()? {
        Some('b') => (2, "a binary"),
        Some('o') => (8, "an octal"),
        Some('x') => (16, "a hexadecimal"),
        Some(character) if character.is_ascii_digit() => return digits(lexer),
        _ => return decimal(lexer),
    };
    lexer.next()?;
    let next = lexer.peek()?;
    if !next.is_some_and(|digit| digit.is_digit(radix)) {
        let read = String::from_utf8_lossy(lexer.since(start));
        return Err(lexer.problem(format!("not {name} number: '{read}{}'", next.unwrap_or('\0'))));
    }
    lexer.take(|character| character.is_digit(radix) || character == '_')?;
    Ok(Kind::Integer)
}

fn signed(lexer: &mut Lexer<'_>, start: usize) -> Result<Kind> {
    let read = |lexer: &Lexer<'_>| String::from_utf8_lossy(lexer.since(start)).into_owned();
    let character = lexer.next()?;
    let rest = match character {
        Some('i') => "nf",
        Some('n') => "an",
        Some('0') => {
            if let Some(base @ ('b' | 'o' | 'x')) = lexer.peek()? {
                let message = format!("cannot use sign with non-decimal numbers: '{}{base}'", read(lexer));
                return Err(lexer.problem(message));
            }
            return decimal(lexer);
        }
        Some('1'..='9') => return decimal(lexer),
        Some('.') => return Err(lexer.problem("floats must start with a digit, not '.'")),
        _ => return Err(lexer.problem_at(character, format!("expected a digit but got {}", quoted(character)))),
    };
    for wanted in rest.chars() {
        if !lexer.accept(wanted)? {
            return Err(lexer.problem(format!("invalid float: '{}'", read(lexer))));
        }
    }
    Ok(Kind::Float)
}

fn integer(text: &str) -> std::result::Result<Value, String> {
    let invalid = |reason: &str| Err(format!("Invalid integer {}: {reason}", quoted_text(text.as_bytes())));
    if !underscores(text) {
        return invalid("underscores must be surrounded by digits");
    }
    if leading_zero(text) {
        return invalid("cannot have leading zeroes");
    }
    let plain = text.replace('_', "");
    let read = match plain.as_bytes() {
        [b'0', b'x', ..] => i64::from_str_radix(&plain[2..], 16),
        [b'0', b'o', ..] => i64::from_str_radix(&plain[2..], 8),
        [b'0', b'b', ..] => i64::from_str_radix(&plain[2..], 2),
        _ => plain.parse(),
    };
    read.map(Value::int64).map_err(|_| format!("{text} is out of range for int64"))
}

/// `inf`, `nan` and what has a point or an exponent.
pub(super) fn float(text: &str) -> std::result::Result<Value, String> {
    match text.trim_start_matches(['+', '-']) {
        "nan" => return Ok(f64::NAN.into()),
        "inf" => return Ok(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY }.into()),
        _ => {}
    }
    let invalid = |reason: &str| Err(format!("Invalid float {}: {reason}", quoted_text(text.as_bytes())));
    let parts: Vec<&str> = text.split(['.', 'e', 'E']).filter(|part| !part.is_empty()).collect();
    if !parts.iter().all(|part| underscores(part)) {
        return invalid("underscores must be surrounded by digits");
    }
    if parts.first().is_some_and(|part| leading_zero(part)) {
        return invalid("cannot have leading zeroes");
    }
    let mut behind_point = text.split('.').skip(1);
    if !behind_point.all(|part| part.starts_with(|first: char| first.is_ascii_digit())) {
        return invalid("'.' must be followed by one or more digits");
    }
    let plain = text.replace('_', "");
    match plain.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number.into()),
        Ok(_) => Err(format!("{text} is out of range for float64")),
        Err(_) => Err(format!("Invalid float value: {}", quoted_text(text.as_bytes()))),
    }
}

fn leading_zero(text: &str) -> bool {
    match text.as_bytes() {
        [b'0', second, ..] if second.is_ascii_digit() => true,
        [b'-' | b'+', b'0', _, ..] => true,
        _ => false,
    }
}

/// Whether each underscore stands between what may be digits.
fn underscores(text: &str) -> bool {
    let mut accept = false;
    for character in text.chars() {
        if character == '_' && !accept {
            return false;
        }
        accept = character.is_ascii_hexdigit();
    }
    accept
}

/// A moment, a date or a time of day.
fn time(text: &str) -> Option<Value> {
    let text = text.replace(['t', ' '], "T").replace('z', "Z");
    let date = text.as_bytes().get(4) == Some(&b'-');
    // Go takes hours of one digit; TOML does not.
    let clock = if date { text.get(11..).unwrap_or_default() } else { &text };
    if !clock.is_empty() && clock.as_bytes().get(2) != Some(&b':') {
        return None;
    }
    [
        ("2006-01-02T15:04:05.999999999Z07:00", None),
        ("2006-01-02T15:04:05.999999999", Some("datetime-local")),
        ("2006-01-02", Some("date-local")),
        ("15:04:05.999999999", Some("time-local")),
        ("2006-01-02T15:04Z07:00", None),
        ("2006-01-02T15:04", Some("datetime-local")),
        ("15:04", Some("time-local")),
    ]
    .into_iter()
    .find_map(|(layout, local)| read_moment(layout.as_bytes(), text.as_bytes(), local))
}
