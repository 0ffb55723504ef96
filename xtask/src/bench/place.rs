//! Where the bench works, and how its measuring program is asked.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::figure::median;
use crate::process::line;
use crate::{Failure, repo};

/// A folder of its own, with nothing of earlier measurements but compiled plugins.
pub(super) struct Place {
    dir: PathBuf,
}

/// What a command costs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Usage {
    /// Seconds, user and system.
    pub(super) cpu: f64,
    /// Seconds.
    pub(super) wall: f64,
    /// MiB.
    pub(super) peak: f64,
}

impl Place {
    /// Made anew.
    pub(super) fn new() -> Result<Self, Failure> {
        let place = Self { dir: repo::target().join("bench").join("place") };
        if place.dir.exists() {
            fs::remove_dir_all(&place.dir).map_err(|e| format!("cannot remove {}: {e}", place.dir.display()))?;
        }
        Ok(place)
    }

    /// A folder in it.
    pub(super) fn folder(&self, name: &str) -> Result<PathBuf, Failure> {
        let dir = self.dir.join(name);
        fs::create_dir_all(&dir).map_err(|e| format!("cannot create {}: {e}", dir.display()))?;
        Ok(dir)
    }

    /// A stack's folder with this text.
    pub(super) fn stack(&self, name: &str, text: &str) -> Result<PathBuf, Failure> {
        let dir = self.folder(name)?;
        fs::write(dir.join("stack.yaml"), text).map_err(|e| format!("cannot write {}: {e}", dir.display()))?;
        Ok(dir)
    }

    /// The released `maps` as a user runs it, but for the folder where the echo plugin is.
    pub(super) fn maps<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        self.clean(&repo::release().join("maps"), arguments)
    }

    /// A program that nobody here wrote, with the same surroundings.
    pub(super) fn peer<S: AsRef<OsStr>>(&self, program: &Path, arguments: impl IntoIterator<Item = S>) -> Command {
        self.clean(program, arguments)
    }

    /// The measuring program.
    pub(super) fn bench<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        self.clean(&repo::release().join("maps-bench"), arguments)
    }

    /// What the measuring program tells.
    pub(super) fn measure<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Result<BTreeMap<String, f64>, Failure> {
        figures(&mut self.bench(arguments))
    }

    fn clean<S: AsRef<OsStr>>(&self, program: &Path, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", &self.dir)
            .env("XDG_CACHE_HOME", repo::target().join("bench").join("cache"))
            .env("MAPS_PLUGINS", repo::target().join("bench"))
            .stdin(Stdio::null());
        command
    }

    /// What a command costs: of `runs` runs the median of each figure.
    pub(super) fn usage(&self, command: &Command, runs: usize) -> Result<Usage, Failure> {
        let mut told: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for _ in 0..runs {
            let words = [OsStr::new("usage"), command.get_program()].into_iter().chain(command.get_args());
            let mut usage = self.bench(words);
            for (name, value) in command.get_envs() {
                match value {
                    Some(value) => usage.env(name, value),
                    None => usage.env_remove(name),
                };
            }
            for (name, value) in figures(&mut usage)? {
                told.entry(name).or_default().push(value);
            }
        }
        let mut of = |name: &str| median(told.remove(name).unwrap_or_default());
        Ok(Usage { cpu: of("cpu"), wall: of("wall"), peak: of("peak") })
    }
}

/// The path of the echo plugin.
pub(super) fn echo() -> PathBuf {
    repo::target().join("bench").join("echo.wasm")
}

/// What a measuring program tells: lines of a name and a number.
fn figures(command: &mut Command) -> Result<BTreeMap<String, f64>, Failure> {
    let output = command.output().map_err(|e| format!("cannot start {}: {e}", line(command)))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{} ended with {}: {}", line(command), output.status, said.trim()));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().filter_map(figure).collect())
}

fn figure(line: &str) -> Option<(String, f64)> {
    let (name, value) = line.split_once(' ')?;
    Some((name.to_owned(), value.parse().ok()?))
}
