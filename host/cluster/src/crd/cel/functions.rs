//! The standard functions and operators of CEL, on values.

use std::cmp::Ordering;
use std::sync::Arc;

use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

use super::value::{List, Order, Val};
use super::{collections, library, strings};
use crate::crd::format;
use crate::crd::pattern;
use crate::crd::validate::go_float;

/// A value, or what went wrong, in upstream's words.
pub(crate) type Answer = Result<Val, String>;

/// The arguments do not fit.
pub(crate) fn no_overload() -> String {
    "no such overload".to_owned()
}

/// A value as errors and `format` show it.
pub(crate) fn shown(value: &Val) -> String {
    match value {
        Val::Null => "null".to_owned(),
        Val::Bool(is) => is.to_string(),
        Val::Int(number) => number.to_string(),
        Val::Uint(number) => number.to_string(),
        Val::Double(number) => go_float(*number),
        Val::String(text) | Val::Type(text) => text.to_string(),
        Val::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Val::Timestamp(time) => time.format(&Rfc3339).unwrap_or_default(),
        Val::Duration(nanos) => duration_text(*nanos),
        Val::List(list) => format!("[{}]", list.items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Val::Map(entries) => {
            let mut entries: Vec<String> =
                entries.iter().map(|(key, value)| format!("{}: {}", shown(key), shown(value))).collect();
            entries.sort();
            format!("{{{}}}", entries.join(", "))
        }
        Val::Object(fields) => {
            let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}: {}", shown(value))).collect();
            format!("{{{}}}", fields.join(", "))
        }
        Val::Ip(ip) => ip.to_string(),
        Val::Cidr(ip, bits) => format!("{ip}/{bits}"),
        Val::Optional(None) => "optional.none()".to_owned(),
        Val::Optional(Some(value)) => format!("optional({})", shown(value)),
        other => other.type_name().to_owned(),
    }
}

/// A span as CEL's `string()` writes it: seconds.
fn duration_text(nanos: i64) -> String {
    let seconds = nanos as f64 / 1e9;
    format!("{}s", go_float(seconds))
}

/// What a call costs, by what it is given.
pub(crate) fn cost(name: &str, target: Option<&Val>, args: &[Val]) -> u64 {
    let size = |value: Option<&Val>| value.map_or(1, Val::size);
    let own = target.map_or_else(|| size(args.first()), |target| size(Some(target)));
    let other = if target.is_some() { size(args.first()) } else { size(args.get(1)) };
    let tenth = |size: u64| size / 10 + 1;
    match name {
        "_+_" => tenth(own + other),
        "_==_" | "_!=_" | "_<_" | "_<=_" | "_>_" | "_>=_" => tenth(own.min(other)),
        "@in" => other,
        "matches" | "find" | "findAll" => tenth(own).saturating_mul(other / 4 + 1),
        "contains" | "indexOf" | "lastIndexOf" => tenth(own).saturating_mul(tenth(other)),
        "sets.contains" | "sets.equivalent" | "sets.intersects" => own.saturating_mul(other).max(1),
        "sort" | "distinct" => own.saturating_mul(own).max(1),
        "size" | "_[_]" | "_[?_]" | "charAt" => 1,
        _ => tenth(own),
    }
}

/// Calls a function or an operator.
pub(crate) fn call(name: &str, target: Option<&Val>, args: &[Val]) -> Answer {
    match (target, args) {
        (None, [one]) => unary(name, one),
        (None, [one, two]) => binary(name, one, two),
        (None, args) => library::global(name, args),
        (Some(target), args) => method(name, target, args),
    }
}

fn unary(name: &str, one: &Val) -> Answer {
    match (name, one) {
        ("!_", Val::Bool(is)) => Ok(Val::Bool(!is)),
        ("-_", Val::Int(number)) => number.checked_neg().map(Val::Int).ok_or_else(overflow),
        ("-_", Val::Double(number)) => Ok(Val::Double(-number)),
        ("size", _) => size(one),
        ("type", _) => Ok(Val::Type(Arc::from(one.type_name()))),
        ("dyn", _) => Ok(one.clone()),
        ("int" | "uint" | "double" | "bool" | "string" | "bytes" | "duration" | "timestamp", _) => to_type(name, one),
        _ => library::global(name, std::slice::from_ref(one)),
    }
}

