//! The writer: keys in bytewise order, `<`, `>` and `&` escaped unless told otherwise.

use std::borrow::Cow;

use crate::value::{Str, Value};
use crate::yaml::json_float;

use super::{DEPTH, MAX_BYTES, TOO_LARGE};

/// How JSON is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Leave `<`, `>` and `&` as they are: `SetEscapeHTML(false)`.
    pub raw: bool,
    /// An entry a line, indented by two spaces: `MarshalIndent`.
    pub indent: bool,
}

/// What `json.Marshal` writes.
///
/// # Errors
/// Numbers that JSON does not have, and what nests without end.
pub fn emit(value: &Value) -> Result<Vec<u8>, String> {
    emit_styled(value, Style::default())
}

/// What `json.Marshal`, `MarshalIndent` or an `Encoder` writes; no line break at the end.
///
/// # Errors
/// Numbers that JSON does not have, and what nests without end.
pub fn emit_styled(value: &Value, style: Style) -> Result<Vec<u8>, String> {
    let mut writer = Writer { out: Vec::new(), style, depth: 0 };
    writer.value(value)?;
    Ok(writer.out)
}

/// The text of `bytes` with U+FFFD for each byte that is no UTF-8: what Go decodes where it ranges over a string.
pub(crate) fn utf8(bytes: &Str) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            let mut text = String::with_capacity(bytes.len() + 8);
            for chunk in bytes.utf8_chunks() {
                text.push_str(chunk.valid());
                text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
            }
            Cow::Owned(text)
        }
    }
}

struct Writer {
    out: Vec<u8>,
    style: Style,
    depth: usize,
}

impl Writer {
    fn value(&mut self, value: &Value) -> Result<(), String> {
        if self.out.len() > MAX_BYTES {
            return Err(TOO_LARGE.to_owned());
        }
        match value {
            Value::Nil => self.out.extend_from_slice(b"null"),
            Value::Bool(value) => self.out.extend_from_slice(if *value { b"true" } else { b"false" }),
            Value::Int(value, _) => self.out.extend_from_slice(value.to_string().as_bytes()),
            Value::Uint(value) => self.out.extend_from_slice(value.to_string().as_bytes()),
            Value::Float(value) => self.float(*value)?,
            Value::Str(text) => self.string(text),
            Value::List(list) if list.is_nil() => self.out.extend_from_slice(b"null"),
            Value::List(list) => {
                self.enter("[]interface {}")?;
                let items = list.borrow();
                self.out.push(b'[');
                for (index, item) in items.iter().enumerate() {
                    self.separate(index > 0);
                    self.value(item)?;
                }
                self.leave(b']', items.is_empty());
            }
            Value::Map(map) if map.is_nil() => self.out.extend_from_slice(b"null"),
            Value::Map(map) => {
                self.enter("map[string]interface {}")?;
                let entries = map.borrow();
                self.out.push(b'{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    self.separate(index > 0);
                    self.string(key);
                    self.colon();
                    self.value(value)?;
                }
                self.leave(b'}', entries.is_empty());
            }
            Value::Object(object) => {
                if let Some(bytes) = value.bytes() {
                    if bytes.is_nil() {
                        self.out.extend_from_slice(b"null");
                    } else {
                        self.out.push(b'"');
                        self.out.extend_from_slice(base64(bytes.as_str()).as_bytes());
                        self.out.push(b'"');
                    }
                } else if let Some(fields) = object.fields() {
                    self.enter("struct")?;
                    self.out.push(b'{');
                    for (index, (name, value)) in fields.iter().enumerate() {
                        self.separate(index > 0);
                        self.string(&Str::from(*name));
                        self.colon();
                        self.value(value)?;
                    }
                    self.leave(b'}', fields.is_empty());
                } else if let Some(data) = object.underlying().or_else(|| object.data()) {
                    self.value(&data)?;
                } else {
                    self.string(&object.print());
                }
            }
        }
        Ok(())
    }

