//! Documents that Helm 4.1.4 was seen to read and write.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::json;
use crate::value::{List, Map, Str, Type};

/// What `fromYaml | toJson` shows of a document, or its error.
fn read(text: &str) -> String {
    match parse(text.as_bytes()) {
        Ok(value) => String::from_utf8(json::emit(&value).unwrap()).unwrap(),
        Err(error) => error.strip_prefix("error converting YAML to JSON: ").unwrap_or(&error).to_owned(),
    }
}

fn both(value: &Value) -> (String, String) {
    let text = |text: Result<Vec<u8>, String>| String::from_utf8(text.unwrap()).unwrap();
    (text(emit(value)), text(emit_pretty(value)))
}

fn from_json(text: &str) -> Value {
    parse(text.as_bytes()).unwrap()
}

#[test]
fn documents_are_read() {
    for (document, expected) in [
        ("", "null"),
        ("# nothing", "null"),
        ("---\n", "null"),
        ("---\na: 1\n---\nb: [", r#"{"a":1}"#),
        ("%YAML 1.1\n---\na: 1", r#"{"a":1}"#),
        ("%TAG !e! tag:yaml.org,2002:\n---\na: !e!str 1", r#"{"a":"1"}"#),
        ("a: 1\n...\nb: 2", r#"{"a":1}"#),
        ("a:\n- b\n- c:\n  - d\n  -\ne:", r#"{"a":["b",{"c":["d",null]}],"e":null}"#),
        ("- - a\n  - b\n-\n  - c", r#"[["a","b"],["c"]]"#),
        ("? a\n: b\n? c", r#"{"a":"b","c":null}"#),
        ("{a: [b, c: d, {e}], f: , 'g': \"h\"}", r#"{"a":["b",{"c":"d"},{"e":null}],"f":null,"g":"h"}"#),
        ("[a, b,]", r#"["a","b"]"#),
        ("{\"a\":1,\"b\":[true,null,\"\\u00e9\\t\"]}", "{\"a\":1,\"b\":[true,null,\"é\\t\"]}"),
        ("a: b\n  c\n\n  d", r#"{"a":"b c\nd"}"#),
        ("a: 'b\n  c''d\n\n  e'", r#"{"a":"b c'd\ne"}"#),
        ("a: \"b \\\n  c\\x41\\u00e9\\U0001F600\n  d\"", "{\"a\":\"b cAé\u{1f600} d\"}"),
        ("a: |\n  b\n   c\n\n  d\n\n", r#"{"a":"b\n c\n\nd\n"}"#),
        ("a: |-\n  b\n", r#"{"a":"b"}"#),
        ("a: |+\n  b\n\nc: >2\n   d\n  e\n  f\n", r#"{"a":"b\n\n","c":" d\ne f\n"}"#),
        ("a: >\n  b\n  c\n\n  d\n", r#"{"a":"b c\nd\n"}"#),
        ("a: b # c\nd: e#f # g", r#"{"a":"b","d":"e#f"}"#),
        ("a: http://b:1/c?d={e}", r#"{"a":"http://b:1/c?d={e}"}"#),
        ("\u{feff}a: b\r\nc: d\r\n", r#"{"a":"b","c":"d"}"#),
        ("y: yes\nno: n\n~a: ~", r#"{"false":false,"true":true,"~a":null}"#),
        ("1: a\n1.50: b\n0x10: c\n1e+22: d", r#"{"1":"a","1.5":"b","16":"c","1e+22":"d"}"#),
        ("a: 2020-01-01\nb: 1:20\nc: 010\nd: 1_0.5", r#"{"a":"2020-01-01","b":"1:20","c":8,"d":10.5}"#),
        (
            "a: !!str 1\nb: !!int '2'\nc: !!float 3\nd: !x 4\ne: ! 5\nf: !!binary aGk=",
            r#"{"a":"1","b":2,"c":3,"d":"4","e":"5","f":"hi"}"#,
        ),
        ("a: !!binary //5h", "{\"a\":\"\u{fffd}\u{fffd}a\"}"),
        ("a: &x {b: 1}\nc: *x\nd: [*x]", r#"{"a":{"b":1},"c":{"b":1},"d":[{"b":1}]}"#),
        ("a: &x {b: 1, c: 1}\nd:\n  <<: *x\n  b: 2", r#"{"a":{"b":1,"c":1},"d":{"b":2,"c":1}}"#),
        ("a: &x {b: 1}\nd:\n  b: 2\n  <<: [*x, {b: 3, e: 4}]", r#"{"a":{"b":1},"d":{"b":1,"e":4}}"#),
        ("'<<': 1", r#"{"\u003c\u003c":1}"#),
        ("a: 1\na: 2", r#"{"a":2}"#),
        ("&a a: *a", r#"{"a":"a"}"#),
        ("{}: 1", "{}"),
        ("\n\n  a: b\n c: d", r#"{"a":"b"}"#),
        ("12345678901234567890", "12345678901234567000"),
    ] {
        assert_eq!(read(document), expected, "{document:?}");
    }
}

#[test]
fn problems_are_told_in_the_words_of_go_yaml() {
    for (document, expected) in [
        ("a: b: c", "yaml: mapping values are not allowed in this context"),
        ("a: 1\n b: 2", "yaml: line 2: mapping values are not allowed in this context"),
        ("[1", "yaml: line 1: did not find expected ',' or ']'"),
        ("a: {b", "yaml: line 1: did not find expected ',' or '}'"),
        ("'x", "yaml: found unexpected end of stream"),
        ("a:\n  'x\n---\n", "yaml: line 3: found unexpected document indicator"),
        ("a: &x\n  b: *x", "yaml: anchor 'x' value contains itself"),
        ("a: *y", "yaml: unknown anchor 'y' referenced"),
        ("a: * y", "yaml: did not find expected alphabetic or numeric character"),
        ("? [a]\n: b", "yaml: invalid map key: []interface {}{\"a\"}"),
        ("a: { {.b}}", "yaml: invalid map key: map[interface {}]interface {}{\".b\":interface {}(nil)}"),
        ("~: x", "unsupported map key of type: %!s(<nil>), key: <nil>, value: \"x\""),
        (
            "~: [.inf, \"\u{a0}\"]",
            "unsupported map key of type: %!s(<nil>), key: <nil>, value: []interface {}{+Inf, \"\\u00a0\"}",
        ),
        ("18446744073709551615: 1", "unsupported map key of type: uint64, key: 0xffffffffffffffff, value: 1"),
        ("a: .inf", "json: unsupported value: +Inf"),
        ("a: !!int x", "yaml: cannot decode !!str `x` as a !!int"),
        ("a: !!binary x", "yaml: !!binary value contains invalid base64 data"),
        ("a: !x!y z", "yaml: found undefined tag handle"),
        ("\"\\/\": 1", "yaml: found unknown escape character"),
        ("a:\n\t- b", "yaml: line 2: found character that cannot start any token"),
        ("- a\nb: 1", "yaml: line 1: did not find expected '-' indicator"),
        ("a: 1\n- b", "yaml: line 1: did not find expected key"),
        ("a:\n- b\n  c: d\n e: f", "yaml: line 3: mapping values are not allowed in this context"),
        ("a: |\n\tx", "yaml: line 2: found a tab character where an indentation space is expected"),
        ("- \r\n&x {\"a\"b, c", "yaml: line 3: could not find expected ':'"),
        ("{- ,]!!binary *x \n\t'", "yaml: did not find expected node content"),
        ("a: |x", "yaml: did not find expected comment or line break"),
        ("a\nb: c", "yaml: line 2: mapping values are not allowed in this context"),
        ("a:\nb\nc: d", "yaml: line 3: could not find expected ':'"),
        ("%YAML 1.2\n---\na: 1", "yaml: found incompatible YAML document"),
        ("%x", "yaml: found unknown directive name"),
        ("a: \u{7}", "yaml: control characters are not allowed"),
        ("<<: 1", "yaml: map merge requires map or sequence of maps as the value"),
    ] {
        assert_eq!(read(document), expected, "{document:?}");
    }
    let reader = |bytes: &[u8]| parse(bytes).unwrap_err();
    assert_eq!(reader(b"a: \xff"), "error converting YAML to JSON: yaml: invalid leading UTF-8 octet");
    assert_eq!(reader(b"a: \xc3"), "error converting YAML to JSON: yaml: incomplete UTF-8 octet sequence");
    assert_eq!(reader(b"a: \xc3\x28"), "error converting YAML to JSON: yaml: invalid trailing UTF-8 octet");
}

#[test]
fn numbers_are_kept_where_asked() {
    let value = parse_numbers(b"a: 10\nb: 1.5\nc: 18446744073709551615\nd: [1]").unwrap();
    let Value::Map(map) = value else { panic!("no mapping") };
    assert!(matches!(map.get(b"a"), Some(Value::Int(10, _))));
    assert!(matches!(map.get(b"b"), Some(Value::Float(1.5))));
    assert!(matches!(map.get(b"c"), Some(Value::Uint(u64::MAX))));
    assert!(matches!(map.get(b"d"), Some(Value::List(list)) if matches!(list.get(0), Some(Value::Int(1, _)))));
}

#[test]
fn hostile_documents_end() {
    let nested = |open: &str, count: usize| parse(open.repeat(count).as_bytes()).unwrap_err();
    assert!(nested("[", 100_000).contains("exceeded max depth"));
    assert!(nested("- ", 100_000).contains("exceeded max depth"));
    assert!(nested("? ", 100_000).contains("exceeded max depth"));
    assert!(nested("{a: ", 2_000).contains("exceeded max depth"));
    let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let items = vec![format!("*a{}", level - 1); 9].join(", ");
        laughs.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    assert!(parse(laughs.as_bytes()).unwrap_err().contains("document contains excessive aliasing"));
    // What is no text is refused wherever it stands.
    for byte in [0, 0x7f, 0x80, 0xbf, 0xc3, 0xe2, 0xf0, 0xff] {
        for place in [0, 1, 2, 510, 511, 512, 513, 1023, 1024, 1500] {
            let mut document = "é: 'a'\n".repeat(200).into_bytes();
            document[place] = byte;
            let _ = parse(&document);
            document.truncate(place + 1);
            let _ = parse(&document);
        }
    }
    // Each prefix of a document is read or refused.
    let document = "%TAG ! x\n--- !a &b\nc: [d, {e: *b}, \"\\x41\", 'f''g']\nh: |2-\n   i\n? >+\n  j\n: !<k> l\n...\n";
    for end in 0..document.len() {
        let _ = parse(&document.as_bytes()[..end]);
    }
}

#[test]
fn mappings_and_sequences_are_laid_out() {
    for (json, yaml, pretty) in [
        (
            r#"{"a":[1,2],"b":{"c":[{"d":1,"e":[]},{}]}}"#,
            "a:\n- 1\n- 2\nb:\n  c:\n  - d: 1\n    e: []\n  - {}\n",
            "a:\n  - 1\n  - 2\nb:\n  c:\n    - d: 1\n      e: []\n    - {}\n",
        ),
        ("[[1,[2]],[]]", "- - 1\n  - - 2\n- []\n", "- - 1\n  - - 2\n- []\n"),
        (
            r#"{"x":[{"a":[{"b":null},[true]]}]}"#,
            "x:\n- a:\n  - b: null\n  - - true\n",
            "x:\n  - a:\n      - b: null\n      - - true\n",
        ),
        (
            r#"["a\nb\n",{"a":"x\ny"}]"#,
            "- |\n  a\n  b\n- a: |-\n    x\n    y\n",
            "- |\n  a\n  b\n- a: |-\n    x\n    y\n",
        ),
        (r#"{"m\nn":[1]}"#, "? |-\n  m\n  n\n: - 1\n", "? |-\n  m\n  n\n: - 1\n"),
        (r#"{"a2":1,"a10":2,"a1":3}"#, "a1: 3\na2: 1\na10: 2\n", "a1: 3\na2: 1\na10: 2\n"),
        (
            r#"[1000000,1e21,1e-7,-0.0,1234567.5,1e20]"#,
            "- 1000000\n- 1e+21\n- 1e-07\n- 0\n- 1.2345675e+06\n- 1e+20\n",
            "- 1e+06\n- 1e+21\n- 1e-07\n- -0\n- 1.2345675e+06\n- 1e+20\n",
        ),
        ("{}", "{}\n", "{}\n"),
        ("null", "null\n", "null\n"),
    ] {
        assert_eq!(both(&from_json(json)), (yaml.to_owned(), pretty.to_owned()), "{json}");
    }
    assert_eq!(both(&List::nil(Type::Any).into()), ("null\n".to_owned(), "[]\n".to_owned()));
}

#[test]
fn texts_are_quoted_as_go_yaml_quotes_them() {
    for (text, yaml) in [
        ("", "\"\""),
        ("a", "a"),
        ("null", "\"null\""),
        ("y", "\"y\""),
        ("1:20", "\"1:20\""),
        ("0o17", "\"0o17\""),
        ("2020-01-01", "\"2020-01-01\""),
        ("a: b", "'a: b'"),
        ("a #b", "'a #b'"),
        ("it's", "it's"),
        ("'it's", "'''it''s'"),
        ("- a", "'- a'"),
        ("=", "="),
        ("<<", "<<"),
        (" a", "' a'"),
        ("a\tb", "\"a\\tb\""),
        ("a\r\nb", "\"a\\r\\nb\""),
        ("a \nb", "\"a \\nb\""),
        ("a\u{2028}b", "'a\u{2028}  b'"),
        ("\u{1f600}", "\"\\U0001F600\""),
        ("\u{feff}ab", "\"\\uFEFF\\x61\\x62\""),
        ("\u{0}\u{1b}\u{a0}", "\"\\0\\e\u{a0}\""),
        ("a\nb\n\n", "|+\n  a\n  b\n"),
        (" a\nb", "|2-\n   a\n  b"),
        ("\n", "|2+\n"),
        ("a\n b\n", "|\n  a\n   b"),
    ] {
        let (emitted, _) = both(&text.into());
        assert_eq!(emitted.strip_suffix('\n').unwrap(), yaml, "{text:?}");
    }
}

#[test]
fn versions_write_tabs_widths_and_controls_differently() {
    let words = "word ".repeat(20);
    let folded = format!("{}\n  word word word", "word ".repeat(17).trim_end());
    for (text, yaml, pretty) in [
        ("a\tb\nc", "\"a\\tb\\nc\"", "|-\n  a\tb\n  c"),
        (words.trim_end(), &folded, words.trim_end()),
        ("x\u{85}y", "x y", "\"x\\Ny\""),
    ] {
        assert_eq!(both(&text.into()), (format!("{yaml}\n"), format!("{pretty}\n")), "{text:?}");
    }
    // What YAML cannot read back, toYaml cannot write.
    assert_eq!(
        emit(&"x\u{7f}".into()).unwrap_err(),
        "error converting JSON to YAML: yaml: control characters are not allowed"
    );
    assert_eq!(emit_pretty(&"x\u{7f}".into()).unwrap(), b"\"x\\x7F\"\n");
    let map = Map::new();
    map.set("k".repeat(1023), Value::Nil);
    assert!(emit(&map.into()).is_err());
    assert_eq!(emit_pretty(&Str::from(&b"\xff"[..]).into()).unwrap(), b"!!binary /w==\n");
    assert_eq!(emit(&Str::from(&b"\xff"[..]).into()).unwrap(), "\u{fffd}\n".as_bytes());
}

#[test]
fn a_value_within_itself_is_refused() {
    let map = Map::new();
    map.set("a", map.clone().into());
    assert!(emit(&map.clone().into()).is_err());
    assert!(emit_pretty(&map.clone().into()).is_err());
    map.remove(b"a");
}
