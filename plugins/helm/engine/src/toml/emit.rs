//! The writer: plain values first, then tables, indented by their depth.

use crate::json::{MAX_BYTES, TOO_LARGE};
use crate::value::{Object, Str, Value};
use crate::yaml::yaml_float;

use super::{DEPTH, is_bare};

/// Why a value has no TOML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The encoder's error, which `toToml` answers with as its text.
    Told(String),
    /// What the encoder panics at, which the template fails with.
    Raised(String),
}

type Result = std::result::Result<(), Error>;

/// What the encoder writes of a value. What is no table is written as a value stands behind a key.
///
/// # Errors
/// Nil, arrays that hold nil, and what nests without end.
pub fn emit(value: &Value) -> std::result::Result<Vec<u8>, Error> {
    if matches!(value, Value::Nil) {
        return Err(Error::Raised("reflect: call of reflect.Value.Type on zero Value".to_owned()));
    }
    let mut writer = Writer { out: Vec::new(), keys: Vec::new(), depth: 0 };
    match kind(value)? {
        Kind::Table => writer.table(value, false)?,
        Kind::Tables => return Err(Error::Told("toml: top-level values must be Go maps or structs".to_owned())),
        _ => writer.element(value)?,
    }
    Ok(writer.out)
}

/// What a value is to TOML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Go's nil: left out of tables.
    Nil,
    Primitive,
    Table,
    /// An array of nothing but tables.
    Tables,
}

fn kind(value: &Value) -> std::result::Result<Kind, Error> {
    let Value::List(list) = value else {
        return Ok(element_kind(value));
    };
    if list.is_nil() {
        return Ok(Kind::Nil);
    }
    let items = list.borrow();
    let mut tables = !items.is_empty();
    for item in items.iter() {
        match element_kind(item) {
            Kind::Nil => return Err(Error::Told("toml: cannot encode array with nil element".to_owned())),
            Kind::Table => {}
            _ => tables = false,
        }
    }
    Ok(if tables { Kind::Tables } else { Kind::Primitive })
}

/// [`kind`], but that arrays are not looked into.
fn element_kind(value: &Value) -> Kind {
    match value {
        Value::Nil => Kind::Nil,
        Value::List(list) if list.is_nil() => Kind::Nil,
        Value::Map(map) if map.is_nil() => Kind::Nil,
        Value::Map(_) => Kind::Table,
        Value::Object(object) if object.fields().is_some() => Kind::Table,
        Value::Object(object) if matches!(under(&**object), Some(Value::Map(_))) => Kind::Table,
        _ => Kind::Primitive,
    }
}

/// The data beneath an object that is no struct.
fn under(object: &dyn Object) -> Option<Value> {
    object.underlying().or_else(|| object.data())
}

