//! `cargo xtask plugins`: every plugin as a component, and every guest of the red team.

use std::fs;
use std::hash::{DefaultHasher, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use maps_toolchain::{TARGET, Way};

use crate::process::{self, cargo, toolchain};
use crate::repo::{self, Guest};
use crate::{Failure, component, setup};

/// How `maps` is built: alone, but with the features that the whole workspace gives its dependencies, since another
/// selection of packages would compile them again.
pub(crate) const BUILD: [&str; 4] = ["build", "--workspace", "--bin", "maps"];

/// What may be imported; all else is refused, WASI first of all.
const OURS: &str = "maps:platform/";

/// Runs the task.
pub(crate) fn run() -> Result<(), Failure> {
    let way = setup::way()?;
    process::run(&mut cargo(BUILD))?;
    SHIPPED.build(way)?;
    RED_TEAM.build(way)
}

/// Builds `maps` and the plugins alone, without what only tests need.
pub(crate) fn shipped() -> Result<(), Failure> {
    let way = setup::way()?;
    process::run(&mut cargo(BUILD))?;
    SHIPPED.build(way)
}

/// First-party plugins.
pub(crate) const SHIPPED: Folder =
    Folder { from: "plugins", workspace: "", profile: "guest", built: "plugins", to: "plugins" };
/// The plugin that the bench measures with.
pub(crate) const BENCH: Folder =
    Folder { from: "bench", workspace: "", profile: "guest", built: "plugins", to: "bench" };
const RED_TEAM: Folder =
    Folder { from: "tests/guests", workspace: "tests/guests", profile: "release", built: "guests", to: "guests" };

/// A folder of guests, all built at once.
pub(crate) struct Folder {
    /// Where they are.
    from: &'static str,
    /// The workspace that they belong to.
    workspace: &'static str,
    /// The profile in which they are built.
    profile: &'static str,
    /// The folder in which they are built; what shares it shares the compiled standard library.
    built: &'static str,
    /// Where their components go, below the target folder.
    to: &'static str,
}

impl Folder {
    /// Builds them, and makes components of what was built.
    pub(crate) fn build(&self, way: Way) -> Result<(), Failure> {
        let guests = repo::guests(&repo::root().join(self.from))?;
        let built = repo::target().join(way.folder()).join(self.built);
        let mut command = way.build(&toolchain(), &built);
        command.args(["--profile", self.profile, "--lib"]).current_dir(repo::root().join(self.workspace));
        for guest in &guests {
            command.args(["--package", &guest.package]);
        }
        process::run(&mut command)?;
        let modules = built.join(TARGET).join(self.profile);
        let out = repo::target().join(self.to);
        fs::create_dir_all(&out).map_err(|e| format!("cannot create {}: {e}", out.display()))?;
        guests.iter().try_for_each(|guest| package(guest, &modules, &out))
    }
}

/// Makes a component of a guest's module, unless the one that is there was made of the same.
fn package(guest: &Guest, modules: &Path, out: &Path) -> Result<(), Failure> {
    let module = modules.join(guest.package.replace('-', "_")).with_extension("wasm");
    if guest.refused {
        let to = out.join(format!("{}.module.wasm", guest.name));
        fs::copy(&module, &to).map_err(|e| format!("cannot copy {}: {e}", module.display()))?;
        eprintln!("{}: core module only, since packaging must refuse it", guest.name);
        return Ok(());
    }
    let made = out.join(format!("{}.wasm", guest.name));
    let (stamp, now) = (out.join(format!("{}.stamp", guest.name)), stamp(guest, &module)?);
    if made.exists() && fs::read_to_string(&stamp).is_ok_and(|before| before == now) {
        eprintln!("{}: unchanged", guest.name);
        return Ok(());
    }
    let mut build = Command::new(repo::maps());
    build
        .args(["plugin", "build"])
        .arg(&guest.dir)
        .arg("--module")
        .arg(&module)
        .arg("--out")
        .arg(&made)
        .stdout(std::io::stderr());
    process::run(&mut build)?;
    check_imports(guest, &made)?;
    fs::write(&stamp, now).map_err(|e| format!("cannot write {}: {e}", stamp.display()))
}

/// Looked at a second time, by code that shares nothing with the packager's.
fn check_imports(guest: &Guest, made: &Path) -> Result<(), Failure> {
    let bytes = read(made)?;
    let imports = component::imports(&bytes).ok_or_else(|| format!("{} is no component", made.display()))?;
    match imports.iter().find(|name| !name.starts_with(OURS)) {
        Some(foreign) => {
            // What is not there cannot be run by mistake.
            let _ = fs::remove_file(made);
            Err(format!("{} imports {foreign}, and a plugin imports nothing but {OURS}…", guest.name))
        }
        None => {
            eprintln!("{}: imports {}", guest.name, imports.join(", "));
            Ok(())
        }
    }
}

/// Changes whenever the component may: the module, the manifest, and the packager.
fn stamp(guest: &Guest, module: &PathBuf) -> Result<String, Failure> {
    let mut hasher = DefaultHasher::new();
    let rehearsal = Some(guest.dir.join("rehearsal.yaml")).filter(|path| path.exists());
    for path in [module, &guest.dir.join("plugin.yaml")].into_iter().chain(&rehearsal) {
        let bytes = read(path)?;
        hasher.write_usize(bytes.len());
        hasher.write(&bytes);
    }
    let packager = fs::metadata(repo::maps()).and_then(|meta| Ok((meta.len(), meta.modified()?)));
    let packager = packager.map_err(|e| format!("cannot read {}: {e}", repo::maps().display()))?;
    Ok(format!("{:016x} {packager:?}", hasher.finish()))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|e| format!("cannot read {}: {e}", path.display()))
}
