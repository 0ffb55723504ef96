//! A local cloud that another process serves, as a real one would be.

use std::collections::BTreeMap;
use std::fs;
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

/// Requests by route.
#[derive(Debug, Default)]
pub(super) struct Counts(BTreeMap<String, u64>);

impl Counts {
    /// All of them.
    pub(super) fn all(&self) -> f64 {
        self.0.values().sum::<u64>() as f64
    }

    /// What came after these.
    pub(super) fn since(mut self, before: &Self) -> Self {
        for (route, number) in &before.0 {
            self.0.entry(route.clone()).and_modify(|now| *now -= number);
        }
        self
    }

    /// Those of routes that end so.
    pub(super) fn of(&self, end: &str) -> f64 {
        let these = self.0.iter().filter(|(route, _)| route.ends_with(end));
        these.map(|(_, number)| *number).sum::<u64>() as f64
    }
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

    /// What it tells of itself in `cloud.json`: a text, by the name of its member.
    pub(super) fn told(&self, name: &str) -> Result<String, Failure> {
        let path = self.dir.join("cloud.json");
        let text = fs::read_to_string(&path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
        let told = text.split_once(&format!("\"{name}\"")).and_then(|(_, after)| after.split('"').nth(1));
        told.map(str::to_owned).ok_or_else(|| format!("{} says nothing of {name}", path.display()))
    }

    /// What has reached it, from the file in which it counts: a number, service, half and route a line.
    pub(super) fn counts(&self) -> Result<Counts, Failure> {
        let path = self.dir.join("counts.log");
        let text = fs::read_to_string(&path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
        let mut counts = Counts::default();
        for line in text.lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            if let [number, .., route] = fields.as_slice() {
                let number = number.parse::<u64>().map_err(|e| format!("{}: {e}", path.display()))?;
                *counts.0.entry((*route).to_owned()).or_default() += number;
            }
        }
        Ok(counts)
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
