//! Template expressions, each put into a template of one chart: `expressions/` with its `expected.json`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use maps_helm_engine::chart::Chart;
use maps_helm_engine::render::Options;
use serde::Deserialize;

use crate::{Trial, difference, folder, helm, read_json};

/// The template that an expression is put into. What stands around it is taken off again; that it is a document of
/// YAML matters, since a text of several lines may break out of the scalar, and Helm then says so.
const BEFORE: &str = "v: |\n  [[{{ ";
const AFTER: &str = " }}]]";

/// What an expression gives.
#[derive(Deserialize)]
struct Expected {
    /// Its text; `None` where it fails.
    out: Option<String>,
    /// What Helm says after `Error: `; empty where the document is sound too.
    err: String,
}

pub(crate) fn trials(folder: &Path) -> Result<Vec<Trial>, String> {
    let folder = folder.join("expressions");
    let expected: BTreeMap<String, Expected> = read_json(&folder.join("expected.json"))?.unwrap_or_default();
    if expected.is_empty() {
        return Ok(Vec::new());
    }
    let files: Vec<(String, Vec<u8>)> =
        folder::read(&folder)?.into_iter().filter(|(path, _)| path != "expected.json").collect();
    let files = Arc::new(files);
    let trial = |(expression, expected): (String, Expected)| {
        let files = Arc::clone(&files);
        Trial::new(format!("expression {expression}"), move || expected.compare(&expression, &files))
    };
    Ok(expected.into_iter().map(trial).collect())
}

impl Expected {
    fn compare(&self, expression: &str, files: &[(String, Vec<u8>)]) -> Result<(), String> {
        let template = format!("{BEFORE}{expression}{AFTER}");
        let mut files = files.to_vec();
        files.push(("templates/t.yaml".to_owned(), template.into_bytes()));
        let chart: Chart = helm::folder(files).map_err(|why| format!("  {why}"))?;
        let kube_version = helm::kube_version("1.34.0")?;
        let options = Options { name: "rel".into(), namespace: "demo".into(), kube_version, ..Options::default() };
        let (text, error) = helm::texts(chart, &options);
        difference(self.err.trim_end().as_bytes(), error.trim_end().as_bytes())?;
        let Some(expected) = &self.out else {
            return Ok(());
        };
        let (before, after) = ("v: |\n  [[", "]]");
        let text = String::from_utf8_lossy(&text).into_owned();
        let out = text.find(before).zip(text.rfind(after));
        let out = out.and_then(|(start, end)| text.get(start + before.len()..end));
        difference(expected.as_bytes(), out.ok_or("  no text came of it")?.as_bytes())
    }
}
