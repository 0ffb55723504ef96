//! Rules of the repository that no other tool checks.

use std::fs;
use std::path::{Path, PathBuf};

use crate::repo;

/// Past this, a file has a second idea in it.
const LINES: usize = 600;

/// A file by its path in the repository, with its text.
type Source = (String, String);

fn sources(endings: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![repo::root().to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).map(|entries| entries.flatten().map(|entry| entry.path()).collect());
        let entries: Vec<PathBuf> = entries.unwrap_or_default();
        for path in entries {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() && !["target", ".git", ".maps"].contains(&name) {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| endings.iter().any(|wanted| ending == *wanted)) {
                found.push(source(&path));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no files ending in {endings:?}");
    found
}

fn source(path: &Path) -> Source {
    let name = path.strip_prefix(repo::root()).unwrap_or(path).display().to_string();
    (name, fs::read_to_string(path).unwrap_or_default())
}

/// Rust files but for this one, which names what it forbids.
fn rust() -> Vec<Source> {
    sources(&["rs"]).into_iter().filter(|(name, _)| name != "xtask/src/tidy.rs").collect()
}

fn is_test(name: &str) -> bool {
    name.starts_with("tests/") || name.contains("/tests/") || name.ends_with("tests.rs") || name.ends_with("testing.rs")
}

/// The lines before a file's unit tests, with their numbers from 1.
fn outside_tests(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(n, line)| (n + 1, line)).take_while(|(_, line)| line.trim() != "#[cfg(test)]")
}

fn none(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}:\n{}", found.join("\n"));
}

#[test]
fn files_are_short() {
    let long = rust().into_iter().filter_map(|(name, text)| {
        let lines = text.lines().count();
        (lines > LINES).then(|| format!("{name}: {lines} lines"))
    });
    none(&long.collect::<Vec<_>>(), "a file has at most 600 lines");
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent = rust().into_iter().filter(|(_, text)| !text.starts_with("//!")).map(|(name, _)| name);
    none(&silent.collect::<Vec<_>>(), "a file begins with what it is for");
}

#[test]
fn a_panic_has_its_reason_beside_it() {
    let mut found = Vec::new();
    for (name, text) in rust().into_iter().filter(|(name, _)| !is_test(name)) {
        let mut before = "";
        for (number, line) in outside_tests(&text) {
            let code = line.split("//").next().unwrap_or_default();
            let panics = code.contains(".unwrap()") || code.contains(".expect(\"") || code.contains(".expect_err(");
            if panics && !line.contains("//") && !before.contains("//") && !before.contains("#[allow") {
                found.push(format!("{name}:{number}: {}", line.trim()));
            }
            before = line;
        }
    }
    none(&found, "outside tests, an unwrap or expect stands beside a comment that says why it cannot fail");
}

#[test]
fn no_test_is_left_out_and_none_sleeps() {
    let mut found = Vec::new();
    for (name, text) in rust() {
        let tests_begin = if is_test(&name) { 0 } else { outside_tests(&text).count() };
        for (number, line) in text.lines().enumerate() {
            let ignored = line.trim_start().starts_with("#[ignore");
            let sleeps = number >= tests_begin && line.contains("thread::sleep(");
            if ignored || sleeps {
                found.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    none(&found, "no test is ignored, and no test sleeps");
}

#[test]
fn nothing_is_left_for_later() {
    let words = ["TODO", "FIXME", "XXX", "todo!(", "unimplemented!(", "//! Placeholder"];
    let mut found = Vec::new();
    for (name, text) in sources(&["rs", "md", "wit", "yaml", "toml"]) {
        for (number, line) in text.lines().enumerate().filter(|_| name != "xtask/src/tidy.rs") {
            if words.iter().any(|word| line.contains(word)) {
                found.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    none(&found, "what is not done is not in the code");
}

#[test]
fn no_file_is_named_for_nothing() {
    let vague = ["util.rs", "utils.rs", "common.rs", "helpers.rs", "misc.rs", "manager.rs"];
    let found = rust().into_iter().map(|(name, _)| name).filter(|name| {
        let last = name.rsplit('/').next().unwrap_or_default();
        vague.contains(&last)
    });
    none(&found.collect::<Vec<_>>(), "a file is named for what is in it");
}

#[test]
fn documented_commands_and_paths_exist() {
    let arguments = source(&repo::root().join("host/cli/src/args.rs")).1;
    let tasks = source(&repo::root().join("xtask/src/main.rs")).1;
    let mut found = Vec::new();
    let documents = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"];
    for (name, text) in documents.map(|name| source(&repo::root().join(name))) {
        assert!(!text.is_empty(), "{name} is there");
        for quoted in text.split('`').skip(1).step_by(2) {
            let words: Vec<&str> = quoted.split_whitespace().collect();
            let known = match words[..] {
                ["cargo", "xtask", task, ..] => tasks.contains(&format!("[\"{task}\"")),
                ["maps", command, ..] if command.chars().all(|c| c.is_ascii_lowercase()) => {
                    let capital = command[..1].to_uppercase() + &command[1..];
                    [format!("    {capital}("), format!("    {capital} {{")].iter().any(|v| arguments.contains(v))
                }
                [path]
                    if path.contains('/')
                        && !path.contains([':', '<', '{', '*', '$'])
                        && !path.starts_with(['.', '/']) =>
                {
                    path.starts_with("target/") || repo::root().join(path).exists()
                }
                _ => true,
            };
            if !known {
                found.push(format!("{name}: `{quoted}`"));
            }
        }
    }
    none(&found, "what the documents name is there");
}

/// The names of the resources that a part of a stack has without being asked for more.
fn resources(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().skip_while(|line| *line != "resources:").skip(1).collect();
    let lines = lines.split(|line| line.starts_with(|c: char| c.is_ascii_lowercase())).next().unwrap_or_default();
    let name = |line: &&str| {
        line.strip_prefix("  ")?.strip_suffix(':').filter(|name| !name.starts_with([' ', '#'])).map(str::len)
    };
    let heads = lines.iter().enumerate().filter(|(_, line)| name(line).is_some());
    let optional = |at: usize| lines.get(at + 1).is_some_and(|line| line.contains("when: \"${inputs."));
    heads.filter(|(at, _)| !optional(*at)).map(|(_, line)| line.trim().trim_end_matches(':')).collect()
}

#[test]
fn the_pictures_show_the_stack_as_it_is() {
    let picture = |name: &str| fs::read_to_string(repo::root().join("docs").join(name)).unwrap_or_default();
    let (plan, run) = (picture("plan.svg"), picture("run.svg"));
    assert!(plan.starts_with("<svg ") && plan.contains("maps plan stacks/maps") && plan.contains(" to create"));
    let parts = sources(&["yaml"])
        .into_iter()
        .filter(|(name, _)| name.starts_with("stacks/maps/") && name.matches('/').count() == 2);
    let mut missing = Vec::new();
    let mut seen = 0;
    for (file, text) in parts {
        for name in resources(&text) {
            seen += 1;
            if !run.contains(&format!(">{name}<")) && !run.contains(&format!(">{name}[")) {
                missing.push(format!("{file}: {name}"));
            }
        }
    }
    assert!(seen > 20, "{seen} resources were found");
    none(&missing, "not in docs/run.svg: `cargo xtask pictures` draws it anew");
}
