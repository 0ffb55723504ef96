//! What a template holds: the values of Go's `interface{}`, as far as charts can make them.
//!
//! Maps and lists are shared, as Go's are: a copy of the handle sees what is set through another one.

mod bytes;
mod drop;
mod equality;
mod list;
mod map;
mod object;
mod text;
mod types;

pub use bytes::Bytes;
pub use equality::Incomparable;
pub use list::List;
pub use map::Map;
pub use object::{Member, Object, Structure};
pub use text::Str;
pub use types::{IntKind, Type};

/// A value as Go's templates see it. `Clone` copies a handle, never the contents.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// `nil`: an interface that holds nothing. Also what a missing key is.
    #[default]
    Nil,
    /// `bool`.
    Bool(bool),
    /// Any of Go's integers that fits; the kind is its type (`int`, `int64`, `uint8`…).
    Int(i64, IntKind),
    /// `uint64` and `uint`, which do not fit into [`Value::Int`].
    Uint(u64),
    /// `float64`: what every number of values is.
    Float(f64),
    /// Go's strings are bytes; they need not be UTF-8.
    Str(Str),
    /// A slice.
    List(List),
    /// A map with strings for keys.
    Map(Map),
    /// Anything with methods or fields: `.Files`, `.Capabilities`, a semantic version, a time.
    Object(std::rc::Rc<dyn Object>),
}

impl Value {
    /// An `int`, the type of integer literals in a template.
    pub fn int(value: i64) -> Self {
        Self::Int(value, IntKind::Int)
    }

    /// An `int64`, the type that Sprig's arithmetic answers with.
    pub fn int64(value: i64) -> Self {
        Self::Int(value, IntKind::Int64)
    }

    /// A `string`.
    pub fn str(text: impl Into<Str>) -> Self {
        Self::Str(text.into())
    }

    /// A `[]interface {}`.
    pub fn list(items: Vec<Value>) -> Self {
        Self::List(List::new(Type::Any, items))
    }

    /// The byte slice (`[]uint8`) that this is, if it is one.
    pub fn bytes(&self) -> Option<&Bytes> {
        match self {
            Self::Object(object) => object.as_any().downcast_ref(),
            _ => None,
        }
    }

    /// The type that `typeOf`, `%T` and error messages name. `nil` has none: `None`.
    pub fn go_type(&self) -> Option<Type> {
        Some(match self {
            Self::Nil => return None,
            Self::Bool(_) => Type::Bool,
            Self::Int(_, kind) => Type::Int(*kind),
            Self::Uint(_) => Type::Uint64,
            Self::Float(_) => Type::Float64,
            Self::Str(_) => Type::Str,
            Self::List(list) => Type::List(Box::new(list.element().clone())),
            Self::Map(map) => map.go_type().clone(),
            Self::Object(object) => object.go_type(),
        })
    }

    /// What `if`, `and`, `not` and Sprig's `empty` (for these types) go by: Go's `template.IsTrue`.
    pub fn truth(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(value) => *value,
            Self::Int(value, _) => *value != 0,
            Self::Uint(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Str(text) => !text.is_empty(),
            Self::List(list) => !list.is_empty(),
            Self::Map(map) => !map.is_empty(),
            Self::Object(object) => object.truth(),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Str(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Str(text.into())
    }
}

impl From<Str> for Value {
    fn from(text: Str) -> Self {
        Self::Str(text)
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

impl From<List> for Value {
    fn from(list: List) -> Self {
        Self::List(list)
    }
}
