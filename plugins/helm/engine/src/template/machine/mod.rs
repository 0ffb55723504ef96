//! Runs the steps of templates.

mod evaluator;
mod iteration;
mod nesting;

use std::rc::Rc;

use bstr::ByteSlice;

pub use evaluator::{Evaluator, Limits, World, without_no_value};

use super::access::{Bound, Cell, Found, Items, member};
use super::arguments::checked;
use super::code::{Binding, Step, Template};
use super::compiler::constant;
use super::node::Id;
use super::set::Layer;
use crate::format;
use crate::function::{Failure, Function, Parameter};
use crate::value::{Str, Value};
use evaluator::NO_VALUE;

/// What a step counts, against one for a byte that is made: about as much as it takes longer.
const STEP: usize = 16;

/// What ends an evaluation.
enum Stop {
    /// Go's words, at the node that was marked last.
    At(String),
    /// A function or method failed.
    Calling(Str, Id, Failure),
}

impl From<String> for Stop {
    fn from(message: String) -> Self {
        Self::At(message)
    }
}

/// What the steps of a template lead to.
enum Flow {
    /// Another template is evaluated now.
    Switch,
    /// The outermost one ended.
    Done,
}

/// How a template came to be evaluated.
enum Origin {
    Root,
    /// `template`: it writes where its caller does.
    Invocation,
    /// `include` of a name, at a node of the caller; its output begins there.
    Include(Str, Id, usize),
    /// `tpl` of a text, at a node of the caller; its output begins there.
    Tpl(Str, Id, usize),
}

/// A template that is being evaluated.
struct Frame {
    template: Rc<Template>,
    layer: Option<Rc<Layer>>,
    /// Its next step, while another one is evaluated.
    next: usize,
    origin: Origin,
    /// Where its variables begin.
    variables: usize,
    /// Its caller's dot and mark.
    outer: (Cell, Id),
}

/// A control structure that is being evaluated.
struct Scope {
    /// How many variables there were before it.
    variables: usize,
    /// The dot to return to, where it has one of its own.
    dot: Option<Cell>,
    /// Of a `range`.
    items: Option<Loop>,
}

struct Loop {
    items: Items,
    binding: Binding,
    /// How many variables there are at the begin of an iteration.
    variables: usize,
}

/// The state of one evaluation.
#[derive(Default)]
struct Run {
    out: Vec<u8>,
    stack: Vec<Value>,
    /// Whether what was pushed last came out of an `interface {}` just now.
    wrapped: bool,
    /// The node that was marked last.
    at: Id,
    dot: Cell,
    variables: Vec<(Str, Cell)>,
    scopes: Vec<Scope>,
    frames: Vec<Frame>,
    /// Methods whose arguments are being evaluated.
    methods: Vec<Bound>,
}

impl Run {
    fn pop(&mut self) -> Value {
        // Steps push before they pop.
        self.stack.pop().unwrap_or_default()
    }

    fn push(&mut self, value: Value) {
        self.stack.push(value);
        self.wrapped = false;
    }

    fn push_cell(&mut self, cell: Cell) {
        self.stack.push(cell.value);
        self.wrapped = cell.wrapped;
    }

