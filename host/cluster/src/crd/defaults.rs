//! Whether the defaults of a schema are what the schema itself asks for.

use serde_json::Value;

use super::cel::Rules;
use super::props::Props;
use super::{embedded, prune, validate};
use crate::invalid::Invalid;

/// What is wrong with the defaults of a schema; `pruned`: whether unknown fields in them are refused.
pub(crate) fn validate(path: &str, schema: &Props, pruned: bool) -> Vec<Invalid> {
    let mut errors = Vec::new();
    walk(path, schema, true, false, pruned, &mut errors);
    errors
}

/// Whether a default has fields that the schema does not know.
pub(crate) fn is_unpruned(default: &Value, schema: &Props) -> bool {
    let mut kept = default.clone();
    prune::prune(&mut kept, schema, schema.embedded);
    kept != *default
}

fn walk(path: &str, schema: &Props, root: bool, meta: bool, pruned: bool, errors: &mut Vec<Invalid>) {
    let meta = meta && !schema.embedded;
    if let Some(default) = &schema.default {
        let at = format!("{path}.default");
        if !meta && pruned && is_unpruned(default, schema) {
            errors.push(Invalid::invalid(&at, default, "must not have unknown fields"));
        }
        let mut wrong = Vec::new();
        if !meta {
            embedded::validate(&at, default, schema, &mut wrong);
        }
        if wrong.is_empty() {
            wrong = validate::validate(&at, default, schema, None);
        }
        if let (true, false, Some(rules)) = (wrong.is_empty(), meta, Rules::compile(schema, schema.embedded)) {
            wrong = rules.validate(&at, default, schema, (Some(default), None), schema.embedded);
        }
        errors.extend(wrong);
    }
    if let Some(items) = &schema.items {
        walk(&format!("{path}.items"), items, false, meta, pruned, errors);
    }
    for (name, child) in &schema.properties {
        let meta = meta || (root || schema.embedded) && ["metadata", "apiVersion", "kind"].contains(&name.as_str());
        walk(&format!("{path}.properties[{name}]"), child, false, meta, pruned, errors);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn defaults_are_valid() {
        let check = |schema: Value, expected: &[&str]| {
            let schema = Props::read(&json!({"type": "object", "properties": {"a": schema}}));
            let found: Vec<String> = validate("s", &schema, true).iter().map(ToString::to_string).collect();
            assert_eq!(found, expected);
        };
        check(json!({"type": "integer", "default": 1}), &[]);
        check(
            json!({"type": "integer", "default": "x"}),
            &["s.properties[a].default: Invalid value: \"string\":  in body must be of type integer: \"string\""],
        );
        check(
            json!({"type": "string", "enum": ["x"], "default": "y"}),
            &["s.properties[a].default: Unsupported value: \"y\": supported values: \"x\""],
        );
        check(
            json!({"type": "object", "properties": {"x": {"type": "string"}}, "default": {"y": 1}}),
            &["s.properties[a].default: Invalid value: {\"y\":1}: must not have unknown fields"],
        );
    }
}
