//! Evaluates an expression over [`Value`]s, within a budget, knowing what is unknown and secret.
//!
//! Unknown in, unknown out, unless the result does not depend on it (`false && x`). Secret in,
//! secret out: whatever a secret had a part in, a condition included, is one.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};

use super::fault::Fault;
use super::function::Function;
use super::op::{Expression, Extent, Loop, LoopKind, Node, Op, Slot};
use super::operator::{Operator, negate, type_name};
use super::template::Each;
use super::truth::{Junction, Truth};
use super::{EVALUATION_BUDGET, Reference, Scope};
use crate::diagnostic::{Diagnostic, suggest};
use crate::name::Address;
use crate::value::{Map, Value};

/// What the expressions of one template share while they are evaluated.
pub(super) struct Run<'a> {
    scope: &'a dyn Scope,
    each: Option<&'a Each>,
    /// The value of `each.value`, evaluated once.
    each_value: OnceCell<Option<Value>>,
    spent: Cell<u64>,
}

impl<'a> Run<'a> {
    pub(super) fn new(scope: &'a dyn Scope, each: Option<&'a Each>) -> Self {
        Self { scope, each, each_value: OnceCell::new(), spent: Cell::new(0) }
    }

    /// The value of an expression.
    pub(super) fn evaluate(&self, expression: &Expression) -> Result<Value, Box<Diagnostic>> {
        let looked_up = expression.slots.iter().map(|_| OnceCell::new()).collect();
        let frame = Frame { run: self, expression, looked_up };
        frame
            .eval(&expression.root, None)
            .and_then(|value| frame.own(value, expression.root.at))
            .map_err(|fault| Box::new(fault.into_diagnostic(&expression.source, &expression.span, expression.exact)))
    }

    /// What it has cost so far.
    pub(super) fn spent(&self) -> u64 {
        self.spent.get()
    }

    /// Takes from the budget.
    pub(super) fn spend(&self, cost: u64, at: Extent) -> Result<(), Fault> {
        let spent = self.spent.get().saturating_add(cost);
        self.spent.set(spent);
        if spent > EVALUATION_BUDGET {
            return Err(Fault::new("expression-too-costly", "the expression takes too many steps", at)
                .help("loop over less, or work out the list outside of the stack file and pass it as an input"));
        }
        Ok(())
    }
}

/// What a value costs to copy: one for each value in it, one for each 64 bytes of text.
fn weight(value: &Value) -> u64 {
    match value {
        Value::String(text) => 1 + text.len() as u64 / 64,
        Value::List(items) => 1 + items.iter().map(weight).sum::<u64>(),
        Value::Map(map) => 1 + map.iter().map(|(key, value)| 1 + key.len() as u64 / 64 + weight(value)).sum::<u64>(),
        Value::Secret(inner) => weight(inner),
        _ => 1,
    }
}

/// The variables of the comprehensions around a step, innermost first.
struct Variables<'a> {
    name: &'a str,
    value: &'a Value,
    outer: Option<&'a Variables<'a>>,
}

struct Frame<'a> {
    run: &'a Run<'a>,
    expression: &'a Expression,
    looked_up: Vec<OnceCell<Option<Value>>>,
}

type Outcome<'a> = Result<Cow<'a, Value>, Fault>;

fn owned<'a>(value: Value) -> Outcome<'a> {
    Ok(Cow::Owned(value))
}

/// The value, secret if anything that it was made of is.
pub(super) fn marked(value: Value, secret: bool) -> Value {
    if secret { value.secret() } else { value }
}

fn failed(message: impl Into<String>, at: Extent) -> Fault {
    Fault::new("expression-failed", message, at)
}