    fn enter(&mut self, kind: &str) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(format!("json: unsupported value: encountered a cycle via {kind}"));
        }
        Ok(())
    }

    fn leave(&mut self, close: u8, empty: bool) {
        self.depth -= 1;
        if self.style.indent && !empty {
            self.line();
        }
        self.out.push(close);
    }

    fn separate(&mut self, further: bool) {
        if further {
            self.out.push(b',');
        }
        if self.style.indent {
            self.line();
        }
    }

    fn colon(&mut self) {
        self.out.extend_from_slice(if self.style.indent { b": " } else { b":" });
    }

    fn line(&mut self) {
        self.out.push(b'\n');
        for _ in 0..self.depth {
            self.out.extend_from_slice(b"  ");
        }
    }

    fn float(&mut self, value: f64) -> Result<(), String> {
        if value.is_finite() {
            json_float(value, &mut self.out);
            return Ok(());
        }
        let name = match value {
            f64::INFINITY => "+Inf",
            f64::NEG_INFINITY => "-Inf",
            _ => "NaN",
        };
        Err(format!("json: unsupported value: {name}"))
    }

    fn string(&mut self, text: &Str) {
        self.out.push(b'"');
        for chunk in text.utf8_chunks() {
            self.valid(chunk.valid());
            for _ in chunk.invalid() {
                self.out.extend_from_slice(b"\\ufffd");
            }
        }
        self.out.push(b'"');
    }

    fn valid(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut written = 0;
        for (index, byte) in bytes.iter().enumerate() {
            let escape: &[u8] = match byte {
                b'"' => b"\\\"",
                b'\\' => b"\\\\",
                b'\n' => b"\\n",
                b'\r' => b"\\r",
                b'\t' => b"\\t",
                8 => b"\\b",
                12 => b"\\f",
                0..0x20 => &[],
                b'<' if !self.style.raw => b"\\u003c",
                b'>' if !self.style.raw => b"\\u003e",
                b'&' if !self.style.raw => b"\\u0026",
                0xe2 if bytes[index..].starts_with("\u{2028}".as_bytes()) => b"\\u2028",
                0xe2 if bytes[index..].starts_with("\u{2029}".as_bytes()) => b"\\u2029",
                _ => continue,
            };
            self.out.extend_from_slice(&bytes[written..index]);
            if escape.is_empty() {
                self.out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
            } else {
                self.out.extend_from_slice(escape);
            }
            written = index + if *byte == 0xe2 { 3 } else { 1 };
        }
        self.out.extend_from_slice(&bytes[written..]);
    }
}

/// Base64 with padding, in one line.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = (group >> (18 - 6 * place)) & 63;
            text.push(if place <= chunk.len() { char::from(DIGITS[digit as usize]) } else { '=' });
        }
    }
    text
}

/// Reads base64 with padding; line breaks do not matter.
pub(crate) fn base64_decode(text: &[u8]) -> Option<Vec<u8>> {
    let text: Vec<u8> = text.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let (groups, rest) = text.as_chunks::<4>();
    if !rest.is_empty() {
        return None;
    }
    let mut bytes = Vec::with_capacity(groups.len() * 3);
    for (index, group) in groups.iter().enumerate() {
        let padding = match group {
            [_, _, b'=', b'='] => 2,
            [_, _, _, b'='] => 1,
            _ => 0,
        };
        if padding > 0 && index + 1 < groups.len() {
            return None;
        }
        let mut bits = 0u32;
        for byte in &group[..4 - padding] {
            let digit = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(digit);
        }
        bits <<= 6 * padding;
        let [_, triple @ ..] = bits.to_be_bytes();
        bytes.extend_from_slice(&triple[..3 - padding]);
    }
    Some(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::value::{List, Map, Type};

    fn text(value: &Value, style: Style) -> String {
        String::from_utf8(emit_styled(value, style).unwrap()).unwrap()
    }

    #[test]
    fn strings_are_escaped_as_go_escapes_them() {
        let value = Value::from(Str::from(&b"<a>&\"\\\n\x08\x0c\x01\x7f\xe2\x80\xa8\xff\xe2\x80\xef\xbf\xbd"[..]));
        let escaped = "\"\\u003ca\\u003e\\u0026\\\"\\\\\\n\\b\\f\\u0001\u{7f}\\u2028\\ufffd\\ufffd\\ufffd\u{fffd}\"";
        assert_eq!(text(&value, Style::default()), escaped);
        assert_eq!(text(&"<a>&".into(), Style { raw: true, indent: false }), "\"<a>&\"");
    }

    #[test]
    fn collections_in_a_line_and_indented() {
        let map = Map::new();
        map.set("b", Value::list(vec![1.0.into(), Value::Nil, true.into()]));
        map.set("a10", Value::list(vec![]));
        map.set("a2", Map::new().into());
        map.set("n", List::nil(Type::Any).into());
        assert_eq!(text(&map.clone().into(), Style::default()), r#"{"a10":[],"a2":{},"b":[1,null,true],"n":null}"#);
        let indented =
            "{\n  \"a10\": [],\n  \"a2\": {},\n  \"b\": [\n    1,\n    null,\n    true\n  ],\n  \"n\": null\n}";
        assert_eq!(text(&map.into(), Style { raw: false, indent: true }), indented);
    }

    #[test]
    fn what_json_lacks_fails() {
        assert_eq!(emit(&f64::NAN.into()).unwrap_err(), "json: unsupported value: NaN");
        assert_eq!(emit(&f64::NEG_INFINITY.into()).unwrap_err(), "json: unsupported value: -Inf");
        let map = Map::new();
        map.set("self", map.clone().into());
        assert!(emit(&map.clone().into()).unwrap_err().contains("encountered a cycle"));
        map.remove(b"self");
    }

    #[test]
    fn base64_is_padded() {
        for (bytes, expected) in [("", ""), ("a", "YQ=="), ("ab", "YWI="), ("abc", "YWJj")] {
            assert_eq!(base64(bytes.as_bytes()), expected);
            assert_eq!(base64_decode(expected.as_bytes()).as_deref(), Some(bytes.as_bytes()));
        }
    }
}
