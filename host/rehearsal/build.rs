//! Puts the charts of `charts/` into the crate: a table of every file there, by chart and path.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), String> {
    println!("cargo::rerun-if-changed=build.rs");
    // A folder stands for all that is below it.
    println!("cargo::rerun-if-changed=charts");
    let home = env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo sets CARGO_MANIFEST_DIR")?;
    let charts = Path::new(&home).join("charts");
    let mut table = "&[\n".to_owned();
    for chart in sorted(&charts)? {
        let mut files = Vec::new();
        collect(&chart, &mut files)?;
        let chart_name = name(&chart)?;
        // Writing to a string cannot fail.
        let _ = writeln!(table, "    Chart {{ name: {chart_name:?}, files: &[");
        for file in files {
            let path = file.strip_prefix(&chart).map_err(|error| error.to_string())?;
            let path = path.to_str().ok_or_else(|| format!("{} is no text", file.display()))?;
            let _ = writeln!(table, "        File {{ path: {path:?}, text: include_str!({file:?}) }},");
        }
        table.push_str("    ] },\n");
    }
    table.push_str("]\n");
    let out = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    fs::write(Path::new(&out).join("charts.rs"), table).map_err(|error| error.to_string())
}

/// What is in a folder, by name, so that the same files give the same table on every machine.
fn sorted(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let cannot = |error: std::io::Error| format!("cannot read {}: {error}", folder.display());
    let entries = fs::read_dir(folder).map_err(cannot)?.map(|entry| entry.map(|entry| entry.path()));
    let mut entries = entries.collect::<Result<Vec<_>, _>>().map_err(cannot)?;
    entries.sort();
    Ok(entries)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    for entry in sorted(folder)? {
        if entry.is_dir() {
            collect(&entry, files)?;
        } else {
            files.push(entry);
        }
    }
    Ok(())
}

fn name(path: &Path) -> Result<&str, String> {
    path.file_name().and_then(|name| name.to_str()).ok_or_else(|| format!("{} has no name", path.display()))
}
