//! The settings of a manifest's object as they are: live values where what is there differs from what an apply
//! would make of it.

use serde_json::{Map, Value};

use crate::is_sealed;

/// Fields by which items of lists are told apart, the most telling first.
const KEYS: [&str; 9] =
    ["name", "containerPort", "mountPath", "port", "key", "devicePath", "ip", "topologyKey", "type"];

/// `wanted` with the values of `live` wherever these differ from `dry`, which is what the server would make of
/// `wanted`. What the server alone sets or defaults is in both, and so is no difference.
pub fn as_live(wanted: &Value, dry: &Value, live: &Value) -> Value {
    if dry == live {
        return wanted.clone();
    }
    match (wanted, dry, live) {
        (Value::Object(wanted), Value::Object(dry), Value::Object(live)) if !is_secret(dry, live) => {
            let mut found = Map::new();
            for (name, value) in wanted {
                match (dry.get(name), live.get(name)) {
                    (Some(dry), Some(live)) => drop(found.insert(name.clone(), as_live(value, dry, live))),
                    (Some(_), None) => {}
                    // The server makes something else of the field, or nothing.
                    (None, _) => drop(found.insert(name.clone(), value.clone())),
                }
            }
            Value::Object(found)
        }
        (Value::Array(wanted), Value::Array(dry), Value::Array(live)) => Value::Array(items(wanted, dry, live)),
        _ => live.clone(),
    }
}

fn is_secret(dry: &Map<String, Value>, live: &Map<String, Value>) -> bool {
    [dry, live].into_iter().any(|map| map.len() == 1 && map.contains_key("$sealed"))
}

fn items(wanted: &[Value], dry: &[Value], live: &[Value]) -> Vec<Value> {
    let key = KEYS.into_iter().find(|key| {
        let distinct = |list: &[Value]| {
            let mut seen: Vec<&Value> = list.iter().filter_map(|item| item.get(key)).collect();
            let all = seen.len() == list.len();
            seen.dedup();
            all && seen.len() == list.len()
        };
        [wanted, dry, live].into_iter().all(distinct)
    });
    if let Some(key) = key {
        let same = |list: &'_ [Value], item: &Value| list.iter().position(|other| other.get(key) == item.get(key));
        let there = |item: &Value| match (same(dry, item), same(live, item)) {
            (Some(d), Some(l)) => Some(as_live(item, &dry[d], &live[l])),
            (Some(_), None) => None,
            (None, _) => Some(item.clone()),
        };
        return wanted.iter().filter_map(there).collect();
    }
    if wanted.len() == dry.len() && dry.len() == live.len() {
        return wanted.iter().zip(dry).zip(live).map(|((w, d), l)| as_live(w, d, l)).collect();
    }
    if wanted.len() == dry.len() {
        // The list is maps' as a whole.
        return live.to_vec();
    }
    wanted.iter().filter(|item| live.contains(item)).cloned().collect()
}

/// A Secret's `data` with the live values of its own keys, whatever they are: the engine compares what is sealed.
pub fn live_secrets(wanted: &Value, live: &Value) -> Value {
    let mut found = wanted.clone();
    if let Some(Value::Object(data)) = found.get_mut("data") {
        let there = live.get("data");
        data.retain(|key, value| match there.and_then(|there| there.get(key)) {
            Some(now) => {
                if is_sealed(now) {
                    value.clone_from(now);
                }
                true
            }
            None => false,
        });
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_server_writes_in_another_form_is_no_difference() {
        let wanted = json!({"cpu": "1000m", "ports": [{"port": 80}], "size": "1Gi"});
        let dry = json!({"cpu": "1", "ports": [{"port": 80, "protocol": "TCP"}], "size": "1Gi", "more": 1});
        let mut live = dry.clone();
        assert_eq!(as_live(&wanted, &dry, &live), wanted);
        live["size"] = "2Gi".into();
        live["more"] = 2.into();
        assert_eq!(as_live(&wanted, &dry, &live), json!({"cpu": "1000m", "ports": [{"port": 80}], "size": "2Gi"}));
    }

    #[test]
    fn items_are_matched_by_their_keys() {
        let wanted = json!([{"name": "b", "image": "1"}, {"name": "c", "image": "1"}]);
        let dry = json!([{"name": "a", "image": "x"}, {"name": "b", "image": "1"}, {"name": "c", "image": "1"}]);
        let live = json!([{"name": "a", "image": "x"}, {"name": "b", "image": "2"}]);
        assert_eq!(as_live(&wanted, &dry, &live), json!([{"name": "b", "image": "2"}]));
    }

    #[test]
    fn lists_without_keys_are_compared_by_place_or_as_a_whole() {
        assert_eq!(as_live(&json!(["a", "b"]), &json!(["a", "b"]), &json!(["a", "c"])), json!(["a", "c"]));
        assert_eq!(as_live(&json!(["a"]), &json!(["a"]), &json!(["a", "c"])), json!(["a", "c"]));
        assert_eq!(as_live(&json!(["a", "b"]), &json!(["x", "a", "b"]), &json!(["x", "b"])), json!(["b"]));
    }

    #[test]
    fn a_field_that_somebody_removed_is_left_out() {
        assert_eq!(as_live(&json!({"a": 1, "b": 2}), &json!({"a": 1, "b": 2}), &json!({"a": 1})), json!({"a": 1}));
    }
}