fn overflow() -> String {
    "integer overflow".to_owned()
}

fn size(value: &Val) -> Answer {
    let count = match value {
        Val::String(text) => text.chars().count() as u64,
        Val::Bytes(_) | Val::List(_) | Val::Map(_) | Val::Object(_) => value.size(),
        _ => return Err(no_overload()),
    };
    Ok(Val::Int(i64::try_from(count).unwrap_or(i64::MAX)))
}

fn binary(name: &str, one: &Val, two: &Val) -> Answer {
    match name {
        "_==_" => Ok(Val::Bool(one == two)),
        "_!=_" => Ok(Val::Bool(one != two)),
        "_<_" | "_<=_" | "_>_" | "_>=_" => {
            let order = match (one, two) {
                (Val::Double(number), _) | (_, Val::Double(number)) if number.is_nan() => {
                    return Err("NaN values cannot be ordered".to_owned());
                }
                _ => one.compare(two).ok_or_else(no_overload)?,
            };
            Ok(Val::Bool(match name {
                "_<_" => order == Ordering::Less,
                "_<=_" => order != Ordering::Greater,
                "_>_" => order == Ordering::Greater,
                _ => order != Ordering::Less,
            }))
        }
        "_+_" | "_-_" | "_*_" | "_/_" | "_%_" => arithmetic(name, one, two),
        "@in" => collections::contains(one, two).map(Val::Bool),
        "_[_]" => collections::index(one, two),
        "_[?_]" => collections::optional_index(one, two),
        "matches" => method(name, one, std::slice::from_ref(two)),
        _ => library::global(name, &[one.clone(), two.clone()]),
    }
}

fn arithmetic(name: &str, one: &Val, two: &Val) -> Answer {
    let checked = |value: Option<i64>| value.map(Val::Int).ok_or_else(overflow);
    let unsigned = |value: Option<u64>| value.map(Val::Uint).ok_or_else(|| "unsigned integer overflow".to_owned());
    let span = |value: Option<i64>| value.map(Val::Duration).ok_or_else(|| "duration overflow".to_owned());
    let moment = |time: OffsetDateTime, nanos: i64| {
        let moved = time.checked_add(time::Duration::nanoseconds(nanos));
        moved.map(Val::Timestamp).ok_or_else(|| "timestamp overflow".to_owned())
    };
    match (name, one, two) {
        ("_/_", Val::Int(_), Val::Int(0)) | ("_/_", Val::Uint(_), Val::Uint(0)) => Err("division by zero".to_owned()),
        ("_%_", Val::Int(_), Val::Int(0)) | ("_%_", Val::Uint(_), Val::Uint(0)) => Err("modulus by zero".to_owned()),
        (_, Val::Int(one), Val::Int(two)) => checked(match name {
            "_+_" => one.checked_add(*two),
            "_-_" => one.checked_sub(*two),
            "_*_" => one.checked_mul(*two),
            "_/_" => one.checked_div(*two),
            _ => one.checked_rem(*two),
        }),
        (_, Val::Uint(one), Val::Uint(two)) => unsigned(match name {
            "_+_" => one.checked_add(*two),
            "_-_" => one.checked_sub(*two),
            "_*_" => one.checked_mul(*two),
            "_/_" => one.checked_div(*two),
            _ => one.checked_rem(*two),
        }),
        ("_+_", Val::Double(one), Val::Double(two)) => Ok(Val::Double(one + two)),
        ("_-_", Val::Double(one), Val::Double(two)) => Ok(Val::Double(one - two)),
        ("_*_", Val::Double(one), Val::Double(two)) => Ok(Val::Double(one * two)),
        ("_/_", Val::Double(one), Val::Double(two)) => Ok(Val::Double(one / two)),
        ("_+_", Val::String(one), Val::String(two)) => Ok(Val::text(format!("{one}{two}"))),
        ("_+_", Val::Bytes(one), Val::Bytes(two)) => Ok(Val::Bytes(Arc::from([&one[..], &two[..]].concat()))),
        ("_+_", Val::List(one), Val::List(two)) => Ok(Val::List(Arc::new(one.plus(two)))),
        ("_+_", Val::Duration(one), Val::Duration(two)) => span(one.checked_add(*two)),
        ("_-_", Val::Duration(one), Val::Duration(two)) => span(one.checked_sub(*two)),
        ("_+_", Val::Timestamp(time), Val::Duration(nanos)) | ("_+_", Val::Duration(nanos), Val::Timestamp(time)) => {
            moment(*time, *nanos)
        }
        ("_-_", Val::Timestamp(time), Val::Duration(nanos)) => moment(*time, nanos.checked_neg().ok_or_else(overflow)?),
        ("_-_", Val::Timestamp(one), Val::Timestamp(two)) => {
            span(i64::try_from((*one - *two).whole_nanoseconds()).ok())
        }
        _ => Err(no_overload()),
    }
}

