//! Which bytes of which part of a URL are written as `%` and two digits: the rules of Go's package `net/url`.

use crate::format::quote::quote;

/// A part of a URL.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Part {
    Path,
    Host,
    /// The name of an interface behind an IPv6 address.
    Zone,
    UserPassword,
    Fragment,
}

impl Part {
    /// Whether the byte is not written as it is in this part.
    fn escapes(self, byte: u8) -> bool {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => false,
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' | b'[' | b']' | b'<'
            | b'>' | b'"'
                if matches!(self, Self::Host | Self::Zone) =>
            {
                false
            }
            b'$' | b'&' | b'+' | b',' | b'/' | b':' | b';' | b'=' | b'?' | b'@' => match self {
                Self::Path => byte == b'?',
                Self::UserPassword => matches!(byte, b'@' | b'/' | b'?' | b':'),
                Self::Fragment => false,
                Self::Host | Self::Zone => true,
            },
            b'!' | b'(' | b')' | b'*' => self != Self::Fragment,
            _ => true,
        }
    }
}

/// Writes a part.
pub(super) fn escape(text: &[u8], part: Part) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for &byte in text {
        if part.escapes(byte) {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        } else {
            out.push(byte);
        }
    }
    out
}

/// Reads a part.
///
/// # Errors
/// An escape, or a character of a host, that must not be there.
pub(super) fn unescape(text: &[u8], part: Part) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if byte != b'%' {
            if matches!(part, Part::Host | Part::Zone) && byte.is_ascii() && part.escapes(byte) {
                return Err(format!("invalid character {} in host name", quoted(&[byte])));
            }
            out.push(byte);
            continue;
        }
        let digit = |index: usize| behind.get(index).and_then(|digit| char::from(*digit).to_digit(16));
        let invalid = || {
            let shown = [b"%", behind.get(..behind.len().min(2)).unwrap_or_default()].concat();
            format!("invalid URL escape {}", quoted(&shown))
        };
        let (Some(high), Some(low)) = (digit(0), digit(1)) else { return Err(invalid()) };
        let value = u8::try_from(high * 16 + low).unwrap_or_default();
        let allowed = match part {
            // What is ASCII stands in a host as it is, but for the percent sign.
            Part::Host => !value.is_ascii() || value == b'%',
            Part::Zone => matches!(value, b'%' | b' ') || !Part::Host.escapes(value),
            _ => true,
        };
        if !allowed {
            return Err(invalid());
        }
        out.push(value);
        rest = behind.get(2..).unwrap_or_default();
    }
    Ok(out)
}

/// A text as Go quotes it in messages.
pub(super) fn quoted(text: &[u8]) -> String {
    String::from_utf8_lossy(&quote(text)).into_owned()
}
