//! What is wrong with an object, field by field, in the words of Kubernetes' `field.Error`.

use std::fmt;

use serde_json::{Value, json};

/// Why a field is refused; the names are those of `metav1.CauseType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Why {
    /// `FieldValueNotFound`
    NotFound,
    /// `FieldValueRequired`
    Required,
    /// `FieldValueDuplicate`
    Duplicate,
    /// `FieldValueInvalid`
    Invalid,
    /// `FieldValueNotSupported`
    NotSupported,
    /// `FieldValueForbidden`
    Forbidden,
    /// `FieldValueTooLong`
    TooLong,
    /// `FieldValueTooMany`
    TooMany,
    /// `InternalError`
    Internal,
    /// `FieldValueTypeInvalid`
    Type,
}

impl Why {
    /// As a cause names it.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::NotFound => "FieldValueNotFound",
            Self::Required => "FieldValueRequired",
            Self::Duplicate => "FieldValueDuplicate",
            Self::Invalid => "FieldValueInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Forbidden => "FieldValueForbidden",
            Self::TooLong => "FieldValueTooLong",
            Self::TooMany => "FieldValueTooMany",
            Self::Internal => "InternalError",
            Self::Type => "FieldValueTypeInvalid",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::NotFound => "Not found",
            Self::Required => "Required value",
            Self::Duplicate => "Duplicate value",
            Self::Invalid | Self::Type => "Invalid value",
            Self::NotSupported => "Unsupported value",
            Self::Forbidden => "Forbidden",
            Self::TooLong => "Too long",
            Self::TooMany => "Too many",
            Self::Internal => "Internal error",
        }
    }
}

/// One field that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invalid {
    /// Why.
    pub(crate) why: Why,
    /// Where: `spec.containers[0].name`.
    pub(crate) path: String,
    /// The value as Go's `%#v` or `%q` prints it, where the reason tells it.
    pub(crate) value: Option<String>,
    /// What else is to be said.
    pub(crate) detail: String,
}

impl Invalid {
    /// `path: Required value: detail`
    pub(crate) fn required(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { why: Why::Required, path: path.into(), value: None, detail: detail.into() }
    }

    /// `path: Forbidden: detail`
    pub(crate) fn forbidden(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { why: Why::Forbidden, path: path.into(), value: None, detail: detail.into() }
    }

    /// `path: Invalid value: value: detail`
    #[allow(clippy::self_named_constructors)] // `field.Invalid` is upstream's name for one of its reasons.
    pub(crate) fn invalid(path: impl Into<String>, value: &Value, detail: impl Into<String>) -> Self {
        Self { why: Why::Invalid, path: path.into(), value: Some(shown(value)), detail: detail.into() }
    }

    /// `path: Duplicate value: value`
    pub(crate) fn duplicate(path: impl Into<String>, value: &Value) -> Self {
        Self { why: Why::Duplicate, path: path.into(), value: Some(shown(value)), detail: String::new() }
    }

    /// `path: Not found: value`
    pub(crate) fn not_found(path: impl Into<String>, value: &Value) -> Self {
        Self { why: Why::NotFound, path: path.into(), value: Some(shown(value)), detail: String::new() }
    }

    /// `path: Unsupported value: value: supported values: "a", "b"`, sorted as given.
    pub(crate) fn not_supported(path: impl Into<String>, value: &Value, known: &[&str]) -> Self {
        let detail = match known.is_empty() {
            true => String::new(),
            false => {
                let known: Vec<String> = known.iter().map(|name| quoted(name)).collect();
                format!("supported values: {}", known.join(", "))
            }
        };
        Self { why: Why::NotSupported, path: path.into(), value: Some(shown(value)), detail }
    }

    /// `path: Too long: may not be more than N bytes`
    pub(crate) fn too_long(path: impl Into<String>, most: usize) -> Self {
        let detail = format!("may not be more than {most} bytes");
        Self { why: Why::TooLong, path: path.into(), value: None, detail }
    }

    /// `path: Too many: N: must have at most M items`
    pub(crate) fn too_many(path: impl Into<String>, count: usize, most: usize) -> Self {
        let detail = format!("must have at most {most} items");
        Self { why: Why::TooMany, path: path.into(), value: Some(count.to_string()), detail }
    }

    /// What follows the path: the `message` of a cause.
    pub(crate) fn message(&self) -> String {
        let mut text = self.why.words().to_owned();
        if let Some(value) = &self.value {
            text.push_str(": ");
            text.push_str(value);
        }
        if !self.detail.is_empty() {
            text.push_str(": ");
            text.push_str(&self.detail);
        }
        text
    }

    /// As an entry of `details.causes`.
    pub(crate) fn cause(&self) -> Value {
        json!({"reason": self.why.reason(), "message": self.message(), "field": self.path})
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message())
    }
}

/// A value as `field.Error` prints it: text in quotes, the rest as JSON.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        // Go's JSON writes what could mean something to a browser by its number.
        other => other.to_string().replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e"),
    }
}

/// Text in quotes, as Go's `%q` writes it.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\x07' => quoted.push_str("\\a"),
            '\x08' => quoted.push_str("\\b"),
            '\x0b' => quoted.push_str("\\v"),
            '\x0c' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\0'..='\x1f' | '\x7f' => quoted.push_str(&format!("\\x{:02x}", u32::from(character))),
            ' ' => quoted.push(' '),
            _ if character.is_control() || character.is_whitespace() || is_format(character) => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            _ => quoted.push(character),
        }
    }
    quoted + "\""
}

/// Characters without a shape of their own.
fn is_format(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_as_go_shows_them() {
        let cases = [
            (json!("a \"b\" \\ ü 'c'"), r#""a \"b\" \\ ü 'c'""#),
            (json!("\u{0}\u{7}\u{1b}\n\t\u{7f}"), r#""\x00\a\x1b\n\t\x7f""#),
            (json!("e\u{301}\u{a0}\u{200b}"), "\"e\u{301}\\u00a0\\u200b\""),
            (json!(["a && b"]), r#"["a \u0026\u0026 b"]"#),
            (json!(3), "3"),
            (json!(null), "null"),
        ];
        for (value, expect) in cases {
            assert_eq!(shown(&value), expect);
        }
    }
}
