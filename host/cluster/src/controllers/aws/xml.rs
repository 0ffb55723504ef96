//! Reading XML into a tree, with limits.

use quick_xml::escape::unescape;
use quick_xml::events::Event;
use quick_xml::reader::Reader;

/// The deepest nesting that is read; no answer of AWS comes near.
const DEPTH: usize = 32;

/// An element, without its attributes.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Element {
    /// Its name, without a namespace's prefix.
    pub(crate) name: String,
    value: String,
    children: Vec<Element>,
}

impl Element {
    /// The root of a document; `None` for what is none.
    pub(crate) fn read(text: &[u8]) -> Option<Self> {
        let mut reader = Reader::from_reader(text);
        let mut open: Vec<Self> = Vec::new();
        let named = |name: quick_xml::name::LocalName<'_>| Self { name: name.as_ref().to_owned(), ..Self::default() };
        loop {
            match reader.read_event().ok()? {
                Event::Start(start) if open.len() < DEPTH => open.push(named(start.local_name())),
                Event::Start(_) | Event::Eof => return None,
                Event::Empty(empty) => {
                    let element = named(empty.local_name());
                    match open.last_mut() {
                        Some(parent) => parent.children.push(element),
                        None => return Some(element),
                    }
                }
                Event::End(_) => {
                    let element = open.pop()?;
                    match open.last_mut() {
                        Some(parent) => parent.children.push(element),
                        None => return Some(element),
                    }
                }
                Event::Text(text) => {
                    if let Some(element) = open.last_mut() {
                        element.value.push_str(&text.xml10_content());
                    }
                }
                Event::GeneralRef(reference) => {
                    if let Some(element) = open.last_mut() {
                        element.value.push_str(&unescape(&format!("&{};", reference.xml10_content())).ok()?);
                    }
                }
                _ => {}
            }
        }
    }

    /// The first child of this name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children of this name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first child of this name, empty where there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.child(name).map(|child| child.value.as_str()).unwrap_or_default()
    }

    /// The texts of all children of this name.
    pub(crate) fn texts<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.all(name).map(|child| child.value.as_str())
    }
}

/// Text as it may stand in an element.
pub(crate) fn escape(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn trees_are_read_and_what_is_no_document_is_not() {
        let root = Element::read(b"<?xml version=\"1.0\"?><a xmlns=\"n\"><b>1 &lt;&#39; 2</b><b/><c><d>x</d></c></a>")
            .unwrap();
        assert_eq!(root.texts("b").collect::<Vec<_>>(), ["1 <' 2", ""]);
        assert_eq!(root.child("c").unwrap().text("d"), "x");
        let deep = "<a>".repeat(100);
        for wrong in ["", "<a>", "{}", "<a></b>", &deep] {
            assert_eq!(Element::read(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
