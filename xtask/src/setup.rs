//! `cargo xtask setup`: finds a way to build plugins, says which, and remembers it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use maps_toolchain::{DEBIAN_PACKAGES, TARGET, Way};

use crate::process::{run_within, toolchain};
use crate::{Failure, repo};

/// A target's standard library is some 20 MB: a minute tells a slow network from none.
const RUSTUP_LIMIT: Duration = Duration::from_secs(60);
/// The packages are some 200 MB.
const APT_LIMIT: Duration = Duration::from_secs(600);

/// Runs the task.
pub(crate) fn run(with: Option<&str>) -> Result<(), Failure> {
    match with {
        None => way().map(|_| ()),
        Some(name) => {
            let way = Way::ALL.into_iter().find(|way| way.name() == name);
            let way = way.ok_or_else(|| format!("there is no way `{name}`: it is rustup or debian"))?;
            if !works(way) {
                get(way)?;
            }
            choose(way)
        }
    }
}

/// The way that works here: the remembered one, the first that is there, or the first that can be got.
pub(crate) fn way() -> Result<Way, Failure> {
    let remembered = fs::read_to_string(memory()).ok();
    let remembered = remembered.and_then(|text| Way::ALL.into_iter().find(|way| way.name() == text.trim()));
    if let Some(way) = remembered.filter(|way| works(*way)) {
        println!("plugins are built with {}", way.told());
        return Ok(way);
    }
    let mut failures = Vec::new();
    if let Some(way) = Way::ALL.into_iter().find(|way| works(*way)) {
        return choose(way).map(|()| way);
    }
    for way in Way::ALL {
        match get(way) {
            Ok(()) => return choose(way).map(|()| way),
            Err(failure) => failures.push(format!("- {}: {failure}", way.told())),
        }
    }
    Err(format!(
        "there is no way to build plugins here:\n{}\n\
         `{}`, or on Debian `{}`, makes one",
        failures.join("\n"),
        Way::Toolchain.installation(),
        Way::Debian.installation()
    ))
}

fn choose(way: Way) -> Result<(), Failure> {
    let memory = memory();
    fs::create_dir_all(repo::target())
        .and_then(|()| fs::write(&memory, way.name()))
        .map_err(|e| format!("cannot write {}: {e}", memory.display()))?;
    println!("plugins are built with {}", way.told());
    Ok(())
}

fn memory() -> PathBuf {
    repo::target().join("guest-way")
}

fn get(way: Way) -> Result<(), Failure> {
    match way {
        Way::Toolchain => run_within(Command::new("rustup").args(["target", "add", TARGET]), RUSTUP_LIMIT)?,
        Way::Debian => {
            let apt = |arguments: &[&str]| {
                let mut command = Command::new("apt-get");
                command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
                run_within(&mut command, APT_LIMIT)
            };
            apt(&["update", "-qq"])?;
            apt(&[&["install", "-y", "-qq", "--no-install-recommends"], &DEBIAN_PACKAGES[..]].concat())?;
        }
    }
    if works(way) { Ok(()) } else { Err("it was installed and is still not there".to_owned()) }
}

/// Does it work for the crates of the repository?
fn works(way: Way) -> bool {
    way.works(&toolchain(), repo::root())
}
