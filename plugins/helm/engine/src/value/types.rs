//! Go's types, as far as they show: in `typeOf`, `%T`, and "wrong type for value".

use std::fmt;

/// Which of Go's integers a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntKind {
    /// `int`.
    Int,
    /// `int8`.
    Int8,
    /// `int16`.
    Int16,
    /// `int32`.
    Int32,
    /// `int64`.
    Int64,
    /// `uint8`, which is `byte`.
    Uint8,
    /// `uint16`.
    Uint16,
    /// `uint32`.
    Uint32,
}

/// A type of Go. [`fmt::Display`] writes it as Go's reflection does: `map[string]interface {}`.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// `interface {}`: as a parameter it takes everything.
    Any,
    /// `bool`.
    Bool,
    /// Any of the integers but `uint64`.
    Int(IntKind),
    /// `uint64`.
    Uint64,
    /// `float64`.
    Float64,
    /// `string`.
    Str,
    /// `[]T`.
    List(Box<Type>),
    /// `map[string]T`.
    Map(Box<Type>),
    /// A named type: its name (`common.Values`, `*semver.Version`) and the kind beneath it, which
    /// `kindOf` says (`map`, `ptr`, `struct`).
    Named {
        /// As `typeOf` says it.
        name: &'static str,
        /// As `kindOf` says it.
        kind: &'static str,
    },
}

impl Type {
    /// The kind beneath, as `kindOf` and error messages of Sprig name it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Any => "interface",
            Self::Bool => "bool",
            Self::Int(kind) => kind.name(),
            Self::Uint64 => "uint64",
            Self::Float64 => "float64",
            Self::Str => "string",
            Self::List(_) => "slice",
            Self::Map(_) => "map",
            Self::Named { kind, .. } => kind,
        }
    }

    /// The type of what a slice or a map holds; that of `interface {}` for what is neither, and for a named type,
    /// all of which hold anything.
    pub fn element(&self) -> &Self {
        match self {
            Self::List(element) | Self::Map(element) => element,
            _ => &Self::Any,
        }
    }
}

impl IntKind {
    /// The type's name: `int`, `uint8`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Int => "int",
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Uint8 => "uint8",
            Self::Uint16 => "uint16",
            Self::Uint32 => "uint32",
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => out.write_str("interface {}"),
            Self::Bool => out.write_str("bool"),
            Self::Int(kind) => out.write_str(kind.name()),
            Self::Uint64 => out.write_str("uint64"),
            Self::Float64 => out.write_str("float64"),
            Self::Str => out.write_str("string"),
            Self::List(element) => write!(out, "[]{element}"),
            Self::Map(element) => write!(out, "map[string]{element}"),
            Self::Named { name, .. } => out.write_str(name),
        }
    }
}
