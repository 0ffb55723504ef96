//! The URL of a request, taken apart once and strictly: what two parsers could read differently
//! is refused, so that the rules, the client and the server agree on what it means.

use std::fmt;

use url::{Host, Url};

/// The longest URL that is taken. Servers stop at 8 KiB at the latest.
pub const URL_BYTES: usize = 8 << 10;

/// A URL that is not taken, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Too long.
    #[error("the URL is longer than {URL_BYTES} bytes")]
    Long,
    /// Not a URL at all.
    #[error("it is not an absolute URL")]
    NotUrl,
    /// Neither http nor https.
    #[error("the scheme is neither http nor https")]
    Scheme,
    /// Spaces, control characters, backslashes or characters beyond ASCII.
    #[error("it has a character that a URL must percent-encode")]
    Character,
    /// `user:password@`.
    #[error("it has a user or a password")]
    UserInfo,
    /// `#…`.
    #[error("it has a fragment")]
    Fragment,
    /// A host that some parsers read differently: a trailing dot, an empty label, an encoded
    /// character, an IPv4 address in decimal, octal or hexadecimal form.
    #[error("its host is written in a form that programs read differently")]
    Host,
    /// A path that some servers read differently.
    #[error("its path has {0}, which servers read differently")]
    Path(&'static str),
    /// A query that some servers read differently.
    #[error("its query has {0}, which servers read differently")]
    Query(&'static str),
}

/// A request's URL: lower-case host, explicit port, decoded segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestUrl {
    url: Url,
    host: String,
    port: u16,
    segments: Vec<String>,
    query: Vec<(String, String)>,
}

impl RequestUrl {
    /// Takes a URL apart.
    ///
    /// # Errors
    /// When it is none, or when it is one that not every program reads alike.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if text.len() > URL_BYTES {
            return Err(AddressError::Long);
        }
        if text.bytes().any(|byte| !byte.is_ascii_graphic() || b"\\\"<>^`{|}".contains(&byte)) {
            return Err(AddressError::Character);
        }
        if text.contains('#') {
            return Err(AddressError::Fragment);
        }
        let (scheme, rest) = text.split_once("://").ok_or(AddressError::NotUrl)?;
        if !matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") {
            return Err(AddressError::Scheme);
        }
        let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (path, query) = tail.split_once('?').map_or((tail, None), |(path, query)| (path, Some(query)));
        if authority.contains('@') {
            return Err(AddressError::UserInfo);
        }
        check_path(path)?;
        let query = query.map_or_else(|| Ok(Vec::new()), parse_query)?;
        let url = Url::parse(text).map_err(|_| AddressError::NotUrl)?;
        let host = check_host(authority, &url)?;
        let port = url.port_or_known_default().ok_or(AddressError::Scheme)?;
        let segments = split_path(url.path())?;
        Ok(Self { url, host, port, segments, query })
    }

    /// As it is sent.
    pub fn as_url(&self) -> &Url {
        &self.url
    }

    /// `https` or `http`.
    pub fn scheme(&self) -> &str {
        self.url.scheme()
    }

    /// In lower case; an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, the scheme's own where the URL names none.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The path's segments, percent-decoded.
    pub fn segments(&self) -> &[String] {
        &self.segments
    }

    /// The query's parameters, decoded, in order.
    pub fn query(&self) -> &[(String, String)] {
        &self.query
    }

    /// The URL without its query values, which may be long and tell too much: for logs.
    pub fn summary(&self) -> String {
        let mut bare = self.url.clone();
        bare.set_query(None);
        let mut text = bare.to_string();
        for (at, (name, _)) in self.query.iter().enumerate() {
            text.push(if at == 0 { '?' } else { '&' });
            text.extend(url::form_urlencoded::byte_serialize(name.as_bytes()));
        }
        text
    }
}

impl fmt::Display for RequestUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary())
    }
}

fn check_host(authority: &str, url: &Url) -> Result<String, AddressError> {
    // What stands in the text must be what the parser made of it: then no decoding, no IDNA
    // mapping and no number form was at work.
    let host = url.host_str().ok_or(AddressError::Host)?;
    let written = authority.to_ascii_lowercase();
    let port = written.strip_prefix(host).ok_or(AddressError::Host)?;
    let port_is_plain = match port.strip_prefix(':') {
        Some(digits) => {
            !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.is_empty()
        }
        None => port.is_empty(),
    };
    let labels_are_plain = match url.host() {
        Some(Host::Domain(name)) => {
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
            name.split('.').all(|label| !label.is_empty() && label.len() <= 63 && label.bytes().all(plain))
        }
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        None => false,
    };
    if port_is_plain && labels_are_plain { Ok(host.to_owned()) } else { Err(AddressError::Host) }
}

fn check_path(path: &str) -> Result<(), AddressError> {
    if path.contains("//") {
        return Err(AddressError::Path("an empty segment"));
    }
    if path.contains(';') {
        return Err(AddressError::Path("a `;`"));
    }
    for segment in path.split('/') {
        let decoded = decode(segment).ok_or(AddressError::Path("an encoding that is not UTF-8"))?;
        if decoded == "." || decoded == ".." {
            return Err(AddressError::Path("a dot segment"));
        }
        if segment.contains('%') && decoded.contains(['/', '\\', ';', '.', '%', '?', '#']) {
            let literal = segment.bytes().filter(|byte| *byte == b'.').count();
            let dots = decoded.bytes().filter(|byte| *byte == b'.').count();
            if dots != literal || decoded.contains(['/', '\\', ';', '%', '?', '#']) {
                return Err(AddressError::Path("an encoded `/`, `\\`, `.`, `;`, `?`, `#` or `%`"));
            }
        }
        if decoded.chars().any(char::is_control) {
            return Err(AddressError::Path("a control character"));
        }
    }
    Ok(())
}

