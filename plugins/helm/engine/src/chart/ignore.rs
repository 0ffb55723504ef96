//! `.helmignore`: which files of a folder are no part of its chart.

use super::Error;
use super::pattern;

/// More than any chart has; each is tried on each file.
const MAX_RULES: usize = 300;

/// Go's scanner takes no longer lines.
const MAX_LINE: usize = 64 * 1024;

/// The rules of a chart's folder.
pub(super) struct Rules(Vec<Rule>);

struct Rule {
    pattern: Vec<u8>,
    negated: bool,
    directories_only: bool,
    /// With a slash within, it is held against the whole path and not against the last name.
    whole_path: bool,
}

impl Rules {
    /// The rules that hold without a `.helmignore`.
    pub(super) fn new() -> Result<Self, Error> {
        Self::parse(b"")
    }

    /// The rules of a `.helmignore`, and after them those that always hold.
    pub(super) fn parse(text: &[u8]) -> Result<Self, Error> {
        let mut rules = Vec::new();
        for line in text.split(|byte| *byte == b'\n').chain([b"templates/.?*".as_slice()]) {
            if line.len() >= MAX_LINE {
                return Err(Error::new("bufio.Scanner: token too long"));
            }
            rules.extend(Rule::parse(line)?);
            if rules.len() > MAX_RULES {
                return Err(Error::new(format!(".helmignore has more than the maximum of {MAX_RULES} rules")));
            }
        }
        Ok(Self(rules))
    }

    /// Whether the rules leave out a file, or a directory with all that is in it.
    ///
    /// The first rule that says something decides: a negated one leaves out what it does not match, which is
    /// not what Git does.
    pub(super) fn ignore(&self, path: &str, directory: bool) -> bool {
        self.0.iter().any(|rule| {
            let applies = directory || !rule.directories_only;
            if rule.negated { !(applies && rule.matches(path)) } else { applies && rule.matches(path) }
        })
    }
}

impl Rule {
    fn parse(line: &[u8]) -> Result<Option<Self>, Error> {
        let mut rule = bstr::ByteSlice::trim(line);
        if rule.is_empty() || rule.starts_with(b"#") {
            return Ok(None);
        }
        if rule.windows(2).any(|pair| pair == b"**") {
            return Err(Error::new("double-star (**) syntax is not supported"));
        }
        pattern::matches(rule, b"abc").map_err(|error| Error::new(error.to_string()))?;

        let negated = rule.starts_with(b"!");
        rule = rule.strip_prefix(b"!").unwrap_or(rule);
        let directories_only = rule.ends_with(b"/");
        rule = rule.strip_suffix(b"/").unwrap_or(rule);
        let whole_path = rule.contains(&b'/');
        rule = rule.strip_prefix(b"/").unwrap_or(rule);
        Ok(Some(Self { pattern: rule.to_vec(), negated, directories_only, whole_path }))
    }

    fn matches(&self, path: &str) -> bool {
        let subject = if self.whole_path { path } else { path.rsplit('/').next().unwrap_or(path) };
        // What does not compile matches nothing: a pattern may be wrong where the first look does not go.
        pattern::matches(&self.pattern, subject.as_bytes()).unwrap_or(false)
    }
}
