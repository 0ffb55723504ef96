//! Formats of addresses: of hosts, and of e-mail.

use super::super::documents::quote;
use super::{fail, integer, quoted};

pub(super) fn ipv4(text: &str) -> Result<(), String> {
    let groups: Vec<&str> = text.split('.').collect();
    if groups.len() != 4 {
        return fail("expected four decimals");
    }
    for group in groups {
        if group.len() > 1 && group.starts_with('0') {
            return fail("leading zeros");
        }
        if !(0..=255).contains(&integer(group)?) {
            return fail("decimal must be between 0 and 255");
        }
    }
    Ok(())
}

pub(super) fn ipv6(text: &str) -> Result<(), String> {
    if !text.contains(':') {
        return fail("missing colon");
    }
    let parsed = address(text)?;
    if parsed.zone { fail("zone id is not a part of ipv6 address") } else { Ok(()) }
}

/// What an address turned out to be.
pub(super) struct Address {
    pub(super) is_v4: bool,
    /// Whether it names a network interface.
    pub(super) zone: bool,
}

/// Go's `netip.ParseAddr`.
pub(super) fn address(text: &str) -> Result<Address, String> {
    match text.bytes().find(|byte| matches!(byte, b'.' | b':' | b'%')) {
        Some(b'.') => {
            v4_fields(text, text)?;
            Ok(Address { is_v4: true, zone: false })
        }
        Some(b':') => v6(text),
        Some(_) => Err(not(text, "missing IPv6 address", "")),
        None => Err(not(text, "unable to parse IP", "")),
    }
}

fn not(text: &str, message: &str, at: &str) -> String {
    let place = if at.is_empty() { String::new() } else { format!(" (at {})", quote(at)) };
    format!("ParseAddr({}): {message}{place}", quote(text))
}

/// Four decimals, in a whole address that messages name.
fn v4_fields(whole: &str, text: &str) -> Result<(), String> {
    let bytes = text.as_bytes();
    let (mut value, mut digits, mut fields) = (0_u32, 0, 0);
    for (index, byte) in bytes.iter().enumerate() {
        let at = text.get(index..).unwrap_or_default();
        match byte {
            b'0'..=b'9' => {
                if digits == 1 && value == 0 {
                    return Err(not(whole, "IPv4 field has octet with leading zero", ""));
                }
                value = value * 10 + u32::from(byte - b'0');
                digits += 1;
                if value > 255 {
                    return Err(not(whole, "IPv4 field has value >255", ""));
                }
            }
            b'.' => {
                if digits == 0 || index == bytes.len() - 1 {
                    return Err(not(whole, "IPv4 field must have at least one digit", at));
                }
                if fields == 3 {
                    return Err(not(whole, "IPv4 address too long", ""));
                }
                (value, digits, fields) = (0, 0, fields + 1);
            }
            _ => return Err(not(whole, "unexpected character", at)),
        }
    }
    if fields < 3 { Err(not(whole, "IPv4 address too short", "")) } else { Ok(()) }
}

fn v6(whole: &str) -> Result<Address, String> {
    let (mut rest, zone) = whole.split_once('%').map_or((whole, None), |(rest, zone)| (rest, Some(zone)));
    if zone == Some("") {
        return Err(not(whole, "zone must be a non-empty string", ""));
    }
    let found = Address { is_v4: false, zone: zone.is_some() };
    let mut ellipsis = false;
    if let Some(after) = rest.strip_prefix("::") {
        ellipsis = true;
        rest = after;
        if rest.is_empty() {
            return Ok(found);
        }
    }
    let mut filled = 0;
    while filled < 16 {
        let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        if digits > 4 {
            return Err(not(whole, "each group must have 4 or less digits", rest));
        }
        if digits == 0 {
            return Err(not(whole, "each colon-separated field must have at least one digit", rest));
        }
        let (_, after) = rest.split_at(digits);
        if after.starts_with('.') {
            if !ellipsis && filled != 12 {
                let message = "embedded IPv4 address must replace the final 2 fields of the address";
                return Err(not(whole, message, rest));
            }
            if filled + 4 > 16 {
                let message = "too many hex fields to fit an embedded IPv4 at the end of the address";
                return Err(not(whole, message, rest));
            }
            v4_fields(whole, rest)?;
            rest = "";
            filled += 4;
            break;
        }
        filled += 2;
        rest = after;
        if rest.is_empty() {
            break;
        }
        match rest.strip_prefix(':') {
            None => return Err(not(whole, "unexpected character, want colon", rest)),
            Some("") => return Err(not(whole, "colon must be followed by more characters", rest)),
            Some(after) => rest = after,
        }
        if let Some(after) = rest.strip_prefix(':') {
            if ellipsis {
                return Err(not(whole, "multiple :: in address", rest));
            }
            ellipsis = true;
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
    }
    if !rest.is_empty() {
        return Err(not(whole, "trailing garbage after address", rest));
    }
    match (filled < 16, ellipsis) {
        (true, false) => Err(not(whole, "address string too short", "")),
        (false, true) => Err(not(whole, "the :: must expand to at least one field of zeros", "")),
        _ => Ok(found),
    }
}

pub(super) fn hostname(text: &str) -> Result<(), String> {
    let text = text.strip_suffix('.').unwrap_or(text);
    if text.len() > 253 {
        return fail("more than 253 characters long");
    }
    for label in text.split('.') {
        if !(1..=63).contains(&label.len()) {
            return fail("label must be 1 to 63 characters long");
        }
        if label.starts_with('-') {
            return fail("label starts with hyphen");
        }
        if label.ends_with('-') {
            return fail("label ends with hyphen");
        }
        if let Some(character) = label.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '-') {
            return Err(format!("invalid character {}", quoted(character)));
        }
    }
    Ok(())
}

pub(super) fn email(text: &str) -> Result<(), String> {
    if text.len() > 254 {
        return fail("more than 255 characters long");
    }
    let Some((local, domain)) = text.rsplit_once('@') else { return fail("missing @") };
    if local.len() > 64 {
        return fail("local part more than 64 characters long");
    }
    let in_quotes = local.strip_prefix('"').and_then(|local| local.strip_suffix('"'));
    if let Some(inner) = in_quotes {
        if inner.contains(['\\', '"']) {
            return fail("backslash and quote are not allowed within quoted local part");
        }
    } else {
        if local.starts_with('.') {
            return fail("starts with dot");
        }
        if local.ends_with('.') {
            return fail("ends with dot");
        }
        if local.contains("..") {
            return fail("consecutive dots");
        }
        let allowed = |c: &char| c.is_ascii_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~".contains(*c);
        if let Some(character) = local.chars().find(|character| !allowed(character)) {
            return Err(format!("invalid character {}", quoted(character)));
        }
    }
    if let Some(inner) = domain.strip_prefix('[').and_then(|domain| domain.strip_suffix(']')) {
        return match inner.strip_prefix("IPv6:") {
            Some(inner) => ipv6(inner).map_err(|error| format!("invalid ipv6 address: {error}")),
            None => ipv4(inner).map_err(|error| format!("invalid ipv4 address: {error}")),
        };
    }
    hostname(domain).map_err(|error| format!("invalid domain: {error}"))
}
