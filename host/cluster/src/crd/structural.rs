//! What makes a schema structural: each field has a type, and logic only restricts what is declared.

use super::props::{Additional, Props};
use crate::invalid::Invalid;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Item,
    Field,
}

/// Why a schema cannot even be read as a structural one (the texts are upstream's `NewStructural`).
pub(crate) fn readable(schema: &Props) -> Result<(), String> {
    if let Some(name) = schema.unsupported.first() {
        return Err(format!("OpenAPIV3Schema '{name}' is not supported"));
    }
    if schema.items_are_many {
        return Err("OpenAPIV3Schema 'items' must be a schema, but is an array".to_owned());
    }
    if schema.preserve_unknown == Some(false) {
        return Err("internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined".to_owned());
    }
    schema.children().into_iter().try_for_each(|(_, child)| readable(child))
}

/// What is not structural about a schema, sorted by text.
pub(crate) fn validate(path: &str, schema: &Props) -> Vec<Invalid> {
    let mut errors = Vec::new();
    invariants(schema, Level::Root, path, &mut errors);
    complete_values(schema, Some(schema), path, path, &mut errors);
    errors.sort_by_key(ToString::to_string);
    errors
}

fn invariants(schema: &Props, level: Level, path: &str, errors: &mut Vec<Invalid>) {
    if schema.kind == "array" && schema.items.is_none() {
        errors.push(Invalid::required(format!("{path}.items"), "must be specified"));
    }
    if let Some(items) = &schema.items {
        invariants(items, Level::Item, &format!("{path}.items"), errors);
    }
    for (name, child) in &schema.properties {
        invariants(child, Level::Field, &format!("{path}.properties[{name}]"), errors);
    }
    if let Some(additional) = &schema.additional {
        let path = format!("{path}.additionalProperties");
        if level == Level::Root {
            errors.push(Invalid::forbidden(&path, "must not be used at the root"));
        }
        if let Additional::Schema(child) = additional {
            invariants(child, Level::Field, &path, errors);
        }
    }
    if schema.int_or_string {
        let detail = "must be false if x-kubernetes-int-or-string is true";
        if schema.preserves() {
            let path = format!("{path}.x-kubernetes-preserve-unknown-fields");
            errors.push(Invalid::invalid(path, &true.into(), detail));
        }
        if schema.embedded {
            errors.push(Invalid::invalid(format!("{path}.x-kubernetes-embedded-resource"), &true.into(), detail));
        }
    }
    let skip_any = is_int_or_string(&schema.any_of);
    let skip_first = schema.all_of.first().is_some_and(|first| is_int_or_string(&first.any_of));
    values(schema, skip_any, skip_first, path, errors);
    types(schema, level, path, errors);
    if level == Level::Root || schema.embedded {
        metadata(schema, level, path, errors);
    }
    if schema.embedded && !schema.preserves() && schema.properties.is_empty() {
        let detail = "must not be empty if x-kubernetes-embedded-resource is true without \
                      x-kubernetes-preserve-unknown-fields";
        errors.push(Invalid::required(format!("{path}.properties"), detail));
    }
}

fn types(schema: &Props, level: Level, path: &str, errors: &mut Vec<Invalid>) {
    let at = format!("{path}.type");
    if schema.embedded && schema.kind != "object" {
        let detail = "must be object if x-kubernetes-embedded-resource is true";
        errors.push(match schema.kind.is_empty() {
            true => Invalid::required(&at, detail),
            false => Invalid::invalid(&at, &schema.kind.as_str().into(), detail),
        });
    } else if schema.kind.is_empty() && !schema.int_or_string && !schema.preserves() {
        let detail = match level {
            Level::Root => "must not be empty at the root",
            Level::Item => "must not be empty for specified array items",
            Level::Field => "must not be empty for specified object fields",
        };
        errors.push(Invalid::required(&at, detail));
    }
    if schema.embedded && schema.additional.is_some() {
        let detail = "must not be used if x-kubernetes-embedded-resource is set";
        errors.push(Invalid::forbidden(format!("{path}.additionalProperties"), detail));
    }
    if level == Level::Root && !schema.kind.is_empty() && schema.kind != "object" {
        errors.push(Invalid::invalid(at, &schema.kind.as_str().into(), "must be object at the root"));
    }
}

