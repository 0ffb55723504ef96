//! Words within strings: `snakecase`, `kebabcase`, `initials`, `nospace`.

use super::case::is_connector;
use super::characters::{is_letter, is_number, is_punctuation, is_upper, to_lower};
use crate::format::runes;

/// What a run of characters is. The rules of what is joined to what are those of Go's package `xstrings`.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// The text is at its end, or begins with what is no character.
    Nothing,
    Number,
    /// Begins with a capital.
    Capitalized,
    Small,
    Connector,
    Punctuation,
    Other,
}

/// Ideographs are letters, but belong to no alphabet.
fn is_alphabetic(character: char) -> bool {
    is_letter(character)
        && !matches!(character, '\u{3400}'..='\u{4d85}' | '\u{4e00}'..='\u{9fcc}' | '\u{20000}'..='\u{2b81d}')
}

/// A character and the bytes before which the next one begins; bytes that are no character go with what
/// follows them, and at the end with the character before.
fn next_character(text: &[u8], before: Option<char>) -> (Option<char>, usize) {
    let mut size = 0;
    while let Some(rest) = text.get(size..).filter(|rest| !rest.is_empty()) {
        let (character, width) = runes::first(rest);
        size += width;
        if character.is_some_and(|character| character != char::REPLACEMENT_CHARACTER) {
            return (character, size);
        }
    }
    (before, size)
}

/// How far the run goes from `start` over characters that `belongs` takes, and what ended it.
fn run(text: &[u8], start: usize, mut last: Option<char>, belongs: impl Fn(char) -> bool) -> (usize, Option<char>) {
    let mut end = start;
    while let Some(rest) = text.get(end..).filter(|rest| !rest.is_empty()) {
        let (character, size) = next_character(rest, last);
        last = character;
        if size == 0 || !character.is_some_and(&belongs) {
            break;
        }
        end += size;
    }
    (end, last)
}

/// The first word, and where it ends.
fn next_word(text: &[u8]) -> (Kind, usize) {
    let (first, size) = next_character(text, None);
    let Some(character) = first else { return (Kind::Nothing, size) };
    if is_connector(character) {
        (Kind::Connector, run(text, size, first, is_connector).0)
    } else if is_punctuation(character) {
        (Kind::Punctuation, run(text, size, first, is_punctuation).0)
    } else if is_upper(character) {
        (Kind::Capitalized, capitalized(text, size, first))
    } else if is_alphabetic(character) {
        (Kind::Small, run(text, size, first, |next| is_alphabetic(next) && !is_upper(next)).0)
    } else if is_number(character) {
        (Kind::Number, run(text, size, first, is_number).0)
    } else {
        let belongs = |next| !is_connector(next) && !is_alphabetic(next) && !is_number(next) && !is_punctuation(next);
        (Kind::Other, run(text, size, first, belongs).0)
    }
}

/// Where a word ends that begins with a capital: behind its small letters, or behind a row of capitals but for
/// the last where a small letter follows, which begins the next word (`HTTP` of `HTTPServer`).
fn capitalized(text: &[u8], start: usize, first: Option<char>) -> usize {
    let Some(rest) = text.get(start..).filter(|rest| !rest.is_empty()) else { return start };
    let (second, size) = next_character(rest, first);
    if second.is_some_and(is_upper) {
        let (end, behind) = run(text, start + size, second, is_upper);
        if end < text.len() && behind.is_some_and(is_alphabetic) {
            // The last capital: the runs's characters are decoded again from its beginning to find its width.
            let mut last = start;
            while let Some(rest) = text.get(last..end).filter(|rest| !rest.is_empty()) {
                let (_, size) = next_character(rest, first);
                if last + size >= end {
                    break;
                }
                last += size;
            }
            return last;
        }
        end
    } else if second.is_some_and(is_alphabetic) {
        run(text, start + size, second, |next| is_alphabetic(next) && !is_upper(next)).0
    } else {
        start
    }
}

/// Appends a word: capitals as small letters, connectors as `connector`.
fn append(out: &mut Vec<u8>, kind: Kind, word: &[u8], connector: char) {
    if !matches!(kind, Kind::Capitalized | Kind::Connector) {
        out.extend_from_slice(word);
        return;
    }
    for (_, character) in runes::indices(word) {
        let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
        let written = match character {
            _ if is_connector(character) => connector,
            _ if is_upper(character) => to_lower(character),
            _ => character,
        };
        runes::append(out, written.into());
    }
}

/// Goes through a text word by word.
struct Words<'a> {
    rest: &'a [u8],
    kind: Kind,
    word: &'a [u8],
}

impl Words<'_> {
    fn advance(&mut self) {
        let (kind, end) = next_word(self.rest);
        let (word, rest) = self.rest.split_at(end.min(self.rest.len()));
        (self.kind, self.word, self.rest) = (kind, word, rest);
    }

    /// Writes small letters and numbers as long as there are such, all one word.
    fn append_tail(&mut self, out: &mut Vec<u8>, connector: char) {
        while matches!(self.kind, Kind::Small | Kind::Number) {
            append(out, self.kind, self.word, connector);
            self.advance();
        }
    }
}

/// Words in small letters joined by `connector`. A number belongs to what is before it, but to what follows
/// where that is small letters.
pub(super) fn joined(text: &[u8], connector: char) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 8);
    let mut words = Words { rest: text, kind: Kind::Nothing, word: b"" };
    words.advance();
    while !words.rest.is_empty() {
        let (kind, word) = (words.kind, words.word);
        append(&mut out, kind, word, connector);
        words.advance();
        match kind {
            Kind::Connector | Kind::Punctuation => {}
            Kind::Number => {
                words.append_tail(&mut out, connector);
                if !matches!(words.kind, Kind::Nothing | Kind::Punctuation | Kind::Connector) {
                    runes::append(&mut out, connector.into());
                }
            }
            _ if words.kind != Kind::Number => {
                if !matches!(words.kind, Kind::Punctuation | Kind::Connector) {
                    runes::append(&mut out, connector.into());
                }
            }
            _ if words.rest.is_empty() => {}
            _ => {
                let number = words.word;
                words.advance();
                if words.kind == Kind::Small {
                    runes::append(&mut out, connector.into());
                    append(&mut out, Kind::Number, number, connector);
                    words.append_tail(&mut out, connector);
                    if !matches!(words.kind, Kind::Nothing | Kind::Punctuation | Kind::Connector) {
                        runes::append(&mut out, connector.into());
                    }
                } else {
                    append(&mut out, Kind::Number, number, connector);
                    if !matches!(words.kind, Kind::Punctuation | Kind::Connector) {
                        runes::append(&mut out, connector.into());
                    }
                }
            }
        }
    }
    append(&mut out, words.kind, words.word, connector);
    out
}

/// The bytes that begin words, where words end at white space. Bytes are taken for characters of Latin-1.
pub(super) fn initials(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut begins = true;
    for byte in text {
        let character = char::from(*byte);
        if character.is_whitespace() {
            begins = true;
        } else if std::mem::take(&mut begins) {
            runes::append(&mut out, character.into());
        }
    }
    out
}

/// Without white space, with bytes taken for characters of Latin-1 where there is any.
pub(super) fn without_spaces(text: &[u8]) -> Vec<u8> {
    if !text.iter().any(|byte| char::from(*byte).is_whitespace()) {
        return text.to_vec();
    }
    let mut out = Vec::with_capacity(text.len());
    for character in text.iter().map(|byte| char::from(*byte)).filter(|character| !character.is_whitespace()) {
        runes::append(&mut out, character.into());
    }
    out
}
