//! Semantic versions as Helm reads them: a leading `v`, missing parts and leading zeros are let through.

mod constraint;
mod object;
mod scan;

#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::fmt;

pub use constraint::Constraints;
pub use object::Handle;

const INVALID: &str = "invalid semantic version";
const LEADING_ZERO: &str = "version segment starts with 0";
const INVALID_PRERELEASE: &str = "invalid prerelease string";
const INVALID_METADATA: &str = "invalid metadata string";

/// A semantic version, with the text that it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    major: u64,
    minor: u64,
    patch: u64,
    prerelease: String,
    metadata: String,
    original: String,
}

impl Version {
    /// Reads a version, complete or not: `v1.2` is 1.2.0.
    ///
    /// # Errors
    /// What is no version at all, in Helm's words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts = scan::scan(text, |byte| byte.is_ascii_digit()).filter(|parts| parts.end == text.len());
        let Some(parts) = parts else { return Err(INVALID.to_owned()) };
        let segment = |digits: &str| if digits.is_empty() { Ok(0) } else { parse_segment(digits) };
        let read = |digits: &str| segment(digits).map_err(|error| format!("error parsing version segment: {error}"));
        let version = Self {
            major: read(parts.major)?,
            minor: read(parts.minor)?,
            patch: read(parts.patch)?,
            prerelease: parts.prerelease.to_owned(),
            metadata: parts.metadata.to_owned(),
            original: text.to_owned(),
        };
        if !version.prerelease.is_empty() {
            validate_prerelease(&version.prerelease)?;
        }
        Ok(version)
    }

    /// Reads a version that must be one to the letter of the specification: three numbers, no `v`.
    ///
    /// # Errors
    /// What is not, in Helm's words.
    pub fn parse_strict(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("version string empty".to_owned());
        }
        let mut parts = text.splitn(3, '.');
        let (Some(major), Some(minor), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(INVALID.to_owned());
        };
        let (rest, metadata) = rest.split_once('+').map_or((rest, None), |(rest, metadata)| (rest, Some(metadata)));
        if let Some(metadata) = metadata {
            validate_metadata(metadata)?;
        }
        let (patch, prerelease) = rest.split_once('-').map_or((rest, None), |(patch, pre)| (patch, Some(pre)));
        if let Some(prerelease) = prerelease {
            validate_prerelease(prerelease)?;
        }
        for number in [major, minor, patch] {
            if !number.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err("invalid characters in version".to_owned());
            }
            if number.len() > 1 && number.starts_with('0') {
                return Err(LEADING_ZERO.to_owned());
            }
        }
        Ok(Self {
            major: parse_segment(major)?,
            minor: parse_segment(minor)?,
            patch: parse_segment(patch)?,
            prerelease: prerelease.unwrap_or_default().to_owned(),
            metadata: metadata.unwrap_or_default().to_owned(),
            original: text.to_owned(),
        })
    }

    /// The first number.
    pub fn major(&self) -> u64 {
        self.major
    }

    /// The second number.
    pub fn minor(&self) -> u64 {
        self.minor
    }

    /// The third number.
    pub fn patch(&self) -> u64 {
        self.patch
    }

    /// What follows the hyphen: `rc.1`.
    pub fn prerelease(&self) -> &str {
        &self.prerelease
    }

    /// What follows the plus sign.
    pub fn metadata(&self) -> &str {
        &self.metadata
    }

    /// The text as it was written.
    pub fn original(&self) -> &str {
        &self.original
    }

    /// Which of two comes first. Metadata does not count; a prerelease comes before its release.
    pub fn precedence(&self, other: &Self) -> Ordering {
        (self.major, self.minor, self.patch).cmp(&(other.major, other.minor, other.patch)).then_with(|| {
            match (self.prerelease.is_empty(), other.prerelease.is_empty()) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => compare_prereleases(&self.prerelease, &other.prerelease),
            }
        })
    }

    /// The next major version.
    pub fn next_major(&self) -> Self {
        // Go's numbers wrap.
        self.derived(self.major.wrapping_add(1), 0, 0)
    }

    /// The next minor version.
    pub fn next_minor(&self) -> Self {
        self.derived(self.major, self.minor.wrapping_add(1), 0)
    }

    /// The next patch version, which for a prerelease is its release.
    pub fn next_patch(&self) -> Self {
        let patch = if self.prerelease.is_empty() { self.patch.wrapping_add(1) } else { self.patch };
        self.derived(self.major, self.minor, patch)
    }

    /// The same version with another prerelease, which may be empty.
    ///
    /// # Errors
    /// What cannot be one.
    pub fn with_prerelease(&self, prerelease: &str) -> Result<Self, String> {
        if !prerelease.is_empty() {
            validate_prerelease(prerelease)?;
        }
        Ok(self.renamed(Self { prerelease: prerelease.to_owned(), ..self.clone() }))
    }

    /// The same version with other metadata, which may be empty.
    ///
    /// # Errors
    /// What cannot be metadata.
    pub fn with_metadata(&self, metadata: &str) -> Result<Self, String> {
        if !metadata.is_empty() {
            validate_metadata(metadata)?;
        }
        Ok(self.renamed(Self { metadata: metadata.to_owned(), ..self.clone() }))
    }

    fn derived(&self, major: u64, minor: u64, patch: u64) -> Self {
        self.renamed(Self {
            major,
            minor,
            patch,
            prerelease: String::new(),
            metadata: String::new(),
            original: String::new(),
        })
    }

    /// `next` with the original text that it would have, the `v` kept.
    fn renamed(&self, next: Self) -> Self {
        let prefix = if self.original.starts_with('v') { "v" } else { "" };
        Self { original: format!("{prefix}{next}"), ..next }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if !self.prerelease.is_empty() {
            write!(out, "-{}", self.prerelease)?;
        }
        if !self.metadata.is_empty() {
            write!(out, "+{}", self.metadata)?;
        }
        Ok(())
    }
}

