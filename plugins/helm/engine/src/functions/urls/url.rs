//! A URL in parts, read and written as Go's package `net/url` does.

use bstr::ByteSlice;

use super::address;
use super::escape::{Part, escape, quoted, unescape};
use crate::format::runes;

/// A URL in parts, each without its escapes but for the query and what is opaque.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Url {
    /// In small letters, without the colon.
    pub scheme: Vec<u8>,
    /// What follows the scheme where that is no slash: `a@b` of `mailto:a@b`.
    pub opaque: Vec<u8>,
    /// The name before the host.
    pub user: Option<User>,
    /// The host with its port.
    pub host: Vec<u8>,
    /// The path, with the slash at its beginning.
    pub path: Vec<u8>,
    /// The query, without the question mark.
    pub query: Vec<u8>,
    /// The fragment, without the number sign.
    pub fragment: Vec<u8>,
}

/// A user's name, with or without a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    name: Vec<u8>,
    password: Option<Vec<u8>>,
}

impl User {
    /// `name:password`, with escapes.
    pub(super) fn text(&self) -> Vec<u8> {
        let mut text = escape(&self.name, Part::UserPassword);
        if let Some(password) = &self.password {
            text.push(b':');
            text.extend_from_slice(&escape(password, Part::UserPassword));
        }
        text
    }
}

fn cut(text: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    match text.find_byte(separator) {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..)),
        None => (text, None),
    }
}

/// Reads a URL, absolute or not.
///
/// # Errors
/// What is wrong with it: `parse ":x": missing protocol scheme`.
pub fn parse(url: impl AsRef<[u8]>) -> Result<Url, String> {
    let whole = url.as_ref();
    let (text, fragment) = cut(whole, b'#');
    let mut url = without_fragment(text).map_err(|message| format!("parse {}: {message}", quoted(text)))?;
    url.fragment = unescape(fragment.unwrap_or_default(), Part::Fragment)
        .map_err(|message| format!("parse {}: {message}", quoted(whole)))?;
    Ok(url)
}

fn without_fragment(text: &[u8]) -> Result<Url, String> {
    let mut url = Url::default();
    if text.iter().any(u8::is_ascii_control) {
        return Err("net/url: invalid control character in URL".to_owned());
    }
    if text == b"*" {
        url.path = text.to_vec();
        return Ok(url);
    }
    let (scheme, rest) = scheme(text)?;
    url.scheme = scheme.to_ascii_lowercase();
    let (mut rest, query) = cut(rest, b'?');
    url.query = query.unwrap_or_default().to_vec();
    if !rest.starts_with(b"/") {
        if !url.scheme.is_empty() {
            url.opaque = rest.to_vec();
            return Ok(url);
        }
        if cut(rest, b'/').0.contains(&b':') {
            return Err("first path segment in URL cannot contain colon".to_owned());
        }
    }
    if (!url.scheme.is_empty() || !rest.starts_with(b"///"))
        && let Some(behind) = rest.strip_prefix(b"//")
    {
        let end = behind.find_byte(b'/').unwrap_or(behind.len());
        let (authority, path) = behind.split_at(end);
        (url.user, url.host) = user_and_host(authority)?;
        rest = path;
    }
    url.path = unescape(rest, Part::Path)?;
    Ok(url)
}

/// The scheme, empty where there is none, and what comes behind its colon.
fn scheme(text: &[u8]) -> Result<(&[u8], &[u8]), String> {
    let none = Ok((b"".as_slice(), text));
    for (index, byte) in text.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if index > 0 => {}
            b':' if index == 0 => return Err("missing protocol scheme".to_owned()),
            b':' => return Ok((text.get(..index).unwrap_or_default(), text.get(index + 1..).unwrap_or_default())),
            _ => return none,
        }
    }
    none
}

