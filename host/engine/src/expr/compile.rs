//! CEL text into [`Op`]s: names resolved, functions known, references told, sizes capped. What is
//! wrong with an expression that can be told without its values is told here.

use std::collections::BTreeSet;

use cel::common::ast::{EntryExpr, Expr, IdedExpr, LiteralValue, SourceInfo, operators};
use serde_json::Number;

use super::fault::{Fault, parse_fault};
use super::function;
use super::op::{Expression, Extent, Loop, LoopKind, Node, Op, Slot};
use super::operator::Operator;
use super::{Instances, MAX_COMPREHENSIONS, MAX_EXPRESSION_DEPTH, Names, Reference};
use crate::diagnostic::{Diagnostic, Span, did_you_mean, suggest};
use crate::name::Address;
use crate::stack::yaml;
use crate::value::Value;

/// The name under which resources can be reached whose own name is not one in CEL.
const RESOURCES: &str = "resources";
/// Names that no resource can have, since expressions use them for something else.
pub(crate) const RESERVED: &[&str] = &["inputs", "outputs", "each", RESOURCES, "stack", "json", "base64"];
/// Parses an expression and resolves its names.
pub(super) fn compile(source: &str, span: &Span, exact: bool, names: &Names) -> Result<Expression, Box<Diagnostic>> {
    let expression = |root, slots| Expression { source: source.into(), span: span.clone(), exact, root, slots };
    let fail = |fault: Fault| Box::new(fault.into_diagnostic(source, span, exact));
    if source.trim().is_empty() {
        return Err(fail(
            Fault::new("empty-expression", "there is nothing between `${` and `}`", (0, source.len()))
                .help("write `$${` for the characters themselves"),
        ));
    }
    let parsed = cel::parser::Parser::new().max_recursion_depth(MAX_PARSER_DEPTH).parse_with_source_info(source);
    let (ast, info) = parsed.map_err(|errors| fail(parse_fault(source, &errors)))?;
    let mut lowering = Lowering {
        source,
        bytes: source.char_indices().map(|(offset, _)| offset).collect(),
        info: &info,
        names,
        slots: Vec::new(),
        variables: Vec::new(),
        loops: 0,
        depth: 0,
        faults: Vec::new(),
    };
    let root = lowering.lower(&ast);
    match lowering.faults.into_iter().next() {
        Some(fault) => Err(fail(fault)),
        None => Ok(expression(root, lowering.slots)),
    }
}

/// Expressions within expressions, as the parser counts them; above what [`super::MAX_NESTING`]
/// lets through, so that people see our message.
const MAX_PARSER_DEPTH: u16 = 64;

struct Lowering<'a> {
    source: &'a str,
    /// The byte offset of each character.
    bytes: Vec<usize>,
    info: &'a SourceInfo,
    names: &'a Names,
    slots: Vec<Slot>,
    variables: Vec<String>,
    loops: usize,
    depth: usize,
    faults: Vec<Fault>,
}

