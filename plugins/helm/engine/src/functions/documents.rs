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

fn from_yaml(context: &mut dyn Context, values: &[Value]) -> Answer {
    Ok(match yaml::parse(text(context, values)?) {
        Ok(Value::Map(map)) => map.into(),
        Ok(Value::Nil) => Map::new().into(),
        Ok(other) => with_error(Map::new(), undecoded(&wrong_type(&other, MAP))),
        Err(error) => with_error(Map::new(), error),
    })
}

fn from_yaml_array(context: &mut dyn Context, values: &[Value]) -> Answer {
    Ok(match yaml::parse(text(context, values)?) {
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