/// A number of digits, or the words of Go's `strconv` on why it is none.
fn parse_segment(digits: &str) -> Result<u64, String> {
    digits.parse().map_err(|_| {
        let reason = if digits.is_empty() { "invalid syntax" } else { "value out of range" };
        format!("strconv.ParseUint: parsing \"{digits}\": {reason}")
    })
}

fn is_identifier(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn validate_prerelease(text: &str) -> Result<(), String> {
    for part in text.split('.') {
        if part.bytes().all(|byte| byte.is_ascii_digit()) {
            if part.is_empty() {
                return Err(INVALID_PRERELEASE.to_owned());
            }
            if part.len() > 1 && part.starts_with('0') {
                return Err(LEADING_ZERO.to_owned());
            }
        } else if !is_identifier(part) {
            return Err(INVALID_PRERELEASE.to_owned());
        }
    }
    Ok(())
}

fn validate_metadata(text: &str) -> Result<(), String> {
    if text.split('.').all(|part| !part.is_empty() && is_identifier(part)) {
        Ok(())
    } else {
        Err(INVALID_METADATA.to_owned())
    }
}

/// Part by part: numbers by value and before words, words by their bytes, fewer parts before more.
fn compare_prereleases(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        let (ours, theirs) = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (ours, theirs) => (ours.unwrap_or_default(), theirs.unwrap_or_default()),
        };
        // Numbers that do not fit count as words, as in Helm.
        let order = match (ours.parse::<u64>(), theirs.parse::<u64>()) {
            _ if ours == theirs => Ordering::Equal,
            _ if ours.is_empty() => Ordering::Less,
            _ if theirs.is_empty() => Ordering::Greater,
            (Ok(ours), Ok(theirs)) => ours.cmp(&theirs),
            (Ok(_), Err(_)) => Ordering::Less,
            (Err(_), Ok(_)) => Ordering::Greater,
            (Err(_), Err(_)) => ours.cmp(theirs),
        };
        if order.is_ne() {
            return order;
        }
    }
}
