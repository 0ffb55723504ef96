//! What a schema has against a value, and how it is told.

use std::rc::Rc;

use super::documents::quote;
use super::json::Json;
use super::url::escape;

/// What kind of failure it is, as far as its telling depends on it.
#[derive(Debug)]
pub(super) enum Kind {
    /// Of a whole schema, at its location.
    Schema(String),
    /// Several failures of one schema.
    Group,
    /// Of a schema that was referred to.
    Reference,
    /// Any other, in words.
    Told(String),
}

/// A failure, and those that it comes from.
#[derive(Debug)]
pub(super) struct Failure {
    /// The names and indexes that lead to the value.
    pub(super) path: Vec<Rc<str>>,
    pub(super) kind: Kind,
    pub(super) causes: Vec<Failure>,
}

impl Failure {
    /// The whole tree, a line for each failure.
    pub(super) fn shown(&self) -> String {
        let mut out = String::new();
        self.show(&mut out, 0);
        out
    }

    fn show(&self, out: &mut String, mut indent: usize) {
        // A reference that failed for one reason is not worth a line.
        if !(matches!(self.kind, Kind::Reference) && self.causes.len() == 1) {
            if indent > 0 {
                out.push('\n');
                out.push_str(&"  ".repeat(indent - 1));
                out.push_str("- ");
            }
            indent += 1;
            let told = match &self.kind {
                Kind::Schema(location) => {
                    out.push_str("jsonschema validation failed with ");
                    out.push_str(&single_quoted(location));
                    None
                }
                Kind::Group | Kind::Reference => Some("validation failed"),
                Kind::Told(told) => Some(told.as_str()),
            };
            if let Some(told) = told {
                let path: String = self.path.iter().map(|part| format!("/{}", escape(part))).collect();
                out.push_str(&format!("at {}: {told}", single_quoted(&path)));
            }
        }
        for cause in &self.causes {
            cause.show(out, indent);
        }
    }
}

/// A text in single quotes, with Go's escapes.
pub(super) fn single_quoted(text: &str) -> String {
    // The closing quote is among those that lose their backslash: the text may end with one.
    let quoted = quote(text).replace("\\\"", "\"").replace('\'', "\\'");
    format!("'{}'", quoted.get(1..quoted.len() - 1).unwrap_or_default())
}

/// Names in quotes, with commas between.
pub(super) fn list(names: &[Rc<str>]) -> String {
    names.iter().map(|name| single_quoted(name)).collect::<Vec<_>>().join(", ")
}

/// A value in a message.
pub(super) fn display(value: &Json) -> String {
    match value {
        Json::Null => "<nil>".to_owned(),
        Json::Bool(value) => value.to_string(),
        Json::Number(number) => number.text().to_owned(),
        Json::Str(text) => single_quoted(text),
        Json::List(_) | Json::Object(_) => "value".to_owned(),
    }
}
