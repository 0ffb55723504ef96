//! What nodes mean: scalars, entries of mappings, merges, aliases, and what of it is refused.

use super::{Composer, Node, Numbers, Shape};
use crate::value::{List, Map, Str, Value};
use crate::yaml::resolve::{Implicit, resolve, timestamp};
use crate::yaml::show::go_syntax;
use crate::yaml::token::Problem;

impl Composer<'_> {
    /// Keeps the first problem of meaning.
    pub(super) fn refuse(&mut self, message: String) {
        self.problem.get_or_insert(Problem::general(message));
    }

    /// Counts a step of decoding, and refuses documents that are mostly aliases.
    pub(super) fn step(&mut self) {
        self.steps = self.steps.saturating_add(1);
        self.check_aliasing();
    }

    pub(super) fn check_aliasing(&mut self) {
        const LOW: f64 = 400_000.0;
        const HIGH: f64 = 4_000_000.0;
        if self.aliased > 100 && self.steps > 1000 {
            let steps = self.steps as f64;
            let allowed = 0.99 - 0.89 * ((steps.clamp(LOW, HIGH) - LOW) / (HIGH - LOW));
            if self.aliased as f64 / steps > allowed {
                self.refuse("document contains excessive aliasing".to_owned());
            }
        }
    }

    pub(super) fn empty(&self) -> Node {
        Node { value: Value::Nil, shape: Shape::Scalar }
    }

    pub(super) fn empty_node(&mut self) -> Node {
        self.step();
        self.empty()
    }

    pub(super) fn nothing(&mut self) -> Value {
        self.empty_node().value
    }

    pub(super) fn alias(&mut self, name: &[u8]) -> Result<Node, Problem> {
        let name_text = String::from_utf8_lossy(name);
        let Some(anchor) = self.anchors.get(name) else {
            return Err(Problem::general(format!("unknown anchor '{name_text}' referenced")));
        };
        let (value, shape) = (anchor.value.clone(), anchor.shape);
        let Some(steps) = anchor.steps else {
            self.step();
            self.refuse(format!("anchor '{name_text}' value contains itself"));
            return Ok(self.empty());
        };
        self.steps = self.steps.saturating_add(steps).saturating_add(1);
        self.aliased = self.aliased.saturating_add(steps);
        self.check_aliasing();
        // Nothing is copied any more once the document is refused.
        if self.problem.is_some() {
            return Ok(self.empty());
        }
        let shape = if shape == Shape::Merge { Shape::Scalar } else { shape };
        Ok(Node { value: copy(&value), shape })
    }

    /// Puts an entry into a mapping, whose keys JSON makes texts.
    pub(super) fn entry(&mut self, map: &Map, key: &Node, value: Node) {
        if key.shape == Shape::Merge {
            self.steps = self.steps.saturating_sub(1);
            self.merge(map, &value);
            return;
        }
        let name = match &key.value {
            Value::Str(text) => text.clone(),
            Value::Int(number, _) => number.to_string().into(),
            Value::Float(number) => float_key(*number),
            Value::Bool(true) => "true".into(),
            Value::Bool(false) => "false".into(),
            Value::List(_) | Value::Map(_) => return,
            other => {
                let kind = other.go_type().map_or_else(|| "%!s(<nil>)".to_owned(), |kind| kind.to_string());
                self.conversion.get_or_insert_with(|| {
                    let (key, value) = (go_syntax(other), go_syntax(&value.value));
                    let bare = |text: String| if text == "interface {}(nil)" { "<nil>".to_owned() } else { text };
                    format!("unsupported map key of type: {kind}, key: {}, value: {}", bare(key), bare(value))
                });
                return;
            }
        };
        map.set(name, self.place(value.value));
    }

    pub(super) fn merge(&mut self, map: &Map, value: &Node) {
        const WANTED: &str = "map merge requires map or sequence of maps as the value";
        let put = |from: &Map| {
            for (key, value) in from.to_vec() {
                map.set(key, value);
            }
        };
        match &value.value {
            Value::Map(from) => put(from),
            Value::List(items) if value.shape == Shape::Sequence => {
                // What comes earlier wins.
                for item in items.to_vec().iter().rev() {
                    match item {
                        Value::Map(from) => put(from),
                        _ => self.refuse(WANTED.to_owned()),
                    }
                }
            }
            _ => self.refuse(WANTED.to_owned()),
        }
    }

    /// The value as it stands in a document. A key's text is made of the number that YAML took it for.
    pub(super) fn place(&self, value: Value) -> Value {
        match value {
            Value::Int(number, _) if self.numbers == Numbers::Floats => (number as f64).into(),
            Value::Uint(number) if self.numbers == Numbers::Floats => (number as f64).into(),
            other => other,
        }
    }

    /// Refuses collections as keys.
    pub(super) fn check_key(&mut self, key: &Node) {
        if matches!(key.value, Value::List(_) | Value::Map(_)) {
            self.refuse(format!("invalid map key: {}", go_syntax(&key.value)));
        }
    }

    /// A scalar's meaning. `implicit` where neither quotes nor a tag say that it is text.
    pub(super) fn scalar(&mut self, text: &[u8], tag: &[u8], implicit: bool) -> Node {
        // What the scanner hands over is UTF-8 but for what `%XX` in a tag could make, which is no text.
        let Ok(text) = std::str::from_utf8(text) else {
            return Node { value: Str::from(text).into(), shape: Shape::Scalar };
        };
        let short = tag.strip_prefix(b"tag:yaml.org,2002:");
        if text == "<<" && (implicit || short == Some(b"merge")) {
            return Node { value: text.into(), shape: Shape::Merge };
        }
        let value = match short {
            None if tag.is_empty() && implicit => self.resolved(resolve(text, false), text),
            Some(b"bool" | b"int" | b"float" | b"null" | b"timestamp") => self.tagged(text, short.unwrap_or_default()),
            Some(b"binary") => match crate::json::base64_decode(text.as_bytes()) {
                // JSON has no other bytes.
                Some(bytes) => crate::json::utf8(&bytes.into()).into_owned().into(),
                None => {
                    self.refuse("!!binary value contains invalid base64 data".to_owned());
                    Value::Nil
                }
            },
            _ => text.into(),
        };
        Node { value, shape: Shape::Scalar }
    }

    pub(super) fn resolved(&mut self, meaning: Implicit, text: &str) -> Value {
        match meaning {
            Implicit::Null => Value::Nil,
            Implicit::Bool(value) => value.into(),
            Implicit::Int(value) => Value::int64(value),
            Implicit::Uint(value) => Value::Uint(value),
            Implicit::Float(value) => {
                self.special |= !value.is_finite();
                value.into()
            }
            Implicit::Timestamp | Implicit::Str => text.into(),
        }
    }

    /// A scalar whose tag says what it has to be.
    pub(super) fn tagged(&mut self, text: &str, tag: &[u8]) -> Value {
        let meaning = match resolve(text, false) {
            _ if tag == b"timestamp" && timestamp(text) => Implicit::Timestamp,
            meaning => meaning,
        };
        let found: &[u8] = match meaning {
            Implicit::Null => b"null",
            Implicit::Bool(_) => b"bool",
            Implicit::Int(_) | Implicit::Uint(_) => b"int",
            Implicit::Float(_) => b"float",
            Implicit::Timestamp => b"timestamp",
            Implicit::Str => b"str",
        };
        if found == tag {
            return self.resolved(meaning, text);
        }
        if let (b"float", Implicit::Int(value)) = (tag, meaning) {
            return (value as f64).into();
        }
        let (found, tag) = (String::from_utf8_lossy(found), String::from_utf8_lossy(tag));
        self.refuse(format!("cannot decode !!{found} `{text}` as a !!{tag}"));
        Value::Nil
    }
}

/// A copy that shares nothing, as decoding an anchor again makes.
fn copy(value: &Value) -> Value {
    match value {
        Value::List(list) => List::new(list.element().clone(), list.borrow().iter().map(copy).collect()).into(),
        Value::Map(map) => map.borrow().iter().map(|(key, value)| (key.clone(), copy(value))).collect::<Map>().into(),
        other => other.clone(),
    }
}

/// A float as a key: Go's text of it as a float32.
fn float_key(number: f64) -> Str {
    let mut text = Vec::new();
    crate::yaml::number::key_float(number, &mut text);
    text.into()
}
