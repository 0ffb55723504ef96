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
                let known: Vec<String> = known.iter().map(|name| format!("{name:?}")).collect();
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
        Value::String(text) => format!("{text:?}"),
        other => other.to_string(),
    }
}
