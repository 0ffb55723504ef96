//! The kind with a folder and with repositories that a test makes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::needless_pass_by_value)] // `json!` is written where it is passed.

mod charts;
mod releases;
mod repositories;

use maps_sdk::testing;
use maps_sdk::{Context, Kind, Known, Preview, Problem, Progress, Resource};
use serde_json::{Value, json};

use crate::{Inputs, Template};

/// A chart's files, below `root`.
fn chart(root: &str, template: &str) -> Vec<(String, String)> {
    [
        ("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.3\nappVersion: \"4.5\"\n"),
        ("values.yaml", "size: 1\n"),
        ("templates/web.yaml", template),
        ("templates/NOTES.txt", "Size {{ .Values.size }}"),
    ]
    .into_iter()
    .map(|(path, text)| (format!("{root}{path}"), text.to_owned()))
    .collect()
}

const TEMPLATE: &str = "kind: A\napiVersion: v1\nsize: {{ .Values.size }}\nname: {{ .Release.Name }}\n";

fn inputs(inputs: Value) -> Inputs {
    serde_json::from_value(inputs).unwrap()
}

fn context() -> Context {
    Context { stack: "stack".to_owned(), config: json!({}) }
}

fn create(inputs: Inputs) -> Result<Resource<Template>, Problem> {
    match Template.create(&context(), &testing::create(inputs))? {
        Progress::Done(resource) => Ok(resource),
        Progress::Pending(_) => panic!("nothing is waited for"),
    }
}

/// The size that was rendered.
fn size(text: &str) -> &str {
    text.lines().find_map(|line| line.strip_prefix("size: ")).unwrap_or(text)
}
