//! Go's byte slices: what files of a chart are.

use std::any::Any;
use std::rc::Rc;

use super::{IntKind, List, Member, Object, Str, Type, Value};

/// A `[]uint8`. `%v` prints its numbers, `%s` and `toString` its text, JSON and YAML its base64: who formats
/// asks by [`Value::bytes`]; who ranges over it or indexes it takes [`Object::underlying`].
#[derive(Clone, Debug)]
pub struct Bytes {
    bytes: Str,
    nil: bool,
}

impl Bytes {
    /// The slice over `bytes`.
    pub fn new(bytes: Str) -> Self {
        Self { bytes, nil: false }
    }

    /// The nil slice: `null` in JSON.
    pub fn nil() -> Self {
        Self { bytes: "".into(), nil: true }
    }

    /// The bytes as a string, which costs nothing.
    pub fn as_str(&self) -> &Str {
        &self.bytes
    }

    /// Whether this is Go's nil slice.
    pub fn is_nil(&self) -> bool {
        self.nil
    }
}

impl Object for Bytes {
    fn go_type(&self) -> Type {
        Type::List(Box::new(Type::Int(IntKind::Uint8)))
    }

    fn member(&self, _: &str) -> Option<Member> {
        None
    }

    fn print(&self) -> Str {
        let mut text = vec![b'['];
        for (index, byte) in self.bytes.iter().enumerate() {
            if index > 0 {
                text.push(b' ');
            }
            text.extend_from_slice(byte.to_string().as_bytes());
        }
        text.push(b']');
        text.into()
    }

    fn underlying(&self) -> Option<Value> {
        if self.nil {
            return Some(List::nil(Type::Int(IntKind::Uint8)).into());
        }
        let numbers = self.bytes.iter().map(|byte| Value::Int(i64::from(*byte), IntKind::Uint8)).collect();
        Some(List::new(Type::Int(IntKind::Uint8), numbers).into())
    }

    fn truth(&self) -> bool {
        !self.bytes.is_empty()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl From<Bytes> for Value {
    fn from(bytes: Bytes) -> Self {
        Self::Object(Rc::new(bytes))
    }
}
