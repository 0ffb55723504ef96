//! What a template is compiled to: steps for a machine with a stack of values.
//!
//! A machine of its own stack nests `include`, `tpl` and `template` without nesting Rust's calls, so that the depth that
//! Helm allows fits into the small stack of a sandbox.

use std::rc::Rc;

use super::node::{Id, Source};
use crate::function::{Function, Parameter};
use crate::value::{Str, Value};

/// A template that can be evaluated.
#[derive(Debug)]
pub(super) struct Template {
    /// Its own name: of its file or its definition.
    pub(super) name: Str,
    pub(super) source: Rc<Source>,
    pub(super) steps: Vec<Step>,
    /// Nothing but space and comments: it does not replace another definition.
    pub(super) empty: bool,
}

/// What no step has a place for until it is known.
pub(super) const UNKNOWN: u32 = u32::MAX;

/// How `range` binds its variables.
#[derive(Clone, Debug)]
pub(super) enum Binding {
    /// Those that the pipeline declared: how many.
    Declared(u8),
    /// Existing ones are assigned: the index, if there are two, and the element.
    Assigned(Option<Str>, Str),
}

/// One step. A value is pushed and popped on the machine's stack. Errors are said to be at the node that was last
/// marked, as Go says them: most steps that push mark theirs.
pub(super) enum Step {
    /// Writes the text between two positions.
    Text(u32, u32),
    /// Pops a value and writes it.
    Print(Id),
    Drop,
    /// Marks a node without doing anything.
    At(Id),
    /// Pushes a constant.
    Push(Value, Id),
    /// Pushes dot; the node is a field's, if one follows.
    Dot(Id),
    /// Pushes a variable.
    Variable(Str, Id),
    /// Replaces a value by its field, by what its method without arguments answers, or by the entry of a map.
    Field(Str, Id),
    /// Looks up a method that takes arguments, on the value `below` the top (a piped value may be above it).
    Method {
        name: Str,
        arguments: u16,
        piped: bool,
    },
    /// Holds the top against a parameter of the method that was looked up. A constant comes as its node.
    MethodArgument {
        index: u16,
        constant: Option<Id>,
    },
    /// Moves a piped value to the last place and holds it against the method's last parameter.
    MethodPiped(u16),
    /// Calls the method that was looked up.
    Invoke {
        arguments: u16,
        node: Id,
    },
    /// Holds the top against a parameter.
    Check(Parameter),
    /// Moves the value that was piped into a call behind that many arguments.
    Piped(u16),
    /// What a pipeline answers is no longer known to have come out of an interface.
    Unwrap,
    /// Go's `len` fails otherwise for what is nothing at all than for a nil that came out of an `interface {}`.
    NotNothing(Id),
    Call {
        function: &'static Function,
        arguments: u16,
        node: Id,
    },
    Include(Id),
    Tpl(Id),
    /// Go's `call`: there are no functions among values, so this is an error; with the callee as written.
    CallValue {
        arguments: u16,
        callee: Str,
        node: Id,
    },
    /// Jumps if the top's truth decides an `and` (false) or `or` (true), else pops it; with a piped value below.
    ShortCut {
        on: bool,
        target: u32,
        piped: bool,
    },
    Declare(Str),
    Assign(Str),
    Fail(Box<str>),
    /// Opens a scope of variables and dot.
    Enter,
    /// Closes it.
    Leave,
    /// Pops, and jumps unless true.
    JumpUnless(u32),
    /// Pops, and jumps unless true; else the value is dot.
    With(u32),
    /// Pops what to iterate over; jumps where there is nothing.
    Range {
        otherwise: u32,
        binding: Binding,
    },
    /// The next iteration, or the end.
    Next(u32),
    Jump(u32),
    /// Closes that many scopes and jumps: `break` and `continue`.
    Exit {
        scopes: u16,
        target: u32,
    },
    /// Finds the template that is invoked next, before its argument is evaluated.
    Find(Str, Id),
    /// Pops dot and evaluates the template.
    Invocation(Str),
    Return,
}

impl std::fmt::Debug for Step {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Step")
    }
}
