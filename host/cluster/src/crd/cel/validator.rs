//! Runs the rules of a schema on an object.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::eval::{Failure, Run};
use super::types::declare;
use super::value::{Val, convert};
use super::{BUDGET, CALL_LIMIT, Compiled, compile, has_rules};
use crate::crd::correlate;
use crate::crd::props::{Props, Rule};
use crate::crd::selectable;
use crate::invalid::{Invalid, Why, shown};

const MESSAGE_LENGTH: usize = 5 * 1024;

/// The rules of a schema and of what is below, compiled.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    own: Vec<Compiled>,
    items: Option<Box<Rules>>,
    additional: Option<Box<Rules>>,
    properties: BTreeMap<String, Rules>,
}

/// What goes with a value in the object before the update.
#[derive(Debug, Clone, Copy, Default)]
struct Before<'a> {
    /// The value that it was, for rules about changes.
    old: Option<&'a Value>,
    /// The value that it was, for what is tolerated because it has not changed.
    same: Option<&'a Value>,
    /// Whether the nearest value above that was there before has not changed.
    unchanged: bool,
}

impl Rules {
    /// Compiles the rules of a schema; `None` where there are none.
    pub(crate) fn compile(schema: &Props, root: bool) -> Option<Self> {
        if !has_rules(schema) {
            return None;
        }
        let own = declare(schema, root);
        let child = |child: &Props| Self::compile(child, child.embedded);
        Some(Self {
            own: own.map_or_else(Vec::new, |own| schema.rules.iter().map(|rule| compile(rule, &own)).collect()),
            items: schema.items.as_deref().and_then(child).map(Box::new),
            additional: schema.additional_schema().and_then(child).map(Box::new),
            properties: schema
                .properties
                .iter()
                .filter_map(|(name, schema)| Some((name.clone(), child(schema)?)))
                .collect(),
        })
    }

    /// What the rules say against an object, its paths below `base`; what has not changed since `same` is tolerated.
    pub(crate) fn validate(
        &self,
        base: &str,
        value: &Value,
        schema: &Props,
        (old, same): (Option<&Value>, Option<&Value>),
        root: bool,
    ) -> Vec<Invalid> {
        let mut walk = Walk { errors: Vec::new(), budget: BUDGET };
        // A walk that has to end early has said why.
        let _ = walk.value(self, base, value, schema, Before { old, same, unchanged: false }, root);
        walk.errors
    }
}

/// Nothing more is to be checked.
#[derive(Debug)]
struct Spent;

struct Walk {
    errors: Vec<Invalid>,
    budget: u64,
}

