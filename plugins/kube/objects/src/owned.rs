//! What of a live object a field manager owns, by its `managedFields`, as one digest: equal digests are no drift.

use serde_json::Value;

use crate::id::text;
use crate::is_sealed;

/// A digest of the fields that a manager owns by applying, and of their values, in hexadecimal. Sealed values count as one another:
/// the engine compares those.
pub fn digest(live: &Value, manager: &str) -> String {
    let mut lines = Vec::new();
    for entry in live.pointer("/metadata/managedFields").and_then(Value::as_array).into_iter().flatten() {
        let is_ours = text(entry, "/manager") == Some(manager)
            && text(entry, "/operation") == Some("Apply")
            && text(entry, "/subresource").is_none();
        if let (true, Some(fields)) = (is_ours, entry.get("fieldsV1")) {
            walk(live, fields, "", &mut lines);
        }
    }
    lines.sort_unstable();
    fnv1a(lines.join("\n").as_bytes())
}

/// Collects the leaves of a set of fields with their values.
fn walk(value: &Value, fields: &Value, path: &str, lines: &mut Vec<String>) {
    let Value::Object(fields) = fields else { return };
    for (field, below) in fields {
        let place = format!("{path}/{field}");
        let Some(at) = member(value, field) else {
            if field != "." {
                lines.push(format!("{place} is gone"));
            }
            continue;
        };
        if below.as_object().is_some_and(|below| !below.is_empty()) {
            walk(at, below, &place, lines);
        } else {
            lines.push(format!("{place} {}", shown(at)));
        }
    }
}

/// What a key of `fieldsV1` names: a field, or an item by its keys, its value or its place.
fn member<'v>(value: &'v Value, field: &str) -> Option<&'v Value> {
    let (how, what) = field.split_once(':')?;
    match how {
        "f" => value.get(what),
        "i" => value.get(what.parse::<usize>().ok()?),
        "k" => {
            let keys: Value = serde_json::from_str(what).ok()?;
            let keys = keys.as_object()?;
            let fits = |item: &&Value| keys.iter().all(|(key, wanted)| item.get(key) == Some(wanted));
            value.as_array()?.iter().find(fits)
        }
        "v" => {
            let wanted: Value = serde_json::from_str(what).ok()?;
            value.as_array()?.iter().find(|item| **item == wanted)
        }
        _ => None,
    }
}

fn shown(value: &Value) -> String {
    match value {
        sealed if is_sealed(sealed) => "«secret»".to_owned(),
        Value::Object(map) => {
            let members: Vec<String> = map.iter().map(|(key, value)| format!("{key:?}:{}", shown(value))).collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(",")),
        plain => plain.to_string(),
    }
}

/// FNV-1a of 128 bits: nobody gains by two objects that have one digest, so that it need not be a strong one.
fn fnv1a(bytes: &[u8]) -> String {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let hash = bytes.iter().fold(BASIS, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME));
    format!("{hash:032x}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use serde_json::json;

    fn live(replicas: u32, image: &str) -> Value {
        json!({
            "metadata": {"resourceVersion": "7", "managedFields": [
                {"manager": "maps", "operation": "Apply", "fieldsV1": {"f:spec": {"f:replicas": {}, "f:containers": {
                    "k:{\"name\":\"web\"}": {".": {}, "f:name": {}, "f:image": {}}}}}},
                {"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:spec": {"f:paused": {}}}},
            ]},
            "spec": {"replicas": replicas, "paused": replicas > 1, "containers": [
                {"name": "side", "image": "x"}, {"name": "web", "image": image, "imagePullPolicy": "Always"}]},
        })
    }

    #[test]
    fn only_what_the_manager_owns_counts() {
        let mut others = live(1, "a");
        others["spec"]["paused"] = true.into();
        others["spec"]["containers"][1]["imagePullPolicy"] = "Never".into();
        others["metadata"]["resourceVersion"] = "8".into();
        assert_eq!(digest(&live(1, "a"), "maps"), digest(&others, "maps"));
        assert_ne!(digest(&live(1, "a"), "maps"), digest(&live(2, "a"), "maps"));
        assert_ne!(digest(&live(1, "a"), "maps"), digest(&live(1, "b"), "maps"));
    }

    #[test]
    fn a_field_that_went_or_was_taken_is_a_change() {
        let mut gone = live(1, "a");
        gone["spec"]["containers"].as_array_mut().unwrap().pop();
        assert_ne!(digest(&live(1, "a"), "maps"), digest(&gone, "maps"));
        let mut taken = live(1, "a");
        taken["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"].as_object_mut().unwrap().remove("f:replicas");
        assert_ne!(digest(&live(1, "a"), "maps"), digest(&taken, "maps"));
    }

    #[test]
    fn secrets_count_as_one_another() {
        let sealed = |handle: &str| {
            json!({
                "metadata": {"managedFields": [
                    {"manager": "maps", "operation": "Apply", "fieldsV1": {"f:data": {"f:password": {}}}}]},
                "data": {"password": {"$sealed": handle}},
            })
        };
        assert_eq!(digest(&sealed("a"), "maps"), digest(&sealed("b"), "maps"));
    }
}
