//! Decoding agrees with serde_json, and unknowns survive wherever they are.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::*;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Outer {
    text: String,
    #[serde(default)]
    number: i32,
    #[serde(default)]
    float: f64,
    #[serde(default)]
    truth: bool,
    #[serde(default)]
    maybe: Option<Inner>,
    #[serde(default)]
    list: Vec<Inner>,
    #[serde(default)]
    map: BTreeMap<String, Choice>,
    #[serde(default)]
    free: Value,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Inner {
    choice: Choice,
    wrapped: Wrapped,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Wrapped(u8);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Choice {
    Plain,
    Holds(String),
    Named { size: u32 },
    Pair(u8, u8),
}

fn full() -> Value {
    json!({
        "text": "t", "number": -3, "float": 1.5, "truth": true,
        "maybe": {"choice": "plain", "wrapped": 7},
        "list": [{"choice": {"holds": "x"}, "wrapped": 1}, {"choice": {"named": {"size": 4}}, "wrapped": 2}],
        "map": {"a": {"pair": [1, 2]}},
        "free": {"anything": [null, 1.25]},
    })
}

/// Every place in a document, as a JSON pointer.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut visit = |key: String, member: &Value| {
        let at = format!("{at}/{key}");
        found.push(at.clone());
        pointers(member, &at, found);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, member)| visit(key.clone(), member)),
        Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| visit(index.to_string(), item)),
        _ => {}
    }
}

#[test]
fn it_decodes_what_serde_json_decodes() {
    let ours: Outer = strict(&full(), "it").unwrap();
    let theirs: Outer = serde_json::from_value(full()).unwrap();
    assert_eq!(ours, theirs);
    assert_eq!(serde_json::to_value(&ours).unwrap(), full());
}

#[test]
fn an_unknown_is_a_placeholder_anywhere_and_comes_back() {
    let mut places = Vec::new();
    pointers(&full(), "", &mut places);
    assert!(places.len() > 20);
    for place in places {
        let mut original = full();
        *original.pointer_mut(&place).unwrap() = json!({"$unknown": true});
        let decoded: Outer = tolerant(&original, "it").unwrap_or_else(|problem| panic!("{place}: {problem:?}"));
        let mut encoded = serde_json::to_value(&decoded).unwrap();
        restore_unknowns(&original, &mut encoded);
        assert_eq!(encoded, original, "{place}");
        assert_eq!(unknown_paths(&original).len(), 1);
    }
}

#[test]
fn an_unknown_is_refused_where_all_must_be_known() {
    let mut original = full();
    original["list"][1]["wrapped"] = json!({"$unknown": true});
    let problem = strict::<Outer>(&original, "it").unwrap_err();
    assert_eq!(problem.path.as_deref(), Some("list[1].wrapped"));
}

#[test]
fn a_mistake_is_told_with_its_path() {
    let cases = [
        ("/text", json!(1), "text"),
        ("/list/1/choice", json!("else"), "list[1].choice"),
        ("/list/0/choice", json!({"named": {"size": "x"}}), "list[0].choice.named.size"),
        ("/list/0/choice", json!({"holds": 3}), "list[0].choice.holds"),
        ("/list/0/wrapped", json!(256), "list[0].wrapped"),
        ("/list/0", json!({"choice": "plain"}), "list[0].wrapped"),
        ("/map/a", json!([]), "map.a"),
        ("/maybe", json!("no object"), "maybe"),
    ];
    for (place, wrong, path) in cases {
        let mut document = full();
        *document.pointer_mut(place).unwrap() = wrong;
        let problem = tolerant::<Outer>(&document, "it").unwrap_err();
        assert_eq!(problem.path.as_deref(), Some(path), "{problem:?}");
    }
    let mut document = full();
    document["stray"] = json!(1);
    assert_eq!(tolerant::<Outer>(&document, "it").unwrap_err().path.as_deref(), Some("stray"));
}

#[test]
fn a_mistake_is_told_without_the_value() {
    let cases = [
        ("/number", json!("hunter2"), "it: this is a text, and i32 is needed"),
        ("/text", json!(424_242), "it: this is a whole number, and a string is needed"),
        ("/truth", json!(42.42), "it: this is a number, and a boolean is needed"),
        ("/number", json!(9_424_242_424_u64), "it: this is a whole number that does not fit: i32 is needed"),
        ("/list/0/choice", json!("hunter2"), "it: this is none of what it may be: plain, holds, named, pair"),
        ("/list/0/choice", json!({"hunter2": 42}), "it: this is none of what it may be: plain, holds, named, pair"),
        ("/maybe", json!("hunter2"), "it: this is a text, and struct Inner is needed"),
        ("/list", json!({"hunter2": 42}), "it: this is a map, and a sequence is needed"),
        ("/text", json!({"$sealed": "h1"}), "it: this is a secret, and the plugin has to see what stands here"),
        ("/maybe", json!({"$sealed": "h1"}), "it: this is a secret, and the plugin has to see what stands here"),
    ];
    for (place, wrong, told) in cases {
        let mut document = full();
        *document.pointer_mut(place).unwrap() = wrong;
        for problem in [strict::<Outer>(&document, "it"), tolerant::<Outer>(&document, "it")] {
            assert_eq!(problem.unwrap_err().message, told, "{place}");
        }
    }
}

#[test]
fn nulls_are_left_out_of_objects_and_kept_in_lists() {
    assert_eq!(without_nulls(json!({"a": null, "b": [null, {"c": null}]})), json!({"b": [null, {}]}));
}
