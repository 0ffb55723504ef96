//! The standing cluster against what a real API server answered, where that record is at hand: in the folder that
//! `MAPS_REFERENCE` names, else in `shared` beside the repository.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use maps_tests::program;

use crate::world::World;

/// Interactions that differ by design, each with its reason.
const BY_DESIGN: &[(&str, &str)] =
    &[("ssa-27", "a cluster here has a cloud: its service controller adds the finalizer of load balancers at once")];

#[test]
#[allow(clippy::print_stdout)] // Whoever runs it is told that it did not run.
fn the_answers_are_those_of_a_real_server() {
    let shared = std::env::var_os("MAPS_REFERENCE")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let kit = shared.join("kube");
    if !kit.join("kubediff.py").is_file() {
        println!("not run: no record of a real server in {}", kit.display());
        return;
    }
    let world = World::new();
    let said = compare(&world, &kit, &[]);
    let mut different = differences(&said);
    let mut unexpected = unforeseen(&different);
    // The record waits in real time: 0.7 s for kubectl to start, for one. What a busy machine made late, another
    // run of its group finds equal; a difference stays one.
    if !unexpected.is_empty() {
        let groups: BTreeSet<&str> = unexpected.iter().filter_map(|id| Some(id.rsplit_once('-')?.0)).collect();
        let again = compare(&world, &kit, &groups.into_iter().collect::<Vec<_>>());
        let still = differences(&again);
        unexpected.retain(|id| still.contains(id));
        assert!(unexpected.is_empty(), "{unexpected:?} differ, twice:\n{said}\n{again}");
        different.extend(still);
    }
    for (known, reason) in BY_DESIGN {
        assert!(different.contains(*known), "{known} is equal by now, which makes this wrong: {reason}");
    }
}

/// What the program that compares printed of these groups, or of all.
fn compare(world: &World, kit: &Path, groups: &[&str]) -> String {
    let output = Command::new("python3")
        .arg(kit.join("kubediff.py"))
        .arg("compare")
        .arg(kit.join("golden.json"))
        .args(groups.iter().flat_map(|group| ["--only", group]))
        .env("KUBECONFIG", world.kubeconfig())
        .env("KUBECTL", program("kubectl"))
        .env("HELM", program("helm"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("python3 starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains(" equal, "), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// The interactions that it found different.
fn differences(said: &str) -> BTreeSet<String> {
    let lines = said.lines().filter_map(|line| line.strip_prefix("different"));
    lines.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

/// Those of them that are not so by design.
fn unforeseen(different: &BTreeSet<String>) -> Vec<String> {
    different.iter().filter(|id| !BY_DESIGN.iter().any(|(known, _)| known == id)).cloned().collect()
}
