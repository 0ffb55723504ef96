//! Places in a value: each of them can be unknown.

use maps_engine::Value;
use maps_engine::value::Map;

/// A step on the way to a place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

/// A way from the top.
pub(crate) type Place = Vec<Step>;

/// Every place but the top: members and items, and what they hold.
pub(crate) fn places(value: &Value) -> Vec<Place> {
    let children: Vec<(Step, &Value)> = match value {
        Value::Map(map) => map.iter().map(|(key, child)| (Step::Key(key.clone()), child)).collect(),
        Value::List(items) => items.iter().enumerate().map(|(index, child)| (Step::Index(index), child)).collect(),
        _ => Vec::new(),
    };
    let mut found = Vec::new();
    for (step, child) in children {
        found.push(vec![step.clone()]);
        found.extend(places(child).into_iter().map(|rest| [vec![step.clone()], rest].concat()));
    }
    found
}

/// What is at a place.
pub(crate) fn at<'v>(value: &'v Value, place: &[Step]) -> Option<&'v Value> {
    place.iter().try_fold(value, |value, step| match (value, step) {
        (Value::Map(map), Step::Key(key)) => map.get(key),
        (Value::List(items), Step::Index(index)) => items.get(*index),
        _ => None,
    })
}

/// The value with something else at a place.
pub(crate) fn put(value: &Value, place: &[Step], new: &Value) -> Value {
    let Some((first, rest)) = place.split_first() else { return new.clone() };
    match (value, first) {
        (Value::Map(map), Step::Key(key)) => {
            let changed = |(name, child): (&String, &Value)| {
                let child = if name == key { put(child, rest, new) } else { child.clone() };
                (name.clone(), child)
            };
            Value::Map(map.iter().map(changed).collect::<Map>())
        }
        (Value::List(items), Step::Index(index)) => {
            let changed =
                |(at, child): (usize, &Value)| if at == *index { put(child, rest, new) } else { child.clone() };
            Value::List(items.iter().enumerate().map(changed).collect())
        }
        _ => value.clone(),
    }
}

/// Every text in clear, at any depth; what secrets hold is not in clear.
pub(crate) fn clear_texts<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::List(items) => items.iter().for_each(|item| clear_texts(item, found)),
        Value::Map(map) => map.values().for_each(|child| clear_texts(child, found)),
        _ => {}
    }
}

/// Does `actual` hold everything that was known of it before?
pub(crate) fn agrees(planned: &Value, actual: &Value) -> bool {
    match (planned, actual) {
        (Value::Unknown, _) => true,
        (Value::Map(planned), Value::Map(actual)) => planned.iter().all(|(key, planned)| {
            // Null is the same as absent.
            agrees(planned, actual.get(key).unwrap_or(&Value::Null))
        }),
        (Value::List(planned), Value::List(actual)) => {
            planned.len() == actual.len() && planned.iter().zip(actual).all(|(planned, actual)| agrees(planned, actual))
        }
        (planned, actual) => planned == actual,
    }
}
