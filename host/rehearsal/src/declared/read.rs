//! Strict reading of a declaration, which a stranger wrote: every fault has a path, unknown fields
//! are faults, everything has a limit, and all faults are found at once.

use std::fmt;

use serde_json::{Map, Value};

use super::pointer::Pointer;

/// Levels of JSON in a declaration; answers of real APIs have about ten.
const DEPTH: usize = 32;
/// Bytes of a name: a field, a word of a state, a query parameter.
const NAME_BYTES: usize = 100;
/// More faults help nobody.
const FAULTS: usize = 50;

/// One thing wrong in a declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclarationFault {
    /// Where: `services[0].collections[1].path`; empty for the document itself.
    pub path: String,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl fmt::Display for DeclarationFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.path.is_empty() { "the document" } else { &self.path };
        write!(f, "{place}: {}", self.message)?;
        self.help.iter().try_for_each(|help| write!(f, " ({help})"))
    }
}

/// Everything wrong in one declaration; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct DeclarationFaults(pub Vec<DeclarationFault>);

/// Collects faults while a declaration is read.
#[derive(Debug, Default)]
pub(super) struct Reader {
    faults: Vec<DeclarationFault>,
}

impl Reader {
    /// The value, if nothing was wrong.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, DeclarationFaults> {
        match value {
            Some(value) if self.faults.is_empty() => Ok(value),
            _ => Err(DeclarationFaults(self.faults)),
        }
    }

    pub(super) fn fault(&mut self, path: &str, message: impl Into<String>) {
        self.push(path, message.into(), None);
    }

    pub(super) fn fault_with_help(&mut self, path: &str, message: impl Into<String>, help: impl Into<String>) {
        self.push(path, message.into(), Some(help.into()));
    }

    fn push(&mut self, path: &str, message: String, help: Option<String>) {
        if self.faults.len() < FAULTS {
            self.faults.push(DeclarationFault { path: path.to_owned(), message, help });
        }
    }

    /// A value that is answered as it stands: it may be anything that is not too deep.
    pub(super) fn any(&mut self, path: &str, json: &Value) -> Option<Value> {
        if deeper_than(json, DEPTH) {
            self.fault(path, format!("it is more than {DEPTH} levels deep"));
            return None;
        }
        Some(json.clone())
    }

    /// The object at `path`, all of whose keys must be among `known`.
    pub(super) fn object<'j>(&mut self, path: &str, json: &'j Value, known: &[&str]) -> Option<&'j Map<String, Value>> {
        let object = self.any_object(path, json)?;
        for key in object.keys().filter(|key| !known.contains(&key.as_str())) {
            let path = under(path, key);
            self.fault_with_help(&path, "there is no such field", format!("known here: {}", known.join(", ")));
        }
        Some(object)
    }

    /// The object at `path`, whose keys are the author's.
    pub(super) fn any_object<'j>(&mut self, path: &str, json: &'j Value) -> Option<&'j Map<String, Value>> {
        let object = json.as_object();
        if object.is_none() {
            self.fault(path, format!("it must be an object, and is {}", sort_of(json)));
        }
        object
    }

    /// The list of a field, of at most `most` items; empty if the field is absent.
    pub(super) fn list<'j>(
        &mut self,
        path: &str,
        fields: &'j Map<String, Value>,
        key: &str,
        most: usize,
    ) -> Vec<(String, &'j Value)> {
        let Some(json) = fields.get(key) else { return Vec::new() };
        let path = under(path, key);
        let Some(items) = json.as_array() else {
            self.fault(&path, format!("it must be a list, and is {}", sort_of(json)));
            return Vec::new();
        };
        if items.len() > most {
            self.fault(&path, format!("it has {} items, more than the limit of {most}", items.len()));
            return Vec::new();
        }
        items.iter().enumerate().map(|(at, item)| (format!("{path}[{at}]"), item)).collect()
    }

    /// The object of a field, of at most `most` members; empty if the field is absent.
    pub(super) fn members<'j>(
        &mut self,
        path: &str,
        fields: &'j Map<String, Value>,
        key: &str,
        most: usize,
    ) -> Vec<(String, &'j str, &'j Value)> {
        let Some(json) = fields.get(key) else { return Vec::new() };
        let path = under(path, key);
        let Some(object) = self.any_object(&path, json) else { return Vec::new() };
        if object.len() > most {
            self.fault(&path, format!("it has {} members, more than the limit of {most}", object.len()));
            return Vec::new();
        }
        object.iter().map(|(key, json)| (under(&path, key), key.as_str(), json)).collect()
    }

    /// A short text.
    pub(super) fn text<'j>(&mut self, path: &str, json: &'j Value) -> Option<&'j str> {
        let Some(text) = json.as_str() else {
            self.fault(path, format!("it must be text, and is {}", sort_of(json)));
            return None;
        };
        if text.is_empty() || text.len() > NAME_BYTES || text.chars().any(char::is_control) {
            self.fault(path, format!("it must be a text of 1 to {NAME_BYTES} bytes without control characters"));
            return None;
        }
        Some(text)
    }

    /// A short text that may be there.
    pub(super) fn optional(&mut self, path: &str, fields: &Map<String, Value>, key: &str) -> Option<String> {
        fields.get(key).and_then(|json| self.text(&under(path, key), json)).map(str::to_owned)
    }

    /// A short text that must be there.
    pub(super) fn required(&mut self, path: &str, fields: &Map<String, Value>, key: &str) -> Option<String> {
        if !fields.contains_key(key) {
            self.fault(path, format!("`{key}` is missing"));
        }
        self.optional(path, fields, key)
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&mut self, path: &str, text: &str, words: &[(&str, T)]) -> Option<T> {
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let all: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            self.fault(path, format!("`{text}` is none of {}", all.join(", ")));
        }
        found
    }

    /// A whole number within limits, or what stands for it when it is absent.
    pub(super) fn number(
        &mut self,
        path: &str,
        fields: &Map<String, Value>,
        key: &str,
        range: std::ops::RangeInclusive<u64>,
        otherwise: u64,
    ) -> u64 {
        let Some(json) = fields.get(key) else { return otherwise };
        match json.as_u64().filter(|number| range.contains(number)) {
            Some(number) => number,
            None => {
                let message = format!("it must be a whole number from {} to {}", range.start(), range.end());
                self.fault(&under(path, key), message);
                otherwise
            }
        }
    }

    /// A JSON pointer.
    pub(super) fn pointer(&mut self, path: &str, text: &str) -> Option<Pointer> {
        match Pointer::parse(text) {
            Ok(pointer) => Some(pointer),
            Err(why) => {
                self.fault_with_help(path, why, "a field is named by a JSON pointer: /title, /settings/colour");
                None
            }
        }
    }

    /// A list of JSON pointers.
    pub(super) fn pointers(&mut self, path: &str, fields: &Map<String, Value>, key: &str) -> Vec<Pointer> {
        let items = self.list(path, fields, key, super::POINTERS);
        let read = |(path, json): (String, &Value)| {
            let text = self.text(&path, json)?;
            self.pointer(&path, text)
        };
        items.into_iter().filter_map(read).collect()
    }
}

/// The path of a member.
pub(super) fn under(path: &str, key: &str) -> String {
    // A long key, or one with control characters, is not repeated as it is.
    let key: String = key.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(NAME_BYTES).collect();
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

fn sort_of(json: &Value) -> &'static str {
    match json {
        Value::Null => "empty",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Whoever parsed the text has bounded the recursion here.
fn deeper_than(json: &Value, levels: usize) -> bool {
    match json {
        Value::Array(items) => levels == 0 || items.iter().any(|item| deeper_than(item, levels - 1)),
        Value::Object(fields) => levels == 0 || fields.values().any(|field| deeper_than(field, levels - 1)),
        _ => false,
    }
}