fn metadata(schema: &Props, level: Level, path: &str, errors: &mut Vec<Invalid>) {
    for (name, wanted) in [("kind", "string"), ("apiVersion", "string"), ("metadata", "object")] {
        if let Some(child) = schema.properties.get(name).filter(|child| child.kind != wanted) {
            let path = format!("{path}.properties[{name}].type");
            errors.push(Invalid::invalid(path, &child.kind.as_str().into(), format!("must be {wanted}")));
        }
    }
    if let (Level::Root, Some(metadata)) = (level, schema.properties.get("metadata"))
        && !is_bare_metadata(metadata)
    {
        let detail = "must not specify anything other than name and generateName, but metadata is implicitly specified";
        errors.push(Invalid::forbidden(format!("{path}.properties[metadata]"), detail));
    }
}

/// Whether `metadata` says nothing but its type and what `name` and `generateName` are.
fn is_bare_metadata(schema: &Props) -> bool {
    let names = schema.properties.keys().all(|name| name == "name" || name == "generateName");
    names
        && schema.description.is_empty()
        && schema.title.is_empty()
        && schema.format.is_empty()
        && schema.pattern.is_empty()
        && !schema.nullable
        && !schema.embedded
        && !schema.int_or_string
        && !schema.preserves()
        && !schema.unique_items
        && schema.items.is_none()
        && schema.additional.is_none()
        && schema.list_type.is_none()
        && schema.map_type.is_none()
        && schema.map_keys.is_empty()
        && schema.rules.is_empty()
        && schema.required.is_empty()
        && schema.enumeration.is_empty()
        && schema.all_of.is_empty()
        && schema.any_of.is_empty()
        && schema.one_of.is_empty()
        && schema.not.is_none()
        && [schema.max_length, schema.min_length, schema.max_items, schema.min_items].iter().all(Option::is_none)
        && [schema.max_properties, schema.min_properties].iter().all(Option::is_none)
        && [schema.maximum, schema.minimum, schema.multiple_of].iter().all(Option::is_none)
}

/// Whether this is `anyOf: [{type: integer}, {type: string}]`, which says the same as `x-kubernetes-int-or-string`.
fn is_int_or_string(any_of: &[Props]) -> bool {
    let [first, second] = any_of else {
        return false;
    };
    let only = |schema: &Props, kind: &str| {
        let empty = Props { kind: String::new(), ..schema.clone() };
        schema.kind == kind && schema.properties.is_empty() && is_bare_metadata(&empty) && schema.default.is_none()
    };
    only(first, "integer") && only(second, "string")
}

fn values(schema: &Props, skip_any: bool, skip_first: bool, path: &str, errors: &mut Vec<Invalid>) {
    if !skip_any {
        for (index, child) in schema.any_of.iter().enumerate() {
            nested(child, false, &format!("{path}.anyOf[{index}]"), errors);
        }
    }
    for (index, child) in schema.all_of.iter().enumerate() {
        nested(child, skip_first && index == 0, &format!("{path}.allOf[{index}]"), errors);
    }
    for (index, child) in schema.one_of.iter().enumerate() {
        nested(child, false, &format!("{path}.oneOf[{index}]"), errors);
    }
    if let Some(child) = &schema.not {
        nested(child, false, &format!("{path}.not"), errors);
    }
    if let Some(Err(error)) = &schema.regex {
        let detail = format!("must be a valid regular expression, but isn't: {error}");
        errors.push(Invalid::invalid(format!("{path}.pattern"), &schema.pattern.as_str().into(), detail));
    }
}

/// A schema inside `allOf`, `anyOf`, `oneOf` or `not`, which may only restrict values.
fn nested(schema: &Props, skip_any: bool, path: &str, errors: &mut Vec<Invalid>) {
    values(schema, skip_any, false, path, errors);
    if let Some(items) = &schema.items {
        nested(items, false, &format!("{path}.items"), errors);
    }
    for (name, child) in &schema.properties {
        nested(child, false, &format!("{path}.properties[{name}]"), errors);
    }
    let (empty, undefined, no) =
        ("must be empty to be structural", "must be undefined to be structural", "must be false to be structural");
    let additional = match &schema.additional {
        None | Some(Additional::Allowed(false)) => false,
        Some(Additional::Allowed(true) | Additional::Schema(_)) => true,
    };
    let forbidden = [
        (!schema.kind.is_empty(), "type", empty),
        (additional, "additionalProperties", undefined),
        (schema.default.is_some(), "default", undefined),
        (!schema.title.is_empty(), "title", empty),
        (!schema.description.is_empty(), "description", empty),
        (schema.nullable, "nullable", no),
        (schema.preserves(), "x-kubernetes-preserve-unknown-fields", no),
        (schema.embedded, "x-kubernetes-embedded-resource", no),
        (schema.int_or_string, "x-kubernetes-int-or-string", no),
        (!schema.map_keys.is_empty(), "x-kubernetes-list-map-keys", empty),
        (schema.list_type.is_some(), "x-kubernetes-list-type", undefined),
        (schema.map_type.is_some(), "x-kubernetes-map-type", undefined),
        (!schema.rules.is_empty(), "x-kubernetes-validations", empty),
    ];
    for (_, name, detail) in forbidden.into_iter().filter(|(is, _, _)| *is) {
        errors.push(Invalid::forbidden(format!("{path}.{name}"), detail));
    }
    if schema.properties.contains_key("metadata") {
        let detail = "must not be specified in a nested context";
        errors.push(Invalid::forbidden(format!("{path}.properties[metadata]"), detail));
    }
}