    /// Runs steps until another template is to be evaluated.
    fn steps(&mut self, evaluator: &mut Evaluator<'_>) -> Result<Flow, Stop> {
        // There is always a template that is being evaluated.
        let Some(frame) = self.frames.last() else { return Ok(Flow::Done) };
        let template = Rc::clone(&frame.template);
        let base = frame.variables;
        let mut next = frame.next;
        while let Some(step) = template.steps.get(next) {
            next += 1;
            evaluator.count(STEP)?;
            match step {
                Step::Text(start, end) => {
                    let text = template.source.text.get(*start as usize..*end as usize).unwrap_or_default();
                    evaluator.count(text.len())?;
                    self.out.extend_from_slice(text);
                    self.check_output(evaluator)?;
                }
                Step::Print(node) => {
                    self.at = *node;
                    let before = self.out.len();
                    match self.pop() {
                        Value::Nil => self.out.extend_from_slice(NO_VALUE),
                        Value::Str(text) => self.out.extend_from_slice(&text),
                        Value::Object(object) => self.out.extend_from_slice(&object.show()),
                        value => format::append(&mut self.out, &value).map_err(|error| error.to_string())?,
                    }
                    evaluator.count(self.out.len() - before)?;
                    self.check_output(evaluator)?;
                }
                Step::Drop => drop(self.pop()),
                Step::At(node) => self.at = *node,
                Step::Push(value, node) => {
                    self.at = *node;
                    self.push(value.clone());
                }
                Step::Dot(node) => {
                    self.at = *node;
                    self.stack.push(self.dot.value.clone());
                    self.wrapped = self.dot.wrapped;
                }
                Step::Variable(name, node) => {
                    self.at = *node;
                    let cell = self.variable(base, name).cloned().ok_or_else(|| undefined(name))?;
                    self.push_cell(cell);
                }
                Step::Field(name, node) => {
                    let receiver = self.pop();
                    match member(&receiver, self.wrapped, name, evaluator.templates.is_strict(), false)? {
                        Found::Value(cell) => self.push_cell(cell),
                        Found::Method(bound) => {
                            check_count(&bound, name, 0)?;
                            let answer = (bound.method.call)(&*bound.receiver, evaluator, &[]);
                            self.push(answer.map_err(|failure| Stop::Calling(name.clone(), *node, failure))?);
                        }
                    }
                }
                Step::Method { name, arguments, piped } => {
                    let receiver = self.pop();
                    match member(&receiver, self.wrapped, name, evaluator.templates.is_strict(), true)? {
                        // A value that takes no arguments is an error of member's.
                        Found::Value(_) => return Err(format!("{name} is not a method but has arguments").into()),
                        Found::Method(bound) => {
                            check_count(&bound, name, usize::from(*arguments) + usize::from(*piped))?;
                            self.methods.push(bound);
                        }
                    }
                }
                Step::MethodArgument { index, constant: node } => {
                    let parameter = self.parameter(usize::from(*index));
                    let value = match node {
                        None => {
                            let value = self.pop();
                            checked(value, self.wrapped, parameter)?
                        }
                        Some(node) => {
                            let source = &template.source;
                            match source.nodes.get(*node as usize) {
                                Some(shape) => constant(&shape.shape, parameter, &|| source.print(*node))?,
                                None => Value::Nil,
                            }
                        }
                    };
                    self.push(value);
                }
                Step::MethodPiped(count) => {
                    self.rotate(*count);
                    let parameter = self.parameter(usize::from(*count));
                    let value = self.pop();
                    let value = checked(value, false, parameter)?;
                    self.push(value);
                }
                Step::Invoke { arguments, node } => {
                    if let Some(bound) = self.methods.pop() {
                        let start = self.stack.len().saturating_sub(usize::from(*arguments));
                        let arguments = self.stack.get(start..).unwrap_or_default();
                        let answer = (bound.method.call)(&*bound.receiver, evaluator, arguments);
                        self.stack.truncate(start);
                        let name = || Str::from(bound.method.name);
                        self.push(answer.map_err(|failure| Stop::Calling(name(), *node, failure))?);
                    }
                }
                Step::Check(parameter) => {
                    let value = self.pop();
                    let value = checked(value, self.wrapped, *parameter)?;
                    self.push(value);
                }
                Step::Piped(count) => self.rotate(*count),
                Step::Unwrap => self.wrapped = false,
                Step::NotNothing(node) => {
                    if !self.wrapped && matches!(self.stack.last(), Some(Value::Nil)) {
                        let failure = "reflect: call of reflect.Value.Type on zero Value".into();
                        return Err(Stop::Calling(Str::from("len"), *node, failure));
                    }
                }
                Step::Call { function, arguments, node } => self.call(evaluator, function, *arguments, *node)?,
                Step::Include(node) => {
                    self.save(next);
                    return self.include(evaluator, *node);
                }
                Step::Tpl(node) => {
                    self.save(next);
                    return self.tpl(evaluator, *node);
                }
                Step::CallValue { arguments, callee, node } => {
                    let start = self.stack.len().saturating_sub(usize::from(*arguments));
                    let first = self.stack.get(start).cloned().unwrap_or_default();
                    return Err(Stop::Calling(Str::from("call"), *node, not_callable(&first, callee, *arguments)));
                }
                Step::ShortCut { on, target, piped } => {
                    let value = self.pop();
                    if value.truth() == *on {
                        if *piped {
                            self.pop();
                        }
                        self.push(value);
                        next = *target as usize;
                    }
                }
                Step::Declare(name) => {
                    let value = self.stack.last().cloned().unwrap_or_default();
                    self.variables.push((name.clone(), Cell::known(value)));
                }
                Step::Assign(name) => {
                    let value = self.stack.last().cloned().unwrap_or_default();
                    self.assign(base, name, Cell::known(value))?;
                }
                Step::Fail(message) => return Err(message.to_string().into()),
                Step::Enter => self.scopes.push(Scope { variables: self.variables.len(), dot: None, items: None }),
                Step::Leave => {
                    if let Some(scope) = self.scopes.pop() {
                        self.variables.truncate(scope.variables);
                        if let Some(dot) = scope.dot {
                            self.dot = dot;
                        }
                    }
                }
                Step::JumpUnless(target) => {
                    if !self.pop().truth() {
                        next = *target as usize;
                    }
                }
                Step::With(target) => {
                    let value = self.pop();
                    if value.truth() {
                        self.set_dot(Cell::known(value));
                    } else {
                        next = *target as usize;
                    }
                }
                Step::Range { otherwise, binding } => {
                    let value = self.pop();
                    if !self.range(&value, binding)? {
                        next = *otherwise as usize;
                    }
                }
                Step::Next(end) => {
                    if !self.next_item(base)? {
                        next = *end as usize;
                    }
                }
                Step::Jump(target) => next = *target as usize,
                Step::Exit { scopes, target } => {
                    let kept = self.scopes.len().saturating_sub(usize::from(*scopes));
                    self.scopes.truncate(kept);
                    next = *target as usize;
                }
                Step::Find(name, node) => {
                    self.at = *node;
                    self.find(evaluator, name)?;
                    self.check_depth()?;
                }
                Step::Invocation(name) => {
                    let dot = self.pop();
                    let found = self.find(evaluator, name)?;
                    let layer = self.frames.last().and_then(|frame| frame.layer.clone());
                    self.save(next);
                    self.enter(found, layer, Origin::Invocation, dot);
                    return Ok(Flow::Switch);
                }
                Step::Return => return self.leave(evaluator),
            }
        }
        self.leave(evaluator)
    }

