//! Typed reading of parts of the tree, telling what is wrong as it goes.

use super::yaml::{Entry, Kind, Node, has_expression, shown, unescaped};
use crate::diagnostic::{Diagnostic, Span, suggest};

/// Reads values and collects what is wrong with them.
pub(super) struct Reader<'d> {
    pub(super) diagnostics: &'d mut Vec<Diagnostic>,
}

/// The entries of a map whose keys have been checked.
#[derive(Clone, Copy)]
pub(super) struct Fields<'n> {
    entries: &'n [Entry],
    /// Of the map.
    pub(super) span: &'n Span,
}

impl<'n> Fields<'n> {
    /// The value of a key; null counts as left out.
    pub(super) fn get(self, key: &str) -> Option<&'n Node> {
        self.entries
            .iter()
            .find(|entry| &*entry.key == key)
            .map(|entry| &entry.value)
            .filter(|node| !matches!(node.kind, Kind::Null))
    }
}

impl Fields<'_> {
    /// Is the key there with nothing behind it?
    pub(super) fn is_bare(self, key: &str) -> bool {
        self.entries.iter().any(|entry| &*entry.key == key && matches!(entry.value.kind, Kind::Null))
    }
}

impl Reader<'_> {
    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn wrong_type(&mut self, node: &Node, what: &str, expected: &str) {
        let message = format!("{what} is {expected}, and this is {}", node.kind.describe());
        self.push(Diagnostic::error("wrong-type", message).at(&node.span));
    }

    /// The entries of a map.
    pub(super) fn map<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Entry]> {
        match &node.kind {
            Kind::Map(entries) => Some(entries),
            Kind::Null => Some(&[]),
            _ => {
                self.wrong_type(node, what, "a map");
                None
            }
        }
    }

    /// The items of a list.
    pub(super) fn list<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Node]> {
        match &node.kind {
            Kind::List(items) => Some(items),
            Kind::Null => Some(&[]),
            _ => {
                self.wrong_type(node, what, "a list");
                None
            }
        }
    }

    /// A map of known keys.
    pub(super) fn fields<'n>(&mut self, node: &'n Node, what: &str, known: &[&'static str]) -> Option<Fields<'n>> {
        self.fields_around(node, what, known, ("", &[]))
    }

    /// A map of known keys, one of which holds others that people write beside it by mistake.
    pub(super) fn fields_around<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        known: &[&'static str],
        (inner, inside): (&str, &[&'static str]),
    ) -> Option<Fields<'n>> {
        let entries = self.map(node, what)?;
        for entry in entries {
            if inside.contains(&&*entry.key) {
                let message = format!("{what} has no key `{}`", shown(&entry.key));
                let help = format!("it stands under `{inner}`: `{inner}: {{{}: …}}`", shown(&entry.key));
                self.push(Diagnostic::error("unknown-key", message).at(&entry.key_span).help(help));
            } else if !known.contains(&&*entry.key) {
                self.unknown_key(entry, what, known.iter().copied());
            }
        }
        Some(Fields { entries, span: &node.span })
    }

    pub(super) fn unknown_key<'k>(
        &mut self,
        entry: &Entry,
        what: &str,
        known: impl IntoIterator<Item = &'k str> + Clone,
    ) {
        let message = format!("{what} has no key `{}`", shown(&entry.key));
        self.push(Diagnostic::error("unknown-key", message).at(&entry.key_span).maybe_help(suggest(&entry.key, known)));
    }

    /// Text without expressions.
    pub(super) fn text(&mut self, node: &Node, what: &str) -> Option<String> {
        match &node.kind {
            Kind::String(text) if has_expression(&text.value) => {
                self.push(
                    Diagnostic::error("no-expression-here", format!("{what} cannot hold an expression"))
                        .at(&node.span)
                        .help("write `$${` for the characters themselves"),
                );
                None
            }
            Kind::String(text) => Some(unescaped(&text.value)),
            Kind::Number(_) | Kind::Bool(_) => {
                self.wrong_type(node, what, "a string");
                if let Some(last) = self.diagnostics.last_mut() {
                    last.help = Some("put it in quotes".to_owned());
                }
                None
            }
            _ => {
                self.wrong_type(node, what, "a string");
                None
            }
        }
    }

    /// True or false.
    pub(super) fn truth(&mut self, node: &Node, what: &str) -> Option<bool> {
        match &node.kind {
            Kind::Bool(truth) => Some(*truth),
            _ => {
                self.wrong_type(node, what, "true or false");
                None
            }
        }
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, node: &Node, what: &str) -> Vec<(String, Span)> {
        let items = self.list(node, what).unwrap_or_default();
        items.iter().filter_map(|item| Some((self.text(item, "an item of it")?, item.span.clone()))).collect()
    }

    /// A value that must be there.
    pub(super) fn required<'n>(&mut self, fields: Fields<'n>, key: &str, what: &str) -> Option<&'n Node> {
        let found = fields.get(key);
        if found.is_none() {
            self.push(Diagnostic::error("missing-key", format!("{what} needs `{key}`")).at(fields.span));
        }
        found
    }

    /// Checks a name that the stack gives to something.
    pub(super) fn name(&mut self, name: &str, span: &Span, what: &str) -> bool {
        match crate::name::name_fault(name) {
            None => true,
            Some(fault) => {
                self.push(
                    Diagnostic::error("bad-name", format!("`{}` is no name for {what}: {fault}", shown(name)))
                        .at(span)
                        .help("names are like `my-cluster`: lower-case letters, digits, `-` and `_`"),
                );
                false
            }
        }
    }
}
