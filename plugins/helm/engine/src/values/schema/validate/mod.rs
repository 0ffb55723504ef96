//! Holds values against compiled schemas, in the order and with the words of the library that Helm uses.

mod lists;
mod logic;
mod objects;
mod scalars;

use std::collections::BTreeSet;
use std::rc::Rc;

use super::budget::Budget;
use super::compile::{Compiled, Index, Schema};
use super::draft::Draft;
use super::failure::{Failure, Kind, display};
use super::json::Json;
use super::number::count;
use super::types;

/// How deep schemas may be entered, within each other and for values within values: two kilobytes of stack each.
/// A schema within a schema takes six, and those of charts are thirty levels deep at most.
const MAX_DEPTH: usize = 200;

/// What a value has that no keyword has looked at, for `unevaluatedProperties` and `unevaluatedItems`.
#[derive(Debug, Default)]
struct Unevaluated {
    properties: BTreeSet<Rc<str>>,
    items: BTreeSet<usize>,
}

impl Unevaluated {
    fn of(value: &Json, schema: &Schema, asked: bool) -> Self {
        let mut unevaluated = Self::default();
        match value {
            Json::Object(object)
                if !schema.evaluates_all_properties() && (asked || schema.unevaluated_properties.is_some()) =>
            {
                unevaluated.properties = object.keys().map(Rc::clone).collect();
            }
            Json::List(list) if asked || schema.unevaluated_items.is_some() => {
                if let (false, evaluated) = schema.evaluates_items() {
                    unevaluated.items = (evaluated..list.len()).collect();
                }
            }
            _ => {}
        }
        unevaluated
    }

    fn is_empty(&self) -> bool {
        self.properties.is_empty() && self.items.is_empty()
    }

    /// Takes out what another schema has looked at.
    fn merge(&mut self, other: &Self) {
        self.properties.retain(|name| other.properties.contains(name));
        self.items.retain(|index| other.items.contains(index));
    }
}

/// A schema that has been entered.
struct Scope {
    schema: Index,
    /// The keyword of a reference that led to it, or nothing.
    keyword: &'static str,
    /// Which value it judges: the same number, the same value.
    value: usize,
}

struct Validator<'a> {
    compiled: &'a Compiled,
    budget: &'a mut Budget,
    scopes: Vec<Scope>,
    path: Vec<Rc<str>>,
}

/// What entering a schema needs to know besides it.
struct Frame<'v> {
    schema: Index,
    value: &'v Json,
    value_number: usize,
    /// Whether only the answer is asked for, not what is wrong.
    brief: bool,
}

/// `Ok(Err(_))` is a value that the schema does not allow; `Err(_)`, a schema that cannot be brought to an end.
type Outcome<T> = Result<Result<T, Failure>, String>;

/// What the schema has against the value, if anything.
pub(super) fn validate(compiled: &Compiled, value: &Json, budget: &mut Budget) -> Result<Option<Failure>, String> {
    validate_by(compiled, compiled.root, value, budget, 0)
}

fn validate_by(
    compiled: &Compiled,
    schema: Index,
    value: &Json,
    budget: &mut Budget,
    depth: usize,
) -> Result<Option<Failure>, String> {
    let mut validator = Validator { compiled, budget, scopes: Vec::new(), path: Vec::new() };
    let unevaluated = Unevaluated::of(value, validator.schema(schema)?, false);
    validator.scopes.push(Scope { schema, keyword: "", value: 0 });
    let frame = Frame { schema, value, value_number: 0, brief: false };
    match validator.judge(&frame, unevaluated, depth)? {
        Ok(_) => Ok(None),
        Err(failure) => {
            let location = validator.schema(schema)?.location();
            Ok(Some(Failure { path: Vec::new(), kind: Kind::Schema(location), causes: ungrouped(failure) }))
        }
    }
}

fn ungrouped(failure: Failure) -> Vec<Failure> {
    if matches!(failure.kind, Kind::Group) { failure.causes } else { vec![failure] }
}

