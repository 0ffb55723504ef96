//! Checks the types of an expression, and estimates the most that it can cost.

use std::sync::Arc;

use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::cost;
use super::names;
use super::signatures::{is_global, is_known, resolve};
use super::special::{Special, special};
use super::types::Type;
use crate::crd::{format, pattern};

/// What is known of an expression.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// The type of its value.
    pub(crate) is: Type,
    /// The most that it costs.
    pub(crate) cost: u64,
}

/// A check under way: what names there are, and what is wrong so far, by the id of the part.
#[derive(Debug, Default)]
pub(crate) struct Check {
    names: Vec<(String, Type)>,
    /// What is wrong.
    pub(crate) errors: Vec<(u64, String)>,
    /// Whether the old value is read.
    pub(crate) uses_old: bool,
    /// Why a program cannot be made of an expression that is right otherwise.
    pub(crate) unusable: Option<String>,
    /// Whether lists may have items of several types: the arguments of `format`.
    mixed: bool,
}

impl Check {
    /// A check with these variables.
    pub(crate) fn new(names: Vec<(String, Type)>) -> Self {
        Self { names, ..Self::default() }
    }

    fn fail(&mut self, id: u64, message: String) -> Type {
        self.errors.push((id, message));
        Type::DYN
    }

    /// The type and cost of an expression.
    pub(crate) fn expression(&mut self, node: &IdedExpr) -> Known {
        match &node.expr {
            Expr::Unspecified => Known { is: self.fail(node.id, "unsupported expression".to_owned()), cost: 0 },
            Expr::Literal(literal) => Known { is: of_literal(literal), cost: 0 },
            Expr::Ident(name) => Known { is: self.ident(node.id, name), cost: 1 },
            Expr::Select(_) if type_name(node).is_some() => Known { is: Type::Type, cost: 1 },
            Expr::Select(select) => {
                let operand = self.expression(&select.operand);
                let field = self.field(node.id, &operand.is, &select.field);
                let is = if select.test { Type::Bool } else { field };
                Known { is, cost: operand.cost.saturating_add(1) }
            }
            Expr::List(list) => {
                let mut cost: u64 = 10;
                let mut item: Option<Type> = None;
                for (index, element) in list.elements.iter().enumerate() {
                    let known = self.expression(element);
                    cost = cost.saturating_add(known.cost);
                    let is = match (list.optional_indices.contains(&index), known.is) {
                        (true, Type::Optional(of)) => (*of).clone(),
                        (_, is) => is,
                    };
                    item = Some(self.alike(element.id, item, is));
                }
                let count = list.elements.len() as u64;
                Known { is: Type::List(Arc::new(item.unwrap_or(Type::Dyn(0))), count), cost }
            }
            Expr::Map(map) => {
                let mut cost: u64 = 30;
                let (mut key, mut value): (Option<Type>, Option<Type>) = (None, None);
                for entry in &map.entries {
                    let EntryExpr::MapEntry(entry) = &entry.expr else { continue };
                    let (known_key, known) = (self.expression(&entry.key), self.expression(&entry.value));
                    cost = cost.saturating_add(known_key.cost).saturating_add(known.cost);
                    let is = match (entry.optional, known.is) {
                        (true, Type::Optional(of)) => (*of).clone(),
                        (_, is) => is,
                    };
                    key = Some(self.alike(entry.key.id, key, known_key.is));
                    value = Some(self.alike(entry.value.id, value, is));
                }
                let (key, value) = (key.unwrap_or(Type::Dyn(0)), value.unwrap_or(Type::Dyn(0)));
                Known { is: Type::Map(Arc::new(key), Arc::new(value), map.entries.len() as u64), cost }
            }
            Expr::Struct(made) => {
                let message = format!("undeclared reference to '{}' (in container '')", made.type_name);
                Known { is: self.fail(node.id, message), cost: 40 }
            }
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::Call(call) => self.call(node.id, call),
        }
    }

    /// Lists and maps have items of one type.
    fn alike(&mut self, id: u64, before: Option<Type>, is: Type) -> Type {
        match before {
            None => is,
            Some(before) if before.fits(&is) => before.or(&is).join(&is),
            Some(_) if self.mixed => Type::DYN,
            Some(before) => self.fail(id, format!("expected type '{before}' but found '{is}'")),
        }
    }

