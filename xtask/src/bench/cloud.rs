//! A local cloud that another process serves, as a real one would be.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Stdio};

use super::place::Place;
use crate::Failure;

/// A served cloud; ended when dropped.
pub(super) struct Cloud {
    child: Child,
    dir: PathBuf,
}

impl Cloud {
    /// Serves one from a folder of this name, and returns once it answers.
    pub(super) fn serve(place: &Place, name: &str) -> Result<Self, Failure> {
        let dir = place.folder(name)?;
        let mut serve = place.maps(["cloud", "serve", "--dir"]);
        let child = serve.arg(&dir).stdout(Stdio::piped()).spawn().map_err(|e| format!("cannot serve a cloud: {e}"))?;
        let mut cloud = Self { child, dir };
        // The first line of standard output comes once the cloud answers.
        let mut line = String::new();
        match cloud.child.stdout.take().map(|stdout| BufReader::new(stdout).read_line(&mut line)) {
            Some(Ok(1..)) => Ok(cloud),
            _ => Err("the cloud did not say where it listens".to_owned()),
        }
    }

    /// What attaches a command to it.
    pub(super) fn flag(&self) -> String {
        format!("--rehearse={}", self.dir.display())
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        // If it ended by itself, there is nothing left to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
