//! CEL rules of schemas (`x-kubernetes-validations`): read, checked and priced when a definition is written, run when
//! an object is.
//!
//! The parser is the `cel` crate's; types, prices and values are our own, since rules are checked against schemas and
//! have Kubernetes' functions.

mod admission;
mod check;
mod collections;
mod cost;
mod eval;
mod functions;
mod library;
pub(crate) mod names;
mod quantity;
mod semver;
mod signatures;
mod special;
mod strings;
mod types;
mod url;
mod validator;
mod value;

use cel::common::ast::{IdedExpr, SourceInfo};
use cel::parser::Parser;

use super::props::{Props, Rule};
pub(crate) use admission::Names;
use check::{Check, variables};
pub(crate) use cost::exceeds;
use eval::{Failure, Run};
use types::Type;
pub(crate) use types::{declare, most_often};
pub(crate) use validator::Rules;
use value::Val;

/// What an expression may cost when it runs.
pub(crate) const CALL_LIMIT: u64 = 1_000_000;
/// What all expressions may cost when an object is validated.
pub(crate) const BUDGET: u64 = 10_000_000;

/// A rule, read and checked.
#[derive(Debug, Default)]
pub(crate) struct Compiled {
    /// The expression, where nothing is wrong with it.
    program: Option<IdedExpr>,
    /// The expression for the message.
    message: Option<IdedExpr>,
    /// What is wrong with the rule.
    pub(crate) error: Option<String>,
    /// What is wrong with the expression for the message.
    pub(crate) message_error: Option<String>,
    /// The most that the rule costs, for one value.
    pub(crate) cost: u64,
    /// The most that the message costs.
    pub(crate) message_cost: u64,
    /// Whether it is about the old value too.
    pub(crate) uses_old: bool,
}

/// Reads and checks a rule about values of a type.
pub(crate) fn compile(rule: &Rule, own: &Type) -> Compiled {
    let mut compiled = Compiled::default();
    if rule.rule.trim().is_empty() {
        return compiled;
    }
    let names = || variables(own, rule.optional_old_self == Some(true));
    match expression(&rule.rule, names()) {
        Err(error) => compiled.error = Some(format!("compilation failed: {error}")),
        Ok(Read { unusable: Some(error), .. }) => {
            compiled.error = Some(format!("program instantiation failed: {error}"));
        }
        Ok(read) => {
            compiled.uses_old = read.uses_old;
            compiled.cost = read.cost;
            match read.is.fits(&Type::Bool) {
                true => compiled.program = Some(read.node),
                false => compiled.error = Some("cel expression must evaluate to a bool".to_owned()),
            }
        }
    }
    if compiled.error.is_some() || rule.message_expression.trim().is_empty() {
        return compiled;
    }
    match expression(&rule.message_expression, names()) {
        Err(error) => {
            compiled.message_error = Some(format!("messageExpression compilation failed: {error}"));
        }
        Ok(Read { unusable: Some(error), .. }) => {
            compiled.message_error = Some(format!("messageExpression instantiation failed: {error}"));
        }
        Ok(read) => {
            compiled.message_cost = read.cost;
            match read.is.fits(&Type::String(0)) {
                true => compiled.message = Some(read.node),
                false => compiled.message_error = Some("messageExpression must evaluate to a string".to_owned()),
            }
        }
    }
    compiled
}

/// What an expression over values without a schema comes to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Evaluated {
    /// Yes or no.
    Bool(bool),
    /// A text.
    Text(String),
    /// Something else, by the name of its type.
    Other(String),
}

/// A value that expressions of admission may name: what was evaluated before, or an object.
#[derive(Debug, Clone)]
pub(crate) struct Variable(Val);

impl Variable {
    /// A value of JSON.
    pub(crate) fn of(value: &serde_json::Value) -> Self {
        Self(value::plain(value))
    }

    /// A map of variables.
    pub(crate) fn map(entries: &[(String, Self)]) -> Self {
        let entries = entries.iter().map(|(name, value)| (Val::text(name), value.0.clone()));
        Self(Val::Map(std::sync::Arc::new(entries.collect())))
    }

    /// What it comes to.
    pub(crate) fn evaluated(&self) -> Evaluated {
        match &self.0 {
            Val::Bool(is) => Evaluated::Bool(*is),
            Val::String(text) => Evaluated::Text(text.to_string()),
            other => Evaluated::Other(other.type_name().to_owned()),
        }
    }
}

/// Evaluates an expression over variables without schemas, as admission has them.
///
/// # Errors
/// In words: what is wrong with the expression, or with what it met.
pub(crate) fn evaluate(source: &str, variables: &[(&str, Variable)]) -> Result<Variable, String> {
    let parser = Parser::new().enable_optional_syntax(true);
    let node = parser.parse(source).map_err(|errors| format!("compilation error: {errors}"))?;
    let names = variables.iter().map(|(name, value)| (*name, value.0.clone())).collect();
    Run::new(names, CALL_LIMIT).expression(&node).map(Variable).map_err(|failure| match failure {
        Failure::Error(error) => error,
        Failure::Cost => "operation cancelled: actual cost limit exceeded".to_owned(),
    })
}

struct Read {
    node: IdedExpr,
    is: Type,
    cost: u64,
    uses_old: bool,
    /// Why it cannot run, though it is right.
    unusable: Option<String>,
}

/// Parses and checks an expression; the error is worded as upstream's compiler does, a line of the source under each.
fn expression(source: &str, names: Vec<(String, Type)>) -> Result<Read, String> {
    let (node, info) = parse(source)?;
    let mut check = Check::new(names);
    let known = check.expression(&node);
    if check.errors.is_empty() {
        let Check { uses_old, unusable, .. } = check;
        return Ok(Read { node, is: known.is, cost: known.cost, uses_old, unusable });
    }
    let mut placed: Vec<(usize, usize, String)> = check
        .errors
        .into_iter()
        .map(|(id, message)| {
            let (line, column) = place(source, &info, id);
            (line, column, message)
        })
        .collect();
    placed.sort();
    placed.dedup();
    let said: Vec<String> =
        placed.iter().map(|(line, column, message)| at_line(source, *line, *column, message)).collect();
    Err(said.join("\n"))
}

fn parse(source: &str) -> Result<(IdedExpr, SourceInfo), String> {
    let parser = Parser::new().enable_optional_syntax(true);
    parser.parse_with_source_info(source).map_err(|errors| {
        let said = errors.errors.iter().map(|error| {
            let (line, column) = (usize::try_from(error.pos.0).unwrap_or(1), usize::try_from(error.pos.1).unwrap_or(1));
            at_line(source, line, column, &error.msg)
        });
        said.collect::<Vec<String>>().join("\n")
    })
}

/// The line and the column of a part, from 1.
fn place(source: &str, info: &SourceInfo, id: u64) -> (usize, usize) {
    let offset = info.offset_for(id).map_or(0, |(start, _)| start as usize);
    let before: String = source.chars().take(offset).collect();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |tail| tail.chars().count()) + 1;
    (line, column)
}

fn at_line(source: &str, line: usize, column: usize, message: &str) -> String {
    let text = source.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let dots = ".".repeat(column.saturating_sub(1));
    format!("ERROR: <input>:{line}:{column}: {message}\n | {text}\n | {dots}^")
}

/// Whether a schema or one below has rules.
pub(crate) fn has_rules(schema: &Props) -> bool {
    !schema.rules.is_empty()
        || schema.items.as_deref().is_some_and(has_rules)
        || schema.additional_schema().is_some_and(has_rules)
        || schema.properties.values().any(has_rules)
}

#[cfg(test)]
mod tests;
