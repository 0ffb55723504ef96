//! Turns the nodes of an action into steps, in the order in which Go evaluates them.

use std::collections::HashMap;

use super::code::Step;
use super::literal::Number;
use super::node::{Id, Node, Shape};
use crate::function::{Function, Parameter};
use crate::value::{IntKind, List, Map, Str, Value};

/// The functions that a template may call, by their names.
pub(super) type Functions = HashMap<&'static str, &'static Function>;

/// Why a constant is none of a type, or a value cannot be passed.
type Mismatch = String;

/// Writes steps for nodes.
pub(super) struct Compiler<'a> {
    pub(super) nodes: &'a [Node],
    pub(super) steps: &'a mut Vec<Step>,
    pub(super) functions: &'a Functions,
    /// How a node prints, for messages.
    pub(super) print: &'a dyn Fn(Id) -> String,
}

impl Compiler<'_> {
    fn shape(&self, id: Id) -> &Shape {
        // Nodes are only ever named after they were added.
        self.nodes.get(id as usize).map_or(&Shape::Nil, |node| &node.shape)
    }

    fn fail(&mut self, message: String) {
        self.steps.push(Step::Fail(message.into_boxed_str()));
    }

    /// A pipeline: its value is pushed, and bound to its variables.
    pub(super) fn pipeline(&mut self, pipe: Id) {
        let Shape::Pipe { assign, variables, commands } = self.shape(pipe) else { return };
        let (assign, variables, commands) = (*assign, variables.clone(), commands.clone());
        for (index, command) in commands.iter().enumerate() {
            self.command(*command, pipe, index > 0);
        }
        for variable in variables {
            if let Shape::Variable(name, _) = self.shape(variable) {
                let name = name.clone();
                self.steps.push(if assign { Step::Assign(name) } else { Step::Declare(name) });
            }
        }
    }

    /// A command of a pipeline. `piped`: the value of the one before is on the stack, and the last argument.
    fn command(&mut self, command: Id, pipe: Id, piped: bool) {
        let Shape::Command(words) = self.shape(command) else { return };
        let words = words.clone();
        let Some((first, arguments)) = words.split_first() else { return };
        let first = *first;
        match self.shape(first) {
            Shape::Field(fields) => {
                let fields = fields.clone();
                self.steps.push(Step::Dot(first));
                self.fields(&fields, first, arguments, piped);
            }
            Shape::Chain(..) => self.chain(first, arguments, piped),
            Shape::Identifier(name) => {
                let name = name.clone();
                self.call(&name, first, command, arguments, piped);
            }
            Shape::Pipe { .. } => {
                if piped || !arguments.is_empty() {
                    if !piped {
                        self.steps.push(Step::At(pipe));
                    }
                    self.not_a_function(first);
                    return;
                }
                self.pipeline(first);
            }
            Shape::Variable(name, fields) => {
                let (name, fields) = (name.clone(), fields.clone());
                self.steps.push(Step::Variable(name, first));
                if !fields.is_empty() {
                    self.fields(&fields, first, arguments, piped);
                } else if piped || !arguments.is_empty() {
                    self.not_a_function(first);
                }
            }
            _ if piped || !arguments.is_empty() => {
                self.steps.push(Step::At(first));
                self.not_a_function(first);
            }
            Shape::Dot => self.steps.push(Step::Dot(first)),
            Shape::Nil => {
                self.steps.push(Step::At(first));
                self.fail("nil is not a command".to_owned());
            }
            _ => self.constant(first, Parameter::Any),
        }
    }

    fn not_a_function(&mut self, first: Id) {
        let printed = (self.print)(first);
        self.fail(format!("can't give argument to non-function {printed}"));
    }

    /// Fields of the value on the stack; the last one may be a method with arguments.
    fn fields(&mut self, fields: &[Str], node: Id, arguments: &[Id], piped: bool) {
        let Some((last, before)) = fields.split_last() else { return };
        for field in before {
            self.steps.push(Step::Field(field.clone(), node));
        }
        if arguments.is_empty() && !piped {
            self.steps.push(Step::Field(last.clone(), node));
            return;
        }
        // A text of more than 65,535 words in one command is refused by the parser.
        let count = u16::try_from(arguments.len()).unwrap_or(u16::MAX);
        self.steps.push(Step::Method { name: last.clone(), arguments: count, piped });
        for (index, argument) in (0..).zip(arguments) {
            let constant =
                matches!(self.shape(*argument), Shape::Nil | Shape::Bool(_) | Shape::Number(..) | Shape::String(..));
            if constant {
                self.steps.push(Step::At(*argument));
            } else {
                self.argument(*argument, Parameter::Any);
            }
            self.steps.push(Step::MethodArgument { index, constant: constant.then_some(*argument) });
        }
        if piped {
            self.steps.push(Step::MethodPiped(count));
        }
        self.steps.push(Step::Invoke { arguments: count.saturating_add(u16::from(piped)), node });
    }

    fn chain(&mut self, chain: Id, arguments: &[Id], piped: bool) {
        let Shape::Chain(inner, fields) = self.shape(chain) else { return };
        let (inner, fields) = (*inner, fields.clone());
        self.steps.push(Step::At(chain));
        self.argument(inner, Parameter::Any);
        self.fields(&fields, chain, arguments, piped);
    }

    /// A call of a function; `node` is where its failure is said to be.
    fn call(&mut self, name: &Str, identifier: Id, node: Id, arguments: &[Id], piped: bool) {
        let count = arguments.len() + usize::from(piped);
        let short_cut = match &***name {
            b"and" => Some(false),
            b"or" => Some(true),
            _ => None,
        };
        let callee = &***name == b"call";
        let function = std::str::from_utf8(name).ok().and_then(|name| self.functions.get(name).copied());
        let (parameters, variadic): (&[Parameter], _) = match function {
            _ if short_cut.is_some() || callee => (&[Parameter::Reflect], Some(Parameter::Reflect)),
            Some(function) => (function.parameters, function.variadic),
            None => return self.fail(format!("{:?} is not a defined function", name.to_string())),
        };
        let fixed = parameters.len();
        if (variadic.is_none() && count != fixed) || count < fixed {
            self.steps.push(Step::At(identifier));
            return self.fail(if variadic.is_some() {
                format!("wrong number of args for {name}: want at least {fixed} got {}", arguments.len())
            } else {
                format!("wrong number of args for {name}: want {fixed} got {count}")
            });
        }
        if arguments.is_empty() {
            self.steps.push(Step::At(identifier));
        }
        if let Some(on) = short_cut {
            return self.short_cut(on, arguments, piped);
        }
        // The parser refuses more words in a command.
        let total = u16::try_from(count).unwrap_or(u16::MAX);
        let parameter = |index| parameters.get(index).copied().or(variadic).unwrap_or(Parameter::Any);
        for (index, argument) in arguments.iter().enumerate() {
            self.argument(*argument, parameter(index));
        }
        if piped {
            if !arguments.is_empty() {
                self.steps.push(Step::Piped(total - 1));
            }
            self.steps.push(Step::Unwrap);
            self.check(parameter(count - 1));
        }
        if &***name == b"len" {
            self.steps.push(Step::NotNothing(node));
        }
        self.steps.push(match (&***name, function) {
            (b"include", _) => Step::Include(node),
            (b"tpl", _) => Step::Tpl(node),
            (_, Some(function)) if !callee => Step::Call { function, arguments: total, node },
            _ => {
                let callee = arguments.first().map_or_else(String::new, |first| (self.print)(*first));
                Step::CallValue { arguments: total, callee: callee.into(), node }
            }
        });
    }

    /// `and` and `or`, which stop at the argument that decides.
    fn short_cut(&mut self, on: bool, arguments: &[Id], piped: bool) {
        let mut jumps = Vec::new();
        for (index, argument) in arguments.iter().enumerate() {
            self.argument(*argument, Parameter::Reflect);
            if piped || index + 1 < arguments.len() {
                jumps.push(self.steps.len());
                self.steps.push(Step::ShortCut { on, target: super::code::UNKNOWN, piped });
            }
        }
        let end = position(self.steps);
        for jump in jumps {
            if let Some(Step::ShortCut { target, .. }) = self.steps.get_mut(jump) {
                *target = end;
            }
        }
        self.steps.push(Step::Unwrap);
    }

    /// An argument, held against its parameter.
    fn argument(&mut self, argument: Id, parameter: Parameter) {
        match self.shape(argument) {
            Shape::Dot => self.steps.push(Step::Dot(argument)),
            Shape::Field(fields) => {
                let fields = fields.clone();
                self.steps.push(Step::Dot(argument));
                self.fields(&fields, argument, &[], false);
            }
            Shape::Variable(name, fields) => {
                let (name, fields) = (name.clone(), fields.clone());
                self.steps.push(Step::Variable(name, argument));
                self.fields(&fields, argument, &[], false);
            }
            Shape::Pipe { .. } => {
                self.pipeline(argument);
                self.steps.push(Step::Unwrap);
            }
            Shape::Identifier(name) => {
                let name = name.clone();
                self.call(&name, argument, argument, &[], false);
            }
            Shape::Chain(..) => self.chain(argument, &[], false),
            _ => return self.constant(argument, parameter),
        }
        self.check(parameter);
    }

    fn check(&mut self, parameter: Parameter) {
        if !matches!(parameter, Parameter::Any | Parameter::Reflect) {
            self.steps.push(Step::Check(parameter));
        }
    }

    fn constant(&mut self, id: Id, parameter: Parameter) {
        match constant(self.shape(id), parameter, &|| (self.print)(id)) {
            Ok(value) => self.steps.push(Step::Push(value, id)),
            Err(message) => {
                self.steps.push(Step::At(id));
                self.fail(message);
            }
        }
    }
}

