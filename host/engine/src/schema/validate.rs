//! Holds values against schemas. Unknowns fit everywhere; secrets are looked at and never shown.

use serde_json::Value as Json;

use super::{KindSchema, Range, Schema, Shape, Sizes};
use crate::diagnostic::{Diagnostic, Span, suggest};
use crate::expr::{Template, path_join};
use crate::value::Value;

/// How a value breaks a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Stable, in kebab-case.
    pub code: &'static str,
    /// Where in the value: `node_pools[0].size`; empty for the whole of it.
    pub path: String,
    /// What is wrong, without the value if that is secret.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// Is it the key that is wrong, rather than the value?
    pub on_key: bool,
}

impl Violation {
    /// As a message at the place in the stack file that the value comes from.
    pub fn into_diagnostic(self, template: &Template, otherwise: &Span) -> Diagnostic {
        let span = match self.path.as_str() {
            // Of the whole: the resource's name says more than the first of its inputs.
            "" => None,
            path if self.on_key => template.key_span_of(path),
            path => template.span_of(path),
        };
        Diagnostic::error(self.code, self.message).at(&span.unwrap_or_else(|| otherwise.clone())).maybe_help(self.help)
    }
}

impl KindSchema {
    /// What is wrong with a resource's inputs; unknowns fit everywhere.
    pub fn check_inputs(&self, inputs: &Value) -> Vec<Violation> {
        self.inputs.check(inputs)
    }
}

impl Schema {
    /// What is wrong with a value.
    pub fn check(&self, value: &Value) -> Vec<Violation> {
        let mut found = Vec::new();
        Validator { found: &mut found, secret: false }.check(self, value, "");
        found
    }
}

/// More is not read by anyone, and a list of 10,000 wrong items is wrong once.
const MAX_VIOLATIONS: usize = 50;

struct Validator<'a> {
    found: &'a mut Vec<Violation>,
    /// Is what is looked at secret?
    secret: bool,
}

