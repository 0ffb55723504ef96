//! Go's `text/template`: parsing and evaluating, with its error texts.

mod access;
mod arguments;
mod code;
mod compiler;
mod complex;
mod error;
mod lexer;
mod literal;
mod machine;
mod node;
mod parser;
mod set;
mod token;
mod values_methods;

#[cfg(test)]
pub(crate) mod tests;

pub use error::{ExecError, ParseError};
pub(crate) use error::{WARNING_END, WARNING_START};
pub use machine::{Evaluator, Limits, World, without_no_value};
pub use set::Templates;
