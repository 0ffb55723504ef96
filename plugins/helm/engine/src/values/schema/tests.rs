//! Facts of Helm 4.1.4's `helm template`. Where it goes through maps in no order, ours is by name.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::chart::load_folder;
use crate::values::to_render;

const LINE: &str = "values don't meet the specifications of the schema(s) in the following chart(s):\nx:\n";

fn files(name: &str, schema: &str, values: &str) -> [(String, Vec<u8>); 3] {
    [
        ("Chart.yaml".to_owned(), format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\n").into_bytes()),
        ("values.schema.json".to_owned(), schema.as_bytes().to_vec()),
        ("values.yaml".to_owned(), values.as_bytes().to_vec()),
    ]
}

fn judged(schema: &str, values: &str) -> Result<Vec<String>, String> {
    let mut warnings = Vec::new();
    let chart = load_folder(files("x", schema, values), &mut warnings).unwrap();
    to_render(&chart, &crate::value::Map::new(), false, &mut warnings).map_err(|error| error.to_string())?;
    Ok(warnings.iter().map(ToString::to_string).collect())
}

/// What is told of `a`, which has the schema, in a draft.
fn told(draft: &str, schema: &str, value: &str) -> String {
    let schema = format!("{{\"$schema\":\"{draft}\",\"properties\":{{\"a\":{schema},\"b\":{{}}}}}}");
    match judged(&schema, &format!("a: {value}")) {
        Ok(_) => String::new(),
        Err(told) => told.strip_prefix(LINE).unwrap_or(&told).trim_end().to_owned(),
    }
}

const DRAFT_4: &str = "http://json-schema.org/draft-04/schema#";
const DRAFT_7: &str = "http://json-schema.org/draft-07/schema#";
const DRAFT_2019: &str = "https://json-schema.org/draft/2019-09/schema";
const LATEST: &str = "https://json-schema.org/draft/2020-12/schema";

#[test]
fn keywords_have_helms_words() {
    for (schema, value, expected) in [
        (r#"{"type":["string","null"]}"#, "1", "- at '/a': got number, want null or string"),
        (r#"{"type":"integer"}"#, "1.5", "- at '/a': got number, want integer"),
        (r#"{"type":"integer"}"#, "1.0", ""),
        ("false", "1", "- at '/a': false schema"),
        (r#"{"const":1.10}"#, "2", "- at '/a': value must be 1.10"),
        (r#"{"const":1.10}"#, "1.1", ""),
        (r#"{"const":[1]}"#, "2", "- at '/a': 'const' failed"),
        (r#"{"enum":["it's",1e400,null,true]}"#, "2", "- at '/a': value must be one of 'it\\'s', 1e400, <nil>, true"),
        (r#"{"enum":[[1]]}"#, "2", "- at '/a': 'enum' failed"),
        (r#"{"not":{"type":"number"}}"#, "2", "- at '/a': 'not' failed"),
        (
            r#"{"allOf":[{"type":"string"},{"minimum":5},{}]}"#,
            "2",
            "- at '/a': 'allOf' failed\n  - at '/a': got number, want string\n  - at '/a': minimum: got 2, want 5",
        ),
        (
            r#"{"oneOf":[{"type":"string"},{"minimum":5}]}"#,
            "2",
            "- at '/a': 'oneOf' failed, none matched\n  - at '/a': got number, want string\n  - at '/a': minimum: got 2, \
             want 5",
        ),
        (r#"{"oneOf":[{},{"minimum":1},true]}"#, "2", "- at '/a': 'oneOf' failed, subschemas 0, 1 matched"),
        (
            r#"{"if":{"type":"number"},"then":{"minimum":5},"else":{"minLength":4}}"#,
            "2",
            "- at '/a': minimum: got 2, want 5",
        ),
        (
            r#"{"if":{"type":"number"},"then":{"minimum":5},"else":{"minLength":4}}"#,
            "é",
            "- at '/a': minLength: got 1, want 4",
        ),
        (
            r#"{"minProperties":2,"required":["z","'"]}"#,
            "{x: 1}",
            "- at '/a': minProperties: got 1, want 2\n- at '/a': missing properties 'z', '\\''",
        ),
        (r#"{"maxItems":1000}"#, "[]", ""),
        (r#"{"minItems":1000}"#, "[]", "- at '/a': minItems: got 0, want 1,000"),
        (r#"{"uniqueItems":true}"#, "[1, {a: 1}, 2, {a: 1.0}]", "- at '/a': items at 1 and 3 are equal"),
        (
            r#"{"prefixItems":[{"type":"string"}],"items":{"type":"string"}}"#,
            "[1, 2, '3']",
            "- at '/a/0': got number, want string\n- at '/a/0': got number, want string",
        ),
        (
            r#"{"contains":{"type":"string"}}"#,
            "[1]",
            "- at '/a': no items match contains schema\n  - at '/a/0': got number, want string",
        ),
        (
            r#"{"contains":{"type":"string"},"minContains":0,"maxContains":1}"#,
            "[1, '1', '2']",
            "- at '/a': max 1 items required to match contains schema, but matched 2 items at 1 2",
        ),
        (
            r#"{"dependentRequired":{"b":["c","d"]},"dependentSchemas":{"e":{"required":["f"]}}}"#,
            "{b: 1, e: 1}",
            "- at '/a': missing property 'f'\n- at '/a': properties 'c', 'd' required, if 'b' exists",
        ),
        // The library forgets where it is.
        (
            r#"{"propertyNames":{"pattern":"^x"}}"#,
            "{b: 1}",
            "- at '': invalid propertyName 'b'\n  - at '': 'b' does not match pattern '^x'",
        ),
        (
            r#"{"additionalProperties":false,"patternProperties":{"^p":{"type":"null"}}}"#,
            "{c: 1, b: 1, p1: 1}",
            "- at '/a/p1': got number, want null\n- at '/a': additional properties 'b', 'c' not allowed",
        ),
        (
            r#"{"unevaluatedProperties":false,"allOf":[{"properties":{"b":true}}]}"#,
            "{b: 1, c: 2}",
            "- at '/a/c': false schema",
        ),
        (r#"{"unevaluatedItems":false,"prefixItems":[true]}"#, "[1, 2]", "- at '/a/1': false schema"),
        (
            r#"{"minimum":1000000,"maximum":1,"exclusiveMinimum":3,"exclusiveMaximum":3,"multipleOf":0.7}"#,
            "3",
            "- at '/a': minimum: got 3, want 1×10⁰⁶\n- at '/a': maximum: got 3, want 1\n- at '/a': exclusiveMinimum: got 3, \
             want 3\n- at '/a': exclusiveMaximum: got 3, want 3\n- at '/a': multipleOf: got 3, want 0.7",
        ),
        (r#"{"maximum":-1234.5}"#, "0.00001", "- at '/a': maximum: got 1×10⁻⁰⁵, want -1,234.5"),
        (r#"{"multipleOf":0.01}"#, "1.15", ""),
        (r#"{"pattern":"^(a|b)$"}"#, r#""x\t\u0001\\""#, r"- at '/a': 'x\t\x01\' does not match pattern '^(a|b)$'"),
        (
            r#"{"items":{"properties":{"b/c~d":{"type":"string"}}}}"#,
            "[{b/c~d: 1}]",
            "- at '/a/0/b~1c~0d': got number, want string",
        ),
        // Since 2019 a remark.
        (r#"{"format":"email"}"#, "x", ""),
    ] {
        assert_eq!(told(LATEST, schema, value), expected, "{schema} {value}");
    }
}

#[test]
fn drafts_differ() {
    for (draft, schema, value, expected) in [
        (
            DRAFT_4,
            r#"{"minimum":3,"exclusiveMinimum":true,"maximum":3,"exclusiveMaximum":true}"#,
            "3",
            "- at '/a': exclusiveMinimum: got 3, want 3\n- at '/a': exclusiveMaximum: got 3, want 3",
        ),
        (
            DRAFT_7,
            r#"{"items":[{"type":"string"}],"additionalItems":false}"#,
            "['1', 2, 3]",
            "- at '/a': last 2 additionalItem(s) not allowed",
        ),
        (
            DRAFT_7,
            r#"{"dependencies":{"b":["c","d"],"e":{"required":["f"]}}}"#,
            "{b: 1, e: 1}",
            "- at '/a': properties 'c', 'd' required, if 'b' exists\n- at '/a': missing property 'f'",
        ),
        (DRAFT_7, r##"{"$ref":"#/properties/b","const":1,"type":"string"}"##, "2", "- at '/a': value must be 1"),
        (DRAFT_7, r#"{"format":"email"}"#, "x", "- at '/a': 'x' is not valid email: missing @"),
        (DRAFT_2019, r#"{"format":"email"}"#, "x", ""),
        (
            DRAFT_4,
            r#"{"patternProperties":{"(":{}}}"#,
            "1",
            "invalid regex \"(\" at \"file:///values.schema.json#/properties/a/patternProperties\": error parsing regexp: \
             missing closing ): `(`",
        ),
    ] {
        assert_eq!(told(draft, schema, value), expected, "{schema} {value}");
    }
}

#[test]
fn references_are_followed() {
    let number = "- at '/a': got string, want number\n";
    for (schema, values, expected) in [
        (r##"{"$defs":{"x":{"type":"number"}},"properties":{"a":{"$ref":"#/$defs/x"}}}"##, "a: x", number),
        (r##"{"definitions":{"q":{"$anchor":"b","type":"number"}},"properties":{"a":{"$ref":"#b"}}}"##, "a: x", number),
        (
            r##"{"$id":"foo","definitions":{"q":{"$id":"bar","type":"number"}},"properties":{"a":{"$ref":"bar"}}}"##,
            "a: x",
            number,
        ),
        (
            r##"{"$id":"http://example.com/s.json","properties":{"a":{"$ref":"s.json#/x/y"}},"x":{"y":{"type":"number"}}}"##,
            "a: x",
            number,
        ),
        (
            r##"{"$defs":{"x":{"minLength":3,"pattern":"y"}},"properties":{"a":{"$ref":"#/$defs/x"}}}"##,
            "a: x",
            "- at '/a': validation failed\n  - at '/a': minLength: got 1, want 3\n  - at '/a': 'x' does not match pattern \
             'y'\n",
        ),
        (
            r##"{"properties":{"a":{"$ref":"#"}},"type":"object"}"##,
            "a: {a: {a: 1}}",
            "- at '/a/a/a': got number, want object\n",
        ),
        (
            r##"{"allOf":[{"$ref":"#"}]}"##,
            "a: 1",
            "- at '': 'allOf' failed\n  - at '': both /allOf/0/$ref and  resolve to \"file:///values.schema.json#\" causing \
             reference cycle\n",
        ),
        (
            r##"{"properties":{"a":{"$ref":"#/$defs/x"}}}"##,
            "a: x",
            "json-pointer in \"file:///values.schema.json#/$defs/x\" not found",
        ),
        (
            r##"{"properties":{"a":{"$ref":"#x"}}}"##,
            "a: x",
            "anchor in \"file:///values.schema.json#x\" not found in schema \"file:///values.schema.json\"",
        ),
        (
            r#"{"properties":{"a":{"$ref":"https://example.com/x.json"}}}"#,
            "a: x",
            "failing loading \"https://example.com/x.json\": schemas outside of the chart are not fetched",
        ),
        (
            r#"{"properties":{"a":{"$ref":"http://json-schema.org/draft-07/schema#"}}}"#,
            "a: {type: strin}",
            "- at '/a/type': 'anyOf' failed\n  - at '/a/type': value must be one of 'array', 'boolean', 'integer', 'null', \
             'number', 'object', 'string'\n  - at '/a/type': got string, want array\n",
        ),
    ] {
        assert_eq!(judged(schema, values).unwrap_err(), format!("{LINE}{expected}"), "{schema}");
    }
    let warnings = judged(r#"{"properties":{"a":{"$ref":"urn:x:y"}}}"#, "a: 1").unwrap();
    assert_eq!(warnings, ["unresolved URN reference ignored; using permissive schema urn=urn:x:y"]);
}

#[test]
fn schemas_are_judged_themselves() {
    let invalid = |draft: &str, told: &str| {
        format!(
            "{LINE}\"file:///values.schema.json#\" is not valid against metaschema: jsonschema validation failed with \
             '{draft}#'\n{told}"
        )
    };
    for (schema, expected) in [
        ("[]", invalid(LATEST, "- at '': got array, want boolean or object")),
        (
            r#"{"properties":{"a":{"pattern":"("}}}"#,
            invalid(
                LATEST,
                "- at '': 'allOf' failed\n  - at '/properties/a': 'allOf' failed\n    - at '/properties/a/pattern': '(' is \
                 not valid regex: error parsing regexp: missing closing ): `(`",
            ),
        ),
        (
            r#"{"$schema":"http://json-schema.org/draft-07/schema","properties":{"a":{"minLength":-1,"required":5}}}"#,
            invalid(
                "http://json-schema.org/draft-07/schema",
                "- at '/properties/a': validation failed\n  - at '/properties/a/minLength': 'allOf' failed\n    - at \
                 '/properties/a/minLength': minimum: got -1, want 0\n  - at '/properties/a/required': got number, want array",
            ),
        ),
        ("{", format!("{LINE}unexpected EOF")),
        ("", format!("{LINE}EOF")),
        ("{} x", format!("{LINE}invalid character after top-level value")),
        ("{x", format!("{LINE}invalid character 'x' looking for beginning of object key string")),
    ] {
        assert_eq!(judged(schema, "a: 1").unwrap_err(), expected, "{schema}");
    }
}

#[test]
fn charts_within_are_judged_with_their_values() {
    let mut all: Vec<_> = files("x", r#"{"properties":{"a":{"type":"string"}}}"#, "a: 1\nsub: {b: x}").into();
    let sub = files("sub", r#"{"properties":{"b":{"type":"number"}},"required":["c"]}"#, "b: 1");
    all.extend(sub.map(|(name, content)| (format!("charts/sub/{name}"), content)));
    let chart = load_folder(all, &mut Vec::new()).unwrap();
    let values = crate::value::Map::new();
    let told = to_render(&chart, &values, false, &mut Vec::new()).unwrap_err().to_string();
    assert_eq!(
        told,
        format!(
            "{LINE}- at '/a': got number, want string\nsub:\n- at '': missing property 'c'\n- at '/b': got string, want \
             number\n"
        )
    );
    assert!(to_render(&chart, &values, true, &mut Vec::new()).is_ok());
}

#[test]
fn schemas_without_end_are_given_up() {
    // Each level asks the next one twice.
    let levels: Vec<String> = (0..60)
        .map(|level| {
            format!(r##""d{level}":{{"allOf":[{{"$ref":"#/$defs/d{0}"}},{{"$ref":"#/$defs/d{0}"}}]}}"##, level + 1)
        })
        .collect();
    let doubling = format!(r##"{{"$ref":"#/$defs/d0","$defs":{{{},"d60":{{"type":"string"}}}}}}"##, levels.join(","));
    assert_eq!(
        judged(&doubling, "a: 1").unwrap_err(),
        format!("{LINE}the schema takes more than the maximum of 5000000 steps")
    );

    let chain: Vec<String> =
        (0..2000).map(|level| format!(r##""d{level}":{{"$ref":"#/$defs/d{}"}}"##, level + 1)).collect();
    let chain = format!(r##"{{"$ref":"#/$defs/d0","$defs":{{{},"d2000":{{}}}}}}"##, chain.join(","));
    assert_eq!(
        judged(&chain, "a: 1").unwrap_err(),
        format!("{LINE}schemas are entered deeper than the maximum of 200")
    );

    let deep = format!("{}{}", r#"{"not":"#.repeat(5000), "{}");
    assert_eq!(
        judged(&deep, "a: 1").unwrap_err(),
        format!("{LINE}the document is nested deeper than the maximum of 200")
    );
    assert!(judged(r#"{"minimum":1e999999999999}"#, "a: 1").is_err());
    assert!(judged(r#"{"properties":{"a":{"multipleOf":1e-4000}}}"#, "a: 1").is_ok());
}