impl Lowering<'_> {
    fn lower(&mut self, expr: &IdedExpr) -> Node {
        let at = self.extent(expr);
        self.depth += 1;
        let op = if self.depth > MAX_EXPRESSION_DEPTH {
            self.fault(
                Fault::new("expression-too-deep", "the expression chains too many operators", at)
                    .help("move a part of it into an output or an input"),
            )
        } else {
            self.op(expr, at)
        };
        self.depth -= 1;
        Node { op, at }
    }

    /// Notes what is wrong and goes on, so that a later fault can still be seen.
    fn fault(&mut self, fault: Fault) -> Op {
        self.faults.push(fault);
        Op::Literal(Value::Null)
    }

    fn op(&mut self, expr: &IdedExpr, at: Extent) -> Op {
        if let Some(op) = self.reference(expr, at) {
            return op;
        }
        match &expr.expr {
            Expr::Literal(literal) => self.literal(literal, at),
            Expr::Select(select) if select.test => {
                let plain = cel::common::ast::SelectExpr { test: false, ..select.clone() };
                match self.reference(&IdedExpr { id: expr.id, expr: Expr::Select(plain) }, at) {
                    Some(op) => Op::Defined(Box::new(Node { op, at })),
                    None => Op::Has { from: Box::new(self.lower(&select.operand)), field: select.field.clone() },
                }
            }
            Expr::Select(select) => {
                Op::Select { from: Box::new(self.lower(&select.operand)), field: select.field.clone() }
            }
            Expr::List(list) => Op::List(list.elements.iter().map(|item| self.lower(item)).collect()),
            Expr::Map(map) => {
                let mut entries = Vec::new();
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        entries.push((self.lower(&entry.key), self.lower(&entry.value)));
                    }
                }
                Op::Map(entries)
            }
            Expr::Call(call) => self.call(&call.func_name, call.target.as_deref(), &call.args, at),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension, at),
            // An identifier is a reference, handled above; a struct is a protobuf message.
            Expr::Struct(_) => self.fault(
                Fault::new("bad-expression", "there are no messages here, only maps", at)
                    .help("write a map: `{\"key\": value}`"),
            ),
            Expr::Ident(_) | Expr::Unspecified => {
                self.fault(Fault::new("bad-expression", "this is not a CEL expression", at))
            }
        }
    }

    fn literal(&mut self, literal: &LiteralValue, at: Extent) -> Op {
        Op::Literal(match literal {
            LiteralValue::Boolean(truth) => Value::Bool(*truth.inner()),
            LiteralValue::Int(int) => Value::Number((*int.inner()).into()),
            LiteralValue::UInt(uint) => Value::Number((*uint.inner()).into()),
            LiteralValue::Double(double) => match Number::from_f64(*double.inner()) {
                Some(number) => Value::Number(number),
                None => return self.fault(Fault::new("bad-expression", "this number is not finite", at)),
            },
            LiteralValue::Null => Value::Null,
            LiteralValue::String(text) => Value::String(text.inner().to_owned()),
            LiteralValue::Bytes(_) => {
                return self.fault(Fault::new("bad-expression", "there are no bytes here, only strings", at));
            }
        })
    }

    fn call(&mut self, name: &str, target: Option<&IdedExpr>, args: &[IdedExpr], at: Extent) -> Op {
        if let Some(op) = self.operator(name, args) {
            return op;
        }
        // `json.encode(x)`: what looks like a method of a variable is a function in a namespace.
        let namespace = match target.map(|target| &target.expr) {
            Some(Expr::Ident(ident)) if !self.variables.contains(ident) && function::is_namespace(ident) => {
                Some(ident.as_str())
            }
            _ => None,
        };
        let (full, receiver) = match namespace {
            Some(namespace) => (format!("{namespace}.{name}"), None),
            None => (name.to_owned(), target),
        };
        let lowered: Vec<Node> = receiver.into_iter().chain(args).map(|arg| self.lower(arg)).collect();
        match function::find(&full, receiver.is_some(), lowered.len()) {
            Ok(function) => Op::Call(function, lowered),
            Err((message, help)) => {
                let fault = Fault::new("unknown-function", message, at);
                self.fault(match help {
                    Some(help) => fault.help(help),
                    None => fault,
                })
            }
        }
    }

    fn operator(&mut self, name: &str, args: &[IdedExpr]) -> Option<Op> {
        Some(match (name, args) {
            (operators::LOGICAL_NOT, [a]) => Op::Not(Box::new(self.lower(a))),
            (operators::NEGATE, [a]) => Op::Negate(Box::new(self.lower(a))),
            (operators::LOGICAL_AND, [a, b]) => Op::And(Box::new(self.lower(a)), Box::new(self.lower(b))),
            (operators::LOGICAL_OR, [a, b]) => Op::Or(Box::new(self.lower(a)), Box::new(self.lower(b))),
            (operators::CONDITIONAL, [a, b, c]) => Op::If(Box::new([self.lower(a), self.lower(b), self.lower(c)])),
            (operators::INDEX, [a, b]) => Op::Index { from: Box::new(self.lower(a)), index: Box::new(self.lower(b)) },
            (_, [a, b]) => Op::Operator(Operator::find(name)?, Box::new([self.lower(a), self.lower(b)])),
            _ => return None,
        })
    }

    /// The parser has expanded the macros; this recognises each by its expansion's last step.
    fn comprehension(&mut self, c: &cel::common::ast::ComprehensionExpr, at: Extent) -> Op {
        let range = self.lower(&c.iter_range);
        self.loops += 1;
        if self.loops > MAX_COMPREHENSIONS {
            self.loops -= 1;
            return self.fault(Fault::new(
                "expression-too-deep",
                format!("`map`, `filter`, `all` and `exists` are nested more than {MAX_COMPREHENSIONS} deep"),
                at,
            ));
        }
        self.variables.push(c.iter_var.clone());
        let shape = self.shape(c);
        self.variables.pop();
        self.loops -= 1;
        match shape {
            Some((kind, predicate, item)) => {
                Op::Loop(Box::new(Loop { kind, range, variable: c.iter_var.clone(), predicate, item }))
            }
            None => self.fault(Fault::new("bad-expression", "this kind of comprehension is not supported", at)),
        }
    }

    fn shape(&mut self, c: &cel::common::ast::ComprehensionExpr) -> Option<(LoopKind, Option<Node>, Option<Node>)> {
        let Expr::Call(step) = &c.loop_step.expr else { return None };
        Some(match (step.func_name.as_str(), step.args.as_slice()) {
            (operators::LOGICAL_AND, [_, test]) => (LoopKind::All, Some(self.lower(test)), None),
            (operators::LOGICAL_OR, [_, test]) => (LoopKind::Exists, Some(self.lower(test)), None),
            (operators::CONDITIONAL, [test, then, _]) if matches!(c.accu_init.expr, Expr::List(_)) => {
                (LoopKind::Collect, Some(self.lower(test)), Some(self.lower(appended(then)?)))
            }
            (operators::CONDITIONAL, [test, _, _]) => (LoopKind::ExistsOne, Some(self.lower(test)), None),
            (operators::ADD, [_, _]) => (LoopKind::Collect, None, Some(self.lower(appended(&c.loop_step)?))),
            _ => return None,
        })
    }

    /// The longest static path from a name that the stack knows.
    fn reference(&mut self, expr: &IdedExpr, at: Extent) -> Option<Op> {
        let (root, mut path) = static_path(expr)?;
        let root_at = self.extent(root);
        let Expr::Ident(name) = &root.expr else { return None };
        let name = name.trim_start_matches('.');
        if self.variables.iter().any(|variable| variable == name) {
            return if path.is_empty() { Some(Op::Variable(name.to_owned())) } else { None };
        }
        Some(match name {
            "inputs" => match path.split_first() {
                // The rest of the path is walked by selection: an input is a value at hand.
                Some((Key::Text(input), [])) => self.input(input, at),
                Some(_) => return None,
                None => self.fault(
                    Fault::new("whole-inputs", "`inputs` is used with the name of one", at).help("write `inputs.name`"),
                ),
            },
            "outputs" => match path.split_first() {
                Some((Key::Text(output), [])) => self.output(output, at),
                Some(_) => return None,
                None => self.fault(
                    Fault::new("whole-outputs", "`outputs` is used with the name of one", at)
                        .help("write `outputs.name`"),
                ),
            },
            "each" => match path.as_slice() {
                [Key::Text(key)] if key == "key" => Op::EachKey,
                [Key::Text(key)] if key == "value" => Op::EachValue,
                [Key::Text(key), ..] if key == "value" || key == "key" => return None,
                _ => self.fault(Fault::new("bad-each", "`each` has a `key` and a `value`", at)),
            },
            RESOURCES => match path.first().cloned() {
                Some(Key::Text(resource)) => {
                    path.remove(0);
                    self.resource(&resource, &path, at, root_at)?
                }
                _ => self.fault(
                    Fault::new("whole-resources", "`resources` is used with the name of one", at)
                        .help("write `resources[\"name\"]`"),
                ),
            },
            _ => self.resource(name, &path, at, root_at)?,
        })
    }

    fn input(&mut self, input: &str, at: Extent) -> Op {
        if !self.names.inputs.contains(input) {
            let help = self
                .hyphenated("inputs", input, &self.names.inputs, at)
                .or_else(|| suggest(input, self.names.inputs.iter().map(String::as_str)))
                .unwrap_or_else(|| format!("declare it: `inputs: {{{input}: {{type: string}}}}`"));
            return self.fault(Fault::new("unknown-input", format!("there is no input `{input}`"), at).help(help));
        }
        self.slot(Slot::Reference(Reference::Input(input.to_owned())))
    }

    /// `inputs.my-token` is a subtraction to CEL.
    fn hyphenated(&self, root: &str, name: &str, known: &BTreeSet<String>, at: Extent) -> Option<String> {
        let written = &self.source[at.1.saturating_sub(name.len())..];
        let meant = known.iter().filter(|full| full.strip_prefix(name).is_some_and(|rest| rest.starts_with('-')));
        let meant = meant.filter(|full| written.starts_with(full.as_str())).max_by_key(|full| full.len())?;
        Some(format!("a name with `-` is written `{root}[\"{meant}\"]`"))
    }

    fn output(&mut self, output: &str, at: Extent) -> Op {
        if !self.names.outputs.contains(output) {
            let fault = Fault::new("unknown-output", format!("there is no output `{output}`"), at);
            let help = self
                .hyphenated("outputs", output, &self.names.outputs, at)
                .or_else(|| suggest(output, self.names.outputs.iter().map(String::as_str)))
                .or_else(|| Some("outputs are for `checks`; elsewhere refer to the resource itself".to_owned()));
            return self.fault(match help {
                Some(help) => fault.help(help),
                None => fault,
            });
        }
        self.slot(Slot::Reference(Reference::Output(output.to_owned())))
    }

    /// None where the path goes on with something computed: the part before it is lowered instead.
    fn resource(&mut self, resource: &str, path: &[Key], at: Extent, root_at: Extent) -> Option<Op> {
        let texts = |path: &[Key]| -> Option<Vec<String>> {
            path.iter().map(|key| if let Key::Text(text) = key { Some(text.clone()) } else { None }).collect()
        };
        match self.names.resources.get(resource) {
            None => Some(self.unknown_resource(resource, root_at)),
            Some(Instances::Left) => Some(Op::Literal(Value::Null)),
            Some(Instances::One) => {
                let path = texts(path)?;
                Some(self.slot(Slot::Reference(Reference::Resource(Address::new(resource), path))))
            }
            Some(Instances::Each(keys)) => match path.split_first() {
                None => {
                    Some(self.slot(Slot::All { resource: resource.to_owned(), keys: keys.clone(), path: Vec::new() }))
                }
                Some((Key::Text(key), rest)) if keys.contains(key) => {
                    let path = texts(rest)?;
                    Some(self.slot(Slot::Reference(Reference::Resource(Address::instance(resource, key), path))))
                }
                Some((Key::Text(key), _)) => {
                    let message = format!("`{resource}` has no instance `{}`", yaml::shown(key));
                    let fault = Fault::new("unknown-instance", message, at);
                    let help = suggest(key, keys.iter().map(String::as_str));
                    Some(self.fault(match help {
                        Some(help) => fault.help(help),
                        None => fault,
                    }))
                }
                Some((Key::Computed(key), rest)) => {
                    let (path, keys) = (texts(rest)?, keys.clone());
                    let key = Box::new(self.lower(key));
                    Some(Op::Instance { resource: resource.to_owned(), keys, key, path })
                }
            },
        }
    }

    fn unknown_resource(&mut self, name: &str, at: Extent) -> Op {
        let known = &self.names.resources;
        // `my-cluster.id` is a subtraction to CEL.
        let hyphenated = known.keys().find(|full| {
            full.strip_prefix(name).is_some_and(|rest| rest.starts_with('-'))
                && self.source[at.0..].starts_with(full.as_str())
        });
        let help = match hyphenated {
            Some(full) => Some(format!("a name with `-` is written `{RESOURCES}[\"{full}\"]`")),
            None if self.names.inputs.contains(name) => Some(format!("write `inputs.{name}` for the input")),
            None => did_you_mean(name, ["inputs", "outputs", "each"])
                .map(|word| format!("did you mean `{word}`?"))
                .or_else(|| suggest(name, known.keys().map(String::as_str))),
        };
        let message = format!("there is no resource `{}`", yaml::shown(name));
        let fault = Fault::new("unknown-resource", message, at);
        self.fault(match help {
            Some(help) => fault.help(help),
            None => fault,
        })
    }

    fn slot(&mut self, slot: Slot) -> Op {
        let index = self.slots.iter().position(|known| *known == slot).unwrap_or_else(|| {
            self.slots.push(slot);
            self.slots.len() - 1
        });
        Op::Slot(index)
    }

    /// What of the source an expression is: from its leftmost token to its rightmost, as far as
    /// the parser's one token for each node tells.
    fn extent(&self, expr: &IdedExpr) -> Extent {
        let (mut start, mut end) = self.token(expr.id);
        let mut widen = |(from, to): Extent| {
            start = start.min(from);
            end = end.max(to);
        };
        match &expr.expr {
            Expr::Select(select) => {
                let field_end = self.token(expr.id).1 + select.field.len();
                widen(self.extent(&select.operand));
                widen((start_of(self.source, field_end), field_end.min(self.source.len())));
            }
            Expr::Call(call) => {
                for part in call.target.as_deref().into_iter().chain(&call.args) {
                    widen(self.extent(part));
                }
                if !matches!(call.func_name.as_bytes().first(), Some(b'_' | b'!' | b'-' | b'@'))
                    || call.func_name == operators::INDEX
                {
                    end = (end + 1).min(self.source.len());
                }
            }
            _ => {}
        }
        (start, end.max(start))
    }

    /// The parser counts characters; the file counts bytes.
    fn token(&self, id: u64) -> Extent {
        let (first, last) = self.info.offset_for(id).unwrap_or((0, 0));
        let byte = |character: u32| {
            let nth = usize::try_from(character).unwrap_or(usize::MAX);
            self.bytes.get(nth).copied().unwrap_or(self.source.len())
        };
        (byte(first), byte(last.saturating_add(1)))
    }
}

