//! What styles the text of a scalar allows.

use super::order::Version;

/// What analysis of a text found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Analysis {
    /// It has line breaks, so that it is no simple key.
    pub(super) multiline: bool,
    /// It may stand without quotes.
    pub(super) plain: bool,
    /// It may stand in single quotes.
    pub(super) single: bool,
    /// It may stand as a block behind `|`.
    pub(super) block: bool,
}

/// A line break in YAML 1.1's eyes.
pub(super) fn is_break(character: char) -> bool {
    matches!(character, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// A character that go-yaml writes as it is: nothing beyond the Basic Multilingual Plane, no controls, no tab.
pub(super) fn is_printable(character: char) -> bool {
    matches!(character,
        '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

/// Looks at every character once.
pub(super) fn analyze(text: &str, version: Version) -> Analysis {
    if text.is_empty() {
        return Analysis { multiline: false, plain: true, single: true, block: false };
    }
    let mut indicators = text.starts_with("---") || text.starts_with("...");
    let (mut breaks, mut special, mut tabs) = (false, false, false);
    let (mut break_space, mut space_break) = (false, false);
    let (mut after_space, mut after_break) = (false, false);
    let mut after_white = true;
    let mut characters = text.chars().peekable();
    let mut first = true;
    while let Some(character) = characters.next() {
        let before_white = characters.peek().is_none_or(|next| matches!(next, ' ' | '\t'));
        indicators |= match character {
            ':' => before_white,
            '#' => after_white,
            '?' | '-' => first && before_white,
            ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => first,
            _ => false,
        };
        if character == '\t' && version == Version::V3 {
            tabs = true;
        } else if !is_printable(character) {
            special = true;
        }
        if character == ' ' {
            break_space |= after_break;
            (after_space, after_break) = (true, false);
        } else if is_break(character) {
            breaks = true;
            space_break |= after_space;
            (after_space, after_break) = (false, true);
        } else {
            (after_space, after_break) = (false, false);
        }
        after_white = matches!(character, ' ' | '\t' | '\0') || is_break(character);
        first = false;
    }
    let edge = |character: char| character == ' ' || is_break(character);
    let edges = text.starts_with(edge) || text.ends_with(edge);
    Analysis {
        multiline: breaks,
        plain: !(edges || breaks || break_space || space_break || tabs || special || indicators),
        single: !(break_space || space_break || tabs || special),
        block: !(text.ends_with(' ') || space_break || special),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indicators_forbid_plain_text() {
        for (text, plain) in [
            ("a", true),
            ("a b", true),
            ("a:b", true),
            ("a: b", false),
            ("a:", false),
            ("a #b", false),
            ("a#b", true),
            ("-", false),
            ("-a", true),
            ("?a", true),
            ("? a", false),
            ("---a", false),
            (" a", false),
            ("a ", false),
            ("[a", false),
            ("a[", true),
            ("a,b", true),
            ("=", true),
            ("é", true),
            ("\u{1f600}", false),
            ("a\tb", false),
            ("\u{feff}", false),
        ] {
            assert_eq!(analyze(text, Version::V2).plain, plain, "{text:?}");
        }
    }

    #[test]
    fn spaces_before_breaks_forbid_blocks() {
        for (text, block) in [("a\nb", true), ("a \nb", false), ("a\n b", true), ("a\nb ", false), ("a\r\nb", false)] {
            assert_eq!(analyze(text, Version::V2).block, block, "{text:?}");
        }
        assert!(!analyze("a\tb\n", Version::V2).block);
        assert!(analyze("a\tb\n", Version::V3).block);
    }
}
