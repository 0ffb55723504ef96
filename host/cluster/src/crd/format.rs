//! The formats of text that schemas of custom resources may ask for.

use std::net::{Ipv4Addr, Ipv6Addr};

use regex_lite::Regex;

/// Whether a format of text is looked at at all; dashes in its name do not matter.
pub(crate) fn is_known(format: &str) -> bool {
    const KNOWN: [&str; 27] = [
        "bsonobjectid",
        "uri",
        "email",
        "hostname",
        "ipv4",
        "ipv6",
        "cidr",
        "mac",
        "uuid",
        "uuid3",
        "uuid4",
        "uuid5",
        "isbn",
        "isbn10",
        "isbn13",
        "creditcard",
        "ssn",
        "hexcolor",
        "rgbcolor",
        "byte",
        "password",
        "date",
        "duration",
        "datetime",
        "quantity",
        "k8sshortname",
        "k8slongname",
    ];
    KNOWN.contains(&format.replace('-', "").as_str())
}

/// Whether a text is of a known format; unknown formats take all.
pub(crate) fn matches(format: &str, text: &str) -> bool {
    match format.replace('-', "").as_str() {
        "bsonobjectid" => text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "uri" => is_request_uri(text),
        "email" => is_email(text),
        "hostname" => is_hostname(text),
        "ipv4" => sloppy_ipv4(text).is_some(),
        "ipv6" => text.contains(':') && text.parse::<Ipv6Addr>().is_ok(),
        "cidr" => is_cidr(text),
        "mac" => is_mac(text),
        "uuid" => is_uuid(text, None),
        "uuid3" => is_uuid(text, Some(b'3')),
        "uuid4" => is_uuid(text, Some(b'4')),
        "uuid5" => is_uuid(text, Some(b'5')),
        "isbn" => is_isbn10(text) || is_isbn13(text),
        "isbn10" => is_isbn10(text),
        "isbn13" => is_isbn13(text),
        "creditcard" => is_credit_card(text),
        "ssn" => like(r"^\d{3}[- ]?\d{2}[- ]?\d{4}$", text),
        "hexcolor" => like("^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$", text),
        "rgbcolor" => {
            let part = r"(?:0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])";
            like(&format!(r"^rgb\(\s*{part}\s*,\s*{part}\s*,\s*{part}\s*\)$"), text)
        }
        "byte" => like("^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$", text),
        "date" => is_date(text),
        "duration" => duration(text).is_some(),
        "datetime" => is_date_time(text),
        "quantity" => is_quantity(text),
        "k8sshortname" => crate::kinds::name::label(text).is_empty(),
        "k8slongname" => crate::kinds::name::subdomain(text).is_empty(),
        _ => true,
    }
}

fn like(pattern: &str, text: &str) -> bool {
    Regex::new(pattern).is_ok_and(|regex| regex.is_match(text))
}

/// What Go's `url.ParseRequestURI` takes: an absolute URI, or a path from the root.
fn is_request_uri(text: &str) -> bool {
    if text.is_empty() || text.bytes().any(|byte| byte < 0x20 || byte == 0x7f) {
        return false;
    }
    if text.starts_with('/') {
        return true;
    }
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let head = scheme.chars().next().is_some_and(|char| char.is_ascii_alphabetic());
    let tail = scheme.chars().all(|char| char.is_ascii_alphanumeric() || "+-.".contains(char));
    if !head || !tail {
        return false;
    }
    match rest.strip_prefix("//") {
        None => !rest.is_empty() || scheme == text.trim_end_matches(':'),
        Some(after) => {
            let host = after.split(['/', '?']).next().unwrap_or_default();
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            let (name, port) = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
                Some((name, port)) => (name, port),
                None => host.split_once(':').map_or((host, ""), |(name, _)| (name, &host[name.len()..])),
            };
            !name.contains([' ', '<', '>', '"'])
                && port.trim_start_matches(':').bytes().all(|byte| byte.is_ascii_digit())
        }
    }
}

/// What Go's `mail.ParseAddress` takes, in the forms in use: `a@b` and `Name <a@b>`.
fn is_email(text: &str) -> bool {
    let text = text.trim();
    let address = match (text.rfind('<'), text.ends_with('>')) {
        (Some(open), true) => &text[open + 1..text.len() - 1],
        (None, false) => text,
        _ => return false,
    };
    let Some((local, domain)) = address.rsplit_once('@') else {
        return false;
    };
    let atom = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|char| char.is_alphanumeric() || !char.is_ascii() || "!#$%&'*+-/=?^_`{|}~".contains(char))
    };
    let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    (quoted || local.split('.').all(atom))
        && (domain.split('.').all(atom) || (domain.starts_with('[') && domain.ends_with(']')))
}

