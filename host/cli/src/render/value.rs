//! Values as people read them: short, quoted like JSON, secrets and unknowns told apart from text.

use maps_engine::Value;
use maps_engine::value::{Map, SECRET_TEXT};

use super::text::Text;

/// What stands for a value that apply decides.
const UNKNOWN_TEXT: &str = "(known after apply)";
/// A value that is longer than this on one line is opened into one row a member.
const ONE_LINE: usize = 72;
/// Of a longer string only this much is shown: a plan is read, not diffed byte by byte.
const LONGEST_STRING: usize = 160;

/// A value, both as people and as programs see it. Neither holds a secret.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shown {
    /// For people.
    pub(crate) text: Text,
    /// For programs.
    pub(crate) json: serde_json::Value,
}

impl Shown {
    /// The value on one line.
    pub(crate) fn of(value: &Value) -> Self {
        Self { text: inline(value), json: value.redacted() }
    }
}

/// The value on one line: `{count: 2, name: "general-purpose"}`.
pub(crate) fn inline(value: &Value) -> Text {
    let mut line = String::new();
    write_inline(value, &mut line);
    Text::line(&line)
}

fn write_inline(value: &Value, line: &mut String) {
    match value {
        Value::Null => line.push_str("null"),
        Value::Bool(truth) => line.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) => line.push_str(&number.to_string()),
        Value::String(text) => write_string(text, line),
        Value::Unknown => line.push_str(UNKNOWN_TEXT),
        Value::Secret(_) => line.push_str(SECRET_TEXT),
        Value::List(items) => {
            write_joined(line, ['[', ']'], items, write_inline);
        }
        Value::Map(map) => write_joined(line, ['{', '}'], name_first(map), |(key, member), line| {
            line.push_str(key);
            line.push_str(": ");
            write_inline(member, line);
        }),
    }
}

/// The members in their order, only that what a thing is called comes before what it is like.
fn name_first(map: &Map) -> impl Iterator<Item = (&String, &Value)> {
    let is_name = |(key, _): &(&String, &Value)| key.as_str() == "name";
    map.iter().filter(is_name).chain(map.iter().filter(move |member| !is_name(member)))
}

fn write_joined<T>(
    line: &mut String,
    [open, close]: [char; 2],
    items: impl IntoIterator<Item = T>,
    write: impl Fn(T, &mut String),
) {
    line.push(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            line.push_str(", ");
        }
        write(item, line);
    }
    line.push(close);
}

fn write_string(text: &str, line: &mut String) {
    let length = text.chars().count();
    let shown: String = text.chars().take(LONGEST_STRING).collect();
    line.push('"');
    for c in shown.chars() {
        match c {
            '"' | '\\' => line.extend(['\\', c]),
            '\n' => line.push_str("\\n"),
            '\t' => line.push_str("\\t"),
            _ => line.push(c),
        }
    }
    line.push('"');
    if length > LONGEST_STRING {
        line.push_str(&format!("… ({length} characters)"));
    }
}

/// A whole value as rows of path and value: what fits on a line stays together, the rest is opened.
/// What holds nothing is left out, as somebody who wrote it would have.
pub(crate) fn rows(value: &Value) -> Vec<(Text, Shown)> {
    let mut rows = Vec::new();
    open("", &without_empty(value), &mut rows);
    rows
}

fn without_empty(value: &Value) -> Value {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::List(items) => items.is_empty(),
        Value::Map(map) => map.is_empty(),
        _ => false,
    };
    match value {
        Value::Map(map) => {
            let members = map.iter().filter(|(_, member)| !is_empty(member));
            Value::Map(members.map(|(key, member)| (key.clone(), without_empty(member))).collect())
        }
        // A list keeps its empty items: the places of the others are counted with them.
        Value::List(items) => Value::List(items.iter().map(without_empty).collect()),
        other => other.clone(),
    }
}

fn open(path: &str, value: &Value, rows: &mut Vec<(Text, Shown)>) {
    let fits = !path.is_empty() && inline(value).width() <= ONE_LINE;
    match value {
        Value::Null => {}
        Value::Map(map) if !fits && !map.is_empty() => {
            for (key, member) in name_first(map) {
                open(&if path.is_empty() { key.clone() } else { format!("{path}.{key}") }, member, rows);
            }
        }
        Value::List(items) if !fits && !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                open(&format!("{path}[{index}]"), item, rows);
            }
        }
        _ => rows.push((Text::line(path), Shown::of(value))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: serde_json::Value) -> Value {
        Value::from(json)
    }

    #[test]
    fn short_values_stay_together_and_long_ones_open() {
        let pools = value(serde_json::json!({
            "name": "maps",
            "nothing": null,
            "tags": [],
            "node_pools": [
                {"name": "general-purpose", "size": "s-2vcpu-4gb", "count": 2, "labels": {}},
                {"name": "workloads", "size": "s-4vcpu-8gb", "autoscale": {"min": 1, "max": 3}},
            ],
        }));
        let shown: Vec<String> = rows(&pools).into_iter().map(|(path, row)| format!("{path} = {}", row.text)).collect();
        assert_eq!(
            shown,
            [
                r#"name = "maps""#,
                r#"node_pools[0] = {name: "general-purpose", count: 2, size: "s-2vcpu-4gb"}"#,
                r#"node_pools[1] = {name: "workloads", autoscale: {max: 3, min: 1}, size: "s-4vcpu-8gb"}"#
            ]
        );
    }

    #[test]
    fn secrets_and_unknowns_are_told_from_text() {
        assert_eq!(inline(&Value::from("hunter2").secret()).as_str(), "«secret»");
        assert_eq!(inline(&Value::Unknown).as_str(), "(known after apply)");
        assert_eq!(inline(&Value::from("«secret»")).as_str(), "\"«secret»\"");
        assert_eq!(Shown::of(&Value::from("hunter2").secret()).json, "«secret»");
    }

    #[test]
    fn a_long_string_is_cut_and_its_length_said() {
        let shown = inline(&Value::from("x".repeat(5000)));
        assert!(shown.as_str().ends_with("x\"… (5000 characters)"));
        assert!(shown.width() < 200);
    }

    #[test]
    fn rt35_a_value_cannot_forge_lines_or_colours() {
        let shown = inline(&Value::from("a\"\n\u{1b}[31mb\u{202e}"));
        assert_eq!(shown.as_str(), r#""a\"\n\u{1b}[31mb\u{202e}""#);
    }
}
