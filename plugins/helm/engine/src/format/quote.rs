//! Go's quoted strings and characters: `strconv.Quote` and its kin.

use super::{is_printable, runes};

const LOWER: &[u8; 16] = b"0123456789abcdef";

/// A string in double quotes with Go's escapes: `strconv.Quote`.
pub(crate) fn quote(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    append(&mut out, text, false);
    out
}

/// Appends a string in double quotes; with `ascii`, everything beyond ASCII is escaped.
pub(super) fn append(out: &mut Vec<u8>, text: &[u8], ascii: bool) {
    out.push(b'"');
    for (offset, character) in runes::indices(text) {
        match character {
            Some(character) => escape(out, character, '"', ascii),
            None => hexadecimal(out, b"\\x", u32::from(text.get(offset).copied().unwrap_or_default()), 2),
        }
    }
    out.push(b'"');
}

/// Appends a character in single quotes; what is none becomes U+FFFD.
pub(super) fn append_rune(out: &mut Vec<u8>, rune: u64, ascii: bool) {
    out.push(b'\'');
    escape(out, runes::from_number(rune).unwrap_or(char::REPLACEMENT_CHARACTER), '\'', ascii);
    out.push(b'\'');
}

/// Whether the text can stand between backquotes as it is.
pub(super) fn fits_backquotes(text: &[u8]) -> bool {
    runes::indices(text).all(|(_, character)| {
        !matches!(character, None | Some('\u{feff}' | '`' | '\u{7f}' | '\0'..='\u{8}' | '\n'..='\u{1f}'))
    })
}

/// Appends one character, with a backslash where Go's syntax or its visibility asks for one.
fn escape(out: &mut Vec<u8>, character: char, quote: char, ascii: bool) {
    if character == quote || character == '\\' {
        out.push(b'\\');
        runes::append(out, character.into());
        return;
    }
    if is_printable(character) && (!ascii || character.is_ascii()) {
        runes::append(out, character.into());
        return;
    }
    let letter = match character {
        '\u{7}' => b'a',
        '\u{8}' => b'b',
        '\u{c}' => b'f',
        '\n' => b'n',
        '\r' => b'r',
        '\t' => b't',
        '\u{b}' => b'v',
        _ => {
            match u32::from(character) {
                code @ (0..0x20 | 0x7f) => hexadecimal(out, b"\\x", code, 2),
                code @ ..0x10000 => hexadecimal(out, b"\\u", code, 4),
                code => hexadecimal(out, b"\\U", code, 8),
            }
            return;
        }
    };
    out.extend_from_slice(&[b'\\', letter]);
}

fn hexadecimal(out: &mut Vec<u8>, prefix: &[u8], code: u32, digits: u32) {
    out.extend_from_slice(prefix);
    for position in (0..digits).rev() {
        out.extend(LOWER.get((code >> (4 * position)) as usize & 0xf));
    }
}