fn to_type(name: &str, value: &Val) -> Answer {
    let failed = || format!("type conversion error from '{}' to '{name}'", value.type_name());
    let parsed = |what: &str, text: &str| format!("{what}: parsing {text:?}: invalid syntax");
    match (name, value) {
        ("int", Val::Int(_))
        | ("uint", Val::Uint(_))
        | ("double", Val::Double(_))
        | ("bool", Val::Bool(_))
        | ("string", Val::String(_))
        | ("bytes", Val::Bytes(_))
        | ("duration", Val::Duration(_))
        | ("timestamp", Val::Timestamp(_)) => Ok(value.clone()),
        ("int", Val::Uint(number)) => i64::try_from(*number).map(Val::Int).map_err(|_| overflow()),
        ("int", Val::Double(number)) => match number.abs() < 9.2e18 {
            true => Ok(Val::Int(number.trunc() as i64)),
            false => Err(overflow()),
        },
        ("int", Val::String(text)) => text.parse().map(Val::Int).map_err(|_| parsed("strconv.ParseInt", text)),
        ("int", Val::Timestamp(time)) => Ok(Val::Int(time.unix_timestamp())),
        ("int", Val::Duration(nanos)) => Ok(Val::Int(*nanos)),
        ("uint", Val::Int(number)) => {
            u64::try_from(*number).map(Val::Uint).map_err(|_| "unsigned integer overflow".to_owned())
        }
        ("uint", Val::Double(number)) => match *number >= 0.0 && *number < 1.8e19 {
            true => Ok(Val::Uint(number.trunc() as u64)),
            false => Err("unsigned integer overflow".to_owned()),
        },
        ("uint", Val::String(text)) => text.parse().map(Val::Uint).map_err(|_| parsed("strconv.ParseUint", text)),
        ("double", Val::Int(number)) => Ok(Val::Double(*number as f64)),
        ("double", Val::Uint(number)) => Ok(Val::Double(*number as f64)),
        ("double", Val::String(text)) => text.parse().map(Val::Double).map_err(|_| parsed("strconv.ParseFloat", text)),
        ("bool", Val::String(text)) => match &**text {
            "true" | "TRUE" | "True" | "t" | "1" => Ok(Val::Bool(true)),
            "false" | "FALSE" | "False" | "f" | "0" => Ok(Val::Bool(false)),
            text => Err(parsed("strconv.ParseBool", text)),
        },
        ("string", Val::Bytes(bytes)) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Val::text(text)),
            Err(_) => Err("invalid UTF-8 in bytes, cannot convert to string".to_owned()),
        },
        (
            "string",
            Val::Bool(_)
            | Val::Int(_)
            | Val::Uint(_)
            | Val::Double(_)
            | Val::Timestamp(_)
            | Val::Duration(_)
            | Val::Ip(_)
            | Val::Cidr(..),
        ) => Ok(Val::text(shown(value))),
        ("bytes", Val::String(text)) => Ok(Val::Bytes(Arc::from(text.as_bytes()))),
        ("duration", Val::String(text)) => {
            let nanos = format::go_duration(text).and_then(|nanos| i64::try_from(nanos).ok());
            nanos.map(Val::Duration).ok_or_else(|| format!("time: invalid duration {text:?}"))
        }
        ("duration", Val::Int(nanos)) => Ok(Val::Duration(*nanos)),
        ("timestamp", Val::String(text)) => {
            OffsetDateTime::parse(text, &Rfc3339).map(Val::Timestamp).map_err(|_| failed())
        }
        ("timestamp", Val::Int(seconds)) => OffsetDateTime::from_unix_timestamp(*seconds)
            .map(Val::Timestamp)
            .map_err(|_| "timestamp overflow".to_owned()),
        _ => Err(no_overload()),
    }
}

