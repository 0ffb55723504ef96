//! Templates and what Go's implementation makes of them, as Helm runs it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod failing;
mod limits;
mod outputs;
mod refused;

use super::*;
use crate::function::Failure;
use crate::value::{Map, Str, Type, Value};

/// A world without cluster: its random bytes count up, and it is always the same second.
pub(crate) struct Still(u8);

impl World for Still {
    fn lookup(&mut self, _: &str, _: &str, _: &str, _: &str) -> Result<Value, Failure> {
        Ok(Value::Map(Map::new()))
    }

    fn random(&mut self, bytes: &mut [u8]) -> Result<(), Failure> {
        for byte in bytes {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
        Ok(())
    }

    fn now(&mut self) -> Result<(i64, u32), Failure> {
        Ok((1_700_000_000, 0))
    }
}

/// What a template prints with `data` as its dot, or Go's error; for the tests of functions too.
pub(crate) fn evaluate(text: &str, data: Value) -> Result<String, String> {
    limited(text, data, Limits::default()).map_err(|error| error.message)
}

fn limited(text: &str, data: Value, limits: Limits) -> Result<String, ExecError> {
    let mut templates = Templates::new();
    templates.add("t", text.as_bytes()).map_err(|error| ExecError::plain(error.to_string()))?;
    let out = templates.execute("t", data, &mut Still(0), limits).map_err(|error| *error)?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// What Helm makes of a template `q/templates/t.txt` of a chart with some values, or its error.
fn rendered(text: &str) -> Result<String, String> {
    const NAME: &str = "q/templates/t.txt";
    let mut templates = Templates::new();
    templates.add(NAME, text.as_bytes()).map_err(|error| error.report())?;
    match templates.execute(NAME, chart(), &mut Still(0), Limits::default()) {
        Ok(out) => Ok(String::from_utf8(without_no_value(out)).unwrap()),
        Err(error) => Err(error.report()),
    }
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> Map {
    entries.into_iter().map(|(key, value)| (Str::from(key), value)).collect()
}

fn named<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(map(entries).converted(Type::Named { name: "common.Values", kind: "map" }))
}

fn chart() -> Value {
    let number = Value::Float;
    let list = Value::list(vec![
        number(1.0),
        Value::str("two"),
        number(3.5),
        Value::Nil,
        Value::Map(map([("k", Value::str("v"))])),
    ]);
    let inner = map([("c", Value::str("d"))]);
    let values = named([
        ("l", list),
        (
            "m",
            Value::Map(map([
                ("a", number(1.0)),
                ("b", Value::Map(inner)),
                ("z", Value::list(vec![number(1.0), number(2.0)])),
            ])),
        ),
        ("s", Value::str("str")),
        ("f", number(3.0)),
        ("neg", number(-2.5)),
        ("t", Value::Bool(true)),
        ("fa", Value::Bool(false)),
        ("em", Value::Map(Map::new())),
        ("el", Value::list(Vec::new())),
        ("empty", Value::str("")),
        ("pct", Value::str("100%d")),
        ("tpl1", Value::str("{{ .Values.s }}!")),
        ("Table", Value::str("x")),
    ]);
    named([
        ("Values", values),
        ("Release", Value::Map(map([("Name", Value::str("r")), ("Revision", Value::int(1))]))),
        ("Chart", Value::Map(map([("Name", Value::str("q"))]))),
        ("Template", named([("Name", Value::str("q/templates/t.txt")), ("BasePath", Value::str("q/templates"))])),
    ])
}

#[test]
fn definitions_of_several_files() {
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("a", r#"{{ define "x" }}1{{ end }}"#), ("b", r#"{{ define "x" }}2{{ end }}"#)], "2"),
        // Nothing but space does not replace what is there.
        (&[("a", r#"{{ define "x" }}1{{ end }}"#), ("b", r#"{{ define "x" }} {{ end }}"#)], "1"),
        (&[("a", r#"{{ define "x" }} {{ end }}"#), ("b", r#"{{ define "x" }}2{{ end }}"#)], "2"),
        (&[("a", r#"{{ define "x" }}1{{ end }}"#), ("x", "file")], "file"),
        (&[("x", "file"), ("a", r#"{{ define "x" }}1{{ end }}"#)], "1"),
    ];
    for (files, expected) in cases {
        let mut templates = Templates::new();
        for (name, text) in *files {
            templates.add(name, text.as_bytes()).unwrap();
        }
        assert!(templates.contains("x"));
        let out = templates.execute("x", Value::Nil, &mut Still(0), Limits::default()).unwrap();
        assert_eq!(String::from_utf8_lossy(&out), *expected, "{files:?}");
    }
}

#[test]
fn strict_refuses_what_is_missing() {
    let cases = [
        ("{{ .a }}", "map has no entry for key \"a\""),
        ("{{ (index .m \"b\").c }}", "nil data; no entry for key \"c\""),
        ("{{ tpl \"{{ .a }}\" . }}", "map has no entry for key \"a\""),
    ];
    for (text, expected) in cases {
        let mut templates = Templates::new().strict();
        templates.add("t", text.as_bytes()).unwrap();
        let dot = Value::Map(map([("m", Value::Map(map([("b", Value::Nil)])))]));
        let error = templates.execute("t", dot, &mut Still(0), Limits::default()).unwrap_err();
        assert!(error.message.ends_with(expected), "{text}: {}", error.message);
    }
}

#[test]
fn complex_constants_print() {
    let cases = [
        (
            "{{ 1i }} {{ 1+2i }} {{ 1.5i }} {{ 0i }} {{ 1-2.5i }} {{ -1-1e3i }}",
            "(0+1i) (1+2i) (0+1.5i) (0+0i) (1-2.5i) (-1-1000i)",
        ),
        ("{{ if 0i }}a{{ else }}b{{ end }}{{ trunc 2+0i \"abc\" }} {{ kindOf 1i }}", "bab complex128"),
    ];
    for (text, expected) in cases {
        assert_eq!(evaluate(text, Value::Nil).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn names_are_of_letters_and_digits() {
    let cases = [
        ("{{ .a² }}", "bad character U+00B2 '²'"),
        ("{{ .Ⅷ }}", "bad character U+2167 'Ⅷ'"),
        ("{{ .ⓐ }}", "bad character U+24D0 'ⓐ'"),
        ("{{ ² }}", "U+00B2 '²'"),
        ("{{ 5² }}", "U+00B2 '²'"),
    ];
    for (text, expected) in cases {
        assert_eq!(rendered(text), Err(format!("parse error at (q/templates/t.txt:1): {expected}")), "{text}");
    }
    for text in ["{{ .aé日本 }}", "{{ .a٣ }}", "{{ $é := 1 }}"] {
        assert_eq!(rendered(text).as_deref(), Ok(""), "{text}");
    }
}
