//! `inputs:`: declared, typed, and given values from the command line, the environment, a default.

use std::collections::BTreeMap;

use super::read::{Fields, Reader};
use super::yaml::{self, Kind, Node, shown};
use crate::diagnostic::{Diagnostic, suggest};
use crate::value::Value;

/// What comes from outside of the files.
#[derive(Clone, Copy)]
pub struct Parameters<'a> {
    /// Inputs given on the command line, as text.
    pub given: &'a BTreeMap<String, String>,
    /// A variable of the environment; asked only for those that inputs name in `from`.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// In rehearsal: the value of a secret that is not given, by the input's name and the
    /// variable it would come from. With it the environment is never asked for a secret.
    pub plant: Option<&'a Plant<'a>>,
}

/// See [`Parameters::plant`].
pub type Plant<'a> = dyn Fn(&str, Option<&str>) -> String + 'a;

/// The type of an input.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    String,
    Number,
    Integer,
    Bool,
    List,
    Map,
    Any,
}

const TYPES: &[(&str, Type)] = &[
    ("string", Type::String),
    ("number", Type::Number),
    ("integer", Type::Integer),
    ("bool", Type::Bool),
    ("list", Type::List),
    ("map", Type::Map),
    ("any", Type::Any),
];

/// The inputs' values. One that has none, or a wrong one, is told and is unknown.
pub(super) fn inputs(
    section: Option<&Node>,
    parameters: Parameters<'_>,
    reader: &mut Reader<'_>,
) -> BTreeMap<String, Value> {
    let mut values = BTreeMap::new();
    let entries = section.and_then(|node| reader.map(node, "`inputs`")).unwrap_or_default();
    for entry in entries {
        if !reader.name(&entry.key, &entry.key_span, "an input") {
            continue;
        }
        let value = input(&entry.key, &entry.value, parameters, reader).unwrap_or(Value::Unknown);
        values.insert(entry.key.to_string(), value);
    }
    for name in parameters.given.keys().filter(|name| !values.contains_key(*name)) {
        let message = format!("there is no input `{}`", shown(name));
        let help = suggest(name, values.keys().map(String::as_str));
        reader.push(Diagnostic::error("unknown-input", message).maybe_help(help));
    }
    values
}

fn input(name: &str, node: &Node, parameters: Parameters<'_>, reader: &mut Reader<'_>) -> Option<Value> {
    const KEYS: &[&str] = &["type", "default", "secret", "from", "description", "one_of"];
    let fields = reader.fields(node, "an input", KEYS)?;
    let wanted = wanted_type(fields, reader)?;
    let secret = match fields.get("secret") {
        Some(node) => reader.truth(node, "`secret`")?,
        None => false,
    };
    if let Some(node) = fields.get("description") {
        reader.text(node, "`description`");
    }
    let variable = variable(fields, reader)?;
    let value = match parameters.given.get(name) {
        Some(text) => from_text(text, wanted).map_err(|expected| wrong_value(name, &expected, node)),
        None => match outside(name, variable.as_deref(), secret, &fields, parameters) {
            Some(text) => from_text(&text, wanted).map_err(|expected| wrong_value(name, &expected, node)),
            None => default(name, fields, wanted, secret, variable.as_deref(), reader)?,
        },
    };
    let value = match value {
        Ok(value) => value,
        Err(diagnostic) => {
            reader.push(*diagnostic);
            return None;
        }
    };
    if !allowed(fields, &value, reader) {
        return None;
    }
    Some(if secret { value.secret() } else { value })
}

fn wanted_type(fields: Fields<'_>, reader: &mut Reader<'_>) -> Option<Type> {
    let node = reader.required(fields, "type", "an input")?;
    let text = reader.text(node, "`type`")?;
    let found = TYPES.iter().find(|(name, _)| *name == text).map(|(_, wanted)| *wanted);
    if found.is_none() {
        let message = format!("there is no type `{}`", shown(&text));
        let help = suggest(&text, TYPES.iter().map(|(name, _)| *name));
        reader.push(Diagnostic::error("unknown-type", message).at(&node.span).maybe_help(help));
    }
    found
}

/// The environment variable in `from: env.NAME`; the outer none is a fault.
#[allow(clippy::option_option)]
fn variable(fields: Fields<'_>, reader: &mut Reader<'_>) -> Option<Option<String>> {
    let Some(node) = fields.get("from") else { return Some(None) };
    let text = reader.text(node, "`from`")?;
    let name = text.strip_prefix("env.").filter(|name| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    });
    if name.is_none() {
        let message = format!("`{}` is no place that an input can come from", shown(&text));
        reader.push(
            Diagnostic::error("bad-from", message).at(&node.span).help("write `env.NAME` for an environment variable"),
        );
        return None;
    }
    Some(name.map(str::to_owned))
}

