//! URLs of schemas: how references are resolved, and pointers written into them.

use std::borrow::Cow;

/// A URL and what is behind its `#`.
pub(super) fn split(url: &str) -> (&str, &str) {
    url.split_once('#').unwrap_or((url, ""))
}

/// Go's `ResolveReference`, of what has no fragment.
pub(super) fn resolve(base: &str, reference: &str) -> String {
    let (base, reference) = (Url::parse(base), Url::parse(reference));
    if reference.opaque {
        return reference.text;
    }
    if !reference.scheme.is_empty() || reference.authority.is_some() {
        let path = absolute("", &reference.path);
        let scheme = if reference.scheme.is_empty() { base.scheme } else { reference.scheme };
        return format!("{scheme}//{}{path}{}", reference.authority.unwrap_or_default(), reference.query);
    }
    if base.opaque {
        return base.text;
    }
    let query = if reference.path.is_empty() && reference.query.is_empty() { base.query } else { reference.query };
    let path = absolute(&base.path, &reference.path);
    format!("{}//{}{path}{query}", base.scheme, base.authority.unwrap_or_default())
}

struct Url {
    text: String,
    /// With its colon.
    scheme: String,
    authority: Option<String>,
    path: String,
    /// With its question mark.
    query: String,
    /// Nothing but a scheme and a name: `urn:example:schema`.
    opaque: bool,
}

impl Url {
    fn parse(text: &str) -> Self {
        let is_scheme = |scheme: &&str| {
            scheme.starts_with(|first: char| first.is_ascii_alphabetic())
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
        };
        let (scheme, rest) = match text.split_once(':') {
            Some((scheme, rest)) if is_scheme(&scheme) => (format!("{}:", scheme.to_ascii_lowercase()), rest),
            _ => (String::new(), text),
        };
        let (rest, query) = match rest.find('?') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => {
                let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                (Some(authority.to_owned()), path)
            }
            None => (None, rest),
        };
        let opaque = !scheme.is_empty() && authority.is_none() && !path.starts_with('/');
        Self { text: text.to_owned(), scheme, authority, path: path.to_owned(), query: query.to_owned(), opaque }
    }
}

/// A path from another one, without `.` and `..`.
fn absolute(base: &str, path: &str) -> String {
    let full = match (path.starts_with('/'), path.is_empty()) {
        (_, true) => base.to_owned(),
        (true, _) => path.to_owned(),
        _ => format!("{}/{path}", base.rsplit_once('/').map_or("", |(folder, _)| folder)),
    };
    if full.is_empty() {
        return full;
    }
    let mut parts: Vec<&str> = Vec::new();
    let mut open = false;
    for part in full.trim_start_matches('/').split('/') {
        open = matches!(part, "." | "..");
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}{}", parts.join("/"), if open && !parts.is_empty() { "/" } else { "" })
}

/// A name as a part of a pointer.
pub(super) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The name that a part of a pointer stands for; `None` for one that is not written as it should be.
pub(super) fn unescape(part: &str) -> Option<Cow<'_, str>> {
    if !part.contains('~') {
        return Some(Cow::Borrowed(part));
    }
    let mut name = String::with_capacity(part.len());
    let mut characters = part.chars();
    while let Some(character) = characters.next() {
        name.push(match character {
            '~' => match characters.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            },
            character => character,
        });
    }
    Some(Cow::Owned(name))
}

/// A pointer as the fragment of a URL: Go's `PathEscape` of its parts.
pub(super) fn encode(pointer: &str) -> String {
    let mut out = String::with_capacity(pointer.len());
    for byte in pointer.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => out.push(char::from(byte)),
            b'-' | b'_' | b'.' | b'~' | b'$' | b'&' | b'+' | b'=' | b':' | b'@' | b'/' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Go's `PathUnescape`.
pub(super) fn decode(text: &str) -> Result<String, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        if *first != b'%' {
            out.push(*first);
            rest = after;
            continue;
        }
        let hexadecimal = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        match after {
            [high, low, after @ ..] if let (Some(high), Some(low)) = (hexadecimal(high), hexadecimal(low)) => {
                out.push(high * 16 + low);
                rest = after;
            }
            _ => {
                let wrong = String::from_utf8_lossy(rest.get(..3).unwrap_or(rest)).into_owned();
                return Err(format!("invalid URL escape {wrong:?}"));
            }
        }
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}