fn method(name: &str, target: &Val, args: &[Val]) -> Answer {
    match (name, target, args) {
        ("size", _, []) => size(target),
        ("contains", Val::String(text), [Val::String(part)]) => Ok(Val::Bool(text.contains(&**part))),
        ("startsWith", Val::String(text), [Val::String(part)]) => Ok(Val::Bool(text.starts_with(&**part))),
        ("endsWith", Val::String(text), [Val::String(part)]) => Ok(Val::Bool(text.ends_with(&**part))),
        ("matches", Val::String(text), [Val::String(regex)]) => {
            pattern::compile(regex).map(|regex| Val::Bool(regex.is_match(text)))
        }
        (_, Val::Timestamp(time), args) if name.starts_with("get") => of_time(name, *time, args),
        (_, Val::Duration(nanos), []) if name.starts_with("get") => {
            let unit = match name {
                "getHours" => 3_600_000_000_000,
                "getMinutes" => 60_000_000_000,
                "getSeconds" => 1_000_000_000,
                "getMilliseconds" => 1_000_000,
                _ => return Err(no_overload()),
            };
            Ok(Val::Int(nanos / unit))
        }
        (_, Val::String(text), args) => strings::method(name, text, args),
        (_, Val::List(list), args) => collections::method(name, list, args),
        _ => library::method(name, target, args),
    }
}

/// A part of a moment, in UTC or where a fixed offset says.
fn of_time(name: &str, time: OffsetDateTime, args: &[Val]) -> Answer {
    let offset = match args {
        [] => UtcOffset::UTC,
        [Val::String(zone)] => zone_offset(zone).ok_or_else(|| format!("unknown time zone {zone}"))?,
        _ => return Err(no_overload()),
    };
    let time = time.to_offset(offset);
    let part = match name {
        "getFullYear" => i64::from(time.year()),
        "getMonth" => i64::from(u8::from(time.month())) - 1,
        "getDate" => i64::from(time.day()),
        "getDayOfMonth" => i64::from(time.day()) - 1,
        "getDayOfWeek" => i64::from(time.weekday().number_days_from_sunday()),
        "getDayOfYear" => i64::from(time.ordinal()) - 1,
        "getHours" => i64::from(time.hour()),
        "getMinutes" => i64::from(time.minute()),
        "getSeconds" => i64::from(time.second()),
        "getMilliseconds" => i64::from(time.millisecond()),
        _ => return Err(no_overload()),
    };
    Ok(Val::Int(part))
}

fn zone_offset(zone: &str) -> Option<UtcOffset> {
    if zone == "UTC" || zone.is_empty() {
        return Some(UtcOffset::UTC);
    }
    let (sign, rest) = match zone.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, zone.strip_prefix('+').unwrap_or(zone)),
    };
    let (hours, minutes) = rest.split_once(':')?;
    UtcOffset::from_hms(sign * hours.parse::<i8>().ok()?, sign * minutes.parse::<i8>().ok()?, 0).ok()
}

/// A list of values in order.
pub(crate) fn list(items: Vec<Val>) -> Val {
    Val::List(Arc::new(List { items, kind: Order::Ordered }))
}
