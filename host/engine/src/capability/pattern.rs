//! URL patterns: `https://*.example.com:8443/v2/{id}/*/**`, compiled once, compared exactly.
//!
//! Patterns form a lattice: [`UrlPattern::meet`] matches what both match and nothing else, and
//! [`UrlPattern::subset_of`] is decided on the patterns, never by trying URLs.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::StepScope;
use super::address::{AddressError, RequestUrl};
use super::bind::{BindError, Placeholder};

/// A set of URLs, dependent on the step they serve where it has placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlPattern {
    secure: bool,
    host: HostPattern,
    /// None is any, of any host.
    port: Option<u16>,
    segments: Vec<SegmentPattern>,
    /// `**`: one or more further segments.
    rest: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum HostPattern {
    Exact(String),
    /// Exactly one label before this: never the apex, never two labels.
    Under(String),
    /// `**`: any host, at any port. General plugins declare it; a stack says which.
    Any,
}

/// What one segment must be; with nothing asked for it is any that is not empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct SegmentPattern {
    literal: Option<String>,
    equals: BTreeSet<Placeholder>,
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// The part that is a URL is refused.
    #[error("{0}")]
    Address(#[from] AddressError),
    /// A placeholder that is none.
    #[error("{0}")]
    Bind(#[from] BindError),
    /// A query in the pattern.
    #[error("a pattern has no query: name the allowed parameters under `query`")]
    Query,
    /// A wildcard that would match across labels or stands elsewhere than first.
    #[error("in a host, `*` stands only for the whole first label, with at least two labels after it: `*.example.com`")]
    HostWildcard,
    /// A wildcard within a segment, or `**` before the end.
    #[error("in a path, `*` is a whole segment and `**` the last one")]
    PathWildcard,
    /// A placeholder that is not a whole segment, or in the host.
    #[error("a placeholder is a whole segment of the path: `/{{id}}/`")]
    PlaceholderPlace,
}

/// Where a URL leaves a pattern; for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// Other scheme, host, port or path.
    Elsewhere,
    /// The same place, but a segment does not equal the step's value.
    Bound {
        /// The placeholder.
        placeholder: Placeholder,
        /// The segment, decoded.
        segment: String,
    },
}

impl FromStr for UrlPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        if text.contains('?') {
            return Err(PatternError::Query);
        }
        let (scheme, rest) = text.split_once("://").ok_or(AddressError::NotUrl)?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.contains(['{', '}']) {
            return Err(PatternError::PlaceholderPlace);
        }
        let any = authority == "**";
        // What is any has something to stand for it.
        let authority = if any { "any.example" } else { authority };
        let (suffix, wild) = authority.strip_prefix("*.").map_or((authority, false), |suffix| (suffix, true));
        if suffix.contains('*') {
            return Err(PatternError::HostWildcard);
        }
        let (fixed, rest) = path.strip_suffix("/**").map_or((path, false), |fixed| (fixed, true));
        let mut segments = Vec::new();
        let mut literals = String::new();
        let inside = fixed.strip_prefix('/').unwrap_or(fixed);
        // `https://h/**` has no segment before its rest; `https://h` and `https://h/` have an empty one.
        if !(rest && fixed.is_empty()) {
            for segment in inside.split('/') {
                segments.push(SegmentPattern::parse(segment)?);
                literals.push('/');
                // What is no literal has something to stand for it, so that the segments are as many.
                let literal = segment.split('&').find(|part| !part.starts_with('{') && *part != "*");
                literals.push_str(match literal {
                    Some(part) if segment.contains('{') => part,
                    Some(_) => segment,
                    None => "x",
                });
            }
        }
        // The literal parts pass the same strict parser as every request's URL.
        let sample = RequestUrl::parse(&format!("{scheme}://{suffix}{literals}"))?;
        for (segment, decoded) in segments.iter_mut().zip(sample.segments()) {
            if let Some(literal) = &mut segment.literal {
                literal.clone_from(decoded);
            }
        }
        let host = match (wild, sample.host()) {
            _ if any => HostPattern::Any,
            (false, host) => HostPattern::Exact(host.to_owned()),
            (true, host) if host.contains('.') && host.parse::<std::net::Ipv4Addr>().is_err() => {
                HostPattern::Under(host.to_owned())
            }
            (true, _) => return Err(PatternError::HostWildcard),
        };
        Ok(Self { secure: sample.scheme() == "https", host, port: (!any).then(|| sample.port()), segments, rest })
    }
}