    fn ident(&mut self, id: u64, name: &str) -> Type {
        let name = name.trim_start_matches('.');
        if let Some((_, is)) = self.names.iter().rev().find(|(known, _)| known == name) {
            let is = is.clone();
            self.uses_old |= name == "oldSelf";
            return is;
        }
        const TYPES: [&str; 11] =
            ["bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type", "optional_type"];
        match TYPES.contains(&name) {
            true => Type::Type,
            false => self.fail(id, format!("undeclared reference to '{name}' (in container '')")),
        }
    }

    fn field(&mut self, id: u64, operand: &Type, name: &str) -> Type {
        match operand {
            Type::Dyn(_) => Type::DYN,
            Type::Map(_, value, _) => (**value).clone(),
            Type::Object(fields) => match fields.get(name).or_else(|| fields.get(&names::reserved(name)?)) {
                Some(is) => is.clone(),
                None => self.fail(id, format!("undefined field '{name}'")),
            },
            Type::Optional(of) => Type::Optional(Arc::new(match self.field(id, &of.clone(), name) {
                Type::Optional(of) => (*of).clone(),
                is => is,
            })),
            other => self.fail(id, format!("type '{other}' does not support field selection")),
        }
    }

    fn call(&mut self, id: u64, call: &CallExpr) -> Known {
        if let Some(special) = special(call) {
            return self.special(id, &special);
        }
        if let Some(name) = qualified(call).filter(|name| is_global(name) && !self.shadows(call)) {
            return self.plain(id, &name, None, &call.args);
        }
        match call.func_name.as_str() {
            operators::LOGICAL_AND | operators::LOGICAL_OR => self.logic(id, call),
            operators::CONDITIONAL => self.conditional(id, call),
            operators::OPT_SELECT => {
                let [operand, field] = call.args.as_slice() else {
                    return Known { is: Type::DYN, cost: 0 };
                };
                let known = self.expression(operand);
                let name = match &field.expr {
                    Expr::Literal(LiteralValue::String(name)) => name.inner().to_owned(),
                    _ => String::new(),
                };
                let is = match self.field(id, &known.is, &name) {
                    is @ Type::Optional(_) => is,
                    is => Type::Optional(Arc::new(is)),
                };
                Known { is, cost: known.cost.saturating_add(1) }
            }
            name => self.plain(id, name, call.target.as_deref(), &call.args),
        }
    }

    /// Whether the target of a call is a variable rather than the head of a function's name.
    fn shadows(&self, call: &CallExpr) -> bool {
        let Some(target) = &call.target else { return false };
        matches!(&target.expr, Expr::Ident(name) if self.names.iter().any(|(known, _)| known == name))
    }

    fn plain(&mut self, id: u64, name: &str, target: Option<&IdedExpr>, args: &[IdedExpr]) -> Known {
        let target = target.map(|target| self.expression(target));
        self.literal(name, args);
        let mixed = self.mixed;
        self.mixed |= name == "format";
        let args: Vec<Known> = args.iter().map(|arg| self.expression(arg)).collect();
        self.mixed = mixed;
        if !is_known(name) {
            let message = format!("undeclared reference to '{name}' (in container '')");
            return Known { is: self.fail(id, message), cost: 0 };
        }
        let types: Vec<Type> = args.iter().map(|arg| arg.is.clone()).collect();
        let own = target.as_ref().map(|target| &target.is);
        let Some(found) = resolve(name, own, &types) else {
            return Known { is: self.no_overload(id, name, own, &types), cost: 0 };
        };
        let below = args.iter().chain(&target).fold(0u64, |sum, known| sum.saturating_add(known.cost));
        let (cost, is) = cost::of_call(name, own, &types, found);
        Known { is, cost: below.saturating_add(cost) }
    }

    /// Texts and numbers that stand in the expression and are read by a function have to be right.
    fn literal(&mut self, name: &str, args: &[IdedExpr]) {
        let right = match (name, args) {
            ("timestamp", [IdedExpr { expr: Expr::Literal(LiteralValue::Int(seconds)), .. }]) => {
                (-62_135_596_800..=253_402_300_799).contains(seconds.inner())
            }
            (name, [first, ..]) => {
                let text = if name == "matches" { args.last().unwrap_or(first) } else { first };
                let Expr::Literal(LiteralValue::String(text)) = &text.expr else { return };
                let text = text.inner();
                match (name, args.len()) {
                    ("matches", _) => pattern::compile(text).is_ok(),
                    ("duration", 1) => format::go_duration(text).is_some(),
                    ("timestamp", 1) => OffsetDateTime::parse(text, &Rfc3339).is_ok(),
                    ("find" | "findAll", _) => {
                        self.unusable = self.unusable.take().or_else(|| pattern::compile(text).err());
                        true
                    }
                    _ => true,
                }
            }
            _ => true,
        };
        let Some(last) = args.last() else { return };
        if !right {
            self.fail(last.id, format!("invalid {name} argument"));
        }
    }