/// The number of the next step.
pub(super) fn position(steps: &[Step]) -> u32 {
    // The parser refuses a text that is so long.
    u32::try_from(steps.len()).unwrap_or(super::code::UNKNOWN)
}

/// What a constant is to a parameter.
pub(super) fn constant(shape: &Shape, parameter: Parameter, print: &dyn Fn() -> String) -> Result<Value, Mismatch> {
    if matches!(shape, Shape::Nil) {
        return nil(parameter).ok_or_else(|| format!("cannot assign nil to {}", parameter.go_type()));
    }
    let expected = |what: &str| format!("expected {what}; found {}", print());
    let int = |kind| match shape {
        Shape::Number(_, Number { int: Some(int), .. }) => Ok(Value::Int(*int, kind)),
        _ => Err(expected("integer")),
    };
    match parameter {
        Parameter::Any | Parameter::Reflect => match shape {
            Shape::Bool(value) => Ok(Value::Bool(*value)),
            Shape::String(_, text) => Ok(Value::Str(text.clone())),
            Shape::Number(written, number) => ideal(written, number),
            _ => Err(format!("can't handle assignment of {} to empty interface argument", print())),
        },
        Parameter::Bool => match shape {
            Shape::Bool(value) => Ok(Value::Bool(*value)),
            _ => Err(expected("bool")),
        },
        Parameter::Int => int(IntKind::Int),
        Parameter::Int64 | Parameter::Named { kind: "int64", .. } => int(IntKind::Int64),
        Parameter::Named { kind: "uint32", .. } => match shape {
            Shape::Number(_, Number { uint: Some(uint), .. }) => {
                // Go's reflection keeps the lower bits.
                Ok(Value::Int(i64::from(*uint as u32), IntKind::Uint32))
            }
            _ => Err(expected("unsigned integer")),
        },
        Parameter::Float64 => match shape {
            Shape::Number(_, Number { float: Some(float), .. }) => Ok(Value::Float(*float)),
            _ => Err(expected("float")),
        },
        Parameter::Str => match shape {
            Shape::String(_, text) => Ok(Value::Str(text.clone())),
            _ => Err(expected("string")),
        },
        Parameter::List | Parameter::Strings | Parameter::Map | Parameter::Time | Parameter::Named { .. } => {
            Err(format!("can't handle {} for arg of type {}", print(), parameter.go_type()))
        }
    }
}

/// Go's nil of a parameter's type, if the type has one.
pub(super) fn nil(parameter: Parameter) -> Option<Value> {
    match parameter {
        Parameter::Any
        | Parameter::Reflect
        | Parameter::Named { kind: "ptr" | "map" | "slice" | "interface" | "func", .. } => Some(Value::Nil),
        Parameter::Map => Some(Value::Map(Map::nil(parameter.go_type()))),
        Parameter::List => Some(Value::List(List::nil(crate::value::Type::Any))),
        Parameter::Strings => Some(Value::List(List::nil(crate::value::Type::Str))),
        _ => None,
    }
}

/// A number where no type is asked for: how it is written says what it is.
fn ideal(written: &Str, number: &Number) -> Result<Value, Mismatch> {
    if let Some((real, imaginary)) = number.complex {
        return Ok(super::complex::value(real, imaginary));
    }
    match number {
        Number { written_as_float: true, float: Some(float), .. } => Ok(Value::Float(*float)),
        Number { int: Some(int), .. } => Ok(Value::int(*int)),
        _ => Err(format!("{written} overflows int")),
    }
}
