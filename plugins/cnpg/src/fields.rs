//! How inputs stand in an object: one table, read in both directions.

use serde_json::{Map, Value};

/// An input and its place in the object, each a path of names with dots between.
pub struct Field {
    input: &'static str,
    place: &'static str,
    form: Form,
}

/// How the value is written there.
pub enum Form {
    /// As it is.
    Same,
    /// A name, which stands there as `{name: NAME}`.
    Named,
    /// Names, which stand there as `[{name: NAME}, …]`.
    NamedList,
    /// Members by a table of their own.
    Object(&'static [Field]),
    /// Objects of such members.
    List(&'static [Field]),
}

impl Field {
    pub(crate) const fn new(input: &'static str, place: &'static str, form: Form) -> Self {
        Self { input, place, form }
    }

    /// What is written as it is.
    pub(crate) const fn same(input: &'static str, place: &'static str) -> Self {
        Self::new(input, place, Form::Same)
    }
}

/// The object that inputs describe.
pub(crate) fn object(fields: &[Field], inputs: &Value) -> Value {
    let mut made = Value::Object(Map::new());
    for field in fields {
        if let Some(value) = at(inputs, field.input) {
            put(&mut made, field.place, field.form.written(value));
        }
    }
    made
}

/// The inputs that an object shows.
pub(crate) fn inputs(fields: &[Field], object: &Value) -> Value {
    let mut told = Value::Object(Map::new());
    for field in fields {
        if let Some(value) = at(object, field.place).and_then(|value| field.form.read(value)) {
            put(&mut told, field.input, value);
        }
    }
    told
}

impl Form {
    fn written(&self, value: &Value) -> Value {
        match self {
            Self::Same => value.clone(),
            Self::Named => named(value),
            Self::NamedList => value.as_array().into_iter().flatten().map(named).collect(),
            Self::Object(fields) => object(fields, value),
            Self::List(fields) => value.as_array().into_iter().flatten().map(|item| object(fields, item)).collect(),
        }
    }

    fn read(&self, value: &Value) -> Option<Value> {
        let items = || value.as_array().into_iter().flatten();
        Some(match self {
            Self::Same => value.clone(),
            Self::Named => value.get("name")?.clone(),
            Self::NamedList => items().filter_map(|item| item.get("name").cloned()).collect(),
            Self::Object(fields) => inputs(fields, value),
            Self::List(fields) => items().map(|item| inputs(fields, item)).collect(),
        })
    }
}

fn named(value: &Value) -> Value {
    Value::Object(Map::from_iter([("name".to_owned(), value.clone())]))
}

fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(value, |value, name| value.get(name)).filter(|value| !value.is_null())
}

/// Puts a value at a path. A whole that is there already keeps its other members.
fn put(whole: &mut Value, path: &str, value: Value) {
    let mut place = whole;
    for name in path.split('.') {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        let Value::Object(members) = place else { return };
        place = members.entry(name).or_insert(Value::Null);
    }
    match (place, value) {
        (Value::Object(members), Value::Object(more)) => members.extend(more),
        (place, value) => *place = value,
    }
}

/// Of what is found, that which was set before: others, and the operator's own defaults, stand beside it.
pub(crate) fn kept(found: Value, before: &Value) -> Value {
    match (found, before) {
        (Value::Object(found), Value::Object(before)) => {
            let known = found.into_iter().filter_map(|(name, value)| {
                let value = kept(value, before.get(&name)?);
                Some((name, value))
            });
            Value::Object(known.collect())
        }
        (Value::Array(found), Value::Array(before)) if found.len() == before.len() => {
            found.into_iter().zip(before).map(|(found, before)| kept(found, before)).collect()
        }
        (found, _) => found,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ITEM: &[Field] = &[Field::same("key_of", "keyOf")];
    const ALL: &[Field] = &[
        Field::same("a", "spec.one.a"),
        Field::same("b", "spec.one.b"),
        Field::new("c", "spec.ref", Form::Named),
        Field::new("d", "spec.refs", Form::NamedList),
        Field::new("e.f", "spec.items", Form::List(ITEM)),
        Field::new("g", "spec.one", Form::Object(ITEM)),
    ];

    #[test]
    fn a_table_is_read_in_both_directions() {
        let given =
            json!({"a": 1, "b": [2], "c": "n", "d": ["x", "y"], "e": {"f": [{"key_of": 3}]}, "g": {"key_of": 4}});
        let made = object(ALL, &given);
        let spec = json!({
            "one": {"a": 1, "b": [2], "keyOf": 4}, "ref": {"name": "n"}, "refs": [{"name": "x"}, {"name": "y"}],
            "items": [{"keyOf": 3}],
        });
        assert_eq!(made, json!({"spec": spec}));
        assert_eq!(inputs(ALL, &made), given);
        assert_eq!(object(ALL, &json!({"a": null})), json!({}));
        assert_eq!(inputs(ALL, &json!({"spec": {"ref": 3, "refs": {}, "one": 5}})), json!({"d": [], "g": {}}));
    }

    #[test]
    fn what_others_set_is_left_out() {
        let found = json!({"a": 2, "m": {"x": 1, "y": 2}, "l": [{"k": 1, "more": 2}], "n": [1, 2], "z": 0});
        let before = json!({"a": 1, "m": {"x": 9}, "l": [{"k": 1}], "n": [1], "gone": true});
        assert_eq!(kept(found, &before), json!({"a": 2, "m": {"x": 1}, "l": [{"k": 1}], "n": [1, 2]}));
    }
}
