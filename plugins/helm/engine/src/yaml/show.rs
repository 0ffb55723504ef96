//! Go's `%#v` of what YAML has read, for the messages that show it.

use crate::value::Value;

use super::number::yaml_float;

/// The value in Go's syntax, as an element of `interface {}`.
pub(super) fn go_syntax(value: &Value) -> String {
    let mut text = Vec::new();
    write(value, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Nil => out.extend_from_slice(b"interface {}(nil)"),
        Value::Bool(value) => out.extend_from_slice(value.to_string().as_bytes()),
        Value::Int(value, _) => out.extend_from_slice(value.to_string().as_bytes()),
        Value::Uint(value) => out.extend_from_slice(format!("{value:#x}").as_bytes()),
        Value::Float(value) => yaml_float(*value, out),
        Value::Str(text) => quote(&String::from_utf8_lossy(text), out),
        Value::List(items) => {
            out.extend_from_slice(b"[]interface {}{");
            for (index, item) in items.borrow().iter().enumerate() {
                out.extend_from_slice(if index > 0 { b", " } else { b"" });
                write(item, out);
            }
            out.push(b'}');
        }
        Value::Map(map) => {
            out.extend_from_slice(b"map[interface {}]interface {}{");
            for (index, (key, item)) in map.borrow().iter().enumerate() {
                out.extend_from_slice(if index > 0 { b", " } else { b"" });
                quote(&String::from_utf8_lossy(key), out);
                out.push(b':');
                write(item, out);
            }
            out.push(b'}');
        }
        Value::Object(object) => out.extend_from_slice(&object.print()),
    }
}

/// A string literal of Go.
fn quote(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for character in text.chars() {
        match character {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            '\0'..' ' | '\u{7f}' => out.extend_from_slice(format!("\\x{:02x}", u32::from(character)).as_bytes()),
            _ => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}
