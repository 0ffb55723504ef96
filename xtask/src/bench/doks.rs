//! One cluster of DigitalOcean's, from the one binary, against a cloud that another process serves.

use std::fs;
use std::process::Stdio;

use super::cloud::Cloud;
use super::figure::{Figure, Unit};
use super::place::Place;
use crate::{Failure, process, repo};

const RUNS: usize = 21;
/// A plan is what people wait for; it may not be felt.
const PLAN_CPU_S: f64 = 0.050;
const PLAN_MIB: f64 = 60.0;

pub(super) fn measure(place: &Place) -> Result<Vec<Figure>, Failure> {
    let file = repo::root().join("tests").join("stacks").join("cluster.yaml");
    let text = fs::read_to_string(&file).map_err(|e| format!("cannot read {}: {e}", file.display()))?;
    let stack = place.stack("cluster", &text)?;
    let cloud = Cloud::serve(place, "doks-cloud")?;
    let maps = |command: &str| {
        let mut maps = place.maps([command]);
        // The binary's own plugin is what is measured.
        maps.arg(&stack).arg(cloud.flag()).env_remove("MAPS_PLUGINS");
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
