//! Puts the components that a release carries into the binary: every `*.wasm` of the folder that
//! `MAPS_BUNDLE` names. Without it the binary carries none, as in development.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use sha2::{Digest as _, Sha256};

const FOLDER_VARIABLE: &str = "MAPS_BUNDLE";

fn main() -> Result<(), String> {
    println!("cargo::rerun-if-env-changed={FOLDER_VARIABLE}");
    println!("cargo::rerun-if-changed=build.rs");
    let mut table = "&[\n".to_owned();
    if let Some(folder) = env::var_os(FOLDER_VARIABLE).filter(|folder| !folder.is_empty()) {
        let folder = PathBuf::from(folder);
        println!("cargo::rerun-if-changed={}", folder.display());
        for component in components(&folder)? {
            println!("cargo::rerun-if-changed={}", component.display());
            let name = component.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            // Its identity, so that no start has to hash it again.
            let bytes =
                fs::read(&component).map_err(|error| format!("cannot read {}: {error}", component.display()))?;
            let digest = Sha256::digest(&bytes).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
            // Writing to a string cannot fail.
            let _ = writeln!(
                table,
                "    Bundled {{ name: {name:?}, bytes: include_bytes!({component:?}), digest: {digest:?} }},"
            );
        }
    }
    table.push_str("]\n");
    let out = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    fs::write(Path::new(&out).join("bundle.rs"), table).map_err(|error| error.to_string())
}

/// The components in a folder, by name. A folder without any is a mistake of whoever named it.
fn components(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let cannot = |error: std::io::Error| format!("{FOLDER_VARIABLE}: cannot read {}: {error}", folder.display());
    let folder = folder.canonicalize().map_err(cannot)?;
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        if path.extension().is_some_and(|ending| ending == "wasm") {
            found.push(path);
        }
    }
    found.sort();
    if found.is_empty() {
        return Err(format!("{FOLDER_VARIABLE}: there is no component in {}", folder.display()));
    }
    Ok(found)
}
