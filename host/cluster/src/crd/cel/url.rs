//! URLs in expressions, taken apart as Go's `url.ParseRequestURI` does.

use crate::crd::format;

/// A URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) scheme: String,
    /// With the port: `example.com:80`, `[::1]:80`.
    pub(crate) host: String,
    /// Escaped.
    pub(crate) path: String,
    /// Without the question mark.
    pub(crate) query: String,
}

impl Url {
    /// Reads an absolute URL or an absolute path.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if !format::matches("uri", text) {
            return None;
        }
        let text = text.split_once('#').map_or(text, |(text, _)| text);
        let (scheme, rest) = match text.starts_with('/') {
            true => (String::new(), text),
            false => text.split_once(':').map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest))?,
        };
        let (host, rest) = match rest.strip_prefix("//").filter(|_| !scheme.is_empty()) {
            Some(rest) => rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len())),
            None => ("", rest),
        };
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        let escaped = |char: char| match char {
            ' ' | '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}' => format!("%{:02X}", u32::from(char)),
            char if char.is_ascii() => char.to_string(),
            char => char.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect(),
        };
        let path = path.chars().map(escaped).collect();
        Some(Self { scheme, host: host.to_owned(), path, query: query.to_owned() })
    }

    /// The host without its port and brackets.
    pub(crate) fn hostname(&self) -> &str {
        match self.host.strip_prefix('[').and_then(|host| host.split_once(']')) {
            Some((host, _)) => host,
            None => self.host.split_once(':').map_or(self.host.as_str(), |(host, _)| host),
        }
    }

    /// The port, if one is written.
    pub(crate) fn port(&self) -> &str {
        let tail = self.host.rsplit_once(']').map_or(self.host.as_str(), |(_, tail)| tail);
        tail.split_once(':').map_or("", |(_, port)| port)
    }

    /// The query's values by their keys, in the order of the query.
    pub(crate) fn query(&self) -> Vec<(String, Vec<String>)> {
        let mut found: Vec<(String, Vec<String>)> = Vec::new();
        for (key, value) in url::form_urlencoded::parse(self.query.as_bytes()) {
            match found.iter_mut().find(|(known, _)| *known == *key) {
                Some((_, values)) => values.push(value.into_owned()),
                None => found.push((key.into_owned(), vec![value.into_owned()])),
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn parts() {
        let url = Url::parse("https://user@example.com:8443/a%20b?x=1&x=2&y=z").unwrap();
        assert_eq!(
            (url.scheme.as_str(), url.host.as_str(), url.hostname(), url.port()),
            ("https", "example.com:8443", "example.com", "8443")
        );
        assert_eq!(url.path, "/a%20b");
        assert_eq!(url.query()[0], ("x".to_owned(), vec!["1".to_owned(), "2".to_owned()]));
        assert_eq!(Url::parse("https://[::1]:80/").unwrap().hostname(), "::1");
        assert_eq!(Url::parse("/path").unwrap().host, "");
        assert_eq!(Url::parse("no url"), None);
    }
}
