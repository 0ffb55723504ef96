//! Evaluates expressions, and stops those that cost too much.

use std::sync::Arc;

use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};

use super::check::{qualified, type_name};
use super::functions;
use super::signatures::is_global;
use super::special::{Special, special};
use super::value::Val;

/// Why there is no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// In words: `no such key: x`.
    Error(String),
    /// It costs more than it may.
    Cost,
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Error(message)
    }
}

type Outcome = Result<Val, Failure>;

/// An evaluation under way.
#[derive(Debug)]
pub(crate) struct Run {
    names: Vec<(Arc<str>, Result<Val, String>)>,
    /// What was spent so far.
    pub(crate) spent: u64,
    most: u64,
}

fn no_overload() -> Failure {
    Failure::Error("no such overload".to_owned())
}

fn missing(key: &Val) -> Failure {
    Failure::Error(format!("no such key: {}", functions::shown(key)))
}

impl Run {
    /// An evaluation with these variables, which may cost so much.
    pub(crate) fn new(names: Vec<(&str, Val)>, most: u64) -> Self {
        let names = names.into_iter().map(|(name, value)| (Arc::from(name), Ok(value))).collect();
        Self { names, spent: 0, most }
    }

    fn spend(&mut self, cost: u64) -> Result<(), Failure> {
        self.spent = self.spent.saturating_add(cost);
        match self.spent > self.most {
            true => Err(Failure::Cost),
            false => Ok(()),
        }
    }

    /// The value of an expression.
    pub(crate) fn expression(&mut self, node: &IdedExpr) -> Outcome {
        match &node.expr {
            Expr::Unspecified | Expr::Struct(_) => Err(no_overload()),
            Expr::Literal(literal) => Ok(of_literal(literal)),
            Expr::Ident(name) => {
                self.spend(1)?;
                let name = name.trim_start_matches('.');
                match self.names.iter().rev().find(|(known, _)| &**known == name) {
                    Some((_, Ok(value))) => Ok(value.clone()),
                    Some((_, Err(error))) => Err(Failure::Error(error.clone())),
                    None => Ok(Val::Type(Arc::from(name))),
                }
            }
            Expr::Select(select) => {
                if let Some(name) = type_name(node) {
                    return Ok(Val::Type(Arc::from(name)));
                }
                let operand = self.expression(&select.operand)?;
                self.spend(1)?;
                if select.test {
                    return has(&operand, &select.field);
                }
                match &operand {
                    Val::Optional(_) => Ok(optional_field(&operand, &select.field)),
                    Val::Object(_) | Val::Map(_) => {
                        operand.field(&select.field).cloned().ok_or_else(|| missing(&Val::text(&select.field)))
                    }
                    _ => Err(no_overload()),
                }
            }
            Expr::List(list) => {
                self.spend(10)?;
                let mut items = Vec::with_capacity(list.elements.len());
                for (index, element) in list.elements.iter().enumerate() {
                    match (list.optional_indices.contains(&index), self.expression(element)?) {
                        (true, Val::Optional(value)) => items.extend(value.map(|value| (*value).clone())),
                        (_, value) => items.push(value),
                    }
                }
                Ok(Val::list(items))
            }
            Expr::Map(map) => {
                self.spend(30)?;
                let mut entries: Vec<(Val, Val)> = Vec::with_capacity(map.entries.len());
                for entry in &map.entries {
                    let EntryExpr::MapEntry(entry) = &entry.expr else { continue };
                    let key = self.expression(&entry.key)?;
                    if entries.iter().any(|(known, _)| *known == key) {
                        return Err(Failure::Error(format!("Failed with repeated key: {}", functions::shown(&key))));
                    }
                    match (entry.optional, self.expression(&entry.value)?) {
                        (true, Val::Optional(None)) => {}
                        (true, Val::Optional(Some(value))) => entries.push((key, (*value).clone())),
                        (_, value) => entries.push((key, value)),
                    }
                }
                Ok(Val::Map(Arc::new(entries)))
            }
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::Call(call) => self.call(call),
        }
    }

    fn truth(&mut self, node: &IdedExpr) -> Result<bool, Failure> {
        match self.expression(node)? {
            Val::Bool(is) => Ok(is),
            _ => Err(no_overload()),
        }
    }