fn outside(
    name: &str,
    variable: Option<&str>,
    secret: bool,
    fields: &Fields<'_>,
    parameters: Parameters<'_>,
) -> Option<String> {
    match parameters.plant {
        Some(plant) if secret => fields.get("default").is_none().then(|| plant(name, variable)),
        _ => (parameters.environment)(variable?),
    }
}

/// The default, or that there is none; the outer none has been told.
fn default(
    name: &str,
    fields: Fields<'_>,
    wanted: Type,
    secret: bool,
    variable: Option<&str>,
    reader: &mut Reader<'_>,
) -> Option<Result<Value, Box<Diagnostic>>> {
    let Some(node) = fields.get("default") else {
        let help = match variable {
            Some(variable) => format!("set the environment variable {variable}, or give `--input {name}=…`"),
            None => format!("give it with `--input {name}=…`, or set a default"),
        };
        return Some(Err(Box::new(
            Diagnostic::error("missing-input", format!("the input `{name}` has no value")).at(fields.span).help(help),
        )));
    };
    if let Some(span) = yaml::first_expression(node) {
        reader.push(
            Diagnostic::error("no-expression-here", "a default cannot hold an expression")
                .at(span)
                .help("write `$${` for the characters"),
        );
        return None;
    }
    if secret {
        reader.push(
            Diagnostic::warning(
                "secret-in-file",
                format!("the default of the secret `{name}` stands in the file in clear"),
            )
            .at(&node.span)
            .help("use `from: env.NAME` instead"),
        );
    }
    let value = Value::from(yaml::to_json(node));
    if super::reserved_key(&value).is_some() || value.has_unknown() {
        reader.push(
            Diagnostic::error("reserved-key", "the default holds a key that maps keeps for itself").at(&node.span),
        );
        return None;
    }
    Some(if fits(&value, wanted) {
        Ok(value)
    } else {
        let message = format!("the default of `{name}` is not {}, but {}", describe(wanted), node.kind.describe());
        Err(Box::new(Diagnostic::error("wrong-type", message).at(&node.span)))
    })
}

fn wrong_value(name: &str, expected: &str, node: &Node) -> Box<Diagnostic> {
    // Never shows what was given: it may be secret.
    Box::new(
        Diagnostic::error("wrong-type", format!("the input `{name}` was given something that is not {expected}"))
            .at(&node.span),
    )
}

/// Text from outside: taken as it is for a string, read as YAML (and so as JSON) for the rest.
fn from_text(text: &str, wanted: Type) -> Result<Value, String> {
    if wanted == Type::String {
        return Ok(Value::String(text.to_owned()));
    }
    let expected = || describe(wanted).to_owned();
    let mut diagnostics = Vec::new();
    let node = yaml::parse("input", text.as_bytes(), &mut diagnostics).ok_or_else(expected)?;
    let value = Value::from(yaml::to_json(&node));
    let sound =
        !diagnostics.iter().any(Diagnostic::is_error) && super::reserved_key(&value).is_none() && !value.has_unknown();
    if sound && fits(&value, wanted) { Ok(value) } else { Err(expected()) }
}

fn fits(value: &Value, wanted: Type) -> bool {
    match (wanted, value) {
        (Type::String, Value::String(_))
        | (Type::Number, Value::Number(_))
        | (Type::Bool, Value::Bool(_))
        | (Type::List, Value::List(_))
        | (Type::Map, Value::Map(_))
        | (Type::Any, _) => true,
        (Type::Integer, Value::Number(number)) => !number.is_f64(),
        _ => false,
    }
}

fn describe(wanted: Type) -> &'static str {
    match wanted {
        Type::String => "a string",
        Type::Number => "a number",
        Type::Integer => "an integer",
        Type::Bool => "true or false",
        Type::List => "a list",
        Type::Map => "a map",
        Type::Any => "a value",
    }
}

fn allowed(fields: Fields<'_>, value: &Value, reader: &mut Reader<'_>) -> bool {
    let Some(node) = fields.get("one_of") else { return true };
    let Some(items) = reader.list(node, "`one_of`") else { return false };
    let choices: Vec<Value> = items.iter().map(|item| Value::from(yaml::to_json(item))).collect();
    if choices.contains(value) {
        return true;
    }
    let shown: Vec<String> = choices.iter().map(|choice| choice.redacted().to_string()).collect();
    reader.push(
        Diagnostic::error("not-allowed", "the input's value is none of those in `one_of`")
            .at(&node.span)
            .help(format!("use one of {}", shown.join(", "))),
    );
    false
}

/// The names of inputs that are declared, whatever is wrong with them.
pub(super) fn names(section: Option<&Node>) -> impl Iterator<Item = String> + '_ {
    let entries = match section.map(|node| &node.kind) {
        Some(Kind::Map(entries)) => entries.as_slice(),
        _ => &[],
    };
    entries.iter().map(|entry| entry.key.to_string())
}
