//! Finds the expressions in a text, and refuses those that would cost the CEL parser too much.

use super::{MAX_EXPRESSION, MAX_NESTING, MAX_TOKENS};

/// A piece of a text with expressions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// Taken as it is, `$${` already turned into `${`.
    Text(String),
    /// What stands between `${` and `}`, and where it begins in the text.
    Expression { source: &'t str, offset: usize },
}

/// What is wrong with a text, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ScanFault {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) offset: usize,
}

impl ScanFault {
    fn new(code: &'static str, message: impl Into<String>, offset: usize) -> Self {
        Self { code, message: message.into(), offset }
    }
}

/// Splits a text at its expressions.
pub(super) fn split(text: &str) -> Result<Vec<Piece<'_>>, ScanFault> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut at = 0;
    while let Some(found) = text[at..].find("${") {
        let start = at + found;
        // `$${` is an escaped `${`, and so `$$${` is a dollar sign and an escaped one.
        if text[at..start].ends_with('$') {
            literal.push_str(&text[at..start - 1]);
            literal.push_str("${");
            at = start + 2;
            continue;
        }
        literal.push_str(&text[at..start]);
        let offset = start + 2;
        let length = measure(&text[offset..], offset, start)?;
        if !literal.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut literal)));
        }
        pieces.push(Piece::Expression { source: &text[offset..offset + length], offset });
        at = offset + length + 1;
    }
    literal.push_str(&text[at..]);
    if !literal.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Text(literal));
    }
    Ok(pieces)
}

/// The length of the expression at the beginning of `rest`, up to its closing brace.
fn measure(rest: &str, offset: usize, opening: usize) -> Result<usize, ScanFault> {
    let bytes = rest.as_bytes();
    let (mut at, mut tokens) = (0, 0_usize);
    let mut open: Vec<u8> = Vec::new();
    let mut in_word = false;
    while at < bytes.len() {
        if at > MAX_EXPRESSION {
            let message = format!("the expression is longer than {MAX_EXPRESSION} bytes");
            return Err(ScanFault::new("expression-too-long", message, opening));
        }
        let byte = bytes[at];
        let word = byte.is_ascii_alphanumeric() || matches!(byte, b'_') || !byte.is_ascii();
        let goes_on = word && in_word;
        if !byte.is_ascii_whitespace() && !goes_on {
            tokens += 1;
            if tokens > MAX_TOKENS {
                let message = format!("the expression has more than {MAX_TOKENS} names, literals and operators");
                return Err(ScanFault::new("expression-too-large", message, opening));
            }
        }
        in_word = word;
        match byte {
            // Brackets left open within do not hide the end: the parser says what is wrong with them.
            b'}' if !open.contains(&b'{') => return Ok(at),
            b'(' | b'[' | b'{' => {
                open.push(byte);
                if open.len() > MAX_NESTING {
                    let message = format!("the expression is nested more than {MAX_NESTING} deep");
                    return Err(ScanFault::new("expression-too-deep", message, offset + at));
                }
                at += 1;
            }
            b')' | b']' | b'}' => {
                let opening = match byte {
                    b')' => b'(',
                    b']' => b'[',
                    _ => b'{',
                };
                if let Some(depth) = open.iter().rposition(|known| *known == opening) {
                    open.truncate(depth);
                }
                at += 1;
            }
            b'"' | b'\'' => {
                let raw = at > 0 && matches!(bytes[at - 1], b'r' | b'R');
                at += string_length(&bytes[at..], raw).ok_or_else(|| {
                    ScanFault::new("unclosed-string", "the string in this expression is not closed", offset + at)
                })?;
                in_word = false;
            }
            _ => at += 1,
        }
    }
    Err(ScanFault::new("unclosed-expression", "`${` has no closing `}`", opening))
}

/// The length of the CEL string literal that `bytes` begins with, quotes included.
fn string_length(bytes: &[u8], raw: bool) -> Option<usize> {
    let quote = bytes[0];
    let triple = bytes.starts_with(&[quote; 3]);
    let mut at = if triple { 3 } else { 1 };
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if !raw => at += 2,
            byte if byte == quote && !triple => return Some(at + 1),
            byte if byte == quote && bytes[at..].starts_with(&[quote; 3]) => return Some(at + 3),
            _ => at += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn expression(source: &str, offset: usize) -> Piece<'_> {
        Piece::Expression { source, offset }
    }

    #[test]
    fn text_and_expressions_are_told_apart() {
        let text = |t: &str| Piece::Text(t.to_owned());
        assert_eq!(split("plain").unwrap(), [text("plain")]);
        assert_eq!(split("").unwrap(), [text("")]);
        assert_eq!(split("${a}").unwrap(), [expression("a", 2)]);
        assert_eq!(split("x ${a} y ${b}").unwrap(), [text("x "), expression("a", 4), text(" y "), expression("b", 11)]);
        assert_eq!(split("$${a}").unwrap(), [text("${a}")]);
        assert_eq!(split("$$${a}").unwrap(), [text("$${a}")]);
        assert_eq!(split("$5 and $").unwrap(), [text("$5 and $")]);
    }

    #[test]
    fn braces_in_strings_and_maps_do_not_close() {
        for source in ["{'a': 1}.a", "'}'", "\"}\\\"}\"", "r'\\'", "'''}'}'''", "[{'a': {'b': 1}}]"] {
            assert_eq!(split(&format!("${{{source}}}")).unwrap(), [expression(source, 2)], "{source}");
        }
    }

    #[test]
    fn what_would_cost_too_much_is_refused_before_it_is_parsed() {
        let fault = |source: String| split(&format!("${{{source}}}")).unwrap_err().code;
        assert_eq!(fault("(".repeat(MAX_NESTING + 1)), "expression-too-deep");
        assert_eq!(fault("a+".repeat(MAX_TOKENS)), "expression-too-large");
        assert_eq!(fault("a".repeat(MAX_EXPRESSION + 2)), "expression-too-long");
        assert_eq!(split("${f(a} b").unwrap(), [expression("f(a", 2), Piece::Text(" b".to_owned())]);
        assert_eq!(split("${a").unwrap_err().code, "unclosed-expression");
        assert_eq!(split("${'a}").unwrap_err().code, "unclosed-string");
    }
}
