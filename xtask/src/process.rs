//! Other programs: shown before they run, and bounded where a network may keep them waiting.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use maps_toolchain::{Toolchain, Way};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

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
    let mut child = command.stdin(Stdio::null()).spawn().map_err(|e| format!("cannot start {}: {e}", line(command)))?;
    if !ends_within(&child, limit).map_err(|e| format!("cannot wait for {}: {e}", line(command)))? {
        // If it ended by itself in this moment, there is nothing left to end.
        let _ = child.kill();
        let _ = child.wait();
        return Err(format!("{} took longer than {} s", line(command), limit.as_secs()));
    }
    let status = child.wait().map_err(|e| format!("cannot wait for {}: {e}", line(command)))?;
    if status.success() { Ok(()) } else { Err(format!("{} ended with {status}", line(command))) }
}

/// Waits until a child ends, or for `limit`; answers whether it ended.
fn ends_within(child: &Child, limit: Duration) -> rustix::io::Result<bool> {
    let end = Instant::now() + limit;
    let process = pidfd_open(Pid::from_child(child), PidfdFlags::empty())?;
    loop {
        let left = Timespec::try_from(end.saturating_duration_since(Instant::now())).ok();
        match poll(&mut [PollFd::new(&process, PollFlags::IN)], left.as_ref()) {
            Ok(ready) => return Ok(ready > 0),
            // A signal came in between: what is left of the time is waited for.
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_longer_than_it_may_is_ended() {
        let limit = Duration::from_secs(30);
        assert_eq!(run_within(&mut Command::new("true"), limit), Ok(()));
        assert!(run_within(&mut Command::new("false"), limit).is_err_and(|why| why.contains("ended with")));
        let endless = Command::new("cat").stdin(Stdio::piped()).spawn();
        assert!(endless.is_ok_and(|mut child| {
            let ended = ends_within(&child, Duration::from_millis(1));
            let _ = child.kill().and_then(|()| child.wait());
            ended == Ok(false)
        }));
    }
}
