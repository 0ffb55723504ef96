//! Holds values against compiled schemas, in the order and with the words of the library that Helm uses.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::budget::Budget;
use super::compile::{Additional, Compiled, Dependency, Index, Items, Schema};
use super::draft::Draft;
use super::failure::{Failure, Kind, display, list, single_quoted};
use super::json::Json;
use super::number::{Number, count};
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
    let location = validator.schema(schema)?.location.clone();
    let unevaluated = Unevaluated::of(value, validator.schema(schema)?, false);
    validator.scopes.push(Scope { schema, keyword: "", value: 0 });
    let frame = Frame { schema, value, value_number: 0, brief: false };
    match validator.judge(&frame, unevaluated, depth)? {
        Ok(_) => Ok(None),
        Err(failure) => {
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
                let url = super::documents::quote(&self.schema(top.schema)?.location);
                return Ok(Some(format!("both {first} and {second} resolve to {url} causing reference cycle")));
            }
        }
        Ok(None)
    }

    /// The keywords that led to a scope.
    fn keyword_path(&self, position: usize) -> Result<String, String> {
        let mut path = String::new();
        let mut before = "";
        for (index, scope) in self.scopes.iter().take(position + 1).enumerate() {
            let location = &self.schema(scope.schema)?.location;
            if index > 0 {
                if scope.keyword.is_empty() {
                    path.push_str(location.get(before.len()..).unwrap_or_default());
                } else {
                    path.push('/');
                    path.push_str(scope.keyword);
                }
            }
            before = location;
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

    fn missing(&mut self, object: &BTreeMap<Rc<str>, Json>, required: &[Rc<str>]) -> Result<Vec<Rc<str>>, String> {
        self.budget.spend(required.len())?;
        Ok(required.iter().filter(|name| !object.contains_key(*name)).map(Rc::clone).collect())
    }

    fn object(
        &mut self,
        frame: &Frame<'_>,
        schema: &Schema,
        object: &BTreeMap<Rc<str>, Json>,
        unevaluated: &mut Unevaluated,
        failures: &mut Vec<Failure>,
        depth: usize,
    ) -> Result<(), String> {
        let size = size(object.len());
        if let Some(wanted) = schema.min_properties.filter(|wanted| size < *wanted) {
            failures.push(self.failure(frame, || limit("minProperties", size, wanted))?);
        }
        if let Some(wanted) = schema.max_properties.filter(|wanted| size > *wanted) {
            failures.push(self.failure(frame, || limit("maxProperties", size, wanted))?);
        }
        match self.missing(object, &schema.required)?.as_slice() {
            [] => {}
            [name] => failures.push(self.failure(frame, || format!("missing property {}", single_quoted(name)))?),
            names => failures.push(self.failure(frame, || format!("missing properties {}", list(names)))?),
        }
        if frame.brief && !failures.is_empty() {
            return Ok(());
        }
        for (name, dependency) in schema.dependencies.iter().filter(|(name, _)| object.contains_key(*name)) {
            match dependency {
                Dependency::Required(required) => {
                    let missing = self.missing(object, required)?;
                    if !missing.is_empty() {
                        failures.push(self.failure(frame, || depends(name, &missing))?);
                    }
                }
                Dependency::Schema(target) => {
                    failures.extend(self.same(frame, *target, "", false, unevaluated, depth)?.err());
                }
            }
        }
        self.properties(frame, schema, object, unevaluated, failures, depth)?;
        if schema.draft >= Some(Draft::Draft6)
            && let Some(target) = schema.property_names
        {
            for name in object.keys() {
                let value = Json::Str(Rc::clone(name));
                // Judged by itself: where it is found is forgotten.
                let failure = validate_by(self.compiled, target, &value, self.budget, depth + 1)?;
                if let Some(failure) = failure {
                    let kind = Kind::Told(format!("invalid propertyName {}", single_quoted(name)));
                    failures.push(Failure { kind, ..failure });
                }
            }
        }
        for (name, target) in schema.dependent_schemas.iter().filter(|(name, _)| object.contains_key(*name)) {
            let _ = name;
            failures.extend(self.same(frame, *target, "", false, unevaluated, depth)?.err());
        }
        for (name, required) in schema.dependent_required.iter().filter(|(name, _)| object.contains_key(*name)) {
            let missing = self.missing(object, required)?;
            if !missing.is_empty() {
                failures.push(self.failure(frame, || depends(name, &missing))?);
            }
        }
        Ok(())
    }

    fn properties(
        &mut self,
        frame: &Frame<'_>,
        schema: &Schema,
        object: &BTreeMap<Rc<str>, Json>,
        unevaluated: &mut Unevaluated,
        failures: &mut Vec<Failure>,
        depth: usize,
    ) -> Result<(), String> {
        let mut additional = Vec::new();
        for (name, value) in object {
            if frame.brief && !failures.is_empty() {
                return Ok(());
            }
            let mut evaluated = false;
            if let Some(target) = schema.properties.get(name) {
                evaluated = true;
                failures.extend(self.within(frame, *target, value, Rc::clone(name), depth)?.err());
            }
            for (pattern, target) in &schema.pattern_properties {
                self.budget.spend(1 + name.len())?;
                if pattern.is_match(name.as_bytes()) {
                    evaluated = true;
                    failures.extend(self.within(frame, *target, value, Rc::clone(name), depth)?.err());
                }
            }
            if !evaluated && let Some(rest) = schema.additional_properties {
                evaluated = true;
                match rest {
                    Additional::Bool(true) => {}
                    Additional::Bool(false) => additional.push(Rc::clone(name)),
                    Additional::Schema(target) => {
                        failures.extend(self.within(frame, target, value, Rc::clone(name), depth)?.err());
                    }
                }
            }
            if evaluated {
                unevaluated.properties.remove(name);
            }
        }
        if !additional.is_empty() {
            let told = || format!("additional properties {} not allowed", list(&additional));
            failures.push(self.failure(frame, told)?);
        }
        Ok(())
    }

    fn list(
        &mut self,
        frame: &Frame<'_>,
        schema: &Schema,
        items: &[Json],
        unevaluated: &mut Unevaluated,
        failures: &mut Vec<Failure>,
        depth: usize,
    ) -> Result<(), String> {
        let size = size(items.len());
        if let Some(wanted) = schema.min_items.filter(|wanted| size < *wanted) {
            failures.push(self.failure(frame, || limit("minItems", size, wanted))?);
        }
        if let Some(wanted) = schema.max_items.filter(|wanted| size > *wanted) {
            failures.push(self.failure(frame, || limit("maxItems", size, wanted))?);
        }
        if schema.unique_items
            && let Some((first, second)) = self.duplicates(items)?
        {
            let told = || format!("items at {} and {} are equal", count(first), count(second));
            failures.push(self.failure(frame, told)?);
        }

        let each: &[Index] = match &schema.items {
            Items::Each(each) => each,
            _ => &schema.prefix_items,
        };
        for ((index, item), target) in items.iter().enumerate().zip(each) {
            failures.extend(self.within(frame, *target, item, index_name(index), depth)?.err());
        }
        let (rest, done) = match schema.items {
            Items::All(target) => (Some(Additional::Schema(target)), 0),
            // `additionalItems` without `items` is not even compiled.
            Items::Each(_) => (schema.additional_items, each.len()),
            Items::None => (schema.rest_items.map(Additional::Schema), each.len()),
        };
        match rest {
            Some(Additional::Bool(false)) if items.len() > done => {
                let told = || format!("last {} additionalItem(s) not allowed", count(items.len() - done));
                failures.push(self.failure(frame, told)?);
            }
            Some(Additional::Schema(target)) => {
                // They are counted from the first that is left.
                for (index, item) in items.iter().skip(done).enumerate() {
                    failures.extend(self.within(frame, target, item, index_name(index), depth)?.err());
                }
            }
            _ => {}
        }
        self.contains(frame, schema, items, unevaluated, failures, depth)
    }

    fn contains(
        &mut self,
        frame: &Frame<'_>,
        schema: &Schema,
        items: &[Json],
        unevaluated: &mut Unevaluated,
        failures: &mut Vec<Failure>,
        depth: usize,
    ) -> Result<(), String> {
        let Some(target) = schema.contains else { return Ok(()) };
        let mut causes = Vec::new();
        let mut matched: Vec<String> = Vec::new();
        for (index, item) in items.iter().enumerate() {
            match self.within(frame, target, item, index_name(index), depth)? {
                Err(failure) => causes.push(failure),
                Ok(()) => {
                    matched.push(index.to_string());
                    if schema.draft >= Some(Draft::Draft2020) {
                        unevaluated.items.remove(&index);
                    }
                }
            }
        }
        let found = size(matched.len());
        let told = |bound: &str, wanted: i64| {
            let wanted = count(wanted);
            let items = format!("{bound} {wanted} items required to match contains schema, but");
            if matched.is_empty() {
                format!("{items} none matched")
            } else {
                format!("{items} matched {} items at {}", count(found), matched.join(" "))
            }
        };
        match schema.min_contains {
            Some(wanted) if found < wanted => {
                let failure = self.failure(frame, || told("min", wanted))?;
                failures.push(Failure { causes, ..failure });
            }
            None if matched.is_empty() => {
                let failure = self.failure(frame, || "no items match contains schema".to_owned())?;
                failures.push(Failure { causes, ..failure });
            }
            _ => {}
        }
        if let Some(wanted) = schema.max_contains.filter(|wanted| found > *wanted) {
            failures.push(self.failure(frame, || told("max", wanted))?);
        }
        Ok(())
    }

    /// The first two equal items.
    fn duplicates(&mut self, items: &[Json]) -> Result<Option<(usize, usize)>, String> {
        for (second, item) in items.iter().enumerate() {
            self.budget.spend(second)?;
            if let Some(first) = items.iter().take(second).position(|other| other == item) {
                return Ok(Some((first, second)));
            }
        }
        Ok(None)
    }

    fn text(
        &mut self,
        frame: &Frame<'_>,
        schema: &Schema,
        text: &str,
        failures: &mut Vec<Failure>,
    ) -> Result<(), String> {
        if schema.min_length.is_some() || schema.max_length.is_some() {
            self.budget.spend(text.len() / 64)?;
            let length = size(text.chars().count());
            if let Some(wanted) = schema.min_length.filter(|wanted| length < *wanted) {
                failures.push(self.failure(frame, || limit("minLength", length, wanted))?);
            }
            if let Some(wanted) = schema.max_length.filter(|wanted| length > *wanted) {
                failures.push(self.failure(frame, || limit("maxLength", length, wanted))?);
            }
        }
        if let Some((pattern, source)) = &schema.pattern {
            self.budget.spend(1 + text.len())?;
            if !pattern.is_match(text.as_bytes()) {
                let told = || format!("{} does not match pattern {}", single_quoted(text), single_quoted(source));
                failures.push(self.failure(frame, told)?);
            }
        }
        Ok(())
    }

    fn number(
        &mut self,
        frame: &Frame<'_>,
        schema: &Schema,
        number: &Number,
        failures: &mut Vec<Failure>,
    ) -> Result<(), String> {
        let limits: [(&str, &Option<Number>, Fails); 4] = [
            ("minimum", &schema.minimum, std::cmp::Ordering::is_lt),
            ("maximum", &schema.maximum, std::cmp::Ordering::is_gt),
            ("exclusiveMinimum", &schema.exclusive_minimum, std::cmp::Ordering::is_le),
            ("exclusiveMaximum", &schema.exclusive_maximum, std::cmp::Ordering::is_ge),
        ];
        let told =
            |keyword: &str, wanted: &Number| format!("{keyword}: got {}, want {}", number.shown(), wanted.shown());
        for (keyword, wanted, fails) in limits {
            if let Some(wanted) = wanted
                && fails(number.cmp(wanted))
            {
                failures.push(self.failure(frame, || told(keyword, wanted))?);
            }
        }
        if let Some(wanted) = &schema.multiple_of {
            let multiple = number.is_multiple_of(wanted);
            if !multiple.ok_or_else(|| format!("multipleOf {} cannot be told", wanted.text()))? {
                failures.push(self.failure(frame, || told("multipleOf", wanted))?);
            }
        }
        Ok(())
    }

    fn conditions(
        &mut self,
        frame: &Frame<'_>,
        schema: &Schema,
        unevaluated: &mut Unevaluated,
        failures: &mut Vec<Failure>,
        depth: usize,
    ) -> Result<(), String> {
        if let Some(target) = schema.not
            && self.same(frame, target, "", true, unevaluated, depth)?.is_ok()
        {
            failures.push(self.failure(frame, || "'not' failed".to_owned())?);
        }

        let mut causes = Vec::new();
        for target in &schema.all_of {
            if let Err(failure) = self.same(frame, *target, "", false, unevaluated, depth)? {
                causes.push(failure);
                if frame.brief {
                    break;
                }
            }
        }
        if !causes.is_empty() {
            let failure = self.failure(frame, || "'allOf' failed".to_owned())?;
            failures.push(Failure { causes, ..failure });
        }

        let mut causes = Vec::new();
        let mut matched = schema.any_of.is_empty();
        for target in &schema.any_of {
            match self.same(frame, *target, "", false, unevaluated, depth)? {
                Err(failure) => causes.push(failure),
                Ok(()) => {
                    matched = true;
                    // The others may look at more of the value.
                    if unevaluated.is_empty() {
                        break;
                    }
                }
            }
        }
        if !matched {
            let failure = self.failure(frame, || "'anyOf' failed".to_owned())?;
            failures.push(Failure { causes, ..failure });
        }

        self.one_of(frame, schema, unevaluated, failures, depth)?;

        if let Some(condition) = schema.condition {
            let branch = match self.same(frame, condition, "", true, unevaluated, depth)? {
                Ok(()) => schema.then,
                Err(_) => schema.otherwise,
            };
            if let Some(target) = branch {
                failures.extend(self.same(frame, target, "", false, unevaluated, depth)?.err());
            }
        }
        Ok(())
    }

    fn one_of(
        &mut self,
        frame: &Frame<'_>,
        schema: &Schema,
        unevaluated: &mut Unevaluated,
        failures: &mut Vec<Failure>,
        depth: usize,
    ) -> Result<(), String> {
        let mut causes = Vec::new();
        let mut matched = None;
        for (index, target) in schema.one_of.iter().enumerate() {
            let outcome = self.same(frame, *target, "", matched.is_some(), unevaluated, depth)?;
            match (outcome, matched) {
                (Err(failure), None) => causes.push(failure),
                (Err(_), Some(_)) => {}
                (Ok(()), None) => matched = Some(index),
                (Ok(()), Some(first)) => {
                    let told = || format!("'oneOf' failed, subschemas {}, {} matched", count(first), count(index));
                    failures.push(self.failure(frame, told)?);
                    break;
                }
            }
        }
        if matched.is_none() && !schema.one_of.is_empty() {
            let failure = self.failure(frame, || "'oneOf' failed, none matched".to_owned())?;
            failures.push(Failure { causes, ..failure });
        }
        Ok(())
    }

    fn unevaluated(
        &mut self,
        frame: &Frame<'_>,
        schema: &Schema,
        unevaluated: &mut Unevaluated,
        failures: &mut Vec<Failure>,
        depth: usize,
    ) -> Result<(), String> {
        if let (Json::Object(object), Some(target)) = (frame.value, schema.unevaluated_properties) {
            for name in std::mem::take(&mut unevaluated.properties) {
                if let Some(value) = object.get(&name) {
                    failures.extend(self.within(frame, target, value, name, depth)?.err());
                }
            }
        }
        if let (Json::List(items), Some(target)) = (frame.value, schema.unevaluated_items) {
            for index in std::mem::take(&mut unevaluated.items) {
                if let Some(item) = items.get(index) {
                    failures.extend(self.within(frame, target, item, index_name(index), depth)?.err());
                }
            }
        }
        Ok(())
    }
}

/// Whether a number that compares so to a limit is beyond it.
type Fails = fn(std::cmp::Ordering) -> bool;

fn size(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

fn index_name(index: usize) -> Rc<str> {
    index.to_string().into()
}

fn limit(keyword: &str, got: i64, wanted: i64) -> String {
    format!("{keyword}: got {}, want {}", count(got), count(wanted))
}

fn depends(name: &str, missing: &[Rc<str>]) -> String {
    format!("properties {} required, if {} exists", list(missing), single_quoted(name))
}
