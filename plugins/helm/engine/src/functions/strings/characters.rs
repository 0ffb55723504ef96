//! Characters as Go's package `unicode` sorts them: by general category, and with one character for one.

use std::sync::OnceLock;

/// A general category of Unicode, as ranges that are looked up by halves.
pub(super) struct Category {
    class: &'static str,
    ranges: OnceLock<Vec<(char, char)>>,
}

impl Category {
    const fn new(class: &'static str) -> Self {
        Self { class, ranges: OnceLock::new() }
    }

    /// Whether the character is of this category.
    pub(super) fn contains(&self, character: char) -> bool {
        let ranges = self.ranges.get_or_init(|| {
            let parsed = regex_syntax::parse(self.class).map(regex_syntax::hir::Hir::into_kind);
            match parsed {
                Ok(regex_syntax::hir::HirKind::Class(regex_syntax::hir::Class::Unicode(class))) => {
                    class.iter().map(|range| (range.start(), range.end())).collect()
                }
                _ => Vec::new(),
            }
        });
        let after = ranges.partition_point(|(start, _)| *start <= character);
        after.checked_sub(1).and_then(|index| ranges.get(index)).is_some_and(|(_, end)| character <= *end)
    }
}

static DIGIT: Category = Category::new(r"\p{Nd}");
static LETTER: Category = Category::new(r"\p{L}");
static LOWER: Category = Category::new(r"\p{Ll}");
static NUMBER: Category = Category::new(r"\p{N}");
static PUNCTUATION: Category = Category::new(r"\p{P}");
static TITLE: Category = Category::new(r"\p{Lt}");
static UPPER: Category = Category::new(r"\p{Lu}");

pub(super) fn is_letter(character: char) -> bool {
    if character.is_ascii() { character.is_ascii_alphabetic() } else { LETTER.contains(character) }
}

/// Of categories L and Nd: what names in templates, and in replacements of regular expressions, are made of.
pub(crate) fn is_letter_or_digit(character: char) -> bool {
    if character.is_ascii() {
        character.is_ascii_alphanumeric()
    } else {
        LETTER.contains(character) || DIGIT.contains(character)
    }
}

pub(super) fn is_lower(character: char) -> bool {
    if character.is_ascii() { character.is_ascii_lowercase() } else { LOWER.contains(character) }
}

pub(super) fn is_number(character: char) -> bool {
    if character.is_ascii() { character.is_ascii_digit() } else { NUMBER.contains(character) }
}

pub(super) fn is_punctuation(character: char) -> bool {
    PUNCTUATION.contains(character)
}

pub(super) fn is_title(character: char) -> bool {
    !character.is_ascii() && TITLE.contains(character)
}

pub(super) fn is_upper(character: char) -> bool {
    if character.is_ascii() { character.is_ascii_uppercase() } else { UPPER.contains(character) }
}

/// The one character that is the upper case of this one.
pub(super) fn to_upper(character: char) -> char {
    let mut mapped = character.to_uppercase();
    match (mapped.next(), mapped.next(), character) {
        (Some(upper), None, _) => upper,
        // Greek with iota beneath: in full two capitals, by one character the title case.
        (_, Some(_), '\u{1f80}'..='\u{1faf}') => char::from_u32(u32::from(character) | 8).unwrap_or(character),
        (_, Some(_), '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}') => {
            char::from_u32(u32::from(character) + 9).unwrap_or(character)
        }
        _ => character,
    }
}

/// The one character that is the lower case of this one.
pub(super) fn to_lower(character: char) -> char {
    character.to_lowercase().next().unwrap_or(character)
}

/// The one character that begins a title with this one.
pub(super) fn to_title(character: char) -> char {
    match character {
        '\u{1c4}'..='\u{1c6}' => '\u{1c5}',
        '\u{1c7}'..='\u{1c9}' => '\u{1c8}',
        '\u{1ca}'..='\u{1cc}' => '\u{1cb}',
        '\u{1f1}'..='\u{1f3}' => '\u{1f2}',
        '\u{10d0}'..='\u{10fa}' | '\u{10fd}'..='\u{10ff}' => character,
        _ => to_upper(character),
    }
}
