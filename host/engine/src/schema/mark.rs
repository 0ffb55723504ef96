//! What a schema does to values: marks secrets, drops what is ephemeral, drops nulls.

use super::{KindSchema, Schema, Shape};
use crate::value::{Map, Value};

impl KindSchema {
    /// Inputs as the engine uses them: null members are left out, secret ones are marked.
    pub fn prepare_inputs(&self, inputs: Value) -> Value {
        self.inputs.mark_secrets(self.inputs.without_nulls(inputs))
    }

    /// Outputs as the engine uses them: secret ones are marked, whatever the provider did.
    pub fn prepare_outputs(&self, outputs: Value) -> Value {
        self.outputs.mark_secrets(outputs)
    }

    /// Outputs as they may be stored.
    pub fn without_ephemeral(&self, outputs: Value) -> Value {
        match outputs {
            Value::Map(mut map) => {
                for name in self.ephemeral_outputs() {
                    map.remove(name);
                }
                Value::Map(map)
            }
            Value::Secret(inner) => self.without_ephemeral(*inner).secret(),
            other => other,
        }
    }
}

impl Schema {
    /// Marks what the schema says is secret.
    pub fn mark_secrets(&self, value: Value) -> Value {
        if self.flags.secret {
            return if matches!(value, Value::Null) { value } else { value.secret() };
        }
        match (&self.shape, value) {
            (Shape::Object { properties, additional, .. }, Value::Map(map)) => {
                let mark = |(name, value): (String, Value)| {
                    let value = match properties.get(&name).or(additional.as_deref()) {
                        Some(schema) => schema.mark_secrets(value),
                        None => value,
                    };
                    (name, value)
                };
                Value::Map(map.into_iter().map(mark).collect())
            }
            (Shape::List { items, .. }, Value::List(list)) => {
                Value::List(list.into_iter().map(|item| items.mark_secrets(item)).collect())
            }
            // Whichever form it has: what is secret in one is treated so.
            (Shape::OneOf(forms), value) => forms.iter().fold(value, |value, form| form.mark_secrets(value)),
            (_, value) => value,
        }
    }

    /// Leaves out members that are null, where members are declared: elsewhere null is a value.
    pub fn without_nulls(&self, value: Value) -> Value {
        match (&self.shape, value) {
            (Shape::Object { properties, additional, .. }, Value::Map(map)) => {
                let mut kept = Map::new();
                for (name, value) in map {
                    match (properties.get(&name), additional) {
                        (Some(_), _) if matches!(value.peek(), Value::Null) => {}
                        (Some(schema), _) => drop(kept.insert(name, schema.without_nulls(value))),
                        (None, Some(schema)) => drop(kept.insert(name, schema.without_nulls(value))),
                        (None, None) => drop(kept.insert(name, value)),
                    }
                }
                Value::Map(kept)
            }
            (Shape::List { items, .. }, Value::List(list)) => {
                Value::List(list.into_iter().map(|item| items.without_nulls(item)).collect())
            }
            (Shape::OneOf(forms), value) => forms.iter().fold(value, |value, form| form.without_nulls(value)),
            (_, value) => value,
        }
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
