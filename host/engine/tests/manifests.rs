//! Every file under `tests/manifests` is a plugin.yaml; what reading says of it is held against a snapshot.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fmt::Write as _;
use std::path::Path;

use maps_engine::capability::Manifest;
use maps_engine::{Diagnostic, Severity};

#[test]
fn every_manifest_says_what_its_snapshot_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests");
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.is_file());
    files.sort();
    assert!(files.len() > 10, "the manifests are gone");
    for path in files {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        insta::with_settings!({ snapshot_path => "manifests/snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, show(&std::fs::read(&path).unwrap()));
        });
    }
}

#[test]
fn the_manifests_of_the_repository_read_without_a_word() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut read = 0;
    for folder in ["plugins", "tests/guests"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path().join("plugin.yaml");
            let Ok(text) = std::fs::read(&path) else { continue };
            let written = Manifest::written("plugin.yaml", &text).unwrap();
            assert_eq!(written.warnings, [], "{}", path.display());
            read += 1;
        }
    }
    assert!(read > 1);
}

fn show(text: &[u8]) -> String {
    let mut out = String::new();
    match Manifest::written("plugin.yaml", text) {
        Ok(written) => {
            let manifest = written.manifest;
            writeln!(out, "{} {} with {} rules", manifest.plugin, manifest.version, manifest.rules.len()).unwrap();
            written.warnings.iter().for_each(|warning| line(&mut out, warning));
        }
        Err(diagnostics) => {
            assert!(diagnostics.iter().any(Diagnostic::is_error), "no manifest, and no error says why");
            diagnostics.iter().for_each(|diagnostic| line(&mut out, diagnostic));
        }
    }
    out
}

fn line(out: &mut String, diagnostic: &Diagnostic) {
    let severity = if diagnostic.severity == Severity::Error { "error" } else { "warning" };
    let span = diagnostic.span.as_ref().expect("it says where");
    writeln!(out, "{span}+{} {severity} {}: {}", span.end - span.start, diagnostic.code, diagnostic.message).unwrap();
    for (span, what) in &diagnostic.related {
        writeln!(out, "    {span} {what}").unwrap();
    }
    if let Some(help) = &diagnostic.help {
        writeln!(out, "    help: {help}").unwrap();
    }
}
