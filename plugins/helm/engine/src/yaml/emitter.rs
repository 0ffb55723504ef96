//! The emitter: collections laid out in blocks, and scalars in the style that go-yaml chooses.

use std::borrow::Cow;

use crate::json::{MAX_BYTES, TOO_LARGE};
use crate::value::{Map, Str, Value};

use super::DEPTH;
use super::analysis::{Analysis, analyze};
use super::number::{json_float, yaml_float};
use super::order::{self, Version};
use super::resolve::{Implicit, resolve, sexagesimal};
use super::scalar::{self, Output};

/// Why a value is not emitted in one go.
enum Obstacle {
    /// It cannot be emitted; the message is Go's.
    Failure(String),
    /// What YAML does to this text on its way through JSON has to be seen: characters that its reader refuses
    /// or folds, or a key too long for its scanner.
    NeedsJson,
}

/// `toYaml`: as `sigs.k8s.io/yaml` marshals, by way of JSON. Ends with a line break.
///
/// # Errors
/// What JSON cannot hold (infinite numbers, cycles), or what YAML does not read back.
pub fn emit(value: &Value) -> Result<Vec<u8>, String> {
    match document(value, Version::V2, false) {
        Ok(text) => Ok(text),
        Err(Obstacle::Failure(message)) => Err(message),
        Err(Obstacle::NeedsJson) => {
            let json = crate::json::emit(value).map_err(|error| match error.as_str() {
                TOO_LARGE => error,
                _ => format!("error marshaling into JSON: {error}"),
            })?;
            let read = super::parse_raw(&json).map_err(|error| format!("error converting JSON to YAML: {error}"))?;
            match document(&read, Version::V2, true) {
                Ok(text) => Ok(text),
                Err(Obstacle::Failure(message)) => Err(message),
                Err(Obstacle::NeedsJson) => Err("error converting JSON to YAML".to_owned()),
            }
        }
    }
}

/// `toYamlPretty`: as go-yaml v3 encodes with an indent of 2, where sequences are indented too and lines are
/// never folded. Ends with a line break.
///
/// # Errors
/// What nests too deeply.
pub fn emit_pretty(value: &Value) -> Result<Vec<u8>, String> {
    match document(value, Version::V3, true) {
        Ok(text) => Ok(text),
        Err(Obstacle::Failure(message)) => Err(message),
        Err(Obstacle::NeedsJson) => Err("error converting YAML".to_owned()),
    }
}

fn document(value: &Value, version: Version, read: bool) -> Result<Vec<u8>, Obstacle> {
    let mut emitter = Emitter { out: Output::new(version), version, read, depth: 0 };
    emitter.node(value, Place::default())?;
    emitter.out.indent();
    Ok(emitter.out.text)
}

/// Where a node stands.
#[derive(Clone, Copy, Default)]
struct Place {
    /// As a mapping's value (or complex key).
    mapping: bool,
    simple_key: bool,
}

struct Emitter {
    out: Output,
    version: Version,
    /// The value is what YAML has read, or never goes through JSON: every text is taken as it is.
    read: bool,
    depth: usize,
}

impl Emitter {
    fn node(&mut self, value: &Value, place: Place) -> Result<(), Obstacle> {
        if self.out.text.len() > MAX_BYTES {
            return Err(Obstacle::Failure(TOO_LARGE.to_owned()));
        }
        match value {
            Value::Nil => self.out.plain(b"null"),
            Value::Bool(value) => self.out.plain(if *value { b"true" } else { b"false" }),
            Value::Int(value, _) => self.out.plain(value.to_string().as_bytes()),
            Value::Uint(value) => self.out.plain(value.to_string().as_bytes()),
            Value::Float(value) => {
                let text = self.float(*value)?;
                self.out.plain(&text);
            }
            Value::Str(text) => self.string(text, place)?,
            Value::List(list) if list.is_nil() && self.version == Version::V2 => self.out.plain(b"null"),
            Value::Map(map) if map.is_nil() && self.version == Version::V2 => self.out.plain(b"null"),
            Value::List(list) => {
                let items = list.borrow();
                if items.is_empty() {
                    self.out.empty(b"[", b"]");
                } else {
                    self.enter()?;
                    self.sequence(&items, place)?;
                    self.depth -= 1;
                }
            }
            Value::Map(map) => {
                if map.is_empty() {
                    self.out.empty(b"{", b"}");
                } else {
                    self.enter()?;
                    self.mapping(map)?;
                    self.depth -= 1;
                }
            }
            Value::Object(object) => {
                if let (Some(bytes), Version::V2) = (value.bytes(), self.version) {
                    let text = crate::json::base64(bytes.as_str());
                    return self.node(&if bytes.is_nil() { Value::Nil } else { text.into() }, place);
                }
                self.enter()?;
                let fields = match self.version {
                    Version::V2 => object.fields(),
                    Version::V3 => object.named_fields(),
                };
                if let Some(fields) = fields {
                    self.structure(&fields)?;
                } else if let Some(data) = object.underlying().or_else(|| object.data()) {
                    match data {
                        // To v3, a time is no text that looks like one.
                        Value::Str(text)
                            if self.version == Version::V3 && object.go_type().to_string() == "time.Time" =>
                        {
                            self.out.plain(&text);
                        }
                        data => self.node(&data, place)?,
                    }
                } else {
                    self.string(&object.print(), place)?;
                }
                self.depth -= 1;
            }
        }
        Ok(())
    }

