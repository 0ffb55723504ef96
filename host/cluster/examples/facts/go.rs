//! The types of a Go program, read off the data that it carries for reflection (x86-64 ELF, Go 1.24 and later).

use std::collections::HashMap;

/// What kind of type it is: Go's `reflect.Kind`.
pub(crate) mod kind {
    pub(crate) const BOOL: u8 = 1;
    pub(crate) const INT32: u8 = 5;
    pub(crate) const INT64: u8 = 6;
    pub(crate) const INTERFACE: u8 = 20;
    pub(crate) const MAP: u8 = 21;
    pub(crate) const POINTER: u8 = 22;
    pub(crate) const SLICE: u8 = 23;
    pub(crate) const STRING: u8 = 24;
    pub(crate) const STRUCT: u8 = 25;
}

/// Flags of a type.
const UNCOMMON: u8 = 1;
const EXTRA_STAR: u8 = 2;
const NAMED: u8 = 4;

/// A type.
#[derive(Debug, Clone)]
pub(crate) struct Type {
    /// Its kind.
    pub(crate) kind: u8,
    /// As Go prints it: `v1.Pod`, `[]v1.Container`.
    pub(crate) name: String,
    /// The package of a type with a name.
    pub(crate) package: String,
    /// Where the type is that it is made of.
    pub(crate) element: u64,
    /// A struct's fields.
    pub(crate) fields: Vec<Field>,
}

/// A field of a struct.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// Its name in Go.
    pub(crate) name: String,
    /// Its tag.
    pub(crate) tag: String,
    /// Whether its fields count as the struct's own.
    pub(crate) embedded: bool,
    /// Where its type is.
    pub(crate) at: u64,
}

impl Field {
    /// The parts of a key of the tag: `json:"name,omitempty"`.
    pub(crate) fn tagged(&self, key: &str) -> Option<Vec<&str>> {
        let (_, rest) = self.tag.split_once(&format!("{key}:\""))?;
        Some(rest.split('"').next()?.split(',').collect())
    }
}

/// A program's types by their addresses.
pub(crate) struct Program {
    bytes: Vec<u8>,
    sections: HashMap<String, (u64, u64, u64)>,
    types: HashMap<u64, Type>,
}

impl Program {
    /// Reads all types that a program can name.
    pub(crate) fn read(bytes: Vec<u8>) -> Option<Self> {
        let mut program = Self { bytes, sections: HashMap::new(), types: HashMap::new() };
        program.read_sections()?;
        let (base, ..) = *program.sections.get(".rodata")?;
        let (_, links, size) = *program.sections.get(".typelink")?;
        let mut ahead: Vec<u64> = (0..size / 4)
            .filter_map(|index| program.number(links + 4 * index, 4))
            .map(|offset| base + offset)
            .collect();
        while let Some(at) = ahead.pop() {
            if at == 0 || program.types.contains_key(&at) {
                continue;
            }
            if let Some(read) = program.type_at(at, base) {
                ahead.push(read.element);
                ahead.extend(read.fields.iter().map(|field| field.at));
                program.types.insert(at, read);
            }
        }
        Some(program)
    }

    /// A type by its address.
    pub(crate) fn get(&self, at: u64) -> Option<&Type> {
        self.types.get(&at)
    }

    /// The type that a pointer, or a pointer to a pointer, leads to.
    pub(crate) fn behind<'a>(&'a self, mut of: &'a Type) -> &'a Type {
        while of.kind == kind::POINTER {
            match self.get(of.element) {
                Some(element) => of = element,
                None => break,
            }
        }
        of
    }

    /// The structs with names.
    pub(crate) fn structs(&self) -> impl Iterator<Item = &Type> {
        self.types.values().filter(|each| each.kind == kind::STRUCT && !each.package.is_empty())
    }

