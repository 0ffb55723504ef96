//! Prints one value under one verb, with flags, width and precision.

use std::io::Write as _;

use super::integer::Base;
use super::{MAX_BYTES, MAX_DEPTH, TooLarge, runes};
use crate::value::{Bytes, IntKind, List, Map, Object, Structure, Type, Value};

/// The flags of a directive.
#[derive(Clone, Copy, Default)]
pub(super) struct Flags {
    pub(super) minus: bool,
    pub(super) plus: bool,
    pub(super) sharp: bool,
    pub(super) space: bool,
    pub(super) zero: bool,
    /// `%#v`: Go's syntax.
    pub(super) syntax: bool,
    /// `%+v`: the names of fields.
    pub(super) names: bool,
}

/// Go's `pp`: where the text goes, and the directive at hand.
pub(super) struct Printer<'a> {
    out: &'a mut Vec<u8>,
    /// How long `out` may become.
    limit: usize,
    pub(super) flags: Flags,
    pub(super) width: Option<usize>,
    pub(super) precision: Option<usize>,
    /// Whether this is what a wrong verb is told of: then Go asks no method for the text.
    complaining: bool,
}

impl<'a> Printer<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        let limit = out.len().saturating_add(MAX_BYTES);
        Self { out, limit, flags: Flags::default(), width: None, precision: None, complaining: false }
    }

    /// Begins another directive.
    pub(super) fn clear(&mut self) {
        self.flags = Flags::default();
        self.width = None;
        self.precision = None;
    }

    pub(super) fn write(&mut self, text: &[u8]) {
        self.out.extend_from_slice(text);
    }

    pub(super) fn write_char(&mut self, character: char) {
        runes::append(self.out, character.into());
    }

    /// The byte that fills up to a width. Zeros go to the left only.
    pub(super) fn padding(&mut self, count: usize) {
        let byte = if self.flags.zero && !self.flags.minus { b'0' } else { b' ' };
        self.out.resize(self.out.len() + count, byte);
    }

    pub(super) fn spaces(&mut self, count: usize) {
        self.out.resize(self.out.len() + count, b' ');
    }

    /// A text, filled up to the width.
    pub(super) fn pad(&mut self, text: &[u8]) {
        let Some(width) = self.width.filter(|&width| width > 0) else {
            self.write(text);
            return;
        };
        let missing = width.saturating_sub(runes::count(text));
        if !self.flags.minus {
            self.padding(missing);
        }
        self.write(text);
        if self.flags.minus {
            self.padding(missing);
        }
    }

    /// As [`Printer::pad`], where zeros would stand before a sign or are there already.
    pub(super) fn pad_with_spaces(&mut self, text: &[u8]) {
        let zero = std::mem::take(&mut self.flags.zero);
        self.pad(text);
        self.flags.zero = zero;
    }

    /// Prints an argument: what only arguments have (`%T`, `%p`, a nil that a verb can refuse), then its value.
    pub(super) fn argument(&mut self, value: &Value, verb: char) -> Result<(), TooLarge> {
        match (value, verb) {
            (Value::Nil, 'T' | 'v') => self.pad(b"<nil>"),
            (Value::Nil, _) => self.bad_verb(value, verb, 0)?,
            (_, 'T') => self.plain(type_name(value).as_bytes()),
            (Value::List(_) | Value::Map(_) | Value::Object(_), 'p') => self.address(verb),
            // What may have methods is asked for an error as a whole; the rest refuses the verb by itself.
            (Value::List(_) | Value::Map(_) | Value::Object(_), 'w') if value.bytes().is_none() => {
                self.bad_verb(value, verb, 0)?;
            }
            _ => self.value(value, verb, 0)?,
        }
        self.check()
    }

    /// Prints a value, which may be inside others.
    fn value(&mut self, value: &Value, verb: char, depth: usize) -> Result<(), TooLarge> {
        match value {
            Value::Nil => {
                self.write(if self.flags.syntax { b"interface {}(nil)" } else { b"<nil>" });
                Ok(())
            }
            Value::Bool(truth) => match verb {
                't' | 'v' => {
                    self.pad(if *truth { b"true" } else { b"false" });
                    Ok(())
                }
                _ => self.bad_verb(value, verb, depth),
            },
            Value::Int(number, kind) => {
                let signed = !matches!(kind, IntKind::Uint8 | IntKind::Uint16 | IntKind::Uint32);
                self.integer(value, number.cast_unsigned(), signed, verb, depth)
            }
            Value::Uint(number) => self.integer(value, *number, false, verb, depth),
            Value::Float(number) => {
                match verb {
                    'v' => self.float(*number, b'g', None),
                    'b' | 'g' | 'G' | 'x' | 'X' => self.float(*number, verb as u8, None),
                    'e' | 'E' | 'f' => self.float(*number, verb as u8, Some(6)),
                    'F' => self.float(*number, b'f', Some(6)),
                    _ => return self.bad_verb(value, verb, depth),
                }
                Ok(())
            }
            Value::Str(text) => self.string(value, text, verb, depth),
            Value::Object(object) => self.object(value, &**object, verb, depth),
            Value::List(list) => {
                let name = if self.flags.syntax { type_name(value) } else { String::new() };
                self.list(list, &name, verb, depth)
            }
            Value::Map(map) => self.map(map, verb, depth),
        }
    }

    fn integer(&mut self, value: &Value, number: u64, signed: bool, verb: char, depth: usize) -> Result<(), TooLarge> {
        let negative = signed && number.cast_signed() < 0;
        let magnitude = if negative { number.wrapping_neg() } else { number };
        match verb {
            'v' if self.flags.syntax && !signed => {
                let sharp = std::mem::replace(&mut self.flags.sharp, true);
                self.number(magnitude, false, Base::Sixteen { upper: false }, verb);
                self.flags.sharp = sharp;
            }
            'v' | 'd' if self.is_plain() => {
                let sign = if negative { "-" } else { "" };
                // Writing to a vector cannot fail.
                let _ = write!(self.out, "{sign}{magnitude}");
            }
            'v' | 'd' => self.number(magnitude, negative, Base::Ten, verb),
            'b' => self.number(magnitude, negative, Base::Two, verb),
            'o' | 'O' => self.number(magnitude, negative, Base::Eight, verb),
            'x' => self.number(magnitude, negative, Base::Sixteen { upper: false }, verb),
            'X' => self.number(magnitude, negative, Base::Sixteen { upper: true }, verb),
            'c' => self.character(number),
            'q' => self.quoted_character(number),
            'U' => self.code_point(number),
            _ => return self.bad_verb(value, verb, depth),
        }
        Ok(())
    }

    /// Whether the directive asks for nothing but its verb.
    fn is_plain(&self) -> bool {
        let Flags { plus, space, .. } = self.flags;
        self.width.is_none() && self.precision.is_none() && !plus && !space
    }

    fn string(&mut self, value: &Value, text: &[u8], verb: char, depth: usize) -> Result<(), TooLarge> {
        match verb {
            'v' if self.flags.syntax => self.quoted(text),
            'v' | 's' => self.plain(text),
            'x' => self.hexadecimal(text, false),
            'X' => self.hexadecimal(text, true),
            'q' => self.quoted(text),
            _ => return self.bad_verb(value, verb, depth),
        }
        Ok(())
    }

    fn object(&mut self, value: &Value, object: &dyn Object, verb: char, depth: usize) -> Result<(), TooLarge> {
        if let Some(bytes) = value.bytes() {
            match verb {
                's' | 'q' | 'x' | 'X' => return self.string(value, bytes.as_str(), verb, depth),
                'v' if self.flags.syntax && depth == 0 => {
                    self.byte_syntax(bytes);
                    return Ok(());
                }
                _ => {}
            }
        }
        let is_text = matches!(verb, 'v' | 's' | 'q' | 'x' | 'X') && !self.flags.syntax && !self.complaining;
        if let Some(structure) = object.structure().filter(|structure| !(is_text && structure.has_text)) {
            return self.structure(&type_name(value), &structure, verb, depth);
        }
        match object.underlying().or_else(|| object.data()) {
            Some(Value::List(list)) => self.list(&list, &type_name(value), verb, depth),
            Some(Value::Map(map)) => self.map(&map, verb, depth),
            // A number with names, such as a month: the names are for texts.
            Some(number @ (Value::Int(..) | Value::Uint(_))) if !is_text => self.value(&number, verb, depth),
            _ => self.string(value, &object.print(), verb, depth),
        }
    }

    /// A struct by its fields, which a pointer's are only where nothing is around it.
    fn structure(&mut self, name: &str, structure: &Structure, verb: char, depth: usize) -> Result<(), TooLarge> {
        self.enter(depth)?;
        let name = match name.strip_prefix('*') {
            Some(_) if depth > 0 => {
                self.address(verb);
                return Ok(());
            }
            Some(name) => {
                self.write(b"&");
                name
            }
            None => name,
        };
        if self.flags.syntax {
            self.write(name.as_bytes());
        }
        self.write(b"{");
        for (position, (name, field)) in structure.fields.iter().enumerate() {
            self.separate(position);
            if self.flags.syntax || self.flags.names {
                self.write(name.as_bytes());
                self.write(b":");
            }
            self.value(field, verb, depth + 1)?;
        }
        self.write(b"}");
        Ok(())
    }

    /// Where a value is, which differs from run to run in Go too.
    fn address(&mut self, verb: char) {
        self.flags.sharp = !self.flags.sharp;
        self.number(0xc0_0000_0000, false, Base::Sixteen { upper: false }, verb);
        self.flags.sharp = !self.flags.sharp;
    }

    fn list(&mut self, list: &List, name: &str, verb: char, depth: usize) -> Result<(), TooLarge> {
        self.enter(depth)?;
        if self.flags.syntax {
            self.write(name.as_bytes());
            if list.is_nil() {
                self.write(b"(nil)");
                return Ok(());
            }
            self.write(b"{");
        } else {
            self.write(b"[");
        }
        for (position, item) in list.borrow().iter().enumerate() {
            self.separate(position);
            self.value(item, verb, depth + 1)?;
            self.check()?;
        }
        self.write(if self.flags.syntax { b"}" } else { b"]" });
        Ok(())
    }

    /// `%#v` of bytes that are an argument: Go then says `byte` for `uint8`.
    fn byte_syntax(&mut self, bytes: &Bytes) {
        self.write(if bytes.is_nil() { b"[]byte(nil)" } else { b"[]byte{" });
        if bytes.is_nil() {
            return;
        }
        let sharp = std::mem::replace(&mut self.flags.sharp, true);
        for (position, &byte) in bytes.as_str().iter().enumerate() {
            self.separate(position);
            self.number(byte.into(), false, Base::Sixteen { upper: false }, 'v');
        }
        self.flags.sharp = sharp;
        self.write(b"}");
    }

    fn map(&mut self, map: &Map, verb: char, depth: usize) -> Result<(), TooLarge> {
        self.enter(depth)?;
        if self.flags.syntax {
            self.write(map.go_type().to_string().as_bytes());
            if map.is_nil() {
                self.write(b"(nil)");
                return Ok(());
            }
            self.write(b"{");
        } else {
            self.write(b"map[");
        }
        for (position, (key, item)) in map.borrow().iter().enumerate() {
            self.separate(position);
            self.string(&Value::Str(key.clone()), key, verb, depth + 1)?;
            self.write(b":");
            self.value(item, verb, depth + 1)?;
            self.check()?;
        }
        self.write(if self.flags.syntax { b"}" } else { b"]" });
        Ok(())
    }

    fn separate(&mut self, position: usize) {
        if position > 0 {
            self.write(if self.flags.syntax { b", " } else { b" " });
        }
    }

    /// `%!d(string=a)`: the verb does not go with the value.
    fn bad_verb(&mut self, value: &Value, verb: char, depth: usize) -> Result<(), TooLarge> {
        self.write(b"%!");
        self.write_char(verb);
        self.write(b"(");
        if matches!(value, Value::Nil) {
            self.write(b"<nil>");
        } else {
            self.write(type_name(value).as_bytes());
            self.write(b"=");
            let before = std::mem::replace(&mut self.complaining, true);
            let printed = self.value(value, 'v', depth);
            self.complaining = before;
            printed?;
        }
        self.write(b")");
        Ok(())
    }

    fn enter(&self, depth: usize) -> Result<(), TooLarge> {
        if depth >= MAX_DEPTH { Err(TooLarge) } else { Ok(()) }
    }

    fn check(&self) -> Result<(), TooLarge> {
        if self.out.len() > self.limit { Err(TooLarge) } else { Ok(()) }
    }
}

/// The name of a value's type; for nil, what `%T` says.
pub(super) fn type_name(value: &Value) -> String {
    value.go_type().as_ref().map_or_else(|| "<nil>".to_owned(), Type::to_string)
}