    /// Remembers where the template at hand goes on.
    fn save(&mut self, next: usize) {
        if let Some(frame) = self.frames.last_mut() {
            frame.next = next;
        }
    }

    fn check_output(&self, evaluator: &Evaluator<'_>) -> Result<(), String> {
        if self.out.len() > evaluator.limits.output {
            return Err(format!("the output takes more than {} bytes", evaluator.limits.output));
        }
        Ok(())
    }

    fn variable(&self, base: usize, name: &Str) -> Option<&Cell> {
        let own = self.variables.get(base..).unwrap_or_default();
        own.iter().rev().find(|(other, _)| other == name).map(|(_, cell)| cell)
    }

    fn assign(&mut self, base: usize, name: &Str, cell: Cell) -> Result<(), String> {
        let own = self.variables.get_mut(base..).unwrap_or_default();
        let variable = own.iter_mut().rev().find(|(other, _)| other == name);
        variable.ok_or_else(|| undefined(name))?.1 = cell;
        Ok(())
    }

    /// Moves the value below the `count` ones on top above them.
    fn rotate(&mut self, count: u16) {
        let start = self.stack.len().saturating_sub(usize::from(count) + 1);
        if let Some(top) = self.stack.get_mut(start..)
            && !top.is_empty()
        {
            top.rotate_left(1);
        }
    }

    /// The parameter of the method whose arguments are being evaluated.
    fn parameter(&self, index: usize) -> Parameter {
        let method = self.methods.last().map(|bound| bound.method);
        let parameter = method.and_then(|method| method.parameters.get(index).copied().or(method.variadic));
        parameter.unwrap_or(Parameter::Any)
    }

    fn call(
        &mut self,
        evaluator: &mut Evaluator<'_>,
        function: &'static Function,
        arguments: u16,
        node: Id,
    ) -> Result<(), Stop> {
        let start = self.stack.len().saturating_sub(usize::from(arguments));
        let arguments = self.stack.get(start..).unwrap_or_default();
        let answer = (function.call)(evaluator, arguments);
        self.stack.truncate(start);
        match answer {
            Ok(value) => {
                self.push(value);
                Ok(())
            }
            Err(failure) => Err(Stop::Calling(Str::from(function.name), node, failure)),
        }
    }
}

fn undefined(name: &Str) -> String {
    format!("undefined variable: {name}")
}

/// Whether a method takes that many arguments.
fn check_count(bound: &Bound, name: &Str, count: usize) -> Result<(), String> {
    let method = bound.method;
    let fixed = method.parameters.len();
    if method.variadic.is_none() && count != fixed {
        return Err(format!("wrong number of args for {name}: want {fixed} got {count}"));
    }
    if count < fixed {
        return Err(format!("wrong number of args for {name}: want at least {fixed} got {count}"));
    }
    Ok(())
}

/// Go's words for a value that is no function.
fn not_callable(value: &Value, callee: &Str, arguments: u16) -> Failure {
    let Some(actual) = value.go_type() else { return "call of nil".into() };
    // The name is the callee as written, or where it was piped in, the value.
    let name = if callee.is_empty() && arguments > 0 {
        format::print(value).map(|text| text.to_str_lossy().into_owned()).unwrap_or_default()
    } else {
        callee.to_string()
    };
    Failure::Error(format!("non-function {name} of type {actual}"))
}
