//! A local cloud that another process serves, as a real one would be.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Stdio};

use super::place::Place;
use crate::Failure;

/// A served cloud; ended when dropped.
pub(super) struct Cloud {
    child: Child,
    dir: PathBuf,
    /// Kept open, since the cloud has more to say.
    said: Option<BufReader<ChildStdout>>,
}

impl Cloud {
    /// Serves one from a folder of this name, and returns once it answers.
    pub(super) fn serve(place: &Place, name: &str) -> Result<Self, Failure> {
        let dir = place.folder(name)?;
        let mut serve = place.maps(["cloud", "serve", "--dir"]);
        let cannot = |e: std::io::Error| format!("cannot serve a cloud: {e}");
        let mut child = serve.arg(&dir).stdout(Stdio::piped()).spawn().map_err(cannot)?;
        let said = child.stdout.take().map(BufReader::new);
        let mut cloud = Self { child, dir, said };
        // The first line comes once the cloud answers; without one it has ended.
        let mut line = String::new();
        match cloud.said.as_mut().map_or(Ok(0), |said| said.read_line(&mut line)).map_err(cannot)? {
            0 => Err("the cloud ended before it said where it listens".to_owned()),
            _ => Ok(cloud),
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
