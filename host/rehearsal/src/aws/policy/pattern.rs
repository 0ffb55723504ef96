//! Patterns with `*` and `?`, and variables in them.

use std::collections::BTreeMap;

/// A piece of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Char(char),
    One,
    Any,
}

/// Whether a pattern fits a text; variables are replaced first, and what replaces them is taken literally.
pub(super) fn fits(pattern: &str, text: &str, context: &BTreeMap<String, Vec<String>>) -> bool {
    match pieces(pattern, context) {
        Some(pieces) => matches(&pieces, &text.chars().collect::<Vec<_>>()),
        None => false,
    }
}

/// A text with its variables replaced, wildcards meaning nothing; none where a variable has no value.
pub(super) fn literal(text: &str, context: &BTreeMap<String, Vec<String>>) -> Option<String> {
    let chars = pieces(text, context)?.into_iter().map(|piece| match piece {
        Piece::Char(char) => char,
        Piece::One => '?',
        Piece::Any => '*',
    });
    Some(chars.collect())
}

fn pieces(pattern: &str, context: &BTreeMap<String, Vec<String>>) -> Option<Vec<Piece>> {
    let mut pieces = Vec::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        if let Some((name, behind)) = rest.strip_prefix("${").and_then(|inner| inner.split_once('}')) {
            match name {
                "*" | "?" | "$" => pieces.extend(name.chars().map(Piece::Char)),
                name => {
                    let value = context.get(&name.to_ascii_lowercase()).and_then(|values| values.first())?;
                    pieces.extend(value.chars().map(Piece::Char));
                }
            }
            rest = behind;
            continue;
        }
        pieces.push(match first {
            '*' => Piece::Any,
            '?' => Piece::One,
            char => Piece::Char(char),
        });
        rest = &rest[first.len_utf8()..];
    }
    Some(pieces)
}

/// Greedy, going back to the last `*` only: linear in memory, and never exponential.
fn matches(pattern: &[Piece], text: &[char]) -> bool {
    let (mut at, mut pos) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while pos < text.len() {
        match pattern.get(at) {
            Some(Piece::Any) => {
                back = Some((at, pos));
                at += 1;
            }
            Some(Piece::One) => (at, pos) = (at + 1, pos + 1),
            Some(Piece::Char(char)) if *char == text[pos] => (at, pos) = (at + 1, pos + 1),
            _ => match back {
                Some((star, from)) => {
                    back = Some((star, from + 1));
                    (at, pos) = (star + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|piece| *piece == Piece::Any)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_fit_as_they_should() {
        let none = BTreeMap::new();
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abbbc", true),
            ("a*c", "abbb", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*ab*ab", "abab", true),
            ("*ab*ab", "aab", false),
            ("a${*}", "a*", true),
            ("a${*}", "ab", false),
            ("${aws:username}", "", false),
            ("", "x", false),
        ] {
            assert_eq!(fits(pattern, text, &none), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_pattern_made_to_be_slow_is_not() {
        let pattern = "*a".repeat(400);
        assert!(!fits(&format!("{pattern}b"), &"a".repeat(4000), &BTreeMap::new()));
    }
}
