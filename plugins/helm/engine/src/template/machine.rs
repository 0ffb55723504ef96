//! Evaluates templates: runs their steps, and is what functions may ask of the world.

use std::collections::HashMap;
use std::rc::Rc;

use bstr::ByteSlice;

use super::access::{Bound, Cell, Found, Item, Items, member};
use super::arguments::checked;
use super::code::{Binding, Step, Template};
use super::compiler::constant;
use super::error::ExecError;
use super::node::Id;
use super::set::{Layer, ROOT, Templates};
use crate::context::Context;
use crate::format::{self, quote::quote};
use crate::function::{Failure, Function, Parameter};
use crate::value::{Str, Value};

/// How often one name may be included within itself: Helm's own number.
const MAX_INCLUDES: u32 = 1000;

/// How deep templates may be nested by `template`, `include` and `tpl` together: Go's own number for `template`.
/// A level takes a few hundred bytes of memory, and nothing of the stack.
const MAX_DEPTH: usize = 100_000;

/// How deep functions may evaluate templates on their own; this does take of the stack.
const MAX_NESTED_RUNS: usize = 8;

/// How long the chain of calls in an error may become before its middle is left out: a thousand includes fit.
const MAX_CHAIN: usize = 1 << 20;

/// What a step counts, against one for a byte: about as much as it takes longer.
const STEP: usize = 16;

/// What a byte of a text that is parsed counts, likewise.
const PARSED_BYTE: usize = 16;

/// What Go prints for nothing; Helm removes it again.
const NO_VALUE: &[u8] = b"<no value>";

/// What is outside of a rendering.
pub trait World {
    /// Objects of the cluster, as a map; an empty one where nothing is found, or no cluster may be asked.
    ///
    /// # Errors
    /// What the cluster refused.
    fn lookup(&mut self, api_version: &str, kind: &str, namespace: &str, name: &str) -> Result<Value, Failure>;

    /// Random bytes.
    ///
    /// # Errors
    /// Where there are none to be had.
    fn random(&mut self, bytes: &mut [u8]) -> Result<(), Failure>;

    /// The time: seconds since 1970 (UTC), and nanoseconds of the second.
    ///
    /// # Errors
    /// Where there is no clock.
    fn now(&mut self) -> Result<(i64, u32), Failure>;
}

/// How much a rendering may take before it is given up.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes made, and steps taken at sixteen bytes each.
    pub work: u64,
    /// Bytes of one template's output.
    pub output: usize,
}

impl Default for Limits {
    /// A chart of hundreds of templates takes some millions, and its release has to fit into a Secret of a mebibyte;
    /// half a thousand million are a few seconds.
    fn default() -> Self {
        Self { work: 500_000_000, output: 64 << 20 }
    }
}

/// Evaluates the templates of a set, with limits that count for all of them together.
pub struct Evaluator<'a> {
    templates: &'a Templates,
    world: &'a mut dyn World,
    limits: Limits,
    spent: u64,
    /// How often each name is being included at the moment.
    included: HashMap<Str, u32>,
    regexes: crate::functions::regex::Cache,
    nested: usize,
}

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

impl<'a> Evaluator<'a> {
    /// Evaluates what is in `templates`.
    pub fn new(templates: &'a Templates, world: &'a mut dyn World, limits: Limits) -> Self {
        let regexes = crate::functions::regex::Cache::default();
        Self { templates, world, limits, spent: 0, included: HashMap::new(), regexes, nested: 0 }
    }

    /// Evaluates one template, with `dot` as its dot and `$`. What Go prints for nothing is still in the output: Helm
    /// removes it with [`without_no_value`].
    ///
    /// # Errors
    /// Where evaluation fails or exceeds a limit.
    pub fn execute(&mut self, name: &str, dot: Value) -> Result<Vec<u8>, Box<ExecError>> {
        let Some(template) = self.templates.find(None, name.as_bytes()) else {
            return Err(Box::new(ExecError::plain(missing(name.as_bytes()))));
        };
        self.included.clear();
        self.run(template, None, dot)
    }

