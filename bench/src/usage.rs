//! What a command costs, by the system's own account of the finished process.

use std::ffi::OsString;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::Instant;

use wait4::Wait4 as _;

use crate::{Failure, tell};

/// Runs the command to its end.
pub(crate) fn of(command: &[OsString]) -> Result<(), Failure> {
    let [program, arguments @ ..] = command else { return Err("name a command".into()) };
    let began = Instant::now();
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let mut said = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        stderr.read_to_string(&mut said)?;
    }
    let used = child.wait4()?;
    let wall = began.elapsed();
    if !used.status.success() {
        return Err(format!("{} ended with {}: {said}", program.display(), used.status).into());
    }
    tell("cpu", (used.rusage.utime + used.rusage.stime).as_secs_f64());
    tell("wall", wall.as_secs_f64());
    tell("peak", used.rusage.maxrss as f64 / f64::from(1 << 20));
    Ok(())
}
