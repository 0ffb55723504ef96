//! Functions of text.

use super::functions::{Answer, list, no_overload, shown};
use super::value::Val;
use crate::crd::pattern;
use crate::crd::validate::go_float;

/// Methods of text; places are counted in characters.
pub(crate) fn method(name: &str, text: &str, args: &[Val]) -> Answer {
    let count = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    match (name, args) {
        ("charAt", [Val::Int(at)]) => match at {
            at if *at < 0 || *at > count => Err(format!("index out of range: {at}")),
            at => Ok(Val::text(part(text, *at, *at + 1))),
        },
        ("indexOf", [Val::String(wanted)]) => Ok(Val::Int(index_of(text, wanted, 0).unwrap_or(-1))),
        ("indexOf", [Val::String(wanted), Val::Int(from)]) => match from {
            from if *from < 0 || *from > count => Err(format!("index out of range: {from}")),
            from => Ok(Val::Int(index_of(text, wanted, *from).unwrap_or(-1))),
        },
        ("lastIndexOf", [Val::String(wanted)]) => Ok(Val::Int(last_index_of(text, wanted, count).unwrap_or(-1))),
        ("lastIndexOf", [Val::String(wanted), Val::Int(from)]) => match from {
            from if *from < 0 || *from > count => Err(format!("index out of range: {from}")),
            from => Ok(Val::Int(last_index_of(text, wanted, *from).unwrap_or(-1))),
        },
        ("lowerAscii", []) => Ok(Val::text(text.to_ascii_lowercase())),
        ("upperAscii", []) => Ok(Val::text(text.to_ascii_uppercase())),
        ("trim", []) => Ok(Val::text(text.trim())),
        ("reverse", []) => Ok(Val::text(text.chars().rev().collect::<String>())),
        ("replace", [Val::String(old), Val::String(new)]) => replace(text, old, new, usize::MAX),
        ("replace", [Val::String(old), Val::String(new), Val::Int(most)]) => {
            replace(text, old, new, usize::try_from(*most).unwrap_or(usize::MAX))
        }
        ("split", [Val::String(separator)]) => Ok(split(text, separator, -1)),
        ("split", [Val::String(separator), Val::Int(most)]) => Ok(split(text, separator, *most)),
        ("substring", [Val::Int(from)]) => match from {
            from if *from < 0 || *from > count => Err(format!("index out of range: {from}")),
            from => Ok(Val::text(part(text, *from, count))),
        },
        ("substring", [Val::Int(from), Val::Int(to)]) => {
            if from > to {
                return Err(format!("invalid substring range. start: {from}, end: {to}"));
            }
            match (0..=count).contains(from) && (0..=count).contains(to) {
                true => Ok(Val::text(part(text, *from, *to))),
                false => Err(format!("index out of range: {}", if (0..=count).contains(from) { to } else { from })),
            }
        }
        ("find", [Val::String(regex)]) => {
            let regex = pattern::compile(regex)?;
            Ok(Val::text(regex.find(text).map_or("", |found| found.as_str())))
        }
        ("findAll", [Val::String(regex), rest @ ..]) => {
            let most = match rest {
                [] => usize::MAX,
                [Val::Int(most)] => usize::try_from(*most).unwrap_or(usize::MAX),
                _ => return Err(no_overload()),
            };
            let regex = pattern::compile(regex)?;
            Ok(list(regex.find_iter(text).take(most).map(|found| Val::text(found.as_str())).collect()))
        }
        ("format", [Val::List(args)]) => format(text, &args.items),
        _ => Err(no_overload()),
    }
}

/// Puts a text in the place of another, so often at most; a result that no request could hold is refused.
fn replace(text: &str, old: &str, new: &str, most: usize) -> Answer {
    const LARGEST: usize = 16 * 1024 * 1024;
    let times = text.matches(old).take(most).count();
    match text.len().saturating_add(times.saturating_mul(new.len())) {
        ..=LARGEST => Ok(Val::text(text.replacen(old, new, most))),
        size => Err(format!("replace: a result of {size} bytes is too large")),
    }
}

fn part(text: &str, from: i64, to: i64) -> String {
    let (from, to) = (usize::try_from(from).unwrap_or(0), usize::try_from(to).unwrap_or(0));
    text.chars().skip(from).take(to.saturating_sub(from)).collect()
}

fn index_of(text: &str, wanted: &str, from: i64) -> Option<i64> {
    let from = usize::try_from(from).ok()?;
    let start = text.char_indices().nth(from).map_or(text.len(), |(at, _)| at);
    let at = text.get(start..)?.find(wanted)?;
    let before = text.get(start..start + at)?.chars().count();
    i64::try_from(from + before).ok()
}

fn last_index_of(text: &str, wanted: &str, from: i64) -> Option<i64> {
    let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    let found = (0i64..).zip(starts).filter(|(at, start)| *at <= from && text[*start..].starts_with(wanted));
    found.map(|(at, _)| at).last()
}

fn split(text: &str, separator: &str, most: i64) -> Val {
    let parts: Vec<String> = match (usize::try_from(most), separator) {
        (Ok(0), _) => Vec::new(),
        (Ok(most), "") => {
            let chars: Vec<char> = text.chars().collect();
            let single = chars.iter().take(most - 1).map(ToString::to_string);
            let rest: String = chars.iter().skip(most - 1).collect();
            single.chain((!rest.is_empty()).then_some(rest)).collect()
        }
        (Ok(most), separator) => text.splitn(most, separator).map(ToOwned::to_owned).collect(),
        (Err(_), "") => text.chars().map(|char| char.to_string()).collect(),
        (Err(_), separator) => text.split(separator).map(ToOwned::to_owned).collect(),
    };
    list(parts.into_iter().map(Val::text).collect())
}

