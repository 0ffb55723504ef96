//! Paths as a declaration writes them: literal segments and placeholders, each a whole segment.

use std::fmt;

/// Bytes of a path.
const BYTES: usize = 500;
/// Segments of a path.
const SEGMENTS: usize = 16;

/// A path with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template(Vec<Segment>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Any(String),
}

impl Template {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let Some(rest) = text.strip_prefix('/') else { return Err(format!("`{text}` does not begin with `/`")) };
        if text.len() > BYTES {
            return Err(format!("it has {} bytes, more than the limit of {BYTES}", text.len()));
        }
        let segments = rest.split('/').map(Segment::parse).collect::<Result<Vec<_>, _>>()?;
        if segments.len() > SEGMENTS {
            return Err(format!("it has {} segments, more than the limit of {SEGMENTS}", segments.len()));
        }
        Ok(Self(segments))
    }

    /// Does the path of a request fit?
    pub(super) fn fits(&self, path: &[String]) -> bool {
        let fits = |(segment, given): (&Segment, &String)| match segment {
            Segment::Literal(literal) => literal == given,
            Segment::Any(_) => true,
        };
        self.0.len() == path.len() && self.0.iter().zip(path).all(fits)
    }

    /// How many segments it has.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// How many of them are placeholders: with fewer of them a path is more exact.
    pub(super) fn placeholders(&self) -> usize {
        self.0.iter().filter(|segment| matches!(segment, Segment::Any(_))).count()
    }

    /// The path before each of its placeholders: where the things that they name must be.
    pub(super) fn parents(&self) -> impl Iterator<Item = Self> + '_ {
        let any = self.0.iter().enumerate().filter(|(_, segment)| matches!(segment, Segment::Any(_)));
        any.map(|(at, _)| Self(self.0[..at].to_vec()))
    }

    /// Is it the same but for the placeholders' names?
    pub(super) fn same_as(&self, other: &Self) -> bool {
        let same = |(one, two): (&Segment, &Segment)| match (one, two) {
            (Segment::Literal(one), Segment::Literal(two)) => one == two,
            (Segment::Any(_), Segment::Any(_)) => true,
            _ => false,
        };
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(same)
    }

    /// Does it lie below an item of this collection?
    pub(super) fn below(&self, collection: &Self) -> bool {
        self.0.len() > collection.0.len() + 1 && Self(self.0[..collection.0.len()].to_vec()).same_as(collection)
    }
}

impl Segment {
    fn parse(text: &str) -> Result<Self, String> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~@:$!,+".contains(&byte);
        if let Some(name) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            let named = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            return if named { Ok(Self::Any(name.to_owned())) } else { Err(format!("`{text}` is no placeholder")) };
        }
        match text {
            "" => Err("it has an empty segment".to_owned()),
            "." | ".." => Err("it has a dot segment".to_owned()),
            _ if text.bytes().all(plain) => Ok(Self::Literal(text.to_owned())),
            _ => Err(format!("the segment `{text}` is neither plain text nor a placeholder like {{id}}")),
        }
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|segment| match segment {
            Segment::Literal(text) => write!(f, "/{text}"),
            Segment::Any(name) => write!(f, "/{{{name}}}"),
        })
    }
}

/// The decoded segments of a request's path. None for one that no declared path can mean: an empty
/// segment, an encoded `/`, what is not UTF-8.
pub(super) fn segments(path: &str) -> Option<Vec<String>> {
    let decode = |segment: &str| {
        let mut bytes = Vec::with_capacity(segment.len());
        let mut rest = segment.bytes();
        while let Some(byte) = rest.next() {
            if byte == b'%' {
                let (high, low) = (char::from(rest.next()?).to_digit(16)?, char::from(rest.next()?).to_digit(16)?);
                bytes.push(u8::try_from(high * 16 + low).ok()?);
            } else {
                bytes.push(byte);
            }
        }
        String::from_utf8(bytes).ok().filter(|text| is_segment(text))
    };
    path.strip_prefix('/')?.split('/').map(decode).collect()
}

/// Can this stand as one segment of a path, and so be an id?
pub(super) fn is_segment(text: &str) -> bool {
    !text.is_empty() && text.len() <= BYTES && !text.contains('/') && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn a_template_fits_paths_and_knows_what_is_above_it() {
        let records = Template::parse("/v1/zones/{zone}/records").unwrap();
        assert!(records.fits(&segments("/v1/zones/a%20b/records").unwrap()));
        assert!(!records.fits(&segments("/v1/zones/a/others").unwrap()));
        let zones = Template::parse("/v1/zones").unwrap();
        assert!(records.parents().eq([zones.clone()]));
        assert!(records.below(&zones) && !zones.below(&zones));
        assert_eq!(records.to_string(), "/v1/zones/{zone}/records");
    }

    #[test]
    fn what_is_no_path_says_why() {
        for wrong in ["", "v1", "/", "/a//b", "/a/../b", "/a?b", "/a b", "/a/{}", "/a/{b c}", "/a/x{b}", "/%61"] {
            assert!(Template::parse(wrong).is_err(), "{wrong}");
        }
        assert!(Template::parse(&format!("/{}", "x".repeat(BYTES))).is_err());
        assert!(Template::parse(&"/x".repeat(SEGMENTS + 1)).is_err());
        for wrong in ["a", "/a//b", "/a%2fb", "/a%00", "/a%f", "/%ff"] {
            assert!(segments(wrong).is_none(), "{wrong}");
        }
    }
}
