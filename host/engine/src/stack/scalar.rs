//! Plain scalars by the core schema of YAML 1.2.

use serde_json::Number;

use super::yaml::Kind;

/// A plain scalar by the core schema of YAML 1.2; none if it is a string.
pub(super) fn plain(text: &str) -> Option<Kind> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" => Kind::Bool(true),
        "false" | "False" | "FALSE" => Kind::Bool(false),
        _ => Kind::Number(number(text)?),
    })
}

fn number(text: &str) -> Option<Number> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    // A leading zero makes version-like and phone-like strings; they stay what was written.
    let first = digits.bytes().next()?;
    if let Some(hex) = text.strip_prefix("0x") {
        return all(hex, |b| b.is_ascii_hexdigit()).then(|| u64::from_str_radix(hex, 16).ok())?.map(Number::from);
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return all(octal, |b| (b'0'..=b'7').contains(&b))
            .then(|| u64::from_str_radix(octal, 8).ok())?
            .map(Number::from);
    }
    if digits.len() > 1 && first == b'0' && digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    if all(digits, |b| b.is_ascii_digit()) {
        let unsigned = text.strip_prefix('+').unwrap_or(text);
        // Larger than 64 bits: a string, since a float would silently lose digits.
        return unsigned.parse::<i64>().map(Number::from).or_else(|_| unsigned.parse::<u64>().map(Number::from)).ok();
    }
    let float_like = (first.is_ascii_digit() || first == b'.')
        && digits.bytes().any(|b| b.is_ascii_digit())
        && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    if float_like { text.parse::<f64>().ok().and_then(Number::from_f64) } else { None }
}

fn all(text: &str, test: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(test)
}