fn is_hostname(text: &str) -> bool {
    let letter = |char: char| {
        char.is_ascii_alphanumeric() || (!char.is_ascii() && !char.is_numeric()) || "$+<=>^`|~".contains(char)
    };
    if text.len() > 255 || text.split('.').any(|part| part.len() > 63) {
        return false;
    }
    let single = |part: &str| {
        // One letter, then an optional dash and up to 62 letters.
        let rest = part.chars().next().filter(|char| letter(*char)).map(|first| &part[first.len_utf8()..]);
        rest.is_some_and(|rest| rest.strip_prefix('-').unwrap_or(rest).chars().all(letter) && rest != "-")
    };
    let label = |part: &str| {
        let (first, last) = (part.chars().next(), part.chars().last());
        first.is_some_and(letter) && last.is_some_and(letter) && part.chars().all(|char| char == '-' || letter(char))
    };
    match text.rsplit_once('.') {
        None => single(text),
        Some((head, last)) => {
            let letters =
                last.chars().all(|char| char.is_ascii_alphabetic() || (!char.is_ascii() && char.is_alphabetic()));
            letters && (2..=63).contains(&last.chars().count()) && head.split('.').all(label)
        }
    }
}

/// An IPv4 address, leading zeros allowed.
fn sloppy_ipv4(text: &str) -> Option<Ipv4Addr> {
    let mut parts = [0u8; 4];
    let mut count = 0;
    for part in text.split('.') {
        if part.is_empty() || part.len() > 16 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *parts.get_mut(count)? = part.parse::<u64>().ok().and_then(|part| u8::try_from(part).ok())?;
        count += 1;
    }
    (count == 4).then(|| Ipv4Addr::from(parts))
}

fn is_cidr(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else {
        return false;
    };
    let most = match (sloppy_ipv4(address), address.parse::<Ipv6Addr>()) {
        (Some(_), _) => 32,
        (None, Ok(_)) => 128,
        (None, Err(_)) => return false,
    };
    !length.is_empty()
        && length.bytes().all(|byte| byte.is_ascii_digit())
        && length.parse::<u32>().is_ok_and(|bits| bits <= most)
}

