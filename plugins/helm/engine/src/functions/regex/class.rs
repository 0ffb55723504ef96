//! Classes of characters that have names: `\d`, `[:alpha:]`, `\p{Greek}`.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

/// A class of these ranges.
pub(super) fn of_ranges(ranges: &[(char, char)]) -> ClassUnicode {
    ClassUnicode::new(ranges.iter().map(|(start, end)| ClassUnicodeRange::new(*start, *end)))
}

/// With all characters that differ from one of the class in case alone. Folding fails only without tables, which
/// this crate asks for.
pub(super) fn fold(class: &mut ClassUnicode) {
    let _ = class.try_case_fold_simple();
}

/// `\d`, `\s`, `\w`, by their letter in small; ASCII alone.
pub(super) fn perl(letter: char) -> Option<ClassUnicode> {
    Some(of_ranges(match letter {
        'd' => &[('0', '9')],
        's' => &[('\t', '\n'), ('\u{c}', '\r'), (' ', ' ')],
        'w' => WORD,
        _ => return None,
    }))
}

const WORD: &[(char, char)] = &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];

/// `[:alpha:]` and its like, by the name between the colons.
pub(super) fn posix(name: &str) -> Option<ClassUnicode> {
    Some(of_ranges(match name {
        "alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        "alpha" => &[('A', 'Z'), ('a', 'z')],
        "ascii" => &[('\0', '\u{7f}')],
        "blank" => &[('\t', '\t'), (' ', ' ')],
        "cntrl" => &[('\0', '\u{1f}'), ('\u{7f}', '\u{7f}')],
        "digit" => &[('0', '9')],
        "graph" => &[('!', '~')],
        "lower" => &[('a', 'z')],
        "print" => &[(' ', '~')],
        "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "space" => &[('\t', '\r'), (' ', ' ')],
        "upper" => &[('A', 'Z')],
        "word" => WORD,
        "xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => return None,
    }))
}

/// Scripts whose name has as few letters as the abbreviations of all others, which Go does not know.
const SHORT_SCRIPTS: &[&str] = &["ahom", "cham", "kawi", "lisu", "modi", "newa", "thai", "toto"];

/// A general category or a script by its name, whatever its case, spaces, hyphens and underscores.
pub(super) fn unicode(name: &str) -> Option<ClassUnicode> {
    let name: String = name
        .chars()
        .filter(|character| !matches!(character, ' ' | '_' | '-'))
        .map(|character| character.to_ascii_lowercase())
        .collect();
    if name.is_empty() || !name.chars().all(|character| character.is_ascii_alphanumeric()) {
        return None;
    }
    let known = |property: &str| match regex_syntax::parse(&format!(r"\p{{{property}={name}}}")).ok()?.into_kind() {
        HirKind::Class(Class::Unicode(class)) => Some(class),
        HirKind::Class(Class::Bytes(class)) => class.to_unicode_class(),
        HirKind::Literal(literal) => {
            let character = std::str::from_utf8(&literal.0).ok()?.chars().next()?;
            Some(of_ranges(&[(character, character)]))
        }
        _ => None,
    };
    known("gc").or_else(|| {
        let abbreviated = name.len() == 4 && !SHORT_SCRIPTS.contains(&name.as_str());
        if abbreviated { None } else { known("sc") }
    })
}