fn user_and_host(authority: &[u8]) -> Result<(Option<User>, Vec<u8>), String> {
    let Some(at) = authority.rfind_byte(b'@') else { return Ok((None, host(authority)?)) };
    let host = host(authority.get(at + 1..).unwrap_or_default())?;
    let text = authority.get(..at).unwrap_or_default();
    let valid = |character: char| character.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(character);
    if !runes::indices(text).all(|(_, character)| character.is_some_and(valid)) {
        return Err("net/url: invalid userinfo".to_owned());
    }
    let (name, password) = cut(text, b':');
    let name = unescape(name, Part::UserPassword)?;
    let password = password.map(|password| unescape(password, Part::UserPassword)).transpose()?;
    Ok((Some(User { name, password }), host))
}

/// A port with its colon, or nothing.
fn is_port(text: &[u8]) -> bool {
    match text.split_first() {
        None => true,
        Some((b':', digits)) => digits.iter().all(u8::is_ascii_digit),
        Some(_) => false,
    }
}

fn host(text: &[u8]) -> Result<Vec<u8>, String> {
    let port = |port: &[u8]| match is_port(port) {
        true => Ok(()),
        false => Err(format!("invalid port {} after host", quoted(port))),
    };
    match text.rfind_byte(b'[') {
        None => {
            if let Some(colon) = text.rfind_byte(b':') {
                port(text.get(colon..).unwrap_or_default())?;
            }
            unescape(text, Part::Host)
        }
        Some(0) => {
            let end = text.rfind_byte(b']').ok_or("missing ']' in host")?;
            let (address, behind) = text.split_at(end);
            let behind = behind.get(1..).unwrap_or_default();
            port(behind)?;
            let address = address.get(1..).unwrap_or_default();
            let (address, zone) = address.split_at(address.find(b"%25").unwrap_or(address.len()));
            let mut name = unescape(address, Part::Host)?;
            name.extend_from_slice(&unescape(zone, Part::Zone)?);
            address::check(&name)?;
            Ok([b"[".as_slice(), &name, b"]", behind].concat())
        }
        Some(_) => Err("invalid IP-literal".to_owned()),
    }
}

impl Url {
    /// The host without its port and without brackets.
    pub fn hostname(&self) -> &[u8] {
        let host = self.host.as_slice();
        let host = match host.rfind_byte(b':').map(|colon| host.split_at(colon)) {
            Some((host, port)) if is_port(port) => host,
            _ => host,
        };
        host.strip_prefix(b"[").and_then(|inner| inner.strip_suffix(b"]")).unwrap_or(host)
    }

    /// The whole URL, with escapes where they must be.
    pub(super) fn text(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if !self.scheme.is_empty() {
            out.extend_from_slice(&self.scheme);
            out.push(b':');
        }
        if self.opaque.is_empty() {
            self.append_hierarchy(&mut out);
        } else {
            out.extend_from_slice(&self.opaque);
        }
        if !self.query.is_empty() {
            out.push(b'?');
            out.extend_from_slice(&self.query);
        }
        if !self.fragment.is_empty() {
            out.push(b'#');
            out.extend_from_slice(&escape(&self.fragment, Part::Fragment));
        }
        out
    }

    fn append_hierarchy(&self, out: &mut Vec<u8>) {
        let with_host = !self.host.is_empty() || self.user.is_some();
        if with_host || !self.scheme.is_empty() && !self.path.is_empty() {
            out.extend_from_slice(b"//");
        }
        if let Some(user) = &self.user {
            out.extend_from_slice(&user.text());
            out.push(b'@');
        }
        out.extend_from_slice(&escape(&self.host, Part::Host));
        if self.path.first().is_some_and(|first| *first != b'/') && !self.host.is_empty() {
            out.push(b'/');
        }
        let path = if self.path == b"*" { self.path.clone() } else { escape(&self.path, Part::Path) };
        if out.is_empty() && cut(&path, b'/').0.contains(&b':') {
            // A first segment with a colon would be taken for a scheme.
            out.extend_from_slice(b"./");
        }
        out.extend_from_slice(&path);
    }
}
