//! Printer columns of custom kinds, and the values that field selectors and the scale subresource read.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Version;
use super::jsonpath::JsonPath;
use super::validate::go_number;

/// The column of a kind that has none: `Age`.
pub(crate) fn age() -> Value {
    json!({
        "name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp",
        "description": "CreationTimestamp is a timestamp representing the server time when this object was created. It \
            is not guaranteed to be set in happens-before order across separate operations. Clients may not set this \
            value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for \
            lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata",
    })
}

impl Version {
    /// The value of a selectable field as a field selector compares it, empty where there is none.
    pub(crate) fn selected(&self, object: &Value, field: &str) -> Option<String> {
        let known = self.selectable.iter().any(|selectable| selectable == field);
        let found = known.then(|| JsonPath::parse(field))??;
        let found = found.find(object).first().map(|value| match value {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        });
        Some(found.unwrap_or_default())
    }
}

/// The cell of a printer column: the first value that its path finds.
pub(crate) fn cell(column: &Value, object: &Value, now: i64) -> Value {
    let text = |key: &str| column.get(key).and_then(Value::as_str).unwrap_or_default();
    let path = JsonPath::parse(text("jsonPath"));
    let found = path.as_ref().and_then(|path| path.find(object).into_iter().next());
    found.map_or(Value::Null, |value| typed(text("type"), value, now))
}

/// A value in the type that its column has; `null` where the value is of another.
fn typed(kind: &str, value: &Value, now: i64) -> Value {
    match (kind, value) {
        ("string", Value::String(_)) => value.clone(),
        ("string", Value::Null) => json!("<no value>"),
        ("string", Value::Number(_)) => go_number(value).into(),
        ("string", other) => other.to_string().into(),
        ("integer", Value::Number(number)) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => integer.into(),
            // As Go converts: towards zero.
            (None, Some(float)) => (float as i64).into(),
            _ => Value::Null,
        },
        ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) => value.clone(),
        ("date", Value::String(text)) => match OffsetDateTime::parse(text, &Rfc3339) {
            Ok(time) => human(now - time.unix_timestamp()).into(),
            Err(_) => json!("<invalid>"),
        },
        _ => Value::Null,
    }
}

/// A span of time as `kubectl get` shows ages: `5s`, `3m20s`, `2d4h`.
pub(crate) fn human(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    let years = days / 365;
    let pair = |big: i64, unit: &str, small: i64, small_unit: &str| match small {
        0 => format!("{big}{unit}"),
        small => format!("{big}{unit}{small}{small_unit}"),
    };
    match seconds {
        ..=-2 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        120..600 => pair(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => pair(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => pair(days, "d", hours % 24, "h"),
        _ if days < 730 => format!("{days}d"),
        _ if years < 8 => pair(years, "y", days % 365, "d"),
        _ => format!("{years}y"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn cells_have_the_type_of_their_column() {
        let cases = [
            ("string", json!("x"), json!("x")),
            ("string", json!(3), json!("3")),
            ("string", json!({"a": 1}), json!("{\"a\":1}")),
            ("integer", json!(3), json!(3)),
            ("integer", json!(3.9), json!(3)),
            ("integer", json!("3"), json!(null)),
            ("number", json!(1.5), json!(1.5)),
            ("boolean", json!(true), json!(true)),
            ("boolean", json!("true"), json!(null)),
            ("date", json!("1970-01-01T00:00:00Z"), json!("3m20s")),
            ("date", json!("yesterday"), json!("<invalid>")),
        ];
        for (kind, value, expected) in cases {
            assert_eq!(typed(kind, &value, 200), expected, "{kind} {value}");
        }
    }

    #[test]
    fn ages() {
        let cases = [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (200, "3m20s"),
            (10_800, "3h"),
            (11_000, "3h3m"),
            (200_000, "2d7h"),
            (86_400 * 9, "9d"),
            (86_400 * 800, "2y70d"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(human(seconds), expected);
        }
    }
}
