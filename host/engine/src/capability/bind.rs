//! Bindings: which part of a request must equal which part of the step it serves.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use serde_json::Value as Json;

use super::StepScope;
use super::read::{Reader, under};
use crate::value::Value;

/// A value of the step: `{id}`, `{address}`, `{inputs.a.b}`, `{outputs.a}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Placeholder {
    /// The object's id.
    Id,
    /// The resource's address in the stack.
    Address,
    /// One part of an id that has several, `maps/web`, counted from 0.
    IdPart(usize),
    /// An input, by path.
    Inputs(Vec<String>),
    /// An output as recorded before the call, by path.
    Outputs(Vec<String>),
}

/// Why a text is no placeholder, template or pointer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// Unknown placeholder.
    #[error("`{{{0}}}` is no placeholder: known are {{id}}, {{address}}, {{inputs.…}} and {{outputs.…}}")]
    Placeholder(String),
    /// Braces that do not match.
    #[error("`{0}` has a brace without its other half")]
    Brace(String),
    /// A template that depends on nothing.
    #[error("`{0}` names no value of the step, so it binds nothing")]
    Constant(String),
    /// Not a JSON pointer.
    #[error("`{0}` is no JSON pointer: it must start with `/`, and `~` stands only in `~0` and `~1`")]
    Pointer(String),
}

impl Placeholder {
    /// Parses what stands between the braces.
    ///
    /// # Errors
    /// When it names nothing that a step has.
    pub fn parse(text: &str) -> Result<Self, BindError> {
        let error = || BindError::Placeholder(text.to_owned());
        let mut parts = text.split('.').map(str::to_owned);
        let root = parts.next().unwrap_or_default();
        let path: Vec<String> = parts.collect();
        if path.iter().any(String::is_empty) {
            return Err(error());
        }
        match (root.as_str(), path.is_empty()) {
            ("id", true) => Ok(Self::Id),
            ("id", false) => match path.as_slice() {
                [part] if part.len() == 1 => part.parse().map(Self::IdPart).map_err(|_| error()),
                _ => Err(error()),
            },
            ("address", true) => Ok(Self::Address),
            ("inputs", false) => Ok(Self::Inputs(path)),
            ("outputs", false) => Ok(Self::Outputs(path)),
            _ => Err(error()),
        }
    }

    /// The step's value, without secret marks; none where the step has none or it is null.
    pub fn value(&self, scope: &StepScope) -> Option<Value> {
        let found = match self {
            Self::Id => scope.id.clone().map(Value::String),
            Self::IdPart(at) => {
                let part = scope.id.as_deref().and_then(|id| id.split('/').nth(*at));
                part.filter(|part| !part.is_empty()).map(|part| Value::String(part.to_owned()))
            }
            Self::Address => Some(Value::String(scope.address.as_str().to_owned())),
            Self::Inputs(path) => walk(&scope.inputs, path),
            Self::Outputs(path) => walk(&scope.outputs, path),
        };
        found.map(Value::revealed).filter(|value| !matches!(value, Value::Null))
    }

    /// The step's value as the text that stands for it in a URL.
    pub fn text(&self, scope: &StepScope) -> Option<String> {
        match self.value(scope)? {
            Value::String(text) if !text.is_empty() => Some(text),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(truth) => Some(truth.to_string()),
            _ => None,
        }
    }
}

fn walk(value: &Value, path: &[String]) -> Option<Value> {
    let mut here = value;
    for key in path {
        here = match here.peek() {
            Value::Map(map) => map.get(key)?,
            Value::List(items) => items.get(key.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(here.clone())
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id => f.write_str("{id}"),
            Self::IdPart(at) => write!(f, "{{id.{at}}}"),
            Self::Address => f.write_str("{address}"),
            Self::Inputs(path) => write!(f, "{{inputs.{}}}", path.join(".")),
            Self::Outputs(path) => write!(f, "{{outputs.{}}}", path.join(".")),
        }
    }
}

/// The right side of a binding: one placeholder, compared as JSON, or a text with placeholders in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Part {
    Text(String),
    Value(Placeholder),
    /// Any number from 1, as decimals have it: what counts revisions.
    Number,
}

/// The word for [`Part::Number`].
const NUMBER: &str = "number";

impl FromStr for Template {
    type Err = BindError;

