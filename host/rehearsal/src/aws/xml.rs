//! A document as a tree, read with quick-xml and written with its escaping.

use quick_xml::escape::{escape, unescape};
use quick_xml::events::Event;
use quick_xml::reader::Reader;

/// How deep a document may nest; AWS's own go to eight.
const MAX_DEPTH: usize = 32;

/// An element: text, or children in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Element {
    name: String,
    namespace: Option<&'static str>,
    /// Its type of XML Schema, written as `xsi:type`.
    kind: Option<&'static str>,
    text: String,
    children: Vec<Element>,
}

/// Why a document cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) String);

impl Element {
    /// An element without content.
    pub(super) fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// An element of text.
    #[expect(clippy::needless_pass_by_value, reason = "callers hand over numbers, borrowed and owned text alike")]
    pub(super) fn of(name: impl Into<String>, text: impl ToString) -> Self {
        Self { name: name.into(), text: text.to_string(), ..Self::default() }
    }

    /// An element of children.
    pub(super) fn list(name: impl Into<String>, children: impl IntoIterator<Item = Self>) -> Self {
        Self { name: name.into(), children: children.into_iter().collect(), ..Self::default() }
    }

    /// In a namespace.
    pub(super) fn within(mut self, namespace: &'static str) -> Self {
        self.namespace = Some(namespace);
        self
    }

    /// Of a type of XML Schema.
    pub(super) fn typed(mut self, kind: &'static str) -> Self {
        self.kind = Some(kind);
        self
    }

    /// With one more child.
    pub(super) fn with(mut self, child: Self) -> Self {
        self.children.push(child);
        self
    }

    /// With a child of text.
    pub(super) fn with_text(self, name: &'static str, text: impl ToString) -> Self {
        self.with(Self::of(name, text))
    }

    /// With a child of text, if there is one.
    pub(super) fn with_some(self, name: &'static str, text: Option<impl ToString>) -> Self {
        match text {
            Some(text) => self.with_text(name, text),
            None => self,
        }
    }

    /// Its name, without prefix.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Its text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Its children, in order.
    pub(super) fn children(&self) -> &[Self] {
        &self.children
    }

    /// The first child of a name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first child of a name.
    pub(super) fn child_text(&self, name: &str) -> Option<&str> {
        self.child(name).map(Self::text)
    }

    /// A child that is not among these names.
    pub(super) fn stranger(&self, known: &[&str]) -> Option<&Self> {
        self.children.iter().find(|child| !known.contains(&child.name.as_str()))
    }

    /// The document, with its declaration.
    pub(super) fn document(&self) -> String {
        let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) {
        out.push('<');
        out.push_str(&self.name);
        if let Some(namespace) = self.namespace {
            out.push_str(&format!(" xmlns=\"{namespace}\""));
        }
        if let Some(kind) = self.kind {
            out.push_str(&format!(" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"{kind}\""));
        }
        if self.text.is_empty() && self.children.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        out.push_str(&escape(self.text.as_str()));
        self.children.iter().for_each(|child| child.write(out));
        out.push_str(&format!("</{}>", self.name));
    }

    /// Reads a document; prefixes and attributes are passed over, a document type is refused.
    pub(super) fn parse(document: &[u8]) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(document).map_err(|_| malformed("the document is not UTF-8"))?;
        let mut reader = Reader::from_str(text);
        let mut open: Vec<Self> = Vec::new();
        let mut root = None;
        loop {
            let closed = match reader.read_event().map_err(|error| malformed(error.to_string()))? {
                Event::Start(start) => {
                    if open.len() >= MAX_DEPTH {
                        return Err(malformed("the document nests too deep"));
                    }
                    open.push(Self::new(start.local_name().as_ref()));
                    None
                }
                Event::Empty(start) => Some(Self::new(start.local_name().as_ref())),
                Event::End(_) => open.pop(),
                Event::Text(piece) => append(&mut open, &piece.xml10_content())?,
                Event::CData(piece) => append(&mut open, &piece.xml10_content())?,
                Event::GeneralRef(reference) => {
                    let written = format!("&{};", reference.xml10_content());
                    let meant = unescape(&written).map_err(|error| malformed(error.to_string()))?;
                    append(&mut open, &meant)?
                }
                Event::DocType(_) => return Err(malformed("a document type is not taken")),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => None,
                Event::Eof => break,
            };
            if let Some(mut element) = closed {
                if !element.children.is_empty() {
                    // What stands between elements is layout.
                    element.text.clear();
                }
                match open.last_mut() {
                    Some(parent) => parent.children.push(element),
                    None if root.is_none() => root = Some(element),
                    None => return Err(malformed("there is more than one root")),
                }
            }
        }
        match (root, open.is_empty()) {
            (Some(root), true) => Ok(root),
            _ => Err(malformed("the document breaks off")),
        }
    }
}

fn malformed(why: impl Into<String>) -> Malformed {
    Malformed(why.into())
}

/// Adds text to the innermost element; outside of all only layout may stand.
fn append(open: &mut [Element], text: &str) -> Result<Option<Element>, Malformed> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err(malformed("there is text outside of the root")),
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let tree = Element::new("A").with_text("B", "x < \"y\" & 'z'").with(Element::list("C", [Element::new("D")]));
        assert_eq!(Element::parse(tree.document().as_bytes()).unwrap(), tree);
    }

    #[test]
    fn references_prefixes_and_layout_are_understood() {
        let tree = Element::parse(b"<n:A xmlns:n='u'>\n <B>&quot;a&#42;&lt;</B><!-- c -->\n</n:A>").unwrap();
        assert_eq!((tree.name(), tree.child_text("B"), tree.text()), ("A", Some("\"a*<"), ""));
    }

    #[test]
    fn what_is_no_document_is_refused() {
        let deep = "<a>".repeat(MAX_DEPTH + 1);
        for wrong in ["", "<a>", "<a></b>", "<a/><b/>", "x<a/>", "<!DOCTYPE a><a/>", "<a>&nope;</a>", &deep] {
            assert!(Element::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
