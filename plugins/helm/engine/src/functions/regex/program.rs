//! Compiled expressions, and the ways in which Go goes through a text with one.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;

use regex_automata::nfa::thompson::WhichCaptures;
use regex_automata::util::captures::Captures;
use regex_automata::{Anchored, Input, meta};
use regex_syntax::hir::Hir;

use super::measure::{Measure, Reach};
use super::syntax::{self, Rejection};
use crate::context::Context;
use crate::format::runes;
use crate::function::Failure;
use crate::functions::arguments::spend_steps;
use crate::functions::strings::is_letter_or_digit;

/// How large a compiled program may be.
pub(super) const MAX_PROGRAM: usize = 10 << 20;

/// A search that cannot take more work than this is not measured: that would take as much.
const SMALL: usize = 4096;

/// A compiled expression.
pub struct Regex {
    regex: meta::Regex,
    hir: Hir,
    /// Made when the first work is counted: who only asks whether a text matches has none.
    measure: OnceCell<Measure>,
    names: Vec<String>,
}

/// A text as characters, with the way back to its bytes where some belong to no character: such a byte is U+FFFD
/// to Go's matching.
struct Subject<'t> {
    text: Cow<'t, str>,
    /// For each byte of `text` and its end, where that is in the original; `None` where both are the same.
    origins: Option<Vec<usize>>,
}

impl<'t> Subject<'t> {
    fn new(bytes: &'t [u8]) -> Self {
        if let Ok(text) = std::str::from_utf8(bytes) {
            return Self { text: Cow::Borrowed(text), origins: None };
        }
        let mut text = String::with_capacity(bytes.len() + 16);
        let mut origins = Vec::with_capacity(bytes.len() + 16);
        for (offset, character) in runes::indices(bytes) {
            text.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
            origins.resize(text.len(), offset);
        }
        origins.push(bytes.len());
        Self { text: Cow::Owned(text), origins: Some(origins) }
    }

    fn origin(&self, at: usize) -> usize {
        match &self.origins {
            Some(origins) => origins.get(at).copied().unwrap_or_default(),
            None => at,
        }
    }

    fn original(&self, range: Range<usize>) -> Range<usize> {
        self.origin(range.start)..self.origin(range.end)
    }

    /// How many bytes the character at `at` takes; none at the end.
    fn width(&self, at: usize) -> usize {
        self.text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8)
    }
}

impl Regex {
    /// Compiles an expression.
    ///
    /// # Errors
    /// What is wrong with it, as Go says it.
    pub(super) fn compile(pattern: &[u8]) -> Result<Self, Rejection> {
        let parsed = syntax::parse(pattern)?;
        let config = meta::Regex::config().nfa_size_limit(Some(MAX_PROGRAM)).which_captures(WhichCaptures::All);
        let regex = meta::Regex::builder().configure(config).build_from_hir(&parsed.hir);
        let regex = regex.map_err(|_| Rejection::too_large(&String::from_utf8_lossy(pattern)))?;
        Ok(Self { regex, hir: parsed.hir, measure: OnceCell::new(), names: parsed.names })
    }

    /// About how many bytes it takes, with as much again for what measures it.
    pub(super) fn size(&self) -> usize {
        self.regex.memory_usage().saturating_mul(2)
    }

    /// Where to search for the next match, so that no more than what was counted is read; none where there is no
    /// match. To find a match's groups takes work with the expression's size for each of its bytes.
    fn range(
        &self,
        context: &mut dyn Context,
        text: &str,
        at: usize,
        groups: bool,
    ) -> Result<Option<Range<usize>>, Failure> {
        let measure = self.measure.get_or_init(|| Measure::new(&self.hir));
        let left = text.len().saturating_sub(at);
        let worst = left.saturating_add(1).saturating_mul(measure.states());
        if worst <= SMALL {
            context.spend(1 + worst / 4)?;
            return Ok(Some(at..text.len()));
        }
        Ok(match measure.reach(context, text, at)? {
            Reach::Nothing => None,
            Reach::Unknown => {
                spend_steps(context, worst)?;
                Some(at..text.len())
            }
            Reach::Match(from, end) => {
                let each = if groups { 1 + measure.states() / 8 } else { 1 };
                spend_steps(context, (1 + end - from).saturating_mul(each))?;
                Some(from..end)
            }
        })
    }

