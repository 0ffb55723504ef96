//! Text from outside as a terminal, a log or an audit line may show it.

/// Removes escape sequences, control characters and bidirectional marks, and cuts to `most`
/// bytes. Line breaks and tabs become spaces: one line stays one line.
pub(crate) fn printable(text: &str, most: usize) -> String {
    let mut clean = String::with_capacity(text.len().min(most));
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        let kept = match character {
            '\u{1b}' => {
                skip_escape(&mut rest);
                continue;
            }
            '\n' | '\r' | '\t' => ' ',
            hidden if hidden.is_control() || reorders(hidden) => continue,
            plain => plain,
        };
        if clean.len() + kept.len_utf8() > most {
            clean.push('…');
            break;
        }
        clean.push(kept);
    }
    clean
}

/// As [`printable`], without secrets. Stripped first, since a mark inside of a secret must not hide
/// it; cut last, since the first half of a secret is not found.
pub(crate) fn shown(text: &str, most: usize, scrub: impl FnOnce(&str) -> String) -> String {
    printable(&scrub(&printable(text, usize::MAX)), most)
}

/// Marks that change the order or the presence of what is shown, without being seen themselves.
fn reorders(character: char) -> bool {
    matches!(
        character,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// After ESC: `[` … a letter; `]`, `P`, `X`, `^` or `_` … BEL or ESC `\`; else one character.
fn skip_escape(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match rest.next() {
        Some('[') => {
            for character in rest.by_ref() {
                if ('\u{40}'..='\u{7e}').contains(&character) {
                    break;
                }
            }
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(character) = rest.next() {
                if character == '\u{7}' || character == '\u{1b}' && rest.next_if_eq(&'\\').is_some() {
                    break;
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rt35_escapes_controls_and_bidi_marks_are_gone() {
        for (text, shown) in [
            ("plain ünïcode 漢", "plain ünïcode 漢"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}after", "after"),
            ("\u{1b}]8;;http://evil\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("two\nlines\r\n", "two lines  "),
            ("a\u{202e}b\u{2066}c\u{200b}d\u{feff}", "abcd"),
            ("\u{9b}31m\u{0}x", "31mx"),
            ("cut off \u{1b}[", "cut off "),
        ] {
            assert_eq!(printable(text, 100), shown, "{text:?}");
        }
    }

    #[test]
    fn rt25_a_secret_at_the_cut_leaves_no_part_of_itself() {
        let mut seals = crate::seal::Seals::default();
        seals.mint(maps_engine::Value::from("correct horse battery"));
        let text = format!("{}correct \u{200b}horse battery", "x".repeat(90));
        let cut = shown(&text, 100, |text| seals.scrub(text));
        assert!(!cut.contains("cor"), "{cut}");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(printable("äöü", 4), "äö…");
        assert_eq!(printable("äöü", 5), "äö…");
        assert_eq!(printable("äöü", 6), "äöü");
    }
}
