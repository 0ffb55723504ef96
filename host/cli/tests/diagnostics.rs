//! Every way a stack file can be wrong, as the user sees it: the engine's folder of cases, through the binary.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a case is given beside its files, as in the engine's own test of the same folder.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Given {
    environment: Option<String>,
    inputs: BTreeMap<String, String>,
    variables: BTreeMap<String, String>,
}

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/tests/cases")
}

/// Does parsing alone refuse this case? What the engine says of it is in its snapshot.
fn is_refused(name: &str) -> bool {
    let snapshot = cases().join("snapshots").join(format!("{name}.snap"));
    let text = std::fs::read_to_string(snapshot).unwrap();
    text.lines().any(|line| line.contains(" error ")) && !cases().join(name).join("kinds.json").exists()
}

/// `maps plan` of a case, without any environment but its own.
fn planned(name: &str) -> String {
    let folder = cases().join(name);
    let given = std::fs::read(folder.join("given.json")).unwrap_or_else(|_| b"{}".to_vec());
    let given: Given = serde_json::from_slice(&given).unwrap();
    let mut maps = Command::new(env!("CARGO_BIN_EXE_maps"));
    maps.args(["plan", "stack.yaml"]).current_dir(&folder).env_clear().envs(given.variables);
    maps.args(given.environment.iter().flat_map(|name| ["-e", name]));
    maps.args(given.inputs.iter().flat_map(|(name, value)| ["--input".to_owned(), format!("{name}={value}")]));
    let output = maps.output().unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]), "{name}");
    assert!(!folder.join(".maps").exists(), "{name}: a plan writes nothing");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn every_wrong_stack_is_shown_with_its_lines() {
    let mut names: Vec<String> =
        std::fs::read_dir(cases()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name != "snapshots" && is_refused(name));
    names.sort();
    assert!(names.len() > 25, "the cases are gone");
    for name in names {
        insta::with_settings!({ snapshot_path => "diagnostics", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name.clone(), planned(&name));
        });
    }
}