impl SegmentPattern {
    fn parse(segment: &str) -> Result<Self, PatternError> {
        if segment == "*" {
            return Ok(Self::default());
        }
        // Several conditions on one segment, as `Display` writes what came of a meet. A literal's own
        // `&` is percent-encoded there.
        if segment.contains('&') && segment.contains('{') {
            let mut all = Self::default();
            for part in segment.split('&') {
                all = all.meet(&Self::parse(part)?).ok_or(PatternError::PlaceholderPlace)?;
            }
            return Ok(all);
        }
        if let Some(name) = segment.strip_prefix('{').and_then(|inside| inside.strip_suffix('}')) {
            return Ok(Self { literal: None, equals: [Placeholder::parse(name)?].into() });
        }
        if segment.contains('*') {
            return Err(PatternError::PathWildcard);
        }
        if segment.contains(['{', '}']) {
            return Err(PatternError::PlaceholderPlace);
        }
        Ok(Self { literal: Some(segment.to_owned()), equals: BTreeSet::new() })
    }

    fn is_any(&self) -> bool {
        self.literal.is_none() && self.equals.is_empty()
    }

    fn covers(&self, segment: &str) -> bool {
        match &self.literal {
            Some(literal) => literal == segment,
            None => !segment.is_empty(),
        }
    }

    fn subset_of(&self, other: &Self) -> bool {
        let literal = match &other.literal {
            Some(_) => self.literal == other.literal,
            None => self.literal.as_deref() != Some(""),
        };
        literal && other.equals.is_subset(&self.equals)
    }

    fn meet(&self, other: &Self) -> Option<Self> {
        let literal = match (&self.literal, &other.literal) {
            (Some(a), Some(b)) if a != b => return None,
            (Some(one), _) | (None, Some(one)) => Some(one.clone()),
            (None, None) => None,
        };
        let open = self.literal.is_none() || other.literal.is_none();
        if open && literal.as_deref() == Some("") {
            // The other side wants something here, and this is nothing.
            return None;
        }
        Some(Self { literal, equals: self.equals.union(&other.equals).cloned().collect() })
    }
}

impl HostPattern {
    fn covers(&self, host: &str) -> bool {
        match self {
            Self::Exact(name) => name == host,
            Self::Under(suffix) => host
                .strip_suffix(suffix.as_str())
                .and_then(|rest| rest.strip_suffix('.'))
                .is_some_and(|label| !label.is_empty() && !label.contains('.')),
            Self::Any => true,
        }
    }

    fn subset_of(&self, other: &Self) -> bool {
        match self {
            Self::Exact(name) => other.covers(name),
            Self::Under(_) => self == other || *other == Self::Any,
            Self::Any => *other == Self::Any,
        }
    }
}

impl UrlPattern {
    /// Does the URL lie in the pattern for this step?
    ///
    /// # Errors
    /// Where it leaves it.
    pub fn matches(&self, url: &RequestUrl, scope: &StepScope) -> Result<(), Mismatch> {
        if !self.covers(url) {
            return Err(Mismatch::Elsewhere);
        }
        for (pattern, segment) in self.segments.iter().zip(url.segments()) {
            for placeholder in &pattern.equals {
                if placeholder.text(scope).as_deref() != Some(segment) {
                    return Err(Mismatch::Bound { placeholder: placeholder.clone(), segment: segment.clone() });
                }
            }
        }
        Ok(())
    }

    /// Does the pattern name this host, given in lower case?
    pub fn names_host(&self, host: &str) -> bool {
        self.host.covers(host)
    }

    /// Does the URL lie in the pattern, whatever its placeholders stand for?
    pub fn covers(&self, url: &RequestUrl) -> bool {
        let segments = url.segments();
        let length =
            if self.rest { segments.len() > self.segments.len() } else { segments.len() == self.segments.len() };
        self.secure == (url.scheme() == "https")
            && self.port.is_none_or(|port| port == url.port())
            && self.host.covers(url.host())
            && length
            && self.segments.iter().zip(segments).all(|(pattern, segment)| pattern.covers(segment))
    }