    fn no_overload(&mut self, id: u64, name: &str, target: Option<&Type>, args: &[Type]) -> Type {
        let args: Vec<String> = args.iter().map(ToString::to_string).collect();
        let target = target.map(|target| format!("{target}.")).unwrap_or_default();
        self.fail(id, format!("found no matching overload for '{name}' applied to '{target}({})'", args.join(", ")))
    }

    fn logic(&mut self, id: u64, call: &CallExpr) -> Known {
        let args: Vec<Known> = call.args.iter().map(|arg| self.expression(arg)).collect();
        let types: Vec<Type> = args.iter().map(|arg| arg.is.clone()).collect();
        if !types.iter().all(|is| is.fits(&Type::Bool)) {
            return Known { is: self.no_overload(id, &call.func_name, None, &types), cost: 0 };
        }
        Known { is: Type::Bool, cost: args.iter().fold(0, |sum, arg| sum.saturating_add(arg.cost)) }
    }

    fn conditional(&mut self, id: u64, call: &CallExpr) -> Known {
        let args: Vec<Known> = call.args.iter().map(|arg| self.expression(arg)).collect();
        let [test, yes, no] = args.as_slice() else {
            return Known { is: Type::DYN, cost: 0 };
        };
        if !test.is.fits(&Type::Bool) || !yes.is.fits(&no.is) {
            let types: Vec<Type> = args.iter().map(|arg| arg.is.clone()).collect();
            return Known { is: self.no_overload(id, operators::CONDITIONAL, None, &types), cost: 0 };
        }
        Known { is: yes.is.clone().or(&no.is).join(&no.is), cost: test.cost.saturating_add(yes.cost.max(no.cost)) }
    }

    /// What one goes through: the types of the index or key, and of the item or value.
    fn range(&mut self, id: u64, range: &Type) -> (Type, Type) {
        match range {
            Type::List(item, _) => (Type::Int, (**item).clone()),
            Type::Map(key, value, _) => ((**key).clone(), (**value).clone()),
            Type::Dyn(_) => (Type::DYN, Type::DYN),
            other => {
                let message = format!(
                    "expression of type '{other}' cannot be range of a comprehension (must be list, map, or dynamic)"
                );
                let is = self.fail(id, message);
                (is.clone(), is)
            }
        }
    }

    fn comprehension(&mut self, loops: &ComprehensionExpr) -> Known {
        let range = self.expression(&loops.iter_range);
        let init = self.expression(&loops.accu_init);
        let (key, value) = self.range(loops.iter_range.id, &range.is);
        let item = match range.is {
            Type::Map(..) => key,
            _ => value,
        };
        let depth = self.names.len();
        self.names.push((loops.accu_var.clone(), init.is.clone()));
        self.names.push((loops.iter_var.clone(), item));
        let condition = self.expression(&loops.loop_cond);
        let step = self.expression(&loops.loop_step);
        if !init.is.fits(&step.is) {
            let message = format!("expected type '{}' but found '{}'", init.is, step.is);
            self.fail(loops.loop_step.id, message);
        }
        if !condition.is.fits(&Type::Bool) {
            let message = format!("expected type 'bool' but found '{}'", condition.is);
            self.fail(loops.loop_cond.id, message);
        }
        let most = range.is.most();
        let accumulated = match init.is.clone().or(&step.is).join(&step.is) {
            Type::List(item, _) => Type::List(item, most),
            is => is,
        };
        self.names.truncate(depth);
        self.names.push((loops.accu_var.clone(), accumulated));
        let result = self.expression(&loops.result);
        self.names.truncate(depth);
        let each = condition.cost.saturating_add(step.cost);
        let cost = range.cost.saturating_add(init.cost).saturating_add(result.cost);
        Known { is: result.is, cost: cost.saturating_add(most.saturating_mul(each)) }
    }

