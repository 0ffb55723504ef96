//! The binary's manners: exit codes, what goes to which stream, and what wrong command lines say.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::process::Command;

/// Runs `maps` without any environment, and tells exit code, standard output and standard error.
fn maps(dir: &Path, line: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_maps"))
        .args(line.split_whitespace())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", dir)
        .current_dir(dir)
        .output()
        .unwrap();
    let here = dir.display().to_string();
    let text = |bytes: &[u8]| timeless(&String::from_utf8_lossy(bytes).replace(&here, "[DIR]")).trim_end().to_owned();
    format!(
        "exit: {}\n--- stdout\n{}\n--- stderr\n{}",
        output.status.code().unwrap(),
        text(&output.stdout),
        text(&output.stderr)
    )
}

/// The same as if it had taken no time at all.
fn timeless(text: &str) -> String {
    let mut parts = text.split("\"duration_ms\":");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |told, part| {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        format!("{told}\"duration_ms\":0{rest}")
    })
}

fn in_empty_folder(line: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    maps(dir.path(), line)
}

#[test]
fn help_lists_the_commands() {
    insta::assert_snapshot!(in_empty_folder("--help"));
}

#[test]
fn help_of_run() {
    insta::assert_snapshot!(in_empty_folder("run --help"));
}

#[test]
fn a_wrong_flag_fails_with_1_since_2_means_differences() {
    insta::assert_snapshot!(in_empty_folder("run --rehearsal"));
}

#[test]
fn faults_need_a_rehearsal() {
    insta::assert_snapshot!(in_empty_folder("run --fault lost@1"));
}

#[test]
fn a_missing_stack_says_what_to_name() {
    insta::assert_snapshot!(in_empty_folder("plan"));
}

#[test]
fn a_failure_is_an_event_for_programs() {
    insta::assert_snapshot!(in_empty_folder("plan --output json"));
}

#[test]
fn completions_are_made_for_a_shell() {
    let script = in_empty_folder("completions bash");
    assert!(script.starts_with("exit: 0\n") && script.contains("complete -F _maps"), "{script}");
}

#[test]
fn a_cloud_that_never_was_has_nothing_in_it() {
    insta::assert_snapshot!(in_empty_folder("cloud inventory --dir cloud"));
    insta::assert_snapshot!(in_empty_folder("cloud counts --dir cloud --output json"));
}

#[test]
fn a_bad_fault_is_named() {
    insta::assert_snapshot!(in_empty_folder("cloud serve --dir cloud --fault fire@1"));
}

const STACK: &str = "maps: v1\nstack: tiny\nresources: {}\noutputs: {}\n";

#[test]
fn a_stack_that_was_not_run_has_no_outputs_and_needs_no_secrets_to_say_so() {
    let dir = tempfile::tempdir().unwrap();
    let inputs = "inputs: {token: {type: string, secret: true, from: env.NOT_SET}}\n";
    std::fs::write(dir.path().join("stack.yaml"), format!("{STACK}{inputs}")).unwrap();
    insta::assert_snapshot!(maps(dir.path(), "output"));
    insta::assert_snapshot!(maps(dir.path(), "output endpoint --output json"));
    assert!(!dir.path().join(".maps").exists(), "looking writes nothing");
}

#[test]
fn every_error_of_a_stack_is_shown_at_once_under_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let text = "maps: v1\nstack: tiny\nresorces: {}\ninputs:\n  domain: {type: strng}\n";
    std::fs::write(dir.path().join("stack.yaml"), text).unwrap();
    insta::assert_snapshot!(maps(dir.path(), "output"));
    insta::assert_snapshot!(maps(dir.path(), "output --output json"));
}

#[test]
fn an_empty_stack_is_planned_and_run_and_saves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("stack.yaml"), STACK).unwrap();
    let planned = maps(dir.path(), "plan --detailed-exitcode");
    assert!(planned.starts_with("exit: 0\n") && planned.contains("No changes"), "{planned}");
    assert!(!dir.path().join(".maps").exists(), "a plan writes nothing");
    let run = maps(dir.path(), "run --yes --output json");
    let last = run.lines().find(|line| line.contains("summary")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(last).unwrap();
    assert_eq!((&summary["exit"], &summary["created"], &summary["calls"]["write"]), (&0.into(), &0.into(), &0.into()));
    assert!(!dir.path().join(".maps/tiny/snapshot.json").exists(), "a run without changes saves nothing");
}

#[test]
fn a_locked_state_is_4_and_a_plan_does_not_care() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("stack.yaml"), STACK).unwrap();
    let state = dir.path().join(".maps/tiny");
    std::fs::create_dir_all(&state).unwrap();
    let lock = std::fs::File::create(state.join("lock")).unwrap();
    lock.lock().unwrap();
    let run = maps(dir.path(), "run --yes --output json");
    assert!(run.starts_with("exit: 4\n"), "{run}");
    assert!(run.lines().any(|line| line.contains("\"event\":\"summary\"") && line.contains("\"exit\":4")), "{run}");
    let planned = maps(dir.path(), "plan");
    assert!(planned.starts_with("exit: 0\n"), "{planned}");
}

#[test]
fn nobody_to_ask_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("stack.yaml"), STACK.replace("outputs: {}", "outputs: {a: b}")).unwrap();
    let run = maps(dir.path(), "run");
    assert!(run.starts_with("exit: 1\n") && run.contains("--yes"), "{run}");
    assert!(!dir.path().join(".maps/tiny/snapshot.json").exists());
    let run = maps(dir.path(), "run --yes");
    assert!(run.starts_with("exit: 0\n"), "{run}");
    assert!(maps(dir.path(), "output a").contains("--- stdout\nb\n"));
}
