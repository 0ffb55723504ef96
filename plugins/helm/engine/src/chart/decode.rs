//! Decodes YAML into the structs of a chart as Go's `encoding/json` does, with its mistakes' texts.

use std::collections::BTreeMap;

use crate::format;
use crate::value::{IntKind, Map, Value};

/// What of a document is being decoded: fields' names, for messages, and what was null in a list of structs.
#[derive(Debug, Default)]
pub(super) struct Place {
    owner: &'static str,
    path: Vec<&'static str>,
    /// Fields that are lists with null nodes in them, which Go keeps as nil pointers.
    pub(super) null_nodes: Vec<&'static str>,
}

impl Place {
    fn unexpected(&self, value: &Value, go_type: &str) -> String {
        let kind = match value {
            Value::Bool(_) => "bool",
            Value::Int(..) | Value::Uint(_) | Value::Float(_) => "number",
            Value::List(_) => "array",
            Value::Map(_) => "object",
            Value::Nil | Value::Str(_) | Value::Object(_) => "string",
        };
        let cause = if self.path.is_empty() {
            format!("json: cannot unmarshal {kind} into Go value of type {go_type}")
        } else {
            let path = self.path.join(".");
            format!("json: cannot unmarshal {kind} into Go struct field {}.{path} of type {go_type}", self.owner)
        };
        format!("error unmarshaling JSON: while decoding JSON: {cause}")
    }
}

/// What a part of a document can be decoded into. A null changes nothing but pointers, slices and maps.
pub(super) trait Decode {
    fn decode(&mut self, value: &Value, place: &mut Place) -> Result<(), String>;

    /// The type, in the words of messages.
    fn go_type() -> String
    where
        Self: Sized;

    /// Whether it is behind a pointer in lists, which a null leaves nil.
    fn is_pointer() -> bool
    where
        Self: Sized,
    {
        false
    }
}

/// A struct of a chart.
pub(super) trait Struct: Default {
    /// Its name alone: `Metadata`.
    const NAME: &'static str;
    /// The package that it is in: `v2`.
    const PACKAGE: &'static str;
    /// Fields as JSON calls them.
    const FIELDS: &'static [&'static str];

    /// Where the content of a field goes.
    fn field(&mut self, name: &'static str) -> Option<&mut dyn Decode>;
}

impl<T: Struct> Decode for T {
    fn decode(&mut self, value: &Value, place: &mut Place) -> Result<(), String> {
        let Value::Map(map) = value else {
            return if matches!(value, Value::Nil) { Ok(()) } else { Err(place.unexpected(value, &Self::go_type())) };
        };
        for (key, value) in map.borrow().iter() {
            // As Go does: the exact name first, then one that differs in case alone.
            let found = Self::FIELDS
                .iter()
                .find(|name| name.as_bytes() == &***key)
                .or_else(|| Self::FIELDS.iter().find(|name| name.as_bytes().eq_ignore_ascii_case(key)));
            if let Some(name) = found
                && let Some(field) = self.field(name)
            {
                let owner = std::mem::replace(&mut place.owner, Self::NAME);
                place.path.push(name);
                field.decode(value, place)?;
                place.path.pop();
                place.owner = owner;
            }
        }
        Ok(())
    }

    fn go_type() -> String {
        format!("{}.{}", Self::PACKAGE, Self::NAME)
    }

    fn is_pointer() -> bool {
        true
    }
}

impl Decode for String {
    fn decode(&mut self, value: &Value, place: &mut Place) -> Result<(), String> {
        *self = match value {
            Value::Nil => return Ok(()),
            Value::Str(text) => text.to_string(),
            // Where a string is asked for, `sigs.k8s.io/yaml` makes one of what YAML takes for something else.
            Value::Bool(value) => value.to_string(),
            Value::Int(value, _) => value.to_string(),
            Value::Uint(value) => value.to_string(),
            Value::Float(_) => {
                let text = format::print(value).map_err(|error| error.to_string())?;
                String::from_utf8_lossy(&text).into_owned()
            }
            Value::List(_) | Value::Map(_) | Value::Object(_) => {
                return Err(place.unexpected(value, &Self::go_type()));
            }
        };
        Ok(())
    }

    fn go_type() -> String {
        "string".to_owned()
    }
}

impl Decode for bool {
    fn decode(&mut self, value: &Value, place: &mut Place) -> Result<(), String> {
        match value {
            Value::Nil => {}
            Value::Bool(value) => *self = *value,
            _ => return Err(place.unexpected(value, &Self::go_type())),
        }
        Ok(())
    }

    fn go_type() -> String {
        "bool".to_owned()
    }
}

impl Decode for Value {
    fn decode(&mut self, value: &Value, _: &mut Place) -> Result<(), String> {
        *self = as_json(value);
        Ok(())
    }

    fn go_type() -> String {
        "interface {}".to_owned()
    }
}

impl<T: Decode + Default> Decode for Option<Vec<T>> {
    fn decode(&mut self, value: &Value, place: &mut Place) -> Result<(), String> {
        let list = match value {
            Value::Nil => {
                *self = None;
                return Ok(());
            }
            Value::List(list) => list,
            _ => return Err(place.unexpected(value, &Self::go_type())),
        };
        let items = self.get_or_insert_default();
        // Go decodes into what a slice holds already, which is what requirements.yaml adds to Chart.yaml.
        items.resize_with(list.len(), T::default);
        for (item, value) in items.iter_mut().zip(list.borrow().iter()) {
            if matches!(value, Value::Nil) && T::is_pointer() {
                place.null_nodes.extend(place.path.last());
            }
            item.decode(value, place)?;
        }
        Ok(())
    }

    fn go_type() -> String {
        let pointer = if T::is_pointer() { "*" } else { "" };
        format!("[]{pointer}{}", T::go_type())
    }
}

impl Decode for Option<BTreeMap<String, String>> {
    fn decode(&mut self, value: &Value, place: &mut Place) -> Result<(), String> {
        let map = match value {
            Value::Nil => {
                *self = None;
                return Ok(());
            }
            Value::Map(map) => map,
            _ => return Err(place.unexpected(value, &Self::go_type())),
        };
        let entries = self.get_or_insert_default();
        for (key, value) in map.borrow().iter() {
            let mut text = String::new();
            text.decode(value, place)?;
            entries.insert(key.to_string(), text);
        }
        Ok(())
    }

    fn go_type() -> String {
        "map[string]string".to_owned()
    }
}

/// A document's part as JSON has it: every number is a float.
fn as_json(value: &Value) -> Value {
    match value {
        // Go's decoder rounds as the conversion does.
        Value::Int(value, IntKind::Int | IntKind::Int64) => Value::Float(*value as f64),
        Value::Uint(value) => Value::Float(*value as f64),
        Value::List(list) => Value::list(list.borrow().iter().map(as_json).collect()),
        Value::Map(map) => {
            map.borrow().iter().map(|(key, value)| (key.clone(), as_json(value))).collect::<Map>().into()
        }
        _ => value.clone(),
    }
}