    /// Checks something where these names are known too.
    fn with(&mut self, names: Vec<(String, Type)>, check: impl FnOnce(&mut Self) -> Known) -> Known {
        let depth = self.names.len();
        self.names.extend(names);
        let known = check(self);
        self.names.truncate(depth);
        known
    }

    fn special(&mut self, id: u64, call: &Special<'_>) -> Known {
        let target = self.expression(call.target);
        if let Some(flat) = call.of_optional() {
            let of = match &target.is {
                Type::Optional(of) => (**of).clone(),
                Type::Dyn(_) => Type::DYN,
                other => {
                    let (other, name) = (other.clone(), call.name);
                    self.fail(id, format!("found no matching overload for '{name}' applied to '{other}.(dyn)'"))
                }
            };
            let body = self.with(vec![(call.first.to_owned(), of)], |check| check.expression(call.body));
            let is = match (flat, body.is) {
                (true, is @ Type::Optional(_)) => is,
                (_, is) => Type::Optional(Arc::new(is)),
            };
            return Known { is, cost: target.cost.saturating_add(body.cost).saturating_add(1) };
        }
        let (key, value) = self.range(call.target.id, &target.is);
        let most = target.is.most();
        let names = match call.second {
            Some(second) => vec![(call.first.to_owned(), key.clone()), (second.to_owned(), value)],
            None if matches!(target.is, Type::Map(..)) => vec![(call.first.to_owned(), key.clone())],
            None => vec![(call.first.to_owned(), value)],
        };
        let mut filter = None;
        let body = self.with(names, |check| {
            filter = call.filter.map(|filter| check.expression(filter));
            check.expression(call.body)
        });
        let each = body.cost.saturating_add(filter.as_ref().map_or(0, |filter| filter.cost)).saturating_add(4);
        let wrong = match call.is_test() {
            true => Some(&body.is),
            false => filter.as_ref().map(|filter| &filter.is),
        };
        if let Some(is) = wrong.filter(|is| !is.fits(&Type::Bool)) {
            let message = format!("expected type 'bool' but found '{is}'");
            self.fail(call.body.id, message);
        }
        let is = match call.name {
            "transformList" => Type::List(Arc::new(body.is), most),
            "transformMap" => Type::Map(Arc::new(key), Arc::new(body.is), most),
            "sortBy" => target.is.clone(),
            _ => Type::Bool,
        };
        Known { is, cost: target.cost.saturating_add(most.saturating_mul(each)) }
    }
}

fn of_literal(literal: &LiteralValue) -> Type {
    match literal {
        LiteralValue::Boolean(_) => Type::Bool,
        LiteralValue::Bytes(bytes) => Type::Bytes(bytes.inner().len() as u64),
        LiteralValue::Double(_) => Type::Double,
        LiteralValue::Int(_) => Type::Int,
        LiteralValue::Null => Type::Null,
        LiteralValue::String(text) => Type::String(text.inner().len() as u64),
        LiteralValue::UInt(_) => Type::Uint,
    }
}

/// The name of a type with a namespace, if an expression is one: `google.protobuf.Duration`.
pub(crate) fn type_name(node: &IdedExpr) -> Option<String> {
    const TYPES: [&str; 8] = [
        "google.protobuf.Duration",
        "google.protobuf.Timestamp",
        "net.IP",
        "net.CIDR",
        "kubernetes.URL",
        "kubernetes.Quantity",
        "kubernetes.NamedFormat",
        "kubernetes.Semver",
    ];
    fn path(node: &IdedExpr) -> Option<String> {
        match &node.expr {
            Expr::Ident(name) => Some(name.clone()),
            Expr::Select(select) if !select.test => Some(format!("{}.{}", path(&select.operand)?, select.field)),
            _ => None,
        }
    }
    path(node).filter(|name| TYPES.contains(&name.as_str()))
}

/// The name of a function with a namespace, if a call can be one: `sets.contains`.
pub(crate) fn qualified(call: &CallExpr) -> Option<String> {
    match &call.target.as_deref()?.expr {
        Expr::Ident(space) => Some(format!("{space}.{}", call.func_name)),
        _ => None,
    }
}

/// The variables that a rule has.
pub(crate) fn variables(own: &Type, optional_old: bool) -> Vec<(String, Type)> {
    let old = if optional_old { Type::Optional(Arc::new(own.clone())) } else { own.clone() };
    vec![("self".to_owned(), own.clone()), ("oldSelf".to_owned(), old)]
}