    fn from_str(text: &str) -> Result<Self, BindError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find(['{', '}']) {
            let brace = || BindError::Brace(text.to_owned());
            let (before, from) = rest.split_at(open);
            let inside = from.strip_prefix('{').ok_or_else(brace)?;
            let (name, after) = inside.split_once('}').ok_or_else(brace)?;
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(match name {
                NUMBER => Part::Number,
                name => Part::Value(Placeholder::parse(name)?),
            });
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        if !parts.iter().any(|part| matches!(part, Part::Value(_))) {
            return Err(BindError::Constant(text.to_owned()));
        }
        Ok(Self(parts))
    }
}

impl Template {
    /// Does the request's value (none: the field is absent) equal the step's? An input that both
    /// leave out is equal; one that the step does not know yet never is. An id or an output that
    /// the step has not got equals nothing: leaving it out may mean "all of them".
    pub fn equals(&self, actual: Option<&Value>, scope: &StepScope) -> bool {
        let expected = match self.0.as_slice() {
            [Part::Value(placeholder)] => placeholder.value(scope),
            // Half a text is nothing that a request could equal.
            _ => return self.equals_text(actual.and_then(Value::as_str), scope),
        };
        let actual = actual.filter(|value| !matches!(value.peek(), Value::Null));
        match (expected, actual) {
            (None, None) => matches!(self.0.as_slice(), [Part::Value(Placeholder::Inputs(_))]),
            (Some(expected), Some(actual)) => !expected.has_unknown() && !actual.has_unknown() && expected == *actual,
            _ => false,
        }
    }

    /// As [`Template::equals`], for a text such as a query value.
    pub fn equals_text(&self, actual: Option<&str>, scope: &StepScope) -> bool {
        // A value that is bound must be there: leaving out a filter means "all of them".
        let Some(mut rest) = actual else { return false };
        for part in &self.0 {
            let after = match part {
                Part::Text(text) => rest.strip_prefix(text.as_str()),
                Part::Value(placeholder) => placeholder.text(scope).and_then(|text| rest.strip_prefix(&text)),
                Part::Number => counted(rest),
            };
            let Some(after) = after else { return false };
            rest = after;
        }
        rest.is_empty()
    }
}

/// What stands behind a number, if one stands at the text's beginning.
fn counted(text: &str) -> Option<&str> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    (digits > 0 && !text.starts_with('0')).then(|| &text[digits..])
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(text),
            Part::Value(placeholder) => placeholder.fmt(f),
            Part::Number => write!(f, "{{{NUMBER}}}"),
        })
    }
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A JSON pointer (RFC 6901) in which `*` stands for any index of a list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pointer(Vec<String>);

/// One step from a JSON value to a value in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A member of an object.
    Key(String),
    /// An item of a list.
    Index(usize),
}

impl FromStr for Pointer {
    type Err = BindError;

    fn from_str(text: &str) -> Result<Self, BindError> {
        let error = || BindError::Pointer(text.to_owned());
        let inside = text.strip_prefix('/').ok_or_else(error)?;
        let bad_escape = |token: &str| token.replace("~0", "").replace("~1", "").contains('~');
        let tokens = inside.split('/').map(|token| {
            if bad_escape(token) { Err(error()) } else { Ok(token.replace("~1", "/").replace("~0", "~")) }
        });
        Ok(Self(tokens.collect::<Result<_, _>>()?))
    }
}

impl Pointer {
    /// Does it point at this place?
    pub fn matches(&self, place: &[Place]) -> bool {
        self.0.len() == place.len() && self.0.iter().zip(place).all(|(token, step)| fits(token, step))
    }

    /// The values it points at, none in the place of one that is left out: a single one, unless there
    /// is a `*`, which stands for every item of a list. Of a list without items, the items are left out.
    ///
    /// # Errors
    /// Where programs disagree on what stands there: a key beside it that differs only in case,
    /// which some take for the same, or a list or a scalar where an object should be.
    pub fn find<'v>(&self, value: &'v Value) -> Result<Vec<Option<&'v Value>>, Ambiguous> {
        let mut here = vec![Some(value)];
        for token in &self.0 {
            let mut next = Vec::with_capacity(here.len());
            for value in here {
                match value.map(Value::peek) {
                    Some(Value::List(items)) if token == "*" && !items.is_empty() => {
                        next.extend(items.iter().map(Some));
                    }
                    Some(value) => next.push(step(value, token)?),
                    None => next.push(None),
                }
            }
            here = next;
        }
        Ok(here)
    }

    /// Applies `change` to every value in `json` that it points at.
    pub fn for_each(&self, json: &mut Json, change: &mut impl FnMut(&mut Json)) {
        descend(&self.0, json, change);
    }
}

