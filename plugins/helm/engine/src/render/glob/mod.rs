//! The patterns of `.Files.Glob`, as gobwas/glob has them with `/` as separator.

use bstr::{BStr, ByteSlice};

mod compile;
mod matcher;

/// How deeply alternatives may stand in one another: no chart has more than two, and matching recurses over them.
const MAX_DEPTH: usize = 16;

/// How many parts a pattern may have: what compiles it compares all runs of them, and recurses over them.
const MAX_NODES: usize = 64;

/// How many characters a pattern may have; a path has no more.
const MAX_LENGTH: usize = 4096;

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Glob {
    matcher: matcher::Matcher,
}

/// Why a pattern is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Malformed {
    /// It is not well formed.
    Syntax,
    /// It exceeds a limit.
    TooComplex,
}

/// Why there is no answer whether a name matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// There are too many ways to divide the name.
    TooComplex,
    /// Where gobwas/glob reaches behind the end of a name, and Go stops it.
    OutOfRange { end: usize, length: usize },
}

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Text(String),
    /// `*`: any run without a separator.
    Any,
    /// `**`: any run.
    Super,
    /// `?`: one that is no separator.
    Single,
    /// `[abc]`, `[!abc]`: one of them, or none of them; a separator is a character like any other here.
    OneOf {
        characters: Vec<char>,
        not: bool,
    },
    /// `[a-z]`, `[!a-z]`.
    Between {
        low: char,
        high: char,
        not: bool,
    },
    /// `{a,b}`.
    Alternatives(Vec<Vec<Node>>),
}

impl Glob {
    pub(super) fn new(pattern: &BStr) -> Result<Self, Malformed> {
        let characters: Vec<char> = pattern.chars().take(MAX_LENGTH + 1).collect();
        if characters.len() > MAX_LENGTH {
            return Err(Malformed::TooComplex);
        }
        let mut parser = Parser { characters: &characters, at: 0, nodes: 0 };
        Ok(Self { matcher: compile::pattern(&parser.pattern()?) })
    }

    /// Whether all of `name` matches.
    pub(super) fn matches(&self, name: &BStr) -> Result<bool, Stop> {
        self.matcher.matches(name, &mut matcher::MAX_STEPS.clone())
    }
}

struct Parser<'a> {
    characters: &'a [char],
    at: usize,
    nodes: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        // A NUL is the end to gobwas's lexer.
        self.characters.get(self.at).copied().filter(|c| *c != '\0')
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek();
        if next.is_some() {
            self.at += 1;
        }
        next
    }

    /// A whole pattern. Alternatives that are never closed end with it, as gobwas has it.
    fn pattern(&mut self) -> Result<Vec<Node>, Malformed> {
        // The patterns being read, outermost first, each with the alternatives before it.
        let mut nodes = Vec::new();
        let mut outer: Vec<(Vec<Node>, Vec<Vec<Node>>)> = Vec::new();
        while let Some(c) = self.peek() {
            self.nodes += 1;
            if self.nodes > MAX_NODES {
                return Err(Malformed::TooComplex);
            }
            match c {
                '{' => {
                    if outer.len() == MAX_DEPTH {
                        return Err(Malformed::TooComplex);
                    }
                    self.at += 1;
                    outer.push((std::mem::take(&mut nodes), Vec::new()));
                }
                ',' if !outer.is_empty() => {
                    self.at += 1;
                    if let Some((_, alternatives)) = outer.last_mut() {
                        alternatives.push(std::mem::take(&mut nodes));
                    }
                }
                '}' if !outer.is_empty() => {
                    self.at += 1;
                    close(&mut nodes, &mut outer);
                }
                '[' => {
                    self.at += 1;
                    nodes.push(self.class()?);
                }
                '?' => {
                    self.at += 1;
                    nodes.push(Node::Single);
                }
                '*' => {
                    self.at += 1;
                    let twice = self.peek() == Some('*');
                    self.at += usize::from(twice);
                    nodes.push(if twice { Node::Super } else { Node::Any });
                }
                _ => {
                    let text = self.text(if outer.is_empty() { "?*[{" } else { "?*[{}," });
                    // A backslash at the end is nothing at all.
                    if !text.is_empty() {
                        nodes.push(Node::Text(text.into_iter().collect()));
                    }
                }
            }
        }
        while !outer.is_empty() {
            close(&mut nodes, &mut outer);
        }
        Ok(nodes)
    }

    /// Characters up to one of `breakers`; a backslash takes the next one as it is.
    fn text(&mut self, breakers: &str) -> Vec<char> {
        let mut text = Vec::new();
        while let Some(c) = self.peek() {
            if c == '\\' {
                self.at += 1;
                text.extend(self.next());
            } else if breakers.contains(c) {
                break;
            } else {
                self.at += 1;
                text.push(c);
            }
        }
        text
    }

    /// What follows a `[`.
    fn class(&mut self) -> Result<Node, Malformed> {
        let not = self.peek() == Some('!');
        self.at += usize::from(not);
        let first = self.next().ok_or(Malformed::Syntax)?;
        let node = if self.peek() == Some('-') {
            self.at += 1;
            let high = self.next().ok_or(Malformed::Syntax)?;
            if high < first {
                return Err(Malformed::Syntax);
            }
            Node::Between { low: first, high, not }
        } else {
            self.at -= 1;
            let characters = self.text("]");
            if characters.is_empty() {
                return Err(Malformed::Syntax);
            }
            Node::OneOf { characters, not }
        };
        if self.next() == Some(']') { Ok(node) } else { Err(Malformed::Syntax) }
    }
}

