//! A YAML file as a tree in which every key and value knows where it stands.

use std::sync::Arc;

use serde_json::Number;

use crate::diagnostic::{Diagnostic, Span};

pub(crate) use super::build::{parse, parse_counted, parse_documents};

/// Files larger than this together are refused before they are parsed. 10,000 resources take about 2 MiB.
pub const MAX_FILE_BYTES: usize = 8 << 20;
/// Deeper than any Kubernetes manifest, and shallow enough that walking the tree needs little stack.
pub const MAX_DEPTH: usize = 64;
/// Keys and values of all files, after aliases are expanded: a bomb of nested aliases ends here.
pub const MAX_NODES: usize = 500_000;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) kind: Kind,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Number(Number),
    String(Text),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A string, and its form in the file where that differs: offsets into it can then be told.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub(crate) value: Arc<str>,
    /// As written, with quotes and escapes, where it holds expressions: their spans are found in it.
    pub(crate) raw: Option<Arc<str>>,
}

/// One key of a map with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Arc<str>,
    pub(crate) key_span: Span,
    pub(crate) value: Node,
}

impl Kind {
    /// What it is, in words.
    pub(crate) fn describe(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "a truth value",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

/// A piece of the file for a message: short, and without what would act on a terminal.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut out: String =
        text.chars().take(LONGEST).map(|c| if crate::name::is_deceptive(c) { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() {
        out.push('…');
    }
    out
}

/// The entry of a map.
pub(crate) fn get<'n>(node: &'n Node, key: &str) -> Option<&'n Entry> {
    match &node.kind {
        Kind::Map(entries) => entries.iter().find(|entry| &*entry.key == key),
        _ => None,
    }
}

/// Text as it is meant where it holds no expression: `$${` is an escape everywhere.
pub(crate) fn unescaped(text: &str) -> String {
    text.replace("$${", "${")
}

/// Does a text hold an expression?
pub(crate) fn has_expression(text: &str) -> bool {
    text.contains("${") && text.replace("$${", "").contains("${")
}

/// A value without expressions as JSON.
pub(crate) fn to_json(node: &Node) -> serde_json::Value {
    use serde_json::Value as Json;
    match &node.kind {
        Kind::Null => Json::Null,
        Kind::Bool(truth) => Json::Bool(*truth),
        Kind::Number(number) => Json::Number(number.clone()),
        Kind::String(text) => Json::String(unescaped(&text.value)),
        Kind::List(items) => Json::Array(items.iter().map(to_json).collect()),
        Kind::Map(entries) => Json::Object(entries.iter().map(|e| (unescaped(&e.key), to_json(&e.value))).collect()),
    }
}

/// The first text in a value that holds an expression.
pub(crate) fn first_expression(node: &Node) -> Option<&Span> {
    match &node.kind {
        Kind::String(text) if has_expression(&text.value) => Some(&node.span),
        Kind::List(items) => items.iter().find_map(first_expression),
        Kind::Map(entries) => entries.iter().find_map(|entry| first_expression(&entry.value)),
        _ => None,
    }
}

/// An error if a map is one that stands for something else where values cross as JSON.
pub(crate) fn reserved(entries: &[Entry]) -> Option<Diagnostic> {
    let [entry] = entries else { return None };
    let key = super::RESERVED_KEYS.iter().find(|key| **key == &*entry.key)?;
    Some(
        Diagnostic::error("reserved-key", format!("a map whose only key is `{key}` has a meaning of its own in maps"))
            .at(&entry.key_span)
            .help("give the key another name, or the map a second key"),
    )
}
