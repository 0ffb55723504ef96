//! Regular expressions in Go's syntax (RE2), and Go's words for what is wrong with one.

use regex_lite::{Regex, RegexBuilder};

/// Compiles an expression; the error is Go's.
///
/// Classes of Unicode (`\p{L}`) are taken as their ASCII part and all of what is beyond ASCII.
pub(crate) fn compile(pattern: &str) -> Result<Regex, String> {
    let plain = unicode_classes(pattern);
    let compiled = RegexBuilder::new(&plain).size_limit(1 << 22).build();
    compiled.map_err(|error| format!("error parsing regexp: {}", reason(pattern, &error.to_string())))
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
            '\\' => {
                let rest = &pattern[at + 1..];
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
        ];
        for (pattern, expected) in cases {
            assert_eq!(compile(pattern).unwrap_err(), format!("error parsing regexp: {expected}"));
        }
    }

    #[test]
    fn classes_of_unicode() {
        let regex = compile(r"^\p{L}[\p{N}\p{Lu}_]+\pL$").unwrap();
        assert!(regex.is_match("a1B_z") && regex.is_match("éÉ1é") && !regex.is_match("1aa"));
    }
}
