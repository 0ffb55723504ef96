//! The reader, with the messages of Go's scanner.

use crate::format::quote::quote;
use crate::value::{Map, Str, Value};

use super::DEPTH;
use crate::memory;

const END: &str = "unexpected end of JSON input";

/// What `json.Unmarshal` makes of `input` in an `interface {}`: every number a float64.
///
/// # Errors
/// In Go's words: "invalid character 'x' looking for beginning of value".
pub fn parse(input: &[u8]) -> Result<Value, String> {
    let (value, problem) = parse_partly(input)?;
    problem.map_or(Ok(value), Err)
}

/// As [`parse`]; numbers beyond a float64 are left nil, and told behind the value, as Go leaves and tells them.
///
/// # Errors
/// What is no JSON at all.
pub(crate) fn parse_partly(input: &[u8]) -> Result<(Value, Option<String>), String> {
    let mut parser = Parser { input, position: 0, depth: 0, problem: None };
    let value = parser.value()?;
    match parser.peek() {
        None => Ok((value, parser.problem)),
        Some(byte) => Err(unexpected(byte, "after top-level value")),
    }
}

/// Go's name for a value of JSON in its complaints about types.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Nil => "null",
        Value::Bool(_) => "bool",
        Value::Str(_) => "string",
        Value::List(_) => "array",
        Value::Map(_) | Value::Object(_) => "object",
        Value::Int(..) | Value::Uint(_) | Value::Float(_) => "number",
    }
}

/// A character as Go's `%q` shows it, without its quotes.
pub(crate) fn shown(character: char) -> String {
    match character {
        '\'' => "\\'".to_owned(),
        '"' => "\"".to_owned(),
        _ => {
            let quoted = quote(String::from(character).as_bytes());
            let inner = quoted.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or_default();
            String::from_utf8_lossy(inner).into_owned()
        }
    }
}

fn unexpected(byte: u8, place: &str) -> String {
    // Go takes the byte for a character.
    format!("invalid character '{}' {place}", shown(char::from(byte)))
}

struct Parser<'a> {
    input: &'a [u8],
    position: usize,
    depth: usize,
    problem: Option<String>,
}

