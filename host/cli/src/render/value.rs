//! Values as people read them: short, quoted like JSON, secrets and unknowns told apart from text.

use maps_engine::Value;
use maps_engine::value::{Map, SECRET_TEXT};

use super::text::Text;

/// What stands for a value that apply decides.
const UNKNOWN_TEXT: &str = "(known after apply)";
/// A value that is longer than this on one line is opened into one row a member.
const ONE_LINE: usize = 72;
/// A field that opens into more rows than these (the objects of a manifest, the values of a chart) is shown in outline:
/// of what is made, people look for which things, and read a file for the rest.
const MOST_ROWS: usize = 20;
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

/// A whole value as rows of path and value: what fits on a line stays together, the rest is opened, and what would open
/// into too many rows is shown in outline. Programs get all of it. What holds nothing is left out, as somebody who
/// wrote it would have.
pub(crate) fn rows(value: &Value) -> Vec<(Text, Shown)> {
    let value = without_empty(value);
    let Value::Map(fields) = &value else {
        let mut rows = Vec::new();
        open("", &value, &mut rows);
        return rows;
    };
    let mut all = Vec::new();
    for (name, field) in name_first(fields) {
        let mut rows = Vec::new();
        open(name, field, &mut rows);
        match rows.len() > MOST_ROWS {
            true => all.extend(outlines(name, field)),
            false => all.append(&mut rows),
        }
    }
    all
}

/// A field in a row for each of its members, or in one row where these are too many.
fn outlines(name: &str, field: &Value) -> Vec<(Text, Shown)> {
    let row = |path: String, value: &Value| (Text::line(&path), Shown { text: outline(value), json: value.redacted() });
    match field {
        Value::Map(members) if members.len() <= MOST_ROWS => {
            name_first(members).map(|(key, member)| row(format!("{name}.{key}"), member)).collect()
        }
        Value::List(items) if items.len() <= MOST_ROWS => {
            items.iter().enumerate().map(|(index, item)| row(format!("{name}[{index}]"), item)).collect()
        }
        _ => vec![row(name.to_owned(), field)],
    }
}

/// What a value holds, without what that holds: `{ckan, ckan-solr}`, `(3 items)`.
fn outline(value: &Value) -> Text {
    let whole = inline(value);
    if whole.width() <= ONE_LINE {
        return whole;
    }
    match value {
        Value::Map(members) => {
            let keys: Vec<&str> = name_first(members).map(|(key, _)| key.as_str()).collect();
            let mut shown = keys.len();
            // As many as fit; the others are counted.
            let line = |shown: usize| match keys.len() - shown {
                0 => format!("{{{}}}", keys.join(", ")),
                more => format!("{{{}, and {more} more}}", keys[..shown].join(", ")),
            };
            while shown > 1 && line(shown).chars().count() > ONE_LINE {
                shown -= 1;
            }
            Text::line(&line(shown))
        }
        Value::List(items) => Text::line(&format!("({} items)", items.len())),
        _ => whole,
    }
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
    fn what_would_open_into_many_rows_is_told_in_outline_and_whole_to_programs() {
        let object = |name: &str| {
            serde_json::json!({"apiVersion": "apps/v1", "metadata": {"name": name, "labels": {"a": "1"}},
            "spec": {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": {"metadata": {"labels": {"app": name}},
            "spec": {"containers": [{"name": name, "image": "docker.io/library/some-image-with-a-long-name:1.2.3", "args": ["--one"]}],
            "volumes": [{"name": "data", "emptyDir": {}}]}}}})
        };
        let (one, two) = (object("one"), object("two"));
        let keys: serde_json::Map<_, _> = (0..40).map(|n| (format!("long-key-number-{n}"), n.into())).collect();
        let manifest = value(serde_json::json!({
            "manifest": {"Deployment": {"one": one, "two": two, "three": one}, "Service": {"one": {"port": 80}}, "ConfigMap": keys},
            "namespace": "maps",
        }));
        let shown = rows(&manifest);
        let told: Vec<String> = shown.iter().map(|(path, row)| format!("{path} = {}", row.text)).collect();
        assert_eq!(
            told,
            [
                "manifest.ConfigMap = {long-key-number-0, long-key-number-1, long-key-number-10, and 37 more}",
                "manifest.Deployment = {one, three, two}",
                "manifest.Service = {one: {port: 80}}",
                r#"namespace = "maps""#,
            ]
        );
        assert_eq!(shown[1].1.json["two"]["spec"]["replicas"], 1, "programs get all of it");
        let many = value(
            serde_json::json!({"items": (0..30).map(|n| format!("a rather long text in an item {n}")).collect::<Vec<_>>()}),
        );
        assert_eq!(rows(&many)[0].1.text.as_str(), "(30 items)");
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
