//! Semantic versions in expressions.

use std::cmp::Ordering;

/// A semantic version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Semver {
    pub(crate) major: u64,
    pub(crate) minor: u64,
    pub(crate) patch: u64,
    pre: Vec<String>,
}

impl Semver {
    /// Reads a version; `tolerant` fills in what is missing, and takes a leading `v` and zeros.
    pub(crate) fn parse(text: &str, tolerant: bool) -> Option<Self> {
        let text = if tolerant { text.trim().trim_start_matches('v') } else { text };
        let (text, build) = text.split_once('+').map_or((text, None), |(text, build)| (text, Some(build)));
        let (core, pre) = text.split_once('-').map_or((text, None), |(core, pre)| (core, Some(pre)));
        let word =
            |part: &str| !part.is_empty() && part.chars().all(|char| char.is_ascii_alphanumeric() || char == '-');
        let words = |text: Option<&str>| text.is_none_or(|text| text.split('.').all(word));
        let numeric = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let zeros = |part: &str| part.len() > 1 && part.starts_with('0') && numeric(part);
        if !words(build) || !words(pre) || pre.is_some_and(|pre| pre.split('.').any(zeros)) {
            return None;
        }
        let mut numbers = Vec::new();
        for part in core.split('.') {
            if part.is_empty() || !numeric(part) || (zeros(part) && !tolerant) {
                return None;
            }
            numbers.push(part.parse::<u64>().ok()?);
        }
        while tolerant && numbers.len() < 3 {
            numbers.push(0);
        }
        let [major, minor, patch] = numbers.as_slice() else {
            return None;
        };
        let pre = pre.into_iter().flat_map(|pre| pre.split('.')).map(ToOwned::to_owned).collect();
        Some(Self { major: *major, minor: *minor, patch: *patch, pre })
    }
}

impl PartialOrd for Semver {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Semver {
    fn cmp(&self, other: &Self) -> Ordering {
        let core = (self.major, self.minor, self.patch).cmp(&(other.major, other.minor, other.patch));
        core.then_with(|| match (self.pre.is_empty(), other.pre.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => {
                let part = |one: &String, two: &String| match (one.parse::<u64>(), two.parse::<u64>()) {
                    (Ok(one), Ok(two)) => one.cmp(&two),
                    (Ok(_), Err(_)) => Ordering::Less,
                    (Err(_), Ok(_)) => Ordering::Greater,
                    (Err(_), Err(_)) => one.cmp(two),
                };
                let parts = self.pre.iter().zip(&other.pre).map(|(one, two)| part(one, two));
                parts.fold(Ordering::Equal, Ordering::then).then(self.pre.len().cmp(&other.pre.len()))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn versions_are_ordered() {
        let version = |text: &str| Semver::parse(text, false).unwrap();
        let sorted = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0", "1.2.10", "1.10.0"];
        assert!(sorted.windows(2).all(|pair| version(pair[0]) < version(pair[1])));
        for text in ["1.0", "v1.0.0", "01.0.0", "1.0.0-", "a"] {
            assert_eq!(Semver::parse(text, false), None, "{text}");
        }
        assert_eq!(Semver::parse("v1.02", true), Some(version("1.2.0")));
    }
}