impl Frame<'_> {
    fn eval<'a>(&'a self, node: &'a Node, variables: Option<&'a Variables<'a>>) -> Outcome<'a> {
        self.run.spend(1, node.at)?;
        match &node.op {
            Op::Literal(value) => Ok(Cow::Borrowed(value)),
            Op::Slot(index) => self.slot(*index, node.at),
            Op::Instance { resource, keys, key, path } => {
                let key = self.eval(key, variables)?;
                let Some(text) = key.as_str() else {
                    return if matches!(key.peek(), Value::Unknown) {
                        owned(Value::Unknown)
                    } else {
                        Err(failed(
                            format!("`{resource}` is indexed with a string, and this is {}", type_name(&key)),
                            node.at,
                        ))
                    };
                };
                if !keys.contains(text) {
                    let fault =
                        Fault::new("unknown-instance", format!("`{resource}` has no instance with this key"), node.at);
                    let help = suggest(text, keys.iter().map(String::as_str)).filter(|_| !key.has_secret());
                    return Err(match help {
                        Some(help) => fault.help(help),
                        None => fault,
                    });
                }
                let reference = Reference::Resource(Address::instance(resource, text), path.clone());
                let value = self.run.scope.lookup(&reference).ok_or_else(|| missing(&reference, node.at))?;
                self.run.spend(weight(&value), node.at)?;
                owned(marked(value, key.has_secret()))
            }
            Op::EachKey => match self.run.each {
                Some(each) => owned(Value::String(each.key.clone())),
                None => Err(no_each(node.at)),
            },
            Op::EachValue => self.each_value(node.at),
            Op::Variable(name) => {
                let mut at = variables;
                while let Some(Variables { name: known, value, outer }) = at {
                    if known == name {
                        return Ok(Cow::Borrowed(value));
                    }
                    at = *outer;
                }
                Err(failed(format!("there is no `{name}` here"), node.at))
            }
            Op::Select { from, field } => {
                let from = self.eval(from, variables)?;
                self.member(from, field, node.at)
            }
            Op::Has { from, field } => {
                let from = self.eval(from, variables)?;
                let found = match from.peek() {
                    Value::Unknown => return owned(Value::Unknown),
                    Value::Map(map) => map.get(field).is_some_and(|value| !matches!(value, Value::Null)),
                    Value::Null => false,
                    other => {
                        return Err(failed(
                            format!("`has` asks for a member of a map, and this is {}", type_name(other)),
                            node.at,
                        ));
                    }
                };
                owned(marked(Value::Bool(found), matches!(*from, Value::Secret(_))))
            }
            Op::Defined(of) => self.defined(of, variables),
            Op::Index { from, index } => {
                let from = self.eval(from, variables)?;
                let index = self.eval(index, variables)?;
                self.index(from, &index, node.at)
            }
            Op::List(items) => {
                let items =
                    items.iter().map(|item| self.eval(item, variables).and_then(|value| self.own(value, item.at)));
                owned(Value::List(items.collect::<Result<_, _>>()?))
            }
            Op::Map(entries) => self.map(entries, variables, node.at),
            Op::Not(of) => {
                let value = self.eval(of, variables)?;
                match self.truth(&value, of.at)? {
                    Truth::Unknown => owned(Value::Unknown),
                    Truth::Known { truth, secret } => owned(marked(Value::Bool(!truth), secret)),
                }
            }
            Op::And(a, b) => self.junction(a, b, variables, false),
            Op::Or(a, b) => self.junction(a, b, variables, true),
            Op::If(parts) => {
                let [condition, then, otherwise] = &**parts;
                let value = self.eval(condition, variables)?;
                match self.truth(&value, condition.at)? {
                    Truth::Unknown => owned(Value::Unknown),
                    Truth::Known { truth, secret } => {
                        let branch = if truth { then } else { otherwise };
                        let value = self.eval(branch, variables)?;
                        if secret { owned(self.own(value, branch.at)?.secret()) } else { Ok(value) }
                    }
                }
            }
            Op::Negate(of) => {
                let value = self.eval(of, variables)?;
                if matches!(value.peek(), Value::Unknown) {
                    return owned(Value::Unknown);
                }
                let negative = negate(value.peek()).map_err(|message| failed(message, node.at))?;
                owned(marked(negative, value.has_secret()))
            }
            Op::Operator(operator, operands) => self.operator(*operator, operands, variables, node.at),
            Op::Call(function, args) => self.call(*function, args, variables, node.at),
            Op::Loop(looped) => self.repeat(looped, variables, node.at),
        }
    }

    /// A value of one's own, paid for if it must be copied.
    fn own(&self, value: Cow<'_, Value>, at: Extent) -> Result<Value, Fault> {
        if let Cow::Borrowed(borrowed) = value {
            self.run.spend(weight(borrowed), at)?;
        }
        Ok(value.into_owned())
    }

    fn slot(&self, index: usize, at: Extent) -> Outcome<'_> {
        let (slot, cell) = (&self.expression.slots[index], &self.looked_up[index]);
        if cell.get().is_none() {
            let value = self.look_up(slot);
            self.run.spend(value.as_ref().map_or(1, weight), at)?;
            // The cell is empty: nothing else runs in between.
            let _ = cell.set(value);
        }
        match cell.get() {
            Some(Some(value)) => Ok(Cow::Borrowed(value)),
            _ => Err(match slot {
                Slot::Reference(reference) => missing(reference, at),
                Slot::All { resource, .. } => failed(format!("`{resource}` has no value"), at),
            }),
        }
    }

    fn look_up(&self, slot: &Slot) -> Option<Value> {
        match slot {
            Slot::Reference(reference) => self.run.scope.lookup(reference),
            Slot::All { resource, keys, path } => {
                let one = |key: &String| {
                    let reference = Reference::Resource(Address::instance(resource, key), path.clone());
                    Some((key.clone(), self.run.scope.lookup(&reference)?))
                };
                keys.iter().map(one).collect::<Option<Map>>().map(Value::Map)
            }
        }
    }

    fn defined<'a>(&'a self, of: &'a Node, variables: Option<&'a Variables<'a>>) -> Outcome<'a> {
        if let Op::Slot(index) = of.op {
            let slot = &self.expression.slots[index];
            let value = self.look_up(slot);
            self.run.spend(value.as_ref().map_or(1, weight), of.at)?;
            return owned(match value {
                Some(Value::Unknown) => Value::Unknown,
                Some(Value::Secret(inner)) => marked(Value::Bool(!matches!(*inner, Value::Null)), true),
                Some(value) => Value::Bool(!matches!(value, Value::Null)),
                None => Value::Bool(false),
            });
        }
        let value = self.eval(of, variables)?;
        if matches!(value.peek(), Value::Unknown) {
            return owned(Value::Unknown);
        }
        owned(marked(Value::Bool(!matches!(value.peek(), Value::Null)), value.has_secret()))
    }

    fn each_value(&self, at: Extent) -> Outcome<'_> {
        let each = self.run.each.ok_or_else(|| no_each(at))?;
        if self.run.each_value.get().is_none() {
            let value = each.value.evaluate(self.run.scope);
            self.run.spend(value.as_ref().map_or(1, weight), at)?;
            match value {
                Ok(value) => {
                    let _ = self.run.each_value.set(Some(value));
                }
                Err(diagnostic) => return Err(failed(format!("`each.value` failed: {}", diagnostic.message), at)),
            }
        }
        match self.run.each_value.get() {
            Some(Some(value)) => Ok(Cow::Borrowed(value)),
            _ => Err(no_each(at)),
        }
    }

    fn member<'a>(&self, from: Cow<'a, Value>, field: &str, at: Extent) -> Outcome<'a> {
        match from {
            Cow::Borrowed(Value::Map(map)) => match map.get(field) {
                Some(value) => Ok(Cow::Borrowed(value)),
                None => Err(no_member(field, Some(map), at)),
            },
            Cow::Owned(Value::Map(mut map)) => match map.remove(field) {
                Some(value) => owned(value),
                None => Err(no_member(field, Some(&map), at)),
            },
            other => match other.peek() {
                Value::Unknown => owned(Value::Unknown),
                Value::Map(map) => {
                    // A secret: neither its members nor their names are shown.
                    let value = map.get(field).ok_or_else(|| no_member(field, None, at))?;
                    self.run.spend(weight(value), at)?;
                    owned(value.clone().secret())
                }
                plain => Err(failed(format!("`.{field}` is a member of a map, and this is {}", type_name(plain)), at)),
            },
        }
    }

    fn index<'a>(&self, from: Cow<'a, Value>, index: &Value, at: Extent) -> Outcome<'a> {
        if matches!(from.peek(), Value::Unknown) || matches!(index.peek(), Value::Unknown) {
            return owned(Value::Unknown);
        }
        let secret = matches!(*from, Value::Secret(_)) || matches!(index, Value::Secret(_));
        match (from.peek(), index.peek()) {
            (Value::Map(_), Value::String(key)) => {
                let key = key.clone();
                let value = self
                    .member(from, &key, at)
                    .map_err(|fault| if secret { failed("there is no such key", at) } else { fault })?;
                if secret { owned(self.own(value, at)?.secret()) } else { Ok(value) }
            }
            (Value::List(items), Value::Number(number)) => {
                let item = number.as_u64().and_then(|n| usize::try_from(n).ok()).and_then(|n| items.get(n));
                let Some(item) = item else {
                    return Err(failed(format!("the list has {} items, counted from 0", items.len()), at));
                };
                self.run.spend(weight(item), at)?;
                owned(marked(item.clone(), secret))
            }
            (a, b) => Err(failed(format!("{} cannot be indexed with {}", type_name(a), type_name(b)), at)),
        }
    }

    fn map<'a>(&'a self, entries: &'a [(Node, Node)], variables: Option<&'a Variables<'a>>, at: Extent) -> Outcome<'a> {
        let mut map = Map::new();
        for (key_node, value_node) in entries {
            let key = self.eval(key_node, variables)?;
            let key = match &*key {
                Value::String(text) => text.clone(),
                // A map whose keys are not known yet is not known at all.
                Value::Unknown => return owned(Value::Unknown),
                Value::Secret(_) => return Err(failed("a secret cannot be a key, since keys are shown", key_node.at)),
                other => {
                    return Err(failed(format!("a key is a string, and this is {}", type_name(other)), key_node.at));
                }
            };
            let value = self.eval(value_node, variables)?;
            let value = self.own(value, value_node.at)?;
            if map.insert(key, value).is_some() {
                return Err(failed("the map has the same key twice", key_node.at));
            }
        }
        let value = Value::Map(map);
        if crate::stack::reserved_key(&value).is_some() {
            return Err(failed("this map has a key that maps keeps for itself", at));
        }
        owned(value)
    }

    fn truth(&self, value: &Value, at: Extent) -> Result<Truth, Fault> {
        match value.peek() {
            Value::Bool(truth) => Ok(Truth::Known { truth: *truth, secret: matches!(value, Value::Secret(_)) }),
            Value::Unknown => Ok(Truth::Unknown),
            other => Err(failed(format!("this must be true or false, and is {}", type_name(other)), at)),
        }
    }

    /// `&&` and `||`: `decisive` on either side decides, whatever is wrong with the other.
    fn junction<'a>(
        &'a self,
        a: &'a Node,
        b: &'a Node,
        variables: Option<&'a Variables<'a>>,
        decisive: bool,
    ) -> Outcome<'a> {
        let side = |node: &'a Node| self.eval(node, variables).and_then(|value| self.truth(&value, node.at));
        let mut fold = Junction::new(decisive);
        for node in [a, b] {
            if fold.take(side(node)) {
                break;
            }
        }
        fold.result().map(Cow::Owned)
    }

    fn operator<'a>(
        &'a self,
        operator: Operator,
        operands: &'a [Node; 2],
        variables: Option<&'a Variables<'a>>,
        at: Extent,
    ) -> Outcome<'a> {
        let (left, right) = (self.eval(&operands[0], variables)?, self.eval(&operands[1], variables)?);
        let deep = operator.is_deep();
        let unknown = |value: &Value| if deep { value.has_unknown() } else { matches!(value.peek(), Value::Unknown) };
        if deep {
            self.run.spend(weight(&left).saturating_add(weight(&right)), at)?;
        }
        if unknown(&left) || unknown(&right) {
            return owned(Value::Unknown);
        }
        let secret = |value: &Value| if deep { value.has_secret() } else { matches!(value, Value::Secret(_)) };
        let secret = secret(&left) || secret(&right);
        let (left, right) = (unmarked(self.own(left, at)?), unmarked(self.own(right, at)?));
        let value = operator.apply(left, right).map_err(|message| failed(message, at))?;
        // What an operator makes costs as well: that is what stops text that doubles and doubles.
        if let Value::String(text) = &value {
            self.run.spend(text.len() as u64 / 64, at)?;
        }
        owned(marked(value, secret))
    }

    fn call<'a>(
        &'a self,
        function: Function,
        args: &'a [Node],
        variables: Option<&'a Variables<'a>>,
        at: Extent,
    ) -> Outcome<'a> {
        let deep = function.is_deep();
        let mut values = Vec::with_capacity(args.len());
        let mut secret = false;
        let mut unknown = false;
        for arg in args {
            let value = self.eval(arg, variables)?;
            unknown |= if deep { value.has_unknown() } else { matches!(value.peek(), Value::Unknown) };
            secret |= if deep { value.has_secret() } else { matches!(*value, Value::Secret(_)) };
            let value = self.own(value, arg.at)?;
            values.push(if deep { value.revealed() } else { unmarked(value) });
        }
        if unknown {
            return owned(Value::Unknown);
        }
        let value = function.apply(&values).map_err(|message| failed(message, at))?;
        self.run.spend(weight(&value), at)?;
        owned(marked(value, secret))
    }

    fn repeat<'a>(&'a self, looped: &'a Loop, outer: Option<&'a Variables<'a>>, at: Extent) -> Outcome<'a> {
        let range = self.eval(&looped.range, outer)?;
        let secret = matches!(*range, Value::Secret(_));
        let items: Vec<Value> = match self.own(range, looped.range.at)? {
            Value::List(items) => items,
            Value::Map(map) => map.into_keys().map(Value::String).collect(),
            Value::Unknown => return owned(Value::Unknown),
            Value::Secret(inner) => match *inner {
                Value::List(items) => items.into_iter().map(Value::secret).collect(),
                Value::Map(map) => map.into_keys().map(|key| Value::String(key).secret()).collect(),
                other => return Err(not_iterable(&other, looped.range.at)),
            },
            other => return Err(not_iterable(&other, looped.range.at)),
        };
        let test = |variables: &Variables<'_>| match &looped.predicate {
            None => Ok(Truth::Known { truth: true, secret: false }),
            Some(predicate) => self.eval(predicate, Some(variables)).and_then(|value| self.truth(&value, predicate.at)),
        };
        let value = match looped.kind {
            LoopKind::All | LoopKind::Exists => {
                let mut fold = Junction::new(looped.kind == LoopKind::Exists);
                for item in &items {
                    if fold.take(test(&Variables { name: &looped.variable, value: item, outer })) {
                        break;
                    }
                }
                fold.result()?
            }
            LoopKind::ExistsOne | LoopKind::Collect => {
                let (mut collected, mut count, mut tainted, mut unknown) = (Vec::new(), 0_usize, false, false);
                for item in &items {
                    let variables = Variables { name: &looped.variable, value: item, outer };
                    match test(&variables)? {
                        Truth::Unknown => unknown = true,
                        Truth::Known { truth, secret } => {
                            tainted |= secret;
                            if !truth {
                                continue;
                            }
                            count += 1;
                            if let Some(item) = &looped.item {
                                let value = self.eval(item, Some(&variables))?;
                                collected.push(self.own(value, item.at)?);
                            }
                        }
                    }
                }
                let value = match looped.kind {
                    _ if unknown => Value::Unknown,
                    LoopKind::ExistsOne => Value::Bool(count == 1),
                    _ => Value::List(collected),
                };
                marked(value, tainted)
            }
        };
        self.run.spend(1, at)?;
        owned(marked(value, secret))
    }
}