fn parse_query(query: &str) -> Result<Vec<(String, String)>, AddressError> {
    if query.contains(';') {
        return Err(AddressError::Query("a `;`"));
    }
    if query.contains('+') {
        return Err(AddressError::Query("a `+`"));
    }
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let plain = |text: &str| decode(text).ok_or(AddressError::Query("an encoding that is not UTF-8"));
        Ok((plain(name)?, plain(value)?))
    });
    pairs.collect()
}

/// The decoded segments of a path; `/` alone is one empty segment.
pub(super) fn split_path(path: &str) -> Result<Vec<String>, AddressError> {
    let inside = path.strip_prefix('/').unwrap_or(path);
    let decoded =
        inside.split('/').map(|segment| decode(segment).ok_or(AddressError::Path("an encoding that is not UTF-8")));
    decoded.collect()
}

/// Percent-decoding; none for a `%` without two hex digits or for what is not UTF-8.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[track_caller]
    fn refused(url: &str, expected: &AddressError) {
        assert_eq!(RequestUrl::parse(url).as_ref().map(RequestUrl::summary), Err(expected), "{url}");
    }

    #[test]
    fn a_plain_url_is_taken_apart() {
        let url = RequestUrl::parse("https://API.example.com/v2/a%20b/c?page=2&q=x%20y").unwrap();
        assert_eq!((url.scheme(), url.host(), url.port()), ("https", "api.example.com", 443));
        assert_eq!(url.segments(), ["v2", "a b", "c"]);
        assert_eq!(url.query(), [("page".to_owned(), "2".to_owned()), ("q".to_owned(), "x y".to_owned())]);
        assert_eq!(url.summary(), "https://api.example.com/v2/a%20b/c?page&q");
    }

    #[test]
    fn rt05_other_spellings_of_an_ipv4_address_are_refused() {
        for host in ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0x7f.1", "127.0.0.01", "017700000001"] {
            refused(&format!("http://{host}/"), &AddressError::Host);
        }
        assert_eq!(RequestUrl::parse("http://127.0.0.1:8080/").unwrap().host(), "127.0.0.1");
        assert_eq!(RequestUrl::parse("http://[::1]:8080/").unwrap().host(), "[::1]");
        refused("http://[0:0:0:0:0:0:0:1]/", &AddressError::Host);
    }

    #[test]
    fn rt06_hosts_that_look_like_another_are_refused() {
        refused("https://api.example.com@evil.com/", &AddressError::UserInfo);
        refused("https://api.example.com:x@evil.com/", &AddressError::UserInfo);
        refused("https://api.example.com./", &AddressError::Host);
        refused("https://api..example.com/", &AddressError::Host);
        refused("https://api%2eexample.com/", &AddressError::Host);
        refused("https://аpi.example.com/", &AddressError::Character);
        refused("https://api.example.com\\@evil.com/", &AddressError::Character);
        refused("https:/api.example.com/", &AddressError::NotUrl);
        refused("https:///api.example.com/", &AddressError::Host);
        refused("https://api.example.com:/", &AddressError::Host);
        refused("https://api.example.com:0443/", &AddressError::Host);
        refused("ftp://api.example.com/", &AddressError::Scheme);
        refused("//api.example.com/", &AddressError::NotUrl);
    }

    #[test]
    fn rt10_paths_that_servers_read_differently_are_refused() {
        let encoded = AddressError::Path("an encoded `/`, `\\`, `.`, `;`, `?`, `#` or `%`");
        for path in ["a%2fb", "a%5cb", "a%3bb", "%252e%252e", "a%2eb", "x%3f", "x%23"] {
            refused(&format!("https://h/v2/{path}"), &encoded);
        }
        for path in ["../x", "./x", "%2e%2e/x", ".%2E/x", "a/.."] {
            refused(&format!("https://h/v2/{path}"), &AddressError::Path("a dot segment"));
        }
        refused("https://h/v2//x", &AddressError::Path("an empty segment"));
        refused("https://h//v2", &AddressError::Path("an empty segment"));
        refused("https://h/v2;x=1/y", &AddressError::Path("a `;`"));
        refused("https://h/v2/%00", &AddressError::Path("a control character"));
        refused("https://h/v2/%0d%0aHost:x", &AddressError::Path("a control character"));
        refused("https://h/v2/%zz", &AddressError::Path("an encoding that is not UTF-8"));
        refused("https://h/v2/%ff", &AddressError::Path("an encoding that is not UTF-8"));
        refused("https://h/v2#x", &AddressError::Fragment);
        refused("https://h/v2?a=1;b=2", &AddressError::Query("a `;`"));
        // A space to a form's parser, a plus to a URI's: a bound value would be judged as one and read as the other.
        refused("https://h/v2?a=x+y", &AddressError::Query("a `+`"));
        refused("https://h/v2 x", &AddressError::Character);
        refused("https://h/v2\r\nx", &AddressError::Character);
        refused(&format!("https://h/{}", "x".repeat(URL_BYTES)), &AddressError::Long);
        // A dot inside of a name means the same everywhere.
        assert_eq!(RequestUrl::parse("https://h/v2/a.b%20c").unwrap().segments(), ["v2", "a.b c"]);
    }
}
