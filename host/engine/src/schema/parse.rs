//! From the document that a component carries to [`KindSchema`]s.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use super::{Flags, KindSchema, Kinds, Loss, Pattern, Range, Schema, Shape, Sizes};
use crate::name::{KindName, name_fault};

/// Schemas within schemas.
const MAX_DEPTH: usize = 32;
/// Schemas in one document, so that one plugin cannot take all memory.
const MAX_SCHEMAS: usize = 20_000;
/// The longest regular expression; names and versions need far less.
const MAX_PATTERN: usize = 256;
/// What a kind may ask to wait for a dead process's last call.
const MAX_SETTLE_MS: u64 = 10 * 60 * 1000;
/// What one call may serve, whatever a kind says.
const MAX_BATCH: u64 = 1000;
/// Requests in one provider call where the kind says nothing.
const DEFAULT_BATCH: u64 = 20;
/// How long a dead process's last request may still land, in milliseconds, where the kind says nothing.
pub const DEFAULT_SETTLE_MS: u64 = 5_000;

/// Why a kinds document is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct SchemaError {
    /// Where, as a JSON pointer.
    pub place: String,
    /// What is wrong.
    pub message: String,
}

impl KindSchema {
    /// Reads `{"kinds": {"doks/cluster": {…}}}`.
    ///
    /// # Errors
    /// The first thing in it that is wrong or not understood.
    pub fn parse_all(document: &Json) -> Result<Kinds, SchemaError> {
        let mut parser = Parser { place: Vec::new(), schemas: 0 };
        let root = parser.object(document)?;
        parser.known(root, &["kinds"])?;
        let kinds = root.get("kinds").ok_or_else(|| parser.error("there are no `kinds`"))?;
        parser.within("kinds", |parser| {
            let mut parsed = Kinds::new();
            for (name, document) in parser.object(kinds)? {
                let kind = parser.within(name, |parser| parser.kind(name, document))?;
                parsed.insert(kind.kind.clone(), kind);
            }
            Ok(parsed)
        })
    }

    /// Reads one kind's document.
    ///
    /// # Errors
    /// The first thing in it that is wrong or not understood.
    pub fn parse(name: &str, document: &Json) -> Result<Self, SchemaError> {
        Parser { place: Vec::new(), schemas: 0 }.kind(name, document)
    }
}

impl Schema {
    /// Reads one schema, such as that of a plugin's `config`.
    ///
    /// # Errors
    /// The first thing in it that is wrong or not understood.
    pub fn parse(schema: &Json) -> Result<Self, SchemaError> {
        Parser { place: Vec::new(), schemas: 0 }.schema(schema)
    }
}

struct Parser {
    place: Vec<String>,
    schemas: usize,
}

type Parsed<T> = Result<T, SchemaError>;

/// Keywords that say something to people only.
const COMMENTS: &[&str] =
    &["title", "description", "default", "deprecated", "examples", "$comment", "$schema", "format"];
/// Keywords of every type.
const COMMON: &[&str] = &["type", "enum", "const", "oneOf", "anyOf"];
const NUMBER: &[&str] = &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
const TEXT: &[&str] = &["minLength", "maxLength", "pattern"];
const LIST: &[&str] = &["items", "minItems", "maxItems", "uniqueItems"];
const OBJECT: &[&str] = &["properties", "required", "additionalProperties"];
const ANNOTATIONS: &[&str] = &[
    "x-maps-replace",
    "x-maps-secret",
    "x-maps-computed",
    "x-maps-ephemeral",
    "x-maps-lives-in",
    "x-maps-key",
    "x-maps-pins",
];

impl Parser {
    fn error(&self, message: impl Into<String>) -> SchemaError {
        let place = self.place.iter().map(|part| format!("/{}", part.replace('~', "~0").replace('/', "~1"))).collect();
        SchemaError { place, message: message.into() }
    }

    fn within<T>(&mut self, part: &str, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.place.push(part.to_owned());
        let result = read(self);
        self.place.pop();
        result
    }

