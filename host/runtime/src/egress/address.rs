//! Which addresses a plugin's connection may have.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::EgressError;

/// `private`: has the operator allowed the host to have such an address?
pub(super) fn check_address(host: &str, address: IpAddr, private: bool) -> Result<(), EgressError> {
    match address_kind(address) {
        None => Ok(()),
        Some(kind) if kind != METADATA && private => Ok(()),
        Some(kind) => Err(EgressError::Address { host: host.to_owned(), address, kind }),
    }
}

/// Hands out the machine's own credentials: never granted.
pub(super) const METADATA: &str = "metadata service";

/// What is special about an address; none for one of the public internet.
pub(super) fn address_kind(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => v4_kind(v4),
        IpAddr::V6(v6) => v6_kind(v6),
    }
}

fn v4_kind(v4: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = v4.octets();
    let kind = match (a, b, c) {
        (169, 254, _) if [[169, 254, 169, 254], [169, 254, 170, 2], [169, 254, 170, 23]].contains(&v4.octets()) => {
            METADATA
        }
        // Oracle's and Azure's; the latter is a public address that only its own machines reach.
        (192, 0, 0) if v4.octets() == [192, 0, 0, 192] => METADATA,
        (168, 63, 129) if v4.octets() == [168, 63, 129, 16] => METADATA,
        (100, 100, 100) if v4.octets() == [100, 100, 100, 200] => METADATA,
        (0, ..) => "unspecified",
        (127, ..) => "loopback",
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => "private",
        (100, 64..=127, _) => "carrier-grade NAT",
        (169, 254, _) => "link-local",
        (192, 0, 0) | (192, 0, 2) | (192, 88, 99) | (198, 18..=19, _) | (198, 51, 100) | (203, 0, 113) => "reserved",
        (224..=239, ..) => "multicast",
        (240..=255, ..) => "reserved",
        _ => return None,
    };
    Some(kind)
}

fn v6_kind(v6: Ipv6Addr) -> Option<&'static str> {
    let segments = v6.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        v4_kind(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] | [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254] => Some(METADATA),
        [0, 0, 0, 0, 0, 0, 0, 0] => Some("unspecified"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some("loopback"),
        // Forms that carry an IPv4 address; no service is reached by one, and several lead inside.
        [0, 0, 0, 0, 0, 0xffff, high, low] => embedded(high, low).or(Some("IPv4-mapped")),
        [0, 0, 0, 0, 0, 0, high, low] => embedded(high, low).or(Some("IPv4-compatible")),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low).or(Some("NAT64")),
        [0x64, 0xff9b, 1, ..] => Some("NAT64"),
        [0x2002, high, low, ..] => embedded(high, low).or(Some("6to4")),
        [0x2001, 0, ..] => Some("Teredo"),
        [0x2001, 0xdb8, ..] | [0x100, 0, 0, 0, ..] => Some("reserved"),
        [0xfc00..=0xfdff, ..] => Some("unique-local"),
        [0xfe80..=0xfebf, ..] => Some("link-local"),
        [0xfec0..=0xfeff, ..] => Some("site-local"),
        [0xff00..=0xffff, ..] => Some("multicast"),
        // Only 2000::/3 is assigned to the public internet.
        [0x2000..=0x3fff, ..] => None,
        _ => Some("reserved"),
    }
}
