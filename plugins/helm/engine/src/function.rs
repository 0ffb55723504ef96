//! What a template can call: a name, a signature that the evaluator checks arguments against, and Rust code.

use crate::context::Context;
use crate::value::{Object, Type, Value};

/// Why a function did not answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// The function's error, as Go words it. The evaluator puts "error calling NAME: " before it.
    Error(String),
    /// A failure that already carries its own place and words (from inside `include` or `tpl`, a limit of
    /// ours): the evaluator adds what Go adds to a nested template's error.
    Nested(Box<crate::template::ExecError>),
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Error(message)
    }
}

impl From<&str> for Failure {
    fn from(message: &str) -> Self {
        Self::Error(message.to_owned())
    }
}

/// What a function answers.
pub type Answer = Result<Value, Failure>;

/// A function of templates.
pub struct Function {
    /// As templates call it: `trunc`.
    pub name: &'static str,
    /// Types of the parameters that must be there.
    pub parameters: &'static [Parameter],
    /// The type of any number of further ones.
    pub variadic: Option<Parameter>,
    /// Runs it. The arguments are as many as the signature asks, and of its types.
    pub call: fn(&mut dyn Context, &[Value]) -> Answer,
}

/// A method of an object, called with a dot.
pub struct Method {
    /// As templates call it: `Has`.
    pub name: &'static str,
    /// Types of the parameters that must be there.
    pub parameters: &'static [Parameter],
    /// The type of any number of further ones.
    pub variadic: Option<Parameter>,
    /// Runs it on the object.
    pub call: fn(&dyn Object, &mut dyn Context, &[Value]) -> Answer,
}

/// The type of a parameter, as Go's reflection holds a value against it: assignable or "wrong type for value;
/// expected string; got float64". Nothing is converted, but for constants written in the template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// `interface {}`.
    Any,
    /// `bool`.
    Bool,
    /// `int`.
    Int,
    /// `int64`.
    Int64,
    /// `float64`.
    Float64,
    /// `string`.
    Str,
    /// `[]interface {}`.
    List,
    /// `[]string`.
    Strings,
    /// `map[string]interface {}`; takes named types over it (`common.Values`) too.
    Map,
    /// `time.Time`.
    Time,
    /// `reflect.Value`: takes everything, as `index`, `len`, `slice` and the comparisons do.
    Reflect,
    /// Another named type: an object of that type is assignable, and where `kind` is `int64` (`time.Duration`)
    /// a constant number written in the template too, which arrives as [`Value::Int`].
    Named {
        /// As [`Type::Named`] has it: `*semver.Version`.
        name: &'static str,
        /// The kind beneath: `ptr`, `struct`, `int64`.
        kind: &'static str,
    },
}

impl Parameter {
    /// The type, in the words of messages.
    pub fn go_type(self) -> Type {
        use crate::value::IntKind;
        match self {
            Self::Any => Type::Any,
            Self::Bool => Type::Bool,
            Self::Int => Type::Int(IntKind::Int),
            Self::Int64 => Type::Int(IntKind::Int64),
            Self::Float64 => Type::Float64,
            Self::Str => Type::Str,
            Self::List => Type::List(Box::new(Type::Any)),
            Self::Strings => Type::List(Box::new(Type::Str)),
            Self::Map => Type::Map(Box::new(Type::Any)),
            Self::Time => Type::Named { name: "time.Time", kind: "struct" },
            Self::Reflect => Type::Named { name: "reflect.Value", kind: "struct" },
            Self::Named { name, kind } => Type::Named { name, kind },
        }
    }
}
