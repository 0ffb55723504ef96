//! Go's `%#v` of what YAML has read, for the messages that show it.

use crate::format::{self, quote::quote};
use crate::value::Value;

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
        Value::Float(_) => out.extend_from_slice(&format::print(value).unwrap_or_default()),
        Value::Str(text) => out.extend_from_slice(&quote(text)),
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
                out.extend_from_slice(&quote(key));
                out.push(b':');
                write(item, out);
            }
            out.push(b'}');
        }
        Value::Object(object) => out.extend_from_slice(&object.print()),
    }
}
