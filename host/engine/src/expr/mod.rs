//! Expressions: `${…}` holds CEL. A [`Template`] is a value with expressions in it.
//!
//! CEL is parsed by the `cel` crate and evaluated here, over [`Value`]: an evaluator of our own
//! has a budget, so that no expression runs without end, and knows at every step what is unknown
//! and what is secret, which the crate's does not.

mod build;
mod compile;
mod eval;
mod fault;
mod function;
mod op;
mod operator;
mod path;
mod scan;
mod template;
mod truth;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use compile::RESERVED;
pub(crate) use path::{path_join, path_keys};
pub(crate) use template::Each;
pub use template::Template;

use crate::name::Address;
use crate::value::Value;

/// The longest expression, in bytes: what does not fit is better kept as an input or a file.
pub const MAX_EXPRESSION: usize = 4096;
/// Operators, names, literals and brackets of one expression; bounds the depth of the parser's
/// recursion on chains such as `a+a+a+…`.
pub const MAX_TOKENS: usize = 512;
/// Brackets within brackets of one expression.
pub const MAX_NESTING: usize = 24;
/// Nodes on a path from the root of an expression; bounds the evaluator's recursion.
pub const MAX_EXPRESSION_DEPTH: usize = 160;
/// Comprehensions (`map`, `filter`, `all`, `exists`) within one another.
pub const MAX_COMPREHENSIONS: usize = 4;
/// What the expressions of one template may cost together: each step is one, each value copied
/// or made is one, each 64 bytes of text are one. Enough to map a list of 10,000 a few times.
pub const EVALUATION_BUDGET: u64 = 500_000;
/// The longest text that an expression makes.
pub const MAX_TEXT: usize = 1 << 20;

/// What an expression refers to, as far as it can be told without evaluating: `inputs.domain`,
/// `cluster.kubeconfig`, `release["cert-manager"].status`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    /// An input of the stack.
    Input(String),
    /// A resource, and the path into its outputs and inputs that is used; empty for all of it.
    Resource(Address, Vec<String>),
    /// An output of the stack (in `checks` only).
    Output(String),
}

/// Where evaluation gets its values.
pub trait Scope {
    /// The value of what is referred to; [`Value::Unknown`] if it is not made yet, none if there
    /// is no such thing.
    fn lookup(&self, reference: &Reference) -> Option<Value>;
}

/// Walks from a value to what lies at `path` in it: unknown stays unknown, secret stays secret,
/// none if there is no such member. What a [`Scope`] needs for the path of a resource reference.
pub fn select(value: &Value, path: &[String]) -> Option<Value> {
    let mut at = value;
    let mut secret = false;
    for key in path {
        secret |= matches!(at, Value::Secret(_));
        at = match at.peek() {
            Value::Map(map) => map.get(key)?,
            Value::Unknown => return Some(Value::Unknown),
            _ => return None,
        };
    }
    Some(if secret { at.clone().secret() } else { at.clone() })
}

/// The names that expressions of one stack may use.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Inputs.
    pub inputs: BTreeSet<String>,
    /// Resources, and how each is spelt in references.
    pub resources: BTreeMap<String, Instances>,
    /// Outputs.
    pub outputs: BTreeSet<String>,
}

/// What a resource's name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instances {
    /// One object.
    One,
    /// One for each key.
    Each(BTreeSet<String>),
    /// None: its `when` is false. A reference to it is null.
    Left,
}
