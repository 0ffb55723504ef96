//! Names that a rule allows: patterns such as `/maps/*/password` and `**.example.com`, and their meet.
//!
//! `*` stands for one or more characters within a part (a label, a segment of a path), `**` for one or
//! more whatever they are; a lone `**` is any name. Words have no parts: there both stand for any
//! run of characters, also of none, as in AWS's own policies. A set of patterns allows what any of them
//! allows; the meet of two sets is both of them, kept side by side, since the names that two
//! patterns share are seldom those of a third.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value as Json;

use super::read::Reader;

/// The longest pattern that is taken, in bytes: a parameter's name has at most 2,048.
const PATTERN_BYTES: usize = 2_048;

/// What the names of one sort look like, so that every spelling of one is judged as the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shape {
    /// A domain name: labels between dots, without regard to case or a last dot.
    Domain,
    /// A path: segments between slashes.
    Path,
    /// A word without parts, such as a record's type or a bucket.
    Word,
    /// A word without parts in which case means nothing, such as `iam:GetUser`.
    Caseless,
}

impl Shape {
    fn separator(self) -> Option<char> {
        match self {
            Self::Domain => Some('.'),
            Self::Path => Some('/'),
            Self::Word | Self::Caseless => None,
        }
    }

    fn plain(self, text: &str) -> String {
        match self {
            Self::Domain => text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase(),
            Self::Caseless => text.to_ascii_lowercase(),
            Self::Path | Self::Word => text.to_owned(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Part {
    Char(char),
    /// One or more characters, none of them the separator.
    Within,
    /// One or more characters.
    Across,
    /// Any number of characters, also none.
    Run,
}

impl Part {
    fn text(&self) -> String {
        match self {
            Self::Char(c) => c.to_string(),
            Self::Within | Self::Run => "*".to_owned(),
            Self::Across => "**".to_owned(),
        }
    }
}

/// One pattern.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    text: String,
    parts: Vec<Part>,
    separator: Option<char>,
}

impl Name {
    /// Reads a pattern of names of this shape.
    ///
    /// # Errors
    /// When it is empty, too long, has three stars in a row, or a character that no name has.
    pub fn parse(text: &str, shape: Shape) -> Result<Self, String> {
        if text.is_empty() || text.len() > PATTERN_BYTES {
            return Err(format!("a pattern has 1 to {PATTERN_BYTES} characters"));
        }
        if !text.chars().all(|c| c.is_ascii_graphic()) {
            return Err(format!("`{text}` has a character that no name has"));
        }
        if text.contains("***") {
            return Err("`*` stands for a run within a part, `**` for any; three mean nothing".to_owned());
        }
        Ok(Self::of(&shape.plain(text), shape))
    }

    fn of(text: &str, shape: Shape) -> Self {
        let mut parts = Vec::with_capacity(text.len());
        for c in text.chars() {
            match (c, parts.last()) {
                ('*', Some(Part::Within)) => {
                    parts.pop();
                    parts.push(Part::Across);
                }
                ('*', _) => parts.push(Part::Within),
                (c, _) => parts.push(Part::Char(c)),
            }
        }
        let separator = shape.separator();
        if separator.is_none() {
            parts.iter_mut().filter(|part| is_star(part)).for_each(|part| *part = Part::Run);
        }
        // Written anew, so that what means the same is the same.
        let text = parts.iter().map(Part::text).collect();
        Self { text, parts, separator }
    }

    /// Is this name, taken as it stands, one of the pattern's?
    pub fn allows(&self, name: &str) -> bool {
        let literal: Vec<Part> = name.chars().map(Part::Char).collect();
        self.covers(&literal)
    }

    /// Is it any name?
    pub fn is_any(&self) -> bool {
        matches!(self.parts.as_slice(), [Part::Across | Part::Run])
    }

    /// Can this pattern stand for all that these parts stand for?
    fn covers(&self, name: &[Part]) -> bool {
        // `reached[i]`: the first `i` parts of the pattern can stand for what was read of the name.
        let mut reached = vec![false; self.parts.len() + 1];
        reached[0] = true;
        self.skip_runs(&mut reached);
        for part in name {
            let mut next = vec![false; self.parts.len() + 1];
            for (at, mine) in self.parts.iter().enumerate() {
                // A star is entered by its first character, and goes on by every further one.
                let here = reached[at] || is_star(mine) && reached[at + 1];
                next[at + 1] = here && self.takes(mine, part);
            }
            self.skip_runs(&mut next);
            reached = next;
        }
        reached[self.parts.len()]
    }

    /// A run may stand for nothing.
    fn skip_runs(&self, reached: &mut [bool]) {
        for (at, _) in self.parts.iter().enumerate().filter(|(_, part)| **part == Part::Run) {
            reached[at + 1] |= reached[at];
        }
    }

    /// Can one part of this pattern stand for one of the other's, whatever that stands for?
    fn takes(&self, mine: &Part, other: &Part) -> bool {
        match (mine, other) {
            (Part::Char(a), Part::Char(b)) => a == b,
            (Part::Run, _) | (Part::Across, Part::Char(_) | Part::Across | Part::Within) => true,
            (Part::Within, Part::Within) => true,
            (Part::Within, Part::Char(c)) => Some(*c) != self.separator,
            (Part::Char(_) | Part::Within | Part::Across, _) => false,
        }
    }

    /// Is every name of this pattern surely one of `other`? A "no" may be wrong, a "yes" never is.
    pub fn subset_of(&self, other: &Self) -> bool {
        other.covers(&self.parts)
    }
}

fn is_star(part: &Part) -> bool {
    matches!(part, Part::Within | Part::Across | Part::Run)
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// The names that a rule allows: those that every one of its sets allows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Names {
    sets: Vec<BTreeSet<Name>>,
    shape: Shape,
}

impl Names {
    /// Reads a list of patterns; a list of such lists allows what each of them does.
    pub(super) fn read(reader: &mut Reader, path: &str, json: &Json, shape: Shape) -> Option<Self> {
        let lists = json.as_array().filter(|lists| !lists.is_empty() && lists.iter().all(Json::is_array));
        let mut sets = Vec::new();
        match lists {
            Some(lists) => {
                for (at, list) in lists.iter().enumerate() {
                    sets.push(read_set(reader, &format!("{path}[{at}]"), list, shape));
                }
            }
            None => sets.push(read_set(reader, path, json, shape)),
        }
        sets.iter().all(|set| !set.is_empty()).then(|| Self { sets, shape }.normal())
    }

    /// Is this name, taken as it stands, allowed?
    pub fn allow(&self, name: &str) -> bool {
        let literal: Vec<Part> = self.shape.plain(name).chars().map(Part::Char).collect();
        self.sets.iter().all(|set| set.iter().any(|pattern| pattern.covers(&literal)))
    }

    /// Is every name of this pattern surely allowed? For what is a pattern itself, such as the
    /// resource of a policy: there `*` is any run of characters, and `?` any one.
    pub fn allow_all_of(&self, pattern: &str) -> bool {
        let plain = self.shape.plain(pattern);
        let parts: Vec<Part> =
            plain.chars().map(|c| if matches!(c, '*' | '?') { Part::Run } else { Part::Char(c) }).collect();
        self.sets.iter().all(|set| set.iter().any(|mine| mine.covers(&parts)))
    }

    /// Is every name of this pattern, which is one of rules, surely allowed?
    pub fn allow_every(&self, pattern: &str) -> bool {
        let pattern = Name::of(&self.shape.plain(pattern), self.shape);
        self.sets.iter().all(|set| set.iter().any(|mine| pattern.subset_of(mine)))
    }

    /// All names of a shape.
    pub fn any(shape: Shape) -> Self {
        Self { sets: vec![BTreeSet::from([Name::of("**", shape)])], shape }
    }

    /// Are all names allowed?
    pub fn is_any(&self) -> bool {
        self.sets.iter().all(|set| set.iter().any(Name::is_any))
    }

    /// What both allow.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Self {
        let sets = self.sets.iter().chain(&other.sets).cloned().collect();
        Self { sets, shape: self.shape }.normal()
    }

    /// Is everything that this allows surely allowed by `other`?
    pub fn subset_of(&self, other: &Self) -> bool {
        other.sets.iter().all(|theirs| self.sets.iter().any(|mine| within(mine, theirs)))
    }

    /// The sets, all of which a name must be in.
    pub(super) fn sets(&self) -> impl Iterator<Item = &BTreeSet<Name>> {
        self.sets.iter()
    }

    /// All patterns of all sets.
    pub fn patterns(&self) -> impl Iterator<Item = &Name> {
        self.sets.iter().flatten()
    }

    /// Without patterns and sets that others imply, in order: equal sets of names of one spelling are equal values.
    fn normal(mut self) -> Self {
        for set in &mut self.sets {
            let all = set.clone();
            set.retain(|name| {
                !all.iter()
                    .any(|other| other != name && name.subset_of(other) && !(other.subset_of(name) && other > name))
            });
        }
        self.sets.sort();
        self.sets.dedup();
        let all = self.sets.clone();
        let implied = |set: &BTreeSet<Name>| {
            all.iter().any(|other| other != set && within(other, set) && !(within(set, other) && other > set))
        };
        self.sets.retain(|set| !implied(set));
        self
    }
}

fn within(inner: &BTreeSet<Name>, outer: &BTreeSet<Name>) -> bool {
    inner.iter().all(|name| outer.iter().any(|other| name.subset_of(other)))
}

fn read_set(reader: &mut Reader, path: &str, json: &Json, shape: Shape) -> BTreeSet<Name> {
    let texts = reader.texts(path, json);
    texts.into_iter().filter_map(|(path, text)| reader.parsed(&path, Name::parse(text, shape))).collect()
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, set) in self.sets.iter().enumerate() {
            if at > 0 {
                f.write_str(" and ")?;
            }
            let texts: Vec<_> = set.iter().map(|name| name.text.as_str()).collect();
            f.write_str(&texts.join(" or "))?;
        }
        Ok(())
    }
}

