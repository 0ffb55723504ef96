//! Parses Go's syntax of regular expressions, and says what is wrong with one in Go's words.

use regex_syntax::hir::{Capture, Class, ClassUnicode, ClassUnicodeRange, Dot, Hir, Look, Repetition};

use super::{class, escape};

/// How deeply groups may be nested. Go allows a thousand; what compiles an expression recurses.
const MAX_HEIGHT: usize = 250;

/// The highest count of a repetition, and the most copies that nested ones may make of what is innermost.
pub(super) const MAX_REPEAT: u64 = 1000;

/// Why an expression is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("error parsing regexp: {code}: `{fragment}`")]
pub(super) struct Rejection {
    code: &'static str,
    fragment: String,
}

impl Rejection {
    pub(super) fn too_large(pattern: &str) -> Self {
        rejection(TOO_LARGE, pattern)
    }

    pub(super) fn is_too_large(&self) -> bool {
        self.code == TOO_LARGE
    }
}

pub(super) fn rejection(code: &'static str, fragment: &str) -> Rejection {
    Rejection { code, fragment: fragment.to_owned() }
}

pub(super) const INVALID_ESCAPE: &str = "invalid escape sequence";
const INVALID_NAMED_CAPTURE: &str = "invalid named capture";
const INVALID_PERL: &str = "invalid or unsupported Perl syntax";
const INVALID_RANGE: &str = "invalid character class range";
const INVALID_REPEAT_COUNT: &str = "invalid repeat count";
const TOO_LARGE: &str = "expression too large";
const MISSING_ARGUMENT: &str = "missing argument to repetition operator";

/// An expression that was parsed.
pub(super) struct Parsed {
    pub(super) hir: Hir,
    /// The names of the groups by their number, the whole match among them; empty where there is none. Two groups
    /// may have one name.
    pub(super) names: Vec<String>,
}

/// The flags that `(?imsU)` sets.
#[derive(Clone, Copy, Default)]
struct Flags {
    fold_case: bool,
    multi_line: bool,
    dot_all: bool,
    lazy: bool,
}

/// A part of the expression with what limits ask for.
struct Node {
    hir: Hir,
    height: usize,
    /// How many copies of its innermost part the counted repetitions make.
    copies: u64,
}

impl Node {
    fn leaf(hir: Hir) -> Self {
        Self { hir, height: 1, copies: 1 }
    }

    fn over(parts: &[Self], hir: impl FnOnce() -> Hir) -> Self {
        let height = parts.iter().map(|part| part.height).max().unwrap_or(0) + 1;
        let copies = parts.iter().map(|part| part.copies).max().unwrap_or(1);
        Self { hir: hir(), height, copies }
    }
}

enum Item {
    Node(Node),
    /// `|`
    Bar,
    /// `(`, with the group's number if it captures, and the flags that `)` brings back.
    Open(Option<u32>, Flags),
}

struct Parser<'p> {
    pattern: &'p str,
    rest: &'p str,
    flags: Flags,
    stack: Vec<Item>,
    names: Vec<String>,
}

/// Parses an expression.
pub(super) fn parse(pattern: &[u8]) -> Result<Parsed, Rejection> {
    let pattern = std::str::from_utf8(pattern).map_err(|error| {
        let invalid = pattern.get(error.valid_up_to()..).unwrap_or_default();
        rejection("invalid UTF-8", &String::from_utf8_lossy(invalid))
    })?;
    let names = vec![String::new()];
    let mut parser = Parser { pattern, rest: pattern, flags: Flags::default(), stack: Vec::new(), names };
    parser.run()?;
    let node = parser.alternation()?;
    if !parser.stack.is_empty() {
        return Err(rejection("missing closing )", pattern));
    }
    Ok(Parsed { hir: node.hir, names: parser.names })
}

/// What of `whole` was read when `rest` is left of it.
pub(super) fn read<'p>(whole: &'p str, rest: &str) -> &'p str {
    whole.get(..whole.len().saturating_sub(rest.len())).unwrap_or(whole)
}

pub(super) fn next(text: &str) -> (Option<char>, &str) {
    let mut characters = text.chars();
    let character = characters.next();
    (character, characters.as_str())
}

