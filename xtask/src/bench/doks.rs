//! The DOKS stack, from the one binary, against a cloud that another process serves.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use super::figure::{Figure, Unit};
use super::place::Place;
use crate::{Failure, process, repo};

const RUNS: usize = 21;
/// A plan is what people wait for; it may not be felt.
const PLAN_CPU_S: f64 = 0.050;
const PLAN_MIB: f64 = 60.0;

pub(super) fn measure(place: &Place) -> Result<Vec<Figure>, Failure> {
    let file = repo::root().join("stacks").join("maps").join("stack.yaml");
    let text = fs::read_to_string(&file).map_err(|e| format!("cannot read {}: {e}", file.display()))?;
    let stack = place.stack("maps", &text)?;
    let cloud = place.folder("cloud")?;
    let _served = Cloud::serve(place, &cloud)?;
    let rehearse = format!("--rehearse={}", cloud.display());
    let maps = |command: &str| {
        let mut maps = place.maps([command]);
        // The binary's own plugin is what is measured.
        maps.arg(&stack).arg(&rehearse).env_remove("MAPS_PLUGINS");
        maps
    };
    process::run(maps("plan").stdout(Stdio::null()))?;
    let new = place.usage(&maps("plan"), RUNS)?;
    process::run(maps("run").arg("--yes").stdout(Stdio::null()))?;
    let same = place.usage(&maps("plan"), RUNS)?;
    Ok(vec![
        Figure::new("maps plan, nothing made yet: CPU", new.cpu, Unit::Seconds).within(PLAN_CPU_S),
        Figure::new("maps plan, nothing made yet: wall", new.wall, Unit::Seconds),
        Figure::new("maps plan, nothing made yet: peak memory", new.peak, Unit::Mebibytes).within(PLAN_MIB),
        Figure::new("maps plan, nothing to do: CPU", same.cpu, Unit::Seconds).within(PLAN_CPU_S),
        Figure::new("maps plan, nothing to do: wall", same.wall, Unit::Seconds),
        Figure::new("maps plan, nothing to do: peak memory", same.peak, Unit::Mebibytes).within(PLAN_MIB),
    ])
}

/// A served cloud; ended when dropped.
struct Cloud(Child);

impl Cloud {
    fn serve(place: &Place, dir: &Path) -> Result<Self, Failure> {
        let mut serve = place.maps(["cloud", "serve", "--dir"]);
        let mut child =
            serve.arg(dir).stdout(Stdio::piped()).spawn().map_err(|e| format!("cannot serve a cloud: {e}"))?;
        // The first line of standard output comes once the cloud answers.
        let mut line = String::new();
        let read = child.stdout.take().map(|stdout| BufReader::new(stdout).read_line(&mut line));
        let cloud = Self(child);
        match read {
            Some(Ok(1..)) => Ok(cloud),
            _ => Err("the cloud did not say where it listens".to_owned()),
        }
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        // If it ended by itself, there is nothing left to end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
