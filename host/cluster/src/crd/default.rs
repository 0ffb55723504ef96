//! Fills in the defaults of a schema, and drops nulls that mean nothing.

use serde_json::Value;

use super::props::Props;

/// Drops `null` where it is neither a value nor stands for a default.
pub(crate) fn drop_nulls(value: &mut Value, schema: &Props) {
    match value {
        Value::Object(fields) => fields.retain(|name, field| {
            let child = schema.properties.get(name).or(schema.additional_schema());
            let Some(child) = child else {
                return true;
            };
            if field.is_null() && !child.nullable && child.default.is_none() {
                return false;
            }
            drop_nulls(field, child);
            true
        }),
        Value::Array(items) => {
            for (item, child) in items.iter_mut().zip(schema.items.as_deref().into_iter().cycle()) {
                drop_nulls(item, child);
            }
        }
        _ => {}
    }
}

/// Fills in defaults: for fields that are absent, or null where null is no value.
pub(crate) fn fill(value: &mut Value, schema: &Props) {
    match value {
        Value::Object(fields) => {
            for (name, child) in &schema.properties {
                let Some(default) = &child.default else {
                    continue;
                };
                let absent = fields.get(name).is_none_or(|field| field.is_null() && !child.nullable);
                if absent {
                    fields.insert(name.clone(), default.clone());
                }
            }
            for (name, field) in fields {
                if let Some(child) = schema.properties.get(name) {
                    fill(field, child);
                } else if let Some(child) = schema.additional_schema() {
                    instead_of_null(field, child);
                    fill(field, child);
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                if let Some(child) = &schema.items {
                    instead_of_null(item, child);
                    fill(item, child);
                }
            }
        }
        _ => {}
    }
}

fn instead_of_null(value: &mut Value, schema: &Props) {
    if let (true, false, Some(default)) = (value.is_null(), schema.nullable, &schema.default) {
        value.clone_from(default);
    }
}

/// Drops from each default what the schema does not declare, as is done before they are ever used.
pub(crate) fn prune_defaults(schema: &mut Props) {
    if let Some(mut default) = schema.default.take() {
        super::prune::prune(&mut default, schema, schema.embedded);
        schema.default = Some(default);
    }
    schema.properties.values_mut().for_each(prune_defaults);
    if let Some(items) = &mut schema.items {
        prune_defaults(items);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::needless_pass_by_value)]

    use serde_json::json;

    use super::*;

    fn check(schema: &Value, mut object: Value, filled: Value) {
        let schema = Props::read(schema);
        drop_nulls(&mut object, &schema);
        fill(&mut object, &schema);
        assert_eq!(object, filled);
    }

    #[test]
    fn defaults_stand_in() {
        let schema = json!({"type": "object", "properties": {
            "a": {"type": "string", "default": "A"}, "n": {"type": "string", "nullable": true, "default": "N"}, "x": {"type": "string"},
            "o": {"type": "object", "properties": {"i": {"type": "integer", "default": 7}}},
            "d": {"type": "object", "default": {}, "properties": {"i": {"type": "integer", "default": 8}}},
            "l": {"type": "array", "items": {"type": "object", "properties": {"k": {"type": "string", "default": "K"}}}},
            "m": {"type": "object", "additionalProperties": {"type": "string"}}}});
        check(&schema, json!({}), json!({"a": "A", "n": "N", "d": {"i": 8}}));
        check(
            &schema,
            json!({"a": null, "n": null, "x": null, "o": {}, "l": [{}, {"k": "z"}], "m": {"y": null, "z": "1"}, "u": null}),
            json!({"a": "A", "n": null, "o": {"i": 7}, "d": {"i": 8}, "l": [{"k": "K"}, {"k": "z"}], "m": {"z": "1"}, "u": null}),
        );
    }
}