impl<'p> Parser<'p> {
    fn run(&mut self) -> Result<(), Rejection> {
        // The text from the last repetition's operator on, if nothing came between.
        let mut last_repeat: Option<&'p str> = None;
        while let (Some(character), behind) = next(self.rest) {
            let mut repeat = None;
            match character {
                '(' if behind.starts_with('?') => self.perl_group()?,
                '(' => {
                    self.rest = behind;
                    self.open(Some(String::new()));
                }
                '|' => {
                    let node = self.concatenation()?;
                    self.stack.push(Item::Node(node));
                    self.stack.push(Item::Bar);
                    self.rest = behind;
                }
                ')' => {
                    self.close()?;
                    self.rest = behind;
                }
                '^' => {
                    let look = if self.flags.multi_line { Look::StartLF } else { Look::Start };
                    self.push(Hir::look(look), behind);
                }
                '$' => {
                    let look = if self.flags.multi_line { Look::EndLF } else { Look::End };
                    self.push(Hir::look(look), behind);
                }
                '.' => {
                    let dot = if self.flags.dot_all { Dot::AnyChar } else { Dot::AnyCharExcept('\n') };
                    self.push(Hir::dot(dot), behind);
                }
                '[' => self.class()?,
                '*' | '+' | '?' => {
                    repeat = Some(self.rest);
                    let (min, max) = match character {
                        '*' => (0, None),
                        '+' => (1, None),
                        _ => (0, Some(1)),
                    };
                    self.repeat(min, max, false, behind, last_repeat)?;
                }
                '{' => match escape::counts(self.rest) {
                    Some((min, max, behind)) => {
                        let text = read(self.rest, behind);
                        let invalid = || rejection(INVALID_REPEAT_COUNT, text);
                        let min = min.ok_or_else(invalid)?;
                        let max = match max {
                            Some(max) => Some(max.ok_or_else(invalid)?),
                            None => None,
                        };
                        if max.is_some_and(|max| min > max) {
                            return Err(invalid());
                        }
                        repeat = Some(self.rest);
                        self.repeat(min, max, true, behind, last_repeat)?;
                    }
                    None => self.literal('{', behind),
                },
                '\\' => self.escape()?,
                _ => self.literal(character, behind),
            }
            last_repeat = repeat;
        }
        Ok(())
    }

    fn push(&mut self, hir: Hir, rest: &'p str) {
        self.stack.push(Item::Node(Node::leaf(hir)));
        self.rest = rest;
    }

    fn literal(&mut self, character: char, rest: &'p str) {
        let mut class = class::of_ranges(&[(character, character)]);
        if self.flags.fold_case {
            class::fold(&mut class);
        }
        // A class of one character becomes a literal.
        self.push(Hir::class(Class::Unicode(class)), rest);
    }

    /// Opens a group; a `name` makes it one that captures.
    fn open(&mut self, name: Option<String>) {
        let group = name.map(|name| {
            self.names.push(name);
            u32::try_from(self.names.len() - 1).unwrap_or(u32::MAX)
        });
        self.stack.push(Item::Open(group, self.flags));
    }

    fn close(&mut self) -> Result<(), Rejection> {
        let node = self.alternation()?;
        let Some(Item::Open(group, flags)) = self.stack.pop() else {
            return Err(rejection("unexpected )", self.pattern));
        };
        self.flags = flags;
        let node = match group {
            None => node,
            Some(index) => {
                let Node { hir, height, copies } = node;
                let hir = Hir::capture(Capture { index, name: None, sub: Box::new(hir) });
                Node { hir, height: height + 1, copies }
            }
        };
        self.checked(node).map(|node| self.stack.push(Item::Node(node)))
    }

    fn checked(&self, node: Node) -> Result<Node, Rejection> {
        if node.height > MAX_HEIGHT {
            return Err(rejection("expression nests too deeply", self.pattern));
        }
        Ok(node)
    }

    /// Takes what is above the last `|` or `(` from the stack, as one.
    fn concatenation(&mut self) -> Result<Node, Rejection> {
        let start = self.stack.iter().rposition(|item| !matches!(item, Item::Node(_))).map_or(0, |index| index + 1);
        let mut parts: Vec<Node> = self
            .stack
            .drain(start..)
            .filter_map(|item| match item {
                Item::Node(node) => Some(node),
                _ => None,
            })
            .collect();
        if parts.len() == 1
            && let Some(part) = parts.pop()
        {
            return Ok(part);
        }
        let node = Node::over(&parts, Hir::empty);
        let hir = Hir::concat(parts.into_iter().map(|part| part.hir).collect());
        self.checked(Node { hir, ..node })
    }