    fn run(&mut self, template: Rc<Template>, layer: Option<Rc<Layer>>, dot: Value) -> Result<Vec<u8>, Box<ExecError>> {
        let mut run = Run {
            out: Vec::new(),
            stack: Vec::new(),
            wrapped: false,
            at: 0,
            dot: Cell::default(),
            variables: Vec::new(),
            scopes: Vec::new(),
            frames: Vec::new(),
            methods: Vec::new(),
        };
        run.enter(template, layer, Origin::Root, dot);
        loop {
            match run.steps(self) {
                Ok(Flow::Switch) => {}
                Ok(Flow::Done) => return Ok(run.out),
                Err(stop) => return Err(Box::new(run.error(stop))),
            }
        }
    }

    /// Counts work.
    fn count(&mut self, amount: usize) -> Result<(), String> {
        self.spent = self.spent.saturating_add(amount as u64);
        if self.spent > self.limits.work {
            return Err(format!("the rendering takes more work than {} bytes", self.limits.work));
        }
        Ok(())
    }

    fn nested(&mut self, run: impl FnOnce(&mut Self) -> Result<Vec<u8>, Box<ExecError>>) -> Result<Vec<u8>, Failure> {
        if self.nested >= MAX_NESTED_RUNS {
            return Err(format!("exceeded maximum template depth ({MAX_NESTED_RUNS})").into());
        }
        self.nested += 1;
        let result = run(self);
        self.nested -= 1;
        result.map_err(Failure::Nested)
    }
}

/// Removes what Go prints for nothing, as Helm does from what a file or a `tpl` makes.
pub fn without_no_value(text: Vec<u8>) -> Vec<u8> {
    if text.find(NO_VALUE).is_none() { text } else { text.replace(NO_VALUE, b"") }
}

impl Context for Evaluator<'_> {
    fn include(&mut self, name: &str, data: Value) -> Result<Vec<u8>, Failure> {
        let Some(template) = self.templates.find(None, name.as_bytes()) else {
            return Err(missing(name.as_bytes()).into());
        };
        self.nested(|evaluator| evaluator.run(template, None, data))
    }

    fn tpl(&mut self, text: &str, data: Value) -> Result<Vec<u8>, Failure> {
        let text = self.templates.text(&Str::from(text)).map_err(|error| error.to_string())?;
        let layer = self.templates.above(None, &text);
        let out = self.nested(|evaluator| evaluator.run(Rc::clone(&text.main), Some(layer), data))?;
        Ok(without_no_value(out))
    }

    fn lookup(&mut self, api_version: &str, kind: &str, namespace: &str, name: &str) -> Result<Value, Failure> {
        self.world.lookup(api_version, kind, namespace, name)
    }

    fn random(&mut self, bytes: &mut [u8]) -> Result<(), Failure> {
        self.world.random(bytes)
    }

    fn now(&mut self) -> Result<(i64, u32), Failure> {
        self.world.now()
    }

    fn spend(&mut self, amount: usize) -> Result<(), Failure> {
        Ok(self.count(amount)?)
    }

    fn regexes(&mut self) -> &mut crate::functions::regex::Cache {
        &mut self.regexes
    }
}