impl Serialize for Names {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let texts = |set: &BTreeSet<Name>| set.iter().map(|name| name.text.clone()).collect::<Vec<_>>();
        match self.sets.as_slice() {
            [one] => texts(one).serialize(serializer),
            several => several.iter().map(texts).collect::<Vec<_>>().serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn names(patterns: &[&str], shape: Shape) -> Names {
        let set = patterns.iter().map(|text| Name::parse(text, shape).unwrap()).collect();
        Names { sets: vec![set], shape }.normal()
    }

    #[test]
    fn a_star_stays_within_its_part_and_two_do_not() {
        let one = names(&["/maps/*/password"], Shape::Path);
        assert!(one.allow("/maps/postgres/password"));
        for other in
            ["/maps/a/b/password", "/maps//password", "/maps/password", "/maps/x/passwords", "/MAPS/x/password"]
        {
            assert!(!one.allow(other), "{other}");
        }
        let below = names(&["/maps/**"], Shape::Path);
        assert!(
            below.allow("/maps/a/b") && !below.allow("/maps/") && !below.allow("/maps") && !below.allow("/mapsx/a")
        );
        let domain = names(&["*.example.com"], Shape::Domain);
        assert!(domain.allow("A.Example.com.") && domain.allow("*.example.com"));
        assert!(
            !domain.allow("example.com") && !domain.allow("a.b.example.com") && !domain.allow("a.example.com.evil.org")
        );
        assert!(names(&["**"], Shape::Domain).is_any());
        assert!(names(&["external-secrets-*-maps"], Shape::Word).allow("external-secrets-ckan/x-maps"));
    }

    #[test]
    fn rt17_a_policy_s_pattern_must_lie_within_the_bound_as_a_whole() {
        let bound = names(&["arn:aws:ssm:*:*:parameter/maps/*"], Shape::Word);
        assert!(bound.allow_all_of("arn:aws:ssm:eu-west-1:1:parameter/maps/x/*"));
        for wider in [
            "*",
            "arn:aws:ssm:*",
            "arn:aws:ssm:*:*:parameter/*",
            "arn:aws:ssm:*:*:parameter/map?/x",
            "arn:aws:ssm:*:*:parameter/maps*",
        ] {
            assert!(!bound.allow_all_of(wider), "{wider}");
        }
        assert!(names(&["ssm:GetParameter*"], Shape::Caseless).allow_all_of("SSM:getparameters"));
    }

    fn pattern() -> impl Strategy<Value = String> {
        let part = prop_oneof![3 => Just("a"), 2 => Just("b"), 2 => Just("/"), 2 => Just("*"), 1 => Just("**")];
        prop::collection::vec(part, 1..6)
            .prop_map(|parts| parts.concat())
            .prop_filter("three stars", |text| !text.contains("***"))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn rt20_the_meet_of_names_allows_what_both_do(
            a in prop::collection::vec(pattern(), 1..3), b in prop::collection::vec(pattern(), 1..3),
            tried in prop::collection::vec("[ab/]{1,6}", 1..12),
        ) {
            let of = |texts: &[String]| names(&texts.iter().map(String::as_str).collect::<Vec<_>>(), Shape::Path);
            let (a, b) = (of(&a), of(&b));
            let met = a.meet(&b);
            prop_assert!(met.subset_of(&a) && met.subset_of(&b), "{} and {} make {}", a, b, met);
            prop_assert!(met.meet(&a) == met, "{} with {}", met, a);
            for name in tried {
                prop_assert_eq!(met.allow(&name), a.allow(&name) && b.allow(&name), "{} ∧ {} at {}", a, b, name);
                if a.subset_of(&b) {
                    prop_assert!(!a.allow(&name) || b.allow(&name), "{} in {} at {}", a, b, name);
                }
            }
        }
    }
}