impl Validator<'_> {
    fn say(&mut self, code: &'static str, path: &str, message: impl Into<String>, help: Option<String>) {
        self.violation(Violation { code, path: path.to_owned(), message: message.into(), help, on_key: false });
    }

    fn violation(&mut self, violation: Violation) {
        if self.found.len() < MAX_VIOLATIONS {
            self.found.push(violation);
        }
    }

    fn check(&mut self, schema: &Schema, value: &Value, path: &str) {
        let outside = self.secret;
        self.secret |= schema.flags.secret || matches!(value, Value::Secret(_));
        self.check_known(schema, value.peek(), path);
        self.secret = outside;
    }

    fn check_known(&mut self, schema: &Schema, value: &Value, path: &str) {
        if matches!(value, Value::Unknown) {
            return;
        }
        if let Some(choices) = &schema.one_of
            && !value.has_unknown()
            && !choices.iter().any(|choice| fits(choice, value))
        {
            return self.not_among(choices.iter(), value, path);
        }
        match (&schema.shape, value) {
            (Shape::Any, _) | (Shape::Bool, Value::Bool(_)) => {}
            (Shape::Integer(range), Value::Number(number)) if !number.is_f64() => self.range(range, number, path),
            (Shape::Number(range), Value::Number(number)) => self.range(range, number, path),
            (Shape::Text { length, pattern }, Value::String(text)) => {
                self.length(*length, text.chars().count(), "character", path);
                if let Some(pattern) = pattern
                    && !pattern.regex.is_match(text)
                {
                    let message = format!("{}does not match `{}`", subject(path), pattern.text);
                    self.say("not-allowed", path, message, None);
                }
            }
            (Shape::List { items, length, unique }, Value::List(list)) => {
                self.length(*length, list.len(), "item", path);
                for (index, item) in list.iter().enumerate() {
                    self.check(items, item, &format!("{path}[{index}]"));
                }
                if *unique {
                    self.unique(list, path);
                }
                if let Some(key) = &schema.flags.key {
                    self.unique_keys(list, key, path);
                }
            }
            (Shape::Object { .. }, Value::Map(map)) => self.members(schema, map, path),
            (Shape::OneOf(forms), value) => self.one_of(forms, value, path),
            (shape, value) => {
                let message = format!("{}is {}, and {} is needed", subject(path), type_name(value), expected(shape));
                let help = match (shape, value) {
                    (Shape::Text { .. }, Value::Number(_) | Value::Bool(_)) => Some("put it in quotes".to_owned()),
                    (Shape::Integer(_) | Shape::Number(_) | Shape::Bool, Value::String(text)) if !self.secret => {
                        let bare = match shape {
                            Shape::Bool => text.parse::<bool>().is_ok(),
                            _ => text.parse::<f64>().is_ok(),
                        };
                        bare.then(|| "leave the quotes away".to_owned())
                    }
                    _ => None,
                };
                self.say("wrong-type", path, message, help);
            }
        }
    }

    fn members(&mut self, schema: &Schema, map: &crate::value::Map, path: &str) {
        let Shape::Object { properties, required, additional } = &schema.shape else { return };
        let given = |name: &String| map.get(name).is_some_and(|value| !matches!(value.peek(), Value::Null));
        for name in required.iter().filter(|name| !given(name)) {
            let help = properties.get(name).and_then(|schema| schema.description.clone());
            self.say("missing-input", path, format!("`{}` is missing", path_join(path, name)), help);
        }
        for (name, value) in map {
            let at = path_join(path, name);
            match (properties.get(name), additional) {
                // Null is the same as left out.
                (Some(_), _) if matches!(value.peek(), Value::Null) => {}
                (Some(member), _) => self.check(member, value, &at),
                (None, Some(member)) => self.check(member, value, &at),
                (None, None) => {
                    let shown = crate::stack::yaml::shown(name);
                    let message = match path {
                        "" => format!("there is no input `{shown}`"),
                        path => format!("`{path}` has no member `{shown}`"),
                    };
                    let help = suggest(name, properties.keys().map(String::as_str));
                    self.violation(Violation { code: "unknown-input", path: at, message, help, on_key: true });
                }
            }
        }
    }

    /// The form that it fits; else the one that it means, if a constant member tells which.
    fn one_of(&mut self, forms: &[Schema], value: &Value, path: &str) {
        let constants: Option<Vec<&Json>> = forms
            .iter()
            .map(|form| form.one_of.as_deref().filter(|_| !matches!(form.shape, Shape::Object { .. })))
            .try_fold(Vec::new(), |mut all, choices| {
                all.extend(choices?);
                Some(all)
            });
        let outside = self.secret;
        self.secret |= forms.iter().any(|form| form.flags.secret);
        match constants {
            Some(choices) if value.has_unknown() || choices.iter().any(|choice| fits(choice, value)) => {}
            Some(choices) => self.not_among(choices.into_iter(), value, path),
            None => self.form(forms, value, path),
        }
        self.secret = outside;
    }

    fn form(&mut self, forms: &[Schema], value: &Value, path: &str) {
        let secret = self.secret;
        let faults = |form: &Schema, value: &Value| {
            let mut found = Vec::new();
            Validator { found: &mut found, secret }.check_known(form, value, path);
            found
        };
        if forms.iter().any(|form| faults(form, value).is_empty()) {
            return;
        }
        // What is secret in one form may stand under another, so that none of them shows it.
        let marked = forms.iter().fold(value.clone(), |value, form| form.mark_secrets(value));
        match forms.iter().rfind(|form| is_meant(form, value)) {
            Some(meant) => {
                faults(meant, marked.peek()).into_iter().for_each(|violation| self.violation(violation));
            }
            None => self.say("wrong-form", path, format!("{}has none of the forms it may have", subject(path)), None),
        }
    }

    fn not_among<'c>(&mut self, choices: impl Iterator<Item = &'c Json> + Clone, value: &Value, path: &str) {
        let message = match value {
            Value::String(text) if !self.secret => {
                format!("{}cannot be `{}`", subject(path), crate::stack::yaml::shown(text))
            }
            _ => format!("{}is none of the values it may have", subject(path)),
        };
        let texts: Vec<String> =
            choices.map(|choice| choice.as_str().map_or_else(|| choice.to_string(), str::to_owned)).collect();
        let help = match value {
            Value::String(text) if !self.secret => suggest(text, texts.iter().map(String::as_str)),
            _ => Some(format!("it is one of: {}", texts.join(", "))),
        };
        self.say("not-allowed", path, message, help);
    }

    fn range(&mut self, range: &Range, number: &serde_json::Number, path: &str) {
        let Some(n) = number.as_f64() else { return };
        let fault = match range {
            Range { minimum: Some(least), .. } if n < *least => format!("at least {least}"),
            Range { above: Some(least), .. } if n <= *least => format!("more than {least}"),
            Range { maximum: Some(most), .. } if n > *most => format!("at most {most}"),
            Range { below: Some(most), .. } if n >= *most => format!("less than {most}"),
            Range { multiple_of: Some(step), .. } if n % step != 0.0 => format!("a multiple of {step}"),
            _ => return,
        };
        let shown = if self.secret { String::new() } else { format!(", and is {number}") };
        self.say("out-of-range", path, format!("{}must be {fault}{shown}", subject(path)), None);
    }

    fn length(&mut self, sizes: Sizes, length: usize, unit: &str, path: &str) {
        let plural = |n: usize| if n == 1 { unit.to_owned() } else { format!("{unit}s") };
        let fault = match sizes {
            Sizes { least, .. } if length < least => format!("at least {least} {}", plural(least)),
            Sizes { most: Some(most), .. } if length > most => format!("at most {most} {}", plural(most)),
            _ => return,
        };
        let shown = if self.secret { String::new() } else { format!(", and has {length}") };
        self.say("out-of-range", path, format!("{}must have {fault}{shown}", subject(path)), None);
    }

    fn unique(&mut self, list: &[Value], path: &str) {
        // Printed for comparison only: sorting texts keeps it from being quadratic.
        let mut seen = std::collections::HashMap::new();
        for (index, item) in list.iter().enumerate().filter(|(_, item)| !item.has_unknown()) {
            let Ok(text) = serde_json::to_string(&item.clone().revealed()) else { continue };
            if let Some(first) = seen.insert(text, index) {
                let message = format!("items {first} and {index} of `{path}` are equal");
                self.say("duplicate-item", &format!("{path}[{index}]"), message, None);
            }
        }
    }

    fn unique_keys(&mut self, list: &[Value], key: &str, path: &str) {
        let mut seen = std::collections::HashMap::new();
        for (index, item) in list.iter().enumerate() {
            let Some(text) = item.get(key).and_then(Value::as_str) else { continue };
            if let Some(first) = seen.insert(text.to_owned(), index) {
                let at = path_join(&format!("{path}[{index}]"), key);
                self.say(
                    "duplicate-item",
                    &at,
                    format!("items {first} and {index} of `{path}` have the same `{key}`"),
                    None,
                );
            }
        }
    }
}

