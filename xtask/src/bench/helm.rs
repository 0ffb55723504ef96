//! `maps helm template` beside the real Helm, on the same charts in one run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::figure::{Figure, Unit, median};
use super::place::{Place, Usage};
use crate::{Failure, process, repo};

/// How often each is measured, one after the other, so that a busy moment meets both.
const RUNS: usize = 5;
/// Maps is faster on every chart, and takes less memory.
const EVERY: f64 = 1.0;
/// In the middle it takes at most a third of the time.
const MEDIAN: f64 = 1.0 / 3.0;

/// What both are asked alike.
const FLAGS: [&str; 4] = ["-n", "demo", "--kube-version", "1.34.0"];

/// A chart, with the arguments that the real Helm renders it with.
struct Chart {
    name: String,
    arguments: Vec<String>,
}

pub(super) fn measure(place: &Place) -> Result<Vec<Figure>, Failure> {
    let helm = repo::target().join("peers/kubectl/helm/helm");
    if !helm.is_file() {
        return Err(format!("{} is not there: run `cargo xtask peers`", helm.display()));
    }
    let real = |arguments: &[String]| place.peer(&helm, arguments);
    let mut figures = Vec::new();
    let (mut cpu, mut wall) = (Vec::new(), Vec::new());
    for chart in charts(|arguments| process::output(&mut real(arguments)).is_ok())? {
        let ours = || {
            let mut maps = place.maps(["helm"]);
            maps.args(&chart.arguments).env_remove("MAPS_PLUGINS");
            maps
        };
        // Compiles the plugin, which is done once for all runs to come.
        process::run(ours().stdout(Stdio::null()))?;
        let mut costs = Vec::new();
        for _ in 0..RUNS {
            costs.push((place.usage(&ours(), 1)?, place.usage(&real(&chart.arguments), 1)?));
        }
        let middle = |of: fn(&Usage) -> f64| {
            let of_ours = median(costs.iter().map(|(ours, _)| of(ours)).collect());
            (of_ours, of_ours / median(costs.iter().map(|(_, real)| of(real)).collect()))
        };
        let ((cpu_of_ours, cpu_ratio), (_, wall_ratio), (peak, memory)) =
            (middle(|usage| usage.cpu), middle(|usage| usage.wall), middle(|usage| usage.peak));
        let name = chart.name;
        figures.extend([
            Figure::new(format!("{name}: CPU"), cpu_of_ours, Unit::Seconds),
            Figure::new(format!("{name}: CPU, of Helm's"), cpu_ratio, Unit::Times).within(EVERY),
            Figure::new(format!("{name}: wall, of Helm's"), wall_ratio, Unit::Times).within(EVERY),
            Figure::new(format!("{name}: peak memory"), peak, Unit::Mebibytes),
            Figure::new(format!("{name}: peak memory, of Helm's"), memory, Unit::Times).within(EVERY),
        ]);
        cpu.push(cpu_ratio);
        wall.push(wall_ratio);
    }
    figures.push(Figure::new("the median chart: CPU, of Helm's", median(cpu), Unit::Times).within(MEDIAN));
    figures.push(Figure::new("the median chart: wall, of Helm's", median(wall), Unit::Times).within(MEDIAN));
    Ok(figures)
}

/// The charts that lie beside the repository, or its own; those that the real Helm renders as they are, or else with
/// the first of the values that lie beside them.
fn charts(renders: impl Fn(&[String]) -> bool) -> Result<Vec<Chart>, Failure> {
    let beside = repo::root().join("../shared/helm");
    let home = if beside.join("charts").is_dir() { beside } else { repo::root().join("tests/helm") };
    let home = home.canonicalize().map_err(|e| format!("cannot find {}: {e}", home.display()))?;
    let values = entries(&home.join("cases"));
    let mut found = Vec::new();
    for path in entries(&home.join("charts")) {
        let name = name(&path);
        let call = |values: Option<&PathBuf>| {
            let path = path.display().to_string();
            let values = values.into_iter().flat_map(|values| ["-f".to_owned(), values.display().to_string()]);
            let call = ["template", "rel", &path].into_iter().chain(FLAGS).map(str::to_owned);
            call.chain(values).collect::<Vec<String>>()
        };
        let fitting = |values: &&PathBuf| {
            let values = values.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            values.ends_with(".values.yaml") && values.split("__").next() == Some(&*name)
        };
        let calls = [None].into_iter().chain(values.iter().filter(fitting).map(Some)).map(call);
        if let Some(arguments) = calls.into_iter().find(|arguments| renders(arguments)) {
            found.push(Chart { name, arguments });
        }
    }
    if found.is_empty() { Err(format!("{} has no chart that Helm renders", home.display())) } else { Ok(found) }
}

/// A chart's name: its file's, up to the version.
fn name(path: &Path) -> String {
    let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_version = |part: &str| part.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit());
    file.split('-').take_while(|part| !is_version(part)).collect::<Vec<_>>().join("-")
}

/// What is in a folder, by name; nothing where there is none.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).map(|entries| entries.flatten().map(|entry| entry.path()).collect());
    let mut entries: Vec<PathBuf> = entries.unwrap_or_default();
    entries.sort();
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_is_named_without_its_version() {
        assert_eq!(name(Path::new("charts/external-dns-1.21.1.tgz")), "external-dns");
        assert_eq!(name(Path::new("charts/cert-manager-v1.20.0.tgz")), "cert-manager");
        assert_eq!(name(Path::new("charts/hooks")), "hooks");
    }
}