/// Whatever is restricted has to be declared: `values` at `value_path`, the declaration at `path`.
fn complete_values(values: &Props, declared: Option<&Props>, path: &str, value_path: &str, errors: &mut Vec<Invalid>) {
    let lists = [("allOf", &values.all_of), ("anyOf", &values.any_of), ("oneOf", &values.one_of)];
    if let Some(child) = &values.not {
        complete_nested(child, declared, path, &format!("{value_path}.not"), errors);
    }
    for (name, list) in lists {
        for (index, child) in list.iter().enumerate() {
            complete_nested(child, declared, path, &format!("{value_path}.{name}[{index}]"), errors);
        }
    }
}

fn complete_nested(values: &Props, declared: Option<&Props>, path: &str, value_path: &str, errors: &mut Vec<Invalid>) {
    let Some(schema) = declared else {
        errors.push(Invalid::required(path, format!("because it is defined in {value_path}")));
        return;
    };
    complete_values(values, declared, path, value_path, errors);
    if let Some(items) = &values.items {
        let (path, value_path) = (format!("{path}.items"), format!("{value_path}.items"));
        complete_nested(items, schema.items.as_deref(), &path, &value_path, errors);
    }
    for (name, child) in &values.properties {
        let (path, value_path) = (format!("{path}.properties[{name}]"), format!("{value_path}.properties[{name}]"));
        complete_nested(child, schema.properties.get(name), &path, &value_path, errors);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use serde_json::{Value, json};

    use super::*;

    fn check(schema: &Value, expected: &[&str]) {
        let found: Vec<String> = validate("s", &Props::read(schema)).iter().map(ToString::to_string).collect();
        assert_eq!(found, expected, "{schema}");
    }

    #[test]
    fn every_field_has_a_type() {
        check(&json!({"type": "object", "properties": {"a": {"type": "string"}}}), &[]);
        check(&json!({}), &["s.type: Required value: must not be empty at the root"]);
        check(
            &json!({"type": "array", "items": {"type": "string"}}),
            &["s.type: Invalid value: \"array\": must be object at the root"],
        );
        check(
            &json!({"type": "object", "properties": {"a": {}, "b": {"type": "array"}, "c": {"type": "array", "items": {}}}}),
            &[
                "s.properties[a].type: Required value: must not be empty for specified object fields",
                "s.properties[b].items: Required value: must be specified",
                "s.properties[c].items.type: Required value: must not be empty for specified array items",
            ],
        );
        check(
            &json!({"type": "object", "properties": {"a": {"x-kubernetes-int-or-string": true}, "b": {"x-kubernetes-preserve-unknown-fields": true}}}),
            &[],
        );
    }

    #[test]
    fn logic_only_restricts() {
        check(
            &json!({"type": "object", "properties": {"a": {"type": "string"}}, "anyOf": [{"required": ["a"]}, {"properties": {"b": {"minLength": 1}}}]}),
            &["s.properties[b]: Required value: because it is defined in s.anyOf[1].properties[b]"],
        );
        check(
            &json!({"type": "object", "properties": {"a": {"type": "string", "oneOf": [{"type": "string", "description": "x"}]}}}),
            &[
                "s.properties[a].oneOf[0].description: Forbidden: must be empty to be structural",
                "s.properties[a].oneOf[0].type: Forbidden: must be empty to be structural",
            ],
        );
        check(
            &json!({"type": "object", "properties": {"a": {"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]}}}),
            &[],
        );
    }

    #[test]
    fn metadata_is_implicit() {
        check(
            &json!({"type": "object", "properties": {"metadata": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 3}}}}}),
            &[],
        );
        check(
            &json!({"type": "object", "properties": {"metadata": {"type": "object", "properties": {"labels": {"type": "object"}}}}}),
            &[
                "s.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified",
            ],
        );
    }
}
