//! `cargo xtask setup`: finds a way to build plugins, says which, and remembers it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::process::{cargo, output, run_within};
use crate::{Failure, repo};

/// What plugins are built for: no WASI, so that nothing but our interfaces can be imported.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// A target's standard library is some 20 MB: a minute tells a slow network from none.
const RUSTUP_LIMIT: Duration = Duration::from_secs(60);
/// The packages are some 200 MB.
const APT_LIMIT: Duration = Duration::from_secs(600);

const DEBIAN_PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld"];

/// A way to build plugins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// The toolchain that builds everything else has the target's standard library.
    Toolchain,
    /// Debian's compiler for the web beside it, which builds the standard library from source.
    Debian,
}

impl Way {
    const ALL: [Self; 2] = [Self::Toolchain, Self::Debian];

    fn name(self) -> &'static str {
        match self {
            Self::Toolchain => "rustup",
            Self::Debian => "debian",
        }
    }

    fn told(self) -> &'static str {
        match self {
            Self::Toolchain => "the active toolchain's wasm32-unknown-unknown",
            Self::Debian => "Debian's rustc-web, with the standard library built from source",
        }
    }

    fn works(self) -> bool {
        match self {
            Self::Toolchain => toolchain_has_target(),
            Self::Debian => {
                let programs = ["/usr/bin/rustc", "/usr/bin/cargo", "/usr/bin/wasm-ld"];
                programs.iter().all(|path| Path::new(path).exists()) && debian_has_sources()
            }
        }
    }

    /// A cargo that builds for the target in `workspace`, below a target folder of its own: the
    /// two ways are two compilers, and neither may make the other build everything again.
    pub(crate) fn build(self, workspace: &Path, target: &Path) -> Command {
        match self {
            Self::Toolchain => {
                let mut command = cargo(["build", "--target", TARGET, "--target-dir"]);
                command.arg(target).current_dir(workspace);
                command
            }
            Self::Debian => {
                let mut command = Command::new("/usr/bin/cargo");
                command
                    .args(["build", "-Zbuild-std=std,panic_abort", "--target", TARGET, "--target-dir"])
                    .arg(target)
                    .current_dir(workspace)
                    .env("RUSTC", "/usr/bin/rustc")
                    .env("RUSTDOC", "/usr/bin/rustdoc")
                    // Debian's compiler is a stable one; building std is what it is packaged for.
                    .env("RUSTC_BOOTSTRAP", "1")
                    .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "/usr/bin/wasm-ld")
                    .env("PATH", "/usr/bin:/bin");
                // What rustup and the cargo around us say of their own toolchain.
                for name in ["CARGO", "RUSTUP_TOOLCHAIN", "RUSTC_WRAPPER", "CARGO_MANIFEST_DIR", "LD_LIBRARY_PATH"] {
                    command.env_remove(name);
                }
                command
            }
        }
    }

    /// The name of the folder that this way builds in.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Toolchain => "guest-build",
            Self::Debian => "guest-build-debian",
        }
    }
}

/// Runs the task.
pub(crate) fn run(with: Option<&str>) -> Result<(), Failure> {
    match with {
        None => way().map(|_| ()),
        Some(name) => {
            let way = Way::ALL.into_iter().find(|way| way.name() == name);
            let way = way.ok_or_else(|| format!("there is no way `{name}`: it is rustup or debian"))?;
            if !way.works() {
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
    if let Some(way) = remembered.filter(|way| way.works()) {
        println!("plugins are built with {}", way.told());
        return Ok(way);
    }
    let mut failures = Vec::new();
    if let Some(way) = Way::ALL.into_iter().find(|way| way.works()) {
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
         `rustup target add {TARGET}`, or on Debian `apt-get install {}`, makes one",
        failures.join("\n"),
        DEBIAN_PACKAGES.join(" ")
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
    if way.works() { Ok(()) } else { Err("it was installed and is still not there".to_owned()) }
}

fn toolchain_has_target() -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    has_std(output(Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET])))
}

fn has_std(libdir: Result<String, Failure>) -> bool {
    let Some(entries) = libdir.ok().and_then(|dir| fs::read_dir(dir).ok()) else { return false };
    entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
}

fn debian_has_sources() -> bool {
    let sysroot = output(Command::new("/usr/bin/rustc").args(["--print", "sysroot"]).env_remove("RUSTUP_TOOLCHAIN"));
    sysroot.is_ok_and(|root| Path::new(&root).join("lib/rustlib/src/rust/library/std/Cargo.toml").exists())
}
