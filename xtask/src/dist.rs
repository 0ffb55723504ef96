//! `cargo xtask dist`: the release binary, which carries the first-party plugins.
//!
//! Plugins are packaged by the binary of the dev profile, which is built for that anyway; so the
//! release is compiled once, with the plugins at hand.

use crate::process::{self, cargo};
use crate::{Failure, plugins, repo};

/// Runs the task.
pub(crate) fn run() -> Result<(), Failure> {
    plugins::shipped()?;
    release(&[])?;
    println!("{}", repo::release().join("maps").display());
    Ok(())
}

/// Builds the release profile around the plugins that are packaged.
pub(crate) fn release(more: &[&str]) -> Result<(), Failure> {
    let mut build = cargo(plugins::BUILD.into_iter().chain(["--release"]).chain(more.iter().copied()));
    process::run(build.env("MAPS_BUNDLE", repo::target().join("plugins")))
}
