//! Compiled expressions, and the ways in which Go goes through a text with one.

use std::borrow::Cow;
use std::ops::Range;

use regex_automata::nfa::thompson::WhichCaptures;
use regex_automata::util::captures::Captures;
use regex_automata::{Anchored, Input, meta};

use super::syntax::{self, Rejection};
use crate::context::Context;
use crate::format::runes;
use crate::function::Failure;
use crate::functions::arguments::spend_steps;
use crate::functions::strings::is_letter_or_digit;

/// How large a compiled program may be.
pub(super) const MAX_PROGRAM: usize = 10 << 20;

/// A compiled expression.
pub struct Regex {
    regex: meta::Regex,
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
        Ok(Self { regex, names: parsed.names })
    }

    /// About how many bytes it takes.
    pub(super) fn size(&self) -> usize {
        self.regex.memory_usage()
    }

    /// Counts going through a text: at worst, each of its bytes takes time with the size of the program.
    fn spend(&self, context: &mut dyn Context, text: &[u8]) -> Result<(), Failure> {
        spend_steps(context, text.len().saturating_mul(1 + self.size() / 1024))
    }

    /// Counts one of many searches in a text. It may read all that is left, as the next one may again; most do
    /// not, so that they count for a part of it.
    fn spend_search(&self, context: &mut dyn Context, subject: &Subject<'_>, at: usize) -> Result<(), Failure> {
        let left = subject.text.len().saturating_sub(at);
        context.spend((1 + left / 64).saturating_mul(1 + self.size() / 4096))
    }

    /// Whether the text matches somewhere. It takes time with the length of the text, which nobody counts here.
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.regex.is_match(&*Subject::new(text).text)
    }

    /// Whether the text matches somewhere, with the work counted.
    pub(super) fn is_match_counted(&self, context: &mut dyn Context, text: &[u8]) -> Result<bool, Failure> {
        self.spend(context, text)?;
        Ok(self.is_match(text))
    }

    /// The matches one after another, at most `limit` of them, or all if it is negative. An empty one right behind
    /// another does not count.
    pub(super) fn find_all(
        &self,
        context: &mut dyn Context,
        text: &[u8],
        limit: i64,
    ) -> Result<Vec<Range<usize>>, Failure> {
        self.spend(context, text)?;
        let subject = Subject::new(text);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut found = Vec::new();
        let mut at = 0;
        let mut last_end = None;
        while found.len() < limit && at <= subject.text.len() {
            self.spend_search(context, &subject, at)?;
            let input = Input::new(&*subject.text).range(at..).anchored(Anchored::No);
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
        self.spend(context, text)?;
        let subject = Subject::new(text);
        let replacement = if literal || !replacement.contains(&b'$') {
            vec![Part::Text(replacement.to_vec())]
        } else {
            template(replacement)
        };
        let mut captures = self.regex.create_captures();
        let mut out: Option<Vec<u8>> = None;
        let (mut last_end, mut at) = (0, 0);
        while at <= subject.text.len() {
            self.spend_search(context, &subject, at)?;
            self.regex.captures(Input::new(&*subject.text).range(at..), &mut captures);
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
