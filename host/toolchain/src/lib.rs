//! The ways to compile a plugin's crate for the sandbox, and how to tell which of them works here.
//!
//! There are two: the active toolchain, if it has the target's standard library, and Debian's
//! compiler for the web, which builds the standard library from source. Nothing is installed here.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What plugins are built for: no WASI, so that nothing but our interfaces can be imported.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// The packages of Debian's way.
pub const DEBIAN_PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld"];

/// The programs of the active toolchain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toolchain {
    /// `cargo`, or where it is.
    pub cargo: OsString,
    /// `rustc`, or where it is.
    pub rustc: OsString,
}

impl Toolchain {
    /// By the variables `CARGO` and `RUSTC` where they are set, else as the `PATH` has them.
    pub fn of(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let program = |name: &str, plain: &str| variable(name).unwrap_or_else(|| plain.into());
        Self { cargo: program("CARGO", "cargo"), rustc: program("RUSTC", "rustc") }
    }
}

/// What cargo tells a crate that it runs about that crate.
const CRATE_VARIABLES: [&str; 9] = [
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_LINKS",
    "CARGO_MANIFEST_PATH",
    "CARGO_PKG_NAME",
    "CARGO_PKG_VERSION",
    "CARGO_PKG_VERSION_MAJOR",
    "CARGO_PKG_VERSION_MINOR",
    "CARGO_PKG_VERSION_PATCH",
    "CARGO_PKG_VERSION_PRE",
];

/// A way to compile plugins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The toolchain that builds everything else has the target's standard library.
    Toolchain,
    /// Debian's compiler for the web beside it, which builds the standard library from source.
    Debian,
}

impl Way {
    /// In the order in which they are tried.
    pub const ALL: [Self; 2] = [Self::Toolchain, Self::Debian];

    /// In one word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Toolchain => "rustup",
            Self::Debian => "debian",
        }
    }

    /// What it is, for people.
    pub fn told(self) -> &'static str {
        match self {
            Self::Toolchain => "the active toolchain's wasm32-unknown-unknown",
            Self::Debian => "Debian's rustc-web, with the standard library built from source",
        }
    }

    /// The command that makes it work.
    pub fn installation(self) -> String {
        match self {
            Self::Toolchain => format!("rustup target add {TARGET}"),
            Self::Debian => format!("apt-get install {}", DEBIAN_PACKAGES.join(" ")),
        }
    }

    /// The first that works for crates in `folder`, where a file may choose the toolchain.
    pub fn first(toolchain: &Toolchain, folder: &Path) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.works(toolchain, folder))
    }

    /// Is everything there that it takes?
    pub fn works(self, toolchain: &Toolchain, folder: &Path) -> bool {
        match self {
            Self::Toolchain => {
                let mut rustc = Command::new(&toolchain.rustc);
                rustc.args(["--print", "target-libdir", "--target", TARGET]).current_dir(folder);
                printed(rustc).is_some_and(|libdir| has_std(&libdir))
            }
            Self::Debian => {
                let programs = ["/usr/bin/rustc", "/usr/bin/cargo", "/usr/bin/wasm-ld"];
                programs.iter().all(|path| Path::new(path).exists()) && debian_has_sources()
            }
        }
    }

    /// Its cargo, with the environment that it needs; the caller names the task and the folder.
    pub fn cargo(self, toolchain: &Toolchain) -> Command {
        let mut command = Command::new(match self {
            Self::Toolchain => toolchain.cargo.clone(),
            Self::Debian => "/usr/bin/cargo".into(),
        });
        // What cargo sets for the crate that it runs is not meant for others: build scripts that
        // look at it (ring's does) would be run again, and all that depends on them compiled again,
        // by every change between a cargo that was run so and one that was not.
        for name in CRATE_VARIABLES {
            command.env_remove(name);
        }
        if self == Self::Debian {
            command
                .env("RUSTC", "/usr/bin/rustc")
                .env("RUSTDOC", "/usr/bin/rustdoc")
                // Debian's compiler is a stable one; building std is what it is packaged for.
                .env("RUSTC_BOOTSTRAP", "1")
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "/usr/bin/wasm-ld")
                .env("PATH", "/usr/bin:/bin");
            // What rustup and the cargo around us say of their own toolchain.
            for name in ["CARGO", "RUSTUP_TOOLCHAIN", "RUSTC_WRAPPER", "LD_LIBRARY_PATH"] {
                command.env_remove(name);
            }
        }
        command
    }

    /// Its `cargo build` for the target, into a target folder that should be of its own: the two
    /// ways are two compilers, and neither may make the other build everything again.
    pub fn build(self, toolchain: &Toolchain, target: &Path) -> Command {
        let mut command = self.cargo(toolchain);
        command.arg("build");
        if self == Self::Debian {
            command.arg("-Zbuild-std=std,panic_abort");
        }
        command.args(["--target", TARGET, "--target-dir"]).arg(target);
        command
    }

    /// A name for the folder that this way builds in.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Toolchain => "guest-build",
            Self::Debian => "guest-build-debian",
        }
    }
}

/// What a program prints, if it succeeds.
fn printed(mut command: Command) -> Option<PathBuf> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

fn has_std(libdir: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(libdir) else { return false };
    entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
}

fn debian_has_sources() -> bool {
    let mut rustc = Command::new("/usr/bin/rustc");
    rustc.args(["--print", "sysroot"]).env_remove("RUSTUP_TOOLCHAIN");
    printed(rustc).is_some_and(|root| root.join("lib/rustlib/src/rust/library/std/Cargo.toml").exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_come_from_the_environment_or_the_path() {
        let set = Toolchain::of(|name| (name == "CARGO").then(|| "/opt/cargo".into()));
        assert_eq!(set, Toolchain { cargo: "/opt/cargo".into(), rustc: "rustc".into() });
    }

    #[test]
    fn a_compiler_that_is_not_there_is_no_way() {
        let none = Toolchain { cargo: "no-such-cargo".into(), rustc: "no-such-rustc".into() };
        assert!(!Way::Toolchain.works(&none, Path::new(".")));
    }

    #[test]
    fn the_second_way_builds_the_standard_library_too() {
        let toolchain = Toolchain::of(|_| None);
        let line = |way: Way| {
            let command = way.build(&toolchain, Path::new("t"));
            command.get_args().map(|argument| argument.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(line(Way::Toolchain), "build --target wasm32-unknown-unknown --target-dir t");
        assert_eq!(
            line(Way::Debian),
            "build -Zbuild-std=std,panic_abort --target wasm32-unknown-unknown --target-dir t"
        );
    }
}
