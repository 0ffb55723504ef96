//! Labels, selectors and containers as cells show them.

use serde_json::Value;

use crate::controllers::object::{fields, items, text};

/// Labels as `a=1,b=2`, `<none>` where there are none.
pub(super) fn labels(object: &Value, pointer: &str) -> String {
    let pairs = fields(object, pointer).into_iter().flatten();
    let mut pairs: Vec<String> =
        pairs.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
    pairs.sort();
    or_none(pairs.join(","))
}

/// A selector as it is written in a query, empty where it selects everything or nothing.
pub(super) fn selector(selector: Option<&Value>) -> String {
    let Some(selector) = selector else { return String::new() };
    let mut all: Vec<(String, String)> = Vec::new();
    for (key, value) in fields(selector, "/matchLabels").into_iter().flatten() {
        all.push((key.clone(), format!("{key}={}", value.as_str().unwrap_or_default())));
    }
    for requirement in items(selector, "/matchExpressions") {
        let key = text(requirement, "/key");
        let mut values: Vec<&str> = items(requirement, "/values").iter().filter_map(Value::as_str).collect();
        values.sort_unstable();
        let said = match text(requirement, "/operator") {
            "In" => format!("{key} in ({})", values.join(",")),
            "NotIn" => format!("{key} notin ({})", values.join(",")),
            "Exists" => key.to_owned(),
            _ => format!("!{key}"),
        };
        all.push((key.to_owned(), said));
    }
    all.sort_by(|(one, _), (other, _)| one.cmp(other));
    all.into_iter().map(|(_, said)| said).collect::<Vec<_>>().join(",")
}

/// The text, `<none>` where it is empty.
pub(super) fn or_none(text: String) -> String {
    or(text, "<none>")
}

/// The text, or another one where it is empty.
pub(super) fn or(text: impl Into<String>, other: &str) -> String {
    let text = text.into();
    if text.is_empty() { other.to_owned() } else { text }
}

/// The names and the images of the containers of a Pod's spec.
pub(super) fn containers(object: &Value, spec: &str) -> [Value; 2] {
    let all = items(object, &format!("{spec}/containers"));
    ["/name", "/image"].map(|field| {
        let each: Vec<&str> = all.iter().map(|container| text(container, field)).collect();
        Value::from(each.join(","))
    })
}

/// The first three of a list, and how many more there are.
pub(super) fn three(list: &[String]) -> String {
    match list.len() {
        0 => "<unset>".to_owned(),
        count @ 4.. => format!("{} + {} more...", list[..3].join(","), count - 3),
        _ => list.join(","),
    }
}
