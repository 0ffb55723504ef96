//! Values against schemas, in the words of the server's OpenAPI validation.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::needless_pass_by_value)]

use serde_json::json;

use super::*;

fn found(schema: &Value, value: &Value, old: Option<&Value>) -> Vec<String> {
    validate("", value, &Props::read(schema), old).iter().map(ToString::to_string).collect()
}

fn check(schema: Value, value: Value, expected: &[&str]) {
    assert_eq!(found(&json!({"type": "object", "properties": {"a": schema}}), &json!({"a": value}), None), expected);
}

#[test]
fn types_and_bounds() {
    check(
        json!({"type": "integer"}),
        json!("x"),
        &["a: Invalid value: \"string\": a in body must be of type integer: \"string\""],
    );
    check(json!({"type": "integer"}), json!(1.0), &[]);
    check(
        json!({"type": "integer"}),
        json!(1.5),
        &["a: Invalid value: \"number\": a in body must be of type integer: \"number\""],
    );
    check(json!({"type": "number"}), json!(1), &[]);
    check(
        json!({"type": "string"}),
        json!(null),
        &["a: Invalid value: \"null\": a in body must be of type string: \"null\""],
    );
    check(json!({"type": "string", "nullable": true}), json!(null), &[]);
    check(
        json!({"x-kubernetes-int-or-string": true}),
        json!({}),
        &["a: Invalid value: \"object\": a in body must be of type integer,string: \"object\""],
    );
    check(
        json!({"type": "integer", "maximum": 50}),
        json!(51),
        &["a: Invalid value: 51: a in body should be less than or equal to 50"],
    );
    check(
        json!({"type": "number", "minimum": 0.5, "exclusiveMinimum": true}),
        json!(0.5),
        &["a: Invalid value: 0.5: a in body should be greater than 0.5"],
    );
    check(
        json!({"type": "integer", "multipleOf": 5}),
        json!(7),
        &["a: Invalid value: 7: a in body should be a multiple of 5"],
    );
    check(
        json!({"type": "string", "enum": ["blue", "red"]}),
        json!("x"),
        &["a: Unsupported value: \"x\": supported values: \"blue\", \"red\""],
    );
    check(
        json!({"type": "string", "pattern": "^[a-z]+$"}),
        json!("A1"),
        &["a: Invalid value: \"A1\": a in body should match '^[a-z]+$'"],
    );
    check(json!({"type": "string", "maxLength": 5}), json!("abcdefgh"), &["a: Too long: may not be more than 5 bytes"]);
    check(
        json!({"type": "string", "minLength": 1}),
        json!(""),
        &["a: Invalid value: \"\": a in body should be at least 1 chars long"],
    );
    check(
        json!({"type": "string", "format": "date-time"}),
        json!("noon"),
        &["a: Invalid value: \"noon\": a in body must be of type date-time: \"noon\""],
    );
    check(
        json!({"type": "array", "items": {"type": "string"}, "maxItems": 1}),
        json!(["a", 1]),
        &[
            "a[1]: Invalid value: \"integer\": a[1] in body must be of type string: \"integer\"",
            "a: Too many: 2: must have at most 1 items",
        ],
    );
    check(
        json!({"type": "array", "items": {"type": "string"}, "minItems": 1}),
        json!([]),
        &["a: Invalid value: 0: a in body should have at least 1 items"],
    );
    check(
        json!({"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1}),
        json!({}),
        &["a: Invalid value: 0: a in body should have at least 1 properties"],
    );
    check(
        json!({"type": "object", "required": ["b"], "additionalProperties": {"type": "string"}}),
        json!({"c": 1}),
        &["a.c: Invalid value: \"integer\": a.c in body must be of type string: \"integer\"", "a.b: Required value"],
    );
}

#[test]
fn logic() {
    let one = json!({"type": "object", "properties": {"x": {"type": "string"}, "y": {"type": "string"}}, "oneOf": [{"required": ["x"]}, {"required": ["y"]}]});
    check(one.clone(), json!({"x": "1"}), &[]);
    check(
        one.clone(),
        json!({"x": "1", "y": "1"}),
        &[
            "<nil>: Invalid value: \"\": \"a\" must validate one and only one schema (oneOf). Found 2 valid alternatives",
        ],
    );
    check(
        one,
        json!({}),
        &[
            "<nil>: Invalid value: \"\": \"a\" must validate one and only one schema (oneOf). Found none valid",
            "a.x: Required value",
        ],
    );
    check(
        json!({"type": "integer", "not": {"enum": [1]}}),
        json!(1),
        &["<nil>: Invalid value: \"\": \"a\" must not validate the schema (not)"],
    );
    check(
        json!({"type": "integer", "anyOf": [{"maximum": 1}, {"minimum": 9}]}),
        json!(5),
        &[
            "<nil>: Invalid value: \"\": \"a\" must validate at least one schema (anyOf)",
            "a: Invalid value: 5: a in body should be less than or equal to 1",
        ],
    );
    check(
        json!({"type": "integer", "allOf": [{"maximum": 1}]}),
        json!(5),
        &[
            "a: Invalid value: 5: a in body should be less than or equal to 1",
            "<nil>: Invalid value: \"\": \"a\" must validate all the schemas (allOf). None validated",
        ],
    );
}

#[test]
fn what_has_not_changed_is_tolerated() {
    let schema = json!({"type": "object", "required": ["r"], "properties": {
        "a": {"type": "integer", "maximum": 5}, "b": {"type": "integer", "maximum": 5},
        "m": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"], "items": {"type": "object", "properties": {"k": {"type": "string"}, "v": {"type": "integer", "maximum": 5}}}}}});
    let old = json!({"a": 9, "b": 9, "m": [{"k": "x", "v": 9}, {"k": "y", "v": 9}]});
    assert_eq!(found(&schema, &old, Some(&old)), Vec::<String>::new());
    let new = json!({"a": 9, "b": 8, "m": [{"k": "z", "v": 9}, {"k": "y", "v": 9}]});
    assert_eq!(
        found(&schema, &new, Some(&old)),
        [
            "b: Invalid value: 8: b in body should be less than or equal to 5",
            "m[0].v: Invalid value: 9: m[0].v in body should be less than or equal to 5",
            "r: Required value",
        ]
    );
}
