//! Kubernetes' libraries: quantities, URLs, addresses, named formats, versions; and optional values.

use std::net::IpAddr;
use std::sync::Arc;

use super::collections;
use super::functions::{Answer, list, no_overload};
use super::quantity::Quantity;
use super::semver::Semver;
use super::strings;
use super::url::Url;
use super::value::Val;
use crate::crd::format;
use crate::kinds::name;

/// Functions without a target.
pub(crate) fn global(name: &str, args: &[Val]) -> Answer {
    match (name, args) {
        ("strings.quote", [Val::String(text)]) => Ok(Val::text(strings::quote(text))),
        ("sets.contains" | "sets.equivalent" | "sets.intersects", [Val::List(one), Val::List(two)]) => {
            Ok(Val::Bool(collections::sets(name, one, two)))
        }
        ("lists.range", [Val::Int(end)]) => match end {
            end if *end > 100_000 => Err(format!("lists.range({end}): too many items")),
            end => Ok(list((0..*end).map(Val::Int).collect())),
        },
        ("optional.of", [value]) => Ok(Val::some(value.clone())),
        ("optional.ofNonZeroValue", [value]) => Ok(match value.is_zero() {
            true => Val::Optional(None),
            false => Val::some(value.clone()),
        }),
        ("optional.none", []) => Ok(Val::Optional(None)),
        ("quantity", [Val::String(text)]) => {
            let regex = "^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$";
            let wrong = format!("quantities must match the regular expression '{regex}'");
            Quantity::parse(text).map(Val::Quantity).ok_or(wrong)
        }
        ("isQuantity", [Val::String(text)]) => Ok(Val::Bool(Quantity::parse(text).is_some())),
        ("url", [Val::String(text)]) => {
            let wrong =
                || format!("URL parse error during conversion from string: parse {text:?}: invalid URI for request");
            Url::parse(text).map(|url| Val::Url(Arc::new(url))).ok_or_else(wrong)
        }
        ("isURL", [Val::String(text)]) => Ok(Val::Bool(Url::parse(text).is_some())),
        ("ip", [Val::String(text)]) => address(text).map(Val::Ip),
        ("isIP", [Val::String(text)]) => Ok(Val::Bool(address(text).is_ok())),
        ("ip.isCanonical", [Val::String(text)]) => address(text).map(|ip| Val::Bool(ip.to_string() == **text)),
        ("cidr", [Val::String(text)]) => network(text),
        ("isCIDR", [Val::String(text)]) => Ok(Val::Bool(network(text).is_ok())),
        ("semver", [Val::String(text)]) => semver(text, false),
        ("semver", [Val::String(text), Val::Bool(tolerant)]) => semver(text, *tolerant),
        ("isSemver", [Val::String(text)]) => Ok(Val::Bool(Semver::parse(text, false).is_some())),
        ("isSemver", [Val::String(text), Val::Bool(tolerant)]) => {
            Ok(Val::Bool(Semver::parse(text, *tolerant).is_some()))
        }
        ("format.named", [Val::String(name)]) => Ok(FORMATS
            .iter()
            .find(|format| ***format == **name)
            .map_or(Val::Optional(None), |format| Val::some(Val::Format(format)))),
        (name, []) => {
            let known = name.strip_prefix("format.").and_then(|name| FORMATS.iter().find(|format| **format == name));
            known.map(|format| Val::Format(format)).ok_or_else(no_overload)
        }
        _ => Err(no_overload()),
    }
}

fn semver(text: &str, tolerant: bool) -> Answer {
    let wrong = || format!("invalid semantic version {text:?}");
    Semver::parse(text, tolerant).map(|version| Val::Semver(Arc::new(version))).ok_or_else(wrong)
}

fn address(text: &str) -> Result<IpAddr, String> {
    let ip: IpAddr = text.parse().map_err(|_| {
        format!(
            "IP Address {text:?} parse error during conversion from string: ParseAddr({text:?}): unable to parse IP"
        )
    })?;
    match ip {
        IpAddr::V6(six) if six.to_ipv4_mapped().is_some() => {
            Err(format!("IPv4-mapped IPv6 address {text:?} is not allowed"))
        }
        ip => Ok(ip),
    }
}

