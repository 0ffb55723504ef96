//! Regular expressions in Go's syntax (RE2), and Go's words for what is wrong with one.

use regex_lite::{Regex, RegexBuilder};

/// Compiles an expression; the error is Go's.
///
/// Classes of Unicode (`\p{L}`) are taken as their ASCII part and all of what is beyond ASCII.
pub(crate) fn compile(pattern: &str) -> Result<Regex, String> {
    if let Some(wrong) = repetition(pattern) {
        return Err(format!("error parsing regexp: {wrong}"));
    }
    let plain = unicode_classes(pattern);
    let compiled = RegexBuilder::new(&plain).size_limit(1 << 22).build();
    compiled.map_err(|error| format!("error parsing regexp: {}", reason(pattern, &error.to_string())))
}

/// The `2,3` that follows a brace, if it says how often.
fn count(rest: &str) -> Option<&str> {
    let (inner, _) = rest.split_once('}')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (least, most) = inner.split_once(',').unwrap_or((inner, ""));
    (!least.is_empty() && digits(least) && digits(most)).then_some(inner)
}

/// What Go refuses of repetitions and others take: one of another, and more than a thousand times.
fn repetition(pattern: &str) -> Option<String> {
    let mut last: Option<usize> = None;
    let (mut at, mut in_class) = (0, false);
    let bytes = pattern.as_bytes();
    while let Some(byte) = bytes.get(at) {
        let start = at;
        at += 1;
        match byte {
            b'\\' => {
                at += 1;
                last = None;
                continue;
            }
            b'[' if !in_class => in_class = true,
            b']' if in_class => in_class = false,
            _ if in_class => {}
            b'*' | b'+' | b'?' | b'{' => {
                if *byte == b'{' {
                    let Some(inner) = pattern.get(at..).and_then(count) else {
                        last = None;
                        continue;
                    };
                    at += inner.len() + 1;
                    if inner.split(',').any(|count| count.parse::<u32>().is_ok_and(|count| count > 1000)) {
                        return Some(format!("invalid repeat count: `{{{inner}}}`"));
                    }
                }
                if let Some(before) = last {
                    return Some(format!("invalid nested repetition operator: `{}`", pattern.get(before..at)?));
                }
                if bytes.get(at) == Some(&b'?') {
                    at += 1;
                }
                // An operator without anything before it is told by the compiler.
                last = Some(start);
                continue;
            }
            _ => {}
        }
        last = None;
    }
    None
}

fn unicode_classes(pattern: &str) -> String {
    const BEYOND: &str = "\\x{80}-\\x{10FFFF}";
    let mut plain = String::with_capacity(pattern.len());
    let mut in_class = false;
    let mut chars = pattern.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '[' if !in_class => in_class = true,
            ']' => in_class = false,
            // What is no count is a brace.
            '{' if !in_class && count(&pattern[at + 1..]).is_none() => plain.push('\\'),
            '\\' => {
                let rest = &pattern[at + 1..];
                if let Some(end) = rest.strip_prefix("x{").and_then(|digits| digits.find('}')) {
                    let code = &rest[..end + 3];
                    plain.push('\\');
                    plain.push_str(code);
                    for _ in code.chars() {
                        chars.next();
                    }
                    continue;
                }
                let Some(name) = class(rest) else {
                    plain.push('\\');
                    plain.extend(chars.next().map(|(_, char)| char));
                    continue;
                };
                let ascii = match name.trim_matches(['{', '}']) {
                    "L" | "Latin" => "A-Za-z",
                    "Lu" => "A-Z",
                    "Ll" => "a-z",
                    "N" | "Nd" => "0-9",
                    "P" => "!-#%-*,-/:;?@\\[-\\]_{}",
                    "S" => "$+<=>^`|~",
                    "Z" | "Zs" => " ",
                    _ => "",
                };
                let both = format!("{ascii}{BEYOND}");
                plain.push_str(&if in_class { both } else { format!("[{both}]") });
                let skip = name.chars().count();
                for _ in 0..=skip {
                    chars.next();
                }
                continue;
            }
            _ => {}
        }
        plain.push(char);
    }
    plain
}

/// The `{L}` or `L` of `p{L}` or `pL`.
fn class(rest: &str) -> Option<&str> {
    let rest = rest.strip_prefix('p')?;
    match rest.strip_prefix('{') {
        Some(inner) => inner.find('}').map(|end| &rest[..end + 2]),
        None => rest.chars().next().filter(char::is_ascii_uppercase).map(|_| &rest[..1]),
    }
}

fn reason(pattern: &str, error: &str) -> String {
    let from = |at: Option<usize>| at.map_or(pattern, |at| &pattern[at..]);
    if let Some(at) = ["(?=", "(?!", "(?<=", "(?<!"].iter().filter_map(|look| pattern.find(look)).min() {
        let end = if pattern[at..].starts_with("(?<") { at + 4 } else { at + 3 };
        return format!("invalid or unsupported Perl syntax: `{}`", &pattern[at..end]);
    }
    if error.contains("character class") {
        return format!("missing closing ]: `{}`", from(pattern.rfind('[')));
    }
    if error.contains("without closing") || error.contains("expected closing ')'") {
        return format!("missing closing ): `{pattern}`");
    }
    if error.contains("without matching") {
        return format!("unexpected ): `{pattern}`");
    }
    if error.contains("repetition") {
        let at = pattern.find(['*', '+', '?']);
        let operator = at.map_or(pattern, |at| &pattern[at..=at]);
        return format!("missing argument to repetition operator: `{operator}`");
    }
    if error.contains("escape") {
        if pattern.ends_with('\\') && !pattern.ends_with("\\\\") {
            return "trailing backslash at end of expression: ``".to_owned();
        }
        let at = pattern.find('\\');
        let sequence: String = from(at).chars().take(2).collect();
        return format!("invalid escape sequence: `{sequence}`");
    }
    error.to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn errors_in_go_words() {
        let cases = [
            ("[", "missing closing ]: `[`"),
            ("a(b", "missing closing ): `a(b`"),
            ("a)", "unexpected ): `a)`"),
            ("*a", "missing argument to repetition operator: `*`"),
            ("(?!a)b", "invalid or unsupported Perl syntax: `(?!`"),
            ("\\y", "invalid escape sequence: `\\y`"),
            ("x++", "invalid nested repetition operator: `++`"),
            ("a{2}*", "invalid nested repetition operator: `{2}*`"),
            ("a{1001}", "invalid repeat count: `{1001}`"),
        ];
        for (pattern, expected) in cases {
            assert_eq!(compile(pattern).unwrap_err(), format!("error parsing regexp: {expected}"));
        }
    }

    #[test]
    fn what_go_takes() {
        assert!(compile(r"^\x{41}\x{1f600}a{,2}$").is_ok_and(|regex| regex.is_match("A😀a{,2}")));
        for pattern in ["a*?", "a??b", "[*+]+", "\\*+", "a{2,3}?", "(?i)a+", "a{,2}", "^([0-9]{1,5}(h|m|s|ms)){1,4}$"] {
            assert!(compile(pattern).is_ok(), "{pattern}");
        }
    }

    #[test]
    fn classes_of_unicode() {
        let regex = compile(r"^\p{L}[\p{N}\p{Lu}_]+\pL$").unwrap();
        assert!(regex.is_match("a1B_z") && regex.is_match("éÉ1é") && !regex.is_match("1aa"));
    }
}