    /// Whether the text matches somewhere. It takes time with the length of the text, which nobody counts here.
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.regex.is_match(&*Subject::new(text).text)
    }

    /// Whether the text matches somewhere, with the work counted.
    pub(super) fn is_match_counted(&self, context: &mut dyn Context, text: &[u8]) -> Result<bool, Failure> {
        context.spend(text.len())?;
        let subject = Subject::new(text);
        let range = self.range(context, &subject.text, 0, false)?;
        Ok(range.is_some_and(|range| self.regex.is_match(Input::new(&*subject.text).range(range))))
    }

    /// The matches one after another, at most `limit` of them, or all if it is negative. An empty one right behind
    /// another does not count.
    pub(super) fn find_all(
        &self,
        context: &mut dyn Context,
        text: &[u8],
        limit: i64,
    ) -> Result<Vec<Range<usize>>, Failure> {
        context.spend(text.len())?;
        let subject = Subject::new(text);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut found = Vec::new();
        let mut at = 0;
        let mut last_end = None;
        while found.len() < limit && at <= subject.text.len() {
            let Some(range) = self.range(context, &subject.text, at, false)? else { break };
            let input = Input::new(&*subject.text).range(range).anchored(Anchored::No);
            let Some(range) = self.regex.find(input).map(|found| found.range()) else { break };
            let accepted = !range.is_empty() || last_end != Some(range.start);
            at = if range.end == at {
                // A match of nothing here: on by a character, and beyond the end where there is none.
                match subject.width(at) {
                    0 => subject.text.len() + 1,
                    width => at + width,
                }
            } else {
                range.end
            };
            last_end = Some(range.end);
            if accepted {
                found.push(subject.original(range));
            }
        }
        Ok(found)
    }

    /// The text with each match replaced, by the replacement as it is or with `$1` and `${name}` filled in; `None`
    /// where nothing matches.
    pub(super) fn replace_all(
        &self,
        context: &mut dyn Context,
        text: &[u8],
        replacement: &[u8],
        literal: bool,
    ) -> Result<Option<Vec<u8>>, Failure> {
        context.spend(text.len())?;
        let subject = Subject::new(text);
        let replacement = if literal || !replacement.contains(&b'$') {
            vec![Part::Text(replacement.to_vec())]
        } else {
            template(replacement)
        };
        let groups = replacement.iter().any(|part| !matches!(part, Part::Text(_) | Part::Number(0)));
        let mut captures = match groups {
            true => self.regex.create_captures(),
            false => Captures::matches(self.regex.group_info().clone()),
        };
        let mut out: Option<Vec<u8>> = None;
        let (mut last_end, mut at) = (0, 0);
        while at <= subject.text.len() {
            let Some(range) = self.range(context, &subject.text, at, groups)? else { break };
            self.regex.captures(Input::new(&*subject.text).range(range), &mut captures);
            let Some(range) = captures.get_match().map(|found| found.range()) else { break };
            let out = out.get_or_insert_with(|| Vec::with_capacity(text.len()));
            let before = out.len();
            out.extend_from_slice(text.get(subject.original(last_end..range.start)).unwrap_or_default());
            if range.end > last_end || range.start == 0 {
                for part in &replacement {
                    self.fill(context, out, part, &captures, &subject, text)?;
                }
            }
            context.spend(out.len() - before)?;
            last_end = range.end;
            let width = subject.width(at);
            at = if at + width > range.end {
                at + width
            } else if at + 1 > range.end {
                at + 1
            } else {
                range.end
            };
        }
        if let Some(out) = &mut out {
            out.extend_from_slice(text.get(subject.origin(last_end)..).unwrap_or_default());
        }
        Ok(out)
    }

    /// Appends a part of a replacement.
    fn fill(
        &self,
        context: &mut dyn Context,
        out: &mut Vec<u8>,
        part: &Part,
        captures: &Captures,
        subject: &Subject<'_>,
        text: &[u8],
    ) -> Result<(), Failure> {
        let group = match part {
            Part::Text(text) => {
                context.spend(text.len())?;
                out.extend_from_slice(text);
                return Ok(());
            }
            Part::Number(number) => captures.get_group(*number),
            Part::Name(name) => self
                .names
                .iter()
                .enumerate()
                .filter(|(_, found)| found.as_bytes() == name)
                .find_map(|(number, _)| captures.get_group(number)),
        };
        if let Some(span) = group {
            let found = text.get(subject.original(span.range())).unwrap_or_default();
            context.spend(found.len())?;
            out.extend_from_slice(found);
        }
        Ok(())
    }
}