/// Takes off the mark at the top, and within if there is any: for operators, which put it back.
fn unmarked(value: Value) -> Value {
    match value {
        Value::Secret(inner) => *inner,
        plain => plain,
    }
}

fn no_each(at: Extent) -> Fault {
    Fault::new("no-each", "`each` stands for nothing here", at).help("it is known in resources that have an `each`")
}

fn not_iterable(value: &Value, at: Extent) -> Fault {
    failed(format!("only lists and maps can be looped over, and this is {}", type_name(value)), at)
}

fn no_member(field: &str, map: Option<&Map>, at: Extent) -> Fault {
    let fault =
        Fault::new("no-such-field", format!("there is no `{}` in this map", crate::stack::yaml::shown(field)), at);
    match map.and_then(|map| suggest(field, map.keys().map(String::as_str))) {
        Some(help) => fault.help(help),
        None => fault,
    }
}

fn missing(reference: &Reference, at: Extent) -> Fault {
    match reference {
        Reference::Input(name) => Fault::new("unknown-input", format!("the input `{name}` has no value here"), at),
        Reference::Output(name) => Fault::new("unknown-output", format!("the output `{name}` has no value here"), at),
        Reference::Resource(address, path) if path.is_empty() => {
            Fault::new("unknown-resource", format!("`{address}` has no value here"), at)
        }
        Reference::Resource(address, path) => {
            Fault::new("no-such-field", format!("`{address}` has no `{}`", path.join(".")), at)
        }
    }
}
