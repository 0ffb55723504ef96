//! The values of records: what each type takes, when two say the same, and how they go out.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::model::RecordType;
use crate::name::Name;
use crate::text;

/// The longest value that Route 53 takes, in characters.
const LONGEST: usize = 4_000;

/// The value as Route 53 wants it.
pub(crate) fn sent(kind: RecordType, value: &str) -> String {
    match kind {
        RecordType::TXT | RecordType::SPF if !text::is_quoted(value) => text::quoted(value.as_bytes()),
        _ => value.to_owned(),
    }
}

/// A value of Route 53 as a user would write it.
pub(crate) fn told(kind: RecordType, value: &str) -> String {
    match kind {
        RecordType::TXT | RecordType::SPF => text::plain(value),
        _ => value.to_owned(),
    }
}

/// What the value says, in the one form in which two values are compared, whoever wrote them.
pub(crate) fn meaning(kind: RecordType, value: &str) -> String {
    let words: Vec<&str> = value.split_ascii_whitespace().collect();
    match kind {
        RecordType::A => value.parse::<Ipv4Addr>().map_or_else(|_| value.to_owned(), |address| address.to_string()),
        RecordType::AAAA => value.parse::<Ipv6Addr>().map_or_else(|_| value.to_owned(), |address| address.to_string()),
        RecordType::CNAME | RecordType::NS | RecordType::PTR => Name::new(value).to_string(),
        RecordType::MX | RecordType::SRV => match words.split_last() {
            Some((target, numbers)) => format!("{} {}", numbers.join(" "), host(target)),
            None => String::new(),
        },
        RecordType::CAA => match caa(value) {
            Some([flags, tag, property]) => {
                format!("{flags} {} {}", tag.to_ascii_lowercase(), text::quoted(&text::content(property)))
            }
            None => value.to_owned(),
        },
        RecordType::TXT | RecordType::SPF => text::quoted(&text::content(value)),
        RecordType::DS | RecordType::SSHFP | RecordType::TLSA => words.join(" ").to_ascii_lowercase(),
        RecordType::HTTPS | RecordType::NAPTR | RecordType::SVCB => words.join(" "),
    }
}

/// What is wrong with the value, if anything is.
pub(crate) fn fault(kind: RecordType, value: &str) -> Option<String> {
    if value.chars().any(char::is_control) && !matches!(kind, RecordType::TXT | RecordType::SPF) {
        return Some("a value is on one line".to_owned());
    }
    let words: Vec<&str> = value.split_ascii_whitespace().collect();
    let fits = match kind {
        RecordType::A => value.parse::<Ipv4Addr>().is_ok(),
        RecordType::AAAA => value.parse::<Ipv6Addr>().is_ok(),
        RecordType::CNAME | RecordType::NS | RecordType::PTR => return domain(value),
        RecordType::MX => match words[..] {
            [preference, target] if is::<u16>(preference) => return mail_target(target),
            _ => false,
        },
        RecordType::SRV => match words[..] {
            [priority, weight, port, target] if [priority, weight, port].into_iter().all(is::<u16>) => {
                return if target == "." { None } else { domain(target) };
            }
            _ => false,
        },
        RecordType::CAA => caa(value).is_some_and(|[flags, tag, property]| {
            let one = text::strings(property).is_ok_and(|strings| strings.len() == 1);
            is::<u8>(flags) && !tag.is_empty() && tag.bytes().all(|byte| byte.is_ascii_alphanumeric()) && one
        }),
        RecordType::TXT | RecordType::SPF => match text::strings(value) {
            Err(what) if text::is_quoted(value) => return Some(format!("{what}: {value}")),
            _ => !value.is_empty(),
        },
        RecordType::DS => numbers_and_hex(&words, &[5, 3, 3]),
        RecordType::SSHFP => numbers_and_hex(&words, &[3, 3]),
        RecordType::TLSA => numbers_and_hex(&words, &[3, 3, 3]),
        RecordType::NAPTR => words.len() == 6 && words[..2].iter().all(|word| is::<u16>(word)),
        RecordType::HTTPS | RecordType::SVCB => words.len() > 1 && is::<u16>(words[0]),
    };
    if !fits {
        return Some(format!("{} record takes {}, not `{value}`", article(kind), form(kind)));
    }
    let length = sent(kind, value).chars().count();
    (length > LONGEST)
        .then(|| format!("a value has {LONGEST} characters at most with its quotes, and this has {length}"))
}

/// What a value of this type looks like, for people.
fn form(kind: RecordType) -> &'static str {
    match kind {
        RecordType::A => "an IPv4 address, such as 192.0.2.1",
        RecordType::AAAA => "an IPv6 address, such as 2001:db8::1",
        RecordType::CNAME | RecordType::NS | RecordType::PTR => "a name, such as www.example.com",
        RecordType::MX => "a preference and a name, such as `10 mail.example.com`",
        RecordType::SRV => "priority, weight, port and name, such as `1 10 5269 xmpp.example.com`",
        RecordType::CAA => "flags, a tag and a text in quotes, such as `0 issue \"letsencrypt.org\"`",
        RecordType::TXT | RecordType::SPF => "a text",
        RecordType::DS => "key tag, algorithm, digest type and digest, such as `12345 13 2 9f86…`",
        RecordType::SSHFP => "algorithm, type and fingerprint, such as `4 2 9f86…`",
        RecordType::TLSA => "usage, selector, matching type and data, such as `3 1 1 9f86…`",
        RecordType::NAPTR => {
            "order, preference, flags, service, regular expression and replacement, such as \
                              `100 50 \"u\" \"sip+E2U\" \"!^.*$!sip:info@example.com!\" .`"
        }
        RecordType::HTTPS | RecordType::SVCB => "priority, target and parameters, such as `1 . alpn=\"h2\"`",
    }
}

