//! Which places of a kind's inputs and outputs its schema calls secret, and marking them.

use maps_engine::Value;
use serde_json::Value as Json;

/// The annotation of a property that holds a secret.
const SECRET: &str = "x-maps-secret";
/// How deep schemas are followed; a schema that refers to itself ends here.
const SCHEMA_DEPTH: usize = 24;
/// More secret places than this in one schema are no schema but an attack on the host's time.
const MOST_PLACES: usize = 1_000;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    AnyKey,
    AnyIndex,
}

/// The secret places of one schema.
#[derive(Clone, Debug, Default)]
pub(crate) struct SecretPlaces(Vec<Vec<Step>>);

impl SecretPlaces {
    /// Collects them from a JSON Schema.
    pub(crate) fn of(schema: &Json) -> Self {
        let mut places = Self::default();
        places.collect(schema, schema, &mut Vec::new(), 0);
        places
    }

    fn collect(&mut self, root: &Json, schema: &Json, path: &mut Vec<Step>, depth: usize) {
        if depth > SCHEMA_DEPTH || self.0.len() >= MOST_PLACES {
            return;
        }
        if schema.get(SECRET) == Some(&Json::Bool(true)) {
            if !self.0.contains(path) {
                self.0.push(path.clone());
            }
            return;
        }
        let referred = schema.get("$ref").and_then(Json::as_str).and_then(|r| root.pointer(r.strip_prefix('#')?));
        if let Some(referred) = referred {
            self.collect(root, referred, path, depth + 1);
        }
        for key in ["allOf", "anyOf", "oneOf"] {
            for branch in schema.get(key).and_then(Json::as_array).into_iter().flatten() {
                self.collect(root, branch, path, depth + 1);
            }
        }
        for (name, property) in schema.get("properties").and_then(Json::as_object).into_iter().flatten() {
            self.step(root, property, path, Step::Key(name.clone()), depth);
        }
        for (key, step) in [("additionalProperties", Step::AnyKey), ("items", Step::AnyIndex)] {
            if let Some(below) = schema.get(key) {
                self.step(root, below, path, step, depth);
            }
        }
    }

    fn step(&mut self, root: &Json, schema: &Json, path: &mut Vec<Step>, step: Step, depth: usize) {
        path.push(step);
        self.collect(root, schema, path, depth + 1);
        path.pop();
    }

    /// Marks every value at these places as secret.
    pub(crate) fn mark(&self, mut value: Value) -> Value {
        for place in &self.0 {
            value = mark(value, place);
        }
        value
    }
}

fn mark(value: Value, place: &[Step]) -> Value {
    let Some((step, rest)) = place.split_first() else {
        return if matches!(value, Value::Null) { value } else { value.secret() };
    };
    match (value, step) {
        (Value::Map(mut map), Step::Key(key)) => {
            if let Some(member) = map.remove(key) {
                map.insert(key.clone(), mark(member, rest));
            }
            Value::Map(map)
        }
        (Value::Map(map), Step::AnyKey) => {
            Value::Map(map.into_iter().map(|(key, member)| (key, mark(member, rest))).collect())
        }
        (Value::List(items), Step::AnyIndex) => {
            Value::List(items.into_iter().map(|item| mark(item, rest)).collect())
        }
        (other, _) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_marked_through_references_lists_and_maps() {
        let schema = json!({
            "properties": {
                "kubeconfig": {"x-maps-secret": true},
                "users": {"items": {"$ref": "#/$defs/user"}},
                "env": {"additionalProperties": {"anyOf": [{"type": "null"}, {"x-maps-secret": true}]}},
            },
            "$defs": {"user": {"properties": {"password": {"x-maps-secret": true}, "self": {"$ref": "#/$defs/user"}}}},
        });
        let value = Value::from(json!({
            "kubeconfig": {"server": "https://x"},
            "users": [{"name": "a", "password": "p"}, {"name": "b", "password": null, "self": {"password": "q"}}],
            "env": {"A": "1"},
            "plain": "shown",
        }));
        let shown = SecretPlaces::of(&schema).mark(value).redacted();
        assert_eq!(
            shown,
            json!({
                "kubeconfig": "«secret»",
                "users": [{"name": "a", "password": "«secret»"}, {"name": "b", "password": null, "self": {"password": "«secret»"}}],
                "env": {"A": "«secret»"},
                "plain": "shown",
            })
        );
    }
}
