//! A kind's inputs and outputs as a compact list.

use std::collections::BTreeSet;

use maps_engine::schema::{KindSchema, Schema, Shape};

use super::style::{DIM, LEARN, paint};
use super::text::Text;

/// A kind, with a row for each of its fields.
#[derive(Debug)]
pub(crate) struct KindRow {
    name: Text,
    description: Text,
    inputs: Vec<FieldRow>,
    outputs: Vec<FieldRow>,
}

#[derive(Debug)]
struct FieldRow {
    name: Text,
    /// `text, required, replaces`
    facts: String,
    description: Text,
}

impl KindRow {
    /// Draws up the rows.
    pub(crate) fn of(kind: &KindSchema) -> Self {
        Self {
            name: Text::line(kind.kind.as_str()),
            description: one_line(&kind.description),
            inputs: rows(&kind.inputs),
            outputs: rows(&kind.outputs),
        }
    }

    /// For people: its name and description, then what it takes and what it tells.
    pub(crate) fn page(&self) -> String {
        let mut page = format!("  {}  {}\n", paint(LEARN, &self.name), self.description);
        let fields = || self.inputs.iter().chain(&self.outputs);
        let width = fields().map(|field| field.name.width()).max().unwrap_or(0);
        let facts = fields().map(|field| field.facts.chars().count()).max().unwrap_or(0);
        for (sign, rows) in [("◂", &self.inputs), ("▸", &self.outputs)] {
            for FieldRow { name, facts: told, description } in rows {
                let line = format!("    {sign} {name:width$}  {told:facts$}");
                page.push_str(&match description.width() {
                    0 => format!("{}\n", line.trim_end()),
                    _ => format!("{line}  {}\n", paint(DIM, description)),
                });
            }
        }
        page
    }
}

fn rows(schema: &Schema) -> Vec<FieldRow> {
    let none = BTreeSet::new();
    let required = match &schema.shape {
        Shape::Object { required, .. } => required,
        _ => &none,
    };
    let row = |(name, field): (&str, &Schema)| FieldRow {
        name: Text::line(name),
        facts: facts(field, required.contains(name)),
        description: one_line(field.description.as_deref().unwrap_or_default()),
    };
    schema.properties().map(row).collect()
}

/// A doc comment, whose lines end where its source was full.
fn one_line(description: &str) -> Text {
    Text::line(&description.lines().map(str::trim).collect::<Vec<_>>().join(" "))
}

fn facts(field: &Schema, required: bool) -> String {
    let flags = &field.flags;
    let marks = [
        (required, "required"),
        (flags.replace, "replaces"),
        (flags.secret, "secret"),
        (flags.computed, "computed"),
        (flags.ephemeral, "ephemeral"),
    ];
    let marks = marks.into_iter().filter(|(is_so, _)| *is_so).map(|(_, mark)| mark.to_owned());
    // An empty default says no more than that the field may be left out.
    let default = field.default.as_ref().filter(|default| default.as_str() != Some(""));
    let default = default.map(|default| Text::line(&format!("default {default}")).to_string());
    std::iter::once(sort(field)).chain(marks).chain(default).collect::<Vec<_>>().join(", ")
}

/// What a value is, in a word or two.
fn sort(schema: &Schema) -> String {
    match &schema.shape {
        Shape::Any => "anything".to_owned(),
        Shape::Bool => "true or false".to_owned(),
        Shape::Integer(_) => "integer".to_owned(),
        Shape::Number(_) => "number".to_owned(),
        Shape::Text { .. } => match &schema.one_of {
            Some(words) => words
                .iter()
                .filter_map(|word| word.as_str())
                .map(|word| Text::line(word).to_string())
                .collect::<Vec<_>>()
                .join(" | "),
            None => "text".to_owned(),
        },
        Shape::List { items, .. } => format!("list of {}", sort(items)),
        Shape::Object { .. } => "map".to_owned(),
        Shape::OneOf(forms) => forms.iter().map(sort).collect::<Vec<_>>().join(" or "),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn inputs_and_outputs_are_told_in_a_line_each() {
        let document = json!({"kinds": {"notes/note": {
            "description": "A note.",
            "inputs": {"type": "object", "required": ["title"], "properties": {
                "title": {"type": "string", "x-maps-replace": true, "description": "Its\n\u{1b}[31mtitle."},
                "text": {"type": "string", "default": ""},
                "size": {"type": "string", "enum": ["small", "large"], "default": "small"},
                "tags": {"type": "array", "items": {"type": "string"}},
            }},
            "outputs": {"type": "object", "properties": {"token": {"type": "string", "x-maps-secret": true}}},
        }}});
        let kinds = KindSchema::parse_all(&document).unwrap();
        let pages: Vec<String> = kinds.values().map(|kind| KindRow::of(kind).page()).collect();
        insta::assert_snapshot!(anstream::adapter::strip_str(&pages.concat()).to_string());
    }
}