    /// Is every URL of this pattern one of `other`, for every step?
    pub fn subset_of(&self, other: &Self) -> bool {
        let length = if other.rest {
            self.segments.len() + usize::from(self.rest) > other.segments.len()
        } else {
            !self.rest && self.segments.len() == other.segments.len()
        };
        self.secure == other.secure
            && (other.port.is_none() || self.port == other.port)
            && self.host.subset_of(&other.host)
            && length
            && self.segments.iter().zip(&other.segments).all(|(mine, theirs)| mine.subset_of(theirs))
    }

    /// The URLs of both; none where no URL can be in both.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Option<Self> {
        let (short, long) = if self.segments.len() <= other.segments.len() { (self, other) } else { (other, self) };
        let length = match (short.rest, long.rest) {
            (false, false) => short.segments.len() == long.segments.len(),
            (true, false) => long.segments.len() > short.segments.len(),
            (false, true) => false,
            (true, true) => true,
        };
        let ports = self.port.is_none() || other.port.is_none() || self.port == other.port;
        if self.secure != other.secure || !ports || !length {
            return None;
        }
        let host = if self.host.subset_of(&other.host) {
            self.host.clone()
        } else if other.host.subset_of(&self.host) {
            other.host.clone()
        } else {
            return None;
        };
        let shared = short.segments.iter().zip(&long.segments).map(|(a, b)| a.meet(b));
        let further = long.segments.iter().skip(short.segments.len()).cloned().map(Some);
        let segments = shared.chain(further).collect::<Option<_>>()?;
        let port = self.port.or(other.port);
        Some(Self { secure: self.secure, host, port, segments, rest: short.rest && long.rest })
    }

    /// Is it encrypted?
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The host, if it is one and not a pattern of many.
    pub fn exact_host(&self) -> Option<&str> {
        match &self.host {
            HostPattern::Exact(name) => Some(name),
            HostPattern::Under(_) | HostPattern::Any => None,
        }
    }

    /// Is it every host?
    pub fn names_any_host(&self) -> bool {
        self.host == HostPattern::Any
    }

    /// The host, or the pattern of many: `*.example.com`.
    pub fn host(&self) -> String {
        self.host.to_string()
    }

    /// Has the path a wildcard?
    pub fn has_open_path(&self) -> bool {
        self.rest || self.segments.iter().any(SegmentPattern::is_any)
    }

    /// The segments that are given literally.
    pub fn literals(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| segment.literal.as_deref())
    }

    /// Does it end in `**`?
    pub fn has_rest(&self) -> bool {
        self.rest
    }

    /// Is some segment held against the step?
    pub fn is_bound(&self) -> bool {
        self.segments.iter().any(|segment| !segment.equals.is_empty())
    }
}

impl fmt::Display for UrlPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, default_port) = if self.secure { ("https", 443) } else { ("http", 80) };
        write!(f, "{scheme}://")?;
        self.host.fmt(f)?;
        if let Some(port) = self.port.filter(|port| *port != default_port) {
            write!(f, ":{port}")?;
        }
        for segment in &self.segments {
            write!(f, "/{segment}")?;
        }
        if self.rest { f.write_str("/**") } else { Ok(()) }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) => f.write_str(name),
            Self::Under(suffix) => write!(f, "*.{suffix}"),
            Self::Any => f.write_str("**"),
        }
    }
}

impl fmt::Display for SegmentPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_any() {
            return f.write_str("*");
        }
        // More than one condition comes only of a grant that adds to the manifest's.
        let bound = self.equals.iter().map(ToString::to_string);
        let parts: Vec<_> = self.literal.iter().map(|text| encoded(text)).chain(bound).collect();
        f.write_str(&parts.join("&"))
    }
}

/// A literal as it is written: what has a meaning in patterns, or looks like something else, encoded.
fn encoded(literal: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$'()+,:@=".contains(&byte);
    literal.bytes().fold(String::new(), |mut text, byte| {
        if plain(byte) {
            text.push(byte.into());
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
        text
    })
}

impl Serialize for UrlPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
