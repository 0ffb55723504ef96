//! `cargo xtask helm-corpus DIR [--json]`: renders what is in a folder of charts, expressions and calls natively,
//! and compares each with what the real Helm said of it.
//!
//! The folder has any of `cases.json` (calls of `helm template`), `expressions/` (a chart, and `expected.json` with
//! what each expression gives in it) and `assembly/` (charts, each beside what is printed of it).

// This is a tool: what it finds goes to the terminal.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod arguments;
mod assembly;
mod cases;
mod expressions;
mod folder;
mod helm;

use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use serde::Serialize;

/// Compares the Helm engine with what the real Helm printed.
#[derive(Parser)]
struct Arguments {
    /// The folder.
    folder: PathBuf,
    /// Print what each comparison found as JSON.
    #[arg(long)]
    json: bool,
    /// Compare only what has this in its name.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

/// One comparison.
struct Trial {
    name: String,
    /// Makes it; `Err` says what differs.
    compare: Box<dyn FnOnce() -> Result<(), String> + Send + std::panic::UnwindSafe>,
}

#[derive(Serialize)]
struct Verdict {
    name: String,
    passed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let trials = match trials(&arguments.folder) {
        Ok(trials) => trials,
        Err(why) => {
            eprintln!("error: {why}");
            return ExitCode::FAILURE;
        }
    };
    let wanted = |trial: &Trial| arguments.only.as_ref().is_none_or(|only| trial.name.contains(only));
    let verdicts: Vec<Verdict> = trials.into_iter().filter(wanted).map(Trial::judge).collect();
    let failed = verdicts.iter().filter(|verdict| !verdict.passed).count();
    if arguments.json {
        match serde_json::to_string(&verdicts) {
            Ok(list) => println!("{list}"),
            Err(why) => eprintln!("error: {why}"),
        }
    } else {
        for verdict in &verdicts {
            if let Some(difference) = &verdict.difference {
                println!("{}\n{}", verdict.name, difference.trim_end());
            }
        }
    }
    println!("{} passed, {failed} failed", verdicts.len() - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// All that the folder has.
fn trials(folder: &Path) -> Result<Vec<Trial>, String> {
    if !folder.is_dir() {
        return Err(format!("{} is no folder", folder.display()));
    }
    let mut trials = cases::trials(folder)?;
    trials.extend(expressions::trials(folder)?);
    trials.extend(assembly::trials(folder)?);
    if trials.is_empty() {
        return Err(format!("{} has neither cases.json nor expressions/ nor assembly/", folder.display()));
    }
    Ok(trials)
}

impl Trial {
    fn new(
        name: String,
        compare: impl FnOnce() -> Result<(), String> + Send + std::panic::UnwindSafe + 'static,
    ) -> Self {
        Self { name, compare: Box::new(compare) }
    }

    /// Compares; a panic of the engine is a difference like any other.
    fn judge(self) -> Verdict {
        let Self { name, compare } = self;
        let difference = match catch_unwind(compare) {
            Ok(Ok(())) => None,
            Ok(Err(difference)) => Some(difference),
            Err(_) => Some("the engine panicked".to_owned()),
        };
        Verdict { name, passed: difference.is_none(), difference }
    }
}

/// What differs, from the first line that does.
fn difference(expected: &[u8], found: &[u8]) -> Result<(), String> {
    if expected == found {
        return Ok(());
    }
    let (expected, found) = (String::from_utf8_lossy(expected), String::from_utf8_lossy(found));
    let (expected, found): (Vec<&str>, Vec<&str>) = (expected.split('\n').collect(), found.split('\n').collect());
    let at = expected.iter().zip(&found).take_while(|(expected, found)| expected == found).count();
    let shown = |lines: &[&str]| {
        let shown = lines.iter().skip(at).take(3).map(|line| line.chars().take(400).collect::<String>());
        shown.collect::<Vec<_>>().join("\n            ")
    };
    Err(format!("  line {}\n  expected: {}\n  found:    {}", at + 1, shown(&expected), shown(&found)))
}

/// A JSON file of the folder; `None` where it has none.
fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>, String> {
    if !path.exists() {
        return Ok(None);
    }
    let text = read(path)?;
    serde_json::from_slice(&text).map(Some).map_err(|why| format!("{}: {why}", path.display()))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|why| format!("cannot read {}: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn the_repositorys_charts_are_rendered_as_helm_rendered_them() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/helm");
        let verdicts: Vec<Verdict> = trials(&folder).unwrap().into_iter().map(Trial::judge).collect();
        let failed = verdicts.iter().filter(|verdict| !verdict.passed);
        let failed: Vec<String> = failed
            .map(|verdict| format!("{}\n{}", verdict.name, verdict.difference.clone().unwrap_or_default()))
            .collect();
        assert!(failed.is_empty(), "{}", failed.join("\n"));
        assert!(verdicts.len() > 90);
    }

    #[test]
    fn a_difference_is_told_from_its_first_line() {
        assert_eq!(difference(b"a\nb\n", b"a\nb\n"), Ok(()));
        let told = difference(b"a\nb\nc", b"a\nx\nc").unwrap_err();
        assert!(told.starts_with("  line 2\n  expected: b\n"), "{told}");
    }
}