/// What one token of a pointer leads to.
fn step<'v>(value: &'v Value, token: &str) -> Result<Option<&'v Value>, Ambiguous> {
    match value {
        // Not a key: a service that is given an object where it expects a list takes it as it likes.
        Value::Map(_) if token == "*" => Err(Ambiguous),
        Value::Map(map) => {
            let alike = |key: &&String| *key != token && folded(key).eq(folded(token));
            if map.keys().any(|key| alike(&key)) {
                return Err(Ambiguous);
            }
            Ok(map.get(token))
        }
        Value::List(_) if token == "*" => Ok(None),
        Value::List(items) => {
            let index = token.parse::<usize>().ok().filter(|index| index.to_string() == token);
            Ok(items.get(index.ok_or(Ambiguous)?))
        }
        Value::Null => Ok(None),
        _ => Err(Ambiguous),
    }
}

/// A place that programs disagree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ambiguous;

/// Without case, also where one letter has several forms: `ſ` is an `s` to some.
fn folded(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

fn fits(token: &str, place: &Place) -> bool {
    match place {
        Place::Key(key) => token == key,
        Place::Index(index) => token == "*" || token.parse() == Ok(*index),
    }
}

fn descend(tokens: &[String], json: &mut Json, change: &mut impl FnMut(&mut Json)) {
    let Some((token, rest)) = tokens.split_first() else { return change(json) };
    match json {
        Json::Object(map) => map.get_mut(token).into_iter().for_each(|item| descend(rest, item, change)),
        Json::Array(items) => {
            let chosen = items.iter_mut().enumerate().filter(|(at, _)| fits(token, &Place::Index(*at)));
            chosen.for_each(|(_, item)| descend(rest, item, change));
        }
        _ => {}
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|token| write!(f, "/{}", token.replace('~', "~0").replace('/', "~1")))
    }
}

impl Serialize for Pointer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A list is what a grant's own binding beside the manifest's comes to.
fn read_templates(reader: &mut Reader, path: &str, json: &Json) -> BTreeSet<Template> {
    let texts = match json {
        Json::Array(_) => reader.texts(path, json),
        one => reader.text(path, one).map(|text| (path.to_owned(), text)).into_iter().collect(),
    };
    texts.into_iter().filter_map(|(path, text)| reader.parsed(&path, Template::from_str(text))).collect()
}

/// What a rule binds beside the path of its URL. More bindings allow less. Each field holds every
/// template that it must equal: a grant may add to what the manifest says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Bind {
    /// Values in the JSON body; of a list, by `*`, every item.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub body: BTreeMap<Pointer, BTreeSet<Template>>,
    /// Query parameters; a bound one is allowed, must be there, and only once.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, BTreeSet<Template>>,
}

impl Bind {
    /// Reads what a rule of `http` says: places of the body, parameters of the query.
    pub(super) fn read(reader: &mut Reader, path: &str, json: &Json) -> Self {
        let mut bind = Self::default();
        let Some(fields) = reader.object(path, json, &["body", "query"]) else { return bind };
        if let Some(json) = fields.get("body") {
            bind.body = Self::read_places(reader, &under(path, "body"), json).body;
        }
        let query = under(path, "query");
        for (name, json) in fields.get("query").and_then(|json| reader.any_object(&query, json)).into_iter().flatten() {
            let templates = read_templates(reader, &under(&query, name), json);
            if !templates.is_empty() {
                bind.query.entry(name.clone()).or_default().extend(templates);
            }
        }
        bind
    }

    /// Reads what a rule of a service says, whose calls have an input and no query.
    pub(super) fn read_places(reader: &mut Reader, path: &str, json: &Json) -> Self {
        let mut bind = Self::default();
        for (name, json) in reader.any_object(path, json).into_iter().flatten() {
            let path = under(path, name);
            let templates = read_templates(reader, &path, json);
            if templates.is_empty() {
                continue;
            }
            let Some(pointer) = reader.parsed(&path, Pointer::from_str(name)) else { continue };
            bind.body.entry(pointer).or_default().extend(templates);
        }
        bind
    }

    /// Nothing is bound.
    pub fn is_empty(&self) -> bool {
        self.body.is_empty() && self.query.is_empty()
    }

    /// Both sides' bindings.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Self {
        let mut both = self.clone();
        for (pointer, templates) in &other.body {
            both.body.entry(pointer.clone()).or_default().extend(templates.iter().cloned());
        }
        for (name, templates) in &other.query {
            both.query.entry(name.clone()).or_default().extend(templates.iter().cloned());
        }
        both
    }
}