    /// Counts a level; a value that contains itself ends here too.
    fn enter(&mut self) -> Result<(), Obstacle> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(Obstacle::Failure(format!("exceeded max depth of {DEPTH}")));
        }
        Ok(())
    }

    fn sequence(&mut self, items: &[Value], place: Place) -> Result<(), Obstacle> {
        // In a mapping, v2 leaves the dashes in the column of the key.
        let flush = self.version == Version::V2 && place.mapping && !self.out.indention;
        let before = self.out.deeper(flush);
        for item in items {
            self.out.indent();
            self.out.indicator(b"-", true, true);
            self.node(item, Place::default())?;
        }
        self.out.margin = before;
        Ok(())
    }

    fn mapping(&mut self, map: &Map) -> Result<(), Obstacle> {
        let entries = map.borrow();
        let mut keys = Vec::with_capacity(entries.len());
        for (key, value) in entries.iter() {
            keys.push((self.text(key, true)?, value));
        }
        order::sort(&mut keys, |(key, _)| key, self.version);
        self.entries(&keys)
    }

    /// A struct: v2 sees the mapping that JSON made of it, v3 the fields themselves, under names in small letters.
    fn structure(&mut self, fields: &[(&'static str, Value)]) -> Result<(), Obstacle> {
        let name = |name: &'static str| match self.version {
            Version::V2 => Cow::Borrowed(name),
            Version::V3 => Cow::Owned(name.to_lowercase()),
        };
        let mut keys: Vec<_> = fields.iter().map(|(key, value)| (name(key), value)).collect();
        if keys.is_empty() {
            self.out.empty(b"{", b"}");
            return Ok(());
        }
        if self.version == Version::V2 {
            order::sort(&mut keys, |(key, _)| key, self.version);
        }
        self.entries(&keys)
    }

    fn entries(&mut self, entries: &[(Cow<'_, str>, &Value)]) -> Result<(), Obstacle> {
        let before = self.out.deeper(false);
        for (key, value) in entries {
            self.out.indent();
            let analysis = analyze(key, self.version);
            if !analysis.multiline && key.len() <= 128 {
                self.scalar(key, analysis, Place { simple_key: true, mapping: true });
                self.out.indicator(b":", false, false);
            } else {
                self.out.indicator(b"?", true, true);
                self.scalar(key, analysis, Place { mapping: true, ..Place::default() });
                self.out.indent();
                self.out.indicator(b":", true, true);
            }
            self.node(value, Place { mapping: true, ..Place::default() })?;
        }
        self.out.margin = before;
        Ok(())
    }

    fn string(&mut self, text: &Str, place: Place) -> Result<(), Obstacle> {
        if self.version == Version::V3 && std::str::from_utf8(text).is_err() {
            self.binary(text);
            return Ok(());
        }
        let text = self.text(text, false)?;
        let analysis = analyze(&text, self.version);
        self.scalar(&text, analysis, place);
        Ok(())
    }

    /// The text as it gets here by way of JSON.
    fn text<'a>(&self, text: &'a Str, key: bool) -> Result<Cow<'a, str>, Obstacle> {
        let text = crate::json::utf8(text);
        if !self.read {
            // JSON may write six characters for one, and a key of more than 1024 is not recognised as one.
            let long = key && text.len() > 1022 / 6;
            let odd = |character| matches!(character, '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}');
            if long || (text.bytes().any(|byte| byte >= 0x7f) && text.contains(odd)) {
                return Err(Obstacle::NeedsJson);
            }
        }
        Ok(text)
    }

    fn scalar(&mut self, text: &str, analysis: Analysis, place: Place) {
        let plain = resolve(text, true) == Implicit::Str && !sexagesimal(text);
        let wide = !place.simple_key;
        if text.contains('\n') {
            if analysis.block && !place.simple_key {
                self.out.literal(text);
            } else {
                self.out.double_quoted(text, wide);
            }
        } else if !plain {
            self.out.double_quoted(text, wide);
        } else if analysis.plain && !(analysis.multiline && place.simple_key) {
            self.out.plain_text(text, wide);
        } else if analysis.single && !(analysis.multiline && place.simple_key) {
            self.out.single_quoted(text, wide);
        } else {
            self.out.double_quoted(text, wide);
        }
    }

    /// Bytes that are no UTF-8, which v3 tags and writes in base64.
    fn binary(&mut self, bytes: &[u8]) {
        let text = scalar::base64_lines(bytes);
        self.out.tag(b"!!binary");
        if text.contains('\n') {
            self.out.literal(&text);
        } else {
            self.out.plain_text(&text, true);
        }
    }

    fn float(&self, value: f64) -> Result<Vec<u8>, Obstacle> {
        let mut text = Vec::new();
        if self.version == Version::V2 && !self.read {
            if !value.is_finite() {
                let reason = crate::json::emit(&value.into()).err().unwrap_or_default();
                return Err(Obstacle::Failure(format!("error marshaling into JSON: {reason}")));
            }
            // JSON writes whole numbers without an exponent; YAML reads those that fit as integers.
            json_float(value, &mut text);
            if value == 0.0 {
                return Ok(b"0".to_vec());
            }
            let digits = text.strip_prefix(b"-").unwrap_or(&text);
            if digits.iter().all(u8::is_ascii_digit) {
                let text_of = String::from_utf8_lossy(&text);
                if text_of.parse::<i64>().is_ok() || text_of.parse::<u64>().is_ok() {
                    return Ok(text);
                }
            }
            text.clear();
        }
        yaml_float(value, &mut text);
        Ok(text)
    }
}
