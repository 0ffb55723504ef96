//! Sets without duplicates, lists without two items of the same keys (`x-kubernetes-list-type`).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::props::Props;
use crate::invalid::Invalid;

/// What is there twice.
pub(crate) fn validate(path: &str, value: &Value, schema: &Props, errors: &mut Vec<Invalid>) {
    match value {
        Value::Object(fields) => {
            if let Some(child) = schema.additional_schema() {
                for (name, field) in fields {
                    validate(&format!("{path}[{name}]"), field, child, errors);
                }
            }
            for (name, field) in fields {
                if let Some(child) = schema.properties.get(name) {
                    validate(&join(path, name), field, child, errors);
                }
            }
        }
        Value::Array(items) => {
            match schema.list_type.as_deref() {
                Some("set") => {
                    for index in repeated(items) {
                        errors.push(Invalid::duplicate(format!("{path}[{index}]"), &items[index]));
                    }
                }
                Some("map") => map(path, items, schema, errors),
                _ => {}
            }
            if let Some(child) = &schema.items {
                for (index, item) in items.iter().enumerate() {
                    validate(&format!("{path}[{index}]"), item, child, errors);
                }
            }
        }
        _ => {}
    }
}

fn join(path: &str, name: &str) -> String {
    match path.is_empty() {
        true => name.to_owned(),
        false => format!("{path}.{name}"),
    }
}

/// Where a value stands for the second time; the third and later are not counted.
fn repeated(items: &[Value]) -> Vec<usize> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut second = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let times = seen.entry(item.to_string()).or_default();
        *times += 1;
        if *times == 2 {
            second.push(index);
        }
    }
    second
}

fn map(path: &str, items: &[Value], schema: &Props, errors: &mut Vec<Invalid>) {
    let odd = items.iter().position(|item| !item.is_null() && !item.is_object());
    if let Some(index) = odd {
        let detail = "must be an object for an array of list-type map";
        errors.push(Invalid::invalid(format!("{path}[{index}]"), &items[index], detail));
        return;
    }
    let keys: Vec<Value> = items
        .iter()
        .map(|item| {
            let found = schema.map_keys.iter().filter_map(|key| Some((key.clone(), item.get(key)?.clone())));
            Value::Object(found.collect::<Map<_, _>>())
        })
        .collect();
    for index in repeated(&keys) {
        errors.push(Invalid::duplicate(format!("{path}[{index}]"), &keys[index]));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::needless_pass_by_value)]

    use serde_json::json;

    use super::*;

    fn check(schema: Value, value: Value, expected: &[&str]) {
        let mut errors = Vec::new();
        validate("l", &value, &Props::read(&schema), &mut errors);
        assert_eq!(errors.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn duplicates() {
        let set = json!({"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}});
        check(set.clone(), json!(["a", "b"]), &[]);
        check(set, json!(["a", "a", "a"]), &["l[1]: Duplicate value: \"a\""]);
        let map = json!({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["p", "q"], "items": {"type": "object"}});
        check(
            map.clone(),
            json!([{"p": 1, "q": 2, "r": 1}, {"p": 1, "q": 3}, {"p": 1, "q": 2}]),
            &["l[2]: Duplicate value: {\"p\":1,\"q\":2}"],
        );
        check(map, json!([1]), &["l[0]: Invalid value: 1: must be an object for an array of list-type map"]);
    }
}
