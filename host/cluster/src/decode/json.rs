//! Reads JSON as Go's `encoding/json` does, with its words for what is wrong.

use super::tree::Tree;

/// How deep a document may be. Go allows 10000; what walks documents here does so on the stack.
const DEPTH: usize = 512;

/// Reads a document.
pub(super) fn parse(body: &[u8]) -> Result<Tree, String> {
    let mut parser = Parser { body, at: 0 };
    let tree = parser.value(0)?;
    match parser.peek() {
        None => Ok(tree),
        Some(byte) => Err(unexpected(byte, "after top-level value")),
    }
}

struct Parser<'a> {
    body: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.body.get(self.at) {
            self.at += 1;
        }
        self.body.get(self.at).copied()
    }

    fn next(&mut self) -> Result<u8, String> {
        let byte = self.body.get(self.at).copied().ok_or_else(end)?;
        self.at += 1;
        Ok(byte)
    }

    fn value(&mut self, depth: usize) -> Result<Tree, String> {
        if depth > DEPTH {
            return Err("exceeded max depth".to_owned());
        }
        let byte = self.peek().ok_or_else(end)?;
        match byte {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => self.string().map(Tree::String),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.literal("true", Tree::Bool(true)),
            b'f' => self.literal("false", Tree::Bool(false)),
            b'n' => self.literal("null", Tree::Null),
            _ => Err(unexpected(byte, "looking for beginning of value")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Tree, String> {
        self.at += 1;
        let mut fields = Vec::new();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Tree::Object(fields));
        }
        loop {
            match self.peek().ok_or_else(end)? {
                b'"' => {}
                byte => return Err(unexpected(byte, "looking for beginning of object key string")),
            }
            let name = self.string()?;
            match self.peek().ok_or_else(end)? {
                b':' => self.at += 1,
                byte => return Err(unexpected(byte, "after object key")),
            }
            let value = self.value(depth + 1)?;
            fields.push((name, value));
            match self.peek().ok_or_else(end)? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Ok(Tree::Object(fields));
                }
                byte => return Err(unexpected(byte, "after object key:value pair")),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Tree, String> {
        self.at += 1;
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Tree::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            match self.peek().ok_or_else(end)? {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Ok(Tree::Array(items));
                }
                byte => return Err(unexpected(byte, "after array element")),
            }
        }
    }

    fn literal(&mut self, word: &str, tree: Tree) -> Result<Tree, String> {
        for expected in word.bytes() {
            let byte = self.next()?;
            if byte != expected {
                return Err(unexpected(byte, &format!("in literal {word} (expecting {})", quoted(expected))));
            }
        }
        Ok(tree)
    }

    fn number(&mut self) -> Result<Tree, String> {
        let start = self.at;
        if self.body.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        match self.next()? {
            b'0' => {}
            b'1'..=b'9' => self.digits(),
            byte => return Err(unexpected(byte, "in numeric literal")),
        }
        if self.body.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.some_digits("after decimal point in numeric literal")?;
        }
        if let Some(b'e' | b'E') = self.body.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.body.get(self.at) {
                self.at += 1;
            }
            self.some_digits("in exponent of numeric literal")?;
        }
        Ok(Tree::Number(String::from_utf8_lossy(&self.body[start..self.at]).into()))
    }

    fn digits(&mut self) {
        while self.body.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
    }

    fn some_digits(&mut self, place: &str) -> Result<(), String> {
        let byte = self.next()?;
        if !byte.is_ascii_digit() {
            return Err(unexpected(byte, place));
        }
        self.digits();
        Ok(())
    }

    /// A string; what is no UTF-8 and lone surrogates become U+FFFD.
    fn string(&mut self) -> Result<String, String> {
        self.at += 1;
        let mut text = Vec::new();
        loop {
            match self.next()? {
                b'"' => return Ok(String::from_utf8_lossy(&text).into_owned()),
                b'\\' => self.escape(&mut text)?,
                byte if byte < 0x20 => return Err(unexpected(byte, "in string literal")),
                byte => text.push(byte),
            }
        }
    }

    fn escape(&mut self, text: &mut Vec<u8>) -> Result<(), String> {
        let byte = match self.next()? {
            byte @ (b'"' | b'\\' | b'/') => byte,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => return self.unicode(text),
            byte => return Err(unexpected(byte, "in string escape code")),
        };
        text.push(byte);
        Ok(())
    }

    fn unicode(&mut self, text: &mut Vec<u8>) -> Result<(), String> {
        let first = self.hexadecimal()?;
        let mut units = vec![first];
        if (0xd800..0xdc00).contains(&first) && self.body[self.at..].starts_with(b"\\u") {
            let before = self.at;
            self.at += 2;
            match self.hexadecimal()? {
                second @ 0xdc00..0xe000 => units.push(second),
                _ => self.at = before,
            }
        }
        let mut buffer = [0; 4];
        for char in char::decode_utf16(units).map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER)) {
            text.extend_from_slice(char.encode_utf8(&mut buffer).as_bytes());
        }
        Ok(())
    }

    fn hexadecimal(&mut self) -> Result<u16, String> {
        let mut unit = 0;
        for _ in 0..4 {
            let byte = self.next()?;
            match char::from(byte).to_digit(16) {
                Some(digit) => unit = unit << 4 | digit as u16,
                None => return Err(unexpected(byte, "in \\u hexadecimal character escape")),
            }
        }
        Ok(unit)
    }
}

