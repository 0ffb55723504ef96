//! `cargo xtask demo`: from nothing to the MAPS stack, applied in rehearsal.

use std::process::Command;
use std::time::Instant;

use crate::{Failure, plugins, process, repo};

/// Runs the task.
pub(crate) fn run() -> Result<(), Failure> {
    let started = Instant::now();
    plugins::shipped()?;
    println!("built in {} s\n", started.elapsed().as_secs());
    let stack = ["run", "stacks/maps/stack.yaml", "--rehearse", "--yes", "--fresh"];
    process::run(Command::new(repo::maps()).args(stack).current_dir(repo::root()))
}