/// A part of a replacement.
enum Part {
    Text(Vec<u8>),
    Number(usize),
    Name(Vec<u8>),
}

/// Takes a replacement apart: `$1`, `$name`, `${name}`, and `$$` for a dollar. A name is as long as it can be, and
/// what is no name leaves the dollar as it is.
fn template(mut rest: &[u8]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut text = Vec::new();
    while let Some(dollar) = rest.iter().position(|byte| *byte == b'$') {
        let (before, behind) = rest.split_at(dollar);
        text.extend_from_slice(before);
        let behind = behind.get(1..).unwrap_or_default();
        if let Some(behind) = behind.strip_prefix(b"$") {
            text.push(b'$');
            rest = behind;
        } else if let Some((name, behind)) = name(behind) {
            parts.push(Part::Text(std::mem::take(&mut text)));
            parts.push(name);
            rest = behind;
        } else {
            text.push(b'$');
            rest = behind;
        }
    }
    text.extend_from_slice(rest);
    parts.push(Part::Text(text));
    parts
}

/// The group that a text names at its beginning, with or without braces, and what comes behind.
fn name(text: &[u8]) -> Option<(Part, &[u8])> {
    let (inner, braced) = match text.strip_prefix(b"{") {
        Some(inner) => (inner, true),
        None => (text, false),
    };
    let end = runes::indices(inner)
        .find(|(_, character)| !character.is_some_and(|found| found == '_' || is_letter_or_digit(found)))
        .map_or(inner.len(), |(offset, _)| offset);
    let (name, behind) = inner.split_at(end);
    if name.is_empty() {
        return None;
    }
    let behind = if braced { behind.strip_prefix(b"}")? } else { behind };
    let number = std::str::from_utf8(name).ok().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
    let number = number.filter(|digits| digits.len() == 1 || !digits.starts_with('0'));
    let part = match number {
        // A number beyond all groups is of none, whether or not it fits.
        Some(digits) => Part::Number(digits.parse().unwrap_or(usize::MAX)),
        None => Part::Name(name.to_vec()),
    };
    Some((part, behind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::testing::World;

    #[test]
    fn finds_the_same_whether_or_not_the_work_is_measured() {
        for (pattern, text) in [
            ("a|ab", "ab abc"),
            ("ab|a", "ab abc"),
            ("a*?", "aab"),
            ("a*", "baab"),
            (r"\bab\b", "ab-ab abab"),
            (r"(?m)^a$", "a\nb\na\n"),
            (r"a$|\z", "a a"),
            ("é?", "aéb日"),
            (r"\B", "aéa éb日c"),
            ("(a)(b)?(c)?", "abc ac ab"),
            (r"[^ ]+|(?s).{500}", "abc d"),
            ("x", "abc"),
            (r"\pL+?\d", "aé1 日2"),
        ] {
            let Ok(regex) = Regex::compile(pattern.as_bytes()) else { panic!("{pattern}") };
            let long = format!("{text}{}", " ".repeat(5_000));
            let mut context = World::default();
            for (at, _) in text.char_indices() {
                let direct = regex.regex.find(Input::new(&long).range(at..));
                let Ok(range) = regex.range(&mut context, &long, at, true) else { panic!("{pattern}: too much work") };
                assert!(
                    range.as_ref().is_none_or(|range| range.end < long.len() || direct.is_some()),
                    "{pattern} {at}"
                );
                let ranged = range.and_then(|range| regex.regex.find(Input::new(&long).range(range)));
                assert_eq!(ranged, direct, "{pattern} at {at}");
            }
        }
    }
}