fn end() -> String {
    "unexpected end of JSON input".to_owned()
}

fn unexpected(byte: u8, place: &str) -> String {
    format!("invalid character {} {place}", quoted(byte))
}

/// A byte as Go's `json` quotes it.
fn quoted(byte: u8) -> String {
    match byte {
        b'\'' => r"'\''".to_owned(),
        b'"' => "'\"'".to_owned(),
        b'\\' => r"'\\'".to_owned(),
        7 => r"'\a'".to_owned(),
        8 => r"'\b'".to_owned(),
        b'\t' => r"'\t'".to_owned(),
        b'\n' => r"'\n'".to_owned(),
        11 => r"'\v'".to_owned(),
        12 => r"'\f'".to_owned(),
        b'\r' => r"'\r'".to_owned(),
        0..32 | 127 => format!("'\\x{byte:02x}'"),
        0x80..0xa0 | 0xad => format!("'\\u{byte:04x}'"),
        byte => format!("'{}'", char::from(byte)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::parse;

    #[test]
    fn documents_are_read() {
        let cases = [
            (" {} ", json!({})),
            ("[1, -2.5, 1e3, 1.0, true, false, null]", json!([1, -2.5, 1000, 1, true, false, null])),
            (r#"{"a":"b\n\u0041\ud83d\ude00\/","a":2,"b":[]}"#, json!({"a": 2, "b": []})),
            (r#""\ud800x""#, json!("\u{fffd}x")),
        ];
        for (given, expected) in cases {
            assert_eq!(parse(given.as_bytes()).unwrap().into_value(), expected, "{given}");
        }
        assert_eq!(parse(b"\"\xff\"").unwrap().into_value(), json!("\u{fffd}"));
    }

    #[test]
    fn what_is_wrong_is_said_as_go_says_it() {
        let cases = [
            ("", "unexpected end of JSON input"),
            ("{", "unexpected end of JSON input"),
            ("{\"a\"", "unexpected end of JSON input"),
            ("{a: 1}", "invalid character 'a' looking for beginning of object key string"),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            ("{\"a\":1 \"b\":2}", "invalid character '\"' after object key:value pair"),
            ("{\"a\":1,}", "invalid character '}' looking for beginning of object key string"),
            ("[1,]", "invalid character ']' looking for beginning of value"),
            ("[1 2]", "invalid character '2' after array element"),
            ("{} x", "invalid character 'x' after top-level value"),
            ("'a'", "invalid character '\\'' looking for beginning of value"),
            ("tru ", "invalid character ' ' in literal true (expecting 'e')"),
            ("01", "invalid character '1' after top-level value"),
            ("1.x", "invalid character 'x' after decimal point in numeric literal"),
            ("1e+", "unexpected end of JSON input"),
            ("-x", "invalid character 'x' in numeric literal"),
            ("\"\n\"", "invalid character '\\n' in string literal"),
            ("\"\\x\"", "invalid character 'x' in string escape code"),
            ("\"\\u00g0\"", "invalid character 'g' in \\u hexadecimal character escape"),
        ];
        for (given, expected) in cases {
            assert_eq!(parse(given.as_bytes()).unwrap_err(), expected, "{given}");
        }
        assert_eq!(parse("[".repeat(100_000).as_bytes()).unwrap_err(), "exceeded max depth");
    }

    #[test]
    fn fields_that_come_twice_are_found() {
        let tree = parse(br#"{"data":{"a":1,"a":2,"a":3},"l":[{"x":1,"x":1}]}"#).unwrap();
        assert_eq!(tree.duplicates(), [r#"duplicate field "data.a""#, r#"duplicate field "l[0].x""#]);
    }
}
