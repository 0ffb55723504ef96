//! A YAML file of a plugin, read as JSON, that still knows where everything in it stands: faults
//! are found in the JSON by path, and shown under the lines that they are about.

use serde_json::Value as Json;

use crate::diagnostic::{Diagnostic, Span, arrange};
use crate::stack::yaml::{self, Kind, Node};

/// A file that was read.
#[derive(Clone, Debug)]
pub struct Document {
    root: Node,
    /// Is it the part of a stack that goes by this name? There `$${` stands for `${`, and paths
    /// begin with the name.
    part: Option<&'static str>,
}

/// Which part of a member a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Its name.
    Key,
    /// What it holds.
    Value,
}

impl Document {
    /// Reads YAML 1.2 with the limits of stack files. None comes only with an error.
    pub fn parse(file: &str, bytes: &[u8], diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let errors = |diagnostics: &[Diagnostic]| diagnostics.iter().filter(|d| d.is_error()).count();
        let before = errors(diagnostics);
        let root = yaml::parse(file, bytes, diagnostics);
        if root.is_none() && errors(diagnostics) == before {
            let start = Span { file: file.into(), start: 0, end: 0, line: 1, column: 1 };
            diagnostics.push(Diagnostic::error("empty-file", "the file is empty").at(&start));
        }
        root.filter(|_| errors(diagnostics) == before).map(|root| Self { root, part: None })
    }

    /// A part of a stack.
    pub(crate) fn part(name: &'static str, node: &Node) -> Self {
        Self { root: node.clone(), part: Some(name) }
    }

    /// What it holds.
    pub fn json(&self) -> Json {
        if self.part.is_some() { yaml::to_json(&self.root) } else { json(&self.root) }
    }

    /// Where the member at `path` stands, such as `capabilities.http[0].url`. A path that leads
    /// nowhere is answered with the last place on the way that is there.
    pub fn span(&self, path: &str, part: Part) -> &Span {
        let inside = self.part.and_then(|name| path.strip_prefix(name)).unwrap_or(path);
        let place = walk(&self.root, None, inside);
        match part {
            Part::Key => place.key.unwrap_or(&place.node.span),
            Part::Value => &place.node.span,
        }
    }

    /// Diagnostics in the order of the file, each once.
    pub fn arranged(mut diagnostics: Vec<Diagnostic>, file: &str) -> Vec<Diagnostic> {
        arrange(&mut diagnostics, file);
        diagnostics
    }
}

/// As it is written: `${` means nothing here.
fn json(node: &Node) -> Json {
    match &node.kind {
        Kind::Null => Json::Null,
        Kind::Bool(truth) => Json::Bool(*truth),
        Kind::Number(number) => Json::Number(number.clone()),
        Kind::String(text) => Json::String(text.value.to_string()),
        Kind::List(items) => items.iter().map(json).collect(),
        Kind::Map(entries) => entries.iter().map(|entry| (entry.key.to_string(), json(&entry.value))).collect(),
    }
}

/// A node, with the span of the key it stands behind and how much of the path led there.
struct Place<'n> {
    node: &'n Node,
    key: Option<&'n Span>,
    left: usize,
}

/// Keys may hold dots and brackets themselves, so that every key which fits is tried.
fn walk<'n>(node: &'n Node, key: Option<&'n Span>, path: &str) -> Place<'n> {
    let here = Place { node, key, left: path.len() };
    let inside = path.strip_prefix('.').unwrap_or(path);
    let further = |place: Place<'n>, best: Place<'n>| if place.left < best.left { place } else { best };
    match &node.kind {
        Kind::Map(entries) => entries
            .iter()
            .filter_map(|entry| {
                let rest = inside.strip_prefix(&*entry.key)?;
                let ends = rest.is_empty() || rest.starts_with(['.', '[']);
                ends.then(|| walk(&entry.value, Some(&entry.key_span), rest))
            })
            .fold(here, |best, place| further(place, best)),
        Kind::List(items) => {
            let index = inside.strip_prefix('[').and_then(|inside| inside.split_once(']'));
            let item = index.and_then(|(index, rest)| Some((items.get(index.parse::<usize>().ok()?)?, rest)));
            item.map_or(here, |(item, rest)| walk(item, None, rest))
        }
        _ => here,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    const TEXT: &str = "a:\n  b.c: {/x.y: 1}\n  b: [{c: 2}, \"${id}\"]\n";

    fn place(path: &str, part: Part) -> (usize, usize) {
        let document = Document::parse("f.yaml", TEXT.as_bytes(), &mut Vec::new()).unwrap();
        let span = document.span(path, part);
        (span.line, span.column)
    }

    #[test]
    fn places_are_found_by_path_whatever_the_keys_hold() {
        assert_eq!(place("a.b.c", Part::Key), (2, 3));
        assert_eq!(place("a.b.c./x.y", Part::Key), (2, 9));
        assert_eq!(place("a.b.c./x.y", Part::Value), (2, 15));
        assert_eq!(place("a.b[0].c", Part::Value), (3, 11));
        assert_eq!(place("a.b[1]", Part::Value), (3, 15));
    }

    #[test]
    fn what_is_not_there_is_shown_where_it_would_be() {
        assert_eq!(place("", Part::Value), (1, 1));
        assert_eq!(place("a.b[0].d.e", Part::Value), (3, 7));
        assert_eq!(place("a.b[7]", Part::Key), (3, 3));
    }

    #[test]
    fn text_that_an_expression_would_be_elsewhere_is_text() {
        let document = Document::parse("f.yaml", TEXT.as_bytes(), &mut Vec::new()).unwrap();
        assert_eq!(document.json(), serde_json::json!({"a": {"b.c": {"/x.y": 1}, "b": [{"c": 2}, "${id}"]}}));
    }

    #[test]
    fn an_empty_file_is_an_error() {
        let mut diagnostics = Vec::new();
        assert!(Document::parse("f.yaml", b"# nothing\n", &mut diagnostics).is_none());
        assert_eq!(diagnostics[0].code, "empty-file");
    }
}
