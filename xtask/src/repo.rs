//! Where things are in the repository and under its target folder.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Failure;

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// The target folder, by where this program was built; it may be set to any place.
pub(crate) fn target() -> PathBuf {
    let built = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.parent()?.to_owned()));
    built.unwrap_or_else(|| root().join("target"))
}

/// The `maps` binary of the dev profile.
pub(crate) fn maps() -> PathBuf {
    target().join("debug").join("maps")
}

/// The folder of the release profile.
pub(crate) fn release() -> PathBuf {
    target().join("release")
}

/// A crate with a `plugin.yaml`.
pub(crate) struct Guest {
    /// Its folder's name, which is the plugin's.
    pub(crate) name: String,
    /// Its folder.
    pub(crate) dir: PathBuf,
    /// Its crate, as cargo knows it.
    pub(crate) package: String,
    /// Must packaging refuse it? Then its core module is all there is.
    pub(crate) refused: bool,
}

/// The guests in a folder, in the order of their names.
pub(crate) fn guests(folder: &Path) -> Result<Vec<Guest>, Failure> {
    let entries = fs::read_dir(folder).map_err(|e| format!("cannot read {}: {e}", folder.display()))?;
    let mut dirs: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    dirs.retain(|dir| dir.join("plugin.yaml").is_file());
    dirs.sort();
    dirs.into_iter().map(guest).collect()
}

fn guest(dir: PathBuf) -> Result<Guest, Failure> {
    let path = dir.join("Cargo.toml");
    let manifest = fs::read_to_string(&path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    let name = dir.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let package = manifest.lines().find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
    let package = package.ok_or_else(|| format!("{} names no package", path.display()))?.to_owned();
    let refused = manifest.lines().any(|line| line == "refused = true");
    Ok(Guest { name, dir, package, refused })
}

/// Copies a stack's folder, without what a run left in it.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    let failed = |e: std::io::Error| format!("cannot copy {}: {e}", from.display());
    fs::create_dir_all(to).map_err(failed)?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (path, into) = (entry.path(), to.join(entry.file_name()));
        if entry.file_name() == ".maps" {
            continue;
        }
        match path.is_dir() {
            true => copy(&path, &into)?,
            false => fs::copy(&path, &into).map(drop).map_err(failed)?,
        }
    }
    Ok(())
}
