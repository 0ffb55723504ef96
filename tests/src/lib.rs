//! What tests of more than one crate share: the real binary, a local cloud in a process of its
//! own, a stack in a folder of its own, and the laws that every plugin is held to.

pub mod aws;
mod client;
mod cloud;
mod command;
pub mod conformance;
mod folder;
pub mod guide;
pub mod leak;
mod peer;
pub mod scenario;
mod stack;
mod unpackage;

pub use client::Client;
pub use cloud::CloudServer;
pub use command::{Finished, Maps};
pub use folder::serve_folder;
pub use peer::Peer;
pub use stack::{StackDir, copy_folder};
pub use unpackage::{without_section, without_sections};

use std::path::{Path, PathBuf};

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// The folder that the test's own executable was built into: `target/debug`.
///
/// # Panics
/// When the executable has no path, in which case no test could find anything.
pub fn built() -> PathBuf {
    let exe = std::env::current_exe().unwrap_or_default();
    exe.ancestors().nth(2).map(Path::to_path_buf).unwrap_or_default()
}

/// A packaged component, as `cargo xtask plugins` leaves it: `plugins/doks`, `guests/red`.
pub fn component(name: &str) -> PathBuf {
    built().parent().map(|target| target.join(format!("{name}.wasm"))).unwrap_or_default()
}

/// A program of `cargo xtask peers` that talks to clusters: `kubectl`, `helm`.
///
/// # Panics
/// When it is not installed.
pub fn program(name: &str) -> PathBuf {
    let target = built().parent().map(Path::to_path_buf).unwrap_or_default();
    let program = target.join("peers/kubectl").join(name).join(name);
    assert!(program.exists(), "{} is not there: `cargo xtask peers` installs it", program.display());
    program
}
