//! `cargo xtask helm-corpus DIR [--json]`: the Helm engine against what the real Helm printed.

use std::process::Command;

use crate::process::{self, cargo};
use crate::{Failure, repo};

/// The program that compares; a crate of its own, since this one stands on nothing.
const PROGRAM: &str = "maps-helm-corpus";

/// Runs the task: builds the program, and lets it print and judge.
pub(crate) fn run(folder: &str, json: bool) -> Result<(), Failure> {
    // The path is the caller's, and cargo runs in the repository's root.
    let folder = std::path::absolute(folder).map_err(|e| format!("cannot find {folder}: {e}"))?;
    process::run(&mut cargo(["build", "--quiet", "--package", PROGRAM]))?;
    let mut compare = Command::new(repo::target().join("debug").join(PROGRAM));
    compare.arg(folder).args(json.then_some("--json"));
    let status = compare.status().map_err(|e| format!("cannot start {PROGRAM}: {e}"))?;
    if !status.success() {
        // What the program printed last is the verdict, and stays the last line.
        std::process::exit(1);
    }
    Ok(())
}
