//! Strict reading of JSON that a person wrote: every fault has a path, unknown fields are faults,
//! and all faults are found at once.

use std::fmt;

use serde_json::{Map, Value as Json};

use crate::diagnostic::{self, Diagnostic, suggest};
use crate::document::{Document, Part};

/// One thing wrong in a manifest or a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Stable, in kebab-case: `unknown-key`.
    pub code: &'static str,
    /// Where: `capabilities.http[0].url`.
    pub path: String,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        self.help.iter().try_for_each(|help| write!(f, " ({help})"))
    }
}

/// Everything wrong in one document; never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    /// The same as diagnostics, each with its place in the document that the JSON was read from.
    pub fn diagnostics(&self, document: &Document) -> Vec<Diagnostic> {
        self.0.iter().map(|fault| fault.diagnostic(document)).collect()
    }
}

impl Fault {
    /// As a diagnostic at its place.
    pub fn diagnostic(&self, document: &Document) -> Diagnostic {
        let of_key = matches!(self.code, UNKNOWN | MISSING | SURPLUS);
        let part = if of_key { Part::Key } else { Part::Value };
        Diagnostic::error(self.code, &self.message).at(document.span(&self.path, part)).maybe_help(self.help.clone())
    }
}

const UNKNOWN: &str = "unknown-key";
/// Of a grant: what it narrows nothing with.
pub(super) const SURPLUS: &str = "grant-too-wide";
const MISSING: &str = "missing-key";
const WRONG: &str = "wrong-type";
/// A value of the right type that does not mean anything here.
const BAD: &str = "bad-value";

/// Collects faults while a document is read.
#[derive(Default)]
pub(super) struct Reader {
    faults: Vec<Fault>,
}

impl Reader {
    /// The result of reading: the value, if nothing was wrong.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, Faults> {
        match value {
            Some(value) if self.faults.is_empty() => Ok(value),
            _ => Err(Faults(self.faults)),
        }
    }

    fn push(&mut self, code: &'static str, path: &str, message: impl Into<String>, help: Option<String>) {
        self.faults.push(Fault { code, path: path.to_owned(), message: message.into(), help });
    }

    pub(super) fn fault(&mut self, path: &str, message: impl Into<String>) {
        self.push(BAD, path, message, None);
    }

    pub(super) fn fault_with_help(&mut self, path: &str, message: impl Into<String>, help: impl Into<String>) {
        self.push(BAD, path, message, Some(help.into()));
    }

    /// The object at `path` lacks a member.
    pub(super) fn missing(&mut self, path: &str, key: &str, help: Option<&str>) {
        self.push(MISSING, path, format!("`{key}` is missing"), help.map(str::to_owned));
    }

    fn wrong(&mut self, path: &str, expected: &str, json: &Json, help: Option<String>) {
        let name = path.rsplit('.').next().filter(|name| !name.is_empty());
        let name = name.map_or_else(|| "the file".to_owned(), |name| format!("`{name}`"));
        self.push(WRONG, path, format!("{name} must be {expected}, and is {}", sort_of(json)), help);
    }

    /// The object at `path`, all of whose keys must be among `known`.
    pub(super) fn object<'j>(&mut self, path: &str, json: &'j Json, known: &[&str]) -> Option<&'j Map<String, Json>> {
        let object = self.any_object(path, json)?;
        for key in object.keys().filter(|key| !known.contains(&key.as_str())) {
            let help = suggest(key, known.iter().copied());
            self.push(UNKNOWN, &under(path, key), format!("unknown field `{key}`"), help);
        }
        Some(object)
    }

    /// The object at `path`, whose keys are names that the author chose.
    pub(super) fn any_object<'j>(&mut self, path: &str, json: &'j Json) -> Option<&'j Map<String, Json>> {
        let object = json.as_object();
        if object.is_none() {
            self.wrong(path, "an object", json, None);
        }
        object
    }

    pub(super) fn list<'j>(&mut self, path: &str, json: &'j Json) -> Option<&'j [Json]> {
        let list = json.as_array();
        if list.is_none() {
            self.wrong(path, "a list", json, None);
        }
        list.map(Vec::as_slice)
    }

    pub(super) fn text<'j>(&mut self, path: &str, json: &'j Json) -> Option<&'j str> {
        let text = json.as_str();
        if text.is_none() {
            let plain = matches!(json, Json::Number(_) | Json::Bool(_));
            self.wrong(path, "text", json, plain.then(|| "put it in quotes".to_owned()));
        }
        text
    }

    pub(super) fn truth(&mut self, path: &str, json: &Json) -> Option<bool> {
        let truth = json.as_bool();
        if truth.is_none() {
            self.wrong(path, "true or false", json, None);
        }
        truth
    }

    /// A text that must be there.
    pub(super) fn required<'j>(&mut self, path: &str, object: &'j Map<String, Json>, key: &str) -> Option<&'j str> {
        let Some(json) = object.get(key) else {
            self.missing(path, key, None);
            return None;
        };
        let text = self.text(&under(path, key), json)?;
        if text.trim().is_empty() {
            self.fault(&under(path, key), format!("`{key}` is empty"));
            return None;
        }
        Some(text)
    }

    /// A name that must be there. ASCII alone, so that no name looks like another one.
    pub(super) fn name<'j>(&mut self, path: &str, object: &'j Map<String, Json>, key: &str) -> Option<&'j str> {
        let name = self.required(path, object, key)?;
        self.is_name(&under(path, key), name).then_some(name)
    }

    /// Is it a name? If not, that is a fault of the key at `path` or of what it holds.
    pub(super) fn is_name(&mut self, path: &str, name: &str) -> bool {
        let fault = crate::name::name_fault(name);
        if let Some(fault) = &fault {
            let help = "names are like `list-clusters`: lower-case letters, digits, `-` and `_`";
            self.fault_with_help(path, format!("it is no name: {fault}"), help);
        }
        fault.is_none()
    }

    /// A text that may be there.
    pub(super) fn optional<'j>(&mut self, path: &str, object: &'j Map<String, Json>, key: &str) -> Option<&'j str> {
        object.get(key).and_then(|json| self.text(&under(path, key), json))
    }

    /// Each text of a list, with its path. An empty list is a fault: it is never meant, and
    /// somebody would read it as "any".
    pub(super) fn texts<'j>(&mut self, path: &str, json: &'j Json) -> Vec<(String, &'j str)> {
        let list = self.list(path, json).unwrap_or_default();
        if json.as_array().is_some_and(Vec::is_empty) {
            self.fault_with_help(path, "the list is empty", "leave the field out, or name something");
        }
        let each = list.iter().enumerate();
        each.filter_map(|(at, item)| {
            let path = format!("{path}[{at}]");
            self.text(&path, item).map(|text| (path, text))
        })
        .collect()
    }

    /// Takes a parser's result, its error becoming a fault.
    pub(super) fn parsed<T, E: fmt::Display>(&mut self, path: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.fault(path, error.to_string())).ok()
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&mut self, path: &str, text: &str, words: &[(&str, T)]) -> Option<T> {
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let all: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            let help =
                diagnostic::did_you_mean(text, all.iter().copied()).map(|near| format!("did you mean `{near}`?"));
            self.push(BAD, path, format!("`{text}` is none of {}", all.join(", ")), help);
        }
        found
    }
}

/// The path of a member.
pub(super) fn under(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn sort_of(json: &Json) -> &'static str {
    match json {
        Json::Null => "empty",
        Json::Bool(_) => "true or false",
        Json::Number(_) => "a number",
        Json::String(_) => "text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}