fn article(kind: RecordType) -> String {
    let vowel = matches!(
        kind,
        RecordType::A
            | RecordType::AAAA
            | RecordType::HTTPS
            | RecordType::MX
            | RecordType::NAPTR
            | RecordType::NS
            | RecordType::SPF
            | RecordType::SRV
            | RecordType::SSHFP
            | RecordType::SVCB
    );
    format!("{} {kind}", if vowel { "an" } else { "a" })
}

fn is<T: std::str::FromStr>(word: &str) -> bool {
    // `+1` parses, and is no number of a record.
    word.bytes().all(|byte| byte.is_ascii_digit()) && word.parse::<T>().is_ok()
}

fn numbers_and_hex(words: &[&str], digits: &[usize]) -> bool {
    let (numbers, hex) = words.split_at(digits.len().min(words.len()));
    let number = |(word, most): (&&str, &usize)| is::<u16>(word) && word.len() <= *most;
    numbers.len() == digits.len()
        && numbers.iter().zip(digits).all(number)
        && !hex.is_empty()
        && hex.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn domain(value: &str) -> Option<String> {
    Name::new(value).fault().map(|why| format!("`{value}` is no name: {why}"))
}

/// A mail server; `.` alone says that there is none.
fn mail_target(target: &str) -> Option<String> {
    if target == "." { None } else { domain(target) }
}

/// A host at the end of a value; `.` alone means none.
fn host(target: &str) -> String {
    if target == "." { target.to_owned() } else { Name::new(target).to_string() }
}

/// Flags, tag and text.
fn caa(value: &str) -> Option<[&str; 3]> {
    let (flags, rest) = value.trim().split_once(' ')?;
    let (tag, property) = rest.trim_start().split_once(' ')?;
    Some([flags, tag, property.trim_start()])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use RecordType as T;

    #[test]
    fn values_fit_their_type_or_it_is_said_why_not() {
        for (kind, good, bad) in [
            (T::A, "192.0.2.1", "2001:db8::1"),
            (T::AAAA, "2001:db8::1", "192.0.2.1"),
            (T::CNAME, "A.example.com.", "a b"),
            (T::NS, "ns-1.example.com", "a..b"),
            (T::PTR, "host.example.com", "h\u{f6}st.example.com"),
            (T::MX, "10 mail.example.com", "mail.example.com"),
            (T::MX, "0 .", "70000 mail.example.com"),
            (T::SRV, "1 10 5269 xmpp.example.com", "1 10 xmpp.example.com"),
            (T::SRV, "0 0 0 .", "1 2 +3 a.b"),
            (T::CAA, "0 issue \"letsencrypt.org\"", "0 issue letsencrypt.org"),
            (T::CAA, "128 iodef \"mailto:a@example.com\"", "256 issue \"x\""),
            (T::TXT, "v=spf1 -all", ""),
            (T::TXT, "\"a\" \"b\"", "\"a\" b\""),
            (T::SPF, "v=spf1 -all", ""),
            (T::DS, "12345 13 2 9F86D081", "12345 13 2 xyz"),
            (T::SSHFP, "4 2 9f86d081", "4 9f86d08g"),
            (T::TLSA, "3 1 1 9f86d081 884c7d65", "3 1 9f86d081"),
            (T::NAPTR, "100 50 \"s\" \"z3950+I2L\" \"\" _z3950._tcp.example.com", "100 50 \"s\""),
            (T::HTTPS, "1 . alpn=\"h2\"", "."),
            (T::SVCB, "0 svc.example.com", "x svc.example.com"),
        ] {
            assert_eq!(fault(kind, good), None, "{kind} {good}");
            assert!(fault(kind, bad).is_some(), "{kind} {bad}");
        }
        let long = "x".repeat(3_980);
        assert!(fault(T::TXT, &long).unwrap().contains("4000 characters"));
        assert_eq!(
            fault(T::MX, "mail").unwrap(),
            "an MX record takes a preference and a name, such as `10 mail.example.com`, not `mail`"
        );
    }

    #[test]
    fn two_spellings_of_one_value_mean_the_same() {
        for (kind, one, other) in [
            (T::AAAA, "2001:DB8:0::1", "2001:db8::1"),
            (T::CNAME, "WWW.example.com.", "www.example.com"),
            (T::MX, "10  Mail.example.com.", "10 mail.example.com"),
            (T::SRV, "1 2 3 a.B.", "1 2 3 a.b"),
            (T::CAA, "0 Issue \"ca.org\"", "0 issue  \"ca.org\""),
            (T::TXT, "ab", "\"a\" \"b\""),
            (T::DS, "1 2 3 AB", "1 2 3 ab"),
        ] {
            assert_eq!(meaning(kind, one), meaning(kind, other));
        }
        assert_ne!(meaning(T::TXT, "a"), meaning(T::TXT, "A"));
        assert_ne!(meaning(T::CAA, "0 issue \"CA.org\""), meaning(T::CAA, "0 issue \"ca.org\""));
    }
}