/// Is the value this choice?
fn fits(choice: &Json, value: &Value) -> bool {
    Value::from(choice.clone()) == *value
}

/// Does a constant member of the form (a tag) have the value's?
fn is_meant(form: &Schema, value: &Value) -> bool {
    form.properties().any(|(name, member)| {
        let given = value.get(name);
        member.one_of.as_ref().is_some_and(|choices| {
            given.is_some_and(|given| choices.len() == 1 && Value::from(choices[0].clone()) == *given)
        })
    })
}

fn subject(path: &str) -> String {
    if path.is_empty() { "this ".to_owned() } else { format!("`{path}` ") }
}

fn expected(shape: &Shape) -> &'static str {
    match shape {
        Shape::Any => "anything",
        Shape::Bool => "true or false",
        Shape::Integer(_) => "a whole number",
        Shape::Number(_) => "a number",
        Shape::Text { .. } => "a string",
        Shape::List { .. } => "a list",
        Shape::Object { .. } => "a map",
        Shape::OneOf(_) => "one of several forms",
    }
}

fn type_name(value: &Value) -> &'static str {
    match value.peek() {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a number with a fraction",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::List(_) => "a list",
        Value::Map(_) | Value::Secret(_) => "a map",
        Value::Unknown => "unknown",
    }
}
