//! Constraints on versions: `>=1.19-0`, `~1.2 || ^2`, `1.x`, `1.2 - 2.3`.

use std::cmp::Ordering;

use super::scan::{Parts, scan};
use super::{Version, compare_prereleases};

/// Where a constraint ends that no chart could mean: finding hyphen ranges takes time with the square of it.
const LONGEST: usize = 16 << 10;

/// What a version must satisfy: all of the comparisons of any one group.
#[derive(Clone, Debug)]
pub struct Constraints {
    groups: Vec<Group>,
}

#[derive(Clone, Debug)]
struct Group {
    comparisons: Vec<Comparison>,
    /// Whether one of them names a prerelease, without which prereleases satisfy none of them.
    prereleases: bool,
}

/// An operator and a version, of which parts may be left open.
#[derive(Clone, Debug)]
struct Comparison {
    operator: Operator,
    version: Version,
    open: Open,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterEqual,
    LessEqual,
    Tilde,
    Caret,
}

/// From which part on a version is left open: `*`, `1.x`, `1.2`.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Open {
    Nothing,
    Everything,
    Minor,
    Patch,
}

/// As they are looked for: none begins another one that follows.
const OPERATORS: &[(&str, Operator)] = &[
    ("!=", Operator::NotEqual),
    (">=", Operator::GreaterEqual),
    ("=>", Operator::GreaterEqual),
    ("<=", Operator::LessEqual),
    ("=<", Operator::LessEqual),
    ("~>", Operator::Tilde),
    ("=", Operator::Equal),
    (">", Operator::Greater),
    ("<", Operator::Less),
    ("~", Operator::Tilde),
    ("^", Operator::Caret),
];

impl Constraints {
    /// Reads constraints: comparisons set apart by commas or spaces, groups of them by `||`.
    ///
    /// # Errors
    /// What is none, in Helm's words.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err("constraint too long".to_owned());
        }
        let text = rewrite_ranges(text);
        let groups = text.split("||").map(parse_group).collect::<Result<_, _>>()?;
        Ok(Self { groups })
    }

    /// Whether `version` satisfies them.
    pub fn check(&self, version: &Version) -> bool {
        self.groups.iter().any(|group| {
            (group.prereleases || version.prerelease.is_empty())
                && group.comparisons.iter().all(|comparison| comparison.check(version))
        })
    }
}

fn parse_group(text: &str) -> Result<Group, String> {
    let written = split_comparisons(text).ok_or_else(|| format!("improper constraint: {text}"))?;
    let comparisons: Vec<_> = written
        .into_iter()
        .map(|(operator, parts)| Comparison::new(operator, &parts).ok_or("constraint parser error"))
        .collect::<Result<_, _>>()?;
    let prereleases = comparisons.iter().any(|comparison| !comparison.version.prerelease.is_empty());
    Ok(Group { comparisons, prereleases })
}

/// The comparisons of a group; `None` where anything else stands among them, or nothing stands at all.
fn split_comparisons(text: &str) -> Option<Vec<(Operator, Parts<'_>)>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start_matches(space);
    loop {
        let (operator, after) = OPERATORS
            .iter()
            .find_map(|(sign, operator)| Some((*operator, rest.strip_prefix(sign)?)))
            .unwrap_or((Operator::Equal, rest));
        let after = after.trim_start_matches(space);
        let parts = scan(after, number)?;
        rest = after.get(parts.end..)?;
        found.push((operator, parts));
        // Between two of them stands a space or one comma at the least.
        let next = rest.trim_start_matches(space);
        let separated = next.len() < rest.len();
        rest = next;
        if rest.is_empty() {
            return Some(found);
        }
        match rest.strip_prefix(',') {
            Some(next) => rest = next.trim_start_matches(space),
            None if !separated => return None,
            None => {}
        }
    }
}

/// The space of Go's regular expressions.
fn space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r' | '\x0c')
}

/// Helm's class of a number in a constraint has the bar in it, by mistake: `1|2` is one number, and then no version.
fn number(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'x' | b'X' | b'*' | b'|')
}

/// Writes `1.2 - 2.3` as `>= 1.2, <= 2.3 `, wherever it stands.
fn rewrite_ranges(text: &str) -> String {
    let mut written = text.to_owned();
    let mut rest = text;
    while let Some((start, end, range)) = find_range(rest) {
        // The first place where it stands is rewritten, be it the found one or not, as Helm does.
        written = written.replacen(rest.get(start..end).unwrap_or_default(), &range, 1);
        rest = rest.get(end..).unwrap_or_default();
    }
    written
}

