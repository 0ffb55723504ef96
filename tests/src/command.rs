//! The `maps` binary as a user runs it: no environment but a PATH and a HOME.

use std::ffi::OsStr;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Map, Value};

/// How to run `maps` in one folder.
#[derive(Clone, Debug)]
pub struct Maps {
    cwd: std::path::PathBuf,
    envs: Vec<(String, String)>,
}

/// What one run of `maps` left.
#[derive(Debug)]
pub struct Finished {
    /// The exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// The signal, if one ended it.
    pub signal: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Maps {
    /// Runs in `cwd`, which is also HOME.
    pub fn at(cwd: &Path) -> Self {
        Self { cwd: cwd.to_path_buf(), envs: Vec::new() }
    }

    /// Adds an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.envs.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The command, for tests that need the child itself.
    pub fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(crate::built().join("maps"));
        command
            .args(args)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", &self.cwd)
            // Compiled once for all tests, since a compilation costs more than a run.
            .env("XDG_CACHE_HOME", crate::component("test-cache").with_extension(""))
            .envs(self.envs.iter().map(|(k, v)| (k, v)))
            .current_dir(&self.cwd)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs to the end.
    ///
    /// # Panics
    /// When the binary cannot be started: `cargo xtask test` builds it first.
    #[allow(clippy::expect_used)] // A test without the binary has nothing to say.
    pub fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Finished {
        Finished::from(self.command(args).output().expect("target/debug/maps starts; `cargo build` makes it"))
    }
}

impl From<Output> for Finished {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            signal: output.status.signal(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Finished {
    /// The events of `--output json`, one a line.
    pub fn events(&self) -> Vec<Value> {
        self.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The last event.
    pub fn summary(&self) -> Value {
        self.events().pop().filter(|event| event["event"] == "summary").unwrap_or_default()
    }

    /// The stack's outputs, by name.
    pub fn outputs(&self) -> Map<String, Value> {
        let told = self.events().into_iter().filter(|event| event["event"] == "output");
        told.filter_map(|event| Some((event["name"].as_str()?.to_owned(), event["value"].clone()))).collect()
    }

    /// Created, updated, replaced, deleted, as the summary counts them.
    pub fn changes(&self) -> [i64; 4] {
        let summary = self.summary();
        ["created", "updated", "replaced", "deleted"].map(|key| summary[key].as_i64().unwrap_or(-1))
    }

    /// Fails the test, with all that was printed, unless the exit code is this one.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    #[must_use]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "signal {:?}\nstdout:\n{}\nstderr:\n{}",
            self.signal,
            self.stdout,
            self.stderr
        );
        self
    }
}
