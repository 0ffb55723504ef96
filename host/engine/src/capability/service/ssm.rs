//! AWS Systems Manager's Parameter Store. Source: its API reference, version 2014-11-06.

use super::super::names::Shape;
use super::{Action, Field, READ, Service, WRITE, list_at, name, only};
use crate::value::{Map, Value};

/// The service.
pub(in super::super) static SSM: Service = Service {
    name: "ssm",
    fields: &[Field { name: "names", shape: Shape::Path, canonical: path }],
    actions: &[
        Action {
            name: "GetParameters",
            parameters: &["Names", "WithDecryption"],
            about: &[name("names", "/Names/*")],
            each: Some("/Names"),
            seals: &["/Parameters/*/Value"],
            ..READ
        },
        Action {
            name: "DescribeParameters",
            parameters: &["ParameterFilters", "MaxResults", "NextToken"],
            about: &[name("names", "/ParameterFilters/0/Values/*")],
            each: Some("/ParameterFilters/0/Values"),
            guard: Some(by_name),
            ..READ
        },
        Action {
            name: "ListTagsForResource",
            parameters: &["ResourceType", "ResourceId"],
            about: &[name("names", "/ResourceId")],
            guard: Some(of_parameter),
            ..READ
        },
        Action {
            name: "PutParameter",
            parameters: &[
                "Name",
                "Description",
                "Value",
                "Type",
                "KeyId",
                "Overwrite",
                "AllowedPattern",
                "Tags",
                "Tier",
                "DataType",
            ],
            about: &[name("names", "/Name")],
            sinks: &["/Value"],
            ..WRITE
        },
        Action {
            name: "DeleteParameters",
            parameters: &["Names"],
            about: &[name("names", "/Names/*")],
            each: Some("/Names"),
            ..WRITE
        },
        Action {
            name: "AddTagsToResource",
            parameters: &["ResourceType", "ResourceId", "Tags"],
            about: &[name("names", "/ResourceId")],
            guard: Some(of_parameter),
            ..WRITE
        },
        Action {
            name: "RemoveTagsFromResource",
            parameters: &["ResourceType", "ResourceId", "TagKeys"],
            about: &[name("names", "/ResourceId")],
            guard: Some(of_parameter),
            ..WRITE
        },
    ],
};

/// One filter, for whole names: a beginning would find what no rule names.
fn by_name(input: &Map) -> Result<(), &'static str> {
    const WHY: &str = "parameters are described by one filter, of `Key` Name and `Option` Equals";
    let filters = list_at(input, "ParameterFilters").ok_or(WHY)?;
    let [filter] = filters else { return Err(WHY) };
    let Value::Map(filter) = filter.peek() else { return Err(WHY) };
    let says = |key: &str, word: &str| filter.get(key).and_then(Value::as_str) == Some(word);
    let plain = only(filter, &["Key", "Option", "Values"]) && says("Key", "Name") && says("Option", "Equals");
    if plain { Ok(()) } else { Err(WHY) }
}

/// Other resources have tags too, under names that are none of these.
fn of_parameter(input: &Map) -> Result<(), &'static str> {
    match input.get("ResourceType").and_then(Value::as_str) {
        Some("Parameter") => Ok(()),
        _ => Err("only parameters are judged: `ResourceType` Parameter"),
    }
}

/// An ARN, a version or a label behind a colon would name what no pattern of paths could see.
fn path(text: &str) -> Result<String, &'static str> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'/');
    let inside = text.strip_prefix('/').unwrap_or(text);
    if !text.is_empty() && text.bytes().all(fits) && inside.split('/').all(|segment| !segment.is_empty()) {
        Ok(text.to_owned())
    } else {
        Err("a parameter is named by its path alone: letters, digits, `_`, `.`, `-`, in segments between slashes")
    }
}