    fn call(&mut self, call: &CallExpr) -> Outcome {
        if let Some(special) = special(call) {
            return self.special(&special);
        }
        match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::LOGICAL_AND, [one, two]) => return self.logic(one, two, false),
            (operators::LOGICAL_OR, [one, two]) => return self.logic(one, two, true),
            (operators::CONDITIONAL, [test, yes, no]) => {
                return match self.truth(test)? {
                    true => self.expression(yes),
                    false => self.expression(no),
                };
            }
            (operators::NOT_STRICTLY_FALSE, [arg]) => {
                return match self.truth(arg) {
                    Ok(is) => Ok(Val::Bool(is)),
                    Err(Failure::Error(_)) => Ok(Val::Bool(true)),
                    Err(cost) => Err(cost),
                };
            }
            (operators::OPT_SELECT, [operand, field]) => {
                let operand = self.expression(operand)?;
                self.spend(1)?;
                let Val::String(name) = self.expression(field)? else { return Err(no_overload()) };
                return Ok(optional_field(&operand, &name));
            }
            _ => {}
        }
        let declared = |name: &str| self.names.iter().any(|(known, _)| &**known == name);
        let shadowed =
            call.target.as_deref().is_some_and(|target| matches!(&target.expr, Expr::Ident(name) if declared(name)));
        let global = qualified(call).filter(|name| is_global(name) && !shadowed);
        let target = match (&global, &call.target) {
            (None, Some(target)) => Some(self.expression(target)?),
            _ => None,
        };
        let args = call.args.iter().map(|arg| self.expression(arg)).collect::<Result<Vec<Val>, Failure>>()?;
        let name = global.as_deref().unwrap_or(&call.func_name);
        self.spend(functions::cost(name, target.as_ref(), &args))?;
        Ok(functions::call(name, target.as_ref(), &args)?)
    }

    /// `&&` and `||`: what one side decides, an error of the other does not spoil.
    fn logic(&mut self, one: &IdedExpr, two: &IdedExpr, decides: bool) -> Outcome {
        let first = self.truth(one);
        if first == Ok(decides) || first == Err(Failure::Cost) {
            return first.map(Val::Bool);
        }
        let second = self.truth(two);
        match (first, second) {
            (_, Ok(is)) if is == decides => Ok(Val::Bool(decides)),
            (_, Err(Failure::Cost)) => Err(Failure::Cost),
            (Err(error), _) | (Ok(_), Err(error)) => Err(error),
            (Ok(_), Ok(_)) => Ok(Val::Bool(!decides)),
        }
    }

    fn comprehension(&mut self, loops: &ComprehensionExpr) -> Outcome {
        let range = items(&self.expression(&loops.iter_range)?)?;
        let init = self.expression(&loops.accu_init)?;
        let (accumulator, variable): (Arc<str>, Arc<str>) =
            (Arc::from(loops.accu_var.as_str()), Arc::from(loops.iter_var.as_str()));
        let depth = self.names.len();
        if let (Some((filter, element)), Val::List(_)) = (appends(loops), &init) {
            let mut made = Vec::new();
            for (_, item) in range {
                self.spend(2)?;
                self.names.push((variable.clone(), Ok(item)));
                let outcome = filter.map_or(Ok(true), |filter| self.truth(filter)).and_then(|keeps| match keeps {
                    true => self.expression(element).map(Some),
                    false => Ok(None),
                });
                self.names.truncate(depth);
                made.extend(outcome?);
            }
            return Ok(Val::list(made));
        }
        let mut value: Result<Val, String> = Ok(init);
        for (_, item) in range {
            self.names.push((accumulator.clone(), value.clone()));
            self.names.push((variable.clone(), Ok(item)));
            let goes_on = self.truth(&loops.loop_cond);
            let step = match goes_on {
                Ok(true) => Some(self.expression(&loops.loop_step)),
                Ok(false) => None,
                Err(failure) => Some(Err(failure)),
            };
            self.names.truncate(depth);
            match step {
                None => break,
                Some(Ok(next)) => value = Ok(next),
                Some(Err(Failure::Error(error))) => value = Err(error),
                Some(Err(Failure::Cost)) => return Err(Failure::Cost),
            }
        }
        self.names.push((accumulator, value));
        let result = self.expression(&loops.result);
        self.names.truncate(depth);
        result
    }

    fn special(&mut self, call: &Special<'_>) -> Outcome {
        let target = self.expression(call.target)?;
        let depth = self.names.len();
        if let Some(flat) = call.of_optional() {
            let Val::Optional(value) = target else { return Err(no_overload()) };
            let Some(value) = value else { return Ok(Val::Optional(None)) };
            self.names.push((Arc::from(call.first), Ok((*value).clone())));
            let result = self.expression(call.body);
            self.names.truncate(depth);
            return match (flat, result?) {
                (true, value) => Ok(value),
                (false, value) => Ok(Val::some(value)),
            };
        }
        let (mut failed, mut holds) = (None, 0);
        let mut made: Vec<(Val, Val)> = Vec::new();
        for (key, item) in pairs(&target, call.second.is_some())? {
            self.spend(1)?;
            if let Some(second) = call.second {
                self.names.push((Arc::from(call.first), Ok(key.clone())));
                self.names.push((Arc::from(second), Ok(item.clone())));
            } else {
                self.names.push((Arc::from(call.first), Ok(item.clone())));
            }
            let keeps = call.filter.map_or(Ok(true), |filter| self.truth(filter));
            let outcome = match keeps {
                Ok(true) => self.expression(call.body).map(Some),
                Ok(false) => Ok(None),
                Err(failure) => Err(failure),
            };
            self.names.truncate(depth);
            match (call.name, outcome) {
                (_, Err(Failure::Cost)) => return Err(Failure::Cost),
                ("all" | "exists", Err(failure)) => failed = Some(failure),
                (_, Err(failure)) => return Err(failure),
                (_, Ok(None)) => {}
                ("all", Ok(Some(Val::Bool(false)))) => return Ok(Val::Bool(false)),
                ("exists", Ok(Some(Val::Bool(true)))) => return Ok(Val::Bool(true)),
                ("all" | "exists" | "existsOne", Ok(Some(value))) => match value {
                    Val::Bool(is) => holds += i32::from(is),
                    _ => return Err(no_overload()),
                },
                ("sortBy", Ok(Some(value))) => made.push((value, item)),
                (_, Ok(Some(value))) => made.push((key, value)),
            }
        }
        if let Some(failure) = failed {
            return Err(failure);
        }
        Ok(match call.name {
            "all" => Val::Bool(true),
            "exists" => Val::Bool(false),
            "existsOne" => Val::Bool(holds == 1),
            "transformMap" => Val::Map(Arc::new(made)),
            "sortBy" => {
                made.sort_by(|one, two| one.0.compare(&two.0).unwrap_or(std::cmp::Ordering::Equal));
                Val::list(made.into_iter().map(|(_, item)| item).collect())
            }
            _ => Val::list(made.into_iter().map(|(_, value)| value).collect()),
        })
    }
}

