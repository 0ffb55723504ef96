//! IP addresses and ranges of them, as the API takes them: also with leading zeros, with a warning.

use std::net::{IpAddr, Ipv4Addr};

use serde_json::json;

use crate::invalid::Invalid;
use crate::path::Path;

/// Reads an address as old versions of Go did: `010.0.0.1` is `10.0.0.1`.
pub(crate) fn parse(text: &str) -> Option<IpAddr> {
    text.parse().ok().or_else(|| {
        let parts: Vec<u8> = text
            .split('.')
            .map(|part| match part.bytes().all(|byte| byte.is_ascii_digit()) {
                true => part.parse().ok(),
                false => None,
            })
            .collect::<Option<_>>()?;
        let parts: [u8; 4] = parts.try_into().ok()?;
        Some(IpAddr::V4(Ipv4Addr::from(parts)))
    })
}

/// Whether an address is one of IPv6; one of IPv4 that is written as IPv6 is not.
pub(crate) fn is_v6(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.to_ipv4_mapped().is_none())
}

/// `IPv4` or `IPv6`
pub(crate) fn family(ip: IpAddr) -> &'static str {
    match is_v6(ip) {
        true => "IPv6",
        false => "IPv4",
    }
}

/// What is wrong with an address.
pub(crate) fn valid(path: &Path, text: &str) -> Vec<Invalid> {
    match parse(text) {
        Some(_) => Vec::new(),
        None => {
            let detail = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
            vec![Invalid::invalid(path, &json!(text), detail)]
        }
    }
}

/// What is to be said of an address that is right but not written as it should be.
pub(crate) fn warning(path: &str, text: &str) -> Option<String> {
    let ip = parse(text)?;
    let strict: Option<IpAddr> = text.parse().ok();
    match strict {
        Some(IpAddr::V6(v6)) => match v6.to_ipv4_mapped() {
            Some(v4) => Some(nonstandard(path, "IP address", text, &v4.to_string())),
            None if v6.to_string() != text => {
                Some(format!("{path}: IPv6 address {text:?} should be in RFC 5952 canonical format (\"{v6}\")"))
            }
            None => None,
        },
        Some(IpAddr::V4(_)) => None,
        None => Some(nonstandard(path, "IP address", text, &ip.to_string())),
    }
}

fn nonstandard(path: &str, what: &str, text: &str, better: &str) -> String {
    format!(
        "{path}: non-standard {what} {text:?} will be considered invalid in a future Kubernetes release: use {better:?}"
    )
}

/// Reads a range: its address and the length of its prefix.
pub(crate) fn parse_cidr(text: &str) -> Option<(IpAddr, u8)> {
    let (ip, bits) = text.split_once('/')?;
    let ip = parse(ip)?;
    let most = match ip {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    };
    let digits = !bits.is_empty() && bits.bytes().all(|byte| byte.is_ascii_digit());
    let bits: u8 = bits.parse().ok().filter(|bits| digits && *bits <= most)?;
    Some((ip, bits))
}

/// The first address of a range.
pub(crate) fn network(ip: IpAddr, bits: u8) -> IpAddr {
    match ip {
        IpAddr::V4(ip) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            IpAddr::V4((u32::from(ip) & mask).into())
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
            IpAddr::V6((u128::from(ip) & mask).into())
        }
    }
}

/// What is wrong with a range.
pub(crate) fn valid_cidr(path: &Path, text: &str) -> Vec<Invalid> {
    match parse_cidr(text) {
        Some(_) => Vec::new(),
        None => {
            let detail = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
            vec![Invalid::invalid(path, &json!(text), detail)]
        }
    }
}