/// The entries of a table, whatever it is.
fn entries(value: &Value) -> Vec<(Str, Value)> {
    match value {
        Value::Map(map) => map.to_vec(),
        Value::Object(object) => match (object.named_fields(), under(&**object)) {
            (Some(fields), _) => fields.into_iter().map(|(name, value)| (Str::from(name), value)).collect(),
            (None, Some(Value::Map(map))) => map.to_vec(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

struct Writer {
    out: Vec<u8>,
    keys: Vec<Str>,
    depth: usize,
}

impl Writer {
    fn line(&mut self) {
        if !self.out.is_empty() {
            self.out.push(b'\n');
        }
    }

    fn bound(&self) -> Result {
        if self.out.len() > MAX_BYTES { Err(Error::Raised(TOO_LARGE.to_owned())) } else { Ok(()) }
    }

    fn enter(&mut self) -> Result {
        self.bound()?;
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(Error::Raised(format!("exceeded max depth of {DEPTH}")));
        }
        Ok(())
    }

    fn indent(&mut self) {
        for _ in 1..self.keys.len() {
            self.out.extend_from_slice(b"  ");
        }
    }

    /// An entry of a table that stands on lines of its own.
    fn entry(&mut self, key: &Str, value: &Value, kind: Kind) -> Result {
        self.keys.push(key.clone());
        match kind {
            Kind::Nil => {}
            Kind::Primitive => {
                self.indent();
                quote_key(key, &mut self.out);
                self.out.extend_from_slice(b" = ");
                self.element(value)?;
                self.line();
            }
            Kind::Table => {
                // Only tables at the top stand apart.
                if self.keys.len() == 1 {
                    self.line();
                }
                self.header(b"[", b"]");
                self.table(value, false)?;
            }
            Kind::Tables => {
                if let Value::List(list) = value {
                    for item in list.to_vec() {
                        self.line();
                        self.header(b"[[", b"]]");
                        self.table(&item, false)?;
                    }
                }
            }
        }
        self.keys.pop();
        Ok(())
    }

    fn header(&mut self, open: &[u8], close: &[u8]) {
        self.indent();
        self.out.extend_from_slice(open);
        for (index, key) in self.keys.iter().enumerate() {
            if index > 0 {
                self.out.push(b'.');
            }
            quote_key(key, &mut self.out);
        }
        self.out.extend_from_slice(close);
        self.line();
    }

    /// The entries of a table: what is no table comes first.
    fn table(&mut self, value: &Value, inline: bool) -> Result {
        self.enter()?;
        let mut direct = Vec::new();
        let mut below = Vec::new();
        for (key, value) in entries(value) {
            match kind(&value)? {
                kind @ (Kind::Table | Kind::Tables) => below.push((key, value, kind)),
                kind => direct.push((key, value, kind)),
            }
        }
        if inline {
            self.inline(&direct, &below)?;
        } else {
            for (key, value, kind) in direct.iter().chain(&below) {
                self.entry(key, value, *kind)?;
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// A table within braces. A comma follows each entry but the last of its sort, nil or not.
    fn inline(&mut self, direct: &[(Str, Value, Kind)], below: &[(Str, Value, Kind)]) -> Result {
        self.out.push(b'{');
        for (entries, more) in [(direct, !below.is_empty()), (below, false)] {
            for (index, (key, value, kind)) in entries.iter().enumerate() {
                if *kind == Kind::Nil {
                    continue;
                }
                quote_key(key, &mut self.out);
                self.out.extend_from_slice(b" = ");
                self.element(value)?;
                if more || index + 1 < entries.len() {
                    self.out.extend_from_slice(b", ");
                }
            }
        }
        self.out.push(b'}');
        Ok(())
    }

    /// A value behind `=` or in an array.
    fn element(&mut self, value: &Value) -> Result {
        self.bound()?;
        match value {
            Value::Nil => return Err(Error::Raised("reflect: call of reflect.Value.Type on zero Value".to_owned())),
            Value::Bool(value) => self.out.extend_from_slice(value.to_string().as_bytes()),
            Value::Int(value, _) => self.out.extend_from_slice(value.to_string().as_bytes()),
            Value::Uint(value) => self.out.extend_from_slice(value.to_string().as_bytes()),
            Value::Float(value) => self.float(*value),
            Value::Str(text) => quote(text, &mut self.out),
            Value::List(list) => {
                self.enter()?;
                // Nils are looked for however deep an array stands.
                kind(value)?;
                self.out.push(b'[');
                for (index, item) in list.to_vec().iter().enumerate() {
                    if index > 0 {
                        self.out.extend_from_slice(b", ");
                    }
                    self.element(item)?;
                }
                self.out.push(b']');
                self.depth -= 1;
            }
            Value::Map(_) => self.table(value, true)?,
            Value::Object(object) => {
                if element_kind(value) == Kind::Table {
                    self.table(value, true)?;
                } else if let Some(data) = under(&**object) {
                    self.enter()?;
                    match data {
                        Value::Str(text) if object.go_type().to_string() == "time.Time" => {
                            self.time(&text, &object.print());
                        }
                        data => self.element(&data)?,
                    }
                    self.depth -= 1;
                } else {
                    quote(&object.print(), &mut self.out);
                }
            }
        }
        Ok(())
    }

    /// A time, of which what TOML did not say is left out: `printed` ends with the zone that stands for it.
    fn time(&mut self, text: &Str, printed: &Str) {
        let local = text.strip_suffix(b"Z").unwrap_or(text);
        self.out.extend_from_slice(if printed.ends_with(b" datetime-local") {
            local
        } else if printed.ends_with(b" date-local") {
            local.get(..10).unwrap_or(local)
        } else if printed.ends_with(b" time-local") {
            local.get(11..).unwrap_or(local)
        } else {
            text
        });
    }

    fn float(&mut self, value: f64) {
        if value.is_finite() {
            let from = self.out.len();
            yaml_float(value, &mut self.out);
            if !self.out[from..].iter().any(|byte| matches!(byte, b'.' | b'e')) {
                self.out.extend_from_slice(b".0");
            }
        } else {
            if value.is_sign_negative() {
                self.out.push(b'-');
            }
            self.out.extend_from_slice(if value.is_nan() { b"nan" } else { b"inf" });
        }
    }
}

fn quote_key(key: &Str, out: &mut Vec<u8>) {
    if !key.is_empty() && key.iter().all(|byte| is_bare(*byte)) {
        out.extend_from_slice(key);
    } else {
        quote(key, out);
    }
}

fn quote(text: &Str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.iter() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            8 => out.extend_from_slice(b"\\b"),
            12 => out.extend_from_slice(b"\\f"),
            0..0x20 | 0x7f => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(*byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Map;

    fn toml(json: &str) -> String {
        let value = crate::json::parse(json.as_bytes()).unwrap_or_default();
        match emit(&value) {
            Ok(text) => String::from_utf8_lossy(&text).into_owned(),
            Err(Error::Told(error)) => error,
            Err(Error::Raised(error)) => format!("raised: {error}"),
        }
    }

    #[test]
    fn tables_are_written_as_helm_writes_them() {
        for (json, expected) in [
            ("{}", ""),
            ("null", "raised: reflect: call of reflect.Value.Type on zero Value"),
            ("\"x\"", "\"x\""),
            ("[1]", "[1.0]"),
            ("[{}]", "toml: top-level values must be Go maps or structs"),
            (r#"[[{"a":1}]]"#, "[[{a = 1.0}]]"),
            (r#"{"a":[null]}"#, "toml: cannot encode array with nil element"),
            (r#"{"a":[1,[[null]]]}"#, "toml: cannot encode array with nil element"),
            (
                r#"{"h":1.5,"a":null,"b":{"c":1,"d":"x\ny","e":["1",true]},"f":[{"g":1}]}"#,
                "h = 1.5\n\n[b]\n  c = 1.0\n  d = \"x\\ny\"\n  e = [\"1\", true]\n\n[[f]]\n  g = 1.0\n",
            ),
            (
                r#"{"z":"1","m":[{"a":"1","b":{"c":"1"}},{}],"a":[{"q":[{"r":"1"}]}],"e":{"x":{"y":{"z":"1"}}}}"#,
                concat!(
                    "z = \"1\"\n\n[[a]]\n\n  [[a.q]]\n    r = \"1\"\n\n[e]\n  [e.x]\n    [e.x.y]\n      z = \"1\"\n",
                    "\n[[m]]\n  a = \"1\"\n  [m.b]\n    c = \"1\"\n\n[[m]]\n",
                ),
            ),
            (
                r#"{"a":[{"b":1},2],"c":[[{"d":{"e":1},"f":"g","n":null}]],"d":[],"e":[[]]}"#,
                "a = [{b = 1.0}, 2.0]\nc = [[{f = \"g\", d = {e = 1.0}}]]\nd = []\ne = [[]]\n",
            ),
            (
                r#"{"a b":true,"":true,"é":true,"a.b":{"c d":true},"-":true,"q\"":true}"#,
                "\"\" = true\n- = true\n\"a b\" = true\n\"q\\\"\" = true\n\"é\" = true\n\n[\"a.b\"]\n  \"c d\" = true\n",
            ),
            (
                r#"["\u0000\b\t\n\u000b\f\r\"\\\u007f\u001f é<"]"#,
                "[\"\\u0000\\b\\t\\n\\u000b\\f\\r\\\"\\\\\\u007f\\u001f é<\"]",
            ),
            ("[1e100,1e-7,-0.0,100000,1234567.5]", "[1e+100, 1e-07, -0.0, 100000.0, 1.2345675e+06]"),
        ] {
            assert_eq!(toml(json), expected, "{json}");
        }
    }

    #[test]
    fn a_table_within_itself_is_refused() {
        let map = Map::new();
        map.set("a", map.clone().into());
        assert!(matches!(emit(&map.clone().into()), Err(Error::Raised(_))));
        map.remove(b"a");
    }
}