impl Parser<'_> {
    /// The next byte that is no space, which stays.
    fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.input.get(self.position) {
            self.position += 1;
        }
        self.input.get(self.position).copied()
    }

    /// The byte at hand, which is taken; Go's scanner puts a space behind the end.
    fn next(&mut self) -> u8 {
        let byte = self.input.get(self.position).copied();
        self.position += 1;
        byte.unwrap_or(b' ')
    }

    fn value(&mut self) -> Result<Value, String> {
        match self.peek().ok_or(END)? {
            b'{' => self.object(),
            b'[' => self.array(),
            b'"' => {
                self.position += 1;
                Ok(self.string()?.into())
            }
            b't' => self.literal("true", true.into()),
            b'f' => self.literal("false", false.into()),
            b'n' => self.literal("null", Value::Nil),
            b'-' | b'0'..=b'9' => self.number(),
            byte => Err(unexpected(byte, "looking for beginning of value")),
        }
    }

    fn enter(&mut self) -> Result<(), String> {
        self.position += 1;
        self.depth += 1;
        if self.depth > DEPTH { Err("exceeded max depth".to_owned()) } else { memory::check(0) }
    }

    fn object(&mut self) -> Result<Value, String> {
        self.enter()?;
        let map = Map::new();
        if self.peek() == Some(b'}') {
            self.position += 1;
            self.depth -= 1;
            return Ok(map.into());
        }
        loop {
            match self.peek().ok_or(END)? {
                b'"' => self.position += 1,
                byte => return Err(unexpected(byte, "looking for beginning of object key string")),
            }
            let key = self.string()?;
            match self.peek().ok_or(END)? {
                b':' => self.position += 1,
                byte => return Err(unexpected(byte, "after object key")),
            }
            let value = self.value()?;
            map.set(key, value);
            match self.peek().ok_or(END)? {
                b',' => self.position += 1,
                b'}' => break,
                byte => return Err(unexpected(byte, "after object key:value pair")),
            }
        }
        self.position += 1;
        self.depth -= 1;
        Ok(map.into())
    }

    fn array(&mut self) -> Result<Value, String> {
        self.enter()?;
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.position += 1;
            self.depth -= 1;
            return Ok(Value::list(items));
        }
        loop {
            items.push(self.value()?);
            match self.peek().ok_or(END)? {
                b',' => self.position += 1,
                b']' => break,
                byte => return Err(unexpected(byte, "after array element")),
            }
        }
        self.position += 1;
        self.depth -= 1;
        Ok(Value::list(items))
    }

    fn literal(&mut self, word: &str, value: Value) -> Result<Value, String> {
        for expected in word.bytes() {
            let byte = self.next();
            if byte != expected {
                let place = format!("in literal {word} (expecting '{}')", char::from(expected));
                return Err(unexpected(byte, &place));
            }
        }
        Ok(value)
    }

    fn number(&mut self) -> Result<Value, String> {
        let begin = self.position;
        if self.input.get(self.position) == Some(&b'-') {
            self.position += 1;
        }
        match self.next() {
            b'0' => {}
            b'1'..=b'9' => self.digits(),
            byte => return Err(unexpected(byte, "in numeric literal")),
        }
        if self.input.get(self.position) == Some(&b'.') {
            self.position += 1;
            match self.next() {
                b'0'..=b'9' => self.digits(),
                byte => return Err(unexpected(byte, "after decimal point in numeric literal")),
            }
        }
        if let Some(b'e' | b'E') = self.input.get(self.position) {
            self.position += 1;
            if let Some(b'+' | b'-') = self.input.get(self.position) {
                self.position += 1;
            }
            match self.next() {
                b'0'..=b'9' => self.digits(),
                byte => return Err(unexpected(byte, "in exponent of numeric literal")),
            }
        }
        let text = String::from_utf8_lossy(&self.input[begin..self.position]);
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number.into()),
            _ => {
                let message = format!("json: cannot unmarshal number {text} into Go value of type float64");
                self.problem.get_or_insert(message);
                Ok(Value::Nil)
            }
        }
    }

    fn digits(&mut self) {
        while let Some(b'0'..=b'9') = self.input.get(self.position) {
            self.position += 1;
        }
    }

    /// The rest of a string, behind its first quote.
    fn string(&mut self) -> Result<Str, String> {
        let mut text = Vec::new();
        let mut begin = self.position;
        loop {
            if self.position >= self.input.len() {
                return Err(END.to_owned());
            }
            match self.next() {
                b'"' => {
                    text.extend_from_slice(&self.input[begin..self.position - 1]);
                    break;
                }
                b'\\' => {
                    text.extend_from_slice(&self.input[begin..self.position - 1]);
                    self.escape(&mut text)?;
                    begin = self.position;
                }
                byte @ 0..0x20 => return Err(unexpected(byte, "in string literal")),
                _ => {}
            }
        }
        Ok(match std::str::from_utf8(&text) {
            Ok(_) => text.into(),
            Err(_) => super::utf8(&text.into()).into_owned().into(),
        })
    }

    fn escape(&mut self, text: &mut Vec<u8>) -> Result<(), String> {
        text.push(match self.next() {
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            byte @ (b'"' | b'\\' | b'/') => byte,
            b'u' => {
                let character = self.unit()?;
                text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            byte => return Err(unexpected(byte, "in string escape code")),
        });
        Ok(())
    }

    /// The character of a `\u`, with the second of a pair of surrogates; one alone is U+FFFD.
    fn unit(&mut self) -> Result<char, String> {
        let first = self.hexadecimal()?;
        if (0xd800..0xdc00).contains(&first) && self.input[self.position..].starts_with(b"\\u") {
            let before = self.position;
            self.position += 2;
            let second = self.hexadecimal()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.position = before;
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hexadecimal(&mut self) -> Result<u32, String> {
        let mut code = 0;
        for _ in 0..4 {
            let byte = self.next();
            let Some(digit) = char::from(byte).to_digit(16) else {
                return Err(unexpected(byte, "in \\u hexadecimal character escape"));
            };
            code = code << 4 | digit;
        }
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_read() {
        for (json, expected) in [
            (" {\"b\" : [1, -0.5e1, true, null] , \"a\":\"x\" } ", r#"{"a":"x","b":[1,-5,true,null]}"#),
            (r#""\u00e9\ud83d\ude00\ud83dx\/\b""#, "\"é\u{1f600}\u{fffd}x/\\b\""),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
            ("[]", "[]"),
            ("12345678901234567890", "12345678901234567000"),
        ] {
            let read = parse(json.as_bytes()).and_then(|value| super::super::emit(&value)).unwrap_or_default();
            assert_eq!(String::from_utf8_lossy(&read), expected, "{json}");
        }
        assert!(matches!(parse(b"\"a\xff\xc3(\""), Ok(Value::Str(text)) if text == "a\u{fffd}\u{fffd}(".into()));
    }

    #[test]
    fn problems_are_told_in_the_words_of_go() {
        for (json, expected) in [
            ("", "unexpected end of JSON input"),
            ("{", "unexpected end of JSON input"),
            ("\"a", "unexpected end of JSON input"),
            ("tru", "invalid character ' ' in literal true (expecting 'e')"),
            ("-", "invalid character ' ' in numeric literal"),
            ("\"\\u0", "invalid character ' ' in \\u hexadecimal character escape"),
            ("x", "invalid character 'x' looking for beginning of value"),
            ("'a'", "invalid character '\\'' looking for beginning of value"),
            ("é", "invalid character 'Ã' looking for beginning of value"),
            ("{a", "invalid character 'a' looking for beginning of object key string"),
            ("{\"a\" 1", "invalid character '1' after object key"),
            ("{\"a\":1,}", "invalid character '}' looking for beginning of object key string"),
            ("{\"a\":1 \"b\"", "invalid character '\"' after object key:value pair"),
            ("[1,]", "invalid character ']' looking for beginning of value"),
            ("[1 2]", "invalid character '2' after array element"),
            ("1 2", "invalid character '2' after top-level value"),
            ("01", "invalid character '1' after top-level value"),
            ("-x", "invalid character 'x' in numeric literal"),
            ("1.x", "invalid character 'x' after decimal point in numeric literal"),
            ("1ex", "invalid character 'x' in exponent of numeric literal"),
            ("trxe", "invalid character 'x' in literal true (expecting 'u')"),
            ("\"\n\"", "invalid character '\\n' in string literal"),
            ("\"\\x\"", "invalid character 'x' in string escape code"),
            ("\"\\u00x0\"", "invalid character 'x' in \\u hexadecimal character escape"),
            ("[1e400]", "json: cannot unmarshal number 1e400 into Go value of type float64"),
        ] {
            assert_eq!(parse(json.as_bytes()).err().unwrap_or_default(), expected, "{json}");
        }
        assert_eq!(parse("[".repeat(100_000).as_bytes()).err().unwrap_or_default(), "exceeded max depth");
    }
}