/// What is to be said of a range that is right but not written as it should be.
pub(crate) fn cidr_warnings(path: &str, text: &str) -> Vec<String> {
    let Some((ip, bits)) = parse_cidr(text) else { return Vec::new() };
    let (network, whole) = (network(ip, bits), if ip.is_ipv4() { 32 } else { 128 });
    let mut warnings = Vec::new();
    if network != ip {
        warnings.push(format!(
            "{path}: CIDR value {text:?} is ambiguous in this context (should be \"{network}/{bits}\" or \"{ip}/{whole}\"?)"
        ));
    }
    let address = text.split('/').next().unwrap_or_default();
    let padded = text.ends_with(&format!("/0{bits}"));
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V6(v6)) if v6.to_ipv4_mapped().is_some() => {
            warnings.push(nonstandard(path, "CIDR value", text, &format!("{network}/{bits}")));
        }
        Err(_) => warnings.push(nonstandard(path, "CIDR value", text, &format!("{network}/{bits}"))),
        Ok(_) if padded => warnings.push(nonstandard(path, "CIDR value", text, &format!("{network}/{bits}"))),
        Ok(IpAddr::V6(v6)) if warnings.is_empty() && format!("{v6}/{bits}") != text => warnings
            .push(format!("{path}: IPv6 CIDR value {text:?} should be in RFC 5952 canonical format (\"{v6}/{bits}\")")),
        Ok(_) => {}
    }
    warnings
}

/// What is wrong with an address that others are to reach: it may not be one that means the host itself.
pub(crate) fn not_special(path: &Path, text: &str) -> Vec<Invalid> {
    let say = |detail: String| Invalid::invalid(path, &json!(text), detail);
    let Some(ip) = parse(text) else { return vec![say("must be a valid IP address".to_owned())] };
    let ip = match ip {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(ip, IpAddr::V4),
        v4 => v4,
    };
    let (link_local, link_local_multicast) = match ip {
        IpAddr::V4(ip) => (ip.is_link_local(), ip.octets()[..3] == [224, 0, 0]),
        IpAddr::V6(ip) => (ip.segments()[0] & 0xffc0 == 0xfe80, ip.segments()[0] & 0xff0f == 0xff02),
    };
    let mut errors = Vec::new();
    if ip.is_unspecified() {
        errors.push(say(format!("may not be unspecified ({text})")));
    }
    if ip.is_loopback() {
        errors.push(say("may not be in the loopback range (127.0.0.0/8, ::1/128)".to_owned()));
    }
    if link_local {
        errors.push(say("may not be in the link-local range (169.254.0.0/16, fe80::/10)".to_owned()));
    }
    if link_local_multicast {
        errors.push(say("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)".to_owned()));
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let path = Path::new("p");
        for text in ["1.2.3.4", "01.2.3.004", "::1", "::ffff:1.2.3.4"] {
            assert!(valid(&path, text).is_empty(), "{text}");
        }
        for text in ["", "1.2.3", "1.2.3.256", "a", "1.2.3.4/8", "+1.2.3.4", "fe80::1%a"] {
            assert_eq!(valid(&path, text).len(), 1, "{text}");
        }
        assert_eq!(warning("p", "1.2.3.4"), None);
        assert_eq!(
            warning("p", "01.2.3.4").as_deref(),
            Some(
                "p: non-standard IP address \"01.2.3.4\" will be considered invalid in a future Kubernetes release: \
                 use \"1.2.3.4\""
            )
        );
        assert_eq!(
            warning("p", "2001:DB8::0").as_deref(),
            Some("p: IPv6 address \"2001:DB8::0\" should be in RFC 5952 canonical format (\"2001:db8::\")")
        );
        for (text, count) in [("8.8.8.8", 0), ("0.0.0.0", 1), ("127.0.0.2", 1), ("169.254.1.1", 1), ("224.0.0.9", 1)] {
            assert_eq!(not_special(&path, text).len(), count, "{text}");
        }
    }

    #[test]
    fn ranges() {
        let path = Path::new("p");
        for (text, right) in [("10.0.0.0/8", true), ("::/0", true), ("10.0.0.0", false), ("10.0.0.0/33", false)] {
            assert_eq!(valid_cidr(&path, text).is_empty(), right, "{text}");
        }
        assert_eq!(cidr_warnings("p", "10.0.0.0/8"), Vec::<String>::new());
        assert_eq!(
            cidr_warnings("p", "10.0.0.1/8"),
            [
                "p: CIDR value \"10.0.0.1/8\" is ambiguous in this context (should be \"10.0.0.0/8\" or \"10.0.0.1/32\"?)"
            ]
        );
    }
}