    fn object<'j>(&self, json: &'j Json) -> Parsed<&'j Map<String, Json>> {
        json.as_object().ok_or_else(|| self.error("this is not an object"))
    }

    fn known(&self, map: &Map<String, Json>, known: &[&str]) -> Parsed<()> {
        match map.keys().find(|key| !known.contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => Err(self.error(format!("`{key}` is not supported"))),
        }
    }

    fn kind(&mut self, name: &str, document: &Json) -> Parsed<KindSchema> {
        const KEYS: &[&str] = &[
            "inputs",
            "outputs",
            "description",
            "x-maps-settle-ms",
            "x-maps-batch",
            "x-maps-delete-first",
            "x-maps-diff",
            "x-maps-preview",
            "x-maps-home",
            "x-maps-lookup",
            "x-maps-loses",
        ];
        let good = |part: &str| name_fault(part).is_none();
        if !name.split_once('/').is_some_and(|(plugin, kind)| good(plugin) && good(kind)) {
            return Err(self.error("a kind is named `PLUGIN/KIND`"));
        }
        let map = self.object(document)?;
        self.known(map, KEYS)?;
        let mut part = |key: &str| match map.get(key) {
            Some(json) => self.within(key, |parser| {
                let schema = parser.schema(json)?;
                if matches!(schema.shape, Shape::Object { .. }) {
                    Ok(schema)
                } else {
                    Err(parser.error("this is not the schema of an object"))
                }
            }),
            None => Err(self.error(format!("`{key}` is missing"))),
        };
        let (inputs, outputs) = (part("inputs")?, part("outputs")?);
        let home = self.texts(map, "x-maps-home")?;
        // What the plugin's config holds is said in its manifest, and is not known here.
        let known = |name: &str| name.strip_prefix("config.").map_or(inputs.member(name).is_some(), |n| !n.is_empty());
        if let Some(unknown) = home.iter().find(|name| !known(name)) {
            let message = format!("`x-maps-home` names `{unknown}`, which is neither an input nor `config.NAME`");
            return Err(self.error(message));
        }
        let loses = match map.get("x-maps-loses") {
            Some(json) => Some(self.within("x-maps-loses", |parser| parser.loss(json, &inputs))?),
            None => None,
        };
        Ok(KindSchema {
            kind: KindName::new(name),
            document: document.clone(),
            description: self.text(map, "description")?.unwrap_or_default(),
            inputs,
            outputs,
            settle_ms: self.unsigned(map, "x-maps-settle-ms", MAX_SETTLE_MS)?.unwrap_or(DEFAULT_SETTLE_MS),
            // The figure is below `MAX_BATCH`, and a batch of none serves nobody.
            batch: usize::try_from(self.unsigned(map, "x-maps-batch", MAX_BATCH)?.unwrap_or(DEFAULT_BATCH).max(1))
                .unwrap_or(1),
            delete_first: self.flag(map, "x-maps-delete-first")?,
            diffs: self.flag(map, "x-maps-diff")?,
            previews: self.flag(map, "x-maps-preview")?,
            lookup: self.flag(map, "x-maps-lookup")?,
            loses,
            home,
        })
    }

    /// `{"what": "all objects in it", "if": "force_destroy"}`
    fn loss(&self, json: &Json, inputs: &Schema) -> Parsed<Loss> {
        let map = self.object(json)?;
        self.known(map, &["what", "if"])?;
        let only_if = self.text(map, "if")?;
        let switch = |name: &String| inputs.member(name).is_some_and(|input| matches!(input.shape, Shape::Bool));
        if let Some(name) = only_if.as_ref().filter(|name| !switch(name)) {
            return Err(self.error(format!("`if` names `{name}`, which is no input that is true or false")));
        }
        let what = self.text(map, "what")?.ok_or_else(|| self.error("`what` is missing"))?;
        Ok(Loss { what, only_if })
    }

    fn schema(&mut self, json: &Json) -> Parsed<Schema> {
        self.schemas += 1;
        if self.place.len() > 2 * MAX_DEPTH || self.schemas > MAX_SCHEMAS {
            return Err(self.error("the schema is too large"));
        }
        if *json == Json::Bool(true) {
            return Ok(Schema::default());
        }
        let map = self.object(json)?;
        let shape = match (map.get("oneOf").or(map.get("anyOf")), map.get("type")) {
            (Some(forms), _) => self.forms(map, forms)?,
            (None, None) => self.untyped(map)?,
            (None, Some(Json::String(name))) => self.typed(map, name)?,
            (None, Some(_)) => return Err(self.error("a value has one `type`")),
        };
        let schema = Schema {
            flags: Flags {
                replace: self.flag(map, "x-maps-replace")?,
                secret: self.flag(map, "x-maps-secret")?,
                computed: self.flag(map, "x-maps-computed")?,
                ephemeral: self.flag(map, "x-maps-ephemeral")?,
                pins: self.flag(map, "x-maps-pins")?,
                lives_in: self.flag(map, "x-maps-lives-in")?,
                key: self.text(map, "x-maps-key")?,
            },
            description: self.text(map, "description")?,
            default: map.get("default").cloned(),
            one_of: self.choices(map)?,
            shape,
        };
        self.consistent(schema)
    }

    /// Annotations that could not be obeyed are told, not ignored.
    fn consistent(&self, schema: Schema) -> Parsed<Schema> {
        if let Some(key) = &schema.flags.key {
            let keyed = match &schema.shape {
                Shape::List { items, .. } => items.member(key).is_some(),
                _ => false,
            };
            if !keyed {
                return Err(self.error(format!("`x-maps-key` is for lists of objects that have `{key}`")));
            }
        }
        Ok(schema)
    }

    fn keywords(&self, map: &Map<String, Json>, of_type: &[&str]) -> Parsed<()> {
        let known: Vec<&str> = [COMMENTS, COMMON, ANNOTATIONS, of_type].concat();
        self.known(map, &known)
    }

    /// Without a type there may be no rules of a type: they would never be looked at.
    fn untyped(&mut self, map: &Map<String, Json>) -> Parsed<Shape> {
        self.keywords(map, &[])?;
        let choices = self.choices(map)?.unwrap_or_default();
        Ok(if !choices.is_empty() && choices.iter().all(Json::is_string) { text() } else { Shape::Any })
    }

    fn typed(&mut self, map: &Map<String, Json>, name: &str) -> Parsed<Shape> {
        match name {
            "boolean" => self.keywords(map, &[]).map(|()| Shape::Bool),
            "integer" => {
                self.keywords(map, NUMBER)?;
                Ok(Shape::Integer(self.range(map)?))
            }
            "number" => {
                self.keywords(map, NUMBER)?;
                Ok(Shape::Number(self.range(map)?))
            }
            "string" => {
                self.keywords(map, TEXT)?;
                Ok(Shape::Text { length: self.sizes(map, "minLength", "maxLength")?, pattern: self.pattern(map)? })
            }
            "array" => {
                self.keywords(map, LIST)?;
                let items = match map.get("items") {
                    Some(items) => self.within("items", |parser| parser.schema(items))?,
                    None => Schema::default(),
                };
                let length = self.sizes(map, "minItems", "maxItems")?;
                Ok(Shape::List { items: Box::new(items), length, unique: self.flag(map, "uniqueItems")? })
            }
            "object" => self.members(map),
            other => Err(self.error(format!("the type `{other}` is not supported"))),
        }
    }

    fn members(&mut self, map: &Map<String, Json>) -> Parsed<Shape> {
        self.keywords(map, OBJECT)?;
        let mut properties = BTreeMap::new();
        if let Some(json) = map.get("properties") {
            self.within("properties", |parser| {
                for (name, schema) in parser.object(json)? {
                    let schema = parser.within(name, |parser| parser.schema(schema))?;
                    properties.insert(name.clone(), schema);
                }
                Ok(())
            })?;
        }
        let required: BTreeSet<String> = self.texts(map, "required")?.into_iter().collect();
        if let Some(name) = required.iter().find(|name| !properties.contains_key(*name)) {
            return Err(self.error(format!("`{name}` is required and not declared")));
        }
        let additional = match map.get("additionalProperties") {
            Some(Json::Bool(false)) => None,
            // A map that declares members has no others unless it says so: that is how a misspelt
            // name is found. One that declares none is open.
            None if !properties.is_empty() || map.contains_key("properties") => None,
            None => Some(Box::default()),
            Some(schema) => Some(Box::new(self.within("additionalProperties", |parser| parser.schema(schema))?)),
        };
        Ok(Shape::Object { properties, required, additional })
    }

    /// `oneOf` and `anyOf`: constants become an enumeration, everything else is a list of forms.
    fn forms(&mut self, map: &Map<String, Json>, forms: &Json) -> Parsed<Shape> {
        if map.contains_key("oneOf") && map.contains_key("anyOf") {
            return Err(self.error("`oneOf` and `anyOf` together are not supported"));
        }
        // A type beside the forms says what they all are; rules of the type would be lost.
        self.keywords(map, &[])?;
        let forms = forms.as_array().filter(|forms| !forms.is_empty());
        let forms = forms.ok_or_else(|| self.error("`oneOf` is a list"))?;
        let mut parsed = Vec::with_capacity(forms.len());
        for (index, form) in forms.iter().enumerate() {
            parsed.push(self.within(&index.to_string(), |parser| parser.schema(form))?);
        }
        Ok(Shape::OneOf(parsed))
    }

    /// `enum` and `const`.
    fn choices(&self, map: &Map<String, Json>) -> Parsed<Option<Vec<Json>>> {
        match (map.get("enum"), map.get("const")) {
            (None, None) => Ok(None),
            (None, Some(only)) => Ok(Some(vec![only.clone()])),
            (Some(Json::Array(choices)), None) if !choices.is_empty() => Ok(Some(choices.clone())),
            _ => Err(self.error("`enum` is a list with at least one value, and not together with `const`")),
        }
    }

    fn range(&self, map: &Map<String, Json>) -> Parsed<Range> {
        let number = |key: &str| match map.get(key) {
            None => Ok(None),
            Some(json) => json.as_f64().map(Some).ok_or_else(|| self.error(format!("`{key}` is a number"))),
        };
        let multiple_of = number("multipleOf")?;
        if multiple_of.is_some_and(|step| step <= 0.0) {
            return Err(self.error("`multipleOf` is more than 0"));
        }
        let mut range = Range {
            minimum: number("minimum")?,
            maximum: number("maximum")?,
            above: number("exclusiveMinimum")?,
            below: number("exclusiveMaximum")?,
            multiple_of,
        };
        // The widths of Rust's integers are the one format that is a rule.
        let (least, most) = match map.get("format").and_then(Json::as_str) {
            Some("int32") => (f64::from(i32::MIN), f64::from(i32::MAX)),
            Some("uint32") => (0.0, f64::from(u32::MAX)),
            Some("uint64" | "uint") => (0.0, f64::MAX),
            _ => return Ok(range),
        };
        range.minimum = Some(range.minimum.map_or(least, |minimum| minimum.max(least)));
        if most < f64::MAX {
            range.maximum = Some(range.maximum.map_or(most, |maximum| maximum.min(most)));
        }
        Ok(range)
    }

    fn sizes(&self, map: &Map<String, Json>, least: &str, most: &str) -> Parsed<Sizes> {
        let size = |key: &str| Ok(self.unsigned(map, key, u64::MAX)?.map(|n| usize::try_from(n).unwrap_or(usize::MAX)));
        Ok(Sizes { least: size(least)?.unwrap_or(0), most: size(most)? })
    }

    fn pattern(&self, map: &Map<String, Json>) -> Parsed<Option<Pattern>> {
        let Some(text) = self.text(map, "pattern")? else { return Ok(None) };
        if text.len() > MAX_PATTERN {
            return Err(self.error(format!("the pattern is longer than {MAX_PATTERN} bytes")));
        }
        let regex = regex_lite::RegexBuilder::new(&text).size_limit(1 << 20).nest_limit(16).build();
        let regex = regex.map_err(|error| self.error(format!("the pattern is not supported: {error}")))?;
        Ok(Some(Pattern { text, regex }))
    }

    fn flag(&self, map: &Map<String, Json>, key: &str) -> Parsed<bool> {
        match map.get(key) {
            None => Ok(false),
            Some(json) => json.as_bool().ok_or_else(|| self.error(format!("`{key}` is true or false"))),
        }
    }

    fn text(&self, map: &Map<String, Json>, key: &str) -> Parsed<Option<String>> {
        match map.get(key) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(self.error(format!("`{key}` is a string"))),
        }
    }

    fn texts(&self, map: &Map<String, Json>, key: &str) -> Parsed<Vec<String>> {
        let Some(json) = map.get(key) else { return Ok(Vec::new()) };
        let texts =
            json.as_array().and_then(|items| items.iter().map(|item| item.as_str().map(str::to_owned)).collect());
        texts.ok_or_else(|| self.error(format!("`{key}` is a list of strings")))
    }

    fn unsigned(&self, map: &Map<String, Json>, key: &str, most: u64) -> Parsed<Option<u64>> {
        match map.get(key) {
            None => Ok(None),
            Some(json) => match json.as_u64().filter(|number| *number <= most) {
                Some(number) => Ok(Some(number)),
                None => Err(self.error(format!("`{key}` is a whole number up to {most}"))),
            },
        }
    }
}

fn text() -> Shape {
    Shape::Text { length: Sizes::default(), pattern: None }
}
