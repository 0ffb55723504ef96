//! What a kind's schema says at each place of a value: its annotations, through references.

use serde_json::Value as Json;

use crate::schema::KindSchema;
use crate::value::Value;

/// Requests in one provider call where the kind says nothing.
pub const DEFAULT_BATCH: usize = 20;
/// The largest batch a kind may ask for; more would make one failure cost too much.
pub const MAX_BATCH: usize = 1_000;
/// How long a dead process's last request may still land, where the kind says nothing.
pub const DEFAULT_SETTLE_MS: u64 = 5_000;
/// References followed at one place; a schema that needs more refers to itself.
const MAX_REFERENCES: usize = 16;

/// A place in a schema.
#[derive(Clone, Copy, Debug)]
pub struct Shape<'s> {
    root: &'s Json,
    node: Option<&'s Json>,
}

impl<'s> Shape<'s> {
    /// The top of a schema.
    pub fn of(root: &'s Json) -> Self {
        Self { root, node: Some(root) }
    }

    /// A property of an object, or what its additional properties are.
    pub fn property(self, name: &str) -> Self {
        let found = self.target().and_then(|node| {
            let declared = node.get("properties").and_then(|properties| properties.get(name));
            declared.or_else(|| node.get("additionalProperties").filter(|schema| schema.is_object()))
        });
        Self { root: self.root, node: found }
    }

    /// The items of an array.
    pub fn item(self) -> Self {
        Self { root: self.root, node: self.target().and_then(|node| node.get("items")) }
    }

    /// The declared properties of an object.
    pub fn properties(self) -> impl Iterator<Item = (&'s str, Self)> {
        let declared = self.target().and_then(|node| node.get("properties")).and_then(Json::as_object);
        declared
            .into_iter()
            .flatten()
            .map(move |(name, node)| (name.as_str(), Self { root: self.root, node: Some(node) }))
    }

    /// Is an annotation true here, at the reference or at what it refers to?
    pub fn flag(self, name: &str) -> bool {
        self.annotation(name) == Some(&Json::Bool(true))
    }

    /// The property that identifies the items of an array.
    pub fn key(self) -> Option<&'s str> {
        self.annotation("x-maps-key").and_then(Json::as_str)
    }

    fn annotation(self, name: &str) -> Option<&'s Json> {
        self.node.and_then(|node| node.get(name)).or_else(|| self.target().and_then(|node| node.get(name)))
    }

    /// The schema itself, behind references and "or null".
    fn target(self) -> Option<&'s Json> {
        let mut node = self.node?;
        for _ in 0..MAX_REFERENCES {
            if let Some(reference) = node.get("$ref").and_then(Json::as_str) {
                node = self.root.pointer(reference.strip_prefix('#')?)?;
                continue;
            }
            let branches = ["anyOf", "oneOf", "allOf"].iter().find_map(|word| node.get(word)).and_then(Json::as_array);
            let Some(branches) = branches else { return Some(node) };
            let mut real = branches.iter().filter(|branch| branch.get("type") != Some(&Json::from("null")));
            match (real.next(), real.next()) {
                (Some(only), None) => node = only,
                _ => return Some(node),
            }
        }
        None
    }
}

impl KindSchema {
    /// The shape of its inputs.
    pub fn inputs(&self) -> Shape<'_> {
        Shape::of(&self.document["inputs"])
    }

    /// The shape of its outputs.
    pub fn outputs(&self) -> Shape<'_> {
        Shape::of(&self.document["outputs"])
    }

    /// Requests that one provider call takes at most.
    pub fn batch(&self) -> usize {
        let asked = self.document["x-maps-batch"].as_u64().and_then(|n| usize::try_from(n).ok());
        asked.map_or(DEFAULT_BATCH, |n| n.clamp(1, MAX_BATCH))
    }

    /// How long a request may still land after its process died, in milliseconds.
    pub fn settle_ms(&self) -> u64 {
        self.document["x-maps-settle-ms"].as_u64().unwrap_or(DEFAULT_SETTLE_MS)
    }

    /// Is an annotation of the kind as a whole true?
    pub fn says(&self, annotation: &str) -> bool {
        self.document[annotation] == Json::Bool(true)
    }

    /// The names of the outputs that are fetched each run and never stored.
    pub fn ephemeral(&self) -> impl Iterator<Item = &str> {
        self.outputs().properties().filter(|(_, shape)| shape.flag("x-maps-ephemeral")).map(|(name, _)| name)
    }

    /// Which of its inputs, or (`config.NAME`) of its plugin's settings, name what it lives in.
    pub fn homes(&self) -> Vec<String> {
        let listed = self.document["x-maps-home"].as_array().into_iter().flatten();
        let named = listed.filter_map(|name| name.as_str().map(str::to_owned));
        let marked = self.inputs().properties().filter(|(_, shape)| shape.flag("x-maps-lives-in"));
        named.chain(marked.map(|(name, _)| name.to_owned())).collect()
    }
}

/// Marks as secret what the schema says is secret.
pub fn mark_secrets(shape: Shape<'_>, value: Value) -> Value {
    if shape.node.is_none() || matches!(value, Value::Null | Value::Secret(_)) {
        return value;
    }
    if shape.flag("x-maps-secret") {
        return value.secret();
    }
    match value {
        Value::Map(map) => Value::Map(
            map.into_iter()
                .map(|(name, member)| {
                    let marked = mark_secrets(shape.property(&name), member);
                    (name, marked)
                })
                .collect(),
        ),
        Value::List(items) => Value::List(items.into_iter().map(|item| mark_secrets(shape.item(), item)).collect()),
        plain => plain,
    }
}

/// Marks as secret in `value` what is secret at the same place in `model`: what a provider was
/// given as a secret is one when it comes back.
pub fn carry_secrecy(model: &Value, value: Value) -> Value {
    match (model, value) {
        (_, Value::Null) => Value::Null,
        (Value::Secret(_), value) => value.secret(),
        (Value::Map(model), Value::Map(map)) => Value::Map(
            map.into_iter()
                .map(|(name, member)| {
                    let marked = model.get(&name).map_or(member.clone(), |model| carry_secrecy(model, member));
                    (name, marked)
                })
                .collect(),
        ),
        (Value::List(model), Value::List(items)) if model.len() == items.len() => {
            Value::List(model.iter().zip(items).map(|(model, item)| carry_secrecy(model, item)).collect())
        }
        // A list whose items moved: any of them may be the secret one.
        (model @ Value::List(_), value @ Value::List(_)) if model.has_secret() => value.secret(),
        (_, value) => value,
    }
}
