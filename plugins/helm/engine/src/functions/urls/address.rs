//! Whether a text is an address of IPv6, and Go's words where it is none.

use super::escape::quoted;

/// A mistake: what it is, and from where on.
type Mistake<'a> = (&'static str, &'a [u8]);

/// Checks what stands in the brackets of a host.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check(text: &[u8]) -> Result<(), String> {
    let found = match text.iter().find(|byte| matches!(byte, b'.' | b':' | b'%')) {
        Some(b'.') => check_v4(text).map(|()| false),
        Some(b':') => check_v6(text).map(|()| true),
        Some(_) => Err(("missing IPv6 address", b"".as_slice())),
        None => Err(("unable to parse IP", b"".as_slice())),
    };
    match found {
        Ok(true) => Ok(()),
        Ok(false) => Err("invalid IP-literal".to_owned()),
        Err((message, b"")) => Err(format!("invalid host: ParseAddr({}): {message}", quoted(text))),
        Err((message, at)) => Err(format!("invalid host: ParseAddr({}): {message} (at {})", quoted(text), quoted(at))),
    }
}

fn check_v4(text: &[u8]) -> Result<(), Mistake<'_>> {
    let (mut value, mut digits, mut fields) = (0u32, 0, 1);
    for (index, &byte) in text.iter().enumerate() {
        let rest = text.get(index..).unwrap_or_default();
        match byte {
            b'0'..=b'9' => {
                if digits == 1 && value == 0 {
                    return Err(("IPv4 field has octet with leading zero", b""));
                }
                value = value * 10 + u32::from(byte - b'0');
                digits += 1;
                if value > 255 {
                    return Err(("IPv4 field has value >255", b""));
                }
            }
            b'.' if digits == 0 || rest.len() == 1 => {
                return Err(("IPv4 field must have at least one digit", rest));
            }
            b'.' if fields == 4 => return Err(("IPv4 address too long", b"")),
            b'.' => {
                fields += 1;
                (value, digits) = (0, 0);
            }
            _ => return Err(("unexpected character", rest)),
        }
    }
    if fields < 4 { Err(("IPv4 address too short", b"")) } else { Ok(()) }
}

fn check_v6(text: &[u8]) -> Result<(), Mistake<'_>> {
    let mut rest = text;
    if let Some(percent) = text.iter().position(|byte| *byte == b'%') {
        if percent + 1 == text.len() {
            return Err(("zone must be a non-empty string", b""));
        }
        rest = text.get(..percent).unwrap_or_default();
    }
    let mut ellipsis = false;
    if let Some(behind) = rest.strip_prefix(b"::") {
        ellipsis = true;
        rest = behind;
        if rest.is_empty() {
            return Ok(());
        }
    }
    // How many of the eight groups there are.
    let mut groups = 0;
    while groups < 8 {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        match digits {
            0 => return Err(("each colon-separated field must have at least one digit", rest)),
            1..=4 => {}
            _ => return Err(("each group must have 4 or less digits", rest)),
        }
        let behind = rest.get(digits..).unwrap_or_default();
        if behind.starts_with(b".") {
            if !ellipsis && groups != 6 {
                return Err(("embedded IPv4 address must replace the final 2 fields of the address", rest));
            }
            if groups > 6 {
                return Err(("too many hex fields to fit an embedded IPv4 at the end of the address", rest));
            }
            check_v4(rest)?;
            groups += 2;
            rest = b"";
            break;
        }
        groups += 1;
        rest = behind;
        if rest.is_empty() {
            break;
        }
        match rest.strip_prefix(b":") {
            None => return Err(("unexpected character, want colon", rest)),
            Some(b"") => return Err(("colon must be followed by more characters", rest)),
            Some(behind) => rest = behind,
        }
        if let Some(behind) = rest.strip_prefix(b":") {
            if ellipsis {
                return Err(("multiple :: in address", rest));
            }
            ellipsis = true;
            rest = behind;
            if rest.is_empty() {
                break;
            }
        }
    }
    if !rest.is_empty() {
        return Err(("trailing garbage after address", rest));
    }
    match (groups < 8, ellipsis) {
        (true, false) => Err(("address string too short", b"")),
        (false, true) => Err(("the :: must expand to at least one field of zeros", b"")),
        _ => Ok(()),
    }
}