/// A field's end stands where its start does for widening: only the end matters.
fn start_of(source: &str, end: usize) -> usize {
    end.min(source.len())
}

/// One key of a path.
#[derive(Clone)]
enum Key<'e> {
    Text(String),
    Computed(&'e IdedExpr),
}

/// The name that a chain of selections and indexes begins with, and its keys in order.
fn static_path(expr: &IdedExpr) -> Option<(&IdedExpr, Vec<Key<'_>>)> {
    let mut keys = Vec::new();
    let mut at = expr;
    loop {
        match &at.expr {
            Expr::Ident(_) => {
                keys.reverse();
                return Some((at, keys));
            }
            Expr::Select(select) if !select.test => {
                keys.push(Key::Text(select.field.clone()));
                at = &select.operand;
            }
            Expr::Call(call) if call.func_name == operators::INDEX => {
                let [from, index] = call.args.as_slice() else { return None };
                keys.push(match &index.expr {
                    Expr::Literal(LiteralValue::String(text)) => Key::Text(text.inner().to_owned()),
                    _ => Key::Computed(index),
                });
                at = from;
            }
            _ => return None,
        }
    }
}

/// Of `accumulator + [item]`, the item.
fn appended(step: &IdedExpr) -> Option<&IdedExpr> {
    let Expr::Call(call) = &step.expr else { return None };
    let Expr::List(list) = &call.args.get(1)?.expr else { return None };
    list.elements.first()
}