fn network(text: &str) -> Answer {
    let wrong =
        || format!("network address parse error during conversion from string: netip.ParsePrefix({text:?}): no '/'");
    let (ip, bits) = text.split_once('/').ok_or_else(wrong)?;
    let ip = address(ip)?;
    let most = if ip.is_ipv4() { 32 } else { 128 };
    let plain =
        !bits.is_empty() && bits.bytes().all(|byte| byte.is_ascii_digit()) && (bits == "0" || !bits.starts_with('0'));
    let bits = bits.parse::<u8>().ok().filter(|bits| plain && *bits <= most);
    bits.map(|bits| Val::Cidr(ip, bits)).ok_or_else(|| {
        format!("network address parse error during conversion from string: netip.ParsePrefix({text:?}): bad bits after slash")
    })
}

/// Formats by their names in expressions.
const FORMATS: [&str; 13] = [
    "dns1123Label",
    "dns1123Subdomain",
    "dns1035Label",
    "qualifiedName",
    "dns1123LabelPrefix",
    "dns1123SubdomainPrefix",
    "dns1035LabelPrefix",
    "labelValue",
    "uri",
    "uuid",
    "byte",
    "date",
    "datetime",
];

fn validate(kind: &str, text: &str) -> Vec<String> {
    let trimmed = text.strip_suffix('-').map_or_else(|| text.to_owned(), |head| format!("{head}a"));
    match kind {
        "dns1123Label" => name::label(text),
        "dns1123Subdomain" => name::subdomain(text),
        "dns1035Label" => name::dns1035(text),
        "dns1123LabelPrefix" => name::label(&trimmed),
        "dns1123SubdomainPrefix" => name::subdomain(&trimmed),
        "dns1035LabelPrefix" => name::dns1035(&trimmed),
        "qualifiedName" => name::qualified_name(text),
        "labelValue" => name::label_value(text),
        kind => match format::matches(kind, text) {
            true => Vec::new(),
            false => vec![match kind {
                "uri" => format!("parse {text:?}: invalid URI for request"),
                "uuid" => "does not match the UUID format".to_owned(),
                "byte" => "invalid base64".to_owned(),
                _ => format!("invalid {kind}"),
            }],
        },
    }
}

/// Functions of a value of a library, or of an optional value.
pub(crate) fn method(name: &str, target: &Val, args: &[Val]) -> Answer {
    match target {
        Val::Optional(value) => optional(name, value.as_deref(), args),
        Val::Quantity(own) => quantity(name, *own, args),
        Val::Url(own) => match name {
            "getScheme" => Ok(Val::text(&own.scheme)),
            "getHost" => Ok(Val::text(&own.host)),
            "getHostname" => Ok(Val::text(own.hostname())),
            "getPort" => Ok(Val::text(own.port())),
            "getEscapedPath" => Ok(Val::text(&own.path)),
            "getQuery" => {
                let entry = |(key, values): (String, Vec<String>)| {
                    (Val::text(key), list(values.into_iter().map(Val::text).collect()))
                };
                Ok(Val::Map(Arc::new(own.query().into_iter().map(entry).collect())))
            }
            _ => Err(no_overload()),
        },
        Val::Ip(own) => of_ip(name, *own),
        Val::Cidr(own, bits) => of_network(name, *own, *bits, args),
        Val::Format(kind) => match (name, args) {
            ("validate", [Val::String(text)]) => {
                let wrong = validate(kind, text);
                Ok(match wrong.is_empty() {
                    true => Val::Optional(None),
                    false => Val::some(list(wrong.into_iter().map(Val::text).collect())),
                })
            }
            _ => Err(no_overload()),
        },
        Val::Semver(own) => match (name, args) {
            ("major", []) => Ok(Val::Int(i64::try_from(own.major).unwrap_or(i64::MAX))),
            ("minor", []) => Ok(Val::Int(i64::try_from(own.minor).unwrap_or(i64::MAX))),
            ("patch", []) => Ok(Val::Int(i64::try_from(own.patch).unwrap_or(i64::MAX))),
            (name, [Val::Semver(other)]) => ordered(name, own.cmp(other)),
            _ => Err(no_overload()),
        },
        _ => Err(no_overload()),
    }
}

fn ordered(name: &str, order: std::cmp::Ordering) -> Answer {
    match name {
        "isLessThan" => Ok(Val::Bool(order.is_lt())),
        "isGreaterThan" => Ok(Val::Bool(order.is_gt())),
        "compareTo" => Ok(Val::Int(order as i64)),
        _ => Err(no_overload()),
    }
}

