//! The head of a document: what Helm decodes of it into a struct, and how it says that it cannot.

use std::collections::BTreeMap;

use bstr::BStr;

use crate::format;
use crate::value::{Map, Str, Value};
use crate::yaml;

/// The type of `metadata`, as Go's reflection writes it.
const METADATA: &str =
    r#"struct { Name string "json:\"name\""; Annotations map[string]string "json:\"annotations\"" }"#;

/// What Helm reads of a document.
#[derive(Debug, PartialEq)]
pub(super) struct Head {
    pub(super) api_version: Str,
    pub(super) kind: Str,
    pub(super) name: Str,
    annotations: BTreeMap<Str, Str>,
}

impl Head {
    /// Decodes a document.
    ///
    /// # Errors
    /// What is no YAML; what is not as heads are.
    pub(super) fn read(document: &BStr) -> Result<Self, String> {
        let document = yaml::parse_numbers(document)?;
        let mut decoder = Decoder { head: Self::empty(), wrong: None };
        decoder.document(&document);
        match decoder.wrong {
            None => Ok(decoder.head),
            Some(wrong) => Err(format!("error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {wrong}")),
        }
    }

    /// The annotation of this name.
    pub(super) fn annotation(&self, name: &str) -> Option<&BStr> {
        self.annotations.get(name.as_bytes()).map(|value| &**value)
    }

    fn empty() -> Self {
        Self { api_version: "".into(), kind: "".into(), name: "".into(), annotations: BTreeMap::new() }
    }
}

/// Go's decoder goes on after a mistake, and tells the first.
struct Decoder {
    head: Head,
    wrong: Option<String>,
}

impl Decoder {
    fn document(&mut self, value: &Value) {
        match value {
            Value::Nil => {}
            Value::Map(fields) => self.head(fields),
            value => self.wrong(value, "value of type util.SimpleHead"),
        }
    }

    fn head(&mut self, fields: &Map) {
        for (name, value) in fields.borrow().iter() {
            if name.eq_ignore_ascii_case(b"apiVersion") {
                if let Some(text) = self.text(value, "struct field SimpleHead.apiVersion of type string") {
                    self.head.api_version = text;
                }
            } else if name.eq_ignore_ascii_case(b"kind") {
                if let Some(text) = self.text(value, "struct field SimpleHead.kind of type string") {
                    self.head.kind = text;
                }
            } else if name.eq_ignore_ascii_case(b"metadata") {
                match value {
                    Value::Nil => (self.head.name, self.head.annotations) = ("".into(), BTreeMap::new()),
                    Value::Map(fields) => self.metadata(fields),
                    value => self.wrong(value, &format!("struct field SimpleHead.metadata of type {METADATA}")),
                }
            }
        }
    }

    fn metadata(&mut self, fields: &Map) {
        for (name, value) in fields.borrow().iter() {
            if name.eq_ignore_ascii_case(b"name") {
                if let Some(text) = self.text(value, "struct field .metadata.name of type string") {
                    self.head.name = text;
                }
            } else if name.eq_ignore_ascii_case(b"annotations") {
                match value {
                    Value::Nil => self.head.annotations.clear(),
                    Value::Map(annotations) => self.annotations(annotations),
                    value => self.wrong(value, "struct field .metadata.annotations of type map[string]string"),
                }
            }
        }
    }

    fn annotations(&mut self, annotations: &Map) {
        for (name, value) in annotations.borrow().iter() {
            let text = match value {
                Value::Nil => Some("".into()),
                value => self.text(value, "struct field .metadata.annotations of type string"),
            };
            if let Some(text) = text {
                self.head.annotations.insert(name.clone(), text);
            }
        }
    }

    /// A string: numbers and truth are taken as they are written; `null` leaves what was there.
    fn text(&mut self, value: &Value, field: &str) -> Option<Str> {
        match value {
            Value::Nil => None,
            Value::List(_) | Value::Map(_) | Value::Object(_) => {
                self.wrong(value, field);
                None
            }
            // A scalar always has a text.
            scalar => format::strval(scalar).ok(),
        }
    }

    fn wrong(&mut self, value: &Value, place: &str) {
        let kind = match value {
            Value::Nil => "null",
            Value::Bool(_) => "bool",
            Value::Int(..) | Value::Uint(_) | Value::Float(_) => "number",
            Value::Str(_) => "string",
            Value::List(_) => "array",
            Value::Map(_) | Value::Object(_) => "object",
        };
        self.wrong.get_or_insert_with(|| format!("{kind} into Go {place}"));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn scalars_become_strings_and_names_are_found_in_any_case() {
        let head = Head::read("Kind: 1\napiVersion: true\nmetadata: {Name: 1.50, annotations: {a: 5, b: null}}".into());
        let head = head.unwrap();
        assert_eq!((head.kind, head.api_version, head.name), ("1".into(), "true".into(), "1.5".into()));
        assert_eq!(head.annotations, [("a".into(), "5".into()), ("b".into(), "".into())].into());
        assert_eq!(Head::read("null".into()), Ok(Head::empty()));
    }

    #[test]
    fn what_is_no_head_is_told_in_gos_words() {
        for (document, wrong) in [
            ("foo", "string into Go value of type util.SimpleHead"),
            ("- a", "array into Go value of type util.SimpleHead"),
            ("1", "number into Go value of type util.SimpleHead"),
            ("kind: [a]", "array into Go struct field SimpleHead.kind of type string"),
            (
                "kind: [y]\nmetadata: x\napiVersion: {}",
                "object into Go struct field SimpleHead.apiVersion of type string",
            ),
            ("metadata: {name: [1]}", "array into Go struct field .metadata.name of type string"),
            (
                "metadata: {annotations: foo}",
                "string into Go struct field .metadata.annotations of type map[string]string",
            ),
            (
                "metadata: {annotations: {a: [1], b: {}}}",
                "array into Go struct field .metadata.annotations of type string",
            ),
            (
                "metadata: true",
                r#"bool into Go struct field SimpleHead.metadata of type struct { Name string "json:\"name\""; Annotations map[string]string "json:\"annotations\"" }"#,
            ),
        ] {
            let expected = format!("error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {wrong}");
            assert_eq!(Head::read(document.into()), Err(expected), "{document}");
        }
    }
}
