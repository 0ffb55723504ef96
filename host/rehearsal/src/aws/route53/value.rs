//! The values of records, held against what their type allows.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::name::normal;

/// The longest value of a record.
const LONGEST: usize = 4000;
/// The longest string within a TXT value.
const STRING: usize = 255;

/// What is wrong with a value; the types without a check of their own take any.
pub(super) fn check(kind: &str, value: &str) -> Result<(), String> {
    let fatal =
        |what: &str| Err(format!("Invalid Resource Record: 'FATAL problem: {what} encountered with '{value}''"));
    if value.is_empty() || value.chars().count() > LONGEST {
        return fatal("RDATALength (Value has 1 to 4000 characters)");
    }
    let fields: Vec<&str> = value.split_ascii_whitespace().collect();
    match kind {
        "A" if value.parse::<Ipv4Addr>().is_err() => {
            fatal("ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)")
        }
        "AAAA" if value.parse::<Ipv6Addr>().is_err() => {
            fatal("AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)")
        }
        "CNAME" | "NS" | "PTR" if normal(value).is_err() || fields.len() != 1 => {
            fatal("DomainNameInvalid (Value is not a valid domain name)")
        }
        "MX" => match fields[..] {
            [priority, host] if priority.parse::<u16>().is_ok() && normal(host).is_ok() => Ok(()),
            [_, _] => fatal("MXRRDATAIllegal (Value is not a priority and a domain name)"),
            _ => fatal("MXRRDATANotTwoFields (Value does not have two fields)"),
        },
        "SRV" => match fields[..] {
            [priority, weight, port, target]
                if [priority, weight, port].iter().all(|part| part.parse::<u16>().is_ok())
                    && (target == "." || normal(target).is_ok()) =>
            {
                Ok(())
            }
            [_, _, _, _] => fatal("SRVRRDATAIllegal (Value is not three numbers and a domain name)"),
            _ => fatal("SRVRRDATANotFourFields (Value does not have four fields)"),
        },
        "CAA" => match value.splitn(3, ' ').collect::<Vec<_>>()[..] {
            [flags, tag, text]
                if flags.parse::<u8>().is_ok()
                    && !tag.is_empty()
                    && tag.bytes().all(|byte| byte.is_ascii_alphanumeric())
                    && strings(text).is_ok_and(|count| count == 1) =>
            {
                Ok(())
            }
            _ => fatal("CAARRDATAIllegal (Value is not flags, a tag and a string in quotation marks)"),
        },
        "TXT" | "SPF" => match strings(value) {
            Ok(_) => Ok(()),
            Err(what) => fatal(what),
        },
        _ => Ok(()),
    }
}

/// How many strings in quotation marks a value is made of.
fn strings(value: &str) -> Result<usize, &'static str> {
    const QUOTES: &str = "InvalidCharacterString (Value should be enclosed in quotation marks)";
    const LONG: &str = "CharacterStringTooLong (Value is too long)";
    let mut rest = value.trim_matches(' ').as_bytes();
    let mut count = 0;
    while !rest.is_empty() {
        rest = rest.strip_prefix(b"\"").ok_or(QUOTES)?;
        let mut length = 0;
        loop {
            match rest {
                [b'"', behind @ ..] => {
                    rest = behind;
                    break;
                }
                [b'\\', a @ b'0'..=b'3', b'0'..=b'7', b'0'..=b'7', behind @ ..] if a.is_ascii_digit() => rest = behind,
                [b'\\', _, behind @ ..] | [_, behind @ ..] => rest = behind,
                [] => return Err(QUOTES),
            }
            length += 1;
        }
        if length > STRING {
            return Err(LONG);
        }
        count += 1;
        let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
        rest = &rest[spaces..];
    }
    if count == 0 { Err(QUOTES) } else { Ok(count) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fit_their_type() {
        let (long, longest) = (format!("\"{}\"", "a".repeat(256)), format!("\"{0}\" \"{0}\"", "a".repeat(255)));
        for (kind, value, fits) in [
            ("A", "1.2.3.4", true),
            ("A", "1.2.3", false),
            ("AAAA", "2001:db8::1", true),
            ("AAAA", "1.2.3.4", false),
            ("CNAME", "a.example.com.", true),
            ("CNAME", "a..b", false),
            ("CNAME", "a b", false),
            ("MX", "10 mail.example.com", true),
            ("MX", "mail.example.com", false),
            ("MX", "70000 mail.example.com", false),
            ("SRV", "1 10 5269 xmpp.example.com.", true),
            ("SRV", "1 10 xmpp.example.com.", false),
            ("CAA", "0 issue \"letsencrypt.org\"", true),
            ("CAA", "0 issue letsencrypt.org", false),
            ("CAA", "256 issue \"x\"", false),
            ("TXT", "\"a\" \"b \\\" c\"", true),
            ("TXT", "\"\"", true),
            ("TXT", "a", false),
            ("TXT", "\"a", false),
            ("TXT", &long, false),
            ("TXT", &longest, true),
            ("TXT", "", false),
        ] {
            assert_eq!(check(kind, value).is_ok(), fits, "{kind} {value}");
        }
    }
}
