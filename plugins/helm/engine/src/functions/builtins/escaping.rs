//! `html`, `js` and `urlquery`: the arguments printed as one text, which is then escaped.

use std::any::Any;
use std::rc::Rc;

use crate::context::Context;
use crate::format::{self, is_printable, runes};
use crate::function::{Answer, Failure};
use crate::value::{Member, Object, Str, Type, Value};

use super::made;

/// What a pointer points to, for the printing of several arguments, which puts spaces only between what is no text.
#[derive(Debug)]
struct Pointee(Rc<dyn Object>);

impl Object for Pointee {
    fn go_type(&self) -> Type {
        self.0.go_type()
    }

    fn member(&self, _: &str) -> Option<Member> {
        None
    }

    fn print(&self) -> Str {
        self.0.show()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The arguments as one text, each as a template prints it: what is nothing is `<no value>`, and of a pointer it is
/// what it points to.
fn text(arguments: &[Value]) -> Result<Str, Failure> {
    if let [Value::Str(text)] = arguments {
        return Ok(text.clone());
    }
    let shown = |value: &Value| match value {
        Value::Nil => Value::from("<no value>"),
        Value::Object(object) if object.go_type().kind() == "ptr" => Value::Object(Rc::new(Pointee(Rc::clone(object)))),
        other => other.clone(),
    };
    let arguments: Vec<Value> = arguments.iter().map(shown).collect();
    Ok(format::sprint(&arguments)?.into())
}

pub(super) fn html(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let text = text(arguments)?;
    let mut out = Vec::with_capacity(text.len());
    for &byte in text.iter() {
        match byte {
            0 => out.extend_from_slice("\u{fffd}".as_bytes()),
            b'"' => out.extend_from_slice(b"&#34;"),
            b'\'' => out.extend_from_slice(b"&#39;"),
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            _ => out.push(byte),
        }
    }
    made(context, out)
}

pub(super) fn js(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let text = text(arguments)?;
    let mut out = Vec::with_capacity(text.len());
    for (offset, character) in runes::indices(&text) {
        match character {
            Some(plain @ ('\\' | '\'' | '"')) => out.extend_from_slice(&[b'\\', plain as u8]),
            Some(special @ ('<' | '>' | '&' | '=' | '\0'..='\u{1f}')) => {
                out.extend_from_slice(format!("\\u{:04X}", u32::from(special)).as_bytes());
            }
            Some(ascii @ ..='\u{7f}') => out.push(ascii as u8),
            Some(character) if !is_printable(character) => {
                out.extend_from_slice(format!("\\u{:04X}", u32::from(character)).as_bytes());
            }
            Some(character) => runes::append(&mut out, character.into()),
            // No character: Go takes it for U+FFFD, which is printable, and copies the byte.
            None => out.extend(text.get(offset)),
        }
    }
    made(context, out)
}

pub(super) fn urlquery(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let text = text(arguments)?;
    let mut out = Vec::with_capacity(text.len());
    for &byte in text.iter() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(byte),
            b' ' => out.push(b'+'),
            _ => out.extend_from_slice(format!("%{byte:02X}").as_bytes()),
        }
    }
    made(context, out)
}