impl<'a> Validator<'a> {
    fn schema(&self, index: Index) -> Result<&'a Schema, String> {
        self.compiled.schemas.get(index).ok_or_else(|| "the schema refers to what it does not hold".to_owned())
    }

    fn failure(&mut self, frame: &Frame<'_>, told: impl FnOnce() -> String) -> Result<Failure, String> {
        if frame.brief {
            return Ok(Failure { path: Vec::new(), kind: Kind::Group, causes: Vec::new() });
        }
        let told = told();
        self.budget.spend(10 + told.len() / 8)?;
        Ok(Failure { path: self.path.clone(), kind: Kind::Told(told), causes: Vec::new() })
    }

    /// Judges a value that the scope on top has been entered for.
    fn judge(&mut self, frame: &Frame<'_>, mut unevaluated: Unevaluated, depth: usize) -> Outcome<Unevaluated> {
        self.budget.spend(1)?;
        if depth > MAX_DEPTH {
            return Err(format!("schemas are entered deeper than the maximum of {MAX_DEPTH}"));
        }
        let schema = self.schema(frame.schema)?;
        match schema.constant_answer {
            Some(true) => return Ok(Ok(unevaluated)),
            Some(false) => return Ok(Err(self.failure(frame, || "false schema".to_owned())?)),
            None => {}
        }
        if let Some(told) = self.cycle()? {
            return Ok(Err(self.failure(frame, || told)?));
        }
        if let Some(told) = self.wrong(schema, frame.value)? {
            return Ok(Err(self.failure(frame, || told)?));
        }

        let mut failures = Vec::new();
        if let Some(target) = schema.reference {
            let outcome = self.referred(frame, target, "$ref", &mut unevaluated, depth)?;
            if schema.draft < Some(Draft::Draft2019) {
                return Ok(outcome.map(|()| unevaluated));
            }
            failures.extend(outcome.err());
        }
        match frame.value {
            Json::Object(object) => self.object(frame, schema, object, &mut unevaluated, &mut failures, depth)?,
            Json::List(items) => self.list(frame, schema, items, &mut unevaluated, &mut failures, depth)?,
            Json::Str(text) => self.text(frame, schema, text, &mut failures)?,
            Json::Number(number) => self.number(frame, schema, number, &mut failures)?,
            Json::Null | Json::Bool(_) => {}
        }
        if failures.is_empty() || !frame.brief {
            if schema.draft >= Some(Draft::Draft2019) {
                self.dynamic_references(frame, schema, &mut unevaluated, &mut failures, depth)?;
            }
            self.conditions(frame, schema, &mut unevaluated, &mut failures, depth)?;
            self.unevaluated(frame, schema, &mut unevaluated, &mut failures, depth)?;
        }
        if failures.len() > 1 {
            return Ok(Err(Failure { path: self.path.clone(), kind: Kind::Group, causes: failures }));
        }
        Ok(match failures.pop() {
            Some(failure) => Err(failure),
            None => Ok(unevaluated),
        })
    }

    /// What of type, constant, enumeration or format the value is not.
    fn wrong(&mut self, schema: &Schema, value: &Json) -> Result<Option<String>, String> {
        if let Some(wanted) = schema.types
            && !wanted.is_empty()
            && !wanted.contain(value)
        {
            return Ok(Some(format!("got {}, want {}", types::name(value), wanted.names().join(" or "))));
        }
        let is_composite = |value: &Json| matches!(value, Json::List(_) | Json::Object(_));
        if let Some(wanted) = &schema.constant
            && value != wanted
        {
            let told = if is_composite(wanted) {
                "'const' failed".to_owned()
            } else {
                format!("value must be {}", display(wanted))
            };
            return Ok(Some(told));
        }
        if let Some(wanted) = &schema.enumeration {
            self.budget.spend(wanted.len())?;
            if !wanted.contains(value) {
                let told = if wanted.iter().any(is_composite) {
                    "'enum' failed".to_owned()
                } else if let [only] = wanted.as_slice() {
                    format!("value must be {}", display(only))
                } else {
                    format!("value must be one of {}", wanted.iter().map(display).collect::<Vec<_>>().join(", "))
                };
                return Ok(Some(told));
            }
        }
        if let (Some(format), Json::Str(text)) = (&schema.format, value)
            && let Err(error) = (format.check)(text)
        {
            return Ok(Some(format!("{} is not valid {}: {error}", display(value), format.name)));
        }
        Ok(None)
    }

    /// Whether the schema is entered for a value that it is judging already.
    fn cycle(&self) -> Result<Option<String>, String> {
        let Some((top, below)) = self.scopes.split_last() else { return Ok(None) };
        let same_value = below.iter().enumerate().rev().take_while(|(_, scope)| scope.value == top.value);
        for (position, scope) in same_value {
            if scope.schema == top.schema {
                let (first, second) = (self.keyword_path(self.scopes.len() - 1)?, self.keyword_path(position)?);
                let url = super::documents::quote(&self.schema(top.schema)?.location());
                return Ok(Some(format!("both {first} and {second} resolve to {url} causing reference cycle")));
            }
        }
        Ok(None)
    }

    /// The keywords that led to a scope.
    fn keyword_path(&self, position: usize) -> Result<String, String> {
        let mut path = String::new();
        let mut before = 0;
        for (index, scope) in self.scopes.iter().take(position + 1).enumerate() {
            let location = self.schema(scope.schema)?.location();
            if index > 0 {
                if scope.keyword.is_empty() {
                    path.push_str(location.get(before..).unwrap_or_default());
                } else {
                    path.push('/');
                    path.push_str(scope.keyword);
                }
            }
            before = location.len();
        }
        Ok(path)
    }

    /// Judges the same value by another schema.
    fn same(
        &mut self,
        frame: &Frame<'_>,
        target: Index,
        keyword: &'static str,
        brief: bool,
        unevaluated: &mut Unevaluated,
        depth: usize,
    ) -> Outcome<()> {
        let left = Unevaluated::of(frame.value, self.schema(target)?, !unevaluated.is_empty());
        self.budget.spend(left.properties.len() + left.items.len())?;
        self.scopes.push(Scope { schema: target, keyword, value: frame.value_number });
        let inner = Frame { schema: target, brief: frame.brief || brief, ..*frame };
        let outcome = self.judge(&inner, left, depth + 1)?;
        self.scopes.pop();
        Ok(outcome.map(|left| unevaluated.merge(&left)))
    }

    /// Judges a value within the value.
    fn within(&mut self, frame: &Frame<'_>, target: Index, value: &Json, name: Rc<str>, depth: usize) -> Outcome<()> {
        let left = Unevaluated::of(value, self.schema(target)?, false);
        self.budget.spend(left.properties.len() + left.items.len())?;
        let value_number = frame.value_number + 1;
        self.scopes.push(Scope { schema: target, keyword: "", value: value_number });
        self.path.push(name);
        let inner = Frame { schema: target, value, value_number, brief: frame.brief };
        let outcome = self.judge(&inner, left, depth + 1)?;
        self.path.pop();
        self.scopes.pop();
        Ok(outcome.map(drop))
    }

    fn referred(
        &mut self,
        frame: &Frame<'_>,
        target: Index,
        keyword: &'static str,
        unevaluated: &mut Unevaluated,
        depth: usize,
    ) -> Outcome<()> {
        let outcome = self.same(frame, target, keyword, false, unevaluated, depth)?;
        Ok(outcome.map_err(|failure| Failure {
            path: self.path.clone(),
            kind: Kind::Reference,
            causes: ungrouped(failure),
        }))
    }

    fn dynamic_references(
        &mut self,
        frame: &Frame<'_>,
        schema: &Schema,
        unevaluated: &mut Unevaluated,
        failures: &mut Vec<Failure>,
        depth: usize,
    ) -> Result<(), String> {
        if let Some(mut target) = schema.recursive_reference {
            if self.schema(target)?.recursive_anchor {
                // The outermost that has been entered and allows it.
                for scope in &self.scopes {
                    let resource = self.schema(scope.schema)?.resource;
                    if self.schema(resource)?.recursive_anchor {
                        target = scope.schema;
                        break;
                    }
                }
            }
            failures.extend(self.referred(frame, target, "$recursiveRef", unevaluated, depth)?.err());
        }
        if let Some((target, anchor)) = &schema.dynamic_reference {
            let mut target = *target;
            if !anchor.is_empty() && self.schema(target)?.dynamic_anchor == *anchor {
                for scope in &self.scopes {
                    let resource = self.schema(scope.schema)?.resource;
                    if let Some(found) = self.schema(resource)?.dynamic_anchors.get(anchor) {
                        target = *found;
                        break;
                    }
                }
            }
            failures.extend(self.referred(frame, target, "$dynamicRef", unevaluated, depth)?.err());
        }
        Ok(())
    }
}

fn size(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

fn index_name(index: usize) -> Rc<str> {
    index.to_string().into()
}

fn limit(keyword: &str, got: i64, wanted: i64) -> String {
    format!("{keyword}: got {}, want {}", count(got), count(wanted))
}