    /// Takes what is above the last `(` from the stack, as one.
    fn alternation(&mut self) -> Result<Node, Rejection> {
        let mut branches = vec![self.concatenation()?];
        while let Some(Item::Bar) = self.stack.last() {
            self.stack.pop();
            if let Some(Item::Node(_)) = self.stack.last()
                && let Some(Item::Node(node)) = self.stack.pop()
            {
                branches.push(node);
            }
        }
        if branches.len() == 1
            && let Some(branch) = branches.pop()
        {
            return Ok(branch);
        }
        branches.reverse();
        let node = Node::over(&branches, Hir::empty);
        let hir = Hir::alternation(branches.into_iter().map(|branch| branch.hir).collect());
        self.checked(Node { hir, ..node })
    }

    /// Repeats what is on top of the stack.
    fn repeat(
        &mut self,
        min: u32,
        max: Option<u32>,
        counted: bool,
        behind: &'p str,
        last_repeat: Option<&'p str>,
    ) -> Result<(), Rejection> {
        let (behind, lazy) = match behind.strip_prefix('?') {
            Some(behind) => (behind, !self.flags.lazy),
            None => (behind, self.flags.lazy),
        };
        if let Some(last) = last_repeat {
            return Err(rejection("invalid nested repetition operator", read(last, behind)));
        }
        let text = read(self.rest, behind);
        let Some(Item::Node(_)) = self.stack.last() else {
            return Err(rejection(MISSING_ARGUMENT, text));
        };
        let Some(Item::Node(node)) = self.stack.pop() else {
            return Err(rejection(MISSING_ARGUMENT, text));
        };
        let copies = match max {
            _ if !counted => node.copies,
            Some(0) => 1,
            _ => node.copies.saturating_mul(u64::from(max.unwrap_or(min).max(1))),
        };
        if counted && (min >= 2 || max.is_some_and(|max| max >= 2)) && copies > MAX_REPEAT {
            return Err(rejection(INVALID_REPEAT_COUNT, text));
        }
        let hir = Hir::repetition(Repetition { min, max, greedy: !lazy, sub: Box::new(node.hir) });
        let node = self.checked(Node { hir, height: node.height + 1, copies })?;
        self.stack.push(Item::Node(node));
        self.rest = behind;
        Ok(())
    }

