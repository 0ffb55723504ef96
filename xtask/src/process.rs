//! Other programs: shown before they run, and bounded where a network may keep them waiting.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use maps_toolchain::{Toolchain, Way};

use crate::{Failure, repo};

/// The toolchain that runs this task.
pub(crate) fn toolchain() -> Toolchain {
    Toolchain::of(|name| std::env::var_os(name))
}

/// Its cargo, in the repository's root.
pub(crate) fn cargo<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Way::Toolchain.cargo(&toolchain());
    command.args(arguments).current_dir(repo::root());
    command
}

/// Runs to the end with its output on the screen.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    // What is on its way goes to standard error: standard output is for results.
    eprintln!("$ {}", line(command));
    let status = command.status().map_err(|e| format!("cannot start {}: {e}", line(command)))?;
    if status.success() { Ok(()) } else { Err(format!("{} ended with {status}", line(command))) }
}

/// Runs to the end without a word, and returns what it wrote to standard output.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let output = command.output().map_err(|e| format!("cannot start {}: {e}", line(command)))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        Err(format!("{} ended with {}: {}", line(command), output.status, String::from_utf8_lossy(&output.stderr)))
    }
}

/// Like [`run`], and ended after `limit`: a server that does not answer is one that is not there.
pub(crate) fn run_within(command: &mut Command, limit: Duration) -> Result<(), Failure> {
    println!("$ {}", line(command));
    let started = Instant::now();
    let mut child = command.stdin(Stdio::null()).spawn().map_err(|e| format!("cannot start {}: {e}", line(command)))?;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("{} ended with {status}", line(command))),
            Ok(None) if started.elapsed() < limit => std::thread::sleep(Duration::from_millis(50)),
            Ok(None) => {
                // If it ended by itself in this moment, there is nothing left to end.
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("{} took longer than {} s", line(command), limit.as_secs()));
            }
            Err(e) => return Err(format!("cannot wait for {}: {e}", line(command))),
        }
    }
}

/// A command as one would type it, without the folders of its program.
pub(crate) fn line(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let program = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned();
    let arguments = command.get_args().map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once(program).chain(arguments).collect::<Vec<_>>().join(" ")
}
