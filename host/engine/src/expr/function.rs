//! The functions that expressions may call: CEL's own, and a few that stack files need.
//!
//! There is no `matches`: a regular expression from outside is a budget of its own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Number;

use super::MAX_TEXT;
use super::operator::{integer, type_name};
use crate::diagnostic::suggest;
use crate::value::Value;

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Size,
    Contains,
    StartsWith,
    EndsWith,
    Int,
    Double,
    String,
    Bool,
    Lower,
    Upper,
    Trim,
    Replace,
    Split,
    Join,
    JsonEncode,
    JsonDecode,
    Base64Encode,
    Base64Decode,
}

/// How a function is called.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// `size(x)`
    Global,
    /// `x.contains(y)`
    Method,
    /// Either.
    Both,
}

/// Name, style, operands (the receiver is one), and how to write it.
const FUNCTIONS: &[(&str, Style, usize, Function, &str)] = &[
    ("size", Style::Both, 1, Function::Size, "size(x)"),
    ("contains", Style::Method, 2, Function::Contains, "text.contains(part)"),
    ("startsWith", Style::Method, 2, Function::StartsWith, "text.startsWith(prefix)"),
    ("endsWith", Style::Method, 2, Function::EndsWith, "text.endsWith(suffix)"),
    ("int", Style::Global, 1, Function::Int, "int(x)"),
    ("double", Style::Global, 1, Function::Double, "double(x)"),
    ("string", Style::Global, 1, Function::String, "string(x)"),
    ("bool", Style::Global, 1, Function::Bool, "bool(x)"),
    ("lowerAscii", Style::Method, 1, Function::Lower, "text.lowerAscii()"),
    ("upperAscii", Style::Method, 1, Function::Upper, "text.upperAscii()"),
    ("trim", Style::Method, 1, Function::Trim, "text.trim()"),
    ("replace", Style::Method, 3, Function::Replace, "text.replace(from, to)"),
    ("split", Style::Method, 2, Function::Split, "text.split(separator)"),
    ("join", Style::Method, 2, Function::Join, "list.join(separator)"),
    ("json.encode", Style::Global, 1, Function::JsonEncode, "json.encode(x)"),
    ("json.decode", Style::Global, 1, Function::JsonDecode, "json.decode(text)"),
    ("base64.encode", Style::Global, 1, Function::Base64Encode, "base64.encode(text)"),
    ("base64.decode", Style::Global, 1, Function::Base64Decode, "base64.decode(text)"),
];

/// Does a function's name begin with this?
pub(super) fn is_namespace(name: &str) -> bool {
    FUNCTIONS.iter().any(|(full, ..)| full.split_once('.').is_some_and(|(namespace, _)| namespace == name))
}

/// A function by its name and the form of the call, or what is wrong and what to do.
pub(super) fn find(name: &str, method: bool, operands: usize) -> Result<Function, (String, Option<String>)> {
    let Some((_, style, wanted, function, usage)) = FUNCTIONS.iter().find(|(known, ..)| *known == name) else {
        let help = if matches!(name, "file" | "template") {
            Some(format!("a file is read where a value of a resource is nothing but `${{{name}(\"PATH\")}}`"))
        } else if name == "matches" {
            Some("there are no regular expressions; use `contains`, `startsWith` or `endsWith`".to_owned())
        } else {
            suggest(name, FUNCTIONS.iter().map(|(known, ..)| *known))
        };
        return Err((format!("there is no function `{name}`"), help));
    };
    let fits = *style == Style::Both || (*style == Style::Method) == method;
    if fits && operands == *wanted {
        Ok(*function)
    } else {
        Err((format!("`{name}` is not called like this"), Some(format!("write `{usage}`"))))
    }
}

impl Function {
    /// Does it look at everything in its operands, or only at their outside?
    pub(super) fn is_deep(self) -> bool {
        matches!(self, Self::JsonEncode | Self::Join)
    }