    /// What begins with `(?`: a group with a name, flags, or both a group and flags.
    fn perl_group(&mut self) -> Result<(), Rejection> {
        let whole = self.rest;
        let named = whole.strip_prefix("(?P<").filter(|rest| !rest.is_empty()).or(whole.strip_prefix("(?<"));
        if let Some(text) = named.filter(|rest| !rest.is_empty()) {
            let Some((name, behind)) = text.split_once('>') else {
                return Err(rejection(INVALID_NAMED_CAPTURE, whole));
            };
            if name.is_empty() || !name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_') {
                return Err(rejection(INVALID_NAMED_CAPTURE, read(whole, behind)));
            }
            self.rest = behind;
            self.open(Some(name.to_owned()));
            return Ok(());
        }
        let mut flags = self.flags;
        let (mut value, mut negated, mut seen) = (true, false, false);
        let mut rest = whole.get(2..).unwrap_or_default();
        while let (Some(character), behind) = next(rest) {
            rest = behind;
            match character {
                'i' => flags.fold_case = value,
                'm' => flags.multi_line = value,
                's' => flags.dot_all = value,
                'U' => flags.lazy = value,
                '-' if !negated => {
                    (value, negated, seen) = (false, true, false);
                    continue;
                }
                ':' | ')' if !negated || seen => {
                    if character == ':' {
                        self.open(None);
                    }
                    self.flags = flags;
                    self.rest = rest;
                    return Ok(());
                }
                _ => break,
            }
            seen = true;
        }
        Err(rejection(INVALID_PERL, read(whole, rest)))
    }

    /// What begins with a backslash, outside of brackets.
    fn escape(&mut self) -> Result<(), Rejection> {
        let whole = self.rest;
        let (letter, behind) = next(whole.get(1..).unwrap_or_default());
        match letter {
            Some('A') => self.push(Hir::look(Look::Start), behind),
            Some('z') => self.push(Hir::look(Look::End), behind),
            Some('b') => self.push(Hir::look(Look::WordAscii), behind),
            Some('B') => self.push(Hir::look(Look::WordAsciiNegate), behind),
            Some('C') => return Err(rejection(INVALID_ESCAPE, read(whole, behind))),
            Some('Q') => {
                let (text, behind) = behind.split_once(r"\E").unwrap_or((behind, ""));
                for character in text.chars() {
                    self.literal(character, behind);
                }
                self.rest = behind;
            }
            _ => match self.named_class(whole)? {
                Some((class, behind)) => self.push(Hir::class(Class::Unicode(class)), behind),
                None => match escape::character(whole)? {
                    (Some(character), behind) => self.literal(character, behind),
                    (None, behind) => self.push(Hir::fail(), behind),
                },
            },
        }
        Ok(())
    }

    /// `\p{…}`, `\d` and their like at the beginning of `text`, with what comes behind.
    fn named_class(&self, text: &'p str) -> Result<Option<(ClassUnicode, &'p str)>, Rejection> {
        let (letter, behind) = next(text.strip_prefix('\\').unwrap_or_default());
        let Some(letter) = letter else { return Ok(None) };
        let (mut class, negated, behind) = match letter {
            'p' | 'P' => {
                let (name, behind) = match next(behind) {
                    (Some('{'), inner) => match inner.split_once('}') {
                        Some(split) => split,
                        None => return Err(rejection(INVALID_RANGE, text)),
                    },
                    (_, behind_name) => (read(behind, behind_name), behind_name),
                };
                let (name, inverted) = match name.strip_prefix('^') {
                    Some(name) => (name, true),
                    None => (name, false),
                };
                match class::unicode(name) {
                    Some(class) => (class, (letter == 'P') != inverted, behind),
                    None => return Err(rejection(INVALID_RANGE, read(text, behind))),
                }
            }
            _ => match class::perl(letter.to_ascii_lowercase()) {
                Some(class) => (class, letter.is_ascii_uppercase(), behind),
                None => return Ok(None),
            },
        };
        self.finish(&mut class, negated);
        Ok(Some((class, behind)))
    }

    /// Folds a class where that is asked for, and then turns it into its opposite.
    fn finish(&self, class: &mut ClassUnicode, negated: bool) {
        if self.flags.fold_case {
            class::fold(class);
        }
        if negated {
            class.negate();
        }
    }

    /// `[:alpha:]` at the beginning of `text`, with what comes behind.
    fn posix_class(&self, text: &'p str) -> Result<Option<(ClassUnicode, &'p str)>, Rejection> {
        let Some((name, behind)) = text.strip_prefix("[:").and_then(|inner| inner.split_once(":]")) else {
            return Ok(None);
        };
        let (plain, negated) = match name.strip_prefix('^') {
            Some(plain) => (plain, true),
            None => (name, false),
        };
        let Some(mut class) = class::posix(plain) else {
            return Err(rejection(INVALID_RANGE, read(text, behind)));
        };
        self.finish(&mut class, negated);
        Ok(Some((class, behind)))
    }

    /// What is in brackets.
    fn class(&mut self) -> Result<(), Rejection> {
        let whole = self.rest;
        let inner = whole.get(1..).unwrap_or_default();
        let (mut rest, negated) = match inner.strip_prefix('^') {
            Some(inner) => (inner, true),
            None => (inner, false),
        };
        let mut class = ClassUnicode::empty();
        let mut first = true;
        while first || !rest.starts_with(']') {
            first = false;
            let found = match self.posix_class(rest)? {
                None => self.named_class(rest)?,
                found => found,
            };
            if let Some((named, behind)) = found {
                class.union(&named);
                rest = behind;
                continue;
            }
            let (low, behind) = class_character(rest, whole)?;
            let mut high = low;
            let mut behind = behind;
            if let Some(range) = behind.strip_prefix('-').filter(|range| !range.is_empty() && !range.starts_with(']')) {
                (high, behind) = class_character(range, whole)?;
                if high < low {
                    return Err(rejection(INVALID_RANGE, read(rest, behind)));
                }
            }
            if let Some(range) = scalars(low, high) {
                let mut range = ClassUnicode::new([range]);
                if self.flags.fold_case {
                    class::fold(&mut range);
                }
                class.union(&range);
            }
            rest = behind;
        }
        if negated {
            class.negate();
        }
        self.push(Hir::class(Class::Unicode(class)), rest.get(1..).unwrap_or_default());
        Ok(())
    }
}

/// The characters of a range of numbers, which has surrogates at an end where somebody wrote one.
fn scalars(low: u32, high: u32) -> Option<ClassUnicodeRange> {
    let start = char::from_u32(low).unwrap_or('\u{e000}');
    let end = char::from_u32(high).unwrap_or('\u{d7ff}');
    (start <= end).then(|| ClassUnicodeRange::new(start, end))
}

/// One character in brackets of the class `whole`, as its number.
fn class_character<'p>(text: &'p str, whole: &str) -> Result<(u32, &'p str), Rejection> {
    if text.starts_with('\\') {
        return escape::number(text);
    }
    match next(text) {
        (Some(character), behind) => Ok((character.into(), behind)),
        (None, _) => Err(rejection("missing closing ]", whole)),
    }
}
