//! The bytes of a document: their encoding, and what of them YAML does not allow.

use std::borrow::Cow;

use super::token::Problem;

/// go-yaml reads this much at a time: what is wrong further on is found when reading gets there.
const CHUNK: usize = 512;

/// A document in UTF-8, up to what cannot be read.
pub(super) struct Source<'a> {
    pub(super) bytes: Cow<'a, [u8]>,
    /// What is wrong behind `bytes`.
    pub(super) problem: Option<Problem>,
}

/// Decodes a document.
pub(super) fn read(input: &[u8]) -> Source<'_> {
    let (bytes, mut problem) = match input {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => (Cow::Borrowed(rest), None),
        _ => (Cow::Borrowed(input), None),
    };
    let mut end = bytes.len();
    if let Some((place, found)) = forbidden(&bytes) {
        // Nothing of the chunk that holds it is ever seen.
        end = place - place % CHUNK;
        while end > 0 && bytes.get(end).is_some_and(|byte| byte & 0xc0 == 0x80) {
            end -= 1;
        }
        problem = Some(found);
    }
    let bytes = match bytes {
        Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[..end]),
        Cow::Owned(mut bytes) => {
            bytes.truncate(end);
            Cow::Owned(bytes)
        }
    };
    Source { bytes, problem }
}

fn utf16(input: &[u8], unit: fn([u8; 2]) -> u16) -> (Cow<'_, [u8]>, Option<Problem>) {
    let (pairs, rest) = input.as_chunks::<2>();
    let mut text = String::with_capacity(input.len());
    let mut problem = None;
    for decoded in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        match decoded {
            Ok(character) => text.push(character),
            Err(error) => {
                let low = error.unpaired_surrogate() & 0xfc00 == 0xdc00;
                problem = Some(Problem::general(if low {
                    "unexpected low surrogate area"
                } else {
                    "expected low surrogate area"
                }));
                break;
            }
        }
    }
    if problem.is_none() && !rest.is_empty() {
        problem = Some(Problem::general("incomplete UTF-16 character"));
    }
    (Cow::Owned(text.into_bytes()), problem)
}

/// The first thing that is no character of YAML.
fn forbidden(bytes: &[u8]) -> Option<(usize, Problem)> {
    let mut place = 0;
    for chunk in bytes.utf8_chunks() {
        for (index, character) in chunk.valid().char_indices() {
            let allowed = matches!(character,
                '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
            if !allowed {
                return Some((place + index, Problem::general("control characters are not allowed")));
            }
        }
        place += chunk.valid().len();
        if !chunk.invalid().is_empty() {
            return Some((place, Problem::general(broken(&bytes[place..]))));
        }
    }
    None
}

/// What is wrong with the UTF-8 at the start of `bytes`.
fn broken(bytes: &[u8]) -> &'static str {
    let width = match bytes.first().copied().unwrap_or(0) {
        0..0x80 => 1,
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0..0xf8 => 4,
        _ => return "invalid leading UTF-8 octet",
    };
    let Some(sequence) = bytes.get(..width) else {
        return "incomplete UTF-8 octet sequence";
    };
    if sequence[1..].iter().any(|octet| octet & 0xc0 != 0x80) {
        return "invalid trailing UTF-8 octet";
    }
    let lead = u32::from(sequence[0]) & (0x7f >> width);
    let code = sequence[1..].iter().fold(lead, |code, octet| code << 6 | u32::from(octet & 0x3f));
    let least = [0, 0, 0x80, 0x800, 0x10000];
    if code < least[width] { "invalid length of a UTF-8 sequence" } else { "invalid Unicode character" }
}