fn optional(name: &str, own: Option<&Val>, args: &[Val]) -> Answer {
    match (name, own, args) {
        ("hasValue", own, []) => Ok(Val::Bool(own.is_some())),
        ("value", Some(value), []) => Ok(value.clone()),
        ("value", None, []) => Err("optional.none() dereference".to_owned()),
        ("or", Some(value), [_]) => Ok(Val::some(value.clone())),
        ("orValue", Some(value), [_]) => Ok(value.clone()),
        ("or" | "orValue", None, [other]) => Ok(other.clone()),
        _ => Err(no_overload()),
    }
}

fn quantity(name: &str, own: Quantity, args: &[Val]) -> Answer {
    let other = match args {
        [Val::Quantity(other)] => Some(*other),
        [Val::Int(other)] => Some(Quantity::from_int(*other)),
        _ => None,
    };
    match (name, other) {
        ("isInteger", None) => Ok(Val::Bool(own.integer().is_some())),
        ("asInteger", None) => own.integer().map(Val::Int).ok_or_else(|| "cannot convert value to integer".to_owned()),
        ("asApproximateFloat", None) => Ok(Val::Double(own.float())),
        ("sign", None) => Ok(Val::Int(own.sign())),
        ("add", Some(other)) => Ok(Val::Quantity(own.plus(other))),
        ("sub", Some(other)) => Ok(Val::Quantity(own.minus(other))),
        (name, Some(other)) => ordered(name, own.cmp(&other)),
        _ => Err(no_overload()),
    }
}

fn of_ip(name: &str, own: IpAddr) -> Answer {
    let link_local = match own {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.segments()[0] & 0xffc0 == 0xfe80,
    };
    let link_local_multicast = match own {
        IpAddr::V4(ip) => ip.octets()[..3] == [224, 0, 0],
        IpAddr::V6(ip) => ip.segments()[0] & 0xff0f == 0xff02,
    };
    let broadcast = matches!(own, IpAddr::V4(ip) if ip.is_broadcast());
    let is = match name {
        "family" => return Ok(Val::Int(if own.is_ipv4() { 4 } else { 6 })),
        "isUnspecified" => own.is_unspecified(),
        "isLoopback" => own.is_loopback(),
        "isLinkLocalMulticast" => link_local_multicast,
        "isLinkLocalUnicast" => link_local,
        "isGlobalUnicast" => {
            !(own.is_unspecified() || own.is_loopback() || own.is_multicast() || link_local || broadcast)
        }
        _ => return Err(no_overload()),
    };
    Ok(Val::Bool(is))
}

/// The bits of an address.
fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u128::from(u32::from(ip)) << 96,
        IpAddr::V6(ip) => u128::from(ip),
    }
}

fn mask(bits: u8) -> u128 {
    match bits {
        0 => 0,
        bits => u128::MAX << (128 - u32::from(bits)),
    }
}

fn of_network(name: &str, own: IpAddr, bits: u8, args: &[Val]) -> Answer {
    let within = |ip: IpAddr, least: u8| {
        ip.is_ipv4() == own.is_ipv4() && least >= bits && (number(ip) ^ number(own)) & mask(bits) == 0
    };
    match (name, args) {
        ("ip", []) => Ok(Val::Ip(own)),
        ("prefixLength", []) => Ok(Val::Int(i64::from(bits))),
        ("masked", []) => {
            let masked = number(own) & mask(bits);
            let ip = match own {
                IpAddr::V4(_) => IpAddr::from(((masked >> 96) as u32).to_be_bytes()),
                IpAddr::V6(_) => IpAddr::from(masked.to_be_bytes()),
            };
            Ok(Val::Cidr(ip, bits))
        }
        ("containsIP", [Val::Ip(ip)]) => Ok(Val::Bool(within(*ip, u8::MAX))),
        ("containsIP", [Val::String(text)]) => address(text).map(|ip| Val::Bool(within(ip, u8::MAX))),
        ("containsCIDR", [Val::Cidr(ip, least)]) => Ok(Val::Bool(within(*ip, *least))),
        ("containsCIDR", [Val::String(text)]) => match network(text)? {
            Val::Cidr(ip, least) => Ok(Val::Bool(within(ip, least))),
            _ => Err(no_overload()),
        },
        _ => Err(no_overload()),
    }
}