/// What `map` and `filter` put to their result each time, under which condition.
fn appends(loops: &ComprehensionExpr) -> Option<(Option<&IdedExpr>, &IdedExpr)> {
    let is_accumulator = |node: &IdedExpr| matches!(&node.expr, Expr::Ident(name) if *name == loops.accu_var);
    let appended = |node: &'_ IdedExpr| -> bool {
        matches!(&node.expr, Expr::Call(call) if call.func_name == operators::ADD && call.args.first().is_some_and(is_accumulator))
    };
    if !is_accumulator(&loops.result) {
        return None;
    }
    if appended(&loops.loop_step) {
        return Some((None, element(&loops.loop_step)?));
    }
    match &loops.loop_step.expr {
        Expr::Call(call) if call.func_name == operators::CONDITIONAL => match call.args.as_slice() {
            [filter, step, other] if appended(step) && is_accumulator(other) => Some((Some(filter), element(step)?)),
            _ => None,
        },
        _ => None,
    }
}

/// The only item of the list that is put behind something.
fn element(node: &IdedExpr) -> Option<&IdedExpr> {
    let Expr::Call(call) = &node.expr else { return None };
    let Expr::List(list) = &call.args.get(1)?.expr else { return None };
    match list.elements.as_slice() {
        [one] if list.optional_indices.is_empty() => Some(one),
        _ => None,
    }
}

/// What a macro with one variable goes through: items, or keys.
fn items(range: &Val) -> Result<Vec<(Val, Val)>, Failure> {
    pairs(range, false)
}

/// Keys (or indices) and values; for one variable the values of lists and the keys of maps.
fn pairs(range: &Val, two: bool) -> Result<Vec<(Val, Val)>, Failure> {
    match range {
        Val::List(list) => Ok((0i64..).zip(&list.items).map(|(index, item)| (Val::Int(index), item.clone())).collect()),
        Val::Map(entries) => {
            let pair = |(key, value): &(Val, Val)| (key.clone(), if two { value.clone() } else { key.clone() });
            Ok(entries.iter().map(pair).collect())
        }
        Val::Object(fields) => {
            let pair = |(name, value): &(Arc<str>, Val)| {
                let key = Val::String(name.clone());
                (key.clone(), if two { value.clone() } else { key })
            };
            Ok(fields.iter().map(pair).collect())
        }
        _ => Err(no_overload()),
    }
}

fn has(operand: &Val, name: &str) -> Outcome {
    match operand {
        Val::Object(_) | Val::Map(_) => Ok(Val::Bool(operand.field(name).is_some())),
        Val::Optional(None) => Ok(Val::Bool(false)),
        Val::Optional(Some(value)) => has(value, name),
        _ => Err(no_overload()),
    }
}

/// A field that may not be there.
fn optional_field(operand: &Val, name: &str) -> Val {
    match operand {
        Val::Optional(None) => Val::Optional(None),
        Val::Optional(Some(value)) => optional_field(value, name),
        operand => Val::Optional(operand.field(name).map(|value| Arc::new(value.clone()))),
    }
}

fn of_literal(literal: &LiteralValue) -> Val {
    match literal {
        LiteralValue::Boolean(is) => Val::Bool(*is.inner()),
        LiteralValue::Bytes(bytes) => Val::Bytes(Arc::from(bytes.inner())),
        LiteralValue::Double(number) => Val::Double(*number.inner()),
        LiteralValue::Int(number) => Val::Int(*number.inner()),
        LiteralValue::Null => Val::Null,
        LiteralValue::String(text) => Val::text(text.inner()),
        LiteralValue::UInt(number) => Val::Uint(*number.inner()),
    }
}
