//! Every folder under `tests/cases` is a stack; what parsing says of it is held against a snapshot.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use maps_engine::expr::{Reference, Scope};
use maps_engine::schema::KindSchema;
use maps_engine::stack::{Parameters, Parsed, Stack};
use maps_engine::{Diagnostic, Document, Severity, Value};

#[derive(Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Given {
    environment: Option<String>,
    inputs: BTreeMap<String, String>,
    variables: BTreeMap<String, String>,
}

#[test]
fn every_case_says_what_its_snapshot_says() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut names: Vec<_> = std::fs::read_dir(&cases).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert!(names.len() > 25, "the cases are gone");
    for name in names {
        let name = name.into_string().unwrap();
        if name == "snapshots" {
            continue;
        }
        insta::with_settings!({ snapshot_path => "cases/snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name.clone(), show(&parse(&cases.join(&name))));
        });
    }
}

#[test]
fn the_stacks_of_the_repository_parse_without_a_word() {
    let stacks = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../stacks");
    let folders: Vec<_> = std::fs::read_dir(stacks).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!folders.is_empty());
    for folder in folders {
        let files = files(&folder);
        let given = BTreeMap::new();
        let parameters = Parameters { given: &given, environment: &|_| Some("value".to_owned()), plant: None };
        let parsed = Stack::parse(&files, "stack.yaml", None, parameters);
        assert_eq!(parsed.diagnostics, [], "{}", folder.display());
        assert!(parsed.stack.is_some());
    }
}

#[test]
fn the_stack_that_the_page_on_stacks_shows_parses_without_a_word() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/stack.md")).unwrap();
    let (_, rest) = page.split_once("```yaml\n").unwrap();
    let (text, _) = rest.split_once("```").unwrap();
    let sources = BTreeMap::from([("stack.yaml".to_owned(), text.as_bytes().to_vec())]);
    let given = BTreeMap::new();
    let parameters = Parameters { given: &given, environment: &|_| Some("value".to_owned()), plant: None };
    assert_eq!(Stack::parse(&sources, "stack.yaml", None, parameters).diagnostics, []);
}

/// All files of a folder and of those in it, by path; in `.maps` a run keeps its state.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_file() {
            found.insert(name, std::fs::read(entry.path()).unwrap());
        } else if name != ".maps" {
            let within = files(&entry.path()).into_iter();
            found.extend(within.map(|(path, bytes)| (format!("{name}/{path}"), bytes)));
        }
    }
    found
}

fn parse(folder: &Path) -> Parsed {
    let mut files = files(folder);
    let given: Given =
        files.remove("given.json").map(|json| serde_json::from_slice(&json).unwrap()).unwrap_or_default();
    let parameters =
        Parameters { given: &given.inputs, environment: &|name| given.variables.get(name).cloned(), plant: None };
    let mut parsed = Stack::parse(&files, "stack.yaml", given.environment.as_deref(), parameters);
    if let (Some(kinds), Some(stack)) = (files.get("kinds.json"), &parsed.stack) {
        let kinds = KindSchema::parse_all(&serde_json::from_slice(kinds).unwrap()).unwrap();
        parsed.diagnostics.extend(stack.check(&kinds));
        if parsed.diagnostics.iter().any(Diagnostic::is_error) {
            parsed.stack = None;
        }
    }
    parsed
}

fn show(parsed: &Parsed) -> String {
    let mut out = String::new();
    for diagnostic in &parsed.diagnostics {
        show_diagnostic(&mut out, diagnostic);
    }
    let Some(stack) = &parsed.stack else {
        assert!(parsed.diagnostics.iter().any(Diagnostic::is_error), "no stack, and no error says why");
        return out;
    };
    writeln!(out, "stack {} {:?}", stack.name, stack.environment).unwrap();
    for (name, value) in &stack.inputs {
        writeln!(out, "input {name} = {value:?}").unwrap();
    }
    for (name, credential) in &stack.credentials {
        writeln!(out, "credential {name} for {:?}", credential.hosts).unwrap();
    }
    for (name, plugin) in &stack.plugins {
        let refs = plugin.config.references();
        writeln!(
            out,
            "plugin {name} from {} with {:?}, refers to {refs:?}, grant {:?}",
            plugin.source,
            plugin.credentials,
            plugin.grant.as_ref().map(Document::json)
        )
        .unwrap();
    }
    for (address, resource) in &stack.resources {
        writeln!(out, "resource {address}: {}", resource.kind).unwrap();
        writeln!(out, "  with {:?}", resource.with.evaluate(&BeforeAll(stack))).unwrap();
        for reference in resource.with.references() {
            writeln!(out, "  refers to {reference:?}").unwrap();
        }
        let names: Vec<&str> = resource.depends_on.iter().map(maps_engine::Address::as_str).collect();
        writeln!(out, "  after {names:?}").unwrap();
        let o = &resource.options;
        let options = (
            o.protect,
            o.retain,
            &o.ignore_changes,
            &o.replace_on_changes,
            o.delete_before_replace,
            &o.timeouts,
            &o.import,
        );
        if format!("{options:?}") != r#"(false, false, [], [], None, {}, None)"# {
            writeln!(out, "  options {options:?}").unwrap();
        }
    }
    for (name, output) in &stack.outputs {
        writeln!(out, "output {name} refers to {:?}", output.references()).unwrap();
    }
    for check in &stack.checks {
        writeln!(out, "check {:?} refers to {:?}", check.message, check.assert.references()).unwrap();
    }
    for (from, to, _) in &stack.moved {
        writeln!(out, "moved {from} to {to}").unwrap();
    }
    for (address, _) in &stack.removed {
        writeln!(out, "removed {address}").unwrap();
    }
    out
}

/// Before anything is made: inputs are known, resources are not.
struct BeforeAll<'a>(&'a Stack);

impl Scope for BeforeAll<'_> {
    fn lookup(&self, reference: &Reference) -> Option<Value> {
        match reference {
            Reference::Input(name) => self.0.inputs.get(name).cloned(),
            _ => Some(Value::Unknown),
        }
    }
}

fn show_diagnostic(out: &mut String, diagnostic: &Diagnostic) {
    let severity = if diagnostic.severity == Severity::Error { "error" } else { "warning" };
    match &diagnostic.span {
        Some(span) => write!(out, "{span}+{} ", span.end - span.start).unwrap(),
        None => out.push_str("- "),
    }
    writeln!(out, "{severity} {}: {}", diagnostic.code, diagnostic.message).unwrap();
    for (span, what) in &diagnostic.related {
        writeln!(out, "    {span} {what}").unwrap();
    }
    if let Some(help) = &diagnostic.help {
        writeln!(out, "    help: {help}").unwrap();
    }
}
