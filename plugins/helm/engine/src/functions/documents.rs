//! YAML, JSON and TOML to and from values: what a template prints and reads of documents.

use crate::context::Context;
use crate::function::{Answer, Failure, Function, Parameter};
use crate::json::{self, Style};
use crate::value::{Map, Str, Type, Value};
use crate::{toml, yaml};

const RAW: Style = Style { raw: true, indent: false };
const PRETTY: Style = Style { raw: false, indent: true };

/// What writes and reads documents.
pub const TABLE: &[Function] = &[
    writer("toYaml", |context, values| Ok(lenient(written(context, yaml::emit(first(values)))?))),
    writer("mustToYaml", |context, values| strict(written(context, yaml::emit(first(values)))?)),
    writer("toYamlPretty", |context, values| Ok(lenient(written(context, yaml::emit_pretty(first(values)))?))),
    writer("toJson", |context, values| Ok(lenient(written(context, json::emit(first(values)))?))),
    writer("mustToJson", |context, values| strict(written(context, json::emit(first(values)))?)),
    writer("toPrettyJson", |context, values| Ok(lenient(written(context, json::emit_styled(first(values), PRETTY))?))),
    writer("mustToPrettyJson", |context, values| strict(written(context, json::emit_styled(first(values), PRETTY))?)),
    writer("toRawJson", |context, values| strict(written(context, json::emit_styled(first(values), RAW))?)),
    writer("mustToRawJson", |context, values| strict(written(context, json::emit_styled(first(values), RAW))?)),
    writer("toToml", to_toml),
    reader("fromYaml", from_yaml),
    reader("fromYamlArray", from_yaml_array),
    reader("fromJson", from_json),
    reader("fromJsonArray", from_json_array),
    reader("mustFromJson", must_from_json),
    reader("fromToml", from_toml),
];

type Call = fn(&mut dyn Context, &[Value]) -> Answer;

const fn writer(name: &'static str, call: Call) -> Function {
    Function { name, parameters: &[Parameter::Any], variadic: None, call }
}

const fn reader(name: &'static str, call: Call) -> Function {
    Function { name, parameters: &[Parameter::Str], variadic: None, call }
}

fn first(values: &[Value]) -> &Value {
    values.first().unwrap_or(&Value::Nil)
}

/// Counts what was written. YAML ends with a line break that templates do without.
fn written(context: &mut dyn Context, document: Result<Vec<u8>, String>) -> Result<Result<Vec<u8>, String>, Failure> {
    Ok(match document {
        Ok(mut text) => {
            context.spend(text.len())?;
            if text.ends_with(b"\n") {
                text.pop();
            }
            Ok(text)
        }
        Err(error) if error == json::TOO_LARGE => return Err(error.into()),
        Err(error) => Err(error),
    })
}

/// Where errors are swallowed: nothing.
fn lenient(document: Result<Vec<u8>, String>) -> Value {
    Str::from(document.unwrap_or_default()).into()
}

fn strict(document: Result<Vec<u8>, String>) -> Answer {
    Ok(Str::from(document?).into())
}

/// Its errors become the text, but for what the encoder panics at.
fn to_toml(context: &mut dyn Context, values: &[Value]) -> Answer {
    match toml::emit(first(values)) {
        Ok(text) => {
            context.spend(text.len())?;
            Ok(Str::from(text).into())
        }
        Err(toml::Error::Told(error)) => Ok(error.into()),
        Err(toml::Error::Raised(error)) => Err(error.into()),
    }
}

/// The text to read, counted.
fn text<'a>(context: &mut dyn Context, values: &'a [Value]) -> Result<&'a [u8], Failure> {
    let Some(Value::Str(text)) = values.first() else {
        return Err("wrong type for value; expected string".into());
    };
    context.spend(text.len())?;
    Ok(text)
}

/// A map that says what is wrong, behind what could be read.
fn with_error(map: Map, error: String) -> Value {
    map.set("Error", error.into());
    map.into()
}

fn wrong_type(value: &Value, wanted: &str) -> String {
    format!("json: cannot unmarshal {} into Go value of type {wanted}", json::kind(value))
}

const MAP: &str = "map[string]interface {}";
const LIST: &str = "[]interface {}";

/// Reads YAML, and counts what aliases have made of it.
fn read_yaml(context: &mut dyn Context, values: &[Value]) -> Result<Result<Value, String>, Failure> {
    let text = text(context, values)?;
    let read = yaml::parse(text);
    if let Ok(value) = &read
        && text.contains(&b'*')
    {
        context.spend(16 * nodes(value))?;
    }
    Ok(read)
}

/// How many values there are in a document.
fn nodes(value: &Value) -> usize {
    1 + match value {
        Value::List(list) => list.borrow().iter().map(nodes).sum(),
        Value::Map(map) => map.borrow().values().map(nodes).sum(),
        _ => 0,
    }
}

