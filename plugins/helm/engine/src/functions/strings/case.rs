//! Upper and lower case: `upper`, `title`, `swapcase`, `camelcase`.

use super::characters::{is_lower, is_title, is_upper, to_lower, to_title, to_upper};
use crate::format::runes;

/// The text with each character replaced; a byte that belongs to none becomes U+FFFD.
fn mapped(text: &[u8], mut change: impl FnMut(char) -> char) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for (_, character) in runes::indices(text) {
        runes::append(&mut out, change(character.unwrap_or(char::REPLACEMENT_CHARACTER)).into());
    }
    out
}

pub(super) fn upper(text: &[u8]) -> Vec<u8> {
    if text.is_ascii() { text.to_ascii_uppercase() } else { mapped(text, to_upper) }
}

pub(super) fn lower(text: &[u8]) -> Vec<u8> {
    if text.is_ascii() { text.to_ascii_lowercase() } else { mapped(text, to_lower) }
}

/// Begins each word with a capital, where words end at anything of ASCII but letters, digits and `_`, and at
/// white space.
pub(super) fn title(text: &[u8]) -> Vec<u8> {
    let mut before = ' ';
    mapped(text, |character| {
        let separated =
            if before.is_ascii() { !before.is_ascii_alphanumeric() && before != '_' } else { before.is_whitespace() };
        before = character;
        if separated { to_title(character) } else { character }
    })
}

/// Begins each word with a small letter, where words end at white space.
pub(super) fn untitle(text: &[u8]) -> Vec<u8> {
    let mut begins = true;
    mapped(text, |character| {
        if character.is_whitespace() {
            begins = true;
            character
        } else if std::mem::take(&mut begins) {
            to_lower(character)
        } else {
            character
        }
    })
}

/// Capitals become small, small letters capitals, and title case at the beginning of a word.
pub(super) fn swap(text: &[u8]) -> Vec<u8> {
    let mut begins = true;
    mapped(text, |character| {
        if is_upper(character) || is_title(character) {
            begins = false;
            to_lower(character)
        } else if is_lower(character) {
            if std::mem::take(&mut begins) { to_title(character) } else { to_upper(character) }
        } else {
            begins = character.is_whitespace();
            character
        }
    })
}

/// Whether the character connects words: `-`, `_` or white space.
pub(super) fn is_connector(character: char) -> bool {
    matches!(character, '-' | '_') || character.is_whitespace()
}

/// Words joined without what connected them, each with a capital in front; connectors stay at the beginning and
/// the end, and all but one of a row of them. Capitals that follow the first of a word become small until a
/// small letter comes.
pub(super) fn pascal(text: &[u8]) -> Vec<u8> {
    let characters: Vec<char> =
        runes::indices(text).map(|(_, character)| character.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    let mut out = Vec::with_capacity(text.len());
    let mut write = |character: char| runes::append(&mut out, character.into());

    let leading = characters.iter().take_while(|character| is_connector(**character)).count();
    characters.iter().take(leading).copied().for_each(&mut write);
    let Some(&begin) = characters.get(leading) else {
        // There are connectors only, and the last of them counts twice.
        characters.last().copied().into_iter().for_each(write);
        return out;
    };
    let mut lowering = is_upper(begin);
    let mut before = to_upper(begin);
    for &found in characters.get(leading + 1..).unwrap_or_default() {
        let mut character = found;
        if is_connector(before) {
            if is_connector(character) {
                write(before);
            } else {
                lowering = is_upper(character);
                character = to_upper(character);
            }
        } else {
            if lowering {
                if is_upper(character) {
                    character = to_lower(character);
                } else {
                    lowering = false;
                }
            }
            write(before);
        }
        before = character;
    }
    write(before);
    out
}
