//! The patterns of `.Files.Glob`, as gobwas/glob has them with `/` as separator.

use bstr::{BStr, ByteSlice};

/// How deeply alternatives may stand in one another: no chart has more than two, and matching recurses over them.
const MAX_DEPTH: usize = 32;

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Glob {
    nodes: Vec<Node>,
}

/// Why a pattern is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

#[derive(Debug)]
enum Node {
    Text(Vec<char>),
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
        let characters: Vec<char> = pattern.chars().collect();
        let mut parser = Parser { characters: &characters, at: 0 };
        parser.pattern()
    }

    /// Whether all of `name` matches.
    pub(super) fn matches(&self, name: &BStr) -> bool {
        let name: Vec<char> = name.chars().collect();
        let mut reached = vec![false; name.len() + 1];
        if let Some(start) = reached.first_mut() {
            *start = true;
        }
        run(&self.nodes, &name, reached).last().copied().unwrap_or(false)
    }

    /// How much work matching against one character is: nodes, and characters of texts.
    pub(super) fn size(&self) -> usize {
        size(&self.nodes)
    }
}

fn size(nodes: &[Node]) -> usize {
    nodes
        .iter()
        .map(|node| match node {
            Node::Text(text) => 1 + text.len(),
            Node::OneOf { characters, .. } => 1 + characters.len(),
            Node::Alternatives(alternatives) => 1 + alternatives.iter().map(|nodes| size(nodes)).sum::<usize>(),
            _ => 1,
        })
        .sum()
}

/// Follows all ways at once: which ends of `name`'s beginnings are reached after `nodes`, from those `reached` before.
fn run(nodes: &[Node], name: &[char], mut reached: Vec<bool>) -> Vec<bool> {
    for node in nodes {
        reached = step(node, name, &reached);
    }
    reached
}

fn step(node: &Node, name: &[char], reached: &[bool]) -> Vec<bool> {
    let mut next = vec![false; reached.len()];
    match node {
        Node::Text(text) => {
            for (start, _) in reached.iter().enumerate().filter(|(_, reached)| **reached) {
                if name.get(start..).is_some_and(|rest| rest.starts_with(text))
                    && let Some(end) = next.get_mut(start + text.len())
                {
                    *end = true;
                }
            }
        }
        Node::Any | Node::Super => {
            let mut running = false;
            for (at, end) in next.iter_mut().enumerate() {
                let stops = at > 0 && matches!(node, Node::Any) && name.get(at - 1) == Some(&'/');
                running = (running && !stops) || reached.get(at).copied().unwrap_or(false);
                *end = running;
            }
        }
        Node::Single => one(&mut next, name, reached, |c| c != '/'),
        Node::OneOf { characters, not } => one(&mut next, name, reached, |c| characters.contains(&c) != *not),
        Node::Between { low, high, not } => one(&mut next, name, reached, |c| (*low..=*high).contains(&c) != *not),
        Node::Alternatives(alternatives) => {
            for alternative in alternatives {
                let ends = run(alternative, name, reached.to_vec());
                next.iter_mut().zip(ends).for_each(|(end, reached)| *end |= reached);
            }
        }
    }
    next
}

/// Takes one character that `fits`.
fn one(next: &mut [bool], name: &[char], reached: &[bool], fits: impl Fn(char) -> bool) {
    for ((from, character), end) in reached.iter().zip(name).zip(next.iter_mut().skip(1)) {
        *end = *from && fits(*character);
    }
}

struct Parser<'a> {
    characters: &'a [char],
    at: usize,
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
    fn pattern(&mut self) -> Result<Glob, Malformed> {
        // The patterns being read, outermost first, each with the alternatives before it.
        let mut nodes = Vec::new();
        let mut outer: Vec<(Vec<Node>, Vec<Vec<Node>>)> = Vec::new();
        while let Some(c) = self.peek() {
            match c {
                '{' => {
                    if outer.len() == MAX_DEPTH {
                        return Err(Malformed);
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
                    nodes.push(Node::Text(text));
                }
            }
        }
        while !outer.is_empty() {
            close(&mut nodes, &mut outer);
        }
        Ok(Glob { nodes })
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
        let first = self.next().ok_or(Malformed)?;
        let node = if self.peek() == Some('-') {
            self.at += 1;
            let high = self.next().ok_or(Malformed)?;
            if high < first {
                return Err(Malformed);
            }
            Node::Between { low: first, high, not }
        } else {
            self.at -= 1;
            let characters = self.text("]");
            if characters.is_empty() {
                return Err(Malformed);
            }
            Node::OneOf { characters, not }
        };
        if self.next() == Some(']') { Ok(node) } else { Err(Malformed) }
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
            ("?.txt", "a.txt é.txt", "/.txt ab.txt"),
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
                assert!(glob.matches(name.into()), "{pattern} {name}");
            }
            for name in no.split(' ') {
                assert!(!glob.matches(name.into()), "{pattern} {name}");
            }
        }
    }

    #[test]
    fn a_broken_class_is_no_pattern() {
        for pattern in ["[", "[]", "[a", "[z-a]", "[a-", "[a-b", "[a-bc]", "[!"] {
            assert_eq!(Glob::new(pattern.into()).err(), Some(Malformed), "{pattern}");
        }
        assert!(Glob::new("{".repeat(100_000).as_str().into()).is_err());
    }

    #[test]
    fn a_pattern_full_of_stars_costs_no_more_than_its_length() {
        let glob = Glob::new("**a".repeat(500).as_str().into()).unwrap();
        assert!(!glob.matches("a".repeat(499).as_str().into()));
        assert!(glob.matches("a".repeat(500).as_str().into()));
    }
}
