//! The matchers that gobwas/glob makes of a pattern. They take some shortcuts that are no equivalents (`{a/*,b}` behind
//! a text matches nothing); charts see the result, so that each is as it is there, slips included.

use super::Stop;

/// The one separator.
const SEPARATOR: u8 = b'/';

/// How many steps one name may take: a pattern of many stars tries all ways to divide it.
pub(super) const MAX_STEPS: usize = 200_000;

/// What a part of a pattern became.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Matcher {
    Text(Vec<u8>),
    Super,
    Any,
    Single,
    List {
        characters: Vec<char>,
        not: bool,
    },
    Range {
        low: char,
        high: char,
        not: bool,
    },
    Nothing,
    Min(usize),
    Max(usize),
    /// Without this text.
    Without(Vec<u8>),
    /// With this text.
    Contains(Vec<u8>),
    Every(Vec<Matcher>),
    AnyOf(Vec<Matcher>),
    Prefix(Vec<u8>),
    PrefixAny(Vec<u8>),
    Suffix(Vec<u8>),
    SuffixAny(Vec<u8>),
    PrefixSuffix(Vec<u8>, Vec<u8>),
    /// One after the other, each of a fixed length; the sum of these.
    Row(usize, Vec<Matcher>),
    /// What is looked for first, and what has to match on both sides of it.
    Tree(Box<Tree>),
}

/// See [`Matcher::Tree`].
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tree {
    pub(super) value: Matcher,
    pub(super) left: Option<Matcher>,
    pub(super) right: Option<Matcher>,
    /// The lengths in characters, as they were when the tree was made.
    lengths: (Option<usize>, Option<usize>, Option<usize>),
}

impl Tree {
    pub(super) fn new(value: Matcher, left: Option<Matcher>, right: Option<Matcher>) -> Self {
        let side = |side: &Option<Matcher>| side.as_ref().map_or(Some(0), Matcher::length);
        let lengths = (side(&left), value.length(), side(&right));
        Self { value, left, right, lengths }
    }
}

/// Where a matcher begins in a text, and the lengths it can have there.
type Found = Option<(usize, Vec<usize>)>;