fn missing(name: &[u8]) -> String {
    format!("template: no template {} associated with template \"{ROOT}\"", quote(name).as_bstr())
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

    fn enter(&mut self, template: Rc<Template>, layer: Option<Rc<Layer>>, origin: Origin, dot: Value) {
        let dot = Cell::known(dot);
        let outer = (std::mem::replace(&mut self.dot, dot.clone()), self.at);
        self.frames.push(Frame { template, layer, next: 0, origin, variables: self.variables.len(), outer });
        self.variables.push((Str::from("$"), dot));
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

    fn check_depth(&self) -> Result<(), String> {
        if self.frames.len() > MAX_DEPTH {
            return Err(format!("exceeded maximum template depth ({MAX_DEPTH})"));
        }
        Ok(())
    }

    fn find(&self, evaluator: &Evaluator<'_>, name: &Str) -> Result<Rc<Template>, String> {
        let layer = self.frames.last().and_then(|frame| frame.layer.as_ref());
        let found = evaluator.templates.find(layer, name);
        found.ok_or_else(|| format!("template {} not defined", quote(name).as_bstr()))
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

    fn include(&mut self, evaluator: &mut Evaluator<'_>, node: Id) -> Result<Flow, Stop> {
        let dot = self.pop();
        let calling = |failure: String| Stop::Calling(Str::from("include"), node, Failure::Error(failure));
        // The name was held against a parameter for strings.
        let Value::Str(name) = self.pop() else { return Err(calling(String::new())) };
        let active = evaluator.included.get(&name).copied().unwrap_or(0);
        if active > MAX_INCLUDES {
            return Err(calling(format!(
                "rendering template has a nested reference name: {name}: unable to execute template"
            )));
        }
        let layer = self.frames.last().and_then(|frame| frame.layer.clone());
        let found = evaluator.templates.find(layer.as_ref(), &name).ok_or_else(|| calling(missing(&name)))?;
        self.check_depth().map_err(calling)?;
        evaluator.included.insert(name.clone(), active + 1);
        self.enter(found, layer, Origin::Include(name, node, self.out.len()), dot);
        Ok(Flow::Switch)
    }

    fn tpl(&mut self, evaluator: &mut Evaluator<'_>, node: Id) -> Result<Flow, Stop> {
        let dot = self.pop();
        let calling = |failure: String| Stop::Calling(Str::from("tpl"), node, Failure::Error(failure));
        // The text was held against a parameter for strings.
        let Value::Str(text) = self.pop() else { return Err(calling(String::new())) };
        let cost = if evaluator.templates.knows(&text) { 1 } else { PARSED_BYTE };
        evaluator.count(text.len().saturating_mul(cost)).map_err(calling)?;
        self.check_depth().map_err(calling)?;
        let parsed = evaluator
            .templates
            .text(&text)
            .map_err(|error| calling(format!("cannot parse template {}: {error}", quote(&text).as_bstr())))?;
        let layer = self.frames.last().and_then(|frame| frame.layer.as_ref());
        let layer = evaluator.templates.above(layer, &parsed);
        self.enter(Rc::clone(&parsed.main), Some(layer), Origin::Tpl(text, node, self.out.len()), dot);
        Ok(Flow::Switch)
    }

    /// Ends the template at hand and gives its caller what it made.
    fn leave(&mut self, evaluator: &mut Evaluator<'_>) -> Result<Flow, Stop> {
        let Some(frame) = self.frames.pop() else { return Ok(Flow::Done) };
        self.variables.truncate(frame.variables);
        (self.dot, self.at) = frame.outer;
        match frame.origin {
            Origin::Root => return Ok(Flow::Done),
            Origin::Invocation => {}
            Origin::Include(name, _, start) => {
                if let Some(active) = evaluator.included.get_mut(&name) {
                    *active = active.saturating_sub(1);
                }
                let text = Str::from(self.out.get(start..).unwrap_or_default());
                self.out.truncate(start);
                evaluator.count(text.len())?;
                self.push(Value::Str(text));
            }
            Origin::Tpl(_, _, start) => {
                let text = self.out.get(start..).unwrap_or_default();
                let text = if text.find(NO_VALUE).is_none() {
                    Str::from(text)
                } else {
                    Str::from(without_no_value(text.to_vec()))
                };
                self.out.truncate(start);
                evaluator.count(text.len())?;
                self.push(Value::Str(text));
            }
        }
        Ok(Flow::Switch)
    }

    /// Makes a value dot until the scope ends.
    fn set_dot(&mut self, dot: Cell) {
        let outer = std::mem::replace(&mut self.dot, dot);
        if let Some(scope) = self.scopes.last_mut()
            && scope.dot.is_none()
        {
            scope.dot = Some(outer);
        }
    }

    /// Begins a `range`; false where there is nothing to go through.
    fn range(&mut self, value: &Value, binding: &Binding) -> Result<bool, Stop> {
        let printed = |value| -> Result<String, String> {
            Ok(format::print(value).map_err(|error| error.to_string())?.to_str_lossy().into_owned())
        };
        let items = match Items::of(value) {
            Ok(items) => items,
            Err(()) => return Err(format!("range can't iterate over {}", printed(value)?).into()),
        };
        let two = matches!(binding, Binding::Declared(2) | Binding::Assigned(Some(_), _));
        if two && matches!(value, Value::Int(..) | Value::Uint(_)) {
            return Err(format!("can't use {} to iterate over more than one variable", printed(value)?).into());
        }
        let Some(items) = items else { return Ok(false) };
        if let Some(scope) = self.scopes.last_mut() {
            scope.items = Some(Loop { items, binding: binding.clone(), variables: self.variables.len() });
        }
        Ok(true)
    }

    /// The next iteration; false at the end.
    fn next_item(&mut self, base: usize) -> Result<bool, Stop> {
        let Some(around) = self.scopes.last_mut().and_then(|scope| scope.items.as_mut()) else { return Ok(false) };
        self.variables.truncate(around.variables);
        let Some(Item { index, element }) = around.items.next() else { return Ok(false) };
        let top = around.variables;
        let binding = around.binding.clone();
        match binding {
            Binding::Declared(count) => {
                for (below, cell) in [(1, element.clone()), (2, Cell::known(index))].into_iter().take(count.into()) {
                    if let Some(variable) = top.checked_sub(below).and_then(|at| self.variables.get_mut(at)) {
                        variable.1 = cell;
                    }
                }
            }
            Binding::Assigned(None, name) => self.assign(base, &name, element.clone())?,
            Binding::Assigned(Some(first), second) => {
                self.assign(base, &first, Cell::known(index))?;
                self.assign(base, &second, element.clone())?;
            }
        }
        self.set_dot(element);
        Ok(true)
    }

    /// Lays out an error with the chain of calls that led to it.
    fn error(&self, stop: Stop) -> ExecError {
        let mut message = String::new();
        let mut causes = Vec::new();
        let at = |message: &mut String, frame: &Frame, node: Id| {
            let Template { name, source, .. } = &*frame.template;
            let (location, printed) = (source.location(node), source.print(node));
            message.push_str(&format!("template: {location}: executing {} at <{printed}>: ", quote(name).as_bstr()));
        };
        for pair in self.frames.windows(2) {
            let [caller, frame] = pair else { continue };
            if message.len() > MAX_CHAIN {
                break;
            }
            match &frame.origin {
                Origin::Root | Origin::Invocation => {}
                Origin::Include(_, node, _) => {
                    at(&mut message, caller, *node);
                    message.push_str("error calling include: ");
                    causes.push(message.len());
                }
                Origin::Tpl(text, node, _) => {
                    at(&mut message, caller, *node);
                    message.push_str("error calling tpl: ");
                    causes.push(message.len());
                    let text = quote(text);
                    message.push_str(&format!("error during tpl function execution for {}: ", text.as_bstr()));
                    causes.push(message.len());
                }
            }
        }
        let Some(frame) = self.frames.last() else { return ExecError { message, causes } };
        match stop {
            Stop::At(text) => {
                at(&mut message, frame, self.at);
                message.push_str(&text);
            }
            Stop::Calling(name, node, failure) => {
                at(&mut message, frame, node);
                message.push_str(&format!("error calling {name}: "));
                causes.push(message.len());
                match failure {
                    Failure::Error(text) => message.push_str(&text),
                    Failure::Nested(nested) => {
                        causes.extend(nested.causes.iter().map(|start| start + message.len()));
                        message.push_str(&nested.message);
                    }
                }
            }
        }
        ExecError { message, causes }
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
