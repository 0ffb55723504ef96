//! The paths of the `scale` subresource in an object.

use serde_json::{Value, json};

use crate::invalid::Invalid;
use crate::object::text;

/// What is wrong with what the paths lead to; `status` asks only for what is in the status.
pub(crate) fn validate(object: &Value, scale: Option<&Value>, status: bool) -> Vec<Invalid> {
    let Some(scale) = scale else {
        return Vec::new();
    };
    let mut errors = Vec::new();
    let mut paths = vec![text(scale, "statusReplicasPath")];
    if !status {
        paths.insert(0, text(scale, "specReplicasPath"));
    }
    for path in paths {
        let number = |value: &Value| match value.as_i64() {
            Some(number) => Ok(number),
            None => Err("int64"),
        };
        match nested(object, path, number) {
            Err(error) => errors.push(Invalid::invalid(path, &json!(0), error)),
            Ok(Some(count)) if count < 0 => {
                errors.push(Invalid::invalid(path, &json!(count), "should be a non-negative integer"));
            }
            Ok(Some(count)) if count > i64::from(i32::MAX) => {
                let detail = format!("should be less than or equal to {}", i32::MAX);
                errors.push(Invalid::invalid(path, &json!(count), detail));
            }
            Ok(_) => {}
        }
    }
    let selector = text(scale, "labelSelectorPath");
    if !selector.is_empty() {
        let string = |value: &Value| value.as_str().map(|_| ()).ok_or("string");
        if let Err(error) = nested(object, selector, string) {
            errors.push(Invalid::invalid(selector, &json!(""), error));
        }
    }
    errors
}

/// The value at a path like `.spec.replicas`, if it is there and of the type that is read.
fn nested<T>(
    object: &Value,
    path: &str,
    read: impl Fn(&Value) -> Result<T, &'static str>,
) -> Result<Option<T>, String> {
    let mut value = object;
    let mut so_far = String::new();
    let wrong = |so_far: &str, value: &Value, wanted: &str| {
        format!("{so_far} accessor error: {} is of the type {}, expected {wanted}", go(value), go_type(value))
    };
    for name in path.trim_start_matches('.').split('.') {
        match value {
            Value::Object(fields) => match fields.get(name) {
                Some(field) => value = field,
                None => return Ok(None),
            },
            other => return Err(wrong(&so_far, other, "map[string]interface{}")),
        }
        so_far.push('.');
        so_far.push_str(name);
    }
    read(value).map(Some).map_err(|wanted| wrong(&so_far, value, wanted))
}

/// A value as Go's `%v` prints it.
fn go(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(is) => is.to_string(),
        Value::Number(_) => super::validate::go_number(value),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(go).collect::<Vec<_>>().join(" ")),
        Value::Object(fields) => {
            let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}:{}", go(value))).collect();
            format!("map[{}]", fields.join(" "))
        }
    }
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_i64() => "int64",
        Value::Number(_) => "float64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::needless_pass_by_value)]

    use super::*;

    fn check(object: Value, expected: &[&str]) {
        let scale = json!({"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.size", "labelSelectorPath": ".status.selector"});
        let found: Vec<String> = validate(&object, Some(&scale), false).iter().map(ToString::to_string).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn replicas_are_counts() {
        check(json!({"spec": {"size": 3}}), &[]);
        check(
            json!({"spec": {"size": "three"}}),
            &[".spec.size: Invalid value: 0: .spec.size accessor error: three is of the type string, expected int64"],
        );
        check(
            json!({"spec": {"size": -1}, "status": {"size": 4_000_000_000i64, "selector": 1}}),
            &[
                ".spec.size: Invalid value: -1: should be a non-negative integer",
                ".status.size: Invalid value: 4000000000: should be less than or equal to 2147483647",
                ".status.selector: Invalid value: \"\": .status.selector accessor error: 1 is of the type int64, expected string",
            ],
        );
        check(
            json!({"spec": 1}),
            &[
                ".spec.size: Invalid value: 0: .spec accessor error: 1 is of the type int64, expected map[string]interface{}",
            ],
        );
    }
}
