//! An author's crate: what cargo says of it, and the core module that cargo makes of it.

use std::ffi::OsString;
use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use maps_toolchain::{TARGET, Toolchain, Way};
use serde::Deserialize;

/// Why there is no module.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GuestError {
    /// No crate.
    #[error("there is no Cargo.toml in {}", .0.display())]
    NoCrate(PathBuf),
    /// No way to compile one.
    #[error("no compiler here makes modules for {TARGET}")]
    NoWay,
    /// Cargo itself cannot be started.
    #[error("{} cannot be started: {error}", program.display())]
    NoCargo {
        /// What was tried.
        program: OsString,
        /// Why it failed.
        error: std::io::Error,
    },
    /// Cargo does not take the crate; it said why on standard error.
    #[error("cargo cannot read {}", .0.display())]
    Refused(PathBuf),
    /// The crate makes a library for Rust alone, or a program.
    #[error("the crate {0} makes no module")]
    NoModule(String),
    /// The compiler said why on standard error.
    #[error("the crate {0} does not compile")]
    Failed(String),
}

impl GuestError {
    /// What to do about it.
    pub(crate) fn help(&self) -> Option<String> {
        Some(match self {
            Self::NoCrate(_) => "name the folder of the crate, or give what another toolchain made: \
                                 --module FILE or --component FILE"
                .to_owned(),
            Self::NoWay => format!(
                "get one of these:\n  {}\n  {}   (Debian and its kin)",
                Way::Toolchain.installation(),
                Way::Debian.installation()
            ),
            Self::NoCargo { .. } => "Rust comes with rustup: https://rustup.rs".to_owned(),
            Self::NoModule(_) => "say so in Cargo.toml:\n  [lib]\n  crate-type = [\"cdylib\", \"rlib\"]".to_owned(),
            Self::Refused(_) | Self::Failed(_) => return None,
        })
    }
}

/// A crate that makes a module.
#[derive(Debug)]
pub(crate) struct Guest {
    /// What cargo calls it.
    pub(crate) name: String,
    id: String,
    folder: PathBuf,
    target: PathBuf,
    way: Way,
    toolchain: Toolchain,
}

/// What `cargo metadata` tells that matters here.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    id: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    crate_types: Vec<String>,
}

/// What `cargo build --message-format json` tells that matters here.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    package_id: String,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

impl Guest {
    /// Looks at the crate in `folder`, and for a compiler.
    pub(crate) fn of(folder: &Path) -> Result<Self, GuestError> {
        let manifest = folder.join("Cargo.toml");
        let manifest = manifest.canonicalize().map_err(|_| GuestError::NoCrate(folder.to_owned()))?;
        let folder = manifest.parent().unwrap_or(folder).to_owned();
        let toolchain = Toolchain::of(|name| std::env::var_os(name));
        let way = Way::first(&toolchain, &folder).ok_or(GuestError::NoWay)?;
        let mut cargo = way.cargo(&toolchain);
        cargo.args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(&folder).stderr(Stdio::inherit());
        let output = cargo.output().map_err(cannot_start(&cargo))?;
        let refused = || GuestError::Refused(manifest.clone());
        let metadata = Some(output.stdout).filter(|_| output.status.success());
        let metadata: Metadata = serde_json::from_slice(&metadata.ok_or_else(refused)?).map_err(|_| refused())?;
        let package = metadata.packages.into_iter().find(|package| package.manifest_path == manifest);
        // A workspace without a crate of its own.
        let package = package.ok_or_else(|| GuestError::NoCrate(folder.clone()))?;
        if !package.targets.iter().flat_map(|target| &target.crate_types).any(|kind| kind == "cdylib") {
            return Err(GuestError::NoModule(package.name));
        }
        let target = metadata.target_directory.join(way.folder());
        Ok(Self { name: package.name, id: package.id, folder, target, way, toolchain })
    }

    /// Compiles it, with cargo's own words on standard error.
    pub(crate) fn compile(&self) -> Result<PathBuf, GuestError> {
        let mut cargo = self.way.build(&self.toolchain, &self.target);
        cargo.args(["--release", "--lib", "--message-format", "json-render-diagnostics"]);
        cargo.current_dir(&self.folder).stdout(Stdio::piped());
        let failed = || GuestError::Failed(self.name.clone());
        let mut child = cargo.spawn().map_err(cannot_start(&cargo))?;
        let mut module = None;
        for line in child.stdout.take().into_iter().flat_map(|out| std::io::BufReader::new(out).lines()) {
            let message = line.ok().and_then(|line| serde_json::from_str::<Message>(&line).ok());
            let Some(message) = message else { continue };
            if message.reason == "compiler-artifact" && message.package_id == self.id {
                let made = message.filenames.into_iter().find(|file| file.extension().is_some_and(|e| e == "wasm"));
                module = made.or(module);
            }
        }
        match child.wait() {
            Ok(status) if status.success() => module.ok_or_else(|| GuestError::NoModule(self.name.clone())),
            _ => Err(failed()),
        }
    }

    /// The command that shows who brings a dependency.
    pub(crate) fn who_needs(dependency: &str) -> String {
        format!("cargo tree --target {TARGET} --invert {dependency}")
    }
}

fn cannot_start(command: &Command) -> impl FnOnce(std::io::Error) -> GuestError {
    let program = command.get_program().to_owned();
    move |error| GuestError::NoCargo { program, error }
}