    /// Applies it to known values without secret marks. Failures name types, never values.
    pub(super) fn apply(self, args: &[Value]) -> Result<Value, String> {
        use Value::{List, Map, String as Text};
        let text = |text: String| {
            if text.len() > MAX_TEXT {
                Err(format!("the text grows beyond {} KiB", MAX_TEXT >> 10))
            } else {
                Ok(Text(text))
            }
        };
        match (self, args) {
            (Self::Size, [Text(t)]) => Ok(count(t.chars().count())),
            (Self::Size, [List(items)]) => Ok(count(items.len())),
            (Self::Size, [Map(map)]) => Ok(count(map.len())),
            (Self::Contains, [Text(t), Text(part)]) => Ok(Value::Bool(t.contains(part.as_str()))),
            (Self::StartsWith, [Text(t), Text(prefix)]) => Ok(Value::Bool(t.starts_with(prefix.as_str()))),
            (Self::EndsWith, [Text(t), Text(suffix)]) => Ok(Value::Bool(t.ends_with(suffix.as_str()))),
            (Self::Int, [Value::Number(n)]) => to_int(n),
            (Self::Int, [Text(t)]) => {
                t.parse::<i64>().map(Value::from).map_err(|_| "the text is not an integer".to_owned())
            }
            (Self::Double, [Value::Number(n)]) => double(n.as_f64()),
            (Self::Double, [Text(t)]) => double(t.parse().ok()),
            (Self::String, [scalar @ (Text(_) | Value::Bool(_) | Value::Number(_))]) => {
                Ok(Text(scalar_text(scalar).unwrap_or_default()))
            }
            (Self::Bool, [Value::Bool(truth)]) => Ok(Value::Bool(*truth)),
            (Self::Bool, [Text(t)]) => {
                t.parse().map(Value::Bool).map_err(|_| "the text is neither `true` nor `false`".to_owned())
            }
            (Self::Lower, [Text(t)]) => Ok(Text(t.to_ascii_lowercase())),
            (Self::Upper, [Text(t)]) => Ok(Text(t.to_ascii_uppercase())),
            (Self::Trim, [Text(t)]) => Ok(Text(t.trim().to_owned())),
            (Self::Replace, [Text(t), Text(from), Text(to)]) => {
                // Told before it is made: replacing every character by a long text multiplies.
                let times = if from.is_empty() { t.chars().count() + 1 } else { t.matches(from.as_str()).count() };
                if times.saturating_mul(to.len()) > MAX_TEXT {
                    return Err(format!("the text grows beyond {} KiB", MAX_TEXT >> 10));
                }
                text(t.replace(from.as_str(), to))
            }
            (Self::Split, [Text(t), Text(separator)]) if separator.is_empty() => {
                Ok(List(t.chars().map(|c| Text(c.to_string())).collect()))
            }
            (Self::Split, [Text(t), Text(separator)]) => {
                Ok(List(t.split(separator.as_str()).map(Value::from).collect()))
            }
            (Self::Join, [List(items), Text(separator)]) => join(items, separator),
            (Self::JsonEncode, [value]) => text(serde_json::to_string(value).map_err(|error| error.to_string())?),
            (Self::JsonDecode, [Text(t)]) => json_decode(t),
            (Self::Base64Encode, [Text(t)]) => text(BASE64.encode(t)),
            (Self::Base64Decode, [Text(t)]) => {
                let bytes = BASE64.decode(t).map_err(|_| "the text is not base64".to_owned())?;
                text(String::from_utf8(bytes).map_err(|_| "the decoded bytes are not UTF-8 text".to_owned())?)
            }
            (function, args) => Err(function.mismatch(args)),
        }
    }

    fn mismatch(self, args: &[Value]) -> String {
        let (name, usage) = FUNCTIONS.iter().find(|entry| entry.3 == self).map_or(("", ""), |entry| (entry.0, entry.4));
        let types: Vec<&str> = args.iter().map(type_name).collect();
        format!("`{name}` cannot be used with {}: it is `{usage}`", types.join(" and "))
    }
}

/// A scalar as it stands in text; none for what has no one form there.
pub(super) fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn count(n: usize) -> Value {
    Value::Number(n.into())
}

fn to_int(n: &Number) -> Result<Value, String> {
    if integer(n).is_some() {
        return Ok(Value::Number(n.clone()));
    }
    // Below 2^53 every integer has one double, so that nothing is rounded in silence.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match n.as_f64() {
        #[allow(clippy::cast_possible_truncation)] // Truncation is what CEL's `int` does, and the range is checked.
        Some(double) if double.abs() < EXACT => Ok(Value::from(double as i64)),
        _ => Err("the double does not fit an integer".to_owned()),
    }
}

fn double(number: Option<f64>) -> Result<Value, String> {
    number.and_then(Number::from_f64).map(Value::Number).ok_or_else(|| "this is not a finite number".to_owned())
}

fn join(items: &[Value], separator: &str) -> Result<Value, String> {
    let mut joined = String::new();
    for (index, item) in items.iter().enumerate() {
        let Value::String(text) = item else {
            return Err(format!("`join` takes a list of strings, and item {index} is {}", type_name(item)));
        };
        if index > 0 {
            joined.push_str(separator);
        }
        joined.push_str(text);
        if joined.len() > MAX_TEXT {
            return Err(format!("the text grows beyond {} KiB", MAX_TEXT >> 10));
        }
    }
    Ok(Value::String(joined))
}

fn json_decode(text: &str) -> Result<Value, String> {
    let json: serde_json::Value = serde_json::from_str(text).map_err(|_| "the text is not JSON".to_owned())?;
    let value = Value::from(json);
    if crate::stack::reserved_key(&value).is_some() || value.has_unknown() {
        return Err("the JSON holds a key that maps keeps for itself".to_owned());
    }
    Ok(value)
}
