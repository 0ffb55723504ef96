//! Values as Go prints them (`%v`), for refusals that quote a patch.

use serde_json::{Number, Value};

/// A value as Go's `%v` prints what it decodes to: `map[a:1 b:[x y]]`, text without quotes, `<nil>`.
pub(crate) fn printed(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => decimal(number),
        Value::String(text) => text.clone(),
        Value::Array(items) => printed_list(items),
        Value::Object(fields) => {
            let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| *key);
            let fields: Vec<String> =
                fields.into_iter().map(|(key, value)| format!("{key}:{}", printed(value))).collect();
            format!("map[{}]", fields.join(" "))
        }
    }
}

/// A list as Go's `%v` prints it.
pub(super) fn printed_list(items: &[Value]) -> String {
    format!("[{}]", items.iter().map(printed).collect::<Vec<_>>().join(" "))
}

/// What a value is called when it does not fit (`json: cannot unmarshal object into …`).
pub(crate) fn json_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The Go type that a value decodes to, as `%s` of its `reflect.Type` prints it.
pub(super) fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "%!s(<nil>)",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// Whole numbers plainly; others in Go's shortest form, with an exponent below 1e-4 and from 1e21 on.
fn decimal(number: &Number) -> String {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else { return number.to_string() };
    let size = float.abs();
    if size == 0.0 || (1e-4..1e21).contains(&size) {
        return float.to_string();
    }
    let text = format!("{float:e}");
    match text.split_once('e') {
        Some((digits, exponent)) => {
            let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
            format!("{digits}e{sign}{exponent:0>2}")
        }
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_printed_as_go_does() {
        let cases = [
            (json!({"b": [1, "x", null, true], "a": {"c": 1.5}}), "map[a:map[c:1.5] b:[1 x <nil> true]]"),
            (json!([]), "[]"),
            (json!(1.0), "1"),
            (json!(1e-5), "1e-05"),
            (json!(-2.5e22), "-2.5e+22"),
            (json!(9_007_199_254_740_993_u64), "9007199254740993"),
        ];
        for (value, expected) in cases {
            assert_eq!(printed(&value), expected);
        }
    }
}
