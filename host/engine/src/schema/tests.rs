//! Which kinds documents are refused, and what schemas do to values.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::{Value as Json, json};

use super::*;
use crate::value::Value;

fn refused(inputs: &Json) -> String {
    let document = json!({"kinds": {"p/k": {"inputs": inputs, "outputs": {"type": "object"}}}});
    KindSchema::parse_all(&document).expect_err(&document.to_string()).to_string()
}

fn object(properties: &Json) -> Json {
    json!({"type": "object", "properties": properties})
}

#[test]
fn what_is_not_understood_is_refused_with_its_place() {
    for (inputs, expected) in [
        (
            object(&json!({"a": {"type": "string", "contentEncoding": "base64"}})),
            "/kinds/p~1k/inputs/properties/a: `contentEncoding` is not supported",
        ),
        (
            object(&json!({"a": {"type": "integer", "pattern": "x"}})),
            "/kinds/p~1k/inputs/properties/a: `pattern` is not supported",
        ),
        (object(&json!({"a": {"minimum": 1}})), "/kinds/p~1k/inputs/properties/a: `minimum` is not supported"),
        (
            object(&json!({"a": {"type": ["string", "null"]}})),
            "/kinds/p~1k/inputs/properties/a: a value has one `type`",
        ),
        (object(&json!({"a": {"type": "null"}})), "/kinds/p~1k/inputs/properties/a: the type `null` is not supported"),
        (object(&json!({"a": {"$ref": "#/x"}})), "/kinds/p~1k/inputs/properties/a: `$ref` is not supported"),
        (
            object(&json!({"a": {"type": "string", "x-maps-replaces": true}})),
            "/kinds/p~1k/inputs/properties/a: `x-maps-replaces` is not supported",
        ),
        (
            object(&json!({"a": {"type": "string", "x-maps-secret": "yes"}})),
            "/kinds/p~1k/inputs/properties/a: `x-maps-secret` is true or false",
        ),
        (
            object(&json!({"a": {"type": "array", "items": {"type": "string"}, "x-maps-key": "name"}})),
            "/kinds/p~1k/inputs/properties/a: `x-maps-key` is for lists of objects that have `name`",
        ),
        (
            object(&json!({"a": {"type": "string", "pattern": "("}})),
            "/kinds/p~1k/inputs/properties/a: the pattern is not supported",
        ),
        (
            object(&json!({"a": {"type": "string", "pattern": "a".repeat(300)}})),
            "/kinds/p~1k/inputs/properties/a: the pattern is longer than 256 bytes",
        ),
        (json!({"type": "object", "required": ["a"]}), "/kinds/p~1k/inputs: `a` is required and not declared"),
        (json!({"type": "string"}), "/kinds/p~1k/inputs: this is not the schema of an object"),
        (json!([]), "/kinds/p~1k/inputs: this is not an object"),
    ] {
        let said = refused(&inputs);
        assert!(said.starts_with(expected), "{said}\n{expected}");
    }
    let mut deep = json!({"type": "string"});
    for _ in 0..100 {
        deep = json!({"type": "array", "items": deep});
    }
    assert!(refused(&object(&json!({"a": deep}))).ends_with("the schema is too large"));
    for document in [
        json!({}),
        json!({"kinds": {"cluster": {}}}),
        json!({"kinds": {"p/k": {"inputs": {"type": "object"}}}}),
        json!({"kinds": {"p/k": {"inputs": {"type": "object"}, "outputs": {"type": "object"}, "x-maps-settle": 1}}}),
        json!({"kinds": {"p/k": {"inputs": {"type": "object"}, "outputs": {"type": "object"}, "x-maps-settle-ms": -1}}}),
        json!({"kinds": {"p/k": {"inputs": object(&json!({})), "outputs": {"type": "object"}, "x-maps-home": ["x"]}}}),
        json!({"kinds": {"p/k": {"inputs": object(&json!({})), "outputs": {"type": "object"}, "x-maps-home": ["config."]}}}),
        json!({"kinds": {"p/k": {"inputs": object(&json!({})), "outputs": {"type": "object"}, "x-maps-loses": {"if": "x"}}}}),
        json!({"kinds": {"p/k": {"inputs": object(&json!({"x": {"type": "string"}})), "outputs": {"type": "object"},
            "x-maps-loses": {"what": "all", "if": "x"}}}}),
    ] {
        KindSchema::parse_all(&document).expect_err(&document.to_string());
    }
}

