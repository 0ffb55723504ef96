//! The MAPS stack as a whole, against a cloud that another process serves.

use std::process::Stdio;

use super::cloud::Cloud;
use super::figure::{Figure, Unit};
use super::place::Place;
use crate::{Failure, process, repo};

const RUNS: usize = 5;
/// What a plan may cost that has nothing to do.
const PLAN_CPU_S: f64 = 0.3;
const PLAN_MIB: f64 = 100.0;

pub(super) fn measure(place: &Place) -> Result<Vec<Figure>, Failure> {
    let stack = place.folder("platform")?;
    repo::copy(&repo::root().join("stacks").join("maps"), &stack)?;
    let cloud = Cloud::serve(place, "platform-cloud")?;
    let maps = |command: &str| {
        let mut maps = place.maps([command]);
        // The binary's own plugins are what is measured.
        maps.arg(&stack).arg(cloud.flag()).env_remove("MAPS_PLUGINS");
        if command == "run" {
            maps.arg("--yes");
        }
        maps
    };
    // Compiles the plugins, which is done once for all runs to come.
    process::run(maps("plan").stdout(Stdio::null()))?;
    let run = place.usage(&maps("run"), 1)?;
    let before = cloud.counts()?;
    let plan = place.usage(&maps("plan"), RUNS)?;
    let requests = cloud.counts()?.since(&before).all() / RUNS as f64;
    let again = "maps plan of the MAPS stack, nothing to do";
    Ok(vec![
        Figure::new("maps run of the MAPS stack: CPU", run.cpu, Unit::Seconds),
        Figure::new("maps run of the MAPS stack: wall", run.wall, Unit::Seconds),
        Figure::new("maps run of the MAPS stack: peak memory", run.peak, Unit::Mebibytes),
        Figure::new(format!("{again}: CPU"), plan.cpu, Unit::Seconds).within(PLAN_CPU_S),
        Figure::new(format!("{again}: wall"), plan.wall, Unit::Seconds),
        Figure::new(format!("{again}: peak memory"), plan.peak, Unit::Mebibytes).within(PLAN_MIB),
        Figure::new(format!("{again}: requests"), requests, Unit::Requests),
    ])
}
