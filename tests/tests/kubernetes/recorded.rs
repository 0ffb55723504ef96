//! The standing cluster against what a real API server answered, where that record is at hand: in the folder that
//! `MAPS_REFERENCE` names, else in `shared` beside the repository.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::world::{World, program};

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
    let output = Command::new("python3")
        .arg(kit.join("kubediff.py"))
        .arg("compare")
        .arg(kit.join("golden.json"))
        .env("KUBECONFIG", world.kubeconfig())
        .env("KUBECTL", program("kubectl"))
        .env("HELM", program("helm"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("python3 starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let different: Vec<&str> = said
        .lines()
        .filter_map(|line| line.strip_prefix("different"))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let unexpected: Vec<&&str> =
        different.iter().filter(|id| !BY_DESIGN.iter().any(|(known, _)| known == *id)).collect();
    assert!(unexpected.is_empty(), "{unexpected:?} differ:\n{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains(" equal, "), "{said}");
    for (known, reason) in BY_DESIGN {
        assert!(different.contains(known), "{known} is equal by now, which makes this wrong: {reason}");
    }
}