fn from_yaml(context: &mut dyn Context, values: &[Value]) -> Answer {
    Ok(match read_yaml(context, values)? {
        Ok(Value::Map(map)) => map.into(),
        Ok(Value::Nil) => Map::new().into(),
        Ok(other) => with_error(Map::new(), undecoded(&wrong_type(&other, MAP))),
        Err(error) => with_error(Map::new(), error),
    })
}

fn from_yaml_array(context: &mut dyn Context, values: &[Value]) -> Answer {
    Ok(match read_yaml(context, values)? {
        Ok(Value::List(list)) => list.into(),
        Ok(Value::Nil) => Value::list(Vec::new()),
        Ok(other) => Value::list(vec![undecoded(&wrong_type(&other, LIST)).into()]),
        Err(error) => Value::list(vec![error.into()]),
    })
}

/// What `sigs.k8s.io/yaml` says where the JSON that YAML became is none of the type that is asked for.
fn undecoded(error: &str) -> String {
    format!("error unmarshaling JSON: while decoding JSON: {error}")
}

fn from_json(context: &mut dyn Context, values: &[Value]) -> Answer {
    Ok(match json::parse_partly(text(context, values)?) {
        Ok((Value::Map(map), None)) => map.into(),
        Ok((Value::Map(map), Some(error))) => with_error(map, error),
        Ok((Value::Nil, None)) => Map::nil(Type::Map(Box::new(Type::Any))).into(),
        // Only a number can leave nothing behind.
        Ok((Value::Nil, Some(_))) => with_error(Map::new(), wrong_type(&0.0.into(), MAP)),
        Ok((other, _)) => with_error(Map::new(), wrong_type(&other, MAP)),
        Err(error) => with_error(Map::new(), error),
    })
}

fn from_json_array(context: &mut dyn Context, values: &[Value]) -> Answer {
    Ok(match json::parse_partly(text(context, values)?) {
        Ok((Value::List(list), None)) => list.into(),
        Ok((Value::Nil, None)) => crate::value::List::nil(Type::Any).into(),
        Ok((Value::List(_), Some(error))) | Err(error) => Value::list(vec![error.into()]),
        Ok((Value::Nil, Some(_))) => Value::list(vec![wrong_type(&0.0.into(), LIST).into()]),
        Ok((other, _)) => Value::list(vec![wrong_type(&other, LIST).into()]),
    })
}

fn must_from_json(context: &mut dyn Context, values: &[Value]) -> Answer {
    Ok(json::parse(text(context, values)?)?)
}

