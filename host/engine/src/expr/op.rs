//! Expressions as the evaluator takes them: a tree of steps, names already resolved.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Reference;
use super::function::Function;
use super::operator::Operator;
use crate::diagnostic::Span;
use crate::value::Value;

/// A parsed expression.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    pub(super) source: Arc<str>,
    /// Of the text between `${` and `}`, or of the whole scalar where that cannot be told.
    pub(super) span: Span,
    /// Do offsets in `source` hold within `span`?
    pub(super) exact: bool,
    pub(super) root: Node,
    /// What is looked up, by slot.
    pub(super) slots: Vec<Slot>,
}

/// One thing that is looked up, once for each evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// A static reference.
    Reference(Reference),
    /// All instances of a resource with `each`, as a map.
    All { resource: String, keys: BTreeSet<String>, path: Vec<String> },
}

/// Bytes in the source of an expression, from and to.
pub(super) type Extent = (usize, usize);

/// A step of an expression, and what of the source it is.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) op: Op,
    pub(super) at: Extent,
}

/// What a step does.
#[derive(Clone, Debug)]
pub(super) enum Op {
    Literal(Value),
    /// A static reference.
    Slot(usize),
    /// `release[KEY].path`: one instance, whose key is computed.
    Instance {
        resource: String,
        keys: BTreeSet<String>,
        key: Box<Node>,
        path: Vec<String>,
    },
    /// `each.key` and `each.value`.
    EachKey,
    EachValue,
    /// The variable of a comprehension.
    Variable(String),
    Select {
        from: Box<Node>,
        field: String,
    },
    /// `has(a.b)`, where `a` is computed.
    Has {
        from: Box<Node>,
        field: String,
    },
    /// `has(a.b)`, where `a.b` is looked up.
    Defined(Box<Node>),
    Index {
        from: Box<Node>,
        index: Box<Node>,
    },
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    Not(Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    If(Box<[Node; 3]>),
    Operator(Operator, Box<[Node; 2]>),
    Negate(Box<Node>),
    Call(Function, Vec<Node>),
    Loop(Box<Loop>),
}

/// A comprehension: one of CEL's macros.
#[derive(Clone, Debug)]
pub(super) struct Loop {
    pub(super) kind: LoopKind,
    pub(super) range: Node,
    pub(super) variable: String,
    /// Which items count.
    pub(super) predicate: Option<Node>,
    /// What is collected of each.
    pub(super) item: Option<Node>,
}

/// Which macro.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LoopKind {
    All,
    Exists,
    ExistsOne,
    /// `map` and `filter`.
    Collect,
}

impl Node {
    /// Visits this step and all within it.
    pub(super) fn visit<'a>(&'a self, see: &mut dyn FnMut(&'a Self)) {
        see(self);
        match &self.op {
            Op::Literal(_) | Op::Slot(_) | Op::EachKey | Op::EachValue | Op::Variable(_) => {}
            Op::Instance { key: of, .. }
            | Op::Select { from: of, .. }
            | Op::Has { from: of, .. }
            | Op::Defined(of)
            | Op::Not(of)
            | Op::Negate(of) => of.visit(see),
            Op::Index { from: a, index: b } | Op::And(a, b) | Op::Or(a, b) => {
                a.visit(see);
                b.visit(see);
            }
            Op::List(steps) | Op::Call(_, steps) => steps.iter().for_each(|step| step.visit(see)),
            Op::Map(entries) => {
                for (key, value) in entries {
                    key.visit(see);
                    value.visit(see);
                }
            }
            Op::If(steps) => steps.iter().for_each(|step| step.visit(see)),
            Op::Operator(_, steps) => steps.iter().for_each(|step| step.visit(see)),
            Op::Loop(looped) => {
                looped.range.visit(see);
                looped.predicate.iter().chain(&looped.item).for_each(|step| step.visit(see));
            }
        }
    }
}