fn kind() -> KindSchema {
    let pool = json!({"type": "object", "properties": {"name": {"type": "string"}, "key": {"type": "string", "x-maps-secret": true}}});
    let document = json!({
        "inputs": object(&json!({
            "name": {"type": "string", "x-maps-replace": true},
            "password": {"type": "string", "x-maps-secret": true},
            "cluster": {"type": "string", "x-maps-lives-in": true},
            "pools": {"type": "array", "items": pool, "x-maps-key": "name"},
            "values": true,
        })),
        "outputs": object(&json!({
            "ip": {"type": "string"},
            "token": {"type": "string", "x-maps-secret": true},
            "kubeconfig": {"type": "string", "x-maps-ephemeral": true},
        })),
        "x-maps-batch": 7, "x-maps-settle-ms": 5000, "x-maps-diff": true, "x-maps-home": ["name", "config.cluster"],
    });
    KindSchema::parse("p/k", &document).unwrap()
}

#[test]
fn annotations_are_read() {
    let kind = kind();
    assert_eq!(
        (kind.batch, kind.settle_ms, kind.diffs, kind.previews, kind.delete_first),
        (7, 5000, true, false, false)
    );
    assert!(kind.inputs.at(["name"]).unwrap().flags.replace);
    assert!(kind.inputs.at(["pools", "3", "key"]).unwrap().flags.secret);
    assert!(kind.inputs.at(["pools", "key"]).is_none());
    assert_eq!(kind.ephemeral_outputs().collect::<Vec<_>>(), ["kubeconfig"]);
    assert_eq!(kind.home_inputs().collect::<Vec<_>>(), ["cluster", "name", "config.cluster"]);
}

#[test]
fn secrets_are_marked_wherever_the_schema_says_so() {
    let inputs = json!({"name": "n", "password": "p", "pools": [{"name": "a", "key": "k"}], "cluster": null, "values": {"x": null}});
    let prepared = kind().prepare_inputs(Value::from(inputs));
    let shown = json!({"name": "n", "password": "«secret»", "pools": [{"name": "a", "key": "«secret»"}], "values": {"x": null}});
    assert_eq!(prepared.redacted(), shown, "null is left out where members are declared, and a value elsewhere");
    let outputs = Value::from(json!({"ip": "1", "token": "t", "kubeconfig": "k", "surplus": 1}));
    let outputs = kind().prepare_outputs(kind().without_ephemeral(outputs));
    assert_eq!(outputs.redacted(), json!({"ip": "1", "token": "«secret»", "surplus": 1}));
}

#[test]
fn unknowns_fit_everywhere_and_secrets_are_held_to_the_rules_without_being_shown() {
    let check = |json: Json| kind().check_inputs(&Value::from(json));
    assert_eq!(check(json!({"name": {"$unknown": true}, "pools": {"$unknown": true}})), []);
    assert_eq!(check(json!({"pools": [{"name": {"$unknown": true}}, {"$unknown": true}]})), []);
    let found = kind().check_inputs(&Value::Map([("name".to_owned(), Value::from(true).secret())].into()));
    assert_eq!(found[0].code, "wrong-type");
    let number = json!({"type": "integer", "minimum": 10, "x-maps-secret": true});
    let found = Schema::parse(&number).unwrap().check(&Value::from(7));
    assert_eq!(found[0].message, "this must be at least 10");
    let choice = json!({"type": "string", "enum": ["a", "b"], "x-maps-secret": true});
    let found = Schema::parse(&choice).unwrap().check(&Value::from("hunter2"));
    assert!(!format!("{found:?}").contains("hunter2"));
}

#[test]
fn what_one_form_keeps_secret_no_other_shows() {
    let form = |kind: &str, value: Json| {
        let kind = json!({"type": "string", "const": kind});
        json!({"type": "object", "required": ["kind"], "properties": {"kind": kind, "value": value}})
    };
    let choice = json!({"type": "string", "enum": ["a", "b"]});
    let secret = json!({"type": "string", "x-maps-secret": true});
    let token = json!({"const": "none", "x-maps-secret": true});
    for (forms, value) in [
        (json!([form("plain", choice), form("sealed", secret)]), json!({"kind": "plain", "value": "hunter2"})),
        (json!([token, {"const": "all"}]), json!("hunter2")),
    ] {
        let found = Schema::parse(&json!({ "oneOf": forms })).unwrap().check(&Value::from(value));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(!format!("{found:?}").contains("hunter2"), "{found:?}");
    }
}

#[test]
fn references_resolve_to_outputs_then_inputs_then_id() {
    let path = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
    for good in ["id", "ip", "name", "values.any.thing"] {
        assert_eq!(kind().check_reference(&path(good)), Ok(()), "{good}");
    }
    for bad in ["ipp", "ip.x", "id.x"] {
        kind().check_reference(&path(bad)).expect_err(bad);
    }
}
