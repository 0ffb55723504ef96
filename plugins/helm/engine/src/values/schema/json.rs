//! JSON as schemas and what they judge are: numbers keep the text they were written with.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::number::Number;
use crate::format;
use crate::value::Value;

/// How deep a schema may be nested: what reads it recurses, and those of charts stay below forty.
const MAX_DEPTH: usize = 200;

/// A value of JSON.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(Number),
    Str(Rc<str>),
    List(Vec<Json>),
    Object(BTreeMap<Rc<str>, Json>),
}

impl Json {
    pub(super) fn object(&self) -> Option<&BTreeMap<Rc<str>, Json>> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    pub(super) fn list(&self) -> Option<&[Json]> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    pub(super) fn text(&self) -> Option<&Rc<str>> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<&Number> {
        match self {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The values of a chart, each number as Go prints it.
    pub(super) fn from_value(value: &Value) -> Result<Self, String> {
        Ok(match value {
            Value::Nil => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Str(text) => Self::Str(text.to_string().into()),
            Value::List(list) => Self::List(list.borrow().iter().map(Self::from_value).collect::<Result<_, _>>()?),
            Value::Map(map) => Self::Object(
                map.borrow()
                    .iter()
                    .map(|(key, value)| Ok((key.to_string().into(), Self::from_value(value)?)))
                    .collect::<Result<_, String>>()?,
            ),
            _ => {
                let text = format::print(value).map_err(|error| error.to_string())?;
                match Number::parse(&String::from_utf8_lossy(&text)) {
                    Some(number) => Self::Number(number),
                    None => return Err(format!("{} is no value of JSON", String::from_utf8_lossy(&text))),
                }
            }
        })
    }

    /// Reads a document, with what Go says of one that is wrong.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        let mut parser = Parser { text, position: 0 };
        parser.space();
        if parser.peek().is_none() {
            return Err("EOF".to_owned());
        }
        let value = parser.value(0)?;
        parser.space();
        if parser.peek().is_some() {
            return Err("invalid character after top-level value".to_owned());
        }
        Ok(value)
    }
}

struct Parser<'a> {
    text: &'a [u8],
    position: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.position).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek() {
            self.position += 1;
        }
    }

    /// What is wrong with the character at hand.
    fn wrong<T>(&self, context: &str) -> Result<T, String> {
        let Some(byte) = self.peek() else { return Err("unexpected EOF".to_owned()) };
        let character = match byte {
            b'\'' => "'\\''".to_owned(),
            b'"' => "'\"'".to_owned(),
            byte => {
                let quoted = format::quote::quote(char::from(byte).to_string().as_bytes());
                format!("'{}'", String::from_utf8_lossy(&quoted).trim_matches('"'))
            }
        };
        Err(format!("invalid character {character} {context}"))
    }

    fn value(&mut self, depth: usize) -> Result<Json, String> {
        if depth > MAX_DEPTH {
            return Err(format!("the document is nested deeper than the maximum of {MAX_DEPTH}"));
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => Ok(Json::Str(self.string()?)),
            Some(b't') => self.literal("true", Json::Bool(true)),
            Some(b'f') => self.literal("false", Json::Bool(false)),
            Some(b'n') => self.literal("null", Json::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.wrong("looking for beginning of value"),
        }
    }

    fn literal(&mut self, word: &str, value: Json) -> Result<Json, String> {
        for expected in word.bytes() {
            if self.peek() != Some(expected) {
                return self.wrong(&format!("in literal {word} (expecting '{}')", char::from(expected)));
            }
            self.position += 1;
        }
        Ok(value)
    }

    fn list(&mut self, depth: usize) -> Result<Json, String> {
        self.position += 1;
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.position += 1;
            return Ok(Json::List(items));
        }
        loop {
            self.space();
            items.push(self.value(depth + 1)?);
            self.space();
            match self.peek() {
                Some(b',') => self.position += 1,
                Some(b']') => {
                    self.position += 1;
                    return Ok(Json::List(items));
                }
                _ => return self.wrong("after array element"),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, String> {
        self.position += 1;
        let mut entries = BTreeMap::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.position += 1;
            return Ok(Json::Object(entries));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return self.wrong("looking for beginning of object key string");
            }
            let key = self.string()?;
            self.space();
            if self.peek() != Some(b':') {
                return self.wrong("after object key");
            }
            self.position += 1;
            self.space();
            entries.insert(key, self.value(depth + 1)?);
            self.space();
            match self.peek() {
                Some(b',') => self.position += 1,
                Some(b'}') => {
                    self.position += 1;
                    return Ok(Json::Object(entries));
                }
                _ => return self.wrong("after object key:value pair"),
            }
        }
    }

    fn string(&mut self) -> Result<Rc<str>, String> {
        self.position += 1;
        let mut bytes = Vec::new();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.position += 1;
                    return Ok(String::from_utf8_lossy(&bytes).into());
                }
                Some(b'\\') => {
                    self.position += 1;
                    self.escape(&mut bytes)?;
                }
                Some(0..=0x1f) | None => return self.wrong("in string literal"),
                Some(byte) => {
                    bytes.push(byte);
                    self.position += 1;
                }
            }
        }
    }

    fn escape(&mut self, bytes: &mut Vec<u8>) -> Result<(), String> {
        let plain = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => {
                self.position += 1;
                let mut code = self.hexadecimal()?;
                if (0xd800..0xdc00).contains(&code) && self.text.get(self.position..self.position + 2) == Some(b"\\u") {
                    let before = self.position;
                    self.position += 2;
                    let low = self.hexadecimal()?;
                    if (0xdc00..0xe000).contains(&low) {
                        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                    } else {
                        self.position = before;
                    }
                }
                // Half a pair is no character.
                let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => return self.wrong("in string escape code"),
        };
        bytes.push(plain);
        self.position += 1;
        Ok(())
    }

    fn hexadecimal(&mut self) -> Result<u32, String> {
        let mut code = 0;
        for _ in 0..4 {
            match self.peek().and_then(|byte| char::from(byte).to_digit(16)) {
                Some(digit) => code = code * 16 + digit,
                None => return self.wrong("in \\u hexadecimal character escape"),
            }
            self.position += 1;
        }
        Ok(code)
    }

    fn digits(&mut self, context: &str) -> Result<(), String> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return self.wrong(context);
        }
        while let Some(b'0'..=b'9') = self.peek() {
            self.position += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Json, String> {
        let start = self.position;
        if self.peek() == Some(b'-') {
            self.position += 1;
        }
        if self.peek() == Some(b'0') {
            self.position += 1;
        } else {
            self.digits("in numeric literal")?;
        }
        if self.peek() == Some(b'.') {
            self.position += 1;
            self.digits("after decimal point in numeric literal")?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.position += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.position += 1;
            }
            self.digits("in exponent of numeric literal")?;
        }
        let text = self.text.get(start..self.position).unwrap_or_default();
        let text = String::from_utf8_lossy(text);
        match Number::parse(&text) {
            Some(number) => Ok(Json::Number(number)),
            None => Err(format!("the number {:.40} is too large or too long", text)),
        }
    }
}