    /// A number of so many bytes at an offset of the file.
    fn number(&self, at: u64, size: usize) -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        let bytes = self.bytes.get(at..at.checked_add(size)?)?;
        Some(bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    fn read_sections(&mut self) -> Option<()> {
        let (table, size) = (self.number(0x28, 8)?, self.number(0x3a, 2)?);
        let (count, names) = (self.number(0x3c, 2)?, self.number(0x3e, 2)?);
        let names = self.number(table + names * size + 24, 8)?;
        for index in 0..count {
            let header = table + index * size;
            let name = self.text(names + self.number(header, 4)?)?;
            let field = |at| self.number(header + at, 8);
            let section = (field(16)?, field(24)?, field(32)?);
            self.sections.insert(name, section);
        }
        Some(())
    }

    /// Text up to a zero.
    fn text(&self, at: u64) -> Option<String> {
        let bytes = self.bytes.get(usize::try_from(at).ok()?..)?;
        let text = bytes.split(|byte| *byte == 0).next()?;
        Some(String::from_utf8_lossy(text).into_owned())
    }

    /// Where in the file an address is.
    fn offset(&self, address: u64) -> Option<u64> {
        let holds = |start: &u64, size: &u64| *start != 0 && (*start..start + size).contains(&address);
        let (start, offset, _) = self.sections.values().find(|(start, _, size)| holds(start, size))?;
        Some(offset + address - start)
    }

    fn varint(&self, mut at: u64) -> Option<(u64, u64)> {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = self.number(at, 1)?;
            value |= (byte & 127) << shift;
            (at, shift) = (at + 1, shift + 7);
            if byte < 128 {
                return Some((value, at));
            }
        }
    }

    fn counted(&self, at: u64) -> Option<(String, u64)> {
        let (length, at) = self.varint(at)?;
        let bytes = self.bytes.get(usize::try_from(at).ok()?..usize::try_from(at + length).ok()?)?;
        Some((String::from_utf8_lossy(bytes).into_owned(), at + length))
    }

    /// A name with its tag, and whether it is embedded.
    fn name(&self, address: u64) -> Option<(String, String, bool)> {
        let at = self.offset(address)?;
        let flags = self.number(at, 1)?;
        let (name, behind) = self.counted(at + 1)?;
        let tag = if flags & 2 != 0 { self.counted(behind)?.0 } else { String::new() };
        Some((name, tag, flags & 8 != 0))
    }

    fn type_at(&self, address: u64, base: u64) -> Option<Type> {
        let at = self.offset(address)?;
        let flags = u8::try_from(self.number(at + 20, 1)?).ok()?;
        let kind = u8::try_from(self.number(at + 23, 1)? & 31).ok()?;
        let mut name = self.name(base + self.number(at + 40, 4)?)?.0;
        if flags & EXTRA_STAR != 0 {
            name.remove(0);
        }
        // What follows the common part differs by kind; the package of a type with a name comes behind it.
        let size = match kind {
            kind::POINTER | kind::SLICE => 56,
            kind::STRUCT | kind::INTERFACE => 80,
            kind::MAP => 104,
            _ => 48,
        };
        let package = match flags & UNCOMMON != 0 && flags & NAMED != 0 {
            true => self.number(at + size, 4).filter(|offset| *offset != 0).and_then(|offset| self.name(base + offset)),
            false => None,
        };
        let element = match kind {
            kind::POINTER | kind::SLICE => self.number(at + 48, 8)?,
            kind::MAP => self.number(at + 56, 8)?,
            _ => 0,
        };
        let mut fields = Vec::new();
        if kind == kind::STRUCT {
            let (first, count) = (self.number(at + 56, 8)?, self.number(at + 64, 8)?);
            for index in 0..count {
                let field = self.offset(first + 24 * index)?;
                let (name, tag, embedded) = self.name(self.number(field, 8)?)?;
                fields.push(Field { name, tag, embedded, at: self.number(field + 8, 8)? });
            }
        }
        Some(Type { kind, name, package: package.map_or_else(String::new, |(name, ..)| name), element, fields })
    }
}
