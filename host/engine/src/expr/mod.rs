//! Expressions: `${…}` holds CEL. A [`Template`] is a value with expressions in it.

use crate::diagnostic::{Diagnostic, Span};
use crate::name::Address;
use crate::value::Value;

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

/// A value with expressions in it, each with its span; parsed and capped when the stack is read.
#[derive(Clone, Debug)]
pub struct Template {
    /// To be replaced by the parser's tree.
    pub literal: Value,
}

impl Template {
    /// What it refers to, each once.
    pub fn references(&self) -> Vec<Reference> {
        Vec::new()
    }

    /// Its value. Unknown where it depends on an unknown, secret where it depends on a secret.
    ///
    /// # Errors
    /// A diagnostic at the expression that failed.
    pub fn evaluate(&self, _scope: &dyn Scope) -> Result<Value, Diagnostic> {
        Ok(self.literal.clone())
    }

    /// Where the value at an input path (`node_pools[0].size`) stands in the stack file.
    pub fn span_of(&self, _path: &str) -> Option<Span> {
        None
    }
}
