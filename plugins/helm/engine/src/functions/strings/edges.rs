//! What is cut from the edges of a string: Go's `strings.TrimSpace` and `strings.Trim`.

use crate::format::runes;

/// Without white space on both sides.
pub(super) fn trim_space(text: &[u8]) -> &[u8] {
    trim_by(text, |character| character.is_some_and(char::is_whitespace))
}

/// Without the characters of `cutset` on both sides.
pub(super) fn trim<'a>(text: &'a [u8], cutset: &[u8]) -> &'a [u8] {
    let cutset: Vec<Option<char>> = runes::indices(cutset).map(|(_, character)| known(character)).collect();
    trim_by(text, |character| cutset.contains(&known(character)))
}

/// U+FFFD and a byte that is no character are one to Go.
fn known(character: Option<char>) -> Option<char> {
    character.filter(|character| *character != char::REPLACEMENT_CHARACTER)
}

fn trim_by(mut text: &[u8], mut cut: impl FnMut(Option<char>) -> bool) -> &[u8] {
    loop {
        let (character, size) = runes::first(text);
        match text.get(size..) {
            Some(rest) if size > 0 && cut(character) => text = rest,
            _ => break,
        }
    }
    loop {
        let (character, size) = match bstr::decode_last_utf8(text) {
            (None, size) => (None, size.min(1)),
            found => found,
        };
        match text.len().checked_sub(size).and_then(|end| text.get(..end)) {
            Some(rest) if size > 0 && cut(character) => text = rest,
            _ => return text,
        }
    }
}
