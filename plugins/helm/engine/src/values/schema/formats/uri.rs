//! Formats of URIs, as Go's `net/url` takes and refuses them.

use super::super::documents::quote;
use super::address::{self, address};
use super::fail;

/// What of a URI is asked for.
pub(super) struct Uri<'a> {
    has_scheme: bool,
    host: String,
    path: &'a str,
}

pub(super) fn uri(text: &str) -> Result<(), String> {
    if with_host(text)?.has_scheme { Ok(()) } else { fail("relative url") }
}

pub(super) fn reference(text: &str) -> Result<(), String> {
    with_host(text).map(drop)
}

pub(super) fn template(text: &str) -> Result<(), String> {
    for part in with_host(text)?.path.split('/') {
        let mut open = false;
        for brace in part.chars().filter(|character| matches!(character, '{' | '}')) {
            if (brace == '{') == open {
                return fail("nested curly braces");
            }
            open = !open;
        }
        if open {
            return fail("no matching closing brace");
        }
    }
    Ok(())
}

/// Go's `url.Parse`.
pub(super) fn parse(text: &str) -> Result<Uri<'_>, String> {
    let (url, fragment) = text.split_once('#').unwrap_or((text, ""));
    let parsed = parse_url(url).map_err(|error| format!("parse {}: {error}", quote(url)))?;
    unescaped(fragment).map_err(|error| format!("parse {}: {error}", quote(text)))?;
    Ok(parsed)
}

/// A URI whose host has been looked at: Go's parser lets pass what is an IPv6 address and has no brackets.
fn with_host(text: &str) -> Result<Uri<'_>, String> {
    let parsed = parse(text)?;
    let port = parsed.host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let name = if parsed.host.ends_with(']') { &parsed.host } else { port.map_or(&*parsed.host, |(name, _)| name) };
    let inner = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    if inner.unwrap_or(name).contains(':') {
        match inner {
            None => return Err("ipv6 address not enclosed in brackets".to_owned()),
            Some(inner) => address::ipv6(inner).map_err(|error| format!("invalid ipv6 address: {error}"))?,
        }
    }
    Ok(parsed)
}

fn parse_url(url: &str) -> Result<Uri<'_>, String> {
    if url.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
        return Err("net/url: invalid control character in URL".to_owned());
    }
    let (has_scheme, rest) = scheme(url)?;
    let rest = rest.split_once('?').map_or(rest, |(rest, _)| rest);
    let mut parsed = Uri { has_scheme, host: String::new(), path: rest };
    if !rest.starts_with('/') {
        if has_scheme {
            parsed.path = "";
            return Ok(parsed);
        }
        if rest.split('/').next().is_some_and(|segment| segment.contains(':')) {
            return Err("first path segment in URL cannot contain colon".to_owned());
        }
    }
    if let Some(after) = rest.strip_prefix("//").filter(|after| has_scheme || !after.starts_with('/')) {
        let (authority, path) = after.split_at(after.find('/').unwrap_or(after.len()));
        parsed.host = host(authority)?;
        parsed.path = path;
    }
    unescaped(parsed.path)?;
    Ok(parsed)
}

/// Whether there is a scheme, and what comes after it.
fn scheme(url: &str) -> Result<(bool, &str), String> {
    for (index, byte) in url.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if index > 0 => {}
            b':' if index == 0 => return Err("missing protocol scheme".to_owned()),
            b':' => return Ok((true, url.get(index + 1..).unwrap_or_default())),
            _ => break,
        }
    }
    Ok((false, url))
}

/// The host of an authority, with its port.
fn host(authority: &str) -> Result<String, String> {
    let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
    let port = |port: &str| {
        let digits = port.strip_prefix(':');
        if port.is_empty() || digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit())) {
            return Ok(());
        }
        Err(format!("invalid port {} after host", quote(port)))
    };
    let found = if let Some((_, literal)) = host.rsplit_once('[') {
        let Some((name, rest)) = literal.rsplit_once(']') else { return Err("missing ']' in host".to_owned()) };
        port(rest)?;
        let name = match name.find("%25") {
            Some(zone) => {
                let (name, zone) = name.split_at(zone);
                format!("{}{}", in_host(name)?, unescaped(zone)?)
            }
            None => in_host(name)?,
        };
        let parsed = address(&name).map_err(|error| format!("invalid host: {error}"))?;
        if parsed.is_v4 {
            return Err("invalid IP-literal".to_owned());
        }
        format!("[{name}]{rest}")
    } else {
        if let Some(colon) = host.rfind(':') {
            port(host.get(colon..).unwrap_or_default())?;
        }
        in_host(host)?
    };
    if let Some(user) = user {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte);
        if !user.bytes().all(allowed) {
            return Err("net/url: invalid userinfo".to_owned());
        }
        unescaped(user)?;
    }
    Ok(found)
}

fn in_host(text: &str) -> Result<String, String> {
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let escape = rest.get(at..at + 3).unwrap_or(rest.get(at..).unwrap_or_default());
        // Only what is no ASCII may be escaped there.
        if escape != "%25" && matches!(escape.as_bytes().get(1), Some(b'0'..=b'7')) {
            return Err(format!("invalid URL escape {}", quote(escape)));
        }
        rest = rest.get(at + 1..).unwrap_or_default();
    }
    let decoded = unescaped(text)?;
    let allowed = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || "-_.~!$&'()*+,;=:[]<>\"%".contains(c);
    match text.chars().find(|character| !allowed(*character)) {
        Some(character) => Err(format!("invalid character {} in host name", quote(&character.to_string()))),
        None => Ok(decoded),
    }
}

fn unescaped(text: &str) -> Result<String, String> {
    super::super::url::decode(text)
}