/// Ends the innermost alternatives.
fn close(nodes: &mut Vec<Node>, outer: &mut Vec<(Vec<Node>, Vec<Vec<Node>>)>) {
    if let Some((before, mut alternatives)) = outer.pop() {
        alternatives.push(std::mem::replace(nodes, before));
        nodes.push(Node::Alternatives(alternatives));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn patterns_match_as_gobwas_has_them() {
        for (pattern, yes, no) in [
            ("*.txt", "a.txt .txt", "d/a.txt a.txtx"),
            ("**.txt", "a.txt d/e/a.txt", "a.tx"),
            ("d/**", "d/a d/e/f d/", "d e/d/a"),
            ("**/x", "a/x a/b/x", "x"),
            ("d/*/x", "d/e/x", "d/e/f/x d/x"),
            ("?.txt", "a.txt", "/.txt ab.txt"),
            ("[ab]c", "ac bc", "cc c"),
            ("[!ab]c", "xc", "ac"),
            ("[a-c]x", "ax cx", "dx"),
            ("[!a-c]x", "dx /x", "ax"),
            ("{a,b/*}.y", "a.y b/c.y", "b.y c.y"),
            ("{a,{b,c}d}", "a bd cd", "b d"),
            (r"\*.txt", "*.txt", "a.txt"),
            ("a,b}", "a,b}", "a"),
            ("{a,b", "a b", "a,b"),
        ] {
            let glob = Glob::new(pattern.into()).unwrap();
            for name in yes.split(' ') {
                assert_eq!(glob.matches(name.into()), Ok(true), "{pattern} {name}");
            }
            for name in no.split(' ') {
                assert_eq!(glob.matches(name.into()), Ok(false), "{pattern} {name}");
            }
        }
    }

    #[test]
    fn a_broken_class_is_no_pattern() {
        for pattern in ["[", "[]", "[a", "[z-a]", "[a-", "[a-b", "[a-bc]", "[!"] {
            assert_eq!(Glob::new(pattern.into()).err(), Some(Malformed::Syntax), "{pattern}");
        }
        assert!(Glob::new("{".repeat(100_000).as_str().into()).is_err());
    }

    #[test]
    fn gobwas_slips_are_kept() {
        for (pattern, name, expected) in [
            ("f/{a/*,b}", "f/a/b", Ok(false)),
            ("f/{a/*,b}", "f/b", Ok(true)),
            ("?.txt", "é.txt", Ok(false)),
            ("{**/*.json,**/*.txt}", "a/b.txt", Ok(false)),
            ("{*,a}-", "-", Ok(false)),
        ] {
            assert_eq!(Glob::new(pattern.into()).unwrap().matches(name.into()), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_pattern_full_of_stars_ends() {
        assert_eq!(Glob::new("**a".repeat(500).as_str().into()).err(), Some(Malformed::TooComplex));
        let glob = Glob::new("*a".repeat(5).as_str().into()).unwrap();
        assert_eq!(glob.matches("a".repeat(20).as_str().into()), Ok(true));
        let hard = Glob::new(format!("{}b", "*a".repeat(30)).as_str().into()).unwrap();
        assert_eq!(hard.matches(format!("{}bc", "a".repeat(200)).as_str().into()), Err(Stop::TooComplex));
    }
}