impl Matcher {
    /// The number of characters, where it is fixed.
    pub(super) fn length(&self) -> Option<usize> {
        match self {
            Self::Text(text) => Some(runes(text).count()),
            Self::Single | Self::List { .. } | Self::Range { .. } => Some(1),
            Self::Nothing => Some(0),
            Self::Every(all) => all.is_empty().then_some(0),
            Self::AnyOf(any) => {
                let mut length = None;
                for each in any {
                    let own = each.length();
                    match length {
                        // One without a fixed length is forgotten when it comes first.
                        None => length = own,
                        Some(_) if own == length => {}
                        Some(_) => return None,
                    }
                }
                length
            }
            Self::Row(length, _) => Some(*length),
            Self::Tree(tree) => match tree.lengths {
                (Some(left), Some(value), Some(right)) => Some(left + value + right),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether it matches all of the text.
    pub(super) fn matches(&self, text: &[u8], steps: &mut usize) -> Result<bool, Stop> {
        *steps = steps.checked_sub(1).ok_or(Stop::TooComplex)?;
        Ok(match self {
            Self::Text(own) => own == text,
            Self::Super => true,
            Self::Any => !text.contains(&SEPARATOR),
            Self::Without(needle) => position(text, needle).is_none(),
            Self::Single | Self::List { .. } | Self::Range { .. } => {
                let (rune, width) = rune(text);
                width >= text.len() && self.has(rune)
            }
            Self::Nothing => text.is_empty(),
            Self::Min(limit) => *limit == 0 || runes(text).count() >= *limit,
            Self::Max(limit) => runes(text).count() <= *limit,
            Self::Contains(needle) => position(text, needle).is_some(),
            Self::Every(all) => {
                for each in all {
                    if !each.matches(text, steps)? {
                        return Ok(false);
                    }
                }
                true
            }
            Self::AnyOf(any) => {
                for each in any {
                    if each.matches(text, steps)? {
                        return Ok(true);
                    }
                }
                false
            }
            Self::Prefix(prefix) => text.starts_with(prefix),
            Self::PrefixAny(prefix) => text.strip_prefix(&prefix[..]).is_some_and(|rest| !rest.contains(&SEPARATOR)),
            Self::Suffix(suffix) => text.ends_with(suffix),
            Self::SuffixAny(suffix) => text.strip_suffix(&suffix[..]).is_some_and(|rest| !rest.contains(&SEPARATOR)),
            Self::PrefixSuffix(prefix, suffix) => text.starts_with(prefix) && text.ends_with(suffix),
            Self::Row(length, row) => runes(text).count() == *length && row_matches(row, text, steps)?,
            Self::Tree(tree) => tree.matches(text, steps)?,
        })
    }

    /// Whether a single character is one that it takes.
    fn has(&self, rune: char) -> bool {
        match self {
            Self::Single => rune != char::from(SEPARATOR),
            Self::List { characters, not } => characters.contains(&rune) != *not,
            Self::Range { low, high, not } => (*low..=*high).contains(&rune) != *not,
            _ => false,
        }
    }

    /// Where it matches first, and how far it may reach there.
    fn find(&self, text: &[u8], steps: &mut usize) -> Result<Found, Stop> {
        *steps = steps.checked_sub(1 + text.len()).ok_or(Stop::TooComplex)?;
        Ok(match self {
            Self::Text(own) => position(text, own).map(|at| (at, vec![own.len()])),
            Self::Super => Some((0, starts(text))),
            Self::Any => {
                let end = text.iter().position(|byte| *byte == SEPARATOR).unwrap_or(text.len());
                Some((0, starts(text.get(..end).unwrap_or_default())))
            }
            Self::Without(needle) => {
                let end = position(text, needle).unwrap_or(text.len());
                Some((0, starts(text.get(..end).unwrap_or_default())))
            }
            Self::Single | Self::List { .. } | Self::Range { .. } => {
                runes(text).find(|(_, rune, _)| self.has(*rune)).map(|(at, rune, _)| (at, vec![rune.len_utf8()]))
            }
            Self::Nothing => Some((0, vec![0])),
            Self::Min(limit) => {
                let ends: Vec<usize> = ends(text).skip(limit.saturating_sub(1)).collect();
                (runes(text).count() >= *limit).then_some((0, ends))
            }
            Self::Max(limit) => Some((0, std::iter::once(0).chain(ends(text).take(*limit)).collect())),
            Self::Contains(needle) => position(text, needle).map(|at| {
                let end = at + needle.len();
                (0, starts(text.get(end..).unwrap_or_default()).into_iter().map(|start| end + start).collect())
            }),
            Self::Every(all) => every(all, text, steps)?,
            Self::AnyOf(any) => {
                let mut best: Found = None;
                for each in any {
                    let Some((at, lengths)) = each.find(text, steps)? else { continue };
                    match &mut best {
                        Some((first, _)) if at > *first => {}
                        Some((first, all)) if at == *first => {
                            all.extend(lengths);
                            all.sort_unstable();
                            all.dedup();
                        }
                        _ => best = Some((at, lengths)),
                    }
                }
                best
            }
            Self::Prefix(prefix) | Self::PrefixAny(prefix) => position(text, prefix).map(|at| {
                let length = prefix.len();
                let mut rest = text.get(at + length..).unwrap_or_default();
                if matches!(self, Self::PrefixAny(_)) {
                    rest = rest.split(|byte| *byte == SEPARATOR).next().unwrap_or_default();
                }
                (at, std::iter::once(length).chain(ends(rest).map(|end| length + end)).collect())
            }),
            Self::Suffix(suffix) => position(text, suffix).map(|at| (0, vec![at + suffix.len()])),
            Self::SuffixAny(suffix) => position(text, suffix).map(|at| {
                let before = text.get(..at).unwrap_or_default();
                let start = before.iter().rposition(|byte| *byte == SEPARATOR).map_or(0, |slash| slash + 1);
                (start, vec![at + suffix.len() - start])
            }),
            Self::PrefixSuffix(prefix, suffix) => position(text, prefix).and_then(|at| {
                let mut rest = text.get(at..).unwrap_or_default();
                if suffix.is_empty() {
                    return Some((at, vec![rest.len()]));
                }
                let mut lengths = Vec::new();
                while let Some(last) = last_position(rest, suffix) {
                    lengths.push(last + suffix.len());
                    rest = rest.get(..last).unwrap_or_default();
                }
                lengths.reverse();
                (!lengths.is_empty()).then_some((at, lengths))
            }),
            Self::Row(length, row) => {
                let mut found = None;
                for (at, ..) in runes(text) {
                    let rest = text.get(at..).unwrap_or_default();
                    if rest.len() < *length {
                        break;
                    }
                    if row_matches(row, rest, steps)? {
                        found = Some((at, vec![*length]));
                        break;
                    }
                }
                found
            }
            // It cannot be looked for.
            Self::Tree(_) => None,
        })
    }
}

/// Whether each of a row matches its characters, of which it takes the bytes up to the last one's first.
fn row_matches(row: &[Matcher], text: &[u8], steps: &mut usize) -> Result<bool, Stop> {
    let mut at = 0;
    for each in row {
        let length = each.length().unwrap_or_default();
        let rest = text.get(at..).unwrap_or_default();
        let (mut last, mut count) = (0, 0);
        for (start, ..) in runes(rest) {
            last = start;
            count += 1;
            if count == length {
                break;
            }
        }
        if count < length {
            return Ok(false);
        }
        let end = at + last + 1;
        let Some(part) = text.get(at..end) else {
            return Err(Stop::OutOfRange { end, length: text.len() });
        };
        if !each.matches(part, steps)? {
            return Ok(false);
        }
        at = end;
    }
    Ok(true)
}

fn every(all: &[Matcher], text: &[u8], steps: &mut usize) -> Result<Found, Stop> {
    let (mut index, mut offset) = (0, 0);
    let mut current: Vec<usize> = Vec::new();
    let mut rest = text;
    for (number, each) in all.iter().enumerate() {
        let Some((at, lengths)) = each.find(rest, steps)? else {
            return Ok(None);
        };
        if number == 0 {
            current = lengths;
        } else {
            // The difference of two places in one text.
            let moved = |known: usize| (known + index).checked_sub(at + offset);
            current = current.into_iter().filter_map(moved).filter(|known| lengths.contains(known)).collect();
            if current.is_empty() {
                return Ok(None);
            }
        }
        index = at + offset;
        rest = text.get(index..).unwrap_or_default();
        offset += at;
    }
    Ok(Some((index, current)))
}

impl Tree {
    fn matches(&self, text: &[u8], steps: &mut usize) -> Result<bool, Stop> {
        let (left, value, right) = self.lengths;
        if let (Some(left), Some(value), Some(right)) = (left, value, right)
            && left + value + right > text.len()
        {
            return Ok(false);
        }
        let mut offset = left.unwrap_or(0);
        let Some(limit) = text.len().checked_sub(right.unwrap_or(0)) else {
            return Ok(false);
        };
        while offset < limit {
            let Some((at, lengths)) = self.value.find(text.get(offset..limit).unwrap_or_default(), steps)? else {
                return Ok(false);
            };
            let start = offset + at;
            let before = text.get(..start).unwrap_or_default();
            if side(self.left.as_ref(), before, steps)? {
                for length in lengths.iter().rev() {
                    let after = text.get(start + length..).unwrap_or_default();
                    if side(self.right.as_ref(), after, steps)? {
                        return Ok(true);
                    }
                }
            }
            // Go's decoder takes nothing at the end.
            let (_, step) = rune(text.get(start..).unwrap_or_default());
            if at + step == 0 {
                return Ok(false);
            }
            offset = start + step;
        }
        Ok(false)
    }
}

fn side(side: Option<&Matcher>, text: &[u8], steps: &mut usize) -> Result<bool, Stop> {
    side.map_or(Ok(text.is_empty()), |side| side.matches(text, steps))
}

/// Go's first character of a text, and its width: U+FFFD of one byte where there is none, of none at the end.
fn rune(text: &[u8]) -> (char, usize) {
    for width in 1..=text.len().min(4) {
        if let Some(Ok(part)) = text.get(..width).map(std::str::from_utf8)
            && let Some(rune) = part.chars().next()
        {
            return (rune, width);
        }
    }
    (char::REPLACEMENT_CHARACTER, text.len().min(1))
}

/// Each character, with where it begins and its width.
fn runes(text: &[u8]) -> impl Iterator<Item = (usize, char, usize)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let (rune, width) = rune(rest);
        at += width;
        Some((at - width, rune, width))
    })
}

/// Where characters begin, and the end.
fn starts(text: &[u8]) -> Vec<usize> {
    runes(text).map(|(at, ..)| at).chain([text.len()]).collect()
}

/// Where characters end.
fn ends(text: &[u8]) -> impl Iterator<Item = usize> + '_ {
    runes(text).map(|(at, rune, _)| at + rune.len_utf8())
}

fn position(text: &[u8], needle: &[u8]) -> Option<usize> {
    bstr::ByteSlice::find(text, needle)
}

fn last_position(text: &[u8], needle: &[u8]) -> Option<usize> {
    bstr::ByteSlice::rfind(text, needle)
}