/// The first hyphen range: where it starts and ends, and what it means.
fn find_range(text: &str) -> Option<(usize, usize, String)> {
    // Without a space before a hyphen there is none, which spares looking from every byte.
    if !text.as_bytes().windows(2).any(|pair| space(char::from(pair[0])) && pair[1] == b'-') {
        return None;
    }
    let mut from = 0;
    while let Some(rest) = text.get(from..) {
        if let Some((length, range)) = match_range(rest) {
            return Some((from, from + length, range));
        }
        // Spaces and what follows them were looked at together.
        let low = rest.trim_start_matches(space);
        from += rest.len() - low.len() + low.chars().next()?.len_utf8();
    }
    None
}

/// The hyphen range that `text` starts with: its length, and what it means.
fn match_range(text: &str) -> Option<(usize, String)> {
    let low = text.trim_start_matches(space);
    let low_end = scan(low, number)?.end;
    let after = low.get(low_end..)?;
    let hyphen = after.trim_start_matches(space);
    if hyphen.len() == after.len() {
        return None;
    }
    let after = hyphen.strip_prefix('-')?;
    let high = after.trim_start_matches(space);
    if high.len() == after.len() {
        return None;
    }
    let high_end = scan(high, number)?.end;
    let rest = high.get(high_end..)?.trim_start_matches(space);
    let range = format!(">= {}, <= {} ", low.get(..low_end)?, high.get(..high_end)?);
    Some((text.len() - rest.len(), range))
}

impl Comparison {
    /// `None` for numbers that are neither open nor numbers: `1x`.
    fn new(operator: Operator, parts: &Parts<'_>) -> Option<Self> {
        let any = |number: &str| matches!(number, "x" | "X" | "*");
        let (open, numbers) = if any(parts.major) {
            (Open::Everything, ["0", "0", "0"])
        } else if any(parts.minor) || parts.minor.is_empty() {
            (Open::Minor, [parts.major, "0", "0"])
        } else if any(parts.patch) || parts.patch.is_empty() {
            (Open::Patch, [parts.major, parts.minor, "0"])
        } else {
            (Open::Nothing, [parts.major, parts.minor, parts.patch])
        };
        let mut text = numbers.join(".");
        for (sign, tail) in [('-', parts.prerelease), ('+', parts.metadata)] {
            if !tail.is_empty() {
                text.push(sign);
                text.push_str(tail);
            }
        }
        Some(Self { operator, version: Version::parse(&text).ok()?, open })
    }

    /// Whether `version` satisfies it, prereleases being allowed.
    fn check(&self, version: &Version) -> bool {
        let order = version.precedence(&self.version);
        let bound = &self.version;
        match self.operator {
            Operator::Equal if self.open == Open::Nothing => order.is_eq(),
            Operator::Equal | Operator::Tilde => self.check_tilde(version, order),
            Operator::NotEqual => self.check_unequal(version, order),
            Operator::Greater => match self.open {
                Open::Minor => version.major > bound.major,
                Open::Patch => (version.major, version.minor) > (bound.major, bound.minor),
                // `>*` is satisfied by every major version but 0, and there by what is greater than 0.0.0.
                Open::Everything | Open::Nothing => order.is_gt(),
            },
            Operator::Less => order.is_lt(),
            Operator::GreaterEqual => order.is_ge(),
            Operator::LessEqual => match self.open {
                Open::Nothing => order.is_le(),
                Open::Minor => version.major <= bound.major,
                Open::Everything | Open::Patch => (version.major, version.minor) <= (bound.major, bound.minor),
            },
            Operator::Caret => self.check_caret(version, order),
        }
    }

    fn check_unequal(&self, version: &Version, order: Ordering) -> bool {
        let bound = &self.version;
        match self.open {
            Open::Nothing => order.is_ne(),
            _ if version.major != bound.major => true,
            Open::Minor => false,
            _ if version.minor != bound.minor => true,
            Open::Everything => order.is_ne(),
            Open::Patch => compare_prereleases(&version.prerelease, &bound.prerelease).is_ne(),
        }
    }

    fn check_tilde(&self, version: &Version, order: Ordering) -> bool {
        let bound = &self.version;
        if order.is_lt() {
            return false;
        }
        // `~0.0.0` and `~*` let everything through that is not smaller.
        let fixed = matches!(self.open, Open::Nothing | Open::Everything);
        if fixed && (bound.major, bound.minor, bound.patch) == (0, 0, 0) {
            return true;
        }
        version.major == bound.major && (version.minor == bound.minor || self.open == Open::Minor)
    }

    fn check_caret(&self, version: &Version, order: Ordering) -> bool {
        let bound = &self.version;
        if order.is_lt() || version.major != bound.major {
            return false;
        }
        if bound.major > 0 || self.open == Open::Minor {
            return true;
        }
        if version.minor != bound.minor {
            return false;
        }
        bound.minor > 0 || self.open == Open::Patch || version.patch == bound.patch
    }
}
