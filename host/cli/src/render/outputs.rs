//! A stack's outputs after a run.

use maps_engine::Value;
use serde_json::{Value as Json, json};

use super::style::{DIM, STRONG, paint};
use super::text::{self, Text};
use super::value::Shown;

/// May secrets be seen? Only when the user has asked for just that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secrets {
    /// They show as `«secret»`.
    Hidden,
    /// They show as what they are.
    Shown,
}

/// The outputs, ready to be drawn.
#[derive(Debug)]
pub(crate) struct OutputsView {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    name: Text,
    secret: bool,
    shown: Shown,
    /// A string as it is, for a single output that goes into a script.
    bare: Option<String>,
}

impl OutputsView {
    /// Draws up the rows of these outputs; of one only, if it is named.
    pub(crate) fn of(outputs: &Value, only: Option<&str>, secrets: Secrets) -> Self {
        let outputs = outputs.as_map().into_iter().flatten();
        let rows = outputs.filter(|(name, _)| only.is_none_or(|only| only == name.as_str())).map(|(name, value)| {
            let secret = value.has_secret();
            let value = match secrets {
                Secrets::Hidden => value.clone(),
                Secrets::Shown => value.clone().revealed(),
            };
            let bare = match &value {
                Value::String(text) => Some(text.clone()),
                _ => None,
            };
            Row { name: Text::line(name), secret, shown: Shown::of(&value), bare }
        });
        Self { rows: rows.collect() }
    }

    /// Is there none?
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// For people: a table.
    pub(crate) fn page(&self) -> String {
        let width = self.rows.iter().map(|row| row.name.width()).max().unwrap_or(0);
        let line = |row: &Row| format!("  {}  {}\n", paint(STRONG, format!("{:width$}", row.name)), row.shown.text);
        self.rows.iter().map(line).collect()
    }

    /// For a script: the value of the only row, a string without its quotes.
    pub(crate) fn bare(&self) -> String {
        self.rows
            .iter()
            .map(|row| match &row.bare {
                Some(text) => format!("{}\n", text::block(text)),
                None => format!("{}\n", text::json_line(&row.shown.json.to_string())),
            })
            .collect()
    }

    /// For programs: one event an output.
    pub(crate) fn events(&self) -> Vec<Json> {
        let event =
            |row: &Row| json!({"event": "output", "name": row.name, "value": row.shown.json, "secret": row.secret});
        self.rows.iter().map(event).collect()
    }

    /// What is said when there is none.
    pub(crate) fn nothing() -> String {
        format!("{}\n", paint(DIM, "The stack has no outputs, or was not run yet."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outputs() -> Value {
        let mut map = maps_engine::value::Map::new();
        map.insert("endpoint".into(), "https://maps\u{1b}[2J".into());
        map.insert("password".into(), Value::from("hunter2").secret());
        map.insert("pools".into(), Value::from(vec![1.into(), 2.into()]));
        Value::from(map)
    }

    fn page(secrets: Secrets) -> String {
        anstream::adapter::strip_str(&OutputsView::of(&outputs(), None, secrets).page()).to_string()
    }

    #[test]
    fn secrets_are_hidden_unless_asked_for() {
        insta::assert_snapshot!(page(Secrets::Hidden), @r#"
          endpoint  "https://maps\u{1b}[2J"
          password  «secret»
          pools     [1, 2]
        "#);
        assert!(page(Secrets::Shown).contains("\"hunter2\""));
        let events = OutputsView::of(&outputs(), None, Secrets::Hidden).events();
        assert!(!events.iter().any(|event| event.to_string().contains("hunter2")));
        assert_eq!(events[1]["secret"], true);
    }

    #[test]
    fn one_output_goes_bare_into_a_script() {
        let bare = |name: &str| OutputsView::of(&outputs(), Some(name), Secrets::Shown).bare();
        assert_eq!(bare("password"), "hunter2\n");
        assert_eq!(bare("pools"), "[1,2]\n");
        assert!(OutputsView::of(&outputs(), Some("none"), Secrets::Shown).is_empty());
    }
}