/// A text in quotes, with what is not printable escaped.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for char in text.chars() {
        match char {
            '\x07' => quoted.push_str("\\a"),
            '\x08' => quoted.push_str("\\b"),
            '\x0c' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\x0b' => quoted.push_str("\\v"),
            '\\' => quoted.push_str("\\\\"),
            '"' => quoted.push_str("\\\""),
            char => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}

/// `"%s is %d".format([…])`
fn format(text: &str, args: &[Val]) -> Answer {
    let mut made = String::new();
    let mut args = args.iter().enumerate();
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        if char != '%' {
            made.push(char);
            continue;
        }
        if chars.peek() == Some(&'%') {
            chars.next();
            made.push('%');
            continue;
        }
        let mut precision = None;
        if chars.peek() == Some(&'.') {
            chars.next();
            let mut digits = String::new();
            while let Some(digit) = chars.peek().filter(|char| char.is_ascii_digit()) {
                digits.push(*digit);
                chars.next();
            }
            precision = digits.parse::<usize>().ok().map(|digits| digits.min(100));
        }
        let verb = chars.next().ok_or("unexpected end of format string")?;
        let (index, arg) = args.next().ok_or_else(|| format!("index {} out of range", args.len()))?;
        let made_of = clause(verb, precision, arg);
        made.push_str(&made_of.map_err(|what| format!("error during formatting: {what} at index {index}"))?);
    }
    Ok(Val::text(made))
}

fn clause(verb: char, precision: Option<usize>, arg: &Val) -> Result<String, String> {
    let float = match arg {
        Val::Double(number) => Some(*number),
        Val::Int(number) => Some(*number as f64),
        Val::Uint(number) => Some(*number as f64),
        _ => None,
    };
    let wrong = |clause: &str| format!("{clause} clause can only be used on numbers, was given {}", arg.type_name());
    match (verb, arg) {
        ('s', Val::Double(number)) => Ok(go_float(*number)),
        ('s', arg) => Ok(shown(arg)),
        ('d', Val::Int(_) | Val::Uint(_)) => Ok(shown(arg)),
        ('d', Val::Double(number)) if !number.is_finite() => Ok(go_float(*number)),
        ('d', arg) => Err(format!("decimal clause can only be used on integers, was given {}", arg.type_name())),
        ('f', _) => {
            let number = float.ok_or_else(|| wrong("fixed-point"))?;
            Ok(grouped(&format!("{number:.*}", precision.unwrap_or(6))))
        }
        ('e', _) => {
            let number = float.ok_or_else(|| wrong("scientific"))?;
            let text = format!("{number:.*e}", precision.unwrap_or(6));
            let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let (sign, exponent) = exponent.strip_prefix('-').map_or(("", exponent), |exponent| ("⁻", exponent));
            let raised: String = format!("{exponent:0>2}").chars().filter_map(raised).collect();
            Ok(format!("{digits} × 10{sign}{raised}"))
        }
        ('b', Val::Bool(is)) => Ok(if *is { "1" } else { "0" }.to_owned()),
        ('b', Val::Int(number)) => Ok(signed(*number, |size| format!("{size:b}"))),
        ('b', Val::Uint(number)) => Ok(format!("{number:b}")),
        ('x', Val::Int(number)) => Ok(signed(*number, |size| format!("{size:x}"))),
        ('X', Val::Int(number)) => Ok(signed(*number, |size| format!("{size:X}"))),
        ('x', Val::Uint(number)) => Ok(format!("{number:x}")),
        ('X', Val::Uint(number)) => Ok(format!("{number:X}")),
        ('x', Val::String(text)) => Ok(text.bytes().map(|byte| format!("{byte:x}")).collect()),
        ('X', Val::String(text)) => Ok(text.bytes().map(|byte| format!("{byte:X}")).collect()),
        ('x', Val::Bytes(bytes)) => Ok(bytes.iter().map(|byte| format!("{byte:x}")).collect()),
        ('X', Val::Bytes(bytes)) => Ok(bytes.iter().map(|byte| format!("{byte:X}")).collect()),
        ('o', Val::Int(number)) => Ok(signed(*number, |size| format!("{size:o}"))),
        ('o', Val::Uint(number)) => Ok(format!("{number:o}")),
        (verb @ ('b' | 'x' | 'X' | 'o'), arg) => {
            Err(format!("%{verb} clause can only be used on integers, was given {}", arg.type_name()))
        }
        (verb, _) => Err(format!("unrecognized formatting clause \"{verb}\"")),
    }
}

/// A digit as an exponent.
fn raised(digit: char) -> Option<char> {
    "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().nth(usize::try_from(digit.to_digit(10)?).ok()?)
}

/// A number with a comma before each three digits, as upstream's locale has it.
fn grouped(number: &str) -> String {
    let (sign, rest) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (whole, fraction) = rest.split_once('.').map_or((rest, None), |(whole, fraction)| (whole, Some(fraction)));
    if !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return number.to_owned();
    }
    let mut made = sign.to_owned();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            made.push(',');
        }
        made.push(digit);
    }
    match fraction {
        Some(fraction) => format!("{made}.{fraction}"),
        None => made,
    }
}

fn signed(number: i64, write: impl Fn(u64) -> String) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", write(number.unsigned_abs()))
}