fn from_toml(context: &mut dyn Context, values: &[Value]) -> Answer {
    Ok(match toml::parse(text(context, values)?) {
        Ok(map) => map.into(),
        Err(error) => with_error(Map::new(), error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::testing::printed;

    /// What the function answers, in JSON if it is no text.
    fn answer(name: &str, argument: Value) -> String {
        match crate::functions::testing::call(name, &[argument]) {
            Ok(Value::Str(text)) => text.to_string(),
            Ok(value) => String::from_utf8_lossy(&json::emit(&value).unwrap_or_default()).into_owned(),
            Err(Failure::Error(error)) => format!("error: {error}"),
            Err(Failure::Nested(_)) => "error: elsewhere".to_owned(),
        }
    }

    #[test]
    fn values_are_written() {
        let value = || json::parse(br#"{"a10":["<"],"a2":{},"b":1000000}"#).unwrap_or_default();
        for (name, expected) in [
            ("toYaml", "a2: {}\na10:\n- <\nb: 1000000"),
            ("mustToYaml", "a2: {}\na10:\n- <\nb: 1000000"),
            ("toYamlPretty", "a2: {}\na10:\n  - <\nb: 1e+06"),
            ("toJson", r#"{"a10":["\u003c"],"a2":{},"b":1000000}"#),
            ("mustToJson", r#"{"a10":["\u003c"],"a2":{},"b":1000000}"#),
            ("toRawJson", r#"{"a10":["<"],"a2":{},"b":1000000}"#),
            ("mustToRawJson", r#"{"a10":["<"],"a2":{},"b":1000000}"#),
            ("toPrettyJson", "{\n  \"a10\": [\n    \"\\u003c\"\n  ],\n  \"a2\": {},\n  \"b\": 1000000\n}"),
            ("mustToPrettyJson", "{\n  \"a10\": [\n    \"\\u003c\"\n  ],\n  \"a2\": {},\n  \"b\": 1000000\n}"),
            ("toToml", "a10 = [\"<\"]\nb = 1e+06\n\n[a2]\n"),
        ] {
            assert_eq!(answer(name, value()), expected, "{name}");
        }
    }

    #[test]
    fn times_and_what_cannot_be_written() {
        for (name, expected) in [
            ("toYaml", ""),
            ("mustToYaml", "error: error marshaling into JSON: json: unsupported value: +Inf"),
            ("toYamlPretty", ".inf"),
            ("toJson", ""),
            ("mustToJson", "error: json: unsupported value: +Inf"),
            ("toRawJson", "error: json: unsupported value: +Inf"),
            ("mustToRawJson", "error: json: unsupported value: +Inf"),
            ("toPrettyJson", ""),
            ("mustToPrettyJson", "error: json: unsupported value: +Inf"),
            ("toToml", "inf"),
        ] {
            assert_eq!(answer(name, f64::INFINITY.into()), expected, "{name}");
        }
        let date = crate::functions::testing::call("toDate", &["2006-01-02".into(), "2020-01-02".into()]);
        let date = date.unwrap_or(Value::Nil);
        for (name, expected) in [
            ("toYaml", "\"2020-01-02T00:00:00Z\""),
            ("toYamlPretty", "2020-01-02T00:00:00Z"),
            ("toJson", "\"2020-01-02T00:00:00Z\""),
            ("toToml", "2020-01-02T00:00:00Z"),
        ] {
            assert_eq!(answer(name, date.clone()), expected, "{name}");
        }
        assert_eq!(answer("toToml", Value::Nil), "error: reflect: call of reflect.Value.Type on zero Value");
    }

    #[test]
    fn documents_are_read() {
        for (name, document, expected) in [
            ("fromYaml", "", "{}"),
            ("fromYaml", "null", "{}"),
            ("fromYaml", "a: 1", r#"{"a":1}"#),
            (
                "fromYaml",
                "[",
                r#"{"Error":"error converting YAML to JSON: yaml: line 1: did not find expected node content"}"#,
            ),
            (
                "fromYaml",
                "1",
                r#"{"Error":"error unmarshaling JSON: while decoding JSON: json: cannot unmarshal number into Go value of type map[string]interface {}"}"#,
            ),
            ("fromYamlArray", "", "[]"),
            ("fromYamlArray", "- a", r#"["a"]"#),
            (
                "fromYamlArray",
                "a: b",
                r#"["error unmarshaling JSON: while decoding JSON: json: cannot unmarshal object into Go value of type []interface {}"]"#,
            ),
            ("fromJson", "null", "null"),
            (
                "fromJson",
                "{\"a\":1e400,\"b\":2}",
                r#"{"Error":"json: cannot unmarshal number 1e400 into Go value of type float64","a":null,"b":2}"#,
            ),
            (
                "fromJson",
                "1e400",
                r#"{"Error":"json: cannot unmarshal number into Go value of type map[string]interface {}"}"#,
            ),
            (
                "fromJson",
                "[1]",
                r#"{"Error":"json: cannot unmarshal array into Go value of type map[string]interface {}"}"#,
            ),
            ("fromJsonArray", "null", "null"),
            ("fromJsonArray", "[1]", "[1]"),
            ("fromJsonArray", "{}", r#"["json: cannot unmarshal object into Go value of type []interface {}"]"#),
            ("fromJsonArray", "[1e400]", r#"["json: cannot unmarshal number 1e400 into Go value of type float64"]"#),
            ("mustFromJson", "[1]", "[1]"),
            ("mustFromJson", "[1, 2] x", "error: invalid character 'x' after top-level value"),
            ("fromToml", "a=1", r#"{"a":1}"#),
            ("fromToml", "a", r#"{"Error":"toml: line 1: unexpected EOF; expected key separator '='"}"#),
        ] {
            assert_eq!(answer(name, document.into()), expected, "{name} {document:?}");
        }
        assert_eq!(printed("fromYaml", &["".into()]), "map[]");
    }

    #[test]
    fn what_multiplies_is_refused() {
        let mut list = Value::list(vec!["x".repeat(1000).into()]);
        for _ in 0..40 {
            list = Value::list(vec![list.clone(), list]);
        }
        for name in ["toYaml", "toJson", "toToml"] {
            assert_eq!(answer(name, list.clone()), format!("error: {}", json::TOO_LARGE), "{name}");
        }
        // A document of aliases costs what it becomes.
        let aliases = format!("- &a [{}]\n- [{}]\n", ["x"; 90].join(", "), ["*a"; 90].join(", "));
        let mut world = crate::functions::testing::World::default();
        assert!(read_yaml(&mut world, &[aliases.as_str().into()]).is_ok());
        let budget = 10_000_000 - aliases.len() - 16 * (1 + 91 + 1 + 90 * 91);
        assert!(world.spend(budget).is_ok());
        assert!(world.spend(1).is_err());
    }
}