impl Walk {
    fn value(
        &mut self,
        rules: &Rules,
        path: &str,
        value: &Value,
        schema: &Props,
        before: Before<'_>,
        root: bool,
    ) -> Result<(), Spent> {
        if value.is_null() {
            return Ok(());
        }
        self.own(rules, path, value, schema, before, root)?;
        let unchanged = || match before.same {
            Some(same) => correlate::same(value, same, schema),
            None => before.unchanged,
        };
        match value {
            Value::Array(items) => {
                let Some(rules) = &rules.items else { return Ok(()) };
                let Some(child) = schema.items.as_deref() else { return Ok(()) };
                let unchanged = unchanged();
                for (index, item) in items.iter().enumerate() {
                    let old = before.old.and_then(|old| correlate::item(old, item, schema));
                    let same = before.same.and_then(|old| correlate::item(old, item, schema));
                    let before = Before { old, same, unchanged };
                    self.value(rules, &format!("{path}[{index}]"), item, child, before, child.embedded)?;
                }
            }
            Value::Object(fields) => {
                let unchanged = unchanged();
                if let (Some(rules), Some(child)) = (&rules.additional, schema.additional_schema()) {
                    for (name, field) in fields {
                        let (old, same) = (field_of(before.old, name), field_of(before.same, name));
                        let before = Before { old, same, unchanged };
                        self.value(rules, &format!("{path}[{name}]"), field, child, before, child.embedded)?;
                    }
                }
                for (name, field) in fields {
                    let (Some(rules), Some(child)) = (rules.properties.get(name), schema.properties.get(name)) else {
                        continue;
                    };
                    let (old, same) = (field_of(before.old, name), field_of(before.same, name));
                    // The version and the kind of what was there before are not seen.
                    let typed = root && (name == "apiVersion" || name == "kind");
                    let before = Before { old, same: same.filter(|_| !typed), unchanged: unchanged && !typed };
                    self.value(rules, &join(path, name), field, child, before, child.embedded)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn own(
        &mut self,
        rules: &Rules,
        path: &str,
        value: &Value,
        schema: &Props,
        before: Before<'_>,
        root: bool,
    ) -> Result<(), Spent> {
        if rules.own.is_empty() {
            return Ok(());
        }
        let place = if path.is_empty() { "<nil>" } else { path };
        let kind = Value::from(schema.kind.as_str());
        let own = convert(value, schema, root);
        let old = before.old.filter(|old| !old.is_null()).map(|old| convert(old, schema, root));
        for (compiled, rule) in rules.own.iter().zip(&schema.rules) {
            if let Some(error) = &compiled.error {
                self.errors.push(Invalid::invalid(place, &kind, format!("rule compile error: {error}")));
                continue;
            }
            let Some(program) = &compiled.program else { continue };
            let optional = rule.optional_old_self == Some(true);
            if compiled.uses_old && old.is_none() && !optional {
                continue;
            }
            let mut names = vec![("self", own.clone())];
            match (optional, &old) {
                (true, old) => names.push(("oldSelf", Val::Optional(old.clone().map(Arc::new)))),
                (false, Some(old)) => names.push(("oldSelf", old.clone())),
                (false, None) => {}
            }
            let mut run = Run::new(names.clone(), CALL_LIMIT.min(self.budget));
            let outcome = run.expression(program);
            self.budget = self.budget.saturating_sub(run.spent);
            match outcome {
                Ok(Val::Bool(true)) => continue,
                Ok(_) => {}
                Err(Failure::Cost) if self.budget == 0 => {
                    let detail =
                        "validation failed due to running out of cost budget, no further validation rules will be run";
                    self.errors.push(Invalid::invalid(place, &kind, detail));
                    return Err(Spent);
                }
                Err(Failure::Cost) => {
                    let detail = format!(
                        "'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to \
                         call cost exceeds limit for rule: {}",
                        rule.shown()
                    );
                    self.errors.push(Invalid::invalid(place, &kind, detail));
                    return Err(Spent);
                }
                Err(Failure::Error(error)) => {
                    let detail = match error.starts_with("no such overload") {
                        true => format!(
                            "'{error}': call arguments did not match a supported operator, function or macro signature \
                             for rule: {}",
                            rule.shown()
                        ),
                        false => format!("{error} evaluating rule: {}", rule.shown()),
                    };
                    self.errors.push(Invalid::invalid(place, &kind, detail));
                    continue;
                }
            }
            let tolerated = !compiled.uses_old
                && match before.same {
                    Some(same) => correlate::same(value, same, schema),
                    None => before.unchanged,
                };
            let message = self.message(compiled, names);
            if tolerated {
                continue;
            }
            let detail = message.unwrap_or_else(|| match rule.message.is_empty() {
                true => format!("failed rule: {}", rule.shown()),
                false => rule.message.trim().to_owned(),
            });
            self.errors.push(refusal(path, value, schema, rule, detail));
        }
        Ok(())
    }

    /// What an expression has to say; nothing, if it fails or says nothing that fits on a line.
    fn message(&mut self, compiled: &Compiled, names: Vec<(&str, Val)>) -> Option<String> {
        let program = compiled.message.as_ref()?;
        let mut run = Run::new(names, CALL_LIMIT.min(self.budget));
        let outcome = run.expression(program);
        self.budget = self.budget.saturating_sub(run.spent);
        let Ok(Val::String(text)) = outcome else { return None };
        let text = text.trim();
        let fits = !text.is_empty() && text.len() <= MESSAGE_LENGTH && !text.contains('\n');
        fits.then(|| text.to_owned())
    }
}

fn field_of<'a>(whole: Option<&'a Value>, name: &str) -> Option<&'a Value> {
    whole.and_then(|whole| whole.get(name))
}

fn join(path: &str, name: &str) -> String {
    match path.is_empty() {
        true => name.to_owned(),
        false => format!("{path}.{name}"),
    }
}

/// The error for a rule that does not hold, of the kind and at the place that the rule says.
fn refusal(path: &str, value: &Value, schema: &Props, rule: &Rule, detail: String) -> Invalid {
    let field = match rule.field_path.is_empty() {
        true => None,
        false => selectable::resolve(&rule.field_path, schema, true).ok().map(|(field, _)| field),
    };
    let path = match (path, field) {
        ("", None) => "<nil>".to_owned(),
        (path, Some(field)) => join(path, &field),
        (path, None) => path.to_owned(),
    };
    let value = (!["object", "array"].contains(&schema.kind.as_str())).then(|| shown(value));
    match rule.reason.as_deref() {
        Some("FieldValueForbidden") => Invalid::forbidden(path, detail),
        Some("FieldValueRequired") => Invalid::required(path, detail),
        Some("FieldValueDuplicate") => Invalid { why: Why::Duplicate, path, value, detail: String::new() },
        _ => Invalid { why: Why::Invalid, path, value, detail },
    }
}