fn is_mac(text: &str) -> bool {
    let groups = |separator: char, width: usize| {
        let parts: Vec<&str> = text.split(separator).collect();
        let octets = parts.len() * width / 2;
        [6, 8, 20].contains(&octets)
            && parts.iter().all(|part| part.len() == width && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    groups(':', 2) || groups('-', 2) || groups('.', 4)
}

fn is_uuid(text: &str, version: Option<u8>) -> bool {
    let mut rest = text.as_bytes();
    let mut digits: Vec<u8> = Vec::with_capacity(32);
    for (index, width) in [8, 4, 4, 4, 12].into_iter().enumerate() {
        if index > 0 {
            rest = rest.strip_prefix(b"-").unwrap_or(rest);
        }
        let Some((head, tail)) = rest.split_at_checked(width) else {
            return false;
        };
        digits.extend(head);
        rest = tail;
    }
    let hex = rest.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    let versioned = version.is_none_or(|version| digits.get(12) == Some(&version));
    let variant = matches!(version, None | Some(b'3')) || digits.get(16).is_some_and(|digit| b"89abAB".contains(digit));
    hex && versioned && variant
}

fn is_isbn10(text: &str) -> bool {
    let text: String = text.chars().filter(|char| !char.is_whitespace() && *char != '-').collect();
    if !like("^(?:[0-9]{9}X|[0-9]{10})$", &text) {
        return false;
    }
    let value = |byte: u8| if byte == b'X' { 10 } else { u32::from(byte - b'0') };
    (1u32..).zip(text.bytes()).map(|(place, byte)| place * value(byte)).sum::<u32>() % 11 == 0
}

fn is_isbn13(text: &str) -> bool {
    let text: String = text.chars().filter(|char| !char.is_whitespace() && *char != '-').collect();
    if text.len() != 13 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    [1u32, 3].into_iter().cycle().zip(text.bytes()).map(|(weight, byte)| weight * u32::from(byte - b'0')).sum::<u32>()
        % 10
        == 0
}

fn is_credit_card(text: &str) -> bool {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let shape = r"^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})$";
    let luhn = digits.bytes().rev().enumerate().map(|(index, byte)| {
        let digit = u32::from(byte - b'0') * if index % 2 == 1 { 2 } else { 1 };
        digit / 10 + digit % 10
    });
    like(shape, &digits) && luhn.sum::<u32>() % 10 == 0
}

fn is_date(text: &str) -> bool {
    let format = time::macros::format_description!("[year]-[month]-[day]");
    time::Date::parse(text, format).is_ok() && text.len() == 10
}

/// RFC 3339, as the recorded server's format registry takes it: the time is checked only loosely.
fn is_date_time(text: &str) -> bool {
    if text.len() < 4 {
        return false;
    }
    let (Some(date), Some(rest)) = (text.get(..10), text.get(10..)) else {
        return false;
    };
    let shape = r"^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$";
    let Some(clock) = rest.strip_prefix(['T', 't']) else {
        return false;
    };
    let Some(found) = Regex::new(shape).ok().and_then(|regex| {
        regex.captures(&clock.to_lowercase()).map(|found| found[1].to_owned() + ":" + &found[2] + ":" + &found[3])
    }) else {
        return false;
    };
    let bound = ["23", "59", "59"];
    is_date(date) && found.split(':').zip(bound).all(|(part, most)| part <= most)
}

/// Go's `time.ParseDuration`, or Scala's form `3 seconds`; nanoseconds.
pub(crate) fn duration(text: &str) -> Option<i128> {
    go_duration(text).or_else(|| scala_duration(text))
}

/// Go's `time.ParseDuration`: `1h2m3.5s`; nanoseconds.
pub(crate) fn go_duration(text: &str) -> Option<i128> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let number = rest.find(|char: char| !char.is_ascii_digit() && char != '.')?;
        let (digits, tail) = rest.split_at(number);
        let unit_end = tail.find(|char: char| char.is_ascii_digit() || char == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let unit: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        total = total.checked_add(whole.checked_mul(unit)?)?;
        let mut scale = unit;
        for digit in fraction.bytes() {
            if !digit.is_ascii_digit() {
                return None;
            }
            scale /= 10;
            total += i128::from(digit - b'0') * scale;
        }
        rest = tail;
    }
    (total <= i128::from(i64::MAX)).then_some(sign * total)
}

fn scala_duration(text: &str) -> Option<i128> {
    let text = text.trim();
    let split = text.find(|char: char| !char.is_ascii_digit())?;
    let (digits, unit) = text.split_at(split);
    let unit: i128 = match unit.trim().trim_end_matches('s') {
        "n" | "nano" | "nanosecond" => 1,
        "u" | "µ" | "micro" | "microsecond" => 1_000,
        "m" if unit.trim() == "ms" => 1_000_000,
        "milli" | "millisecond" => 1_000_000,
        "" | "sec" | "second" if unit.trim() != "" => 1_000_000_000,
        "m" | "min" | "minute" => 60_000_000_000,
        "h" | "hr" | "hour" => 3_600_000_000_000,
        "d" | "day" => 86_400_000_000_000,
        "w" | "wk" | "week" => 604_800_000_000_000,
        _ => return None,
    };
    digits.parse::<i128>().ok()?.checked_mul(unit)
}

/// Whether a text is a `resource.Quantity`.
pub(crate) fn is_quantity(text: &str) -> bool {
    like(r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$", text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn formats() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            (
                "date-time",
                &["2024-01-02T03:04:05Z", "2024-01-02T03:04:05.123+02:00"],
                &["noon", "2024-01-02", "2024-13-02T03:04:05Z", "2024-01-02T24:04:05Z"],
            ),
            ("date", &["2024-02-29"], &["2023-02-29", "2024-2-9", ""]),
            ("uuid", &["123e4567-e89b-12d3-a456-426614174000", "123E4567E89B12D3A456426614174000"], &["123e4567", ""]),
            ("uuid4", &["123e4567-e89b-42d3-a456-426614174000"], &["123e4567-e89b-12d3-a456-426614174000"]),
            ("ipv4", &["10.0.0.1", "010.0.0.1"], &["10.0.0", "::1", "256.0.0.1"]),
            ("ipv6", &["::1", "2001:db8::1"], &["10.0.0.1", "1::2::3"]),
            ("cidr", &["10.0.0.0/8", "2001:db8::/32"], &["10.0.0.0", "10.0.0.0/33"]),
            ("byte", &["aGVsbG8="], &["aGVsbG8", "***"]),
            ("duration", &["1h30m", "22 ns", "3 seconds", "0", "1.5s"], &["soon", "1x", ""]),
            ("email", &["a@b.c", "A B <a@b.c>"], &["a", "@b", "a@"]),
            ("hostname", &["a", "example.com", "a-b.example.com"], &["-a", "a..b", "a_b"]),
            ("uri", &["https://example.com/a", "/path", "mailto:x@y"], &["a b", "", "example.com"]),
            ("mac", &["01:23:45:67:89:ab"], &["01:23"]),
            ("isbn", &["0321751043", "978-0321751041"], &["0321751044"]),
            ("hexcolor", &["#FFF", "FFFFFF"], &["#GGG"]),
            ("quantity", &["10Gi", "1", "1.5", "100m", "1e3"], &["ten", "1Zi"]),
            ("k8s-short-name", &["a-b"], &["A", "-a"]),
        ];
        for (format, good, bad) in cases {
            assert!(is_known(format));
            for text in *good {
                assert!(matches(format, text), "{format}: {text}");
            }
            for text in *bad {
                assert!(!matches(format, text), "{format}: {text}");
            }
        }
        assert!(!is_known("int-or-string"));
    }
}
